"""Reads of targets: each with its figure, where that comes from, and its light. Statements don't grow with rows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from qtxvol.directory.models import Department, Programme
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Label
from qtxvol.progress.count import is_latest, list_terms
from qtxvol.progress.goals import Goal, Light, judge, judge_share, report_due_on
from qtxvol.progress.models import (
    Period,
    ReportDecision,
    Restatement,
    Target,
    TargetReport,
    TargetSnapshot,
    TargetUnit,
)
from qtxvol.progress.records import city_date
from qtxvol.progress.semesters import TermSpan
from qtxvol.refusals import NotFound

#: How the lead unit's word is needed.
REPORTED = ("partial", "external")


@dataclass(frozen=True, slots=True)
class PeriodView:
    """A plan's years. `is_over` on the calendar, `is_closed` by the office."""

    id: str
    name: Label
    starts_on: date
    ends_on: date
    is_over: bool
    is_closed: bool
    predecessor_id: str | None


@dataclass(frozen=True, slots=True)
class Unit:
    """A department and its part: lead, responsible, cooperating."""

    id: str
    name: Label
    part: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of a target and where it comes from.

    :ivar value: in the target's unit; of a target without a number 1 (done) or 0; evidence is in 人次.
    :ivar numerator: and `denominator` as in `models.TargetSnapshot`; None on a reported figure.
    :ivar report_id: of a reported figure; None of a counted one.
    :ivar source: the reporter's words; empty on a counted one. `unit` the department that reported.
    """

    day: date
    value: float
    numerator: int | None = None
    denominator: int | None = None
    details: Mapping[str, Any] | None = None
    report_id: int | None = None
    source: str = ""
    unit: Label | None = None


@dataclass(frozen=True, slots=True)
class TargetView:
    """A target as lists and pages show it.

    :ivar figure: the official figure within the period, None when there is none: counted when this service measures
        it (`direct`, `order_records`), else the latest confirmed report.
    :ivar counted: the latest snapshot, also after the period's end; for `partial` it is evidence (人次), no figure.
    :ivar waiting: reports that wait for a second person.
    :ivar due_on: until when the next report is due; None when nothing is to be reported.
    """

    id: str
    code: str
    name: Label
    period_id: str
    value: float | None
    unit: Label
    comparator: str
    kind: str
    measured_by: str
    measure: str
    starts_on: date
    ends_on: date
    section: str
    quote: str
    note: str
    programme: Label | None
    is_for_all_members: bool
    units: tuple[Unit, ...]
    figure: Figure | None
    counted: Figure | None
    light: Light
    waiting: int
    due_on: date | None
    is_overdue: bool

    @property
    def leads(self) -> tuple[Unit, ...]:
        return tuple(unit for unit in self.units if unit.part == "lead")

    @property
    def responsible(self) -> tuple[Unit, ...]:
        """Responsible and cooperating units."""
        return tuple(unit for unit in self.units if unit.part != "lead")

    @property
    def is_reported(self) -> bool:
        """The official figure is the lead unit's."""
        return self.measured_by in REPORTED


@dataclass(frozen=True, slots=True)
class Restated:
    """Days that were counted anew at once and for the same cause.

    :ivar days: how many. :ivar before: and `after`, figures of the last of these days.
    """

    target_id: str
    first: date
    last: date
    days: int
    before: tuple[float, int | None, int | None]
    after: tuple[float, int | None, int | None]
    causes: tuple[str, ...]
    restated_at: datetime


@dataclass(frozen=True, slots=True)
class ReportView:
    """A reported figure with the second person's word.

    :ivar is_confirmed: None while it waits. :ivar is_superseded: a confirmed correction stands in its place.
    """

    id: int
    target_id: str
    target_name: Label
    target_unit: str
    is_numeric: bool
    department_id: str | None
    unit: Label | None
    value: float
    as_of_on: date
    source: str
    text: str
    file_name: str
    file_bytes: int
    corrects_id: int | None
    entered_by_account_id: int
    entered_party: str
    entered_name: str
    entered_at: datetime
    is_confirmed: bool | None
    is_superseded: bool
    decided_name: str
    decided_at: datetime | None
    reason: str


# Periods


