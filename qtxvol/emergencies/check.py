"""Do emergencies hold together? Their trails are whole and begin and end as they do, their orders are marked as they
are, their review sheets are as they were written. Part of `qtxvol check`."""

from collections import defaultdict
from collections.abc import Iterator

from sqlalchemy import func, select

from qtxvol.emergencies.models import Emergency, EmergencyArea, EmergencyEvent, EmergencyReview, EmergencyTopic
from qtxvol.emergencies.review import checksum_of
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Action
from qtxvol.orders.models import Order, OrderEvent


def check_emergencies() -> Iterator[tuple[str, str]]:
    """(number of the order, or empty; what is off)."""
    yield from _check_events()
    yield from _check_orders()


def _check_events() -> Iterator[tuple[str, str]]:
    trails: dict[int, list[EmergencyEvent]] = defaultdict(list)
    for line in db.session.scalars(
        select(EmergencyEvent).order_by(EmergencyEvent.emergency_id, EmergencyEvent.sequence)
    ):
        trails[line.emergency_id].append(line)
    reviews = {each.emergency_id: each for each in db.session.scalars(select(EmergencyReview))}
    areas = _counts(EmergencyArea)
    topics = _counts(EmergencyTopic)
    for emergency in db.session.scalars(select(Emergency).order_by(Emergency.id)):
        name = f"emergency {emergency.id}"
        trail, review = trails[emergency.id], reviews.get(emergency.id)
        if [line.sequence for line in trail] != list(range(1, len(trail) + 1)):
            yield "", f"{name}: a line of its trail is missing"
        if not trail or trail[0].deed != "open" or trail[0].about.get("is_drill") != emergency.is_drill:
            yield "", f"{name}: its trail does not say how it was opened"
        closings = [line for line in trail if line.deed == "close"]
        if [line.happened_at for line in closings] != ([emergency.closed_at] if emergency.closed_at else []):
            yield "", f"{name}: its trail does not say when it was closed"
        if (review is None) != (emergency.closed_at is None):
            yield "", f"{name}: a closed one has a review sheet, an open one has none"
        if review is not None and checksum_of(review.figures) != review.checksum:
            yield "", f"{name}: its review sheet was changed after it was written"
        if not areas.get(emergency.id) or not topics.get(emergency.id):
            yield "", f"{name}: has no area or no topic"


def _counts(model: type[EmergencyArea] | type[EmergencyTopic]) -> dict[int, int]:
    rows = db.session.execute(select(model.emergency_id, func.count()).group_by(model.emergency_id))
    return {emergency_id: count for emergency_id, count in rows}


def _check_orders() -> Iterator[tuple[str, str]]:
    """An order is an exercise exactly when its placing said so: nothing real is taken out of the figures later."""
    taken_in = {
        (line.emergency_id, line.order_id)
        for line in db.session.execute(
            select(EmergencyEvent.emergency_id, EmergencyEvent.order_id).where(EmergencyEvent.order_id.is_not(None))
        )
    }
    rows = db.session.execute(
        select(Order, OrderEvent.payload, Emergency.is_drill.label("is_exercise"))
        .join(OrderEvent, (OrderEvent.order_id == Order.id) & (OrderEvent.sequence == 1))
        .outerjoin(Emergency, Emergency.id == Order.emergency_id)
        .where(
            Order.emergency_id.is_not(None) | Order.is_drill | (Order.urgency == "emergency"),
            OrderEvent.action == Action.PLACE,
        )
        .order_by(Order.id)
    )
    for order, placed, is_exercise in rows:
        if order.is_drill != bool(placed.get("is_drill")) or (order.emergency_id and order.is_drill != is_exercise):
            yield order.number, "is not marked as an exercise as its placing says"
        said = placed.get("emergency_id")
        if order.emergency_id != said and (order.emergency_id, order.id) not in taken_in:
            yield order.number, "belongs to an emergency, but neither its placing nor the trail says so"
