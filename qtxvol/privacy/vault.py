"""Sealing and looking up what nobody may read in a dump: phone and identity numbers.

Sealed text is different each time, so it can't be compared; a keyed digest of the same text can. Neither says
anything without the keys, which stand outside the database.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app


class LostKey(Exception):
    """Something was sealed with a key that this installation does not have."""


class Vault:
    """Seals with the newest key, opens with any.

    :param secrets: at least one, the newest first; each at least 32 random characters.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        fernets = [Fernet(urlsafe_b64encode(_derive(secret, b"seal"))) for secret in secrets]
        self._newest, self._fernet = fernets[0], MultiFernet(fernets)
        self._digest_keys = [_derive(secret, b"look up") for secret in secrets]

    def seal(self, text: str) -> str:
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def open(self, sealed: str) -> str:
        """:raise LostKey: sealed with a key that is not here, or damaged."""
        try:
            return self._fernet.decrypt(sealed.encode("ascii")).decode()
        except (InvalidToken, UnicodeEncodeError):
            raise LostKey("a sealed value can't be opened: is QTXVOL_DATA_KEYS complete?") from None

    def is_newest(self, sealed: str) -> bool:
        """Was it sealed with the newest key?"""
        try:
            self._newest.decrypt(sealed.encode("ascii"))
        except (InvalidToken, UnicodeEncodeError):
            return False
        return True

    @property
    def newest_mark(self) -> str:
        """Tells the newest key from others without saying anything about it: 16 hex digits."""
        return self.digest("key", "mark")[:16]

    def digest(self, kind: str, text: str) -> str:
        """To write beside a sealed value: 64 hex digits, the same for the same text of the same kind."""
        return _digest(self._digest_keys[0], kind, text)

    def digests(self, kind: str, text: str) -> list[str]:
        """To look for: the digest under every key, so that rows are found while keys are being changed."""
        return [_digest(key, kind, text) for key in self._digest_keys]


def _derive(secret: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"qtxvol " + purpose).derive(secret.encode())


def _digest(key: bytes, kind: str, text: str) -> str:
    return hmac.new(key, f"{kind}:{text}".encode(), hashlib.sha256).hexdigest()


def current_vault() -> Vault:
    """The vault of the running app."""
    vault: Vault = current_app.extensions["qtxvol_vault"]
    return vault
