"""Points, where the office uses them: a second ledger, earned by hours that count, spent with a reason. Off by default,
and nothing here ever touches the hours."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.office import check_office
from qtxvol.base import AnyRow
from qtxvol.extensions import db
from qtxvol.hours.ledger import lock_people
from qtxvol.hours.models import PointsEntry
from qtxvol.hours.numbers import get_numbers
from qtxvol.hours.queries import counted_hours
from qtxvol.hours.rules import points_for
from qtxvol.orders.models import Order
from qtxvol.privacy.words import refuse_numbers
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Volunteer


@dataclass(frozen=True, slots=True)
class Credit:
    """What a service has earned so far."""

    points: int
    minutes: int
    per_hour: int


def credit_points(now: datetime) -> int:
    """Write what hours have earned since the last time, and what corrections took away; how many lines. A second run
    writes none.

    An hour keeps the rate at which it was first credited: a new rate is for new hours.
    """
    numbers = get_numbers()
    if not numbers["points_enabled"]:
        return 0
    with transaction():
        counted = counted_hours(now).subquery("counted")
        minutes = {
            (row.person_id, row.order_id): int(row.minutes)
            for row in db.session.execute(
                select(counted.c.person_id, counted.c.order_id, func.sum(counted.c.minutes).label("minutes")).group_by(
                    counted.c.person_id, counted.c.order_id
                )
            )
        }
        credits = _list_credits()
        lines = 0
        for person, order in sorted(minutes.keys() | credits.keys()):
            was = credits.get((person, order), Credit(0, 0, numbers["points_per_hour"]))
            served = minutes.get((person, order), 0)
            points = points_for(served, was.per_hour) - was.points
            if not points:
                continue
            lines += 1
            db.session.add(
                PointsEntry(
                    volunteer_id=person,
                    kind="adjust" if (person, order) in credits else "earn",
                    points=points,
                    order_id=order,
                    minutes=served,
                    per_hour=was.per_hour,
                    created_at=now,
                )
            )
        return lines


def spend_points(actor: Actor, volunteer_id: int, *, points: int, reason: str, now: datetime) -> int:
    """Points given out for something; what is left of them.

    :param points: at least 1.
    :raise NotFound: no such volunteer.
    :raise Refused: `wrong_party` (403); `points_off`, `too_few_points` with `left` (409); `missing` reason,
        `out_of_range` (422).
    """
    check_office(actor)
    if not reason.strip():
        raise Refused("missing", 422, field="reason")
    refuse_numbers("reason", reason)
    if points < 1:
        raise Refused("out_of_range", 422, field="points", low=1, high=100000)
    with transaction():
        if not get_numbers()["points_enabled"]:
            raise Refused("points_off", 409)
        person = lock_people([volunteer_id]).get(volunteer_id)
        if person is None:
            raise NotFound(volunteer_id)
        left = get_balance(person)
        if points > left:
            raise Refused("too_few_points", 409, field="points", left=left)
        db.session.add(
            PointsEntry(
                volunteer_id=person,
                kind="spend",
                points=-points,
                reason=reason.strip()[:120],
                by_account_id=actor.account_id,
                created_at=now,
            )
        )
        return left - points


def get_balance(volunteer_id: int) -> int:
    """Points of the person behind this row."""
    return (
        db.session.scalar(
            select(func.coalesce(func.sum(PointsEntry.points), 0)).where(
                PointsEntry.volunteer_id.in_(_rows_of(volunteer_id))
            )
        )
        or 0
    )


def list_points(volunteer_id: int) -> Sequence[AnyRow]:
    """The lines about one person, newest first."""
    return db.session.execute(
        select(PointsEntry, Order.number)
        .outerjoin(Order, Order.id == PointsEntry.order_id)
        .where(PointsEntry.volunteer_id.in_(_rows_of(volunteer_id)))
        .order_by(PointsEntry.id.desc())
        .limit(200)
    ).all()


def list_balances(search: str = "") -> Sequence[AnyRow]:
    """People with points, most first: id, number, name, points; 100 at most."""
    person = Volunteer.person_id()
    sums = (
        select(person.label("person_id"), func.sum(PointsEntry.points).label("points"))
        .join(Volunteer, Volunteer.id == PointsEntry.volunteer_id)
        .group_by(person)
        .subquery()
    )
    statement = (
        select(Volunteer.id, Volunteer.number, Volunteer.name, sums.c.points)
        .join(sums, sums.c.person_id == Volunteer.id)
        .order_by(sums.c.points.desc(), Volunteer.id)
        .limit(100)
    )
    if search:
        columns = (Volunteer.name, Volunteer.number)
        statement = statement.where(
            columns[0].icontains(search, autoescape=True) | columns[1].icontains(search, autoescape=True)
        )
    return db.session.execute(statement).all()


def _rows_of(volunteer_id: int) -> Select[*tuple[Any, ...]]:
    person = select(Volunteer.person_id()).where(Volunteer.id == volunteer_id).scalar_subquery()
    rows: Select[*tuple[Any, ...]] = Volunteer.rows_of(person)
    return rows


def _list_credits() -> dict[tuple[int, int], Credit]:
    """By person and order."""
    rows = db.session.execute(
        select(
            Volunteer.person_id(), PointsEntry.order_id, PointsEntry.points, PointsEntry.minutes, PointsEntry.per_hour
        )
        .join(Volunteer, Volunteer.id == PointsEntry.volunteer_id)
        .where(PointsEntry.order_id.is_not(None))
        .order_by(PointsEntry.id)
    )
    credits: dict[tuple[int, int], Credit] = {}
    for person, order, points, minutes, per_hour in rows:
        key, rate = (person, order or 0), per_hour or 0
        was = credits.get(key, Credit(0, 0, rate))
        credits[key] = Credit(was.points + points, minutes or 0, was.per_hour)
    return credits


def find_person(number: str) -> int | None:
    """The id of the volunteer with this number."""
    return db.session.scalar(select(Volunteer.id).where(Volunteer.number == number.strip().upper()))
