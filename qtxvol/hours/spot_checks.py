"""Spot checks: a public share of closed orders is drawn at random, and the community calls back.

The draw can be done again by anybody: its seed is a hash of the day and the numbers of its closed orders, and an order
is drawn when a hash of seed and number falls below the share (`rules.make_seed`, `rules.is_drawn`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import func, select

from qtxvol.accounts.actor import Actor
from qtxvol.base import CITY_TIME, AnyRow
from qtxvol.extensions import db
from qtxvol.hours.models import SpotCheck, SpotCheckOrder
from qtxvol.hours.numbers import get_number
from qtxvol.hours.presence import say_presence
from qtxvol.hours.rules import SPOT_CHECK_ANSWERS, is_drawn, make_seed
from qtxvol.orders.call_backs import Called, finish_call_back, open_call_backs
from qtxvol.orders.calls import CallCause, CallResult
from qtxvol.orders.lifecycle import Status
from qtxvol.orders.models import CallBack, Order
from qtxvol.orders.transition import lock_order
from qtxvol.refusals import Refused
from qtxvol.storage import transaction

CAUSE = CallCause.SPOT_CHECK
#: What an answer is as the result of the call.
_RESULTS = {
    "confirmed": CallResult.CONFIRMED,
    "denied": CallResult.DENIED,
    "unreachable": CallResult.UNREACHED,
}
#: Missed days are drawn later, so far back.
CATCH_UP = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class Totals:
    """What all draws came to so far."""

    days: int
    closed: int
    drawn: int
    answers: dict[str, int]


def draw_due(now: datetime) -> list[date]:
    """Draw every day that is over and was not drawn yet; the days that were. A second run draws none."""
    today = now.astimezone(CITY_TIME).date()
    last = db.session.scalar(select(func.max(SpotCheck.day)))
    first = max(last + timedelta(days=1), today - CATCH_UP) if last else today - timedelta(days=1)
    days = [first + timedelta(days=i) for i in range((today - first).days)]
    for day in days:
        draw_day(day, now)
    return days


def draw_day(day: date, now: datetime) -> SpotCheck:
    """Draw among the orders closed on `day`, once and for all; drawn ones are tasks for their community.

    :param day: over, in the city.
    """
    with transaction():
        known = db.session.get(SpotCheck, day)
        if known is not None:
            return known
        orders = db.session.execute(
            select(Order.id, Order.number, Order.division_code, Order.closures_count)
            .where(Order.status == Status.CLOSED, Order.counts(), Order.closed_at >= _midnight(day))
            .where(Order.closed_at < _midnight(day + timedelta(days=1)))
            .order_by(Order.number)
        ).all()
        percent = get_number("spot_check_percent")
        seed = make_seed(day, (row.number for row in orders))
        drawn = [row for row in orders if is_drawn(seed, row.number, percent)]
        check = SpotCheck(
            day=day,
            seed=seed,
            percent=percent,
            closed_count=len(orders),
            drawn_count=len(drawn),
            drawn_at=now,
        )
        db.session.add(check)
        opened = open_call_backs([(row.id, row.division_code) for row in drawn], CallCause.SPOT_CHECK, now)
        tasks = {task.order_id: task for task in opened}
        db.session.add_all(
            SpotCheckOrder(
                day=day,
                order_id=row.id,
                closure=row.closures_count,
                is_drawn=row.id in tasks,
                call_back_id=tasks[row.id].id if row.id in tasks else None,
            )
            for row in orders
        )
        return check


def answer_spot_check(
    call_back_id: int, actor: Actor, *, answer: str, outcome: str, key: str = "", now: datetime
) -> Called:
    """The community has called: as written up, not as written up (which disputes the hours), or could not be reached,
    which ends the task after enough tries only.

    :raise NotFound: no such task of this community's.
    :raise Refused: `wrong_party` (403); `missing` or `unknown` with `field` (422).
    """
    if answer not in SPOT_CHECK_ANSWERS:
        raise Refused("unknown", 422, field="answer")
    with transaction():
        called = finish_call_back(call_back_id, actor, result=_RESULTS[answer], outcome=outcome, key=key, now=now)
        row = db.session.scalars(
            select(SpotCheckOrder).where(SpotCheckOrder.call_back_id == call_back_id).with_for_update()
        ).one_or_none()
        if row is None or row.answer or not called.is_done:
            return called
        row.answer = answer
        order = lock_order(called.number, actor)
        still_closed = order.status == Status.CLOSED and order.closures_count == row.closure
        if answer in ("confirmed", "denied") and still_closed:
            say_presence(order, actor, did_take_place=answer == "confirmed", text=outcome, now=now)
        return called


# Reads


def list_draws(limit: int = 60) -> Sequence[SpotCheck]:
    """The latest draws, newest first."""
    return db.session.scalars(select(SpotCheck).order_by(SpotCheck.day.desc()).limit(limit)).all()


def list_drawn_of(day: date) -> Sequence[AnyRow]:
    """The orders of a day's draw by number: number, is_drawn, answer."""
    return db.session.execute(
        select(Order.number, SpotCheckOrder.is_drawn, SpotCheckOrder.answer)
        .join(Order, Order.id == SpotCheckOrder.order_id)
        .where(SpotCheckOrder.day == day)
        .order_by(Order.number)
    ).all()


def find_draw(day: date) -> SpotCheck | None:
    """The draw of a day."""
    return db.session.get(SpotCheck, day)


def count_draws() -> Totals:
    """Sums over all draws; two statements."""
    row = db.session.execute(
        select(func.count(), func.sum(SpotCheck.closed_count), func.sum(SpotCheck.drawn_count))
    ).one()
    answers = db.session.execute(
        select(SpotCheckOrder.answer, func.count()).where(SpotCheckOrder.is_drawn).group_by(SpotCheckOrder.answer)
    )
    return Totals(row[0], int(row[1] or 0), int(row[2] or 0), {answer: count for answer, count in answers})


def list_denied() -> Sequence[AnyRow]:
    """Drawn orders that were not as written up, newest first, for the office."""
    return db.session.execute(
        select(Order.number, SpotCheckOrder.day, SpotCheckOrder.answer, CallBack.outcome)
        .join(Order, Order.id == SpotCheckOrder.order_id)
        .join(CallBack, CallBack.id == SpotCheckOrder.call_back_id)
        .where(SpotCheckOrder.answer == "denied")
        .order_by(SpotCheckOrder.day.desc(), Order.number)
        .limit(50)
    ).all()


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=CITY_TIME)
