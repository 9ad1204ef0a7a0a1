"""Where this service may send anything: public hosts over HTTPS, and those that `QTXVOL_OUTGOING_HOSTS` lists.

A robot's or webhook's address is typed by somebody. Without this, whoever may type one could make the server ask
machines that only it can reach. So a name is looked up once, every answer must be a public address, and the
connection goes to the very address that was checked.
"""

import ipaddress
import queue
import re
import socket
import threading
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from qtxvol.channels.message import Fault, State

_CLEAN = re.compile(r"[!-~]+")  # printable ASCII without the space: nothing that could end a line of a request
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes. :ivar path: with the query."""

    scheme: str
    host: str
    port: int
    path: str

    def is_listed(self, listed: Collection[str]) -> bool:
        """The installation lists it, as `host` or `host:port`."""
        return self.host in listed or f"{self.host}:{self.port}" in listed


def parse_target(url: str) -> Target:
    """The parts of an address.

    :raise Fault: `bad_address`: not http(s), with a user name, spaces, line ends, or signs beyond ASCII.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise Fault(State.REFUSED, "bad_address") from None
    if not _CLEAN.fullmatch(url) or parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise Fault(State.REFUSED, "bad_address")
    path = parts.path or "/"
    return Target(parts.scheme, parts.hostname.rstrip("."), port, f"{path}?{parts.query}" if parts.query else path)


def check_target(target: Target, listed: Collection[str], official: Collection[str] | None = None) -> None:
    """What can be said without looking the name up.

    :param official: the only hosts that will do, besides listed ones; None: any public host.
    :raise Fault: `host_forbidden`.
    """
    if target.is_listed(listed):
        return
    is_named = official is None or target.host in official
    if not is_named or target.scheme != "https" or (_is_address(target.host) and not is_public(target.host)):
        raise Fault(State.REFUSED, "host_forbidden")


def find_addresses(target: Target, listed: Collection[str], seconds: float) -> list[str]:
    """The network addresses of a host, checked.

    :raise Fault: `host_forbidden` when one of them is not public; `cannot_connect` when there is none.
    """
    addresses = look_up(target.host, target.port, seconds)
    if not target.is_listed(listed) and not all(is_public(address) for address in addresses):
        raise Fault(State.REFUSED, "host_forbidden")
    return addresses


def is_public(address: str) -> bool:
    """Anybody on the internet could reach it, so nothing is gained by asking this server to."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and (ip in _NAT64 or ip.sixtofour or ip.teredo or ip.ipv4_mapped):
        return False  # an IPv4 address in disguise
    return ip.is_global and not ip.is_multicast


def look_up(host: str, port: int, seconds: float) -> list[str]:
    """In a thread of its own: the system's resolver knows no time limit.

    :raise Fault: `cannot_connect`.
    """
    found: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.put(list(dict.fromkeys(str(row[4][0]) for row in rows)))
        except (OSError, UnicodeError):
            found.put([])

    threading.Thread(target=ask, daemon=True).start()
    try:
        addresses = found.get(timeout=seconds)
    except queue.Empty:
        addresses = []
    if not addresses:
        raise Fault(State.RETRY, "cannot_connect")
    return addresses


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
