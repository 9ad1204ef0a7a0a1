"""The residents' hours as slots, and back."""

from datetime import UTC, datetime, timedelta

import pytest

from qtxvol.base import CITY_TIME
from qtxvol.offers.clock import EPOCH, fit_slots, minute_of, moment_of, slot_of, slots_of
from qtxvol.orders.windows import Window

#: Wednesday, eight in the morning.
NOW = datetime(2026, 11, 25, 8, 0, tzinfo=CITY_TIME)
MORNING, AFTERNOON, EVENING = range(3)


def at(clock: str, day: int = 26) -> datetime:
    hour, _colon, minute = clock.partition(":")
    return datetime(2026, 11, day, int(hour), int(minute), tzinfo=CITY_TIME)


def span(start: str, end: str, day: int = 26) -> Window:
    return Window(at(start, day), at(end, day))


def told(*windows: Window, minutes: int = 60, now: datetime = NOW, notice: float = 0) -> list[tuple[int, str, str]]:
    """Part of the day, and the service's own time on the city's clock."""
    found = fit_slots(windows, minutes, now, notice)
    clock = "%H:%M"
    return [
        (slot % 3, *(moment.astimezone(CITY_TIME).strftime(clock) for moment in (window.starts_at, window.ends_at)))
        for slot, window in found
    ]


def test_minutes_count_from_a_monday_on_the_citys_clock():
    assert EPOCH.weekday() == 0
    assert minute_of(EPOCH) == 0
    assert slot_of(EPOCH) == 0
    assert moment_of(minute_of(NOW)) == NOW
    assert minute_of(NOW.astimezone(UTC)) == minute_of(NOW)


@pytest.mark.parametrize(
    ("clock", "part"),
    [("00:00", MORNING), ("11:59", MORNING), ("12:00", AFTERNOON), ("17:59", AFTERNOON), ("18:00", EVENING)],
)  # fmt: skip
def test_a_moment_lies_in_one_part_of_the_day(clock: str, part: int):
    assert slot_of(at(clock)) % 3 == part
    assert slot_of(at(clock)) // 3 == (at(clock) - EPOCH).days


def test_typed_clock_times_stay_as_they_were_typed():
    assert told(span("10:10", "11:40"), minutes=60) == [(MORNING, "10:10", "11:10")]


def test_a_window_over_several_parts_gives_one_slot_for_each_part_in_which_the_service_fits():
    assert told(span("09:00", "20:00"), minutes=90) == [
        (MORNING, "09:00", "10:30"),
        (AFTERNOON, "14:30", "16:00"),
        (EVENING, "18:30", "20:00"),
    ]


def test_a_part_in_which_the_service_does_not_fit_gives_no_slot():
    assert told(span("11:30", "16:00"), minutes=60) == [(AFTERNOON, "14:30", "15:30")]


def test_where_the_usual_hour_leaves_no_room_the_part_begins_early():
    assert told(span("10:00", "13:30"), minutes=90) == [(MORNING, "10:00", "11:30"), (AFTERNOON, "12:00", "13:30")]


def test_a_window_across_noon_with_room_on_neither_side_still_counts():
    assert told(span("11:30", "12:30"), minutes=60) == [(MORNING, "11:30", "12:30")]


def test_a_window_shorter_than_the_service_is_taken_as_it_is():
    assert told(span("15:00", "15:40"), minutes=90) == [(AFTERNOON, "15:00", "15:40")]


def test_a_window_over_midnight_reaches_the_next_day():
    found = fit_slots([Window(at("22:30"), at("08:30", 27) + timedelta(hours=1))], 60, NOW)
    assert [slot - slot_of(at("22:30")) for slot, _window in found] == [0, 1]


def test_two_windows_of_one_slot_give_one_slot_the_earlier_time():
    assert told(span("10:30", "11:30"), span("09:00", "10:00")) == [(MORNING, "09:00", "10:00")]


def test_a_start_that_is_too_close_is_put_off_as_far_as_it_still_fits():
    today = span("09:00", "12:00", day=25)
    assert told(today, minutes=60, now=at("09:33", 25), notice=20) == [(MORNING, "10:00", "11:00")]
    assert told(today, minutes=60, now=at("10:45", 25), notice=20) == [(MORNING, "09:00", "10:00")], "it fits no more"


def test_of_two_windows_of_one_slot_the_one_that_is_still_possible_counts():
    windows = span("09:00", "10:00", day=25), span("10:30", "11:30", day=25)
    assert told(*windows, minutes=60, now=at("09:30", 25), notice=20) == [(MORNING, "10:30", "11:30")]


def test_windows_in_the_past_stay_slots_so_that_the_reason_can_be_told():
    assert told(span("09:00", "11:00", day=24), minutes=60) == [(MORNING, "09:00", "10:00")]


def test_without_windows_there_are_no_slots():
    assert fit_slots([], 60, NOW) == []


def test_every_slot_leads_back_to_itself():
    for start in range(0, 24 * 60, 35):
        for length in (20, 60, 150, 400, 720):
            begins = at("00:00") + timedelta(minutes=start)
            for slot, window in fit_slots([Window(begins, begins + timedelta(minutes=length))], 90, NOW, 180):
                assert slot_of(window.starts_at) == slot
                assert begins <= window.starts_at < window.ends_at <= begins + timedelta(minutes=length)


def test_a_long_service_fills_each_part_of_the_day_that_it_takes_an_hour_of():
    assert [slot % 3 for slot in slots_of(span("09:00", "16:00"))] == [MORNING, AFTERNOON]
    assert [slot % 3 for slot in slots_of(span("11:00", "12:45"))] == [MORNING]
