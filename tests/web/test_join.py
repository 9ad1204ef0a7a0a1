"""The page on which anybody registers as a volunteer."""

from typing import Any

from sqlalchemy import select
from werkzeug.test import TestResponse

from qtxvol.accounts.attempts import JOIN_DOCUMENT
from qtxvol.extensions import db
from qtxvol.volunteers.models import Volunteer
from qtxvol.volunteers.rules import set_rules
from qtxvol.volunteers.states import leave_volunteer, verify_volunteer
from tests.factories import COMMUNITY, NOW
from tests.volunteers.cards import id_number
from tests.web.pages import get_page, post_form, read
from tests.web.site import Site

NUMBER = id_number()
TYPED = {
    "name": "登记员",
    "id_kind": "resident_id",
    "id_number": NUMBER,
    "phone": "199 0000 4321",
    "division_code": COMMUNITY,
    "skills": ["nutrition", "clinician"],
    "licences-0-skill": "clinician",
    "licences-0-title": "医师执业证书",
    "availability": ["sat-morning"],
    "consent": "y",
}


def join(site: Site, **changes: Any) -> TestResponse:
    return post_form(site.browser(), "/join", "/join", {**TYPED, **changes})


def people(site: Site) -> list[Volunteer]:
    with site.app.app_context():
        return list(db.session.scalars(select(Volunteer).where(Volunteer.registered_by == "self")))


def test_somebody_registers_on_one_page_and_is_told_what_comes_next(site_sqlite: Site) -> None:
    page = get_page(site_sqlite.browser(), "/join")
    assert "说明版本 2026-11" in page.text
    assert page.form("/join").get("id_kind") == "resident_id"
    answer = join(site_sqlite)
    assert (answer.status_code, answer.location) == (303, "/join/done")
    (person,) = people(site_sqlite)
    assert (person.name, person.status, person.phone, person.id_number) == ("登记员", "applied", "19900004321", NUMBER)
    assert person.consent_version == "2026-11"
    assert "登记收到了" in get_page(site_sqlite.browser(), "/join/done").text


def test_nobody_learns_who_is_registered_already(site_sqlite: Site) -> None:
    """New, known, gone and back, known under another name: the same answer, and no number of a volunteer."""
    answers = [join(site_sqlite), join(site_sqlite), join(site_sqlite, name="别的名字")]
    (person,) = people(site_sqlite)
    with site_sqlite.app.app_context():
        verify_volunteer(site_sqlite.city.office, person.id, NOW)
        leave_volunteer(site_sqlite.city.office, person.id, NOW, "搬家")
    answers.append(join(site_sqlite))
    assert {(each.status_code, each.location, each.get_data()) for each in answers} == {
        (303, "/join/done", answers[0].get_data())
    }
    assert [each.status for each in people(site_sqlite)] == ["applied"]
    assert person.number not in read(site_sqlite.browser().get("/join/done")).text


def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(site_sqlite: Site) -> None:
    for changes, field, words in (
        ({"name": ""}, "name", "请填写姓名"),
        ({"id_number": NUMBER[:-1] + ("1" if NUMBER[-1] != "1" else "2")}, "id_number", "校验位不对"),
        ({"id_number": id_number(NOW.date().replace(year=2010))}, "id_number", "年满 18 周岁"),
        ({"id_kind": "passport", "id_number": "E1234567"}, "birth_on", "请填出生日期"),
        ({"birth_on": "前年"}, "birth_on", "请填日期"),
        ({"phone": "12345"}, "phone", "电话号码不对"),
        ({"consent": None}, "consent", "请先阅读并勾选同意"),
        ({"licences-0-skill": "", "licences-0-expires_on": ""}, "licences-0-skill", "请选它是哪项技能的"),
        ({"skills": ["nutrition"]}, "licences", "也要在"),
    ):
        answer = join(site_sqlite, **changes)
        assert answer.status_code == 422, changes
        page = read(answer)
        assert words in page.text, changes
        assert words in page.error_of(field) or field == "licences", changes
        if field != "phone":
            assert page.form("/join").get("phone") == TYPED["phone"]
    assert people(site_sqlite) == []


def test_a_guardian_is_asked_for_only_where_the_office_allows_it(site_sqlite: Site) -> None:
    assert "has_guardian_consent" not in get_page(site_sqlite.browser(), "/join").form("/join").names
    with site_sqlite.app.app_context():
        set_rules(site_sqlite.city.office, {"minors_allowed": 1}, NOW)
    young = {"id_number": id_number(NOW.date().replace(year=2010))}
    assert "监护人" in read(join(site_sqlite, **young)).error_of("has_guardian_consent")
    guardian = {"has_guardian_consent": "y", "guardian_name": "某监护", "guardian_phone": "19900001111"}
    assert join(site_sqlite, **young, **guardian).status_code == 303
    assert people(site_sqlite)[0].guardian_consented_at == NOW


def test_robots_and_hurried_people_are_slowed_down(site_sqlite: Site) -> None:
    assert join(site_sqlite, website="http://x").status_code == 422
    for _ in range(JOIN_DOCUMENT.free):
        assert join(site_sqlite).status_code == 303
    slow = join(site_sqlite)
    assert slow.status_code == 429
    assert int(slow.headers["Retry-After"]) >= 1
    assert join(site_sqlite, id_number=id_number()).status_code == 303
