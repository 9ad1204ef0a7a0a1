"""Clocks of orders: begun with the step, stopped by a question, ended for good; and what is kept of them for ever."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy import event as sa_event

from qtxvol.directory.edit import add_fact, edit_fact
from qtxvol.directory.models import OfficeHours, WorkdayOverride
from qtxvol.extensions import db
from qtxvol.notices.models import Notice
from qtxvol.orders.ask import answer_question, ask_resident
from qtxvol.orders.claim import claim_order, offer_order, release_order, return_order
from qtxvol.orders.clocks import (
    RUNNING,
    Stand,
    end_clock,
    expire_ratings,
    hasten_clocks,
    is_overdue,
    is_soon,
    list_clocks,
    list_running,
    stand_of,
    was_late,
    was_missed,
)
from qtxvol.orders.decline import cancel_order, merge_order, reject_order
from qtxvol.orders.dispatch import dispatch_order
from qtxvol.orders.lifecycle import OPEN, STEPS
from qtxvol.orders.models import Order, OrderClock, OrderEvent
from qtxvol.orders.queries import Filters, list_orders
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
from qtxvol.orders.undo import recall_order, unclaim_order
from qtxvol.storage import transaction
from tests.factories import DEPARTMENT, NOW, City, accepted, claimed, closed, dispatched, link_of, placed, window
from tests.orders.answers import findings, nothing_written, order_of, refused

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FINE = Verdict(stars=5, did_take_place=True)


def clocks_of(order: Outcome) -> list[tuple[str, str, str]]:
    """Step, party and how it ended, in the order in which they began."""
    db.session.rollback()
    return [(clock.step, clock.party, clock.ending) for clock in list_clocks(order.order_id)]


def running(order: Outcome) -> dict[str, OrderClock]:
    db.session.rollback()
    return {clock.step: clock for clock in list_running(order.order_id)}


def stands(order: Outcome, now: datetime) -> dict[str, Stand]:
    db.session.rollback()
    return {clock.step: stand_of(clock, now) for clock in list_clocks(order.order_id)}


def at(text: str) -> datetime:
    """A moment of the city's clock."""
    return datetime.fromisoformat(f"{text}+08:00")


# What runs


def test_every_open_status_has_a_main_clock_and_every_step_is_some_statuss():
    assert {step for steps in RUNNING.values() for step in steps} == set(STEPS)
    assert set(RUNNING) > set(OPEN)


def test_each_step_ends_its_clock_and_begins_the_next(city: City):
    order = closed(city)
    assert clocks_of(order) == [
        ("dispatch", "community", "done"),
        ("claim", "department", "done"),
        ("accept", "team", "done"),
        ("close", "team", "done"),
        ("serve", "team", "done"),
        ("first_call", "team", "void"),  # the order moved on, and nobody had logged a call
        ("rate", "resident", ""),
    ]
    rate_order(order.number, link_of(order), verdict=FINE, now=NOW + 4 * DAY)
    assert clocks_of(order)[-1] == ("rate", "resident", "done")
    assert findings() == []


def test_a_clock_knows_who_owes_and_by_which_limit(city: City):
    order = dispatched(city)
    clock = running(order)["claim"]
    assert (clock.party, clock.scope, clock.amount, clock.unit) == ("department", DEPARTMENT, 1, "working_days")
    assert clock.due_at == order_of(order.number).due_at == NOW + DAY
    claim_order(order.number, city.department, now=NOW)
    offer_order(order.number, city.department, team_ids=[city.team.team_id], is_handed=True, now=NOW)
    assert running(order)["accept"].scope == str(city.team.team_id)
    offer_order(order.number, city.department, team_ids=[city.other_team.team_id], now=NOW)
    assert running(order)["accept"].scope == ""


def test_an_accepted_order_owes_a_call_the_service_and_the_write_up(city: City):
    order = accepted(city)  # for Friday 10:00
    clocks = running(order)
    assert clocks.keys() == {"first_call", "serve", "close"}
    assert clocks["first_call"].due_at == NOW + DAY
    assert clocks["serve"].due_at == at("2026-11-28 00:00")
    assert clocks["close"].due_at == window(3).ends_at + 3 * DAY  # a working day later is Monday


def test_the_first_call_is_due_before_the_service_begins(city: City):
    order = accepted(city, agreed=window(0.25))
    assert running(order)["first_call"].due_at == window(0.25).starts_at


