"""When a day of the calendar falls: a fixed date, or the third Saturday of September; pure."""

import calendar
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

#: `nth` of a day that always falls on the same date, and of the last such weekday of its month.
FIXED, LAST = 0, 5
_PERIOD = re.compile(r"(\d{4}-\d{2}-\d{2})(?:(?:/|~|至|\.\.)(\d{4}-\d{2}-\d{2}))?")


@dataclass(frozen=True, slots=True)
class Span:
    """Some days, both included."""

    first: date
    last: date

    def days_left(self, today: date) -> int:
        """Days until the first one; not more than zero once it has begun."""
        return (self.first - today).days


@dataclass(frozen=True, slots=True)
class DayRule:
    """When a day falls, year after year.

    :ivar nth: `FIXED`, 1 to 4, or `LAST`. :ivar weekday: 1 Monday to 7 Sunday. :ivar day: of the month, for `FIXED`.
    :ivar length: in days, at least 1. :ivar exceptions: years that were announced otherwise.
    """

    month: int
    day: int = 1
    nth: int = FIXED
    weekday: int = 1
    length: int = 1
    exceptions: Sequence[Span] = ()


def span_in(rule: DayRule, year: int) -> Span:
    """The days that begin in `year`; 29 February is the 28th in most years."""
    for span in rule.exceptions:
        if span.first.year == year:
            return span
    first = _first_day(rule, year)
    return Span(first, first + timedelta(days=rule.length - 1))


def next_span(rule: DayRule, today: date) -> Span:
    """The one that is on, or the next one."""
    spans = (span_in(rule, year) for year in (today.year - 1, today.year, today.year + 1, today.year + 2))
    return next(span for span in spans if span.last >= today)


def read_period(text: str) -> Span | None:
    """`2026-09-12`, or `2026-09-12/2026-09-20`; None when it is neither, or ends before it begins."""
    found = _PERIOD.fullmatch(text.strip())
    if found is None:
        return None
    try:
        first = date.fromisoformat(found[1])
        last = date.fromisoformat(found[2]) if found[2] else first
    except ValueError:
        return None
    return Span(first, last) if first <= last and 2000 <= first.year <= 2100 else None


def _first_day(rule: DayRule, year: int) -> date:
    days = calendar.monthrange(year, rule.month)[1]
    if rule.nth == FIXED:
        return date(year, rule.month, min(rule.day, days))
    weekdays = [day for day in range(1, days + 1) if date(year, rule.month, day).isoweekday() == rule.weekday]
    return date(year, rule.month, weekdays[-1] if rule.nth == LAST else weekdays[rule.nth - 1])
