"""Which keys are in use here, and is one of them missing? Told at the start, not by a page that fails later."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Text, delete, select, type_coerce
from sqlalchemy.exc import IntegrityError

from qtxvol.extensions import db
from qtxvol.privacy.models import KeyMark
from qtxvol.privacy.rotate import find_sealed, list_sealed_columns, rows_in_batches
from qtxvol.privacy.vault import LostKey, current_vault
from qtxvol.storage import transaction

_CANARY = "qtxvol"
LOST = "what was sealed with a former key can't be opened: put that key back into QTXVOL_DATA_KEYS, after the newest"


def register_key(now: datetime) -> None:
    """Write down that the newest key seals here from now on. Safe to repeat; call it when the service starts."""
    mark = current_vault().newest_mark
    if db.session.scalar(select(KeyMark.mark).where(KeyMark.mark == mark)) is not None:
        return
    try:
        with transaction():
            db.session.add(KeyMark(mark=mark, canary=_CANARY, first_used_at=now))
    except IntegrityError:  # another process started in the same moment
        pass


def find_lost_keys() -> list[str]:
    """A sentence when a key that sealed something here is not in the settings; empty when all are."""
    canaries = db.session.execute(select(KeyMark.first_used_at, type_coerce(KeyMark.canary, Text).label("canary")))
    return [
        f"the key in use since {row.first_used_at:%Y-%m-%d} is missing: {LOST}"
        for row in canaries
        if not _can_open(row.canary)
    ]


def check_sealed() -> Iterator[str]:
    """For `qtxvol check`: open every sealed value. One sentence per column with values that can't be opened."""
    for table, columns in list_sealed_columns().items():
        lost = dict.fromkeys(columns, 0)
        for row in rows_in_batches(table, [column.name for column in columns], 1000):
            for column in columns:
                sealed = find_sealed(column, row._mapping[column.name])
                lost[column] += sealed is not None and not _can_open(sealed)
        for column, count in lost.items():
            if count:
                yield f"{count} values of {table.name}.{column.name} can't be opened: {LOST}"


def forget_former_keys() -> None:
    """Nothing is sealed with any but the newest key any more. Inside the caller's `transaction()`."""
    db.session.execute(delete(KeyMark).where(KeyMark.mark != current_vault().newest_mark))


def _can_open(sealed: str) -> bool:
    try:
        current_vault().open(sealed)
    except LostKey:
        return False
    return True
