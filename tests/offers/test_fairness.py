"""The fairness figures against a second count by brute force over random records, and where they must say nothing."""

import ast
import random
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select

from qtxvol.base import CITY_TIME
from qtxvol.emergencies.models import Emergency
from qtxvol.extensions import db
from qtxvol.notices.wishes import Wisher, set_muted
from qtxvol.offers import fairness
from qtxvol.offers.fairness import LEAST_ORDERS, Fairness, Fate, measure
from qtxvol.offers.situation import load_matching
from qtxvol.orders.decline import cancel_order
from qtxvol.orders.dispatch import dispatch_order
from qtxvol.orders.lifecycle import Action
from qtxvol.orders.models import CrewAsk, Hold, Offer, Order, OrderEvent, WishedTime
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team, Volunteer
from tests.factories import (
    NOW,
    OTHER_COMMUNITY,
    City,
    accepted,
    claimed,
    closed,
    dispatched,
    link_of,
    make_actor,
    make_city,
    make_volunteer,
    placed,
    window,
)

pytestmark = pytest.mark.usefixtures("ctx")

FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)
_serial = count(1)
#: Modules of `offers/` that read people for matching.
READERS = ("situation", "suggest", "learn", "waves", "holds", "ask_list", "asking", "replacing", "plan_solving")


def at(days: float) -> datetime:
    return NOW + timedelta(days=days)


def measured(now: datetime = NOW, first: date = FIRST, last: date = LAST, **more: Any) -> Fairness:
    return measure(first, last, now, **more)


def ask_team(order_id: int, team_id: int, when: datetime, **values: Any) -> None:
    with transaction():
        db.session.add(Offer(order_id=order_id, team_id=team_id, wave=next(_serial), asked_at=when, **values))


def ask_people(order_id: int, team_id: int, asks: list[dict[str, Any]]) -> None:
    """A hold that is over, with the people that were asked for it."""
    with transaction():
        begun = db.session.scalar(select(OrderEvent.id).where(OrderEvent.order_id == order_id).limit(1))
        span = {"starts_at": at(3), "ends_at": at(3.1)}
        hold = Hold(
            order_id=order_id,
            team_id=team_id,
            event_id=begun,
            leads=1,
            people=1,
            held_at=NOW,
            until=at(1),
            ended_at=NOW,
            ending="void",
            **span,
        )
        db.session.add(hold)
        db.session.flush()
        for position, values in enumerate(asks, 1):
            db.session.add(
                CrewAsk(hold_id=hold.id, order_id=order_id, position=position, may_lead=True, **span, **values)
            )


def said(rng: random.Random, when: datetime) -> dict[str, Any]:
    """An ask of a person that went some way."""
    match rng.randrange(5):
        case 0:
            return {"asked_at": when, "answer": "yes", "answered_at": when, "ending": "named"}
        case 1:
            return {"asked_at": when, "answer": "no", "answered_at": when}
        case 2:
            return {"asked_at": when, "ending": "silent"}
        case 3:
            return {"asked_at": when, "ending": "not_needed"}
    return {"asked_at": None}


def offered(rng: random.Random, when: datetime) -> dict[str, Any]:
    answer = rng.choice(["held", "accepted", "standby", "declined", None, None, None])
    return {
        "answer": answer,
        "answered_at": when if answer else None,
        "silent_at": when if answer is None and rng.random() < 0.5 else None,
        "asked_by": rng.choice(["department", "system", "plan"]),
        "override_why": "路近" if rng.random() < 0.2 else "",
        "suggested_place": rng.randrange(1, 4),
    }


def make_records(city: City, rng: random.Random) -> None:
    """Orders of all kinds around a month, with asks at random."""
    people = [*city.crew, *city.other_crew, *(make_volunteer(city.team.team_id) for _ in range(3))]
    teams = [city.team.team_id, city.other_team.team_id]
    with transaction():
        db.session.get_one(Team, teams[0]).weekly_capacity = 50
    for turn in range(24):
        then = at(-41 + 1.7 * turn + rng.uniform(0, 0.5))  # never two services at a time
        about: dict[str, Any] = {
            "urgency": rng.choice(["normal", "normal", "urgent", "emergency"]),
            "windows": (window(rng.choice([0.5, 5, 50]), now=then),),
        }
        make = rng.choice([placed, placed, dispatched, claimed, accepted, closed, closed, closed])
        if make in (accepted, closed):
            about["agreed"] = window(1, now=then)
        order = make(city, then, **about)
        if make is placed and rng.random() < 0.4:
            cancel_order(order.number, link_of(order), reason="no_longer_needed", now=then + timedelta(hours=1))
        for _ in range(rng.randrange(4)):
            asked_at = then + timedelta(hours=rng.uniform(0, 100))
            ask_team(order.order_id, rng.choice(teams), asked_at, **offered(rng, asked_at))
        if rng.random() < 0.6:
            asked = rng.sample(people, rng.randrange(1, 5))
            asks = [
                {"volunteer_id": each, "is_lent": rng.random() < 0.3, **said(rng, then + timedelta(hours=2))}
                for each in asked
            ]
            ask_people(order.order_id, city.team.team_id or 0, asks)


