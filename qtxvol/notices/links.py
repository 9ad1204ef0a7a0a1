"""The links that a notice carries, and the one that ends a kind of notices. No link holds anything of a person.

Here are paths alone; whoever sends them puts the public address before them.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from qtxvol.base import AnyRow
from qtxvol.notices.facts import as_id
from qtxvol.notices.models import Notice
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.links import link_token

#: What a notice is about when it is about no order: a page of the reader's desk, by kind.
_PAGES = {
    "team_request": "members",
    "team_request_decided": "me",
    "volunteer_verified": "me",
    "star_awarded": "stars",
    "plan_ready": "plan",
}
#: A notice that is worked on elsewhere than on its order's page or the inbox, by kind and party.
_OTHER_PAGES = {
    ("late_entry_waiting", Party.OFFICE): "hours",
    ("objection", Party.OFFICE): "hours",
    ("hours_decided", Party.VOLUNTEER): "hours",
    ("absence", Party.VOLUNTEER): "hours",
    ("join_ask", Party.VOLUNTEER): "?tab=accepted",  # where all the questions stand; this one may be over
    ("not_needed", Party.VOLUNTEER): "notices",
    ("science_day", Party.DEPARTMENT): "science-days",
    ("undelivered", Party.OFFICE): "undelivered",
    ("undelivered", Party.COMMUNITY): "undelivered",
}


def page_of(kind: str, party: str, number: str = "", about: Mapping[str, Any] | None = None) -> str:
    """The page of a desk that a notice leads to; the inbox when there is no better one.

    :param number: of its order, when it has one that the desk may look at.
    """
    who = Party(party)
    desk = f"/{who}"
    if special := _OTHER_PAGES.get((kind, who)):
        return f"{desk}/{special}"
    if emergency := as_id((about or {}).get("emergency_id")):
        return f"/emergencies/{emergency}"
    if number:
        return f"{desk}/orders/{number}"
    return f"{desk}/{_PAGES.get(kind, 'notices')}"


def link_of(notice: Notice, order: AnyRow | None, key: str) -> str:
    """Where the reader looks: the resident by the secret link, all others at their desk."""
    if notice.party == Party.RESIDENT:
        return f"/t/{order.number}/{link_token(key, order.number, order.link_nonce)}" if order else ""
    return page_of(notice.kind, notice.party, order.number if order else "", notice.about)


# Unsubscribing


_RECIPIENT = re.compile(r"(account|volunteer|order):([1-9][0-9]{0,9})")
_TOKEN = re.compile(r"([avo])([1-9][0-9]{0,9})\.([a-z_]{2,32})\.([A-Za-z0-9_-]{22})")
_OWNERS = {"a": "account", "v": "volunteer", "o": "order"}


@dataclass(frozen=True, slots=True)
class Unsubscribing:
    """Who wishes to hear no more of what.

    :ivar owner: `account`, `volunteer` or `order`.
    """

    owner: str
    owner_id: int
    kind: str


def unsubscribe_token(recipient: str, kind: str, key: str) -> str:
    """The token of the link that mutes one kind for one recipient. It never ends: an old mail must work too. Empty for
    a recipient that has no wishes of its own (the robot of a group).

    :param recipient: as in `deliveries.recipient`: `account:3`, `volunteer:12`, `order:7`.
    """
    match = _RECIPIENT.fullmatch(recipient)
    if match is None:
        return ""
    return f"{match[1][0]}{match[2]}.{kind}.{_seal(match[1], match[2], kind, key)}"


def read_unsubscribe_token(token: str, keys: Iterable[str]) -> Unsubscribing | None:
    """What a genuine token says, made under the present key or one that was used before; None for any other."""
    match = _TOKEN.fullmatch(token)
    if match is None or int(match[2]) > 2**31 - 1:
        return None
    owner = _OWNERS[match[1]]
    if not any(hmac.compare_digest(match[4], _seal(owner, match[2], match[3], key)) for key in keys):
        return None
    return Unsubscribing(owner, int(match[2]), match[3])


def _seal(owner: str, owner_id: str, kind: str, key: str) -> str:
    digest = hmac.digest(key.encode(), f"unsubscribe:{owner}:{owner_id}:{kind}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")
