"""Reads about teams and people that pages need; each a constant number of statements."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from qtxvol.base import CITY_TIME, AnyRow
from qtxvol.directory.models import Department
from qtxvol.directory.queries import MenuEntry
from qtxvol.extensions import db
from qtxvol.hours.models import HoursEntry
from qtxvol.orders.lifecycle import Status
from qtxvol.orders.models import Crew, Order
from qtxvol.orders.windows import Window
from qtxvol.paging import Page, select_page
from qtxvol.refusals import NotFound
from qtxvol.volunteers.licences import list_licences
from qtxvol.volunteers.models import Team, Volunteer
from qtxvol.volunteers.teams import has_text


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


def list_active_teams() -> Sequence[AnyRow]:
    """Teams in use with their departments' names, department by department; one statement."""
    return db.session.execute(
        select(
            Team.id,
            Team.name,
            Team.asks_paused_until,
            Department.name.label("department"),
            Department.name_en.label("department_en"),
        )
        .join(Department, Department.id == Team.department_id)
        .where(Team.is_active)
        .order_by(Department.position, Department.id, Team.name, Team.id)
    ).all()


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
    licences = list_licences([person.id for person in people])
    choices = []
    for person in people:
        is_skilled = not needed or bool(needed & set(person.skills))
        is_licensed = any(each.skill in needed and each.is_valid_on(today) for each in licences[person.id])
        is_qualified = is_skilled and (is_licensed or not (needed and item and item.is_licence_required))
        choices.append(
            CrewChoice(person.id, person.name, tuple(person.skills), is_licensed, is_qualified, tuple(busy[person.id]))
        )
    return sorted(choices, key=lambda each: (not each.is_qualified, not each.is_licensed, len(each.busy)))


def team_names(team_ids: Iterable[int]) -> dict[int, str]:
    """Names by id."""
    rows = db.session.execute(select(Team.id, Team.name).where(Team.id.in_(set(team_ids))))
    return {team_id: name for team_id, name in rows}


def list_members(team_id: int) -> Sequence[AnyRow]:
    """A team's people, its leader first, then verified ones, each with the minutes that stand in the ledger.

    A row that was merged is not a person of its own: its hours stand with the row that the person goes on with.
    """
    row = aliased(Volunteer)
    person = func.coalesce(row.merged_into_id, row.id)
    served = (
        select(person.label("person_id"), func.sum(HoursEntry.minutes).label("minutes"))
        .join(row, row.id == HoursEntry.volunteer_id)
        .where(person.in_(select(Volunteer.id).where(Volunteer.team_id == team_id)))
        .group_by(person)
        .subquery()
    )
    minutes = func.coalesce(served.c.minutes, 0).label("minutes")
    return db.session.execute(
        select(Volunteer, minutes)
        .outerjoin(served, served.c.person_id == Volunteer.id)
        .where(Volunteer.team_id == team_id, Volunteer.status != "merged")
        .order_by(
            (func.coalesce(Volunteer.team_role, "") == "leader").desc(),
            Volunteer.team_role.is_not(None).desc(),
            (Volunteer.status == "verified").desc(),
            minutes.desc(),
            Volunteer.id,
        )
    ).all()


def list_volunteers(text: str = "", status: str = "", page: int = 1, team_id: int | None = None) -> Page[Any]:
    """Rows of (Volunteer, team's name), those to be checked first: two statements.

    :param text: must occur in the name, the number or the team's name.
    """
    statement = (
        select(Volunteer, Team.name.label("team"))
        .outerjoin(Team, Team.id == Volunteer.team_id)
        .order_by((Volunteer.status == "applied").desc(), (Volunteer.status == "verified").desc(), Volunteer.id.desc())
    )
    if text:
        statement = statement.where(has_text(text, Volunteer.name, Volunteer.number, Team.name))
    if status:
        statement = statement.where(Volunteer.status == status)
    if team_id is not None:
        statement = statement.where(Volunteer.team_id == team_id)
    return select_page(statement, page)


def get_volunteer(volunteer_id: int) -> Volunteer:
    """:raise NotFound: no such volunteer."""
    person = db.session.get(Volunteer, volunteer_id)
    if person is None:
        raise NotFound(volunteer_id)
    return person


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
        .where(Order.team_id == Team.id, Order.status == Status.CLOSED, Order.counts())
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
