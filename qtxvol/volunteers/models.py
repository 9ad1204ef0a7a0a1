"""Tables: teams, volunteers and the append-only ledger of hours."""

from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from qtxvol.base import Base, UTCDateTime


class Team(Base):
    """A volunteer team of a school, hospital, community, enterprise or society, under one department."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    name_en: Mapped[str] = mapped_column(String(120), default="")
    host: Mapped[str] = mapped_column(String(64), default="")
    department_id: Mapped[str] = mapped_column(ForeignKey("departments.id"), index=True)
    #: Where the team is at home (a town or community).
    division_code: Mapped[str | None] = mapped_column(ForeignKey("divisions.code"))
    #: Theme codes it can serve.
    themes: Mapped[list[str]] = mapped_column(JSON, default=list)
    #: Services per week it can carry.
    weekly_capacity: Mapped[int] = mapped_column(default=2)
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Volunteer(Base):
    """One person. Counts towards the target only while `status` is verified."""

    __tablename__ = "volunteers"
    __table_args__ = (CheckConstraint("status IN ('applied', 'verified', 'paused', 'left', 'refused')", name="status"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    #: Printed on lists and certificates; not an identity number.
    number: Mapped[str] = mapped_column(String(16), unique=True)
    name: Mapped[str] = mapped_column(String(32))
    phone: Mapped[str | None] = mapped_column(String(20))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"), index=True)
    division_code: Mapped[str | None] = mapped_column(ForeignKey("divisions.code"))
    #: Skill codes the person has.
    skills: Mapped[list[str]] = mapped_column(JSON, default=list)
    #: Of these, the skills held under a professional licence.
    licensed_skills: Mapped[list[str]] = mapped_column(JSON, default=list)
    licence_expires_on: Mapped[date | None]
    status: Mapped[str] = mapped_column(String(16), default="applied", index=True)
    verified_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


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
