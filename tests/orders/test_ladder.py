"""The ladder: each step once, whoever climbs; what the system does by itself; and how a person takes it back."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import delete, event, false, func, insert, literal, select, update

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account
from qtxvol.directory.models import Department
from qtxvol.extensions import db
from qtxvol.hours.models import Attendance, HoursEntry, NoShow
from qtxvol.matching.settings import MatchSettings
from qtxvol.notices.models import Notice
from qtxvol.orders import alarms, ladder
from qtxvol.orders.ask import answer_question, ask_resident
from qtxvol.orders.automatic import lapse_order, reinstate_order, reroute_order, turn_back_order
from qtxvol.orders.claim import claim_order, offer_order, return_order
from qtxvol.orders.clocks import end_clock
from qtxvol.orders.dispatch import dispatch_order, rule_order
from qtxvol.orders.ladder import climb
from qtxvol.orders.ladder_rules import get_switches, list_changes, set_switch
from qtxvol.orders.lifecycle import Action, Party
from qtxvol.orders.models import ClockAlarm, Crew, LadderRule, Order, OrderClock
from qtxvol.orders.serve import accept_order, close_order
from qtxvol.orders.transition import Outcome
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team, Volunteer
from tests.databases import running_app, settings_for
from tests.emergencies.plans import opened
from tests.factories import (
    COMMUNITY,
    DEPARTMENT,
    NOW,
    TOWN,
    City,
    accepted,
    claimed,
    closed,
    dispatched,
    make_actor,
    make_city,
    placed,
    window,
)
from tests.orders.answers import events_of, findings, nothing_written, order_of, refused

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def city(city: City) -> Iterator[City]:
    """The shared city, where a climb finds nothing of earlier tests: everything is told, nobody else can sign in."""
    last = db.session.scalar(select(func.max(Account.id)))
    with transaction():
        for kind in ("soon", "overdue", "twice", "moved"):
            told = select(ClockAlarm.clock_id).where(ClockAlarm.kind == kind)
            rest = select(OrderClock.id, literal(kind), literal(NOW), false()).where(OrderClock.id.not_in(told))
            columns = ["clock_id", "kind", "rung_at", "is_passed_over"]
            db.session.execute(insert(ClockAlarm).from_select(columns, rest))
        db.session.execute(delete(LadderRule))
    yield city
    with transaction():
        db.session.execute(update(Account).where(Account.id > last).values(is_active=False))


def clock_of(order: Outcome, step: str) -> OrderClock:
    """The newest clock of the step."""
    db.session.rollback()
    statement = select(OrderClock).where(OrderClock.order_id == order.order_id, OrderClock.step == step)
    return db.session.scalars(statement.order_by(OrderClock.id.desc()).limit(1)).one()


def alarms_of(order: Outcome) -> list[tuple[str, str, bool]]:
    """Step, kind and whether it was passed over, in the order in which the clocks began."""
    db.session.rollback()
    rows = db.session.execute(
        select(OrderClock.step, ClockAlarm.kind, ClockAlarm.is_passed_over)
        .join(ClockAlarm, ClockAlarm.clock_id == OrderClock.id)
        .where(OrderClock.order_id == order.order_id)
        .order_by(OrderClock.id, ClockAlarm.rung_at, ClockAlarm.kind)
    )
    return [tuple(row) for row in rows]


LADDER_KINDS = (
    "due_soon", "overdue", "overdue_lead", "overdue_twice", "call_missing", "close_missing", "needs_ruling",
    "returned_twice",
)  # fmt: skip


def told_of(order: Outcome, *kinds: str) -> list[tuple[str, str, str]]:
    """Kind, party and scope of what the ladder told, in order."""
    db.session.rollback()
    rows = db.session.execute(
        select(Notice.kind, Notice.party, Notice.scope)
        .where(Notice.order_id == order.order_id, Notice.kind.in_(kinds or LADDER_KINDS))
        .order_by(Notice.id)
    )
    return [tuple(row) for row in rows]


def just_after(moment: datetime) -> datetime:
    return moment + MINUTE


# Telling


def test_a_communitys_clock_climbs_step_by_step_and_each_is_told_once(city: City):
    order = placed(city)
    clock = clock_of(order, "dispatch")
    assert climb(clock.soon_at - MINUTE).told == 0
    for moment, told in ((clock.soon_at, 1), (just_after(clock.due_at), 1), (clock.twice_at, 1)):
        assert climb(moment).told == told
        assert climb(moment).told == 0
        assert climb(moment + MINUTE).told == 0
    assert told_of(order) == [
        ("due_soon", "community", COMMUNITY),
        ("overdue", "community", COMMUNITY),
        ("overdue_lead", "community", TOWN),
        ("overdue_twice", "office", ""),
    ]
    assert alarms_of(order) == [("dispatch", kind, False) for kind in ("soon", "overdue", "twice")]
    assert findings() == []


def test_a_notice_says_which_step_was_due_when_and_who_owed_it(city: City):
    order = dispatched(city)
    clock = clock_of(order, "claim")
    climb(just_after(clock.due_at))
    about_this = Notice.order_id == order.order_id, Notice.kind == "overdue_lead"
    notice = db.session.scalars(select(Notice).where(*about_this)).one()
    assert notice.about == {
        "step": "claim",
        "due": clock.due_at.isoformat(),
        "owner": "department",
        "owner_scope": "health",
    }
    assert (notice.order_id, notice.event_id, notice.is_emergency) == (order.order_id, None, False)


def test_the_lead_of_a_department_is_the_office_and_that_of_a_team_its_department(city: City):
    unclaimed, taken = dispatched(city), accepted(city)
    climb(just_after(clock_of(unclaimed, "claim").due_at))
    assert told_of(unclaimed) == [("overdue", "department", DEPARTMENT), ("overdue_lead", "office", "")]
    assert told_of(taken) == [
        ("call_missing", "team", str(city.team.team_id)),
        ("overdue_lead", "department", DEPARTMENT),
    ]


def test_an_order_in_the_pool_is_owed_by_its_department_and_by_the_teams_that_were_asked(city: City):
    order = claimed(city)
    offer_order(order.number, city.department, team_ids=[city.other_team.team_id], now=NOW)
    climb(clock_of(order, "accept").soon_at)
    assert set(told_of(order)) == {
        ("due_soon", "department", DEPARTMENT),
        ("due_soon", "team", str(city.other_team.team_id)),
    }


def test_a_handed_order_is_owed_by_its_team(city: City):
    order = claimed(city)
    offer_order(order.number, city.department, team_ids=[city.team.team_id], is_handed=True, now=NOW)
    climb(just_after(clock_of(order, "accept").due_at))
    assert told_of(order) == [
        ("overdue", "team", str(city.team.team_id)),
        ("overdue_lead", "department", DEPARTMENT),
    ]


def test_a_body_for_which_nobody_can_sign_in_is_told_through_the_one_above(city: City):
    order = placed(city, division_code="640381001004")  # of the same street, without a clerk
    clock = clock_of(order, "dispatch")
    climb(clock.soon_at)
    climb(just_after(clock.due_at))
    assert told_of(order) == [("due_soon", "community", TOWN), ("overdue_lead", "community", TOWN)]


def test_where_the_town_has_no_clerk_either_the_office_is_told(city: City):
    order = placed(city, division_code="640381101200")  # a village without a clerk, in a town without one
    clock = clock_of(order, "dispatch")
    climb(clock.soon_at)
    assert told_of(order) == []
    climb(just_after(clock.due_at))
    assert told_of(order) == [("overdue_lead", "office", "")]


def test_a_clock_that_stands_still_is_silent_and_rings_later_by_what_was_given_back(city: City):
    order = placed(city)
    before = clock_of(order, "dispatch").due_at
    ask_resident(order.number, city.community, text="几楼？", now=NOW + HOUR)
    assert climb(NOW + 9 * DAY).told == 0
    answer_question(order.number, city.community, text="二楼。", now=NOW + 9 * DAY)
    clock = clock_of(order, "dispatch")
    assert clock.due_at > before + 8 * DAY
    assert climb(clock.soon_at - MINUTE).told == 0
    assert climb(clock.soon_at).told == 1
    assert told_of(order) == [("due_soon", "community", COMMUNITY)]


def test_what_was_done_in_time_never_rings(city: City):
    order = dispatched(city)
    clock = clock_of(order, "dispatch")
    climb(clock.twice_at + DAY)
    assert ("dispatch", "soon", False) not in alarms_of(order)
    assert all(step != "dispatch" for step, _kind, _passed in alarms_of(order))


def test_a_ladder_that_stood_still_for_three_days_tells_the_highest_step_only(city: City):
    orders = [placed(city) for _ in range(3)]
    done = climb(clock_of(orders[0], "dispatch").twice_at + 3 * DAY)
    assert done.told == 3
    for order in orders:
        assert told_of(order) == [("overdue_twice", "office", "")]
        assert sorted(alarms_of(order)) == [
            ("dispatch", "overdue", True),
            ("dispatch", "soon", True),
            ("dispatch", "twice", False),
        ]
    assert climb(clock_of(orders[0], "dispatch").twice_at + 4 * DAY).told == 0


def test_a_run_tells_of_so_many_clocks_and_the_next_goes_on(city: City, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(alarms, "MOST_CLOCKS", 2)
    orders = [placed(city) for _ in range(5)]
    soon = clock_of(orders[0], "dispatch").soon_at
    assert [climb(soon).told for _ in range(4)] == [2, 2, 1, 0]
    assert [told_of(order) for order in orders] == [[("due_soon", "community", COMMUNITY)]] * 5


def test_telling_takes_the_same_number_of_statements_for_few_and_many(city: City):
    counts = []
    for number in (1, 12):
        order = [placed(city) for _ in range(number)][-1]
        statements: list[str] = []

        def note(_c: object, _cursor: object, statement: str, *_more: object, into: list[str] = statements) -> None:
            into.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            climb(clock_of(order, "dispatch").soon_at)
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        counts.append(len(statements))
        assert told_of(order)
    assert counts[0] == counts[1]


def test_emergencies_come_first(city: City, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(alarms, "MOST_CLOCKS", 1)
    ordinary = placed(city)
    late = just_after(clock_of(ordinary, "dispatch").due_at)
    urgent = placed(city, now=late - 5 * HOUR, urgency="emergency")
    climb(late)
    assert (told_of(ordinary), told_of(urgent)) == ([], [("overdue_twice", "office", "")])
    about_this = Notice.order_id == urgent.order_id, Notice.kind == "overdue_twice"
    assert db.session.scalars(select(Notice.is_emergency).where(*about_this)).all() == [True]


# Twice returned


def test_the_office_is_told_of_two_returns_once(city: City):
    order = placed(city)
    for count in range(3):
        dispatch_order(order.number, city.community, department_id=DEPARTMENT, now=NOW)
        return_order(order.number, city.department, reason="no_capacity", now=NOW)
        assert told_of(order, "returned_twice") == ([("returned_twice", "office", "")] if count else [])


# Rerouting


def named_departments() -> list[str]:
    """Who the menu and the plan name for an order of the tests, in this order."""
    return [
        each.department_id for each in ladder.suggest_departments("S05", "elderly") if each.part in ladder.RESPONSIBLE
    ]


def test_an_unclaimed_order_goes_from_department_to_department_until_the_office_has_to_rule(city: City):
    first, second, third, *_ = named_departments()
    assert first == DEPARTMENT
    desks = {code: make_actor(Party.DEPARTMENT, code, department_id=code) for code in (second, third)}
    order = dispatched(city)
    for code in (second, third):
        twice = clock_of(order, "claim").twice_at
        assert climb(twice - MINUTE).rerouted == 0
        assert climb(twice).rerouted == 1
        assert climb(twice).rerouted == 0
        row, step = order_of(order.number), events_of(order.number)[-1]
        assert (row.status, row.department_id, row.returns_count) == ("dispatched", code, 0)
        assert (step.action, step.party, step.actor_name) == ("reroute", "system", "系统（催办）")
        assert step.payload["reason"] == "not_claimed"
        assert step.was_overdue
        assert row.due_at == clock_of(order, "claim").due_at > twice

    twice = clock_of(order, "claim").twice_at
    done = climb(twice)
    assert (done.rerouted, done.stuck) == (0, 1)
    assert climb(twice + DAY).stuck == 0
    assert told_of(order, "needs_ruling") == [("needs_ruling", "office", "")]
    assert order_of(order.number).department_id == third
    rule_order(order.number, city.office, department_id=DEPARTMENT, text="由卫健局承办。", now=twice + DAY)
    with refused("moved_on", 409):
        claim_order(order.number, desks[third], now=twice + DAY)
    claim_order(order.number, city.department, now=twice + DAY)
    assert findings() == []


def test_the_department_that_loses_an_order_is_told_as_well(city: City):
    second = named_departments()[1]
    make_actor(Party.DEPARTMENT, second, department_id=second)
    order = dispatched(city)
    climb(clock_of(order, "claim").twice_at)
    assert set(told_of(order, "reroute")) == {
        ("reroute", "community", COMMUNITY),
        ("reroute", "department", DEPARTMENT),
        ("reroute", "department", second),
        ("reroute", "resident", ""),
    }


def test_an_emergency_is_moved_on_as_soon_as_it_is_overdue(city: City):
    second = named_departments()[1]
    make_actor(Party.DEPARTMENT, second, department_id=second)
    order = dispatched(city, urgency="emergency")
    clock = clock_of(order, "claim")
    assert climb(clock.due_at).rerouted == 0
    assert climb(just_after(clock.due_at)).rerouted == 1
    assert order_of(order.number).department_id == second


def test_a_ruling_is_not_moved_on(city: City):
    second = named_departments()[1]
    make_actor(Party.DEPARTMENT, second, department_id=second)
    order = placed(city)
    for _ in range(2):
        dispatch_order(order.number, city.community, department_id=DEPARTMENT, now=NOW)
        return_order(order.number, city.department, reason="no_capacity", now=NOW)
    rule_order(order.number, city.office, department_id=DEPARTMENT, text="由卫健局承办。", now=NOW)
    done = climb(clock_of(order, "claim").twice_at)
    assert (done.rerouted, done.stuck) == (0, 0)
    assert told_of(order, "overdue_twice") == [("overdue_twice", "office", "")]
    with refused("is_ruled", 409):
        reroute_order(order.number, department_id=second, now=NOW + 9 * DAY)


@pytest.mark.parametrize("by", ["community", "office"])
def test_a_rerouting_is_taken_back_and_the_former_clock_goes_on_where_it_stood(city: City, by: str):
    second = named_departments()[1]
    newcomer = make_actor(Party.DEPARTMENT, second, department_id=second)
    order = dispatched(city)
    clock = clock_of(order, "claim")
    due, twice = clock.due_at, clock.twice_at
    climb(twice)
    turn_back_order(order.number, getattr(city, by), text="卫健局说明天就领。", now=twice + HOUR)

    row = order_of(order.number)
    assert (row.status, row.department_id, row.due_at) == ("dispatched", DEPARTMENT, due)
    running = db.session.scalars(
        select(OrderClock).where(OrderClock.order_id == row.id, OrderClock.ended_at.is_(None))
    ).all()
    assert [(each.step, each.scope, each.due_at) for each in running] == [("claim", DEPARTMENT, due)]
    own = {("turn_back", "community", COMMUNITY)} if by == "office" else set()
    assert set(told_of(order, "turn_back")) == own | {
        ("turn_back", "department", DEPARTMENT),
        ("turn_back", "department", second),
        ("turn_back", "resident", ""),
    }
    # a person has decided: the system does not move it on a second time
    assert climb(twice + 9 * DAY).rerouted == 0
    with refused("moved_on", 409):
        claim_order(order.number, newcomer, now=twice + 2 * HOUR)
    claim_order(order.number, city.department, now=twice + 2 * HOUR)
    assert events_of(order.number)[-1].was_overdue
    assert findings() == []


def test_what_somebody_acted_on_is_not_turned_back(city: City):
    second = named_departments()[1]
    newcomer = make_actor(Party.DEPARTMENT, second, department_id=second)
    order = dispatched(city)
    twice = clock_of(order, "claim").twice_at
    climb(twice)
    ask_resident(order.number, newcomer, text="几楼？", now=twice + HOUR)
    with refused("reroute_used", 409):
        turn_back_order(order.number, city.community, now=twice + 2 * HOUR)
    claim_order(order.number, newcomer, now=twice + 2 * HOUR)
    with refused("wrong_status", 409, winner=second):
        turn_back_order(order.number, city.office, now=twice + 2 * HOUR)


def test_nothing_is_turned_back_to_a_department_out_of_use(own_city: City):
    city = own_city
    second = named_departments()[1]
    make_actor(Party.DEPARTMENT, second, department_id=second)
    order = dispatched(city)
    twice = clock_of(order, "claim").twice_at
    climb(twice)
    with transaction():
        db.session.get_one(Department, DEPARTMENT).is_active = False
    with refused("department_gone", 409):
        turn_back_order(order.number, city.community, now=twice + HOUR)


def test_who_claims_at_the_last_moment_keeps_the_order(city: City):
    second = named_departments()[1]
    make_actor(Party.DEPARTMENT, second, department_id=second)
    order = dispatched(city)
    twice = clock_of(order, "claim").twice_at
    claim_order(order.number, city.department, now=twice - MINUTE)
    assert climb(twice).rerouted == 0
    assert order_of(order.number).status == "claimed"


# No call


def far(days: int = 6) -> dict[str, object]:
    return {"agreed": window(days)}


def lapsed(city: City) -> tuple[Outcome, datetime]:
    """Accepted for a day far ahead; nobody called. Taken back at the moment that comes with it."""
    order = accepted(city, **far())
    clock = clock_of(order, "first_call")
    climb(just_after(clock.due_at))
    done = climb(clock.twice_at)
    assert done.lapsed == 1
    return order, clock.twice_at


def test_a_team_that_does_not_call_is_asked_and_then_loses_the_order(city: City):
    order = accepted(city, **far())
    other = str(city.other_team.team_id)
    clock = clock_of(order, "first_call")
    climb(just_after(clock.due_at))
    assert told_of(order, "call_missing") == [("call_missing", "team", str(city.team.team_id))]
    assert climb(clock.twice_at - MINUTE).lapsed == 0
    assert climb(clock.twice_at).lapsed == 1
    assert climb(clock.twice_at).lapsed == 0

    row, step = order_of(order.number), events_of(order.number)[-1]
    assert (row.status, row.team_id, row.agreed_start, row.department_id) == ("claimed", None, None, DEPARTMENT)
    assert (step.action, step.party, step.payload["reason"]) == ("lapse", "system", "no_call")
    assert db.session.scalars(select(Crew.volunteer_id).where(Crew.order_id == order.order_id)).all() == []
    assert {(party, scope) for _kind, party, scope in told_of(order, "lapse")} == {
        ("community", COMMUNITY),
        ("team", other),  # it could serve it, and hears at once that it is free
        ("department", DEPARTMENT),
        ("resident", ""),
        ("team", str(city.team.team_id)),
        ("volunteer", str(city.crew[0])),
    }
    assert findings() == []


def test_teams_that_were_asked_before_hear_at_once_that_it_is_free_again(city: City):
    order = claimed(city)
    both = [city.team.team_id, city.other_team.team_id]
    offer_order(order.number, city.department, team_ids=both, now=NOW)
    accept_order(order.number, city.team, agreed=window(6), volunteer_ids=city.crew[:1], now=NOW)
    clock = clock_of(order, "first_call")
    climb(just_after(clock.due_at))
    climb(clock.twice_at)
    assert ("lapse", "team", str(city.other_team.team_id)) in told_of(order, "lapse")


def test_a_call_that_was_logged_keeps_the_order(city: City):
    order = accepted(city, **far())
    clock = clock_of(order, "first_call")
    climb(just_after(clock.due_at))
    with transaction():
        end_clock(order.order_id, "first_call", clock.due_at + HOUR)
    assert climb(clock.twice_at).lapsed == 0
    assert order_of(order.number).status == "accepted"


def test_once_the_service_has_begun_a_missing_call_takes_nothing_back(city: City):
    order = accepted(city, agreed=window(1))
    clock = clock_of(order, "first_call")
    climb(just_after(clock.due_at))
    assert window(1).starts_at < clock.twice_at
    assert climb(clock.twice_at).lapsed == 0
    assert order_of(order.number).status == "accepted"


def test_after_three_days_without_a_ladder_the_team_is_asked_before_it_loses_the_order(city: City):
    order = accepted(city, **far(9))
    late = clock_of(order, "first_call").twice_at + 3 * DAY
    assert climb(late).lapsed == 0
    assert told_of(order) == [
        ("call_missing", "team", str(city.team.team_id)),
        ("overdue_lead", "department", DEPARTMENT),
    ]
    assert climb(late + alarms.TIME_TO_ANSWER - MINUTE).lapsed == 0
    assert climb(late + alarms.TIME_TO_ANSWER).lapsed == 1


def test_the_same_team_gets_it_back_with_its_people_and_its_time(city: City):
    order, moment = lapsed(city)
    due = clock_of(order, "close").due_at
    outcome = reinstate_order(order.number, city.department, text="已经打过，忘记登记。", now=moment + HOUR)
    row = order_of(order.number)
    assert (outcome.status, row.team_id, row.due_at) == ("accepted", city.team.team_id, due)
    assert (row.agreed_start, row.agreed_end) == (window(6).starts_at, window(6).ends_at)
    named = select(Crew.volunteer_id).where(Crew.order_id == order.order_id)
    assert db.session.scalars(named).all() == [city.crew[0]]
    assert {(party, scope) for _kind, party, scope in told_of(order, "reinstate")} == {
        ("community", COMMUNITY),
        ("resident", ""),
        ("team", str(city.team.team_id)),
        ("volunteer", str(city.crew[0])),
    }
    assert climb(moment + DAY).lapsed == 0  # once is enough
    close_order(
        order.number,
        city.team,
        actual=window(6),
        attendance=20,
        report="讲完了。",
        minutes={city.crew[0]: 60},
        now=window(6).ends_at + HOUR,
    )
    assert findings() == []


def test_an_order_that_another_team_took_meanwhile_is_not_given_back(city: City):
    order, moment = lapsed(city)
    accept_order(order.number, city.other_team, agreed=window(9), volunteer_ids=city.other_crew[:1], now=moment + HOUR)
    with refused("wrong_status", 409, winner="卫校测试队"):
        reinstate_order(order.number, city.office, now=moment + 2 * HOUR)


def test_an_order_that_was_offered_since_is_not_given_back(city: City):
    order, moment = lapsed(city)
    offer_order(order.number, city.department, team_ids=[city.other_team.team_id], now=moment + HOUR)
    with refused("lapse_used", 409):
        reinstate_order(order.number, city.department, now=moment + 2 * HOUR)


def test_nobody_is_given_back_a_time_that_has_passed(city: City):
    order, _moment = lapsed(city)
    with refused("time_passed", 409):
        reinstate_order(order.number, city.department, now=window(6).starts_at)


def test_nobody_is_given_back_a_service_when_they_serve_elsewhere(city: City):
    order, moment = lapsed(city)
    other = claimed(city, now=moment)
    accept_order(other.number, city.team, agreed=window(6), volunteer_ids=city.crew[:1], now=moment)
    with refused("person_busy", 409):
        reinstate_order(order.number, city.department, now=moment + HOUR)


def test_nobody_is_given_back_a_service_without_the_team_or_its_people(own_city: City):
    city = own_city
    order, moment = lapsed(city)
    with transaction():
        db.session.get_one(Volunteer, city.crew[0]).team_id = city.other_team.team_id
    with refused("crew_gone", 409):
        reinstate_order(order.number, city.department, now=moment + HOUR)
    with transaction():
        db.session.get_one(Team, city.team.team_id).is_active = False
    with refused("former_team_inactive", 409):
        reinstate_order(order.number, city.department, now=moment + HOUR)


def test_only_the_department_that_holds_it_and_the_office_give_it_back(city: City):
    order, moment = lapsed(city)
    with refused("wrong_party", 403):
        reinstate_order(order.number, city.team, now=moment + HOUR)
    with nothing_written(), pytest.raises(NotFound):
        reinstate_order(order.number, city.other_department, now=moment + HOUR)
    assert reinstate_order(order.number, city.office, now=moment + HOUR).status == "accepted"


# No sign of the service


def unheard_of(city: City) -> tuple[Outcome, OrderClock]:
    """The agreed time has passed, and the team was asked whether it took place."""
    order = accepted(city, agreed=window(1))
    clock = clock_of(order, "close")
    climb(just_after(clock.due_at))
    assert told_of(order, "close_missing") == [("close_missing", "team", str(city.team.team_id))]
    return order, clock


def test_a_service_of_which_nothing_is_heard_goes_back_to_the_pool_and_punishes_nobody(city: City):
    order, clock = unheard_of(city)
    assert climb(clock.twice_at - MINUTE).lapsed == 0
    assert climb(clock.twice_at).lapsed == 1
    step = events_of(order.number)[-1]
    assert (step.action, step.payload["reason"]) == ("lapse", "no_show")
    assert order_of(order.number).status == "claimed"
    for table in (NoShow, HoursEntry):
        assert db.session.scalars(select(table.id).where(table.order_id == order.order_id)).all() == []
    assert findings() == []


def test_a_team_that_was_there_and_forgot_gets_it_back_and_writes_it_up(city: City):
    order, clock = unheard_of(city)
    due, twice = clock.due_at, clock.twice_at
    climb(twice)
    reinstate_order(order.number, city.department, now=twice + HOUR)
    assert order_of(order.number).due_at == due
    assert climb(twice + 2 * DAY).lapsed == 0
    close_order(
        order.number,
        city.team,
        actual=window(1),
        attendance=20,
        report="讲完了。",
        minutes={city.crew[0]: 60},
        now=twice + 3 * DAY,
    )
    assert events_of(order.number)[-1].was_overdue
    assert findings() == []


def test_where_somebody_checked_in_the_office_is_told_instead(city: City):
    order, clock = unheard_of(city)
    with transaction():
        db.session.add(
            Attendance(order_id=order.order_id, volunteer_id=city.crew[0], in_at=window(1).starts_at, in_how="code")
        )
    assert climb(clock.twice_at).lapsed == 0
    assert order_of(order.number).status == "accepted"
    assert told_of(order, "overdue_twice")[-1] == ("overdue_twice", "office", "")


# Switches


def test_the_office_turns_what_the_system_does_by_itself_off_and_on(city: City):
    second = named_departments()[1]
    make_actor(Party.DEPARTMENT, second, department_id=second)
    order = dispatched(city)
    taken = accepted(city, **far())
    assert get_switches() == {"reroute": True, "lapse": True}
    assert set_switch(city.office, "reroute", False, NOW)
    assert set_switch(city.office, "lapse", False, NOW)
    assert not set_switch(city.office, "lapse", False, NOW)
    late = NOW + 4 * DAY
    climb(NOW + 2 * DAY)
    done = climb(late)
    assert (done.rerouted, done.lapsed) == (0, 0)
    assert ("overdue_twice", "office", "") in told_of(order)
    assert ("overdue_twice", "office", "") in told_of(taken)

    set_switch(city.office, "reroute", True, late)
    set_switch(city.office, "lapse", True, late)
    done = climb(late)
    assert (done.rerouted, done.lapsed) == (1, 1)
    assert [(row.name, row.is_on) for row in list_changes()] == [
        ("lapse", True), ("reroute", True), ("lapse", False), ("reroute", False),
    ]  # fmt: skip


def test_only_the_office_turns_a_switch_and_only_one_that_there_is(city: City):
    with refused("wrong_party", 403):
        set_switch(city.department, "reroute", False, NOW)
    with nothing_written(), pytest.raises(NotFound):
        set_switch(city.office, "everything", False, NOW)


# Ratings, faults, several climbers


def test_a_service_that_nobody_rated_is_laid_down_and_never_rings(city: City):
    order = closed(city)
    clock = clock_of(order, "rate")
    assert climb(just_after(clock.due_at)).unrated == 1
    assert climb(just_after(clock.due_at)).unrated == 0
    assert told_of(order) == []


def test_one_order_that_cannot_be_moved_keeps_no_other_from_it(city: City, monkeypatch: pytest.MonkeyPatch):
    second = named_departments()[1]
    make_actor(Party.DEPARTMENT, second, department_id=second)
    broken, sound = dispatched(city), dispatched(city)

    def reroute(number: str, **options: object) -> Outcome:
        if number == broken.number:
            raise RuntimeError("broken row")
        return reroute_order(number, **options)

    monkeypatch.setattr(ladder, "reroute_order", reroute)
    twice = clock_of(sound, "claim").twice_at
    assert climb(twice).rerouted == 1
    assert order_of(broken.number).department_id == DEPARTMENT
    monkeypatch.undo()
    assert climb(twice).rerouted == 1
    assert order_of(broken.number).department_id == second
    assert findings() == []


@pytest.fixture
def roomy_app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    engine = {"SQLALCHEMY_ENGINE_OPTIONS": {"pool_size": 20}}
    with running_app(settings_for(database_url, tmp_path, extra=engine)) as app:
        yield app


def test_climbers_at_the_same_moment_take_each_step_once(roomy_app: Flask):
    with roomy_app.app_context():
        city = make_city()
        second = named_departments()[1]
        make_actor(Party.DEPARTMENT, second, department_id=second)
        waiting = [placed(city) for _ in range(3)]
        unclaimed = [dispatched(city) for _ in range(3)]
        uncalled = accepted(city, **far())
        climb(NOW + DAY + HOUR)
        moment = max(clock_of(unclaimed[0], "claim").twice_at, clock_of(uncalled, "first_call").twice_at)
    barrier = Barrier(4, timeout=60)

    def run(_: int) -> ladder.Climb:
        with roomy_app.app_context():
            db.session.execute(select(1))
            barrier.wait()
            return climb(moment)

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(run, range(4)))
    assert sum(each.rerouted for each in done) == 3
    assert sum(each.lapsed for each in done) == 1
    with roomy_app.app_context():
        for order in waiting:
            assert told_of(order, "overdue_twice") == [("overdue_twice", "office", "")]
        for order in unclaimed:
            assert [each.action for each in events_of(order.number)].count("reroute") == 1
            assert order_of(order.number).department_id == second
        assert [each.action for each in events_of(uncalled.number)].count("lapse") == 1
        assert findings() == []


def test_a_climber_and_a_department_that_claims_at_the_same_moment(roomy_app: Flask):
    with roomy_app.app_context():
        city = make_city()
        second = named_departments()[1]
        make_actor(Party.DEPARTMENT, second, department_id=second)
        orders = [dispatched(city) for _ in range(4)]
        twice = clock_of(orders[0], "claim").twice_at
    barrier = Barrier(2, timeout=60)

    def claim_all() -> list[str]:
        with roomy_app.app_context():
            barrier.wait()
            return [_outcome_of(order.number, city.department, twice) for order in orders]

    def climb_once() -> int:
        with roomy_app.app_context():
            barrier.wait()
            return climb(twice).rerouted

    with ThreadPoolExecutor(2) as pool:
        claims, moved = pool.submit(claim_all), pool.submit(climb_once)
        answers, rerouted = claims.result(), moved.result()
    assert answers.count("claimed") + rerouted == len(orders)
    with roomy_app.app_context():
        for order, answer in zip(orders, answers, strict=True):
            row = order_of(order.number)
            expected = ("claimed", DEPARTMENT) if answer == "claimed" else ("dispatched", second)
            assert (row.status, row.department_id) == expected
        assert findings() == []


def _outcome_of(number: str, actor: Actor, now: datetime) -> str:
    try:
        return str(claim_order(number, actor, now=now).status)
    except Refused as refusal:
        return refusal.code


def test_the_system_says_in_its_event_what_an_undo_needs(city: City):
    order = accepted(city, **far())
    lapse_order(order.number, reason="no_call", now=NOW + HOUR)
    payload = events_of(order.number)[-1].payload
    assert (payload["team_id"], payload["volunteer_ids"]) == (city.team.team_id, [city.crew[0]])
    assert datetime.fromisoformat(str(payload["agreed_start"])) == window(6).starts_at.astimezone(UTC)
    assert [each.action for each in events_of(order.number)][-1] == Action.LAPSE
    assert db.session.scalar(select(Order.status).where(Order.number == order.number)) == "claimed"


def test_an_exercise_climbs_and_wakes_nobody(own_city: City):
    drill = opened(own_city, is_drill=True)
    order = placed(own_city, actor=own_city.community, emergency_id=drill)
    clock = clock_of(order, "dispatch")
    for moment in (just_after(clock.due_at), just_after(clock.twice_at)):
        assert climb(moment).told == 1
    loud = select(Notice.kind).where(Notice.order_id == order.order_id, Notice.is_emergency)
    assert told_of(order) != []
    assert db.session.scalars(loud).all() == []


def test_an_unanswered_question_is_told_to_the_community_and_then_to_its_town(city: City) -> None:
    order = dispatched(city)
    ask_resident(order.number, city.department, text="多少人？", now=NOW)
    for days, expected in ((1, []), (2.1, [city.community]), (3, [city.community]), (4.1, [city.community, city.town])):
        for _ in range(2):
            climb(NOW + timedelta(days=days))
        told = [("question_waits", "community", seat.division_code) for seat in expected]
        assert sorted(told_of(order, "question_waits")) == sorted(told)
    answer_question(order.number, city.community, text="三十人。", now=NOW + timedelta(days=5))
    climb(NOW + timedelta(days=9))
    assert len(told_of(order, "question_waits")) == 2


def test_an_order_that_falls_back_is_told_to_teams_that_could_serve_it(city: City) -> None:
    order = accepted(city, agreed=window(20))
    for days in (1.05, 3, 3.3):
        climb(NOW + timedelta(days=days))
    told = {scope for _kind, party, scope in told_of(order, "lapse") if party == "team"}
    assert str(city.team.team_id) in told
    assert 1 <= len(told - {str(city.team.team_id)}) <= MatchSettings().wave_limit[0]
    assert findings() == []
