"""The secret link by which a resident without an account follows one order. Pure.

The token is a keyed hash over the number and a random value of the order, so that a copy of the database
alone opens nothing, and a new random value makes an old link useless.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable


def new_nonce() -> str:
    """A fresh random value for `orders.link_nonce`."""
    return secrets.token_hex(16)


def link_token(secret_key: str, number: str, nonce: str) -> str:
    """22 letters and digits: 128 bits of HMAC-SHA256."""
    digest = hmac.digest(secret_key.encode(), f"track:{number}:{nonce}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")


def is_link_token(token: str, secret_keys: Iterable[str], number: str, nonce: str) -> bool:
    """Does `token` open the order, under the present key or one that was used before?"""
    return any(hmac.compare_digest(token.encode(), link_token(key, number, nonce).encode()) for key in secret_keys)
