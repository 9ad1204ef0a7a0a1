"""The service over real HTTP, with a clock that a journey can move, and rows that go back to the start."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import waitress
from flask import Flask
from waitress import wasyncore

from qtxvol.extensions import db

#: Who visits on 127.0.0.1 must not wait long when the server is asked to stop.
_LISTEN_SECONDS = 0.1


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
        """Rows and clock as they were. Nobody may be asking for a page meanwhile."""
        self._close_connections()
        for suffix in ("-wal", "-shm"):
            self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)
        shutil.copy(self._copy, self._file)
        self.clock.move_to(self._start)

    def _close_connections(self) -> None:
        with self.app.app_context():
            db.engine.dispose()


@contextmanager
def serve(app: Flask, clock: Clock) -> Iterator[LiveSite]:
    """`app` behind waitress, as in production, on a free port of this machine."""
    sockets: dict[int, Any] = {}
    server = waitress.create_server(app, map=sockets, host="127.0.0.1", port=0, threads=4, ident=None)
    is_over = threading.Event()

    def listen() -> None:
        while not is_over.is_set():
            wasyncore.loop(timeout=_LISTEN_SECONDS, count=1, map=sockets, use_poll=True)

    thread = threading.Thread(target=listen, name="live site", daemon=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qtxvol.web.access.utcnow", clock)
        thread.start()
        try:
            yield LiveSite(app, clock, f"http://127.0.0.1:{server.effective_port}")
        finally:
            is_over.set()
            thread.join(timeout=10)
            server.task_dispatcher.shutdown()
            wasyncore.close_all(sockets)
