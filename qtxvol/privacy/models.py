"""Tables: who looked at what, what was corrected and erased, how long contacts are kept, and which keys are in use."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from qtxvol.base import Base, UTCDateTime
from qtxvol.privacy.sealed import Sealed, SealedWords


class Reveal(Base):
    """Somebody looked at a full number. Append-only: triggers on both databases refuse UPDATE and DELETE."""

    __tablename__ = "reveals"
    __table_args__ = (
        CheckConstraint("order_id IS NOT NULL OR volunteer_id IS NOT NULL", name="whose"),
        Index("ix_reveals_account_id_revealed_at", "account_id", "revealed_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    #: Whose number it was: the resident of this order, or this volunteer.
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), index=True)
    volunteer_id: Mapped[int | None] = mapped_column(ForeignKey("volunteers.id"), index=True)
    #: `phone`, `id_number`, `guardian_phone`.
    field: Mapped[str] = mapped_column(String(32))
    #: A code of `reasons.py`, and what was added to it: never a number or a name.
    reason: Mapped[str] = mapped_column(String(32))
    note: Mapped[str] = mapped_column(String(60))
    #: The body that looked, as the person concerned reads it; the account is for the office.
    party: Mapped[str] = mapped_column(String(16))
    actor_name: Mapped[str] = mapped_column(String(64))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    revealed_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Erasure(Base):
    """Somebody's data was erased. Append-only; says whose row it was, and nothing of what stood there."""

    __tablename__ = "erasures"
    __table_args__ = (
        CheckConstraint("order_id IS NOT NULL OR volunteer_id IS NOT NULL OR account_id IS NOT NULL", name="whose"),
        Index("ix_erasures_erased_at", "erased_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), index=True)
    volunteer_id: Mapped[int | None] = mapped_column(ForeignKey("volunteers.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    #: `asked` by the person, or `kept_long_enough`.
    cause: Mapped[str] = mapped_column(String(32))
    party: Mapped[str] = mapped_column(String(16))
    actor_name: Mapped[str] = mapped_column(String(64))
    actor_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    erased_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Correction(Base):
    """Somebody set their own data right, or asked the office to."""

    __tablename__ = "corrections"
    __table_args__ = (
        CheckConstraint("order_id IS NOT NULL OR account_id IS NOT NULL", name="whose"),
        Index("ix_corrections_done_at", "done_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    #: The order whose contact was set right, or the account of who asked.
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    #: Which fields, or what was written to the office.
    text: Mapped[str] = mapped_column(SealedWords)
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    done_by_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))


class Retention(Base):
    """How long something is kept, once the office has chosen; without a row the default of `retain.py` holds."""

    __tablename__ = "retentions"
    __table_args__ = (CheckConstraint("days BETWEEN 30 AND 3650", name="days"),)

    #: `order_contact`.
    what: Mapped[str] = mapped_column(String(32), primary_key=True)
    days: Mapped[int]
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    changed_by_account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))


class KeyMark(Base):
    """A key that sealed something here, with a canary under it: whoever can't open it has lost the key."""

    __tablename__ = "key_marks"

    #: Tells keys apart and says nothing about them.
    mark: Mapped[str] = mapped_column(String(16), primary_key=True)
    canary: Mapped[str] = mapped_column(Sealed)
    first_used_at: Mapped[datetime] = mapped_column(UTCDateTime)
