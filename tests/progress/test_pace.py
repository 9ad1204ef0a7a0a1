"""How quickly the volunteers grow, and how honestly the target's date is told."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtxvol.progress.pace import DAYS_PER_MONTH, Forecast, Pace, forecast, measure_pace, needed_per_month

DAY = date(2026, 11, 24)


def days(count: int, per_day: float, start: int = 0) -> list[tuple[date, int]]:
    return [(DAY - timedelta(days=count - i), start + round(per_day * i)) for i in range(count + 1)]


def test_there_is_no_pace_before_a_quarter_of_a_year():
    assert measure_pace([]) is None
    assert measure_pace([(DAY, 5)]) is None
    assert measure_pace(days(90, 1)) is None


def test_steady_growth_has_one_pace():
    assert measure_pace(days(400, 2)) == Pace(2, 2, 2)
    assert measure_pace(days(91, 1)) == Pace(1, 1, 1)


def test_the_slowest_and_quickest_quarter_of_the_past_year_are_found():
    slow, quick = days(500, 0), []
    people = 0
    for day, _ in slow:
        people += 3 if day > DAY - timedelta(days=150) and day <= DAY - timedelta(days=50) else 0
        quick.append((day, people))
    pace = measure_pace(quick)
    assert pace is not None
    assert pace.quickest == 3
    assert pace.slowest == 0
    assert 0 < pace.latest < 3


def test_growth_of_more_than_a_year_ago_is_no_promise():
    old = [(day, 0 if day < DAY - timedelta(days=500) else 1000) for day, _ in days(700, 0)]
    assert measure_pace(old) == Pace(0, 0, 0)


def test_the_date_follows_from_the_pace_and_an_impossible_one_is_not_told():
    told = forecast((DAY, 1900), 2000, Pace(1, 0, 2))
    assert told == Forecast(DAY + timedelta(days=100), DAY + timedelta(days=50), None)
    assert forecast((DAY, 0), 2000, Pace(0.1, 0.1, 0.1)).likely is None  # fifty years are no forecast
    assert forecast((DAY, 2000), 2000, Pace(0, 0, 0)).likely == DAY
    assert forecast((DAY, 10), 2000, Pace(-1, -2, 0)) == Forecast(None, None, None)


def test_the_pace_that_is_needed_ends_with_the_period():
    assert needed_per_month((DAY, 1900), 2000, DAY + timedelta(days=100)) == pytest.approx(30.4, abs=0.1)
    assert needed_per_month((DAY, 1900), 2000, DAY) is None
    assert needed_per_month((DAY, 2100), 2000, DAY + timedelta(days=10)) == 0


#: At least a quarter of a year, counted every few days; people come and sometimes go.
growing = st.lists(st.tuples(st.integers(1, 9), st.integers(-3, 30)), min_size=100, max_size=160).map(
    lambda steps: [
        (DAY - timedelta(days=sum(gap for gap, _ in steps[i + 1 :])), max(0, sum(more for _, more in steps[: i + 1])))
        for i in range(len(steps))
    ]
)


@given(growing, st.integers(0, 10_000))
def test_the_interval_holds_the_likely_date_and_nobody_is_promised_less_than_is_there(counts, target: int):
    pace = measure_pace(counts)
    assert pace is not None
    assert pace.slowest <= pace.latest <= pace.quickest
    told = forecast(counts[-1], target, pace)
    dates = [date.max if each is None else each for each in (told.earliest, told.likely, told.latest)]
    assert dates == sorted(dates)
    assert told.earliest is None or told.earliest >= counts[-1][0]


@given(growing, st.integers(1, 500))
def test_whoever_has_more_people_or_a_nearer_target_is_there_no_later(counts, more: int):
    pace = measure_pace(counts)
    assert pace is not None
    day, people = counts[-1]
    target = people + 600

    def when(have: int, wanted: int) -> date:
        return forecast((day, have), wanted, pace).likely or date.max

    assert when(people + more, target) <= when(people, target)
    assert when(people, target - more) <= when(people, target)


@given(st.integers(0, 3000), st.integers(1, 2000))
def test_the_needed_pace_just_reaches_the_target_in_time(people: int, days: int):
    ends_on = DAY + timedelta(days=days)
    needed = needed_per_month((DAY, people), 2000, ends_on)
    assert needed is not None
    pace = needed / DAYS_PER_MONTH
    told = forecast((DAY, people), 2000, Pace(pace, pace, pace)).likely
    assert told is not None
    assert told <= ends_on + timedelta(days=1)  # people come whole, the pace does not
