"""Many people press one button at the same moment: one wins, the others read who won, the record holds.

Through the services, each thread with an app context and so a connection of its own. The pool on PostgreSQL
gets room for all of them: these tests are about rows, not about waiting for a connection.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from qtxvol.accounts.attempts import SIGN_IN_ACCOUNT, count_attempt
from qtxvol.accounts.models import Attempt
from qtxvol.extensions import db
from qtxvol.orders.check import check_orders
from qtxvol.orders.claim import claim_order
from qtxvol.orders.decline import cancel_order, merge_order
from qtxvol.orders.dispatch import dispatch_order
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import Crew, Order, OrderEvent
from qtxvol.orders.place import place_order
from qtxvol.orders.serve import accept_order
from qtxvol.orders.undo import recall_order, split_order
from qtxvol.refusals import Refused
from tests.databases import running_app, settings_for
from tests.factories import (
    COMMUNITY,
    NOW,
    City,
    claimed,
    dispatched,
    make_actor,
    make_city,
    make_team,
    make_wish,
    placed,
    window,
)

ROOM = {"SQLALCHEMY_ENGINE_OPTIONS": {"pool_size": 60}}


@pytest.fixture
def roomy_app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    with running_app(settings_for(database_url, tmp_path, extra=ROOM)) as app:
        yield app


@pytest.fixture
def city(roomy_app: Flask) -> City:
    with roomy_app.app_context():
        return make_city()


def at_once(app: Flask, runs: Sequence[Callable[[], Any]]) -> list[Any]:
    """Let all run at the same moment, each in a thread and app context of its own.

    :return: what each returned, or the `Refused` that it got, in the order of `runs`; any other error is raised.
    """
    barrier = Barrier(len(runs), timeout=60)

    def run(one: Callable[[], Any]) -> Any:
        with app.app_context():
            db.session.execute(select(1))  # connected: what follows is a matter of microseconds
            barrier.wait()
            try:
                return one()
            except Refused as refusal:
                return refusal

    with ThreadPoolExecutor(len(runs)) as pool:
        return list(pool.map(run, runs))


def assert_one_winner(app: Flask, answers: Sequence[Any], number: str, names: Sequence[str], action: str) -> None:
    """One won, all others read the winner's name, one event was written, and the record holds."""
    winners = [index for index, answer in enumerate(answers) if not isinstance(answer, Refused)]
    assert len(winners) == 1
    losers = [answer for answer in answers if isinstance(answer, Refused)]
    assert {(refusal.code, refusal.status) for refusal in losers} == {("wrong_status", 409)}
    assert {refusal.about["winner"] for refusal in losers} == {names[winners[0]]}
    with app.app_context():
        events = db.session.scalars(
            select(OrderEvent.actor_name)
            .join(Order, Order.id == OrderEvent.order_id)
            .where(Order.number == number, OrderEvent.action == action)
        ).all()
        assert events == [names[winners[0]]]
        assert list(check_orders()) == []


def test_fifty_teams_accept_one_order_and_one_has_it(roomy_app: Flask, city: City):
    with roomy_app.app_context():
        order = claimed(city)
        teams = [make_team("health", themes=("health",), people=1) for _ in range(50)]

    def taker(team, crew):
        return lambda: accept_order(order.number, team, agreed=window(3), volunteer_ids=crew, now=NOW)

    answers = at_once(roomy_app, [taker(*team) for team in teams])
    assert_one_winner(roomy_app, answers, order.number, [team.name for team, _ in teams], "accept")
    with roomy_app.app_context():
        winner = next(i for i, answer in enumerate(answers) if not isinstance(answer, Refused))
        assert db.session.scalars(select(Crew.volunteer_id)).all() == list(teams[winner][1])
        assert db.session.scalars(select(Order.team_id)).one() == teams[winner][0].team_id


def test_twenty_liaisons_claim_one_order_and_one_has_it(roomy_app: Flask, city: City):
    with roomy_app.app_context():
        order = dispatched(city)
        desks = [make_actor(Party.DEPARTMENT, f"卫健局{i}号桌", department_id="health") for i in range(20)]
    answers = at_once(roomy_app, [lambda d=desk: claim_order(order.number, d, now=NOW) for desk in desks])
    assert_one_winner(roomy_app, answers, order.number, [desk.name for desk in desks], "claim")


def test_twenty_clerks_dispatch_one_order_to_one_department(roomy_app: Flask, city: City):
    with roomy_app.app_context():
        order = placed(city)
        clerks = [make_actor(Party.COMMUNITY, f"东街{i}号窗口", division_code=COMMUNITY) for i in range(20)]

    def sender(index, clerk):
        department = ("health", "education")[index % 2]
        return lambda: dispatch_order(order.number, clerk, department_id=department, now=NOW)

    answers = at_once(roomy_app, [sender(*pair) for pair in enumerate(clerks)])
    assert_one_winner(roomy_app, answers, order.number, [clerk.name for clerk in clerks], "dispatch")
    with roomy_app.app_context():
        winner = next(i for i, answer in enumerate(answers) if not isinstance(answer, Refused))
        assert db.session.scalars(select(Order.department_id)).one() == ("health", "education")[winner % 2]


def test_one_person_is_not_sent_to_two_places(roomy_app: Flask, city: City):
    with roomy_app.app_context():
        orders = [claimed(city) for _ in range(6)]

    def taker(number):
        return lambda: accept_order(number, city.team, agreed=window(3), volunteer_ids=city.crew[:1], now=NOW)

    answers = at_once(roomy_app, [taker(order.number) for order in orders])
    refusals = [answer for answer in answers if isinstance(answer, Refused)]
    assert [(refusal.code, refusal.status) for refusal in refusals] == [("person_busy", 409)] * 5
    with roomy_app.app_context():
        assert db.session.scalar(select(func.count()).where(Order.status == "accepted")) == 1
        assert db.session.scalar(select(func.count()).select_from(Crew)) == 1
        assert list(check_orders()) == []


