"""Who lives and works in the demo city: teams with their volunteers, and the accounts of all desks."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account, Seat
from qtxvol.base import CITY_TIME
from qtxvol.demo.people import People
from qtxvol.demo.registry import (
    LICENCE_TITLES,
    describe,
    host_kind_of,
    make_doubles,
    make_records,
    make_wishes,
    write_histories,
)
from qtxvol.demo.teams import EVERY_THEME, TeamPlan, read_teams
from qtxvol.directory.models import Department, Division, MenuItem
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Party
from qtxvol.volunteers.licences import list_licences
from qtxvol.volunteers.models import Licence, Team, Volunteer

#: The street where all six demo accounts meet.
STREET = "640381001000"  # 裕民街道
HOME = "640381001002"  # 东街居委会, a community of that street
DEPARTMENT = "health"

#: Skills that a person may exercise for others only under a licence.
LICENSED = frozenset({"clinician", "pharmacist"})

#: Communities that have a clerk of their own in the demo; the town's clerk acts for all others.
_COMMUNITIES = {
    "dongjie": HOME,
    "nanyuan": "640381001004",
    "yiyuan": "640381001007",
    "huiyuan": "640381001010",
    "xiaoba": "640381100200",
    "zhanggang": "640381100201",
    "weiqiao": "640381101200",
    "yuqiao": "640381102200",
    "longmen": "640381103200",
    "ganchengzi": "640381106215",
}

_TOWN_WORDS = ("小坝镇", "大坝镇", "青铜峡镇", "叶盛镇", "瞿靖镇", "峡口镇", "邵岗镇", "陈袁滩镇")

#: People who were never, or are no longer, counted: status and how many per hundred verified.
_UNCOUNTED = (("applied", 4), ("paused", 2), ("left", 2), ("refused", 1))


@dataclass(frozen=True, slots=True)
class Member:
    """A verified volunteer of a team."""

    id: int
    skills: frozenset[str]
    licensed_skills: frozenset[str]
    licence_expires_on: date | None
    verified_at: datetime

    def is_licensed(self, needed: frozenset[str], on: date) -> bool:
        """Holds one of the skills under a licence that is valid on that day."""
        is_valid = self.licence_expires_on is None or self.licence_expires_on >= on
        return is_valid and bool(self.licensed_skills & needed)


@dataclass(frozen=True, slots=True)
class CityTeam:
    """A team with its leader, ready to act."""

    actor: Actor
    id: int
    department_id: str
    themes: frozenset[str]
    division_code: str
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class City:
    """Every party of the demo city as an actor.

    :ivar clerks: by division; towns all, communities some.
    :ivar liaisons: by department.
    :ivar teams: the first is that of the account `team`.
    :ivar volunteer: the member of the first team behind the account `volunteer`.
    """

    resident: Actor
    office: Actor
    clerks: Mapping[str, Actor]
    liaisons: Mapping[str, Actor]
    teams: Sequence[CityTeam]
    volunteer: Member

    def clerk_of(self, division_code: str) -> Actor:
        """The clerk who handles this community: its own, or the town's."""
        return self.clerks.get(division_code) or self.clerks[division_code[:9] + "000"]


