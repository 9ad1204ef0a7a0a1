"""The whole way in a browser that runs no script: an old phone, a strict office, a broken line."""

import pytest

from tests.journeys.cast import Cast
from tests.journeys.stories import AFTERWARDS, bring_to_appointment


@pytest.fixture
def has_script() -> bool:
    return False


def test_the_five_verbs_need_no_script(cast: Cast):
    order = bring_to_appointment(cast)
    cast.move_to(AFTERWARDS)
    cast.leader.close(order)
    cast.resident.rate(order)
    cast.resident.reads("评价 5 星")
    assert cast.steps(order) == ["place", "dispatch", "claim", "accept", "close", "rate"]
