"""Erasing what says who somebody is. What is counted stays: steps, hours, certificates, ratings, without a name.

Three subjects: the contact of one order, a volunteer, an account with all that hangs on it. Each is refused while it
is still needed, each is written down in `erasures`, and each can be repeated without harm.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NoReturn

from sqlalchemy import JSON, Boolean, Column, ColumnElement, Table, and_, delete, exists, or_, select, update
from sqlalchemy.orm import aliased

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account, SavedView, Seat
from qtxvol.accounts.permissions import visible_orders
from qtxvol.base import Base
from qtxvol.directory.models import MenuItem
from qtxvol.extensions import db
from qtxvol.hours.models import HoursObjection, HoursRequest, Presence
from qtxvol.notices.models import ContactPoint, NoticeWish
from qtxvol.offers.holds import lock_asking, release_people
from qtxvol.offers.learn import forget_people
from qtxvol.offers.models import JointInvite, JointSession
from qtxvol.orders.lifecycle import OPEN, Action, Party, Status
from qtxvol.orders.links import new_nonce
from qtxvol.orders.models import (
    Attachment,
    AttachmentContent,
    CallBack,
    ContactAttempt,
    Crew,
    CrewAsk,
    Offer,
    Order,
    OrderEvent,
    OrderNote,
    Reply,
)
from qtxvol.orders.numbers import spoken
from qtxvol.orders.place import search_text_of
from qtxvol.privacy.models import Correction, Erasure
from qtxvol.privacy.numbers import has_number
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.events import tell
from qtxvol.volunteers.models import Volunteer

#: Stands where a name or a text stood that a row can't be without.
ERASED = "已删除"


class Cause(StrEnum):
    """Why something was erased."""

    ASKED = "asked"
    KEPT_LONG_ENOUGH = "kept_long_enough"


class Fate(StrEnum):
    """What becomes of a table's rows about a volunteer who is erased."""

    KEPT = "kept"
    DELETED = "deleted"


#: Each table that points to a volunteer: kept, deleted, or the columns whose words go. A test says when one is missing.
FATES: Mapping[str, Fate | tuple[str, ...]] = {
    "attendances": Fate.KEPT,
    "certificates": ("identity",),  # the masked name stays, so that the paper can still be checked
    "commendations": Fate.KEPT,
    "contact_points": Fate.DELETED,
    "crew_asks": ("reason", "text"),
    "crews": Fate.KEPT,
    "deliveries": Fate.KEPT,  # which channel, when, how it ended; never an address
    "distinct_pairs": Fate.DELETED,
    "emergency_experts": Fate.KEPT,  # a role in an event; the name is gone with the volunteer's
    "erasures": Fate.KEPT,
    "hours_entries": Fate.KEPT,
    "hours_requests": ("text", "decision"),
    "licences": Fate.DELETED,
    "merges": Fate.KEPT,
    "no_shows": ("objection", "decision"),
    "notice_wishes": Fate.DELETED,
    "points_entries": Fate.KEPT,
    "publication_consents": Fate.DELETED,
    "replies": ("reason", "text"),
    "reveals": Fate.KEPT,
    "seats": Fate.KEPT,  # closed with the account
    "star_awards": Fate.KEPT,
    "team_requests": Fate.DELETED,
    "volunteer_events": Fate.KEPT,  # bodies, never a person
    "volunteer_records": Fate.DELETED,
    "volunteers": Fate.KEPT,  # the rows of one person point to each other
}

#: Columns of a volunteer that say nothing of who it was; every other is emptied, also one that is added tomorrow.
KEPT_COLUMNS = frozenset(
    {"id", "number", "status", "merged_into_id", "team_id", "division_code", "registered_by", "verified_at"}
    | {"created_at", "sanzhang_role", "is_technology_envoy"}
)


def erase_order(number: str, actor: Actor, *, cause: Cause, now: datetime) -> bool:
    """Take the resident out of an order that is over: name, phone, place, words, pictures of the placing, the link.

    What an organisation wrote as its name and place stays: it is nobody's own, and schools are counted by it.
    :return: False when it had been erased before.
    :raise NotFound: no such order within the actor's scope.
    :raise Refused: `wrong_party` (403); `invalid` (409) while the order, or the one it was merged into, is open.
    """
    if actor.party not in (Party.RESIDENT, Party.OFFICE, Party.SYSTEM):
        raise Refused("wrong_party", 403)
    with transaction():
        order = db.session.scalars(
            select(Order).where(Order.number == number, visible_orders(actor)).with_for_update()
        ).one_or_none()
        if order is None:
            raise NotFound(number)
        if order.contact_erased_at is not None:
            return False
        _check_over(order)
        _empty_order(order, now)
        _write_down(actor, cause, now, order_id=order.id)
        return True


