"""Units that are never mixed, comparators, lights, due dates and school terms."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtxvol.progress.goals import Goal, Light, add_months, judge, judge_share, report_due_on
from qtxvol.progress.semesters import TermSpan, term_names, term_of, usual_terms
from qtxvol.progress.units import UNITS, MixedUnitsError, Quantity, add_up

FIRST, LAST = date(2026, 1, 1), date(2030, 12, 31)
TODAY = date(2028, 7, 1)


def goal(value: float | None = 100, comparator: str = "gte", kind: str = "cumulative") -> Goal:
    return Goal(kind, comparator, value, FIRST, LAST)


@given(st.lists(st.builds(Quantity, st.integers(0, 10**6), st.sampled_from(list(UNITS))), max_size=6))
def test_sums_are_of_one_unit_or_refused(quantities: list[Quantity]) -> None:
    units = {each.unit for each in quantities}
    if len(units) > 1 or (units == {"%"} and len(quantities) > 1):
        with pytest.raises(MixedUnitsError):
            add_up(quantities)
        return
    total = add_up(quantities)
    assert (total.value if total else 0) == sum(each.value for each in quantities)


def test_people_and_attendances_are_not_added_up() -> None:
    with pytest.raises(MixedUnitsError):
        Quantity(1, "人") + Quantity(1, "人次")
    with pytest.raises(ValueError, match="not a unit"):
        Quantity(1, "位")


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_a_light_is_done_exactly_when_the_comparator_says_so(value: float, wanted: float) -> None:
    for comparator, is_met in (("gte", value >= wanted), ("reach", value >= wanted), ("lte", value <= wanted)):
        light = judge(goal(wanted, comparator), [(TODAY, value)], TODAY)
        assert (light is Light.DONE) == is_met
        over = judge(goal(wanted, comparator), [(TODAY, value)], LAST + timedelta(days=1))
        assert over is (Light.DONE if is_met else Light.ENDED)


@pytest.mark.parametrize(
    ("points", "light"),
    [
        ([], Light.NO_DATA),
        ([(TODAY, 49.0)], Light.BEHIND),
        ([(TODAY, 51.0)], Light.ON_COURSE),
        ([(FIRST, 40.0), (TODAY, 69.0)], Light.BEHIND),
        ([(FIRST, 40.0), (TODAY, 71.0)], Light.ON_COURSE),
        ([(TODAY, 100.0)], Light.DONE),
        ([(LAST + timedelta(days=1), 100.0)], Light.NO_DATA),
    ],
)
def test_on_course_is_on_the_straight_line_to_the_goal(points: list[tuple[date, float]], light: Light) -> None:
    assert judge(goal(), points, TODAY) is light


@given(st.floats(0, 99), st.floats(0, 99))
def test_more_is_never_a_worse_light(one: float, other: float) -> None:
    rank = [Light.BEHIND, Light.ON_COURSE, Light.DONE]
    low, high = sorted((one, other))
    assert rank.index(judge(goal(), [(TODAY, low)], TODAY)) <= rank.index(judge(goal(), [(TODAY, high)], TODAY))


def test_a_target_without_a_number_is_done_when_its_unit_says_so() -> None:
    plain = goal(None, kind="qualitative")
    assert judge(plain, [], TODAY) is Light.NO_DATA
    assert judge(plain, [(TODAY, 0)], TODAY) is Light.ON_COURSE
    assert judge(plain, [(TODAY, 1)], TODAY) is Light.DONE
    assert judge(plain, [(TODAY, 0)], LAST + timedelta(days=1)) is Light.ENDED


def test_a_limit_that_must_not_be_passed_can_only_be_fallen_to() -> None:
    assert judge(goal(10, "lte"), [(TODAY, 30)], TODAY) is Light.BEHIND
    assert judge(goal(10, "lte"), [(FIRST, 50), (TODAY, 29)], TODAY) is Light.ON_COURSE


@pytest.mark.parametrize(
    ("reached", "known", "elapsed", "light"),
    [
        (0, 0, 0.5, Light.NO_DATA),
        (3, 3, 0.1, Light.DONE),
        (2, 4, 0.5, Light.ON_COURSE),
        (1, 4, 0.5, Light.BEHIND),
    ],
)
def test_schools_keep_up_with_the_term(reached: int, known: int, elapsed: float, light: Light) -> None:
    assert judge_share(reached, known, elapsed, is_over=False) is light
    assert (judge_share(reached, known, elapsed, is_over=True) is Light.ENDED) == (known > reached)


def test_a_report_is_due_a_year_after_the_last_and_at_the_end_at_the_latest() -> None:
    assert report_due_on(goal(), None, 12) == date(2027, 1, 31)
    assert report_due_on(goal(), date(2026, 12, 31), 12) == date(2028, 1, 31)
    assert report_due_on(goal(), date(2030, 6, 30), 12) == LAST + timedelta(days=31)
    assert report_due_on(goal(), LAST, 12) is None


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(0, 100))
def test_months_later_is_the_same_day_or_the_last_of_its_month(day: date, months: int) -> None:
    later = add_months(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later.day < day.day and (later + timedelta(days=1)).day == 1)


@given(st.dates(date(2021, 1, 1), date(2026, 12, 31)))
def test_every_day_has_one_term_that_has_begun(day: date) -> None:
    terms = list(usual_terms(2020, 2026))
    term = term_of(day, terms)
    assert term is not None
    assert term.starts_on <= day
    assert not any(term.starts_on < other.starts_on <= day for other in terms)
    assert 0 < term.elapsed(day) <= 1
    assert term.elapsed(term.ends_on) == 1


def test_the_usual_terms_are_named_by_their_school_year() -> None:
    terms = {term.id: term for term in usual_terms(2025, 2026)}
    assert terms["2025-autumn"] == TermSpan("2025-autumn", date(2025, 9, 1), date(2026, 1, 15))
    assert terms["2026-spring"] == TermSpan("2026-spring", date(2026, 3, 1), date(2026, 7, 15))
    assert term_names("2025-autumn") == ("2025—2026学年第一学期", "Autumn term 2025-2026")
    assert term_names("2026-spring") == ("2025—2026学年第二学期", "Spring term 2025-2026")
