"""The declarative base that all tables share, and the column types that both databases agree on.

Not here: tables (each capability keeps its own) and the session (`extensions.py`).
"""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import DateTime, MetaData, Row
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

#: Everybody in the city reads the same clock on the wall.
CITY_TIME = ZoneInfo("Asia/Shanghai")

#: Names for every constraint, so that a migration can drop what it did not create itself.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


#: A row of a query with several columns, told apart by name.
AnyRow = Row[*tuple[Any, ...]]


class Base(DeclarativeBase):
    """Parent of every table; `lazy="raise"` is expected on every relationship, so no page loads by surprise."""

    metadata = MetaData(naming_convention=NAMING)


class UTCDateTime(TypeDecorator[datetime]):
    """An aware UTC time on both databases.

    SQLite has no time zone and would hand back naive values; PostgreSQL hands back the session's zone.

    :raise ValueError: a naive datetime is written.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a time without zone was written: {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def utcnow() -> datetime:
    """The present as aware UTC. Only edges (views, jobs, commands) call this; services take `now`."""
    return datetime.now(UTC)