def list_periods(today: date) -> list[PeriodView]:
    """All periods, the latest first."""
    rows = db.session.scalars(select(Period).where(Period.is_active).order_by(Period.starts_on.desc()))
    return [_period(row, today) for row in rows]


def find_period(periods: Sequence[PeriodView], today: date, period_id: str = "") -> PeriodView | None:
    """The one that was asked for, else the latest that has begun, else the first."""
    by_id = {period.id: period for period in periods}
    if period_id in by_id:
        return by_id[period_id]
    begun = [period for period in periods if period.starts_on <= today]
    return begun[0] if begun else next(iter(periods), None)


def _period(row: Period, today: date) -> PeriodView:
    return PeriodView(
        row.id,
        Label(row.name, row.name_en or row.name),
        row.starts_on,
        row.ends_on,
        row.ends_on < today,
        row.closed_at is not None,
        row.predecessor_id,
    )


# Targets


def list_targets(period_id: str, today: date, *, lead_id: str | None = None) -> list[TargetView]:
    """All targets of a period in the plan's order: six statements.

    :param lead_id: only those that this department leads.
    """
    wanted = select(Target).where(Target.period_id == period_id, Target.is_active)
    if lead_id is not None:
        leads = select(TargetUnit.target_id).where(TargetUnit.department_id == lead_id, TargetUnit.part == "lead")
        wanted = wanted.where(Target.id.in_(leads))
    return _views(wanted, today)


def get_target(target_id: str, today: date) -> TargetView:
    """One target, in use or not.

    :raise NotFound: no such target.
    """
    found = _views(select(Target).where(Target.id == target_id), today)
    if not found:
        raise NotFound(target_id)
    return found[0]


def list_same(target: TargetView) -> list[tuple[str, str, Label]]:
    """The same target in all periods, by time: id, period id, period name."""
    rows = db.session.execute(
        select(Target.id, Target.period_id, Period.name, Period.name_en)
        .join(Period, Period.id == Target.period_id)
        .where(Target.code == target.code)
        .order_by(Period.starts_on)
    )
    return [(each, period, Label(zh, en or zh)) for each, period, zh, en in rows]


def _views(wanted: Select[Target], today: date) -> list[TargetView]:
    targets = db.session.scalars(wanted.order_by(Target.position, Target.id)).all()
    ids = [target.id for target in targets]
    programmes = _read_programmes()
    units = _read_units(ids)
    counted = _read_counted(targets)
    reported, waiting = _read_reported(ids)
    terms = list_terms()
    return [
        _view(
            target,
            today,
            programmes.get(target.programme_id or ""),
            tuple(units[target.id]),
            counted[target.id],
            reported[target.id],
            waiting[target.id],
            terms,
        )
        for target in targets
    ]


def _view(
    target: Target,
    today: date,
    programme: tuple[Label, bool] | None,
    units: tuple[Unit, ...],
    counted: Sequence[Figure],
    reported: Sequence[Figure],
    waiting: int,
    terms: Sequence[TermSpan],
) -> TargetView:
    goal = Goal(target.kind, target.comparator, target.value, target.starts_on, target.ends_on)
    is_reported = target.measured_by in REPORTED
    points = [each for each in (reported if is_reported else counted) if each.day <= target.ends_on]
    figure = points[-1] if points else None
    due_on = report_due_on(goal, figure.day if figure else None, target.report_months) if is_reported else None
    return TargetView(
        target.id,
        target.code,
        Label(target.name, target.name_en or target.name),
        target.period_id,
        target.value,
        Label(target.unit, target.unit_en or target.unit),
        target.comparator,
        target.kind,
        target.measured_by,
        target.measure,
        target.starts_on,
        target.ends_on,
        target.section,
        target.quote,
        target.note,
        programme[0] if programme else None,
        bool(programme and programme[1]),
        units,
        figure,
        counted[-1] if counted else None,
        _light(goal, target, points, terms, today),
        waiting,
        due_on,
        bool(due_on and due_on < today),
    )


