"""What a plan says, line by line, and whether a line still holds when somebody confirms it. Pure."""

from dataclasses import dataclass

from qtxvol.matching.candidates import check_slot, why_not_asked
from qtxvol.matching.crew import Crew
from qtxvol.matching.needs import Need
from qtxvol.matching.score import Reason
from qtxvol.matching.situation import Situation


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A proposal for one order.

    :ivar crew: people to ask once the captain agrees. :ivar chance: that the captain agrees and the crew gets complete.
    :ivar reasons: terms of the score of this team in this slot.
    """

    need: int
    team: int
    slot: int
    crew: Crew
    chance: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is proposed, and what stays unserved with why.

    :ivar unserved: by order id a code of `words.UNSERVED`.
    :ivar value: points of the proposal, costs of workload taken off.
    :ivar bound: points if every crew were possible. Up to `plan_whole` orders of an urgency no plan is worth more.
    """

    lines: tuple[PlanLine, ...]
    unserved: dict[int, str]
    value: int
    bound: int


def find_stale(situation: Situation, need: Need, line: PlanLine, now: float) -> str | None:
    """Why a line can't be confirmed any more: a code of `words.STALE` or `words.OBSTACLES`; None when it can."""
    team = situation.city.teams.get(line.team)
    if team is None:
        return "team_gone"
    if line.slot not in need.slots:
        return "time_gone"
    if obstacle := why_not_asked(situation, need, team, now):
        return obstacle
    checked = check_slot(situation, need, team, line.slot, now)
    if isinstance(checked, str):
        return checked
    people = [situation.city.volunteers.get(person) for person in line.crew.first_choice(need)]
    is_whole = all(person and situation.is_free(person, line.slot, need.urgency) for person in people)
    return None if is_whole else "crew_gone"
