"""Solving plans, in the worker. Everything that must outlive the process stands in the database: who solves a plan and
when that worker last said that it is alive. A plan whose worker has died is taken up again.

Nothing here holds a transaction while it computes: a plan is read, computed, and written in one short piece each.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, insert, or_, select, update
from sqlalchemy.exc import OperationalError

from qtxvol.base import utcnow
from qtxvol.extensions import db
from qtxvol.matching.plan import make_plan
from qtxvol.matching.proposal import Plan
from qtxvol.notices.queue import To, queue_notices
from qtxvol.offers.models import MatchPlan, PlanLine
from qtxvol.offers.plan_scope import list_refusing, list_waiting, note_confirmed
from qtxvol.offers.situation import Matching, load_matching
from qtxvol.orders.lifecycle import Party
from qtxvol.storage import transaction

_LOG = logging.getLogger(__name__)

#: How often a worker writes how far it is.
BEAT_EVERY = timedelta(seconds=1)
#: A worker that has been silent for so long is dead.
DEAD_AFTER = timedelta(minutes=2)
#: Workers that may begin a plan; the next one says that it can't be done.
MOST_TRIES = 3
#: Nobody waits longer for a plan: the morning that it was for is over.
WAITS_AT_MOST = timedelta(hours=12)


class _CancelledError(Exception):
    """Somebody no longer wants the plan."""


class _LostError(Exception):
    """Another worker has taken the plan up, or it has ended."""


class _StoppingError(Exception):
    """This process is about to end."""


def solve_next(
    now: datetime,
    worker: str,
    *,
    clock: Callable[[], datetime] = utcnow,
    is_stopping: Callable[[], bool] = lambda: False,
) -> bool:
    """Take up the oldest plan that waits, and solve it; False when none waits.

    Whatever goes wrong is written down as a failure that the page says in a sentence, and never raised; only when the
    database itself can't be reached the plan is left as it is, and taken up again later.

    :param clock: gives the moment of each beat. :param is_stopping: asked often; then the plan is given back.
    """
    plan_id = _take(now, worker)
    if plan_id is None:
        return False
    try:
        _solve(plan_id, worker, clock, is_stopping)
    except _LostError:
        _LOG.warning("plan %d was taken up by another worker or has ended", plan_id)
    except _CancelledError:
        _end(plan_id, worker, clock(), status="cancelled")
    except _StoppingError:
        _give_back(plan_id, worker)
    except OperationalError:
        _LOG.exception("plan %d has to wait for the database", plan_id)
    except Exception:
        _LOG.exception("plan %d could not be solved", plan_id)
        _end(plan_id, worker, clock(), status="failed", fault="broken")
    return True


def _is_free(now: datetime) -> ColumnElement[bool]:
    """Nobody solves the plan, or whoever did is dead."""
    is_left = and_(MatchPlan.status == "solving", MatchPlan.beat_at <= now - DEAD_AFTER)
    return or_(MatchPlan.status == "waiting", is_left)


def _take(now: datetime, worker: str) -> int | None:
    """Have the oldest free plan; of several workers one gets it. Plans that are past saving are ended on the way."""
    free = db.session.execute(
        select(MatchPlan.id, MatchPlan.asked_at, MatchPlan.tries, MatchPlan.is_cancel_wanted)
        .where(_is_free(now))
        .order_by(MatchPlan.id)
    ).all()
    db.session.rollback()  # mostly there is none, and the look leaves no transaction open
    for row in free:
        changes: dict[str, Any] = {"ended_at": now}
        if row.is_cancel_wanted:
            changes["status"] = "cancelled"
        elif row.asked_at <= now - WAITS_AT_MOST:
            changes |= {"status": "failed", "fault": "nobody_solved"}
        elif row.tries >= MOST_TRIES:
            changes |= {"status": "failed", "fault": "gave_up"}
        else:
            changes = {"status": "solving", "worker": worker[:80], "started_at": now, "beat_at": now, "done": 0}
            changes["tries"] = row.tries + 1
        with transaction():
            taken = update(MatchPlan).where(MatchPlan.id == row.id, MatchPlan.tries == row.tries, _is_free(now))
            is_mine = db.session.connection().execute(taken.values(**changes)).rowcount == 1
        if is_mine and changes["status"] == "solving":
            return int(row.id)
    return None


def _solve(plan_id: int, worker: str, clock: Callable[[], datetime], is_stopping: Callable[[], bool]) -> None:
    now = clock()
    department_id = db.session.scalar(select(MatchPlan.department_id).where(MatchPlan.id == plan_id))
    orders = list_waiting(department_id, now)
    versions = {order.id: order.version for order in orders}
    matching = load_matching(orders, now, is_whole_city=department_id is None)
    note_confirmed(matching.situation, versions)
    refusing = list_refusing(versions, now)
    db.session.rollback()  # computing holds nothing open
    beat = _Beat(plan_id, worker, clock, is_stopping, total=len(orders))
    needs = [matching.needs[order] for order in versions]
    plan = make_plan(matching.situation, needs, matching.now, beat, without=refusing)
    _write(plan_id, worker, department_id, plan, matching, versions, clock())


class _Beat:
    """Says now and then that the worker lives and how far it is, and hears whether the plan is still wanted."""

    def __init__(
        self, plan_id: int, worker: str, clock: Callable[[], datetime], is_stopping: Callable[[], bool], *, total: int
    ) -> None:
        self._plan_id, self._worker, self._clock, self._is_stopping = plan_id, worker, clock, is_stopping
        self._last = clock()
        self._say(0, total, self._last)

    def __call__(self, done: int, total: int) -> None:
        if self._is_stopping():
            raise _StoppingError
        now = self._clock()
        if now - self._last >= BEAT_EVERY:
            self._last = now
            self._say(done, total, now)

    def _say(self, done: int, total: int, now: datetime) -> None:
        beat = update(MatchPlan).where(_is_mine(self._plan_id, self._worker))
        try:
            with transaction():
                wanted = db.session.connection().execute(
                    beat.values(beat_at=now, orders=total, done=done).returning(MatchPlan.is_cancel_wanted)
                )
                row = wanted.one_or_none()
        except OperationalError:  # somebody writes for long: the next beat will do
            _LOG.warning("plan %d could not say how far it is", self._plan_id)
            return
        if row is None:
            raise _LostError
        if row.is_cancel_wanted:
            raise _CancelledError


def _is_mine(plan_id: int, worker: str) -> ColumnElement[bool]:
    return and_(MatchPlan.id == plan_id, MatchPlan.status == "solving", MatchPlan.worker == worker[:80])


def _write(
    plan_id: int,
    worker: str,
    department_id: str | None,
    plan: Plan,
    matching: Matching,
    versions: Mapping[int, int],
    now: datetime,
) -> None:
    """The lines, the state and the notice, together or not at all."""
    rows = _rows_of(plan_id, plan, matching, versions)
    values = {"status": "ready", "ended_at": now, "beat_at": now, "value": plan.value, "bound": plan.bound}
    values |= {"orders": len(versions), "done": len(versions)}
    with transaction():
        ready = update(MatchPlan).where(_is_mine(plan_id, worker)).values(**values)
        row = db.session.connection().execute(ready.returning(MatchPlan.is_cancel_wanted)).one_or_none()
        if row is None:
            raise _LostError
        if row.is_cancel_wanted:
            raise _CancelledError
        if rows:
            db.session.execute(insert(PlanLine), rows)
        reader = To(Party.OFFICE) if department_id is None else To(Party.DEPARTMENT, department_id)
        queue_notices("plan_ready", [reader], now=now, key=f"plan_ready:{plan_id}")
    _LOG.info("plan %d: %d of %d orders have a team", plan_id, len(plan.lines), len(versions))


def _rows_of(plan_id: int, plan: Plan, matching: Matching, versions: Mapping[int, int]) -> Sequence[dict[str, Any]]:
    common: dict[str, Any] = {"plan_id": plan_id, "decided_at": None, "decided_by_account_id": None}
    rows: list[dict[str, Any]] = []
    for line in plan.lines:
        need, window = matching.needs[line.need], matching.windows[line.need, line.slot]
        rows.append(
            {
                **common,
                "order_id": line.need,
                "order_version": versions[line.need],
                "team_id": line.team,
                "starts_at": window.starts_at,
                "ends_at": window.ends_at,
                "people": _in_order(line.crew.first_choice(need), line.crew.ask),
                "crew_size": need.people,
                "chance": line.chance,
                "reasons": [[reason.code, reason.points, reason.facts] for reason in line.reasons],
                "status": "proposed",
                "why": "",
            }
        )
    nobody: dict[str, Any] = {"team_id": None, "starts_at": None, "ends_at": None, "chance": None, "status": "unserved"}
    for order, why in plan.unserved.items():
        about: dict[str, Any] = {"order_id": order, "order_version": versions[order], "why": why}
        rows.append({**common, **nobody, **about, "people": [], "crew_size": 0, "reasons": []})
    return rows


def _in_order(chosen: Sequence[int], asked: Sequence[int]) -> list[int]:
    """The people that the plan counts on, then whoever is asked besides."""
    return list(dict.fromkeys((*chosen, *asked)))


def _end(plan_id: int, worker: str, now: datetime, *, status: str, fault: str = "") -> None:
    with transaction():
        ended = update(MatchPlan).where(_is_mine(plan_id, worker))
        db.session.connection().execute(ended.values(status=status, fault=fault, ended_at=now))


def _give_back(plan_id: int, worker: str) -> None:
    """The process ends in good order: the next one begins anew at once, and this try doesn't count."""
    with transaction():
        given = update(MatchPlan).where(_is_mine(plan_id, worker))
        values = {"status": "waiting", "worker": "", "done": 0, "tries": MatchPlan.tries - 1}
        db.session.connection().execute(given.values(**values))
