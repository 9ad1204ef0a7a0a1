"""The simulated city: the real divisions, departments and menu; invented teams, volunteers and desks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account, Seat
from qtxvol.directory.loader import load_facts
from qtxvol.directory.models import Department, Division, MenuItem
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Party
from qtxvol.simulate.luck import Luck
from qtxvol.storage import transaction
from qtxvol.volunteers.availability import SLOTS
from qtxvol.volunteers.models import Licence, Team, Volunteer

#: Nobody signs in with it: no hash looks like this.
_NO_PASSWORD = "!"  # noqa: S105  not a password
#: Items of the menu for which the city's people are no experts.
_TOWN, _COMMUNITY = 4, 5


@dataclass(frozen=True, slots=True)
class Item:
    """An item of the menu as the play needs it."""

    id: str
    theme: str
    department_id: str
    audiences: tuple[str, ...]
    minutes: int
    people: int
    skills: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A community. :ivar at: degrees east and north of its town; None where it is not on the map."""

    code: str
    town: str
    at: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Leader:
    """A team's leader and the team's home."""

    actor: Actor
    home: Place
    capacity: int


@dataclass(frozen=True, slots=True)
class SimCity:
    """Everybody who acts. `homes` are the volunteers' by their ids."""

    items: Sequence[Item]
    places: Sequence[Place]
    clerks: Mapping[str, Actor]
    departments: Mapping[str, Actor]
    leaders: Mapping[int, Leader]
    homes: Mapping[int, Place]


def make_city(luck: Luck, now: datetime, *, teams: int, volunteers: int) -> SimCity:
    """Load the facts and write teams, volunteers and desks: as many of them as asked for."""
    load_facts(now)
    divisions = db.session.scalars(select(Division).where(Division.level >= _TOWN, Division.is_active)).all()
    towns = {each.code: each for each in divisions if each.level == _TOWN}
    places = [_place_of(each, towns) for each in divisions if each.level == _COMMUNITY and each.parent_code in towns]
    places.sort(key=lambda place: place.code)
    items = [
        Item(each.id, each.theme, each.department_id, tuple(each.audiences), each.duration_minutes,
             each.min_volunteers, tuple(each.needed_skills))
        for each in db.session.scalars(select(MenuItem).where(MenuItem.is_active).order_by(MenuItem.id))
    ]  # fmt: skip
    with transaction():
        departments = {
            unit.id: _seat(Party.DEPARTMENT, f"sim-{unit.id}", unit.name, now, department_id=unit.id)
            for unit in db.session.scalars(select(Department).order_by(Department.position, Department.id)).all()
        }
        clerks = {
            code: _seat(Party.COMMUNITY, f"sim-{code}", town.display_name, now, division_code=code)
            for code, town in sorted(towns.items())
        }
        leaders = _make_teams(luck, items, places, teams, now)
        homes = _make_people(luck, items, places, leaders, volunteers, now)
    return SimCity(items, places, clerks, departments, leaders, homes)


def _place_of(division: Division, towns: Mapping[str, Division]) -> Place:
    town = towns[division.parent_code or ""]
    known = town.lon_gcj02 is not None and town.lat_gcj02 is not None
    return Place(division.code, town.code, (town.lon_gcj02 or 0.0, town.lat_gcj02 or 0.0) if known else None)


def _seat(party: Party, username: str, name: str, now: datetime, **bound: object) -> Actor:
    account = Account(username=username, display_name=name, password_hash=_NO_PASSWORD, created_at=now)
    db.session.add(account)
    db.session.flush()
    seat = {key: value for key, value in bound.items() if key != "themes"}
    if party is Party.TEAM:
        seat.pop("department_id")
    db.session.add(Seat(account_id=account.id, party=party, **seat))
    return Actor(party, name, account_id=account.id, **bound)  # type: ignore[arg-type]


def _make_teams(
    luck: Luck, items: Sequence[Item], places: Sequence[Place], count: int, now: datetime
) -> dict[int, Leader]:
    """Every department that the menu names has its share of them, by its items."""
    leaders = {}
    for number in range(count):
        item = items[number * 7 % len(items)] if number < len(items) else luck.pick(items, "team", number)
        own = sorted({each.theme for each in items if each.department_id == item.department_id})
        themes = sorted({item.theme, *luck.sample(own, 2, "themes", number)})
        home = luck.pick(places, "home", number)
        capacity = luck.whole(3, 6, "capacity", number)
        team = Team(
            name=f"模拟服务队{number + 1:03d}",
            department_id=item.department_id,
            themes=themes,
            division_code=home.code,
            weekly_capacity=capacity,
            parallel_events=luck.whole(1, 2, "parallel", number),
            is_lending=luck.happens(0.8, "lending", number),
            created_at=now - timedelta(days=400),
        )
        db.session.add(team)
        db.session.flush()
        actor = _seat(
            Party.TEAM, f"sim-team-{number + 1}", team.name, now, team_id=team.id, department_id=team.department_id,
            themes=tuple(themes),
        )  # fmt: skip
        leaders[team.id] = Leader(actor, home, capacity)
    return leaders


def _make_people(
    luck: Luck,
    items: Sequence[Item],
    places: Sequence[Place],
    leaders: Mapping[int, Leader],
    count: int,
    now: datetime,
) -> dict[int, Place]:
    """Each in a team, most of them near its home, with skills that its themes ask for."""
    team_ids = sorted(leaders)
    by_town: dict[str, list[Place]] = {}
    for place in places:
        by_town.setdefault(place.town, []).append(place)
    people = []
    for number in range(count):
        team_id = team_ids[number % len(team_ids)]
        leader = leaders[team_id]
        near = by_town[leader.home.town] if luck.happens(0.7, "near", number) else places
        home = luck.pick(near, "lives", number)
        served = [each for each in items if each.theme in leader.actor.themes]
        skills = sorted({skill for each in served for skill in each.skills})
        themes = sorted({each.theme for each in served})
        person = Volunteer(
            number=f"S{number + 1:06d}",
            name=f"模拟{number + 1}",
            team_id=team_id,
            division_code=home.code,
            skills=sorted(luck.sample(skills, luck.whole(1, 3, "skills", number), "skill", number)),
            topics=luck.sample(themes, 1, "topic", number) if luck.happens(0.4, "topics", number) else [],
            availability=[slot for slot in SLOTS if luck.happens(0.55, "free", number, slot)],
            max_distance_km=luck.pick((10, 15, 20, 30), "km", number),
            weekly_load=luck.whole(1, 3, "load", number),
            status="verified",
            verified_at=now - timedelta(days=300),
            created_at=now - timedelta(days=400),
        )
        db.session.add(person)
        people.append((person, home))
    db.session.flush()
    db.session.add_all(
        Licence(volunteer_id=person.id, skill=skill)
        for person, _home in people
        for skill in person.skills
        if luck.happens(0.9, "licence", person.number, skill)
    )
    return {person.id: home for person, home in people}
