"""All open lines of a plan at once. As many as a page shows are confirmed while the person waits; more of them by the
worker, beside the solving (`plan_solving`), since each line is a step of its own and thousands take minutes.

What must outlive the process stands in the database: how far it is, and when the worker last said that it is alive. A
line that was confirmed is no open line any more, so whoever takes up where another has died asks nobody twice.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true, update
from sqlalchemy.exc import OperationalError

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account
from qtxvol.accounts.seats import find_actor
from qtxvol.base import utcnow
from qtxvol.extensions import db
from qtxvol.offers.models import MatchPlan, PlanLine, PlanRun
from qtxvol.offers.pace import is_quiet
from qtxvol.offers.plan_solving import DEAD_AFTER
from qtxvol.offers.plans import confirm_lines, get_plan
from qtxvol.offers.rules import get_settings
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import Order
from qtxvol.refusals import Refused
from qtxvol.storage import transaction

_LOG = logging.getLogger(__name__)

#: So many lines are confirmed between two looks whether it is still wanted; about a second.
CHUNK = 25
#: Nobody's questions go out long after the button was pressed.
WAITS_AT_MOST = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class OpenLines:
    """What is open in a plan and may be confirmed now.

    :ivar teams: that would be asked. :ivar asleep: lines besides that wait for the morning.
    """

    lines: int
    teams: int
    asleep: int


@dataclass(frozen=True, slots=True)
class RunView:
    """The last time that all lines of a plan were confirmed by the worker. :ivar confirmed: lines, and refused ones."""

    run: PlanRun
    asked_by: str
    confirmed: int
    refused: int

    @property
    def is_running(self) -> bool:
        return self.run.ended_at is None

    @property
    def percent(self) -> int:
        return min(100, 100 * self.run.done // self.run.lines)


def count_open(plan_id: int, now: datetime) -> OpenLines:
    """How many lines "confirm all" is about; one statement."""
    is_awake = _is_awake(now)
    lines, teams, every = db.session.execute(
        select(
            func.count().filter(is_awake),
            func.count(PlanLine.team_id.distinct()).filter(is_awake),
            func.count(),
        )
        .select_from(PlanLine)
        .join(Order, Order.id == PlanLine.order_id)
        .where(PlanLine.plan_id == plan_id, PlanLine.status == "proposed")
    ).one()
    return OpenLines(lines, teams, every - lines)


def list_open(plan_id: int, now: datetime, most: int) -> Sequence[int]:
    """The ids of these lines, in the order of the plan."""
    return db.session.scalars(
        select(PlanLine.id)
        .join(Order, Order.id == PlanLine.order_id)
        .where(PlanLine.plan_id == plan_id, PlanLine.status == "proposed", _is_awake(now))
        .order_by(PlanLine.id)
        .limit(most)
    ).all()


def ask_to_confirm_all(plan_id: int, actor: Actor, now: datetime, *, is_handed: bool = False) -> int:
    """Have the worker confirm all lines that are open, each as `confirm_lines` does.

    :return: the id of the run; of the one that goes on already, when there is one.
    :raise NotFound: no such plan of the actor's.
    :raise Refused: `plan_not_ready`, `nothing_open` (409); `wrong_party` (403).
    """
    get_plan(plan_id, actor)
    if actor.account_id is None:
        raise Refused("wrong_party", 403)
    with transaction():
        plan = db.session.get_one(MatchPlan, plan_id, with_for_update=True, populate_existing=True)
        if plan.status != "ready":
            raise Refused("plan_not_ready", 409)
        going_on = db.session.scalars(_newest(plan_id).where(PlanRun.ended_at.is_(None))).first()
        if going_on is not None:
            return going_on.id
        found = count_open(plan_id, now)
        if not found.lines:
            raise Refused("nothing_open", 409)
        run = PlanRun(plan_id=plan_id, asked_at=now, asked_by_account_id=actor.account_id)
        run.is_handed, run.lines = is_handed, found.lines
        db.session.add(run)
        db.session.flush()
        return run.id


def stop_confirming(plan_id: int, actor: Actor, now: datetime) -> bool:
    """Confirm no more of them; what is confirmed stays so. False when nothing is going on.

    :raise NotFound: no such plan of the actor's.
    """
    get_plan(plan_id, actor)
    with transaction():
        db.session.get_one(MatchPlan, plan_id, with_for_update=True)
        going_on = _newest(plan_id).where(PlanRun.ended_at.is_(None)).with_for_update()
        run = db.session.scalars(going_on).first()
        if run is None:
            return False
        if run.beat_at is None or run.beat_at <= now - DEAD_AFTER:
            run.ended_at, run.ending = now, "stopped"
        else:
            run.is_stop_wanted = True
        return True


def view_run(plan_id: int) -> RunView | None:
    """The newest run of a plan; two statements."""
    found = db.session.execute(
        _newest(plan_id).add_columns(Account.display_name).join(Account, Account.id == PlanRun.asked_by_account_id)
    ).first()
    if found is None:
        return None
    run, name = found
    confirmed, refused = db.session.execute(
        select(
            func.count().filter(PlanLine.status == "confirmed"), func.count().filter(PlanLine.status == "refused")
        ).where(
            PlanLine.plan_id == plan_id,
            PlanLine.decided_at >= run.asked_at,
            PlanLine.decided_at <= run.ended_at if run.ended_at else true(),
            PlanLine.decided_by_account_id == run.asked_by_account_id,
        )
    ).one()
    return RunView(run, name, confirmed, refused)


def _newest(plan_id: int) -> Select[PlanRun]:
    return select(PlanRun).where(PlanRun.plan_id == plan_id).order_by(PlanRun.id.desc()).limit(1)


def _is_awake(now: datetime) -> ColumnElement[bool]:
    """The team may be asked about the order at this hour."""
    return Order.urgency == "emergency" if is_quiet(now, get_settings()) else true()


# In the worker


def confirm_next(
    now: datetime,
    worker: str,
    *,
    clock: Callable[[], datetime] = utcnow,
    is_stopping: Callable[[], bool] = lambda: False,
) -> bool:
    """Take up the oldest run that nobody works on, and confirm its lines; False when there is none.

    :param clock: gives the moment of each step. :param is_stopping: asked between steps; then the run is given back.
    """
    run_id = _take(now, worker)
    if run_id is None:
        return False
    try:
        _confirm_all(run_id, worker, clock, is_stopping)
    except OperationalError:
        _LOG.exception("run %d has to wait for the database", run_id)
    return True


def _is_free(now: datetime) -> ColumnElement[bool]:
    is_left = or_(PlanRun.beat_at.is_(None), PlanRun.beat_at <= now - DEAD_AFTER)
    return and_(PlanRun.ended_at.is_(None), is_left)


def _is_mine(run_id: int, worker: str) -> ColumnElement[bool]:
    return and_(PlanRun.id == run_id, PlanRun.ended_at.is_(None), PlanRun.worker == worker[:80])


def _take(now: datetime, worker: str) -> int | None:
    """Have the oldest free run; of several workers one gets it. What nobody wants any more is ended on the way."""
    free = db.session.execute(
        select(PlanRun.id, PlanRun.asked_at, PlanRun.is_stop_wanted).where(_is_free(now)).order_by(PlanRun.id)
    ).all()
    db.session.rollback()  # mostly there is none, and the look leaves no transaction open
    for row in free:
        changes: dict[str, object] = {"worker": worker[:80], "beat_at": now}
        if row.is_stop_wanted or row.asked_at <= now - WAITS_AT_MOST:
            changes = {"ended_at": now, "ending": "stopped" if row.is_stop_wanted else "nobody"}
        with transaction():
            taken = update(PlanRun).where(PlanRun.id == row.id, _is_free(now)).values(**changes)
            is_mine = db.session.connection().execute(taken).rowcount == 1
        if is_mine and "worker" in changes:
            return int(row.id)
    return None


def _confirm_all(run_id: int, worker: str, clock: Callable[[], datetime], is_stopping: Callable[[], bool]) -> None:
    run, department_id = db.session.execute(
        select(PlanRun, MatchPlan.department_id)
        .join(MatchPlan, MatchPlan.id == PlanRun.plan_id)
        .where(PlanRun.id == run_id)
    ).one()
    plan_id, is_handed, account_id = run.plan_id, run.is_handed, run.asked_by_account_id
    actor = find_actor(account_id, Party.OFFICE if department_id is None else Party.DEPARTMENT)
    if actor is None or actor.department_id != department_id:
        _end(run_id, worker, clock(), "no_seat")
        return
    while True:
        if is_stopping():
            _give_back(run_id, worker)
            return
        mine = db.session.execute(
            select(PlanRun.last_line_id, PlanRun.is_stop_wanted).where(_is_mine(run_id, worker))
        ).first()
        if mine is None:
            _LOG.warning("run %d was taken up by another worker or has ended", run_id)
            return
        lines = _next_lines(plan_id, mine.last_line_id)
        if mine.is_stop_wanted or not lines:
            _end(run_id, worker, clock(), "stopped" if mine.is_stop_wanted else "done")
            return
        _confirm(plan_id, lines, actor, clock(), is_handed=is_handed)
        with transaction():
            beat = update(PlanRun).where(_is_mine(run_id, worker))
            values = {"last_line_id": lines[-1], "done": PlanRun.done + len(lines), "beat_at": clock()}
            db.session.connection().execute(beat.values(**values))


def _next_lines(plan_id: int, after: int) -> Sequence[int]:
    """Lines that have not had their turn. Those for which it is too late in the evening have it too, and stay."""
    return db.session.scalars(
        select(PlanLine.id)
        .where(PlanLine.plan_id == plan_id, PlanLine.status == "proposed", PlanLine.id > after)
        .order_by(PlanLine.id)
        .limit(CHUNK)
    ).all()


def _confirm(plan_id: int, lines: Sequence[int], actor: Actor, now: datetime, *, is_handed: bool) -> None:
    """One line that can't be dealt with at all keeps no other from it."""
    try:
        confirm_lines(plan_id, lines, actor, now, is_handed=is_handed)
    except OperationalError:
        raise
    except Exception:
        db.session.rollback()
        _LOG.exception("of the lines %s of plan %d one could not be confirmed", lines, plan_id)
        for line in lines if len(lines) > 1 else ():
            _confirm(plan_id, [line], actor, now, is_handed=is_handed)


def _end(run_id: int, worker: str, now: datetime, ending: str) -> None:
    with transaction():
        ended = update(PlanRun).where(_is_mine(run_id, worker)).values(ended_at=now, ending=ending)
        db.session.connection().execute(ended)


def _give_back(run_id: int, worker: str) -> None:
    """The process ends in good order: the next one goes on at once."""
    with transaction():
        given = update(PlanRun).where(_is_mine(run_id, worker)).values(worker="", beat_at=None)
        db.session.connection().execute(given)
