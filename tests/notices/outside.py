"""A world outside for tests of the outbox: channels that do as they are told and remember what they got."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from qtxvol.channels.message import Message, Receipt, State
from qtxvol.extensions import db
from qtxvol.notices.deliver import Crew, deliver_due
from qtxvol.notices.models import Delivery, Notice, NoticeWish
from qtxvol.notices.plan import plan_due
from qtxvol.notices.queue import To, queue_notices
from qtxvol.notices.timing import Pace
from qtxvol.orders.lifecycle import Party
from qtxvol.storage import transaction

SENT = Receipt(State.SENT, reference="r-1")
RETRY = Receipt(State.RETRY, "cannot_connect")
REFUSED = Receipt(State.REFUSED, "errcode 40001")
UNKNOWN = Receipt(State.UNKNOWN, "no_answer")

#: Answers one message.
Answer = Callable[[str, Message], Receipt]


class FakeOutside:
    """Channels without a network.

    :ivar got: (channel, message) in the order in which they came.
    """

    def __init__(self, ready: Iterable[str] = ("sms", "mail", "webhook"), answer: Answer | Receipt = SENT) -> None:
        self.ready = frozenset(ready)
        self.answer = answer
        self.got: list[tuple[str, Message]] = []

    def list_ready(self) -> frozenset[str]:
        return self.ready

    def send(self, channel: str, message: Message) -> Receipt:
        assert not db.session.info.get("qtxvol_writing"), "nothing is sent while a transaction is open"
        self.got.append((channel, message))
        return self.answer if isinstance(self.answer, Receipt) else self.answer(channel, message)

    def note_receipt(self, channel: str, receipt: Receipt, now: datetime) -> None:
        """Nobody asks how the channels are."""

    @property
    def channels(self) -> list[str]:
        return [channel for channel, _message in self.got]

    def by_address(self) -> dict[str, int]:
        counts: dict[str, int] = defaultdict(int)
        for _channel, message in self.got:
            counts[message.address] += 1
        return dict(counts)


def crew_of(outside: FakeOutside, **more: Any) -> Crew:
    return Crew(outside, "test", **more)


def tell(readers: Iterable[To], now: datetime, *, kind: str = "dispatch", **more: Any) -> list[int]:
    """Queue a notice for each reader; their ids."""
    with transaction():
        queue_notices(kind, readers, now=now, **more)
    return list(db.session.scalars(select(Notice.id).where(Notice.kind == kind).order_by(Notice.id)))


def run(outside: FakeOutside, now: datetime, pace: Pace | None = None) -> int:
    """Plan and send what is due."""
    plan_due(now, outside.ready, pace=pace)
    return deliver_due(now, Crew(outside, "test", pace or Pace()))


def run_for(outside: FakeOutside, now: datetime, span: timedelta, *, step: timedelta = timedelta(minutes=1)) -> None:
    """The same again and again while the clock goes on."""
    at = now
    while at <= now + span:
        run(outside, at)
        at += step


def deliveries() -> list[Delivery]:
    db.session.rollback()
    return list(db.session.scalars(select(Delivery).order_by(Delivery.id)))


def states() -> list[tuple[str, str, str]]:
    """(recipient, channel, state) of all."""
    return [(row.recipient, row.channel, row.state) for row in deliveries()]


def wish(now: datetime, **values: Any) -> None:
    with transaction():
        db.session.add(NoticeWish(changed_at=now, **values))


def set_state(delivery_id: int, **values: Any) -> None:
    with transaction():
        db.session.execute(update(Delivery).where(Delivery.id == delivery_id).values(**values))


def resident(order_id: int) -> To:
    return To(Party.RESIDENT, "", order_id)


def forget_notices(now: datetime) -> None:
    """What the making of orders has told counts as planned."""
    with transaction():
        db.session.execute(update(Notice).where(Notice.planned_at.is_(None)).values(planned_at=now))
