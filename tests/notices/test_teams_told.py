"""Teams that were asked by name hear when the order is taken by another, and when it is free again."""

from datetime import timedelta

import pytest

from qtxvol.notices.queries import count_unread
from qtxvol.orders.claim import offer_order
from qtxvol.orders.serve import accept_order, withdraw_order
from tests.factories import NOW, City, claimed, make_city, window

#: Before anybody is reminded of the service.
SOON = NOW + timedelta(hours=12)

pytestmark = pytest.mark.usefixtures("ctx")


def offered_and_accepted() -> tuple[City, str]:
    city = make_city()
    order = claimed(city)
    teams = [city.team.team_id or 0, city.other_team.team_id or 0]
    offer_order(order.number, city.department, team_ids=teams, now=NOW)
    accept_order(order.number, city.team, agreed=window(3), volunteer_ids=city.crew[:1], now=NOW)
    return city, order.number


def test_the_others_are_told_at_once_that_it_is_taken() -> None:
    city, _number = offered_and_accepted()
    assert count_unread(city.other_team, SOON) == 2  # asked, and taken
    assert count_unread(city.team, SOON) == 1  # asked; nobody is told what they did themselves


def test_the_others_are_told_at_once_that_it_is_free_again() -> None:
    city, number = offered_and_accepted()
    withdraw_order(number, city.team, reason="illness", now=NOW + timedelta(hours=1))
    assert count_unread(city.other_team, SOON) == 3
    assert count_unread(city.team, SOON) == 1
