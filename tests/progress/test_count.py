"""Counting people: distinct, verified, honest."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from qtxvol.base import CITY_TIME
from qtxvol.extensions import db
from qtxvol.orders.serve import reopen_order
from qtxvol.progress.count import count_volunteers
from qtxvol.progress.models import VolunteerCount
from qtxvol.progress.queries import get_board, get_home_counts
from tests.factories import NOW, closed, make_city, make_volunteer, window

pytestmark = pytest.mark.usefixtures("ctx")
LATER = NOW + timedelta(days=5)
DAY = LATER.astimezone(CITY_TIME).date()


def test_only_verified_people_are_registered() -> None:
    make_city()  # six verified people
    for status in ("applied", "applied", "paused", "left", "refused"):
        make_volunteer(None, status=status)
    counts = count_volunteers(DAY, LATER)
    assert (counts.registered, counts.applied) == (6, 2)


def test_somebody_who_served_twice_is_one_active_person() -> None:
    city = make_city()
    closed(city, agreed=window(2))
    closed(city, agreed=window(3))
    assert count_volunteers(DAY, LATER).active == 1


def test_hours_that_were_taken_back_make_nobody_active() -> None:
    city = make_city()
    order = closed(city, agreed=window(2))
    assert count_volunteers(DAY, LATER).active == 1
    reopen_order(order.number, city.community, text="居民说没来", now=LATER)
    assert count_volunteers(DAY, LATER).active == 0


def test_a_service_of_more_than_a_year_ago_makes_nobody_active() -> None:
    city = make_city()
    closed(city, agreed=window(2))
    served_on = (NOW + timedelta(days=2)).astimezone(CITY_TIME).date()
    assert count_volunteers(served_on + timedelta(days=364), LATER).active == 1
    assert count_volunteers(served_on + timedelta(days=365), LATER).active == 0


def test_counting_a_day_again_replaces_its_snapshot() -> None:
    make_city()
    count_volunteers(DAY, LATER)
    make_volunteer(None)
    count_volunteers(DAY, LATER)
    assert db.session.scalars(select(VolunteerCount.registered)).all() == [7]


def test_the_board_shows_the_last_count_of_each_month_and_what_is_missing() -> None:
    make_city()
    for back in (70, 40, 39, 1, 0):
        count_volunteers(DAY - timedelta(days=back), LATER)
    board = get_board(LATER)
    assert board.target is not None
    assert board.target.value == 2000
    assert board.counts is not None
    assert board.counts.day == DAY
    assert board.missing == 2000 - 6
    months = [(row.day.year, row.day.month) for row in board.trend]
    assert len(months) == len(set(months)) >= 3
    assert board.is_over  # the plan ended with 2025


def test_the_board_is_empty_before_the_first_count() -> None:
    make_city()
    board = get_board(LATER)
    assert (board.counts, board.missing, list(board.trend)) == (None, 0, [])


def test_the_home_page_counts_attendances_and_closings_of_this_year() -> None:
    city = make_city()
    closed(city, agreed=window(2))
    closed(city, agreed=window(3))
    counts = get_home_counts(LATER)
    assert (counts.closed, counts.reached, counts.open) == (2, 56, 0)
    assert get_home_counts(LATER + timedelta(days=60)).closed == 0  # the next year starts at zero


def test_a_snapshot_is_one_row_a_day() -> None:
    make_city()
    count_volunteers(DAY, LATER)
    count_volunteers(DAY + timedelta(days=1), LATER)
    assert db.session.scalar(select(func.count()).select_from(VolunteerCount)) == 2
