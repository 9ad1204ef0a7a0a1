"""The worker's own thread for plans: begins what waits, leaves nothing lost when the process ends."""

from flask import Flask
from sqlalchemy import select, update

from qtxvol.accounts.seats import find_actor
from qtxvol.base import utcnow
from qtxvol.extensions import db
from qtxvol.jobs.planner import Planner
from qtxvol.offers import plan_solving
from qtxvol.offers.models import MatchPlan, PlanLine, PlanRun
from qtxvol.offers.plan_confirming import ask_to_confirm_all
from qtxvol.offers.plans import ask_for_plan
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import Order
from qtxvol.storage import transaction
from tests.factories import claimed, make_city


def asked(app: Flask) -> int:
    with app.app_context():
        now = utcnow()
        city = make_city(now)
        claimed(city, now)
        return ask_for_plan(city.department, now)


def status_of(app: Flask, plan_id: int) -> str:
    with app.app_context():
        return str(db.session.scalar(select(MatchPlan.status).where(MatchPlan.id == plan_id)))


def finish(planner: Planner) -> None:
    """Wait until the thread has nothing more to do."""
    assert planner._running is not None
    planner._running.result(timeout=60)


def test_what_waits_is_solved_in_a_thread_of_its_own(app: Flask) -> None:
    plan_id = asked(app)
    planner = Planner(app)
    planner.look()
    finish(planner)
    assert status_of(app, plan_id) == "ready"
    planner.look()  # nothing waits any more
    finish(planner)
    planner.stop()


def test_a_process_that_ends_gives_the_plan_back(app_sqlite: Flask, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    plan_id = asked(app_sqlite)
    planner = Planner(app_sqlite)
    make_plan = plan_solving.make_plan

    def planning(*given, **more):  # type: ignore[no-untyped-def]
        planner._stopping.set()  # the process is told to end in the midst of it
        return make_plan(*given, **more)

    monkeypatch.setattr(plan_solving, "make_plan", planning)
    planner.look()
    finish(planner)
    planner.stop()
    assert status_of(app_sqlite, plan_id) == "waiting"
    planner.look()
    assert status_of(app_sqlite, plan_id) == "waiting"


def test_a_planner_that_cannot_reach_the_database_goes_on_looking(app_sqlite: Flask, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    plan_id = asked(app_sqlite)
    planner = Planner(app_sqlite)
    with monkeypatch.context() as patch:
        patch.setattr("qtxvol.jobs.planner.solve_next", lambda *_given, **_more: 1 / 0)
        planner.look()
        finish(planner)
    planner.look()
    finish(planner)
    planner.stop()
    assert status_of(app_sqlite, plan_id) == "ready"


def test_a_plan_that_is_wanted_whole_is_confirmed_in_the_same_thread(app_sqlite: Flask) -> None:
    plan_id, planner = asked(app_sqlite), Planner(app_sqlite)
    planner.look()
    finish(planner)
    with app_sqlite.app_context():
        department = find_actor(db.session.scalars(select(MatchPlan.asked_by_account_id)).one(), Party.DEPARTMENT)
        assert department
        with transaction():  # at whatever hour this test runs
            db.session.execute(update(Order).values(urgency="emergency"))
        ask_to_confirm_all(plan_id, department, utcnow())
    planner.look()
    finish(planner)
    planner.stop()
    with app_sqlite.app_context():
        assert db.session.scalars(select(PlanLine.status)).all() == ["confirmed"]
        assert db.session.scalars(select(PlanRun.ending)).all() == ["done"]