def is_over(order: Order) -> bool:
    """May the resident be taken out of it? Cheap: reads the order alone."""
    return order.status not in OPEN


def erase_volunteer(volunteer_id: int, actor: Actor, *, now: datetime) -> bool:
    """Take the person out of all their rows; number, hours and certificates stay, the status becomes `left`.

    :raise NotFound: no such volunteer, or not the actor themself.
    :raise Refused: `wrong_party` (403); `invalid` (409) while the person is named for a service to come, or leads a
        team.
    """
    if actor.party not in (Party.VOLUNTEER, Party.OFFICE, Party.SYSTEM):
        raise Refused("wrong_party", 403)
    if actor.party is Party.VOLUNTEER and actor.volunteer_id != volunteer_id:
        raise NotFound(volunteer_id)
    with transaction():
        person = db.session.get(Volunteer, volunteer_id)
        if person is None:
            raise NotFound(volunteer_id)
        lock_asking(_rows_of(person))  # orders before people, as everywhere
        db.session.refresh(person, with_for_update=True)
        whole = person.merged_into_id or person.id
        rows = db.session.scalars(
            select(Volunteer).where(Volunteer.id.in_(Volunteer.rows_of(whole))).order_by(Volunteer.id).with_for_update()
        ).all()
        if all(row.name == ERASED for row in rows):
            return False
        ids = [row.id for row in rows]
        _check_free_of_services(ids)
        for row in rows:
            _empty_volunteer(row, actor, now)
        db.session.flush()
        release_people(lock_asking(ids), ids, now)  # asked since: nobody asks them any more once they are locked
        _empty_tables(ids)
        _empty_objections(ids)
        forget_people(ids, now)
        _close_accounts(select(Seat.account_id).where(Seat.volunteer_id.in_(ids)))
        for row in rows:
            _write_down(actor, Cause.ASKED, now, volunteer_id=row.id)
        return True


def erase_account(account_id: int, actor: Actor, *, now: datetime) -> None:
    """Take a resident or volunteer out altogether: every order of theirs, the volunteer, and the account itself.

    :raise Refused: `wrong_party` (403): somebody else's; `invalid` (409): an order is still open, a service is to
        come, or it is an account that works for a body.
    """
    if actor.account_id != account_id and actor.party not in (Party.OFFICE, Party.SYSTEM):
        raise Refused("wrong_party", 403)
    with transaction():
        seats = db.session.scalars(select(Seat).where(Seat.account_id == account_id)).all()
        if any(seat.party not in (Party.RESIDENT, Party.VOLUNTEER) for seat in seats):
            _refuse(
                "工作账号由纲要办停用，这里不能删除。请联系纲要办。",
                "An account that works for a body is closed by the office, not here.",
            )
        orders = db.session.scalars(
            select(Order)
            .where(Order.placed_by_account_id == account_id, Order.is_on_behalf.is_(False))
            .order_by(Order.id)
            .with_for_update()
        ).all()
        for order in orders:
            _check_over(order)
        for order in orders:
            if order.contact_erased_at is None:
                _empty_order(order, now)
                _write_down(actor, Cause.ASKED, now, order_id=order.id)
        me = Actor(Party.SYSTEM, actor.name, account_id=actor.account_id)
        for seat in seats:
            if seat.volunteer_id is not None:
                erase_volunteer(seat.volunteer_id, me, now=now)
        _close_accounts(select(Account.id).where(Account.id == account_id))
        _write_down(actor, Cause.ASKED, now, account_id=account_id)


# One order


def _check_over(order: Order) -> None:
    target = db.session.get(Order, order.merged_into_id) if order.merged_into_id else None
    if not is_over(order):
        _refuse(
            f"单号 {spoken(order.number)} 还在办理，要靠这些资料联系。办完或撤单以后再删除。",
            f"{spoken(order.number)} is still open and needs them. Erase after it is done or cancelled.",
        )
    if target is not None and not is_over(target):
        _refuse(
            f"并入的单 {spoken(target.number)} 还在办理，要靠这些资料联系。办完以后再删除。",
            f"{spoken(target.number)}, which this was merged into, is still open. Erase after it is done.",
        )


