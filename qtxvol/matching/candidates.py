"""Which teams may serve an order, in which slots, and why the others may not. Pure."""

import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from qtxvol.matching.needs import Need, Urgency
from qtxvol.matching.profiles import Team
from qtxvol.matching.situation import Situation
from qtxvol.matching.slots import part_of_week, week_of

#: A team's share of yes among its members, before anybody has answered.
_USUAL_YES = 0.45
#: Obstacles of a slot in the order in which they are looked for.
_CHECKS = ("too_late", "slot_full", "week_full", "no_lead", "too_few")


@dataclass(frozen=True, slots=True)
class Opening:
    """A slot in which a team can serve.

    :ivar crew_chance: forecast that the crew gets complete, 0.0 to 1.0.
    :ivar free: members who could come. :ivar leads: of these, who may lead.
    """

    slot: int
    crew_chance: float
    free: int
    leads: int


def list_eligible(situation: Situation, need: Need, most: int | None = None) -> list[Team]:
    """Teams that the rules allow: able to lead the topic, of the lead or a responsible department; by id.

    For an emergency every department's teams count; likewise where the departments of the rule have no able team and do
    not answer alone.
    """
    remit, is_open = situation.remit_of(need), situation.settings.is_pool_open
    if need.urgency is not Urgency.EMERGENCY or not is_open:
        allowed = _allowed_departments(situation, need)
        chosen = situation.city.teams_able_to_lead(need.topic, need.place, allowed, most)
        if chosen or not is_open or (remit and remit.is_alone):
            return chosen
    return situation.city.teams_able_to_lead(need.topic, need.place, most=most)


def list_candidates(
    situation: Situation, need: Need, now: float, *, without: Container[int] = (), most: int | None = None
) -> list[tuple[Team, list[Opening]]]:
    """Eligible teams that can be asked now, each with its openings, best first; teams by id.

    :param without: ids of teams that have been asked already.
    :param most: so many teams are looked at, the nearest; None for `most_teams`.
    """
    found = []
    lenders = {slot: list_lending_leads(situation, need, slot, now) for slot in need.slots}
    for team in list_eligible(situation, need, most):
        if team.id in without or why_not_asked(situation, need, team, now):
            continue
        openings = list_openings(situation, need, team, now, lenders)
        if openings:
            found.append((team, openings))
    return found


def list_openings(
    situation: Situation, need: Need, team: Team, now: float, lenders: Mapping[int, Sequence[int]] | None = None
) -> list[Opening]:
    """Slots of the order in which the team can serve; the likelier crew first, of equal ones the earlier slot.

    :param lenders: `list_lending_leads` by slot, where somebody has looked already; they are the same for every team.
    """
    known = lenders or {}
    checked = (check_slot(situation, need, team, slot, now, known.get(slot)) for slot in need.slots)
    found = [opening for opening in checked if isinstance(opening, Opening)]
    found.sort(key=lambda opening: (-round(opening.crew_chance, 2), opening.slot))
    return found


def check_slot(
    situation: Situation, need: Need, team: Team, slot: int, now: float, lenders: Sequence[int] | None = None
) -> Opening | str:
    """Whether the team can serve in this slot: the opening, or why not.

    :param lenders: `list_lending_leads` of the slot, where somebody has looked already.
    :return: a string is `too_late`, `slot_full`, `week_full`, `no_lead` or `too_few`.
    """
    settings, urgency = situation.settings, need.urgency
    if need.start_in(slot) < now + settings.notice[urgency]:
        return "too_late"
    if situation.ledger.held_in_slot(team.id, slot) >= team.slot_limit + settings.extra_in_slot[urgency]:
        return "slot_full"
    if situation.ledger.held_in_week(team.id, week_of(slot)) >= week_room(situation, urgency, team):
        return "week_full"
    free, leads = _count_free(situation, need, team, slot)
    if leads < need.leads:
        return "no_lead"
    if free < need.people and not settings.is_lending_open:
        return "too_few"
    if lenders is None:
        lenders = list_lending_leads(situation, need, slot, now)
    backed = leads + len(lenders) - lenders.count(team.id)
    return Opening(slot, _crew_chance(situation, need, free, backed), free, leads)


