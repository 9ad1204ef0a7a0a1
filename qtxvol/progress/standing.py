"""Where the orders stand now, and how they left: reads for the flow, the heat and the map. One statement each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from sqlalchemy import ColumnElement, SQLColumnExpression, func, select

from qtxvol.base import CITY_TIME
from qtxvol.directory.models import Division
from qtxvol.directory.queries import TOWN
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import OPEN, WAITS, Action, Status
from qtxvol.orders.models import Order, OrderEvent
from qtxvol.orders.queries import is_overdue

#: "Lately" on all pictures: today and the days before, on the city's calendar.
RECENT_DAYS = 30

#: Ways out of the flow or back in it, in the order in which they are named.
EXITS = (
    Action.RETURN,
    Action.RELEASE,
    Action.WITHDRAW,
    Action.NO_SHOW,
    Action.REJECT,
    Action.MERGE,
    Action.CANCEL,
    Action.GIVE_UP,
)

#: The open statuses in the order of the flow.
STEPS = tuple(WAITS)

_TOWN_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Town:
    """A town, subdistrict or farm. Degrees in GCJ-02; None where the data has none.

    :ivar key: what the codes of the town and all that lies in it start with.
    """

    code: str
    name: str
    name_en: str
    lon: float | None
    lat: float | None

    @property
    def key(self) -> str:
        return self.code[:_TOWN_DIGITS]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Orders that wait somewhere; `overdue` of them are late."""

    count: int = 0
    overdue: int = 0

    def __add__(self, other: "Waiting") -> "Waiting":
        return Waiting(self.count + other.count, self.overdue + other.overdue)


@dataclass(frozen=True, slots=True)
class Standing:
    """Open orders by town and step. Towns by `Town.key`; what is empty is missing.

    Orders of a town that went out of use stand under its key all the same: sums are whole.
    """

    waiting: Mapping[tuple[str, Status], Waiting]

    def at(self, town: str, step: Status) -> Waiting:
        """In one town before one step."""
        return self.waiting.get((town, step), Waiting())

    def in_town(self, town: str) -> Waiting:
        """Everything open in one town."""
        return sum((self.at(town, step) for step in STEPS), Waiting())

    def before(self, step: Status) -> Waiting:
        """Before one step, in the whole city."""
        return sum((each for (_, status), each in self.waiting.items() if status == step), Waiting())

    @property
    def total(self) -> Waiting:
        """Everything open."""
        return sum(self.waiting.values(), Waiting())

    def towns(self) -> list[str]:
        """Keys of all towns where anything waits, known or not."""
        return sorted({town for town, _ in self.waiting})


def recent_start(now: datetime, days: int = RECENT_DAYS) -> datetime:
    """The city's midnight that begins the last `days` days, today being one of them."""
    first = now.astimezone(CITY_TIME).date() - timedelta(days=days - 1)
    return datetime.combine(first, time(), CITY_TIME)


def list_towns() -> list[Town]:
    """Towns in use with their coordinates, in the order of their codes."""
    rows = db.session.execute(
        select(Division.code, Division.display_name, Division.name_en, Division.lon_gcj02, Division.lat_gcj02)
        .where(Division.level == TOWN, Division.is_active)
        .order_by(Division.code)
    )
    return [Town(*row) for row in rows]


def town_key(division_code: SQLColumnExpression[str]) -> ColumnElement[str]:
    """`Town.key` of the town that a division is, or lies in."""
    return func.substr(division_code, 1, _TOWN_DIGITS)


def get_standing(now: datetime) -> Standing:
    """All open orders."""
    town = town_key(Order.division_code)
    rows = db.session.execute(
        select(town, Order.status, func.count(), func.count().filter(is_overdue(now)))
        .where(Order.status.in_(OPEN), Order.counts())
        .group_by(town, Order.status)
    )
    return Standing({(key, Status(status)): Waiting(n, late) for key, status, n, late in rows})


def count_exits(now: datetime) -> dict[tuple[Status, Action], int]:
    """How often orders went another way than forward in the last 30 days, by where they stood.

    Times, not orders: one that was returned twice counts twice.
    """
    since = recent_start(now)
    rows = db.session.execute(
        select(OrderEvent.from_status, OrderEvent.action, func.count())
        .where(moved_since(since), OrderEvent.happened_at >= since, OrderEvent.action.in_(EXITS))
        .group_by(OrderEvent.from_status, OrderEvent.action)
    )
    return {(Status(status), Action(action)): n for status, action, n in rows if status is not None}


def moved_since(since: datetime) -> ColumnElement[bool]:
    """The event belongs to an order that moved after `since` and counts: no event that moves an order is younger than
    its status.

    Spares reading the events of ten years; the database finds those of the few orders by their index.
    """
    return OrderEvent.order_id.in_(select(Order.id).where(Order.status_since >= since, Order.counts()))
