"""Running limits of orders as rows: begun, stopped, given back and ended with the step that does so, as one piece.

Every status that waits for somebody has a main clock (`lifecycle.WAITS`); the order's `due_at` is its due time. An
accepted order also owes the first phone call and the service; a closed one its rating. A row keeps the limit of the day
on which it began, so that a limit that is changed later changes nothing here.

How a clock ended is kept for ever: `done` when its step was taken by the action that it waits for, late or not; `void`
when nobody owes it any more (`DONE_BY`). Whether it was late is read from its times. Counting: `deadlines.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, insert, or_, select, update

from qtxvol.base import CITY_TIME
from qtxvol.directory.queries import limits_for
from qtxvol.directory.workdays import load_calendar
from qtxvol.extensions import db
from qtxvol.notices.queue import To, queue_notices
from qtxvol.orders.deadlines import DEFAULT_LIMITS, Limit, Times, Unit, WorkCalendar, give_back, run_limit
from qtxvol.orders.lifecycle import WAITS, Action, Party, Status
from qtxvol.orders.models import Order, OrderClock, OrderEvent
from qtxvol.refusals import Refused
from qtxvol.storage import transaction

#: What runs while an order stands somewhere: its main clock first.
RUNNING: Mapping[Status, tuple[str, ...]] = {
    Status.PLACED: ("dispatch",),
    Status.DISPATCHED: ("claim",),
    Status.CLAIMED: ("accept",),
    Status.ACCEPTED: ("close", "serve", "first_call"),
    Status.CLOSED: ("rate",),
}
#: The steps of `lifecycle.WAITS`: one of them runs for every open order.
MAIN_STEPS = tuple(wait.step for wait in WAITS.values())
#: Steps that the resident's silence or a logged call may end before the status does.
MAY_END_EARLY = frozenset({"first_call", "rate"})
#: The actions by which a step is done; any other that ends its clock leaves it void. A rejection or a merging is an
#: answer of the community as good as a dispatch, and so is a return by the department. The first call is done by
#: being logged (`end_clock`), and void when the order moves on without one.
DONE_BY: Mapping[str, frozenset[Action]] = {
    "dispatch": frozenset({Action.DISPATCH, Action.REJECT, Action.MERGE}),
    "claim": frozenset({Action.CLAIM, Action.RETURN}),
    "accept": frozenset({Action.ACCEPT}),
    "serve": frozenset({Action.CLOSE}),
    "close": frozenset({Action.CLOSE}),
    "rate": frozenset({Action.RATE}),
}
#: So many orders that nobody rated are laid down in one go.
BATCH = 200
_DAY = timedelta(days=1)


# Conditions; a clock that stands still is judged by the moment at which it was stopped


def is_running() -> ColumnElement[bool]:
    """Somebody owes the step, though a question may be open."""
    return OrderClock.ended_at.is_(None)


def is_soon(now: datetime) -> ColumnElement[bool]:
    """Due soon, and not overdue."""
    return and_(is_running(), OrderClock.stopped_at.is_(None), OrderClock.soon_at <= now, OrderClock.due_at >= now)


def is_overdue(now: datetime) -> ColumnElement[bool]:
    """Overdue, and still owed. A question to the resident stops the clock; it does not undo a delay."""
    return and_(is_running(), OrderClock.due_at < func.coalesce(OrderClock.stopped_at, now))


def was_late() -> ColumnElement[bool]:
    """Overdue but done later."""
    return and_(OrderClock.ending == "done", _ended_late())


def was_missed() -> ColumnElement[bool]:
    """Overdue when it ended, and never done by whom it waited for."""
    return and_(OrderClock.ending == "void", _ended_late())


def _ended_late() -> ColumnElement[bool]:
    return OrderClock.due_at < func.coalesce(OrderClock.stopped_at, OrderClock.ended_at)


class Stand(StrEnum):
    """How one clock stands. Due soon, overdue, and overdue but done later are never mixed."""

    RUNNING = "running"
    SOON = "soon"
    OVERDUE = "overdue"
    STOPPED = "stopped"
    DONE = "done"
    DONE_LATE = "done_late"
    VOID = "void"
    MISSED = "missed"


def stand_of(clock: OrderClock, now: datetime) -> Stand:
    """The same as the conditions above, of a row at hand."""
    is_late = late_by(clock, now) > timedelta(0)
    match clock.ending:
        case "done":
            return Stand.DONE_LATE if is_late else Stand.DONE
        case "void":
            return Stand.MISSED if is_late else Stand.VOID
    if is_late:
        return Stand.OVERDUE
    if clock.stopped_at is not None:
        return Stand.STOPPED
    return Stand.SOON if clock.soon_at <= now else Stand.RUNNING


def late_by(clock: OrderClock, now: datetime) -> timedelta:
    """How late it is, or was when it ended; negative while there is time."""
    return (clock.stopped_at or clock.ended_at or now) - clock.due_at


# Beginning


@dataclass(slots=True)
class Rules:
    """What clocks begin by on this day: the limits of the order's urgency and theme, and the calendar."""

    limits: Mapping[str, Limit]
    calendar: WorkCalendar

    def limit_of(self, step: str) -> Limit:
        """The limit in use, or the one that the service came with."""
        return self.limits.get(step, DEFAULT_LIMITS[step])


