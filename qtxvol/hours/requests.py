"""Hours beside the normal way: late entries and corrections. Whoever makes hours more needs a second person."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import aliased

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account
from qtxvol.accounts.office import check_office
from qtxvol.base import CITY_TIME, AnyRow
from qtxvol.directory.models import MenuItem
from qtxvol.extensions import db
from qtxvol.hours.ledger import (
    Stay,
    Thread,
    check_not_elsewhere,
    get_thread,
    list_standing_of_person,
    lock_people,
    write_correction,
    write_late,
)
from qtxvol.hours.models import HoursEntry, HoursRequest
from qtxvol.hours.numbers import get_number
from qtxvol.hours.rules import CORRECTION_REASONS, DECIDED_REASONS, LATE_REASONS, minutes_of
from qtxvol.hours.tell import tell_decided, tell_waiting
from qtxvol.orders.lifecycle import Label, Party, Status
from qtxvol.orders.models import Order
from qtxvol.orders.transition import lock_order
from qtxvol.orders.windows import Window
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Volunteer

LONGEST_TEXT = 500


def propose_late(
    number: str, actor: Actor, *, volunteer_id: int, minutes: int, reason: str, text: str, now: datetime
) -> int:
    """Ask to write hours of a closed order that were forgotten; the request's id. Nothing is in the ledger yet.

    :param actor: the leader of the team that served, for its own members, or the office.
    :raise NotFound: no such order, or not the actor's.
    :raise Refused: `wrong_party` (403); `not_closed`, `too_long_ago` with `days`, `has_hours`, `request_waiting`,
        `person_elsewhere` (409); `not_in_team`, `bad_minutes` with `span`, `unknown` reason, `missing` text (422).
    """
    _check_asked(actor, reason, LATE_REASONS, text)
    if actor.party not in (Party.TEAM, Party.OFFICE):
        raise Refused("wrong_party", 403)
    with transaction():
        order = lock_order(number, actor)
        span = _span_of(order)
        if actor.party is Party.TEAM and order.team_id != actor.team_id:
            raise Refused("wrong_party", 403)
        days = get_number("late_within_days")
        if order.closed_at is None or now - order.closed_at > timedelta(days=days):
            raise Refused("too_long_ago", 409, days=days)
        _check_member(actor, volunteer_id)
        _check_late(order, volunteer_id, minutes, span)
        _check_nothing_waits(order.id, volunteer_id)
        request = _add_request(order, "late", volunteer_id, minutes, None, reason, text, actor, now)
        tell_waiting(request, now)
        return request.id


def propose_correction(entry_id: int, actor: Actor, *, minutes: int, reason: str, text: str, now: datetime) -> bool:
    """Make what stands of a line's thread so many minutes.

    Fewer are written at once; more wait for a second person.
    :return: True when it is in the ledger already.
    :raise NotFound: no such line.
    :raise Refused: `wrong_party` (403); `not_closed`, `request_waiting`, `person_elsewhere` (409); `unchanged`,
        `bad_minutes` with `span`, `unknown` reason, `missing` text (422).
    """
    check_office(actor)
    _check_asked(
        actor,
        reason,
        {code: CORRECTION_REASONS[code] for code in CORRECTION_REASONS if code not in DECIDED_REASONS},
        text,
    )
    with transaction():
        order, thread = _lock_thread(entry_id, actor)
        _check_correction(order, thread, minutes)
        _check_nothing_waits(order.id, thread.root.volunteer_id)
        request = _add_request(order, "correction", thread.root.volunteer_id, minutes, thread, reason, text, actor, now)
        if minutes > thread.minutes:
            tell_waiting(request, now)
            return False
        _decide(request, actor, "confirmed", "", now)
        write_correction(thread, request, actor, now)
        tell_decided(request, order.team_id, now)
        return True


def decide_request(request_id: int, actor: Actor, *, is_confirmed: bool, text: str, now: datetime) -> HoursRequest:
    """The second person says yes or no. Yes writes the ledger; a late entry goes on the public notice list.

    :raise NotFound: no such request.
    :raise Refused: `wrong_party`, `second_person` (403): who asked may not confirm; `is_decided`, `changed_since`,
        `not_closed`, `has_hours`, `person_elsewhere` (409); `missing` text of a refusal (422).
    """
    check_office(actor)
    with transaction():
        number = db.session.scalar(
            select(Order.number)
            .join(HoursRequest, HoursRequest.order_id == Order.id)
            .where(HoursRequest.id == request_id)
        )
        if number is None:
            raise NotFound(request_id)
        order = lock_order(number, actor)
        request = db.session.get_one(HoursRequest, request_id, with_for_update=True)
        if request.status != "waiting":
            raise Refused("is_decided", 409)
        if request.proposed_by_account_id == actor.account_id:
            raise Refused("second_person", 403)
        if not is_confirmed:
            if not text.strip():
                raise Refused("missing", 422, field="text")
            _decide(request, actor, "refused", text, now)
            tell_decided(request, order.team_id, now)
            return request
        if request.kind == "late":
            _confirm_late(order, request, actor, now)
        else:
            _confirm_correction(order, request, actor, now)
        _decide(request, actor, "confirmed", text, now)
        tell_decided(request, order.team_id, now)
        return request


def correct_by_decision(
    thread: Thread, order: Order, actor: Actor, *, minutes: int, reason: str, text: str, now: datetime
) -> None:
    """Fewer minutes as the outcome of an objection or a dispute. Inside the caller's transaction."""
    request = _add_request(order, "correction", thread.root.volunteer_id, minutes, thread, reason, text, actor, now)
    _decide(request, actor, "confirmed", "", now)
    write_correction(thread, request, actor, now)
    tell_decided(request, order.team_id, now)


