"""Solves plans that were asked for, and confirms those that somebody wants whole, in a thread of its own: one takes
seconds, and neither notices nor waves wait for it."""

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor

from flask import Flask

from qtxvol.base import utcnow
from qtxvol.jobs.ledger import worker_name
from qtxvol.offers.plan_confirming import confirm_next
from qtxvol.offers.plan_solving import solve_next

_LOG = logging.getLogger(__name__)

#: How often the planner looks for plans, in seconds; somebody waits before the page.
LOOK_EVERY = 2


class Planner:
    """Solves while the process runs. What must outlive it stands in the database: a plan that this process leaves
    unfinished is taken up again, here or elsewhere."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._stopping = threading.Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="plan")
        self._running: Future[None] | None = None

    def look(self) -> None:
        """See to it that waiting plans are being solved and confirmed."""
        if not self._stopping.is_set() and (self._running is None or self._running.done()):
            self._running = self._thread.submit(self._work_off)

    def stop(self) -> None:
        """Give back what is being solved, and begin nothing more."""
        self._stopping.set()
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _work_off(self) -> None:
        """Plan after plan, until none waits."""
        try:
            with self._app.app_context():
                while not self._stopping.is_set():
                    was_solved = solve_next(utcnow(), worker_name(), is_stopping=self._stopping.is_set)
                    if not confirm_next(utcnow(), worker_name(), is_stopping=self._stopping.is_set) and not was_solved:
                        return
        except Exception:
            _LOG.exception("planning stopped; the next look begins anew")
