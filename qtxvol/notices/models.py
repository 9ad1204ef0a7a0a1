"""Tables: notices, how each goes out, by which addresses people are reached, and what they wish."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from qtxvol.base import Base, UTCDateTime
from qtxvol.privacy.sealed import Sealed

#: The states of a delivery. `failed` is tried again; what comes after it is the end.
STATES = ("waiting", "sending", "failed", "sent", "unknown", "dead", "void")
#: Nothing is decided yet: it holds what the same reader is told later of the same order.
UNFINISHED = ("waiting", "sending", "failed")
#: The channels that an address may belong to; those that are switched on: `channels.sending.list_ready`.
CHANNELS = ("mail", "sms", "wecom", "dingtalk", "feishu", "webhook", "apprise")

_STATES = ", ".join(f"'{state}'" for state in STATES)
_CHANNELS = ", ".join(f"'{channel}'" for channel in CHANNELS)


class Notice(Base):
    """Something told to one party: a step of an order, or anything else of `kinds.KINDS`. Shown in the party's desk
    until somebody there has read it; the worker carries it further (`Delivery`)."""

    __tablename__ = "notices"
    __table_args__ = (
        Index("ix_notices_party_scope_read_at", "party", "scope", "read_at"),
        Index("ix_notices_planned_at_due_at", "planned_at", "due_at"),
        CheckConstraint("party <> 'resident' OR order_id IS NOT NULL", name="resident"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    #: One of `kinds.KINDS`; for a step of an order its action.
    kind: Mapped[str] = mapped_column(String(32))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), index=True)
    event_id: Mapped[int | None] = mapped_column(ForeignKey("order_events.id"))
    party: Mapped[str] = mapped_column(String(16))
    #: Which one of the party: division code, department id, team id, volunteer id; empty for the resident (who is
    #: found by the order) and the office.
    scope: Mapped[str] = mapped_column(String(32), default="")
    #: Words and codes that its wording needs besides what the order says. Never a phone or identity number.
    about: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    #: What may be told only once has a key of its own.
    key: Mapped[str | None] = mapped_column(String(96), unique=True)
    #: Quiet hours don't hold it, and no digest.
    is_emergency: Mapped[bool] = mapped_column(default=False)
    queued_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: Not to be shown or sent before. A reminder is queued long before it is due.
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: When the worker decided through which channels it goes out; None: not yet.
    planned_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: What it said is not so any more (the service moved): neither shown nor sent.
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    read_by_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))


class ContactPoint(Base):
    """An address by which an account, a volunteer or a body is reached outside of the inbox: a mailbox, a telephone
    for messages, a robot in a group chat. The phone of an account or volunteer needs none: it comes last by itself."""

    __tablename__ = "contact_points"
    __table_args__ = (
        CheckConstraint(
            "(CASE WHEN account_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN volunteer_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN party = '' THEN 0 ELSE 1 END) = 1",
            name="owner",
        ),
        CheckConstraint(f"channel IN ({_CHANNELS})", name="channel"),
        CheckConstraint("rank BETWEEN 1 AND 8", name="rank"),
        Index("ix_contact_points_party_scope", "party", "scope"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    volunteer_id: Mapped[int | None] = mapped_column(ForeignKey("volunteers.id"), index=True)
    #: Of a body: as in `notices`. Empty when it belongs to a person.
    party: Mapped[str] = mapped_column(String(16), default="")
    scope: Mapped[str] = mapped_column(String(32), default="")
    #: One of `CHANNELS`.
    channel: Mapped[str] = mapped_column(String(16))
    address: Mapped[str] = mapped_column(Sealed, deferred=True, deferred_raiseload=True)
    #: The same address again is found by it.
    address_digest: Mapped[str] = mapped_column(String(64), info={"kind": "address"})
    #: What a page shows of the address: enough to recognise one's own (`points.mask_address`).
    masked: Mapped[str] = mapped_column(String(64))
    #: The chain of a person: 1 is tried first, the next when that has failed. A body's addresses all get it.
    rank: Mapped[int] = mapped_column(default=1)
    is_active: Mapped[bool] = mapped_column(default=True)
    #: When its owner showed that it is theirs; None where nobody asked.
    verified_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    added_at: Mapped[datetime] = mapped_column(UTCDateTime)
    added_by_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))


class NoticeWish(Base):
    """How an account, a volunteer or the resident of an order wishes to be told. Without a row the defaults hold."""

    __tablename__ = "notice_wishes"
    __table_args__ = (
        CheckConstraint(
            "(CASE WHEN account_id IS NULL THEN 0 ELSE 1 END) + (CASE WHEN volunteer_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN order_id IS NULL THEN 0 ELSE 1 END) = 1",
            name="owner",
        ),
        CheckConstraint("locale IN ('zh', 'en')", name="locale"),
        CheckConstraint("quiet_from BETWEEN 0 AND 1439 AND quiet_until BETWEEN 0 AND 1439", name="quiet"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), unique=True)
    volunteer_id: Mapped[int | None] = mapped_column(ForeignKey("volunteers.id"), unique=True)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), unique=True)
    #: Kinds that are not sent; they still stand in the inbox. Only those that are optional count.
    muted: Mapped[list[str]] = mapped_column(JSON, default=list)
    #: Everything but emergencies in one message a day.
    is_digest: Mapped[bool] = mapped_column(default=False)
    locale: Mapped[str] = mapped_column(String(2), default="zh")
    #: Minutes of the city's day between which nothing but emergencies is sent; the same twice: no quiet hours.
    quiet_from: Mapped[int] = mapped_column(default=22 * 60)
    quiet_until: Mapped[int] = mapped_column(default=7 * 60 + 30)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Delivery(Base):
    """One notice on its way to one recipient through one channel. Planned by `plan.py`, sent by `deliver.py`. Holds
    no address: that is looked up when it is sent, so that what was erased meanwhile is not used."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("notice_id", "recipient", "rank"),
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint(f"channel IN ({_CHANNELS})", name="channel"),
        CheckConstraint("locale IN ('zh', 'en')", name="locale"),
        Index("ix_deliveries_state_next_at", "state", "next_at"),
        Index("ix_deliveries_order_id_recipient", "order_id", "recipient"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notices.id"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"))
    #: Who it is for: `order:7` (its resident), `account:3`, `volunteer:12`, or `point:5` for a robot of a body.
    recipient: Mapped[str] = mapped_column(String(32))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    volunteer_id: Mapped[int | None] = mapped_column(ForeignKey("volunteers.id"), index=True)
    #: None: the telephone that the order, account or volunteer has anyway.
    point_id: Mapped[int | None] = mapped_column(ForeignKey("contact_points.id", ondelete="SET NULL"), index=True)
    channel: Mapped[str] = mapped_column(String(16))
    #: What fails together: the channel, or a webhook's own address (`webhook:5`).
    lane: Mapped[str] = mapped_column(String(32))
    #: Which try in the recipient's chain of channels, from 1.
    rank: Mapped[int] = mapped_column(default=1)
    locale: Mapped[str] = mapped_column(String(2), default="zh")
    #: Tells the receiver that two messages are the same one; never changes, whatever is tried again.
    key: Mapped[str] = mapped_column(String(40), unique=True)
    is_emergency: Mapped[bool] = mapped_column(default=False)
    #: It waits to go out with others in one message.
    is_digest: Mapped[bool] = mapped_column(default=False)
    #: The delivery in whose message it goes out, once it is chosen; never changes after.
    bundle_id: Mapped[int | None] = mapped_column(ForeignKey("deliveries.id"), index=True)
    #: When what it tells was due: its place among what the same reader is told of the same order.
    told_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: One of `STATES`.
    state: Mapped[str] = mapped_column(String(16), default="waiting")
    attempts: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: Not tried again after.
    give_up_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: The worker that has it, and until when; the state says whether sending has begun.
    claimed_by: Mapped[str] = mapped_column(String(64), default="")
    claimed_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: When the state became what it is.
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: Why it is dead, void or unknown, a code of `deliver.WHY`; and what the channel said, without any number.
    why: Mapped[str] = mapped_column(String(16), default="")
    detail: Mapped[str] = mapped_column(String(200), default="")
    #: What the channel calls it.
    reference: Mapped[str] = mapped_column(String(120), default="")
    #: Of a dead one: the next channel has taken it over, or somebody (then there is an account) told the reader.
    handled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    handled_by_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))


class LanePause(Base):
    """A lane that failed several times in a row, and until when it is left alone. No row: all is well."""

    __tablename__ = "lane_pauses"

    lane: Mapped[str] = mapped_column(String(32), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    failing_since: Mapped[datetime] = mapped_column(UTCDateTime)
    #: None: it has failed, but not often enough to be left alone.
    paused_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
