"""Reads for the public board."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from qtxvol.base import CITY_TIME
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import OPEN, Status
from qtxvol.orders.models import Order
from qtxvol.progress.models import Target, VolunteerCount

#: The plan's target for science volunteers.
VOLUNTEER_TARGET = "T23"


@dataclass(frozen=True, slots=True)
class Board:
    """The volunteer board. `counts` is the latest snapshot, None before the first; `trend` one point a month."""

    target: Target | None
    counts: VolunteerCount | None
    trend: Sequence[VolunteerCount]
    is_over: bool

    @property
    def missing(self) -> int:
        """People still to be found."""
        if self.target is None or self.counts is None:
            return 0
        return max(0, int(self.target.value) - self.counts.registered)


@dataclass(frozen=True, slots=True)
class HomeCounts:
    """Three honest numbers for the home page."""

    closed: int
    open: int
    reached: int


def get_board(now: datetime) -> Board:
    """The target, the latest count, and the last count of every month of two years."""
    target = db.session.get(Target, VOLUNTEER_TARGET)
    today = now.astimezone(CITY_TIME).date()
    rows = db.session.scalars(
        select(VolunteerCount)
        .where(VolunteerCount.day > today - timedelta(days=730), VolunteerCount.day <= today)
        .order_by(VolunteerCount.day)
    ).all()
    monthly = {(row.day.year, row.day.month): row for row in rows}  # the last of a month stays
    return Board(target, rows[-1] if rows else None, list(monthly.values()), bool(target and target.ends_on < today))


def get_home_counts(now: datetime) -> HomeCounts:
    """Services closed this year, orders open now, people reached (人次) this year."""
    local = now.astimezone(CITY_TIME)
    year = local.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    is_closed = (Order.status == Status.CLOSED) & (Order.closed_at >= year)
    row = db.session.execute(
        select(
            func.count().filter(is_closed),
            func.count().filter(Order.status.in_(OPEN)),
            func.coalesce(func.sum(Order.attendance).filter(is_closed), 0),
        ).select_from(Order)
    ).one()
    return HomeCounts(row[0], row[1], int(row[2] or 0))