def make_parties(rng: random.Random, people: People, now: datetime, password_hash: str) -> City:
    """Write teams, volunteers and accounts. Inside the caller's `transaction()`."""
    divisions = db.session.scalars(select(Division).where(Division.level >= 4).order_by(Division.code)).all()
    plans = list(read_teams())
    teams = _make_teams(plans, now)
    others = _make_uncounted(rng, people, teams, divisions, now)
    volunteers = [
        _make_members(rng, people, plan, team, divisions, now) for plan, team in zip(plans, teams, strict=True)
    ]
    _name_leaders(volunteers)
    make_doubles(others, volunteers[0])
    make_wishes(others, teams[0], now)
    make_records(volunteers[0], now)
    db.session.flush()
    write_histories([*others, *(person for members in volunteers for person in members)], teams)
    desk = _Desks(people, now, password_hash)

    towns = [division for division in divisions if division.level == 4]
    named = {division.code: division.display_name for division in divisions}
    clerks = {}
    for town in towns:
        username = "community" if town.code == STREET else f"town-{town.name_en.split()[0].lower()}"
        clerks[town.code] = desk.seat(Party.COMMUNITY, username, town.display_name, division_code=town.code)
    for word, code in _COMMUNITIES.items():
        clerks[code] = desk.seat(Party.COMMUNITY, f"community-{word}", named[code], division_code=code)
    departments = db.session.scalars(select(Department).order_by(Department.position)).all()
    liaisons = {}
    for unit in departments:
        username = "department" if unit.id == DEPARTMENT else f"dept-{unit.id.replace('_', '-')}"
        liaisons[unit.id] = desk.seat(Party.DEPARTMENT, username, unit.name, department_id=unit.id)
    leaders = [
        desk.seat(Party.TEAM, "team" if number == 1 else f"team-{number:03d}", team.name, team=team)
        for number, team in enumerate(teams, 1)
    ]
    helper = max(volunteers[0][:20], key=lambda person: len(person.skills))
    desk.seat(Party.VOLUNTEER, "volunteer", helper.name, person=helper.name, volunteer_id=helper.id)
    licences = list_licences([person.id for members in volunteers for person in members])
    city_teams = [_as_city_team(*each, licences) for each in zip(teams, leaders, volunteers, strict=True)]
    return City(
        resident=desk.seat(Party.RESIDENT, "resident", "居民", division_code=HOME),
        office=desk.seat(Party.OFFICE, "office", "纲要办"),
        clerks=clerks,
        liaisons=liaisons,
        teams=city_teams,
        volunteer=next(member for member in city_teams[0].members if member.id == helper.id),
    )


class _Desks:
    """Makes accounts with one seat each. All share one hash: argon2 is slow by intention, and it is one password."""

    def __init__(self, people: People, now: datetime, password_hash: str) -> None:
        self._people = people
        self._created_at = now - timedelta(days=560)
        self._hash = password_hash

    def seat(
        self,
        party: Party,
        username: str,
        name: str,
        *,
        person: str = "",
        team: Team | None = None,
        division_code: str | None = None,
        department_id: str | None = None,
        volunteer_id: int | None = None,
    ) -> Actor:
        """:param name: what the events keep: the body that acts, as `accounts.seats` has it."""
        account = Account(
            username=username,
            display_name=person or self._people.name(),
            phone=self._people.phone(),
            password_hash=self._hash,
            created_at=self._created_at,
        )
        db.session.add(account)
        db.session.flush()
        bound = {"division_code": division_code, "volunteer_id": volunteer_id, "team_id": team.id if team else None}
        db.session.add(Seat(account_id=account.id, party=party, department_id=department_id, **bound))
        return Actor(
            party,
            name,
            account_id=account.id,
            division_code=division_code,
            department_id=team.department_id if team else department_id,
            team_id=team.id if team else None,
            themes=tuple(team.themes) if team else (),
            volunteer_id=volunteer_id,
        )


