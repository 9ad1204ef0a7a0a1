"""Open an emergency, change it, close it. Each is written down with who and why; what is closed stays closed."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.office import check_office
from qtxvol.base import CITY_TIME
from qtxvol.directory.models import Division, MenuItem, Term
from qtxvol.emergencies.models import Emergency, EmergencyArea, EmergencyTopic
from qtxvol.emergencies.queries import TERM_KIND, covers_of
from qtxvol.emergencies.review import keep_review, measure
from qtxvol.emergencies.rules import find_span_fault, without_parents
from qtxvol.emergencies.tell import tell_closed, tell_opened
from qtxvol.emergencies.trail import note
from qtxvol.extensions import db
from qtxvol.orders.decline import give_up_order
from qtxvol.orders.lifecycle import OPEN
from qtxvol.orders.models import Order
from qtxvol.privacy.words import refuse_numbers
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction

#: What the askers of an exercise's open orders read when it ends.
DRILL_ENDED = "应急演练已结束，没有办完的演练单一并结束。"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the office fills in. Texts are trimmed.

    :ivar areas: division codes, of the city, towns and communities. :ivar themes: and `items`, codes of the menu.
    """

    kind: str
    title: str
    advice: str
    hotline: str
    areas: tuple[str, ...]
    themes: tuple[str, ...]
    items: tuple[str, ...]
    starts_at: datetime
    planned_end_at: datetime


def open_emergency(
    plan: Plan,
    actor: Actor,
    *,
    is_drill: bool,
    reason: str,
    key: str,
    now: datetime,
    follows_id: int | None = None,
) -> tuple[int, bool]:
    """Open one and tell everybody whom it concerns; once per `key`, however often the form is sent.

    :param is_drill: an exercise; never changes.
    :param follows_id: the closed event that this one takes up again.
    :return: its id, and whether it had been opened by this very form before.
    :raise Refused: `wrong_party` (403); `missing`, `unknown` or `invalid` with `field`, `bad_span` with `field` and
        `fault` (422); `not_closed_yet` (409): it follows one that is still open.
    """
    check_office(actor)
    try:
        return _open(plan, actor, is_drill, reason, key, now, follows_id)
    except IntegrityError:  # PostgreSQL: the twin of this request was faster by a hair
        return _open(plan, actor, is_drill, reason, key, now, follows_id)


def _open(
    plan: Plan, actor: Actor, is_drill: bool, reason: str, key: str, now: datetime, follows_id: int | None
) -> tuple[int, bool]:
    with transaction():
        known = db.session.scalar(select(Emergency.id).where(Emergency.open_key == key))
        if known is not None:
            return known, True
        _check_plan(plan, now)
        _check_reason(reason)
        _check_follows(follows_id)
        emergency = Emergency(
            kind=plan.kind,
            title=plan.title,
            advice=plan.advice,
            hotline=plan.hotline,
            is_drill=is_drill,
            starts_at=plan.starts_at,
            planned_end_at=plan.planned_end_at,
            follows_id=follows_id,
            open_key=key,
            opened_at=now,
            opened_by_account_id=actor.account_id,
        )
        db.session.add(emergency)
        db.session.flush()
        _set_parts(emergency, plan)
        note(emergency, "open", actor, now, about=_told(plan) | {"is_drill": is_drill}, reason=reason)
        tell_opened(emergency, now)
        return emergency.id, False


def change_emergency(
    emergency_id: int, plan: Plan, actor: Actor, *, reason: str, version: int | None, now: datetime
) -> bool:
    """Correct or widen an open emergency. Orders that belong to it already go on doing so.

    :param version: of the page that the actor looked at.
    :return: False when nothing differs.
    :raise NotFound: there is none.
    :raise Refused: as `open_emergency`; `emergency_closed`, `emergency_stale` (409).
    """
    with transaction():
        emergency = lock_open(emergency_id, actor)
        was = _plan_of(emergency)
        if _told(was) == _told(plan):
            return False
        if version is not None and version != emergency.version:
            raise Refused("emergency_stale", 409)
        _check_plan(plan, now, began=emergency.starts_at)
        _check_reason(reason)
        emergency.kind, emergency.title, emergency.advice = plan.kind, plan.title, plan.advice
        emergency.hotline, emergency.starts_at = plan.hotline, plan.starts_at
        emergency.planned_end_at = plan.planned_end_at
        emergency.version += 1
        _set_parts(emergency, plan)
        before, after = _told(was), _told(plan)
        changed = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
        note(emergency, "change", actor, now, about=changed, reason=reason)
        if {"areas", "themes", "items"} & changed.keys():
            tell_opened(emergency, now)  # those who know already are not told again
        return True


