"""Who there is: departments, places, teams and volunteers, as plain facts. Pure.

No protected attribute is among them: neither age nor sex, origin or belief. What is not here can't weigh on a match.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from qtxvol.matching.slots import part_of_week

#: From this level on a volunteer may lead a service on the topic.
LEAD_LEVEL = 2


@dataclass(frozen=True, slots=True)
class Point:
    """A spot on the city's map: kilometres east and north of any fixed origin."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Place:
    """A community. `point` is None where nobody has measured it yet; `district` groups places for large plans."""

    id: int
    district: str
    point: Point | None = None


@dataclass(frozen=True, slots=True)
class Department:
    """:ivar claim_minutes: median minutes it takes to claim an order with an empty desk."""

    code: str
    claim_minutes: float


@dataclass(frozen=True, slots=True)
class Remit:
    """Which departments answer for a topic and an audience: one leads, others share the responsibility.

    :ivar is_alone: nobody stands in for them where they have no able team: nobody knows who else is one.
    """

    lead: str
    responsible: tuple[str, ...] = ()
    is_alone: bool = False

    @property
    def departments(self) -> tuple[str, ...]:
        """The lead department first."""
        return (self.lead, *self.responsible)


@dataclass(frozen=True, slots=True)
class Team:
    """:ivar slot_limit: services it can run at the same time. :ivar week_limit: services per week.

    :ivar places: ids of the places that it serves; None: all of them.
    :ivar is_lending: its people may be asked to complete the crews of other teams.
    """

    id: int
    department: str
    topics: frozenset[str]
    slot_limit: int
    week_limit: int
    point: Point | None = None
    places: frozenset[int] | None = None
    is_lending: bool = True


@dataclass(frozen=True, slots=True)
class Volunteer:
    """One person of a team.

    :ivar availability: 21 bits, bit 0 Monday morning, bit 20 Sunday evening; 0 means never.
    :ivar skills: level by topic, 1 helps, 2 may lead, 3 teaches others.
    :ivar reach_km: how far from home the person wants to travel, one way.
    :ivar week_limit: services per week the person wants at most.
    """

    id: int
    team: int
    availability: int
    week_limit: int
    skills: Mapping[str, int] = field(default_factory=dict)
    reach_km: float = 10.0
    point: Point | None = None

    def has_time_in(self, slot: int) -> bool:
        """Whether the person's usual week leaves the slot free."""
        return bool(self.availability >> part_of_week(slot) & 1)

    def may_lead(self, topic: str) -> bool:
        return self.skills.get(topic, 0) >= LEAD_LEVEL
