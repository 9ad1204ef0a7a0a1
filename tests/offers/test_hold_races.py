"""Two at the same moment: one team holds, nobody is promised twice, an order is accepted once, a job that runs twice
asks nobody twice. Through the services, each in a thread with a connection of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from qtxvol.extensions import db
from qtxvol.notices.models import Notice
from qtxvol.offers.holds import advance_holds, hold_order, let_go_order
from qtxvol.offers.models import MatchRule
from qtxvol.orders.check import check_orders
from qtxvol.orders.decline import cancel_order
from qtxvol.orders.models import Crew, CrewAsk, Hold, Order, OrderEvent
from qtxvol.orders.serve import accept_order
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from tests.databases import running_app, settings_for
from tests.factories import NOW, City, claimed, make_city, make_team, window
from tests.offers.crews import TIME, asked_of, asks_of, held, lend, say, takes, with_people
from tests.offers.test_holds import WAIT
from tests.orders.test_races import ROOM, at_once


@pytest.fixture
def roomy_app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    with running_app(settings_for(database_url, tmp_path, extra=ROOM)) as app:
        yield app


@pytest.fixture
def city(roomy_app: Flask) -> City:
    with roomy_app.app_context():
        return make_city()


def quietly(run: Callable[[], Any]) -> Callable[[], Any]:
    """`at_once` lets a refusal pass; of an order that somebody else has just ended, also that it is gone."""

    def tried() -> Any:
        try:
            return run()
        except NotFound:
            return Refused("gone", 404)

    return tried


def test_of_eight_teams_that_say_yes_at_once_one_holds(roomy_app: Flask, city: City):
    with roomy_app.app_context():
        order = claimed(city)
        teams = [make_team("health", themes=("health",))[0] for _ in range(8)]

    def taker(team: Any) -> Callable[[], Any]:
        return lambda: hold_order(order.number, team, agreed=TIME, now=NOW)

    answers = at_once(roomy_app, [taker(team) for team in teams])
    winners = [team for team, answer in zip(teams, answers, strict=True) if not isinstance(answer, Refused)]
    assert len(winners) == 1
    assert {answer.code for answer in answers if isinstance(answer, Refused)} == {"is_held"}
    with roomy_app.app_context():
        assert db.session.scalars(select(Hold.team_id)).all() == [winners[0].team_id]
        assert db.session.scalars(select(Order.held_team_id)).all() == [winners[0].team_id]
        assert list(check_orders()) == []


def test_nobody_is_promised_to_two_services_at_one_time(roomy_app: Flask, city: City):
    """Everybody says yes to both at once: each comes to one."""
    with roomy_app.app_context():
        orders = [held(city) for _ in range(2)]
        both = set(asked_of(orders[0])) & set(asked_of(orders[1]))
        assert both

    def sayer(order: Any, who: int) -> Callable[[], Any]:
        return quietly(lambda: say(order, who, "yes"))

    at_once(roomy_app, [sayer(order, who) for order in orders for who in sorted(both)])
    with roomy_app.app_context():
        named = db.session.scalars(select(Crew.volunteer_id)).all()
        assert len(named) == len(set(named))
        taken = db.session.scalars(
            select(CrewAsk.volunteer_id).where(CrewAsk.answer == "yes", CrewAsk.ending.in_(("", "named")))
        ).all()
        assert len(taken) == len(set(taken))
        assert list(check_orders()) == []


def test_of_several_who_say_yes_at_once_just_enough_come(roomy_app: Flask, city: City):
    with roomy_app.app_context():
        with_people(city.team, 6)
        order = held(city)
        asked = asked_of(order)
        assert len(asked) > 1

    def sayer(who: int) -> Callable[[], Any]:
        return quietly(lambda: say(order, who, "yes"))

    answers = at_once(roomy_app, [sayer(who) for who in asked])
    assert sum(not isinstance(answer, Refused) for answer in answers) == 1
    assert {answer.code for answer in answers if isinstance(answer, Refused)} <= {"join_over", "gone"}
    with roomy_app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Crew)) == 1
        steps = select(OrderEvent.action).where(OrderEvent.order_id == order.order_id, OrderEvent.action == "accept")
        assert db.session.scalars(steps).all() == ["accept"]
        assert list(check_orders()) == []


def test_a_yes_a_cancellation_and_letting_go_leave_one_ending(roomy_app: Flask, city: City):
    with roomy_app.app_context():
        order = held(city)
        who = asked_of(order)[0]
    runs = [
        lambda: say(order, who, "yes"),
        lambda: cancel_order(order.number, city.resident, reason="weather", now=NOW),
        lambda: let_go_order(order.number, city.team, reason="no_time", now=NOW),
    ]
    at_once(roomy_app, [quietly(run) for run in runs])
    with roomy_app.app_context():
        assert db.session.scalars(select(Hold.id).where(Hold.ended_at.is_(None))).all() == []
        assert list(check_orders()) == []


def test_workers_that_look_at_once_ask_nobody_twice(roomy_app: Flask, city: City):
    with roomy_app.app_context():
        with_people(city.team, 9)
        orders = [held(city)]
        first = asked_of(orders[0])
    moved = at_once(roomy_app, [lambda: advance_holds(NOW + WAIT)] * 4)
    assert sum(moved) == 1
    with roomy_app.app_context():
        asked = [ask for ask in asks_of(orders[0]) if ask.asked_at is not None]
        told = db.session.scalar(select(func.count()).where(Notice.kind == "join_ask"))
        assert told == len(asked)
        assert {ask.volunteer_id for ask in asked if ask.ending == "silent"} == set(first)
        assert list(check_orders()) == []


def test_teams_that_ask_the_same_neighbours_at_once_ask_nobody_too_often_and_block_nobody(roomy_app: Flask, city: City):
    with roomy_app.app_context():
        takes(2)
        lend(city.other_team)
        office = city.office.account_id or 0
        with transaction():
            db.session.add(MatchRule(name="volunteer_asks_a_week", value=1, set_by_account_id=office, set_at=NOW))
        teams = [make_team("health", themes=("health",), people=1)[0] for _ in range(4)]
        orders = [claimed(city) for _ in range(8)]

    def holder(place: int) -> Callable[[], Any]:
        return lambda: hold_order(orders[place].number, teams[place], agreed=window(place + 1), now=NOW)

    def accepter(place: int) -> Callable[[], Any]:
        crew = list(reversed(city.other_crew))
        when = window(place + 6)
        return lambda: accept_order(orders[place + 4].number, city.other_team, agreed=when, volunteer_ids=crew, now=NOW)

    answers = at_once(roomy_app, [each(place) for place in range(4) for each in (holder, accepter)])
    with roomy_app.app_context():
        accepted = select(func.count()).select_from(Order).where(Order.status == "accepted")
        assert db.session.scalar(accepted) == sum(not isinstance(each, Refused) for each in answers[1::2]) > 0
        asked = select(CrewAsk.volunteer_id, func.count()).where(CrewAsk.asked_at.is_not(None))
        counts = list(db.session.execute(asked.group_by(CrewAsk.volunteer_id)))
        assert any(who in city.other_crew for who, _number in counts)
        assert {number for _who, number in counts} == {1}
        assert list(check_orders()) == []
