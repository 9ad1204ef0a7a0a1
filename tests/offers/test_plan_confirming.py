"""All open lines of a plan confirmed by the worker: in pieces, stopped, taken up again, on both databases."""

from collections import Counter
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from qtxvol.accounts.models import Account, Seat
from qtxvol.extensions import db
from qtxvol.offers import plan_confirming
from qtxvol.offers.models import PlanLine, PlanRun
from qtxvol.offers.plan_confirming import (
    WAITS_AT_MOST,
    RunView,
    ask_to_confirm_all,
    confirm_next,
    count_open,
    stop_confirming,
    view_run,
)
from qtxvol.offers.plan_solving import DEAD_AFTER, solve_next
from qtxvol.offers.plans import ask_for_plan, confirm_lines, skip_lines
from qtxvol.orders.decline import cancel_order
from qtxvol.orders.models import Offer, Order
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team, Volunteer
from tests.factories import NOW, City, claimed, make_city

SECOND = timedelta(seconds=1)
NIGHT = NOW + timedelta(hours=13)


@pytest.fixture
def city(ctx: None) -> City:
    return roomy()


@pytest.fixture
def on_sqlite(ctx_sqlite: None) -> City:
    """Where the database makes no difference."""
    return roomy()


@pytest.fixture(autouse=True)
def two_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_confirming, "CHUNK", 2)


def roomy() -> City:
    city = make_city()
    with transaction():
        db.session.execute(update(Team).values(weekly_capacity=50))
        db.session.execute(update(Volunteer).values(weekly_load=20))
    return city


def planned(city: City, orders: int = 5) -> int:
    """A plan in which every order has a team."""
    for _ in range(orders):
        claimed(city)
    plan_id = ask_for_plan(city.department, NOW)
    assert solve_next(NOW, "here", clock=lambda: NOW)
    assert statuses(plan_id) == {"proposed": orders}
    return plan_id


def statuses(plan_id: int) -> Counter[str]:
    db.session.rollback()
    return Counter(db.session.scalars(select(PlanLine.status).where(PlanLine.plan_id == plan_id)))


def open_ids(plan_id: int) -> list[int]:
    db.session.rollback()
    wanted = select(PlanLine.id).where(PlanLine.plan_id == plan_id, PlanLine.status == "proposed")
    return list(db.session.scalars(wanted.order_by(PlanLine.id)))


def run_of(plan_id: int) -> RunView:
    db.session.rollback()
    run = view_run(plan_id)
    assert run is not None
    return run


def work(now: datetime = NOW, worker: str = "here") -> bool:
    return confirm_next(now, worker, clock=lambda: now)


def interrupted(monkeypatch: pytest.MonkeyPatch, act) -> None:  # type: ignore[no-untyped-def]
    """`act` is called after the first piece has been confirmed."""
    calls: list[int] = []

    def confirming(*given, **more):  # type: ignore[no-untyped-def]
        told = confirm_lines(*given, **more)
        calls.append(1)
        if len(calls) == 1:
            act()
        return told

    monkeypatch.setattr(plan_confirming, "confirm_lines", confirming)


def asked_twice() -> list[tuple[int, int]]:
    db.session.rollback()
    found = Counter((row.order_id, row.team_id) for row in db.session.execute(select(Offer.order_id, Offer.team_id)))
    return [pair for pair, times in found.items() if times > 1]


def test_all_open_lines_are_confirmed_and_stale_ones_refused(city: City) -> None:
    plan_id = planned(city)
    skip_lines(plan_id, open_ids(plan_id)[:1], city.department, NOW)
    gone = db.session.scalars(
        select(Order.number).join(PlanLine, PlanLine.order_id == Order.id).where(PlanLine.id == open_ids(plan_id)[0])
    ).one()
    cancel_order(gone, city.resident, reason="weather", now=NOW)
    assert count_open(plan_id, NOW).lines == 4
    ask_to_confirm_all(plan_id, city.department, NOW)
    assert run_of(plan_id).is_running
    assert work()
    assert not work()
    assert statuses(plan_id) == {"confirmed": 3, "refused": 1, "skipped": 1}
    told = run_of(plan_id)
    assert (told.run.ending, told.run.done, told.confirmed, told.refused, told.percent) == ("done", 4, 3, 1, 100)
    assert {offer.asked_by for offer in db.session.scalars(select(Offer))} == {"plan"}


def test_asked_for_twice_is_one_run_and_after_it_nothing_is_open(city: City) -> None:
    plan_id = planned(city, 3)
    first = ask_to_confirm_all(plan_id, city.department, NOW)
    assert ask_to_confirm_all(plan_id, city.department, NOW, is_handed=True) == first
    assert work()
    with pytest.raises(Refused, match="nothing_open"):
        ask_to_confirm_all(plan_id, city.department, NOW)
    assert db.session.scalars(select(Order.id).where(Order.handed_team_id.is_not(None))).all() == []


