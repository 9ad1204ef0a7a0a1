"""The working calendar as rows: office hours, days that differ from their weekday, and years that are not settled yet.

Days off and make-up workdays (调休) come from the library `holidays`; what the office has edited or confirmed stays the
office's. Reading a file of days: `workday_file.py`. Counting with the calendar: `orders/deadlines.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib.metadata import version
from typing import Any

from sqlalchemy import String, cast, delete, insert, literal, select, union_all, update

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.office import check_office
from qtxvol.base import CITY_TIME
from qtxvol.directory.models import WEEKDAYS, CalendarYear, OfficeHours, WorkdayOverride
from qtxvol.extensions import db
from qtxvol.orders.deadlines import USUAL_WEEK, Span, WorkCalendar
from qtxvol.refusals import NotFound
from qtxvol.storage import transaction

#: Nobody plans for a year further from 2050.
MOST_YEARS = 50
#: A row of a table, by column name.
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Seeded:
    """What a look into the library changed."""

    inserted: int = 0
    updated: int = 0
    kept: int = 0


def load_calendar() -> WorkCalendar:
    """The calendar that clocks run by; one statement."""
    hours = select(
        literal("hours").label("kind"),
        OfficeHours.weekday.label("what"),
        OfficeHours.opens_at.label("value"),
        OfficeHours.closes_at.label("until"),
    ).where(OfficeHours.is_active)
    days = select(
        literal("day"), cast(WorkdayOverride.day, String), cast(WorkdayOverride.is_work, String), literal("")
    ).where(WorkdayOverride.is_active)
    years = select(literal("year"), cast(CalendarYear.year, String), literal(""), literal("")).where(
        CalendarYear.is_provisional.is_(False)
    )
    rows = db.session.execute(union_all(hours, days, years)).all()
    return WorkCalendar(
        week=_week(
            [(WEEKDAYS.index(r.what), (minutes_of(r.value), minutes_of(r.until))) for r in rows if r.kind == "hours"]
        ),
        overrides={date.fromisoformat(r.what): r.value in ("1", "true") for r in rows if r.kind == "day"},
        settled_years=frozenset(int(r.what) for r in rows if r.kind == "year"),
    )


def _week(spans: Sequence[tuple[int, Span]]) -> Mapping[int, tuple[Span, ...]]:
    """By weekday; the usual week for a city whose facts are not loaded yet."""
    if not spans:
        return USUAL_WEEK
    week: dict[int, tuple[Span, ...]] = {}
    for weekday, span in sorted(spans):
        week[weekday] = (*week.get(weekday, ()), span)
    return week


def minutes_of(clock: str) -> int:
    """Minutes after midnight of 08:30."""
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


# From the library


def seed_calendar(now: datetime) -> Seeded:
    """Days off and make-up workdays of this year and the next, as the library knows them. Rows that the office has
    edited and years that it has confirmed are left alone; what the library has taken back goes. Inside the caller's
    `transaction()`, or in one of its own.
    """
    this_year = now.astimezone(CITY_TIME).year
    with transaction():
        done = [_seed_year(year) for year in (this_year, this_year + 1)]
    return Seeded(*(sum(getattr(each, name) for each in done) for name in ("inserted", "updated", "kept")))


def _seed_year(year: int) -> Seeded:
    row = db.session.get(CalendarYear, year)
    if row is not None and row.confirmed_at is not None:
        return Seeded()
    days = library_days(year)
    is_provisional = not any(day["is_work"] for day in days)
    if row is None:
        db.session.add(CalendarYear(year=year, is_provisional=is_provisional, source=library_name()))
    else:
        row.is_provisional, row.source = is_provisional, library_name()
    db.session.flush()
    return _write_days(year, days)


def _write_days(year: int, days: Sequence[Row]) -> Seeded:
    stored = {row.day: row for row in db.session.scalars(select(WorkdayOverride).where(in_year(year)))}
    wanted = {day["day"]: day for day in days}
    new = [day for when, day in wanted.items() if when not in stored]
    gone = [when for when, row in stored.items() if row.edited_at is None and when not in wanted]
    updated = kept = 0
    for when, day in wanted.items():
        row = stored.get(when)
        if row is None or all(getattr(row, name) == value for name, value in day.items() if name != "source"):
            continue
        if row.edited_at is not None:
            kept += 1
            continue
        for name, value in day.items():
            setattr(row, name, value)
        updated += 1
    if new:
        db.session.execute(insert(WorkdayOverride), new)
    if gone:
        db.session.execute(delete(WorkdayOverride).where(WorkdayOverride.day.in_(gone)))
    db.session.flush()
    return Seeded(len(new), updated + len(gone), kept)


def in_year(year: int) -> Any:
    """The condition that an override lies in a year."""
    return WorkdayOverride.day.between(date(year, 1, 1), date(year, 12, 31))


@cache
def library_days(year: int) -> tuple[Row, ...]:
    """What the library knows of a year: days off on weekdays, holidays on weekends, make-up workdays."""
    import holidays  # slow to import, and only the loader wants it

    zh, en = (holidays.country_holidays("CN", years=year, language=each) for each in ("zh_CN", "en_US"))
    off = [
        {"day": day, "is_work": False, "name": name[:64], "name_en": en.get(day, "")[:96]}
        for day, name in zh.items()
        if day.year == year
    ]
    made_up = [
        {"day": day, "is_work": True, "name": "调休上班", "name_en": "Make-up workday"}
        for day in zh.weekend_workdays
        if day.year == year
    ]
    return tuple({**day, "source": library_name()} for day in sorted((*off, *made_up), key=lambda day: str(day["day"])))


@cache
def library_name() -> str:
    """`holidays 0.109`."""
    return f"holidays {version('holidays')}"[:32]


# By the office


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a year, for a page. `name` only where it differs from its weekday."""

    date: date
    is_work: bool
    is_override: bool
    name: str = ""
    name_en: str = ""
    is_edited: bool = False

    @property
    def is_make_up(self) -> bool:
        """Open though its weekday is off."""
        return self.is_override and self.is_work


