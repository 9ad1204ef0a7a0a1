"""When a service that is agreed is called to mind. Pure.

A day and two hours before. Nobody is woken: what would come in the quiet hours comes at eight in the evening of the
day before the service; when both would, once is enough. In an emergency the two times hold as they are.
"""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(hours=24)
HOURS = timedelta(hours=2)
#: Between these nobody is reminded.
QUIET_FROM, QUIET_UNTIL = time(22, 0), time(7, 30)
EVENING = time(20, 0)
#: After a service that nobody has written up, the resident is asked whether anybody came.
ASK_AFTER = timedelta(hours=2)
#: After the closing, the resident is asked how it was: not in the same breath as being told of the closing.
RATE_AFTER = timedelta(minutes=30)

_CITY_TIME = ZoneInfo("Asia/Shanghai")


def day_before(start: datetime, *, is_emergency: bool = False) -> datetime:
    """When to remind of a service that starts at `start`, for the first time."""
    moment = start - DAY
    return _evening_before(start) if is_quiet(moment) and not is_emergency else moment


def hours_before(start: datetime, *, is_emergency: bool = False) -> datetime | None:
    """When to remind for the second time; None when the first comes just as late."""
    moment = start - HOURS
    if is_quiet(moment) and not is_emergency:
        moment = _evening_before(start)
    return moment if moment > day_before(start, is_emergency=is_emergency) else None


def is_quiet(moment: datetime) -> bool:
    """Would it wake somebody?"""
    clock = moment.astimezone(_CITY_TIME).time()
    return clock >= QUIET_FROM or clock < QUIET_UNTIL


def _evening_before(start: datetime) -> datetime:
    day = start.astimezone(_CITY_TIME).date() - timedelta(days=1)
    return datetime.combine(day, EVENING, tzinfo=_CITY_TIME)