def test_where_a_worker_died_another_goes_on_and_asks_nobody_twice(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    plan_id = planned(city)
    ask_to_confirm_all(plan_id, city.department, NOW)

    def die() -> None:
        raise OperationalError("", {}, Exception("the database is gone"))

    with monkeypatch.context() as patch:
        interrupted(patch, die)
        assert work(worker="dead")
    assert statuses(plan_id) == {"confirmed": 2, "proposed": 3}
    assert not work(NOW + DEAD_AFTER - SECOND, "heir")
    assert work(NOW + DEAD_AFTER, "heir")
    assert statuses(plan_id) == {"confirmed": 5}
    assert (run_of(plan_id).run.worker, run_of(plan_id).confirmed) == ("heir", 5)
    assert asked_twice() == []


def test_a_worker_that_was_thought_dead_stops(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    plan_id = planned(city)
    ask_to_confirm_all(plan_id, city.department, NOW)
    interrupted(monkeypatch, lambda: work(NOW + DEAD_AFTER, "heir"))
    assert work(worker="slow")
    assert statuses(plan_id) == {"confirmed": 5}
    assert run_of(plan_id).run.worker == "heir"
    assert asked_twice() == []


def test_it_is_stopped_on_the_way_and_what_is_confirmed_stays(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    plan_id = planned(city)
    ask_to_confirm_all(plan_id, city.department, NOW)
    interrupted(monkeypatch, lambda: stop_confirming(plan_id, city.department, NOW))
    assert work()
    assert statuses(plan_id) == {"confirmed": 2, "proposed": 3}
    told = run_of(plan_id)
    assert (told.run.ending, told.confirmed) == ("stopped", 2)
    assert not stop_confirming(plan_id, city.department, NOW)
    ask_to_confirm_all(plan_id, city.department, NOW)
    assert work()
    assert statuses(plan_id) == {"confirmed": 5}


def test_a_process_that_ends_in_good_order_gives_the_rest_back(city: City) -> None:
    plan_id = planned(city)
    ask_to_confirm_all(plan_id, city.department, NOW)
    turns = iter([False, True])
    assert confirm_next(NOW, "leaving", clock=lambda: NOW, is_stopping=lambda: next(turns))
    assert statuses(plan_id) == {"confirmed": 2, "proposed": 3}
    assert work(worker="next")
    assert statuses(plan_id) == {"confirmed": 5}
    assert run_of(plan_id).run.done == 5


def test_nothing_goes_out_long_after_the_button_was_pressed(on_sqlite: City) -> None:
    plan_id = planned(on_sqlite, 2)
    ask_to_confirm_all(plan_id, on_sqlite.department, NOW)
    assert not work(NOW + WAITS_AT_MOST)
    assert run_of(plan_id).run.ending == "nobody"
    assert statuses(plan_id) == {"proposed": 2}


@pytest.mark.parametrize("loss", ["account", "seat"])
def test_in_the_name_of_somebody_who_left_nobody_is_asked(on_sqlite: City, loss: str) -> None:
    plan_id = planned(on_sqlite, 2)
    ask_to_confirm_all(plan_id, on_sqlite.department, NOW)
    mine = on_sqlite.department.account_id
    with transaction():
        if loss == "account":
            db.session.execute(update(Account).where(Account.id == mine).values(is_active=False))
        else:
            db.session.execute(update(Seat).where(Seat.account_id == mine).values(department_id="education"))
    assert work()
    assert run_of(plan_id).run.ending == "no_seat"
    assert statuses(plan_id) == {"proposed": 2}


def test_the_office_confirms_the_whole_city(on_sqlite: City) -> None:
    for _ in range(3):
        claimed(on_sqlite)
    plan_id = ask_for_plan(on_sqlite.office, NOW)
    assert solve_next(NOW, "here", clock=lambda: NOW)
    ask_to_confirm_all(plan_id, on_sqlite.office, NOW, is_handed=True)
    assert work()
    assert statuses(plan_id) == {"confirmed": 3}
    assert len(db.session.scalars(select(Order.id).where(Order.handed_team_id.is_not(None))).all()) == 3


def test_whose_plan_and_when(on_sqlite: City) -> None:
    plan_id = planned(on_sqlite, 1)
    for verb in (ask_to_confirm_all, stop_confirming):
        with pytest.raises(NotFound):
            verb(plan_id, on_sqlite.other_department, NOW)
        with pytest.raises(Refused, match="wrong_party"):
            verb(plan_id, on_sqlite.team, NOW)
    waiting = ask_for_plan(on_sqlite.department, NOW)
    with pytest.raises(Refused, match="plan_not_ready"):
        ask_to_confirm_all(waiting, on_sqlite.department, NOW)
    with pytest.raises(Refused, match="nothing_open"):
        ask_to_confirm_all(plan_id, on_sqlite.department, NIGHT)
    assert (count_open(plan_id, NIGHT).lines, count_open(plan_id, NIGHT).asleep) == (0, 1)


def test_lines_that_the_evening_overtakes_stay_open(on_sqlite: City) -> None:
    plan_id = planned(on_sqlite, 3)
    ask_to_confirm_all(plan_id, on_sqlite.department, NOW)
    assert confirm_next(NOW, "here", clock=lambda: NIGHT)
    told = run_of(plan_id)
    assert (told.run.ending, told.run.done, told.confirmed) == ("done", 3, 0)
    assert statuses(plan_id) == {"proposed": 3}


def test_a_line_that_cannot_be_dealt_with_keeps_no_other_from_it(
    on_sqlite: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan_id = planned(on_sqlite, 4)
    broken = open_ids(plan_id)[1]

    def confirming(plan: int, lines: list[int], *given, **more):  # type: ignore[no-untyped-def]
        if broken in lines:
            raise RuntimeError("broken row")
        return confirm_lines(plan, lines, *given, **more)

    monkeypatch.setattr(plan_confirming, "confirm_lines", confirming)
    ask_to_confirm_all(plan_id, on_sqlite.department, NOW)
    assert work()
    assert open_ids(plan_id) == [broken]
    assert db.session.scalars(select(PlanRun.ending)).all() == ["done"]
