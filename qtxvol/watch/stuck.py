"""Orders by who owes the next step, and how long they have been waiting. Read from the running clocks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.sql.functions import count

from qtxvol.base import AnyRow
from qtxvol.directory.models import Department, Division
from qtxvol.extensions import db
from qtxvol.orders import clocks
from qtxvol.orders.lifecycle import OPEN, Party, Status
from qtxvol.orders.models import Order, OrderClock
from qtxvol.orders.queries import is_overdue
from qtxvol.progress.standing import Standing, Waiting
from qtxvol.volunteers.models import Team

#: Key of the orders that no department has.
NO_UNIT = ""


@dataclass(frozen=True, slots=True)
class Owner:
    """A body that owes steps.

    :ivar scope: as in `notices.scope`. :ivar name_en: may be empty.
    :ivar orders: distinct open orders that wait for it; `overdue` of them late, `twice` by more than the limit again.
    :ivar oldest_due_at: of those that are overdue, the earliest time that was due.
    """

    party: Party
    scope: str
    name: str
    name_en: str
    orders: int
    overdue: int
    twice: int
    oldest_due_at: datetime | None


def list_owners(now: datetime) -> list[Owner]:
    """Whoever owes a step of an order that counts, those with most overdue first; four statements."""
    rows = db.session.execute(
        select(
            OrderClock.party,
            OrderClock.scope,
            _orders().label("orders"),
            _orders().filter(clocks.is_overdue(now)).label("overdue"),
            _orders().filter(OrderClock.stopped_at.is_(None), OrderClock.twice_at < now).label("twice"),
            func.min(OrderClock.due_at).filter(clocks.is_overdue(now)).label("oldest_due_at"),
        )
        .join(Order, Order.id == OrderClock.order_id)
        .where(clocks.is_running(), Order.status.in_(OPEN), Order.counts())
        .group_by(OrderClock.party, OrderClock.scope)
    ).all()
    names = _names(rows)
    owners = [
        Owner(
            Party(row.party),
            row.scope,
            *names.get((row.party, row.scope), ("", "")),
            row.orders,
            row.overdue,
            row.twice,
            row.oldest_due_at,
        )
        for row in rows
    ]
    return sorted(owners, key=lambda owner: (-owner.twice, -owner.overdue, -owner.orders, owner.party, owner.scope))


def get_unit_standing(now: datetime) -> Standing:
    """Open orders by department and step, as `progress.standing.get_standing` has them by town."""
    unit = func.coalesce(Order.department_id, NO_UNIT)
    rows = db.session.execute(
        select(unit, Order.status, func.count(), func.count().filter(is_overdue(now)))
        .where(Order.status.in_(OPEN), Order.counts())
        .group_by(unit, Order.status)
    )
    return Standing({(key, Status(status)): Waiting(count, overdue) for key, status, count, overdue in rows})


def list_ownerless(limit: int = 50) -> Sequence[str]:
    """Numbers of open orders that nobody owes a step of: there must be none."""
    has_clock = select(OrderClock.id).where(OrderClock.order_id == Order.id, clocks.is_running()).exists()
    return db.session.scalars(
        select(Order.number).where(Order.status.in_(OPEN), ~has_clock).order_by(Order.id).limit(limit)
    ).all()


def _orders() -> count:
    return func.count(OrderClock.order_id.distinct())


def _names(rows: Sequence[AnyRow]) -> Mapping[tuple[str, str], tuple[str, str]]:
    """What the owners are called, in Chinese and English."""
    scopes = {party: {row.scope for row in rows if row.party == party and row.scope} for party in Party}
    names: dict[tuple[str, str], tuple[str, str]] = {}
    for party, code, name, name_en in (
        (Party.COMMUNITY, Division.code, Division.display_name, Division.name_en),
        (Party.DEPARTMENT, Department.id, Department.name, Department.name_en),
    ):
        for key, zh, en in db.session.execute(select(code, name, name_en).where(code.in_(scopes[party]))):
            names[party, key] = (zh, en)
    teams = [int(scope) for scope in scopes[Party.TEAM]]
    for team, zh, en in db.session.execute(select(Team.id, Team.name, Team.name_en).where(Team.id.in_(teams))):
        names[Party.TEAM, str(team)] = (zh, en)
    return names
