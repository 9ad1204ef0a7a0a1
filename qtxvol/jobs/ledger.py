"""Which slots have run. Every worker tries every slot; the primary key of `job_runs` lets one of them have it."""

import logging
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from qtxvol.base import CITY_TIME
from qtxvol.extensions import db
from qtxvol.jobs.models import JobRun
from qtxvol.jobs.schedule import JOBS, Job, last_slot
from qtxvol.storage import transaction

_LOG = logging.getLogger(__name__)

#: A run that did not finish in this time is taken to be dead, and another worker may have the slot.
GIVEN_UP_AFTER = timedelta(minutes=30)


def run_due(now: datetime) -> list[str]:
    """Run every job whose latest slot has not run, here or on another worker. Called at start and every minute.

    :return: names of the jobs that ran here.
    """
    return [job.name for job in JOBS if _run_slot(job, last_slot(job, now), now)]


def _run_slot(job: Job, slot: datetime, now: datetime) -> bool:
    if now - slot > job.catch_up or not _take(job, slot, now):
        return False
    try:
        result = job.run(slot, now)
    except Exception:
        _LOG.exception("job %s of %s failed", job.name, slot)
        _finish(job, slot, None, "failed, see the log")
        return False
    _finish(job, slot, now, result)
    _LOG.info("job %s of %s: %s", job.name, slot_name(slot), result)
    return True


def slot_name(slot: datetime) -> str:
    """`2026-11-24T00:10`, city time."""
    return slot.astimezone(CITY_TIME).strftime("%Y-%m-%dT%H:%M")


def _take(job: Job, slot: datetime, now: datetime) -> bool:
    """Have the slot, unless somebody has or had it."""
    try:
        with transaction():
            run = db.session.get(JobRun, (job.name, slot_name(slot)), with_for_update=True)
            if run is None:
                db.session.add(JobRun(job=job.name, slot=slot_name(slot), started_at=now))
                return True
            if run.done_at is None and run.started_at + GIVEN_UP_AFTER < now:
                run.started_at = now
                return True
            return False
    except IntegrityError:  # another worker was faster
        return False


def _finish(job: Job, slot: datetime, done_at: datetime | None, result: str) -> None:
    with transaction():
        run = db.session.get_one(JobRun, (job.name, slot_name(slot)))
        run.done_at, run.result = done_at, result


def list_last_runs() -> dict[str, JobRun]:
    """The latest run of each job."""
    runs = db.session.scalars(select(JobRun).order_by(JobRun.slot)).all()
    return {run.job: run for run in runs}
