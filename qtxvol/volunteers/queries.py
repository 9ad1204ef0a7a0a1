"""Reads about teams and people that pages need; each a constant number of statements."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from qtxvol.accounts.actor import division_prefix
from qtxvol.base import CITY_TIME, AnyRow
from qtxvol.directory.models import Department, MenuItem
from qtxvol.directory.queries import MenuEntry
from qtxvol.extensions import db
from qtxvol.hours.models import HoursEntry
from qtxvol.orders.lifecycle import Status
from qtxvol.orders.models import Crew, Offer, Order
from qtxvol.orders.windows import Window
from qtxvol.volunteers.models import Team, Volunteer

#: A short list is read, a long one is not.
MOST_TEAM_CHOICES = 12


@dataclass(frozen=True, slots=True)
class TeamChoice:
    """A team for an order. `reasons` are (code, count): own, theme, near, skilled, load, asked."""

    team_id: int
    name: str
    reasons: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class CrewChoice:
    """A member who can be named.

    :ivar is_licensed: for a skill that the item needs, today.
    :ivar is_qualified: would do alone: has a needed skill, under a licence where the item asks for one.
    :ivar busy: the times of their coming services.
    """

    volunteer_id: int
    name: str
    skills: tuple[str, ...]
    is_licensed: bool
    is_qualified: bool
    busy: tuple[Window, ...]

    def is_free(self, windows: Sequence[Window]) -> bool:
        """At all of these times; without any, the whole time ahead."""
        if not windows:
            return not self.busy
        return not any(window.overlaps(taken) for window in windows for taken in self.busy)


def list_team_choices(order: Order, item: MenuEntry | None, department_id: str, now: datetime) -> list[TeamChoice]:
    """Teams that could serve the order, best first, each with the reasons for its place. At most twelve.

    Able means: active, and serves the order's theme or belongs to the department. First come the department's own,
    then those at home in the order's town, then those with more skilled people and fewer services ahead.
    """
    needed = set(item.needed_skills) if item else set()
    town = division_prefix(order.division_code)[:9]
    skilled: dict[int | None, int] = defaultdict(int)
    for team_id, skills in db.session.execute(
        select(Volunteer.team_id, Volunteer.skills).where(
            Volunteer.status == "verified", Volunteer.team_id.is_not(None)
        )
    ):
        skilled[team_id] += bool(needed & set(skills)) if needed else 1
    ahead_of: dict[int | None, int] = {
        team_id: services
        for team_id, services in db.session.execute(
            select(Order.team_id, func.count())
            .where(
                Order.status == Status.ACCEPTED,
                Order.agreed_start >= now,
                Order.agreed_start < now + timedelta(days=7),
            )
            .group_by(Order.team_id)
        )
    }
    asked = set(db.session.scalars(select(Offer.team_id).where(Offer.order_id == order.id)))
    ranked = []
    for team in db.session.scalars(select(Team).where(Team.is_active).order_by(Team.id)):
        own, theme = team.department_id == department_id, order.theme is not None and order.theme in team.themes
        if not (own or theme) or not skilled[team.id]:
            continue
        near = bool(team.division_code and team.division_code.startswith(town))
        ahead = ahead_of.get(team.id, 0)
        reasons = [
            *([("own", 1)] if own else []),
            *([("theme", 1)] if theme else []),
            *([("near", 1)] if near else []),
            *([("skilled", skilled[team.id])] if needed else []),
            ("load", ahead),
            *([("asked", 1)] if team.id in asked else []),
        ]
        rank = (not theme, not own, not near, ahead, -skilled[team.id], team.id)
        ranked.append((rank, TeamChoice(team.id, team.name, tuple(reasons))))
    return [choice for _rank, choice in sorted(ranked, key=lambda pair: pair[0])[:MOST_TEAM_CHOICES]]


def list_crew_choices(team_id: int, item: MenuEntry | None, now: datetime) -> list[CrewChoice]:
    """The team's verified members, those with a needed skill first, each with their coming services."""
    needed = set(item.needed_skills) if item else set()
    busy: dict[int, list[Window]] = defaultdict(list)
    for volunteer_id, start, end in db.session.execute(
        select(Crew.volunteer_id, Order.agreed_start, Order.agreed_end)
        .join(Order, Order.id == Crew.order_id)
        .join(Volunteer, Volunteer.id == Crew.volunteer_id)
        .where(Volunteer.team_id == team_id, Order.status == Status.ACCEPTED, Order.agreed_end > now)
        .order_by(Order.agreed_start)
    ):
        if start is not None and end is not None:
            busy[volunteer_id].append(Window(start, end))
    today = now.astimezone(CITY_TIME).date()
    people = db.session.scalars(
        select(Volunteer).where(Volunteer.team_id == team_id, Volunteer.status == "verified").order_by(Volunteer.id)
    ).all()
    choices = []
    for person in people:
        is_skilled = not needed or bool(needed & set(person.skills))
        is_valid = person.licence_expires_on is None or person.licence_expires_on >= today
        is_licensed = is_valid and bool(needed & set(person.licensed_skills))
        is_qualified = is_skilled and (is_licensed or not (needed and item and item.is_licence_required))
        choices.append(
            CrewChoice(person.id, person.name, tuple(person.skills), is_licensed, is_qualified, tuple(busy[person.id]))
        )
    return sorted(choices, key=lambda each: (not each.is_qualified, not each.is_licensed, len(each.busy)))


