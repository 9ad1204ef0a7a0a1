"""Queue notices, inside the transaction that causes them. One INSERT, whatever the number of readers; everything
slow (wording, channels, the outside world) is the worker's."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Insert, case, update
from sqlalchemy.dialects import postgresql, sqlite

from qtxvol.extensions import db
from qtxvol.notices.models import Notice
from qtxvol.orders.lifecycle import Party


@dataclass(frozen=True, slots=True, order=True)
class To:
    """One reader: a body, a volunteer, or an order's resident.

    :ivar scope: as in `notices.scope`. :ivar order_id: the reader's own order, when it differs from the notice's
        (somebody whose order was merged).
    """

    party: Party
    scope: str = ""
    order_id: int | None = None


@dataclass(frozen=True, slots=True)
class Telling:
    """One thing to tell some readers; the fields are those of `queue_notices`."""

    kind: str
    readers: Iterable[To]
    order_id: int | None = None
    event_id: int | None = None
    about: Mapping[str, Any] | None = None
    key: str = ""
    due_at: datetime | None = None
    is_emergency: bool = False

    def rows(self, now: datetime) -> list[dict[str, Any]]:
        """The rows of `notices`, one for each reader."""
        return [
            {
                "kind": self.kind,
                "order_id": reader.order_id if reader.order_id is not None else self.order_id,
                "event_id": self.event_id,
                "party": reader.party,
                "scope": reader.scope,
                "about": dict(self.about or {}),
                "key": key_for(self.key, reader) if self.key else None,
                "is_emergency": self.is_emergency,
                "queued_at": now,
                "due_at": self.due_at or now,
            }
            for reader in sorted(
                set(self.readers), key=lambda reader: (reader.party, reader.scope, reader.order_id or 0)
            )
        ]


def key_for(key: str, reader: To) -> str:
    """What stands in `notices.key` for one reader of something that was told with `key`."""
    return f"{key}:{reader.party}:{reader.scope or reader.order_id or ''}"


#: Rows of one INSERT: SQLite takes 32,766 values.
MOST_ROWS = 2000


def queue_notices(
    kind: str,
    readers: Iterable[To],
    *,
    now: datetime,
    order_id: int | None = None,
    event_id: int | None = None,
    about: Mapping[str, Any] | None = None,
    key: str = "",
    due_at: datetime | None = None,
    is_emergency: bool = False,
) -> int:
    """One row for each reader.

    :param about: see `Notice.about`; shape by kind (`kinds.KINDS`).
    :param key: of what may be told only once, e.g. `overdue:12` for a clock; told again, nothing is written.
    :param due_at: not before; `now` when left out.
    :return: how many rows were written.
    """
    telling = Telling(
        kind,
        readers,
        order_id=order_id,
        event_id=event_id,
        about=about,
        key=key,
        due_at=due_at,
        is_emergency=is_emergency,
    )
    return queue_all([telling], now)


def queue_all(tellings: Iterable[Telling], now: datetime) -> int:
    """Many things at once, in as few statements as the database takes.

    :return: how many rows were written.
    """
    rows = [row for telling in tellings for row in telling.rows(now)]
    connection, written = db.session.connection(), 0
    for start in range(0, len(rows), MOST_ROWS):
        statement = _insert_new(rows[start : start + MOST_ROWS]).returning(Notice.id)
        written += len(connection.execute(statement).all())  # PostgreSQL's driver counts no rows of many VALUES
    return written


def withdraw_notices(order_id: int, kinds: Iterable[str], now: datetime, *, keys: Iterable[str] | None = None) -> int:
    """What they say is not so any more. What is on its way or was sent stays as it is.

    :param keys: only of these readers, as `key_for` gives them; None: of all.
    :return: how many had not been sent yet.
    """
    gone = (
        update(Notice)
        .where(
            Notice.order_id == order_id,
            Notice.kind.in_(list(kinds)),
            Notice.withdrawn_at.is_(None),
            Notice.due_at > now,
        )
        .values(withdrawn_at=now)
    )
    if keys is not None:
        gone = gone.where(Notice.key.in_(list(keys)))
    return db.session.connection().execute(gone).rowcount


def hasten_notices(order_id: int, kinds: Iterable[str], now: datetime) -> int:
    """What would be told later is told now, whatever the hour: it has become an emergency.

    :return: how many had not been sent yet.
    """
    waiting = (
        update(Notice)
        .where(
            Notice.order_id == order_id,
            Notice.kind.in_(list(kinds)),
            Notice.withdrawn_at.is_(None),
            Notice.planned_at.is_(None),
        )
        .values(due_at=case((Notice.due_at > now, now), else_=Notice.due_at), is_emergency=True)
    )
    return db.session.connection().execute(waiting).rowcount


def _insert_new(rows: list[dict[str, Any]]) -> Insert:
    """An INSERT that passes over keys that are there already; both databases say it alike."""
    is_sqlite = db.session.get_bind().dialect.name == "sqlite"
    statement = sqlite.insert(Notice) if is_sqlite else postgresql.insert(Notice)
    return statement.values(rows).on_conflict_do_nothing(index_elements=["key"])
