"""Tables: how each channel is set up, and who changed what about it."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from qtxvol.base import Base, UTCDateTime
from qtxvol.privacy.sealed import Sealed


class Channel(Base):
    """A way out of the house. Without a row it was never set up, and is off."""

    __tablename__ = "channels"
    __table_args__ = (CheckConstraint("version >= 1", name="version"),)

    #: One of `specs.CHANNELS`.
    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    is_on: Mapped[bool] = mapped_column(default=False)
    #: JSON of `specs.Spec.fields` by name; sealed whole, for there are passwords in it.
    settings: Mapped[str] = mapped_column(Sealed, default="")
    #: Counted up with every change: of two clerks who edit at once the second is told.
    version: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: When something last went out, and when it last did not; to the minute, for a busy channel would write it
    #: a hundred times.
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    failed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: `Receipt.detail` of that failure.
    failure: Mapped[str] = mapped_column(String(200), default="")


class ChannelEvent(Base):
    """Something was changed about a channel or about an address of a body. Append-only: triggers on both databases
    refuse UPDATE and DELETE. Says which fields, never what stood or stands there."""

    __tablename__ = "channel_events"
    __table_args__ = (Index("ix_channel_events_channel_at", "channel", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(String(16))
    #: `set_up`, `on`, `off`, `tried`, `address_added`, `address_removed`.
    action: Mapped[str] = mapped_column(String(16))
    #: Names of the fields that were changed, or what a try came to.
    about: Mapped[list[str]] = mapped_column(JSON, default=list)
    #: Whose address it was, as `notices.party` and `notices.scope`; empty when the channel itself was changed.
    of_party: Mapped[str] = mapped_column(String(16), default="")
    of_scope: Mapped[str] = mapped_column(String(32), default="")
    party: Mapped[str] = mapped_column(String(16))
    actor_name: Mapped[str] = mapped_column(String(64))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
