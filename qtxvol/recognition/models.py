"""Table: certificates that were issued."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from qtxvol.base import Base, UTCDateTime


class Certificate(Base):
    """Proof of service that was issued: what it said on the day, so that anybody can check the paper against it."""

    __tablename__ = "certificates"
    __table_args__ = (
        CheckConstraint("until_on >= from_on", name="period"),
        CheckConstraint("minutes >= 0 AND services >= 0", name="served"),
        CheckConstraint("(revoked_at IS NULL) = (revoke_reason = '')", name="revoked"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    #: Printed on the paper, counted up within the year: QTXZ-2026-000001.
    number: Mapped[str] = mapped_column(String(20), unique=True)
    #: What `/verify/<code>` is asked for: random, not to be guessed from the number.
    code: Mapped[str] = mapped_column(String(24), unique=True)
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"), index=True)
    #: The team at the time of issue.
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    #: Days of service covered, both included.
    from_on: Mapped[date]
    until_on: Mapped[date]
    minutes: Mapped[int]
    services: Mapped[int]
    issued_at: Mapped[datetime] = mapped_column(UTCDateTime)
    issued_by_account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    revoked_by_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    revoke_reason: Mapped[str] = mapped_column(String(120), default="")
