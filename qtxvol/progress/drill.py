"""The rows behind a counted number: the very people and orders that a snapshot of a day is made of, page by page."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from qtxvol.directory.models import Division
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Label
from qtxvol.orders.models import Order
from qtxvol.paging import Page, page_of
from qtxvol.progress.models import Target
from qtxvol.progress.records import read_closures, read_people
from qtxvol.progress.semesters import TermSpan, term_of
from qtxvol.progress.tally import Closure, people_at
from qtxvol.refusals import NotFound
from qtxvol.volunteers.models import Team, Volunteer


@dataclass(frozen=True, slots=True)
class CountedPerson:
    """A volunteer whom a count holds. The row that the person goes on with."""

    id: int
    number: str
    name: str
    status: str
    team: Label | None
    host_kind: str
    town: Label | None
    is_active: bool


@dataclass(frozen=True, slots=True)
class CountedOrder:
    """A closed order that a count holds."""

    number: str
    school: str
    item_id: str
    served_on: date
    closed_on: date
    attendance: int


@dataclass(frozen=True, slots=True)
class CountedSchool:
    """A school with how many services it has had in the term."""

    name: str
    services: int
    is_reached: bool


def counted_people(day: date, known_at: datetime) -> tuple[set[int], set[int]]:
    """Ids of the people who are registered at the end of a day, and of the active ones: what its snapshot counts."""
    people = read_people(known_at)
    return people_at(people.standings, people.services, day)


def list_counted_people(day: date, known_at: datetime, page: int, *, active_only: bool = False) -> Page[CountedPerson]:
    """A page of the people behind the number of volunteers, by number: six statements."""
    registered, active = counted_people(day, known_at)
    ids = page_of(sorted(active if active_only else registered), page)
    rows = _read_people(ids.rows, active)
    return Page(rows, ids.total, ids.number, ids.pages)


def _read_people(ids: Collection[int], active: Collection[int]) -> Sequence[CountedPerson]:
    rows = db.session.execute(
        select(
            Volunteer.id,
            Volunteer.number,
            Volunteer.name,
            Volunteer.status,
            Team.name,
            Team.name_en,
            Team.host_kind,
            Division.display_name,
            Division.name_en,
        )
        .outerjoin(Team, Team.id == Volunteer.team_id)
        .outerjoin(Division, Division.code == Volunteer.division_code)
        .where(Volunteer.id.in_(ids))
        .order_by(Volunteer.id)
    )
    return [
        CountedPerson(
            each,
            number,
            name,
            status,
            Label(team, team_en or team) if team else None,
            host_kind or "",
            Label(town, town_en or town) if town else None,
            each in active,
        )
        for each, number, name, status, team, team_en, host_kind, town, town_en in rows
    ]


def list_counted_orders(
    target_id: str, day: date, known_at: datetime, terms: Sequence[TermSpan], page: int
) -> Page[CountedOrder]:
    """A page of the orders behind a number, the latest closed first; of a target per school, those of the day's term.

    :raise NotFound: no such target, or none that is counted from orders.
    """
    found = page_of(_closures(target_id, day, known_at, terms)[1], page)
    numbers = {
        row.id: row
        for row in db.session.execute(
            select(Order.id, Order.number, Order.organisation).where(Order.id.in_([each.order for each in found.rows]))
        )
    }
    rows = [
        CountedOrder(
            numbers[each.order].number,
            numbers[each.order].organisation,
            each.item,
            each.served_on,
            each.closed_on,
            each.attendance,
        )
        for each in found.rows
    ]
    return Page(rows, found.total, found.number, found.pages)


def list_counted_schools(
    target_id: str, day: date, known_at: datetime, terms: Sequence[TermSpan]
) -> list[CountedSchool]:
    """Every known school with its services of the day's term, those that lack some first."""
    target, closures = _closures(target_id, day, known_at, terms)
    known = read_closures(known_at)
    had = {school: 0 for school, since in known.schools.items() if since <= day}
    for each in closures:
        if each.school in had:
            had[each.school] += 1
    wanted = target.value or 0
    rows = [CountedSchool(known.names.get(school, school), n, n >= wanted) for school, n in had.items()]
    return sorted(rows, key=lambda row: (row.is_reached, -row.services, row.name))


def _closures(target_id: str, day: date, known_at: datetime, terms: Sequence[TermSpan]) -> tuple[Target, list[Closure]]:
    target = db.session.get(Target, target_id)
    if target is None or target.measure not in ("per_school", "attendance"):
        raise NotFound(target_id)
    found = [c for c in read_closures(known_at).closures if c.matches(target.counts) and c.closed_on <= day]
    if target.measure == "per_school":
        term = term_of(day, terms)
        found = [c for c in found if c.school and term_of(c.served_on, terms) == term]
    else:
        found = [c for c in found if target.starts_on <= c.closed_on <= target.ends_on]
    return target, sorted(found, key=lambda c: (c.closed_on, c.order), reverse=True)