def load_rules(urgency: str, theme: str | None) -> Rules:
    """In two statements."""
    return Rules(limits_for(urgency, theme), load_calendar())


def plan_clocks(
    order: Order, status: Status, now: datetime, changes: Mapping[str, Any] | None = None
) -> list[OrderClock]:
    """The clocks that begin when `order` comes to stand at `status`, not yet written (`write_clocks`).

    :param changes: columns of the order that the step is about to set.
    :raise Refused: `no_working_day` (409): the calendar has none in reach.
    """
    steps = RUNNING.get(status, ())
    if not steps:
        return []
    rules = load_rules(order.urgency, order.theme)
    seen = _Seen(order, changes or {})
    try:
        return [_plan(seen, step, rules, now) for step in steps]
    except ValueError:
        raise Refused("no_working_day", 409) from None


class _Seen:
    """An order as it will be after the step."""

    def __init__(self, order: Order, changes: Mapping[str, Any]) -> None:
        self.order, self.changes = order, changes

    def __getattr__(self, name: str) -> Any:
        return self.changes[name] if name in self.changes else getattr(self.order, name)


def _plan(seen: Any, step: str, rules: Rules, now: datetime) -> OrderClock:
    limit = rules.limit_of(step)
    start, times = _times_of(step, limit, rules.calendar, now, seen.agreed_start, seen.agreed_end)
    party, scope = _owner_of(step, seen)
    return OrderClock(
        order_id=seen.order.id,
        step=step,
        party=party,
        scope=scope,
        started_at=start,
        amount=limit.amount,
        unit=limit.unit,
        soon_at=times.soon_at,
        due_at=times.due_at,
        twice_at=times.twice_at,
        ending="",
    )


def _times_of(
    step: str,
    limit: Limit,
    calendar: WorkCalendar,
    now: datetime,
    agreed_start: datetime | None,
    agreed_end: datetime | None,
) -> tuple[datetime, Times]:
    """When a clock begins to run, and its times. Writing up counts from the end of the service. The service itself is
    due on the agreed day, whatever its limit; the first call at the latest when the service begins."""
    match step:
        case "close" if agreed_end is not None:
            return agreed_end, run_limit(agreed_end, limit, calendar)
        case "serve" if agreed_start is not None and agreed_end is not None:
            return now, _on_agreed_day(agreed_start, agreed_end, now)
        case "first_call" if agreed_start is not None:
            times = run_limit(now, limit, calendar)
            due = max(now, min(times.due_at, agreed_start))
            return now, Times(min(times.soon_at, now + (due - now) * 3 / 4), due, times.twice_at)
    return now, run_limit(now, limit, calendar)


def _on_agreed_day(agreed_start: datetime, agreed_end: datetime, now: datetime) -> Times:
    """Soon from the morning of the day on; overdue when the day is over."""
    midnight = agreed_start.astimezone(CITY_TIME).replace(hour=0, minute=0, second=0, microsecond=0)
    last = agreed_end.astimezone(CITY_TIME).replace(hour=0, minute=0, second=0, microsecond=0)
    due = last + _DAY
    return Times(max(now, midnight), due, due + _DAY)


def _owner_of(step: str, seen: Any) -> tuple[Party, str]:
    """Who owes it. Teams in the pool have no name until one was chosen: their department's teams owe it together."""
    match step:
        case "dispatch":
            return Party.COMMUNITY, seen.division_code
        case "claim":
            return Party.DEPARTMENT, seen.department_id or ""
        case "accept":
            return Party.TEAM, str(seen.handed_team_id or "")
        case "rate":
            return Party.RESIDENT, ""
    return Party.TEAM, str(seen.team_id or "")


def main_due(clocks: Iterable[OrderClock]) -> datetime | None:
    """What the order's `due_at` is while these run."""
    return next((clock.due_at for clock in clocks if clock.step in MAIN_STEPS), None)