def _light(goal: Goal, target: Target, points: Sequence[Figure], terms: Sequence[TermSpan], today: date) -> Light:
    if target.measure == "per_school" and target.measured_by == "order_records":
        if not points:
            return Light.NO_DATA
        latest = points[-1]
        term = next((term for term in terms if term.id == (latest.details or {}).get("semester")), None)
        elapsed = term.elapsed(latest.day) if term else 1.0
        return judge_share(latest.numerator or 0, latest.denominator or 0, elapsed, is_over=today > goal.ends_on)
    return judge(goal, [(each.day, each.value) for each in points], today)


def _read_programmes() -> dict[str, tuple[Label, bool]]:
    rows = db.session.execute(select(Programme.id, Programme.name, Programme.name_en, Programme.is_for_all_members))
    return {each: (Label(zh, en or zh), for_all) for each, zh, en, for_all in rows}


def _read_units(ids: Sequence[str]) -> dict[str, list[Unit]]:
    found: dict[str, list[Unit]] = defaultdict(list)
    rows = db.session.execute(
        select(TargetUnit.target_id, TargetUnit.department_id, Department.name, Department.name_en, TargetUnit.part)
        .join(Department, Department.id == TargetUnit.department_id)
        .where(TargetUnit.target_id.in_(ids), TargetUnit.is_active)
        .order_by(TargetUnit.target_id, TargetUnit.position)
    )
    for target, department, zh, en, part in rows:
        found[target].append(Unit(department, Label(zh, en or zh), part))
    return found


def _read_counted(targets: Sequence[Target]) -> dict[str, list[Figure]]:
    """Of each target the first and the last snapshot of its period, and the last of all: what a light needs."""
    found: dict[str, list[Figure]] = {target.id: [] for target in targets}
    day = TargetSnapshot.day
    within = day.between(Target.starts_on, Target.ends_on)
    ends = (
        select(
            TargetSnapshot.target_id,
            func.min(day).filter(within).label("first"),
            func.max(day).filter(within).label("at_end"),
            func.max(day).label("last"),
        )
        .join(Target, Target.id == TargetSnapshot.target_id)
        .where(TargetSnapshot.target_id.in_(list(found)))
        .group_by(TargetSnapshot.target_id)
        .subquery()
    )
    rows = db.session.scalars(
        select(TargetSnapshot)
        .join(ends, ends.c.target_id == TargetSnapshot.target_id)
        .where(or_(day == ends.c.first, day == ends.c.at_end, day == ends.c.last), is_latest())
        .order_by(TargetSnapshot.target_id, day)
    )
    for row in rows:
        found[row.target_id].append(Figure(row.day, row.value, row.numerator, row.denominator, row.details))
    return found


def _read_reported(ids: Sequence[str]) -> tuple[dict[str, list[Figure]], dict[str, int]]:
    """Confirmed figures that no correction has replaced, by day; and how many reports wait."""
    figures: dict[str, list[Figure]] = defaultdict(list)
    waiting: dict[str, int] = defaultdict(int)
    rows = db.session.execute(_select_reports().where(TargetReport.target_id.in_(ids)).order_by(*_BY_DAY))
    for row in rows:
        report: TargetReport = row.TargetReport
        if row.is_confirmed is None:
            waiting[report.target_id] += 1
        elif row.is_confirmed and not row.is_superseded:
            unit = Label(row.unit, row.unit_en or row.unit) if row.unit else None
            figures[report.target_id].append(
                Figure(report.as_of_on, report.value, report_id=report.id, source=report.source, unit=unit)
            )
    return figures, waiting


# Histories


def list_snapshots(target_id: str, first: date | None = None, last: date | None = None) -> list[TargetSnapshot]:
    """The latest snapshot of every counted day of a target, by day."""
    statement = select(TargetSnapshot).where(TargetSnapshot.target_id == target_id, is_latest())
    if first is not None:
        statement = statement.where(TargetSnapshot.day >= first)
    if last is not None:
        statement = statement.where(TargetSnapshot.day <= last)
    return list(db.session.scalars(statement.order_by(TargetSnapshot.day)))


def list_restatements(target_id: str, limit: int = 20) -> list[Restated]:
    """What was counted anew, the latest first; days that were restated together are one line."""
    rows = db.session.scalars(
        select(Restatement)
        .where(Restatement.target_id == target_id)
        .order_by(Restatement.restated_at.desc(), Restatement.cause, Restatement.day)
    )
    groups: dict[tuple[datetime, str], list[Restatement]] = defaultdict(list)
    for row in rows:
        groups[row.restated_at, row.cause].append(row)
    return [_restated(each) for each in list(groups.values())[:limit]]


