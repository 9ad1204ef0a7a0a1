"""When people are reminded: a day and two hours before, and never at night."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtxvol.base import CITY_TIME
from qtxvol.notices.reminder_times import day_before, hours_before, is_quiet


def at(day: int, clock: str) -> datetime:
    hour, minute = clock.split(":")
    return datetime(2026, 11, day, int(hour), int(minute), tzinfo=CITY_TIME)


@pytest.mark.parametrize(
    ("start", "first", "second"),
    [
        (at(27, "15:00"), at(26, "15:00"), at(27, "13:00")),
        (at(27, "10:00"), at(26, "10:00"), at(27, "08:00")),
        (at(27, "09:30"), at(26, "09:30"), at(27, "07:30")),
        # two hours before would be at dawn: the evening before
        (at(27, "09:00"), at(26, "09:00"), at(26, "20:00")),
        (at(27, "07:30"), at(26, "07:30"), at(26, "20:00")),
        # both would: once is enough
        (at(27, "07:00"), at(26, "20:00"), None),
        (at(27, "00:30"), at(26, "20:00"), None),
        # a day before would be late in the evening
        (at(27, "22:00"), at(26, "20:00"), at(27, "20:00")),
        (at(27, "23:59"), at(26, "20:00"), at(27, "21:59")),
    ],
)
def test_a_day_and_two_hours_before_but_not_at_night(start: datetime, first: datetime, second: datetime | None) -> None:
    assert (day_before(start), hours_before(start)) == (first, second)


def test_an_emergency_wakes_people() -> None:
    start = at(27, "06:00")
    assert day_before(start, is_emergency=True) == start - timedelta(hours=24)
    assert hours_before(start, is_emergency=True) == start - timedelta(hours=2)


@given(st.integers(0, 60 * 24 * 365))
def test_every_service_is_called_to_mind_before_it_starts_and_by_day(minutes: int) -> None:
    start = at(1, "00:00") + timedelta(minutes=minutes)
    first, second = day_before(start), hours_before(start)
    assert start - timedelta(hours=36) <= first <= start - timedelta(hours=4)
    assert not is_quiet(first)
    assert second is None or (first < second <= start - timedelta(hours=2) and not is_quiet(second))