def in_days(moment: datetime, first: date = FIRST, last: date = LAST) -> bool:
    return first <= moment.astimezone(CITY_TIME).date() <= last


def brute_gini(values: list[float]) -> float | None:
    total = sum(values)
    return sum(abs(a - b) for a in values for b in values) / (2 * len(values) * total) if total else None


def same(value: float | None) -> Any:
    return None if value is None else pytest.approx(value)


def brute_fate(order: Order, now: datetime) -> Fate:
    ends = [row.ends_at for row in db.session.scalars(select(WishedTime).where(WishedTime.order_id == order.id))]
    if order.status in ("closed", "accepted"):
        return Fate.SERVED if order.status == "closed" else Fate.AGREED
    if order.status in ("placed", "dispatched", "claimed"):
        return Fate.WAITING if any(end > now for end in ends) else Fate.MISSED
    return Fate.MISSED if order.status == "unmet" else Fate.ASIDE


@pytest.mark.parametrize("seed", [1, 2])
def test_a_second_count_by_brute_force_says_the_same(seed: int):
    city = make_city()
    make_records(city, random.Random(seed))
    now = at(5)
    found = measured(now)

    orders = [order for order in db.session.scalars(select(Order).order_by(Order.id)) if in_days(order.placed_at)]
    fates = {order.number: brute_fate(order, now) for order in orders}
    assert {line.number: line.fate for line in found.orders} == fates
    filled = [number for number, fate in fates.items() if fate in (Fate.SERVED, Fate.AGREED)]
    judged = [number for number, fate in fates.items() if fate not in (Fate.WAITING, Fate.ASIDE)]
    assert found.share_of() == same(len(filled) / len(judged))

    ids = {order.id: order for order in orders}
    offers = [row for row in db.session.scalars(select(Offer)) if row.order_id in ids]
    asks = [row for row in db.session.scalars(select(CrewAsk)) if row.order_id in ids and row.asked_at]
    assert found.messages == len(offers) + len(asks)
    assert found.messages_per_filled == same((len(offers) + len(asks)) / len(filled))
    yes = sum(row.answer in ("held", "accepted", "standby") for row in offers)
    no = sum(row.answer == "declined" or (row.answer is None and row.silent_at is not None) for row in offers)
    assert found.captains.rate == same(yes / (yes + no) if yes + no else None)
    come = sum(row.answer == "yes" for row in asks)
    stay = sum(row.answer == "no" or (row.answer is None and row.ending == "silent") for row in asks)
    assert found.members.rate == same(come / (come + stay) if come + stay else None)
    assert found.lent.asked == sum(row.is_lent for row in asks)
    assert found.asked_by_hand == len({row.order_id for row in offers if row.asked_by == "department"})
    by_hand = [row for row in offers if row.asked_by == "department"]
    passed_over = {
        row.order_id
        for row in by_hand
        if row.override_why
        or all(each.suggested_place != 1 for each in by_hand if (each.order_id, each.wave) == (row.order_id, row.wave))
    }
    assert found.overridden("team") == len(passed_over)

    waits = []
    for order in orders:
        events = db.session.scalars(select(OrderEvent).where(OrderEvent.order_id == order.id))
        times = [each.happened_at for each in events if each.action == Action.ACCEPT]
        if times:
            waits.append((min(times) - order.placed_at) / timedelta(hours=1))
    waits.sort()
    assert found.hours(0.5) == same(next(w for w in waits if 2 * sum(o <= w for o in waits) >= len(waits)))
    assert found.hours(0.9) == same(next(w for w in waits if 10 * sum(o <= w for o in waits) >= 9 * len(waits)))

    served = [
        order
        for order in db.session.scalars(select(Order).where(Order.status == "closed"))
        if order.actual_start and in_days(order.actual_start)
    ]
    everybody = db.session.scalars(select(Volunteer.id).where(Volunteer.status == "verified")).all()
    assert found.volunteers.people == len(everybody)
    assert found.volunteers.total == len(served)
    times_of = [len(served) if person == city.crew[0] else 0 for person in everybody]
    assert found.volunteers.gini == same(brute_gini(times_of))
    loads = []
    for team in db.session.scalars(select(Team)):
        loads.append(sum(order.team_id == team.id for order in served) / (team.weekly_capacity * 30 / 7))
    assert found.gini_teams == same(brute_gini(loads))

    per_week: dict[tuple[int, date], int] = {}
    for row in db.session.scalars(select(CrewAsk).where(CrewAsk.asked_at.is_not(None))):
        order = db.session.get_one(Order, row.order_id)
        if row.asked_at and in_days(row.asked_at) and order.urgency != "emergency":
            day = row.asked_at.astimezone(CITY_TIME).date()
            key = row.volunteer_id, day - timedelta(days=day.weekday())
            per_week[key] = per_week.get(key, 0) + 1
    assert found.volunteer_asks.weeks.total == sum(per_week.values())
    assert found.volunteer_asks.weeks.people == len(per_week)
    assert found.volunteer_asks.asked == len({person for person, _week in per_week})


