"""Certificates of service, on both databases: what they say, who may ask, and that two are never the same."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from qtxvol.extensions import db
from qtxvol.orders.serve import reopen_order
from qtxvol.recognition.certificates import (
    ALPHABET,
    CODE_LENGTH,
    Period,
    Register,
    find_certificate,
    get_certificate,
    is_name_on,
    issue_certificate,
    issue_for_team,
    list_certificates,
    list_papers,
    list_register,
    new_code,
    parse_code,
    refresh_name_digests,
    reissue_certificate,
    revoke_certificate,
    search_certificates,
    spoken_code,
)
from qtxvol.recognition.models import Certificate
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.doubles import merge_volunteers
from qtxvol.volunteers.models import Volunteer
from tests.databases import running_app, settings_for
from tests.factories import NOW, City, closed, make_city, window
from tests.orders.test_races import at_once

#: Two services of ninety minutes each are closed by then: on 27 and 29 November.
LATER = NOW + timedelta(days=8)
TODAY = date(2026, 12, 2)
ALL = Period(None, TODAY)


def serve_twice(city: City) -> int:
    """The first of the crew has served; their id."""
    closed(city)
    closed(city, agreed=window(5))
    return city.crew[0]


def test_a_certificate_says_what_the_ledger_holds(own_city: City):
    me = serve_twice(own_city)
    view = get_certificate(own_city.volunteer, issue_certificate(own_city.volunteer, me, ALL, LATER))
    paper = view.certificate
    assert (paper.minutes, paper.services) == (180, 2)
    assert (paper.from_on, paper.until_on) == (date(2026, 11, 27), TODAY)
    assert paper.number == "QTXZ-2026-000001"
    assert paper.team_id == own_city.team.team_id
    assert (view.team_name, view.themes) == ("市医院测试队", ("health",))
    assert not view.is_corrected
    assert len(paper.code) == CODE_LENGTH >= 16
    assert set(paper.code) <= set(ALPHABET)


def test_only_the_days_of_the_period_count(own_city: City):
    me = serve_twice(own_city)
    only_last = Period(date(2026, 11, 28), date(2026, 11, 29))
    paper = get_certificate(own_city.office, issue_certificate(own_city.office, me, only_last, LATER)).certificate
    assert (paper.minutes, paper.services, paper.from_on) == (90, 1, date(2026, 11, 28))


def test_asked_twice_on_one_day_it_is_the_same_and_a_new_one_tomorrow(own_city: City):
    me = serve_twice(own_city)
    first = issue_certificate(own_city.volunteer, me, ALL, LATER)
    assert issue_certificate(own_city.team, me, ALL, LATER + timedelta(hours=2)) == first
    other_days = issue_certificate(own_city.volunteer, me, Period(date(2026, 1, 1), TODAY), LATER)
    tomorrow = issue_certificate(own_city.volunteer, me, ALL, LATER + timedelta(days=1))
    assert len({first, other_days, tomorrow}) == 3
    numbers = [each.number for each in list_certificates(own_city.volunteer, me)]
    assert numbers == ["QTXZ-2026-000003", "QTXZ-2026-000002", "QTXZ-2026-000001"]


def test_new_hours_on_the_same_day_make_a_new_certificate(own_city: City):
    closed(own_city)
    me = own_city.crew[0]
    first = issue_certificate(own_city.volunteer, me, ALL, LATER)
    closed(own_city, agreed=window(5))
    assert issue_certificate(own_city.volunteer, me, ALL, LATER) != first


def test_the_number_starts_again_with_the_citys_new_year(own_city: City):
    me = serve_twice(own_city)
    issue_certificate(own_city.volunteer, me, ALL, LATER)
    # a quarter past midnight on 1 January in the city, still December in Greenwich
    new_year = NOW.replace(month=12, day=31, hour=16, minute=15)
    paper = get_certificate(own_city.office, issue_certificate(own_city.office, me, ALL, new_year)).certificate
    assert paper.number == "QTXZ-2027-000001"


@pytest.mark.parametrize("status", ["applied", "paused", "left", "refused"])
def test_only_a_verified_volunteer_is_certified(city: City, status: str):
    with transaction():
        person = db.session.get_one(Volunteer, city.crew[1])
        person.status = status
    with pytest.raises(Refused) as refused:
        issue_certificate(city.office, city.crew[1], ALL, LATER)
    assert (refused.value.code, refused.value.status) == ("not_verified", 409)


def test_nothing_served_is_nothing_certified(own_city: City):
    me = serve_twice(own_city)
    for volunteer_id, period in ((own_city.crew[1], ALL), (me, Period(date(2025, 1, 1), date(2025, 12, 31)))):
        with pytest.raises(Refused) as refused:
            issue_certificate(own_city.office, volunteer_id, period, LATER)
        assert (refused.value.code, refused.value.status) == ("nothing_served", 409)
    assert db.session.scalar(select(func.count()).select_from(Certificate)) == 0


@pytest.mark.parametrize(
    ("period", "fault"),
    [
        (Period(date(2026, 11, 1), TODAY + timedelta(days=1)), "in_future"),
        (Period(date(2026, 12, 1), date(2026, 11, 1)), "ends_first"),
        (Period(date(1, 1, 1), TODAY), "too_early"),
    ],
)
def test_a_bad_period_is_refused_at_its_field(city: City, period: Period, fault: str):
    with pytest.raises(Refused) as refused:
        issue_certificate(city.office, city.crew[0], period, LATER)
    assert (refused.value.code, refused.value.status, refused.value.about["fault"]) == ("bad_period", 422, fault)


def test_who_may_ask_for_whom(own_city: City):
    me, other = serve_twice(own_city), own_city.other_crew[0]
    for actor, person in (
        (own_city.volunteer, own_city.crew[1]),
        (own_city.volunteer, other),
        (own_city.team, other),
        (own_city.other_team, me),
        (own_city.office, 999_999),
    ):
        with pytest.raises(NotFound):
            issue_certificate(actor, person, ALL, LATER)
    for actor in (own_city.community, own_city.department, own_city.resident):
        with pytest.raises(Refused) as refused:
            issue_certificate(actor, me, ALL, LATER)
        assert refused.value.status == 403
    issued = issue_certificate(own_city.team, me, ALL, LATER)
    assert list_certificates(own_city.other_team, me) == []
    assert [each.id for each in list_certificates(own_city.office, me)] == [issued]
    stranger = replace(own_city.volunteer, volunteer_id=other)
    for actor in (own_city.other_team, stranger):
        with pytest.raises(NotFound):
            get_certificate(actor, issued)


def test_a_later_correction_shows_and_the_paper_keeps_its_word(own_city: City):
    order = closed(own_city)
    closed(own_city, agreed=window(5))
    me = own_city.crew[0]
    issued = issue_certificate(own_city.volunteer, me, ALL, LATER)
    reopen_order(order.number, own_city.office, text="居民说没有讲完", now=LATER + timedelta(hours=1))
    view = get_certificate(own_city.office, issued)
    assert (view.certificate.minutes, view.certificate.services) == (180, 2)
    assert (view.now.minutes, view.now.services) == (90, 1)
    assert view.is_corrected
    assert not view.has_grown
    assert view.themes == ("health",)
    assert issue_certificate(own_city.volunteer, me, ALL, LATER + timedelta(hours=2)) != issued


def test_service_written_up_after_the_issue_takes_nothing_from_the_paper(own_city: City):
    closed(own_city)
    issued = issue_certificate(own_city.volunteer, own_city.crew[0], ALL, LATER)
    closed(own_city, agreed=window(5))
    view = get_certificate(own_city.office, issued)
    assert (view.certificate.services, view.now.services) == (1, 2)
    assert view.has_grown
    assert not view.is_corrected


def test_a_revoked_certificate_stays_with_its_reason(own_city: City):
    me = serve_twice(own_city)
    issued = issue_certificate(own_city.volunteer, me, ALL, LATER)
    for actor in (own_city.volunteer, own_city.team, own_city.community):
        with pytest.raises(Refused) as refused:
            revoke_certificate(actor, issued, "不行", LATER)
        assert refused.value.status == 403
    with pytest.raises(Refused) as refused:
        revoke_certificate(own_city.office, issued, "  ", LATER)
    assert (refused.value.status, refused.value.about["field"]) == (422, "reason")
    assert revoke_certificate(own_city.office, issued, "登记有误", LATER)
    assert not revoke_certificate(own_city.office, issued, "又一次", LATER + timedelta(hours=1))
    paper = get_certificate(own_city.volunteer, issued).certificate
    assert (paper.revoke_reason, paper.revoked_at) == ("登记有误", LATER)
    assert paper.revoked_by_account_id == own_city.office.account_id
    # what was declared void is not handed out again
    assert issue_certificate(own_city.volunteer, me, ALL, LATER) != issued
    with pytest.raises(NotFound):
        revoke_certificate(own_city.office, 999_999, "没有", LATER)


def test_the_register_is_searched_by_number_and_person(own_city: City):
    me = serve_twice(own_city)
    first = issue_certificate(own_city.volunteer, me, ALL, LATER)
    issue_certificate(own_city.office, me, Period(date(2026, 1, 1), TODAY), LATER)
    revoke_certificate(own_city.office, first, "登记有误", LATER)
    person = db.session.get_one(Volunteer, me)
    for text, status, count in (
        ("", "", 2),
        ("000002", "", 1),
        (person.name, "", 2),
        (person.number, "valid", 1),
        ("", "revoked", 1),
        ("%", "", 0),
        ("没有这个人", "", 0),
    ):
        page = search_certificates(Register(text, status))
        assert page.total == len(page.rows) == count, (text, status)
    row = search_certificates(Register("000001")).rows[0]
    assert (row.person, row.team) == (person.name, "市医院测试队")


def test_a_code_opens_its_certificate_however_it_is_typed(own_city: City):
    me = serve_twice(own_city)
    issued = issue_certificate(own_city.volunteer, me, ALL, LATER)
    code = get_certificate(own_city.office, issued).certificate.code
    for typed in (code, code.lower(), spoken_code(code), f" {spoken_code(code).lower()} ", "　".join(code)):
        found = find_certificate(parse_code(typed) or "")
        assert found is not None
        assert found.certificate.id == issued
    assert find_certificate(new_code()) is None


@pytest.mark.parametrize("typed", ["", "ABC", "0" * 16, "O" * 16, "A" * 17, "QTX 4821 9037", "好" * 16])
def test_what_is_no_code_is_none(typed: str):
    assert parse_code(typed) is None


@pytest.fixture
def roomy_app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """With a connection for everybody who asks at once."""
    settings = settings_for(database_url, tmp_path, extra={"SQLALCHEMY_ENGINE_OPTIONS": {"pool_size": 20}})
    with running_app(settings) as app:
        yield app


def test_issued_at_the_same_moment_they_have_numbers_of_their_own(roomy_app: Flask):
    with roomy_app.app_context():
        city = make_city()
        me = serve_twice(city)
    periods = [Period(date(2026, 1, day), TODAY) for day in range(1, 9)]
    issued = at_once(roomy_app, [lambda p=period: issue_certificate(city.office, me, p, LATER) for period in periods])
    assert len(set(issued)) == 8
    with roomy_app.app_context():
        numbers = db.session.scalars(select(Certificate.number).order_by(Certificate.number)).all()
        assert numbers == [f"QTXZ-2026-{n:06d}" for n in range(1, 9)]


def test_asked_for_at_the_same_moment_it_is_one(roomy_app: Flask):
    with roomy_app.app_context():
        city = make_city()
        me = serve_twice(city)
    issued = at_once(roomy_app, [lambda: issue_certificate(city.volunteer, me, ALL, LATER)] * 6)
    assert len(set(issued)) == 1
    with roomy_app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Certificate)) == 1


def test_names_stay_comparable_when_a_key_is_changed(sqlite_database: str, tmp_path: Path):
    """As long as the person still has the name; of others the old key is needed."""
    old, new = "an-old-key-of-thirty-two-characters-1", "a-new-key-of-thirty-two-characters-22"
    settings = settings_for(sqlite_database, tmp_path)
    with running_app(replace(settings, data_keys=(old,))) as app, app.app_context():
        city = make_city()
        me = serve_twice(city)
        with transaction():
            db.session.get_one(Volunteer, me).name = "欧阳明珠"
        first = issue_certificate(city.volunteer, me, ALL, LATER)
    with running_app(replace(settings, data_keys=(new, old))) as app, app.app_context():
        paper = get_certificate(city.office, first).certificate
        assert is_name_on(paper, "欧阳明珠")
        assert not is_name_on(paper, "欧阳明")
        with transaction():
            assert refresh_name_digests() == 1
        with transaction():
            assert refresh_name_digests() == 0
    with running_app(replace(settings, data_keys=(new,))) as app, app.app_context():
        assert is_name_on(get_certificate(city.office, first).certificate, "欧阳 明珠")


def test_a_renamed_person_gets_a_new_certificate_and_the_old_one_stays_checkable(own_city: City):
    me = serve_twice(own_city)
    with transaction():
        db.session.get_one(Volunteer, me).name = "欧阳明珠"
    first = issue_certificate(own_city.volunteer, me, ALL, LATER)
    with transaction():
        db.session.get_one(Volunteer, me).name = "欧阳珠"
    old = get_certificate(own_city.office, first)
    assert (old.volunteer_name, old.is_renamed) == ("欧***", True)
    assert is_name_on(old.certificate, "欧阳明珠")
    again = issue_certificate(own_city.volunteer, me, ALL, LATER)
    assert again != first
    assert get_certificate(own_city.office, again).volunteer_name == "欧阳珠"


def test_a_revoked_one_is_issued_again_once_and_both_name_each_other(own_city: City):
    me = serve_twice(own_city)
    first = issue_certificate(own_city.volunteer, me, ALL, LATER)
    with pytest.raises(Refused) as refused:
        reissue_certificate(own_city.office, first, LATER)
    assert refused.value.code == "not_revoked"
    revoke_certificate(own_city.office, first, "登记有误", LATER)
    with pytest.raises(NotFound):
        reissue_certificate(own_city.other_team, first, LATER)
    again = reissue_certificate(own_city.volunteer, first, LATER)
    assert reissue_certificate(own_city.office, first, LATER + timedelta(days=1)) == again
    old, new = get_certificate(own_city.office, first), get_certificate(own_city.office, again)
    assert (old.replaced_by, new.replaces) == ("QTXZ-2026-000002", "QTXZ-2026-000001")
    assert not new.certificate.revoked_at


def test_a_team_is_certified_by_the_office_alone_and_each_once(own_city: City):
    me = serve_twice(own_city)
    team_id = own_city.team.team_id
    assert team_id is not None
    with pytest.raises(Refused) as refused:
        issue_for_team(own_city.team, team_id, ALL, LATER)
    assert refused.value.code == "wrong_party"
    issued = issue_for_team(own_city.office, team_id, ALL, LATER)
    assert issue_for_team(own_city.office, team_id, ALL, LATER) == issued
    assert [each.id for each in list_certificates(own_city.office, me)] == issued
    assert [view.certificate.id for view in list_papers(own_city.office, Register(team_id=team_id))] == issued
    other_id = own_city.other_team.team_id
    assert other_id is not None
    with pytest.raises(Refused) as refused:
        issue_for_team(own_city.office, other_id, ALL, LATER)
    assert refused.value.code == "nothing_served"
    for register, count in (
        (Register(from_on=TODAY), 1),
        (Register(until_on=TODAY - timedelta(days=1)), 0),
        (Register(team_id=other_id), 0),
    ):
        assert len(list_register(register)) == count


def test_somebody_whose_row_was_merged_keeps_their_certificates(own_city: City):
    me, other = serve_twice(own_city), own_city.crew[1]
    issued = issue_certificate(own_city.volunteer, me, ALL, LATER)
    merge_volunteers(own_city.office, other, me, LATER, "同一人")
    person = replace(own_city.volunteer, volunteer_id=other)
    assert [each.id for each in list_certificates(person, other)] == [issued]
    assert get_certificate(person, issued).now.minutes == 180
    with pytest.raises(NotFound):
        get_certificate(own_city.other_team, issued)
