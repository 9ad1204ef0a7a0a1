"""Who is told, and who has read it."""

from datetime import timedelta

import pytest

from qtxvol.notices.queries import count_unread, list_notices, mark_read
from qtxvol.orders.claim import offer_order
from tests.factories import LATER, NOW, accepted, claimed, dispatched, make_city, placed

pytestmark = pytest.mark.usefixtures("ctx")


def test_each_desk_reads_its_own_notices() -> None:
    city = make_city()
    placed(city)
    dispatched(city)
    assert count_unread(city.community, LATER) == 2  # two orders were placed
    assert count_unread(city.town, LATER) == 2  # a town reads what its communities are told
    assert count_unread(city.other_community, LATER) == 0
    assert count_unread(city.department, LATER) == 1
    assert count_unread(city.other_department, LATER) == 0
    assert count_unread(city.resident, LATER) == 1  # own orders only, and not what one did oneself


def test_a_team_is_told_when_it_is_asked_by_name() -> None:
    city = make_city()
    order = claimed(city)
    offer_order(order.number, city.department, team_ids=[city.team.team_id or 0], now=NOW)
    assert count_unread(city.team, LATER) == 1
    assert count_unread(city.other_team, LATER) == 0


def test_reading_marks_only_ones_own() -> None:
    city = make_city()
    accepted(city)
    page = list_notices(city.department, 1, LATER)
    mark_read(city.department, page.rows[0].id, NOW + timedelta(hours=1))
    assert count_unread(city.department, LATER) == 0
    assert count_unread(city.community, LATER) > 0


def test_a_page_beyond_the_end_is_the_last_page() -> None:
    city = make_city()
    for _ in range(35):
        placed(city)
    page = list_notices(city.community, 99, LATER)
    assert (page.number, page.pages, page.total, len(page.rows)) == (2, 2, 35, 5)
