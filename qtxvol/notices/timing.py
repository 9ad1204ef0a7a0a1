"""When a notice may go out, and when it is tried again. Pure."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

CITY_TIME = ZoneInfo("Asia/Shanghai")

#: When the one message of the day goes out to whoever wants only one.
DIGEST_AT = time(8, 0)


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient the outbox is. Tests take shorter times, nothing else does.

    :ivar first_wait: after the first failure; doubled after each further one, up to `longest_wait`.
    :ivar most_attempts: then it is given up; also once `patience` is over. Where another channel stands ready, already
        after `short_patience`: who waits for a message is not helped by a mail server that may be back tomorrow.
    :ivar lease: for so long a worker has what it claimed. Longer than a send can take: after it the worker counts as
        dead.
    :ivar failures_to_pause: so many in a row, and the lane is left alone, `first_pause` at first, then twice as long
        each time, up to `longest_pause`.
    """

    first_wait: timedelta = timedelta(minutes=1)
    longest_wait: timedelta = timedelta(hours=3)
    most_attempts: int = 14
    patience: timedelta = timedelta(hours=24)
    short_patience: timedelta = timedelta(hours=1)
    lease: timedelta = timedelta(minutes=3)
    failures_to_pause: int = 3
    first_pause: timedelta = timedelta(minutes=1)
    longest_pause: timedelta = timedelta(minutes=30)


def next_open(at: datetime, quiet_from: int, quiet_until: int) -> datetime:
    """The first moment from `at` on that is not within the quiet hours.

    :param quiet_from: minute of the city's day, and `quiet_until` the first that is not quiet any more; usually over
        midnight. The same twice: there are none.
    """
    local = at.astimezone(CITY_TIME)
    minute = local.hour * 60 + local.minute
    until = time(quiet_until // 60, quiet_until % 60)
    if quiet_from <= quiet_until:
        is_quiet, is_tomorrow = quiet_from <= minute < quiet_until, False
    else:
        is_quiet, is_tomorrow = minute >= quiet_from or minute < quiet_until, minute >= quiet_from
    if not is_quiet:
        return at
    day = local.date() + timedelta(days=int(is_tomorrow))
    return datetime.combine(day, until, CITY_TIME).astimezone(at.tzinfo)


def next_digest(at: datetime) -> datetime:
    """The next time at which messages of the day go out, later than `at`."""
    local = at.astimezone(CITY_TIME)
    today = datetime.combine(local.date(), DIGEST_AT, CITY_TIME)
    return (today if today > local else today + timedelta(days=1)).astimezone(at.tzinfo)


def wait_after(attempts: int, key: str, pace: Pace) -> timedelta:
    """How long to wait after so many failed attempts: doubled each time, within a fifth more or less.

    The part by which it differs comes from `key`, so that a thousand that failed together do not come back together,
    and a test knows what to expect.
    """
    wait: timedelta = min(pace.first_wait * (1 << min(max(attempts, 1), 20) - 1), pace.longest_wait)
    mark = int.from_bytes(hashlib.sha256(f"{key}:{attempts}".encode()).digest()[:2]) / 0xFFFF
    return wait * (0.8 + 0.4 * mark)


def pause_after(failures: int, pace: Pace) -> timedelta | None:
    """How long to leave a lane alone that failed so often in a row; None: not yet."""
    over = failures - pace.failures_to_pause
    return None if over < 0 else min(pace.first_pause * (1 << min(over, 20)), pace.longest_pause)
