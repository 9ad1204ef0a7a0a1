"""Orders that belong to an emergency although nobody said so when they were placed: open ones from before are raised
by one tap of the office, wishes in free words are marked by whoever reads them.

That is no step of the lifecycle: nobody acts on the order and its status stays. It is written into the trail of the
emergency with the order's number; running limits begin anew, shorter, and nothing of the past is rewritten
(docs/adr/0020-emergencies.md).
"""

from datetime import datetime

from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.emergencies.events import lock_open
from qtxvol.emergencies.models import Emergency
from qtxvol.emergencies.queries import covers_of, list_open, to_raise
from qtxvol.emergencies.trail import note
from qtxvol.extensions import db
from qtxvol.offers.holds import hasten_hold
from qtxvol.orders.claim import look_again
from qtxvol.orders.clocks import hasten_clocks
from qtxvol.orders.lifecycle import OPEN, Party
from qtxvol.orders.models import Order, OrderEvent
from qtxvol.orders.transition import lock_order
from qtxvol.refusals import Refused
from qtxvol.storage import transaction

#: So many in one go; the rest takes another tap.
MOST = 200


def raise_orders(emergency_id: int, actor: Actor, *, now: datetime) -> int:
    """Take in all open orders that the emergency covers and that belong to none.

    :return: how many were raised; a second tap raises none.
    :raise NotFound: no such emergency.
    :raise Refused: `wrong_party` (403); `emergency_closed`, `is_drill` (409): exercises take in nothing real.
    """
    with transaction():
        emergency = lock_open(emergency_id, actor)
        if emergency.is_drill:
            raise Refused("is_drill", 409)
        cover = covers_of([emergency_id])[emergency_id]
        orders = db.session.scalars(
            select(Order)
            .where(to_raise(cover))
            .order_by(Order.id)
            .limit(MOST)
            .with_for_update(of=Order, key_share=True)
        ).all()
        for order in orders:
            _take_in(emergency, order, "raise", actor, now)
        return len(orders)


def mark_order(number: str, emergency_id: int, actor: Actor, *, now: datetime) -> bool:
    """A clerk or the office sees that an open order is about the emergency, whatever its topic.

    :return: False when it belongs to it already.
    :raise NotFound: no such order within the actor's reach.
    :raise Refused: `wrong_party` (403); `unknown` with `field` (422): not open, an exercise, or elsewhere;
        `order_over`, `in_another` (409).
    """
    if actor.party not in (Party.COMMUNITY, Party.OFFICE):
        raise Refused("wrong_party", 403)
    with transaction():
        emergency = db.session.get(Emergency, emergency_id, with_for_update=True)
        order = lock_order(number, actor)
        if order.emergency_id == emergency_id:
            return False
        if emergency is None or emergency.closed_at is not None or emergency.is_drill:
            raise Refused("unknown", 422, field="emergency_id")
        if not covers_of([emergency_id])[emergency_id].has_place(order.division_code):
            raise Refused("unknown", 422, field="emergency_id")
        if order.status not in OPEN:
            raise Refused("order_over", 409)
        if order.emergency_id is not None:
            raise Refused("in_another", 409)
        _take_in(emergency, order, "mark", actor, now)
        return True


def list_markable(order: Order, now: datetime) -> list[Emergency]:
    """Open emergencies that an order could be marked as part of: those of its place, no exercises."""
    if order.emergency_id is not None or order.status not in OPEN:
        return []
    found = [each for each in list_open(now) if not each.is_drill]
    covers = covers_of([each.id for each in found]) if found else {}
    return [each for each in found if covers[each.id].has_place(order.division_code)]


def _take_in(emergency: Emergency, order: Order, deed: str, actor: Actor, now: datetime) -> None:
    was = {"urgency": order.urgency, "due_at": order.due_at.isoformat() if order.due_at else None}
    order.urgency, order.emergency_id = "emergency", emergency.id
    db.session.flush()
    last = db.session.scalars(
        select(OrderEvent).where(OrderEvent.order_id == order.id, OrderEvent.sequence == order.version)
    ).one()
    order.due_at = hasten_clocks(order, last, now)
    look_again(order, now)  # asked at leisure so far; now at once, and more teams
    hasten_hold(order, now)
    note(emergency, deed, actor, now, about={"number": order.number, "was": was}, order_id=order.id)
