"""What did not arrive and what a person does about it: phone, or have it sent once more. The office sees everything, a
community what its own residents were not told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account
from qtxvol.accounts.permissions import visible_orders
from qtxvol.base import AnyRow
from qtxvol.extensions import db
from qtxvol.notices.models import ContactPoint, Delivery, Notice
from qtxvol.notices.timing import Pace
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import Order
from qtxvol.paging import Page, select_page
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Volunteer

#: What one button sends again at most.
MOST_AT_ONCE = 500
#: How long ago: within a day, or before.
AGES = ("new", "old")
#: Which ones: those that did not arrive, those that perhaps did, those that were seen to.
KINDS_OF_LETTERS = ("dead", "unknown", "handled")


@dataclass(frozen=True, slots=True)
class LetterFilters:
    """Which of them; an empty field leaves everything in.

    :ivar which: one of `KINDS_OF_LETTERS`. :ivar why: a code of `deliver.WHY`. :ivar age: one of `AGES`.
    """

    which: str = "dead"
    channel: str = ""
    why: str = ""
    age: str = ""


def list_dead_letters(actor: Actor, filters: LetterFilters, page: int, now: datetime) -> Page[AnyRow]:
    """The latest first; two statements.

    :raise Refused: `wrong_party` (403).
    """
    statement = (
        select(
            Delivery,
            Notice.kind,
            Notice.party,
            Order.number,
            Order.contact_phone_tail,
            Account.display_name,
            Volunteer.name.label("volunteer"),
            Volunteer.number.label("volunteer_number"),
            ContactPoint.masked,
        )
        .outerjoin(Account, Account.id == Delivery.account_id)
        .outerjoin(Volunteer, Volunteer.id == Delivery.volunteer_id)
        .outerjoin(ContactPoint, ContactPoint.id == Delivery.point_id)
        .order_by(Delivery.changed_at.desc(), Delivery.id.desc())
    )
    return select_page(_joined(statement).where(_is_meant(actor, filters, now)), page)


def count_dead_letters(actor: Actor, now: datetime) -> int:
    """How many nobody has seen to."""
    counting = _joined(select(func.count()).select_from(Delivery))
    return db.session.scalar(counting.where(_is_meant(actor, LetterFilters(), now))) or 0


def retry_letter(delivery_id: int, actor: Actor, now: datetime) -> None:
    """Send it once more, in a message of its own, under its old key. A second tap changes nothing.

    :raise NotFound: none within the actor's reach. :raise Refused: `wrong_party` (403).
    """
    with transaction():
        row = _lock(delivery_id, actor, now)
        if row.state in ("dead", "unknown") and row.handled_at is None:
            _send_again([row.id], now)


def retry_letters(actor: Actor, filters: LetterFilters, now: datetime) -> int:
    """All that the filters leave in, the oldest first.

    :return: how many; at most `MOST_AT_ONCE`.
    :raise Refused: `wrong_party` (403).
    """
    if filters.which == "handled":
        return 0
    with transaction():
        ids = db.session.scalars(
            _joined(select(Delivery.id))
            .where(_is_meant(actor, filters, now))
            .order_by(Delivery.id)
            .limit(MOST_AT_ONCE)
            .with_for_update(of=Delivery)
        ).all()
        _send_again(ids, now)
        return len(ids)


def mark_told(delivery_id: int, actor: Actor, now: datetime) -> None:
    """Somebody has phoned, or it does not matter any more. A second tap changes nothing.

    :raise NotFound: none within the actor's reach. :raise Refused: `wrong_party` (403).
    """
    with transaction():
        row = _lock(delivery_id, actor, now)
        if row.state in ("dead", "unknown") and row.handled_at is None:
            row.handled_at, row.handled_by_account_id = now, actor.account_id


def _joined(statement: Any) -> Any:
    """With the notice, and the order where it is about one."""
    return statement.join(Notice, Notice.id == Delivery.notice_id).outerjoin(Order, Order.id == Delivery.order_id)


def _is_within(actor: Actor) -> ColumnElement[bool]:
    """:raise Refused: `wrong_party` (403)."""
    if actor.party is Party.OFFICE:
        return Delivery.id.is_not(None)
    if actor.party is Party.COMMUNITY:
        return and_(Notice.party == Party.RESIDENT, visible_orders(actor))
    raise Refused("wrong_party", 403)


def _is_meant(actor: Actor, filters: LetterFilters, now: datetime) -> ColumnElement[bool]:
    """Left out is what nobody needs to be told any more: taken back, or its resident erased."""
    conditions = [
        _is_within(actor),
        Notice.withdrawn_at.is_(None),
        or_(Notice.party != Party.RESIDENT, Order.contact_erased_at.is_(None)),
    ]
    if filters.which == "handled":
        conditions.append(Delivery.handled_by_account_id.is_not(None))
    else:
        conditions += [Delivery.state == filters.which, Delivery.handled_at.is_(None)]
    if filters.channel:
        conditions.append(Delivery.channel == filters.channel)
    if filters.why:
        conditions.append(Delivery.why == filters.why)
    if filters.age:
        is_new = Delivery.changed_at > now - timedelta(days=1)
        conditions.append(is_new if filters.age == "new" else ~is_new)
    return and_(*conditions)


def _lock(delivery_id: int, actor: Actor, now: datetime) -> Delivery:
    row: Delivery | None = db.session.scalars(
        _joined(select(Delivery))
        .where(Delivery.id == delivery_id, _is_within(actor))
        .with_for_update(of=Delivery)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise NotFound(delivery_id)
    return row


def _send_again(ids: Sequence[int], now: datetime) -> None:
    db.session.execute(
        update(Delivery)
        .where(Delivery.id.in_(ids))
        .values(
            state="waiting",
            attempts=0,
            next_at=now,
            give_up_at=now + Pace().patience,
            changed_at=now,
            why="",
            is_digest=False,
            bundle_id=None,
            claimed_until=None,
        )
        .execution_options(synchronize_session=False)
    )
