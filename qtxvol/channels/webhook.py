"""Webhooks: JSON, signed, with a key by which the receiver knows a repeat. Their contract is in docs/channels.md."""

import hashlib
import hmac
import json

from qtxvol.channels.message import Message, Receipt, State, Way
from qtxvol.channels.robots import split_address
from qtxvol.channels.wire import check_status, post


def send(message: Message, way: Way) -> Receipt:
    """Taken means 2xx, whatever stands in the answer.

    :raise Fault: not taken.
    """
    url, own_secret = split_address(message.address)
    body = json.dumps(_content(message), ensure_ascii=False).encode()
    stamp = str(int(way.at.timestamp()))
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "Idempotency-Key": message.key,
        "X-Qtxvol-Timestamp": stamp,
    }
    secret = own_secret or way.setup.get("secret", "")
    if secret:
        headers["X-Qtxvol-Signature"] = f"sha256={signature(secret, stamp, body)}"
    answer = post(url, body, headers, way)
    check_status(answer)
    return Receipt(State.SENT, f"HTTP {answer.status}")


def signature(secret: str, stamp: str, body: bytes) -> str:
    """Of the time and the body, so that neither an old message nor another text can be passed off as ours."""
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _content(message: Message) -> dict[str, str]:
    content = {"key": message.key, "subject": message.subject, "text": message.text, "link": message.link}
    return content if message.calendar is None else {**content, "calendar": message.calendar}
