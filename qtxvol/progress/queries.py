"""Reads for the public board."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, or_, select

from qtxvol.base import CITY_TIME
from qtxvol.directory.models import Department
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import OPEN, Label, Status
from qtxvol.orders.models import Order
from qtxvol.progress.count import is_latest
from qtxvol.progress.models import Target, TargetSnapshot
from qtxvol.volunteers.models import Team, Volunteer

#: The plan's target for science volunteers, in every period.
VOLUNTEER_TARGET = "T23"


@dataclass(frozen=True, slots=True)
class Count:
    """Distinct people at the end of a day: a snapshot of the target. Registered and active stand side by side."""

    day: date
    registered: int
    active: int
    applied: int
    counted_at: datetime


@dataclass(frozen=True, slots=True)
class Board:
    """The volunteer board. `counts` is the latest snapshot, None before the first; `trend` one point a month.

    :ivar days: all snapshots of two years.
    :ivar at_end: the last snapshot within the target's period, once that is over; None when nobody counted then.
    """

    target: Target | None
    counts: Count | None
    trend: Sequence[Count]
    is_over: bool
    days: Sequence[Count]
    at_end: Count | None

    @property
    def missing(self) -> int:
        """People still to be found."""
        if self.target is None or self.counts is None:
            return 0
        return max(0, int(self.target.value or 0) - self.counts.registered)


@dataclass(frozen=True, slots=True)
class People:
    """Registered volunteers now, by town (as in `standing.Town.key`) and by the department behind their team.

    :ivar by_department: id → name and people; under "" those without a team.
    """

    by_town: Mapping[str, int]
    by_department: Mapping[str, tuple[Label, int]]


@dataclass(frozen=True, slots=True)
class HomeCounts:
    """Three honest numbers for the home page."""

    closed: int
    open: int
    reached: int


def get_board(now: datetime) -> Board:
    """The target of the latest period, the latest count, and the last count of every month of two years: two
    statements. The curve runs through all periods."""
    today = now.astimezone(CITY_TIME).date()
    target = db.session.scalars(
        select(Target)
        .where(Target.code == VOLUNTEER_TARGET, Target.is_active, Target.starts_on <= today)
        .order_by(Target.starts_on.desc())
        .limit(1)
    ).one_or_none()
    since = today - timedelta(days=730)
    is_over = bool(target and target.ends_on < today)
    day = TargetSnapshot.day
    wanted = day > since
    if target is not None and is_over:
        last = (
            select(func.max(day))
            .where(TargetSnapshot.target_id == target.id, day.between(target.starts_on, target.ends_on))
            .scalar_subquery()
        )
        wanted = or_(wanted, day == last)
    found: dict[date, Count] = {}
    rows = db.session.execute(
        select(day, TargetSnapshot.value, TargetSnapshot.numerator, TargetSnapshot.details, TargetSnapshot.counted_at)
        .join(Target, Target.id == TargetSnapshot.target_id)
        .where(Target.code == VOLUNTEER_TARGET, wanted, day <= today, is_latest())
        .order_by(day, Target.starts_on)
    )
    for on, value, active, details, counted_at in rows:  # of two periods on one day the later one stays
        found[on] = Count(on, int(value), active or 0, int(details.get("applied", 0)), counted_at)
    counts = list(found.values())
    days = [row for row in counts if row.day > since]
    monthly = {(row.day.year, row.day.month): row for row in days}  # the last of a month stays
    within = [row for row in counts if target and target.starts_on <= row.day <= target.ends_on]
    at_end = within[-1] if is_over and within else None
    return Board(target, days[-1] if days else None, list(monthly.values()), is_over, days, at_end)


def get_people() -> People:
    """Verified people by where they are at home and by who stands behind their team, in one statement."""
    town = func.substr(func.coalesce(Volunteer.division_code, ""), 1, 9)
    rows = db.session.execute(
        select(town, Department.id, Department.name, Department.name_en, func.count())
        .select_from(Volunteer)
        .outerjoin(Team, Team.id == Volunteer.team_id)
        .outerjoin(Department, Department.id == Team.department_id)
        .where(Volunteer.status == "verified")
        .group_by(town, Department.id, Department.name, Department.name_en)
    ).all()
    by_town: dict[str, int] = {}
    by_department: dict[str, tuple[Label, int]] = {}
    for key, department, name, name_en, people in rows:
        by_town[key] = by_town.get(key, 0) + people
        label = Label(name or "", name_en or name or "")
        by_department[department or ""] = (label, by_department.get(department or "", (label, 0))[1] + people)
    return People(by_town, by_department)


def get_home_counts(now: datetime) -> HomeCounts:
    """Services closed this year, orders open now, people reached (人次) this year."""
    local = now.astimezone(CITY_TIME)
    year = local.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    is_closed = (Order.status == Status.CLOSED) & (Order.closed_at >= year)
    row = db.session.execute(
        select(
            func.count().filter(is_closed),
            func.count().filter(Order.status.in_(OPEN)),
            func.coalesce(func.sum(Order.attendance).filter(is_closed), 0),
        )
        .select_from(Order)
        .where(Order.counts())
    ).one()
    return HomeCounts(row[0], row[1], int(row[2] or 0))
