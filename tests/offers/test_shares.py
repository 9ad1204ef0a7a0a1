"""Gini, percentile and the Lorenz line against definitions that anybody can check by hand."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtxvol.offers.shares import carried_by, gini, lorenz, part_of, percentile, spread_of

AMOUNTS = st.lists(st.integers(0, 40), max_size=30)


def brute_gini(values: Sequence[int]) -> float | None:
    """Gini by its definition: the mean distance of all pairs over twice the mean."""
    n = len(values)
    if not sum(values):
        return None
    return sum(abs(a - b) for a in values for b in values) / (2 * n * sum(values))


def test_gini_of_a_few_people_by_hand():
    assert gini([3, 3, 3]) == pytest.approx(0)
    assert gini([0, 0, 0, 8]) == pytest.approx(0.75)  # one of four has everything: 1 - 1/4
    assert gini([1, 3]) == pytest.approx(0.25)  # distances 0 2 2 0, mean 1, over twice the mean 2
    assert gini([]) is None
    assert gini([0, 0]) is None
    assert gini([5]) == 0


@given(AMOUNTS)
def test_gini_is_the_mean_distance_of_all_pairs(values: list[int]):
    expected = brute_gini(values)
    assert gini(values) == (None if expected is None else pytest.approx(expected, abs=1e-9))


def test_percentiles_are_values_that_were_there():
    assert percentile([4, 1, 3, 2], 0.5) == 2
    assert percentile(range(1, 11), 0.9) == 9
    assert percentile([7], 0.9) == 7
    assert percentile([], 0.5) is None


@given(st.lists(st.integers(0, 50), min_size=1, max_size=40), st.sampled_from([0.1, 0.5, 0.9, 1]))
def test_a_percentile_is_the_first_value_that_enough_do_not_exceed(values: list[int], share: float):
    tenths = round(share * 10)
    enough = [each for each in sorted(values) if 10 * sum(other <= each for other in values) >= tenths * len(values)]
    assert percentile(values, share) == enough[0]


@given(AMOUNTS, st.integers(0, 20))
def test_a_spread_keeps_everybody_and_everything(amounts: list[int], idle: int):
    spread = spread_of(amounts, idle)
    assert (spread.people, spread.total) == (len(amounts) + idle, sum(amounts))
    assert spread.idle == idle + amounts.count(0)
    assert spread.gini == (None if (whole := brute_gini([*amounts, *[0] * idle])) is None else pytest.approx(whole))


@given(AMOUNTS)
def test_twice_the_room_above_the_lorenz_line_is_the_gini(amounts: list[int]):
    points = lorenz(spread_of(amounts))
    if not sum(amounts):
        assert points == [(0, 0)]
        return
    below = sum((x2 - x1) * (y1 + y2) / 2 for (x1, y1), (x2, y2) in pairwise(points))
    assert points[-1] == (1, 1)
    assert 1 - 2 * below == pytest.approx(gini(amounts), abs=1e-9)


def test_the_busiest_tenth_carries_what_the_last_tenth_of_the_line_climbs():
    assert carried_by(spread_of([1] * 9 + [11]), 0.1) == pytest.approx(11 / 20)
    assert carried_by(spread_of([2] * 10), 0.1) == pytest.approx(0.1)
    assert carried_by(spread_of([], 5), 0.1) is None


def test_a_share_of_nothing_is_none():
    assert part_of(0, 0) is None
    assert part_of(1, 4) == 0.25
