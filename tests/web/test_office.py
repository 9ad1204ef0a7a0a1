"""The office's own pages: facts, accounts, teams and volunteers."""

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from qtxvol.accounts.manage import get_account, list_accounts
from qtxvol.accounts.models import Account
from qtxvol.directory.kinds import KINDS, key_text
from qtxvol.directory.loader import load_facts
from qtxvol.directory.queries import get_fact, list_facts
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Party
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team, Volunteer
from tests.conftest import csrf_of
from tests.factories import NOW, PASSWORD, City, make_actor, make_city, make_team, make_volunteer
from tests.volunteers.cards import id_number

_FIELD = re.compile(
    r'<div class="field field--bad.*?</div>|<fieldset class="field field--group field--bad.*?</fieldset>', re.S
)


@pytest.fixture
def city(app_sqlite: Flask) -> City:
    with app_sqlite.app_context():
        return make_city()


@pytest.fixture
def office(app_sqlite: Flask, city: City) -> FlaskClient:
    """A browser in which the office has signed in."""
    return sign_in(app_sqlite, city.office.account_id)


def sign_in(app: Flask, account_id: int | None, password: str = PASSWORD) -> FlaskClient:
    with app.app_context():
        username = db.session.get_one(Account, account_id).username
    client = app.test_client()
    token = csrf_of(client, "/login")
    answer = client.post("/login", data={"csrf_token": token, "username": username, "password": password})
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return client


def send(client: FlaskClient, url: str, page: str = "", **values: Any) -> TestResponse:
    """POST a form with the token of the page that it stands on."""
    return client.post(url, data={"csrf_token": csrf_of(client, page or url), **values})


def text_of(answer: TestResponse) -> str:
    return html.unescape(answer.get_data(as_text=True))


def bad_fields(answer: TestResponse) -> str:
    """The markup of those fields that have an error."""
    return html.unescape("\n".join(_FIELD.findall(answer.get_data(as_text=True))))


