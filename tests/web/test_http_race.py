"""Many people press one button at the same moment, over real HTTP: one wins, the others read who it was."""

import http.client
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier
from urllib.parse import urlencode

import pytest
from flask import Flask, session
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import generate_csrf
from sqlalchemy import func, select

from qtxvol.accounts.actor import Actor
from qtxvol.base import utcnow
from qtxvol.extensions import db
from qtxvol.orders.check import check_orders
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import Crew, Order, OrderEvent
from tests.databases import running_app, settings_for
from tests.factories import (
    DEPARTMENT,
    TOWN,
    City,
    claimed,
    dispatched,
    make_actor,
    make_city,
    make_team,
    placed,
    window,
)
from tests.serving import served
from tests.web.pages import Page

#: As many as an installation has, so that most of the callers wait in the queue.
THREADS = 8


@dataclass(frozen=True)
class Caller:
    """Somebody who is signed in: the cookie and the token of their session."""

    cookie: str
    token: str


@dataclass(frozen=True)
class Answer:
    status: int
    text: str


@pytest.fixture
def busy_app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """As an installation has it, on the real clock."""
    with running_app(settings_for(database_url, tmp_path)) as app:
        yield app


@pytest.fixture
def city(busy_app: Flask) -> City:
    with busy_app.app_context():
        return make_city(utcnow())


def sign_in(app: Flask, actor: Actor) -> Caller:
    """What signing in would give, without fifty times argon2."""
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert serializer is not None
    with app.test_request_context():
        token = generate_csrf()
        values = {"_user_id": f"{actor.account_id}.1", "_fresh": True, "_permanent": True, **session}
    return Caller(f"{app.config['SESSION_COOKIE_NAME']}={serializer.dumps(values)}", token)


def all_at_once(port: int, calls: Sequence[tuple[Caller, str, dict[str, str]]]) -> list[Answer]:
    """Everybody is connected; then all send at the same moment."""
    barrier = Barrier(len(calls), timeout=60)

    def call(one: tuple[Caller, str, dict[str, str]]) -> Answer:
        caller, path, data = one
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        try:
            connection.connect()
            barrier.wait()
            headers = {
                "Cookie": caller.cookie,
                "Content-Type": "application/x-www-form-urlencoded",
                "Origin": f"http://127.0.0.1:{port}",
            }
            connection.request("POST", path, urlencode({"csrf_token": caller.token, **data}), headers)
            response = connection.getresponse()
            return Answer(response.status, response.read().decode())
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(call, calls))


def assert_one_winner(app: Flask, answers: Sequence[Answer], names: Sequence[str], number: str, action: str) -> int:
    """One 303; everybody else a 409 whose message names the winner; one event. The position of the winner."""
    statuses = [answer.status for answer in answers]
    assert statuses.count(303) == 1, statuses
    assert statuses.count(409) == len(answers) - 1, statuses
    winner = statuses.index(303)
    for answer in answers:
        if answer.status == 409:
            message = Page(answer.text).html.split('role="alert">', 1)[1].split("</p>", 1)[0]
            assert names[winner] in message, message
            assert not any(name in message for name in set(names) - {names[winner]}), message
    with app.app_context():
        count = db.session.scalar(
            select(func.count())
            .select_from(OrderEvent)
            .join(Order, Order.id == OrderEvent.order_id)
            .where(Order.number == number, OrderEvent.action == action)
        )
        assert count == 1
        assert not list(check_orders())
    return winner


@pytest.mark.slow
def test_fifty_teams_accept_one_order_and_one_has_it(busy_app: Flask, city: City) -> None:
    now = utcnow()
    with busy_app.app_context():
        number = claimed(city, now, windows=(window(3, now=now),)).number
        teams = [make_team("health", themes=("health",), name=f"第{i:02d}支队", people=1) for i in range(50)]
    callers = [sign_in(busy_app, leader) for leader, _ in teams]
    with served(busy_app, threads=THREADS) as port:
        answers = all_at_once(
            port,
            [
                (caller, f"/team/orders/{number}/accept", {"wished": "1", "volunteer_ids": str(crew[0])})
                for caller, (_, crew) in zip(callers, teams, strict=True)
            ],
        )
    winner = assert_one_winner(busy_app, answers, [leader.name for leader, _ in teams], number, "accept")
    with busy_app.app_context():
        order = db.session.scalars(select(Order).where(Order.number == number)).one()
        assert order.team_id == teams[winner][0].team_id
        assert list(db.session.scalars(select(Crew.volunteer_id))) == list(teams[winner][1])


@pytest.mark.slow
def test_twenty_liaisons_claim_one_order_and_it_is_claimed_once(busy_app: Flask, city: City) -> None:
    """All of one department: the losers read that their own department has it."""
    now = utcnow()
    with busy_app.app_context():
        number = dispatched(city, now).number
        liaisons = [make_actor(Party.DEPARTMENT, "联络员", department_id=DEPARTMENT) for _ in range(20)]
    callers = [sign_in(busy_app, liaison) for liaison in liaisons]
    with served(busy_app, threads=THREADS) as port:
        answers = all_at_once(port, [(caller, f"/department/orders/{number}/claim", {}) for caller in callers])
    assert_one_winner(busy_app, answers, ["市卫生健康局"] * 20, number, "claim")


@pytest.mark.slow
def test_twenty_clerks_dispatch_one_order_and_it_goes_to_one_department(busy_app: Flask, city: City) -> None:
    now = utcnow()
    targets = ("health", "education", "emergency", "trade_union")
    with busy_app.app_context():
        number = placed(city, now).number
        clerks = [make_actor(Party.COMMUNITY, "街道", division_code=TOWN) for _ in range(20)]
    callers = [sign_in(busy_app, clerk) for clerk in clerks]
    with served(busy_app, threads=THREADS) as port:
        answers = all_at_once(
            port,
            [
                (caller, f"/community/orders/{number}/dispatch", {"department_id": targets[i % 4], "version": "1"})
                for i, caller in enumerate(callers)
            ],
        )
    winner = assert_one_winner(busy_app, answers, ["裕民街道"] * 20, number, "dispatch")
    with busy_app.app_context():
        order = db.session.scalars(select(Order).where(Order.number == number)).one()
        assert order.department_id == targets[winner % 4]


@pytest.mark.slow
def test_one_leader_who_taps_twenty_times_accepts_once_and_quietly(busy_app: Flask, city: City) -> None:
    now = utcnow()
    with busy_app.app_context():
        number = claimed(city, now, windows=(window(3, now=now),)).number
    caller = sign_in(busy_app, city.team)
    data = {"wished": "1", "volunteer_ids": str(city.crew[0]), "key": "the-same-form", "version": "3"}
    with served(busy_app, threads=THREADS) as port:
        answers = all_at_once(port, [(caller, f"/team/orders/{number}/accept", data)] * 20)
    assert [answer.status for answer in answers] == [303] * 20
    with busy_app.app_context():
        assert db.session.scalars(select(Order).where(Order.number == number)).one().version == 4
        assert not list(check_orders())
