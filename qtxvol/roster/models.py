"""Tables: lists that were read in."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from qtxvol.base import Base, UTCDateTime


class RosterRun(Base):
    """One list of people that came as a file: who brought it, what was in it, what became of it.

    The people themselves stand in a staging file (`staging.py`) until it is cleared.
    """

    __tablename__ = "roster_runs"
    __table_args__ = (
        CheckConstraint("state IN ('read', 'taken', 'cancelled')", name="state"),
        CheckConstraint("(state = 'read') = (decided_at IS NULL)", name="decided"),
        CheckConstraint("mode IN ('', 'all', 'valid')", name="mode"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    #: Name of the staging file; nobody can guess it.
    key: Mapped[str] = mapped_column(String(32), unique=True)
    file_name: Mapped[str] = mapped_column(String(120))
    #: SHA-256 of the file.
    file_digest: Mapped[str] = mapped_column(String(64), index=True)
    #: Of people whose line names no team.
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    #: The desk that brought it and vouches for it.
    read_by: Mapped[str] = mapped_column(String(64))
    read_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: Lines of the list, and of these: people not yet registered, registered and the same, registered and not the
    #: same, refused.
    rows: Mapped[int]
    fresh: Mapped[int]
    unchanged: Mapped[int]
    differing: Mapped[int]
    refused: Mapped[int]
    #: How often each code of `checking.PROBLEMS` occurs.
    problems: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    state: Mapped[str] = mapped_column(String(16), default="read")
    #: all: everybody or nobody; valid: those without problems; empty until somebody chose.
    mode: Mapped[str] = mapped_column(String(8), default="")
    #: People who are registered by this list.
    taken: Mapped[int] = mapped_column(default=0)
    decided_by: Mapped[str] = mapped_column(String(64), default="")
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: When what was read was thrown away.
    cleared_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
