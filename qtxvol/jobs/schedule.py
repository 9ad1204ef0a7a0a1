"""The one table of jobs: name, when (city time), what, and how far back a missed run is made up for."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from qtxvol.accounts.attempts import sweep_attempts
from qtxvol.base import CITY_TIME
from qtxvol.directory.science_days import nudge_science_days
from qtxvol.directory.workdays import seed_calendar
from qtxvol.hours.points import credit_points
from qtxvol.hours.spot_checks import draw_due
from qtxvol.offers.learn import learn_from_answers
from qtxvol.orders.ladder import climb
from qtxvol.privacy.retain import MOST_AT_ONCE, count_due, erase_due
from qtxvol.progress.count import count_targets
from qtxvol.recognition.awards import award_stars
from qtxvol.roster.take import sweep_rosters


@dataclass(frozen=True, slots=True)
class Result:
    """What a run did, for the ledger.

    :ivar inputs: rows and highest id read, by ledger. :ivar counts: what came out, by name. :ivar checksum: of that.
    """

    text: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    counts: Mapping[str, Any] = field(default_factory=dict)
    checksum: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """A job: daily at `hour`:`minute` on the city's clock, or again and again, `every` so often from midnight on.

    `run(slot, now)` works inside the ledger's transaction, so it is short (seconds, not minutes) and sends nothing
    out into the world; it says in a word what it did.
    """

    name: str
    hour: int
    minute: int
    run: Callable[[datetime, datetime], str | Result]
    #: How far back missed runs are made up for, each for itself. Less than a day and a half: the latest only.
    catch_up: timedelta
    #: A job of this kind looks at everything that is due, so only its latest slot is ever made up for.
    every: timedelta | None = None


def frequent(name: str, minutes: int, run: Callable[[datetime, datetime], str | Result]) -> Job:
    """A job that runs every so many minutes (a divisor of 1440)."""
    every = timedelta(minutes=minutes)
    return Job(name, 0, 0, run, every, every)


def _count(slot: datetime, now: datetime) -> Result:
    """The numbers of the day that had ended when the slot was due."""
    report = count_targets(slot.astimezone(CITY_TIME).date() - timedelta(days=1), now)
    done = {"day": report.day.isoformat(), "new": report.added, "restated": report.restated}
    return Result(str(report), report.inputs, {**report.numbers, **done}, report.checksum)


def _sweep(slot: datetime, now: datetime) -> str:
    return f"{sweep_attempts(now - timedelta(days=2))} rows"


def _sweep_rosters(slot: datetime, now: datetime) -> str:
    return f"{sweep_rosters(now)} lists"


def _award_stars(slot: datetime, now: datetime) -> Result:
    awarded = award_stars(now)
    return Result(f"{awarded} stars", counts={"stars": awarded})


def _draw_spot_checks(slot: datetime, now: datetime) -> Result:
    """Among yesterday's closed orders, and those of days that were missed."""
    days = draw_due(now)
    return Result(f"{len(days)} days", counts={"days": [day.isoformat() for day in days]})


def _credit_points(slot: datetime, now: datetime) -> Result:
    lines = credit_points(now)
    return Result(f"{lines} lines", counts={"lines": lines})


def _nudge_science_days(slot: datetime, now: datetime) -> Result:
    told = nudge_science_days(now)
    return Result(f"{told} notices", counts={"notices": told})


def _seed_calendar(slot: datetime, now: datetime) -> Result:
    """So that the next year is there before anything is due in it."""
    days = seed_calendar(now)
    return Result(f"{days.inserted} days", counts={"inserted": days.inserted, "updated": days.updated})


def _climb(slot: datetime, now: datetime) -> Result:
    """Whatever has run out by now."""
    done = climb(now)
    return Result(str(done), counts=asdict(done))


def _learn(slot: datetime, now: datetime) -> Result:
    """From every answer since."""
    done = learn_from_answers(now)
    return Result(str(done), counts=asdict(done))


def _retain(slot: datetime, now: datetime) -> Result:
    """Contacts that were kept long enough; what is left over waits for the next night."""
    due = count_due(now)
    erased = erase_due(now, most=MOST_AT_ONCE)
    return Result(f"{erased} of {due.total}", counts={"due": due.total, "erased": erased, "days": due.days})


JOBS: tuple[Job, ...] = (
    frequent("climb_ladder", 5, _climb),
    frequent("learn_from_answers", 10, _learn),
    Job("seed_calendar", 0, 5, _seed_calendar, timedelta(hours=24)),
    Job("count_targets", 0, 10, _count, timedelta(days=400)),
    Job("award_stars", 1, 30, _award_stars, timedelta(hours=24)),
    Job("draw_spot_checks", 0, 30, _draw_spot_checks, timedelta(hours=24)),
    Job("credit_points", 2, 0, _credit_points, timedelta(hours=24)),
    Job("sweep_attempts", 3, 20, _sweep, timedelta(hours=24)),
    Job("sweep_rosters", 3, 30, _sweep_rosters, timedelta(hours=24)),
    Job("nudge_science_days", 8, 30, _nudge_science_days, timedelta(hours=24)),
    Job("retain", 3, 40, _retain, timedelta(hours=24)),
)


def last_slot(job: Job, now: datetime) -> datetime:
    """The latest time at or before `now` at which the job was due."""
    local = now.astimezone(CITY_TIME)
    if job.every is not None:
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight + (local - midnight) // job.every * job.every
    slot = local.replace(hour=job.hour, minute=job.minute, second=0, microsecond=0)
    return slot if slot <= local else slot - timedelta(days=1)


def list_slots(job: Job, now: datetime) -> list[datetime]:
    """All times at which the job was due within its `catch_up`, oldest first; the latest of them in any case."""
    last = last_slot(job, now)
    if job.every is not None:
        return [last]
    days = max(0, (last - (now - job.catch_up)).days)
    return [last - timedelta(days=back) for back in range(days, -1, -1)]
