"""Counting people and orders from the records: distinct, verified, honest, and never changed without a word."""

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select, update

from qtxvol.base import CITY_TIME
from qtxvol.extensions import db
from qtxvol.hours.models import HoursEntry
from qtxvol.hours.presence import settle_dispute
from qtxvol.hours.requests import decide_request, propose_late
from qtxvol.orders.rate import Verdict, rate_order
from qtxvol.orders.serve import reopen_order
from qtxvol.progress.count import count_targets, find_drift, list_terms
from qtxvol.progress.drill import counted_people, list_counted_orders, list_counted_people, list_counted_schools
from qtxvol.progress.models import Period, Restatement, School, Target, TargetSnapshot
from qtxvol.progress.queries import get_board, get_home_counts
from qtxvol.progress.records import city_date
from qtxvol.storage import transaction
from qtxvol.volunteers.doubles import merge_volunteers, undo_merge
from qtxvol.volunteers.models import Volunteer
from qtxvol.volunteers.states import pause_volunteer
from tests.factories import NOW, City, closed, counted, link_of, make_city, make_volunteer, snapshot, window

pytestmark = pytest.mark.usefixtures("ctx")
LATER = NOW + timedelta(days=5)
DAY = LATER.astimezone(CITY_TIME).date()
#: A school asks for a lecture and a visit.
LECTURE = {"requester_kind": "school", "organisation": "测试一中", "audience": "youth", "menu_item_id": "S24"}


def volunteers(day: date) -> TargetSnapshot:
    return db.session.scalars(
        select(TargetSnapshot)
        .where(TargetSnapshot.target_id == "T23", TargetSnapshot.day == day)
        .order_by(TargetSnapshot.revision.desc())
        .limit(1)
    ).one()


def running(city: City) -> None:
    """The plan's targets as if the period still ran."""
    with transaction():
        db.session.execute(update(Target).values(ends_on=DAY + timedelta(days=400)))


def test_only_verified_people_are_registered() -> None:
    make_city()  # six verified people
    for status in ("applied", "applied", "left", "refused"):
        make_volunteer(None, status=status, verified_at=None)
    counted(DAY)
    row = volunteers(DAY)
    assert (row.value, row.denominator, row.details) == (6, 6, {"applied": 2})


def test_somebody_who_served_twice_is_one_active_person() -> None:
    city = make_city()
    closed(city, agreed=window(2))
    closed(city, agreed=window(3))
    counted(DAY)
    assert volunteers(DAY).numerator == 1


def test_a_day_is_counted_once_however_often() -> None:
    make_city()
    first = counted(DAY)
    second = count_targets(DAY, LATER + timedelta(days=3))
    assert (first.added, second.added, second.restated) == (1, 0, 0)
    assert (first.numbers, first.checksum) == (second.numbers, second.checksum)
    assert db.session.scalars(select(TargetSnapshot.revision)).all() == [1]


def test_a_missed_day_is_counted_as_it_would_have_been() -> None:
    city = make_city()
    on_time = counted(DAY - timedelta(days=1))
    pause_volunteer(city.office, city.crew[0], LATER + timedelta(days=3), "休假")
    make_volunteer(None, verified_at=LATER + timedelta(days=2), created_at=LATER + timedelta(days=2))
    late = count_targets(DAY, LATER + timedelta(days=10))
    assert (late.numbers, late.checksum) == (on_time.numbers, on_time.checksum)
    assert counted(DAY + timedelta(days=2)).numbers == {"T23": 7}
    assert counted(DAY + timedelta(days=3)).numbers == {"T23": 6}


def test_a_day_that_is_not_over_is_not_counted() -> None:
    make_city()
    with pytest.raises(ValueError, match="not over"):
        count_targets(DAY, LATER)


