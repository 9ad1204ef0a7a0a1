"""Table: notices."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from qtxvol.base import Base, UTCDateTime


class Notice(Base):
    """One event told to one party of its order. Shown in the party's desk until somebody there has read it."""

    __tablename__ = "notices"
    __table_args__ = (Index("ix_notices_party_scope_read_at", "party", "scope", "read_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("order_events.id"))
    party: Mapped[str] = mapped_column(String(16))
    #: Which one of the party: division code, department id, team id; empty for the resident and the office.
    scope: Mapped[str] = mapped_column(String(32), default="")
    queued_at: Mapped[datetime] = mapped_column(UTCDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    read_by_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
