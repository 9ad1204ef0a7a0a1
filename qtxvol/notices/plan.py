"""From notices to deliveries: who is reached outside of the inbox, by which channel first, and not before when."""

import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, insert, select, update

from qtxvol.extensions import db
from qtxvol.notices.compose import AHEAD
from qtxvol.notices.kinds import KINDS
from qtxvol.notices.models import Delivery, Notice
from qtxvol.notices.readers import Readers, Recipient, Step
from qtxvol.notices.reminder_times import HOURS
from qtxvol.notices.timing import Pace, next_digest, next_open
from qtxvol.storage import transaction

#: What is planned in one transaction.
BATCH = 200


def plan_due(now: datetime, ready: frozenset[str], *, most: int = 2000, pace: Pace | None = None) -> int:
    """Decide for notices that are due how they go out, the oldest first, in short transactions.

    Each notice is planned once: the row that says so is written with its deliveries. A reader whom no channel reaches
    has the inbox.
    :param ready: channels that are switched on (`channels.sending.list_ready`).
    :return: how many notices were planned.
    """
    planned = 0
    while planned < most and _is_any_due(now):
        with transaction():
            notices = _take_due(now, min(BATCH, most - planned))
            if not notices:  # another worker has them
                break
            ids = [each.id for each in notices]
            insert_deliveries(_plan(notices, Readers.load(notices, ready), _load_former(ids), now, pace or Pace()))
            db.session.execute(update(Notice).where(Notice.id.in_(ids)).values(planned_at=now))
        planned += len(notices)
    return planned


def make_delivery(
    notice: Notice,
    recipient: Recipient,
    step: Step,
    *,
    rank: int,
    now: datetime,
    pace: Pace,
    is_last: bool,
    is_fallback: bool = False,
) -> dict[str, Any]:
    """The row of `deliveries` for one try of the recipient's chain.

    :param is_last: no other channel stands ready after it, so it is tried for longer.
    :param is_fallback: another channel has failed: the reader has waited long enough for the message of the day.
    """
    wish = recipient.wish
    is_digest = wish.is_digest and not notice.is_emergency and not _would_be_late(notice, next_digest(now))
    at = now if notice.is_emergency else _not_before(now, recipient, is_digest and not is_fallback)
    return {
        "notice_id": notice.id,
        "order_id": notice.order_id,
        "recipient": recipient.name,
        "account_id": recipient.account_id,
        "volunteer_id": recipient.volunteer_id,
        "point_id": step.point_id,
        "channel": step.channel,
        "lane": step.lane,
        "rank": rank,
        "locale": wish.locale,
        "key": secrets.token_hex(16),
        "is_emergency": notice.is_emergency,
        "is_digest": is_digest,
        "told_at": notice.due_at,
        "next_at": at,
        "give_up_at": at + (pace.patience if is_last else pace.short_patience),
        "changed_at": now,
    }


def insert_deliveries(rows: Iterable[dict[str, Any]]) -> None:
    """One statement, whatever their number."""
    if found := list(rows):
        db.session.execute(insert(Delivery), found)


def _not_before(now: datetime, recipient: Recipient, waits_for_digest: bool) -> datetime:
    wish = recipient.wish
    return next_open(next_digest(now) if waits_for_digest else now, wish.quiet_from, wish.quiet_until)


def _would_be_late(notice: Notice, at: datetime) -> bool:
    """It tells of a service that begins by then, or so soon after that nobody could act on it."""
    start = notice.about.get("start")
    return notice.kind in AHEAD and isinstance(start, str) and datetime.fromisoformat(start) < at + HOURS


def _is_any_due(now: datetime) -> bool:
    """A look that takes no lock: most of the time there is nothing."""
    found = db.session.scalar(select(Notice.id).where(_waits(), Notice.due_at <= now).limit(1)) is not None
    db.session.rollback()
    return found


def _take_due(now: datetime, most: int) -> Sequence[Notice]:
    """Locked. A second worker waits here, rather than plan what was told later before what was told first."""
    return db.session.scalars(
        select(Notice).where(_waits(), Notice.due_at <= now).order_by(Notice.id).limit(most).with_for_update()
    ).all()


def _waits() -> ColumnElement[bool]:
    return and_(Notice.planned_at.is_(None), Notice.withdrawn_at.is_(None))


def _load_former(ids: Sequence[int]) -> dict[tuple[int, str], int]:
    """Of notices that were taken back and hold again: the rank of what was called off, and 0 where something went out
    or still will."""
    rows = db.session.execute(
        select(Delivery.notice_id, Delivery.recipient, Delivery.rank, Delivery.state)
        .where(Delivery.notice_id.in_(ids))
        .order_by(Delivery.rank)
    )
    former: dict[tuple[int, str], int] = {}
    for notice_id, recipient, rank, state in rows:
        stands = state != "void" or former.get((notice_id, recipient)) == 0
        former[notice_id, recipient] = 0 if stands else rank
    return former


def _plan(
    notices: Collection[Notice],
    readers: Readers,
    former: Mapping[tuple[int, str], int],
    now: datetime,
    pace: Pace,
) -> Iterator[dict[str, Any]]:
    for notice in notices:
        seen = {recipient for (notice_id, recipient), rank in former.items() if notice_id == notice.id and rank == 0}
        for recipient in readers.of(notice):
            if recipient.name not in seen and not _is_muted(notice, recipient):
                seen.add(recipient.name)
                rank = former.get((notice.id, recipient.name), 0) + 1
                step, is_last = recipient.chain[0], len(recipient.chain) == 1
                yield make_delivery(notice, recipient, step, rank=rank, now=now, pace=pace, is_last=is_last)


def _is_muted(notice: Notice, recipient: Recipient) -> bool:
    """Only what is optional can be switched off, and nothing in an emergency."""
    kind = KINDS.get(notice.kind)
    is_optional = kind is not None and kind.is_optional and not notice.is_emergency
    return is_optional and notice.kind in recipient.wish.muted
