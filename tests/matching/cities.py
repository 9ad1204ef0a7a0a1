"""Invented cities of any size for the tests of matching: equal arguments give equal cities."""

from dataclasses import replace
from random import Random

from qtxvol.matching.city import City
from qtxvol.matching.needs import Need, Urgency
from qtxvol.matching.profiles import Department, Place, Point, Remit, Team, Volunteer
from qtxvol.matching.settings import MatchSettings
from qtxvol.matching.situation import Situation
from qtxvol.matching.slots import MINUTES_PER_DAY

TOPICS = ("first_aid", "farming", "food", "fraud", "science")
AUDIENCES = ("children", "elderly", "farmers")
DEPARTMENTS = ("health", "farm", "market", "police", "school")
SETTINGS = MatchSettings()
#: Monday 08:00 of the first week.
NOW = 480
ALWAYS = (1 << 21) - 1


def make_remits() -> dict[tuple[str, str], Remit]:
    """Each topic is led by its own department; the next one shares the responsibility."""
    count = len(DEPARTMENTS)
    return {
        (topic, audience): Remit(DEPARTMENTS[k], (DEPARTMENTS[(k + 1) % count],))
        for k, topic in enumerate(TOPICS)
        for audience in AUDIENCES
    }


def make_team(number: int, draw: Random, side: float) -> Team:
    k = draw.randrange(len(DEPARTMENTS))
    topics = frozenset({TOPICS[k], draw.choice(TOPICS)})
    return Team(number, DEPARTMENTS[k], topics, draw.randint(1, 2), draw.randint(2, 6), make_point(draw, side))


def make_volunteer(number: int, team: Team, draw: Random, side: float) -> Volunteer:
    return Volunteer(
        id=number,
        team=team.id,
        availability=draw.getrandbits(21),
        week_limit=draw.randint(1, 3),
        skills={topic: draw.randint(1, 3) for topic in sorted(team.topics) if draw.random() < 0.8},
        reach_km=draw.choice((8, 15, 30)),
        point=team.point if draw.random() < 0.8 else make_point(draw, side),
    )


def make_point(draw: Random, side: float) -> Point | None:
    """A spot in a square of `side` kilometres; one in ten has not been measured."""
    return None if draw.random() < 0.1 else Point(round(draw.uniform(0, side), 2), round(draw.uniform(0, side), 2))


def make_situation(seed: int, teams: int = 6, people: int = 8, settings: MatchSettings = SETTINGS) -> Situation:
    """A city with so many teams of so many people; it grows in area with its teams, so density stays."""
    draw = Random(seed)
    side = 12 * max(1.0, teams / 30) ** 0.5
    all_teams = [make_team(number, draw, side) for number in range(teams)]
    volunteers = [
        make_volunteer(number * people + k, team, draw, side)
        for number, team in enumerate(all_teams)
        for k in range(people)
    ]
    return make_situation_of(all_teams, volunteers, make_places(teams, draw, side), settings)


def make_places(teams: int, draw: Random, side: float) -> list[Place]:
    """One community per team, named by the 10-kilometre square in which it lies."""
    places = []
    for number in range(max(1, teams)):
        point = make_point(draw, side)
        district = f"{point.x // 12:.0f}/{point.y // 12:.0f}" if point else ""
        places.append(Place(number, district, point))
    return places


def make_situation_of(
    teams: list[Team], volunteers: list[Volunteer], places: list[Place], settings: MatchSettings = SETTINGS
) -> Situation:
    city = City(
        places=places,
        departments=[Department(code, 30.0 + 10 * k) for k, code in enumerate(DEPARTMENTS)],
        remits=make_remits(),
        teams=teams,
        volunteers=volunteers,
        settings=settings,
    )
    return Situation(city, settings)


def make_need(number: int, draw: Random, places: int, *, urgency: Urgency | None = None) -> Need:
    day = draw.randint(2, 9)
    slots = sorted({day * 3 + draw.randrange(9) for _ in range(draw.randint(0, 4))})
    return Need(
        id=number,
        topic=draw.choice(TOPICS),
        audience=draw.choice(AUDIENCES),
        place=draw.randrange(places),
        created_at=NOW - draw.randrange(MINUTES_PER_DAY),
        slots=tuple(slots),
        leads=1,
        helpers=draw.randint(0, 2),
        urgency=Urgency(draw.choices((0, 1, 2), (8, 2, 1))[0]) if urgency is None else urgency,
    )


def make_needs(seed: int, count: int, places: int, *, urgency: Urgency | None = None) -> list[Need]:
    draw = Random(seed)
    return [make_need(number, draw, places, urgency=urgency) for number in range(count)]


def without_team(situation: Situation, team: int) -> Situation:
    """The same city before the team was founded."""
    city = situation.city
    return make_situation_of(
        [each for each in city.teams.values() if each.id != team],
        [each for each in city.volunteers.values() if each.team != team],
        list(city.places.values()),
        situation.settings,
    )


def with_settings(situation: Situation, **changes: object) -> Situation:
    """The same city under other weights."""
    city = situation.city
    settings = replace(situation.settings, **changes)  # type: ignore[arg-type]
    people = list(city.volunteers.values())
    return make_situation_of(list(city.teams.values()), people, list(city.places.values()), settings)
