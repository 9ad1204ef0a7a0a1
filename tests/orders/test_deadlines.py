"""Clocks without a database: working time over nights, weekends, holidays, make-up workdays and new year."""

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtxvol.directory.workdays import library_days
from qtxvol.orders.deadlines import (
    DEFAULT_LIMITS,
    USUAL_WEEK,
    Limit,
    Unit,
    WorkCalendar,
    add_limit,
    give_back,
    run_limit,
    working_between,
    working_days_between,
)
from qtxvol.orders.lifecycle import STEPS

CITY = ZoneInfo("Asia/Shanghai")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
#: Mornings of three and a half hours, afternoons of three and a half.
WORKING_DAY = 7 * HOUR
ONE_DAY, TWO_DAYS = Limit(1, Unit.WORKING_DAYS), Limit(2, Unit.WORKING_DAYS)
WORKING_UNITS = (Unit.WORKING_MINUTES, Unit.WORKING_HOURS, Unit.WORKING_DAYS)


def announced(*years: int) -> WorkCalendar:
    """The calendar as the loader makes it of what the library knows."""
    days = {day["day"]: day["is_work"] for year in years for day in library_days(year)}
    settled = frozenset(year for year in years if any(day["is_work"] for day in library_days(year)))
    return WorkCalendar(overrides=days, settled_years=settled)


PLAIN = WorkCalendar()
CHINA = announced(2026, 2027)


