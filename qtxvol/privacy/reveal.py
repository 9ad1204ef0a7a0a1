"""Looking at a full number: the only way there is, and each look is written down with its reason.

Everywhere else a page shows the last digits. Who may look is `accounts.permissions.contact_access` for a resident;
for a volunteer the office, and the leader of the volunteer's own team for the telephone alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account
from qtxvol.accounts.permissions import ContactAccess, contact_access, visible_orders
from qtxvol.base import AnyRow
from qtxvol.extensions import db
from qtxvol.orders.calls import Contact
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import Order
from qtxvol.paging import Page, select_page
from qtxvol.privacy.models import Reveal
from qtxvol.privacy.numbers import has_own_number
from qtxvol.privacy.reasons import ORDER_REASONS, PAGE_REASONS, VOLUNTEER_FIELDS, VOLUNTEER_REASONS
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Volunteer

#: The same look again within this time is one look: a double tap, a page that was loaded anew.
ONE_LOOK = timedelta(minutes=10)
LONGEST_NOTE = 60


@dataclass(frozen=True, slots=True)
class Revealed:
    """A full number and whose it is.

    :ivar contact: `first` or `second`, of an order.
    """

    name: str
    number: str
    contact: str = Contact.FIRST


def reveal_contact(
    number: str, actor: Actor, *, reason: str, note: str = "", contact: str = Contact.FIRST, now: datetime
) -> Revealed:
    """The resident's full phone, for a seat that may call; the look is kept, and the resident can read of it.

    :param reason: a code of `ORDER_REASONS`; `other` wants a `note`.
    :param contact: `second` for the number of whoever the resident named besides.
    :raise NotFound: no such order within the actor's scope.
    :raise Refused: `wrong_party` (403): not theirs to call, or not just now; `invalid` (409): erased; (422) with
        `field`: no such reason, or a number inside the note.
    """
    note = _check_reason(reason, note, ORDER_REASONS)
    with transaction():
        order = db.session.scalars(select(Order).where(Order.number == number, visible_orders(actor))).one_or_none()
        if order is None:
            raise NotFound(number)
        if contact_access(actor, order) is not ContactAccess.FULL:
            raise Refused("wrong_party", 403)
        is_second = contact == Contact.SECOND
        _check_there(order.second_phone_tail if is_second else order.contact_phone_tail)
        _write_down(actor, reason, note, now, field="second_phone" if is_second else "phone", order_ids=[order.id])
        name, phone = (
            (Order.second_name, Order.second_phone) if is_second else (Order.contact_name, Order.contact_phone)
        )
        found = db.session.execute(select(name, phone).where(Order.id == order.id)).one()
        return Revealed(found[0], found[1], Contact.SECOND if is_second else Contact.FIRST)


def reveal_day(actor: Actor, order_ids: Sequence[int], *, reason: str, now: datetime) -> dict[int, str]:
    """The full phones of the accepted services among `order_ids`, each look kept: for a day page that goes along, or
    a sheet that is printed.

    :param reason: a code of `PAGE_REASONS`.
    :return: by order id; orders whose contact is not the actor's to read are left out.
    """
    if reason not in PAGE_REASONS:
        raise ValueError(reason)
    with transaction():
        orders = db.session.scalars(select(Order).where(Order.id.in_(order_ids), visible_orders(actor))).all()
        mine = [
            order.id
            for order in orders
            if contact_access(actor, order) is ContactAccess.FULL and order.contact_phone_tail
        ]
        _write_down(actor, reason, "", now, field="phone", order_ids=mine)
        return _phones(mine)


def list_day_phones(actor: Actor, orders: Sequence[Order], *, since: datetime) -> dict[int, str]:
    """The full phones that this account has taken along since then, as long as they are its to read; one statement,
    and one more when there are any."""
    mine = [order.id for order in orders if contact_access(actor, order) is ContactAccess.FULL]
    if not mine or actor.account_id is None:
        return {}
    taken = db.session.scalars(
        select(Reveal.order_id).where(
            Reveal.account_id == actor.account_id,
            Reveal.revealed_at >= since,
            Reveal.reason == "day",
            Reveal.order_id.in_(mine),
        )
    ).all()
    return _phones([order_id for order_id in taken if order_id is not None])


def reveal_volunteer(
    volunteer_id: int, field: str, actor: Actor, *, reason: str, note: str = "", now: datetime
) -> Revealed:
    """A volunteer's telephone or identity number; the look is kept, and the volunteer can read of it.

    :param field: `phone`, `id_number` or `guardian_phone`.
    :raise NotFound: no such volunteer, or none of the leader's own.
    :raise Refused: `wrong_party` (403); `invalid` (409): nothing stands there; (422) with `field`: as for an order.
    """
    if field not in VOLUNTEER_FIELDS:
        raise NotFound(field)
    if actor.party is not Party.OFFICE and (actor.party is not Party.TEAM or field != "phone"):
        raise Refused("wrong_party", 403)
    note = _check_reason(reason, note, VOLUNTEER_REASONS)
    own = _of_team(actor) if actor.party is Party.TEAM else []
    with transaction():
        column = getattr(Volunteer, field)
        found = db.session.execute(
            select(Volunteer.name, column).where(Volunteer.id == volunteer_id, *own)
        ).one_or_none()
        if found is None:
            raise NotFound(volunteer_id)
        _check_there(found[1])
        _write_down(actor, reason, note, now, field=field, volunteer_id=volunteer_id)
        return Revealed(found[0], found[1])


def get_numbered_volunteer(volunteer_id: int, actor: Actor) -> Volunteer:
    """The volunteer whose numbers the actor's page shows masked: anybody for the office, the own people for a leader.

    :raise NotFound: no such volunteer, or none of the leader's own.
    """
    own = _of_team(actor) if actor.party is Party.TEAM else []
    person = db.session.scalars(select(Volunteer).where(Volunteer.id == volunteer_id, *own)).one_or_none()
    if person is None or actor.party not in (Party.TEAM, Party.OFFICE):
        raise NotFound(volunteer_id)
    return person


def _of_team(actor: Actor) -> list[ColumnElement[bool]]:
    """Of the leader's own team now; a row that was merged is nobody's member any more."""
    return [Volunteer.team_id == actor.team_id, Volunteer.merged_into_id.is_(None)]


def may_reveal_volunteer(actor: Actor, person: Volunteer) -> tuple[str, ...]:
    """The fields of `person` that this seat may look at in full, with a reason."""
    if actor.party is Party.OFFICE:
        return VOLUNTEER_FIELDS
    return ("phone",) if actor.party is Party.TEAM and person.team_id == actor.team_id else ()


# The reads


def list_reveals_of_order(order_id: int) -> Sequence[Reveal]:
    """Who looked at this resident's number, newest first."""
    return db.session.scalars(select(Reveal).where(Reveal.order_id == order_id).order_by(Reveal.id.desc())).all()


