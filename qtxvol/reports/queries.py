"""Reads for papers and progress pages: names for the lines of tables, and people by kind. One statement each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, func, select
from sqlalchemy.orm import aliased

from qtxvol.base import CITY_TIME
from qtxvol.directory.models import Department, Division, Programme, Route
from qtxvol.directory.queries import TOWN
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Label
from qtxvol.orders.models import Order
from qtxvol.progress.count import is_latest
from qtxvol.progress.models import Period, Target, TargetSnapshot
from qtxvol.progress.queries import VOLUNTEER_TARGET
from qtxvol.reports.measures import ACTIVE, REGISTERED, By, Scope, tally

_TOWN_DIGITS = 9

#: A department's part in a programme.
PARTS: Mapping[str, Label] = {
    "lead": Label("牵头", "Lead"),
    "responsible": Label("责任", "Responsible"),
    "cooperating": Label("配合", "Cooperating"),
}


@dataclass(frozen=True, slots=True)
class Names:
    """What the lines of tables are called, in their order; those out of use in `retired`, shown when they did anything.

    :ivar towns: by `standing.Town.key`.
    """

    towns: Mapping[str, Label]
    units: Mapping[str, Label]
    programmes: Mapping[str, Label]
    retired: frozenset[str]


@dataclass(frozen=True, slots=True)
class Duty:
    """A department's part in a programme, as the plan says it; `part` is a key of `PARTS`."""

    programme_id: str
    department_id: str
    part: str


def read_names() -> Names:
    """Three statements."""
    towns = db.session.execute(
        select(Division.code, Division.display_name, Division.name_en, Division.is_active)
        .where(Division.level == TOWN)
        .order_by(Division.code)
    ).all()
    units = db.session.execute(
        select(Department.id, Department.name, Department.name_en, Department.is_active).order_by(
            Department.position, Department.id
        )
    ).all()
    programmes = db.session.execute(
        select(Programme.id, Programme.name, Programme.name_en, Programme.is_active).order_by(Programme.id)
    ).all()
    retired = {code[:_TOWN_DIGITS] for code, _zh, _en, is_active in towns if not is_active}
    retired |= {key for key, _zh, _en, is_active in (*units, *programmes) if not is_active}
    return Names(
        {code[:_TOWN_DIGITS]: Label(zh, en or zh) for code, zh, en, _ in towns},
        {key: Label(zh, en or zh) for key, zh, en, _ in units},
        {key: Label(f"{key} {zh}", f"{key} {en or zh}") for key, zh, en, _ in programmes},
        frozenset(retired),
    )


def list_duties() -> list[Duty]:
    """All parts that the plan gives to units, programme by programme."""
    order = {part: place for place, part in enumerate(PARTS)}
    named = db.session.execute(
        select(Route.programme_id, Route.department_id, Route.part, Route.position)
        .join(Department, Department.id == Route.department_id)
        .where(Route.is_active, Department.is_active)
    ).all()
    rows = sorted(named, key=lambda row: (row.programme_id, order[row.part], row.position, row.department_id))
    return [Duty(row.programme_id, row.department_id, row.part) for row in rows]


def list_programmes_for_all() -> frozenset[str]:
    """Programmes for which the plan names all members of the leading group."""
    return frozenset(db.session.scalars(select(Programme.id).where(Programme.is_for_all_members)))


def list_years(now: datetime) -> list[int]:
    """Years that a paper can be made for, newest first: from the first order or the first day of the plan on."""
    today = now.astimezone(CITY_TIME).date()
    first = db.session.scalar(select(func.min(Order.placed_at)).where(Order.counts()))
    start = first.astimezone(CITY_TIME).year if first else today.year
    return list(range(today.year, min(start, today.year) - 1, -1))


def last_day(year: int, now: datetime) -> date:
    """The last day of the year, or today while it runs."""
    return min(date(year, 12, 31), now.astimezone(CITY_TIME).date())


# People


@dataclass(frozen=True, slots=True)
class Heads:
    """Registered people, and the active ones among them."""

    registered: int = 0
    active: int = 0

    def __add__(self, other: "Heads") -> "Heads":
        return Heads(self.registered + other.registered, self.active + other.active)


@dataclass(frozen=True, slots=True)
class Census:
    """Registered and active people now, each person in one cell: town, unit, host kind, profession ("" not said)."""

    cells: Mapping[tuple[str, str, str, str], Heads]

    def by(self, place: int) -> dict[str, Heads]:
        """By one of the four. All of them add up to the same."""
        found: dict[str, Heads] = {}
        for key, heads in self.cells.items():
            found[key[place]] = found.get(key[place], Heads()) + heads
        return found

    @property
    def total(self) -> Heads:
        return sum(self.cells.values(), Heads())


def read_census(now: datetime) -> Census:
    """Everybody on the books, in one statement."""
    by = (By.TOWN, By.UNIT, By.HOST, By.PROFESSION)
    found = tally([REGISTERED, ACTIVE], by, Scope(last=now.astimezone(CITY_TIME).date()))
    registered, active = found[REGISTERED.key], found[ACTIVE.key]
    return Census({key: Heads(people, active.get(key, 0)) for key, people in registered.items()})


@dataclass(frozen=True, slots=True)
class PeriodEnd:
    """How a period that is over has ended for the volunteers: the last count in it, None when nobody counted."""

    period: Label
    target: int
    ends_on: date
    counted_on: date | None
    registered: int | None
    active: int | None

    @property
    def is_reached(self) -> bool:
        return self.registered is not None and self.registered >= self.target


def list_period_ends(now: datetime) -> list[PeriodEnd]:
    """All periods that are over and had a target for volunteers, the latest first: one statement."""
    today = now.astimezone(CITY_TIME).date()
    inner = aliased(TargetSnapshot)
    last = (
        select(func.max(inner.day))
        .where(inner.target_id == Target.id, inner.day.between(Target.starts_on, Target.ends_on))
        .correlate(Target)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(Target, Period.name, Period.name_en, TargetSnapshot.day, TargetSnapshot.value, TargetSnapshot.numerator)
        .join(Period, Period.id == Target.period_id)
        .outerjoin(
            TargetSnapshot,
            and_(TargetSnapshot.target_id == Target.id, TargetSnapshot.day == last, is_latest()),
        )
        .where(Target.code == VOLUNTEER_TARGET, Target.is_active, Target.ends_on < today)
        .order_by(Target.ends_on.desc())
    )
    return [
        PeriodEnd(
            Label(name, name_en or name),
            int(target.value or 0),
            target.ends_on,
            day,
            None if value is None else int(value),
            None if value is None else active or 0,
        )
        for target, name, name_en, day, value, active in rows
    ]


def find_counted_target(today: date) -> str | None:
    """The volunteers' target of the latest period that has been counted."""
    return db.session.scalar(
        select(Target.id)
        .where(
            Target.code == VOLUNTEER_TARGET,
            Target.starts_on <= today,
            select(TargetSnapshot.id).where(TargetSnapshot.target_id == Target.id).exists(),
        )
        .order_by(Target.starts_on.desc())
        .limit(1)
    )
