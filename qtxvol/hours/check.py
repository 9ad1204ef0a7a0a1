"""Does the ledger of hours hold together? Its sums are those of a replay of closes, reopens and confirmed requests;
its threads are whole; nobody served in two places at once. Part of `qtxvol check`."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import select

from qtxvol.extensions import db
from qtxvol.hours.ledger import standing_spans
from qtxvol.hours.models import HoursEntry, HoursRequest
from qtxvol.hours.rules import minutes_of
from qtxvol.orders.lifecycle import Action
from qtxvol.orders.models import Order, OrderEvent

_CHUNK = 500


def check_hours() -> Iterator[tuple[str, str]]:
    """(number of the order, what is off), order by order in bounded memory; then people in two places."""
    last = 0
    while True:
        orders = db.session.execute(
            select(Order.id, Order.number, Order.is_drill).where(Order.id > last).order_by(Order.id).limit(_CHUNK)
        ).all()
        if not orders:
            break
        last = orders[-1].id
        yield from _check_orders({row.id: row.number for row in orders}, {row.id for row in orders if row.is_drill})
    yield from _check_people()


def replay(events: Sequence[OrderEvent], requests: Sequence[HoursRequest]) -> dict[int, int]:
    """Minutes by volunteer that must stand in an order, from what was done to it and from nothing else.

    :param events: closes and reopens of the order, in sequence.
    :param requests: confirmed ones about it, in the order of their decision.
    """
    standing: dict[int, int] = {}
    closure = 0
    for event in events:
        if event.action == Action.REOPEN:
            standing = {}
        elif event.action == Action.CLOSE:
            closure += 1
            minutes = dict(event.payload["minutes"])  # type: ignore[call-overload]  # JSON, written by close_order
            standing = {int(person): int(served) for person, served in minutes.items() if served}
            for request in requests:
                if request.closure == closure:
                    standing[request.volunteer_id] = request.minutes
    return {person: minutes for person, minutes in standing.items() if minutes}


def _check_orders(numbers: dict[int, str], drills: set[int]) -> Iterator[tuple[str, str]]:
    entries: dict[int, list[HoursEntry]] = defaultdict(list)
    for entry in db.session.scalars(select(HoursEntry).where(HoursEntry.order_id.in_(numbers)).order_by(HoursEntry.id)):
        entries[entry.order_id].append(entry)
    events: dict[int, list[OrderEvent]] = defaultdict(list)
    for event in db.session.scalars(
        select(OrderEvent)
        .where(OrderEvent.order_id.in_(numbers), OrderEvent.action.in_((Action.CLOSE, Action.REOPEN)))
        .order_by(OrderEvent.order_id, OrderEvent.sequence)
    ):
        events[event.order_id].append(event)
    requests: dict[int, list[HoursRequest]] = defaultdict(list)
    for request in db.session.scalars(
        select(HoursRequest)
        .where(HoursRequest.order_id.in_(numbers), HoursRequest.status == "confirmed")
        .order_by(HoursRequest.decided_at, HoursRequest.id)
    ):
        requests[request.order_id].append(request)
    for order_id, number in numbers.items():
        if order_id in drills:
            if entries[order_id]:
                yield number, "is an exercise, but hours were written for it"
            continue
        for fault in _find_faults(entries[order_id], events[order_id], requests[order_id]):
            yield number, fault


def _find_faults(
    entries: Sequence[HoursEntry], events: Sequence[OrderEvent], requests: Sequence[HoursRequest]
) -> Iterator[str]:
    sums: dict[int, int] = defaultdict(int)
    for entry in entries:
        sums[entry.volunteer_id] += entry.minutes
    standing = {person: minutes for person, minutes in sums.items() if minutes}
    if standing != replay(events, requests):
        yield "its hours are not what its closings, reopenings and requests say"
    yield from _find_torn_threads(entries)
    spans = {event.id: event.payload for event in events if event.action == Action.CLOSE}
    confirmed = {request.id: request for request in requests}
    for entry in entries:
        if not entry.vouched_party or not entry.vouched_name:
            yield f"nobody vouches for line {entry.id} of its hours"
        if entry.request_id is not None and entry.request_id not in confirmed:
            yield f"line {entry.id} of its hours rests on a request that was not confirmed"
        request = confirmed.get(entry.request_id or 0)
        is_more = request is not None and request.minutes > (request.minutes_before or 0)
        if is_more and entry.confirmed_by_account_id in (None, entry.vouched_by_account_id):
            yield f"line {entry.id} of its hours has no second person"
        payload = spans.get(entry.event_id or 0)
        if payload is not None and not (
            _time(payload, "actual_start") <= entry.started_at and entry.ended_at <= _time(payload, "actual_end")
        ):
            yield f"line {entry.id} of its hours lies outside the service"


def _find_torn_threads(entries: Sequence[HoursEntry]) -> Iterator[str]:
    heads: dict[int, HoursEntry] = {}
    sums: dict[int, int] = defaultdict(int)
    for entry in entries:
        root = entry.root_id or entry.id
        before = heads.get(root)
        if entry.corrects_id != (before.id if before else None) or (
            before is not None
            and (entry.volunteer_id, entry.started_at, entry.ended_at, entry.served_on, entry.closure)
            != (before.volunteer_id, before.started_at, before.ended_at, before.served_on, before.closure)
        ):
            yield f"line {entry.id} of its hours does not follow from the line before"
        heads[root] = entry
        sums[root] += entry.minutes
        if not 0 <= sums[root] <= minutes_of(entry.started_at, entry.ended_at):
            yield f"line {entry.id} makes more or fewer hours than the service had"


def _check_people() -> Iterator[tuple[str, str]]:
    """Standing hours of one person that overlap, whichever of their rows they stand on."""
    person, until, number = 0, None, ""
    rows = db.session.execute(
        standing_spans().order_by("person_id", HoursEntry.started_at, HoursEntry.id).execution_options(yield_per=500)
    )
    for row in rows:
        if row.person_id != person:
            person, until, number = row.person_id, None, ""
        if until is not None and row.started_at < until and row.ended_at > row.started_at:
            yield row.number, f"one person's hours overlap with those of {number}"
        if until is None or row.ended_at > until:
            until, number = row.ended_at, row.number


def _time(payload: dict[str, object], name: str) -> datetime:
    return datetime.fromisoformat(str(payload[name]))
