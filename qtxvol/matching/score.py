"""How good a team is for an order: a sum of terms, each of which is a reason in words. Pure."""

import math
from collections.abc import Container
from dataclasses import dataclass

from qtxvol.matching.candidates import Opening, list_candidates
from qtxvol.matching.needs import Need
from qtxvol.matching.profiles import Team
from qtxvol.matching.situation import Situation
from qtxvol.matching.slots import week_of


@dataclass(frozen=True, slots=True)
class Reason:
    """One term of a score.

    :ivar code: a key of `words.REASONS`.
    :ivar points: what it adds to the score; below nought speaks against.
    :ivar facts: what the sentence says.
    """

    code: str
    points: float
    facts: dict[str, float]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A team for an order.

    :ivar captain: chance that the captain says yes.
    :ivar worth: points of the order, were it certain to be served.
    :ivar openings: slots it can serve in, the best first.
    """

    team: int
    captain: float
    worth: float
    openings: tuple[Opening, ...]
    reasons: tuple[Reason, ...]

    @property
    def chance(self) -> float:
        """That the captain says yes and the crew gets complete."""
        return self.captain * self.openings[0].crew_chance

    @property
    def score(self) -> float:
        """In points; the sum of the reasons, and nothing else."""
        return math.fsum(reason.points for reason in self.reasons)

    @property
    def asks(self) -> float:
        """How often the captain was asked lately, as the reasons say."""
        return next((reason.facts["times"] for reason in self.reasons if reason.code == "asks"), 0.0)

    def score_in(self, opening: Opening) -> float:
        """The score if the service takes place in another of the openings: only the crew's chance differs."""
        return self.score - self.worth * self.captain * (self.openings[0].crew_chance - opening.crew_chance)


def rank(
    situation: Situation, need: Need, now: float, *, without: Container[int] = (), most: int | None = None
) -> list[Suggestion]:
    """Teams that can serve the order, best first; ties by id.

    :param without: ids of teams that have been asked already.
    :param most: so many teams are looked at, the nearest; None for `most_teams`.
    :return: empty when no team can.
    """
    candidates = list_candidates(situation, need, now, without=without, most=most)
    suggestions = [assess(situation, need, team, openings, now) for team, openings in candidates]
    return sorted(suggestions, key=lambda suggestion: (-suggestion.score, suggestion.team))


def assess(situation: Situation, need: Need, team: Team, openings: list[Opening], now: float) -> Suggestion:
    """Weigh one team.

    :param openings: not empty, best first.
    """
    captain = situation.captains.chance(situation.captain_clue(need, team, now))
    worth = situation.settings.worth[need.urgency]
    reasons = (
        _captain(worth, captain),
        _crew(worth, need, captain, openings[0]),
        _distance(situation, need, team),
        _load(situation, team, openings[0], now),
        _asks(situation, team, now),
        _department(situation, need, team),
        *([Reason("expert", situation.settings.expert_points, {})] if team.id in need.experts else []),
    )
    return Suggestion(team.id, captain, worth, tuple(openings), reasons)


def _captain(worth: float, captain: float) -> Reason:
    return Reason("captain", worth * captain, {"percent": 100 * captain})


def _crew(worth: float, need: Need, captain: float, opening: Opening) -> Reason:
    """What the captain's yes loses because the crew may stay short."""
    lost = worth * captain * (1 - opening.crew_chance)
    facts = {
        "free": opening.free,
        "people": need.people,
        "times": opening.free / need.people,
        "percent": 100 * opening.crew_chance,
    }
    if need.is_for_anybody:
        return Reason("crew_of_anybody", -lost, facts)
    return Reason("crew", -lost, facts | {"leads": opening.leads})


def _distance(situation: Situation, need: Need, team: Team) -> Reason:
    km = situation.team_km(team, need.place)
    is_known = situation.city.team_km(team, need.place) is not None
    points = -situation.settings.km_points * km * math.sqrt(need.people)
    return Reason("distance" if is_known else "distance_unknown", points, {"km": km})


def _load(situation: Situation, team: Team, opening: Opening, now: float) -> Reason:
    """What the team has done of late counts; what it has promised for the week of the service is told beside it."""
    load = situation.team_load(team, now)
    held = situation.ledger.held_in_week(team.id, week_of(opening.slot))
    facts = {"percent": 100 * load, "held": held, "limit": team.week_limit}
    return Reason("load", -situation.settings.load_points * load * load, facts)


def _asks(situation: Situation, team: Team, now: float) -> Reason:
    asks = situation.ledger.team_asks(team.id, now)
    points = -situation.settings.asks_points * math.log1p(asks / situation.settings.asks_scale)
    return Reason("asks", points, {"times": asks})


def _department(situation: Situation, need: Need, team: Team) -> Reason:
    remit = situation.remit_of(need)
    if remit and team.department == remit.lead:
        return Reason("lead_department", 0.0, {})
    is_responsible = remit is not None and team.department in remit.responsible
    code = "responsible_department" if is_responsible else "any_department"
    return Reason(code, -situation.settings.other_department_points, {})
