"""How this service writes: one explicit transaction per change, on SQLite and PostgreSQL alike.

The SQLite driver opens no transaction for a SELECT, so a read-then-write loses updates without a word
(docs/adr/0002-one-writer.md has the count). Here reads begin a plain, consistent snapshot, and whoever
writes says so with `transaction()`, which takes SQLite's write lock before the first read.
A flush or commit outside of it is a programming error and raises.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import Connection, event
from sqlalchemy.orm import Session

from qtxvol.extensions import db

_WRITING = "qtxvol_writing"


@contextmanager
def transaction() -> Iterator[None]:
    """All or nothing: commit at the end, roll back on any error. Inside another `transaction()` it joins that one.

    What was read before is forgotten first: a decision may only rest on what is read under the lock.
    """
    session = db.session()
    if session.info.get(_WRITING):
        yield
        return
    session.rollback()
    session.info[_WRITING] = True
    try:
        session.connection(execution_options={"sqlite_begin": "IMMEDIATE"})
        yield
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info[_WRITING] = False


def init_storage(app: Flask) -> None:
    """Set the pragmas and the BEGIN that finding 1 of the library study asks for, on this app's engine."""
    with app.app_context():
        engine = db.engine
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself; `_begin` below does
        # synchronous=FULL: a step that was answered survives a power cut, also in WAL mode;
        # recursive_triggers: without it INSERT OR REPLACE would slip past the append-only triggers;
        # secure_delete: what was erased or sealed is overwritten in the file too
        for pragma in (
            "journal_mode=wal",
            "synchronous=full",
            "foreign_keys=on",
            "busy_timeout=15000",
            "recursive_triggers=on",
            "secure_delete=on",
        ):
            connection.execute("PRAGMA " + pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN " + connection.get_execution_options().get("sqlite_begin", "DEFERRED"))


@event.listens_for(Session, "before_commit")
@event.listens_for(Session, "before_flush")
def _refuse_stray_writes(session: Session, *_context: Any) -> None:
    if not session.info.get(_WRITING):
        raise RuntimeError("a write outside transaction(): see qtxvol/storage.py")
