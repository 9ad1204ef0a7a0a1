"""The ladder: what happens when limits run out. People are told (`alarms.py`); when that was in vain, the service acts
by itself (`automatic.py`): an order that its department does not claim goes to the next one, and one that its team does
not hold goes back to the pool. Where nobody is left, the office is asked to rule.

Each step is taken once per clock (`ClockAlarm`), whoever climbs how often. A ladder that stood still for days climbs
without a flood: only the highest step that is due is told, those below are written down as passed over. But nobody
loses an accepted order unasked: the team was asked first and had time to answer.

An exercise (`Order.is_drill`) climbs like the real thing; that is what it is for.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.exc import OperationalError

from qtxvol.accounts.models import Account, Seat
from qtxvol.base import AnyRow
from qtxvol.directory.queries import suggest_departments
from qtxvol.extensions import db
from qtxvol.hours.models import Attendance
from qtxvol.notices.queue import To, queue_notices
from qtxvol.orders.alarms import is_emergency, ring, write_alarms
from qtxvol.orders.automatic import LADDER, NO_CALL, NO_SHOW, lapse_order, reroute_order
from qtxvol.orders.clocks import expire_ratings
from qtxvol.orders.ladder_rules import get_switches
from qtxvol.orders.lifecycle import Party, Status
from qtxvol.orders.models import ClockAlarm, Order, OrderClock, OrderHolder, Reply
from qtxvol.orders.transition import lock_order
from qtxvol.orders.unanswered import remind_of_questions
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction

_LOG = logging.getLogger(__name__)

#: So many orders are moved in one run; the rest has its turn in the next.
MOST_MOVES = 50
#: Who may get an unclaimed order next (`directory.queries.Suggestion.part`): not every member of the programme.
RESPONSIBLE = frozenset({"menu", "alternative", "lead", "responsible", "cooperating"})


@dataclass(frozen=True, slots=True)
class Climb:
    """What one run did.

    :ivar told: clocks of which somebody was told. :ivar lapsed: orders taken back from their team. :ivar stuck: orders
        that the office has to rule on, because no department is left. :ivar unrated: services that nobody rated.
    :ivar unanswered: notices of questions that nobody answered.
    """

    told: int = 0
    rerouted: int = 0
    lapsed: int = 0
    stuck: int = 0
    unrated: int = 0
    unanswered: int = 0

    def __str__(self) -> str:
        return (
            f"{self.told} told, {self.rerouted} rerouted, {self.lapsed} taken back, {self.stuck} to rule on, "
            f"{self.unrated} not rated, {self.unanswered} notices of unanswered questions"
        )


def climb(now: datetime) -> Climb:
    """Take every step that is due, or as many as one run may. Nothing that a person did meanwhile is undone."""
    with transaction():
        told = ring(now)
        done = [_try_move(row, now) for row in _list_moves(now)]
        unrated, asked = expire_ratings(now), remind_of_questions(now)
    return Climb(told, done.count("rerouted"), done.count("lapsed"), done.count("stuck"), unrated, asked)


def list_recent_moves() -> Sequence[AnyRow]:
    """What the ladder did by itself, newest first; 20 at most: `kind` moved or stuck, the clock's step, the order."""
    return db.session.execute(
        select(ClockAlarm.kind, ClockAlarm.rung_at, OrderClock.step, Order.number, Order.status)
        .join(OrderClock, OrderClock.id == ClockAlarm.clock_id)
        .join(Order, Order.id == OrderClock.order_id)
        .where(ClockAlarm.kind.in_(("moved", "stuck")))
        .order_by(ClockAlarm.rung_at.desc(), ClockAlarm.clock_id.desc())
        .limit(20)
    ).all()


def _list_moves(now: datetime) -> Sequence[AnyRow]:
    """Clocks that ran out in vain: nothing was done about them, and something may be. By order, so that nobody who
    locks several orders at once and the ladder wait for each other."""
    switches = get_switches()
    ways = [way(now) for name, ways in _WAYS.items() if switches[name] for way in ways]
    if not ways:
        return []
    untouched = ~exists().where(ClockAlarm.clock_id == OrderClock.id, ClockAlarm.kind.in_(("moved", "stuck")))
    rows = db.session.execute(
        select(OrderClock.id, Order.number, Order.id.label("order_id"))
        .join(Order, Order.id == OrderClock.order_id)
        .where(OrderClock.ended_at.is_(None), OrderClock.stopped_at.is_(None), untouched, or_(*ways))
        .order_by(is_emergency().desc(), OrderClock.due_at, OrderClock.id)
        .limit(MOST_MOVES)
    ).all()
    return sorted(rows, key=lambda row: row.order_id)


