"""Did a closed service take place? Residents say so in their ratings; here the community confirms what nobody rated,
and the office settles what is disputed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import exists, select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.office import check_office
from qtxvol.accounts.permissions import visible_orders
from qtxvol.base import AnyRow
from qtxvol.directory.models import MenuItem
from qtxvol.extensions import db
from qtxvol.hours.ledger import list_threads
from qtxvol.hours.models import Presence
from qtxvol.hours.queries import confirmation_of, list_disputed_orders
from qtxvol.hours.requests import correct_by_decision
from qtxvol.hours.rules import Confirmation
from qtxvol.orders.lifecycle import Party, Status
from qtxvol.orders.models import Order, Rating
from qtxvol.orders.transition import lock_order
from qtxvol.refusals import Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team

LONGEST_TEXT = 500

__all__ = ["confirm_presence", "list_disputed_orders", "list_unconfirmed", "say_presence", "settle_dispute"]


def confirm_presence(number: str, actor: Actor, now: datetime) -> bool:
    """The community saw the service: one tap for a closed order that nobody has rated. False when it was said before.

    :raise NotFound: no such order of this community's.
    :raise Refused: `wrong_party` (403); `not_closed`, `is_rated` (409): the resident has said already.
    """
    if actor.party is not Party.COMMUNITY:
        raise Refused("wrong_party", 403)
    with transaction():
        order = lock_order(number, actor)
        _check_closed(order)
        if _find_own(order, Party.COMMUNITY) is not None:
            return False
        rated = exists().where(Rating.order_id == order.id, Rating.closure == order.closures_count)
        if db.session.scalar(select(rated)):
            raise Refused("is_rated", 409)
        say_presence(order, actor, did_take_place=True, text="", now=now)
        return True


def settle_dispute(number: str, actor: Actor, *, did_take_place: bool, text: str, now: datetime) -> None:
    """The office settles a disputed service. If it did not take place, everybody's hours are corrected to nothing.

    :raise NotFound: no such order.
    :raise Refused: `wrong_party` (403); `not_closed`, `not_disputed` (409); `missing` (422).
    """
    check_office(actor)
    if not text.strip():
        raise Refused("missing", 422, field="text")
    with transaction():
        order = lock_order(number, actor)
        _check_closed(order)
        if confirmation_of(order) != Confirmation.DISPUTED or _find_own(order, Party.OFFICE) is not None:
            raise Refused("not_disputed", 409)
        say_presence(order, actor, did_take_place=did_take_place, text=text, now=now)
        if did_take_place:
            return
        for thread in list_threads(order.id):
            if thread.minutes:
                correct_by_decision(thread, order, actor, minutes=0, reason="did_not_take_place", text=text, now=now)


def say_presence(order: Order, actor: Actor, *, did_take_place: bool, text: str, now: datetime) -> None:
    """Keep the word of this party on the latest closing; the later word counts. Inside the caller's transaction."""
    if actor.account_id is None:
        raise Refused("wrong_party", 403)
    own = _find_own(order, actor.party)
    if own is None:
        own = Presence(order_id=order.id, closure=order.closures_count, party=actor.party)
        db.session.add(own)
    own.did_take_place, own.text, own.said_at = did_take_place, text.strip()[:LONGEST_TEXT], now
    own.name, own.account_id = actor.name, actor.account_id
    db.session.flush()


def list_unconfirmed(actor: Actor, limit: int = 100) -> Sequence[AnyRow]:
    """Closed orders of the community that nobody has rated or confirmed, the latest first; one statement."""
    rated = exists().where(Rating.order_id == Order.id, Rating.closure == Order.closures_count)
    said = exists().where(Presence.order_id == Order.id, Presence.closure == Order.closures_count)
    return db.session.execute(
        select(
            Order.number,
            Order.wish,
            Order.venue,
            Order.actual_start,
            Order.actual_end,
            Order.attendance,
            MenuItem.name.label("item_name"),
            MenuItem.name_en.label("item_name_en"),
            Team.name.label("team"),
            Team.name_en.label("team_en"),
        )
        .outerjoin(MenuItem, MenuItem.id == Order.menu_item_id)
        .outerjoin(Team, Team.id == Order.team_id)
        .where(visible_orders(actor), Order.status == Status.CLOSED, Order.counts(), ~rated, ~said)
        .order_by(Order.closed_at.desc(), Order.id.desc())
        .limit(limit)
    ).all()


def _check_closed(order: Order) -> None:
    if order.status != Status.CLOSED:
        raise Refused("not_closed", 409)


def _find_own(order: Order, party: Party) -> Presence | None:
    return db.session.scalars(
        select(Presence).where(
            Presence.order_id == order.id, Presence.closure == order.closures_count, Presence.party == str(party)
        )
    ).one_or_none()
