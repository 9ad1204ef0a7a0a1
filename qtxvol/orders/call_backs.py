"""Call-backs: tasks for the community to call a resident, what the call brought, and lists of them.

They open by themselves (a low rating, a service that did not take place, a dispute, a draw). Nothing else follows by
itself: whether an order is reopened is a person's decision.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import aliased

from qtxvol.accounts.actor import Actor, division_prefix
from qtxvol.accounts.permissions import visible_orders
from qtxvol.base import AnyRow
from qtxvol.directory.models import Division, MenuItem
from qtxvol.directory.workdays import load_calendar
from qtxvol.extensions import db
from qtxvol.notices.queue import To, queue_notices
from qtxvol.orders.calls import (
    CALL_BACK_DAYS,
    TOLD_IN_WORDS,
    CallCause,
    CallOutcome,
    CallResult,
    Contact,
    Tries,
    Try,
    results_of,
    sum_up,
)
from qtxvol.orders.deadlines import Limit, Unit, add_limit
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import CallBack, ContactAttempt, Order
from qtxvol.paging import Page, select_page
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction

STATES = ("open", "late", "done")

_Town = aliased(Division)


@dataclass(frozen=True, slots=True)
class Called:
    """How a call for a task ended.

    :ivar is_done: False: nobody answered, and the task stays open for another try; `tries` so far.
    """

    number: str
    is_done: bool
    tries: int = 0


@dataclass(frozen=True, slots=True)
class CallFilters:
    """What the reader of the list asks for; unknown values are dropped by the caller.

    :ivar state: one of `STATES`; empty means all, open ones first.
    """

    state: str = ""
    cause: str = ""
    result: str = ""
    division_code: str = ""
    page: int = 1


def open_call_back(order: Order, cause: CallCause, now: datetime) -> None:
    """A task for the community of `order`, whose resident is to be called, and the notice of it; none when one is open
    for the same cause, or when there is no number any more. Inside the caller's transaction, the order locked."""
    if order.contact_erased_at is None:
        open_call_backs([(order.id, order.division_code)], cause, now)


def open_call_backs(orders: Sequence[tuple[int, str]], cause: CallCause, now: datetime) -> list[CallBack]:
    """A task for each of the (order id, division code) pairs, in their order: a fresh one, or the one that is open for
    the same cause. Three statements, whatever their number; inside the caller's transaction."""
    if not orders:
        return []
    ids = [order_id for order_id, _division in orders]
    known = {
        task.order_id: task
        for task in db.session.scalars(
            select(CallBack).where(CallBack.order_id.in_(ids), CallBack.cause == cause, CallBack.done_at.is_(None))
        )
    }
    due = add_limit(now, Limit(CALL_BACK_DAYS, Unit.WORKING_DAYS), load_calendar())
    fresh = {
        order_id: CallBack(order_id=order_id, cause=cause, opened_at=now, due_at=due)
        for order_id in ids
        if order_id not in known
    }
    db.session.add_all(fresh.values())
    db.session.flush()
    queue_notices(
        "call_back",
        [To(Party.COMMUNITY, division, order_id) for order_id, division in orders if order_id in fresh],
        now=now,
        about={"cause": str(cause)},
    )
    return [known.get(order_id) or fresh[order_id] for order_id in ids]


def finish_call_back(
    call_back_id: int,
    actor: Actor,
    *,
    result: str = CallResult.OTHER,
    outcome: str = "",
    key: str = "",
    now: datetime,
) -> Called:
    """Write down what the call brought. Done twice, the first word stands.

    Nobody answered: the try is kept and the task stays open, until there were three on two days. Of a number that was
    erased meanwhile once is enough.
    :param result: one of `calls.CallResult`. :param outcome: what was said; needed for `other`, `explained` and
        `denied`.
    :param key: from the form, so that a double tap is one try.
    :raise NotFound: no such task on an order that the actor may know of.
    :raise Refused: `wrong_party` (403); `unknown` result, `missing` words (422).
    """
    if actor.party not in (Party.COMMUNITY, Party.OFFICE):
        raise Refused("wrong_party", 403)
    if not outcome and result in TOLD_IN_WORDS:
        raise Refused("missing", 422, field="outcome")
    with transaction():
        task, order = _lock_task(call_back_id, actor)
        if result not in results_of(task.cause):
            raise Refused("unknown", 422, field="result")
        if task.done_at is not None:
            return Called(order.number, is_done=True)
        tries = _keep_call(task, actor, result, key or f"call:{task.id}:{now.isoformat()}", now)
        if result == CallResult.UNREACHED and not tries.are_enough and order.contact_erased_at is None:
            return Called(order.number, is_done=False, tries=tries.count)
        task.done_at, task.done_by_account_id, task.done_by_name = now, actor.account_id, actor.name
        task.result, task.outcome = result, outcome
        return Called(order.number, is_done=True, tries=tries.count)