def week_room(situation: Situation, urgency: Urgency, team: Team) -> float:
    """Services a week that orders of this urgency may fill; ordinary ones leave a share for the urgent."""
    if urgency is Urgency.EMERGENCY:
        return math.inf
    kept = situation.settings.kept_for_urgent if urgency is Urgency.ORDINARY else 0.0
    return team.week_limit * (1 - kept)


def _count_free(situation: Situation, need: Need, team: Team, slot: int) -> tuple[int, int]:
    """Members who could come, and how many of them may lead: as in the usual week, but for whom a promise or a wish
    not to be asked keeps away. Their own team need have no work that week: they may have been lent."""
    part = part_of_week(slot)
    free, leads = situation.city.usual_people(team.id, part), situation.city.usual_leads(team.id, need.topic, part)
    booked, muted = situation.ledger.list_booked(week_of(slot)), situation.ledger.muted_volunteers
    if booked or muted:
        for person in situation.city.members[team.id]:
            is_kept = person.id in booked or person.id in muted
            if is_kept and person.has_time_in(slot) and not situation.is_free(person, slot, need.urgency):
                free -= 1
                leads -= person.may_lead(need.topic)
    return free, leads


def explain_absence(situation: Situation, need: Need, team: Team, now: float) -> str | None:
    """Why a team is not among the candidates: a code of `words.OBSTACLES`, or None when it is among them."""
    if team not in list_eligible(situation, need):
        return _why_not_eligible(situation, need, team)
    return explain_eligible(situation, need, team, now)


def explain_eligible(situation: Situation, need: Need, team: Team, now: float) -> str | None:
    """The same for a team of `list_eligible`."""
    if obstacle := why_not_asked(situation, need, team, now):
        return obstacle
    if not need.slots:
        return "no_slots"
    checked = [check_slot(situation, need, team, slot, now) for slot in need.slots]
    obstacles = [obstacle for obstacle in checked if isinstance(obstacle, str)]
    # of several slots' obstacles the one that came closest to a yes says most
    return max(obstacles, key=_CHECKS.index) if len(obstacles) == len(checked) else None


def _why_not_eligible(situation: Situation, need: Need, team: Team) -> str:
    if team not in situation.city.teams_able_to_lead(need.topic):
        return "no_skill"
    return "farther" if team.department in _allowed_departments(situation, need) else "other_department"


def _allowed_departments(situation: Situation, need: Need) -> tuple[str, ...]:
    remit = situation.remit_of(need)
    if remit is None:
        return ()
    return remit.departments if situation.settings.is_pool_open else (remit.lead,)


def why_not_asked(situation: Situation, need: Need, team: Team, now: float) -> str | None:
    """Why an eligible team gets no message about the order now, whatever its slots."""
    if team.places is not None and need.place not in team.places and team.id not in need.experts:
        return "out_of_area"
    if need.urgency is Urgency.EMERGENCY:
        return None
    if team.id in situation.ledger.muted_teams:
        return "muted"
    is_enough = situation.ledger.team_asks_in_week(team.id, now) >= situation.settings.team_asks_a_week
    return "asked_enough" if is_enough else None


def list_lending_leads(situation: Situation, need: Need, slot: int, now: float) -> list[int]:
    """Of each person nearby who may lead and be asked to lend a hand, the team.

    `choose_crew` keeps every one of them in reserve, so the forecast counts them too.
    """
    if not situation.settings.is_lending_open:
        return []
    return [
        person.team
        for person in situation.city.leads_nearby(need.place, need.topic)
        if situation.city.is_lending(person) and situation.may_ask(person, slot, need.urgency, now)
    ]


def _crew_chance(situation: Situation, need: Need, free: int, leads: int) -> float:
    """The tighter of two forecasts: enough leads, and enough people.

    :param leads: who may lead, of other teams too.
    """
    enough_leads = chance_of_enough(leads, need.leads, _USUAL_YES)
    enough = chance_of_enough(free, need.people, _USUAL_YES)
    if situation.settings.is_lending_open:
        enough += (1 - enough) * situation.settings.lending_rescue
    return min(enough_leads, enough)


@lru_cache(maxsize=4096)
def chance_of_enough(asked: int, needed: int, chance: float) -> float:
    """Chance that at least `needed` of `asked` people say yes when each does so with `chance`."""
    if asked < needed:
        return 0.0
    return sum(math.comb(asked, k) * chance**k * (1 - chance) ** (asked - k) for k in range(needed, asked + 1))