def _make_teams(plans: Sequence[TeamPlan], now: datetime) -> list[Team]:
    menu: dict[str, set[str]] = {}
    for department_id, theme in db.session.execute(select(MenuItem.department_id, MenuItem.theme)):
        menu.setdefault(department_id, set()).add(theme)
    teams = [
        Team(
            name=plan.name,
            host=plan.host,
            department_id=plan.department_id,
            division_code=plan.division_code,
            themes=sorted(menu[plan.department_id]) if plan.themes == (EVERY_THEME,) else list(plan.themes),
            host_kind=host_kind_of(plan.host),
            level=4 if plan.host.startswith(_TOWN_WORDS) else 3,
            area=[] if plan.division_code == STREET else [plan.division_code[:9] + "000"],
            weekly_capacity=max(2, plan.people // 8),
            parallel_events=max(3, plan.people // 5),
            yearly_minimum=2,
            is_lending=position % 3 != 1,
            created_at=now - timedelta(days=600 + 12 * position),
        )
        for position, plan in enumerate(plans)
    ]
    db.session.add_all(teams)
    db.session.flush()
    _rank_teams(teams)
    return teams


def _rank_teams(teams: Sequence[Team]) -> None:
    """The first team of a department leads the others."""
    first: dict[str, Team] = {}
    for team in teams:
        head = first.setdefault(team.department_id, team)
        if head is team:
            team.level = 2
        else:
            team.parent_id = head.id


def _name_leaders(members: Sequence[Sequence[Volunteer]]) -> None:
    """Those who have been there longest lead."""
    for people in members:
        oldest = sorted(people, key=lambda person: person.verified_at or person.created_at)[:2]
        for role, person in zip(("leader", "deputy"), oldest, strict=False):
            person.team_role = role


def _make_members(
    rng: random.Random, people: People, plan: TeamPlan, team: Team, divisions: Sequence[Division], now: datetime
) -> list[Volunteer]:
    """The team's verified people. Every skill is held by three who have been there from the beginning."""
    town = plan.division_code[:9]
    homes = [division.code for division in divisions if division.level == 5 and division.code.startswith(town)]
    members = []
    left: dict[int, int] = {}
    for position in range(plan.people):
        is_founder = position < 3 * len(plan.skills)
        skill = plan.skills[position % len(plan.skills)]
        more = rng.sample(plan.skills, rng.choice((0, 0, 1, 1, 2)) if len(plan.skills) > 2 else 0)
        days = rng.uniform(550, 900) if is_founder or rng.random() < 0.35 else rng.triangular(1, 550, 200)
        home = rng.choice(homes) if rng.random() < 0.7 else rng.choice(divisions).code
        person = _person(people, sorted({skill, *more}), "verified", team.id, home)
        person.verified_at = now - timedelta(days=days)
        person.created_at = person.verified_at - timedelta(days=rng.uniform(0.5, 6))
        describe(people, person, team, person.skills, now)
        if LICENSED.intersection(person.skills):
            left[position] = rng.randint(200, 1500) if is_founder or rng.random() < 0.92 else rng.randint(-40, 60)
        members.append(person)
    _number(members)
    today = now.astimezone(CITY_TIME).date()
    licences = {
        members[position].id: [
            Licence(
                volunteer_id=members[position].id,
                skill=skill,
                title=LICENCE_TITLES[skill],
                expires_on=today + timedelta(days=days_left),
            )
            for skill in sorted(LICENSED.intersection(members[position].skills))
        ]
        for position, days_left in left.items()
    }
    for held in licences.values():
        db.session.add_all(held)
    return members


def _make_uncounted(
    rng: random.Random, people: People, teams: Sequence[Team], divisions: Sequence[Division], now: datetime
) -> list[Volunteer]:
    """Those who wait to be verified, pause, have left or were refused."""
    persons = []
    total = sum(plan.people for plan in read_teams())
    for status, share in _UNCOUNTED:
        for _ in range(total * share // 100):
            is_new = status in ("applied", "refused")
            days = rng.triangular(0.1, 45, 1) if status == "applied" else rng.uniform(20, 800)
            team = rng.choice(teams)
            person = _person(people, [], status, team.id, rng.choice(divisions).code)
            person.created_at = now - timedelta(days=days)
            person.verified_at = None if is_new else person.created_at + timedelta(days=3)
            describe(people, person, team, [], now)
            persons.append(person)
    _number(persons)
    return persons


def _person(people: People, skills: list[str], status: str, team_id: int, home: str) -> Volunteer:
    return Volunteer(
        name=people.name(),
        phone=people.phone(),
        team_id=team_id,
        division_code=home,
        skills=skills,
        status=status,
    )


def _number(persons: Sequence[Volunteer]) -> None:
    first = (db.session.scalar(select(Volunteer.id).order_by(Volunteer.id.desc()).limit(1)) or 0) + 1
    for number, person in enumerate(persons, first):
        person.number = f"V{number:07d}"
    db.session.add_all(persons)
    db.session.flush()


def _as_city_team(
    team: Team, leader: Actor, volunteers: Sequence[Volunteer], licences: Mapping[int, Sequence[Licence]]
) -> CityTeam:
    members = tuple(
        Member(
            person.id,
            frozenset(person.skills),
            frozenset(licence.skill for licence in licences[person.id]),
            min((licence.expires_on for licence in licences[person.id] if licence.expires_on), default=None),
            person.verified_at or person.created_at,
        )
        for person in volunteers
    )
    return CityTeam(leader, team.id, team.department_id, frozenset(team.themes), team.division_code or STREET, members)
