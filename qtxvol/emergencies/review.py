"""The review sheet: what an emergency came to, counted when it closes and kept as it was then."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, or_, select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.office import check_office
from qtxvol.emergencies.models import Emergency, EmergencyEvent, EmergencyReview
from qtxvol.emergencies.rules import LONGEST_LESSONS, spread
from qtxvol.emergencies.trail import note
from qtxvol.extensions import db
from qtxvol.notices.models import Delivery, Notice
from qtxvol.orders.chain import canonical
from qtxvol.orders.clocks import DONE_BY
from qtxvol.orders.lifecycle import OPEN, WAITS, Action, Status
from qtxvol.orders.models import Order, OrderClock, OrderEvent
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Volunteer

_MINUTE = 60
#: Lines of the trail that a sheet shows; single orders are summed up there.
_TOLD = ("open", "change", "add_fact", "correct_fact", "withdraw_fact", "name_expert", "drop_expert", "push", "close")


def measure(emergency: Emergency, now: datetime) -> dict[str, Any]:
    """The figures at this moment, JSON-like. Times are whole minutes; 人 and 人次 stand apart."""
    orders = db.session.scalars(select(Order).where(Order.emergency_id == emergency.id).order_by(Order.id)).all()
    ids = [order.id for order in orders]
    raised = _raised(emergency.id)
    events = _events(ids)
    closed = [order for order in orders if order.status == Status.CLOSED]
    return {
        "lasted_minutes": _minutes(emergency.opened_at, now),
        "orders": len(orders),
        "origins": _origins(orders, raised),
        "statuses": dict(sorted(Counter(order.status for order in orders).items())),
        "steps": _steps(orders, events, raised),
        "services": len(closed),
        "attendance": sum(order.attendance or 0 for order in closed),
        "communities": len({order.division_code for order in closed}),
        "volunteers": len(_served(closed, events)),
        "teams": len({order.team_id for order in closed}),
        "overdue": _overdue(ids, now),
        "unmet": sum(order.status == Status.UNMET for order in orders),
        "open": sum(order.status in OPEN for order in orders),
        "messages": _messages(emergency.id, ids),
    }


def keep_review(emergency: Emergency, figures: Mapping[str, Any], now: datetime) -> None:
    """Write the sheet, with the trail up to here. Inside the caller's transaction, once for each emergency."""
    kept = {**figures, "timeline": _timeline(emergency.id)}
    db.session.add(EmergencyReview(emergency_id=emergency.id, figures=kept, checksum=checksum_of(kept), made_at=now))
    db.session.flush()


def checksum_of(figures: Mapping[str, Any]) -> str:
    """What a sheet's `checksum` must be; `qtxvol check` computes it anew."""
    return hashlib.sha256(canonical(figures).encode()).hexdigest()


def write_lessons(emergency_id: int, text: str, actor: Actor, *, now: datetime) -> bool:
    """What the office has learned; written again, the trail keeps that it was.

    :return: False when nothing differs.
    :raise NotFound: no sheet.
    :raise Refused: `wrong_party` (403); `missing` with `field` (422).
    """
    check_office(actor)
    with transaction():
        emergency = db.session.get(Emergency, emergency_id, with_for_update=True)
        review = db.session.get(EmergencyReview, emergency_id)
        if emergency is None or review is None:
            raise NotFound(emergency_id)
        if not text:
            raise Refused("missing", 422, field="lessons")
        if review.lessons == text:
            return False
        review.lessons = text[:LONGEST_LESSONS]
        review.lessons_at, review.lessons_by_account_id = now, actor.account_id
        note(emergency, "lessons", actor, now)
        return True


def _raised(emergency_id: int) -> dict[int, datetime]:
    """When orders from before were taken in: their waiting before that is not this emergency's."""
    rows = db.session.execute(
        select(EmergencyEvent.order_id, EmergencyEvent.happened_at).where(
            EmergencyEvent.emergency_id == emergency_id, EmergencyEvent.order_id.is_not(None)
        )
    )
    return {order_id: at for order_id, at in rows if order_id is not None}


def _events(ids: Sequence[int]) -> dict[int, list[OrderEvent]]:
    found: dict[int, list[OrderEvent]] = defaultdict(list)
    for event in db.session.scalars(
        select(OrderEvent).where(OrderEvent.order_id.in_(ids)).order_by(OrderEvent.order_id, OrderEvent.sequence)
    ):
        found[event.order_id].append(event)
    return found


