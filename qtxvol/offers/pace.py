"""When the service asks, and when a silence counts for a no: nobody is asked at night, and nobody's sleep is counted
against them. Pure."""

from datetime import datetime, time, timedelta

from qtxvol.matching.settings import MatchSettings
from qtxvol.notices.timing import CITY_TIME, next_open

_MINUTE = timedelta(minutes=1)


def is_quiet(at: datetime, settings: MatchSettings) -> bool:
    """Whether nobody is asked at that moment, emergencies aside."""
    return next_waking(at, settings) != at


def next_waking(at: datetime, settings: MatchSettings) -> datetime:
    """The first moment from `at` on at which people may be asked."""
    return next_open(at, int(settings.quiet_from), int(settings.quiet_until))


def after_waking(at: datetime, minutes: float, settings: MatchSettings) -> datetime:
    """The moment at which so many minutes have gone by since `at`, quiet hours left out."""
    left, at = timedelta(minutes=minutes), next_waking(at, settings)
    if settings.quiet_from == settings.quiet_until:
        return at + left
    while (until := _next_quiet(at, settings)) - at < left:
        left -= until - at
        at = next_waking(until, settings)
    return at + left


def waking_minutes(at: datetime, until: datetime, settings: MatchSettings) -> float:
    """How many minutes lie between the two, quiet hours left out."""
    if settings.quiet_from == settings.quiet_until:
        return max(0.0, (until - at) / _MINUTE)
    spent, at = timedelta(), next_waking(at, settings)
    while at < until:
        stop = min(until, _next_quiet(at, settings))
        spent += stop - at
        at = next_waking(stop, settings) if stop < until else until
    return spent / _MINUTE


def _next_quiet(at: datetime, settings: MatchSettings) -> datetime:
    """When the quiet hours after `at` begin."""
    local, minute = at.astimezone(CITY_TIME), int(settings.quiet_from)
    begin = datetime.combine(local.date(), time(minute // 60, minute % 60), CITY_TIME)
    return (begin if begin > local else begin + timedelta(days=1)).astimezone(at.tzinfo)
