"""Is this installation fit to serve? Database, migrations, last job runs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from qtxvol.bundled import bundled_folder
from qtxvol.extensions import db
from qtxvol.jobs.ledger import list_last_done, list_last_runs, slot_name
from qtxvol.jobs.schedule import JOBS, Job, last_slot
from qtxvol.privacy.keys import find_lost_keys

#: A job of the day is late when its slot is so long over; one that runs all day, when it missed three slots.
GRACE = timedelta(minutes=15)
#: From then on the installation is called unfit: nobody counts, reminds or sends.
UNFIT_AFTER = timedelta(days=2)
UNFIT_AFTER_FREQUENT = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class JobState:
    """How a job is doing.

    :ivar done_at: when it last came through; None: never. :ivar result: what it said then.
    :ivar failed_at: when its last attempt failed, if it has not come through since.
    :ivar is_late: it should have run by now.
    """

    name: str
    #: Of a daily job, `08:30` on the city's clock.
    time: str
    every: timedelta | None
    done_at: datetime | None
    result: str
    worker: str
    failed_at: datetime | None
    is_late: bool

    def is_unfit(self, now: datetime) -> bool:
        """Late for so long that the installation can't be called fit."""
        patience = UNFIT_AFTER_FREQUENT if self.every is not None else UNFIT_AFTER
        return self.is_late and (self.done_at is None or now - self.done_at > patience)


def list_job_states(now: datetime) -> list[JobState]:
    """Every job of the schedule, in its order; two statements."""
    last, done = list_last_runs(), list_last_done()
    states = []
    for job in JOBS:
        run, latest = done.get(job.name), last.get(job.name)
        has_failed = latest is not None and latest.done_at is None
        states.append(
            JobState(
                job.name,
                f"{job.hour:02}:{job.minute:02}",
                job.every,
                run.done_at if run else None,
                run.result if run else "",
                run.worker if run else "",
                latest.started_at if latest is not None and has_failed else None,
                _is_late(job, run.slot if run else "", now),
            )
        )
    return states


def _is_late(job: Job, done_slot: str, now: datetime) -> bool:
    if job.every is not None:
        return done_slot < slot_name(last_slot(job, now) - 3 * job.every)
    slot = last_slot(job, now)
    return now - slot > GRACE and done_slot < slot_name(slot)


def find_troubles(now: datetime) -> list[str]:
    """What is wrong, in short sentences; empty when all is well."""
    try:
        present = db.session.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except SQLAlchemyError:
        return ["the database does not answer or was never migrated: run qtxvol init"]
    troubles = []
    if present != newest_migration():
        troubles.append(f"the database is at migration {present}, the program at {newest_migration()}: run qtxvol init")
        return troubles  # the tables may not be the ones that the program knows
    troubles += find_lost_keys()
    return troubles + job_troubles(list_job_states(now), now)


def job_troubles(states: Sequence[JobState], now: datetime) -> list[str]:
    """A sentence for each job that has not run for far too long."""
    return [
        f"job {state.name} has not run for {'an hour' if state.every else 'two days'}: is a worker running?"
        for state in states
        if state.is_unfit(now)
    ]


@cache
def newest_migration() -> str:
    """The revision that this program expects."""
    config = Config()
    config.set_main_option("script_location", str(bundled_folder("migrations")))
    return ScriptDirectory.from_config(config).get_current_head() or ""