@dataclass(frozen=True, slots=True)
class Year:
    """A year of the calendar, for a page.

    :ivar months: days of each month, January first.
    :ivar overrides: what differs from its weekday, by date.
    """

    year: int
    is_known: bool
    is_provisional: bool
    confirmed_at: datetime | None
    source: str
    months: tuple[tuple[Day, ...], ...]
    overrides: tuple[Day, ...]
    working_days: int


def get_year(year: int) -> Year:
    """A year as the calendar has it, known or not.

    :raise NotFound: no year that anybody plans for.
    """
    if abs(year - 2050) > MOST_YEARS:
        raise NotFound(year)
    calendar, known = load_calendar(), db.session.get(CalendarYear, year)
    rows = {
        row.day: row
        for row in db.session.scalars(select(WorkdayOverride).where(in_year(year), WorkdayOverride.is_active))
    }
    first = date(year, 1, 1)
    days = [_day(first + timedelta(days=n), calendar, rows) for n in range((date(year + 1, 1, 1) - first).days)]
    return Year(
        year=year,
        is_known=known is not None,
        is_provisional=known is None or known.is_provisional,
        confirmed_at=known.confirmed_at if known else None,
        source=known.source if known else "",
        months=tuple(tuple(day for day in days if day.date.month == month) for month in range(1, 13)),
        overrides=tuple(day for day in days if day.is_override),
        working_days=sum(day.is_work for day in days),
    )


def _day(day: date, calendar: WorkCalendar, rows: Mapping[date, WorkdayOverride]) -> Day:
    row = rows.get(day)
    if row is None:
        return Day(day, calendar.is_work(day), is_override=False)
    return Day(
        day,
        calendar.is_work(day),
        is_override=True,
        name=row.name,
        name_en=row.name_en,
        is_edited=row.edited_at is not None,
    )


