"""The day on the city's calendar that a stored moment belongs to, as both databases can group by it."""

from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Date
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from qtxvol.base import CITY_TIME


class city_day(FunctionElement[date]):  # noqa: N801  reads like the SQL function that it becomes
    """`city_day(Order.placed_at)`: a `date`, None for None."""

    type = Date()
    inherit_cache = True


#: The city has had no summer time since 1991.
_HOURS = (datetime(2026, 1, 1, tzinfo=CITY_TIME).utcoffset() or timedelta()) // timedelta(hours=1)


@compiles(city_day, "sqlite")
def _for_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    """SQLite holds times as text in UTC (`base.UTCDateTime`)."""
    return f"date({compiler.process(element.clauses, **options)}, '{_HOURS:+d} hours')"


@compiles(city_day)
def _for_postgres(element: Any, compiler: Any, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} AT TIME ZONE '{CITY_TIME.key}' AS DATE)"
