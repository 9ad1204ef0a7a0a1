"""The same wish placed twice: found at entry and at the community's desk. Nothing is merged by itself; two orders that
somebody has called two are not shown as a pair again.

Who orders learns of orders of their own alone, known by the account or the browser that placed them. Whether somebody
else's telephone stands on an order is nobody's to find out by typing it.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.permissions import may_search_by_phone, visible_orders
from qtxvol.base import CITY_TIME, AnyRow
from qtxvol.emergencies.models import Emergency
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import OPEN, Party, Status
from qtxvol.orders.likeness import Likeness, Trait, compare, list_pairs
from qtxvol.orders.models import DistinctOrders, Order, WishedTime
from qtxvol.orders.place import Wish
from qtxvol.orders.queries import select_rows
from qtxvol.paging import Page, page_of
from qtxvol.privacy.vault import current_vault
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction

#: Open orders of a desk that are compared, the newest first; of one town there are never so many.
MOST_COMPARED = 1500
#: Orders that one order is compared with.
MOST_NEAR = 200


@dataclass(frozen=True, slots=True)
class Double:
    """Another order that looks like this one, as a row of a list, and why."""

    row: AnyRow
    likeness: Likeness


@dataclass(frozen=True, slots=True)
class Pair:
    """Two orders that look like one.

    :ivar stays: which one is proposed to stay: the one that is further along, else the older. :ivar goes: the other.
    """

    stays: AnyRow
    goes: AnyRow
    likeness: Likeness

    @property
    def can_swap(self) -> bool:
        """Either may stay: an order that is on its way already can't be merged into another."""
        return bool(self.stays.status == Status.PLACED)


# At entry


def list_own_doubles(wish: Wish, account_id: int | None) -> list[AnyRow]:
    """Open orders with the telephone of `wish` and its subject that the one who orders has placed: rows of a list.

    :param wish: `browser_mark` says which browser orders; empty for one that nothing is known of.
    :param account_id: of a signed-in resident.
    """
    mine: list[ColumnElement[bool]] = [and_(Order.browser_mark == wish.browser_mark, Order.browser_mark != "")]
    if account_id is not None:
        mine.append(and_(Order.placed_by_account_id == account_id, Order.is_on_behalf.is_(False)))
    digest = current_vault().digest("phone", wish.contact_phone)
    found = _list_like(_trait_of(wish), [or_(*mine), Order.contact_phone_digest == digest])
    return [each.row for each in found]


def count_neighbours(item: str | None, community: str, days: Iterable[date]) -> int:
    """How many open orders of a community are for the same item on one of the days. Says nothing of whose they are."""
    wanted = set(days)
    if item is None or not wanted:
        return 0
    first, last = min(wanted) - timedelta(days=1), max(wanted) + timedelta(days=1)
    rows = db.session.execute(
        select(Order.id, WishedTime.starts_at)
        .join(WishedTime, WishedTime.order_id == Order.id)
        .where(Order.division_code == community, Order.status.in_(OPEN), Order.menu_item_id == item, Order.counts())
        .where(WishedTime.starts_at >= _midnight(first), WishedTime.starts_at < _midnight(last) + timedelta(days=1))
    )
    return len({order_id for order_id, starts_at in rows if _city_day(starts_at) in wanted})


def list_desk_doubles(wish: Wish, actor: Actor) -> list[Double]:
    """Open orders within a clerk's scope that look like what they are about to order for somebody. "The same telephone"
    is said only to who may look orders up by it."""
    trait = _trait_of(wish)
    if not may_search_by_phone(actor):
        trait = replace(trait, phone="")
    drills = select(Emergency.id).where(Emergency.id == wish.emergency_id, Emergency.is_drill)
    return _list_like(trait, [visible_orders(actor), Order.is_drill == exists(drills)])


# At the desk


def list_doubles_of(order: Order, actor: Actor) -> list[Double]:
    """Open orders within the clerk's scope that look like this open one, likeliest first; four statements."""
    if actor.party is not Party.COMMUNITY or order.status not in OPEN:
        return []
    days = _days_of([order.id])
    trait = Trait(
        order.menu_item_id,
        order.wish,
        order.division_code,
        frozenset(days[order.id]),
        order.contact_phone_digest,
        order.organisation,
    )
    judged = select(DistinctOrders.low_id).where(DistinctOrders.high_id == order.id)
    others = select(DistinctOrders.high_id).where(DistinctOrders.low_id == order.id)
    unjudged = Order.id.not_in(judged.union_all(others))
    return _list_like(trait, [visible_orders(actor), Order.id != order.id, Order.is_drill == order.is_drill, unjudged])


def list_doubles(actor: Actor, page: int = 1) -> Page[Pair]:
    """Pairs within the clerk's scope that nobody has judged, one of which can still be merged, likeliest first; five
    statements."""
    pairs = page_of(_judge(actor), page)
    ids = {order_id for low, high, _likeness in pairs.rows for order_id in (low, high)}
    rows = {row.id: row for row in db.session.execute(select_rows().where(Order.id.in_(ids)))}
    found = [_as_pair(rows[low], rows[high], likeness) for low, high, likeness in pairs.rows]
    return Page(found, pairs.total, pairs.number, pairs.pages)


