"""Stars for hours: which levels somebody has reached, and how far it is to the next. Pure.

Stars compare nobody with anybody: there is one person's time and the thresholds, no rank and no list of the best.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Level:
    """A star level. `hours` are hours of service in all, not per year."""

    id: str
    stars: int
    name: str
    name_en: str
    hours: int

    @property
    def minutes(self) -> int:
        return self.hours * 60


@dataclass(frozen=True, slots=True)
class Step:
    """The level ahead, and the minutes that are still missing (at least 1)."""

    level: Level
    missing: int


def list_reached(levels: Iterable[Level], minutes: int) -> list[Level]:
    """The levels that `minutes` of service reach, the lowest first. More minutes never reach fewer."""
    return sorted((level for level in levels if minutes >= level.minutes), key=_height)


def find_highest(levels: Iterable[Level], minutes: int) -> Level | None:
    """The highest level reached, or None below the first."""
    reached = list_reached(levels, minutes)
    return reached[-1] if reached else None


def find_next(levels: Iterable[Level], minutes: int) -> Step | None:
    """The nearest level ahead; None when there is none left."""
    ahead = [level for level in levels if minutes < level.minutes]
    if not ahead:
        return None
    level = min(ahead, key=_height)
    return Step(level, level.minutes - minutes)


def _height(level: Level) -> tuple[int, int]:
    return level.hours, level.stars
