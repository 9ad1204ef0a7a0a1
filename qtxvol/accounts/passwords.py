"""Passwords: argon2id hashes, and what makes one good enough. Pure but for randomness."""

import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 10
LONGEST = 128

# t=2, m=19 MiB, p=1: the library's default takes 64 MiB and five times as long, which eight threads on a
# small server can't afford (docs/adr/0004-identity-and-links.md)
TIMES, MEMORY_KIB = 2, 19 * 1024
_HASHER = PasswordHasher(time_cost=TIMES, memory_cost=MEMORY_KIB, parallelism=1)

#: Checked when there is no such account, so that the answer takes as long as for one that exists.
_NOBODY = _HASHER.hash(secrets.token_urlsafe(16))

_COMMON = frozenset({"password", "qwertyuiop", "1234567890", "0123456789", "9876543210", "1q2w3e4r5t", "iloveyou"})


def hash_password(password: str) -> str:
    """An argon2id hash with its parameters inside."""
    return _HASHER.hash(_normal(password))


def is_password(password: str, password_hash: str | None) -> bool:
    """Does `password` fit? `None` for an account that does not exist; takes the same time."""
    try:
        _HASHER.verify(password_hash or _NOBODY, _normal(password))
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def needs_rehash(password_hash: str) -> bool:
    """Was the hash made with other parameters than today's?"""
    return _HASHER.check_needs_rehash(password_hash)


def find_weakness(password: str, username: str) -> str | None:
    """`too_short`, `too_long`, `too_simple`, `like_username`; None when it will do."""
    plain = _normal(password).casefold()
    if len(plain) < SHORTEST:
        return "too_short"
    if len(plain) > LONGEST:
        return "too_long"
    if plain in _COMMON or len(set(plain)) < 4:
        return "too_simple"
    return "like_username" if username.casefold() in plain and len(username) > 3 else None


def new_password() -> str:
    """A first password that can be read out on the phone: no letters that look alike."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(3))


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)
