"""Geometry of the pictures: scales that hold what they show, labels that never lie on each other."""

import csv
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import qtxvol
from qtxvol.progress.charts import (
    Box,
    MapPlan,
    Place,
    Scale,
    Spot,
    nice_ticks,
    path_of,
    place_labels,
    plan_line,
    plan_map,
    radius,
    text_width,
    wedge,
)

SIZE = 13
WIDTHS = {"phone": (328, 400, 20), "desk": (480, 520, 28)}


def towns(column: str, values: list[int]) -> list[Place]:
    """The eleven real towns of the data, with `values` in the order of their codes."""
    file = Path(qtxvol.__file__).parent / "data" / "divisions.csv"
    with file.open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["level"] == "4"]
    assert len(rows) == len(values) == 11
    return [
        Place(
            row[column],
            float(row["lon_gcj02"]) if row["lon_gcj02"] else None,
            float(row["lat_gcj02"]) if row["lat_gcj02"] else None,
            value,
            value // 3,
        )
        for row, value in zip(rows, values, strict=True)
    ]


def check_no_overlap(plan: MapPlan) -> None:
    boxes = [mark.label.box for mark in (*plan.marks, *plan.outside) if mark.label]
    for one, other in combinations(boxes, 2):
        assert not one.overlaps(other)
    for box in boxes:
        assert Box(0, 0, plan.width, plan.height).contains(box)
        for mark in (*plan.marks, *plan.outside):
            assert not box.touches_circle(mark.x, mark.y, mark.radius)


@given(st.floats(0, 1e9), st.integers(1, 8))
def test_ticks_begin_with_zero_reach_the_top_and_stay_few(top: float, most: int):
    ticks = nice_ticks(top, most)
    assert ticks[0] == 0
    assert ticks[-1] >= top
    assert 2 <= len(ticks) <= most + 1
    steps = {later - earlier for earlier, later in pairwise(ticks)}
    assert len(steps) == 1
    assert str(steps.pop()).rstrip("0") in ("1", "2", "5")


@pytest.mark.parametrize(
    ("top", "ticks"), [(0, [0, 1]), (1, [0, 1]), (7, [0, 2, 4, 6, 8]), (2080, [0, 500, 1000, 1500, 2000, 2500])]
)
def test_ticks_are_numbers_that_people_count_in(top: float, ticks: list[int]):
    assert nice_ticks(top) == ticks


@given(st.floats(-1e4, 1e4), st.floats(0.1, 1e4), st.floats(0, 1))
def test_a_scale_keeps_its_ends_and_its_order(low: float, span: float, part: float):
    scale = Scale(low, low + span, 300, 20)
    assert scale(low) == 300
    assert scale(low + span) == pytest.approx(20, abs=0.1)
    assert 19.9 <= scale(low + span * part) <= 300.1


def test_a_scale_without_width_puts_everything_at_its_end():
    assert Scale(5, 5, 0, 100)(5) == 100


def test_four_times_as_much_is_a_circle_of_twice_the_radius():
    assert radius(40, 40, 20) == 2 * radius(10, 40, 20) == 20
    assert radius(0, 40, 20) == radius(3, 0, 20) == 0


def test_a_line_is_lifted_where_a_value_is_missing():
    assert path_of([(0, 1), (1, 2), None, (3, 4), (4, 5.5)]) == "M0,1 L1,2 M3,4 L4,5.5"
    assert path_of([]) == path_of([None, None]) == ""


spots = st.lists(
    st.builds(
        Spot,
        st.floats(0, 328),
        st.floats(0, 400),
        st.floats(0, 30),
        st.lists(st.text("镇abc1", min_size=1, max_size=12), min_size=1, max_size=2).map(tuple),
    ),
    max_size=14,
)


@given(spots)
def test_labels_lie_on_no_other_label_no_circle_and_within_the_picture(found: list[Spot]):
    room, taken = Box(0, 0, 328, 400), Box(0, 370, 120, 30)
    labels = place_labels(found, room, SIZE, [taken])
    assert len(labels) == len(found)
    boxes = [label.box for label in labels if label]
    for one, other in combinations([*boxes, taken], 2):
        assert not one.overlaps(other)
    for box in boxes:
        assert room.contains(box)
        assert not any(box.touches_circle(spot.x, spot.y, spot.radius) for spot in found)


