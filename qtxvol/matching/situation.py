"""Everything known at the moment somebody asks who should serve an order. Pure.

Here the trade's facts become the numbers that the likelihood model reads.
"""

import math
from dataclasses import dataclass, field

from qtxvol.matching.city import City
from qtxvol.matching.ledger import Ledger
from qtxvol.matching.likelihood import Belief, Clue, Likelihood
from qtxvol.matching.needs import Need, Urgency
from qtxvol.matching.profiles import Remit, Team, Volunteer
from qtxvol.matching.settings import MatchSettings
from qtxvol.matching.slots import week_of

_ASKS_SCALE = 5.0
_NEXT_DOOR_KM = 3.0


def _captains() -> Likelihood:
    """Captains: base, topic among the team's own, 10 km, load, recent messages, urgency.

    Leanings: of the team, of the team for this topic, of the team for this audience.
    """
    start = ((-0.2, 4), (0.3, 20), (-0.5, 20), (-0.5, 20), (-0.35, 40), (0.4, 20))
    return Likelihood([Belief(value, sureness) for value, sureness in start], (2.5, 6.0, 6.0))


def _volunteers() -> Likelihood:
    """Volunteers: base, 10 km beyond next door, load, recent messages, skill, another team's service, urgency.

    Leanings: the person's own.
    """
    start = ((0.2, 4), (-0.5, 20), (-0.5, 20), (-0.35, 40), (0.1, 40), (-0.4, 20), (0.3, 20))
    return Likelihood([Belief(value, sureness) for value, sureness in start], (1.5,))


@dataclass(slots=True)
class Situation:
    """City, ledger, what was learned, and the weights; the one thing that every question of matching takes."""

    city: City
    settings: MatchSettings
    ledger: Ledger = field(default_factory=Ledger)
    captains: Likelihood = field(default_factory=_captains)
    volunteers: Likelihood = field(default_factory=_volunteers)

    def remit_of(self, need: Need) -> Remit | None:
        """Who answers for the order; None when nobody is known to."""
        return need.remit or self.city.remit_of(need.topic, need.audience)

    def team_km(self, team: Team, place: int) -> float:
        """Road kilometres; the settings' guess where the map is silent."""
        km = self.city.team_km(team, place)
        return self.settings.unknown_km if km is None else km

    def volunteer_km(self, person: Volunteer, place: int) -> float:
        km = self.city.volunteer_km(person, place)
        return self.settings.unknown_km if km is None else km

    def team_load(self, team: Team, now: float) -> float:
        """Recent services over the weekly limit; 1.0 is a full week."""
        return self.ledger.team_services(team.id, now) / max(1, team.week_limit)

    def volunteer_load(self, person: Volunteer, now: float) -> float:
        return self.ledger.volunteer_services(person.id, now) / max(1, person.week_limit)

    def is_free(self, person: Volunteer, slot: int, urgency: Urgency) -> bool:
        """Whether the person may be asked for the slot.

        An emergency may go over the weekly limit and reach somebody who wants no ordinary messages; nobody is ever
        twice in one slot.
        """
        if not person.has_time_in(slot) or self.ledger.is_booked(person.id, slot):
            return False
        if urgency is Urgency.EMERGENCY:
            return True
        if person.id in self.ledger.muted_volunteers:
            return False
        return self.ledger.booked_in_week(person.id, week_of(slot)) < person.week_limit

    def may_ask(self, person: Volunteer, slot: int, urgency: Urgency, now: float) -> bool:
        """Whether the person is free, and was not asked often enough this week."""
        if not self.is_free(person, slot, urgency):
            return False
        asked = self.ledger.volunteer_asks_in_week(person.id, now)
        return urgency is Urgency.EMERGENCY or asked < self.settings.volunteer_asks_a_week

    def captain_clue(self, need: Need, team: Team, now: float) -> Clue:
        """What speaks for and against the captain's yes at this moment."""
        return Clue(
            (
                1.0,
                float(need.topic in team.topics),
                self.team_km(team, need.place) / 10,
                self.team_load(team, now),
                math.log1p(self.ledger.team_asks(team.id, now) / _ASKS_SCALE),
                float(need.urgency),
            ),
            (f"team:{team.id}", f"team:{team.id}:topic:{need.topic}", f"team:{team.id}:audience:{need.audience}"),
        )

    def volunteer_clue(self, need: Need, person: Volunteer, team: int, now: float) -> Clue:
        """The same for a person asked to serve with `team`, be it their own or another."""
        return Clue(
            (
                1.0,
                max(0.0, self.volunteer_km(person, need.place) - _NEXT_DOOR_KM) / 10,
                self.volunteer_load(person, now),
                math.log1p(self.ledger.volunteer_asks(person.id, now) / _ASKS_SCALE),
                float(person.skills.get(need.topic, 0)),
                float(person.team != team),
                float(need.urgency),
            ),
            (f"person:{person.id}",),
        )