def write_clocks(clocks: Sequence[OrderClock], event: OrderEvent, *, also_for: Sequence[int] = ()) -> None:
    """Write planned clocks with the event that begins them, in one statement.

    :param also_for: orders that were merged into this one; their residents may rate too.
    """
    rows = [{**_row(clock), "order_id": event.order_id, "started_event_id": event.id} for clock in clocks]
    rows += [{**row, "order_id": order_id} for row in rows if row["step"] == "rate" for order_id in also_for]
    if rows:
        db.session.execute(insert(OrderClock), rows)


_COPIED = ("step", "party", "scope", "started_at", "amount", "unit", "soon_at", "due_at", "twice_at", "ending")


def _row(clock: OrderClock) -> dict[str, Any]:
    return {name: getattr(clock, name) for name in _COPIED}


def start_clocks(order: Order, event: OrderEvent, now: datetime) -> None:
    """Begin the clocks of where `order` stands, and set its `due_at`: for what is not a step of its own."""
    clocks = plan_clocks(order, Status(order.status), now)
    order.due_at = main_due(clocks)
    write_clocks(clocks, event)


# Ending


def end_clocks(order_id: int, action: Action, event: OrderEvent, now: datetime, *, with_joined: bool = False) -> None:
    """End what runs for an order: the step is done, or nobody owes it any more; one statement.

    :param with_joined: also for the orders that were merged into it.
    """
    done = [step for step, actions in DONE_BY.items() if action in actions]
    whose = OrderClock.order_id == order_id
    if with_joined:
        whose = or_(whose, OrderClock.order_id.in_(select(Order.id).where(Order.merged_into_id == order_id)))
    db.session.execute(
        update(OrderClock)
        .where(whose, is_running())
        .values(
            ended_at=_served_at(event) if action is Action.CLOSE else now,
            ended_event_id=event.id,
            ending=case((OrderClock.step.in_(done), "done"), else_="void") if done else "void",
        )
        .execution_options(synchronize_session=False)
    )


def _served_at(event: OrderEvent) -> ColumnElement[datetime]:
    """The service was over when it was, not when it was written up."""
    served = datetime.fromisoformat(str(event.payload["actual_end"]))
    return case((OrderClock.step == "serve", served), else_=event.happened_at)


def end_clock(order_id: int, step: str, now: datetime, *, event_id: int | None = None, ending: str = "done") -> bool:
    """End one clock before its status does: the first call was logged, the resident has rated.

    :return: whether it ran.
    """
    ended = (
        update(OrderClock)
        .where(OrderClock.order_id == order_id, OrderClock.step == step, is_running())
        .values(ended_at=now, ended_event_id=event_id, ending=ending)
        .execution_options(synchronize_session=False)
    )
    return db.session.connection().execute(ended).rowcount > 0


def take_up_ended(event: OrderEvent) -> list[OrderClock]:
    """The clocks of the order that `event` ended, ready to go on where they stood (`reopen_clocks`). Nothing is won:
    only what a question had been open for is given back.

    Those that began with the event itself stay ended: a raising has ended them (`hasten_clocks`), in its name because
    it is no step of its own.
    """
    clocks = list(
        db.session.scalars(
            select(OrderClock)
            .where(
                OrderClock.order_id == event.order_id,
                OrderClock.ended_event_id == event.id,
                OrderClock.started_event_id != event.id,
            )
            .order_by(OrderClock.id)
            .execution_options(populate_existing=True)
        )
    )
    stopped = [clock for clock in clocks if clock.stopped_at is not None]
    calendar = load_calendar() if stopped else None
    for clock in stopped:
        if calendar is not None and clock.ended_at is not None:
            _give_back(clock, clock.ended_at, calendar)
    return clocks


def reopen_clocks(clocks: Sequence[OrderClock]) -> None:
    """Let them run again: what ended them was taken back."""
    for clock in clocks:
        clock.ended_at, clock.ended_event_id, clock.ending = None, None, ""


# Standing still, and moving


def pause_clocks(order_id: int, now: datetime) -> None:
    """A question to the resident is open: everything stands still."""
    db.session.execute(
        update(OrderClock)
        .where(OrderClock.order_id == order_id, is_running(), OrderClock.stopped_at.is_(None))
        .values(stopped_at=now)
        .execution_options(synchronize_session=False)
    )


def resume_clocks(order: Order, now: datetime) -> datetime | None:
    """The question is answered: what went by of each clock's unit meanwhile is given back.

    :return: what `order.due_at` becomes.
    :raise Refused: `no_working_day` (409).
    """
    clocks = list_running(order.id)
    calendar = load_calendar()
    for clock in clocks:
        if clock.stopped_at is not None:
            _give_back(clock, now, calendar)
    return main_due(clocks) if clocks else order.due_at


