"""Guessing slows down: counts per key and window, each attempt too many doubles the wait."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from qtxvol.accounts.attempts import (
    Limit,
    count_attempt,
    forget_attempts,
    seconds_to_wait,
    sweep_attempts,
)
from qtxvol.accounts.models import Attempt
from qtxvol.extensions import db
from qtxvol.storage import transaction
from tests.factories import new_key

#: The start of a window of half an hour.
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
LIMIT = Limit(free=3, window=timedelta(minutes=30), longest=timedelta(seconds=20))
SECOND = timedelta(seconds=1)


@pytest.fixture
def key(shared_city: object) -> str:
    return f"login:account:{new_key()}"


def count(key: str, times: int, now: datetime = NOW) -> None:
    for _ in range(times):
        count_attempt(key, LIMIT, now)


def test_the_first_attempts_cost_nothing(key: str):
    assert seconds_to_wait(key, LIMIT, NOW) == 0
    count(key, 2)
    assert seconds_to_wait(key, LIMIT, NOW) == 0


def test_each_attempt_too_many_doubles_the_wait_up_to_the_longest(key: str):
    waits = []
    count(key, 2)
    for _ in range(7):
        count(key, 1)
        waits.append(seconds_to_wait(key, LIMIT, NOW))
    assert waits == [1, 2, 4, 8, 16, 20, 20]


def test_a_flood_of_attempts_waits_no_longer_than_the_longest(key: str):
    count(key, 3)
    with transaction():
        db.session.get_one(Attempt, (key, NOW)).count = 10**6
    assert seconds_to_wait(key, LIMIT, NOW) == 20


def test_the_wait_runs_down(key: str):
    count(key, 7)
    assert [seconds_to_wait(key, LIMIT, NOW + n * SECOND) for n in (0, 1, 15, 16, 17)] == [16, 15, 1, 0, 0]
    assert seconds_to_wait(key, LIMIT, NOW + timedelta(seconds=15, milliseconds=1)) == 1


def test_the_end_of_the_window_ends_the_wait(key: str):
    last = NOW + LIMIT.window - SECOND
    count(key, 9, last)
    assert seconds_to_wait(key, LIMIT, last) == 20
    assert seconds_to_wait(key, LIMIT, NOW + LIMIT.window) == 0


def test_keys_do_not_know_of_each_other(key: str):
    count(key, 9)
    assert seconds_to_wait(key + "x", LIMIT, NOW) == 0


def test_a_success_forgets(key: str):
    count(key, 9)
    forget_attempts(key)
    assert seconds_to_wait(key, LIMIT, NOW) == 0


def test_asking_writes_nothing(key: str):
    seconds_to_wait(key, LIMIT, NOW)
    assert db.session.scalar(select(func.count()).where(Attempt.key == key)) == 0


def test_old_windows_are_swept(key: str):
    count(key, 1, NOW)
    count(key, 1, NOW + timedelta(hours=1))
    sweep_attempts(NOW + timedelta(minutes=30))
    assert db.session.scalars(select(Attempt.last_at).where(Attempt.key == key)).all() == [NOW + timedelta(hours=1)]
    assert sweep_attempts(NOW + timedelta(minutes=30)) == 0


def test_an_attempt_stays_counted_when_what_was_tried_fails(app: Flask):
    with app.app_context():
        count_attempt("k", LIMIT, NOW)
        db.session.rollback()
    with app.app_context():
        assert db.session.get_one(Attempt, ("k", NOW)).count == 1
