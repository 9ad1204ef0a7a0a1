"""The service behind waitress, as in production, on a free port of this machine; gone without a trace at the end."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import waitress
from flask import Flask
from waitress import wasyncore

#: Who waits for the server to stop must not wait long.
_LISTEN_SECONDS = 0.1


@contextmanager
def served(app: Flask, *, threads: int) -> Iterator[int]:
    """The port. The loop ends before its sockets are closed, so no thread ever polls a closed one."""
    sockets: dict[int, Any] = {}
    server = waitress.create_server(
        app, map=sockets, host="127.0.0.1", port=0, threads=threads, backlog=128, ident=None
    )
    is_over = threading.Event()

    def listen() -> None:
        while not is_over.is_set():
            wasyncore.loop(timeout=_LISTEN_SECONDS, count=1, map=sockets, use_poll=True)

    thread = threading.Thread(target=listen, name="served", daemon=True)
    thread.start()
    try:
        yield int(server.effective_port)
    finally:
        is_over.set()
        thread.join(timeout=20)
        assert not thread.is_alive()
        server.task_dispatcher.shutdown()
        wasyncore.close_all(sockets)