def _lock_task(call_back_id: int, actor: Actor) -> tuple[CallBack, Order]:
    found = db.session.execute(
        select(CallBack, Order)
        .join(Order, Order.id == CallBack.order_id)
        .where(CallBack.id == call_back_id, visible_orders(actor))
        .with_for_update(of=CallBack)
    ).one_or_none()
    if found is None:
        raise NotFound(call_back_id)
    return found[0], found[1]


def _keep_call(task: CallBack, actor: Actor, result: str, key: str, now: datetime) -> Tries:
    """The call stands in the order's log of calls too; a double tap once."""
    rows = db.session.scalars(select(ContactAttempt).where(ContactAttempt.call_back_id == task.id)).all()
    is_reached = result != CallResult.UNREACHED
    made = list(rows)
    if not any(each.key == key for each in rows):
        call = ContactAttempt(
            order_id=task.order_id,
            call_back_id=task.id,
            made_at=now,
            party=actor.party,
            actor_name=actor.name,
            account_id=actor.account_id,
            contact=Contact.FIRST,
            outcome=CallOutcome.REACHED if is_reached else CallOutcome.NO_ANSWER,
            key=key,
        )
        db.session.add(call)
        made.append(call)
    return sum_up(
        [Try(each.made_at, Contact(each.contact), CallOutcome(each.outcome)) for each in made], has_second=False
    )


# Reads


def list_call_backs(actor: Actor, filters: CallFilters, now: datetime) -> Page[AnyRow]:
    """Tasks on orders within the seat's scope: open ones first, the one due longest first; then the latest done.
    Two statements."""
    statement = (
        _rows()
        .where(visible_orders(actor), *_conditions(filters, now))
        .order_by(CallBack.done_at.is_not(None), CallBack.done_at.desc(), CallBack.due_at, CallBack.id)
    )
    return select_page(statement, filters.page)


def count_call_backs(actor: Actor, now: datetime) -> dict[str, int]:
    """How many are open and how many of them late, within the seat's scope; one statement."""
    is_open = CallBack.done_at.is_(None)
    row = db.session.execute(
        select(func.count().filter(is_open), func.count().filter(and_(is_open, CallBack.due_at < now)))
        .select_from(CallBack)
        .join(Order, Order.id == CallBack.order_id)
        .where(visible_orders(actor))
    ).one()
    return {"open": row[0], "late": row[1]}


def _conditions(filters: CallFilters, now: datetime) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    match filters.state:
        case "open":
            conditions.append(CallBack.done_at.is_(None))
        case "late":
            conditions += [CallBack.done_at.is_(None), CallBack.due_at < now]
        case "done":
            conditions.append(CallBack.done_at.is_not(None))
    if filters.cause:
        conditions.append(CallBack.cause == filters.cause)
    if filters.result:
        conditions.append(CallBack.result == filters.result)
    if filters.division_code:
        prefix = division_prefix(filters.division_code)
        conditions.append(Order.division_code.between(prefix.ljust(12, "0"), prefix.ljust(12, "9")))
    return conditions


def _rows() -> Select[*tuple[Any, ...]]:
    """What a line of the list shows; the number of tries comes along, the telephone does not."""
    tries = (
        select(func.count())
        .where(ContactAttempt.call_back_id == CallBack.id, ContactAttempt.outcome == CallOutcome.NO_ANSWER)
        .correlate(CallBack)
        .scalar_subquery()
    )
    served = aliased(Order)
    return (
        select(
            CallBack,
            tries.label("tries"),
            Order.number,
            Order.status,
            Order.wish,
            Order.venue,
            Order.contact_phone_tail,
            Order.contact_erased_at,
            served.number.label("served_number"),
            MenuItem.name.label("item_name"),
            MenuItem.name_en.label("item_name_en"),
            Division.display_name.label("division_name"),
            Division.name_en.label("division_name_en"),
            Division.level.label("division_level"),
            _Town.display_name.label("town_name"),
            _Town.name_en.label("town_name_en"),
        )
        .select_from(CallBack)
        .join(Order, Order.id == CallBack.order_id)
        .join(Division, Division.code == Order.division_code)
        .outerjoin(_Town, _Town.code == Division.parent_code)
        .outerjoin(MenuItem, MenuItem.id == Order.menu_item_id)
        .outerjoin(served, served.id == Order.merged_into_id)
    )