def list_reveals_of_volunteer(volunteer_id: int) -> Sequence[Reveal]:
    """Who looked at a number of this volunteer, in whichever of their rows, newest first."""
    return db.session.scalars(
        select(Reveal).where(Reveal.volunteer_id.in_(Volunteer.rows_of(volunteer_id))).order_by(Reveal.id.desc())
    ).all()


def list_reveals(page: int = 1) -> Page[AnyRow]:
    """All of them for the office, newest first, with the account that looked and whose number it was."""
    return select_page(
        select(Reveal, Account.username, Order.number, Volunteer.number.label("volunteer_number"))
        .outerjoin(Account, Account.id == Reveal.account_id)
        .outerjoin(Order, Order.id == Reveal.order_id)
        .outerjoin(Volunteer, Volunteer.id == Reveal.volunteer_id)
        .order_by(Reveal.id.desc()),
        page,
    )


def _phones(order_ids: Sequence[int]) -> dict[int, str]:
    if not order_ids:
        return {}
    rows = db.session.execute(select(Order.id, Order.contact_phone).where(Order.id.in_(order_ids)))
    return {row.id: row.contact_phone for row in rows}


def _check_reason(reason: str, note: str, reasons: Mapping[str, object]) -> str:
    note = note.strip()
    if reason not in reasons:
        raise Refused("unknown", 422, field="reason")
    if reason == "other" and not note:
        raise Refused(
            "invalid", 422, field="note", message="请写明为什么要看。", message_en="Say why you have to see it."
        )
    if has_own_number(note) or len(note) > LONGEST_NOTE:
        raise Refused(
            "invalid",
            422,
            field="note",
            message=f"最多 {LONGEST_NOTE} 个字，不要写号码：本人会看到这句话。",
            message_en=f"At most {LONGEST_NOTE} characters and no numbers: the person concerned will read it.",
        )
    return note


def _check_there(number: str | None) -> None:
    if not number:
        raise Refused(
            "invalid",
            409,
            message="这里没有号码：没有登记过，或已经删除。",
            message_en="There is no number here: none was given, or it has been erased.",
        )


def _write_down(
    actor: Actor,
    reason: str,
    note: str,
    now: datetime,
    *,
    field: str,
    order_ids: Sequence[int] = (),
    volunteer_id: int | None = None,
) -> None:
    whose = Reveal.order_id.in_(order_ids) if order_ids else Reveal.volunteer_id == volunteer_id
    seen = db.session.execute(
        select(Reveal.order_id, Reveal.volunteer_id).where(
            whose,
            Reveal.account_id == actor.account_id,
            Reveal.field == field,
            Reveal.reason == reason,
            Reveal.note == note,
            Reveal.revealed_at > now - ONE_LOOK,
        )
    ).all()
    wanted: list[tuple[int | None, int | None]] = [(order_id, None) for order_id in order_ids]
    if volunteer_id is not None:
        wanted.append((None, volunteer_id))
    db.session.add_all(
        Reveal(
            order_id=order_id,
            volunteer_id=person_id,
            field=field,
            reason=reason,
            note=note,
            party=actor.party,
            actor_name=actor.name,
            account_id=actor.account_id,
            revealed_at=now,
        )
        for order_id, person_id in wanted
        if (order_id, person_id) not in {(row.order_id, row.volunteer_id) for row in seen}
    )
