"""One simulated month from an empty database to its figures."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from time import perf_counter
from typing import Any

from sqlalchemy import func, select

from qtxvol.accounts.models import Account
from qtxvol.base import CITY_TIME
from qtxvol.extensions import db
from qtxvol.offers.fairness import Fairness, measure
from qtxvol.orders.check import Finding, check_orders
from qtxvol.orders.models import CrewAsk, Hold, Order
from qtxvol.simulate.city import make_city
from qtxvol.simulate.luck import Luck
from qtxvol.simulate.play import Habits, Play, Record
from qtxvol.volunteers.models import Team, Volunteer

#: A Monday; the year's days off are known.
START = date(2026, 3, 2)


class NotEmpty(Exception):
    """The database holds something: a simulation never plays in anybody's city."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is played, and how. :ivar is_nearest: see `Play`."""

    teams: int = 40
    volunteers: int = 600
    orders: int = 120
    days: int = 28
    seed: int = 1
    is_peak: bool = False
    is_nearest: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """What came out.

    :ivar findings: of `orders.check`. :ivar left: orders by the status in which they were left, at the end.
    :ivar holds: by what became of them. :ivar listed: people on their lists, `asked` or standing by.
    :ivar seconds: of the play alone, without making the city.
    """

    size: Size
    fairness: Fairness
    record: Record
    findings: Sequence[Finding]
    left: Mapping[str, int]
    holds: Mapping[str, int]
    listed: int
    seconds: float


def simulate(size: Size, habits: Habits | None = None) -> Result:
    """Play it in the database of the current app.

    :raise NotEmpty: there are accounts, orders, teams or volunteers in it.
    """
    check_empty()
    start = start_of(START)
    luck = Luck(size.seed)
    city = make_city(luck, start, teams=size.teams, volunteers=size.volunteers)
    play = Play(city, luck, start, habits=habits, is_nearest=size.is_nearest)
    began = perf_counter()
    play.run(size.orders, size.days, is_peak=size.is_peak)
    seconds = perf_counter() - began
    last = START + timedelta(days=size.days - 1)
    left = _count_by(Order.status)
    found = measure(START, last, play.now)
    listed = db.session.scalar(select(func.count(CrewAsk.id))) or 0
    return Result(size, found, play.record, list(check_orders()), left, _count_by(Hold.ending), listed, seconds)


def _count_by(column: Any) -> Counter[str]:
    return Counter({value: n for value, n in db.session.execute(select(column, func.count()).group_by(column))})


def start_of(day: date) -> datetime:
    """The city's midnight."""
    return datetime.combine(day, time(), CITY_TIME).astimezone(UTC)


def check_empty() -> None:
    """:raise NotEmpty: see `simulate`."""
    for model in (Account, Order, Team, Volunteer):
        if db.session.scalar(select(func.count()).select_from(model)):
            raise NotEmpty(model.__tablename__)
    db.session.rollback()