@dataclass(frozen=True, slots=True)
class Served:
    """What the ledger says of one person."""

    minutes: int
    services: int


def get_served(volunteer_id: int) -> Served:
    """Minutes and number of services that stand after corrections."""
    per_order = (
        select(HoursEntry.order_id, func.sum(HoursEntry.minutes).label("minutes"))
        .where(HoursEntry.volunteer_id == volunteer_id)
        .group_by(HoursEntry.order_id)
        .subquery()
    )
    row = db.session.execute(
        select(func.coalesce(func.sum(per_order.c.minutes), 0), func.count()).where(per_order.c.minutes > 0)
    ).one()
    return Served(int(row[0]), int(row[1]))


def team_names(team_ids: Iterable[int]) -> dict[int, str]:
    """Names by id."""
    rows = db.session.execute(select(Team.id, Team.name).where(Team.id.in_(set(team_ids))))
    return {team_id: name for team_id, name in rows}


def list_hours(volunteer_id: int) -> Sequence[AnyRow]:
    """The ledger lines of one person, newest first, each with the order that vouches for it."""
    return db.session.execute(
        select(
            HoursEntry.minutes,
            HoursEntry.served_on,
            HoursEntry.corrects_id,
            Order.number,
            Order.wish,
            MenuItem.name.label("item_name"),
            MenuItem.name_en.label("item_name_en"),
        )
        .join(Order, Order.id == HoursEntry.order_id)
        .outerjoin(MenuItem, MenuItem.id == Order.menu_item_id)
        .where(HoursEntry.volunteer_id == volunteer_id)
        .order_by(HoursEntry.id.desc())
        .limit(500)
    ).all()


def list_members(team_id: int) -> Sequence[AnyRow]:
    """A team's people, verified ones first, each with the minutes that stand in the ledger."""
    served = func.coalesce(func.sum(HoursEntry.minutes), 0).label("minutes")
    return db.session.execute(
        select(Volunteer, served)
        .outerjoin(HoursEntry, HoursEntry.volunteer_id == Volunteer.id)
        .where(Volunteer.team_id == team_id)
        .group_by(Volunteer.id)
        .order_by((Volunteer.status == "verified").desc(), served.desc(), Volunteer.id)
    ).all()


def list_teams(now: datetime, *, department_id: str | None = None) -> Sequence[AnyRow]:
    """Teams (of one department, or all) with verified people and services ahead."""
    people = (
        select(func.count())
        .where(Volunteer.team_id == Team.id, Volunteer.status == "verified")
        .correlate(Team)
        .scalar_subquery()
    )
    ahead = (
        select(func.count())
        .where(Order.team_id == Team.id, Order.status == Status.ACCEPTED, Order.agreed_start >= now)
        .correlate(Team)
        .scalar_subquery()
    )
    done = (
        select(func.count())
        .where(Order.team_id == Team.id, Order.status == Status.CLOSED)
        .correlate(Team)
        .scalar_subquery()
    )
    statement = (
        select(Team, Department.name, people.label("people"), ahead.label("ahead"), done.label("done"))
        .join(Department, Department.id == Team.department_id)
        .order_by(Department.position, Team.id)
    )
    if department_id is not None:
        statement = statement.where(Team.department_id == department_id)
    return db.session.execute(statement).all()