def _origins(orders: Iterable[Order], raised: Mapping[int, datetime]) -> dict[str, int]:
    """Each order once: pushed, taken in later, ordered on behalf, or by residents themselves."""
    counts = Counter(
        "push"
        if order.is_push
        else "raised"
        if order.id in raised
        else "on_behalf"
        if order.is_on_behalf
        else "resident"
        for order in orders
    )
    return {name: counts[name] for name in ("resident", "on_behalf", "push", "raised")}


def _steps(
    orders: Sequence[Order], events: Mapping[int, Sequence[OrderEvent]], raised: Mapping[int, datetime]
) -> list[dict[str, Any]]:
    """How long orders waited for each step that was taken, and from placing to acceptance and to the end; nobody's is
    left out because it was late. A push waits for nobody."""
    lasted: dict[str, list[int]] = defaultdict(list)
    for order in orders:
        begin = raised.get(order.id, order.placed_at)
        since = begin
        for event in events[order.id]:
            if event.from_status and event.from_status != event.to_status:
                wait = WAITS.get(Status(event.from_status))
                if wait is not None and event.action in DONE_BY[wait.step] and event.happened_at > begin:
                    lasted[wait.step].append(_minutes(since, event.happened_at))
                since = max(begin, event.happened_at)
            if event.action in (Action.ACCEPT, Action.CLOSE) and event.happened_at > begin:
                lasted[f"to_{event.action}"].append(_minutes(begin, event.happened_at))
    names = (*(wait.step for wait in WAITS.values()), "to_accept", "to_close")
    return [{"step": name, **spread(lasted[name])} for name in names]


def _served(closed: Iterable[Order], events: Mapping[int, Sequence[OrderEvent]]) -> set[int]:
    """Distinct people who were there, by the last closing of each order; merged rows are one person."""
    named: set[int] = set()
    for order in closed:
        last = next(event for event in reversed(events[order.id]) if event.action == Action.CLOSE)
        minutes: Any = last.payload.get("minutes") or {}
        named |= {int(person) for person, served in minutes.items() if served}
    if not named:
        return set()
    return set(db.session.scalars(select(Volunteer.person_id()).where(Volunteer.id.in_(named))))


def _overdue(ids: Sequence[int], now: datetime) -> dict[str, int]:
    """Limits that were missed: still owed now, or done later. Two facts, kept apart."""
    ended_late = OrderClock.due_at < func.coalesce(OrderClock.stopped_at, OrderClock.ended_at)
    owed = OrderClock.due_at < func.coalesce(OrderClock.stopped_at, now)
    row = db.session.execute(
        select(
            func.coalesce(func.sum(case((OrderClock.ended_at.is_(None) & owed, 1), else_=0)), 0),
            func.coalesce(func.sum(case(((OrderClock.ending == "done") & ended_late, 1), else_=0)), 0),
        ).where(OrderClock.order_id.in_(ids))
    ).one()
    return {"owed": int(row[0]), "done_late": int(row[1])}


def _messages(emergency_id: int, ids: Sequence[int]) -> dict[str, int]:
    """Notices about its orders and about itself, and what became of their deliveries outside."""
    about = or_(Notice.order_id.in_(ids), Notice.key.like(f"emergency_%:{emergency_id}:%"))
    notices = db.session.scalar(select(func.count()).select_from(Notice).where(about)) or 0
    states = {
        state: count
        for state, count in db.session.execute(
            select(Delivery.state, func.count())
            .join(Notice, Notice.id == Delivery.notice_id)
            .where(about)
            .group_by(Delivery.state)
        )
    }
    waiting = sum(states.get(state, 0) for state in ("waiting", "sending", "failed"))
    return {
        "notices": notices,
        "sent": states.get("sent", 0),
        "waiting": waiting,
        "unknown": states.get("unknown", 0),
        "dead": states.get("dead", 0),
    }


def _timeline(emergency_id: int) -> list[dict[str, Any]]:
    lines = db.session.scalars(
        select(EmergencyEvent)
        .where(EmergencyEvent.emergency_id == emergency_id, EmergencyEvent.deed.in_(_TOLD))
        .order_by(EmergencyEvent.sequence)
    )
    return [
        {
            "at": line.happened_at.isoformat(),
            "deed": line.deed,
            "by": line.actor_name,
            "text": str(line.about.get("text") or line.about.get("who") or line.reason),
        }
        for line in lines
    ]


def _minutes(start: datetime, end: datetime) -> int:
    return max(0, int((end - start).total_seconds() // _MINUTE))
