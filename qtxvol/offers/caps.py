"""Teams that are not to be asked about ordinary orders just now: their leader takes a pause, or was asked often enough
this week. The service keeps to it; a person may go past it, which is recorded. Emergencies ask anybody."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, select

from qtxvol.base import CITY_TIME
from qtxvol.extensions import db
from qtxvol.offers.rules import get_settings
from qtxvol.orders.lifecycle import Label
from qtxvol.orders.models import Offer, Order
from qtxvol.volunteers.models import Team

#: What a person went past in asking a team: codes of `Offer.override_why`.
PASSED: Mapping[str, Label] = {
    "muted": Label("队长暂停了询问，仍请了", "Asked although its leader takes a pause"),
    "asked_enough": Label("本周已问到上限，仍请了", "Asked although it was asked often enough this week"),
}


def list_asked_enough(now: datetime, team_ids: Collection[int] | None = None) -> set[int]:
    """Teams that were asked about ordinary and urgent orders as often this week as they may be; one statement.

    :param team_ids: only these; None: all.
    """
    local = now.astimezone(CITY_TIME)
    monday = datetime.combine(local.date(), datetime.min.time(), CITY_TIME) - timedelta(days=local.weekday())
    asks = (
        select(Offer.team_id)
        .join(Order, Order.id == Offer.order_id)
        .where(Offer.asked_at >= monday, Order.urgency != "emergency", Order.counts())
        .group_by(Offer.team_id)
        .having(func.count() >= get_settings().team_asks_a_week)
    )
    return set(db.session.scalars(asks if team_ids is None else asks.where(Offer.team_id.in_(team_ids))))


def list_unwilling(order: Order, team_ids: Collection[int], now: datetime) -> dict[int, str]:
    """Those of the teams that the service would not ask about this order now, each with a code of `PASSED`."""
    if order.urgency == "emergency":
        return {}
    paused = select(Team.id).where(Team.id.in_(team_ids), Team.asks_paused_until > now)
    return dict.fromkeys(list_asked_enough(now, team_ids), "asked_enough") | dict.fromkeys(
        db.session.scalars(paused), "muted"
    )
