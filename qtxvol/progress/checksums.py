"""One fingerprint for what a number was made of; pure. Anybody can make it again: sort the lines, hash them."""

import hashlib
from collections.abc import Iterable


def checksum(lines: Iterable[str]) -> str:
    """SHA-256, in hexadecimal, of the lines in order of their characters, each ended by a line feed."""
    digest = hashlib.sha256()
    for line in sorted(lines):
        digest.update(line.encode())
        digest.update(b"\n")
    return digest.hexdigest()
