"""`make_demo_city`: an empty database becomes a city that can be tried out."""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import event, func, select, update

from qtxvol.accounts.models import Account
from qtxvol.accounts.passwords import hash_password
from qtxvol.demo.cases import make_cases
from qtxvol.demo.emergencies import EMERGENCY_ORDERS, make_emergencies
from qtxvol.demo.hours import make_hours
from qtxvol.demo.matching import make_matching
from qtxvol.demo.orders import make_orders
from qtxvol.demo.parties import DEPARTMENT, HOME, STREET, City, make_parties
from qtxvol.demo.people import People
from qtxvol.demo.progress import make_progress
from qtxvol.demo.recognition import FIELD_DAYS, make_field_days, make_recognition
from qtxvol.demo.wishes import Inventor
from qtxvol.directory.loader import load_facts
from qtxvol.directory.queries import list_menu, list_towns_with_communities
from qtxvol.extensions import db
from qtxvol.notices.models import Notice
from qtxvol.orders.check import check_orders
from qtxvol.orders.lifecycle import Party, Status
from qtxvol.orders.models import Order
from qtxvol.storage import transaction
from qtxvol.volunteers.licences import list_licences
from qtxvol.volunteers.models import Team, Volunteer

#: What happened before has been read; a desk that opens with a thousand notices would hide the new ones.
UNREAD = timedelta(hours=30)


@dataclass(frozen=True, slots=True)
class SignIn:
    """A demo account: one per party, named after its desk."""

    username: str
    party: Party
    place: str


@dataclass(frozen=True, slots=True)
class DemoReport:
    """What was made. `sign_ins` are the six to print; all accounts have the same password."""

    sign_ins: tuple[SignIn, ...]
    teams: int
    volunteers: int
    accounts: int
    orders: Mapping[Status, int]
    counts: int


def make_demo_city(now: datetime, password: str, *, orders: int = 300, seed: int = 2026) -> DemoReport:
    """Fill a migrated, empty database: facts, people, accounts, and orders through the real services.

    Needs an app context. Nothing is undone when it fails half-way: start over with a new database.
    :param now: aware UTC; the newest steps lie minutes before it.
    :param seed: the same seed and `now` make the same city; only order numbers and links differ.
    :raise ValueError: there are accounts already, or too few orders for the demo accounts (about 40).
    :raise RuntimeError: a menu item that nobody can serve, or a finding of `check_orders`.
    """
    if db.session.scalar(select(Account.id).limit(1)) is not None:
        raise ValueError("this database is in use already; the demo needs an empty one")
    rng = random.Random(seed)
    with _quick_sqlite():
        load_facts(now)
        password_hash = hash_password(password)
        people = People(rng)
        with transaction():
            city = make_parties(rng, people, now, password_hash)
        inventor = Inventor(rng, people, list_menu(), list_towns_with_communities())
        make_field_days(city, now)
        make_emergencies(city, now)
        make_orders(city, inventor, rng, now, orders - FIELD_DAYS - EMERGENCY_ORDERS)
        make_recognition(city, people, now, password_hash)
        make_hours(city, now)
        with transaction():
            counts = make_progress(city, now)
            db.session.execute(update(Notice).where(Notice.queued_at < now - UNREAD).values(read_at=Notice.queued_at))
        db.session.rollback()
        make_cases(city.office, now)
        make_matching(city, now)
        db.session.rollback()
    if unserved := find_unserved_items(now):
        raise RuntimeError(f"nobody in the demo city can serve {', '.join(unserved)}")
    if findings := list(check_orders()):
        raise RuntimeError(f"the demo city does not hold together: {findings[:5]}")
    return _report(city, counts)


def find_unserved_items(now: datetime) -> list[str]:
    """Items of the menu for which no team of the item's department has the theme, the people and the licence."""
    teams = db.session.scalars(select(Team).where(Team.is_active)).all()
    members: dict[int | None, list[Volunteer]] = {}
    people = db.session.scalars(select(Volunteer).where(Volunteer.status == "verified")).all()
    for person in people:
        members.setdefault(person.team_id, []).append(person)
    licences = list_licences([person.id for person in people])
    unserved = []
    for item in list_menu():
        needed = set(item.needed_skills)
        for team in teams:
            able = [person for person in members.get(team.id, []) if needed & set(person.skills)]
            licensed = any(
                each.skill in needed and each.is_valid_on((now + timedelta(days=60)).date())
                for person in able
                for each in licences[person.id]
            )
            if (
                team.department_id == item.department_id
                and item.theme in team.themes
                and len(able) >= item.min_volunteers
                and (licensed or not item.is_licence_required)
            ):
                break
        else:
            unserved.append(f"{item.id} {item.name}")
    return unserved


@contextmanager
def _quick_sqlite() -> Iterator[None]:
    """Don't wait for the disk at every commit while the demo is made.

    With synchronous=FULL each commit waits until the disk has it, which nobody needs for rows that can be made
    again: after a power cut in the middle, the demo is simply made anew. All connections are opened anew at
    both ends, so that none of them goes on like that when real people write.
    """
    engine = db.engine
    if engine.dialect.name != "sqlite":
        yield
        return

    def relax(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA synchronous=off")

    db.session.rollback()
    engine.dispose()
    event.listen(engine, "connect", relax)  # after the one of storage.py, which sets FULL
    try:
        yield
    finally:
        event.remove(engine, "connect", relax)
        db.session.rollback()
        engine.dispose()


def _report(city: City, counts: int) -> DemoReport:
    by_status = db.session.execute(select(Order.status, func.count()).group_by(Order.status)).all()
    found = {Status(status): number for status, number in by_status}
    names = {
        "resident": (Party.RESIDENT, city.clerks[HOME].name),
        "community": (Party.COMMUNITY, city.clerks[STREET].name),
        "department": (Party.DEPARTMENT, city.liaisons[DEPARTMENT].name),
        "team": (Party.TEAM, city.teams[0].actor.name),
        "volunteer": (Party.VOLUNTEER, city.teams[0].actor.name),
        "office": (Party.OFFICE, "纲要办"),
    }
    return DemoReport(
        sign_ins=tuple(SignIn(username, party, place) for username, (party, place) in names.items()),
        teams=db.session.scalar(select(func.count(Team.id))) or 0,
        volunteers=db.session.scalar(select(func.count(Volunteer.id)).where(Volunteer.status == "verified")) or 0,
        accounts=db.session.scalar(select(func.count(Account.id))) or 0,
        orders={status: found.get(status, 0) for status in Status},
        counts=counts,
    )
