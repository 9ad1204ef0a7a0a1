"""`qtxvol check`: does the record hold together? Chains, replay, orphans, invariants.

Reads everything once, in order of orders, with bounded memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import func, select

from qtxvol.extensions import db
from qtxvol.orders.chain import GENESIS
from qtxvol.orders.lifecycle import Action, Status, get_rule
from qtxvol.orders.models import Crew, Order, OrderEvent, Question, Rating, WishedTime
from qtxvol.orders.transition import hash_of
from qtxvol.volunteers.models import HoursEntry


@dataclass(frozen=True, slots=True)
class Finding:
    """Something is off. `number` is the order's, or empty when no order can be named."""

    number: str
    fault: str


def check_orders() -> Iterator[Finding]:
    """Everything that is off, in order of numbers of rows."""
    statement = (
        select(Order, OrderEvent)
        .outerjoin(OrderEvent, OrderEvent.order_id == Order.id)
        .order_by(Order.id, OrderEvent.sequence)
        .execution_options(yield_per=500)
    )
    for order, rows in groupby(db.session.execute(statement), key=lambda row: row[0]):
        yield from _check_order(order, [event for _, event in rows if event is not None])
    yield from _check_counts()


def _check_order(order: Order, events: list[OrderEvent]) -> Iterator[Finding]:
    previous, status = GENESIS, None
    for position, event in enumerate(events, 1):
        if event.sequence != position:
            yield Finding(order.number, f"event {position} is missing")
            return
        if event.previous_hash != previous or event.row_hash != hash_of(event, order.number):
            yield Finding(order.number, f"event {position} ({event.action}) was changed after it was written")
            return
        rule = get_rule(Action(event.action))
        came_from = Status(event.from_status) if event.from_status else None
        if came_from != status or (came_from not in rule.when if came_from else rule.when):
            yield Finding(
                order.number, f"event {position} ({event.action}) starts from {event.from_status}, not {status}"
            )
            return
        if event.to_status != (rule.to or status):
            yield Finding(order.number, f"event {position} ({event.action}) can't lead to {event.to_status}")
            return
        previous, status = event.row_hash, Status(event.to_status)
    if status is None:
        yield Finding(order.number, "has no events")
    elif status != order.status:
        yield Finding(order.number, f"its events lead to {status}, but it stands at {order.status}")
    elif order.version != len(events):
        yield Finding(order.number, f"has version {order.version} but {len(events)} events")


def _check_counts() -> Iterator[Finding]:
    """Facts that no single chain shows."""
    known = select(Order.id)
    for table, column in ((OrderEvent, OrderEvent.order_id), (Crew, Crew.order_id), (WishedTime, WishedTime.order_id)):
        orphans = db.session.scalar(select(func.count()).select_from(table).where(column.not_in(known)))
        if orphans:
            yield Finding("", f"{orphans} rows of {table.__tablename__} belong to no order")
    people = select(Crew.order_id)
    for number in db.session.scalars(
        select(Order.number).where(Order.status == Status.ACCEPTED, Order.id.not_in(people))
    ):
        yield Finding(number, "is accepted, but nobody is named for it")
    for number in db.session.scalars(
        select(Order.number).join(Rating, Rating.order_id == Order.id).where(Rating.closure > Order.closures_count)
    ):
        yield Finding(number, "is rated for a closing that never was")
    open_questions = select(Question.order_id).where(Question.ended_at.is_(None))
    for number in db.session.scalars(
        select(Order.number).where(Order.clock_stopped_at.is_not(None), Order.id.not_in(open_questions))
    ):
        yield Finding(number, "its clock stands still without an open question")
    negative = select(HoursEntry.order_id).group_by(HoursEntry.order_id).having(func.sum(HoursEntry.minutes) < 0)
    for number in db.session.scalars(select(Order.number).where(Order.id.in_(negative))):
        yield Finding(number, "more hours were taken back than given")
