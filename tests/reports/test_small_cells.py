"""Nobody can be picked out of a public table, and no person gets lost in it."""

from hypothesis import given
from hypothesis import strategies as st

from qtxvol.reports.small_cells import LEAST, pool_small

tables = st.lists(st.integers(0, 40), max_size=12).map(lambda people: dict(enumerate(people)))


@given(tables)
def test_the_sum_stays_the_same_and_every_group_is_somewhere(cells: dict[int, int]):
    found = pool_small(cells)
    assert sum(found.cells.values()) + found.people == sum(cells.values())
    assert found.cells.keys() | found.pooled == cells.keys()
    assert not found.cells.keys() & found.pooled


@given(tables)
def test_no_shown_cell_is_small_and_no_hidden_one_follows_from_the_total(cells: dict[int, int]):
    found = pool_small(cells)
    assert all(people == 0 or people >= LEAST for people in found.cells.values())
    if found.pooled and any(found.cells.values()):
        assert len(found.pooled) >= 2, "a single hidden cell is the total less the others"
        assert found.people >= LEAST


@given(tables)
def test_a_table_without_small_cells_is_shown_as_it_is(cells: dict[int, int]):
    large = {group: people * LEAST for group, people in cells.items()}
    assert pool_small(large).cells == large
    assert pool_small(large).people == 0


def test_the_next_smallest_joins_a_lonely_small_one():
    found = pool_small({"a": 1, "b": 30, "c": 4, "d": 0})
    assert found.pooled == {"a", "c"}
    assert found.people == 5
    assert found.cells == {"b": 30, "d": 0}
