"""Slow down guessing: count attempts per key in a table, so that every web process sees the same count."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from qtxvol.accounts.models import Attempt
from qtxvol.extensions import db
from qtxvol.privacy.vault import current_vault
from qtxvol.storage import transaction


@dataclass(frozen=True, slots=True)
class Limit:
    """`free` attempts in `window` cost nothing; each further one doubles the wait, from 1 s to `longest`."""

    free: int
    window: timedelta
    longest: timedelta = timedelta(minutes=15)


SIGN_IN_ACCOUNT = Limit(5, timedelta(minutes=30))
SIGN_IN_ADDRESS = Limit(30, timedelta(minutes=30))
TRACK_ORDER = Limit(5, timedelta(hours=6), timedelta(hours=1))
TRACK_ADDRESS = Limit(30, timedelta(hours=1))
REGISTER_ADDRESS = Limit(10, timedelta(hours=1))
VERIFY_ADDRESS = Limit(30, timedelta(hours=1))
CHECK_IN_ACCOUNT = Limit(5, timedelta(minutes=10))
OBJECT_ADDRESS = Limit(5, timedelta(hours=1), timedelta(hours=1))
JOIN_ADDRESS = Limit(30, timedelta(hours=1))
ANSWER_ADDRESS = Limit(30, timedelta(hours=1))
JOIN_DOCUMENT = Limit(4, timedelta(hours=24), timedelta(hours=1))
PLACE_ADDRESS = Limit(60, timedelta(hours=1))
PLACE_PHONE = Limit(10, timedelta(hours=24), timedelta(hours=1))


def key_of(what: str, text: str) -> str:
    """A key for what somebody typed: a telephone number or user name is counted without being kept."""
    return f"{what}:{current_vault().digest('attempt', text.casefold())[:32]}"


def seconds_to_wait(key: str, limit: Limit, now: datetime) -> int:
    """How long `key` must wait before the next attempt counts; 0 when it may go on. Reads only."""
    row = db.session.execute(
        select(Attempt.count.label("tries"), Attempt.last_at).where(
            Attempt.key == key, Attempt.window_start == _window_start(limit, now)
        )
    ).one_or_none()
    if row is None or row.tries < limit.free:
        return 0
    wait = min(timedelta(seconds=2 ** min(row.tries - limit.free, 20)), limit.longest)
    left: float = (row.last_at + wait - now).total_seconds()
    return max(0, math.ceil(left))


def count_attempt(key: str, limit: Limit, now: datetime) -> None:
    """One more. Its own transaction: it must stay even when what was tried is rolled back."""
    start = _window_start(limit, now)
    try:
        _count(key, start, now)
    except IntegrityError:  # PostgreSQL: another first attempt was faster by a hair; now there is a row to lock
        _count(key, start, now)


def _count(key: str, start: datetime, now: datetime) -> None:
    with transaction():
        row = db.session.get(Attempt, (key, start), with_for_update=True)
        if row is None:
            db.session.add(Attempt(key=key, window_start=start, count=1, last_at=now))
        else:
            row.count, row.last_at = row.count + 1, now


def forget_attempts(key: str) -> None:
    """Start again from zero, after a success."""
    with transaction():
        db.session.execute(delete(Attempt).where(Attempt.key == key))


def sweep_attempts(before: datetime) -> int:
    """Delete windows that no longer count. How many rows went."""
    with transaction():
        gone = db.session.connection().execute(delete(Attempt).where(Attempt.last_at < before))
        return gone.rowcount


def _window_start(limit: Limit, now: datetime) -> datetime:
    size = int(limit.window.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // size * size, UTC)
