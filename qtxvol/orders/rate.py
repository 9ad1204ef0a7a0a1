"""Rate a closed service; one that went badly is a task for the community (`call_backs.py`)."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.permissions import rates_itself, visible_orders
from qtxvol.base import AnyRow
from qtxvol.extensions import db
from qtxvol.orders.call_backs import open_call_backs
from qtxvol.orders.calls import CallCause
from qtxvol.orders.clocks import end_clock
from qtxvol.orders.lifecycle import Action, Party, Status
from qtxvol.orders.models import Order, OrderEvent, Rating
from qtxvol.orders.transition import Effect, Outcome, change_order
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction

#: So few stars, or a service that did not take place, open a call-back task.
LOW_STARS = 2


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the resident says. `stars` 1-5; `came_count` people, None when not said."""

    stars: int
    did_take_place: bool
    came_count: int | None = None
    would_order_again: bool | None = None
    text: str = ""


def rate_order(
    number: str,
    actor: Actor,
    *,
    verdict: Verdict,
    now: datetime,
    version: int | None = None,
    key: str | None = None,
) -> Outcome:
    """Keep one rating per asker and closure. The asker of a merged order rates the service it was merged into.

    :raise Refused: `is_rated`; `own_push`: a department rates nothing that it sent itself (409).
    """
    with transaction():
        asker = db.session.execute(
            select(Order.id, Order.division_code, Order.status, Order.merged_into_id, Order.is_push).where(
                Order.number == number, visible_orders(actor)
            )
        ).one_or_none()
        if asker is None:
            raise NotFound(number)
        if rates_itself(actor, is_push=asker.is_push):
            raise Refused("own_push", 409)
        if asker.status == Status.MERGED:
            target = db.session.execute(
                select(Order.number, Order.division_code).where(Order.id == asker.merged_into_id)
            ).one()
            number = target.number
            if actor.party is Party.RESIDENT:
                actor = replace(actor, order_id=asker.merged_into_id)
            elif actor.party is Party.COMMUNITY:  # a town may have merged across communities
                actor = replace(actor, division_code=target.division_code)
            version = None
        return _rate(number, asker, actor, verdict, now=now, version=version, key=key)


def _rate(
    number: str,
    asker: AnyRow,
    actor: Actor,
    verdict: Verdict,
    *,
    now: datetime,
    version: int | None,
    key: str | None,
) -> Outcome:
    def prepare(order: Order) -> Effect:
        closure = order.closures_count
        if not 1 <= verdict.stars <= 5:
            raise Refused("stars", 422, field="stars")
        if db.session.scalar(select(Rating.id).where(Rating.asker_order_id == asker.id, Rating.closure == closure)):
            raise Refused("is_rated", 409)

        def then(event: OrderEvent) -> None:
            db.session.add(
                Rating(
                    order_id=order.id,
                    asker_order_id=asker.id,
                    event_id=event.id,
                    closure=closure,
                    stars=verdict.stars,
                    did_take_place=verdict.did_take_place,
                    came_count=verdict.came_count,
                    would_order_again=verdict.would_order_again,
                    is_call_back=actor.party is Party.COMMUNITY,
                    rated_at=now,
                )
            )
            end_clock(asker.id, "rate", now, event_id=event.id)
            cause = _find_call_back_cause(verdict)
            if cause and not order.is_drill:
                # on the order of the one who was not content: that is whom to call, and whose clerk has to
                open_call_backs([(asker.id, asker.division_code)], cause, now)

        return Effect(then=then)

    payload = {
        "asker_order_id": asker.id,
        "stars": verdict.stars,
        "took_place": verdict.did_take_place,
        "came_count": verdict.came_count,
        "would_order_again": verdict.would_order_again,
        "text": verdict.text,
    }
    return change_order(number, Action.RATE, actor, payload, now=now, prepare=prepare, version=version, key=key)


def _find_call_back_cause(verdict: Verdict) -> CallCause | None:
    if not verdict.did_take_place:
        return CallCause.DID_NOT_TAKE_PLACE
    return CallCause.LOW_RATING if verdict.stars <= LOW_STARS else None
