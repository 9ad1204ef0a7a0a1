"""Each slot of each job runs once, however many workers there are, and a missed one is made up for."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from qtxvol.directory.loader import load_facts
from qtxvol.extensions import db
from qtxvol.jobs import ledger
from qtxvol.jobs.health import find_troubles
from qtxvol.jobs.models import JobRun
from qtxvol.jobs.schedule import JOBS, Job, Result, last_slot, list_slots
from qtxvol.jobs.worker import start_worker
from qtxvol.progress.models import Target, TargetSnapshot

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
    job = next(job for job in JOBS if job.name == "count_targets")
    assert ledger.slot_name(last_slot(job, NOW)) == "2026-11-24T00:10"
    just_before = datetime(2026, 11, 23, 16, 9, tzinfo=UTC)
    assert ledger.slot_name(last_slot(job, just_before)) == "2026-11-23T00:10"


@pytest.mark.usefixtures("ctx")
def test_a_slot_runs_once_and_the_next_day_again() -> None:
    assert sorted(ledger.run_due(NOW)) == NAMES
    later = NOW + timedelta(minutes=10)  # only what runs all day long
    assert sorted(ledger.run_due(later)) == sorted(
        job.name for job in JOBS if last_slot(job, later) != last_slot(job, NOW)
    )
    assert sorted(ledger.run_due(NOW + timedelta(days=1))) == NAMES
    load_facts(NOW)
    assert sorted(ledger.run_due(NOW + timedelta(days=2))) == NAMES
    assert db.session.scalars(select(TargetSnapshot.value)).all() == [0]


@pytest.mark.usefixtures("ctx")
def test_a_slot_missed_while_nobody_ran_is_made_up_for() -> None:
    late_evening = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
    assert "count_targets" in ledger.run_due(late_evening)


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
def test_every_missed_day_is_counted_and_has_its_own_row() -> None:
    load_facts(NOW)
    ledger.run_due(NOW)
    names = ledger.run_due(NOW + timedelta(days=3))
    assert sorted(set(names)) == NAMES
    assert names.count("count_targets") == 3
    assert names.count("sweep_attempts") == 1
    rows = db.session.scalars(select(JobRun).where(JobRun.job == "count_targets").order_by(JobRun.slot)).all()
    assert [run.slot[:10] for run in rows] == ["2026-11-24", "2026-11-25", "2026-11-26", "2026-11-27"]
    assert [run.counts["day"] for run in rows] == ["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26"]
    assert {(run.counts["T23"], run.counts["new"]) for run in rows} == {(0, 1)}
    assert all(len(run.checksum) == 64 and run.inputs["hours_entries"]["rows"] == 0 and run.worker for run in rows)


def test_slots_reach_as_far_back_as_the_job_catches_up() -> None:
    job = Job("each", 1, 0, lambda slot, now: "", timedelta(days=3))
    assert [slot.astimezone(UTC).day for slot in list_slots(job, NOW)] == [21, 22, 23]
    daily = Job("latest", 1, 0, lambda slot, now: "", timedelta(hours=24))
    assert list_slots(daily, NOW) == [last_slot(daily, NOW)]


@pytest.mark.usefixtures("ctx")
def test_what_a_failed_run_had_written_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(slot: datetime, now: datetime) -> Result:
        load_facts(now)
        raise RuntimeError("half-way")

    monkeypatch.setattr(ledger, "JOBS", (Job("half", 1, 0, run, timedelta(hours=23)),))
    assert ledger.run_due(NOW) == []
    assert runs() == {("half", "2026-11-24T01:00"): "failed, see the log"}
    assert db.session.scalar(select(func.count()).select_from(Target)) == 0


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
    assert "count_targets" in " ".join(troubles)
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
