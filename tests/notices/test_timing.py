"""Quiet hours, the message of the day, back-off and pauses: times alone."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtxvol.notices.timing import CITY_TIME, Pace, next_digest, next_open, pause_after, wait_after

QUIET = (22 * 60, 7 * 60 + 30)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """On the city's clock in November 2026."""
    return datetime(2026, 11, day, hour, minute, tzinfo=CITY_TIME).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        (at(24, 21, 59), at(24, 21, 59)),
        (at(24, 22), at(25, 7, 30)),
        (at(24, 23, 59), at(25, 7, 30)),
        (at(25, 0), at(25, 7, 30)),
        (at(25, 7, 29), at(25, 7, 30)),
        (at(25, 7, 30), at(25, 7, 30)),
        (at(30, 23), datetime(2026, 12, 1, 7, 30, tzinfo=CITY_TIME)),
    ],
)
def test_the_night_is_quiet(moment: datetime, opens: datetime):
    assert next_open(moment, *QUIET) == opens


def test_quiet_hours_within_a_day_and_none_at_all():
    assert next_open(at(24, 13), 12 * 60, 14 * 60) == at(24, 14)
    assert next_open(at(24, 11), 12 * 60, 14 * 60) == at(24, 11)
    assert next_open(at(24, 3), 0, 0) == at(24, 3)


@given(minutes=st.integers(0, 60 * 24 * 400), quiet_from=st.integers(0, 1439), quiet_until=st.integers(0, 1439))
def test_what_is_open_stays_open_and_never_lies_before(minutes: int, quiet_from: int, quiet_until: int):
    moment = at(24, 0) + timedelta(minutes=minutes)
    opens = next_open(moment, quiet_from, quiet_until)
    assert moment <= opens < moment + timedelta(days=1)
    assert next_open(opens, quiet_from, quiet_until) == opens


def test_the_message_of_the_day_goes_out_at_eight():
    assert next_digest(at(24, 7, 59)) == at(24, 8)
    assert next_digest(at(24, 8)) == at(25, 8)
    assert next_digest(at(24, 23)) == at(25, 8)


@given(key=st.text(), attempts=st.integers(1, 40))
def test_waiting_grows_within_its_bounds_and_is_the_same_each_time(key: str, attempts: int):
    pace = Pace()
    wait = wait_after(attempts, key, pace)
    plain = min(pace.first_wait * 2 ** (attempts - 1), pace.longest_wait)
    assert plain * 0.79 < wait < plain * 1.21
    assert wait == wait_after(attempts, key, pace)


def test_a_day_of_patience_is_some_dozen_attempts():
    pace = Pace()
    waited, attempts = timedelta(), 1
    while waited < pace.patience:
        waited += wait_after(attempts, "any", pace)
        attempts += 1
    assert 8 <= attempts <= pace.most_attempts + 2


def test_a_lane_is_left_alone_after_the_third_failure_for_longer_each_time():
    pace = Pace()
    pauses = [pause_after(failures, pace) for failures in range(1, 12)]
    assert pauses[:2] == [None, None]
    assert pauses[2:5] == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert pauses[-1] == timedelta(minutes=30)
