"""What the ledger of hours says, as recognition needs it: the hours that count, per person and day.

What counts is decided in `hours/queries.py`; a person's merged rows count together. Here it is only added up.
"""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import ColumnElement, Subquery, func, select

from qtxvol.extensions import db
from qtxvol.hours.models import HoursEntry
from qtxvol.hours.queries import Served, counted_hours, of_person
from qtxvol.volunteers.models import Volunteer

#: No service was written down before.
EARLIEST = date(2000, 1, 1)


def counted_of(volunteer_id: int) -> Subquery:
    """The hours that count of the person behind this row; columns as `counted_hours`."""
    return counted_hours(None, of_person(volunteer_id)).subquery("counted")


def counted_of_people(people: Iterable[int]) -> Subquery:
    """The same of several, by the ids of their own rows."""
    return counted_hours(None, of_people(people)).subquery("counted")


def of_people(people: Iterable[int]) -> ColumnElement[bool]:
    """The condition on `HoursEntry` that says: of one of these people, on whichever row it stands."""
    rows = select(Volunteer.id).where(Volunteer.person_id().in_(list(people)))
    return HoursEntry.volunteer_id.in_(rows)


def get_served(volunteer_id: int, from_on: date = EARLIEST, until_on: date = date.max) -> Served:
    """Minutes and services that count, of those days."""
    counted = counted_of(volunteer_id)
    row = db.session.execute(
        select(func.coalesce(func.sum(counted.c.minutes), 0), func.count(func.distinct(counted.c.order_id))).where(
            counted.c.served_on.between(from_on, until_on)
        )
    ).one()
    return Served(int(row[0]), int(row[1]))


def find_first_service(volunteer_id: int) -> date | None:
    """The first day that counts."""
    first: date | None = db.session.scalar(select(func.min(counted_of(volunteer_id).c.served_on)))
    return first