def test_hours_taken_back_restate_the_days_that_counted_them() -> None:
    city = make_city()
    order = closed(city, agreed=window(2))
    for back in (2, 1, 0):
        counted(DAY - timedelta(days=back))
    reopen_order(order.number, city.community, text="居民说没来", now=LATER + timedelta(days=1))
    report = counted(DAY + timedelta(days=1))
    assert (report.added, report.restated) == (1, 3)
    rows = db.session.scalars(select(Restatement).order_by(Restatement.day)).all()
    assert [(row.day, row.numerator_before, row.numerator_after, row.cause) for row in rows] == [
        (DAY - timedelta(days=back), 1, 0, "hours") for back in (2, 1, 0)
    ]
    kept = db.session.scalars(select(TargetSnapshot.numerator).where(TargetSnapshot.day == DAY)).all()
    assert sorted(kept) == [0, 1]  # what was written stays
    assert volunteers(DAY).revision == 2


def test_hours_written_days_later_change_no_day_before() -> None:
    city = make_city()
    closed(city, agreed=window(2))
    counted(DAY - timedelta(days=4))  # the day after NOW: the service lies ahead
    report = counted(DAY)
    assert report.restated == 0
    assert volunteers(DAY).numerator == 1


def test_a_disputed_service_makes_nobody_active_until_the_office_has_settled_it() -> None:
    city = make_city()
    order = closed(city, agreed=window(2))
    counted(DAY)
    assert volunteers(DAY).numerator == 1
    verdict = Verdict(stars=1, did_take_place=False)
    rate_order(order.number, link_of(order), verdict=verdict, now=LATER + timedelta(days=1))
    counted(DAY + timedelta(days=1))
    assert [volunteers(DAY + timedelta(days=each)).numerator for each in (0, 1)] == [0, 0]
    settle_dispute(order.number, city.office, did_take_place=True, text="现场有照片", now=LATER + timedelta(days=2))
    counted(DAY + timedelta(days=2))
    assert [volunteers(DAY + timedelta(days=each)).numerator for each in (0, 1, 2)] == [1, 1, 1]
    causes = db.session.scalars(select(Restatement.cause).where(Restatement.day == DAY)).all()
    assert causes == ["hours", "hours"]
    assert list(find_drift()) == []


def test_a_late_entry_makes_active_once_its_notice_is_over_and_restates_the_days_before() -> None:
    city = make_city()
    order = closed(city, agreed=window(2))
    counted(DAY)
    request = propose_late(
        order.number, city.team, volunteer_id=city.crew[1], minutes=30, reason="forgotten", text="漏记", now=LATER
    )
    decide_request(request, city.office, is_confirmed=True, text="", now=LATER)  # on notice for seven days
    for turn in range(1, 9):
        counted(DAY + timedelta(days=turn))
        assert list(find_drift()) == []
    assert volunteers(DAY + timedelta(days=6)).numerator == 2
    rows = db.session.scalars(select(Restatement).where(Restatement.day == DAY)).all()
    assert [(row.numerator_before, row.numerator_after, row.cause) for row in rows] == [(1, 2, "hours")]
    assert city_date(rows[0].restated_at) == DAY + timedelta(days=8)


def test_a_day_that_was_counted_before_checksums_were_kept_is_not_counted_again() -> None:
    make_city()
    snapshot(DAY, 1446, 289)
    assert counted(DAY).added == 0
    assert (volunteers(DAY).value, volunteers(DAY).revision) == (1446, 1)
    assert counted(DAY + timedelta(days=1)).restated == 0
    assert list(find_drift()) == []


def test_a_merge_restates_and_its_undo_restates_back() -> None:
    city = make_city()
    counted(DAY)
    merge = merge_volunteers(city.office, city.crew[0], city.crew[1], LATER + timedelta(days=1), "同一个人")
    assert counted(DAY + timedelta(days=1)).numbers == {"T23": 5}
    undo_merge(city.office, merge, LATER + timedelta(days=2))
    assert counted(DAY + timedelta(days=2)).numbers == {"T23": 6}
    rows = db.session.scalars(select(Restatement).where(Restatement.day == DAY).order_by(Restatement.revision)).all()
    assert [(row.value_before, row.value_after, row.cause) for row in rows] == [(6, 5, "merge"), (5, 6, "merge")]
    assert list(find_drift()) == []


