"""An exercise goes through all steps and leaves every figure of the city as it was."""

import sqlite3
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from qtxvol.emergencies.events import close_emergency
from qtxvol.emergencies.push import push_services
from qtxvol.emergencies.queries import get_emergency
from qtxvol.extensions import db
from qtxvol.hours.models import Attendance, HoursEntry, NoShow
from qtxvol.hours.presence import list_unconfirmed
from qtxvol.hours.queries import counted_hours, get_served
from qtxvol.hours.requests import propose_late
from qtxvol.hours.spot_checks import draw_day
from qtxvol.notices.models import Notice
from qtxvol.orders.check import check_orders
from qtxvol.orders.decline import merge_order
from qtxvol.orders.models import CallBack, Order
from qtxvol.orders.popular import list_popular_items
from qtxvol.orders.rate import Verdict, rate_order
from qtxvol.orders.serve import accept_order, close_order, reopen_order, report_no_show
from qtxvol.progress.open_data import write_open_data
from qtxvol.progress.queries import get_board, get_home_counts
from qtxvol.progress.records import read_closures
from qtxvol.progress.standing import count_exits, get_standing
from qtxvol.progress.weeks import get_weeks
from qtxvol.recognition.evidence import list_evidence
from qtxvol.refusals import Refused
from qtxvol.reports.cases import list_candidates
from qtxvol.reports.measures import MEASURES, Scope, rows_of
from qtxvol.reports.queries import list_years
from qtxvol.volunteers.queries import list_teams
from qtxvol.volunteers.teams import find_teams
from tests.emergencies.plans import opened, push_of
from tests.factories import (
    COMMUNITY,
    NOW,
    City,
    accepted,
    claimed,
    closed,
    dispatched,
    link_of,
    make_city,
    placed,
    window,
)

pytestmark = pytest.mark.usefixtures("ctx")

LATER = NOW + timedelta(days=25)


def every_figure(folder: Path) -> dict[str, Any]:
    """What any page, paper or file of the city says, as plain values."""
    db.session.rollback()
    standing = get_standing(LATER)
    weeks = get_weeks(LATER, with_late_steps=True)
    whole = Scope(date(2026, 1, 1), date(2026, 12, 31))
    bundle = folder / "open.sqlite3"
    write_open_data(bundle, LATER)
    with sqlite3.connect(bundle) as opened_bundle:
        tables = {name: opened_bundle.execute(f"SELECT * FROM {name}").fetchall() for name in ("orders", "steps")}
    counted = counted_hours().subquery()
    return {
        "home": get_home_counts(LATER),
        "board": get_board(LATER),
        "standing": dict(standing.waiting),
        "exits": count_exits(LATER),
        "weeks": ([asdict(span) for span in weeks.spans], asdict(weeks.recent), dict(weeks.closed_by_town)),
        "closures": read_closures(LATER),
        "measures": {
            key: db.session.execute(select(func.count(), func.sum(rows.c[measure.value]))).one()
            for key, measure in MEASURES.items()
            for rows in [rows_of(measure.facts, whole)]
        },
        "hours": db.session.execute(select(func.count(), func.sum(counted.c.minutes))).one(),
        "evidence": list_evidence(2026),
        "cases": [row.order_id for row in list_candidates(2026, 1).rows],
        "years": list_years(LATER),
        "popular": list_popular_items("elderly", LATER, most=5),
        "popular_residents": list_popular_items("residents", LATER, most=5),
        "teams": [(row.Team.id, row.done) for row in list_teams(LATER)],
        "office_teams": [tuple(row)[1:] for row in find_teams(LATER).rows],
        "open_data": tables,
    }


def live(city: City) -> None:
    """Some ordinary life, so that figures have something to be disturbed."""
    placed(city)
    dispatched(city)
    claimed(city)
    accepted(city, agreed=window(2))
    done = closed(city, agreed=window(4))
    rate_order(done.number, link_of(done), verdict=Verdict(stars=5, did_take_place=True), now=NOW + timedelta(days=5))


