"""Rate a closed service, and call back where it went badly."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.permissions import visible_orders
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Action, Party, Status
from qtxvol.orders.models import CallBack, Order, OrderEvent, Rating
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

    :raise Refused: `is_rated` (409).
    """
    with transaction():
        asker = db.session.execute(
            select(Order.id, Order.status, Order.merged_into_id).where(Order.number == number, visible_orders(actor))
        ).one_or_none()
        if asker is None:
            raise NotFound(number)
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
        return _rate(number, asker.id, actor, verdict, now=now, version=version, key=key)


def _rate(
    number: str,
    asker_id: int,
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
        if db.session.scalar(select(Rating.id).where(Rating.asker_order_id == asker_id, Rating.closure == closure)):
            raise Refused("is_rated", 409)

        def then(event: OrderEvent) -> None:
            db.session.add(
                Rating(
                    order_id=order.id,
                    asker_order_id=asker_id,
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
            if cause := _find_call_back_cause(verdict):
                # on the order of the one who was not content: that is whom to call, and whose clerk has to
                db.session.add(CallBack(order_id=asker_id, cause=cause, opened_at=now))

        return Effect(then=then)

    payload = {
        "asker_order_id": asker_id,
        "stars": verdict.stars,
        "took_place": verdict.did_take_place,
        "came_count": verdict.came_count,
        "would_order_again": verdict.would_order_again,
        "text": verdict.text,
    }
    return change_order(number, Action.RATE, actor, payload, now=now, prepare=prepare, version=version, key=key)


def _find_call_back_cause(verdict: Verdict) -> str | None:
    if not verdict.did_take_place:
        return "did_not_take_place"
    return "low_rating" if verdict.stars <= LOW_STARS else None


def finish_call_back(call_back_id: int, actor: Actor, *, outcome: str, now: datetime) -> str:
    """Write down what the call brought. Done twice, the first word stands.

    :return: the order's number.
    :raise NotFound: no such task on an order that the actor may know of.
    :raise Refused: `wrong_party` (403), `missing` text (422).
    """
    if actor.party not in (Party.COMMUNITY, Party.OFFICE):
        raise Refused("wrong_party", 403)
    if not outcome:
        raise Refused("missing", 422, field="outcome")
    with transaction():
        found = db.session.execute(
            select(CallBack, Order.number)
            .join(Order, Order.id == CallBack.order_id)
            .where(CallBack.id == call_back_id, visible_orders(actor))
            .with_for_update(of=CallBack)
        ).one_or_none()
        if found is None:
            raise NotFound(call_back_id)
        task, number = found
        if task.done_at is None:
            task.done_at, task.done_by_account_id, task.outcome = now, actor.account_id, outcome
        return str(number)
