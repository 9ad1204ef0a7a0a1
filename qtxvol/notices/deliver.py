"""Sending what is due: claim a few deliveries in a short transaction, send them outside of any, write down each result
in a short transaction. Why it is built so, and what "once" means here: docs/adr/0015-outbox.md.

The state says how far it came when somebody pulls the plug. Claimed but not yet `sending`: nothing has left, another
worker takes it up. `sending` and never finished: it may have left. A mail and a webhook carry the delivery's key, by
which the receiver knows a repeat, so they are sent again under the same key; a short message or a robot's post would
simply arrive twice, so it is called `unknown` and left to a person.
"""

import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from qtxvol.base import CITY_TIME
from qtxvol.channels.message import Message, Receipt, State
from qtxvol.extensions import db
from qtxvol.notices.compose import Outgoing, Unsendable, load_outgoing
from qtxvol.notices.models import UNFINISHED, Delivery, LanePause, Notice
from qtxvol.notices.plan import insert_deliveries, make_delivery
from qtxvol.notices.queue import To, queue_notices
from qtxvol.notices.readers import Readers, Recipient, Step
from qtxvol.notices.timing import Pace, next_open, pause_after, wait_after
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import Order
from qtxvol.privacy.numbers import drop_numbers
from qtxvol.storage import transaction

#: Channels whose receivers know a message again by its key.
KNOWS_KEYS = frozenset({"mail", "webhook"})
#: What one claim takes from a lane.
BATCH = 20
#: Why a delivery is dead, void or unknown.
WHY = ("refused", "gave_up", "no_address", "channel_off", "withdrawn", "erased", "late", "no_answer", "stopped")


class Outside(Protocol):
    """The way out of the house: the module `channels.sending`, or what a test puts in its place."""

    def list_ready(self) -> frozenset[str]: ...

    def send(self, channel: str, message: Message) -> Receipt: ...

    def note_receipt(self, channel: str, receipt: Receipt, now: datetime) -> None: ...


@dataclass(slots=True)
class Crew:
    """What everybody who delivers has in common.

    :ivar worker: machine and process. :ivar is_stopping: asked before each message; what is claimed then goes back.
    """

    outside: Outside
    worker: str = "deliver"
    pace: Pace = field(default_factory=Pace)
    is_stopping: Callable[[], bool] = lambda: False


def deliver_due(now: datetime, crew: Crew, *, most: int = 2000) -> int:
    """Send what is due, lane after lane, until nothing is left or `most` messages are out.

    The worker does the same with a few threads for each lane (`jobs/worker.py`).
    :return: how many messages were handed to a channel, or found to be impossible to send.
    """
    clock, done = _clock_from(now), 0
    tidy_up(now, crew)
    while done < most and not crew.is_stopping():
        before = done
        for lane in list_lanes(clock()):
            done += deliver_lane(lane, clock(), crew, most=most - done)
        if done == before:
            break
    return done


def _clock_from(now: datetime) -> Callable[[], datetime]:
    """`now`, going on while messages are sent."""
    begun = time.monotonic()
    return lambda: now + timedelta(seconds=time.monotonic() - begun)


def list_lanes(now: datetime) -> dict[str, int]:
    """The lanes that have something to send and are not paused, with how much. Takes no lock."""
    paused = select(LanePause.lane).where(LanePause.paused_until > now)
    rows = db.session.execute(
        select(Delivery.lane, func.count())
        .where(_is_free(now), Delivery.lane.not_in(paused))
        .group_by(Delivery.lane)
        .order_by(Delivery.lane)
    ).all()
    db.session.rollback()
    return {lane: count for lane, count in rows}


