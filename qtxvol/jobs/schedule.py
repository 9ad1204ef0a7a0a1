"""The one table of jobs: name, when (city time), what, and how far back a missed run is made up for."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from qtxvol.accounts.attempts import sweep_attempts
from qtxvol.base import CITY_TIME
from qtxvol.progress.count import count_volunteers


@dataclass(frozen=True, slots=True)
class Job:
    """A daily job at `hour`:`minute` on the city's clock. `run(slot, now)` is idempotent and says what it did."""

    name: str
    hour: int
    minute: int
    run: Callable[[datetime, datetime], str]
    #: Missed runs of so many days are made up for; a snapshot of yesterday can't be counted today.
    catch_up: timedelta


def _count(slot: datetime, now: datetime) -> str:
    counts = count_volunteers(now.astimezone(CITY_TIME).date(), now)
    return f"registered {counts.registered}, active {counts.active}"


def _sweep(slot: datetime, now: datetime) -> str:
    return f"{sweep_attempts(now - timedelta(days=2))} rows"


JOBS: tuple[Job, ...] = (
    Job("count_volunteers", 0, 10, _count, timedelta(hours=24)),
    Job("sweep_attempts", 3, 20, _sweep, timedelta(hours=24)),
)


def last_slot(job: Job, now: datetime) -> datetime:
    """The latest time at or before `now` at which the job was due."""
    local = now.astimezone(CITY_TIME)
    slot = local.replace(hour=job.hour, minute=job.minute, second=0, microsecond=0)
    return slot if slot <= local else slot - timedelta(days=1)