@pytest.mark.parametrize("status", ["rejected", "cancelled", "merged", "returned"])
def test_what_an_answer_ends_is_done_and_what_nobody_owes_any_more_is_void(city: City, status: str):
    order = placed(city) if status != "returned" else dispatched(city)
    match status:
        case "rejected":
            reject_order(order.number, city.community, reason="commercial", text="不办推销。", now=NOW)
        case "cancelled":
            cancel_order(order.number, city.community, reason="weather", now=NOW)
        case "merged":
            merge_order(order.number, city.community, into_number=placed(city).number, now=NOW)
        case "returned":
            return_order(order.number, city.department, reason="no_capacity", now=NOW)
    ending = {clock.step: clock.ending for clock in list_clocks(order.order_id) if clock.ending}
    assert ending[("claim" if status == "returned" else "dispatch")] == ("void" if status == "cancelled" else "done")


def test_a_team_that_withdraws_leaves_its_clocks_void(city: City):
    order = accepted(city)
    withdraw_order(order.number, city.team, reason="work", now=NOW + HOUR)
    assert clocks_of(order)[3:] == [
        ("close", "team", "void"),
        ("serve", "team", "void"),
        ("first_call", "team", "void"),
        ("accept", "team", ""),
    ]
    again = claimed(city)
    release_order(again.number, city.department, reason="claimed_by_mistake", now=NOW)
    assert clocks_of(again)[-2:] == [("accept", "team", "void"), ("dispatch", "community", "")]


# Three facts, kept apart for ever


def test_due_soon_overdue_and_overdue_but_done_later_are_three_facts(city: City):
    order = dispatched(city)
    clock_id = running(order)["claim"].id

    def holds(condition: object) -> bool:
        db.session.rollback()
        return db.session.scalar(select(OrderClock.id).where(OrderClock.id == clock_id, condition)) is not None  # type: ignore[arg-type]

    soon, late = NOW + 23 * HOUR, NOW + 25 * HOUR
    assert not holds(is_soon(NOW))
    assert holds(is_soon(soon))
    assert not holds(is_overdue(soon))
    assert (holds(is_soon(late)), holds(is_overdue(late))) == (False, True)
    assert stands(order, NOW)["claim"] is Stand.RUNNING
    assert stands(order, soon)["claim"] is Stand.SOON
    assert stands(order, late)["claim"] is Stand.OVERDUE

    claim_order(order.number, city.department, now=late)
    for moment in (late, NOW + 400 * DAY):
        assert not holds(is_overdue(moment))
        assert holds(was_late())
        assert not holds(was_missed())
        assert stands(order, moment)["claim"] is Stand.DONE_LATE


def test_what_was_overdue_and_never_done_is_no_late_success(city: City):
    order = dispatched(city)
    cancel_order(order.number, city.community, reason="weather", now=NOW + 3 * DAY)
    assert stands(order, NOW + 3 * DAY)["claim"] is Stand.MISSED
    assert stands(order, NOW + 3 * DAY)["dispatch"] is Stand.DONE


def test_a_service_written_up_late_was_held_in_time(city: City):
    order = accepted(city)
    agreed = window(3)
    close_order(
        order.number,
        city.team,
        actual=agreed,
        attendance=20,
        report="讲完了。",
        minutes={city.crew[0]: 90},
        now=NOW + 9 * DAY,
    )
    assert stands(order, NOW + 9 * DAY)["serve"] is Stand.DONE
    assert stands(order, NOW + 9 * DAY)["close"] is Stand.DONE_LATE


def test_lists_are_narrowed_by_each_orders_own_clock(city: City):
    order = dispatched(city)
    urgent = dispatched(city, urgency="urgent")  # due at 16:00, soon from 15:00 on

    def listed(due: str, now: datetime) -> set[str]:
        rows = list_orders(city.department, Filters(tab="waiting", due=due), now).rows
        return {row.number for row in rows} & {order.number, urgent.number}

    assert listed("soon", NOW + 5.5 * HOUR) == {urgent.number}
    assert listed("late", NOW + 7 * HOUR) == {urgent.number}
    assert listed("soon", NOW + 23.5 * HOUR) == {order.number}
    assert listed("late", NOW + 30 * HOUR) == {order.number, urgent.number}


def test_a_team_sees_that_the_first_call_is_owed(city: City):
    order = accepted(city)

    def owes() -> bool:
        db.session.rollback()
        rows = list_orders(city.team, Filters(tab="accepted"), NOW).rows
        return next(row.owes_call for row in rows if row.number == order.number)

    assert owes()
    with transaction():
        assert end_clock(order.order_id, "first_call", NOW + HOUR)
    assert not owes()
    assert findings() == []


# Pauses


def test_a_question_open_over_national_day_gives_back_working_time(own_city: City):
    start = at("2026-09-30 15:00")
    order = claimed(own_city, start)  # two working days: 1 to 7 October are off
    assert order_of(order.number).due_at == at("2026-10-09 15:00")
    ask_resident(order.number, own_city.department, text="几楼？", now=at("2026-09-30 16:30"))
    assert {clock.stopped_at for clock in running(order).values()} == {at("2026-09-30 16:30")}
    answer_question(order.number, own_city.community, text="三楼。", now=at("2026-10-08 09:30"))
    clock = running(order)["accept"]
    # an hour of 30 September and one of 8 October
    assert clock.due_at == order_of(order.number).due_at == at("2026-10-09 17:00")
    assert clock.stopped_at is None
    assert findings() == []


