"""An impatient finger: two taps are one order. With script the button sleeps, without it the server knows."""

import pytest

from tests.factories import claimed
from tests.journeys.cast import Cast
from tests.journeys.people import Wish
from tests.journeys.stories import FIRST_TIME


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def has_script(request: pytest.FixtureRequest) -> bool:
    return request.param


def test_two_taps_place_one_order(cast: Cast):
    cast.resident.fill_order(Wish())
    cast.resident.page.get_by_role("button", name="提交点单", exact=True).dblclick()
    order = cast.resident.read_number()
    assert cast.numbers() == [order.number]


def test_two_taps_accept_once(cast: Cast):
    order = cast.given(claimed)
    cast.leader.fill_accept(order, FIRST_TIME, cast.crew[:1])
    cast.leader.page.get_by_role("button", name="确认接单", exact=True).dblclick()
    cast.leader.reads("已接单，请按时到场。")
    assert cast.steps(order) == ["place", "dispatch", "claim", "accept"]


def test_going_back_and_sending_the_form_again_places_nothing_new(cast: Cast):
    order = cast.resident.place_order(Wish())
    cast.resident.page.go_back()
    cast.resident.press("提交点单")
    assert cast.resident.read_number() == order
    assert cast.numbers() == [order.number]
