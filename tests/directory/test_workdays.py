"""The working calendar as rows: from the library, edited, confirmed, and imported from a file."""

from datetime import date, datetime

import pytest
from sqlalchemy import select

from qtxvol.accounts.actor import Actor, system_actor
from qtxvol.base import CITY_TIME
from qtxvol.directory import workdays
from qtxvol.directory.edit import deactivate_fact, edit_fact
from qtxvol.directory.kinds import WEEKDAYS
from qtxvol.directory.loader import load_facts
from qtxvol.directory.models import CalendarYear, WorkdayOverride
from qtxvol.directory.workday_file import import_workdays, read_workdays
from qtxvol.directory.workdays import (
    confirm_year,
    get_year,
    load_calendar,
    seed_calendar,
    set_day,
    withdraw_confirmation,
    write_template,
)
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Party
from qtxvol.refusals import NotFound, Refused
from tests.directory.conftest import Statements
from tests.factories import NOW, make_actor

NATIONAL_DAY, MAKE_UP = date(2026, 10, 1), date(2026, 10, 10)


@pytest.fixture
def loaded(ctx: None) -> None:
    """Facts and calendar as of the end of November 2026, on both databases."""
    load_facts(NOW)


@pytest.fixture
def loaded_sqlite(ctx_sqlite: None) -> None:
    load_facts(NOW)


def office() -> Actor:
    return make_actor(Party.OFFICE, "纲要办")


def test_this_year_and_the_next_are_there_with_swap_days_and_what_is_provisional(loaded: None):
    this, following = get_year(2026), get_year(2027)
    assert (this.is_provisional, this.working_days) == (False, 248)
    assert (following.is_provisional, following.is_known) == (True, True)
    assert sum(day.is_make_up for day in this.overrides) == 6
    assert not any(day.is_make_up for day in following.overrides)
    assert {len(month) for month in this.months} == {28, 30, 31}
    assert not get_year(2031).is_known


def test_the_calendar_is_one_statement(loaded: None, statements: Statements):
    with statements() as seen:
        calendar = load_calendar()
    assert len(seen) == 1
    assert calendar.is_work(MAKE_UP)
    assert not calendar.is_work(NATIONAL_DAY)
    assert calendar.settled_years == {2026}
    assert calendar.spans_on(date(2026, 11, 24)) == ((510, 720), (840, 1050))


def test_office_hours_are_edited_and_never_all_taken_away(loaded: None):
    edit_fact("office_hours", "fri.pm", {"closes_at": "16:00"}, NOW)
    assert load_calendar().spans_on(date(2026, 11, 27)) == ((510, 720), (840, 960))
    *most, last = [(day, half) for day in WEEKDAYS[:5] for half in ("am", "pm")]
    for key in most:
        deactivate_fact("office_hours", key, NOW)
    with pytest.raises(Refused) as refused:
        deactivate_fact("office_hours", last, NOW)
    assert refused.value.about["field"] == "is_active"


def test_what_the_office_edits_is_never_overwritten_and_what_is_taken_out_stays_out(loaded: None):
    actor = office()
    assert set_day(NATIONAL_DAY, True, "值班", actor, NOW)
    assert set_day(MAKE_UP, None, "", actor, NOW)
    assert not set_day(MAKE_UP, None, "", actor, NOW)
    load_facts(NOW)
    calendar = load_calendar()
    assert calendar.is_work(NATIONAL_DAY)
    assert not calendar.is_work(MAKE_UP)


def test_a_library_that_knows_better_is_followed_where_nobody_has_edited(loaded: None, monkeypatch: pytest.MonkeyPatch):
    actor = office()
    set_day(date(2027, 5, 4), False, "劳动节", actor, NOW)  # the office's own
    announced = (
        {"day": date(2027, 1, 1), "is_work": False, "name": "元旦", "name_en": "New Year", "source": "holidays 1"},
        {"day": date(2027, 1, 9), "is_work": True, "name": "调休上班", "name_en": "Make-up", "source": "holidays 1"},
    )
    old = workdays.library_days
    monkeypatch.setattr(workdays, "library_days", lambda year: announced if year == 2027 else old(year))
    seed_calendar(NOW)
    days = {day.date: day.is_work for day in get_year(2027).overrides}
    assert days == {date(2027, 1, 1): False, date(2027, 1, 9): True, date(2027, 5, 4): False}
    assert not get_year(2027).is_provisional


