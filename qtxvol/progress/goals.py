"""What a target asks for and how it stands: comparators, lights, due dates of reports; pure."""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

#: `gte`: at least (以上、不少于); `reach`: the plan gives the bare number, judged alike; `lte`: at most.
COMPARATORS = ("gte", "reach", "lte")
#: `ratio` a share; `recurring` asked for again and again; `cumulative` adds up over the period; `build` things to be
#: made; `qualitative` without a number.
KINDS = ("ratio", "recurring", "cumulative", "build", "qualitative")
#: `direct` this service holds the data; `order_records` counted from closed orders; `partial` orders give evidence
#: beside the lead unit's figure; `external` the lead unit reports.
MEASURED_BY = ("direct", "order_records", "partial", "external")
#: `volunteers` distinct verified people; `per_school` services per school and semester; `attendance` people reached.
MEASURES = ("volunteers", "per_school", "attendance")
#: Why a day was counted anew: people merged or separated; hours corrected or entered late; an order reopened; a
#: status that was written down late; schools, semesters or the target's own rule edited.
CAUSES = ("merge", "hours", "orders", "status", "facts")

#: Who must report has so long after the day that the figure is of.
GRACE = timedelta(days=31)


class Light(StrEnum):
    """How a target stands."""

    DONE = "done"
    ON_COURSE = "on_course"
    BEHIND = "behind"
    NO_DATA = "no_data"
    #: The period is over and it was not reached.
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Goal:
    """What is asked for.

    :ivar value: None without a number.
    """

    kind: str
    comparator: str
    value: float | None
    starts_on: date
    ends_on: date

    def is_met(self, value: float) -> bool:
        """`value` is enough. Without a number: 1 means that it is done."""
        if self.value is None:
            return value >= 1
        return value <= self.value if self.comparator == "lte" else value >= self.value


def judge(goal: Goal, points: Sequence[tuple[date, float]], today: date) -> Light:
    """The light of a target that has one figure.

    On course means: at or beyond the straight line from the first figure of the period (from nothing, when it is the
    only one and things add up) to the goal on the last day. A target without a number is on course as long as
    somebody reports on it.
    :param points: day and figure, by day; those after the end don't count.
    """
    points = [point for point in points if point[0] <= goal.ends_on]
    if not points:
        return Light.NO_DATA
    latest = points[-1][1]
    if goal.is_met(latest):
        return Light.DONE
    if today > goal.ends_on:
        return Light.ENDED
    if goal.value is None:
        return Light.ON_COURSE
    return Light.ON_COURSE if _is_on_line(goal, goal.value, points) else Light.BEHIND


def _is_on_line(goal: Goal, wanted: float, points: Sequence[tuple[date, float]]) -> bool:
    day, value = points[-1]
    within = [point for point in points if point[0] >= goal.starts_on]
    first_day, first = within[0] if len(within) > 1 else (goal.starts_on, 0.0)
    if goal.comparator == "lte" and len(within) < 2:
        return False  # nothing to fall from: above the limit is above the limit
    whole = (goal.ends_on - first_day).days
    share = min(1.0, max(0.0, (day - first_day).days / whole)) if whole > 0 else 1.0
    expected = first + (wanted - first) * share
    return value <= expected if goal.comparator == "lte" else value >= expected


def judge_share(numerator: int, denominator: int, elapsed: float, *, is_over: bool) -> Light:
    """The light of something that everybody must have done once per term: done when all have, on course while the
    share of those who have is not below the share of the term that has passed.

    :param elapsed: 0.0 to 1.0 of the term. :param is_over: the target's period is over.
    """
    if denominator <= 0:
        return Light.NO_DATA
    if numerator >= denominator:
        return Light.DONE
    if is_over:
        return Light.ENDED
    return Light.ON_COURSE if numerator / denominator >= elapsed else Light.BEHIND


def report_due_on(goal: Goal, last_as_of: date | None, months: int) -> date | None:
    """Until when the next figure is to be reported; None once the last day of the period has one.

    :param last_as_of: the day of the latest confirmed figure. :param months: a figure at least every so many.
    """
    if last_as_of is not None and last_as_of >= goal.ends_on:
        return None
    before = last_as_of if last_as_of is not None else goal.starts_on - timedelta(days=1)
    return min(add_months(before, months), goal.ends_on) + GRACE


def add_months(day: date, months: int) -> date:
    """The same day of a later month, or that month's last."""
    month = day.month - 1 + months
    year, month = day.year + month // 12, month % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))
