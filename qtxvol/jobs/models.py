"""Table: the ledger of scheduled runs."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from qtxvol.base import Base, UTCDateTime


class JobRun(Base):
    """One slot of one job, written in the transaction that did its work: a row says that all of it was done. The
    primary key decides which of many workers runs it."""

    __tablename__ = "job_runs"

    job: Mapped[str] = mapped_column(String(32), primary_key=True)
    #: The scheduled time in the city, `2026-11-24T00:10`.
    slot: Mapped[str] = mapped_column(String(16), primary_key=True)
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: None: it failed, and is tried again.
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    result: Mapped[str] = mapped_column(Text, default="")
    #: Machine and process that ran it.
    worker: Mapped[str] = mapped_column(String(64), default="")
    #: What was read: rows and highest id by ledger. Empty for jobs that count nothing.
    inputs: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    #: What came out, by name.
    counts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    #: SHA-256 of what made the counts.
    checksum: Mapped[str] = mapped_column(String(64), default="")