def sent_values(app: Flask, kind: str, key: str) -> dict[str, Any]:
    """What the form of a fact sends when nothing was changed."""
    with app.app_context():
        fact = get_fact(kind, key)
    what = KINDS[kind]
    values: dict[str, Any] = {}
    for spec in what.fields:
        value = fact[spec.name]
        if spec.name == "is_active" or spec.is_fixed or value is None or value is False:
            continue
        values[spec.name] = "\n".join(value) if spec.type == "words" else "y" if value is True else value
    return values


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """The statements that reach the database meanwhile."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "PRAGMA")):
            seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", note)


PAGES = (
    "/office/facts",
    *(f"/office/facts/{kind}" for kind in KINDS),
    *(f"/office/facts/{kind}/add" for kind in KINDS),
    "/office/facts/menu_item/S05",
    "/office/facts/route/A1.education",
    "/office/facts/division/640381001002",
    "/office/facts/department?show=inactive",
    "/office/accounts",
    "/office/accounts?q=health&party=team",
    "/office/accounts/add",
    *(f"/office/accounts/add?party={party}" for party in Party if party is not Party.SYSTEM),
    "/office/accounts/1",
    "/office/accounts/1/seats/add",
    "/office/accounts/1/seats/add?party=community",
    "/office/teams",
    "/office/teams?q=%25&show=active",
    "/office/teams/add",
    "/office/teams/1",
    "/office/volunteers",
    "/office/volunteers?q=_&status=verified",
    "/office/volunteers?status=nonsense&page=99999999999999999999",
    "/office/volunteers/add?team=1",
    "/office/volunteers/1",
)


def test_every_page_opens_for_the_office_in_both_languages(office: FlaskClient):
    for language in ("zh", "en"):
        with office.session_transaction() as session:
            session["language"] = language
        for page in PAGES:
            answer = office.get(page)
            assert answer.status_code == 200, page
            assert "<h1" in answer.get_data(as_text=True), page


def test_every_fact_opens(office: FlaskClient, app_sqlite: Flask):
    with app_sqlite.app_context():
        keys = [(kind, key_text(kind, fact)) for kind in KINDS for fact in list_facts(kind)[:4]]
    for kind, key in keys:
        assert office.get(f"/office/facts/{kind}/{key}").status_code == 200, (kind, key)


@pytest.mark.parametrize("party", ["community", "department", "team", "volunteer", "resident"])
def test_the_pages_are_shut_to_every_other_party(app_sqlite: Flask, city: City, party: str):
    client = sign_in(app_sqlite, getattr(city, party).account_id)
    token = csrf_of(client, "/account")
    for page in ("/office/facts", "/office/accounts", "/office/teams", "/office/volunteers", "/office/accounts/1"):
        assert client.get(page).status_code == 403, page
    for action in ("/office/accounts/1/password", "/office/accounts/add?party=office", "/office/teams/add"):
        assert client.post(action, data={"csrf_token": token}).status_code == 403, action


def test_the_pages_ask_a_stranger_to_sign_in(app_sqlite: Flask, city: City):
    answer = app_sqlite.test_client().get("/office/accounts")
    assert answer.status_code == 303
    assert "/login" in answer.location


@pytest.mark.parametrize(
    "page",
    [
        "/office/facts/nonsense",
        "/office/facts/menu_item/NOPE",
        "/office/facts/route/A1",
        "/office/accounts/99999",
        "/office/accounts/99999999999999999999",
        "/office/teams/99999",
        "/office/volunteers/99999",
    ],
)
def test_what_is_not_there_is_not_found(office: FlaskClient, page: str):
    assert office.get(page).status_code == 404


# Facts


@pytest.mark.parametrize(
    ("page", "status"),
    [
        ("/office/papers/year/0", 404),
        ("/office/papers/town/99999999?of=640381100", 404),
        ("/office/papers/unit/0?of=science", 404),
        ("/office/progress/closed?endpoint=x&_scheme=y&_external=1&key=z&form=q", 200),
        ("/office/volunteers?endpoint=x&_anchor=1&page=99999999999999999999", 200),
    ],
)
def test_an_odd_address_is_answered(office: FlaskClient, page: str, status: int):
    assert office.get(page).status_code == status


@pytest.mark.parametrize(
    ("url", "page", "values", "status"),
    [
        ("/office/volunteers/doubles/dismiss", "/office/volunteers/doubles", {"one": "9" * 20, "two": "1"}, 404),
        ("/office/volunteers/doubles/merge", "/office/volunteers/doubles", {"one": "9" * 20, "two": "-1"}, 422),
        ("/office/rosters", "/office/rosters", {"file": "not a file"}, 422),
        (
            "/office/commendations/2025/decide",
            "/office/commendations/2025",
            {"entry": "9" * 20, "as": "commended"},
            422,
        ),
    ],
)
def test_an_odd_form_is_refused(office: FlaskClient, url: str, page: str, values: dict[str, str], status: int):
    assert send(office, url, page, **values).status_code == status


def test_an_edited_fact_survives_a_reload_of_the_data(office: FlaskClient, app_sqlite: Flask):
    url = "/office/facts/menu_item/S05"
    values = sent_values(app_sqlite, "menu_item", "S05") | {"name": "少盐少油好身体", "headcount_max": "45"}
    answer = send(office, url, **values)
    assert (answer.status_code, answer.location) == (303, url)
    assert "已保存" in text_of(office.get(url))
    with app_sqlite.app_context():
        load_facts(NOW + timedelta(days=9))
        fact = get_fact("menu_item", "S05")
    assert (fact["name"], fact["headcount_max"]) == ("少盐少油好身体", 45)
    assert "少盐少油好身体" in text_of(office.get("/office/facts/menu_item?q=少盐少油"))


@pytest.mark.parametrize("kind", KINDS)
def test_saving_a_form_without_a_change_changes_nothing(office: FlaskClient, app_sqlite: Flask, kind: str):
    with app_sqlite.app_context():
        before = list_facts(kind)
    for fact in before[:2]:
        key = key_text(kind, fact)
        url = f"/office/facts/{kind}/{key}"
        answer = send(office, url, **sent_values(app_sqlite, kind, key))
        assert answer.status_code == 303, bad_fields(answer)
    with app_sqlite.app_context():
        assert list_facts(kind) == before


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "请填写名称"),
        ("name", "长" * 65, "最多 64 个字"),
        ("name", "空\0字", "无法显示"),
        ("headcount_min", "0", "1 到 5000"),
        ("headcount_min", "1000000000", "1 到 5000"),
        ("headcount_min", "许多", "请填整数"),
        ("headcount_max", "1", "人数上限不能小于人数下限"),
        ("department_id", "nobody", "请从列表里选"),
        ("department_id", "", "请选择承办单位"),
        ("audiences", ["martians"], "请从列表里选"),
        ("audiences", [], "请选择适合人群"),
    ],
)
def test_bad_input_is_named_at_its_field_and_what_was_typed_stays(
    office: FlaskClient, app_sqlite: Flask, field: str, value: Any, words: str
):
    url = "/office/facts/menu_item/S05"
    values = sent_values(app_sqlite, "menu_item", "S05")
    values |= {"name_en": "<b>=1+1 \U0001f9c2 𠮷</b>", "headcount_min": "7", field: value}
    answer = send(office, url, **values)
    assert answer.status_code == 422
    assert words in bad_fields(answer)
    assert "<b>=1+1" not in answer.get_data(as_text=True)
    assert "<b>=1+1 \U0001f9c2 𠮷</b>" in text_of(answer)
    if field.startswith("headcount"):
        assert f'value="{value}"' in bad_fields(answer)
    with app_sqlite.app_context():
        assert get_fact("menu_item", "S05")["edited_at"] is None


def test_a_fact_is_added_once(office: FlaskClient, app_sqlite: Flask):
    url, values = (
        "/office/facts/department/add",
        {"id": "water", "name": "市水务局", "kind": "government", "position": "9"},
    )
    values["aliases"] = "水务局\r\n水利局"
    answer = send(office, url, **values)
    assert answer.location == "/office/facts/department/water"
    with app_sqlite.app_context():
        assert get_fact("department", "water")["aliases"] == ["水务局", "水利局"]
    again = send(office, url, **values)
    assert again.status_code == 422
    assert "已经有了" in bad_fields(again)
    assert "市水务局" in text_of(again)


def test_an_error_of_the_service_is_in_the_language_of_the_page(office: FlaskClient):
    with office.session_transaction() as session:
        session["language"] = "en"
    values = {"id": "Wrong Code", "name": "X", "kind": "government", "position": "9"}
    answer = send(office, "/office/facts/department/add", **values)
    assert answer.status_code == 422
    assert "small letters, digits" in bad_fields(answer)


def test_a_fact_goes_out_of_use_and_comes_back(office: FlaskClient, app_sqlite: Flask):
    url = "/office/facts/menu_item/S05"
    assert send(office, f"{url}/deactivate", page=url).status_code == 303
    page = text_of(office.get(url))
    assert "重新启用" in page
    assert 'menu_item/S05"' in text_of(office.get("/office/facts/menu_item?show=inactive"))
    assert 'menu_item/S05"' not in text_of(office.get("/office/facts/menu_item?q=S05"))
    with app_sqlite.app_context():
        load_facts(NOW)
        assert not get_fact("menu_item", "S05")["is_active"]
    send(office, f"{url}/reactivate", page=url)
    with app_sqlite.app_context():
        assert get_fact("menu_item", "S05")["is_active"]


def test_a_fact_keeps_a_department_that_went_out_of_use(office: FlaskClient, app_sqlite: Flask):
    values = sent_values(app_sqlite, "menu_item", "S05")
    department = f"/office/facts/department/{values['department_id']}"
    send(office, f"{department}/deactivate", page=department)
    url = "/office/facts/menu_item/S05"
    assert send(office, url, **values | {"name": "新名字"}).status_code == 303


# Accounts


def new_password_in(answer: TestResponse) -> str:
    found = re.search(r'id="first-password">([^<]+)<', answer.get_data(as_text=True))
    assert found is not None
    return found[1]


def test_a_new_account_is_shown_its_password_once_and_must_change_it(office: FlaskClient, app_sqlite: Flask):
    url = "/office/accounts/add?party=department"
    answer = send(office, url, username="liaison.9", display_name="马联络", department_id="health")
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    password = new_password_in(answer)
    with app_sqlite.app_context():
        (entry,) = list_accounts("liaison.9").rows
    assert entry.must_change_password
    assert [seat.party for seat in entry.seats] == ["department"]
    assert password not in text_of(office.get(f"/office/accounts/{entry.id}"))
    theirs = sign_in(app_sqlite, entry.id, password)
    assert theirs.get("/department/").location == "/account"


@pytest.mark.parametrize(
    ("party", "values", "words"),
    [
        ("department", {"username": "Li Wei"}, "小写字母"),
        ("department", {"username": ""}, "请填用户名"),
        ("department", {"username": "taken"}, "已经有人用了"),
        ("department", {"display_name": ""}, "请填姓名"),
        ("department", {"display_name": "名" * 65}, "最多 64 个字"),
        ("department", {"department_id": "nobody"}, "请从列表里选"),
        ("department", {"department_id": ""}, "请选择部门"),
        ("community", {"division_code": "640000000000"}, "请从列表里选"),
        ("team", {"team_id": "9999"}, "请从列表里选"),
        ("volunteer", {"volunteer_id": "V9999999"}, "没有这个编号"),
    ],
)
def test_a_bad_account_is_refused_at_its_field(
    office: FlaskClient, app_sqlite: Flask, party: str, values: dict[str, str], words: str
):
    with app_sqlite.app_context():
        make_actor(Party.OFFICE, "某人", username="taken")
        before = list_accounts().total
    good = {"username": "somebody", "display_name": "保留的姓名", "department_id": "health"}
    answer = send(office, f"/office/accounts/add?party={party}", **good | values)
    assert answer.status_code == 422
    assert words in bad_fields(answer)
    if "display_name" not in values:
        assert "保留的姓名" in text_of(answer)
    with app_sqlite.app_context():
        assert list_accounts().total == before


def test_a_reset_password_ends_the_sessions_and_works(office: FlaskClient, app_sqlite: Flask, city: City):
    theirs = sign_in(app_sqlite, city.department.account_id)
    assert theirs.get("/department/").status_code == 200
    page = f"/office/accounts/{city.department.account_id}"
    answer = send(office, f"{page}/password", page=page)
    assert answer.status_code == 200
    assert "no-store" in answer.headers["Cache-Control"]
    assert theirs.get("/department/").status_code == 303
    again = sign_in(app_sqlite, city.department.account_id, new_password_in(answer))
    assert again.get("/department/").location == "/account"


def test_a_closed_account_is_signed_out_at_once(office: FlaskClient, app_sqlite: Flask, city: City):
    theirs = sign_in(app_sqlite, city.team.account_id)
    page = f"/office/accounts/{city.team.account_id}"
    assert send(office, f"{page}/deactivate", page=page).status_code == 303
    assert theirs.get("/team/").status_code == 303
    assert send(office, f"{page}/reactivate", page=page).status_code == 303
    assert sign_in(app_sqlite, city.team.account_id).get("/team/").status_code == 200


def test_the_office_can_not_lock_itself_out(office: FlaskClient, app_sqlite: Flask, city: City):
    page = f"/office/accounts/{city.office.account_id}"
    with app_sqlite.app_context():
        (seat,) = get_account(city.office.account_id or 0).seats
    for action in ("deactivate", "password", f"seats/{seat.id}/remove"):
        answer = send(office, f"{page}/{action}", page=page)
        assert answer.status_code == 409, action
        assert "另一位纲要办人员" in text_of(answer)
    assert office.get("/office/accounts").status_code == 200


def test_seats_are_added_and_removed(office: FlaskClient, app_sqlite: Flask, city: City):
    page = f"/office/accounts/{city.department.account_id}"
    add = f"{page}/seats/add?party=community"
    assert send(office, add, division_code=city.community.division_code).status_code == 303
    again = send(office, add, division_code=city.town.division_code)
    assert again.status_code == 422
    assert "已有这一类岗位" in bad_fields(again)
    with app_sqlite.app_context():
        seats = get_account(city.department.account_id or 0).seats
    assert [seat.party for seat in seats] == ["department", "community"]
    assert send(office, f"{page}/seats/{seats[1].id}/remove", page=page).status_code == 303
    assert send(office, f"{page}/seats/{seats[1].id}/remove", page=page).status_code == 404


# Teams and volunteers

_TEAM = {
    "name": "葡萄酒学院服务队",
    "department_id": "agriculture",
    "themes": ["agri"],
    "host_kind": "school",
    "level": "4",
    "weekly_capacity": "3",
    "parallel_events": "2",
    "yearly_minimum": "4",
    "is_active": "y",
}


def known_team(app: Flask) -> dict[str, Any]:
    """A good team, with a department and a theme that the data know."""
    with app.app_context():
        team = db.session.query(Team).first()
        assert team is not None
        return _TEAM | {"department_id": team.department_id, "themes": list(team.themes)}


def test_a_team_is_added_edited_and_taken_out_of_use(office: FlaskClient, app_sqlite: Flask):
    values = known_team(app_sqlite)
    answer = send(office, "/office/teams/add", **values)
    assert answer.status_code == 303, bad_fields(answer)
    page = answer.location
    assert "葡萄酒学院服务队" in text_of(office.get(page))
    del values["is_active"]
    assert send(office, page, **values | {"host": "葡萄酒学院"}).status_code == 303
    with app_sqlite.app_context():
        team = db.session.query(Team).filter_by(name="葡萄酒学院服务队").one()
        assert (team.host, team.is_active) == ("葡萄酒学院", False)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "请填写服务队名称"),
        ("name", "市医院测试队", "已有同名"),
        ("weekly_capacity", "0", "1 到 100"),
        ("weekly_capacity", "一两次", "请填整数"),
        ("department_id", "nobody", "请从列表里选"),
        ("themes", [], "至少选一个"),
        ("themes", ["nothing"], "请从列表里选"),
    ],
)
def test_a_bad_team_is_refused_at_its_field(office: FlaskClient, app_sqlite: Flask, field: str, value: Any, words: str):
    answer = send(office, "/office/teams/add", **known_team(app_sqlite) | {"host": "保留的单位", field: value})
    assert answer.status_code == 422
    assert words in bad_fields(answer)
    assert "保留的单位" in text_of(answer)


def test_a_volunteer_is_added_then_verified_paused_and_let_go(office: FlaskClient, app_sqlite: Flask):
    values = {"name": "欧阳𠮷", "phone": "199 0000 1234", "team_id": "1", "skills": ["nutrition"]}
    answer = send(office, "/office/volunteers/add", **values)
    assert answer.status_code == 303, bad_fields(answer)
    page = answer.location
    undocumented = send(office, f"{page}/verify", page=page)
    assert undocumented.status_code == 422
    assert "还没有证件" in text_of(undocumented)
    number = id_number()
    assert (
        send(office, page, **values | {"phone": "", "id_kind": "resident_id", "id_number": number}).status_code == 303
    )
    shown = text_of(office.get(page))
    assert number not in shown
    assert "19900001234" not in shown
    assert "640***" in shown
    for change, status in (("verify", "verified"), ("pause", "paused"), ("verify", "verified"), ("leave", "left")):
        if change in ("pause", "leave"):
            silent = send(office, f"{page}/{change}", page=page)
            assert silent.status_code == 422
            assert "请写明原因" in bad_fields(silent)
        assert send(office, f"{page}/{change}", page=page, reason="搬家").status_code == 303
        with app_sqlite.app_context():
            person = db.session.query(Volunteer).filter_by(name="欧阳𠮷").one()
            assert (person.status, person.phone) == (status, "19900001234")
    assert "搬家" in text_of(office.get(page))
    refused = send(office, f"{page}/pause", page=page, reason="搬家")
    assert refused.status_code == 409
    assert "不能改为" in text_of(refused)
    assert send(office, f"{page}/promote", page=page).status_code == 404


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "请填写姓名"),
        ("phone", "12345", "电话号码不对"),
        ("team_id", "9999", "请从列表里选"),
        ("skills", ["flying"], "请从列表里选"),
        ("licences-0-skill", "flying", "请从列表里选"),
        ("licences-0-expires_on", "明年", "请填日期"),
        ("id_number", "640381198005170012", "校验位不对"),
        ("birth_on", "明年", "请填日期"),
    ],
)
def test_a_bad_volunteer_is_refused_at_its_field(office: FlaskClient, field: str, value: Any, words: str):
    licence = {"licences-0-skill": "nutrition", "licences-0-title": "营养师证"}
    values = {"name": "保留的名字", "id_kind": "resident_id", "skills": ["nutrition"], **licence, field: value}
    answer = send(office, "/office/volunteers/add", **values)
    assert answer.status_code == 422
    assert words in bad_fields(answer)
    if field != "name":
        assert "保留的名字" in text_of(answer)


# Lists


@pytest.mark.parametrize(
    "page", ["/office/accounts", "/office/teams", "/office/teams/1", "/office/volunteers", "/office/facts/department"]
)
def test_a_list_costs_the_same_however_long_it_is(office: FlaskClient, app_sqlite: Flask, page: str):
    office.get(page)  # whatever is read once only
    with counted(app_sqlite) as few:
        office.get(page)
    with app_sqlite.app_context(), transaction():
        for serial in range(40):
            make_actor(Party.DEPARTMENT, "多", department_id="health")
            make_team("health", themes=("health",), people=0)
            make_volunteer(1 if serial % 2 else None)
    with counted(app_sqlite) as many:
        answer = office.get(page)
    assert len(many) == len(few)
    assert page.startswith("/office/facts") or "下一页" in text_of(answer) or page == "/office/teams/1"


def test_an_empty_list_says_so(office: FlaskClient):
    for page in ("accounts", "teams", "volunteers", "facts/term"):
        assert "没有找到" in text_of(office.get(f"/office/{page}?q=查无此人")), page
