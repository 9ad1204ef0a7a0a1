"""How what was told of an order arrived, for whoever works on it and for its resident."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select

from qtxvol.base import AnyRow
from qtxvol.extensions import db
from qtxvol.notices.models import Delivery, Notice

#: Of several who sit for one body the worst counts: it is the one that somebody has to see to.
_WORST_FIRST = ("dead", "unknown", "failed", "sending", "waiting", "sent")


@dataclass(frozen=True, slots=True)
class Arrival:
    """The latest that one reader was told through one channel.

    :ivar channel: empty: the inbox alone. :ivar state: a state of a delivery; empty for the inbox.
    :ivar is_open: dead, and nobody has seen to it; neither did another channel.
    """

    party: str
    scope: str
    kind: str
    channel: str
    state: str
    at: datetime
    next_at: datetime | None = None
    is_open: bool = False


def list_arrivals(order_id: int, now: datetime, *, party: str = "") -> list[Arrival]:
    """For each reader and channel how the latest notice went, readers in the order in which they were first told; one
    statement.

    :param party: only what this party was told.
    """
    rows = db.session.execute(
        select(Notice.party, Notice.scope, Notice.kind, Notice.due_at, Delivery)
        .outerjoin(Delivery, and_(Delivery.notice_id == Notice.id, Delivery.state != "void"))
        .where(
            Notice.order_id == order_id,
            Notice.due_at <= now,
            Notice.withdrawn_at.is_(None),
            Notice.planned_at.is_not(None),
            *([Notice.party == party] if party else []),
        )
        .order_by(Notice.due_at, Notice.id, Delivery.rank)
    ).all()
    latest: dict[tuple[str, str], dict[str, Arrival]] = {}
    for row in rows:
        arrival = _arrival_of(row)
        known = latest.setdefault((row.party, row.scope), {})
        former = known.get(arrival.channel)
        if former is None or former.kind != arrival.kind or _is_worse(arrival, former):
            known[arrival.channel] = arrival
    return [each for known in latest.values() for each in _without_inbox(known)]


def _arrival_of(row: AnyRow) -> Arrival:
    sent: Delivery | None = row.Delivery
    if sent is None:
        return Arrival(row.party, row.scope, row.kind, "", "", row.due_at)
    is_open = sent.state == "dead" and sent.handled_at is None
    return Arrival(row.party, row.scope, row.kind, sent.channel, sent.state, sent.changed_at, sent.next_at, is_open)


def _is_worse(one: Arrival, other: Arrival) -> bool:
    return _WORST_FIRST.index(one.state) <= _WORST_FIRST.index(other.state) if one.channel else True


def _without_inbox(known: dict[str, Arrival]) -> Iterable[Arrival]:
    """That it also stands in the inbox goes without saying, where it went out by anything else."""
    return [each for channel, each in known.items() if channel] or list(known.values())