def _restated(rows: Sequence[Restatement]) -> Restated:
    last = rows[-1]
    return Restated(
        last.target_id,
        rows[0].day,
        last.day,
        len(rows),
        (last.value_before, last.numerator_before, last.denominator_before),
        (last.value_after, last.numerator_after, last.denominator_after),
        tuple(last.cause.split(",")),
        last.restated_at,
    )


# Reports


def list_reports(target_id: str) -> list[ReportView]:
    """Everything that was reported for a target, the latest day first."""
    rows = db.session.execute(_select_reports().where(TargetReport.target_id == target_id).order_by(*_BY_DAY))
    return [_report(row) for row in rows][::-1]


def list_waiting(today: date, *, lead_id: str | None = None) -> list[ReportView]:
    """Reports that wait for a second person, oldest first; of a department, those of targets that it leads."""
    statement = _select_reports().where(ReportDecision.id.is_(None)).order_by(TargetReport.entered_at, TargetReport.id)
    if lead_id is not None:
        leads = select(TargetUnit.target_id).where(TargetUnit.department_id == lead_id, TargetUnit.part == "lead")
        statement = statement.where(TargetReport.target_id.in_(leads))
    return [_report(row) for row in db.session.execute(statement)]


def get_report(report_id: int) -> ReportView:
    """One report.

    :raise NotFound: no such report.
    """
    row = db.session.execute(_select_reports().where(TargetReport.id == report_id)).one_or_none()
    if row is None:
        raise NotFound(report_id)
    return _report(row)


_BY_DAY = (TargetReport.target_id, TargetReport.as_of_on, TargetReport.id)


def _select_reports() -> Select[*tuple[Any, ...]]:
    correction, word = aliased(TargetReport), aliased(ReportDecision)
    superseded = (
        select(correction.id)
        .join(word, and_(word.report_id == correction.id, word.is_confirmed))
        .where(correction.corrects_id == TargetReport.id)
        .exists()
    )
    return (
        select(
            TargetReport,
            Target.name.label("target_name"),
            Target.name_en.label("target_name_en"),
            Target.unit.label("target_unit"),
            Target.value.is_not(None).label("is_numeric"),
            Department.name.label("unit"),
            Department.name_en.label("unit_en"),
            ReportDecision.is_confirmed,
            ReportDecision.name.label("decided_name"),
            ReportDecision.decided_at,
            ReportDecision.reason,
            superseded.label("is_superseded"),
        )
        .join(Target, Target.id == TargetReport.target_id)
        .outerjoin(Department, Department.id == TargetReport.department_id)
        .outerjoin(ReportDecision, ReportDecision.report_id == TargetReport.id)
    )


def _report(row: Any) -> ReportView:
    report: TargetReport = row.TargetReport
    return ReportView(
        id=report.id,
        target_id=report.target_id,
        target_name=Label(row.target_name, row.target_name_en or row.target_name),
        target_unit=row.target_unit,
        is_numeric=row.is_numeric,
        department_id=report.department_id,
        unit=Label(row.unit, row.unit_en or row.unit) if row.unit else None,
        value=report.value,
        as_of_on=report.as_of_on,
        source=report.source,
        text=report.text,
        file_name=report.file_name,
        file_bytes=report.file_bytes,
        corrects_id=report.corrects_id,
        entered_by_account_id=report.entered_by_account_id,
        entered_party=report.entered_party,
        entered_name=report.entered_name,
        entered_at=report.entered_at,
        is_confirmed=row.is_confirmed,
        is_superseded=bool(row.is_superseded),
        decided_name=row.decided_name or "",
        decided_at=row.decided_at,
        reason=row.reason or "",
    )


def count_lights(targets: Iterable[TargetView]) -> dict[Light, int]:
    """How many targets have which light; every light is there."""
    found = dict.fromkeys(Light, 0)
    for target in targets:
        found[target.light] += 1
    return found


def today_of(now: datetime) -> date:
    """The day in the city, which the reads above are asked for."""
    return city_date(now)
