"""One part of a plan: the orders of one urgency, allotted together, then crewed. Pure.

An option whose crew can't be found is struck out, and the part is allotted again, a few times at most.
"""

import math
from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from qtxvol.matching.allotment import Allotment, Option, worth_of
from qtxvol.matching.candidates import Opening, check_slot, explain_eligible, list_eligible, week_room
from qtxvol.matching.crew import choose_crew
from qtxvol.matching.districts import allot_in_pieces
from qtxvol.matching.needs import Need
from qtxvol.matching.plan_progress import Meter
from qtxvol.matching.proposal import Plan, PlanLine
from qtxvol.matching.score import Suggestion, assess, rank
from qtxvol.matching.situation import Situation
from qtxvol.matching.slots import week_of

Costs = dict[tuple[int, int], list[int]]


@dataclass(frozen=True, slots=True)
class _Draft:
    """An allotment with its lines. :ivar impossible: options whose crew could not be found."""

    allotment: Allotment
    lines: tuple[PlanLine, ...]
    impossible: frozenset[Option]


def plan_part(
    trial: Situation, needs: Sequence[Need], now: float, meter: Meter, without: Mapping[int, Container[int]]
) -> Plan:
    """Plan orders of one urgency.

    :param trial: the proposal's holds and bookings are noted in its ledger, so that the next part sees them.
    :param without: by order, the teams that have said no to it.
    """
    pieces = _pieces(trial, needs)
    most = None if len(pieces) == 1 else trial.settings.plan_look
    rankings = []
    for need in needs:
        rankings.append(rank(trial, need, now, without=without.get(need.id, ()), most=most))
        meter.ranked()
    hopeless = {
        need.id: why_nobody(trial, need, now, without.get(need.id, ()))
        for need, ranking in zip(needs, rankings, strict=True)
        if not ranking
    }
    options = _list_options(trial, needs, rankings, most=None if len(pieces) == 1 else trial.settings.plan_teams)
    room, costs = _slot_room(trial, needs, options), _week_costs(trial, needs, options)

    def draft_without(struck: set[Option], earlier: Sequence[Option | None]) -> _Draft:
        left = [option for option in options if option not in struck]
        allotment = allot_in_pieces(pieces, left, room, costs, trial.settings.plan_sweeps, earlier, meter.tell)
        return _crew_up(trial, needs, allotment, now, meter)

    struck: set[Option] = set()
    first = draft = draft_without(struck, ())
    for _round in range(trial.settings.plan_rounds - 1):
        if not draft.impossible:
            break
        struck |= draft.impossible
        _take_back(trial, needs, draft.lines)
        draft = draft_without(struck, draft.allotment.chosen)
    kept = [None if option in draft.impossible else option for option in draft.allotment.chosen]
    unserved = _explain(needs, kept, hopeless, {option.index for option in struck | draft.impossible})
    value = worth_of(kept, costs)
    return Plan(draft.lines, unserved, value, max(value, first.allotment.value))


def _pieces(trial: Situation, needs: Sequence[Need]) -> list[list[int]]:
    """Places of the orders that are allotted together: all of them, or by district when there are many."""
    most = trial.settings.plan_piece
    if len(needs) <= trial.settings.plan_whole:
        return [list(range(len(needs)))]
    groups: dict[str, list[int]] = defaultdict(list)
    for index, need in enumerate(needs):
        place = trial.city.places.get(need.place)
        groups[place.district if place else ""].append(index)
    in_order = [groups[name] for name in sorted(groups)]
    return [group[start : start + most] for group in in_order for start in range(0, len(group), most)]


def _list_options(
    trial: Situation, needs: Sequence[Need], rankings: Sequence[Sequence[Suggestion]], most: int | None
) -> list[Option]:
    """What may be chosen: per order its best teams (all of them if `most` is None), each in a few slots."""
    options = []
    for index, need in enumerate(needs):
        served = trial.settings.worth[need.urgency] * trial.settings.served_share
        for suggestion in rankings[index][:most]:
            for opening in suggestion.openings[: trial.settings.plan_slots]:
                gain = round(served + suggestion.score_in(opening))
                if gain >= 0:
                    options.append(Option(index, suggestion.team, opening.slot, gain))
    return options


