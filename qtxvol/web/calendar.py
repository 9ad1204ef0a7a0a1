"""Days and weeks on pages: which day is asked for, what it is called, what stands on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask import request
from flask_babel import format_date, format_datetime

from qtxvol.base import CITY_TIME, AnyRow
from qtxvol.orders.calendar import Service, day_window
from qtxvol.orders.windows import Window
from qtxvol.web.display import is_english
from qtxvol.web.forms import now, parse_day
from qtxvol.web.i18n import _

#: Nothing is planned before or after; a slip of the finger in the year leads to today.
EARLIEST, LATEST = date(2000, 1, 3), date(2099, 12, 27)


@dataclass(frozen=True, slots=True)
class DayColumn:
    """A day of a week with what stands on it: services as (service, time on that day), wishes likewise."""

    day: date
    name: str
    is_today: bool
    services: Sequence[tuple[Service, str]]
    wishes: Sequence[tuple[AnyRow, str]]


def today() -> date:
    """The date on the city's calendar."""
    return now().astimezone(CITY_TIME).date()


def asked_day(name: str) -> date:
    """The day that the address names in its argument `name`; today when it names none, or an odd one."""
    day = parse_day(request.args.get(name, "")[:10])
    return day if day is not None and EARLIEST <= day <= LATEST else today()


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def day_name(day: date) -> str:
    """`11月27日（周五）`, with the year when it is not this one."""
    is_this_year = day.year == today().year
    if is_english():
        return str(format_date(day, "EEE d MMM" if is_this_year else "EEE d MMM y"))
    return str(format_date(day, "M月d日（EEE）" if is_this_year else "y年M月d日（EEE）"))


def short_day_name(day: date) -> str:
    """`周五 11-27`: the head of a narrow column."""
    return str(format_date(day, "EEE MM-dd"))


def span_on(window: Window, day: date) -> str:
    """`09:00–10:30`; what goes over midnight says so on both days: `22:00–次日 01:00`, `前一日 22:00–01:00`."""
    of_day = day_window(day)
    start, end = str(format_datetime(window.starts_at, "HH:mm")), str(format_datetime(window.ends_at, "HH:mm"))
    if window.starts_at < of_day.starts_at:
        start = _("前一日 %(clock)s", clock=start)
    if window.ends_at == of_day.ends_at:
        end = "24:00"
    elif window.ends_at > of_day.ends_at:
        end = _("次日 %(clock)s", clock=end)
    return f"{start}–{end}"


def make_week(monday: date, services: Sequence[Service], wishes: Sequence[AnyRow] = ()) -> list[DayColumn]:
    """Monday to Sunday. What touches two days stands on both."""
    return [
        DayColumn(
            day,
            short_day_name(day),
            day == today(),
            [(each, span_on(each.window, day)) for each in services if each.is_on(day)],
            [
                (wish, span_on(window, day))
                for wish in wishes
                if (window := Window(wish.starts_at, wish.ends_at)).overlaps(day_window(day))
            ],
        )
        for day in (monday + timedelta(days=offset) for offset in range(7))
    ]
