"""Who is reminded of what and when: written with the step that agrees a time, taken back with the one that changes it,
and once for each time however often a service moves."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from qtxvol.extensions import db
from qtxvol.notices.models import Notice
from qtxvol.notices.queries import is_shown
from qtxvol.orders.crew import change_crew
from qtxvol.orders.decline import cancel_order, give_up_order, merge_order
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import Reply
from qtxvol.orders.rate import Verdict, rate_order
from qtxvol.orders.serve import (
    accept_order,
    close_order,
    reopen_order,
    report_no_show,
    reschedule_order,
    withdraw_order,
)
from qtxvol.orders.transition import Outcome
from qtxvol.orders.undo import split_order
from qtxvol.orders.windows import Window
from qtxvol.refusals import Refused
from tests.factories import NOW, City, accepted, claimed, link_of, placed, window

REMINDERS = ("remind_day", "remind_hours")
ASKED = (*REMINDERS, "confirm_time", "took_place", "how_was_it")


def rows_of(*orders: int, kinds: tuple[str, ...] = ASKED) -> list[Notice]:
    """What stands and is not taken back, by when it is due."""
    wanted = select(Notice).where(Notice.order_id.in_(orders), Notice.kind.in_(kinds), Notice.withdrawn_at.is_(None))
    return list(db.session.scalars(wanted.order_by(Notice.due_at, Notice.id).execution_options(populate_existing=True)))


def told(*orders: int, kinds: tuple[str, ...] = ASKED) -> Counter[tuple[str, str, datetime]]:
    return Counter((row.kind, row.party, row.due_at) for row in rows_of(*orders, kinds=kinds))


def test_everybody_is_reminded_twice_and_the_resident_is_asked(city: City) -> None:
    order = claimed(city)
    agreed = window(3)
    accept_order(order.number, city.team, agreed=agreed, volunteer_ids=city.crew[:2], now=NOW)
    day, hours = agreed.starts_at - timedelta(hours=24), agreed.starts_at - timedelta(hours=2)
    assert told(order.order_id) == {
        **{("remind_day", party, day): count for party, count in (("resident", 1), ("team", 1), ("volunteer", 2))},
        **{("remind_hours", party, hours): count for party, count in (("resident", 1), ("team", 1), ("volunteer", 2))},
        ("confirm_time", "resident", NOW): 1,
        ("took_place", "resident", agreed.ends_at + timedelta(hours=2)): 1,
    }
    for row in rows_of(order.order_id, kinds=REMINDERS):
        assert datetime.fromisoformat(row.about["start"]) == agreed.starts_at
        assert datetime.fromisoformat(row.about["end"]) == agreed.ends_at


@pytest.mark.parametrize(
    ("ahead", "kinds"),
    [
        (timedelta(hours=23), {"remind_hours", "confirm_time", "took_place"}),
        (timedelta(minutes=90), {"confirm_time", "took_place"}),
    ],
)
def test_what_is_accepted_late_gets_what_still_makes_sense(city: City, ahead: timedelta, kinds: set[str]) -> None:
    order = accepted(city, agreed=Window(NOW + ahead, NOW + ahead + timedelta(hours=1)))
    assert {row.kind for row in rows_of(order.order_id)} == kinds


def test_an_emergency_is_marked_and_kept_by_no_night(city: City) -> None:
    start = NOW.replace(day=27, hour=22)  # six in the morning
    order = accepted(city, agreed=Window(start, start + timedelta(hours=1)), urgency="emergency")
    found = rows_of(order.order_id, kinds=REMINDERS)
    assert {row.due_at for row in found} == {start - timedelta(hours=24), start - timedelta(hours=2)}
    assert all(row.is_emergency for row in found)


def test_whoever_was_merged_is_reminded_too_and_hears_no_more_once_split_off(city: City) -> None:
    order, other = accepted(city), placed(city)
    merge_order(other.number, city.community, into_number=order.number, now=NOW)
    assert Counter(row.kind for row in rows_of(other.order_id)) == Counter(
        ["remind_day", "remind_hours", "confirm_time", "took_place"]
    )
    assert len(rows_of(order.order_id, kinds=REMINDERS)) == 6, "the others are reminded once, as before"
    split_order(other.number, city.community, now=NOW)
    assert not rows_of(other.order_id)
    assert len(rows_of(order.order_id, kinds=REMINDERS)) == 6


def test_merged_before_the_accepting_they_are_in_it_from_the_start(city: City) -> None:
    order, other = claimed(city), placed(city)
    merge_order(other.number, city.community, into_number=order.number, now=NOW)
    accept_order(order.number, city.team, agreed=window(3), volunteer_ids=city.crew[:1], now=NOW)
    assert {row.kind for row in rows_of(other.order_id)} == {"remind_day", "remind_hours", "confirm_time", "took_place"}
    cancelled = give_up_order(order.number, city.office, text="停电", now=NOW)
    assert not rows_of(cancelled.order_id, other.order_id)


def test_to_and_fro_and_to_and_fro_each_time_is_reminded_of_once(city: City) -> None:
    first, second = window(3), window(4)
    order = accepted(city, agreed=first)
    before = told(order.order_id)
    for hour in range(1, 4):
        for agreed in (second, first):
            reschedule_order(order.number, city.team, agreed=agreed, now=NOW + timedelta(hours=hour))
            starts = {row.about["start"] for row in rows_of(order.order_id, kinds=(*REMINDERS, "confirm_time"))}
            assert {datetime.fromisoformat(each) for each in starts} == {agreed.starts_at}
    after = told(order.order_id)
    assert after == before, "back at the first time, everything is as it was, and nothing twice"
    everything = db.session.scalars(
        select(Notice.key).where(Notice.order_id == order.order_id, Notice.key.is_not(None))
    )
    keys = [key for key in everything if key.startswith(ASKED)]
    assert len(keys) == len(set(keys)) == 16, "two times, four questions and reminders for three readers"


def test_what_was_sent_before_the_move_is_not_sent_again_when_it_moves_back(city: City) -> None:
    first, second = window(3), window(5)
    order = accepted(city, agreed=first)
    later = first.starts_at - timedelta(hours=23)  # the day's reminder has gone out
    reschedule_order(order.number, city.team, agreed=second, now=later)
    reschedule_order(order.number, city.team, agreed=first, now=later + timedelta(minutes=5))
    days = [row for row in rows_of(order.order_id, kinds=("remind_day",)) if row.party == Party.TEAM]
    assert [row.due_at for row in days] == [first.starts_at - timedelta(hours=24)]


def test_a_withdrawn_reminder_is_shown_to_nobody(city: City) -> None:
    order = accepted(city)
    withdraw_order(order.number, city.team, reason="illness", now=NOW)
    shown = db.session.scalars(
        select(Notice.kind).where(Notice.order_id == order.order_id, is_shown(NOW + timedelta(days=30)))
    ).all()
    assert not set(shown) & {*REMINDERS, "confirm_time", "took_place"}
    assert "withdraw" in shown


def test_every_way_out_of_an_accepted_order_takes_everything_back(city: City) -> None:
    def cancelled(order: Outcome) -> None:
        cancel_order(order.number, city.community, reason="no_longer_needed", now=NOW)

    def given_up(order: Outcome) -> None:
        give_up_order(order.number, city.office, text="停电", now=NOW)

    for way in (cancelled, given_up):
        order = accepted(city, agreed=window(3), actor=None)
        way(order)
        assert not rows_of(order.order_id), way.__name__
    missed = accepted(city, agreed=window(6))
    report_no_show(missed.number, link_of(missed), text="等了一小时", now=window(6).starts_at + timedelta(hours=1))
    assert {row.kind for row in rows_of(missed.order_id)} <= {*REMINDERS}, "only what was told before the start stands"


def test_after_the_closing_the_resident_is_asked_once_per_closing(city: City) -> None:
    agreed = window(3)
    order, done = accepted(city, agreed=agreed), agreed.ends_at + timedelta(hours=1)

    def close(now: datetime) -> None:
        close_order(
            order.number, city.team, actual=agreed, attendance=20, report="讲了", minutes={city.crew[0]: 60}, now=now
        )

    close(done)
    (asked,) = rows_of(order.order_id, kinds=("how_was_it", "took_place"))
    assert (asked.kind, asked.party, asked.due_at) == ("how_was_it", "resident", done + timedelta(minutes=30))
    reopen_order(order.number, city.community, text="没讲完", now=done + timedelta(minutes=5))
    assert not rows_of(order.order_id, kinds=("how_was_it",))


def test_whoever_has_rated_already_is_not_asked_any_more(city: City) -> None:
    agreed = window(3)
    order, other = accepted(city, agreed=agreed), placed(city)
    merge_order(other.number, city.community, into_number=order.number, now=NOW)
    done = agreed.ends_at + timedelta(hours=1)
    close_order(
        order.number, city.team, actual=agreed, attendance=20, report="讲了", minutes={city.crew[0]: 60}, now=done
    )
    rate_order(other.number, link_of(other), verdict=Verdict(5, True), now=done + timedelta(minutes=1))
    assert not rows_of(other.order_id, kinds=("how_was_it",))
    assert rows_of(order.order_id, kinds=("how_was_it",)), "the other asker still is"


def test_other_people_are_reminded_and_those_who_need_not_come_are_not(city: City) -> None:
    order = accepted(city)
    kept, new = city.crew[0], city.crew[1]
    change_crew(order.number, city.team, volunteer_ids=[new], now=NOW)
    people = {row.scope for row in rows_of(order.order_id, kinds=REMINDERS) if row.party == Party.VOLUNTEER}
    assert people == {str(new)}
    change_crew(order.number, city.team, volunteer_ids=[kept], now=NOW)
    found = [row for row in rows_of(order.order_id, kinds=REMINDERS) if row.party == Party.VOLUNTEER]
    assert Counter(row.scope for row in found) == {str(kept): 2}, "named again: reminded as at first, not twice"


def test_whoever_is_asked_stands_written_with_the_time_of_asking(city: City) -> None:
    order = accepted(city)
    asked = db.session.scalars(select(Reply).where(Reply.order_id == order.order_id)).all()
    assert {(each.purpose, each.party) for each in asked} == {
        ("come", "team"),
        ("come", "volunteer"),
        ("confirm_time", "resident"),
    }
    assert all(each.asked_at == NOW and each.answer is None for each in asked)
    moved = window(4)
    reschedule_order(order.number, city.team, agreed=moved, now=NOW + timedelta(hours=1))
    again = db.session.scalars(select(Reply).where(Reply.order_id == order.order_id, Reply.asked_at > NOW)).all()
    assert len(again) == 3
    assert {each.agreed_start for each in again} == {moved.starts_at}


def test_a_step_that_fails_reminds_nobody(city: City) -> None:
    order = accepted(city)
    before = told(order.order_id)
    with pytest.raises(Refused, match="wrong_party"):
        reschedule_order(order.number, city.community, agreed=window(4), now=NOW)
    assert told(order.order_id) == before