def test_an_empty_period_says_nothing_and_divides_nothing():
    make_city()
    found = measured(first=date(2020, 1, 1), last=date(2020, 1, 31))
    assert (list(found.orders), list(found.towns), list(found.overrides)) == ([], [], [])
    assert found.share_of() is found.late_share is found.messages_per_filled is found.hours(0.5) is None
    assert found.emergency_minutes(0.9) is found.waves is found.worst_town is None
    assert found.volunteers.gini is found.gini_teams is found.captains.rate is found.members.rate is None
    assert found.volunteers.idle == found.volunteers.people > 0


def test_a_town_with_few_orders_is_shown_and_never_called_the_worst():
    city = make_city()
    for turn in range(LEAST_ORDERS):
        make = closed if turn else claimed
        make(city, at(-20 + turn), windows=(window(1, now=at(-20 + turn)),))
    placed(city, at(-9), division_code=OTHER_COMMUNITY, windows=(window(1, now=at(-9)),))
    found = measured()
    large, small = found.towns
    assert not large.is_small
    assert large.share == pytest.approx((LEAST_ORDERS - 1) / LEAST_ORDERS)
    assert small.is_small
    assert small.share == 0
    assert found.worst_town == large


def test_an_order_that_still_has_a_wished_time_ahead_is_no_failure_yet():
    city = make_city()
    placed(city, at(-2), windows=(window(1, now=at(-2)), window(30, now=at(-2))))
    assert [line.fate for line in measured().orders] == [Fate.WAITING]
    assert measured().share_of() is None
    assert [line.fate for line in measured(at(29)).orders] == [Fate.MISSED]
    assert measured(at(29)).share_of() == 0


def test_an_exercise_counts_in_nothing():
    city = make_city()
    order = closed(city, at(-9), urgency="emergency")
    ask_team(order.order_id, city.team.team_id or 0, at(-9), answer="accepted", answered_at=at(-9))
    ask_people(order.order_id, city.team.team_id or 0, [{"volunteer_id": city.crew[0], "asked_at": at(-9)}])
    before = measured()
    assert len(before.orders) == before.captains.asked == before.members.asked == before.volunteers.total == 1
    with transaction():
        db.session.get_one(Order, order.order_id).emergency_id = make_drill(city)
        db.session.get_one(Order, order.order_id).is_drill = True
    after = measured()
    assert len(after.orders) == after.captains.asked == after.members.asked == after.volunteers.total == 0
    assert sum(team.services + team.asks for team in after.teams) == 0
    assert after.volunteer_asks.asked == after.team_asks.asked == 0


def make_drill(city: City) -> int:
    row = Emergency(
        kind="flood",
        title="防汛演练",
        advice="听从安排。",
        is_drill=True,
        starts_at=NOW,
        planned_end_at=at(1),
        open_key="drill",
        opened_at=NOW,
        opened_by_account_id=city.office.account_id,
    )
    db.session.add(row)
    db.session.flush()
    return row.id


