"""The worker's turns of asking: one that fails stops no other, and who is told to stop begins nothing."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from qtxvol.base import utcnow
from qtxvol.extensions import db
from qtxvol.jobs import asker
from qtxvol.jobs.asker import Asker, take_turn
from qtxvol.offers.models import CounterOffer
from qtxvol.offers.other_times import propose_times
from qtxvol.orders.claim import claim_order
from qtxvol.orders.models import Offer
from tests.factories import City, claimed, dispatched, make_city, window


def waiting(city: City, count: int = 1) -> None:
    now = utcnow() - timedelta(hours=1)
    for _ in range(count):
        order = dispatched(city, now, windows=(window(9, now=now), window(10, now=now)))
        claim_order(order.number, city.department, is_auto_asked=True, now=now)


def count_offers() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(Offer.id))) or 0


@pytest.fixture
def city(app_sqlite: Flask, monkeypatch: pytest.MonkeyPatch) -> City:
    """It is never night here."""
    monkeypatch.setattr("qtxvol.offers.waves.is_quiet", lambda at, settings: False)
    with app_sqlite.app_context():
        return make_city()


def test_a_turn_asks_whoever_is_due_and_the_next_one_nobody(app_sqlite: Flask, city: City):
    asks = Asker(app_sqlite)
    with app_sqlite.app_context():
        waiting(city, 2)
    for _ in range(2):
        asks.look()
        with app_sqlite.app_context():
            assert count_offers() == 2


def test_who_is_told_to_stop_begins_no_turn(app_sqlite: Flask, city: City):
    asks = Asker(app_sqlite)
    with app_sqlite.app_context():
        waiting(city)
    asks.stop()
    asks.look()
    with app_sqlite.app_context():
        assert count_offers() == 0


def test_when_one_of_the_two_fails_the_other_is_done_all_the_same(
    app_sqlite: Flask, city: City, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_about: object) -> int:
        raise RuntimeError("broken")

    with app_sqlite.app_context():
        waiting(city)
        monkeypatch.setattr(asker, "advance_holds", fail)
        assert take_turn(utcnow()) == (1, 0)
        monkeypatch.setattr(asker, "ask_due", fail)
        monkeypatch.setattr(asker, "advance_holds", lambda now: 3)
        assert take_turn(utcnow()) == (0, 3)


def test_what_nobody_answered_in_time_ends_in_the_same_turn(app_sqlite: Flask, city: City):
    now = utcnow() - timedelta(days=2)
    with app_sqlite.app_context():
        order = claimed(city, now, windows=(window(9, now=now),))
        propose_times(order.number, city.team, windows=[window(12, now=now)], now=now)
        take_turn(utcnow())
        db.session.rollback()
        assert db.session.scalars(select(CounterOffer.answer)).all() == ["void"]
