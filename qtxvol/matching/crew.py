"""Which people to ask for a service: just enough of them by name, and who stands by. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from qtxvol.matching.needs import Need
from qtxvol.matching.profiles import Team, Volunteer
from qtxvol.matching.situation import Situation


@dataclass(frozen=True, slots=True)
class Crew:
    """People to ask for one service.

    :ivar leads: who is asked to lead, best first. :ivar helpers: who is asked to help, best first.
    :ivar reserve: who is asked next when one declines, in this order.
    :ivar chance: that enough of those asked say yes.
    """

    leads: tuple[int, ...]
    helpers: tuple[int, ...]
    reserve: tuple[int, ...]
    chance: float

    @property
    def ask(self) -> tuple[int, ...]:
        """Everybody to ask now."""
        return self.leads + self.helpers

    def first_choice(self, need: Need) -> tuple[int, ...]:
        """Just as many as the order takes: those a plan counts on."""
        helpers = (*self.helpers, *self.leads[need.leads :], *self.reserve)
        return self.leads[: need.leads] + helpers[: need.helpers]


@dataclass(frozen=True, slots=True)
class _Person:
    id: int
    chance: float
    preference: float
    may_lead: bool


def choose_crew(
    situation: Situation, need: Need, team: Team, slot: int, now: float, *, with_reserve: bool = True
) -> Crew | None:
    """People for one service of `team` in `slot`; members first, then those who lend a hand.

    :param with_reserve: whether to look for a reserve in other teams even when the team's own people are enough.
    :return: None when the team has too few leads, or too few people and lending is closed.
    """
    own = [
        _weigh(situation, need, person, team, slot, now)
        for person in situation.city.members[team.id]
        if situation.may_ask(person, slot, need.urgency, now)
    ]
    own.sort(key=lambda person: (-person.preference, person.id))
    if sum(person.may_lead for person in own) < need.leads:
        return None
    is_lent = situation.settings.is_lending_open and (with_reserve or len(own) < need.people)
    lent = _list_lent(situation, need, team, slot, now) if is_lent else []
    if len(own) + len(lent) < need.people:
        return None
    return _share_out(situation, need, own, lent)


def _list_lent(situation: Situation, need: Need, team: Team, slot: int, now: float) -> list[_Person]:
    people = [
        _weigh(situation, need, person, team, slot, now)
        for person in situation.city.nearby(need.place)
        if person.team != team.id
        and situation.city.is_lending(person)
        and situation.may_ask(person, slot, need.urgency, now)
    ]
    people.sort(key=lambda person: (-person.preference, person.id))
    most = situation.settings.lent_reserve
    return people[:most] + [person for person in people[most:] if person.may_lead]


def _share_out(situation: Situation, need: Need, own: list[_Person], lent: list[_Person]) -> Crew:
    target = situation.settings.crew_target[need.urgency]
    able = [person for person in (*own, *lent) if person.may_lead]
    leads, lead_chance = _just_enough(able, need.leads, target)
    taken = {person.id for person in leads}
    others = [person for person in (*own, *lent) if person.id not in taken]
    helpers, helper_chance = _just_enough(others, need.helpers, target)
    taken |= {person.id for person in helpers}
    # a single person leads: whoever may not is no help
    reserve = [person.id for person in (*own, *lent) if person.id not in taken and (need.helpers or person.may_lead)]
    return Crew(_ids(leads), _ids(helpers), tuple(reserve), lead_chance * helper_chance)


def _ids(people: Sequence[_Person]) -> tuple[int, ...]:
    return tuple(person.id for person in people)


def _just_enough(people: Sequence[_Person], needed: int, target: float) -> tuple[list[_Person], float]:
    """The shortest head of `people` of whom at least `needed` say yes with the target chance, and that chance."""
    chances = [1.0] + [0.0] * needed  # chances[k]: exactly k have said yes; the last one: that many or more
    chosen: list[_Person] = []
    for person in people:
        if chances[needed] >= target:
            break
        chosen.append(person)
        chances = _with_one_more(chances, person.chance)
    return chosen, chances[needed]


def _with_one_more(chances: list[float], yes: float) -> list[float]:
    last = len(chances) - 1
    after = [chance * (1 - yes) for chance in chances]
    after[last] = chances[last]
    for k in range(last):
        after[k + 1] += chances[k] * yes
    return after


def _weigh(situation: Situation, need: Need, person: Volunteer, team: Team, slot: int, now: float) -> _Person:
    settings = situation.settings
    chance = situation.volunteers.chance(situation.volunteer_clue(need, person, team.id, now))
    km = situation.volunteer_km(person, need.place)
    preference = (
        chance
        - settings.crew_km * km
        - settings.crew_beyond_km * max(0.0, km - person.reach_km)
        - settings.crew_load * situation.volunteer_load(person, now)
        - settings.crew_asks * math.log1p(situation.ledger.volunteer_asks(person.id, now))
        - settings.crew_lent * (person.team != team.id)
        - settings.crew_owed * situation.ledger.is_asked_for(person.id, slot)
    )
    return _Person(person.id, chance, preference, person.may_lead(need.topic))
