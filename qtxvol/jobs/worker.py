"""The one place that starts APScheduler: inside `qtxvol serve`, or alone as `qtxvol worker`."""

import logging
from typing import Any

from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask

from qtxvol.base import CITY_TIME, utcnow
from qtxvol.jobs.ledger import run_due

_LOG = logging.getLogger(__name__)


def start_worker(app: Flask) -> Any:
    """A scheduler in the background that asks every minute which jobs are due.

    Missed slots are found in the ledger, not in the scheduler's memory, so a restart loses none.
    :return: the scheduler; `shutdown()` stops it.
    """
    scheduler = BackgroundScheduler(timezone=CITY_TIME)

    def tick() -> None:
        with app.app_context():
            run_due(utcnow())

    scheduler.add_job(tick, "cron", minute="*", second=0, id="tick", coalesce=True, max_instances=1)
    scheduler.add_job(tick, id="start")  # at once: what was missed while nobody ran
    scheduler.start()
    app.extensions["qtxvol_worker"] = scheduler
    _LOG.info("worker started")
    return scheduler
