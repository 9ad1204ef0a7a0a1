"""Real `qtxvol worker` processes on one database: each scheduled run once, and nothing half-counted after kill -9.

The processes know nothing of the test. What holds one of them in the middle of its count is a trigger that the test
puts on `target_snapshots`: on PostgreSQL it waits for a lock that the test holds, on SQLite it computes for ever.
"""

import os
import secrets
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select, text

from qtxvol.base import CITY_TIME, utcnow
from qtxvol.extensions import db
from qtxvol.jobs.ledger import slot_name
from qtxvol.jobs.models import JobRun
from qtxvol.jobs.schedule import JOBS, last_slot
from qtxvol.progress.count import count_targets
from qtxvol.progress.models import TargetSnapshot
from qtxvol.storage import transaction
from tests.factories import make_city, make_volunteer

ROOT = Path(__file__).resolve().parents[2]
#: Nothing here waits so long unless something is wrong.
DEADLINE = timedelta(seconds=60)
#: All workers of one installation have the same.
SECRET = secrets.token_urlsafe(48)
#: Whatever a test reads of a snapshot: everything but when it was written.
Rows = list[tuple[Any, ...]]


@pytest.fixture
def city(app: Flask) -> Flask:
    """A city with people; every job but the count has run already, so that only the count is due."""
    with app.app_context():
        make_city()
        long_ago = utcnow() - timedelta(days=90)
        for status in ("verified", "verified", "applied"):
            make_volunteer(None, status=status, created_at=long_ago, verified_at=long_ago)
        now = utcnow()
        with transaction():
            db.session.add_all(
                JobRun(job=job.name, slot=slot_name(last_slot(job, now)), started_at=now, done_at=now)
                for job in JOBS
                if job.name != "count_targets"
            )
    return app


@contextmanager
def worker(url: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`qtxvol worker`, gone at the end."""
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "QTXVOL_DATA": str(folder),
        "QTXVOL_SECRET_KEY": SECRET,
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-c", "from qtxvol.cli import main; main()", "worker"]
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(20)


def wait_until(is_so: Callable[[], bool], *processes: subprocess.Popen[bytes]) -> None:
    """Ask again and again; a process that ends meanwhile is an error."""
    until = datetime.now(tz=CITY_TIME) + DEADLINE
    while not is_so():
        assert datetime.now(tz=CITY_TIME) < until, "it did not happen"
        for process in processes:
            try:
                process.wait(0.05)  # also what keeps this loop from spinning
            except subprocess.TimeoutExpired:
                continue
            raise AssertionError(f"a worker has ended with {process.returncode}")


def runs() -> list[JobRun]:
    """What the ledger holds of the count; no transaction stays open, which would be in a worker's way."""
    found = list(db.session.scalars(select(JobRun).where(JobRun.job == "count_targets")))
    db.session.expunge_all()
    db.session.rollback()
    return found


def snapshots() -> Rows:
    rows = read_snapshots()
    db.session.rollback()
    return rows


def read_snapshots() -> Rows:
    rows = db.session.scalars(select(TargetSnapshot).order_by(TargetSnapshot.target_id, TargetSnapshot.day))
    return [(r.target_id, r.day, r.revision, r.value, r.numerator, r.details, r.checksum) for r in rows]


def count_started(folder: Path) -> int:
    """Workers that have their scheduler, and so stop in order when they are asked to."""
    return (folder / "worker.log").read_text(encoding="utf-8").count("worker started")


class _NotKeptError(Exception):
    pass


def undisturbed(day: date) -> tuple[Rows, str]:
    """The snapshots that a count gives here and now, without keeping them."""
    try:
        with transaction():
            checksum = count_targets(day, utcnow()).checksum
            rows = read_snapshots()
            raise _NotKeptError
    except _NotKeptError:
        return rows, checksum


class Hold:
    """Something that stops whoever writes a snapshot, in the middle of their transaction."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Any = None

    def __enter__(self) -> "Hold":
        if self._url.startswith("sqlite"):
            endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
            self._sqlite(f"CREATE TRIGGER hold AFTER INSERT ON target_snapshots BEGIN SELECT ({endless}); END")
        else:
            self._connection = psycopg.connect(self._url.replace("+psycopg", ""), autocommit=True)
            self._connection.execute("SELECT pg_advisory_lock(77)")
            self._connection.execute(
                "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN PERFORM pg_advisory_xact_lock(77); RETURN NEW; END $$"
            )
            self._connection.execute(
                "CREATE TRIGGER hold AFTER INSERT ON target_snapshots FOR EACH ROW EXECUTE FUNCTION hold()"
            )
        return self

    def has_somebody(self) -> bool:
        """A worker is in the middle: it waits in the trigger and holds what it has written."""
        if self._connection is None:
            try:
                self._sqlite("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return True
            return False
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        return bool(self._connection.execute(waiting).fetchone()[0])

    def __exit__(self, *_error: object) -> None:
        if self._connection is None:
            self._sqlite("DROP TRIGGER hold", timeout=15)
        else:
            self._connection.execute("SELECT pg_advisory_unlock(77)")
            self._connection.execute("DROP TRIGGER hold ON target_snapshots")
            self._connection.execute("DROP FUNCTION hold()")
            self._connection.close()

    def _sqlite(self, statement: str, timeout: float = 0) -> None:
        connection = sqlite3.connect(self._url.removeprefix("sqlite:///"), timeout=timeout, isolation_level=None)
        try:
            connection.execute(statement)
        finally:
            connection.close()


def test_two_workers_run_each_slot_once(city: Flask, database_url: str, tmp_path: Path) -> None:
    with city.app_context():
        with worker(database_url, tmp_path) as one, worker(database_url, tmp_path) as other:
            wait_until(lambda: bool(runs()) and count_started(tmp_path) == 2, one, other)
            one.send_signal(signal.SIGTERM)
            other.send_signal(signal.SIGTERM)
            assert (one.wait(30), other.wait(30)) == (0, 0)
        (run,) = runs()
        assert run.done_at is not None
        assert run.worker.endswith((f":{one.pid}", f":{other.pid}"))
        day = datetime.fromisoformat(run.slot).date() - timedelta(days=1)
        assert run.counts["day"] == day.isoformat()
        with transaction():
            again = count_targets(day, utcnow())
        assert (again.added, again.restated, again.checksum) == (0, 0, run.checksum)
        assert len({(row[0], row[1]) for row in snapshots()}) == len(snapshots()) > 0


def test_a_worker_killed_in_the_middle_leaves_nothing_and_the_next_one_counts_the_same(
    city: Flask, database_url: str, tmp_path: Path
) -> None:
    with city.app_context():
        job = next(job for job in JOBS if job.name == "count_targets")
        day = last_slot(job, utcnow()).date() - timedelta(days=1)
        wanted, checksum = undisturbed(day)
        with Hold(database_url) as hold, worker(database_url, tmp_path) as killed:
            wait_until(hold.has_somebody, killed)
            killed.send_signal(signal.SIGKILL)
            assert killed.wait(20) == -signal.SIGKILL
            assert (runs(), snapshots()) == ([], [])
        with worker(database_url, tmp_path) as next_one:
            wait_until(lambda: bool(runs()), next_one)
        (run,) = runs()
        assert (run.checksum, snapshots()) == (checksum, wanted)
        assert len(wanted) > 0
        assert db.session.scalar(text("SELECT count(*) FROM restatements")) == 0
