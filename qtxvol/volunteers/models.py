"""Tables: teams and volunteers."""

from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ColumnElement, ForeignKey, String, func
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
    __table_args__ = (
        CheckConstraint("status IN ('applied', 'verified', 'paused', 'left', 'refused', 'merged')", name="status"),
        CheckConstraint("(status = 'merged') = (merged_into_id IS NOT NULL)", name="merged"),
    )

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
    #: The row that this same person goes on with, while `status` is merged; never one that is merged itself.
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("volunteers.id"), index=True)
    verified_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)

    @classmethod
    def person_id(cls) -> ColumnElement[int]:
        """The id under which a person's hours are added up, whichever of their rows they were written to."""
        return func.coalesce(cls.merged_into_id, cls.id)
