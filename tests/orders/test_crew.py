"""Naming other people for an accepted service."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from qtxvol.extensions import db
from qtxvol.hours.models import Attendance
from qtxvol.notices.models import Notice
from qtxvol.orders.crew import change_crew
from qtxvol.orders.models import Crew, OrderEvent
from qtxvol.refusals import Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Volunteer
from tests.factories import NOW, City, accepted, make_volunteer, window


def crew_of(order_id: int) -> list[int]:
    return sorted(db.session.scalars(select(Crew.volunteer_id).where(Crew.order_id == order_id)))


def told_of_change(order_id: int) -> set[str]:
    wanted = select(Notice.scope).where(Notice.order_id == order_id, Notice.kind == "crew", Notice.party == "volunteer")
    return set(db.session.scalars(wanted))


def test_who_comes_and_who_need_not_are_told_and_nobody_else(city: City) -> None:
    order = accepted(city)
    gone, new, kept = city.crew
    change_crew(order.number, city.team, volunteer_ids=[gone, kept], now=NOW)
    assert told_of_change(order.order_id) == {str(kept)}
    change_crew(order.number, city.team, volunteer_ids=[new, kept], now=NOW)
    assert crew_of(order.order_id) == [new, kept]
    assert told_of_change(order.order_id) == {str(kept), str(gone), str(new)}
    event = db.session.scalars(
        select(OrderEvent).where(OrderEvent.order_id == order.order_id).order_by(OrderEvent.sequence.desc()).limit(1)
    ).one()
    assert event.action == "crew"
    assert event.payload["volunteers_before"] == [gone, kept]
    assert event.payload["volunteer_ids"] == [new, kept]
    assert event.from_status == event.to_status == "accepted"


def test_a_double_tap_is_one_change(city: City) -> None:
    order = accepted(city)
    first = change_crew(order.number, city.team, volunteer_ids=city.crew[1:2], now=NOW, key="tap")
    second = change_crew(order.number, city.team, volunteer_ids=city.crew[1:2], now=NOW, key="tap")
    assert not first.is_repeat
    assert second.is_repeat
    assert second.version == first.version


def refused(city: City, number: str, people: list[int], **more: object) -> Refused:
    with pytest.raises(Refused) as caught:
        change_crew(number, more.pop("actor", city.team), volunteer_ids=people, now=NOW, **more)  # type: ignore[arg-type]
    return caught.value


def test_what_is_checked_when_accepting_is_checked_here_too(city: City) -> None:
    order = accepted(city)
    unskilled = make_volunteer(city.team.team_id, skills=["reading"], licensed_skills=[])
    unverified = make_volunteer(city.team.team_id, status="applied", verified_at=None)
    assert refused(city, order.number, [city.other_crew[0]]).code == "not_in_team"
    assert refused(city, order.number, [unverified]).code == "not_in_team"
    assert refused(city, order.number, [unskilled]).code == "skill_missing"
    assert refused(city, order.number, []).code == "missing"
    assert refused(city, order.number, list(city.crew[:1])).code == "crew_unchanged"
    elsewhere = refused(city, order.number, [city.other_crew[0]], actor=city.other_team)
    assert elsewhere.code == "moved_on"
    assert crew_of(order.order_id) == [city.crew[0]]


def test_nobody_is_in_two_places(city: City) -> None:
    order = accepted(city)
    busy = accepted(replace(city, crew=city.crew[1:]), agreed=window(3))
    assert busy.number != order.number
    found = refused(city, order.number, [city.crew[1]])
    assert found.code == "person_busy"
    assert db.session.get_one(Volunteer, city.crew[1]).name in str(found.about["names"])


def test_after_the_start_nobody_is_swapped_any_more(city: City) -> None:
    order = accepted(city)
    with pytest.raises(Refused) as caught:
        change_crew(
            order.number, city.team, volunteer_ids=city.crew[1:2], now=window(3).starts_at + timedelta(minutes=1)
        )
    assert caught.value.code == "has_started"


def test_whoever_has_checked_in_is_there(city: City) -> None:
    order = accepted(city)
    early = window(3).starts_at - timedelta(minutes=20)
    with transaction():
        db.session.add(Attendance(order_id=order.order_id, volunteer_id=city.crew[0], in_at=early, in_how="code"))
    with pytest.raises(Refused) as caught:
        change_crew(order.number, city.team, volunteer_ids=city.crew[1:2], now=early + timedelta(minutes=5))
    assert caught.value.code == "person_is_there"
    both = change_crew(order.number, city.team, volunteer_ids=city.crew[:2], now=early + timedelta(minutes=5))
    assert both.status == "accepted"