def exercise(city: City) -> tuple[int, dict[str, str]]:
    """All steps and most ways out; the drill and the numbers of its orders by what became of them."""
    drill = opened(city, is_drill=True)
    staff = {"actor": city.community, "emergency_id": drill}
    numbers = {
        "placed": placed(city, **staff).number,
        "school": placed(city, **staff, requester_kind="school", organisation="演练小学").number,
    }
    pushed = push_services(drill, push_of(places=(COMMUNITY,)), city.department, key="drill" * 5, now=NOW)
    numbers["claimed"] = pushed[0].number
    numbers["accepted"] = run(city, drill, days=6)
    numbers["missed"] = run(city, drill, days=7)
    report_no_show(numbers["missed"], city.community, text="没有来", now=NOW + timedelta(days=7, hours=3))
    numbers["closed"] = run(city, drill, days=8, minutes={city.crew[0]: 90})
    bad = Verdict(stars=1, did_take_place=False)
    rate_order(numbers["closed"], city.community, verdict=bad, now=NOW + timedelta(days=9))
    numbers["reopened"] = run(city, drill, days=10, minutes={city.crew[0]: 90})
    reopen_order(numbers["reopened"], city.community, text="再练一次", now=NOW + timedelta(days=11))
    return drill, numbers


def run(city: City, drill: int, *, days: int, minutes: dict[int, int] | None = None) -> str:
    pushed = push_services(
        drill,
        push_of(places=(COMMUNITY,), windows=(window(days),)),
        city.department,
        key=f"drill-of-day-{days:06d}",
        now=NOW,
    )
    number = pushed[0].number
    agreed = window(days)
    accept_order(number, city.team, agreed=agreed, volunteer_ids=city.crew[:1], now=NOW)
    if minutes:
        close_order(
            number,
            city.team,
            actual=agreed,
            attendance=55,
            report="演练顺利。",
            minutes=minutes,
            now=agreed.ends_at + timedelta(hours=1),
        )
    return number


def order_of(number: str) -> Order:
    return db.session.scalars(select(Order).where(Order.number == number)).one()


def test_an_exercise_leaves_every_figure_as_it_was(tmp_path: Path):
    city = make_city()
    live(city)
    before = every_figure(tmp_path)
    assert before["home"].closed == 1, "there is something to disturb"
    drill, numbers = exercise(city)
    assert set(db.session.scalars(select(Order.is_drill).where(Order.emergency_id == drill))) == {True}
    after = every_figure(tmp_path)
    for name, figure in before.items():
        assert after[name] == figure, name
    close_emergency(drill, city.office, reason="演练完成", now=NOW + timedelta(days=12))
    closed_after = every_figure(tmp_path)
    for name, figure in before.items():
        assert closed_after[name] == figure, f"{name}, after the closing"
    assert order_of(numbers["placed"]).status == "unmet"
    assert list(check_orders()) == []


def test_an_exercise_gives_nobody_hours_marks_or_calls():
    city = make_city()
    _drill, numbers = exercise(city)
    for model in (HoursEntry, NoShow, CallBack, Attendance):
        assert db.session.scalar(select(func.count()).select_from(model)) == 0, model.__name__
    assert get_served(city.crew[0]).services == 0
    done = order_of(numbers["closed"])
    with pytest.raises(Refused, match="drill_hours"):
        propose_late(
            done.number, city.team, volunteer_id=city.crew[1], minutes=60, reason="forgotten", text="忘了", now=LATER
        )
    day = (NOW + timedelta(days=8)).date()
    assert draw_day(day, LATER).closed_count == 0
    assert list_unconfirmed(city.community) == []


def test_a_real_order_is_not_merged_into_an_exercise():
    city = make_city()
    drill = opened(city, is_drill=True)
    real = placed(city).number
    pretend = placed(city, actor=city.community, emergency_id=drill).number
    with pytest.raises(Refused) as refused:
        merge_order(real, city.community, into_number=pretend, now=NOW)
    assert refused.value.about["fault"] == "drill"


def test_an_exercise_jumps_queues_and_wakes_nobody():
    city = make_city()
    drill = opened(city, is_drill=True)
    order = order_of(placed(city, actor=city.community, emergency_id=drill).number)
    assert order.urgency == "emergency"
    assert not order.is_emergency
    push_services(drill, push_of(), city.department, key="p" * 20, now=NOW)
    rows = db.session.execute(select(Notice.is_emergency).where(Notice.order_id.is_not(None)))
    assert {row.is_emergency for row in rows} == {False}


def test_the_sheet_of_an_exercise_counts_what_the_exercise_did():
    city = make_city()
    drill, _numbers = exercise(city)
    close_emergency(drill, city.office, reason="演练完成", now=NOW + timedelta(days=12))
    figures = get_emergency(drill).review.figures
    assert figures["orders"] == 7
    assert figures["services"] == 1
    assert figures["attendance"] == 55
    assert figures["volunteers"] == 1
    assert figures["open"] == 6, "what was open just before the closing ended it"
    assert figures["unmet"] == 0
