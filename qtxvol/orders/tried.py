"""What the tries to reach an order's resident come to: the read that the rule `check_tried_enough` rests on."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, or_, select, union_all

from qtxvol.extensions import db
from qtxvol.orders.calls import CallOutcome, Contact, Tries, Try, sum_up
from qtxvol.orders.lifecycle import Action, Party
from qtxvol.orders.models import ContactAttempt, Order, OrderEvent, Reply
from qtxvol.privacy.models import Correction


def sum_up_tries(order: Order, calls: Sequence[ContactAttempt] | None = None) -> Tries:
    """Failed tries since the resident was last heard of: a call, a step or one-tap answer of theirs, a number set
    right, or the order taken up again. One statement, and one more for the `calls`, unless the caller has read them."""
    if calls is None:
        calls = db.session.scalars(select(ContactAttempt).where(ContactAttempt.order_id == order.id)).all()
    tries = [Try(each.made_at, Contact(each.contact), CallOutcome(each.outcome)) for each in calls]
    return sum_up(tries, has_second=bool(order.second_phone_tail), heard_at=_find_heard_at(order.id))


def _find_heard_at(order_id: int) -> datetime | None:
    by_resident = or_(OrderEvent.party == Party.RESIDENT, OrderEvent.action == Action.RESUME)
    moments: Any = union_all(
        select(func.max(OrderEvent.happened_at).label("at")).where(OrderEvent.order_id == order_id, by_resident),
        select(func.max(Correction.done_at)).where(Correction.order_id == order_id),
        select(func.max(Reply.answered_at)).where(
            Reply.order_id == order_id, Reply.party == Party.RESIDENT, Reply.scope == str(order_id)
        ),
    )
    return max(filter(None, db.session.scalars(moments)), default=None)
