"""Whom to ask next while a crew is found: just enough people, replaced as they decline. Pure.

The core chooses the list and its order (`matching.crew`); here is what becomes of it, answer by answer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

#: Taken for somebody of whom nothing is known.
USUAL_CHANCE = 0.5


class Where(StrEnum):
    """Where somebody on the list stands."""

    RESERVE = "reserve"
    WAITING = "waiting"
    YES = "yes"
    #: Said no, was silent, or can't come any more.
    OUT = "out"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody on the list, in its order. :ivar chance: of a yes, 0.0 to 1.0."""

    id: int
    may_lead: bool
    chance: float
    where: Where


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many must say yes, and how many of them must be able to lead."""

    leads: int
    people: int

    @property
    def helpers(self) -> int:
        """More than that of those who can't lead are of no use."""
        return self.people - self.leads

    def without(self, people: Iterable[Person]) -> "Wanted":
        """What is missing once these have said yes."""
        found = list(people)
        leads = sum(person.may_lead for person in found)
        missing = max(0, self.leads - leads)
        return Wanted(missing, max(missing, self.people - leads - min(len(found) - leads, self.helpers)))

    def is_met_by(self, people: Iterable[Person]) -> bool:
        """Are these enough, and able to lead?"""
        found = list(people)
        leads = sum(person.may_lead for person in found)
        return leads >= self.leads and leads + min(len(found) - leads, self.helpers) >= self.people


def those(people: Iterable[Person], *where: Where) -> list[Person]:
    return [person for person in people if person.where in where]


def is_needed(person: Person, people: Iterable[Person], wanted: Wanted) -> bool:
    """Would this person's yes still help? Whoever can't lead is of no use once all helpers are found."""
    said_yes = [each for each in those(people, Where.YES) if each.id != person.id]
    if wanted.is_met_by(said_yes):
        return False
    return person.may_lead or sum(not each.may_lead for each in said_yes) < wanted.helpers


def can_be_met(people: Sequence[Person], wanted: Wanted) -> bool:
    """Could there be enough, if everybody said yes who has not said no?"""
    return wanted.is_met_by(those(people, Where.RESERVE, Where.WAITING, Where.YES))


def choose_next(people: Sequence[Person], wanted: Wanted, target: float, *, at_least: int = 0) -> list[Person]:
    """Who of the reserve to ask now, in the order of the list.

    :param target: chance of enough leads, and of enough people, at which nobody else is asked.
    :param at_least: so many have just fallen out, and are replaced in any case.
    """
    active, reserve = those(people, Where.WAITING, Where.YES), those(people, Where.RESERVE)
    chosen: list[Person] = []
    while reserve:
        leads, everybody = _chances(active, wanted)
        if leads >= target and everybody >= target and len(chosen) >= at_least:
            break
        person = _next_of(reserve, active, wanted, lacks_leads=leads < target)
        if person is None:
            break
        reserve.remove(person)
        active.append(person)
        chosen.append(person)
    return chosen


def is_enough(people: Sequence[Person], wanted: Wanted, target: float) -> bool:
    """Do those who have been asked probably suffice?"""
    return min(_chances(those(people, Where.WAITING, Where.YES), wanted)) >= target


def _chances(active: Sequence[Person], wanted: Wanted) -> tuple[float, float]:
    """Of enough leads, and of enough people."""
    leads = _chance_of([person for person in active if person.may_lead], wanted.leads)
    return leads, _chance_of(active, wanted.people)


def _next_of(
    reserve: Sequence[Person], active: Sequence[Person], wanted: Wanted, *, lacks_leads: bool
) -> Person | None:
    able = next((person for person in reserve if person.may_lead), None)
    if lacks_leads and able is not None:
        return able
    helpers = sum(person.where is Where.YES and not person.may_lead for person in active)
    return able if helpers >= wanted.helpers else reserve[0]


def _chance_of(people: Sequence[Person], needed: int) -> float:
    """That at least `needed` of these say yes; whoever has is certain."""
    chances = [1.0] + [0.0] * needed  # chances[k]: exactly k have said yes; the last one: that many or more
    for person in people:
        yes = 1.0 if person.where is Where.YES else person.chance
        after = [chance * (1 - yes) for chance in chances]
        after[needed] = chances[needed]
        for k in range(needed):
            after[k + 1] += chances[k] * yes
        chances = after
    return chances[needed]
