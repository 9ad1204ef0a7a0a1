"""How the asking of teams and people goes: for operators, not for judging anybody. Exercises left out."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from qtxvol.extensions import db
from qtxvol.offers.shares import percentile
from qtxvol.orders.lifecycle import Action, Status
from qtxvol.orders.models import CrewAsk, Hold, Offer, Order, OrderEvent

#: "Lately": what the times to acceptance are read from.
RECENT = timedelta(days=7)
#: The worker looks every few seconds; an order that waits this long for its next look is stuck.
LATE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Asking:
    """:ivar offers: teams asked by name in the last 24 hours, `asks` people; `waves` that went out.
    :ivar holds: teams that are finding their people now.
    :ivar auto: claimed orders for which the service asks by itself; `late` of them should have been looked at by now.
    :ivar median_hours: and `p90_hours` from placing to the first acceptance, of the last 7 days; None without any.
    """

    offers: int
    waves: int
    asks: int
    holds: int
    auto: int
    late: int
    accepted: int
    median_hours: float | None
    p90_hours: float | None


def read_asking(now: datetime) -> Asking:
    """Counts of the last day, what is under way, and the times of the last week: two statements."""
    day = now - timedelta(days=1)
    waiting = Order.status == Status.CLAIMED, Order.is_auto_asked, Order.counts()
    # nobody looks while a team finds its people, or while the resident is being asked something
    is_late = Order.next_wave_at < now - LATE, Order.held_team_id.is_(None), Order.clock_stopped_at.is_(None)
    offers = select(Offer.order_id, Offer.wave).join(Order, Order.id == Offer.order_id)
    offers = offers.where(Offer.asked_at > day, Offer.asked_at <= now, Order.counts())
    asked = select(CrewAsk.id).join(Order, Order.id == CrewAsk.order_id)
    asked = asked.where(CrewAsk.asked_at > day, CrewAsk.asked_at <= now, Order.counts())
    held = select(Hold.id).join(Order, Order.id == Hold.order_id).where(Hold.ended_at.is_(None), Order.counts())
    row = db.session.execute(
        select(
            select(func.count()).select_from(offers.subquery()).scalar_subquery(),
            select(func.count()).select_from(offers.distinct().subquery()).scalar_subquery(),
            select(func.count()).select_from(asked.subquery()).scalar_subquery(),
            select(func.count()).select_from(held.subquery()).scalar_subquery(),
            select(func.count(Order.id)).where(*waiting).scalar_subquery(),
            select(func.count(Order.id)).where(*waiting, *is_late).scalar_subquery(),
        )
    ).one()
    first = select(func.min(OrderEvent.sequence)).where(
        OrderEvent.order_id == Order.id, OrderEvent.action == Action.ACCEPT
    )
    times = db.session.execute(
        select(OrderEvent.happened_at, Order.placed_at)
        .join(Order, Order.id == OrderEvent.order_id)
        .where(
            OrderEvent.action == Action.ACCEPT,
            OrderEvent.happened_at > now - RECENT,
            OrderEvent.happened_at <= now,
            OrderEvent.sequence == first.correlate(Order).scalar_subquery(),
            Order.counts(),
        )
    )
    hours = [(accepted - placed) / timedelta(hours=1) for accepted, placed in times]
    return Asking(*row, len(hours), percentile(hours, 0.5), percentile(hours, 0.9))
