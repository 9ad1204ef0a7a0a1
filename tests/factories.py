"""Invented people and orders for tests. Nobody here is real; phone numbers are of the reserved-looking 199 0000 kind.

Every function writes through the services or inside `transaction()`, as the product does, and returns plain values.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account, Seat
from qtxvol.accounts.passwords import hash_password
from qtxvol.base import CITY_TIME
from qtxvol.directory.loader import load_facts
from qtxvol.extensions import db
from qtxvol.orders.claim import claim_order
from qtxvol.orders.dispatch import dispatch_order
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.place import Wish, place_order
from qtxvol.orders.serve import accept_order, close_order
from qtxvol.orders.transition import Outcome
from qtxvol.orders.windows import Window
from qtxvol.progress.count import CountReport, count_targets
from qtxvol.progress.models import TargetSnapshot
from qtxvol.storage import transaction
from qtxvol.volunteers.licences import LicenceCard, set_licences
from qtxvol.volunteers.models import Team, Volunteer

#: A Tuesday morning in the city.
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
#: When everything that a test did has been done.
LATER = NOW + timedelta(days=30)
PASSWORD = "correct-horse-tests"
PASSWORD_HASH = hash_password(PASSWORD)

TOWN = "640381001000"  # 裕民街道
COMMUNITY = "640381001002"  # 东街居委会
OTHER_COMMUNITY = "640381100200"  # 小坝村, in another town
ITEM = "S05"  # 合理膳食讲座, theme health, asks for nutrition, one volunteer
DEPARTMENT = "health"

_serial = count(1)


@dataclass(frozen=True)
class City:
    """The parties of one small city."""

    community: Actor
    town: Actor
    other_community: Actor
    department: Actor
    other_department: Actor
    team: Actor
    other_team: Actor
    office: Actor
    resident: Actor
    volunteer: Actor
    crew: tuple[int, ...]
    other_crew: tuple[int, ...]


def make_city(now: datetime = NOW) -> City:
    """Facts loaded, two of each desk, two teams of the health department with three volunteers each."""
    load_facts(now)
    team, crew = make_team("health", themes=("health", "mental"), name="市医院测试队")
    other_team, other_crew = make_team("health", themes=("health",), name="卫校测试队")
    return City(
        community=make_actor(Party.COMMUNITY, "东街居委会", division_code=COMMUNITY),
        town=make_actor(Party.COMMUNITY, "裕民街道", division_code=TOWN),
        other_community=make_actor(Party.COMMUNITY, "小坝村", division_code=OTHER_COMMUNITY),
        department=make_actor(Party.DEPARTMENT, "市卫生健康局", department_id=DEPARTMENT),
        other_department=make_actor(Party.DEPARTMENT, "市教育局", department_id="education"),
        team=team,
        other_team=other_team,
        office=make_actor(Party.OFFICE, "纲要办"),
        resident=make_actor(Party.RESIDENT, "居民", division_code=COMMUNITY),
        volunteer=make_actor(Party.VOLUNTEER, "志愿者", volunteer_id=crew[0]),
        crew=crew,
        other_crew=other_crew,
    )


def make_actor(party: Party, name: str, *, themes: tuple[str, ...] = (), username: str = "", **bound: Any) -> Actor:
    """An account with one seat, as an actor."""
    serial = next(_serial)
    with transaction():
        account = Account(
            username=username or f"{party}{serial}",
            display_name=f"{name}{serial}",
            password_hash=PASSWORD_HASH,
            created_at=NOW,
        )
        db.session.add(account)
        db.session.flush()
        account_id = account.id
        db.session.add(Seat(account_id=account_id, party=party, **bound))
    if party is Party.TEAM:
        bound["department_id"] = db.session.get_one(Team, bound["team_id"]).department_id
    return Actor(party, name, account_id=account_id, themes=themes, **bound)


def make_team(
    department_id: str, *, themes: tuple[str, ...], name: str = "", people: int = 3
) -> tuple[Actor, tuple[int, ...]]:
    """A team, its leader as an actor, and the ids of its verified volunteers."""
    name = name or f"测试队{next(_serial)}"
    with transaction():
        team = Team(
            name=name,
            department_id=department_id,
            themes=list(themes),
            created_at=NOW,
            division_code=TOWN,
            parallel_events=100,  # cities are shared, and their orders are all for the same hour
        )
        db.session.add(team)
        db.session.flush()
        team_id = team.id
    crew = tuple(make_volunteer(team_id) for _ in range(people))
    return make_actor(Party.TEAM, name, team_id=team_id, themes=themes), crew


def make_volunteer(team_id: int | None, **values: Any) -> int:
    """A verified volunteer who can teach nutrition under licence, unless `values` says otherwise."""
    serial = next(_serial)
    given = {
        "number": f"T{serial:07d}",  # the service itself counts on from the highest V
        "name": f"测试员{serial}",
        "team_id": team_id,
        "skills": ["nutrition", "clinician"],
        "status": "verified",
        "verified_at": NOW,
        "created_at": NOW,
        **values,
    }
    licensed, expires_on = given.pop("licensed_skills", ["clinician"]), given.pop("licence_expires_on", None)
    with transaction():
        person = Volunteer(**given)
        db.session.add(person)
        db.session.flush()
        set_licences(person.id, [LicenceCard(skill, expires_on=expires_on) for skill in licensed])
        return person.id


def make_wish(now: datetime = NOW, **values: Any) -> Wish:
    """A complete, valid wish; `values` replace single fields."""
    given: dict[str, Any] = {
        "audience": "elderly",
        "headcount": 30,
        "division_code": COMMUNITY,
        "venue": "社区活动室",
        "windows": (window(3, now=now), window(5, now=now)),
        "contact_name": "王测试",
        "contact_phone": "19900001234",
        "consent_version": "2026-11",
        "menu_item_id": ITEM,
        **values,
    }
    return Wish(**given)


def window(days: float, *, hours: float = 1.5, now: datetime = NOW) -> Window:
    """`hours` long, starting `days` from now."""
    start = now + timedelta(days=days)
    return Window(start, start + timedelta(hours=hours))


def new_key() -> str:
    """An idempotency key."""
    return f"key-{next(_serial)}"


def placed(city: City, now: datetime = NOW, actor: Actor | None = None, **values: Any) -> Outcome:
    return place_order(make_wish(now, **values), actor or city.resident, key=new_key(), now=now)


def dispatched(city: City, now: datetime = NOW, **values: Any) -> Outcome:
    order = placed(city, now, **values)
    return dispatch_order(order.number, city.community, department_id=DEPARTMENT, now=now)


def claimed(city: City, now: datetime = NOW, **values: Any) -> Outcome:
    order = dispatched(city, now, **values)
    return claim_order(order.number, city.department, now=now)


def accepted(city: City, now: datetime = NOW, *, agreed: Window | None = None, **values: Any) -> Outcome:
    order = claimed(city, now, **values)
    agreed = agreed or window(3, now=now)
    return accept_order(order.number, city.team, agreed=agreed, volunteer_ids=city.crew[:1], now=now)


def closed(city: City, now: datetime = NOW, *, agreed: Window | None = None, **values: Any) -> Outcome:
    """Closed at the agreed end plus one hour."""
    agreed = agreed or window(3, now=now)
    order = accepted(city, now, agreed=agreed, **values)
    return close_order(
        order.number,
        city.team,
        actual=agreed,
        attendance=28,
        report="讲了三减三健，发了控盐勺。",
        minutes={city.crew[0]: 90},
        now=agreed.ends_at + timedelta(hours=1),
    )


def link_of(order: Outcome) -> Actor:
    """The resident who holds the secret link to `order`, without an account."""
    return Actor(Party.RESIDENT, "居民", order_id=order.order_id)


def counted(day: date) -> CountReport:
    """The targets at the end of a day, counted as the job does just after midnight."""
    return count_targets(day, datetime.combine(day + timedelta(days=1), time(0, 10), CITY_TIME))


def snapshot(day: date, registered: int, active: int = 0) -> None:
    """A count of volunteers from before checksums were kept: it stands as it is."""
    with transaction():
        db.session.add(
            TargetSnapshot(
                target_id="T23",
                day=day,
                revision=1,
                value=registered,
                numerator=active,
                denominator=registered,
                details={"applied": 0},
                counted_at=NOW,
            )
        )
