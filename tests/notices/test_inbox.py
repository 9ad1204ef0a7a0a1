"""The inbox: by when things were due, read one by one or down from what the reader saw."""

from datetime import timedelta

import pytest

from qtxvol.extensions import db
from qtxvol.notices.models import Notice
from qtxvol.notices.queries import count_unread, list_notices, mark_one_read, mark_read
from qtxvol.notices.queue import To, queue_notices
from qtxvol.orders.lifecycle import Party
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Volunteer
from tests.factories import DEPARTMENT, NOW, City, make_city, make_volunteer

HOUR = timedelta(hours=1)


@pytest.fixture
def city(ctx: None) -> City:
    return make_city()


def tell(kind: str = "science_day", *, hours: int = 0, due: int | None = None, to: To | None = None) -> int:
    with transaction():
        queue_notices(
            kind,
            [to or To(Party.DEPARTMENT, DEPARTMENT)],
            now=NOW + hours * HOUR,
            due_at=None if due is None else NOW + due * HOUR,
        )
    return max(db.session.scalars(db.select(Notice.id)))


def ids(city: City, hours: int, *, is_unread_only: bool = False) -> list[int]:
    page = list_notices(city.department, 1, NOW + hours * HOUR, is_unread_only=is_unread_only)
    return [row.Notice.id for row in page.rows]


def test_a_reminder_stands_where_it_became_due(city: City) -> None:
    reminder = tell(due=10)  # queued first, due last
    early, late = tell(hours=1), tell(hours=2)
    assert ids(city, 3) == [late, early]
    assert ids(city, 11) == [reminder, late, early]


def test_reading_goes_down_from_the_newest_that_was_shown(city: City) -> None:
    reminder = tell(due=10)
    early, late = tell(hours=1), tell(hours=2)
    mark_read(city.department, late, NOW + 3 * HOUR)
    assert count_unread(city.department, NOW + 3 * HOUR) == 0
    assert count_unread(city.department, NOW + 11 * HOUR) == 1  # it was not there yet, though its id is smaller
    newest = tell(hours=12)
    mark_read(city.department, reminder, NOW + 13 * HOUR)
    assert ids(city, 13, is_unread_only=True) == [newest]
    assert early != late


def test_one_can_be_read_by_itself(city: City) -> None:
    first, second = tell(hours=1), tell(hours=2)
    mark_one_read(city.department, first, NOW + 3 * HOUR)
    mark_one_read(city.department, first, NOW + 4 * HOUR)  # twice
    assert ids(city, 5, is_unread_only=True) == [second]
    assert db.session.get_one(Notice, first).read_at == NOW + 3 * HOUR


def test_nobody_reads_for_another(city: City) -> None:
    notice = tell()
    for actor in (city.other_department, city.team, city.resident, city.office):
        mark_one_read(actor, notice, NOW + HOUR)
        mark_read(actor, notice, NOW + HOUR)
    assert count_unread(city.department, NOW + HOUR) == 1


@pytest.mark.parametrize("up_to", [0, -1, 2**31 - 1])
def test_reading_up_to_a_notice_that_is_not_there_reads_nothing(city: City, up_to: int) -> None:
    tell()
    mark_read(city.department, up_to, NOW + HOUR)
    assert count_unread(city.department, NOW + HOUR) == 1


def test_a_person_who_was_on_the_list_twice_reads_what_both_were_told(city: City) -> None:
    other = make_volunteer(city.team.team_id)
    tell("absence", to=To(Party.VOLUNTEER, str(other)))
    assert count_unread(city.volunteer, NOW + HOUR) == 0
    with transaction():
        row = db.session.get_one(Volunteer, other)
        row.merged_into_id, row.status = city.volunteer.volunteer_id, "merged"
    assert count_unread(city.volunteer, NOW + HOUR) == 1
