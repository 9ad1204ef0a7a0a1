"""Many workers, leaders and departments at the same moment: each order is asked for once, one yes wins, caps hold."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from qtxvol.extensions import db
from qtxvol.notices.answers import Given, answer_at_desk
from qtxvol.notices.models import Notice
from qtxvol.offers.holds import hold_order
from qtxvol.offers.rules import set_weights
from qtxvol.offers.waves import ask_due, ask_next_wave
from qtxvol.orders.check import check_orders
from qtxvol.orders.claim import claim_order, offer_order
from qtxvol.orders.models import Offer, Order
from qtxvol.orders.serve import accept_order
from qtxvol.orders.transition import Outcome
from qtxvol.refusals import Refused
from qtxvol.web.wording import refusal_sentence
from tests.databases import running_app, settings_for
from tests.factories import NOW, City, dispatched, make_city, make_team, window

WORKERS = 4


@pytest.fixture
def roomy_app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    engine = {"SQLALCHEMY_ENGINE_OPTIONS": {"pool_size": 20}}
    with running_app(settings_for(database_url, tmp_path, extra=engine)) as app:
        yield app


def at_once(app: Flask, runs: Sequence[Callable[[], Any]]) -> list[Any]:
    """What each returned, or the refusal that it got."""
    barrier = Barrier(len(runs), timeout=60)

    def run(one: Callable[[], Any]) -> Any:
        with app.app_context():
            db.session.execute(select(1))
            db.session.rollback()
            barrier.wait()
            try:
                return one()
            except Refused as refusal:
                return refusal

    with ThreadPoolExecutor(len(runs)) as pool:
        return list(pool.map(run, runs))


def auto(city: City, count: int) -> list[Outcome]:
    orders = [dispatched(city) for _ in range(count)]
    return [claim_order(each.number, city.department, is_auto_asked=True, now=NOW) for each in orders]


def test_several_workers_ask_for_each_order_once(roomy_app: Flask):
    with roomy_app.app_context():
        city = make_city()
        orders = auto(city, 6)
    counts = at_once(roomy_app, [lambda: ask_due(NOW)] * WORKERS)
    with roomy_app.app_context():
        asked = Counter(db.session.scalars(select(Offer.order_id)))
        assert asked == dict.fromkeys((each.order_id for each in orders), 1)
        assert sum(counts) == len(orders)
        assert set(db.session.scalars(select(Order.waves_count))) == {1}
        told = db.session.scalars(select(Notice.order_id).where(Notice.kind == "offer")).all()
        assert len(told) == len(orders)
        assert list(check_orders()) == []


def test_several_workers_together_keep_to_a_teams_week(roomy_app: Flask):
    with roomy_app.app_context():
        city = make_city()
        set_weights(city.office, {"team_asks_a_week": 2}, NOW)
        orders = auto(city, 8)
        numbers = [each.number for each in orders]
    # two workers asking for different orders of the same teams: each of them alone would keep to the cap
    taps = [lambda n=number: ask_next_wave(n, city.department, now=NOW) for number in numbers]
    at_once(roomy_app, taps)
    with roomy_app.app_context():
        assert max(Counter(db.session.scalars(select(Offer.team_id))).values()) <= 2
        assert list(check_orders()) == []


def test_two_leaders_say_yes_at_once_and_the_other_may_stand_by(roomy_app: Flask):
    with roomy_app.app_context():
        city = make_city()
        teams = [city.team, city.other_team]
        [order] = auto(city, 1)
        offer_order(order.number, city.department, team_ids=[each.team_id for each in teams], now=NOW)

    def say_yes(team: Any) -> Callable[[], Outcome]:
        return lambda: hold_order(order.number, team, agreed=window(3), now=NOW)

    answers = at_once(roomy_app, [say_yes(team) for team in teams])
    lost = [index for index, answer in enumerate(answers) if isinstance(answer, Refused)]
    assert len(lost) == 1
    loser, winner = teams[lost[0]], teams[1 - lost[0]]
    with roomy_app.test_request_context():
        assert answers[lost[0]].code == "is_held"
        assert refusal_sentence(answers[lost[0]])
        assert db.session.scalars(select(Order.held_team_id)).one() == winner.team_id
        told = select(Notice.scope).where(Notice.kind == "hold", Notice.party == "team")
        assert db.session.scalars(told).all() == [str(loser.team_id)]  # at once
        answer_at_desk(order.number, loser, Given(is_yes=True), NOW)
        by_team = {offer.team_id: offer.answer for offer in db.session.scalars(select(Offer))}
        assert by_team == {winner.team_id: "held", loser.team_id: "standby"}
        assert list(check_orders()) == []


def test_two_leaders_with_their_people_named_accept_at_once_and_one_has_it(roomy_app: Flask):
    with roomy_app.app_context():
        city = make_city()
        [order] = auto(city, 1)
        teams = [(city.team, city.crew), (city.other_team, city.other_crew)]
        offer_order(order.number, city.department, team_ids=[team.team_id for team, _crew in teams], now=NOW)

    def accept(team: Any, crew: tuple[int, ...]) -> Callable[[], Outcome]:
        return lambda: accept_order(order.number, team, agreed=window(3), volunteer_ids=crew[:1], now=NOW)

    answers = at_once(roomy_app, [accept(*each) for each in teams])
    lost = [index for index, answer in enumerate(answers) if isinstance(answer, Refused)]
    assert len(lost) == 1
    winner, loser = teams[1 - lost[0]][0], teams[lost[0]][0]
    with roomy_app.test_request_context():
        assert (answers[lost[0]].code, answers[lost[0]].about["winner"]) == ("wrong_status", winner.name)
        assert winner.name in refusal_sentence(answers[lost[0]])
        told = select(Notice.scope).where(Notice.kind == "accept", Notice.party == "team")
        assert db.session.scalars(told).all() == [str(loser.team_id)]
        assert ask_due(NOW) == 0
        assert list(check_orders()) == []


def test_a_worker_and_a_department_ask_at_once_and_nobody_is_asked_twice(roomy_app: Flask):
    with roomy_app.app_context():
        city = make_city()
        for _ in range(4):
            make_team("health", themes=("health",))
        [order] = auto(city, 1)
    at_once(
        roomy_app,
        [
            *[lambda: ask_due(NOW)] * 2,
            *[lambda: ask_next_wave(order.number, city.department, now=NOW, key="tap")] * 3,
        ],
    )
    with roomy_app.app_context():
        offers = db.session.scalars(select(Offer)).all()
        assert len({offer.team_id for offer in offers}) == len(offers)
        by_hand = {offer.wave for offer in offers if offer.asked_by == "department"}
        assert len(by_hand) == 1, "three taps of one button are one wave, of two teams where the worker came before"
        assert len({offer.wave for offer in offers}) == db.session.scalars(select(Order.waves_count)).one()
        assert list(check_orders()) == []
