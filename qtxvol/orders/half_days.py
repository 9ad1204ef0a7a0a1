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

#: So many half-days find a team without much ado; with fewer the form says a friendly word.
ENOUGH_TIMES = 4
#: The day after tomorrow: before that, community, department and team have hardly said a word to each other.
_FROM_DAYS_AHEAD = 2
#: Nobody remembers what they agreed to further ahead.
_LOOK_DAYS_AHEAD = 28


@dataclass(frozen=True, slots=True)
class _Kind:
    """Which days, which half-days of them, and how many at most.

    :ivar alternates: one half-day a day, in turn, so that they reach further; otherwise all of them each day.
    """

    days: str
    half_days: tuple[str, ...]
    most: int = 6
    alternates: bool = False


#: The choice that stands for all the others.
ANY = "any"

#: One tap each, in the order in which they stand on the form.
QUICK_CHOICES: Mapping[str, _Kind] = {
    "work_morning": _Kind("work", ("morning",)),
    "work_afternoon": _Kind("work", ("afternoon",)),
    "evening": _Kind("all", ("evening",)),
    "weekend": _Kind("weekend", ("morning", "afternoon")),
    ANY: _Kind("all", ("morning", "afternoon"), 2 * MOST_WINDOWS, alternates=True),
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
    days = (today + timedelta(days=ahead) for ahead in range(_FROM_DAYS_AHEAD, _LOOK_DAYS_AHEAD + 1))
    found: list[tuple[date, str]] = []
    for number, day in enumerate(day for day in days if _is_of(kind.days, day, is_work)):
        turn = number % len(kind.half_days)
        found.extend((day, half) for half in (kind.half_days[turn : turn + 1] if kind.alternates else kind.half_days))
    return found[: kind.most]


def expand_all(choices: Iterable[str], today: date, is_work: Callable[[date], bool]) -> list[tuple[date, str]]:
    """The half-days of several choices together, each once, the choices taking turns: wherever the list is cut off,
    each of them has its share, on as many days as there are.

    With "any day" the others say nothing more.
    """
    chosen = list(dict.fromkeys(choices))
    left = [expand(choice, today, is_work) for choice in ([ANY] if ANY in chosen else chosen)]
    found: list[tuple[date, str]] = []
    while any(left):
        for half_days in filter(None, left):
            taken = {day for day, _half in found}
            pick = next((each for each in half_days if each[0] not in taken), half_days[0])
            half_days.remove(pick)
            if pick not in found:
                found.append(pick)
    return found


def _is_of(days: str, day: date, is_work: Callable[[date], bool]) -> bool:
    match days:
        case "work":
            return is_work(day)
        case "weekend":
            return day.weekday() >= 5 and not is_work(day)
    return True
