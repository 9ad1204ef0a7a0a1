"""`qtxvol demo` throws away only what it has made itself."""

import pytest

from qtxvol.demo.marker import begin_demo, find_demo_state, finish_demo
from tests.factories import NOW, make_city

pytestmark = pytest.mark.usefixtures("ctx")


def test_a_database_with_people_of_its_own_is_left_alone() -> None:
    assert find_demo_state() == "empty"
    make_city()
    assert find_demo_state() == "foreign"


def test_a_demo_that_was_broken_off_is_known_as_such() -> None:
    begin_demo(NOW)
    make_city()
    assert find_demo_state() == "unfinished"
    finish_demo(NOW)
    assert find_demo_state() == "demo"
