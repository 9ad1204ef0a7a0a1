"""The pure rules: the rotating code, the draw, spans."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtxvol.hours.codes import is_code, make_code, seconds_left
from qtxvol.hours.rules import clip, is_drawn, make_seed, minutes_of, points_for
from tests.factories import NOW

KEY, OLD = "k" * 40, "o" * 40
SECOND = timedelta(seconds=1)


def test_a_code_is_six_digits_and_lives_for_its_minute_and_the_next():
    code = make_code(KEY, "QTX1", "n", NOW)
    assert len(code) == 6
    assert code.isdecimal()
    for age, is_good in ((0, True), (59, True), (60, True), (119, True), (120, False)):
        assert is_code(code, [KEY], "QTX1", "n", NOW + age * SECOND) is is_good, age
    assert not is_code(code, [KEY], "QTX1", "n", NOW - SECOND)


def test_a_code_is_of_one_order_one_link_and_one_installation():
    code = make_code(KEY, "QTX1", "n", NOW)
    assert not is_code(code, [KEY], "QTX2", "n", NOW)
    assert not is_code(code, [KEY], "QTX1", "m", NOW)
    assert not is_code(code, [OLD], "QTX1", "n", NOW)
    assert is_code(make_code(OLD, "QTX1", "n", NOW), [KEY, OLD], "QTX1", "n", NOW)


@pytest.mark.parametrize("typed", ["{0} {1}", " {0}-{1} ", "{0}{1}", "full width"])
def test_a_code_is_understood_however_it_is_typed(typed: str):
    code = make_code(KEY, "QTX1", "n", NOW)
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in code)
    text = wide if typed == "full width" else typed.format(code[:3], code[3:])
    assert is_code(text, [KEY], "QTX1", "n", NOW)


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "٣٣٣٣٣٣"])
def test_what_is_no_code_is_none(typed: str):
    assert not is_code(typed, [KEY], "QTX1", "n", NOW)


def test_the_page_knows_when_its_code_ends():
    assert seconds_left(NOW) == 60
    assert seconds_left(NOW + 59 * SECOND) == 1


def test_anybody_can_compute_the_seed_from_the_list():
    """`printf '2026-11-24\\nQTX1\\nQTX2' | sha256sum`"""
    seed = make_seed(date(2026, 11, 24), ["QTX2", "QTX1"])
    assert seed == "00de5cdaa6f3bfd50eff2e58d9bb8ac499a8f67d0efbb1aa0757029106e2a51d"
    assert seed == make_seed(date(2026, 11, 24), ["QTX1", "QTX2"])
    assert seed != make_seed(date(2026, 11, 25), ["QTX1", "QTX2"])


def test_the_share_that_is_drawn_is_the_share_that_was_set():
    seed = make_seed(date(2026, 11, 24), ["x"])
    drawn = [sum(is_drawn(seed, f"QTX{i}", percent) for i in range(4000)) for percent in (0, 5, 50, 100)]
    assert drawn[0] == 0
    assert 140 < drawn[1] < 260
    assert 1880 < drawn[2] < 2120
    assert drawn[3] == 4000


@given(st.integers(-600, 600), st.integers(-600, 600), st.integers(1, 600))
def test_a_stay_never_leaves_the_service(came: int, left: int, length: int):
    low, high = NOW, NOW + timedelta(minutes=length)
    start, end = clip(NOW + timedelta(minutes=came), NOW + timedelta(minutes=left), low, high)
    assert low <= start <= end <= high
    assert 0 <= minutes_of(start, end) <= length
    if 0 <= came <= left <= length:
        assert minutes_of(start, end) == left - came


@given(st.integers(0, 10000), st.integers(1, 1000))
def test_points_are_whole_and_grow_with_minutes(minutes: int, per_hour: int):
    assert points_for(minutes, per_hour) <= points_for(minutes + 1, per_hour)
    assert points_for(60, per_hour) == per_hour
