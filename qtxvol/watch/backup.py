"""Back up and restore the database, with what each database brings for it: SQLite's online copy, or pg_dump.

A backup is taken while the service runs, is one consistent moment, and counts only after it was looked at. What it
does not hold is the keys (`QTXVOL_SECRET_KEY`, `QTXVOL_DATA_KEYS`): without them nobody reads the sealed columns, so
they are kept elsewhere.
"""

import hashlib
import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import datetime
from pathlib import Path

from sqlalchemy import URL, select

from qtxvol.extensions import db
from qtxvol.storage import transaction
from qtxvol.watch.models import Backup

_PREFIX = "qtxvol-"
_MEGABYTE = 1 << 20


class BackupError(Exception):
    """It did not work; the message says why and what to do."""


def make_backup(folder: Path, now: datetime, *, keep: int = 0) -> Path:
    """Write a backup into `folder`, verify it, and note it in `backups`.

    :param keep: so many of the newest files that this command made are kept there; 0 keeps all.
    :raise BackupError: nothing was written, or what was written is not whole.
    """
    url = db.engine.url
    is_sqlite = url.get_backend_name() == "sqlite"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{_PREFIX}{now:%Y%m%dT%H%M%S}.{'sqlite3' if is_sqlite else 'dump'}"
    part = target.with_name(target.name + ".part")
    try:
        _copy_sqlite(Path(url.database or ""), part) if is_sqlite else _dump_postgres(url, part)
        os.chmod(part, 0o600)
        _flush(part)
        os.replace(part, target)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"the backup was not written: {error}") from error
    finally:
        part.unlink(missing_ok=True)
    with transaction():
        db.session.add(Backup(made_at=now, file=target.name, size_bytes=target.stat().st_size, sha256=_sha256(target)))
    _thin_out(folder, target.suffix, keep)
    return target


def note_backup(now: datetime) -> None:
    """A backup was made by other means (a snapshot of the disk, the hoster's service)."""
    with transaction():
        db.session.add(Backup(made_at=now))


def find_last_backup() -> Backup | None:
    return db.session.scalars(select(Backup).order_by(Backup.made_at.desc()).limit(1)).one_or_none()


def restore_backup(file: Path, url: URL, *, replaces: bool = False) -> Path | None:
    """Put a backup in the place of the database at `url`. The service must not be running.

    :param replaces: there is a database already; it is kept beside (SQLite), or its tables are dropped (PostgreSQL).
    :return: where the former SQLite file was put.
    :raise BackupError: the file is damaged, or the database is there or in use.
    """
    if url.get_backend_name() != "sqlite":
        _restore_postgres(file, url, replaces)
        return None
    try:
        _check_sqlite(file)
    except sqlite3.Error as error:
        raise BackupError(f"{file} is no backup: {error}") from error
    target = Path(url.database or "")
    kept = _put_aside(target) if target.exists() and replaces else None
    if target.exists():
        raise BackupError(f"{target} is there already: use --replace, which keeps it beside")
    log = target.with_name(target.name + "-wal")
    if log.exists():  # SQLite would play it into the restored database
        raise BackupError(f"{log} belongs to a database that is gone: move it away first")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, target)
    os.chmod(target, 0o600)
    _flush(target)
    return kept


# SQLite


def _copy_sqlite(source: Path, target: Path) -> None:
    """One consistent moment, while others go on writing."""
    with closing(sqlite3.connect(source)) as here, closing(sqlite3.connect(target)) as there:
        here.backup(there)
        there.execute("PRAGMA journal_mode=delete")  # one file is all
    _check_sqlite(target)


def _check_sqlite(file: Path) -> None:
    if not file.is_file():
        raise BackupError(f"there is no file {file}")
    with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as copy:
        faults = [row[0] for row in copy.execute("PRAGMA integrity_check(3)")]
        if faults != ["ok"]:
            raise BackupError(f"{file.name} is damaged: {'; '.join(faults)}")
        if copy.execute("SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'").fetchone() != (1,):
            raise BackupError(f"{file.name} is not a database of qtxvol")


def _put_aside(target: Path) -> Path:
    with closing(sqlite3.connect(target)) as last:
        last.execute("SELECT count(*) FROM sqlite_master").fetchone()
    # whoever closes last takes the write-ahead log away: what is left belongs to somebody who is still there
    if target.with_name(target.name + "-wal").exists():
        raise BackupError(f"{target} is in use: stop the service first")
    kept = target.with_name(f"{target.name}.before-restore")
    if kept.exists():
        raise BackupError(f"{kept} is left from an earlier restore: move it away first")
    os.replace(target, kept)
    return kept


# PostgreSQL


def _dump_postgres(url: URL, target: Path) -> None:
    _run("pg_dump", url, "--format=custom", "--no-owner", f"--file={target}")
    _run("pg_restore", None, "--list", str(target))


def _restore_postgres(file: Path, url: URL, replaces: bool) -> None:
    if not file.is_file():
        raise BackupError(f"there is no file {file}")
    how = ("--clean", "--if-exists") if replaces else ()
    _run("pg_restore", url, "--single-transaction", "--exit-on-error", "--no-owner", *how, str(file))


def _run(program: str, url: URL | None, *arguments: str) -> None:
    """Run one of PostgreSQL's own programs; the password goes through the environment, where no list shows it."""
    if shutil.which(program) is None:
        raise BackupError(f"{program} is not installed on this machine (package postgresql-client)")
    more = (f"--dbname={url.set(drivername='postgresql', password=None).render_as_string()}",) if url else ()
    environ = {**os.environ, "PGPASSWORD": url.password or ""} if url and url.password else dict(os.environ)
    done = subprocess.run(  # noqa: S603 (no shell, and every word is ours)
        [program, *more, *arguments], capture_output=True, text=True, env=environ, check=False
    )
    if done.returncode != 0:
        raise BackupError(f"{program}: {done.stderr.strip()[:500]}")


# files


def _flush(file: Path) -> None:
    """On the disk, not only on its way there."""
    for place, flags in ((file, os.O_RDONLY), (file.parent, os.O_RDONLY)):
        handle = os.open(place, flags)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as content:
        while block := content.read(_MEGABYTE):
            digest.update(block)
    return digest.hexdigest()


def _thin_out(folder: Path, suffix: str, keep: int) -> None:
    """Only files that this command made itself."""
    made = sorted(folder.glob(f"{_PREFIX}[0-9]*T[0-9]*{suffix}"), reverse=True)
    for old in made[keep:] if keep else ():
        old.unlink()
