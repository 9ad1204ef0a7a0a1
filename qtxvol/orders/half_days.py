"""Half-days as residents name them, and the quick choices of the order form: "workday mornings all suit me". Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from qtxvol.orders.windows import MOST_WINDOWS

#: Half-days that an older person can name without looking at a clock: from, until.
HALF_DAYS: Mapping[str, tuple[str, str]] = {
    "morning": ("09:00", "11:30"),
    "afternoon": ("14:30", "17:30"),
    "evening": ("19:00", "21:00"),
}
_ORDER = tuple(HALF_DAYS)

#: So many half-days find a team without much ado; with fewer the form says a friendly word.
ENOUGH_TIMES = 4
#: The day after tomorrow: before that, community, department and team have hardly said a word to each other.
_FROM_DAYS_AHEAD = 2
#: Nobody remembers what they agreed to further ahead.
_LOOK_DAYS_AHEAD = 28


@dataclass(frozen=True, slots=True)
class _Kind:
    """Which days, which half-days of them, and how many at most."""

    days: str
    half_days: tuple[str, ...]
    most: int = 6


#: One tap each, in the order in which they stand on the form.
QUICK_CHOICES: Mapping[str, _Kind] = {
    "work_morning": _Kind("work", ("morning",)),
    "work_afternoon": _Kind("work", ("afternoon",)),
    "evening": _Kind("all", ("evening",)),
    "weekend": _Kind("weekend", ("morning", "afternoon")),
    "any": _Kind("all", ("morning", "afternoon"), MOST_WINDOWS),
}


def expand(choice: str, today: date, is_work: Callable[[date], bool]) -> list[tuple[date, str]]:
    """The nearest coming half-days of that kind, earliest first.

    :param today: in the city. :param is_work: says of a day whether the offices are open, make-up workdays and days
        off counted in; a weekend that is made up for is no weekend.
    :return: empty for a choice that there is not.
    """
    kind = QUICK_CHOICES.get(choice)
    if kind is None:
        return []
    found: list[tuple[date, str]] = []
    for ahead in range(_FROM_DAYS_AHEAD, _LOOK_DAYS_AHEAD + 1):
        day = today + timedelta(days=ahead)
        if _is_of(kind.days, day, is_work):
            found.extend((day, half) for half in kind.half_days)
        if len(found) >= kind.most:
            break
    return found[: kind.most]


def expand_all(choices: Iterable[str], today: date, is_work: Callable[[date], bool]) -> list[tuple[date, str]]:
    """The half-days of several choices together, each once, earliest first."""
    found = {half for choice in choices for half in expand(choice, today, is_work)}
    return sorted(found, key=lambda half: (half[0], _ORDER.index(half[1])))


def _is_of(days: str, day: date, is_work: Callable[[date], bool]) -> bool:
    match days:
        case "work":
            return is_work(day)
        case "weekend":
            return day.weekday() >= 5 and not is_work(day)
    return True