def at(text: str) -> datetime:
    """A moment on the city's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=CITY).astimezone(UTC)


def clock(moment: datetime) -> str:
    return moment.astimezone(CITY).strftime("%Y-%m-%d %H:%M")


# What a working day is


@pytest.mark.parametrize(
    ("start", "due"),
    [
        ("2026-11-24 10:20", "2026-11-25 10:20"),  # the same time of the next working day
        ("2026-11-24 15:00", "2026-11-25 15:00"),
        ("2026-11-27 10:20", "2026-11-30 10:20"),  # Friday to Monday
        ("2026-11-24 12:30", "2026-11-25 12:00"),  # over noon the morning is done and the afternoon has not begun
        ("2026-11-24 20:00", "2026-11-25 17:30"),  # from the next opening, so the whole of that day
        ("2026-11-24 06:00", "2026-11-24 17:30"),
        ("2026-11-24 08:30", "2026-11-24 17:30"),
        ("2026-11-28 11:00", "2026-11-30 17:30"),  # Saturday
    ],
)
def test_one_working_day_is_a_whole_day_of_office_hours(start: str, due: str):
    assert clock(add_limit(at(start), ONE_DAY, PLAIN)) == due


def test_working_hours_stop_at_noon_in_the_evening_and_on_weekends():
    friday = at("2026-11-27 11:00")
    assert clock(add_limit(friday, Limit(2, Unit.WORKING_HOURS), PLAIN)) == "2026-11-27 15:00"
    assert clock(add_limit(friday, Limit(5, Unit.WORKING_HOURS), PLAIN)) == "2026-11-30 09:00"
    assert clock(add_limit(friday, Limit(90, Unit.WORKING_MINUTES), PLAIN)) == "2026-11-27 14:30"


def test_hours_and_days_run_round_the_clock():
    friday = at("2026-11-27 23:00")
    assert add_limit(friday, Limit(24, Unit.HOURS), CHINA) == friday + DAY
    assert add_limit(friday, Limit(7, Unit.DAYS), CHINA) == friday + 7 * DAY


def test_soon_is_the_last_quarter_and_twice_is_twice():
    times = run_limit(at("2026-11-24 08:30"), Limit(4, Unit.WORKING_DAYS), PLAIN)
    assert clock(times.soon_at) == "2026-11-26 17:30"
    assert clock(times.due_at) == "2026-11-27 17:30"
    assert clock(times.twice_at) == "2026-12-03 17:30"
    by_hour = run_limit(at("2026-11-24 08:30"), Limit(24, Unit.HOURS), PLAIN)
    assert by_hour.due_at - by_hour.soon_at == 6 * HOUR
    assert by_hour.twice_at - by_hour.due_at == DAY


def test_days_of_different_length_count_as_one_each():
    """A half day on Saturday: what is left of the share goes by there faster."""
    week = {**USUAL_WEEK, 5: ((9 * 60, 12 * 60),)}
    calendar = WorkCalendar(week=week)
    noon = at("2026-11-27 12:00")  # half of Friday
    assert clock(add_limit(noon, ONE_DAY, calendar)) == "2026-11-28 10:30"  # half of Saturday
    assert working_days_between(noon, at("2026-11-28 12:00"), calendar) == Fraction(3, 2)


# Holidays of 2026


@pytest.mark.parametrize(
    ("start", "limit", "due"),
    [
        # Spring Festival: off from Sunday 15 to Monday 23 February; Saturdays 14 and 28 are workdays
        ("2026-02-13 10:00", ONE_DAY, "2026-02-14 10:00"),
        ("2026-02-13 10:00", TWO_DAYS, "2026-02-24 10:00"),
        ("2026-02-18 09:00", ONE_DAY, "2026-02-24 17:30"),
        ("2026-02-27 16:00", ONE_DAY, "2026-02-28 16:00"),
        # National Day: off from 1 to 7 October; Sunday 20 September and Saturday 10 October are workdays
        ("2026-09-18 10:00", ONE_DAY, "2026-09-20 10:00"),
        ("2026-09-30 10:00", ONE_DAY, "2026-10-08 10:00"),
        ("2026-09-30 18:00", ONE_DAY, "2026-10-08 17:30"),
        ("2026-10-09 15:00", ONE_DAY, "2026-10-10 15:00"),
        ("2026-10-09 15:00", TWO_DAYS, "2026-10-12 15:00"),
        ("2026-10-01 00:00", Limit(15, Unit.WORKING_DAYS), "2026-10-27 17:30"),
    ],
)
def test_holidays_are_skipped_and_make_up_days_are_worked(start: str, limit: Limit, due: str):
    assert clock(add_limit(at(start), limit, CHINA)) == due


def test_a_make_up_saturday_has_the_office_hours_of_a_weekday():
    assert CHINA.spans_on(date(2026, 10, 10)) == PLAIN.spans_on(date(2026, 10, 9))
    assert working_between(at("2026-10-10 00:00"), at("2026-10-11 00:00"), CHINA) == WORKING_DAY


def test_the_year_2026_has_248_working_days():
    assert working_days_between(at("2026-01-01 00:00"), at("2027-01-01 00:00"), CHINA) == 248


def test_over_the_new_year_into_a_year_whose_swap_days_are_not_announced():
    due = add_limit(at("2026-12-31 15:00"), ONE_DAY, CHINA)
    assert clock(due) == "2027-01-04 15:00"  # 1 January is off, then a weekend
    assert CHINA.is_provisional(due)
    assert not CHINA.is_provisional(at("2026-12-31 23:59"))
    assert CHINA.is_provisional(at("2027-01-01 00:00"))  # on the city's clock: still 2026 in UTC


# Pauses


def test_a_question_open_over_a_holiday_gives_back_working_time_not_hours():
    due = add_limit(at("2026-09-29 10:00"), TWO_DAYS, CHINA)
    assert clock(due) == "2026-10-08 10:00"
    asked, answered = at("2026-09-30 16:30"), at("2026-10-08 09:30")
    moved = give_back(due, stopped_at=asked, now=answered, unit=Unit.WORKING_DAYS, calendar=CHINA)
    assert clock(moved) == "2026-10-08 12:00"  # an hour of 30 September and one of 8 October
    assert working_between(answered, moved, CHINA) == working_between(asked, due, CHINA)


def test_a_question_answered_before_the_offices_open_again_gives_nothing_back():
    due = at("2026-10-08 10:00")
    asked, answered = at("2026-09-30 17:30"), at("2026-10-07 12:00")
    assert give_back(due, stopped_at=asked, now=answered, unit=Unit.WORKING_DAYS, calendar=CHINA) == due


def test_round_the_clock_a_pause_is_given_back_in_full():
    due, asked = at("2026-10-01 10:00"), at("2026-10-01 09:00")
    assert give_back(due, stopped_at=asked, now=asked + 50 * HOUR, unit=Unit.HOURS, calendar=CHINA) == due + 50 * HOUR


def test_a_clock_that_was_overdue_when_it_was_stopped_stays_as_much_overdue():
    due, asked, answered = at("2026-11-24 10:00"), at("2026-11-24 11:00"), at("2026-11-25 11:00")
    moved = give_back(due, stopped_at=asked, now=answered, unit=Unit.WORKING_HOURS, calendar=PLAIN)
    assert working_between(moved, answered, PLAIN) == working_between(due, asked, PLAIN) == HOUR


# What can't be


@pytest.mark.parametrize("amount", [0, -1])
def test_a_limit_of_nothing_is_none(amount: int):
    with pytest.raises(ValueError, match="is none"):
        Limit(amount, Unit.WORKING_DAYS)


def test_a_calendar_without_a_working_day_is_refused_and_not_searched_for_ever():
    for calendar in (
        WorkCalendar(week={}),
        WorkCalendar(week={0: ()}),
        WorkCalendar(week={}, overrides={date(2026, 11, 28): True}),
    ):
        with pytest.raises(ValueError, match="no working day"):
            add_limit(at("2026-11-24 10:00"), ONE_DAY, calendar)
    assert working_between(at("2026-11-24 10:00"), at("2027-11-24 10:00"), WorkCalendar(week={})) == timedelta(0)


def test_a_time_without_zone_is_refused():
    naive = datetime(2026, 11, 24, 10)  # noqa: DTZ001
    with pytest.raises(ValueError, match="without zone"):
        add_limit(naive, ONE_DAY, PLAIN)


def test_every_step_has_a_limit_that_the_service_came_with():
    assert set(DEFAULT_LIMITS) == set(STEPS)


# For all times

MOMENTS = st.datetimes(datetime(2025, 12, 1), datetime(2027, 12, 1), timezones=st.just(CITY))  # noqa: DTZ001
CALENDARS = st.builds(
    WorkCalendar,
    week=st.dictionaries(
        st.integers(0, 6),
        st.sampled_from([((510, 720), (840, 1050)), ((540, 660),), ((0, 1440),), ((1, 2), (1438, 1440))]),
        min_size=1,
    ),
    overrides=st.dictionaries(st.dates(date(2025, 12, 1), date(2027, 12, 1)), st.booleans(), max_size=40),
)
EVEN = st.sampled_from([PLAIN, CHINA])


@settings(max_examples=60, deadline=None)
@given(CALENDARS, MOMENTS, MOMENTS, MOMENTS)
def test_working_time_adds_up(calendar: WorkCalendar, a: datetime, b: datetime, c: datetime):
    assert working_between(a, c, calendar) == working_between(a, b, calendar) + working_between(b, c, calendar)
    whole = working_days_between(a, c, calendar)
    assert whole == working_days_between(a, b, calendar) + working_days_between(b, c, calendar)


@settings(max_examples=60, deadline=None)
@given(CALENDARS, MOMENTS, MOMENTS)
def test_there_is_never_more_working_time_than_time(calendar: WorkCalendar, a: datetime, b: datetime):
    a, b = sorted((a, b))
    assert timedelta(0) <= working_between(a, b, calendar) <= b - a


@settings(max_examples=60, deadline=None)
@given(CALENDARS, MOMENTS, st.integers(1, 3000), st.sampled_from([Unit.WORKING_MINUTES, Unit.WORKING_HOURS]))
def test_what_was_added_has_gone_by_and_not_a_moment_earlier(
    calendar: WorkCalendar, start: datetime, amount: int, unit: Unit
):
    amount = amount if unit is Unit.WORKING_MINUTES else 1 + amount // 60
    due = add_limit(start, Limit(amount, unit), calendar)
    span = amount * (MINUTE if unit is Unit.WORKING_MINUTES else HOUR)
    assert working_between(start, due, calendar) == span
    assert working_between(start, due - timedelta(microseconds=1), calendar) < span


@settings(max_examples=60, deadline=None)
@given(EVEN, MOMENTS, st.integers(1, 60))
def test_working_days_that_were_added_have_gone_by(calendar: WorkCalendar, start: datetime, amount: int):
    due = add_limit(start, Limit(amount, Unit.WORKING_DAYS), calendar)
    assert working_days_between(start, due, calendar) == amount
    assert working_between(start, due, calendar) == amount * WORKING_DAY


@settings(max_examples=60, deadline=None)
@given(CALENDARS, MOMENTS, st.integers(1, 30), st.sampled_from(Unit))
def test_soon_comes_first_then_due_then_twice(calendar: WorkCalendar, start: datetime, amount: int, unit: Unit):
    times = run_limit(start, Limit(amount, unit), calendar)
    assert start <= times.soon_at <= times.due_at < times.twice_at


@settings(max_examples=60, deadline=None)
@given(EVEN, MOMENTS, st.integers(1, 40), MOMENTS, MOMENTS, st.sampled_from(WORKING_UNITS))
def test_a_pause_gives_back_what_went_by_meanwhile(
    calendar: WorkCalendar, start: datetime, amount: int, asked: datetime, answered: datetime, unit: Unit
):
    asked, answered = sorted((asked, answered))
    due = add_limit(start, Limit(amount, unit), calendar)
    moved = give_back(due, stopped_at=asked, now=answered, unit=unit, calendar=calendar)
    assert working_between(due, moved, calendar) == working_between(asked, answered, calendar)
    assert working_between(answered, moved, calendar) == working_between(asked, due, calendar)
