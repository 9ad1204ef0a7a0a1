"""One exchange over HTTP: no redirects, no proxy, a time limit for all of it, a small answer.

Not `urllib.request`: it looks the name up again after it was checked, follows redirects unless told not to, and
can't tell a request that never left from one that was sent whole. That last difference is the one between trying again
and telling a person (docs/adr/0017-channels.md).
"""

import email.utils
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from qtxvol.channels.hosts import Target, check_target, find_addresses, parse_target
from qtxvol.channels.message import Fault, State, Way

#: More than this of an answer is not read; every answer that means something is shorter.
LARGEST_ANSWER = 64 * 1024
#: Longer than this nobody is told to wait.
LONGEST_WAIT = 24 * 3600
_PATIENCE = (408, 425, 429)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `body` is cut at `LARGEST_ANSWER`."""

    status: int
    body: bytes
    retry_after: int | None = None

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    way: Way,
    *,
    method: str = "POST",
    official: frozenset[str] | None = None,
) -> Answer:
    """Send a request and read the answer.

    :param official: see `check_target`.
    :raise Fault: `retry` when it can't have been taken, `refused` when the address will not do, `unknown` when it was
        sent whole and no answer came.
    """
    target = parse_target(url)
    check_target(target, way.listed, official)
    ends = time.monotonic() + way.seconds
    plain = _connect(target, find_addresses(target, way.listed, way.seconds), ends)
    try:
        with shut_after(ends - time.monotonic(), lambda: plain) as was_shut:
            answer = _exchange(target, plain, method, body, headers)
        if was_shut.is_set():  # it looks like an answer that simply ended
            raise Fault(State.UNKNOWN, "no_answer")
        return answer
    finally:
        plain.close()


def _connect(target: Target, addresses: list[str], ends: float) -> socket.socket:
    for address in addresses:
        left = ends - time.monotonic()
        if left <= 0:
            break
        try:
            sock = socket.create_connection((address, target.port), timeout=left)
        except OSError:
            continue
        sock.settimeout(max(0.01, ends - time.monotonic()))
        if target.scheme == "http":
            return sock
        try:
            return _wrap(sock, target.host, ends - time.monotonic())
        except (OSError, ValueError):  # a certificate that is not to be trusted, or no TLS there
            continue
    raise Fault(State.RETRY, "cannot_connect")


def _wrap(sock: socket.socket, host: str, seconds: float) -> ssl.SSLSocket:
    wrapped = tls_context().wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
    try:
        with shut_after(seconds, lambda: wrapped):
            wrapped.do_handshake()
    except BaseException:
        wrapped.close()
        raise
    return wrapped


def _exchange(target: Target, sock: socket.socket, method: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    make = http.client.HTTPSConnection if target.scheme == "https" else http.client.HTTPConnection
    connection = make(target.host, target.port)
    connection.sock = sock
    try:
        connection.request(method, target.path, body, {"User-Agent": "qtxvol", "Connection": "close", **headers})
    except (OSError, http.client.HTTPException, ValueError):
        raise Fault(State.RETRY, "cannot_connect") from None
    try:
        answer = connection.getresponse()
        return Answer(answer.status, answer.read(LARGEST_ANSWER), _wait_of(answer.getheader("Retry-After")))
    except (OSError, http.client.HTTPException, ValueError):
        raise Fault(State.UNKNOWN, "no_answer") from None


def check_status(answer: Answer) -> None:
    """:raise Fault: anything but 2xx."""
    if 200 <= answer.status < 300:
        return
    if 300 <= answer.status < 400:
        raise Fault(State.REFUSED, "redirect")
    is_worth_it = answer.status in _PATIENCE or answer.status >= 500
    raise Fault(State.RETRY if is_worth_it else State.REFUSED, f"HTTP {answer.status}", answer.retry_after)


@contextmanager
def shut_after(seconds: float, find_socket: Callable[[], socket.socket | None]) -> Iterator[threading.Event]:
    """A socket's own time limit begins anew with every byte; this one does not. Whoever waits sees the line end.

    :return: whether that happened.
    """

    was_shut = threading.Event()

    def shut() -> None:
        was_shut.set()
        sock = find_socket()
        if sock is not None:
            with suppress(OSError):  # it had just ended by itself
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    timer = threading.Timer(max(0.01, seconds), shut)
    timer.daemon = True
    timer.start()
    try:
        yield was_shut
    finally:
        timer.cancel()


def tls_context() -> ssl.SSLContext:
    """The system's own trust; a test puts another one here."""
    return ssl.create_default_context()


def _wait_of(header: str | None) -> int | None:
    """`Retry-After` in seconds; it may also name a moment."""
    text = (header or "").strip()
    if text.isascii() and text.isdecimal() and len(text) < 9:
        return min(int(text), LONGEST_WAIT)
    try:
        moment = email.utils.parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return int(min(max(0.0, moment - time.time()), LONGEST_WAIT))
