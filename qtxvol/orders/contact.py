"""Reaching the resident of an order: every try is written down, and after enough of them the order may end as
unreachable, and be taken up again."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.permissions import visible_orders
from qtxvol.extensions import db
from qtxvol.orders.call_backs import open_call_back
from qtxvol.orders.calls import CallCause, CallOutcome, Contact
from qtxvol.orders.claim import void_offers
from qtxvol.orders.clocks import end_clock
from qtxvol.orders.lifecycle import OPEN, Action, Party, Status
from qtxvol.orders.models import ContactAttempt, Crew, Order, OrderEvent
from qtxvol.orders.transition import Effect, Outcome, change_order, lock_order
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction

LONGEST_WORDS = 300


def may_log_call(actor: Actor, order: Order) -> bool:
    """The community that handles the order, the department that holds it, and the team that has accepted it."""
    if order.contact_erased_at is not None:
        return False
    match actor.party:
        case Party.COMMUNITY:
            return True
        case Party.DEPARTMENT:
            return order.department_id == actor.department_id and order.status in OPEN
        case Party.TEAM:
            return order.team_id == actor.team_id and order.status == Status.ACCEPTED
    return False


def log_call(
    number: str,
    actor: Actor,
    *,
    contact: str,
    outcome: str,
    key: str,
    now: datetime,
    words: str = "",
    call_back_id: int | None = None,
) -> bool:
    """Write down a try to reach the resident. The team's first one is the call that it owed (clock `first_call`).

    :param contact: `first` or `second`; `outcome`: one of `calls.CallOutcome`, `other` with `words`.
    :param key: from the form; the same button pressed twice is one try.
    :return: False when this very request had been written down before.
    :raise NotFound: no such order within the actor's scope.
    :raise Refused: `wrong_party` (403): not theirs to call, or not just now; `unknown`, `missing` or `invalid` with
        `field` (422).
    """
    words = words.strip()
    with transaction():
        order = lock_order(number, actor)
        if not may_log_call(actor, order):
            raise Refused("wrong_party", 403)
        _check_try(order, contact, outcome, words)
        known = select(ContactAttempt.id).where(ContactAttempt.order_id == order.id, ContactAttempt.key == key)
        if db.session.scalar(known) is not None:
            return False
        db.session.add(
            ContactAttempt(
                order_id=order.id,
                call_back_id=call_back_id,
                made_at=now,
                party=actor.party,
                actor_name=actor.name,
                account_id=actor.account_id,
                contact=contact,
                outcome=outcome,
                words=words,
                key=key,
            )
        )
        if actor.party is Party.TEAM:
            end_clock(order.id, "first_call", now)
        return True


def _check_try(order: Order, contact: str, outcome: str, words: str) -> None:
    if contact not in set(Contact) or (contact == Contact.SECOND and not order.second_phone_tail):
        raise Refused("unknown", 422, field="contact")
    if outcome not in set(CallOutcome):
        raise Refused("unknown", 422, field="outcome")
    if outcome == CallOutcome.OTHER and not words:
        raise Refused("missing", 422, field="words")
    if len(words) > LONGEST_WORDS:
        raise Refused(
            "invalid",
            422,
            field="words",
            message=f"最多 {LONGEST_WORDS} 个字，请删短一些。",
            message_en=f"At most {LONGEST_WORDS} characters.",
        )


def list_calls(order_id: int) -> Sequence[ContactAttempt]:
    """All tries to reach the resident of an order, newest first."""
    return db.session.scalars(
        select(ContactAttempt).where(ContactAttempt.order_id == order_id).order_by(ContactAttempt.id.desc())
    ).all()


def end_unreachable(
    number: str, actor: Actor, *, now: datetime, text: str = "", version: int | None = None, key: str | None = None
) -> Outcome:
    """End an order whose resident can't be reached, so that a team is not kept for nobody. It keeps who had it, as a
    cancelled one does; nobody is booked by it any more.

    :raise Refused: `tried_too_little` (409); `others_wait` (409): others joined it, who can be reached, perhaps.
    """

    def prepare(order: Order) -> Effect:
        joined = db.session.scalar(select(func.count()).where(Order.merged_into_id == order.id))
        if joined:
            raise Refused("others_wait", 409, count=joined)
        return Effect({"handed_team_id": None})

    return change_order(
        number, Action.END_UNREACHABLE, actor, {"text": text}, now=now, prepare=prepare, version=version, key=key
    )


def resume_order(
    number: str, actor: Actor, *, now: datetime, text: str = "", version: int | None = None, key: str | None = None
) -> Outcome:
    """The resident was heard of after all: the order begins anew at the community, with a fresh dispatch limit.
    Department, team, people and the agreed time were told that it ended: they are not bound again.

    :raise Refused: `resume_settled` (409): more than 90 days ago; `invalid` (409): the contact has been erased.
    """

    def prepare(order: Order) -> Effect:
        if order.contact_erased_at is not None:
            raise Refused(
                "invalid",
                409,
                message="居民的联系方式已经删除，不能重新受理；需要时请重新点单。",
                message_en="The resident's contact has been erased: a new order is needed.",
            )

        def then(event: OrderEvent) -> None:
            db.session.execute(delete(Crew).where(Crew.order_id == order.id))
            void_offers(order.id, now)

        gone = dict.fromkeys(("department_id", "team_id", "handed_team_id", "agreed_start", "agreed_end"))
        return Effect({**gone, "is_ruled": False}, then=then)

    return change_order(
        number, Action.RESUME, actor, {"text": text}, now=now, prepare=prepare, version=version, key=key
    )


def ask_for_call(number: str, actor: Actor, now: datetime) -> None:
    """The resident of an unreachable order wants to be called again: a task for the community, once while it is open.

    :raise NotFound: not an order of theirs.
    :raise Refused: `wrong_party` (403); `wrong_status` (409): nothing to take up.
    """
    if actor.party is not Party.RESIDENT:
        raise Refused("wrong_party", 403)
    with transaction():
        order = db.session.scalars(
            select(Order).where(Order.number == number, visible_orders(actor)).with_for_update()
        ).one_or_none()
        if order is None:
            raise NotFound(number)
        if order.status != Status.UNREACHABLE or order.contact_erased_at is not None:
            raise Refused("no_call_needed", 409)
        open_call_back(order, CallCause.ASKED_AGAIN, now)