def test_an_overdue_clock_that_stands_still_stays_overdue_and_grows_no_later(city: City):
    order = dispatched(city)
    late = NOW + 30 * HOUR
    ask_resident(order.number, city.department, text="几楼？", now=late)
    assert stands(order, late + 9 * DAY)["claim"] is Stand.OVERDUE
    claim_order(order.number, city.department, now=late + 9 * DAY)
    clock = list_clocks(order.order_id)[1]
    assert (clock.step, stand_of(clock, NOW), clock.stopped_at - clock.due_at) == ("claim", Stand.DONE_LATE, 6 * HOUR)


def test_a_question_before_the_service_moves_neither_the_day_nor_the_write_up(city: City):
    order = accepted(city)
    before = {step: clock.due_at for step, clock in running(order).items()}
    ask_resident(order.number, city.team, text="几楼？", now=NOW)
    answer_question(order.number, city.community, text="三楼。", now=NOW + 5 * HOUR)
    after = {step: clock.due_at for step, clock in running(order).items()}
    assert after == {**before, "first_call": before["first_call"] + 5 * HOUR}
    assert order_of(order.number).due_at == after["close"]


def test_a_service_that_moves_takes_its_clocks_along(city: City):
    order = accepted(city)
    reschedule_order(order.number, city.team, agreed=window(6), now=NOW + HOUR)
    clocks = running(order)
    assert clocks["serve"].due_at == at("2026-12-01 00:00")
    assert clocks["close"].due_at == order_of(order.number).due_at == window(6).ends_at + DAY
    assert findings() == []


# Undo


def test_an_undone_step_lets_its_clock_go_on_and_is_late_as_before(city: City):
    order = placed(city)
    clock_id = running(order)["dispatch"].id
    dispatch_order(order.number, city.community, department_id=DEPARTMENT, now=NOW + HOUR)
    recall_order(order.number, city.community, now=NOW + 3 * DAY)
    clock = running(order)["dispatch"]
    assert (clock.id, clock.due_at, clock.ended_event_id) == (clock_id, NOW + DAY, None)
    assert stands(order, NOW + 3 * DAY) == {"dispatch": Stand.OVERDUE, "claim": Stand.MISSED}
    dispatch_order(order.number, city.community, department_id=DEPARTMENT, now=NOW + 3 * DAY)
    claim_order(order.number, city.department, now=NOW + 3 * DAY)
    unclaim_order(order.number, city.department, now=NOW + 3 * DAY)
    assert running(order).keys() == {"claim"}
    assert findings() == []


# Limits


def test_a_changed_limit_leaves_running_clocks_alone(own_city: City):
    running_before = placed(own_city)
    edit_fact("time_limit", "dispatch.normal.all", {"amount": 3, "unit": "hours"}, NOW)
    assert order_of(running_before.number).due_at == NOW + DAY
    assert order_of(placed(own_city).number).due_at == NOW + 3 * HOUR
    # a theme of its own
    values = {"step": "claim", "urgency": "normal", "category": "health", "amount": 5, "unit": "working_days"}
    add_fact("time_limit", values, NOW)
    assert order_of(dispatched(own_city).number).due_at == NOW + 7 * DAY
    # a service that moves keeps the limit with which it was accepted
    order = accepted(own_city)
    edit_fact("time_limit", "close.normal.all", {"amount": 1, "unit": "hours"}, NOW)
    reschedule_order(order.number, own_city.team, agreed=window(6), now=NOW + HOUR)
    assert order_of(order.number).due_at == window(6).ends_at + DAY


def test_an_emergency_runs_round_the_clock(city: City):
    night = at("2026-11-28 23:00")  # Saturday
    order = placed(city, night, urgency="emergency")
    assert order_of(order.number).due_at == night + 2 * HOUR
    dispatch_order(order.number, city.community, department_id=DEPARTMENT, now=night)
    assert order_of(order.number).due_at == night + 2 * HOUR
    claim_order(order.number, city.department, now=night)
    assert order_of(order.number).due_at == night + 4 * HOUR


def test_a_calendar_without_a_working_day_is_a_refusal(own_city: City):
    with transaction():  # the pages let nobody do so: only a Monday is left, and every Monday is off
        db.session.execute(update(OfficeHours).where(OfficeHours.weekday != "mon").values(is_active=False))
        db.session.execute(delete(WorkdayOverride))
        mondays = [NOW.date() + timedelta(days=6 + 7 * week) for week in range(70)]
        db.session.add_all(WorkdayOverride(day=day, is_work=False, name="停工") for day in mondays)
    with nothing_written(), refused("no_working_day", 409):
        placed(own_city)