# Reads


def select_requests() -> Select[*tuple[Any, ...]]:
    """Requests with person, order and the accounts that asked and decided."""
    asker, decider = aliased(Account), aliased(Account)
    rows: Select[*tuple[Any, ...]] = (
        select(
            HoursRequest,
            Volunteer.name.label("person"),
            Volunteer.number.label("person_number"),
            Order.number,
            Order.wish,
            Order.actual_start,
            Order.actual_end,
            MenuItem.name.label("item_name"),
            MenuItem.name_en.label("item_name_en"),
            asker.display_name.label("asker"),
            decider.display_name.label("decider"),
        )
        .join(Volunteer, Volunteer.id == HoursRequest.volunteer_id)
        .join(Order, Order.id == HoursRequest.order_id)
        .join(asker, asker.id == HoursRequest.proposed_by_account_id)
        .outerjoin(decider, decider.id == HoursRequest.decided_by_account_id)
        .outerjoin(MenuItem, MenuItem.id == Order.menu_item_id)
    )
    return rows


def list_waiting() -> Sequence[AnyRow]:
    """What waits for a second person, the oldest first."""
    return db.session.execute(
        select_requests().where(HoursRequest.status == "waiting").order_by(HoursRequest.id).limit(200)
    ).all()


def list_recent() -> Sequence[AnyRow]:
    """What was decided last, newest first."""
    return db.session.execute(
        select_requests().where(HoursRequest.status != "waiting").order_by(HoursRequest.decided_at.desc()).limit(50)
    ).all()


def list_requests_of_order(order_id: int) -> Sequence[AnyRow]:
    """Everything that was asked about an order, newest first."""
    return db.session.execute(
        select_requests().where(HoursRequest.order_id == order_id).order_by(HoursRequest.id.desc())
    ).all()


# What is checked


def _check_asked(actor: Actor, reason: str, reasons: Mapping[str, Label], text: str) -> None:
    if actor.account_id is None:
        raise Refused("wrong_party", 403)
    if reason not in reasons:
        raise Refused("unknown", 422, field="reason")
    if not text.strip():
        raise Refused("missing", 422, field="text")


def _span_of(order: Order) -> Window:
    """When the service was.

    :raise Refused: `not_closed`, `drill_hours` (409).
    """
    if order.is_drill:
        raise Refused("drill_hours", 409)
    if order.status != Status.CLOSED or order.actual_start is None or order.actual_end is None:
        raise Refused("not_closed", 409)
    return Window(order.actual_start, order.actual_end)


def _check_member(actor: Actor, volunteer_id: int) -> None:
    person = db.session.get(Volunteer, volunteer_id)
    is_known = person is not None and person.status in ("verified", "paused")
    if not is_known or (actor.party is Party.TEAM and person is not None and person.team_id != actor.team_id):
        raise Refused("not_in_team", 422, field="volunteer_id")


def _check_late(order: Order, volunteer_id: int, minutes: int, span: Window) -> None:
    most = minutes_of(span.starts_at, span.ends_at)
    if not 1 <= minutes <= most:
        raise Refused("bad_minutes", 422, field="minutes", span=most)
    people = lock_people([volunteer_id])
    if list_standing_of_person(order.id, people[volunteer_id]):
        raise Refused("has_hours", 409, field="volunteer_id")
    check_not_elsewhere({volunteer_id: span}, order.id)


