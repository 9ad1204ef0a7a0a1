"""Lots of hours at once, for tests of recognition: written by the ledger's own writer, on closed orders."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.hours.ledger import Stay, write_stays
from qtxvol.orders.models import Order, OrderEvent
from qtxvol.orders.transition import Outcome
from qtxvol.orders.windows import Window
from qtxvol.storage import transaction
from tests.factories import NOW, City, closed, window


def add_hours(city: City, volunteer_id: int, hours: int, *, now: datetime = NOW) -> Outcome:
    """A closed service that counts `hours` for somebody; only the ledger line is larger than life."""
    before = db.session.scalar(select(func.count()).select_from(Order)) or 0
    order = closed(city, now, agreed=window(3 + before / 10, now=now))  # nobody serves twice at one time
    _write(city.team, order, volunteer_id, hours, now)
    return order


def _write(actor: Actor, order: Outcome, volunteer_id: int, hours: int, now: datetime) -> None:
    start = now - timedelta(hours=hours)
    with transaction():
        row = db.session.get_one(Order, order.order_id)
        event = db.session.scalars(
            select(OrderEvent).where(OrderEvent.order_id == row.id, OrderEvent.action == "close")
        ).one()
        write_stays(row, [Stay(volunteer_id, hours * 60, Window(start, now), "leader")], actor, event, now)
