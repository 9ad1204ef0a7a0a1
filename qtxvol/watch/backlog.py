"""What waits in the outbox, by channel, and what could not be delivered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from qtxvol.extensions import db
from qtxvol.notices.models import Delivery, LanePause, Notice

#: A worker that is alive has looked at a notice within so long.
PLANNED_WITHIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Channel:
    """Deliveries of one channel.

    :ivar late: due, and not yet sent; `oldest_at` when the oldest of them was due.
    :ivar held: for later on purpose: quiet hours, a digest, a retry. :ivar dead: given up, and nobody has seen to it.
    :ivar unknown: perhaps delivered. :ivar paused_until: it failed so often that it is left alone until then.
    """

    code: str
    late: int
    held: int
    dead: int
    unknown: int
    oldest_at: datetime | None
    paused_until: datetime | None


@dataclass(frozen=True, slots=True)
class Backlog:
    """:ivar unplanned: notices that are due and that no worker has looked at; `oldest_at` of them."""

    unplanned: int
    oldest_at: datetime | None
    channels: Sequence[Channel]

    def is_stuck(self, now: datetime) -> bool:
        """Nobody plans: the loop that delivers is gone, though the jobs may go on."""
        return self.oldest_at is not None and now - self.oldest_at > PLANNED_WITHIN

    @property
    def dead(self) -> int:
        return sum(channel.dead for channel in self.channels)

    @property
    def late(self) -> int:
        return sum(channel.late for channel in self.channels)


def read_backlog(now: datetime) -> Backlog:
    """Three statements."""
    waits = Notice.planned_at.is_(None) & Notice.withdrawn_at.is_(None) & (Notice.due_at <= now)
    unplanned, oldest = db.session.execute(select(func.count(), func.min(Notice.due_at)).where(waits)).one()
    is_on_its_way = Delivery.state.in_(("waiting", "sending", "failed"))
    is_late = is_on_its_way & (Delivery.next_at <= now)
    pauses = {
        lane.partition(":")[0]: until  # of a channel with several lanes the one that is left alone longest
        for lane, until in db.session.execute(
            select(LanePause.lane, LanePause.paused_until)
            .where(LanePause.paused_until > now)
            .order_by(LanePause.paused_until)
        )
    }
    rows = db.session.execute(
        select(
            Delivery.channel,
            func.count().filter(is_late),
            func.count().filter(is_on_its_way & (Delivery.next_at > now)),
            func.count().filter((Delivery.state == "dead") & Delivery.handled_at.is_(None)),
            func.count().filter((Delivery.state == "unknown") & Delivery.handled_at.is_(None)),
            func.min(Delivery.next_at).filter(is_late),
        )
        .where(is_on_its_way | Delivery.state.in_(("dead", "unknown")))  # the sent ones are many, and the index knows
        .group_by(Delivery.channel)
        .order_by(Delivery.channel)
    ).all()
    return Backlog(unplanned, oldest, [Channel(*row, paused_until=pauses.get(row[0])) for row in rows])
