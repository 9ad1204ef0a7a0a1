"""Tables: certificates that were issued, star levels and who was awarded one, the yearly lists of commendation."""

from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from qtxvol.base import Base, UTCDateTime
from qtxvol.directory.models import Edited


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
    #: `张**`, as the name was on the day. The name itself is not kept twice.
    name_masked: Mapped[str] = mapped_column(String(32), default="")
    #: Keyed digest of the name on the paper: a name that somebody reads off it can be checked, none can be read here.
    #: Empty on papers older than this column.
    name_digest: Mapped[str] = mapped_column(String(64), default="")
    #: Kind and masked number of the identity document, where the person wanted it on the paper; else empty.
    identity: Mapped[str] = mapped_column(String(64), default="")
    #: The team at the time of issue.
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    #: Days of service covered, both included.
    from_on: Mapped[date]
    until_on: Mapped[date]
    minutes: Mapped[int]
    services: Mapped[int]
    #: Theme codes of these services and codes of the towns where they were, most minutes first.
    themes: Mapped[list[str]] = mapped_column(JSON, default=list)
    town_codes: Mapped[list[str]] = mapped_column(JSON, default=list)
    issued_at: Mapped[datetime] = mapped_column(UTCDateTime)
    issued_by_account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    #: The revoked one that this one was issued in place of.
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("certificates.id"), unique=True)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    revoked_by_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    revoke_reason: Mapped[str] = mapped_column(String(120), default="")


class StarLevel(Edited, Base):
    """A star and the hours that it takes; a fact that the office edits."""

    __tablename__ = "star_levels"
    __table_args__ = (
        CheckConstraint("stars BETWEEN 1 AND 10", name="stars"),
        CheckConstraint("hours > 0", name="hours"),
    )

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    stars: Mapped[int]
    name: Mapped[str] = mapped_column(String(32))
    name_en: Mapped[str] = mapped_column(String(64), default="")
    hours: Mapped[int]


class StarAward(Base):
    """A star that somebody was awarded, with what it took on the day. A threshold changed later takes nothing away."""

    __tablename__ = "star_awards"
    __table_args__ = (
        CheckConstraint("(withdrawn_at IS NULL) = (withdraw_reason = '')", name="withdrawn"),
        CheckConstraint("minutes >= threshold_hours * 60", name="earned"),
        # once at a time; one that was taken back may be earned again
        Index(
            "uq_star_awards_standing",
            "volunteer_id",
            "level_id",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    #: The person's own row, never one that is merged into another on the day of the award.
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"), index=True)
    level_id: Mapped[str] = mapped_column(ForeignKey("star_levels.id"))
    stars: Mapped[int]
    #: What the level asked for on the day, and what stood in the ledger.
    threshold_hours: Mapped[int]
    minutes: Mapped[int]
    awarded_on: Mapped[date]
    awarded_at: Mapped[datetime] = mapped_column(UTCDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    withdrawn_by_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    withdraw_reason: Mapped[str] = mapped_column(String(120), default="")


class PublicationConsent(Base):
    """Somebody agreed to stand with their name on a published list. No row, or one taken back, means the surname."""

    __tablename__ = "publication_consents"

    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"), primary_key=True)
    agreed_at: Mapped[datetime] = mapped_column(UTCDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class CommendationList(Base):
    """The list of one year: what it takes, and how far it has come."""

    __tablename__ = "commendation_lists"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'submitted', 'published')", name="status"),
        CheckConstraint("(status = 'open') = (submitted_by_account_id IS NULL)", name="submitted"),
        CheckConstraint("(status = 'published') = (confirmed_by_account_id IS NOT NULL)", name="published"),
        CheckConstraint(
            "confirmed_by_account_id IS NULL OR confirmed_by_account_id <> submitted_by_account_id",
            name="second_person",
        ),
        CheckConstraint("min_hours >= 0 AND min_services >= 0", name="criteria"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(unique=True)
    #: open → submitted by one person → published by another.
    status: Mapped[str] = mapped_column(String(16), default="open")
    min_hours: Mapped[int]
    min_services: Mapped[int]
    #: Nobody with an objection that was upheld in the year.
    needs_no_objection: Mapped[bool] = mapped_column(default=True)
    counted_at: Mapped[datetime] = mapped_column(UTCDateTime)
    submitted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    submitted_by_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    confirmed_by_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))


class Commendation(Base):
    """One person on the list of a year, with the evidence as it was counted, and what a person decided."""

    __tablename__ = "commendations"
    __table_args__ = (
        UniqueConstraint("list_id", "volunteer_id"),
        CheckConstraint("status IN ('proposed', 'commended', 'declined')", name="status"),
        CheckConstraint("(status = 'proposed') = (decided_by_account_id IS NULL)", name="decided"),
        CheckConstraint("status <> 'declined' OR reason <> ''", name="reason"),
        CheckConstraint("confirmed <= services AND rated <= services", name="evidence"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("commendation_lists.id"))
    volunteer_id: Mapped[int] = mapped_column(ForeignKey("volunteers.id"), index=True)
    name_masked: Mapped[str] = mapped_column(String(32))
    status: Mapped[str] = mapped_column(String(16), default="proposed")
    reason: Mapped[str] = mapped_column(String(200), default="")
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_by_account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    #: The evidence of the year. Services are orders with hours that stand; some of them were confirmed by the resident
    #: or the community, some were rated; the others were not, which is never five stars.
    minutes: Mapped[int]
    services: Mapped[int]
    confirmed: Mapped[int]
    rated: Mapped[int]
    ratings: Mapped[int]
    stars_total: Mapped[int]
    objections: Mapped[int]
    #: The highest star that they hold; 0 for none.
    star: Mapped[int]


class CommendationEvent(Base):
    """What was done to a list, by whom and when. Only grows."""

    __tablename__ = "commendation_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("commendation_lists.id"), index=True)
    #: count, decide, submit, return or publish.
    action: Mapped[str] = mapped_column(String(16))
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    #: count: hours, services and 1 for "no objections"; decide: the decision and on how many; return: the reason.
    note: Mapped[str] = mapped_column(String(200), default="")
    happened_at: Mapped[datetime] = mapped_column(UTCDateTime)
