"""Which slots have run. Every worker tries every slot; the primary key of `job_runs` lets one of them have it.

The row is written in the transaction that does the work. So there is no run that was begun and not done: a worker
that is killed in the middle leaves nothing, and the next one begins anew at once, without waiting for anything to
expire (docs/adr/0012-counting.md).
"""

import logging
import os
import socket
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select, true
from sqlalchemy.exc import IntegrityError, OperationalError

from qtxvol.base import CITY_TIME
from qtxvol.extensions import db
from qtxvol.jobs.models import JobRun
from qtxvol.jobs.schedule import JOBS, Job, Result, list_slots
from qtxvol.storage import transaction

_LOG = logging.getLogger(__name__)

#: A run that failed is tried again after so long, here or on another worker.
RETRY_AFTER = timedelta(minutes=30)


class _TakenError(Exception):
    """The slot has been run, or failed a moment ago."""


def run_due(now: datetime) -> list[str]:
    """Run every slot of every job that is due and has not run, here or on another worker. Called at start and every
    minute.

    :return: names of the jobs that ran here, once per slot.
    """
    return [job.name for job in JOBS for slot in _list_due(job, now) if _run_slot(job, slot, now)]


def slot_name(slot: datetime) -> str:
    """`2026-11-24T00:10`, city time."""
    return slot.astimezone(CITY_TIME).strftime("%Y-%m-%dT%H:%M")


def worker_name() -> str:
    """Machine and process."""
    return f"{socket.gethostname()[:48]}:{os.getpid()}"


def list_last_runs() -> dict[str, JobRun]:
    """The latest run of each job, done or failed."""
    return _list_last(true())


def list_last_done() -> dict[str, JobRun]:
    """The latest run of each job that came through."""
    return _list_last(JobRun.done_at.is_not(None))


def _list_last(condition: ColumnElement[bool]) -> dict[str, JobRun]:
    last = select(JobRun.job, func.max(JobRun.slot).label("slot")).where(condition).group_by(JobRun.job).subquery()
    joined = (JobRun.job == last.c.job) & (JobRun.slot == last.c.slot)
    return {run.job: run for run in db.session.scalars(select(JobRun).join(last, joined))}


def list_runs(job: str, limit: int) -> Sequence[JobRun]:
    """The latest runs of a job, newest first."""
    return db.session.scalars(select(JobRun).where(JobRun.job == job).order_by(JobRun.slot.desc()).limit(limit)).all()


def _list_due(job: Job, now: datetime) -> list[datetime]:
    """Slots without a finished run, oldest first, as far as the job catches up: those after the last one that was
    done, and those that failed. Of a job that never ran, the latest only."""
    slots = [slot for slot in list_slots(job, now) if now - slot <= job.catch_up]
    runs = db.session.execute(select(JobRun.slot, JobRun.done_at).where(JobRun.job == job.name)).all()
    db.session.rollback()  # the look is over: a tick that finds nothing leaves no transaction open
    done = {run.slot for run in runs if run.done_at is not None}
    failed = {run.slot for run in runs} - done
    if not done:
        return slots[-1:]
    return [slot for slot in slots if slot_name(slot) > max(done) or slot_name(slot) in failed]


def _run_slot(job: Job, slot: datetime, now: datetime) -> bool:
    try:
        with transaction():
            run = _take(job, slot, now)
            result = job.run(slot, now)
            result = result if isinstance(result, Result) else Result(str(result))
            run.done_at, run.result = now, result.text
            run.inputs, run.counts, run.checksum = dict(result.inputs), dict(result.counts), result.checksum
            if job.every is not None:
                _forget_runs(job, slot)
    except _TakenError:
        return False
    except OperationalError as error:  # somebody writes for long, or the database is gone: the next tick asks again
        _LOG.warning("job %s of %s has to wait: %s", job.name, slot_name(slot), error.orig)
        return False
    except IntegrityError as error:
        if _is_done(job, slot):  # another worker was faster
            return False
        return _note_failure(job, slot, now, error)
    except Exception as error:
        return _note_failure(job, slot, now, error)
    _LOG.info("job %s of %s: %s", job.name, slot_name(slot), result.text)
    return True


def _take(job: Job, slot: datetime, now: datetime) -> JobRun:
    """Have the slot, inside the transaction that does its work. Whoever is second waits here until the first is
    through: on SQLite for the write lock, on PostgreSQL for the row."""
    run = db.session.get(JobRun, (job.name, slot_name(slot)), with_for_update=True)
    if run is None:
        run = JobRun(job=job.name, slot=slot_name(slot), started_at=now, result="")
        db.session.add(run)
    elif run.done_at is not None or run.started_at + RETRY_AFTER > now:
        raise _TakenError
    run.started_at, run.worker = now, worker_name()
    db.session.flush()
    return run


def _forget_runs(job: Job, slot: datetime) -> None:
    """Of a job that runs all day the runs of the last day are kept."""
    old = slot_name(slot - timedelta(days=1))
    db.session.execute(delete(JobRun).where(JobRun.job == job.name, JobRun.slot < old))


def _is_done(job: Job, slot: datetime) -> bool:
    run = db.session.get(JobRun, (job.name, slot_name(slot)))
    db.session.rollback()
    return run is not None and run.done_at is not None


def _note_failure(job: Job, slot: datetime, now: datetime, error: Exception) -> bool:
    """The work was rolled back; that it failed is written down, so that the others let it be for a while."""
    _LOG.error("job %s of %s failed", job.name, slot_name(slot), exc_info=error)
    try:
        with transaction():
            run = db.session.get(JobRun, (job.name, slot_name(slot)), with_for_update=True)
            if run is None:
                run = JobRun(job=job.name, slot=slot_name(slot))
                db.session.add(run)
            if run.done_at is None:
                run.started_at, run.worker, run.result = now, worker_name(), "failed, see the log"
    except (IntegrityError, OperationalError):  # another worker has written its own row meanwhile
        _LOG.warning("the failure of job %s was not written down", job.name)
    return False
