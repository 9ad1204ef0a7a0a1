"""Reads of the outbox, and the one change that a reader makes: having read."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select, update

from qtxvol.accounts.actor import Actor, division_prefix
from qtxvol.base import AnyRow
from qtxvol.directory.models import MenuItem
from qtxvol.extensions import db
from qtxvol.notices.models import Notice
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import Order, OrderEvent
from qtxvol.paging import Page, select_page
from qtxvol.storage import transaction


def told(actor: Actor) -> ColumnElement[bool]:
    """The notices that this seat is meant to read."""
    scope: ColumnElement[bool]
    match actor.party:
        case Party.COMMUNITY:
            prefix = division_prefix(actor.division_code or "")
            scope = Notice.scope.between(prefix.ljust(12, "0"), prefix.ljust(12, "9"))
        case Party.DEPARTMENT:
            scope = Notice.scope == actor.department_id
        case Party.TEAM:
            scope = Notice.scope == str(actor.team_id)
        case Party.RESIDENT:
            mine = select(Order.id).where(Order.placed_by_account_id == actor.account_id, Order.is_on_behalf.is_(False))
            scope = Notice.order_id.in_(mine)
        case Party.VOLUNTEER:
            scope = Notice.scope == str(actor.volunteer_id)
        case _:
            scope = Notice.scope == ""
    return and_(Notice.party == actor.party, scope)


def count_unread(actor: Actor) -> int:
    return db.session.scalar(select(func.count()).where(told(actor), Notice.read_at.is_(None))) or 0


def list_notices(actor: Actor, page: int) -> Page[AnyRow]:
    """Newest first; two statements."""
    statement = (
        select(
            Notice.id,
            Notice.queued_at,
            Notice.read_at,
            Order.number,
            Order.wish,
            OrderEvent,
            MenuItem.name.label("item_name"),
            MenuItem.name_en.label("item_name_en"),
        )
        .join(Order, Order.id == Notice.order_id)
        .join(OrderEvent, OrderEvent.id == Notice.event_id)
        .outerjoin(MenuItem, MenuItem.id == Order.menu_item_id)
        .where(told(actor))
        .order_by(Notice.id.desc())
    )
    return select_page(statement, page)


def mark_read(actor: Actor, up_to: int, now: datetime) -> None:
    """Everything up to the notice `up_to` has been read by somebody of the seat's body."""
    with transaction():
        db.session.execute(
            update(Notice)
            .where(told(actor), Notice.id <= up_to, Notice.read_at.is_(None))
            .values(read_at=now, read_by_account_id=actor.account_id)
            .execution_options(synchronize_session=False)
        )
