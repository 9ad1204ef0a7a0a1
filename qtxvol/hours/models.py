"""Table: the append-only ledger of hours."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from qtxvol.base import Base, UTCDateTime


class HoursEntry(Base):
    """A line of the ledger: minutes served by one volunteer in one order. Never changed; a correction is a new line."""

    __tablename__ = "hours_entries"
    __table_args__ = (Index("ix_hours_entries_volunteer_id_served_on", "volunteer_id", "served_on"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"))
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    #: The event that vouches for it: a close, or the reopen that takes it back.
    event_id: Mapped[int] = mapped_column(ForeignKey("order_events.id"))
    #: Minutes; negative when a line is taken back.
    minutes: Mapped[int]
    served_on: Mapped[date]
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("hours_entries.id"), unique=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
