"""The public notice list (公示): every late entry stands there, and anybody may say that it is not right."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.office import check_office
from qtxvol.base import CITY_TIME, AnyRow
from qtxvol.extensions import db
from qtxvol.hours.ledger import list_threads
from qtxvol.hours.models import HoursEntry, HoursObjection, HoursRequest
from qtxvol.hours.requests import correct_by_decision, select_requests
from qtxvol.hours.tell import tell_objection
from qtxvol.orders.call_backs import open_call_back
from qtxvol.orders.calls import CallCause
from qtxvol.orders.models import Order
from qtxvol.orders.transition import lock_order
from qtxvol.paging import Page, select_page
from qtxvol.privacy.words import refuse_numbers
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction

LONGEST_TEXT = 500
#: A late entry stays in the list for so long after its notice; it stays marked in the ledger for ever.
SHOWN_AFTER = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Notice:
    """A late entry as the public reads it.

    :ivar row: of `select_requests`.
    :ivar standing: minutes that stand of it now.
    :ivar days_left: for objections, today included; 0 when the notice is over.
    """

    row: Any
    standing: int
    days_left: int
    objections: Sequence[HoursObjection]


def make_objection(request_id: int, *, text: str, contact: str, now: datetime) -> int:
    """Somebody objects to a late entry; the objection's id. Until it is decided the entry does not count.

    :raise NotFound: no such late entry on the list.
    :raise Refused: `missing`, `invalid` with `field` (422): nothing written, or a number; `notice_over` (409).
    """
    if not text.strip():
        raise Refused("missing", 422, field="text")
    refuse_numbers("text", text)
    with transaction():
        request = db.session.get(HoursRequest, request_id, with_for_update=True)
        if request is None or request.kind != "late" or request.notice_ends_on is None:
            raise NotFound(request_id)
        if request.notice_ends_on < now.astimezone(CITY_TIME).date():
            raise Refused("notice_over", 409)
        objection = HoursObjection(
            request_id=request_id, text=text.strip()[:LONGEST_TEXT], contact=contact.strip()[:60], made_at=now
        )
        db.session.add(objection)
        db.session.flush()
        tell_objection(f"hours:{objection.id}", request.order_id, now)
        order = db.session.get_one(Order, request.order_id, with_for_update=True)
        open_call_back(order, CallCause.HOURS_DISPUTED, now)  # the resident knows who came, and for how long
        return objection.id


def decide_objection(
    objection_id: int, actor: Actor, *, is_upheld: bool, minutes: int, text: str, now: datetime
) -> None:
    """The office decides, with a sentence for the public. An objection that is upheld corrects the entry down to
    `minutes`; both stay visible.

    :param minutes: what shall stand, fewer than now; only of an objection that is upheld.
    :raise NotFound: no such objection.
    :raise Refused: `wrong_party` (403); `second_person` (403): who asked for the entry may not dismiss what is said
        against it; `is_decided` (409); `missing` text or a number in it, `bad_minutes` with `span` (422).
    """
    check_office(actor)
    if not text.strip():
        raise Refused("missing", 422, field="text")
    refuse_numbers("text", text)
    with transaction():
        number = db.session.scalar(
            select(Order.number)
            .join(HoursRequest, HoursRequest.order_id == Order.id)
            .join(HoursObjection, HoursObjection.request_id == HoursRequest.id)
            .where(HoursObjection.id == objection_id)
        )
        if number is None:
            raise NotFound(objection_id)
        order = lock_order(number, actor)
        objection = db.session.get_one(HoursObjection, objection_id, with_for_update=True)
        if objection.status != "open":
            raise Refused("is_decided", 409)
        asked_by = db.session.scalar(
            select(HoursRequest.proposed_by_account_id).where(HoursRequest.id == objection.request_id)
        )
        if not is_upheld and asked_by == actor.account_id:
            raise Refused("second_person", 403)
        if is_upheld:
            _take_away(order, objection.request_id, actor, minutes, text, now)
        objection.status = "upheld" if is_upheld else "dismissed"
        objection.decision, objection.decided_at = text.strip()[:LONGEST_TEXT], now
        objection.decided_by_account_id = actor.account_id


def _take_away(order: Order, request_id: int, actor: Actor, minutes: int, text: str, now: datetime) -> None:
    threads = [each for each in list_threads(order.id) if each.root.request_id == request_id and each.minutes]
    if not threads:  # taken back meanwhile: there is nothing left to correct
        return
    thread = threads[0]
    if not 0 <= minutes < thread.minutes:
        raise Refused("bad_minutes", 422, field="minutes", span=thread.minutes - 1)
    correct_by_decision(thread, order, actor, minutes=minutes, reason="objection_upheld", text=text, now=now)


# Reads


def list_notices(now: datetime, page: int = 1) -> Page[Notice]:
    """The public list, newest first: late entries that were confirmed, a year back; four statements."""
    today = now.astimezone(CITY_TIME).date()
    rows = select_page(
        select_requests().where(HoursRequest.notice_ends_on >= today - SHOWN_AFTER).order_by(HoursRequest.id.desc()),
        page,
    )
    return Page(_as_notices(rows.rows, today), rows.total, rows.number, rows.pages)


def get_notice(request_id: int, now: datetime) -> Notice:
    """One late entry of the list.

    :raise NotFound: no such late entry.
    """
    rows = db.session.execute(
        select_requests().where(HoursRequest.id == request_id, HoursRequest.notice_ends_on.is_not(None))
    ).all()
    if not rows:
        raise NotFound(request_id)
    return _as_notices(rows, now.astimezone(CITY_TIME).date())[0]


def list_open_objections() -> Sequence[AnyRow]:
    """What waits for the office's decision, the oldest first: rows of (HoursObjection, standing) and the request's."""
    return db.session.execute(
        select_requests()
        .add_columns(HoursObjection)
        .join(HoursObjection, HoursObjection.request_id == HoursRequest.id)
        .where(HoursObjection.status == "open")
        .order_by(HoursObjection.id)
        .limit(200)
    ).all()


def count_on_notice(now: datetime) -> int:
    """Late entries that anybody may still object to."""
    today = now.astimezone(CITY_TIME).date()
    return db.session.scalar(select(func.count()).where(HoursRequest.notice_ends_on >= today)) or 0


def _as_notices(rows: Sequence[AnyRow], today: date) -> list[Notice]:
    ids = [row.HoursRequest.id for row in rows]
    objections: dict[int, list[HoursObjection]] = {}
    for each in db.session.scalars(
        select(HoursObjection).where(HoursObjection.request_id.in_(ids)).order_by(HoursObjection.id)
    ):
        objections.setdefault(each.request_id, []).append(each)
    root = select(HoursEntry.id, HoursEntry.request_id).where(
        HoursEntry.request_id.in_(ids), HoursEntry.source == "late"
    )
    late = root.subquery()
    standing = {
        request: int(minutes)
        for request, minutes in db.session.execute(
            select(late.c.request_id, func.sum(HoursEntry.minutes))
            .join(HoursEntry, (HoursEntry.id == late.c.id) | (HoursEntry.root_id == late.c.id))
            .group_by(late.c.request_id)
        )
    }
    return [
        Notice(
            row,
            standing.get(row.HoursRequest.id, 0),
            max(0, (row.HoursRequest.notice_ends_on - today).days + 1),
            objections.get(row.HoursRequest.id, ()),
        )
        for row in rows
    ]
