"""Orders that could be one session: the same menu item for the same audience, near each other, with a half-day that
suits all, and no more people than the item takes. Nothing is proposed by itself: a person looks at it first.

Wishes in free text are left alone. Two of one theme need not mean the same, and a clerk who reads that they do can
merge them (`orders/decline.py`).
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.permissions import visible_orders
from qtxvol.base import AnyRow
from qtxvol.directory.models import Division, MenuItem
from qtxvol.directory.queries import TOWN
from qtxvol.extensions import db
from qtxvol.offers.clock import fit_slots, slot_of
from qtxvol.offers.joint_time import select_joined_times
from qtxvol.offers.models import JointInvite, JointSession
from qtxvol.orders.lifecycle import Party, Status
from qtxvol.orders.models import Order, WishedTime
from qtxvol.orders.queries import select_rows
from qtxvol.orders.windows import Window

#: Askers of one session, the host's counted in: more can't be asked and answered for in two days.
MOST_ORDERS = 6
#: As the crow flies; old people come on foot or are brought.
NEAR_KM = 4.0
#: Askers have two days to answer, and want to know a day ahead.
EARLIEST = timedelta(days=3)
#: Orders of a desk that are looked at, the newest first.
MOST_COMPARED = 1500
#: An order that stands in one of these may become part of another's session.
JOINABLE = (Status.PLACED, Status.DISPATCHED, Status.CLAIMED)
#: The further along an order is, the less would be lost by making it the host.
_PROGRESS = {Status.PLACED: 0, Status.DISPATCHED: 1, Status.CLAIMED: 2, Status.ACCEPTED: 3}
#: A degree in kilometres, north and (here) east.
_KM_NORTH, _KM_EAST = 110.57, 111.32 * math.cos(math.radians(38.0))


@dataclass(frozen=True, slots=True)
class JointOrder:
    """One order, as far as joining is concerned.

    :ivar row: as in a list. :ivar place: code of its division.
    :ivar headcount: with the people of those who have joined it.
    :ivar slots: half-days that suit, each with the service's own time; of an accepted order the agreed one alone,
        and of one that others have joined the one that they agreed to.
    """

    row: AnyRow
    place: str
    headcount: int
    slots: Mapping[int, Window]
    is_joint_ok: bool
    most: int

    @property
    def is_settled(self) -> bool:
        """A team has accepted it: its time is the time."""
        return bool(self.row.status == Status.ACCEPTED)


@dataclass(frozen=True, slots=True)
class JointIdea:
    """Orders that could be one session, in the host's place.

    :ivar windows: times that suit all of them, earliest first. :ivar most: people that the item takes.
    """

    host: JointOrder
    others: Sequence[JointOrder]
    windows: Sequence[Window]
    most: int

    @property
    def headcount(self) -> int:
        return self.host.headcount + sum(each.headcount for each in self.others)

    @property
    def saves(self) -> int:
        """Services that need not be held."""
        return len(self.others)


def find_joint(actor: Actor, now: datetime, *, like: Order | None = None) -> list[JointIdea]:
    """What could be held together, as far as this desk sees it; those who would like it first.

    :param like: only what this order could be part of.
    """
    if actor.party not in (Party.COMMUNITY, Party.DEPARTMENT):
        return []
    wanted = [visible_orders(actor)]
    if actor.party is Party.DEPARTMENT:  # what it holds, not what it has held
        wanted.append(Order.department_id == actor.department_id)
    if like is not None:
        wanted += [Order.menu_item_id == like.menu_item_id, Order.audience == like.audience]
    orders = read_orders([*wanted, can_join(now)], now)
    points = read_points() if orders else {}
    groups: defaultdict[tuple[str, str], list[JointOrder]] = defaultdict(list)
    for order in orders:
        groups[order.row.menu_item_id, order.row.audience].append(order)
    ideas = [idea for group in groups.values() if len(group) > 1 for idea in _match(group, points)]
    if like is not None:
        ideas = [idea for idea in ideas if like.id in (idea.host.row.id, *(each.row.id for each in idea.others))]
    ideas.sort(key=lambda idea: (-_count_willing(idea), -idea.saves, idea.host.row.id))
    return ideas


def can_join(now: datetime) -> ColumnElement[bool]:
    """The condition on orders that may be part of a new session: real ones of the menu, that nobody needs at once, that
    nothing else is being asked about."""
    has_invite = exists().where(
        JointInvite.order_id == Order.id,
        JointInvite.session_id == JointSession.id,
        or_(JointSession.status == "open", JointInvite.answer == "no"),
    )
    accepted_ahead = and_(Order.status == Status.ACCEPTED, Order.agreed_start > now + EARLIEST)
    return and_(
        Order.menu_item_id.is_not(None),
        or_(Order.status.in_(JOINABLE), accepted_ahead),
        Order.urgency == "normal",
        Order.emergency_id.is_(None),
        Order.is_drill.is_(False),
        Order.is_push.is_(False),
        Order.held_team_id.is_(None),
        Order.clock_stopped_at.is_(None),
        ~has_invite,
    )


def read_orders(conditions: Sequence[ColumnElement[bool]], now: datetime) -> list[JointOrder]:
    """Orders with what is compared, the newest first; five statements."""
    rows = db.session.execute(select_rows().where(*conditions).order_by(Order.id.desc()).limit(MOST_COMPARED)).all()
    if not rows:
        return []
    ids = [row.id for row in rows]
    items = {
        item.id: item
        for item in db.session.execute(select(MenuItem.id, MenuItem.duration_minutes, MenuItem.headcount_max))
    }
    wished: defaultdict[int, list[Window]] = defaultdict(list)
    for order_id, start, end in db.session.execute(
        select(WishedTime.order_id, WishedTime.starts_at, WishedTime.ends_at).where(WishedTime.order_id.in_(ids))
    ):
        wished[order_id].append(Window(start, end))
    joined = select_joined_times().where(JointSession.host_order_id.in_(ids), JointSession.starts_at > now)
    for session in db.session.execute(joined.order_by(JointSession.id)):  # whoever comes later comes at that time too
        wished[session.host_order_id] = [Window(session.starts_at, session.ends_at)]
    more = db.session.execute(
        select(Order.id, Order.division_code, Order.is_joint_ok, count_joined().label("joined")).where(
            Order.id.in_(ids)
        )
    )
    beside = {row.id: row for row in more}
    return [
        JointOrder(
            row,
            beside[row.id].division_code,
            row.headcount + beside[row.id].joined,
            _slots_of(row, wished[row.id], items[row.menu_item_id].duration_minutes, now),
            beside[row.id].is_joint_ok,
            items[row.menu_item_id].headcount_max,
        )
        for row in rows
        if row.menu_item_id in items
    ]


def count_joined() -> ColumnElement[int]:
    """People of the orders that were merged into an order."""
    joined = Order.__table__.alias("joined")
    return (
        select(func.coalesce(func.sum(joined.c.headcount), 0))
        .where(joined.c.merged_into_id == Order.id)
        .correlate(Order)
        .scalar_subquery()
    )


def _slots_of(row: AnyRow, wished: Iterable[Window], minutes: int, now: datetime) -> dict[int, Window]:
    if row.status == Status.ACCEPTED:
        return {slot_of(row.agreed_start): Window(row.agreed_start, row.agreed_end)}
    fitting = fit_slots(wished, minutes, now)
    length = timedelta(minutes=minutes)
    return {
        slot: window
        for slot, window in fitting
        if window.starts_at >= now + EARLIEST and window.ends_at - window.starts_at >= length
    }


def _match(group: Sequence[JointOrder], points: Mapping[str, tuple[float, float]]) -> list[JointIdea]:
    """Each order in one idea at most; whoever is further along, wants it and has waited longest is the host."""
    left = sorted(group, key=lambda each: (-_PROGRESS[Status(each.row.status)], not each.is_joint_ok, each.row.id))
    ideas = []
    while left:
        host = left.pop(0)
        others = _choose(host, left, points)
        if others:
            left = [each for each in left if each not in others]
            common = common_slots([host, *others])
            windows = [host.slots[slot] for slot in sorted(common)]
            ideas.append(JointIdea(host, others, windows, host.most))
    return ideas


def _choose(
    host: JointOrder, left: Sequence[JointOrder], points: Mapping[str, tuple[float, float]]
) -> list[JointOrder]:
    """For the half-day that suits most, as many as the item takes; the willing first."""
    near = [each for each in left if not each.is_settled and is_near(host.place, each.place, points)]
    near.sort(key=lambda each: (not each.is_joint_ok, each.row.id))
    best: list[JointOrder] = []
    for slot in sorted(host.slots):
        found: list[JointOrder] = []
        people = host.headcount
        for each in near:
            if slot in each.slots and people + each.headcount <= host.most and len(found) + 1 < MOST_ORDERS:
                found.append(each)
                people += each.headcount
        if len(found) > len(best):
            best = found
    return best


def common_slots(orders: Collection[JointOrder]) -> set[int]:
    """Half-days that suit all of them."""
    return set.intersection(*(set(each.slots) for each in orders))


def is_near(one: str, other: str, points: Mapping[str, tuple[float, float]]) -> bool:
    """In one town, or in two that lie within `NEAR_KM`; a place that is not on the map is near its own town only."""
    town, other_town = one[:9], other[:9]
    if town == other_town:
        return True
    here, there = points.get(town), points.get(other_town)
    return here is not None and there is not None and math.dist(here, there) <= NEAR_KM


def read_points() -> dict[str, tuple[float, float]]:
    """Towns on a flat map in kilometres, by the first nine digits; a community lies where its town lies."""
    rows = db.session.execute(
        select(Division.code, Division.lon_gcj02, Division.lat_gcj02).where(
            Division.level == TOWN, Division.lon_gcj02.is_not(None), Division.lat_gcj02.is_not(None)
        )
    )
    return {code[:9]: (lon * _KM_EAST, lat * _KM_NORTH) for code, lon, lat in rows if lon and lat}


def _count_willing(idea: JointIdea) -> int:
    return sum(each.is_joint_ok for each in (idea.host, *idea.others))
