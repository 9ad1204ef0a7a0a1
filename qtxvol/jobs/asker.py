"""The turn of whoever asks: waves to teams, then the people of teams that have said yes; and the end of questions to
residents that nobody has answered. Taken every few seconds by the worker, and by `qtxvol deliver` where a timer takes
the worker's place.

Nothing is remembered here: what is due stands with the orders and holds, and whoever takes it up locks it and looks
again, so any number may take turns at once.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial

from flask import Flask

from qtxvol.base import utcnow
from qtxvol.extensions import db
from qtxvol.offers.holds import advance_holds
from qtxvol.offers.joint import close_joint
from qtxvol.offers.other_times import expire_counters
from qtxvol.offers.waves import ask_due

_LOG = logging.getLogger(__name__)

#: How often it is looked, in seconds.
LOOK_EVERY = 5


def never() -> bool:
    return False


def take_turn(now: datetime, is_stopping: Callable[[], bool] = never) -> tuple[int, int]:
    """End what nobody has answered in time, then ask whoever is due. What can't be done keeps nothing else from it.

    :return: teams asked, holds moved on.
    """
    for what, end in (("ending questions", expire_counters), ("closing joint sessions", close_joint)):
        if not is_stopping():
            _try(what, partial(end, now))
    asked = 0 if is_stopping() else _try("asking teams", lambda: ask_due(now, is_stopping))
    return asked, 0 if is_stopping() else _try("asking people", lambda: advance_holds(now))


def _try(what: str, step: Callable[[], int]) -> int:
    try:
        return step()
    except Exception:
        db.session.rollback()
        _LOG.exception("%s stopped; the next turn begins anew", what)
        return 0


class Asker:
    """Takes turns while the process runs."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._stopping = threading.Event()

    def look(self) -> None:
        """One turn; none once it was told to stop."""
        if self._stopping.is_set():
            return
        with self._app.app_context():
            take_turn(utcnow(), self._stopping.is_set)

    def stop(self) -> None:
        """Let the order that is being asked for come to its end, and begin no other."""
        self._stopping.set()
