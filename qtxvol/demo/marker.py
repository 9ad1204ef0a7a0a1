"""A mark in the database that says: this is a demo city. Without it `qtxvol demo` leaves a database alone.

The mark is a row of the ledger of runs, begun before the first invented person and done after the last.
"""

from datetime import datetime

from sqlalchemy import select

from qtxvol.accounts.models import Account
from qtxvol.extensions import db
from qtxvol.jobs.models import JobRun
from qtxvol.orders.models import Order
from qtxvol.storage import transaction

_KEY = ("make_demo_city", "once")


def find_demo_state() -> str:
    """`empty`, `demo` (complete), `unfinished` (its making was broken off), or `foreign`: somebody's real data."""
    mark = db.session.get(JobRun, _KEY)
    if mark is not None:
        return "demo" if mark.done_at else "unfinished"
    has_people = db.session.scalar(select(Account.id).limit(1)) or db.session.scalar(select(Order.id).limit(1))
    return "foreign" if has_people else "empty"


def begin_demo(now: datetime) -> None:
    """From here on the data may be thrown away by `qtxvol demo --fresh`."""
    with transaction():
        db.session.add(JobRun(job=_KEY[0], slot=_KEY[1], started_at=now))


def finish_demo(now: datetime) -> None:
    """The city is whole."""
    with transaction():
        db.session.get_one(JobRun, _KEY).done_at = now
