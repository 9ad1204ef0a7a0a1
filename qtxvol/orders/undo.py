"""Take a step back: recall a dispatch, undo a claim, restore a rejected order, undo a merging.

An undo is a step of its own: the event that it takes back stays in the record (docs/adr/0007-undo.md).
"""

from datetime import datetime
from typing import cast

from sqlalchemy import or_, select, update

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.orders.claim import void_offers
from qtxvol.orders.clocks import take_up_ended
from qtxvol.orders.lifecycle import Action
from qtxvol.orders.models import Order, OrderClock, OrderEvent
from qtxvol.orders.serve import asked_teams
from qtxvol.orders.transition import Effect, Outcome, change_order
from qtxvol.storage import transaction


def recall_order(
    number: str, actor: Actor, *, now: datetime, text: str = "", version: int | None = None, key: str | None = None
) -> Outcome:
    """Take a dispatched order back before anybody has claimed it. No return of the department's; the community's
    clock goes on where it stood.

    :raise Refused: `is_ruled` (409): a ruling of the office is not the community's to take back; `wrong_status` with
        the `winner` who claimed it meanwhile.
    """

    def prepare(order: Order) -> Effect:
        return Effect({"department_id": None}, goes_on=goes_on_from(order, Action.DISPATCH))

    return change_order(
        number, Action.RECALL, actor, {"text": text}, now=now, prepare=prepare, version=version, key=key
    )


def unclaim_order(
    number: str, actor: Actor, *, now: datetime, text: str = "", version: int | None = None, key: str | None = None
) -> Outcome:
    """Take back a claim that nobody has built on. It waits for the same department, whose clock goes on where it stood.
    Teams that the service has asked by itself meanwhile are not asked any more, and hear of it.

    :raise Refused: `claim_used` (409): something was done since; `claim_settled`: more than 30 minutes ago.
    """

    def prepare(order: Order) -> Effect:
        def then(event: OrderEvent) -> None:
            void_offers(order.id, now)

        return Effect(
            {"is_auto_asked": False},
            told_teams=asked_teams(order.id),
            then=then,
            goes_on=goes_on_from(order, Action.CLAIM),
        )

    return change_order(
        number, Action.UNCLAIM, actor, {"text": text}, now=now, prepare=prepare, version=version, key=key
    )


def restore_order(
    number: str, actor: Actor, *, now: datetime, text: str = "", version: int | None = None, key: str | None = None
) -> Outcome:
    """Take up a rejected order after all; the community has a fresh dispatch limit for it.

    :raise Refused: `rejection_settled` (409): more than 15 days ago.
    """

    def prepare(order: Order) -> Effect:
        return Effect({"ending_reason": ""})

    return change_order(
        number, Action.RESTORE, actor, {"text": text}, now=now, prepare=prepare, version=version, key=key
    )


def split_order(
    number: str, actor: Actor, *, now: datetime, text: str = "", version: int | None = None, key: str | None = None
) -> Outcome:
    """Let a merged order go its own way again, and with it whoever had joined it before it was merged; likewise one
    that became part of a joint session by its asker's consent.

    :raise Refused: `joined_ended` (409): the order that it joined was served or has ended.
    """

    def prepare(order: Order) -> Effect:
        target_id, merging = order.merged_into_id, last_event(order, Action.MERGE, Action.JOIN)
        moved = cast(list[int], merging.payload.get("moved_order_ids", []))

        def then(event: OrderEvent) -> None:
            # not those that have been split off or merged anew since
            db.session.execute(
                update(Order)
                .where(
                    Order.id.in_(moved),
                    Order.merged_into_id == target_id,
                    Order.status_since <= merging.happened_at,
                )
                .values(merged_into_id=order.id)
            )

        return Effect({"merged_into_id": None}, then=then)

    with transaction():
        _lock_with_joined(number)
        return change_order(
            number, Action.SPLIT, actor, {"text": text}, now=now, prepare=prepare, version=version, key=key
        )


def _lock_with_joined(number: str) -> None:
    """Lock the order, the one that it joined and all that joined that one, by id as every merging does: two clerks
    never wait for each other, and the joined order doesn't end meanwhile."""
    joined = select(Order.merged_into_id).where(Order.number == number).scalar_subquery()
    family = or_(Order.number == number, Order.id == joined, Order.merged_into_id == joined)
    db.session.execute(select(Order.id).where(family).order_by(Order.id).with_for_update(key_share=True))


def last_event(order: Order, *actions: Action) -> OrderEvent:
    """The event that is taken back: the last one of these."""
    return db.session.scalars(
        select(OrderEvent)
        .where(OrderEvent.order_id == order.id, OrderEvent.action.in_(actions))
        .order_by(OrderEvent.sequence.desc())
        .limit(1)
    ).one()


def goes_on_from(order: Order, action: Action) -> list[OrderClock]:
    """The clocks that the last `action` ended: an undo wins no time, they go on where they stood (`Effect.goes_on`).

    Empty for a step of before there were clocks; there the status begins anew.
    """
    return take_up_ended(last_event(order, action))
