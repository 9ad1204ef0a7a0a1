"""Each slot of each job runs once, however many workers there are, and a missed one is made up for."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from qtxvol.extensions import db
from qtxvol.jobs import ledger
from qtxvol.jobs.health import find_troubles
from qtxvol.jobs.models import JobRun
from qtxvol.jobs.schedule import JOBS, Job, last_slot
from qtxvol.jobs.worker import start_worker
from qtxvol.progress.models import VolunteerCount

#: 08:00 in the city.
NOW = datetime(2026, 11, 24, 0, 0, tzinfo=UTC)
NAMES = sorted(job.name for job in JOBS)


@pytest.fixture
def broken_job(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A job that fails as often as its list has words."""
    faults = ["once"]

    def run(slot: datetime, now: datetime) -> str:
        if faults:
            raise RuntimeError(faults.pop())
        return "done"

    monkeypatch.setattr(ledger, "JOBS", (Job("shaky", 1, 0, run, timedelta(hours=23)),))
    return faults


def runs() -> dict[tuple[str, str], str]:
    return {(run.job, run.slot): run.result for run in db.session.scalars(select(JobRun))}


def test_the_latest_slot_is_today_or_yesterday() -> None:
    job = next(job for job in JOBS if job.name == "count_volunteers")
    assert ledger.slot_name(last_slot(job, NOW)) == "2026-11-24T00:10"
    just_before = datetime(2026, 11, 23, 16, 9, tzinfo=UTC)
    assert ledger.slot_name(last_slot(job, just_before)) == "2026-11-23T00:10"


@pytest.mark.usefixtures("ctx")
def test_a_slot_runs_once_and_the_next_day_again() -> None:
    assert sorted(ledger.run_due(NOW)) == NAMES
    assert ledger.run_due(NOW + timedelta(hours=1)) == []
    assert sorted(ledger.run_due(NOW + timedelta(days=1))) == NAMES
    assert db.session.scalars(select(VolunteerCount.registered)).all() == [0, 0]


@pytest.mark.usefixtures("ctx")
def test_a_slot_missed_while_nobody_ran_is_made_up_for() -> None:
    late_evening = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
    assert "count_volunteers" in ledger.run_due(late_evening)


def test_many_workers_at_once_run_a_slot_once(app: Flask) -> None:
    barrier, ran = threading.Barrier(6), []

    def work() -> None:
        with app.app_context():
            barrier.wait()
            ran.extend(ledger.run_due(NOW))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ran) == NAMES


@pytest.mark.usefixtures("ctx")
def test_a_failed_run_is_tried_again_after_half_an_hour(broken_job: list[str]) -> None:
    assert ledger.run_due(NOW) == []
    assert ledger.run_due(NOW + timedelta(minutes=5)) == []  # still thought to be at work
    assert ledger.run_due(NOW + timedelta(minutes=31)) == ["shaky"]
    assert runs() == {("shaky", "2026-11-24T01:00"): "done"}
    assert broken_job == []


@pytest.mark.usefixtures("ctx")
def test_health_names_a_job_that_has_not_run() -> None:
    troubles = find_troubles(NOW)
    assert len(troubles) == len(JOBS)
    assert "count_volunteers" in " ".join(troubles)
    ledger.run_due(NOW)
    assert find_troubles(NOW) == []
    assert find_troubles(NOW + timedelta(days=3)) != []


def test_the_worker_runs_what_is_due_at_once(app_sqlite: Flask) -> None:
    done = threading.Event()
    scheduler = start_worker(app_sqlite)
    try:
        scheduler.add_listener(lambda event: done.set(), 4096)  # EVENT_JOB_EXECUTED
        assert done.wait(20)
    finally:
        scheduler.shutdown(wait=True)
    with app_sqlite.app_context():
        assert {job for job, _slot in runs()} == set(NAMES)
