"""Tables: wordings that the office has edited, and who changed what."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from qtxvol.base import Base, UTCDateTime


class Wording(Base):
    """A wording in the office's own words. What has no row is said as the service comes (`seeds.py`)."""

    __tablename__ = "wordings"
    __table_args__ = (
        CheckConstraint("family IN ('short', 'long')", name="family"),
        CheckConstraint("locale IN ('zh', 'en')", name="locale"),
        CheckConstraint("subject <> '' AND text <> ''", name="said"),
    )

    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    #: One of `seeds.AUDIENCES`.
    audience: Mapped[str] = mapped_column(String(16), primary_key=True)
    family: Mapped[str] = mapped_column(String(8), primary_key=True)
    locale: Mapped[str] = mapped_column(String(2), primary_key=True)
    subject: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(Text)
    #: Rises with every edit, so that two clerks do not write over each other.
    version: Mapped[int] = mapped_column(default=1)
    edited_at: Mapped[datetime] = mapped_column(UTCDateTime)


class WordingEdit(Base):
    """One change of a wording. Append-only: triggers on both databases refuse UPDATE and DELETE."""

    __tablename__ = "wording_edits"
    __table_args__ = (
        Index("ix_wording_edits_kind_audience", "kind", "audience"),
        CheckConstraint("action IN ('edit', 'reset')", name="action"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    audience: Mapped[str] = mapped_column(String(16))
    family: Mapped[str] = mapped_column(String(8))
    locale: Mapped[str] = mapped_column(String(2))
    #: `reset`: back to the words that came with the service.
    action: Mapped[str] = mapped_column(String(8))
    #: What it said after the change.
    subject: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(Text)
    by_account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    by_name: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
