"""`qtxvol check`: does the record hold together? Chains, replay, orphans, invariants.

Reads everything once, in order of orders, with bounded memory.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import and_, func, or_, select

from qtxvol.emergencies.check import check_emergencies
from qtxvol.extensions import db
from qtxvol.hours.check import check_hours
from qtxvol.offers.check import check_holds
from qtxvol.orders.chain import GENESIS
from qtxvol.orders.clocks import MAY_END_EARLY, RUNNING, is_running, main_due
from qtxvol.orders.lifecycle import OPEN, Action, Party, Status, get_rule
from qtxvol.orders.models import Crew, Order, OrderClock, OrderEvent, OrderNote, Question, Rating, WishedTime
from qtxvol.orders.transition import hash_of


@dataclass(frozen=True, slots=True)
class Finding:
    """Something is off. `number` is the order's, or empty when no order can be named."""

    number: str
    fault: str


def check_orders() -> Iterator[Finding]:
    """Everything that is off, in order of numbers of rows."""
    statement = (
        select(Order, OrderEvent, OrderNote.text)
        .outerjoin(OrderEvent, OrderEvent.order_id == Order.id)
        .outerjoin(OrderNote, OrderNote.event_id == OrderEvent.id)
        .order_by(Order.id, OrderEvent.sequence)
        .execution_options(yield_per=500)
    )
    for order, rows in groupby(db.session.execute(statement), key=lambda row: row[0]):
        told = [(event, text) for _, event, text in rows if event is not None]
        yield from _check_order(order, [event for event, _ in told])
        yield from _check_notes(order, told)
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
    else:
        for column in _differing_columns(order, events):
            yield Finding(order.number, f"its {column} is not what its events say")


def _check_notes(order: Order, told: Sequence[tuple[OrderEvent, str | None]]) -> Iterator[Finding]:
    """A note is what was written then, or it was erased; it is never another."""
    for event, text in told:
        kept = event.payload.get("text_sha256")
        if text is not None and hashlib.sha256(text.encode()).hexdigest() != kept:
            yield Finding(order.number, f"the note of event {event.sequence} ({event.action}) was changed")


def _differing_columns(order: Order, events: Sequence[OrderEvent]) -> list[str]:
    """Columns of the order that its events know better."""
    said: dict[str, object] = {}
    for event in events:
        payload = event.payload
        match event.action:
            case Action.PLACE:
                said |= {name: payload.get(name) for name in ("headcount", "division_code", "menu_item_id", "audience")}
            case Action.DISPATCH | Action.RULE | Action.REROUTE | Action.TURN_BACK | Action.PUSH:
                said["department_id"] = payload["department_id"]
            case Action.RETURN | Action.RELEASE | Action.RECALL | Action.JOIN:
                said["department_id"] = None
            case Action.RESUME:
                said |= dict.fromkeys(("department_id", "agreed_start", "agreed_end"))
            case Action.ACCEPT | Action.RESCHEDULE | Action.REINSTATE:
                said |= {name: datetime.fromisoformat(str(payload[name])) for name in ("agreed_start", "agreed_end")}
            case Action.WITHDRAW | Action.NO_SHOW | Action.LAPSE:
                said |= {"agreed_start": None, "agreed_end": None}
            case Action.CLOSE:
                said |= {name: datetime.fromisoformat(str(payload[name])) for name in ("actual_start", "actual_end")}
                said["attendance"] = payload["attendance"]
            case Action.REOPEN:
                said |= dict.fromkeys(("agreed_start", "agreed_end", "actual_start", "actual_end", "attendance"))
    return [name for name, value in said.items() if getattr(order, name) != value]


def _check_clocks() -> Iterator[Finding]:
    """Every open order has exactly its clocks, each with an owner; its due time is that of the main one; what has ended
    or never waited has none that runs."""
    statement = (
        select(Order.number, Order.status, Order.due_at, Order.clock_stopped_at, OrderClock)
        .outerjoin(OrderClock, and_(OrderClock.order_id == Order.id, is_running()))
        .where(or_(Order.status.in_(OPEN), OrderClock.id.is_not(None)))
        .order_by(Order.id, OrderClock.id)
        .execution_options(yield_per=500)
    )
    for (number, status, due_at, stopped_at), rows in groupby(db.session.execute(statement), key=lambda row: row[:4]):
        clocks = [clock for *_order, clock in rows if clock is not None]
        for fault in _clock_faults(Status(status), due_at, stopped_at, clocks):
            yield Finding(number, fault)


def _clock_faults(
    status: Status, due_at: datetime | None, stopped_at: datetime | None, clocks: Sequence[OrderClock]
) -> Iterator[str]:
    steps = [clock.step for clock in clocks]
    # who was merged into a served order has a rating of their own to give
    wanted = {"rate"} if status is Status.MERGED else set(RUNNING.get(status, ()))
    if len(set(steps)) != len(steps):
        yield f"two clocks run for one step: {', '.join(sorted(steps))}"
    if surplus := set(steps) - wanted:
        yield f"stands at {status}, but a clock runs for {', '.join(sorted(surplus))}"
    if missing := wanted - set(steps) - MAY_END_EARLY:
        yield f"stands at {status}, but no clock runs for {', '.join(sorted(missing))}"
    if status in OPEN and main_due(clocks) != due_at:
        yield f"is due {due_at}, but its clock says {main_due(clocks)}"
    for clock in clocks:
        if not clock.party or (clock.party in _NAMED and not clock.scope):
            yield f"nobody owes {clock.step}"
        if (clock.stopped_at is None) != (stopped_at is None) and clock.step != "rate":
            yield f"the clock of {clock.step} and the order do not stand still together"


#: Parties that are always one body; the teams of a pool owe an acceptance together.
_NAMED = (Party.COMMUNITY, Party.DEPARTMENT)


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
    yield from _check_clocks()
    for number, fault in check_hours():
        yield Finding(number, fault)
    for number, fault in check_emergencies():
        yield Finding(number, fault)
    for number, fault in check_holds():
        yield Finding(number, fault)
