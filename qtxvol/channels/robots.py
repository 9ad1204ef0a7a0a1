"""What the robots of the three group chats have in common: one address with a token in it, perhaps a signing secret,
and an answer that says 200 also when it means no."""

import base64
import hashlib
import hmac
import json
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from qtxvol.channels.message import Fault, Message, Receipt, State, Way
from qtxvol.channels.wire import Answer, check_status, post


def split_address(address: str) -> tuple[str, str]:
    """The address that is asked, and the signing secret that may stand behind its `#`."""
    url, _, secret = address.partition("#")
    return url, secret


def sign(key: str, text: str) -> str:
    """HMAC-SHA256 in base64."""
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode("ascii")


def cut(text: str, most: int) -> str:
    """Not more than `most` bytes of UTF-8; what was cut shows as an ellipsis."""
    raw = text.encode()
    return text if len(raw) <= most else raw[: most - 3].decode("utf-8", "ignore") + "…"


def ask_robot(url: str, body: Mapping[str, Any], official: frozenset[str], way: Way) -> Mapping[str, Any]:
    """Post and read the answer's JSON.

    :raise Fault: as `post` and `check_status`; `unreadable_answer` (unknown) when 200 came without JSON.
    """
    headers = {"Content-Type": "application/json; charset=utf-8"}
    answer = post(url, json.dumps(body, ensure_ascii=False).encode(), headers, way, official=official | _more(way))
    check_status(answer)
    return _read(answer)


def judge(code: Any, words: Any, *, rate_limits: Collection[int], busy: Collection[int] = ()) -> Receipt:
    """What an answer's own code means: 0 is taken, a few are worth another try, all others are final.

    :raise Fault: not taken.
    """
    if not isinstance(code, int) or isinstance(code, bool):
        raise Fault(State.UNKNOWN, "unreadable_answer")
    if code == 0:
        return Receipt(State.SENT)
    state = State.RETRY if code in rate_limits or code in busy else State.REFUSED
    # the robots count per minute
    raise Fault(state, f"errcode {code} {words}".strip(), 60 if code in rate_limits else None)


def text_of(message: Message) -> str:
    """Subject and text: a chat has no line for the subject."""
    return f"{message.subject}\n{message.whole_text}" if message.subject else message.whole_text


def _more(way: Way) -> frozenset[str]:
    """Hosts that the office allows besides the official ones."""
    return frozenset(way.setup.get("hosts", "").split())


def _read(answer: Answer) -> Mapping[str, Any]:
    try:
        found = json.loads(answer.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Fault(State.UNKNOWN, "unreadable_answer")
    return found


def has_token(url: str, name: str) -> bool:
    """The address carries that parameter."""
    return any(part.startswith(f"{name}=") and len(part) > len(name) + 1 for part in urlsplit(url).query.split("&"))
