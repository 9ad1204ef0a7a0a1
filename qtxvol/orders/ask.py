"""Ask the resident, and take the answer. While a question is open the clock stands still."""

from datetime import datetime

from sqlalchemy import update

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
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
        def then(event: OrderEvent) -> None:
            db.session.add(Question(asked_event_id=event.id, order_id=order.id, asked_at=now))
            pause_clocks(order.id, now)

        return Effect({"clock_stopped_at": now}, then=then)

    return change_order(number, Action.ASK, actor, {"text": text}, now=now, prepare=prepare, version=version, key=key)


def answer_question(
    number: str, actor: Actor, *, text: str, now: datetime, version: int | None = None, key: str | None = None
) -> Outcome:
    """Answer the open question, as the resident or for them; the clocks run on, and the working time
    that was lost meanwhile is given back.

    :raise Refused: `no_question` (409).
    """

    def prepare(order: Order) -> Effect:
        def then(event: OrderEvent) -> None:
            db.session.execute(
                update(Question)
                .where(Question.order_id == order.id, Question.ended_at.is_(None))
                .values(ended_at=now, answered_event_id=event.id)
            )

        return Effect({"clock_stopped_at": None, "due_at": resume_clocks(order, now)}, then=then)

    return change_order(
        number, Action.ANSWER, actor, {"text": text}, now=now, prepare=prepare, version=version, key=key
    )
