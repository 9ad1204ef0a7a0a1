"""Questions to a resident that nobody answers. The order's clocks stand still meanwhile, so no clock rings: without
this the order would lie there for ever, with everybody thinking that it is somebody else's turn."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import select

from qtxvol.accounts.actor import division_prefix
from qtxvol.extensions import db
from qtxvol.notices.queue import To, queue_notices
from qtxvol.orders.lifecycle import OPEN, Party
from qtxvol.orders.models import Order, Question

#: After so long the community is asked to phone; after so long whoever leads it hears of it.
FIRST, SECOND = timedelta(days=2), timedelta(days=4)
KIND = "question_waits"
_TOWN_DIGITS = 9


def remind_of_questions(now: datetime, *, most: int = 200) -> int:
    """Each level is told once per question (`Notice.key`); one statement to look, one for each that has to be told.

    :return: how many notices were written.
    """
    rows = db.session.execute(
        select(Question.asked_event_id, Question.asked_at, Order.id, Order.division_code, Order.urgency, Order.is_drill)
        .join(Order, Order.id == Question.order_id)
        .where(
            Question.ended_at.is_(None),
            Question.asked_at <= now - FIRST,
            Question.asked_at > now - SECOND - timedelta(days=30),
            Order.status.in_(OPEN),
        )
        .order_by(Question.asked_at)
        .limit(most)
    ).all()
    told = 0
    for row in rows:
        for level, reader in _readers(row.division_code, now - row.asked_at).items():
            told += queue_notices(
                KIND,
                [reader],
                now=now,
                order_id=row.id,
                key=f"{KIND}:{row.asked_event_id}:{level}",
                is_emergency=row.urgency == "emergency" and not row.is_drill,
            )
    return told


def _readers(division_code: str, waited: timedelta) -> Mapping[int, To]:
    """Who hears of it by now: the community, then its town, or the office where the order is the town's own."""
    readers = {1: To(Party.COMMUNITY, division_code)}
    if waited >= SECOND:
        town = division_prefix(division_code)[:_TOWN_DIGITS].ljust(12, "0")
        readers[2] = To(Party.OFFICE) if town == division_code else To(Party.COMMUNITY, town)
    return readers
