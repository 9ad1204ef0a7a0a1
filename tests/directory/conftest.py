"""A city with its facts loaded, and a counter of SQL statements."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import event

from qtxvol.directory.loader import load_facts
from qtxvol.extensions import db

#: When the facts of `facts` and `facts_sqlite` were loaded.
LOADED_AT = datetime(2025, 3, 3, 1, 0, tzinfo=UTC)

Statements = Callable[[], AbstractContextManager[list[str]]]


@pytest.fixture
def facts(ctx: None) -> None:
    """An app context with the facts of the package loaded, on both databases in turn."""
    load_facts(LOADED_AT)


@pytest.fixture
def facts_sqlite(ctx_sqlite: None) -> None:
    """The same on SQLite only."""
    load_facts(LOADED_AT)


@pytest.fixture
def statements() -> Statements:
    """`with statements() as seen:` collects what is sent to the database (many rows at once count once)."""

    @contextmanager
    def watch() -> Iterator[list[str]]:
        seen: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            if not statement.startswith(("BEGIN", "PRAGMA")):
                seen.append(statement)

        engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(engine, "before_cursor_execute", note)

    return watch
