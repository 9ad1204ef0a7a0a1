"""What follows from an agreed time: reminders, questions that are answered with one tap, and taking both back when the
service moves. Called by `transition.py` inside the transaction of the step.

Each is keyed by the agreed time, so that however often a service is moved to and fro, everybody is reminded of a time
once: what was taken back comes back with the time.
"""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select, update

from qtxvol.extensions import db
from qtxvol.notices.models import Notice
from qtxvol.notices.queue import Telling, To, key_for, queue_all, queue_notices
from qtxvol.notices.reminder_times import ASK_AFTER, RATE_AFTER, day_before, hours_before
from qtxvol.orders.lifecycle import Action, Party, Status
from qtxvol.orders.models import Crew, Order, OrderEvent, Reply
from qtxvol.orders.replies import Purpose

#: Ahead of a service.
_AHEAD = ("remind_day", "remind_hours", "confirm_time")
#: After it.
_AFTER = ("took_place", "how_was_it")
#: Steps that change what is agreed, or with whom, and leave the order accepted.
_MOVES = frozenset({Action.RESCHEDULE, Action.CREW})


def follow_step(order: Order, event: OrderEvent, now: datetime) -> None:
    """Queue, take back or leave alone, as the step asks for. The order, its crew and its askers stand as after it."""
    was, action = event.from_status, Action(event.action)
    if order.status == Status.ACCEPTED and (was != Status.ACCEPTED or action in _MOVES):
        _agree(order, now)
    elif order.status == Status.CLOSED and was == Status.ACCEPTED:
        _close(order, now)
    elif order.status != was and was in (Status.ACCEPTED, Status.CLOSED):
        _take_back(_family(order.id), (*_AHEAD, *_AFTER), now)
    elif action is Action.MERGE:
        _join(order, now)
    elif action is Action.SPLIT:
        _take_back(_family(order.id), (*_AHEAD, *_AFTER), now)
    elif action is Action.RATE:
        asker = event.payload.get("asker_order_id")
        _take_back([int(str(asker))] if asker else [order.id], _AFTER, now)


def _join(order: Order, now: datetime) -> None:
    """Whoever was merged into an order that is agreed already is reminded with the others."""
    target = db.session.get(Order, order.merged_into_id) if order.merged_into_id else None
    if target is not None and target.status == Status.ACCEPTED:
        _agree(target, now)


def _agree(order: Order, now: datetime) -> None:
    start, end = order.agreed_start, order.agreed_end
    if start is None or end is None:
        raise AssertionError("an accepted order has its time")
    family = _family(order.id)
    residents = [To(Party.RESIDENT, "", asker) for asker in family]
    crew = sorted(db.session.scalars(select(Crew.volunteer_id).where(Crew.order_id == order.id)))
    staff = [To(Party.TEAM, str(order.team_id), order.id), *(To(Party.VOLUNTEER, str(i), order.id) for i in crew)]
    is_urgent = order.is_emergency
    due = {
        "remind_day": day_before(start, is_emergency=is_urgent),
        "remind_hours": hours_before(start, is_emergency=is_urgent),
        "took_place": end + ASK_AFTER,
    }
    ahead = {kind: moment for kind, moment in due.items() if moment is not None and moment > now}
    if start > now:
        ahead["confirm_time"] = now
    everybody = [*residents, *staff]
    whom = {
        "remind_day": everybody,
        "remind_hours": everybody,
        "confirm_time": residents,
        "took_place": _served(family),
    }
    tellings = [
        Telling(
            kind,
            whom[kind],
            about={"start": start.astimezone(UTC).isoformat(), "end": end.astimezone(UTC).isoformat()},
            key=f"{kind}:{order.id}:{start.astimezone(UTC):%Y%m%dT%H%M}",
            due_at=moment,
            is_emergency=is_urgent,
        )
        for kind, moment in ahead.items()
    ]
    still = {key_for(each.key, reader) for each in tellings for reader in each.readers}
    _take_back(family, (*_AHEAD, "took_place"), now, but=still)
    _bring_back(still)
    queue_all(tellings, now)
    _ask(order, start, Purpose.CONFIRM_TIME, residents, now)
    _ask(order, start, Purpose.COME, staff, now)


def _close(order: Order, now: datetime) -> None:
    """The reminders are past; who asked for it is asked how it was, once per closing."""
    family = _family(order.id)
    _take_back(family, (*_AHEAD, "took_place"), now)
    queue_notices(
        "how_was_it",
        _served(family),
        now=now,
        order_id=order.id,
        key=f"how_was_it:{order.id}:{order.closures_count}",
        due_at=now + RATE_AFTER,
        is_emergency=order.is_emergency,
    )


def _family(order_id: int) -> list[int]:
    """The order, and those that were merged into it."""
    joined = db.session.scalars(select(Order.id).where(Order.merged_into_id == order_id).order_by(Order.id))
    return [order_id, *joined]


def _served(family: Collection[int]) -> list[To]:
    """Who can say how it was: not the department that sent the service itself."""
    wanted = select(Order.id).where(Order.id.in_(family), Order.is_push.is_(False)).order_by(Order.id)
    return [To(Party.RESIDENT, "", asker) for asker in db.session.scalars(wanted)]


def _take_back(orders: Iterable[int], kinds: Iterable[str], now: datetime, *, but: Collection[str] = ()) -> None:
    """Withdraw what is not due yet; a question about a time that is no more, in any case.

    :param but: keys of notices that still hold.
    """
    gone = (
        update(Notice)
        .where(
            Notice.order_id.in_(list(orders)),
            Notice.kind.in_(list(kinds)),
            Notice.withdrawn_at.is_(None),
            Notice.key.not_in(list(but)),
            (Notice.due_at > now) | (Notice.kind == "confirm_time"),
        )
        .values(withdrawn_at=now)
    )
    db.session.connection().execute(gone)


def _bring_back(keys: Collection[str]) -> None:
    """The service is back at a time that had been agreed before."""
    again = update(Notice).where(Notice.key.in_(list(keys)), Notice.withdrawn_at.is_not(None))
    # planned anew: what was called off on its way goes out after all, and nothing twice
    db.session.connection().execute(again.values(withdrawn_at=None, planned_at=None))


def _ask(order: Order, start: datetime, purpose: Purpose, readers: Iterable[To], now: datetime) -> None:
    """Write down who is asked; whoever was asked about this very time before is not asked anew."""
    wanted = {(str(reader.party), scope_of(reader)) for reader in readers}
    known = select(Reply.party, Reply.scope).where(
        Reply.order_id == order.id, Reply.purpose == purpose, Reply.agreed_start == start
    )
    wanted -= {(row.party, row.scope) for row in db.session.execute(known)}
    if wanted:
        db.session.execute(insert(Reply), [_row(order, start, purpose, *each, now) for each in sorted(wanted)])


def _row(order: Order, start: datetime, purpose: Purpose, party: str, scope: str, now: datetime) -> dict[str, Any]:
    return {
        "order_id": order.id,
        "purpose": purpose,
        "party": party,
        "scope": scope,
        "volunteer_id": int(scope) if party == Party.VOLUNTEER else None,
        "agreed_start": start,
        "asked_at": now,
        "reason": "",
        "text": "",
        "windows": [],
    }


def scope_of(reader: To) -> str:
    """As in `replies.scope`."""
    return reader.scope or str(reader.order_id or "")
