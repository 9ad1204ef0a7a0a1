"""Where a simulation plays: a file that is thrown away afterwards, or an empty database that was named for it."""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import flask_migrate
from flask import Flask
from sqlalchemy import event, inspect

from qtxvol import create_app
from qtxvol.extensions import db
from qtxvol.privacy.keys import register_key
from qtxvol.settings import Settings
from qtxvol.simulate.run import START, NotEmpty, check_empty, start_of


@contextmanager
def stage(url: str) -> Iterator[Flask]:
    """An app on an empty, migrated database, inside its context.

    :param url: of an empty database, which keeps what was played; empty: a SQLite file that is thrown away.
    :raise NotEmpty: the database holds accounts, orders, teams or volunteers; nothing was changed.
    """
    with tempfile.TemporaryDirectory(prefix="qtxvol-simulate") as folder:
        app = create_app(
            Settings(
                secret_key=secrets.token_urlsafe(48),
                data=Path(folder),
                database_url=url or f"sqlite:///{Path(folder) / 'simulated.sqlite3'}",
                are_cookies_secure=False,
                has_inline_worker=False,
            )
        )
        with app.app_context():
            try:
                if not url:
                    event.listen(db.engine, "connect", _hurry)
                elif inspect(db.engine).has_table("orders"):
                    check_empty()
                elif inspect(db.engine).get_table_names():
                    raise NotEmpty("other tables")
                flask_migrate.upgrade()
                register_key(start_of(START))
                yield app
            finally:
                db.session.remove()
                db.engine.dispose()


def _hurry(connection: Any, _record: object) -> None:
    """What is thrown away need not survive a power cut."""
    connection.execute("PRAGMA synchronous=OFF")
