"""Tables: periods and their targets, what is counted or reported for them, and the calendar and list of schools that
the counting per school and semester goes by."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from qtxvol.base import Base, UTCDateTime
from qtxvol.directory.models import Edited
from qtxvol.progress.goals import COMPARATORS, KINDS, MEASURED_BY, MEASURES
from qtxvol.progress.units import UNITS


def _one_of(column: str, words: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(word) for word in words)})"


class Period(Edited, Base):
    """A plan's years, e.g. 十四五. Periods follow one another; old ones stay readable for ever."""

    __tablename__ = "periods"
    __table_args__ = (CheckConstraint("ends_on > starts_on", name="span"),)

    #: First and last year, "2021-2025".
    id: Mapped[str] = mapped_column(String(9), primary_key=True)
    name: Mapped[str] = mapped_column(String(32))
    name_en: Mapped[str] = mapped_column(String(64), default="")
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    predecessor_id: Mapped[str | None] = mapped_column(ForeignKey("periods.id"), unique=True)
    #: When the office opened it; None for the one that came with the facts.
    opened_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    #: From then on nothing is counted or reported for it any more.
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Target(Edited, Base):
    """Something that the plan asks for in one period; most have a number."""

    __tablename__ = "targets"
    __table_args__ = (
        CheckConstraint(_one_of("unit", ("", *UNITS)), name="unit"),
        CheckConstraint(_one_of("comparator", COMPARATORS), name="comparator"),
        CheckConstraint(_one_of("kind", KINDS), name="kind"),
        CheckConstraint(_one_of("measured_by", MEASURED_BY), name="measured_by"),
        CheckConstraint(_one_of("measure", ("", *MEASURES)), name="measure"),
        CheckConstraint("(kind = 'qualitative') = (value IS NULL)", name="number"),
        UniqueConstraint("period_id", "code"),
    )

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    #: The same in every period that it is carried over to: T23 in 十四五 and in 十五五.
    code: Mapped[str] = mapped_column(String(16))
    period_id: Mapped[str] = mapped_column(ForeignKey("periods.id"))
    name: Mapped[str] = mapped_column(String(120))
    name_en: Mapped[str] = mapped_column(String(160), default="")
    #: None for what the plan asks for without a number.
    value: Mapped[float | None]
    #: One of `units.UNITS`; empty without a number.
    unit: Mapped[str] = mapped_column(String(16))
    unit_en: Mapped[str] = mapped_column(String(32), default="")
    comparator: Mapped[str] = mapped_column(String(8), default="gte")
    kind: Mapped[str] = mapped_column(String(16), default="cumulative")
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    measured_by: Mapped[str] = mapped_column(String(16), default="external")
    #: How this service counts towards it, one of `goals.MEASURES`; empty: it cannot.
    measure: Mapped[str] = mapped_column(String(16), default="")
    #: Which orders count: lists of codes under `audiences`, `themes`, `formats`, `items`; a missing one asks nothing.
    counts: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    #: The lead unit reports at least every so many months.
    report_months: Mapped[int] = mapped_column(default=12)
    #: The action or project that it belongs to; None: to the whole plan.
    programme_id: Mapped[str | None] = mapped_column(ForeignKey("programmes.id"))
    section: Mapped[str] = mapped_column(String(16), default="")
    quote: Mapped[str] = mapped_column(String(200), default="")
    note: Mapped[str] = mapped_column(String(200), default="")
    position: Mapped[int] = mapped_column(default=0)


class TargetUnit(Edited, Base):
    """A department's part in a target, as it was when the period began."""

    __tablename__ = "target_units"
    __table_args__ = (CheckConstraint("part IN ('lead', 'responsible', 'cooperating')", name="part"),)

    target_id: Mapped[str] = mapped_column(ForeignKey("targets.id"), primary_key=True)
    department_id: Mapped[str] = mapped_column(ForeignKey("departments.id"), primary_key=True, index=True)
    part: Mapped[str] = mapped_column(String(16))
    position: Mapped[int] = mapped_column(default=0)


class Semester(Edited, Base):
    """A school term. First and last day are the office's to set; the usual ones come with the facts."""

    __tablename__ = "semesters"
    __table_args__ = (CheckConstraint("ends_on > starts_on", name="span"),)

    #: "2025-autumn", "2026-spring".
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(32))
    name_en: Mapped[str] = mapped_column(String(64), default="")
    starts_on: Mapped[date]
    ends_on: Mapped[date]


