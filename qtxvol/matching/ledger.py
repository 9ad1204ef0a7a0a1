"""What people have promised and how often they were asked: the only thing in matching that changes. Pure.

Numbers that fall to nothing are taken out, so that a ledger after a withdrawal equals the ledger before the promise.
"""

import math
from collections.abc import Collection, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TypeVar

from qtxvol.matching.slots import MINUTES_PER_WEEK, week_of

Key = TypeVar("Key")


@dataclass(slots=True)
class Recent:
    """A count that fades: each entry weighs 1 at first and 1/e after a week."""

    weight: float = 0.0
    since: float = 0.0

    def at(self, now: float) -> float:
        """The faded count at `now`; about the number of entries of the last seven days. Before an entry it is whole."""
        return self.weight * math.exp(min(0.0, self.since - now) / MINUTES_PER_WEEK) if self.weight else 0.0

    def add(self, now: float) -> None:
        self.weight = self.at(now) + 1
        self.since = now


_NEVER = Recent()
_NOBODY: Mapping[int, int] = {}


@dataclass(slots=True)
class Ledger:
    """Holds of teams, bookings of volunteers, asks, services done, and who wants no ordinary messages."""

    _team_slots: dict[tuple[int, int], int] = field(default_factory=dict)
    _team_weeks: dict[tuple[int, int], int] = field(default_factory=dict)
    _booked: dict[int, set[int]] = field(default_factory=dict)
    _volunteer_weeks: dict[int, dict[int, int]] = field(default_factory=dict)  # week -> volunteer -> services
    _asked_for: dict[tuple[int, int], int] = field(default_factory=dict)
    _team_asks: dict[int, Recent] = field(default_factory=dict)
    _volunteer_asks: dict[int, Recent] = field(default_factory=dict)
    _team_services: dict[int, Recent] = field(default_factory=dict)
    _volunteer_services: dict[int, Recent] = field(default_factory=dict)
    #: Messages by week; those about emergencies are not counted.
    _team_week_asks: dict[tuple[int, int], int] = field(default_factory=dict)
    _volunteer_week_asks: dict[tuple[int, int], int] = field(default_factory=dict)
    muted_teams: set[int] = field(default_factory=set)
    muted_volunteers: set[int] = field(default_factory=set)

    def copy(self) -> "Ledger":
        """A ledger of its own to try things out in."""
        return deepcopy(self)

    def held_in_slot(self, team: int, slot: int) -> int:
        """Services the team has promised in the slot."""
        return self._team_slots.get((team, slot), 0)

    def held_in_week(self, team: int, week: int) -> int:
        return self._team_weeks.get((team, week), 0)

    def is_booked(self, volunteer: int, slot: int) -> bool:
        return slot in self._booked.get(volunteer, ())

    def booked_in_week(self, volunteer: int, week: int) -> int:
        return self._volunteer_weeks.get(week, _NOBODY).get(volunteer, 0)

    def list_booked(self, week: int) -> Collection[int]:
        """Volunteers who have promised anything in the week."""
        return self._volunteer_weeks.get(week, _NOBODY).keys()

    def is_asked_for(self, volunteer: int, slot: int) -> bool:
        """Whether the person still owes an answer about this slot."""
        return (volunteer, slot) in self._asked_for

    def team_asks(self, team: int, now: float) -> float:
        """How often the team was asked lately."""
        return self._team_asks.get(team, _NEVER).at(now)

    def volunteer_asks(self, volunteer: int, now: float) -> float:
        return self._volunteer_asks.get(volunteer, _NEVER).at(now)

    def team_services(self, team: int, now: float) -> float:
        """How many services the team has taken on lately."""
        return self._team_services.get(team, _NEVER).at(now)

    def volunteer_services(self, volunteer: int, now: float) -> float:
        return self._volunteer_services.get(volunteer, _NEVER).at(now)

    def team_asks_in_week(self, team: int, now: float) -> int:
        """Messages of this week, emergencies left out."""
        return self._team_week_asks.get((team, _week_at(now)), 0)

    def volunteer_asks_in_week(self, volunteer: int, now: float) -> int:
        return self._volunteer_week_asks.get((volunteer, _week_at(now)), 0)

    def note_team_asked(self, team: int, now: float, *, is_emergency: bool = False) -> None:
        self._team_asks.setdefault(team, Recent()).add(now)
        if not is_emergency:
            _change(self._team_week_asks, (team, _week_at(now)), 1)

    def note_volunteer_asked(self, volunteer: int, slot: int, now: float, *, is_emergency: bool = False) -> None:
        self._volunteer_asks.setdefault(volunteer, Recent()).add(now)
        if not is_emergency:
            _change(self._volunteer_week_asks, (volunteer, _week_at(now)), 1)
        _change(self._asked_for, (volunteer, slot), 1)

    def note_volunteer_answered(self, volunteer: int, slot: int) -> None:
        _change(self._asked_for, (volunteer, slot), -1)

    def hold(self, team: int, slot: int) -> None:
        """The team promises one service in the slot."""
        _change(self._team_slots, (team, slot), 1)
        _change(self._team_weeks, (team, week_of(slot)), 1)

    def book(self, volunteer: int, slot: int) -> None:
        """The person promises to come.

        :raise ValueError: the person has promised this slot already.
        """
        slots = self._booked.setdefault(volunteer, set())
        if slot in slots:
            raise ValueError(f"volunteer {volunteer} is booked in slot {slot} already")
        slots.add(slot)
        _change(self._volunteer_weeks.setdefault(week_of(slot), {}), volunteer, 1)

    def release(self, team: int, slot: int, volunteers: Iterable[int]) -> None:
        """Take back one hold of the team and the bookings made under it."""
        _change(self._team_slots, (team, slot), -1)
        _change(self._team_weeks, (team, week_of(slot)), -1)
        for volunteer in volunteers:
            self._unbook(volunteer, slot)

    def note_agreed(self, team: int, volunteers: Iterable[int], now: float) -> None:
        """A crew is complete: the service counts as load of the team and of each person."""
        self._team_services.setdefault(team, Recent()).add(now)
        for volunteer in volunteers:
            self._volunteer_services.setdefault(volunteer, Recent()).add(now)

    def _unbook(self, volunteer: int, slot: int) -> None:
        slots = self._booked.get(volunteer, set())
        if slot not in slots:
            return
        slots.discard(slot)
        if not slots:
            del self._booked[volunteer]
        week = week_of(slot)
        _change(self._volunteer_weeks[week], volunteer, -1)
        if not self._volunteer_weeks[week]:
            del self._volunteer_weeks[week]


def _week_at(now: float) -> int:
    return int(now // MINUTES_PER_WEEK)


def _change(counts: dict[Key, int], key: Key, by: int) -> None:
    """Add to a count; a count of nothing, or below, is no entry."""
    left = counts.get(key, 0) + by
    if left > 0:
        counts[key] = left
    else:
        counts.pop(key, None)
