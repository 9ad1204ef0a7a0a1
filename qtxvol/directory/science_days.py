"""Science days and school terms that are near: who may want to order something for them, who should offer something,
and the nudge that says so in time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, select

from qtxvol.base import CITY_TIME, AnyRow
from qtxvol.directory.day_rules import DayRule, Span, next_span, read_period
from qtxvol.directory.models import Department, MenuItem, Route, ScienceDay
from qtxvol.extensions import db
from qtxvol.notices.queue import To, queue_notices
from qtxvol.orders.lifecycle import Party
from qtxvol.progress.models import Semester
from qtxvol.storage import transaction

#: The action for young people; whoever has a part in it keeps to the school terms.
YOUTH_PROGRAMME = "A1"
YOUTH_AUDIENCE = "youth"
#: So long before a term begins.
TERM_NUDGE_DAYS = 14


@dataclass(frozen=True, slots=True)
class Coming:
    """A day, week, month or term that is on or near.

    :ivar themes: of the menu; empty: every theme fits. :ivar menu_item_ids: the only ones that fit, if any are named.
    :ivar nudge_days: departments are told so long before; 0: never.
    """

    id: str
    name: str
    name_en: str
    note: str
    note_en: str
    span: Span
    themes: tuple[str, ...]
    menu_item_ids: tuple[str, ...]
    nudge_days: int
    is_term: bool = False

    @property
    def key(self) -> str:
        """It is told once for each year that it begins in, also when its dates are moved."""
        return f"term:{self.id}" if self.is_term else f"science_day:{self.id}:{self.span.first.year}"

    def fits(self, item: AnyRow) -> bool:
        """The item of the menu is one for this day."""
        if self.menu_item_ids:
            return item.id in self.menu_item_ids
        return not self.themes or item.theme in self.themes


def list_days(today: date) -> list[Coming]:
    """Every day in use at its next date, the nearest first; what is on comes before. One statement."""
    rows = db.session.execute(select(ScienceDay).where(ScienceDay.is_active)).scalars()
    return sorted((_day(row, today) for row in rows), key=_order)


def list_near(today: date, within: int) -> list[Coming]:
    """Those that are on, or begin within so many days; one statement."""
    return [day for day in list_days(today) if day.span.days_left(today) <= within]


def list_items() -> Sequence[AnyRow]:
    """The menu in its order, as far as days need it; one statement."""
    names = ("id", "name", "name_en", "audiences", "theme", "department_id", "alternative_department_ids")
    statement = select(*(getattr(MenuItem, name) for name in names)).where(MenuItem.is_active)
    return db.session.execute(statement.order_by(MenuItem.position, MenuItem.id)).all()


def departments_of(item: AnyRow) -> tuple[str, ...]:
    """Who leads the item, and who may lead it instead."""
    return (item.department_id, *item.alternative_department_ids)


def find_next_term(today: date) -> Coming | None:
    """The next term to begin; one statement."""
    return _find_term(Semester.starts_on > today)


def find_term(today: date) -> Coming | None:
    """The term that is on, or else the next to begin; one statement."""
    return _find_term(Semester.ends_on >= today)


def _find_term(condition: ColumnElement[bool]) -> Coming | None:
    row = db.session.scalar(
        select(Semester).where(Semester.is_active, condition).order_by(Semester.starts_on, Semester.id).limit(1)
    )
    if row is None:
        return None
    span = Span(row.starts_on, row.ends_on)
    return Coming(row.id, row.name, row.name_en, "", "", span, (), (), TERM_NUDGE_DAYS, is_term=True)


def keeps_school_terms(department_id: str) -> bool:
    """It has a part in the action for young people, or an item of the menu for them."""
    return department_id in _list_youth_departments()


def nudge_science_days(now: datetime) -> int:
    """Tell departments what is near and fits them, once for each day and year.

    A run that was missed is made up for, as long as the day has not begun.
    :return: how many notices were queued.
    """
    today = now.astimezone(CITY_TIME).date()
    with transaction():
        items, in_use = list_items(), _list_departments()
        days = [day for day in list_days(today) if _is_due(day, today)]
        told = sum(_tell(day, _list_readers(day, items, in_use), today, now) for day in days)
        term = find_next_term(today)
        if term is not None and _is_due(term, today):
            told += _tell(term, _list_youth_departments(), today, now)
    return told


def _list_readers(day: Coming, items: Sequence[AnyRow], in_use: Sequence[str]) -> list[str]:
    able = {department for item in items if day.fits(item) for department in departments_of(item)}
    return [department for department in in_use if department in able]


def _is_due(day: Coming, today: date) -> bool:
    return 0 < day.span.days_left(today) <= day.nudge_days


def _tell(day: Coming, departments: Iterable[str], today: date, now: datetime) -> int:
    about = {
        "day": day.name,
        "day_en": day.name_en,
        "starts": day.span.first.isoformat(),
        "days": day.span.days_left(today),
    }
    readers = [To(Party.DEPARTMENT, department) for department in departments]
    return queue_notices("science_day", readers, now=now, about=about, key=day.key)


def _list_youth_departments() -> list[str]:
    """In the order of the list; three statements."""
    parts = select(Route.department_id).where(Route.programme_id == YOUTH_PROGRAMME, Route.is_active)
    young = set(db.session.scalars(parts))
    young |= {item.department_id for item in list_items() if YOUTH_AUDIENCE in item.audiences}
    return [department for department in _list_departments() if department in young]


def _list_departments() -> list[str]:
    statement = select(Department.id).where(Department.is_active).order_by(Department.position, Department.id)
    return list(db.session.scalars(statement))


def _day(row: ScienceDay, today: date) -> Coming:
    span = next_span(rule_of(row), today)
    fitting = tuple(row.themes), tuple(row.menu_item_ids)
    return Coming(row.id, row.name, row.name_en, row.note, row.note_en, span, *fitting, row.nudge_days)


def rule_of(row: ScienceDay) -> DayRule:
    """What the row says, as the pure rule."""
    exceptions = tuple(span for text in row.dates if (span := read_period(text)) is not None)
    return DayRule(row.month, row.day, int(row.nth), int(row.weekday), row.length_days, exceptions)


def _order(day: Coming) -> tuple[date, date, str]:
    return day.span.first, day.span.last, day.id
