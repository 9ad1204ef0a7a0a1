"""A thousand notices, a receiver that fails one time in three, and a worker killed twice: everything arrives, nothing
twice by our doing, and in order."""

import os
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from sqlalchemy import select

from qtxvol.base import utcnow
from qtxvol.channels.models import Channel
from qtxvol.extensions import db
from qtxvol.notices.models import Delivery
from qtxvol.notices.points import Owner, add_point
from qtxvol.notices.queue import Telling, To, queue_all
from qtxvol.orders.lifecycle import Party
from qtxvol.storage import transaction
from tests.databases import running_app, settings_for
from tests.factories import DEPARTMENT, make_city, placed
from tests.notices.outside import forget_notices

ROOT = Path(__file__).resolve().parents[2]
ORDERS, NOTICES = 25, 1000
#: Nothing here takes so long unless something is wrong.
DEADLINE = timedelta(seconds=240)


class Receiver:
    """Takes messages, fails on every third, and remembers.

    :ivar taken: keys in the order in which they were taken. :ivar refused: how often it failed.
    """

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.refused = 0
        self._asked = 0
        self.changed = threading.Condition()

    def take(self, key: str) -> int:
        with self.changed:
            self._asked += 1
            if self._asked % 3 == 0:
                self.refused += 1
                return 503
            self.taken.append(key)
            self.changed.notify_all()
            return 204

    def wait_for(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(set(self.taken)) >= count, DEADLINE.total_seconds())


@contextmanager
def serving(receiver: Receiver) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(receiver.take(self.headers["Idempotency-Key"]))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *about: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join(20)


@contextmanager
def worker(url: str, folder: Path, secret: str, host: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "tests.notices.sending_process", url, str(folder), secret, host]
    with (folder / "worker.log").open("ab") as log:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env=environment)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(20)


@pytest.mark.slow
def test_a_thousand_notices_arrive_once_and_in_order_though_the_worker_is_killed_twice(
    database_url: str, tmp_path: Path
):
    secret, receiver = secrets.token_urlsafe(48), Receiver()
    with (
        serving(receiver) as host,
        running_app(settings_for(database_url, tmp_path, secret_key=secret)) as app,
        app.app_context(),
    ):
        fill(f"http://{host}/qtx")
        for until in (NOTICES // 4, NOTICES // 2):
            with worker(database_url, tmp_path, secret, host) as killed:
                receiver.wait_for(until)
                killed.send_signal(signal.SIGKILL)
                assert killed.wait(20) == -signal.SIGKILL
        with worker(database_url, tmp_path, secret, host) as last:
            receiver.wait_for(NOTICES)
            last.send_signal(signal.SIGTERM)
            assert last.wait(30) == 0, "it finishes what it is sending"
        check(receiver)
    assert "Traceback" not in (tmp_path / "worker.log").read_text(encoding="utf-8")


def fill(address: str) -> None:
    """A department with a webhook, and what it is told of some orders, round after round."""
    now = utcnow()
    city = make_city(now)
    orders = [placed(city, now).order_id for _ in range(ORDERS)]
    forget_notices(now)
    with transaction():
        db.session.add(Channel(code="webhook", is_on=True, settings="{}", changed_at=now))
    add_point(Owner(party=Party.DEPARTMENT, scope=DEPARTMENT), "webhook", address, now=now)
    reader = To(Party.DEPARTMENT, DEPARTMENT)
    rounds = range(NOTICES // ORDERS)
    with transaction():
        # quiet hours don't hold what is urgent: the test may run at night
        told = [Telling("overdue", [reader], order_id=each, is_emergency=True) for _round in rounds for each in orders]
        assert queue_all(told, now) == NOTICES
    db.session.remove()


def check(receiver: Receiver) -> None:
    """Each key is that of one delivery; it was taken more than once only where a kill came between taking and writing
    that down."""
    rows = db.session.execute(select(Delivery.key, Delivery.order_id, Delivery.notice_id, Delivery.state)).all()
    assert len(rows) == NOTICES
    assert {row.state for row in rows} == {"sent"}
    assert set(receiver.taken) == {row.key for row in rows}
    in_flight = 2 * 2  # two kills, two threads
    assert len(receiver.taken) - NOTICES <= in_flight
    assert receiver.refused > NOTICES // 4
    about = {row.key: (row.order_id, row.notice_id) for row in rows}
    first_taken = list(dict.fromkeys(receiver.taken))
    for order in {row.order_id for row in rows}:
        notices = [about[key][1] for key in first_taken if about[key][0] == order]
        assert notices == sorted(notices), f"order {order} was told out of turn"
