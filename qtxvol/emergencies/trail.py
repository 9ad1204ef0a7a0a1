"""What was done about an emergency, in lines that nobody can change."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account
from qtxvol.base import AnyRow
from qtxvol.emergencies.models import Emergency, EmergencyEvent
from qtxvol.emergencies.rules import LONGEST_REASON
from qtxvol.extensions import db
from qtxvol.orders.models import Order


def note(
    emergency: Emergency,
    deed: str,
    actor: Actor,
    now: datetime,
    *,
    about: Mapping[str, Any] | None = None,
    reason: str = "",
    order_id: int | None = None,
) -> None:
    """Add a line. Inside the caller's transaction, with the emergency locked: the lines are numbered."""
    last = select(func.coalesce(func.max(EmergencyEvent.sequence), 0)).where(
        EmergencyEvent.emergency_id == emergency.id
    )
    db.session.add(
        EmergencyEvent(
            emergency_id=emergency.id,
            sequence=(db.session.scalar(last) or 0) + 1,
            deed=deed,
            order_id=order_id,
            about=dict(about or {}),
            reason=reason[:LONGEST_REASON],
            actor_key=actor.key,
            party=str(actor.party),
            actor_name=actor.name[:64],
            actor_account_id=actor.account_id,
            happened_at=now,
        )
    )
    db.session.flush()


def list_trail(emergency_id: int) -> Sequence[AnyRow]:
    """Every line, newest first, with the number of the order that it is about, and the name of the account."""
    return db.session.execute(
        select(EmergencyEvent, Order.number, Account.display_name)
        .outerjoin(Order, Order.id == EmergencyEvent.order_id)
        .outerjoin(Account, Account.id == EmergencyEvent.actor_account_id)
        .where(EmergencyEvent.emergency_id == emergency_id)
        .order_by(EmergencyEvent.sequence.desc())
    ).all()