def _empty_order(order: Order, now: datetime) -> None:
    is_person = order.requester_kind == "resident"
    names = db.session.execute(select(Order.contact_name, Order.second_name).where(Order.id == order.id)).one()
    item = db.session.get(MenuItem, order.menu_item_id) if order.menu_item_id else None
    keeps = {
        each: "" if is_person or _is_personal(getattr(order, each), names) else getattr(order, each)
        for each in ("wish", "venue", "organisation")
    }
    order.contact_name = order.contact_phone = ""
    order.contact_phone_tail = order.contact_phone_digest = ""
    order.second_name = order.second_phone = order.second_phone_tail = order.browser_mark = ""
    order.wish = keeps["wish"] or ("" if item else ERASED)
    order.venue, order.organisation = keeps["venue"], keeps["organisation"]
    order.search_text = search_text_of(item.name if item else "", *keeps.values())
    # the link is dead, and nobody can try numbers against the mark in the first event any more
    order.link_nonce, order.place_key = new_nonce(), f"erased-{secrets.token_hex(12)}"
    order.contact_erased_at = now
    _empty_notes(order.id, names)
    _empty_replies(order.id, names)
    _empty_words_about_hours(order.id, names)
    pictures = select(Attachment.id).where(Attachment.order_id == order.id, Attachment.action == Action.PLACE)
    db.session.execute(delete(AttachmentContent).where(AttachmentContent.attachment_id.in_(pictures)))
    db.session.execute(delete(Attachment).where(Attachment.id.in_(pictures)))
    db.session.execute(delete(NoticeWish).where(NoticeWish.order_id == order.id))
    db.session.execute(update(Correction).where(Correction.order_id == order.id).values(text=""))


def _empty_notes(order_id: int, names: Iterable[str]) -> None:
    """The resident's own words go, and what anybody wrote with a number or the resident's name in it."""
    notes = db.session.execute(
        select(OrderNote.event_id, OrderNote.text, OrderEvent.party)
        .join(OrderEvent, OrderEvent.id == OrderNote.event_id)
        .where(OrderNote.order_id == order_id)
    ).all()
    gone = [note.event_id for note in notes if note.party == Party.RESIDENT or _is_personal(note.text, names)]
    db.session.execute(delete(OrderNote).where(OrderNote.event_id.in_(gone)))
    db.session.execute(update(CallBack).where(CallBack.order_id == order_id).values(outcome=""))
    db.session.execute(update(ContactAttempt).where(ContactAttempt.order_id == order_id).values(words=""))


def _empty_replies(order_id: int, names: Iterable[str]) -> None:
    """What the resident answered with one tap, and which times would have suited; of the others what names them."""
    mine = and_(Reply.party == Party.RESIDENT, Reply.scope == str(order_id))
    for reply in db.session.scalars(select(Reply).where(or_(Reply.order_id == order_id, mine))):
        if reply.party == Party.RESIDENT and reply.scope == str(order_id):
            reply.text, reply.windows = "", []
        elif _is_personal(reply.text, names):
            reply.text = ERASED
    for offer in db.session.scalars(select(Offer).where(Offer.order_id == order_id)):
        if _is_personal(offer.text, names):
            offer.text = ERASED
        if _is_personal(offer.override_why, names):
            offer.override_why = ERASED
    asked_together = select(JointInvite.session_id).where(JointInvite.order_id == order_id)
    for session in db.session.scalars(select(JointSession).where(JointSession.id.in_(asked_together))):
        if session.host_order_id == order_id:
            session.text = ""
        elif _is_personal(session.text, names):
            session.text = ERASED
    for ask in db.session.scalars(select(CrewAsk).where(CrewAsk.order_id == order_id)):
        if _is_personal(ask.text, names):
            ask.text = ERASED


def _empty_words_about_hours(order_id: int, names: Iterable[str]) -> None:
    """What a call brought stands with the community's word as well; elsewhere what names the resident goes."""
    for said in db.session.scalars(select(Presence).where(Presence.order_id == order_id)):
        if said.party == Party.COMMUNITY or _is_personal(said.text, names):
            said.text = ""
    for request in db.session.scalars(select(HoursRequest).where(HoursRequest.order_id == order_id)):
        for column in ("text", "decision"):
            if _is_personal(getattr(request, column), names):
                setattr(request, column, ERASED)