def test_whoever_unsubscribed_is_counted_by_their_own_wish_first():
    city = make_city()
    with_account = make_actor(city.volunteer.party, "有账号", volunteer_id=city.crew[1])
    assert with_account.account_id is not None
    set_muted(Wisher("account", with_account.account_id), ["join_ask"], True, NOW)
    set_muted(Wisher("volunteer", city.crew[2]), ["join_ask"], True, NOW)
    assert measured().unsubscribed == 2
    set_muted(Wisher("volunteer", city.crew[1]), ["join_ask"], False, NOW)  # a wish of one's own comes first
    assert measured().unsubscribed == 1


def test_a_cap_is_reached_within_any_seven_days_and_emergencies_do_not_count():
    city = make_city()
    cap = measured().volunteer_asks.cap
    rushed = placed(city, at(-20), urgency="emergency")
    ask_people(rushed.order_id, city.team.team_id or 0, [{"volunteer_id": city.crew[1], "asked_at": at(-20)}])
    for turn in range(cap):
        order = placed(city, at(-12))
        # six days on end that a Sunday divides: no calendar week has them all
        ask_people(order.order_id, city.team.team_id or 0, [
            {"volunteer_id": city.crew[0], "asked_at": at(-10 + 6 * turn / cap)},
        ])  # fmt: skip
    asks = measured().volunteer_asks
    assert (asks.asked, asks.capped) == (1, 1)
    assert asks.weeks.total == cap
    assert max(amount for amount, _n in asks.weeks.counts) < cap


def test_a_department_sees_its_own_orders_people_and_teams():
    city = make_city()
    closed(city, at(-9))
    placed(city, at(-9))
    found = measured(department_id="health")
    assert len(found.orders) == 1
    assert {team.team_id for team in found.teams} == {city.team.team_id, city.other_team.team_id}
    assert found.volunteers.total == 1
    other = measured(department_id="education")
    assert (len(other.orders), other.teams, other.volunteers.people) == (0, [], 0)


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_it_costs_the_same_however_much_there_is(statements: list[str]):
    city = make_city()
    statements.clear()
    measured()
    few = len(statements)
    make_records(city, random.Random(3))
    statements.clear()
    db.session.expire_all()
    measured()
    assert len(statements) == few
    assert few <= 18


def test_a_dispatch_against_the_suggestion_is_named_with_its_why():
    city = make_city()
    followed, other = placed(city, at(-3)), placed(city, at(-3))
    placed(city, at(-3))
    dispatch_order(
        followed.number, city.community, department_id="health", suggested_department_id="health", now=at(-2)
    )
    dispatch_order(
        other.number,
        city.community,
        department_id="education",
        suggested_department_id="health",
        text="学校自己有队伍",
        now=at(-2),
    )
    found = measured()
    assert found.dispatched_by_suggestion == 2
    assert [(each.kind, each.number, each.chosen.zh, each.why) for each in found.overrides] == [
        ("department", other.number, "市教育局", "学校自己有队伍")
    ]


def test_what_somebody_is_born_as_is_never_read_for_matching():
    """No column of the kind is selected, named or passed on by what looks for teams and people."""
    never = {
        "birth_on",
        "birth",
        "sex",
        "gender",
        "nationality",
        "ethnic",
        "origin",
        "religion",
        "id_number",
        "id_kind",
    }
    never |= {"age", "disability", "party_member", "id_number_digest", "guardian_name"}
    root = Path(fairness.__file__).parents[1]
    files = [*sorted((root / "matching").glob("*.py")), *(root / "offers" / f"{name}.py" for name in READERS)]
    assert len(files) > 20
    for file in files:
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [getattr(node, "attr", None), getattr(node, "id", None), getattr(node, "arg", None)]
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                names.append(node.value)
            found = never.intersection(name for name in names if name)
            assert not found, f"{file.name} knows {found}: protected attributes are never features"


def test_what_matching_reads_of_people_is_on_a_list_that_somebody_has_looked_at(statements: list[str]):
    city = make_city()
    order = db.session.get_one(Order, placed(city).order_id)
    statements.clear()
    load_matching([order], NOW, is_whole_city=True)
    people = set(re.findall(r"\bvolunteers(?:_\d+)?\.(\w+)", " ".join(statements)))
    assert people
    assert people <= {
        "id",
        "team_id",
        "division_code",
        "skills",
        "topics",
        "audiences",
        "availability",
        "max_distance_km",
        "weekly_load",
        "status",
        "merged_into_id",
        "team_role",
        "verified_at",
    }, "a new column about people: is it a protected attribute?"
