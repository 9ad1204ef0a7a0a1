"""One writer at a time, on both databases: docs/adr/0002-one-writer.md."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import update

from qtxvol.accounts.models import Attempt
from qtxvol.extensions import db
from qtxvol.storage import transaction
from tests.databases import running_app, settings_for

THREADS = 8
TIMES = 25
KEY = ("login:account:clerk", datetime(2026, 11, 24, tzinfo=UTC))


def new_attempt() -> Attempt:
    return Attempt(key=KEY[0], window_start=KEY[1], count=0, last_at=KEY[1])


def count_of(app: Flask) -> int | None:
    """What a new connection reads, None without the row."""
    with app.app_context():
        attempt = db.session.get(Attempt, KEY)
        return None if attempt is None else attempt.count


def write_attempt(app: Flask) -> None:
    with app.app_context(), transaction():
        db.session.add(new_attempt())


def test_no_increment_of_eight_threads_is_lost(app: Flask):
    write_attempt(app)

    def increment_often() -> None:
        with app.app_context():
            for _ in range(TIMES):
                with transaction():
                    attempt = db.session.get(Attempt, KEY, with_for_update=True)
                    attempt.count += 1

    with ThreadPoolExecutor(THREADS) as pool:
        for running in [pool.submit(increment_often) for _ in range(THREADS)]:
            running.result()

    assert count_of(app) == THREADS * TIMES


def test_a_decision_rests_on_what_is_read_under_the_lock(app: Flask):
    write_attempt(app)
    with app.app_context():
        attempt = db.session.get(Attempt, KEY)
        assert attempt.count == 0
        with db.engine.begin() as somebody_else:
            somebody_else.execute(update(Attempt).values(count=7))
        with transaction():
            assert db.session.get(Attempt, KEY).count == 7


def test_a_flush_outside_of_a_transaction_is_refused(app: Flask):
    with app.app_context():
        db.session.add(new_attempt())
        with pytest.raises(RuntimeError, match=r"a write outside transaction\(\)"):
            db.session.flush()
        db.session.rollback()
    assert count_of(app) is None


def test_writing_is_refused_again_after_a_transaction(app: Flask):
    write_attempt(app)
    with app.app_context():
        with transaction():
            db.session.get(Attempt, KEY).count = 1
        db.session.get(Attempt, KEY).count = 2
        with pytest.raises(RuntimeError, match=r"a write outside transaction\(\)"):
            db.session.commit()
        db.session.rollback()
    assert count_of(app) == 1


class PowerCut(Exception):
    """Something goes wrong in the middle."""


def write_and_fail() -> None:
    with transaction():
        db.session.add(new_attempt())
        db.session.flush()
        raise PowerCut


def test_an_exception_leaves_nothing_behind(app: Flask):
    with app.app_context():
        with pytest.raises(PowerCut):
            write_and_fail()
        db.session.add(new_attempt())
        with pytest.raises(RuntimeError, match="a write outside"):
            db.session.flush()
        db.session.rollback()
    assert count_of(app) is None


def test_a_transaction_inside_another_joins_it(app: Flask):
    with app.app_context(), transaction():
        with transaction():
            db.session.add(new_attempt())
        assert count_of(app) is None  # for others: the inner end commits nothing
        db.session.get(Attempt, KEY).count = 3
    assert count_of(app) == 3


def test_an_exception_outside_undoes_the_transaction_inside(app: Flask):
    def write_inside_and_fail() -> None:
        with transaction():
            with transaction():
                db.session.add(new_attempt())
            raise PowerCut

    with app.app_context(), pytest.raises(PowerCut):
        write_inside_and_fail()
    assert count_of(app) is None


def test_sqlite_keeps_what_was_answered_and_knows_foreign_keys(sqlite_database: str, tmp_path: Path):
    with running_app(settings_for(sqlite_database, tmp_path), is_durable=True) as app, app.app_context():
        pragmas = {
            name: db.session.connection().exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("synchronous", "foreign_keys", "journal_mode", "busy_timeout")
        }
    assert pragmas == {"synchronous": 2, "foreign_keys": 1, "journal_mode": "wal", "busy_timeout": 15000}


def test_readers_of_sqlite_are_not_kept_waiting_by_a_writer(app_sqlite: Flask):
    write_attempt(app_sqlite)
    with app_sqlite.app_context(), transaction():
        db.session.get(Attempt, KEY).count = 5
        db.session.flush()
        assert count_of(app_sqlite) == 0
    assert count_of(app_sqlite) == 5
