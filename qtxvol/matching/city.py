"""The city indexed for matching: who is where, who knows what, who answers for what. Pure; read, never changed.

Distances are road kilometres, estimated as the straight line times a detour factor.
"""

import math
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from functools import lru_cache

from qtxvol.matching.grid import Grid
from qtxvol.matching.profiles import Department, Place, Point, Remit, Team, Volunteer
from qtxvol.matching.settings import MatchSettings
from qtxvol.matching.slots import SLOTS_PER_WEEK


class City:
    """All profiles with the look-ups that matching needs.

    :ivar remits: departments by (topic, audience).
    :ivar members: volunteers of each team, by id.
    """

    def __init__(
        self,
        *,
        places: Iterable[Place],
        departments: Iterable[Department],
        remits: Mapping[tuple[str, str], Remit],
        teams: Iterable[Team],
        volunteers: Iterable[Volunteer],
        settings: MatchSettings,
    ) -> None:
        self.places = {place.id: place for place in places}
        self.departments = {department.code: department for department in departments}
        self.remits = dict(remits)
        self.teams = {team.id: team for team in sorted(teams, key=lambda team: team.id)}
        self.volunteers = {person.id: person for person in sorted(volunteers, key=lambda person: person.id)}
        self.members: dict[int, list[Volunteer]] = {team: [] for team in self.teams}
        for person in self.volunteers.values():
            self.members.setdefault(person.team, []).append(person)
        self._settings = settings
        self._distances: dict[tuple[str, int, int], float | None] = {}
        self._homes = Grid(self.volunteers.values())
        self._nearby: dict[int, list[Volunteer]] = {}
        self._leads_nearby: dict[tuple[int, str], list[Volunteer]] = {}
        self._usual = _count_usual(self.members)
        self._teams_by_topic = _teams_by_topic(self.teams, self._usual)

    def remit_of(self, topic: str, audience: str) -> Remit | None:
        """Who answers for it; None when the rule table has no such row."""
        return self.remits.get((topic, audience))

    def teams_able_to_lead(
        self, topic: str, near: int | None = None, of: Container[str] | None = None, most: int | None = None
    ) -> list[Team]:
        """Teams with at least one member who may lead the topic, by id.

        :param near: a place; of very many teams only the nearest are kept, or where it is not on the map, some that
            differ from place to place.
        :param of: departments; None for all.
        :param most: how many are very many; None for `most_teams`.
        """
        grid = self._teams_by_topic.get(topic)
        if grid is None:
            return []
        most = self._settings.most_teams if most is None else most
        place = self.places.get(near) if near is not None else None
        if len(grid.everybody) > most and place is not None and place.point is not None:
            nearest = grid.nearest(place.point, most, lambda team: of is None or team.department in of)
            return sorted(nearest, key=lambda team: team.id)
        able = [team for team in grid.everybody if of is None or team.department in of]
        if near is None or len(able) <= most:
            return able
        first = near * most % len(able)
        return sorted((able[first:] + able[:first])[:most], key=lambda team: team.id)

    def is_lending(self, person: Volunteer) -> bool:
        """Whether the person's team lets its people complete the crews of others."""
        team = self.teams.get(person.team)
        return team is not None and team.is_lending

    def usual_people(self, team: int, part: int) -> int:
        """Members whose usual week leaves the part of the week free."""
        return self._usual[team][""][part]

    def usual_leads(self, team: int, topic: str, part: int) -> int:
        """Of these, the members who may lead the topic."""
        counts = self._usual[team].get(topic)
        return counts[part] if counts else 0

    def count_leads(self, team: int, topic: str) -> int:
        """Members who may lead the topic, whenever they have time."""
        return sum(person.may_lead(topic) for person in self.members.get(team, ()))

    def team_km(self, team: Team, place: int) -> float | None:
        """Road kilometres from the team's home to the place; None when either is not on the map."""
        return self._km("team", team.id, team.point, place)

    def volunteer_km(self, person: Volunteer, place: int) -> float | None:
        return self._km("person", person.id, person.point, place)

    def nearby(self, place: int) -> list[Volunteer]:
        """People of any team who live near enough to lend a hand there, nearest first."""
        if place not in self._nearby:
            self._nearby[place] = self._find_nearby(place)
        return self._nearby[place]

    def leads_nearby(self, place: int, topic: str) -> list[Volunteer]:
        """Of these, the people who may lead the topic."""
        key = (place, topic)
        if key not in self._leads_nearby:
            self._leads_nearby[key] = [person for person in self.nearby(place) if person.may_lead(topic)]
        return self._leads_nearby[key]

    def _find_nearby(self, place_id: int) -> list[Volunteer]:
        place = self.places.get(place_id)
        if place is None or place.point is None:
            return []
        reach = self._settings.lending_km

        def is_near(person: Volunteer) -> bool:
            km = self.volunteer_km(person, place_id)
            return km is not None and km <= min(reach, person.reach_km)

        return self._homes.nearest(place.point, self._settings.lending_pool, is_near, reach / self._settings.detour)

    def _km(self, kind: str, owner: int, home: Point | None, place_id: int) -> float | None:
        key = (kind, owner, place_id)
        if key not in self._distances:
            place = self.places.get(place_id)
            there = place.point if place else None
            self._distances[key] = None if home is None or there is None else self._road_km(home, there)
        return self._distances[key]

    def _road_km(self, one: Point, other: Point) -> float:
        return self._settings.detour * math.hypot(one.x - other.x, one.y - other.y)


def _count_usual(members: Mapping[int, list[Volunteer]]) -> dict[int, dict[str, list[int]]]:
    """Per team and topic, and under "" for anybody: how many usually have time in each part of the week."""
    usual: dict[int, dict[str, list[int]]] = {}
    for team, people in members.items():
        counts: dict[str, list[int]] = defaultdict(lambda: [0] * SLOTS_PER_WEEK)
        for person in people:
            parts = _parts_of(person.availability)
            if not parts:
                continue
            for row in [counts[""], *(counts[topic] for topic in person.skills if person.may_lead(topic))]:
                for part in parts:
                    row[part] += 1
        counts[""]  # so that a team without free members has a row too
        usual[team] = dict(counts)
    return usual


@lru_cache(maxsize=8192)
def _parts_of(availability: int) -> tuple[int, ...]:
    return tuple(part for part in range(SLOTS_PER_WEEK) if availability >> part & 1)


def _teams_by_topic(teams: Mapping[int, Team], usual: Mapping[int, Mapping[str, list[int]]]) -> dict[str, Grid[Team]]:
    by_topic: dict[str, list[Team]] = defaultdict(list)
    for team in teams.values():
        for topic in usual[team.id]:
            if topic:
                by_topic[topic].append(team)
    return {topic: Grid(able) for topic, able in by_topic.items()}
