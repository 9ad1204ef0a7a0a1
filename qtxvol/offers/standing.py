"""Where the orders of a list stand with those who are asked: one word a row, a constant number of statements."""

from collections.abc import Collection
from enum import StrEnum

from sqlalchemy import and_, func, select

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.notices.models import Notice
from qtxvol.orders.lifecycle import Party, Status
from qtxvol.orders.models import Offer, Order


class Standing(StrEnum):
    """What a row of a list says. The first four a department reads, the others a team."""

    #: A team has said yes and finds its people.
    CREWING = "crewing"
    #: The department wants this very team.
    HANDED = "handed"
    #: The service has nobody left to ask.
    NOBODY = "nobody"
    #: The service asks, wave after wave.
    ASKED_FOR = "asked_for"
    HELD = "held"
    STANDBY = "standby"
    ASKED = "asked"


def list_standings(actor: Actor, order_ids: Collection[int]) -> dict[int, Standing]:
    """By order, of those that wait for a team; nothing for the others. One statement for a team, two for a
    department."""
    if actor.party is Party.TEAM:
        return _list_for_team(actor.team_id or 0, order_ids)
    return _list_for_department(order_ids) if actor.party is Party.DEPARTMENT else {}


def _list_for_team(team_id: int, order_ids: Collection[int]) -> dict[int, Standing]:
    """By the team's newest question, unless it counts no more."""
    rows = db.session.execute(
        select(Offer.order_id, Offer.answer, Offer.voided_at)
        .join(Order, Order.id == Offer.order_id)
        .where(Offer.order_id.in_(order_ids), Offer.team_id == team_id, Order.status == Status.CLAIMED)
        .order_by(Offer.wave)
    )
    words = {None: Standing.ASKED, "held": Standing.HELD, "standby": Standing.STANDBY}
    newest = {row.order_id: None if row.voided_at else words.get(row.answer) for row in rows}
    found = {order: standing for order, standing in newest.items() if standing is not None}
    held = select(Order.id).where(
        Order.id.in_(order_ids), Order.held_team_id == team_id, Order.status == Status.CLAIMED
    )
    return found | dict.fromkeys(db.session.scalars(held), Standing.HELD)  # unasked too


def _list_for_department(order_ids: Collection[int]) -> dict[int, Standing]:
    orders = db.session.execute(
        select(
            Order.id,
            Order.held_team_id,
            Order.handed_team_id,
            Order.is_auto_asked,
            func.count(Offer.id).filter(Offer.is_owed(), Offer.silent_at.is_(None)).label("pending"),
        )
        .outerjoin(Offer, Offer.order_id == Order.id)
        .where(Order.id.in_(order_ids), Order.status == Status.CLAIMED)
        .group_by(Order.id)
    ).all()
    told = _list_ends(order_ids)
    found = {}
    for row in orders:
        if row.held_team_id is not None:
            found[row.id] = Standing.CREWING
        elif row.handed_team_id is not None:
            found[row.id] = Standing.HANDED
        elif row.is_auto_asked:
            found[row.id] = Standing.NOBODY if row.id in told and not row.pending else Standing.ASKED_FOR
    return found


def _list_ends(order_ids: Collection[int]) -> set[int]:
    """Of which the department was told that nobody is left, since they stand where they stand."""
    told = select(Notice.order_id).join(
        Order, and_(Order.id == Notice.order_id, Notice.queued_at >= Order.status_since)
    )
    wanted = told.where(Notice.kind == "nobody_left", Notice.order_id.in_(order_ids))
    return {order_id for order_id in db.session.scalars(wanted) if order_id is not None}
