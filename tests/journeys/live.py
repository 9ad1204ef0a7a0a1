"""The service over real HTTP, with a clock that a journey can move, and rows that go back to the start."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from flask import Flask

from qtxvol.extensions import db
from tests.serving import served


@dataclass
class Clock:
    """What the pages take for now. Stands still until it is moved."""

    moment: datetime

    def __call__(self) -> datetime:
        return self.moment

    def move_to(self, moment: datetime) -> None:
        self.moment = moment


@dataclass
class LiveSite:
    """A served city. `reset` brings all rows back to what they were when it was made."""

    app: Flask
    clock: Clock
    address: str
    _start: datetime = field(init=False)
    _file: Path = field(init=False)

    def __post_init__(self) -> None:
        self._start = self.clock.moment
        with self.app.app_context():
            self._file = Path(str(db.engine.url.database))

    @property
    def _copy(self) -> Path:
        return self._file.with_suffix(".start")

    def remember(self) -> None:
        """These rows are the start."""
        self._close_connections()
        shutil.copy(self._file, self._copy)

    def reset(self) -> None:
        """Rows and clock as they were.

        A browser that was closed may have left a request that is still being answered, so the rows go in as a
        transaction: a file that is exchanged under an open connection gives "disk I/O error" to all who come after.
        """
        with closing(sqlite3.connect(self._copy)) as start, closing(sqlite3.connect(self._file, timeout=20)) as file:
            start.backup(file)
        self.clock.move_to(self._start)

    def _close_connections(self) -> None:
        with self.app.app_context():
            db.engine.dispose()


@contextmanager
def serve(app: Flask, clock: Clock) -> Iterator[LiveSite]:
    """`app` over real HTTP, with the clock of the journeys."""
    with pytest.MonkeyPatch.context() as patch, served(app, threads=4) as port:
        patch.setattr("qtxvol.web.access.utcnow", clock)
        yield LiveSite(app, clock, f"http://127.0.0.1:{port}")