def write_template(year: int) -> str:
    """The days of a year that differ from their weekday, as `workday_file.py` reads them.

    :raise NotFound: no year that anybody plans for.
    """
    lines = [f"{day.date},{int(day.is_work)},{day.name.replace(',', '，')}" for day in get_year(year).overrides]
    return "\r\n".join(["date,is_work,name", *lines, ""])


def list_settled_years() -> list[int]:
    """The years whose days off and make-up workdays are known for certain."""
    return list(db.session.scalars(select(CalendarYear.year).where(CalendarYear.is_provisional.is_(False))))


def confirm_year(year: int, actor: Actor, now: datetime) -> bool:
    """Say that a year's days off and make-up workdays are as they were announced; the library leaves them alone.

    :return: False when it was settled already.
    :raise NotFound: a year without rows. :raise Refused: `wrong_party` (403).
    """
    check_office(actor)
    with transaction():
        row = db.session.get(CalendarYear, year, with_for_update=True)
        if row is None:
            raise NotFound(year)
        if not row.is_provisional:
            return False
        row.is_provisional, row.confirmed_at, row.confirmed_by_account_id = False, now, actor.account_id
    return True


def withdraw_confirmation(year: int, actor: Actor) -> bool:
    """Take a confirmation back: the year is provisional again and follows the library.

    :raise NotFound: a year without rows. :raise Refused: `wrong_party` (403).
    """
    check_office(actor)
    with transaction():
        row = db.session.get(CalendarYear, year, with_for_update=True)
        if row is None:
            raise NotFound(year)
        if row.confirmed_at is None:
            return False
        row.is_provisional, row.confirmed_at, row.confirmed_by_account_id = True, None, None
    return True


def save_days(days: Sequence[Row], now: datetime) -> None:
    """Write days that the office names, one statement each kind; reloads leave them alone. Inside `transaction()`.

    :param days: `day`, `is_work`, `name`, `name_en`, `source`.
    """
    wanted = [day["day"] for day in days]
    known = set(db.session.scalars(select(WorkdayOverride.day).where(WorkdayOverride.day.in_(wanted))))
    new = [{**day, "is_active": True, "edited_at": now} for day in days if day["day"] not in known]
    if new:
        db.session.execute(insert(WorkdayOverride), new)
    for day in days:
        if day["day"] in known:
            values = {name: value for name, value in day.items() if name != "day"}
            db.session.execute(
                update(WorkdayOverride)
                .where(WorkdayOverride.day == day["day"])
                .values(**values, is_active=True, edited_at=now)
            )
    _open_years({day.year for day in wanted}, str(days[0]["source"]) if days else "")


def _open_years(years: set[int], source: str) -> None:
    known = set(db.session.scalars(select(CalendarYear.year).where(CalendarYear.year.in_(years))))
    db.session.add_all(CalendarYear(year=year, source=source) for year in sorted(years - known))
    db.session.flush()


def set_day(day: date, is_work: bool | None, name: str, actor: Actor, now: datetime) -> bool:
    """Make one day off, a make-up workday, or (None) an ordinary day of its week again. Clocks that run stay as they
    are; those that begin later count with it.

    :return: whether anything changed.
    :raise Refused: `wrong_party` (403).
    :raise NotFound: no year that anybody plans for.
    """
    check_office(actor)
    if abs(day.year - 2050) > MOST_YEARS:
        raise NotFound(day)
    with transaction():
        row = db.session.get(WorkdayOverride, day, with_for_update=True)
        is_same = row is not None and (row.is_active, row.is_work, row.name) == (True, is_work, name)
        is_ordinary = row is None or not row.is_active
        if is_same or (is_work is None and is_ordinary):
            return False
        if is_work is not None:
            save_days([{"day": day, "is_work": is_work, "name": name, "name_en": "", "source": "office"}], now)
        elif row is not None:
            row.is_active, row.edited_at = False, now
    return True
