"""A small city on the web: its people with their browsers, its orders, and a clock that the test sets."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import undefer
from werkzeug.test import TestResponse

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account
from qtxvol.base import Base, utcnow
from qtxvol.extensions import db
from qtxvol.orders.check import check_orders
from qtxvol.orders.links import link_token
from qtxvol.orders.models import Order, OrderEvent
from qtxvol.orders.transition import Outcome
from tests.factories import COMMUNITY, ITEM, PASSWORD, City
from tests.web.pages import Page, get_page, post_form, read, submit

#: What a resident types on the three screens.
WHAT = {"audience": "elderly", "item": ITEM}
WHERE = {
    "division_code": COMMUNITY,
    "venue": "社区二楼活动室",
    "day_1": "2026-11-28",
    "slot_1": "morning",
}
WHO = {
    "requester_kind": "resident",
    "headcount": "30",
    "contact_name": "王女士",
    "contact_phone": "199 0000 1234",
    "urgency": "normal",
    "consent": "y",
}
PHONE = "19900001234"


def login_as(client: FlaskClient, actor: Actor) -> TestResponse:
    """Sign in on the sign-in page, as the account of `actor`."""
    with client.application.app_context():
        username = db.session.get_one(Account, actor.account_id).username
    answer = post_form(client, "/login", "/login", {"username": username, "password": PASSWORD})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return answer


@dataclass
class Site:
    """The service with a city in it. `clock` stands still until the test moves it."""

    app: Flask
    city: City
    clock: time_machine.Traveller
    _browsers: dict[int | None, tuple[FlaskClient, datetime]] = field(default_factory=dict)

    def browser(self, actor: Actor | None = None) -> FlaskClient:
        """The browser of `actor`, signed in; the same one as long as the session lives. Without an actor: a
        stranger's, a new one."""
        if actor is None:
            return self.app.test_client()
        client, since = self._browsers.get(actor.account_id, (None, utcnow()))
        if client is None or abs(utcnow() - since) > timedelta(minutes=30):
            client = self.app.test_client()
            login_as(client, actor)
            self._browsers[actor.account_id] = client, utcnow()
        return client

    def make(self, factory: Callable[..., Outcome], *args: Any, **values: Any) -> Outcome:
        """An order made by a function of `factories.py`."""
        with self.app.app_context():
            return factory(self.city, *args, **values)

    def link(self, number: str) -> str:
        """The secret link, without host."""
        with self.app.app_context():
            nonce = db.session.scalar(select(Order.link_nonce).where(Order.number == number))
        return f"/t/{number}/{link_token(self.app.config['SECRET_KEY'], number, nonce)}"

    def order(self, number: str) -> Order:
        """The row, detached, with everything that is sealed in it opened."""
        with self.app.app_context():
            opened = undefer(Order.contact_name), undefer(Order.contact_phone)
            order = db.session.scalars(select(Order).where(Order.number == number).options(*opened)).one()
            db.session.expunge(order)
            return order

    def status(self, number: str) -> str:
        return str(self.order(number).status)

    def steps(self, number: str) -> list[str]:
        """The actions of the order's events."""
        with self.app.app_context():
            statement = (
                select(OrderEvent.action)
                .join(Order, Order.id == OrderEvent.order_id)
                .where(Order.number == number)
                .order_by(OrderEvent.sequence)
            )
            return [str(action) for action in db.session.scalars(statement)]

    def move_to(self, moment: datetime) -> None:
        self.clock.move_to(moment, tick=False)

    def rows(self, *without: str) -> dict[str, int]:
        """How many rows each table has."""
        with self.app.app_context():
            return {
                table.name: db.session.scalar(select(func.count()).select_from(table)) or 0
                for table in Base.metadata.sorted_tables
                if table.name not in without
            }

    def findings(self) -> list[Any]:
        """What `qtxvol check` finds."""
        with self.app.app_context():
            return list(check_orders())

    def act(self, actor: Actor, number: str, action: str, data: dict[str, Any] | None = None) -> TestResponse:
        """Open the order at the actor's desk, fill in the form of `action`, send it."""
        page = f"/{actor.party}/orders/{number}"
        return post_form(self.browser(actor), page, f"{page}/{action}", data)

    def act_by_link(self, number: str, action: str, data: dict[str, Any] | None = None) -> TestResponse:
        """The same for the resident, on the page behind the secret link."""
        page = self.link(number)
        return post_form(self.browser(), page, f"{page}/{action}", data)

    def page(self, actor: Actor, number: str) -> Page:
        return get_page(self.browser(actor), f"/{actor.party}/orders/{number}")


def fill_wizard(client: FlaskClient, **changes: Any) -> Page:
    """The third screen of the order form, reached as a resident reaches it; `changes` to the first two screens."""
    page = get_page(client, "/order")
    answer = submit(client, page.form("/order"), {"audience": changes.get("audience", WHAT["audience"]), "go": "menu"})
    for screen in (WHAT, WHERE):
        assert answer.status_code == 200
        form = read(answer).form("/order")
        typed = {**screen, **{name: value for name, value in changes.items() if name in form.names}}
        answer = submit(client, form, {**typed, "go": "next"})
    assert answer.status_code == 200
    return read(answer)


def place_by_wizard(client: FlaskClient, **changes: Any) -> TestResponse:
    """The answer to the last screen."""
    form = fill_wizard(client, **changes).form("/order")
    last = {**WHO, **{name: value for name, value in changes.items() if name not in WHAT and name not in WHERE}}
    return submit(client, form, {**last, "go": "send"})


def number_in(answer: TestResponse) -> str:
    """The order's number in the address that a new order leads to."""
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return next(part for part in answer.location.split("?")[0].split("/") if part.startswith("QTX"))
