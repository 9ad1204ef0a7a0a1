"""The counting itself: the same from the same records, and equal to a plain count by hand."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from qtxvol.progress.checksums import checksum
from qtxvol.progress.semesters import TermSpan, usual_terms
from qtxvol.progress.tally import (
    ACTIVE_DAYS,
    Closure,
    Service,
    Standing,
    people_at,
    tally_attendance,
    tally_schools,
    tally_volunteers,
)

START = date(2026, 1, 1)
TERMS = list(usual_terms(2025, 2026))
days = st.integers(0, 900).map(lambda n: START + timedelta(days=n))
people = st.integers(1, 6)
statuses = st.sampled_from(["applied", "verified", "paused", "left"])


@st.composite
def standings(draw: st.DrawFn) -> list[Standing]:
    """A few rows, each with a chain of statuses; several rows may be one person."""
    found = []
    for _ in range(draw(st.integers(0, 8))):
        person = draw(people)
        moments = sorted(draw(st.lists(days, min_size=1, max_size=5)))
        for since, until in pairwise([*moments, None]):
            found.append(Standing(person, draw(statuses), since, until))  # type: ignore[arg-type]
    return found


services = st.lists(st.builds(Service, people, days, days), max_size=12)


@given(standings(), services, st.lists(days, min_size=1, max_size=10))
def test_counting_many_days_at_once_is_counting_each_by_hand(
    rows: list[Standing], served: list[Service], asked: list[date]
) -> None:
    found = tally_volunteers(rows, served, asked)
    assert found.keys() == set(asked)
    for day in asked:
        registered, active = people_at(rows, served, day)
        waiting = {
            row.person
            for row in rows
            if row.status == "applied" and row.since <= day and (row.until is None or day < row.until)
        } - registered
        assert found[day].figures == (len(registered), len(active), len(registered))
        assert found[day].details == {"applied": len(waiting)}
        assert active <= registered


@given(standings(), services, st.lists(days, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_records_and_days_changes_nothing(rows, served, asked, random) -> None:  # type: ignore[no-untyped-def]
    shuffled, turned = list(rows), list(served)
    random.shuffle(shuffled)
    random.shuffle(turned)
    assert tally_volunteers(shuffled, turned, reversed(asked)) == tally_volunteers(rows, served, asked)


@given(standings(), services, days)
def test_what_begins_later_does_not_change_a_day(rows: list[Standing], served: list[Service], day: date) -> None:
    before = tally_volunteers(rows, served, [day])[day]
    later = Standing(99, "verified", day + timedelta(days=1), None)
    more = Service(1, day + timedelta(days=1), day)
    assert tally_volunteers([*rows, later], [*served, more], [day])[day] == before


def test_the_checksum_tells_people_apart_whom_the_numbers_do_not() -> None:
    one, other = ([Standing(person, "verified", START, None)] for person in (1, 2))
    first, second = (tally_volunteers(rows, [], [START])[START] for rows in (one, other))
    assert first.figures == second.figures
    assert first.checksum != second.checksum


def test_a_checksum_can_be_made_by_hand() -> None:
    import hashlib

    assert checksum(["b", "a"]) == hashlib.sha256(b"a\nb\n").hexdigest()


def test_a_service_makes_active_for_a_year_from_when_it_is_known() -> None:
    rows = [Standing(1, "verified", START, None)]
    served = [Service(1, START, START + timedelta(days=2))]
    asked = [START + timedelta(days=n) for n in (1, 2, ACTIVE_DAYS - 1, ACTIVE_DAYS)]
    found = tally_volunteers(rows, served, asked)
    assert [found[day].numerator for day in asked] == [0, 1, 1, 0]


def test_two_rows_of_one_person_are_one_person() -> None:
    rows = [Standing(1, "verified", START, None), Standing(1, "verified", START, START + timedelta(days=5))]
    found = tally_volunteers(rows, [], [START, START + timedelta(days=9)])
    assert [number.value for number in found.values()] == [1, 1]


def closure(order: int, closed_on: date, school: str = "一中", attendance: int = 30, **values: str) -> Closure:
    given = {"audience": "youth", "theme": "health", "format": "lecture", "item": "S24", **values}
    return Closure(order, closed_on, closed_on, attendance, school, **given)


def test_a_school_has_reached_it_when_it_had_as_many_as_asked_for_in_the_term() -> None:
    autumn = date(2026, 10, 1)
    rows = [closure(n, autumn + timedelta(days=n)) for n in range(4)]
    rows += [closure(9, date(2026, 5, 4), "二中"), closure(10, autumn, "")]
    schools = {"一中": date.min, "二中": date(2026, 5, 4), "三中": autumn + timedelta(days=30)}
    found = tally_schools(rows, schools, TERMS, 4, [autumn + timedelta(days=n) for n in (2, 3, 30)])
    assert [number.figures for _, number in sorted(found.items())] == [(3, 0, 2), (4, 1, 2), (4, 1, 3)]
    assert {number.details["semester"] for number in found.values()} == {"2026-autumn"}


def test_a_service_counts_in_the_term_it_took_place_in_though_it_was_closed_in_the_next() -> None:
    late = Closure(1, date(2026, 9, 2), date(2026, 7, 10), 30, "一中", "youth", "", "visit", "S20")
    found = tally_schools([late], {"一中": date.min}, TERMS, 1, [date(2026, 8, 20), date(2026, 9, 3)])
    assert [number.value for _, number in sorted(found.items())] == [0, 0]


def test_holidays_belong_to_the_term_before_them_and_nothing_comes_before_the_first() -> None:
    found = tally_schools([], {}, [TermSpan("t", START, date(2026, 7, 1))], 1, [date(2025, 12, 31), date(2026, 8, 1)])
    assert list(found) == [date(2026, 8, 1)]


def test_attendance_adds_up_from_the_first_day_of_the_period_to_the_last() -> None:
    rows = [closure(n, START + timedelta(days=n * 10), attendance=10 + n) for n in range(4)]
    found = tally_attendance(
        rows, START + timedelta(days=10), START + timedelta(days=20), [START + timedelta(days=n) for n in (9, 10, 99)]
    )
    assert [(number.value, number.details["orders"]) for number in found.values()] == [(0, 0), (11, 1), (23, 2)]


def test_only_orders_that_the_target_names_match() -> None:
    order = closure(1, START)
    assert order.matches({})
    assert order.matches({"formats": ["lecture"], "audiences": ["youth", "parents"]})
    assert not order.matches({"formats": ["visit"]})
    assert not order.matches({"items": ["S24"], "themes": ["skills"]})
