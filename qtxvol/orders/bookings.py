"""When people are taken: named for an accepted service, or by their yes while a crew is found. Nobody serves twice at
one time."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select

from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Status
from qtxvol.orders.models import Crew, CrewAsk, Hold, Order
from qtxvol.orders.windows import Window
from qtxvol.volunteers.models import Volunteer


@dataclass(frozen=True, slots=True)
class Booking:
    """Somebody's time that is taken.

    :ivar person_id: the row that the person goes on with.
    """

    person_id: int
    name: str
    order_id: int
    window: Window


def list_bookings(people: Collection[int], within: Window, *, without_order: int) -> list[Booking]:
    """What these people have promised that lies, in part at least, within a time; two statements.

    :param people: ids of rows that persons go on with.
    :param without_order: whose own promises don't count.
    """
    if not people:
        return []
    named = (
        select(Volunteer.person_id().label("person"), Volunteer.name, Order.id, Order.agreed_start, Order.agreed_end)
        .join(Crew, Crew.volunteer_id == Volunteer.id)
        .join(Order, Order.id == Crew.order_id)
        .where(
            Volunteer.person_id().in_(people),
            Order.id != without_order,
            Order.status == Status.ACCEPTED,
            Order.agreed_start < within.ends_at,
            Order.agreed_end > within.starts_at,
        )
    )
    promised = (
        select(Volunteer.person_id(), Volunteer.name, CrewAsk.order_id, CrewAsk.starts_at, CrewAsk.ends_at)
        .join(CrewAsk, CrewAsk.volunteer_id == Volunteer.id)
        .join(Hold, Hold.id == CrewAsk.hold_id)
        .where(
            Volunteer.person_id().in_(people),
            CrewAsk.order_id != without_order,
            CrewAsk.answer == "yes",
            Hold.ended_at.is_(None),
            CrewAsk.starts_at < within.ends_at,
            CrewAsk.ends_at > within.starts_at,
        )
    )
    rows = [*db.session.execute(named), *db.session.execute(promised)]
    return [Booking(person, name, order_id, Window(start, end)) for person, name, order_id, start, end in rows]
