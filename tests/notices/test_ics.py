"""The calendar file: read back as a calendar program reads it."""

from datetime import datetime, timedelta
from typing import Any

from icalendar import Calendar
from sqlalchemy import select

from qtxvol.base import CITY_TIME
from qtxvol.extensions import db
from qtxvol.notices.ics import calendar_for
from qtxvol.notices.models import Notice
from qtxvol.orders.claim import offer_order
from qtxvol.orders.crew import change_crew
from qtxvol.orders.decline import cancel_order, merge_order
from qtxvol.orders.models import Order
from qtxvol.orders.serve import accept_order, reschedule_order, withdraw_order
from tests.factories import NOW, City, accepted, claimed, placed, window


def notice_of(order_id: int, kind: str, party: str, scope: str | None = None) -> Notice:
    wanted = select(Notice).where(Notice.order_id == order_id, Notice.kind == kind, Notice.party == party)
    if scope is not None:
        wanted = wanted.where(Notice.scope == scope)
    return db.session.scalars(wanted.order_by(Notice.id.desc()).limit(1)).one()


def read(raw: bytes | None) -> tuple[str, Any]:
    """Method and event."""
    assert raw is not None
    assert b"\r\n" in raw
    assert all(len(line) <= 75 for line in raw.split(b"\r\n"))
    calendar = Calendar.from_ical(raw)
    (event,) = calendar.walk("VEVENT")
    for needed in ("uid", "dtstamp", "dtstart", "dtend", "sequence", "organizer", "summary"):
        assert needed in event
    return str(calendar["method"]), event


def test_it_says_what_when_and_where_and_nothing_of_who_asked(city: City) -> None:
    order = accepted(city)
    raw = calendar_for(notice_of(order.order_id, "remind_day", "volunteer"))
    method, event = read(raw)
    assert method == "PUBLISH"
    assert event["dtstart"].dt == window(3).starts_at
    assert event["dtend"].dt == window(3).ends_at
    assert event["dtstart"].dt.utcoffset() == timedelta(hours=8)
    assert "合理膳食" in str(event["summary"])
    assert "社区活动室" in str(event["location"])
    assert str(event["status"]) == "CONFIRMED"
    text = (raw or b"").decode()
    assert "1234" not in text.replace(order.number, "")
    assert "王测试" not in text
    assert b"VTIMEZONE" in (raw or b"")
    (alarm,) = Calendar.from_ical(raw or b"").walk("VALARM")
    assert alarm["trigger"].dt == timedelta(hours=-2)


def test_a_move_is_the_same_event_with_a_higher_sequence(city: City) -> None:
    order = accepted(city)
    _, first = read(calendar_for(notice_of(order.order_id, "accept", "resident")))
    reschedule_order(order.number, city.team, agreed=window(4), now=NOW + timedelta(hours=1))
    method, second = read(calendar_for(notice_of(order.order_id, "reschedule", "resident")))
    assert method == "PUBLISH"
    assert second["uid"] == first["uid"]
    assert int(second["sequence"]) > int(first["sequence"])
    assert second["dtstart"].dt == window(4).starts_at


def test_a_service_that_falls_through_is_struck_out(city: City) -> None:
    order = accepted(city)
    _, first = read(calendar_for(notice_of(order.order_id, "accept", "resident")))
    reschedule_order(order.number, city.team, agreed=window(4), now=NOW)
    withdraw_order(order.number, city.team, reason="illness", now=NOW)
    method, gone = read(calendar_for(notice_of(order.order_id, "withdraw", "resident")))
    assert (method, str(gone["status"])) == ("CANCEL", "CANCELLED")
    assert gone["uid"] == first["uid"]
    assert int(gone["sequence"]) > int(first["sequence"])
    assert gone["dtstart"].dt == window(4).starts_at, "the time that had been agreed last"
    assert calendar_for(notice_of(order.order_id, "accept", "resident")) is None, "read late, it puts nothing back"
    accept_order(order.number, city.team, agreed=window(6), volunteer_ids=city.crew[:1], now=NOW + timedelta(hours=1))
    _, again = read(calendar_for(notice_of(order.order_id, "accept", "resident")))
    assert again["uid"] == first["uid"]
    assert int(again["sequence"]) > int(gone["sequence"])


def test_whoever_need_not_come_strikes_it_out_alone(city: City) -> None:
    order = accepted(city)
    change_crew(order.number, city.team, volunteer_ids=city.crew[1:2], now=NOW)
    method, _event = read(calendar_for(notice_of(order.order_id, "crew", "volunteer", str(city.crew[0]))))
    assert method == "CANCEL"
    method, _event = read(calendar_for(notice_of(order.order_id, "crew", "volunteer", str(city.crew[1]))))
    assert method == "PUBLISH"


def test_a_team_that_was_asked_too_gets_no_file_of_the_others_service(city: City) -> None:
    order = claimed(city)
    offer_order(order.number, city.department, team_ids=[city.other_team.team_id or 0], now=NOW)
    accept_order(order.number, city.team, agreed=window(3), volunteer_ids=city.crew[:1], now=NOW)
    assert calendar_for(notice_of(order.order_id, "accept", "team", str(city.other_team.team_id))) is None
    assert calendar_for(notice_of(order.order_id, "remind_day", "team", str(city.team.team_id))) is not None


def test_whoever_was_merged_gets_the_service_that_they_joined(city: City) -> None:
    order, other = accepted(city), placed(city)
    merge_order(other.number, city.community, into_number=order.number, now=NOW)
    _, event = read(calendar_for(notice_of(other.order_id, "remind_day", "resident")))
    assert order.number in str(event["uid"])


def test_what_never_had_a_time_has_no_file(city: City) -> None:
    order = claimed(city)
    assert calendar_for(notice_of(order.order_id, "claim", "resident")) is None
    cancel_order(order.number, city.community, reason="no_longer_needed", now=NOW)
    assert calendar_for(notice_of(order.order_id, "cancel", "department")) is None


def test_a_wish_in_ones_own_words_with_line_breaks_stays_one_event(city: City) -> None:
    venue = "村委会二楼，\n左手；边\\间 " + "很长的地址" * 20
    order = accepted(city, venue=venue)
    _, event = read(calendar_for(notice_of(order.order_id, "accept", "resident")))
    where = db.session.get_one(Order, order.order_id).venue
    assert str(event["location"]).endswith(where)
    assert event["dtstart"].dt.astimezone(CITY_TIME) == datetime.astimezone(window(3).starts_at, CITY_TIME)
