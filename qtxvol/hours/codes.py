"""The code that a leader's page shows on site: six digits that change every minute. Pure.

A keyed hash over the order and the minute, so nothing has to be stored and every web process shows the same.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Iterable
from datetime import datetime

#: Seconds for which a code is shown.
STEP = 60
DIGITS = 6


def make_code(key: str, number: str, nonce: str, now: datetime) -> str:
    """The code of this minute."""
    return _code(key, number, nonce, int(now.timestamp()) // STEP)


def seconds_left(now: datetime) -> int:
    """How long the code of this minute is still shown, 1 to 60."""
    return STEP - int(now.timestamp()) % STEP


def is_code(typed: str, keys: Iterable[str], number: str, nonce: str, now: datetime) -> bool:
    """Is it the code of this minute or of the one before, under the present key or one that was used before?"""
    plain = "".join(char for char in unicodedata.normalize("NFKC", typed) if char.isdecimal())
    step = int(now.timestamp()) // STEP
    return len(plain) == DIGITS and any(
        hmac.compare_digest(plain.encode(), _code(key, number, nonce, each).encode())
        for key in keys
        for each in (step, step - 1)
    )


def _code(key: str, number: str, nonce: str, step: int) -> str:
    digest = hmac.digest(key.encode(), f"check-in:{number}:{nonce}:{step}".encode(), hashlib.sha256)
    return f"{int.from_bytes(digest[:8]) % 10**DIGITS:0{DIGITS}d}"