def _slot_room(trial: Situation, needs: Sequence[Need], options: Sequence[Option]) -> dict[tuple[int, int], int]:
    room = {}
    for option in options:
        limit = trial.city.teams[option.team].slot_limit + trial.settings.extra_in_slot[needs[option.index].urgency]
        room[option.team, option.slot] = limit - trial.ledger.held_in_slot(option.team, option.slot)
    return room


def _week_costs(trial: Situation, needs: Sequence[Need], options: Sequence[Option]) -> Costs:
    """What each further service of a team's week costs: the square of its load, service by service."""
    costs: Costs = {}
    for option in options:
        week = (option.team, week_of(option.slot))
        if week not in costs:
            team = trial.city.teams[option.team]
            held = trial.ledger.held_in_week(*week)
            room = min(week_room(trial, needs[option.index].urgency, team) - held, len(needs))
            points = trial.settings.load_points / max(1, team.week_limit)
            costs[week] = [round(points * (2 * (held + more) + 1)) for more in range(math.ceil(room))]
    return costs


def _crew_up(trial: Situation, needs: Sequence[Need], allotment: Allotment, now: float, meter: Meter) -> _Draft:
    """Crews in the order in which the orders were placed; each crew's people are taken for the next."""
    lines, impossible = [], []
    for option in allotment.chosen:
        meter.crewed()
        if option is not None:
            line = _crew_one(trial, needs[option.index], option, now)
            if line is None:
                impossible.append(option)
            else:
                lines.append(line)
    return _Draft(allotment, tuple(lines), frozenset(impossible))


def _crew_one(trial: Situation, need: Need, option: Option, now: float) -> PlanLine | None:
    """The line of an option, its people taken; None when earlier lines have taken them."""
    team = trial.city.teams[option.team]
    opening = check_slot(trial, need, team, option.slot, now)
    crew = choose_crew(trial, need, team, option.slot, now, with_reserve=False)
    if crew is None or not isinstance(opening, Opening):
        return None
    suggestion = assess(trial, need, team, [opening], now)
    trial.ledger.hold(team.id, option.slot)
    for person in crew.first_choice(need):
        trial.ledger.book(person, option.slot)
    return PlanLine(need.id, team.id, option.slot, crew, suggestion.chance, suggestion.reasons)


def _take_back(trial: Situation, needs: Sequence[Need], lines: Sequence[PlanLine]) -> None:
    by_id = {need.id: need for need in needs}
    for line in lines:
        trial.ledger.release(line.team, line.slot, line.crew.first_choice(by_id[line.need]))


def _explain(
    needs: Sequence[Need],
    kept: Sequence[Option | None],
    hopeless: Mapping[int, str],
    crewless: set[int],
) -> dict[int, str]:
    """Why each order that is not kept stays unserved."""
    why = {}
    for index, need in enumerate(needs):
        if kept[index] is None:
            why[need.id] = "no_crew" if index in crewless else hopeless.get(need.id, "no_room")
    return why


def why_nobody(trial: Situation, need: Need, now: float, without: Container[int]) -> str:
    """Why no team could even be ranked for an order."""
    if all(need.start_in(slot) < now + trial.settings.notice[need.urgency] for slot in need.slots):
        return "no_time"
    teams = [team for team in list_eligible(trial, need) if explain_eligible(trial, need, team, now) != "out_of_area"]
    if not teams:
        return "no_team"
    left = [team for team in teams if team.id not in without]
    if not left:
        return "all_declined"
    quiet = {explain_eligible(trial, need, team, now) for team in left} <= {"muted", "asked_enough"}
    return "all_quiet" if quiet else "no_hands"
