"""Somebody can't come after all, and it is late: the next ones are asked while there is time, and the leader hears it
when there is none."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from qtxvol.notices.answers import Given, answer_at_desk
from qtxvol.offers.holds import advance_holds
from qtxvol.offers.replacing import LAST_CALL
from qtxvol.orders.serve import accept_order
from qtxvol.orders.transition import Outcome
from qtxvol.orders.windows import Window
from qtxvol.volunteers.doubles import merge_volunteers
from tests.factories import NOW, City, claimed, make_city, make_volunteer
from tests.offers.crews import asked_of, asks_of, crew_of, say, takes, told, with_people
from tests.orders.answers import findings

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
#: Three in the afternoon.
START = datetime(2026, 11, 27, 7, 0, tzinfo=UTC)
NO = Given(is_yes=False, reason="work")


@pytest.fixture
def city(ctx_sqlite: None) -> Iterator[City]:
    city = make_city()
    yield city
    assert findings() == []


def named(city: City, start: datetime = START) -> Outcome:
    """One person was named by hand; others of the team could stand in."""
    takes(1)
    with_people(city.team, 4)
    order = claimed(city)
    agreed = Window(start, start + HOUR)
    accept_order(order.number, city.team, agreed=agreed, volunteer_ids=city.crew[:1], now=NOW)
    return order


def readers(city: City) -> list[str]:
    return sorted([str(city.team.team_id), city.department.department_id or ""])


def test_two_hours_before_people_are_asked_quickly_and_the_leader_hears_it_half_an_hour_before(city: City):
    order = named(city)
    late = START - 2 * HOUR
    answer_at_desk(order.number, city.volunteer, NO, late)
    assert len(asked_of(order)) == 1
    assert not told(order, "crew_short")
    at = late
    while at < START - LAST_CALL - 5 * MINUTE:
        advance_holds(at)
        at += MINUTE
    ever = [ask for ask in asks_of(order) if ask.asked_at is not None]
    assert len(ever) >= 4, "one after the other"
    while at < START:
        advance_holds(at)
        at += MINUTE
    assert told(order, "crew_short") == readers(city)


def test_in_the_last_half_hour_the_leader_hears_it_at_once_and_somebody_is_asked_all_the_same(city: City):
    order = named(city)
    answer_at_desk(order.number, city.volunteer, NO, START - 20 * MINUTE)
    assert told(order, "crew_short") == readers(city)
    [instead] = asked_of(order)
    say(order, instead, "yes", START - 15 * MINUTE)
    assert crew_of(order) == {instead}


def test_nobody_is_asked_in_the_morning_for_what_begins_before(city: City):
    dawn = datetime(2026, 11, 26, 23, 0, tzinfo=UTC)  # seven o'clock
    order = named(city, dawn)
    answer_at_desk(order.number, city.volunteer, NO, dawn - 8 * HOUR)
    assert not asks_of_any(order)
    assert told(order, "crew_short") == readers(city)


def asks_of_any(order: Outcome) -> list[int]:
    return [ask.volunteer_id for ask in asks_of(order) if ask.asked_at is not None]


def test_who_stands_in_comes_by_the_row_that_they_go_on_with(city: City):
    order = named(city)
    answer_at_desk(order.number, city.volunteer, NO, START - 24 * HOUR)
    [instead] = asked_of(order)
    goes_on = make_volunteer(city.team.team_id)
    merge_volunteers(city.office, goes_on, instead, NOW, "同一个人")
    say(order, instead, "yes", START - 23 * HOUR)
    assert crew_of(order) == {goes_on}
