"""Clocks, pure: when a step is due, in office hours, working days or round the clock. Times are aware UTC; `now` and
the calendar are passed in.

Working time is what lies within office hours on working days. A working day is one whole day of them: a limit of one
working day that starts at 10:20 is due at 10:20 of the next working day, one that starts outside office hours counts
from the next opening and so is due at the end of that day. Always: due is the first moment at which the limit has gone
by. Where days differ in length, a day counts as one whatever its length, and the share of it that has gone by counts.

Not here: which limit holds (`directory/queries.py: limits_for`), rows (`clocks.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from fractions import Fraction
from zoneinfo import ZoneInfo

#: From so many minutes after local midnight to so many; half-open.
Span = tuple[int, int]
#: Monday is 0.
Week = Mapping[int, tuple[Span, ...]]

_DAY_SPANS: tuple[Span, ...] = ((8 * 60 + 30, 12 * 60), (14 * 60, 17 * 60 + 30))
#: Office hours until the office says otherwise.
USUAL_WEEK: Week = dict.fromkeys(range(5), _DAY_SPANS)
#: A calendar without a working day in so many days in a row is a mistake, not a holiday.
REACH_DAYS = 400
#: A step is due soon when a quarter of its limit is left.
SOON_SHARE = Fraction(3, 4)

_MICROSECOND = timedelta(microseconds=1)
_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)


class Unit(StrEnum):
    """What a limit is counted in. The last two run round the clock."""

    WORKING_MINUTES = "working_minutes"
    WORKING_HOURS = "working_hours"
    WORKING_DAYS = "working_days"
    HOURS = "hours"
    DAYS = "days"


#: How long one is; a working day is as long as its office hours.
_LENGTHS = {
    Unit.WORKING_MINUTES: _MINUTE,
    Unit.WORKING_HOURS: timedelta(hours=1),
    Unit.HOURS: timedelta(hours=1),
    Unit.DAYS: _DAY,
}


@dataclass(frozen=True, slots=True)
class Limit:
    """So many of a unit.

    :raise ValueError: none, or fewer than none.
    """

    amount: int
    unit: Unit

    def __post_init__(self) -> None:
        if self.amount < 1:
            raise ValueError(f"a limit of {self.amount} {self.unit} is none")

    @property
    def is_round_the_clock(self) -> bool:
        """Nights and holidays count."""
        return self.unit in (Unit.HOURS, Unit.DAYS)


#: By step, when no row says otherwise.
DEFAULT_LIMITS: Mapping[str, Limit] = {
    "dispatch": Limit(1, Unit.WORKING_DAYS),
    "claim": Limit(1, Unit.WORKING_DAYS),
    "accept": Limit(2, Unit.WORKING_DAYS),
    "first_call": Limit(24, Unit.HOURS),
    "serve": Limit(15, Unit.WORKING_DAYS),
    "close": Limit(1, Unit.WORKING_DAYS),
    "rate": Limit(7, Unit.DAYS),
}


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """When the offices of the city are open.

    :ivar week: office hours by weekday; a weekday that is missing is off.
    :ivar overrides: days that differ from their weekday: True for a make-up workday, False for a day off.
    :ivar settled_years: those whose make-up workdays are announced; every other year is provisional.
    """

    week: Week = field(default_factory=lambda: USUAL_WEEK)
    overrides: Mapping[date, bool] = field(default_factory=dict)
    settled_years: frozenset[int] = frozenset()
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))

    def is_work(self, day: date) -> bool:
        """The offices are open on that day, for however long."""
        return bool(self.spans_on(day))

    def spans_on(self, day: date) -> tuple[Span, ...]:
        """Office hours of a day. A make-up workday whose weekday has none takes those of the week's first open day."""
        spans = self.week.get(day.weekday(), ())
        is_work = self.overrides.get(day, bool(spans))
        if not is_work:
            return ()
        return spans or next((self.week[each] for each in sorted(self.week) if self.week[each]), ())

    def is_provisional(self, moment: datetime) -> bool:
        """It lies in a year whose make-up workdays are not known yet: the day may still move."""
        return self._local(moment).year not in self.settled_years

    def _local(self, moment: datetime) -> datetime:
        """The clock on the wall, naive.

        :raise ValueError: `moment` is naive.
        """
        if moment.tzinfo is None:
            raise ValueError(f"a time without zone: {moment!r}")
        return moment.astimezone(self.zone).replace(tzinfo=None)

    def _utc(self, wall: datetime) -> datetime:
        return wall.replace(tzinfo=self.zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Times:
    """Of one clock: from when on it is due soon, when it is due, and when twice the limit has gone by."""

    soon_at: datetime
    due_at: datetime
    twice_at: datetime


def run_limit(start: datetime, limit: Limit, calendar: WorkCalendar) -> Times:
    """The times of a clock that starts at `start`.

    :raise ValueError: no working day in reach, or `start` is naive.
    """
    return Times(
        soon_at=_add(start, limit, SOON_SHARE, calendar),
        due_at=add_limit(start, limit, calendar),
        twice_at=_add(start, limit, Fraction(2), calendar),
    )


def add_limit(start: datetime, limit: Limit, calendar: WorkCalendar) -> datetime:
    """The first moment at which `limit` has gone by since `start`.

    :raise ValueError: no working day in reach, or `start` is naive.
    Cost: one step for each day that is passed.
    """
    return _add(start, limit, Fraction(1), calendar)


def working_between(a: datetime, b: datetime, calendar: WorkCalendar) -> timedelta:
    """Office hours from `a` to `b`; negative when `b` is the earlier. From a to c is from a to b and from b to c.

    Cost: one step for each day between.
    """
    return int(_between(a, b, calendar, by_day=False)) * _MICROSECOND


def working_days_between(a: datetime, b: datetime, calendar: WorkCalendar) -> Fraction:
    """Working days from `a` to `b`, a part of a day as the share of its office hours; adds up like hours."""
    return _between(a, b, calendar, by_day=True)


def give_back(moment: datetime, *, stopped_at: datetime, now: datetime, unit: Unit, calendar: WorkCalendar) -> datetime:
    """`moment` of a clock that stood still from `stopped_at` to `now`: later by what went by of its unit meanwhile.
    Over a holiday nothing of a working limit goes by, and nothing is given back.

    :raise ValueError: no working day in reach.
    """
    if now <= stopped_at:
        return moment
    if unit in (Unit.HOURS, Unit.DAYS):
        return moment + (now - stopped_at)
    by_day = unit is Unit.WORKING_DAYS
    return _advance(moment, _between(stopped_at, now, calendar, by_day=by_day), calendar, by_day=by_day)


def _add(start: datetime, limit: Limit, share: Fraction, calendar: WorkCalendar) -> datetime:
    if limit.unit is Unit.WORKING_DAYS:
        return _advance(start, limit.amount * share, calendar, by_day=True)
    span = limit.amount * share * (_LENGTHS[limit.unit] // _MICROSECOND)
    if limit.is_round_the_clock:
        return start + int(span) * _MICROSECOND
    return _advance(start, Fraction(int(span)), calendar, by_day=False)


# Working time is measured in microseconds, or in days; both as exact numbers, so that it adds up.


def _between(a: datetime, b: datetime, calendar: WorkCalendar, *, by_day: bool) -> Fraction:
    if b < a:
        return -_between(b, a, calendar, by_day=by_day)
    start, end = calendar._local(a), calendar._local(b)
    total, day = Fraction(0), start.date()
    while day < end.date():
        total += _worth(calendar.spans_on(day), None, by_day)
        day += _DAY
    total += _worth(calendar.spans_on(day), end, by_day)
    return total - _worth(calendar.spans_on(start.date()), start, by_day)


def _advance(start: datetime, amount: Fraction, calendar: WorkCalendar, *, by_day: bool) -> datetime:
    """The first moment from `start` on at which `amount` has gone by."""
    if amount <= 0:
        return start
    wall = calendar._local(start)
    day = wall.date()
    left = amount + _worth(calendar.spans_on(day), wall, by_day)
    idle = 0
    while True:
        spans = calendar.spans_on(day)
        whole = _worth(spans, None, by_day)
        if whole and left <= whole:
            gone = left * _length(spans) if by_day else left
            return calendar._utc(_moment_on(day, spans, round(gone)))
        left -= whole
        idle = 0 if whole else idle + 1
        if idle > REACH_DAYS:
            raise ValueError(f"no working day within {REACH_DAYS} days after {day - idle * _DAY}")
        day += _DAY


def _worth(spans: tuple[Span, ...], until: datetime | None, by_day: bool) -> Fraction:
    """What has gone by of a day with these office hours at `until`, or of the whole day."""
    whole = _length(spans)
    if not whole:
        return Fraction(0)
    gone = whole if until is None else _gone(spans, until)
    return Fraction(gone, whole) if by_day else Fraction(gone)


def _length(spans: tuple[Span, ...]) -> int:
    """Microseconds."""
    return sum(end - start for start, end in spans) * (_MINUTE // _MICROSECOND)


def _gone(spans: tuple[Span, ...], wall: datetime) -> int:
    """Microseconds of office hours from midnight to `wall`."""
    minute = _MINUTE // _MICROSECOND
    at = (wall - datetime.combine(wall.date(), time())) // _MICROSECOND
    return sum(max(0, min(at, end * minute) - start * minute) for start, end in spans)


def _moment_on(day: date, spans: tuple[Span, ...], gone: int) -> datetime:
    """When so many microseconds of the day's office hours have just gone by."""
    midnight = datetime.combine(day, time())
    for start, end in spans:
        length = (end - start) * (_MINUTE // _MICROSECOND)
        if gone <= length:
            return midnight + start * _MINUTE + gone * _MICROSECOND
        gone -= length
    raise ValueError("the day has fewer office hours")  # callers ask for no more than the day has
