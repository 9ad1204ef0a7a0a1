"""The hash chain over an order's events, pure. Each event's hash covers the row before it, so that a row
changed behind the service's back shows (docs/adr/0002-one-writer.md says what this proves and what not).
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

#: What the first event of an order points back to.
GENESIS = "0" * 64


def canonical(value: Any) -> str:
    """One text for one value: sorted keys, no spaces, Chinese as it is."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def event_hash(previous_hash: str, *, happened_at: datetime, **fields: Any) -> str:
    """SHA-256 (hex) over the hash before and every field of the event.

    :param fields: text, numbers, None and JSON-like values only.
    """
    moment = happened_at.astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(canonical([previous_hash, moment, fields]).encode()).hexdigest()


def fingerprint(payload: Mapping[str, Any]) -> str:
    """Short mark of what was asked for, to tell a repeated request from a different one."""
    return hashlib.sha256(canonical(payload).encode()).hexdigest()[:32]
