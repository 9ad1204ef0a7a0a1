"""How long a resident's contact is kept after an order ended, and erasing it then. The erasing itself: `erase.py`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Text, and_, cast, func, or_, select, update
from sqlalchemy.orm import aliased

from qtxvol.accounts.actor import Actor, system_actor
from qtxvol.extensions import db
from qtxvol.hours.models import HoursObjection
from qtxvol.orders.lifecycle import OPEN, Party
from qtxvol.orders.models import Order
from qtxvol.privacy.erase import Cause, erase_order
from qtxvol.privacy.models import Erasure, Retention
from qtxvol.refusals import Refused
from qtxvol.storage import transaction

ORDER_CONTACT = "order_contact"
DEFAULT_DAYS = 180
LEAST_DAYS, MOST_DAYS = 30, 3650
#: What the nightly job takes on in one transaction.
MOST_AT_ONCE = 500
_BATCH = 200

_Joined = aliased(Order)


@dataclass(frozen=True, slots=True)
class Due:
    """What would be erased now.

    :ivar by_status: orders by the status that they ended in.
    """

    days: int
    by_status: Mapping[str, int]

    @property
    def total(self) -> int:
        return sum(self.by_status.values())


def get_days() -> int:
    """For how many days after the end of an order its contact is kept."""
    return db.session.scalar(select(Retention.days).where(Retention.what == ORDER_CONTACT)) or DEFAULT_DAYS


def set_days(actor: Actor, days: int, now: datetime) -> None:
    """Choose for how long; holds from the next run on.

    :raise Refused: `wrong_party` (403); `invalid` (422) with `field`.
    """
    if actor.party is not Party.OFFICE or actor.account_id is None:
        raise Refused("wrong_party", 403)
    if not LEAST_DAYS <= days <= MOST_DAYS:
        raise Refused(
            "invalid",
            422,
            field="days",
            message=f"请填 {LEAST_DAYS} 到 {MOST_DAYS} 之间的天数。",
            message_en=f"From {LEAST_DAYS} to {MOST_DAYS} days.",
        )
    with transaction():
        row = db.session.get(Retention, ORDER_CONTACT, with_for_update=True)
        if row is None:
            row = Retention(what=ORDER_CONTACT)
            db.session.add(row)
        row.days, row.changed_at, row.changed_by_account_id = days, now, actor.account_id


def count_due(now: datetime) -> Due:
    """The dry run: how many contacts would be erased now. Reads only."""
    days = get_days()
    rows = db.session.execute(
        select(Order.status, func.count())
        .outerjoin(_Joined, _Joined.id == Order.merged_into_id)
        .where(_is_due(now, days))
        .group_by(Order.status)
    )
    return Due(days, {status: count for status, count in rows})


def erase_due(now: datetime, *, most: int | None = None) -> int:
    """Erase the contacts that were kept long enough: each order by itself, so it may be interrupted and repeated.

    :param most: of the oldest so many; the job's ledger holds one transaction over all of them.
    :return: how many were erased.
    """
    days, actor, erased, last = get_days(), system_actor("retain"), 0, 0
    _erase_objectors(now - timedelta(days=days))
    while most is None or erased < most:
        found = db.session.execute(
            select(Order.id, Order.number)
            .outerjoin(_Joined, _Joined.id == Order.merged_into_id)
            .where(_is_due(now, days), Order.id > last)
            .order_by(Order.id)
            .limit(_BATCH if most is None else min(_BATCH, most - erased))
        ).all()
        if not found:
            break
        for row in found:
            try:
                erased += erase_order(row.number, actor, cause=Cause.KEPT_LONG_ENOUGH, now=now)
            except Refused:  # taken up again since it was looked for
                continue
        last = found[-1].id
    return erased


def _erase_objectors(before: datetime) -> None:
    """Whoever objected to a late entry was told by then: how to reach them goes, what they said stays."""
    with transaction():
        db.session.execute(
            update(HoursObjection)
            .where(HoursObjection.decided_at < before, cast(HoursObjection.contact, Text) != "")
            .values(contact="")
        )


def list_erased_by_month(months: int = 12) -> Sequence[tuple[str, str, int]]:
    """(month, cause, number) of the last erasures, newest first."""
    month = func.substr(cast(Erasure.erased_at, Text), 1, 7)
    rows = db.session.execute(
        select(month.label("month"), Erasure.cause, func.count().label("number"))
        .group_by(month, Erasure.cause)
        .order_by(month.desc(), Erasure.cause)
        .limit(months * 2)
    )
    return [(row.month, row.cause, row.number) for row in rows]


def _is_due(now: datetime, days: int) -> ColumnElement[bool]:
    """Over for so long, and so is the order that it was merged into."""
    before = now - timedelta(days=days)
    return and_(
        Order.contact_erased_at.is_(None),
        Order.status.not_in(OPEN),
        Order.status_since < before,
        or_(Order.merged_into_id.is_(None), and_(_Joined.status.not_in(OPEN), _Joined.status_since < before)),
    )
