import math

from hypothesis import given
from hypothesis import strategies as st

from qtxvol.matching.grid import Grid
from qtxvol.matching.profiles import Point, Team

POINTS = st.builds(Point, st.floats(-30, 30), st.floats(-30, 30))


@given(st.lists(st.none() | POINTS, max_size=40), POINTS, st.integers(1, 8), st.integers(1, 3))
def test_the_nearest_are_those_that_measuring_all_would_find(homes, point, most, every):
    teams = [Team(k, "health", frozenset(), 1, 1, home) for k, home in enumerate(homes)]

    def far(team: Team) -> tuple[float, int]:
        return math.hypot(team.point.x - point.x, team.point.y - point.y) if team.point else math.inf, team.id

    wanted = sorted((team for team in teams if team.id % every == 0), key=far)
    assert Grid(teams).nearest(point, most, lambda team: team.id % every == 0) == wanted[:most]


@given(st.lists(st.none() | POINTS, max_size=40), POINTS, st.floats(0, 40))
def test_within_a_limit_nobody_beyond_it_and_nobody_unmeasured(homes, point, limit):
    teams = [Team(k, "health", frozenset(), 1, 1, home) for k, home in enumerate(homes)]
    near = Grid(teams).nearest(point, 99, lambda team: True, within_km=limit)
    assert {team.id for team in near} == {
        team.id for team in teams if team.point and math.hypot(team.point.x - point.x, team.point.y - point.y) <= limit
    }