def test_a_label_without_room_is_left_to_the_table():
    labels = place_labels([Spot(10, 10, 2, ("一个很长很长的名字",))], Box(0, 0, 60, 60), SIZE)
    assert labels == [None]


@pytest.mark.parametrize("screen", WIDTHS)
@pytest.mark.parametrize("column", ["display_name", "name_en"])
@pytest.mark.parametrize(
    "values",
    [[0] * 11, [1] * 11, [614, 240, 86, 132, 56, 71, 77, 91, 33, 20, 26], [3, 90, 0, 0, 0, 0, 0, 0, 1, 0, 90]],
    ids=["empty", "even", "volunteers", "two large"],
)
def test_every_town_of_the_city_is_labelled_on_both_screens(screen: str, column: str, values: list[int]):
    width, height, largest = WIDTHS[screen]
    plan = plan_map(towns(column, values), width, height, size=SIZE, largest=largest)
    assert [mark.label.lines[0] for mark in (*plan.marks, *plan.outside) if mark.label is None] == []
    check_no_overlap(plan)


def test_towns_without_coordinates_stand_apart_and_are_not_lost():
    plan = plan_map(towns("display_name", list(range(11))), 328, 400, size=SIZE, largest=20)
    assert {mark.place.name for mark in plan.outside} == {"邵岗镇", "连湖农场"}
    assert all(mark.y > plan.outside_top for mark in plan.outside)
    assert len(plan.marks) + len(plan.outside) == 11


@given(st.lists(st.integers(0, 3000), min_size=11, max_size=11))
def test_no_number_makes_labels_of_the_map_overlap(values: list[int]):
    check_no_overlap(plan_map(towns("display_name", values), 328, 400, size=SIZE, largest=20))


def test_the_map_is_true_to_scale_and_has_north_above():
    plan = plan_map(towns("display_name", [1] * 11), 480, 520, size=SIZE, largest=28)
    at = {mark.place.name: mark for mark in plan.marks}
    assert at["叶盛镇"].y < at["裕民街道"].y < at["青铜峡镇"].y  # north to south
    assert at["树新林场"].x < at["裕民街道"].x < at["陈袁滩镇"].x  # west to east
    # 青铜峡镇 to 裕民街道 is 0.1342 degrees of latitude: 14.9 km, and 4.8 km eastwards
    assert plan.bar is not None
    per_km = plan.bar[2] / plan.bar_km
    assert at["青铜峡镇"].y - at["裕民街道"].y == pytest.approx(14.92 * per_km, rel=0.01)
    assert at["裕民街道"].x - at["青铜峡镇"].x == pytest.approx(4.76 * per_km, rel=0.02)


@pytest.mark.parametrize("count", [0, 1])
def test_a_map_of_none_or_one_has_no_scale(count: int):
    plan = plan_map([Place("甲", 106.0, 38.0, 5)] * count, 328, 400, size=SIZE, largest=20)
    assert (len(plan.marks), plan.bar, plan.bar_km) == (count, None, 0)


@given(
    st.lists(st.one_of(st.none(), st.floats(0, 1e5)), max_size=40),
    st.floats(0, 1e4),
    st.sampled_from([328, 960]),
)
def test_a_line_stays_within_its_axes(values: list[float | None], top: float, width: int):
    points = [(float(i), value) for i, value in enumerate(values)]
    plan = plan_line(points, [(when, "11-24") for when, _ in points], width=width, height=150, size=SIZE, top=top)
    assert len(plan.dots) == sum(value is not None for value in values)
    for x, y in plan.dots:
        assert plan.left <= x <= plan.right + 0.1
        assert plan.top - 0.1 <= y <= plan.bottom + 0.1
    ends = []
    for x, text, anchor in plan.x_ticks:
        wide = text_width(text, SIZE)
        left = {"middle": x - wide / 2, "start": x, "end": x - wide}[anchor]
        ends.append((left, left + wide))
    assert all(end <= start for (_, end), (start, _) in pairwise(ends))
    assert len(ends) >= min(1, len(values))


def test_what_may_come_is_cut_off_at_the_target_and_at_the_edge():
    assert wedge((0, 100), 200, 10, 5, 100) == ((0, 100), (10, 200), (20, 200))
    assert wedge((0, 100), 200, 10, 1, 20) == ((0, 100), (10, 200), (20, 200), (20, 120))
    assert wedge((0, 100), 200, 2, -10, 20) == ((0, 100), (20, 140), (20, 0))