def deliver_lane(lane: str, now: datetime, crew: Crew, *, most: int = BATCH) -> int:
    """Claim a few deliveries of one lane and send them one after the other.

    :return: as `deliver_due`; 0 says that there is nothing to do just now.
    """
    clock = _clock_from(now)
    claim = f"{crew.worker[:50]}:{secrets.token_hex(6)}"
    ids = _claim(lane, now, claim, min(most, BATCH), crew.pace)
    ready, done = _ready_to_go(ids, clock(), crew)
    is_tried = False
    for i, outgoing in enumerate(ready):
        if crew.is_stopping() or clock() > now + crew.pace.lease / 2 or _is_paused(lane, clock(), i):
            break
        if _begin(outgoing, claim, clock(), crew.pace):
            is_tried = True
            receipt = crew.outside.send(outgoing.channel, outgoing.message)
            done += 1
            _finish(outgoing, receipt, claim, clock(), crew)
    _put_back(claim)
    if len(ids) == 1 and not is_tried:
        _end_trial(lane, now + crew.pace.lease, now)
    return done


def tidy_up(now: datetime, crew: Crew) -> None:
    """What needs doing without sending: leases of dead workers, lanes that were down too long or switched off."""
    _end_leases(now)
    _give_up_waiting(now, crew)


# Claiming


def _is_free(now: datetime) -> ColumnElement[bool]:
    """Due, nobody's, and the one of its message that stands for the others."""
    return and_(
        Delivery.state.in_(("waiting", "failed")),
        Delivery.next_at <= now,
        or_(Delivery.claimed_until.is_(None), Delivery.claimed_until <= now),
        or_(Delivery.bundle_id.is_(None), Delivery.bundle_id == Delivery.id),
        ~_is_held(),
    )


def _is_held() -> ColumnElement[bool]:
    """Something earlier is still on its way to the same reader of the same order.

    An emergency waits for emergencies alone, and what goes out once a day holds nothing and is not held.
    """
    earlier = aliased(Delivery)
    return and_(
        ~Delivery.is_digest,
        select(earlier.id)
        .where(
            earlier.order_id == Delivery.order_id,
            earlier.recipient == Delivery.recipient,
            earlier.state.in_(UNFINISHED),
            ~earlier.is_digest,
            or_(earlier.is_emergency, ~Delivery.is_emergency),
            tuple_(earlier.told_at, earlier.notice_id, earlier.id)
            < tuple_(Delivery.told_at, Delivery.notice_id, Delivery.id),
        )
        .exists(),
    )


def _claim(lane: str, now: datetime, claim: str, most: int, pace: Pace) -> list[int]:
    """Have up to `most` deliveries of the lane until the lease ends. On PostgreSQL rows that somebody else is just
    claiming are passed over; on SQLite only one claims at a time."""
    with transaction():
        pause = db.session.get(LanePause, lane, with_for_update=True)
        if pause is not None and pause.paused_until is not None:
            if pause.paused_until > now:
                return []
            most, pause.paused_until = 1, now + pace.lease  # one tries; the others wait for what it finds
        rows = db.session.scalars(
            select(Delivery)
            .where(Delivery.lane == lane, _is_free(now))
            .order_by(Delivery.is_emergency.desc(), Delivery.next_at, Delivery.told_at, Delivery.id)
            .limit(most)
            .with_for_update(skip_locked=True, of=Delivery)
        ).all()
        leaders = []
        for row in rows:
            if row.is_digest and row.bundle_id is None:
                _bundle(row, now)
            elif row.bundle_id not in (None, row.id):  # it has just been put into another's message
                continue
            leaders.append(row.id)
        db.session.flush()
        db.session.execute(
            update(Delivery)
            .where(_with_bundle(leaders), Delivery.state.in_(("waiting", "failed")))
            .values(claimed_by=claim, claimed_until=now + pace.lease)
            .execution_options(synchronize_session=False)
        )
        if pause is not None and pause.paused_until is not None and not leaders:
            pause.paused_until = now  # nothing to try it with
        return leaders


def _end_trial(lane: str, until: datetime, now: datetime) -> None:
    """The one that was to try a paused lane could not be sent at all: the next may try at once."""
    is_trial = and_(LanePause.lane == lane, LanePause.paused_until == until)
    found = db.session.scalar(select(LanePause.lane).where(is_trial))
    db.session.rollback()
    if found is not None:
        with transaction():
            db.session.execute(update(LanePause).where(is_trial).values(paused_until=now))


