"""The token in the link of a one-tap answer. Pure.

It says what is asked, of which order, whom, and about what, in 13 bytes, and carries a keyed hash over these and a
random value of the order. So it serves one purpose and one reader, holds nothing of a person, fits into a text
message, and dies with the order's own link. That it is the right of its holder to answer is all that it proves: whoever
is handed the message may answer.
"""

import base64
import binascii
import hashlib
import hmac
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from qtxvol.orders.lifecycle import Party
from qtxvol.orders.replies import Purpose

_BODY = struct.Struct(">BIII")
_MAC_BYTES = 15
#: Letters and digits of a token.
LENGTH = 38

_KINDS: dict[int, tuple[Purpose, Party]] = {
    1: (Purpose.COME, Party.VOLUNTEER),
    2: (Purpose.COME, Party.TEAM),
    3: (Purpose.OFFER, Party.TEAM),
    4: (Purpose.CONFIRM_TIME, Party.RESIDENT),
    5: (Purpose.TOOK_PLACE, Party.RESIDENT),
    6: (Purpose.RATE, Party.RESIDENT),
    7: (Purpose.JOIN, Party.VOLUNTEER),
    8: (Purpose.OTHER_TIME, Party.RESIDENT),
    9: (Purpose.JOINT, Party.RESIDENT),
}
_BYTES = {kind: byte for byte, kind in _KINDS.items()}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a link asks whom.

    :ivar order_id: of the order that is served.
    :ivar reader_id: the volunteer, the team, or the resident's own order.
    :ivar about: minutes since 1970 of the agreed start; for an offer its wave, for a rating which closing; for
        `join` the hold, for `other_time` the event that asked, for `joint` the joint session.
    """

    purpose: Purpose
    party: Party
    order_id: int
    reader_id: int
    about: int

    @property
    def agreed_start(self) -> datetime:
        """The agreed time that is asked about; for an offer or a rating it means nothing."""
        return datetime.fromtimestamp(self.about * 60, UTC)


def minutes_of(moment: datetime) -> int:
    """The moment as `Asked.about` holds it; agreed times are whole minutes."""
    return int(moment.timestamp()) // 60


def make_token(asked: Asked, key: str, nonce: str) -> str:
    """`LENGTH` letters, digits, `-` and `_`.

    :param nonce: the random value of the reader's own order, for a resident; of the served order for the others.
    """
    body = _pack(asked)
    return base64.urlsafe_b64encode(body + _mac(body, key, nonce)).decode().rstrip("=")


def read_token(token: str) -> Asked | None:
    """What the token says, whether it is genuine or not; None when it says nothing."""
    raw = _decode(token)
    if raw is None:
        return None
    kind, order_id, reader_id, about = _BODY.unpack(raw[: _BODY.size])
    if kind not in _KINDS or max(order_id, reader_id) > 2**31 - 1:
        return None
    return Asked(*_KINDS[kind], order_id, reader_id, about)


def is_token(token: str, keys: Iterable[str], nonce: str) -> bool:
    """Was it made by this service, under the present key or one that was used before?"""
    raw = _decode(token)
    if raw is None:
        return False
    body, mac = raw[: _BODY.size], raw[_BODY.size :]
    return any(hmac.compare_digest(mac, _mac(body, key, nonce)) for key in keys)


def form_token(token: str, key: str) -> str:
    """Stands in the form of the link's page: an answer comes from that page, opened by a person; no cookie needed."""
    return hmac.digest(key.encode(), f"answer-form:{token}".encode(), hashlib.sha256).hex()[:32]


def is_form_token(typed: str, token: str, keys: Iterable[str]) -> bool:
    return any(hmac.compare_digest(typed.encode(), form_token(token, key).encode()) for key in keys)


def _pack(asked: Asked) -> bytes:
    return _BODY.pack(_BYTES[asked.purpose, asked.party], asked.order_id, asked.reader_id, asked.about)


def _mac(body: bytes, key: str, nonce: str) -> bytes:
    return hmac.digest(key.encode(), b"answer:" + body + b":" + nonce.encode(), hashlib.sha256)[:_MAC_BYTES]


def _decode(token: str) -> bytes | None:
    if len(token) != LENGTH or not token.isascii():
        return None
    try:
        raw = base64.b64decode(token + "==", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    # one token, one writing: the last letter has bits to spare
    return raw if base64.urlsafe_b64encode(raw).decode().rstrip("=") == token else None
