"""What speaks for somebody in one year, from the rows: hours and services that stand, who confirmed and rated them,
objections that were upheld. Reads only; two statements for everybody, the same rows one by one for one person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

from sqlalchemy import ColumnElement, Subquery, and_, case, func, select

from qtxvol.base import CITY_TIME, AnyRow
from qtxvol.directory.models import Division, MenuItem
from qtxvol.extensions import db
from qtxvol.hours.models import HoursObjection, HoursRequest
from qtxvol.hours.queries import counted_hours
from qtxvol.hours.rules import Confirmation
from qtxvol.orders.models import Order, Rating
from qtxvol.recognition.ledger import of_people
from qtxvol.volunteers.models import Volunteer


@dataclass(frozen=True, slots=True)
class Evidence:
    """One person's year.

    :ivar confirmed: services that the resident's rating or the community's word says took place.
    :ivar rated: services with a rating; `ratings` of them (several may rate one), `stars_total` added up.
    :ivar objections: upheld within the year.
    """

    person_id: int
    minutes: int
    services: int
    confirmed: int
    rated: int
    ratings: int
    stars_total: int
    objections: int

    @classmethod
    def none(cls, person_id: int) -> "Evidence":
        return cls(person_id, 0, 0, 0, 0, 0, 0, 0)


def list_evidence(year: int) -> list[Evidence]:
    """Everybody who served in the year; two statements."""
    standing = _counted(year)
    ratings = _ratings()
    rows = db.session.execute(
        select(
            standing.c.person_id,
            func.sum(standing.c.minutes),
            func.count(),
            func.sum(_is_confirmed(standing)),
            func.count(ratings.c.order_id),
            func.coalesce(func.sum(ratings.c.ratings), 0),
            func.coalesce(func.sum(ratings.c.stars), 0),
        )
        .join(Order, Order.id == standing.c.order_id)
        .outerjoin(ratings, ratings.c.order_id == Order.id)
        .group_by(standing.c.person_id)
    )
    objections = _count_objections(year)
    return [
        Evidence(
            person, int(minutes), services, int(confirmed), rated, int(count), int(stars), objections.get(person, 0)
        )
        for person, minutes, services, confirmed, rated, count, stars in rows
    ]


def list_rows(volunteer_id: int, year: int) -> Sequence[AnyRow]:
    """The services behind one person's evidence, in order of the day; one statement.

    :return: rows of (number, wish, item_name, item_name_en, town, town_en, served_on, minutes, is_confirmed, ratings,
        stars). `ratings` 0 is "not rated".
    """
    standing = _counted(year, of_people([volunteer_id]))
    ratings = _ratings()
    return db.session.execute(
        select(
            Order.number,
            Order.wish,
            MenuItem.name.label("item_name"),
            MenuItem.name_en.label("item_name_en"),
            Division.display_name.label("town"),
            Division.name_en.label("town_en"),
            standing.c.served_on,
            standing.c.minutes,
            _is_confirmed(standing).label("is_confirmed"),
            func.coalesce(ratings.c.ratings, 0).label("ratings"),
            func.coalesce(ratings.c.stars, 0).label("stars"),
        )
        .join(Order, Order.id == standing.c.order_id)
        .outerjoin(ratings, ratings.c.order_id == Order.id)
        .outerjoin(MenuItem, MenuItem.id == Order.menu_item_id)
        .outerjoin(Division, Division.code == func.substr(Order.division_code, 1, 9).concat("000"))
        .where(standing.c.person_id == volunteer_id)
        .order_by(standing.c.served_on, Order.number)
    ).all()


def _ratings() -> Subquery:
    """Ratings of each order's last closing: a service that was done again is not judged by its first time."""
    return (
        select(
            Rating.order_id,
            func.count().label("ratings"),
            func.sum(Rating.stars).label("stars"),
        )
        .join(Order, and_(Order.id == Rating.order_id, Order.closures_count == Rating.closure))
        .group_by(Rating.order_id)
        .subquery()
    )


def _counted(year: int, *only: ColumnElement[bool]) -> Subquery:
    counted = counted_hours(None, *only).subquery("counted")
    return select(counted).where(counted.c.served_on.between(date(year, 1, 1), date(year, 12, 31))).subquery("year")


def _is_confirmed(standing: Subquery) -> ColumnElement[int]:
    """1 where somebody besides the team says that it took place."""
    return case((standing.c.confirmation == str(Confirmation.UNCONFIRMED), 0), else_=1)


def _count_objections(year: int) -> dict[int, int]:
    """Upheld within the year, by person."""
    first, after = (
        datetime.combine(date(each, 1, 1), time(), tzinfo=CITY_TIME).astimezone(UTC) for each in (year, year + 1)
    )
    rows = db.session.execute(
        select(Volunteer.person_id(), func.count())
        .select_from(HoursObjection)
        .join(HoursRequest, HoursRequest.id == HoursObjection.request_id)
        .join(Volunteer, Volunteer.id == HoursRequest.volunteer_id)
        .where(HoursObjection.status == "upheld", HoursObjection.decided_at >= first, HoursObjection.decided_at < after)
        .group_by(Volunteer.person_id())
    )
    return {person_id: count for person_id, count in rows}