def _bundle(leader: Delivery, now: datetime) -> None:
    """Everything that is due for the same reader by the same address goes into the leader's message, and shares its
    fate: as long as the latest of them is worth a try, all are."""
    same_point = Delivery.point_id == leader.point_id if leader.point_id else Delivery.point_id.is_(None)
    rows = db.session.scalars(
        select(Delivery)
        .where(
            Delivery.recipient == leader.recipient,
            Delivery.lane == leader.lane,
            same_point,
            Delivery.is_digest,
            Delivery.bundle_id.is_(None),
            Delivery.state == "waiting",
            Delivery.next_at <= now,
            or_(Delivery.claimed_until.is_(None), Delivery.claimed_until <= now),
        )
        .with_for_update(skip_locked=True)
    ).all()
    give_up_at = max(row.give_up_at for row in (leader, *rows))
    for row in (leader, *rows):
        row.bundle_id, row.give_up_at = leader.id, give_up_at
    db.session.flush()


def _with_bundle(leaders: Iterable[int]) -> ColumnElement[bool]:
    ids = list(leaders)
    return or_(Delivery.id.in_(ids), Delivery.bundle_id.in_(ids))


def _put_back(claim: str) -> None:
    """What was claimed and not begun is anybody's again."""
    is_mine = and_(Delivery.claimed_by == claim, Delivery.state.in_(("waiting", "failed")))
    left = db.session.scalar(select(Delivery.id).where(is_mine, Delivery.claimed_until.is_not(None)).limit(1))
    db.session.rollback()
    if left is not None:
        with transaction():
            db.session.execute(
                update(Delivery).where(is_mine).values(claimed_until=None).execution_options(synchronize_session=False)
            )


# One message


def _ready_to_go(ids: Sequence[int], now: datetime, crew: Crew) -> tuple[list[Outgoing], int]:
    """The messages of what was claimed. What can't be sent, or not at this hour, is settled right here.

    :return: the messages, and how many can't be sent.
    """
    if not ids:
        return [], 0
    found = load_outgoing(ids, crew.outside.list_ready(), now)
    db.session.rollback()
    ready, settled = [], 0
    for each in found:
        if isinstance(each, Unsendable):
            _settle_unsendable(each, now, crew)
            settled += 1
            continue
        wish = each.recipient.wish
        opens = now if each.is_emergency else next_open(now, wish.quiet_from, wish.quiet_until)
        if opens > now:
            _postpone(each, opens, crew.pace)
            continue
        ready.append(each)
    return ready, settled


def _begin(outgoing: Outgoing, claim: str, now: datetime, pace: Pace) -> bool:
    """Write down that it is about to leave, unless somebody else has it by now or it was called off meanwhile."""
    withdrawn = select(Notice.id).where(Notice.id == Delivery.notice_id, Notice.withdrawn_at.is_not(None)).exists()
    with transaction():
        begun = db.session.connection().execute(
            update(Delivery)
            .where(
                _with_bundle([outgoing.id]),
                Delivery.claimed_by == claim,
                Delivery.claimed_until > now,
                Delivery.state.in_(("waiting", "failed")),
                ~withdrawn if not outgoing.is_bundle else Delivery.id.is_not(None),
            )
            .values(state="sending", attempts=Delivery.attempts + 1, changed_at=now, claimed_until=now + pace.lease)
        )
        return begun.rowcount > 0


def _finish(outgoing: Outgoing, receipt: Receipt, claim: str, now: datetime, crew: Crew) -> None:
    """Write down what became of it. When the lease ran out meanwhile, what is known now still counts, unless another
    worker has taken it up again."""
    _note_lane(outgoing.lane, receipt, now, crew.pace)
    with transaction():
        crew.outside.note_receipt(outgoing.channel, receipt, now)
        rows = db.session.scalars(
            select(Delivery)
            .where(
                _with_bundle([outgoing.id]), Delivery.claimed_by == claim, Delivery.state.in_(("sending", "unknown"))
            )
            .order_by(Delivery.id)
            .with_for_update()
        ).all()
        for row in rows:
            row.claimed_until, row.changed_at, row.reference = None, now, receipt.reference[:120]
            row.detail = drop_numbers(receipt.detail)[:200]
            _judge(row, outgoing, receipt, now, crew)


