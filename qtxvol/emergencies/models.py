"""Tables of emergencies. What was done stands in `emergency_events`, which only grows."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from qtxvol.base import Base, UTCDateTime


class Emergency(Base):
    """An event, or an exercise for one. Open from `opened_at` until somebody closes it; never opened again: what comes
    back is a new one that follows the old."""

    __tablename__ = "emergencies"
    __table_args__ = (
        CheckConstraint("title <> '' AND advice <> ''", name="told"),
        CheckConstraint("planned_end_at > starts_at", name="planned"),
        CheckConstraint("version >= 1", name="version"),
        CheckConstraint("(closed_at IS NULL) = (closed_by_account_id IS NULL)", name="closed"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    #: A term of the kind `emergency`.
    kind: Mapped[str] = mapped_column(String(32))
    title: Mapped[str] = mapped_column(String(60))
    #: What everybody should do now.
    advice: Mapped[str] = mapped_column(Text)
    #: Whom to call; a public number.
    hotline: Mapped[str] = mapped_column(String(40), default="")
    #: Fixed at opening.
    is_drill: Mapped[bool]
    #: When it began, which may be before the office knew.
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime)
    planned_end_at: Mapped[datetime] = mapped_column(UTCDateTime)
    #: The event that this one takes up again.
    follows_id: Mapped[int | None] = mapped_column(ForeignKey("emergencies.id"))
    #: From the form, so that the same form sent twice opens one.
    open_key: Mapped[str] = mapped_column(String(64), unique=True)
    opened_at: Mapped[datetime] = mapped_column(UTCDateTime)
    opened_by_account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    closed_by_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    #: Rises by one with every change of these columns, the area and the topics.
    version: Mapped[int] = mapped_column(default=1)


class EmergencyArea(Base):
    """A division that the emergency is about, with everything below it."""

    __tablename__ = "emergency_areas"

    emergency_id: Mapped[int] = mapped_column(ForeignKey("emergencies.id"), primary_key=True)
    division_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"), primary_key=True)


class EmergencyTopic(Base):
    """A theme of the menu, or one item of it, that jumps the queues meanwhile."""

    __tablename__ = "emergency_topics"
    __table_args__ = (CheckConstraint("kind IN ('theme', 'item')", name="kind"),)

    emergency_id: Mapped[int] = mapped_column(ForeignKey("emergencies.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), primary_key=True)
    code: Mapped[str] = mapped_column(String(32), primary_key=True)


class EmergencyExpert(Base):
    """A volunteer or a team that the office has named for the emergency, and what as."""

    __tablename__ = "emergency_experts"
    __table_args__ = (
        CheckConstraint("(volunteer_id IS NULL) <> (team_id IS NULL)", name="one"),
        Index("ix_emergency_experts_emergency_id", "emergency_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    emergency_id: Mapped[int] = mapped_column(ForeignKey("emergencies.id"))
    volunteer_id: Mapped[int | None] = mapped_column(ForeignKey("volunteers.id"))
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    role: Mapped[str] = mapped_column(String(40))
    named_at: Mapped[datetime] = mapped_column(UTCDateTime)
    dropped_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class EmergencyFact(Base):
    """A short statement that somebody has checked. Correcting it is a new row that replaces the old, so that what was
    told, and until when, stays readable."""

    __tablename__ = "emergency_facts"
    __table_args__ = (
        UniqueConstraint("replaces_id"),
        CheckConstraint("text <> '' AND source <> '' AND checked_by <> ''", name="checked"),
        Index("ix_emergency_facts_emergency_id", "emergency_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    emergency_id: Mapped[int] = mapped_column(ForeignKey("emergencies.id"))
    text: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(String(80))
    #: The body that checked it, and when.
    checked_by: Mapped[str] = mapped_column(String(40))
    checked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("emergency_facts.id"))
    written_at: Mapped[datetime] = mapped_column(UTCDateTime)
    written_by_account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    #: It turned out wrong or is over: shown as withdrawn, with the reason.
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    withdrawn_why: Mapped[str] = mapped_column(String(120), default="")


class EmergencyEvent(Base):
    """Something that was done about an emergency: by whom, when, why. Append-only: triggers refuse the rest."""

    __tablename__ = "emergency_events"
    __table_args__ = (UniqueConstraint("emergency_id", "sequence"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    emergency_id: Mapped[int] = mapped_column(ForeignKey("emergencies.id"))
    #: 1, 2, 3 ... within the emergency.
    sequence: Mapped[int]
    #: One of `rules.DEEDS`.
    deed: Mapped[str] = mapped_column(String(16))
    #: The order that was raised or marked.
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"), index=True)
    #: What it was about; no personal data: it can't be erased.
    about: Mapped[dict[str, Any]] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(String(200), default="")
    actor_key: Mapped[str] = mapped_column(String(64))
    party: Mapped[str] = mapped_column(String(16))
    actor_name: Mapped[str] = mapped_column(String(64))
    actor_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    happened_at: Mapped[datetime] = mapped_column(UTCDateTime)


class EmergencyReview(Base):
    """The sheet that closing writes. The figures stand as they were then; the lessons are words of the office."""

    __tablename__ = "emergency_reviews"

    emergency_id: Mapped[int] = mapped_column(ForeignKey("emergencies.id"), primary_key=True)
    figures: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: Of the figures, so that a change behind the service's back shows (`qtxvol check`).
    checksum: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    lessons: Mapped[str] = mapped_column(Text, default="")
    lessons_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lessons_by_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
