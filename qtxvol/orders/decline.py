"""The honest ways out before a service: reject, merge, cancel, give up."""

from datetime import datetime

from sqlalchemy import func, or_, select, update

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.permissions import visible_orders
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import OPEN, Action
from qtxvol.orders.models import Order, OrderEvent
from qtxvol.orders.reasons import check_reason
from qtxvol.orders.transition import Effect, Outcome, change_order
from qtxvol.refusals import Refused
from qtxvol.storage import transaction


def reject_order(
    number: str,
    actor: Actor,
    *,
    reason: str,
    text: str,
    now: datetime,
    version: int | None = None,
    key: str | None = None,
) -> Outcome:
    """Turn away what this service is not for; the resident reads `text`.

    :raise Refused: `unknown` reason (422); else as `change_order`.
    """

    def prepare(order: Order) -> Effect:
        check_reason(Action.REJECT, reason, text)
        return Effect({"ending_reason": reason})

    payload = {"reason": reason, "text": text}
    return change_order(number, Action.REJECT, actor, payload, now=now, prepare=prepare, version=version, key=key)


def merge_order(
    number: str,
    actor: Actor,
    *,
    into_number: str,
    now: datetime,
    text: str = "",
    version: int | None = None,
    key: str | None = None,
) -> Outcome:
    """Join an order to another open one of the same clerk. The asker stays informed and may rate.

    :raise Refused: `merge_target` with `fault` unknown, itself or not_open (422).
    """

    def prepare(order: Order) -> Effect:
        target = db.session.execute(
            select(Order.id, Order.status, Order.is_drill)
            .where(Order.number == into_number, visible_orders(actor))
            .with_for_update(of=Order, key_share=True)
        ).one_or_none()
        if target is None:
            raise Refused("merge_target", 422, field="into_number", fault="unknown")
        if target.id == order.id:
            raise Refused("merge_target", 422, field="into_number", fault="itself")
        if target.status not in OPEN:
            raise Refused("merge_target", 422, field="into_number", fault="not_open")
        if target.is_drill != order.is_drill:  # who really asked would be counted nowhere
            raise Refused("merge_target", 422, field="into_number", fault="drill")

        moved = list(db.session.scalars(select(Order.id).where(Order.merged_into_id == order.id).order_by(Order.id)))

        def then(event: OrderEvent) -> None:
            # whoever had joined the merged order moves along, so that nobody is ever two steps away
            db.session.execute(update(Order).where(Order.id.in_(moved)).values(merged_into_id=target.id))

        return Effect({"merged_into_id": target.id}, noted={"moved_order_ids": moved}, then=then)

    payload = {"into_number": into_number, "text": text}
    with transaction():
        _lock_by_id(number, into_number)
        return change_order(number, Action.MERGE, actor, payload, now=now, prepare=prepare, version=version, key=key)


def _lock_by_id(number: str, into_number: str) -> None:
    """Lock both orders and whatever had joined the first, always in the same order: two clerks who merge two
    orders into each other would otherwise wait for each other for ever (PostgreSQL ends that with an error)."""
    joined = Order.merged_into_id.in_(select(Order.id).where(Order.number == number))
    statement = select(Order.id).where(or_(Order.number.in_((number, into_number)), joined)).order_by(Order.id)
    db.session.execute(statement.with_for_update(key_share=True))  # notices may go on pointing to them


def cancel_order(
    number: str,
    actor: Actor,
    *,
    reason: str,
    now: datetime,
    text: str = "",
    version: int | None = None,
    key: str | None = None,
) -> Outcome:
    """Take an order back before the service starts.

    :raise Refused: `others_joined` (409): nobody cancels over the heads of other residents who were merged into it;
        where it really can't be, the office gives it up and all are told.
    """

    def prepare(order: Order) -> Effect:
        check_reason(Action.CANCEL, reason, text)
        joined = db.session.scalar(select(func.count()).where(Order.merged_into_id == order.id))
        if joined:
            raise Refused("others_joined", 409, count=joined)
        return Effect({"ending_reason": reason})

    payload = {"reason": reason, "text": text}
    return change_order(number, Action.CANCEL, actor, payload, now=now, prepare=prepare, version=version, key=key)


def give_up_order(
    number: str, actor: Actor, *, text: str, now: datetime, version: int | None = None, key: str | None = None
) -> Outcome:
    """Say plainly that an order can't be met; the resident reads `text`. Stays in the statistics as unmet."""
    return change_order(number, Action.GIVE_UP, actor, {"text": text}, now=now, version=version, key=key)