class School(Edited, Base):
    """A school that the office has written down: one that never ordered counts as well, and one that writes its name
    in two ways counts once. Schools that order are known without."""

    __tablename__ = "schools"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    name_en: Mapped[str] = mapped_column(String(120), default="")
    #: Other ways in which orders write it.
    aliases: Mapped[list[str]] = mapped_column(JSON, default=list)
    division_code: Mapped[str | None] = mapped_column(ForeignKey("divisions.code"))


class TargetSnapshot(Base):
    """What was counted for a target at the end of a day. Append-only: a better count of the same day is the next
    revision with a `Restatement` beside it, and the highest revision counts."""

    __tablename__ = "target_snapshots"
    __table_args__ = (
        UniqueConstraint("target_id", "day", "revision"),
        CheckConstraint("revision >= 1", name="revision"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    target_id: Mapped[str] = mapped_column(ForeignKey("targets.id"))
    day: Mapped[date]
    revision: Mapped[int]
    #: In the target's unit; for evidence beside an official figure, in people reached (人次).
    value: Mapped[float]
    #: Volunteers: active ones of the registered. Schools: those that have what the target asks for, of all known.
    numerator: Mapped[int | None]
    denominator: Mapped[int | None]
    #: What else was counted, by name (`applied`, `orders`, `semester`).
    details: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    #: Highest id and number of rows read, by ledger.
    inputs: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    #: SHA-256 of what made the numbers (`checksums`); empty on a row from before it was kept.
    checksum: Mapped[str] = mapped_column(String(64), default="")
    counted_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Restatement(Base):
    """A day was counted anew and came out otherwise: before, after and why. Append-only."""

    __tablename__ = "restatements"
    __table_args__ = (Index("ix_restatements_target_id_restated_at", "target_id", "restated_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    target_id: Mapped[str] = mapped_column(ForeignKey("targets.id"))
    day: Mapped[date]
    #: The snapshot's revision that holds `value_after`.
    revision: Mapped[int]
    value_before: Mapped[float]
    value_after: Mapped[float]
    numerator_before: Mapped[int | None]
    numerator_after: Mapped[int | None]
    denominator_before: Mapped[int | None]
    denominator_after: Mapped[int | None]
    #: Codes of `goals.CAUSES`, by comma.
    cause: Mapped[str] = mapped_column(String(64))
    restated_at: Mapped[datetime] = mapped_column(UTCDateTime)


class TargetReport(Base):
    """A figure that a unit vouches for. Append-only; a correction is a new report that names the old one. It counts
    once a second person has confirmed it (`ReportDecision`)."""

    __tablename__ = "target_reports"
    __table_args__ = (Index("ix_target_reports_target_id_as_of_on", "target_id", "as_of_on"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    target_id: Mapped[str] = mapped_column(ForeignKey("targets.id"))
    #: The unit that reports; None when the office does.
    department_id: Mapped[str | None] = mapped_column(ForeignKey("departments.id"), index=True)
    #: In the target's unit. Of a target without a number: 1 it is done, 0 it goes on.
    value: Mapped[float]
    #: The day that the figure is of.
    as_of_on: Mapped[date]
    #: Where the figure comes from: a document, a register, a survey.
    source: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(String(500), default="")
    #: The paper that proves it; its bytes are in `report_files`, its hash stays here. Empty name: none.
    file_name: Mapped[str] = mapped_column(String(120), default="")
    file_type: Mapped[str] = mapped_column(String(80), default="")
    file_bytes: Mapped[int] = mapped_column(default=0)
    file_sha256: Mapped[str] = mapped_column(String(64), default="")
    #: The report that this one replaces.
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("target_reports.id"), index=True)
    entered_by_account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    entered_party: Mapped[str] = mapped_column(String(16))
    entered_name: Mapped[str] = mapped_column(String(64))
    entered_at: Mapped[datetime] = mapped_column(UTCDateTime)


class ReportFile(Base):
    """The bytes of a report's paper, apart so that no list loads them. Not append-only: a paper with people's data
    may have to go, and the hash in the report still tells which one it was."""

    __tablename__ = "report_files"

    report_id: Mapped[int] = mapped_column(ForeignKey("target_reports.id"), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ReportDecision(Base):
    """The second person's word on a report, once. Append-only."""

    __tablename__ = "report_decisions"

    id: Mapped[int] = mapped_column(primary_key=True)
    report_id: Mapped[int] = mapped_column(ForeignKey("target_reports.id"), unique=True)
    is_confirmed: Mapped[bool]
    #: Why not.
    reason: Mapped[str] = mapped_column(String(200), default="")
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    party: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(64))
    decided_at: Mapped[datetime] = mapped_column(UTCDateTime)
