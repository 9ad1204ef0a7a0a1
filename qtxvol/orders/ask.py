"""Ask the resident, and take the answer. While a question is open the clock stands still."""

from datetime import datetime
from typing import Any

from sqlalchemy import update

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.offers.models import CounterOffer
from qtxvol.orders.clocks import pause_clocks, resume_clocks
from qtxvol.orders.lifecycle import Action
from qtxvol.orders.models import Order, OrderEvent, Question
from qtxvol.orders.transition import Effect, Outcome, change_order


def ask_resident(
    number: str, actor: Actor, *, text: str, now: datetime, version: int | None = None, key: str | None = None
) -> Outcome:
    """Put one question to the resident.

    :raise Refused: `question_open` (409): one at a time.
    """

    def prepare(order: Order) -> Effect:
        return Effect({"clock_stopped_at": now}, then=lambda event: put_question(order, event, now))

    return change_order(number, Action.ASK, actor, {"text": text}, now=now, prepare=prepare, version=version, key=key)


def answer_question(
    number: str, actor: Actor, *, text: str, now: datetime, version: int | None = None, key: str | None = None
) -> Outcome:
    """Answer the open question in words, as the resident or for them; the clocks run on, and the working time
    that was lost meanwhile is given back. Where other times were proposed, words alone choose none of them.

    :raise Refused: `no_question` (409).
    """

    def prepare(order: Order) -> Effect:
        return Effect(run_on(order, now), then=lambda event: take_answer(order.id, event, now))

    return change_order(
        number, Action.ANSWER, actor, {"text": text}, now=now, prepare=prepare, version=version, key=key
    )


def put_question(order: Order, event: OrderEvent, now: datetime) -> None:
    """The question that the event asked is open, and the clocks stand still. Belongs into `Effect.then`."""
    db.session.add(Question(asked_event_id=event.id, order_id=order.id, asked_at=now))
    pause_clocks(order.id, now)
    db.session.flush()


def run_on(order: Order, now: datetime) -> dict[str, Any]:
    """Columns of an order whose question is answered (`Effect.values`); its clocks go on."""
    return {"clock_stopped_at": None, "due_at": resume_clocks(order, now)}


def take_answer(order_id: int, event: OrderEvent, now: datetime) -> None:
    """The open question was answered by the event. Belongs into `Effect.then`."""
    db.session.execute(
        update(Question)
        .where(Question.order_id == order_id, Question.ended_at.is_(None))
        .values(ended_at=now, answered_event_id=event.id)
    )
    void_counters(order_id, now)


def void_counters(order_id: int, now: datetime) -> None:
    """Other times that were proposed and not answered as such are not asked about any more."""
    unanswered = update(CounterOffer).where(CounterOffer.order_id == order_id, CounterOffer.answer.is_(None))
    db.session.execute(unanswered.values(answered_at=now, answer="void"))
