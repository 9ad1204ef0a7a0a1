"""The one place that starts APScheduler: inside `qtxvol serve`, or alone as `qtxvol worker`."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask

from qtxvol.base import CITY_TIME, utcnow
from qtxvol.channels import sending
from qtxvol.extensions import db
from qtxvol.jobs import asker, planner
from qtxvol.jobs.ledger import run_due, worker_name
from qtxvol.notices.deliver import BATCH, Crew, Outside, deliver_lane, list_lanes, tidy_up
from qtxvol.notices.plan import plan_due
from qtxvol.notices.timing import Pace

_LOG = logging.getLogger(__name__)

#: How often the outbox is looked at, in seconds.
LOOK_EVERY = 3
#: Threads that send, for all lanes and for each: a lane that hangs until its time limit leaves room for the others.
MOST_THREADS = 8
MOST_THREADS_A_LANE = 2


class Deliverer:
    """Plans and sends while the process runs: each lane in threads of its own, so that one that hangs holds up no
    other. Everything that must outlive the process stands in the database."""

    def __init__(self, app: Flask, outside: Outside, pace: Pace | None = None) -> None:
        self._app = app
        self._stopping = threading.Event()
        self._crew = Crew(outside, worker_name(), pace or Pace(), self._stopping.is_set)
        self._threads = ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="deliver")
        self._running: dict[str, int] = {}
        self._lock = threading.Lock()

    def look(self) -> None:
        """Plan what is due, and see to it that every lane with something to send is being worked off."""
        if self._stopping.is_set():
            return
        with self._app.app_context():
            now = utcnow()
            try:
                plan_due(now, self._crew.outside.list_ready(), pace=self._crew.pace)
            except Exception:  # what is planned already must go out all the same
                db.session.rollback()
                _LOG.exception("planning stopped; the next look begins anew")
            tidy_up(now, self._crew)
            lanes = list_lanes(now)
        for lane, count in lanes.items():
            self._start(lane, min(MOST_THREADS_A_LANE, -(-count // BATCH)))

    def stop(self) -> None:
        """Let what is being sent come to its end, and begin nothing more."""
        self._stopping.set()
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _start(self, lane: str, wanted: int) -> None:
        with self._lock:
            free = wanted - self._running.get(lane, 0)
            self._running[lane] = self._running.get(lane, 0) + max(0, free)
        for _ in range(max(0, free)):
            self._threads.submit(self._work_off, lane)

    def _work_off(self, lane: str) -> None:
        """Batch after batch, until nothing is left or the lane is paused."""
        try:
            with self._app.app_context():
                while not self._stopping.is_set() and deliver_lane(lane, utcnow(), self._crew):
                    pass
        except Exception:
            _LOG.exception("delivering by %s stopped; the next look begins anew", lane)
        finally:
            with self._lock:
                self._running[lane] -= 1


class Worker:
    """The scheduler, the deliverer, whoever asks and whoever plans, which live and end together."""

    def __init__(self, scheduler: Any, deliverer: Deliverer, asks: asker.Asker, plans: planner.Planner) -> None:
        self._scheduler, self._deliverer, self._asker, self._planner = scheduler, deliverer, asks, plans

    def shutdown(self, wait: bool = True) -> None:
        """No job and no message begins any more; a message that is being sent is let finish, or its reader might get
        it twice or never."""
        self._asker.stop()
        self._scheduler.shutdown(wait=wait)
        self._planner.stop()
        self._deliverer.stop()

    def add_listener(self, tell: Callable[[Any], None], mask: int) -> None:
        """Hear of events of the scheduler."""
        self._scheduler.add_listener(tell, mask)


def start_worker(app: Flask, outside: Outside = sending, pace: Pace | None = None) -> Worker:
    """A scheduler in the background that asks every minute which jobs are due, and every few seconds for notices,
    for orders whose teams are to be asked, and for plans that wait.

    Missed slots are found in the ledger and notices in the outbox, not in the scheduler's memory, so a restart loses
    none.
    :param outside: the channels; tests give their own, and their own `pace`.
    :return: `shutdown()` stops it.
    """
    scheduler = BackgroundScheduler(timezone=CITY_TIME)
    deliverer, asks, plans = Deliverer(app, outside, pace), asker.Asker(app), planner.Planner(app)

    def tick() -> None:
        with app.app_context():
            run_due(utcnow())

    scheduler.add_job(tick, "cron", minute="*", second=0, id="tick", coalesce=True, max_instances=1)
    scheduler.add_job(tick, id="start")  # at once: what was missed while nobody ran
    scheduler.add_job(deliverer.look, "interval", seconds=LOOK_EVERY, id="deliver", coalesce=True, max_instances=1)
    scheduler.add_job(asks.look, "interval", seconds=asker.LOOK_EVERY, id="ask", coalesce=True, max_instances=1)
    scheduler.add_job(plans.look, "interval", seconds=planner.LOOK_EVERY, id="plan", coalesce=True, max_instances=1)
    scheduler.start()
    worker = Worker(scheduler, deliverer, asks, plans)
    app.extensions["qtxvol_worker"] = worker
    _LOG.info("worker started")
    return worker