def _is_personal(text: str, names: Iterable[str]) -> bool:
    return has_number(text) or any(len(name) > 1 and name in text for name in names)


# One volunteer


def _check_free_of_services(ids: Sequence[int]) -> None:
    ahead = db.session.scalar(
        select(Order.number)
        .join(Crew, Crew.order_id == Order.id)
        .where(Crew.volunteer_id.in_(ids), Order.status == Status.ACCEPTED)
        .order_by(Order.agreed_start)
        .limit(1)
    )
    if ahead is not None:
        _refuse(
            f"单号 {spoken(ahead)} 的服务还没结束，已派了这名志愿者。请先请队长换人或办结。",
            f"The service {spoken(ahead)} is to come and names this volunteer. Ask the leader to name another first.",
        )


def _empty_volunteer(person: Volunteer, actor: Actor, now: datetime) -> None:
    was = person.status
    for column in Volunteer.__table__.columns:
        if column.name not in KEPT_COLUMNS:
            setattr(person, column.name, _nothing(column))
    person.name = ERASED
    if was not in ("merged", "left"):
        person.status = "left"
        tell(person.id, "leave", actor, now, was=was, became="left", reason="本人要求删除个人信息")


def _nothing(column: ColumnElement[Any]) -> Any:
    """What a column holds that holds nothing."""
    if getattr(column, "nullable", False):
        return None
    if isinstance(column.type, JSON):
        return []
    if isinstance(column.type, Boolean):
        return False
    return 0 if column.type.python_type in (int, float) else ""


def _empty_tables(ids: Sequence[int]) -> None:
    for name, fate in FATES.items():
        table = Base.metadata.tables.get(name)
        if table is None or fate is Fate.KEPT:
            continue
        about = or_(*(column.in_(ids) for column in _columns_to_volunteers(table)))
        if fate is Fate.DELETED:
            db.session.execute(table.delete().where(about))
            continue
        for column in fate:
            # written as a value, not compared: the words may be sealed
            db.session.execute(table.update().where(about, table.c[column].is_not(None)).values({column: ERASED}))


def _empty_objections(ids: Sequence[int]) -> None:
    """What was said against the person's late entries; that it was said, and what was decided, stays."""
    about = select(HoursRequest.id).where(HoursRequest.volunteer_id.in_(ids))
    db.session.execute(
        update(HoursObjection).where(HoursObjection.request_id.in_(about)).values(text=ERASED, decision=ERASED)
    )


def _columns_to_volunteers(table: Table) -> list[Column[Any]]:
    return [key.parent for key in table.foreign_keys if key.column.table.name == "volunteers"]


def _rows_of(person: Volunteer) -> Sequence[int]:
    return db.session.scalars(Volunteer.rows_of(person.merged_into_id or person.id)).all()


# One account


def _close_accounts(ids: Any) -> None:
    """Nobody can sign in any more, and nothing says who it was; steps that the account took go on pointing to it.

    An account that also has a seat of another kind stays open with it.
    """
    other = aliased(Seat)
    elsewhere = exists().where(other.account_id == Account.id, other.party.not_in((Party.RESIDENT, Party.VOLUNTEER)))
    accounts = db.session.scalars(
        select(Account).where(Account.id.in_(ids), ~elsewhere).order_by(Account.id).with_for_update()
    ).all()
    for account in accounts:
        account.username, account.display_name = f"erased-{account.id}", ERASED
        account.phone = account.phone_digest = None
        account.password_hash, account.is_active = "!", False
        account.session_epoch += 1
        account.signed_in_at = None
    gone = [account.id for account in accounts]
    for model in (SavedView, ContactPoint, NoticeWish):
        db.session.execute(delete(model).where(model.account_id.in_(gone)))
    db.session.execute(update(Correction).where(Correction.account_id.in_(gone)).values(text=""))


def _write_down(
    actor: Actor,
    cause: Cause,
    now: datetime,
    *,
    order_id: int | None = None,
    volunteer_id: int | None = None,
    account_id: int | None = None,
) -> None:
    db.session.add(
        Erasure(
            order_id=order_id,
            volunteer_id=volunteer_id,
            account_id=account_id,
            cause=cause,
            party=actor.party,
            actor_name=ERASED if actor.party is Party.VOLUNTEER else actor.name,
            actor_account_id=actor.account_id,
            erased_at=now,
        )
    )


def _refuse(zh: str, en: str) -> NoReturn:
    raise Refused("invalid", 409, message=zh, message_en=en)