def keep_apart(one: str, two: str, actor: Actor, now: datetime) -> None:
    """Two orders, says the clerk, not one placed twice. Said twice it is said once.

    :raise NotFound: not two orders of this clerk's. :raise Refused: `wrong_party` (403).
    """
    if actor.party is not Party.COMMUNITY:
        raise Refused("wrong_party", 403)
    with transaction():
        ids = sorted(db.session.scalars(select(Order.id).where(Order.number.in_((one, two)), visible_orders(actor))))
        if len(ids) != 2:
            raise NotFound(one)
        insert = sqlite.insert if db.session.get_bind().dialect.name == "sqlite" else postgresql.insert
        said = {"low_id": ids[0], "high_id": ids[1], "said_at": now, "said_by_account_id": actor.account_id}
        db.session.connection().execute(insert(DistinctOrders).values(said).on_conflict_do_nothing())


def _judge(actor: Actor) -> list[tuple[int, int, Likeness]]:
    if actor.party is not Party.COMMUNITY:
        return []
    traits = _read_traits([visible_orders(actor), Order.is_drill.is_(False)], MOST_COMPARED)
    pairs = list_pairs(list(traits.items()))
    if not pairs:
        return []
    judged = {(row.low_id, row.high_id) for row in db.session.execute(_judged_pairs())}
    placed = set(db.session.scalars(select(Order.id).where(visible_orders(actor), Order.status == Status.PLACED)))
    return [pair for pair in pairs if pair[:2] not in judged and placed & set(pair[:2])]


def _judged_pairs() -> Select[*tuple[Any, ...]]:
    low = aliased(Order)
    return (
        select(DistinctOrders.low_id, DistinctOrders.high_id)
        .join(low, low.id == DistinctOrders.low_id)
        .where(low.status.in_(OPEN))
    )


def _as_pair(low: AnyRow, high: AnyRow, likeness: Likeness) -> Pair:
    """The one that is further along stays, else the older: an order can be merged only before it is dispatched."""
    if high.status != Status.PLACED and low.status == Status.PLACED:
        return Pair(high, low, likeness)
    return Pair(low, high, likeness)


def _list_like(trait: Trait, conditions: Sequence[ColumnElement[bool]]) -> list[Double]:
    """Open orders of the same town that look like `trait`, likeliest first; three statements."""
    same = Order.menu_item_id == trait.item if trait.item else Order.menu_item_id.is_(None)
    near = Order.division_code.between(trait.town.ljust(12, "0"), trait.town.ljust(12, "9"))
    traits = _read_traits([near, same, *conditions], MOST_NEAR)
    scored = {order_id: compare(trait, other) for order_id, other in traits.items()}
    likely = {order_id: each for order_id, each in scored.items() if each.is_likely}
    if not likely:
        return []
    rows = db.session.execute(select_rows().where(Order.id.in_(likely))).all()
    found = [Double(row, likely[row.id]) for row in rows]
    return sorted(found, key=lambda each: (-each.likeness.score, each.row.id))


def _read_traits(conditions: Sequence[ColumnElement[bool]], most: int) -> dict[int, Trait]:
    """What is compared of open orders, by id; two statements."""
    rows = db.session.execute(
        select(
            Order.id,
            Order.menu_item_id,
            Order.wish,
            Order.division_code,
            Order.contact_phone_digest,
            Order.organisation,
        )
        .where(Order.status.in_(OPEN), *conditions)
        .order_by(Order.id.desc())
        .limit(most)
    ).all()
    days = _days_of([row.id for row in rows])
    return {
        row.id: Trait(
            row.menu_item_id,
            row.wish,
            row.division_code,
            frozenset(days[row.id]),
            row.contact_phone_digest,
            row.organisation,
        )
        for row in rows
    }


def _days_of(order_ids: Sequence[int]) -> defaultdict[int, set[date]]:
    """The days that each order's resident wished for, in the city."""
    days: defaultdict[int, set[date]] = defaultdict(set)
    if order_ids:
        rows = db.session.execute(
            select(WishedTime.order_id, WishedTime.starts_at).where(WishedTime.order_id.in_(order_ids))
        )
        for order_id, starts_at in rows:
            days[order_id].add(_city_day(starts_at))
    return days


def _trait_of(wish: Wish) -> Trait:
    return Trait(
        wish.menu_item_id,
        wish.wish,
        wish.division_code,
        frozenset(_city_day(window.starts_at) for window in wish.windows),
        current_vault().digest("phone", wish.contact_phone),
        wish.organisation,
    )


def _city_day(moment: datetime) -> date:
    return moment.astimezone(CITY_TIME).date()


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=CITY_TIME)
