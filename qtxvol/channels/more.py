"""The long tail of services through apprise, an extra (`pip install qtxvol[notify-more]`).

Not for the three robots: apprise looks at HTTP alone and reports success when they refuse. And only for the services
that the office names, because an apprise address may also mean "run this program" or "ask that machine".
"""

import importlib
import re
from typing import Any

from qtxvol.channels.message import Fault, Message, Receipt, State, Way

#: Never, whatever the office names: the three that have a sender here, any address of any machine, and this machine.
FORBIDDEN = frozenset(
    (
        "wecombot",
        "dingtalk",
        "feishu",
        "lark",
        "json",
        "jsons",
        "xml",
        "xmls",
        "form",
        "forms",
        "mailto",
        "mailtos",
        "syslog",
        "rsyslog",
        "dbus",
        "glib",
        "kde",
        "qt",
        "gnome",
        "macosx",
        "windows",
        "notica",
        "apprise",
        "apprises",
        "mqtt",
        "mqtts",
    )
)
_SCHEMA = re.compile(r"([a-z][a-z0-9]*)://\S+")


def send(message: Message, way: Way) -> Receipt:
    """:raise Fault: not taken. apprise says yes or no and nothing else, so a no is tried again."""
    if not is_allowed(message.address, way.setup.get("services", "")):
        raise Fault(State.REFUSED, "host_forbidden")
    apprise = load()
    if apprise is None:
        raise Fault(State.RETRY, "not_installed")
    notifier = apprise.Apprise()
    if not notifier.add(_with_limits(message.address, way.seconds)):
        raise Fault(State.REFUSED, "bad_address")
    if not notifier.notify(title=message.subject, body=message.whole_text):
        raise Fault(State.RETRY, "broken")
    return Receipt(State.SENT)


def is_allowed(address: str, services: str) -> bool:
    """The address is of a service that the office names, and of none that never will do."""
    found = _SCHEMA.fullmatch(address)
    return found is not None and found[1] in services.split() and found[1] not in FORBIDDEN


def load() -> Any:
    """The library; None where the extra is not installed."""
    try:
        return importlib.import_module("apprise")
    except ImportError:
        return None


def _with_limits(address: str, seconds: float) -> str:
    """Its own limits for connecting and reading; together not more than ours."""
    half = max(1, int(seconds / 2))
    return f"{address}{'&' if '?' in address else '?'}cto={half}&rto={half}"