def _judge(row: Delivery, outgoing: Outgoing, receipt: Receipt, now: datetime, crew: Crew) -> None:
    is_again = receipt.state == State.RETRY or (receipt.state == State.UNKNOWN and row.channel in KNOWS_KEYS)
    if receipt.state == State.SENT:
        why = outgoing.left_out.get(row.id, "")  # a message of the day says nothing of what was taken back
        row.state, row.why = "void" if why else "sent", why
    elif receipt.state == State.REFUSED:
        _end(row, "refused", outgoing.recipient, now, crew.pace)
    elif is_again:
        _try_later(row, outgoing, receipt.retry_after or 0, now, crew.pace)
    else:
        row.state, row.why = "unknown", "no_answer"


def _try_later(row: Delivery, outgoing: Outgoing, seconds: int, now: datetime, pace: Pace) -> None:
    wish = outgoing.recipient.wish
    next_at = now + max(wait_after(row.attempts, outgoing.message.key, pace), timedelta(seconds=seconds))
    if row.attempts >= pace.most_attempts or next_at > row.give_up_at:
        _end(row, "gave_up", outgoing.recipient, now, pace)
        return
    row.state = "failed"
    row.next_at = next_at if row.is_emergency else next_open(next_at, wish.quiet_from, wish.quiet_until)
    row.give_up_at += row.next_at - next_at  # the night is not the channel's fault


def _postpone(outgoing: Outgoing, opens: datetime, pace: Pace) -> None:
    """It became night while it waited."""
    with transaction():
        db.session.execute(
            update(Delivery)
            .where(_with_bundle([outgoing.id]), Delivery.state.in_(("waiting", "failed")))
            .values(next_at=opens, give_up_at=opens + pace.patience, claimed_until=None)
            .execution_options(synchronize_session=False)
        )


# Where it ends


def _end(row: Delivery, why: str, recipient: Recipient | None, now: datetime, pace: Pace) -> None:
    """It won't arrive this way: the next in the reader's chain at once, or a person is told."""
    row.state, row.why, row.changed_at, row.claimed_until = "dead", why, now, None
    notice = db.session.get_one(Notice, row.notice_id)
    if recipient is not None and (steps := _left_of(recipient, row)):
        row.handled_at = now
        db.session.flush()
        is_last = len(steps) == 1
        following = make_delivery(
            notice, recipient, steps[0], rank=row.rank + 1, now=now, pace=pace, is_last=is_last, is_fallback=True
        )
        insert_deliveries([following])
        return
    _tell_undelivered(notice, row, now)


def _left_of(recipient: Recipient, row: Delivery) -> list[Step]:
    """What of the chain has not been tried for this notice."""
    tried = {
        Step(channel, point_id)
        for channel, point_id in db.session.execute(
            select(Delivery.channel, Delivery.point_id).where(
                Delivery.notice_id == row.notice_id, Delivery.recipient == row.recipient
            )
        )
    }
    return [step for step in recipient.chain if step not in tried]


def _tell_undelivered(notice: Notice, row: Delivery, now: datetime) -> None:
    """Who has a telephone: the community, for each notice of a resident; the office once a day for anybody else,
    or a broken mailbox would fill its inbox. That nobody could be told of this is not told again."""
    if notice.kind == "undelivered":
        return
    reader, key = To(Party.OFFICE), f"undelivered:{row.recipient}:{now.astimezone(CITY_TIME):%Y-%m-%d}"
    if notice.party == Party.RESIDENT and notice.order_id is not None:
        division = db.session.scalar(select(Order.division_code).where(Order.id == notice.order_id)) or ""
        reader, key = To(Party.COMMUNITY, division, notice.order_id), f"undelivered:{notice.id}"
    queue_notices(
        "undelivered",
        [reader],
        now=now,
        order_id=notice.order_id,
        about={"channel": row.channel, "reader": notice.party},
        key=key,
        is_emergency=notice.is_emergency,
    )