def test_a_confirmed_year_is_left_alone_until_the_confirmation_is_withdrawn(loaded: None):
    actor = office()
    set_day(date(2027, 2, 20), True, "调休上班", actor, NOW)
    assert confirm_year(2027, actor, NOW)
    assert not confirm_year(2027, actor, NOW)
    load_facts(NOW)
    year = db.session.get_one(CalendarYear, 2027)
    assert (year.is_provisional, year.confirmed_at, year.confirmed_by_account_id) == (False, NOW, actor.account_id)
    assert load_calendar().settled_years == {2026, 2027}
    assert withdraw_confirmation(2027, actor)
    assert get_year(2027).is_provisional


def test_only_the_office_edits_and_confirms(loaded_sqlite: None):
    clerk = make_actor(Party.COMMUNITY, "社区", division_code="640381001002")
    for call in (
        lambda: set_day(NATIONAL_DAY, True, "", clerk, NOW),
        lambda: confirm_year(2027, clerk, NOW),
        lambda: withdraw_confirmation(2026, clerk),
        lambda: import_workdays(b"2026-10-01,1", clerk, NOW),
    ):
        with pytest.raises(Refused) as refused:
            call()
        assert (refused.value.code, refused.value.status) == ("wrong_party", 403)
    with pytest.raises(NotFound):
        get_year(1999)
    with pytest.raises(NotFound):
        confirm_year(2040, office(), NOW)


def test_seeding_twice_changes_nothing_and_the_next_year_comes_by_itself(loaded: None):
    assert seed_calendar(NOW) == workdays.Seeded()
    new_year = datetime(2027, 1, 1, 0, 5, tzinfo=CITY_TIME)
    assert seed_calendar(new_year).inserted > 0
    assert get_year(2028).is_known


# A file


def test_a_file_says_first_what_it_would_change(loaded: None):
    data = "日期,是否上班,名称\n2027-02-20,1,调休上班\n2027-02-11,放假,春节\n2027/1/1,0\n".encode()
    reading = read_workdays(data)
    assert [(each.day, each.is_work, each.was) for each in reading.changes] == [
        (date(2027, 2, 11), False, True),
        (date(2027, 2, 20), True, False),
    ]
    assert (reading.same, reading.faults, reading.years) == (1, (), [2027])
    assert not load_calendar().is_work(date(2027, 2, 20))

    import_workdays(data, office(), NOW)
    calendar = load_calendar()
    assert calendar.is_work(date(2027, 2, 20))
    assert not calendar.is_work(date(2027, 2, 11))
    load_facts(NOW)  # the import stands
    assert load_calendar().is_work(date(2027, 2, 20))
    assert read_workdays(data).changes == ()


def test_a_file_saved_by_a_chinese_spreadsheet_is_read(loaded_sqlite: None):
    reading = read_workdays("日期,是否上班,名称\r\n2027-02-20,是,调休上班\r\n".encode("gb18030"))
    assert [(each.day, each.name) for each in reading.changes] == [(date(2027, 2, 20), "调休上班")]


def test_every_wrong_line_is_named_and_nothing_is_written(loaded: None):
    data = (
        b"2027-02-20,1,ok\n2027-02-30,1\n2027-02-21\n2027-02-22,maybe\n2027-02-20,0\n1999-01-01,1\n2027-02-23,1,"
        + b"x" * 65
    )
    reading = read_workdays(data)
    assert [fault.line for fault in reading.faults] == [2, 3, 4, 5, 6, 7]
    with pytest.raises(Refused) as refused:
        import_workdays(data, system_actor("import"), NOW)
    assert refused.value.about["message"].startswith("有 6 行不对，什么都没有写入。第 2 行")
    assert db.session.scalar(select(WorkdayOverride.day).where(WorkdayOverride.day == date(2027, 2, 20))) is None


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b"date,is_work,name\n", b"\xff\x00\xfe", b"2027-01-01,1\n" * 2001, b"x" * 200_001]
)
def test_what_is_no_list_of_days_is_refused_with_a_sentence(loaded_sqlite: None, data: bytes):
    with pytest.raises(Refused) as refused:
        read_workdays(data)
    assert refused.value.code == "workday_file"
    assert refused.value.about["message"].endswith("。")


def test_a_year_that_is_written_out_reads_back_without_a_change(loaded: None):
    reading = read_workdays(write_template(2026).encode())
    assert (reading.changes, reading.faults) == ((), ())
    assert reading.same == len(get_year(2026).overrides)