def _is_unclaimed(now: datetime) -> ColumnElement[bool]:
    """Twice the limit, in an emergency once. A ruling of the office is not moved on."""
    late = or_(OrderClock.twice_at <= now, and_(is_emergency(), OrderClock.due_at < now))
    return and_(OrderClock.step == "claim", Order.status == Status.DISPATCHED, Order.is_ruled.is_(False), late)


def _is_uncalled(now: datetime) -> ColumnElement[bool]:
    """Asked in vain, and the service still lies ahead; once its time has come, it is the service that counts."""
    return and_(OrderClock.step == "first_call", _was_asked_in_vain(now), Order.agreed_start > now)


def _is_unheard_of(now: datetime) -> ColumnElement[bool]:
    """Asked in vain, and nothing at all says that it took place: nobody checked in, and the resident did not say so.
    Where anything does, the office has been told and finds out."""
    checked_in = exists().where(Attendance.order_id == Order.id, Attendance.in_at >= Order.status_since)
    confirmed = exists().where(
        Reply.order_id == Order.id,
        Reply.purpose == "took_place",
        Reply.agreed_start == Order.agreed_start,
        Reply.answer == "yes",
    )
    return and_(OrderClock.step == "close", _was_asked_in_vain(now), ~checked_in, ~confirmed)


def _was_asked_in_vain(now: datetime) -> ColumnElement[bool]:
    rung = exists().where(ClockAlarm.clock_id == OrderClock.id, ClockAlarm.kind == "twice")
    return and_(Order.status == Status.ACCEPTED, OrderClock.twice_at <= now, rung)


#: By the office's switch.
_WAYS = {"reroute": (_is_unclaimed,), "lapse": (_is_uncalled, _is_unheard_of)}


def _try_move(row: AnyRow, now: datetime) -> str:
    """What was done; empty when a person was faster. An order that can't be moved keeps no other from it."""
    try:
        with db.session.begin_nested():
            return _move(row, now)
    except (Refused, NotFound) as answer:
        _LOG.info("the ladder leaves %s alone: %s", row.number, answer)
    except OperationalError:  # the database is gone or busy: the whole run is tried again
        raise
    except Exception:
        _LOG.exception("the ladder could not move %s", row.number)
    return ""


def _move(row: AnyRow, now: datetime) -> str:
    order = lock_order(row.number, LADDER)
    clock = db.session.get_one(OrderClock, row.id, populate_existing=True)
    late = clock.due_at if clock.step == "claim" and order.urgency == "emergency" else clock.twice_at
    if clock.ended_at is not None or clock.stopped_at is not None or late > now:
        return ""
    if clock.step == "claim":
        return _reroute(order, clock, now)
    if not write_alarms([(clock.id, "moved")], now):
        return ""
    reason = NO_CALL if clock.step == "first_call" else NO_SHOW
    lapse_order(order.number, reason=reason, also_told=_list_next(order, now), now=now)
    return "lapsed"


def _list_next(order: Order, now: datetime) -> tuple[int, ...]:
    """Of an order whose teams a person chooses, those that would be asked next hear that it is free, beside those that
    were asked before. Where the service chooses, it asks them itself, and doesn't tell them twice."""
    from qtxvol.offers.waves import list_next_teams  # it asks through verbs of this room

    return () if order.is_auto_asked else list_next_teams(order, now)


def _reroute(order: Order, clock: OrderClock, now: datetime) -> str:
    department_id = _find_next_department(order)
    if not write_alarms([(clock.id, "moved" if department_id else "stuck")], now):
        return ""
    if department_id:
        reroute_order(order.number, department_id=department_id, now=now)
        return "rerouted"
    queue_notices(
        "needs_ruling",
        [To(Party.OFFICE)],
        now=now,
        order_id=order.id,
        about={"step": clock.step, "due": clock.due_at.isoformat(), "owner": clock.party, "owner_scope": clock.scope},
        is_emergency=order.is_emergency,
    )
    return "stuck"


def _find_next_department(order: Order) -> str | None:
    """The next that the menu or the plan names, that has not had the order, and for which somebody can sign in: an
    order that is moved to an empty desk waits longer, not shorter."""
    had = select(OrderHolder.code).where(OrderHolder.order_id == order.id, OrderHolder.kind == "department")
    manned = (
        select(Seat.department_id)
        .join(Account, Account.id == Seat.account_id)
        .where(Account.is_active, Seat.party == Party.DEPARTMENT, Seat.department_id.not_in(had))
    )
    able = set(db.session.scalars(manned))
    named = suggest_departments(order.menu_item_id, order.audience)
    return next((each.department_id for each in named if each.part in RESPONSIBLE and each.department_id in able), None)