# Ratings


def test_a_rating_that_nobody_gives_ends_void_and_is_told_once(own_city: City):
    order, other = closed(own_city), closed(own_city, agreed=window(4))
    rate_order(other.number, link_of(other), verdict=FINE, now=NOW + 5 * DAY)
    due = running(order)["rate"].due_at
    assert expire_ratings(due - HOUR) == 0
    assert expire_ratings(due + HOUR) == 1
    assert expire_ratings(due + HOUR) == 0
    assert clocks_of(order)[-1] == ("rate", "resident", "void")
    told = db.session.execute(select(Notice.order_id, Notice.party).where(Notice.kind == "not_rated")).all()
    assert told == [(order.order_id, "community")]
    rate_order(order.number, link_of(order), verdict=FINE, now=due + DAY)  # still welcome
    assert findings() == []


def test_whoever_was_merged_has_a_rating_of_their_own_to_give(city: City):
    host = placed(city)
    asker = placed(city)
    merge_order(asker.number, city.community, into_number=host.number, now=NOW)
    dispatch_order(host.number, city.community, department_id=DEPARTMENT, now=NOW)
    claim_order(host.number, city.department, now=NOW)
    accept_order(host.number, city.team, agreed=window(3), volunteer_ids=city.crew[:1], now=NOW)
    close_order(
        host.number,
        city.team,
        actual=window(3),
        attendance=9,
        report="好。",
        minutes={city.crew[0]: 60},
        now=NOW + 4 * DAY,
    )
    assert running(asker).keys() == running(host).keys() == {"rate"}
    rate_order(asker.number, link_of(asker), verdict=FINE, now=NOW + 4 * DAY)
    assert (running(asker).keys(), running(host).keys()) == (set(), {"rate"})
    reopen_order(host.number, city.office, text="重办", now=NOW + 5 * DAY)
    assert running(host).keys() == {"accept"}
    assert findings() == []


def test_a_no_show_leaves_the_service_undone(city: City):
    order = accepted(city)
    report_no_show(order.number, city.community, text="没来。", now=NOW + 3 * DAY + HOUR)
    assert clocks_of(order)[3:6] == [
        ("close", "team", "void"),
        ("serve", "team", "void"),
        ("first_call", "team", "void"),
    ]


# The record, and its price


def test_a_missing_a_surplus_and_a_false_clock_are_found(own_city: City):
    gone, twin, false = placed(own_city), placed(own_city), placed(own_city)
    with transaction():
        db.session.execute(update(OrderClock).where(OrderClock.order_id == gone.order_id).values(step="claim"))
        clock = db.session.scalars(select(OrderClock).where(OrderClock.order_id == twin.order_id)).one()
        copied = {c.key: getattr(clock, c.key) for c in OrderClock.__table__.columns if c.key != "id"}
        db.session.add(OrderClock(**copied))
        db.session.execute(update(OrderClock).where(OrderClock.order_id == false.order_id).values(due_at=NOW, scope=""))
    faults = {(each.number, each.fault.split(",")[0].split(":")[0]) for each in findings()}
    assert (gone.number, "stands at placed") in faults
    assert (twin.number, "two clocks run for one step") in faults
    assert (false.number, "nobody owes dispatch") in faults
    assert any(number == false.number and fault.startswith("is due") for number, fault in faults)


def test_clocks_add_no_more_than_three_statements_to_a_step(own_city: City):
    order, seen = placed(own_city), []

    def note(_c: object, _cur: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    sa_event.listen(db.engine, "before_cursor_execute", note)
    try:
        dispatch_order(order.number, own_city.community, department_id=DEPARTMENT, now=NOW)
    finally:
        sa_event.remove(db.engine, "before_cursor_execute", note)
    of_clocks = [each for each in seen if "order_clocks" in each or "office_hours" in each]
    assert len(of_clocks) == 3, of_clocks
    with refused("wrong_status", 409):
        dispatch_order(order.number, own_city.community, department_id="education", now=NOW)


# Raised in between


def test_an_undo_takes_up_the_clock_that_its_step_ended_and_none_that_a_raising_ended(own_city: City):
    order = dispatched(own_city)
    with transaction():
        row = db.session.get_one(Order, order.order_id)
        last = db.session.scalars(
            select(OrderEvent).where(OrderEvent.order_id == row.id, OrderEvent.sequence == row.version)
        ).one()
        row.urgency = "emergency"
        row.due_at = hasten_clocks(row, last, NOW)
    assert clocks_of(order) == [
        ("dispatch", "community", "done"),
        ("claim", "department", "void"),
        ("claim", "department", ""),
    ]
    recall_order(order.number, own_city.community, now=NOW)
    assert list(running(order)) == ["dispatch"]
    assert findings() == []