def test_a_row_changed_behind_the_services_back_is_found() -> None:
    city = make_city()
    closed(city, agreed=window(2))
    counted(DAY)
    assert list(find_drift()) == []
    with transaction():
        db.session.add(
            TargetSnapshot(
                target_id="T23",
                day=DAY,
                revision=2,
                value=2000,
                numerator=1,
                denominator=2000,
                checksum="x",
                counted_at=LATER,
            )
        )
    assert ["T23" in fault and "2000" in fault for fault in find_drift()] == [True]


def test_lectures_count_per_school_and_term_under_one_name() -> None:
    city = make_city()
    running(city)
    for turn, name in enumerate(("测试一中", "测试 一中", "测试二中")):
        closed(city, agreed=window(2 + turn), **{**LECTURE, "organisation": name})
    closed(city, agreed=window(6), **{**LECTURE, "requester_kind": "organisation"})
    with transaction():
        db.session.add(School(id="third", name="测试三中", aliases=["测试二中"]))
        db.session.execute(update(Target).where(Target.id == "T03").values(value=2))
    numbers = counted(DAY + timedelta(days=3)).numbers
    assert (numbers["T02"], numbers["T03"]) == (0, 3)
    row = db.session.scalars(select(TargetSnapshot).where(TargetSnapshot.target_id == "T03")).one()
    assert (row.numerator, row.denominator, row.details) == (1, 2, {"semester": "2026-autumn"})
    schools = list_counted_schools("T03", row.day, row.counted_at, list_terms())
    assert [(each.name, each.services, each.is_reached) for each in schools] == [
        ("测试三中", 1, False),
        ("测试一中", 2, True),
    ]


def test_the_rows_behind_a_number_are_as_many_as_the_number() -> None:
    city = make_city()
    running(city)
    closed(city, agreed=window(2), **LECTURE)
    known_at = LATER + timedelta(days=1)
    numbers = count_targets(DAY, known_at).numbers
    registered, active = counted_people(DAY, known_at)
    assert (len(registered), len(active)) == (numbers["T23"], volunteers(DAY).numerator)
    assert list_counted_people(DAY, known_at, 1).total == 6
    assert [person.id for person in list_counted_people(DAY, known_at, 1, active_only=True).rows] == [city.crew[0]]
    orders = list_counted_orders("T03", DAY, known_at, list_terms(), 1)
    assert [(row.school, row.item_id) for row in orders.rows] == [("测试一中", "S24")]
    evidence = list_counted_orders("T04", DAY, known_at, list_terms(), 1)
    assert sum(row.attendance for row in evidence.rows) == numbers["T04"] == 28


def test_nothing_is_counted_for_a_period_that_the_office_closed() -> None:
    make_city()
    with transaction():
        db.session.execute(update(Period).values(closed_at=LATER))
    assert counted(DAY).numbers == {}
    assert counted(DAY - timedelta(days=1)).numbers == {"T23": 6}


def test_the_board_shows_the_last_count_of_each_month_and_what_is_missing() -> None:
    make_city()
    with transaction():
        early = NOW - timedelta(days=100)
        db.session.execute(update(Volunteer).values(verified_at=early, created_at=early))
    for back in (70, 40, 39, 1, 0):
        counted(DAY - timedelta(days=back))
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


def test_the_ledger_says_what_was_read() -> None:
    city = make_city()
    closed(city, agreed=window(2))
    report = counted(DAY)
    last = db.session.scalar(select(func.max(HoursEntry.id)))
    assert report.inputs["hours_entries"] == {"rows": 1, "first": last, "last": last}
    assert report.inputs["volunteers"]["rows"] == 6
    assert volunteers(DAY).inputs == report.inputs