def _check_correction(order: Order, thread: Thread, minutes: int) -> None:
    _span_of(order)
    root = thread.root
    if root.closure != order.closures_count:
        raise Refused("not_closed", 409)
    most = minutes_of(root.started_at, root.ended_at)
    if not 0 <= minutes <= most:
        raise Refused("bad_minutes", 422, field="minutes", span=most)
    if minutes == thread.minutes:
        raise Refused("unchanged", 422, field="minutes")
    if root.source == "late" and minutes > root.minutes:  # what stood on the public notice is the most it can be
        zh = f"补录公示的是 {root.minutes} 分钟，更正不能超过它。"
        en = f"{root.minutes} minutes stood on the public notice: a correction can't be more than that."
        raise Refused("invalid", 422, field="minutes", message=zh, message_en=en)
    if minutes > thread.minutes:
        people = lock_people([root.volunteer_id])
        others = list_standing_of_person(order.id, people[root.volunteer_id])
        if any(each.root.id != root.id for each in others):
            raise Refused("has_hours", 409, field="minutes")
        check_not_elsewhere({root.volunteer_id: Window(root.started_at, root.ended_at)}, order.id)


def _check_nothing_waits(order_id: int, volunteer_id: int) -> None:
    waiting = select(HoursRequest.id).where(
        HoursRequest.order_id == order_id,
        HoursRequest.volunteer_id == volunteer_id,
        HoursRequest.status == "waiting",
    )
    if db.session.scalar(waiting.limit(1)) is not None:
        raise Refused("request_waiting", 409)


def _lock_thread(entry_id: int, actor: Actor) -> tuple[Order, Thread]:
    number = db.session.scalar(
        select(Order.number).join(HoursEntry, HoursEntry.order_id == Order.id).where(HoursEntry.id == entry_id)
    )
    if number is None:
        raise NotFound(entry_id)
    return lock_order(number, actor), get_thread(entry_id)


def _add_request(
    order: Order,
    kind: str,
    volunteer_id: int,
    minutes: int,
    thread: Thread | None,
    reason: str,
    text: str,
    actor: Actor,
    now: datetime,
) -> HoursRequest:
    if actor.account_id is None:
        raise Refused("wrong_party", 403)
    request = HoursRequest(
        kind=kind,
        order_id=order.id,
        volunteer_id=volunteer_id,
        closure=order.closures_count,
        minutes=minutes,
        minutes_before=thread.minutes if thread else None,
        reason=reason,
        text=text.strip()[:LONGEST_TEXT],
        proposed_party=actor.party,
        proposed_name=actor.name,
        proposed_by_account_id=actor.account_id,
        proposed_at=now,
    )
    db.session.add(request)
    db.session.flush()
    return request


def _decide(request: HoursRequest, actor: Actor, status: str, text: str, now: datetime) -> None:
    request.status, request.decided_at, request.decided_by_account_id = status, now, actor.account_id
    request.decision = text.strip()[:LONGEST_TEXT]
    db.session.flush()


def _confirm_late(order: Order, request: HoursRequest, actor: Actor, now: datetime) -> None:
    span = _span_of(order)
    if request.closure != order.closures_count:
        raise Refused("changed_since", 409)
    _check_late(order, request.volunteer_id, request.minutes, span)
    write_late(order, Stay(request.volunteer_id, request.minutes, span, "late"), request, actor, now)
    today = now.astimezone(CITY_TIME).date()
    request.notice_ends_on = today + timedelta(days=get_number("notice_days"))


def _confirm_correction(order: Order, request: HoursRequest, actor: Actor, now: datetime) -> None:
    root_id = db.session.scalar(
        select(HoursEntry.id)
        .where(
            HoursEntry.order_id == order.id,
            HoursEntry.volunteer_id == request.volunteer_id,
            HoursEntry.closure == request.closure,
            HoursEntry.root_id.is_(None),
        )
        .order_by(HoursEntry.id.desc())
        .limit(1)
    )
    if root_id is None:
        raise Refused("changed_since", 409)
    thread = get_thread(root_id)
    if thread.minutes != request.minutes_before:
        raise Refused("changed_since", 409)
    _check_correction(order, thread, request.minutes)
    write_correction(thread, request, actor, now)
