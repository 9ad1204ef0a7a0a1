"""When a day of the calendar falls."""

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qtxvol.directory.day_rules import FIXED, LAST, DayRule, Span, next_span, read_period, span_in

THIRD_SATURDAY = DayRule(9, nth=3, weekday=6, length=7)


@pytest.mark.parametrize(
    ("rule", "year", "first", "last"),
    [
        (DayRule(5, 12), 2026, date(2026, 5, 12), date(2026, 5, 12)),
        (THIRD_SATURDAY, 2026, date(2026, 9, 19), date(2026, 9, 25)),
        (THIRD_SATURDAY, 2024, date(2024, 9, 21), date(2024, 9, 27)),
        (DayRule(5, nth=LAST, weekday=7), 2026, date(2026, 5, 31), date(2026, 5, 31)),
        (DayRule(2, nth=LAST, weekday=1), 2024, date(2024, 2, 26), date(2024, 2, 26)),
        (DayRule(2, 29), 2024, date(2024, 2, 29), date(2024, 2, 29)),
        (DayRule(2, 29), 2026, date(2026, 2, 28), date(2026, 2, 28)),
        (DayRule(12, 28, length=7), 2026, date(2026, 12, 28), date(2027, 1, 3)),
    ],
)
def test_a_rule_gives_the_days_of_a_year(rule: DayRule, year: int, first: date, last: date) -> None:
    assert span_in(rule, year) == Span(first, last)


def test_a_year_that_was_announced_otherwise_goes_before_the_rule_and_no_other_year_does() -> None:
    announced = Span(date(2026, 9, 12), date(2026, 9, 20))
    rule = DayRule(9, nth=3, weekday=6, length=7, exceptions=(announced,))
    assert span_in(rule, 2026) == announced
    assert span_in(rule, 2027).first == date(2027, 9, 18)


def test_what_is_on_is_the_next_until_its_last_day_is_over() -> None:
    assert next_span(THIRD_SATURDAY, date(2026, 9, 25)).first == date(2026, 9, 19)
    assert next_span(THIRD_SATURDAY, date(2026, 9, 26)).first == date(2027, 9, 18)


def test_a_week_over_the_new_year_is_still_on_in_january() -> None:
    assert next_span(DayRule(12, 28, length=7), date(2027, 1, 2)).first == date(2026, 12, 28)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.builds(
        DayRule,
        month=st.integers(1, 12),
        day=st.integers(1, 31),
        nth=st.integers(FIXED, LAST),
        weekday=st.integers(1, 7),
        length=st.integers(1, 62),
    ),
    st.dates(date(2001, 1, 1), date(2090, 1, 1)),
)
def test_there_is_always_a_next_one_within_a_year_and_a_week(rule: DayRule, today: date) -> None:
    span = next_span(rule, today)
    assert span.last >= today
    assert span.first <= today + timedelta(days=373)
    assert span.first.month == rule.month
    assert rule.nth == FIXED or span.first.isoweekday() == rule.weekday


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("2026-09-12", Span(date(2026, 9, 12), date(2026, 9, 12))),
        (" 2026-09-12/2026-09-20 ", Span(date(2026, 9, 12), date(2026, 9, 20))),
        ("2026-09-12至2026-09-20", Span(date(2026, 9, 12), date(2026, 9, 20))),
        ("2026-09-20/2026-09-12", None),
        ("2026-02-30", None),
        ("2026-9-1", None),
        ("9月12日", None),
        ("", None),
        ("0001-01-01", None),
    ],
)
def test_a_period_is_one_day_or_its_first_and_last(text: str, span: Span | None) -> None:
    assert read_period(text) == span
