"""Stars: pure, so no database."""

from hypothesis import given
from hypothesis import strategies as st

from qtxvol.recognition.stars import Level, find_highest, find_next, list_reached

LEVELS = [Level(f"star{n}", n, f"{n}星", "", hours) for n, hours in enumerate((100, 300, 600, 1000, 1500), 1)]
minutes = st.integers(0, 2000 * 60)
thresholds = st.lists(st.integers(1, 2000), unique=True, max_size=8).map(
    lambda hours: [Level(f"star{n}", n, "", "", each) for n, each in enumerate(sorted(hours), 1)]
)


def test_a_star_takes_the_last_minute_of_its_hours():
    assert find_highest(LEVELS, 100 * 60 - 1) is None
    assert find_highest(LEVELS, 100 * 60) == LEVELS[0]
    assert find_highest(LEVELS, 9999 * 60) == LEVELS[-1]


def test_the_way_to_the_next_is_in_minutes_and_ends_with_the_last():
    step = find_next(LEVELS, 100 * 60)
    assert step is not None
    assert (step.level.stars, step.missing) == (2, 200 * 60)
    assert find_next(LEVELS, 1500 * 60) is None
    assert find_next([], 0) is None


@given(thresholds, minutes, minutes)
def test_more_minutes_never_reach_fewer_stars(levels: list[Level], one: int, other: int):
    fewer, more = sorted((one, other))
    reached = list_reached(levels, fewer)
    assert reached == list_reached(levels, more)[: len(reached)]


@given(thresholds, minutes)
def test_what_is_missing_is_exactly_what_it_takes(levels: list[Level], served: int):
    step = find_next(levels, served)
    if step is None:
        assert list_reached(levels, served) == sorted(levels, key=lambda level: level.hours)
        return
    assert step.missing >= 1
    assert find_highest(levels, served + step.missing) == step.level
    assert step.level not in list_reached(levels, served + step.missing - 1)