def test_the_same_form_from_twenty_taps_is_one_order(roomy_app: Flask, city: City):
    answers = at_once(
        roomy_app, [lambda: place_order(make_wish(), city.resident, key="form-1", now=NOW) for _ in range(20)]
    )
    assert len({answer.number for answer in answers}) == 1
    assert sorted(answer.is_repeat for answer in answers) == [False] + [True] * 19
    with roomy_app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Order)) == 1
        assert db.session.scalar(select(func.count()).select_from(OrderEvent)) == 1
        assert list(check_orders()) == []


def test_the_winners_double_taps_are_quiet(roomy_app: Flask, city: City):
    with roomy_app.app_context():
        order = dispatched(city)
    answers = at_once(roomy_app, [lambda: claim_order(order.number, city.department, now=NOW)] * 10)
    assert sorted(answer.is_repeat for answer in answers) == [False] + [True] * 9


def test_a_cancel_and_an_accept_at_once_are_one_after_the_other(roomy_app: Flask, city: City):
    """Accepted and then cancelled, or cancelled and then refused; never half of each."""
    with roomy_app.app_context():
        orders = [claimed(city) for _ in range(4)]
    runs = []
    for day, order in enumerate(orders, 3):
        agreed, number = window(day), order.number
        runs.append(lambda n=number: cancel_order(n, city.resident, reason="weather", now=NOW))
        runs.append(
            lambda n=number, a=agreed: accept_order(n, city.team, agreed=a, volunteer_ids=city.crew[:1], now=NOW)
        )
    try:
        at_once(roomy_app, runs)
    except Exception as error:  # a team of the pool may no longer know of an order that was cancelled
        assert type(error).__name__ == "NotFound"  # noqa: PT017
    with roomy_app.app_context():
        assert set(db.session.scalars(select(Order.status))) == {"cancelled"}
        assert list(check_orders()) == []


def test_a_recall_and_a_claim_at_once_have_one_winner_whose_name_the_other_reads(roomy_app: Flask, city: City):
    with roomy_app.app_context():
        orders = [dispatched(city) for _ in range(6)]
    runs = []
    for order in orders:
        runs.append(lambda n=order.number: claim_order(n, city.department, now=NOW))
        runs.append(lambda n=order.number: recall_order(n, city.community, now=NOW))
    answers = at_once(roomy_app, runs)
    with roomy_app.app_context():
        for index, order in enumerate(orders):
            claim, recall = answers[2 * index : 2 * index + 2]
            loser, winner = (claim, city.community) if isinstance(claim, Refused) else (recall, city.department)
            assert isinstance(claim, Refused) != isinstance(recall, Refused)
            assert (loser.code, loser.status, loser.about["winner"]) == ("wrong_status", 409, winner.name)
            expected = "placed" if winner is city.community else "claimed"
            assert db.session.scalar(select(Order.status).where(Order.number == order.number)) == expected
        assert list(check_orders()) == []


def test_twenty_clerks_recall_one_order_and_it_is_recalled_once(roomy_app: Flask, city: City):
    with roomy_app.app_context():
        order = dispatched(city)
        clerks = [make_actor(Party.COMMUNITY, f"东街{i}号窗口", division_code=COMMUNITY) for i in range(20)]
    answers = at_once(roomy_app, [lambda c=clerk: recall_order(order.number, c, now=NOW) for clerk in clerks])
    assert_one_winner(roomy_app, answers, order.number, [clerk.name for clerk in clerks], "recall")


def test_splitting_and_merging_one_family_at_once_leaves_nobody_two_steps_away(roomy_app: Flask, city: City):
    with roomy_app.app_context():
        first, host, other = placed(city), placed(city), placed(city)
        merge_order(first.number, city.community, into_number=host.number, now=NOW)
    at_once(
        roomy_app,
        [
            lambda: split_order(first.number, city.community, now=NOW),
            lambda: merge_order(host.number, city.town, into_number=other.number, now=NOW),
        ],
    )
    with roomy_app.app_context():
        assert db.session.scalar(select(Order.status).where(Order.number == first.number)) == "placed"
        assert db.session.scalar(select(Order.merged_into_id).where(Order.number == host.number)) == other.order_id
        assert list(check_orders()) == []


def test_two_orders_merged_into_each_other_at_once_leave_one_open(roomy_app: Flask, city: City):
    with roomy_app.app_context():
        one, two = placed(city), placed(city)
        clerks = [make_actor(Party.COMMUNITY, f"东街{i}号窗口", division_code=COMMUNITY) for i in range(2)]
    answers = at_once(
        roomy_app,
        [
            lambda: merge_order(one.number, clerks[0], into_number=two.number, now=NOW),
            lambda: merge_order(two.number, clerks[1], into_number=one.number, now=NOW),
        ],
    )
    assert sum(isinstance(answer, Refused) for answer in answers) == 1
    with roomy_app.app_context():
        assert sorted(db.session.scalars(select(Order.status))) == ["merged", "placed"]
        assert list(check_orders()) == []


def test_no_failed_sign_in_of_twenty_at_once_goes_uncounted(roomy_app: Flask, city: City):
    at_once(roomy_app, [lambda: count_attempt("login:account:clerk", SIGN_IN_ACCOUNT, NOW)] * 20)
    with roomy_app.app_context():
        assert db.session.scalars(select(Attempt.count.label("tries"))).all() == [20]
