"""How quickly the number of volunteers grows, and when a target would be reached; pure.

An honest forecast says how unsure it is: besides the latest pace it takes the slowest and the quickest that the past
year has seen. It claims no more than that: no trend of the trend, no seasons.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

#: Over so many days a pace is measured: long enough that one imported list is not a trend.
SPAN = timedelta(days=91)
#: How far back the slowest and the quickest are looked for.
LOOK_BACK = timedelta(days=365)
#: Beyond ten years a date is not a forecast.
_FURTHEST = 3650

DAYS_PER_MONTH = 365.25 / 12

Count = tuple[date, int]


@dataclass(frozen=True, slots=True)
class Pace:
    """People a day: of the last quarter of a year, and of the slowest and quickest one in the past year."""

    latest: float
    slowest: float
    quickest: float

    @property
    def per_month(self) -> float:
        """People a month, at the latest pace."""
        return self.latest * DAYS_PER_MONTH


@dataclass(frozen=True, slots=True)
class Forecast:
    """When a target would be reached at the latest pace, at the quickest and at the slowest.

    None: not within ten years.
    """

    likely: date | None
    earliest: date | None
    latest: date | None


def measure_pace(counts: Sequence[Count]) -> Pace | None:
    """The pace of growth, or None when less than a quarter of a year has been counted.

    :param counts: day and number of people, by day; gaps between days may differ.
    """
    if not counts:
        return None
    days = [day for day, _ in counts]
    first = bisect_left(days, days[-1] - LOOK_BACK + SPAN)
    paces = [pace for end in range(first, len(counts)) if (pace := _pace_until(counts, days, end)) is not None]
    return Pace(paces[-1], min(paces), max(paces)) if paces else None


def _pace_until(counts: Sequence[Count], days: Sequence[date], end: int) -> float | None:
    """People a day over the quarter of a year before `counts[end]`."""
    start = bisect_right(days, days[end] - SPAN) - 1
    if start < 0:
        return None
    return (counts[end][1] - counts[start][1]) / (days[end] - days[start]).days


def forecast(latest: Count, target: int, pace: Pace) -> Forecast:
    """When `target` people would be there, starting from the latest count."""
    return Forecast(
        _reach(latest, target, pace.latest),
        _reach(latest, target, pace.quickest),
        _reach(latest, target, pace.slowest),
    )


def _reach(latest: Count, target: int, per_day: float) -> date | None:
    day, people = latest
    missing = target - people
    if missing <= 0:
        return day
    if per_day <= 0 or missing / per_day > _FURTHEST:
        return None
    return day + timedelta(days=math.ceil(missing / per_day))


def needed_per_month(latest: Count, target: int, ends_on: date) -> float | None:
    """People a month that would just reach the target by the end of its period; None once that has passed."""
    days = (ends_on - latest[0]).days
    return max(0, target - latest[1]) / days * DAYS_PER_MONTH if days > 0 else None