def _settle_unsendable(found: Unsendable, now: datetime, crew: Crew) -> None:
    """Called off or erased: void. Without an address or with its channel switched off: as if refused."""
    with transaction():
        rows = db.session.scalars(
            select(Delivery)
            .where(_with_bundle([found.id]), Delivery.state.in_(("waiting", "failed")))
            .order_by(Delivery.id)
            .with_for_update()
        ).all()
        for row in rows:
            if found.is_void:
                row.state, row.why, row.changed_at, row.claimed_until = "void", found.why, now, None
            else:
                _end(row, found.why, found.recipient, now, crew.pace)


# Lanes and leases


def _is_paused(lane: str, now: datetime, done: int) -> bool:
    """The lane was paused since this batch was claimed. The first of a batch is let through: it may be the one that
    tries whether the lane is open again."""
    if done == 0:
        return False
    until = db.session.scalar(select(LanePause.paused_until).where(LanePause.lane == lane))
    db.session.rollback()
    return until is not None and until > now


def _note_lane(lane: str, receipt: Receipt, now: datetime, pace: Pace) -> None:
    """Count failures of the lane itself: nobody there, or no answer. A refusal is an answer, and so is "wait"."""
    is_down = receipt.state in (State.RETRY, State.UNKNOWN) and receipt.retry_after is None
    is_known = db.session.scalar(select(LanePause.lane).where(LanePause.lane == lane)) is not None
    db.session.rollback()
    if not is_down and not is_known:
        return
    try:
        with transaction():
            row = db.session.get(LanePause, lane, with_for_update=True)
            if not is_down:
                if row is not None:
                    db.session.delete(row)
                return
            if row is None:
                row = LanePause(lane=lane, failures=0, failing_since=now)
                db.session.add(row)
            row.failures += 1
            pause = pause_after(row.failures, pace)
            row.paused_until = now + pause if pause is not None else None
    except IntegrityError:  # another worker wrote the first failure in this moment: that one counts
        return


def _end_leases(now: datetime) -> None:
    """What a dead worker had begun: again under the same key where the receiver knows it, else unknown."""
    is_over = and_(Delivery.state == "sending", Delivery.claimed_until <= now)
    if _none(is_over):
        return
    with transaction():
        rows = db.session.scalars(select(Delivery).where(is_over).with_for_update(skip_locked=True)).all()
        for row in rows:
            row.changed_at = now
            if row.channel in KNOWS_KEYS:
                row.state, row.next_at, row.claimed_until, row.claimed_by = "failed", now, None, ""
            else:
                row.state, row.why, row.claimed_until = "unknown", "stopped", None


def _give_up_waiting(now: datetime, crew: Crew) -> None:
    """Nobody tries what stands in a paused lane, so its time runs out here."""
    paused = select(LanePause.lane).where(LanePause.paused_until > now)
    is_over = and_(_is_free(now), Delivery.lane.in_(paused), Delivery.give_up_at <= now)
    if _none(is_over):
        return
    with transaction():
        leaders = db.session.scalars(
            select(Delivery.id).where(is_over).limit(200).with_for_update(skip_locked=True, of=Delivery)
        ).all()
        rows = db.session.scalars(
            select(Delivery)
            .where(_with_bundle(leaders), Delivery.state.in_(("waiting", "failed")))
            .order_by(Delivery.id)
            .with_for_update()
        ).all()
        notices = db.session.scalars(select(Notice).where(Notice.id.in_([row.notice_id for row in rows]))).all()
        readers = Readers.load(notices, crew.outside.list_ready())
        found = {(each.id, recipient.name): recipient for each in notices for recipient in readers.of(each)}
        for row in rows:
            _end(row, "gave_up", found.get((row.notice_id, row.recipient)), now, crew.pace)


def _none(condition: ColumnElement[bool]) -> bool:
    """A look that takes no lock: most of the time there is nothing to do."""
    found = db.session.scalar(select(Delivery.id).where(condition).limit(1))
    db.session.rollback()
    return found is None
