"""Table: closed orders that the office tells others about."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from qtxvol.base import Base, UTCDateTime


class ModelCase(Base):
    """A closed order with good evidence, in the office's own words (典型案例). The evidence itself is never copied:
    it is read from the order and the ledger whenever the case is shown."""

    __tablename__ = "model_cases"
    __table_args__ = (
        CheckConstraint("title <> '' AND story <> ''", name="told"),
        CheckConstraint("version >= 1", name="version"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), unique=True)
    title: Mapped[str] = mapped_column(String(60))
    story: Mapped[str] = mapped_column(Text)
    #: Rises by one with every change, so that two people at once don't write over each other.
    version: Mapped[int] = mapped_column(default=1)
    written_at: Mapped[datetime] = mapped_column(UTCDateTime)
    written_by_account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    #: Set when the office takes the case back; it can be written anew.
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