def close_emergency(emergency_id: int, actor: Actor, *, reason: str, now: datetime) -> bool:
    """End it: write the review sheet, tell everybody who was told of its beginning. What is still open of an exercise
    ends with it; orders of a real emergency are served as they were promised.

    :return: False when it had been closed before; that stands.
    :raise NotFound: there is none.
    :raise Refused: `wrong_party` (403); `missing` or `invalid` with `field` (422).
    """
    check_office(actor)
    with transaction():
        emergency = _lock(emergency_id)
        if emergency.closed_at is not None:
            return False
        _check_reason(reason)
        figures = measure(emergency, now)  # before an exercise's orders are ended for it
        emergency.closed_at, emergency.closed_by_account_id = now, actor.account_id
        ended = _end_drill_orders(emergency, actor, now) if emergency.is_drill else 0
        note(emergency, "close", actor, now, about={"ended_orders": ended} if ended else {}, reason=reason)
        keep_review(emergency, figures, now)
        tell_closed(emergency, now)
        return True


def lock_open(emergency_id: int, actor: Actor) -> Emergency:
    """The emergency, locked, for the office to do something about.

    :raise NotFound: there is none.
    :raise Refused: `wrong_party` (403); `emergency_closed` (409).
    """
    check_office(actor)
    emergency = _lock(emergency_id)
    if emergency.closed_at is not None:
        raise Refused("emergency_closed", 409)
    return emergency


def _lock(emergency_id: int) -> Emergency:
    emergency = db.session.get(Emergency, emergency_id, with_for_update=True)
    if emergency is None:
        raise NotFound(emergency_id)
    return emergency


def _check_plan(plan: Plan, now: datetime, *, began: datetime | None = None) -> None:
    for name in ("title", "advice", "areas"):
        if not getattr(plan, name):
            raise Refused("missing", 422, field=name)
    if not plan.themes and not plan.items:
        raise Refused("missing", 422, field="themes")
    kind = db.session.get(Term, (TERM_KIND, plan.kind))
    if kind is None or not kind.is_active:
        raise Refused("unknown", 422, field="kind")
    _check_known("areas", plan.areas, select(Division.code).where(Division.level >= 3, Division.is_active))
    _check_known("themes", plan.themes, select(Term.code).where(Term.kind == "theme", Term.is_active))
    _check_known("items", plan.items, select(MenuItem.id).where(MenuItem.is_active))
    # an emergency of long ago may be changed without moving its beginning
    start = now if plan.starts_at == began else plan.starts_at
    if fault := find_span_fault(start, plan.planned_end_at, now):
        raise Refused("bad_span", 422, field=fault[0], fault=fault[1])


def _check_reason(reason: str) -> None:
    """Kept for good."""
    if not reason:
        raise Refused("missing", 422, field="reason")
    refuse_numbers("reason", reason)


def _check_known(name: str, codes: Iterable[str], known: Any) -> None:
    if set(codes) - set(db.session.scalars(known)):
        raise Refused("unknown", 422, field=name)


def _check_follows(follows_id: int | None) -> None:
    if follows_id is None:
        return
    before = db.session.get(Emergency, follows_id)
    if before is None:
        raise Refused("unknown", 422, field="follows_id")
    if before.closed_at is None:
        raise Refused("not_closed_yet", 409)


def _set_parts(emergency: Emergency, plan: Plan) -> None:
    """The area and the topics, as they are now."""
    for model in (EmergencyArea, EmergencyTopic):
        db.session.execute(delete(model).where(model.emergency_id == emergency.id))
    db.session.add_all(
        EmergencyArea(emergency_id=emergency.id, division_code=code) for code in sorted(without_parents(plan.areas))
    )
    for kind, codes in (("theme", plan.themes), ("item", plan.items)):
        db.session.add_all(
            EmergencyTopic(emergency_id=emergency.id, kind=kind, code=code) for code in sorted(set(codes))
        )
    db.session.flush()


def _plan_of(emergency: Emergency) -> Plan:
    cover = covers_of([emergency.id])[emergency.id]
    return Plan(
        emergency.kind,
        emergency.title,
        emergency.advice,
        emergency.hotline,
        tuple(sorted(cover.areas)),
        tuple(sorted(cover.themes)),
        tuple(sorted(cover.items)),
        emergency.starts_at,
        emergency.planned_end_at,
    )


def _told(plan: Plan) -> dict[str, Any]:
    """The plan as the trail keeps it."""
    return {
        "kind": plan.kind,
        "title": plan.title,
        "advice": plan.advice,
        "hotline": plan.hotline,
        "areas": sorted(without_parents(plan.areas)),
        "themes": sorted(set(plan.themes)),
        "items": sorted(set(plan.items)),
        "starts_at": plan.starts_at.astimezone(CITY_TIME).isoformat(),
        "planned_end_at": plan.planned_end_at.astimezone(CITY_TIME).isoformat(),
    }


def _end_drill_orders(emergency: Emergency, actor: Actor, now: datetime) -> int:
    """Nobody is to be reminded of an exercise that is over."""
    numbers = db.session.scalars(
        select(Order.number)
        .where(Order.emergency_id == emergency.id, Order.is_drill, Order.status.in_(OPEN))
        .order_by(Order.id)
    ).all()
    for number in numbers:
        give_up_order(number, actor, text=DRILL_ENDED, now=now)
    return len(numbers)