def _give_back(clock: OrderClock, now: datetime, calendar: WorkCalendar) -> None:
    """Nothing was lost before the clock had begun; the agreed day does not move."""
    since, clock.stopped_at = clock.stopped_at, None
    if since is None or clock.step == "serve":
        return
    unit = Unit(clock.unit)
    try:
        for name in ("soon_at", "due_at", "twice_at"):
            moved = give_back(
                getattr(clock, name), stopped_at=max(since, clock.started_at), now=now, unit=unit, calendar=calendar
            )
            setattr(clock, name, moved)
    except ValueError:
        raise Refused("no_working_day", 409) from None


def move_clocks(order: Order, agreed_start: datetime, agreed_end: datetime) -> datetime | None:
    """The service moves to another time, and what counts from it with it, by the limit that it began with.

    :return: what `order.due_at` becomes.
    :raise Refused: `no_working_day` (409).
    """
    clocks = [clock for clock in list_running(order.id) if clock.step in ("close", "serve")]
    calendar = load_calendar()
    for clock in clocks:
        limit = Limit(clock.amount, Unit(clock.unit))
        try:
            start, times = _times_of(clock.step, limit, calendar, clock.started_at, agreed_start, agreed_end)
        except ValueError:
            raise Refused("no_working_day", 409) from None
        clock.started_at, clock.soon_at, clock.due_at, clock.twice_at = (
            start,
            times.soon_at,
            times.due_at,
            times.twice_at,
        )
    return main_due(clocks) or order.due_at


def name_owner(order_id: int, step: str, scope: str) -> None:
    """Somebody else of the same party owes the step from now on, by the same clock: a team was chosen from the pool."""
    db.session.execute(
        update(OrderClock)
        .where(OrderClock.order_id == order_id, OrderClock.step == step, is_running(), OrderClock.scope != scope)
        .values(scope=scope)
        .execution_options(synchronize_session=False)
    )


def hasten_clocks(order: Order, event: OrderEvent, now: datetime) -> datetime | None:
    """The order became more urgent: what runs ends void, and its steps begin anew by the limits of the new urgency,
    never due later than before. What was overdue stays so. For `order` with its new urgency set.

    :return: what `order.due_at` becomes.
    """
    before = {clock.step: clock for clock in list_running(order.id)}
    clocks = [clock for clock in plan_clocks(order, Status(order.status), now) if clock.step in before]
    for clock in clocks:
        former = before[clock.step]
        clock.stopped_at = former.stopped_at
        for name in ("soon_at", "due_at", "twice_at"):
            setattr(clock, name, min(getattr(clock, name), getattr(former, name)))
    for former in before.values():
        former.ended_at, former.ended_event_id, former.ending = now, event.id, "void"
    db.session.flush()
    rows = [
        {**_row(clock), "order_id": order.id, "started_event_id": event.id, "stopped_at": clock.stopped_at}
        for clock in clocks
    ]
    if rows:
        db.session.execute(insert(OrderClock), rows)
    return main_due(clocks)


def list_running(order_id: int) -> list[OrderClock]:
    """What runs for an order, the one that is due first first."""
    return list(
        db.session.scalars(
            select(OrderClock)
            .where(OrderClock.order_id == order_id, is_running())
            .order_by(OrderClock.due_at, OrderClock.id)
            .execution_options(populate_existing=True)
        )
    )


def list_clocks(order_id: int) -> list[OrderClock]:
    """Everything that ever ran for an order, oldest first."""
    return list(db.session.scalars(select(OrderClock).where(OrderClock.order_id == order_id).order_by(OrderClock.id)))


# Ratings that nobody gave


def expire_ratings(now: datetime, *, limit: int = BATCH) -> int:
    """End the rating clocks that have run out: the service stays not rated, which is a fact and no row of stars. The
    clerk who looks after the resident is told, once.

    :return: how many; no more than `limit` at a time.
    """
    with transaction():
        over = (
            select(OrderClock.id, Order.id.label("order_id"), Order.division_code)
            .join(Order, Order.id == OrderClock.order_id)
            .where(OrderClock.step == "rate", is_running(), OrderClock.due_at <= now)
            .order_by(OrderClock.id)
            .limit(limit)
            .with_for_update(of=OrderClock, skip_locked=True)
        )
        rows = db.session.execute(over).all()
        if not rows:
            return 0
        db.session.execute(
            update(OrderClock)
            .where(OrderClock.id.in_([row.id for row in rows]))
            .values(ended_at=now, ending="void")
            .execution_options(synchronize_session=False)
        )
        queue_notices("not_rated", [To(Party.COMMUNITY, row.division_code, row.order_id) for row in rows], now=now)
    return len(rows)
