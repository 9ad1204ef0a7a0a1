"""Reads of the outbox, and the one change that a reader makes: having read."""

from datetime import datetime

from sqlalchemy import ColumnElement, String, and_, cast, func, or_, select, update

from qtxvol.accounts.actor import Actor, division_prefix
from qtxvol.accounts.permissions import visible_orders
from qtxvol.base import AnyRow
from qtxvol.directory.models import MenuItem
from qtxvol.extensions import db
from qtxvol.notices.models import Notice
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import Order, OrderEvent
from qtxvol.paging import Page, select_page
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Volunteer


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
            scope = Notice.order_id.in_(select(Order.id).where(visible_orders(actor)))
        case Party.VOLUNTEER:
            mine_too = Volunteer.rows_of(actor.volunteer_id or 0).subquery()  # rows that were merged into it
            scope = or_(Notice.scope == str(actor.volunteer_id), Notice.scope.in_(select(cast(mine_too.c.id, String))))
        case _:
            scope = Notice.scope == ""
    return and_(Notice.party == actor.party, scope)


def count_unread(actor: Actor, now: datetime) -> int:
    """Notices that nobody of the seat's body has read."""
    unread = select(func.count()).where(told(actor), Notice.read_at.is_(None), is_shown(now))
    return db.session.scalar(unread) or 0


def is_shown(now: datetime) -> ColumnElement[bool]:
    """The notice is due, and what it says is still so."""
    return and_(Notice.due_at <= now, Notice.withdrawn_at.is_(None))


def list_notices(actor: Actor, page: int, now: datetime, *, is_unread_only: bool = False) -> Page[AnyRow]:
    """Newest first, by when each was due: a reminder is queued long before. Rows of (Notice, OrderEvent, ...), the
    event and the order None where it is about none; two statements."""
    statement = (
        select(
            Notice,
            Notice.id,
            Order.number,
            Order.wish,
            OrderEvent,
            MenuItem.name.label("item_name"),
            MenuItem.name_en.label("item_name_en"),
        )
        .outerjoin(Order, Order.id == Notice.order_id)
        .outerjoin(OrderEvent, OrderEvent.id == Notice.event_id)
        .outerjoin(MenuItem, MenuItem.id == Order.menu_item_id)
        .where(told(actor), is_shown(now))
        .order_by(Notice.due_at.desc(), Notice.id.desc())
    )
    if is_unread_only:
        statement = statement.where(Notice.read_at.is_(None))
    return select_page(statement, page)


def mark_read(actor: Actor, up_to: int, now: datetime) -> None:
    """Everything that stands in the list from the notice `up_to` downwards has been read by somebody of the seat's
    body; what came after the reader's page has not."""
    with transaction():
        due_at = db.session.scalar(select(Notice.due_at).where(Notice.id == up_to, told(actor)))
        if due_at is None:
            return
        is_seen = or_(Notice.due_at < due_at, and_(Notice.due_at == due_at, Notice.id <= up_to))
        _mark(actor, is_seen, now)


def mark_one_read(actor: Actor, notice_id: int, now: datetime) -> None:
    """This one has been read. Read before, or none of the seat's: nothing happens."""
    with transaction():
        _mark(actor, Notice.id == notice_id, now)


def _mark(actor: Actor, which: ColumnElement[bool], now: datetime) -> None:
    db.session.execute(
        update(Notice)
        .where(told(actor), which, Notice.read_at.is_(None), is_shown(now))
        .values(read_at=now, read_by_account_id=actor.account_id)
        .execution_options(synchronize_session=False)
    )
