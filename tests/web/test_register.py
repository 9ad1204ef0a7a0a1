"""A resident may make an account; nobody has to."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from qtxvol.directory.loader import load_facts
from tests.conftest import csrf_of
from tests.factories import COMMUNITY, NOW, PASSWORD

pytestmark = pytest.mark.one_database  # what its pages read is asked of both in the rooms

GOOD = {
    "username": "wang.test",
    "display_name": "王测试",
    "division_code": COMMUNITY,
    "password": PASSWORD,
    "password_again": PASSWORD,
}


@pytest.fixture
def visitor(app: Flask) -> FlaskClient:
    with app.app_context():
        load_facts(NOW)
    return app.test_client()


def register(visitor: FlaskClient, **changed: str):
    token = csrf_of(visitor, "/register")
    return visitor.post("/register", data={"csrf_token": token, **GOOD, **changed})


def test_a_new_resident_is_signed_in_and_sees_an_empty_list(visitor: FlaskClient) -> None:
    answer = register(visitor)
    assert (answer.status_code, answer.location) == (303, "/resident/")
    page = visitor.get("/resident/").get_data(as_text=True)
    assert "东街居委会" in page
    assert "这里没有单" in page
    assert visitor.get("/community/").status_code == 403


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"username": "王"}, "用户名用 3 到 64 个小写字母"),
        ({"username": ""}, "请填用户名。"),
        ({"display_name": "长" * 33}, "最多 32 个字"),
        ({"password": "short", "password_again": "short"}, "密码至少 10 个字符。"),
        ({"password_again": "something-else"}, "两次填的密码不一样。"),
        ({"division_code": "999999999999"}, "请从列表里选一项。"),
    ],
)
def test_a_bad_field_is_named_and_the_rest_stays(visitor: FlaskClient, changed: dict[str, str], sentence: str) -> None:
    answer = register(visitor, **changed)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert sentence in page
    assert ("王测试" in page) == ("display_name" not in changed)
    assert PASSWORD not in page


def test_a_name_can_be_taken_once(visitor: FlaskClient, app: Flask) -> None:
    assert register(visitor).status_code == 303
    again = register(app.test_client())
    assert again.status_code == 422
    assert "王测试" in again.get_data(as_text=True)


def test_registering_in_bulk_slows_down(app: Flask, visitor: FlaskClient) -> None:
    answers = [register(app.test_client(), username=f"robot{i}", password="x").status_code for i in range(3)]
    assert answers == [422, 422, 422]  # badly filled forms cost nothing
    for i in range(10):
        assert register(app.test_client(), username=f"robot{i}").status_code == 303
    assert register(app.test_client(), username="robot99").status_code == 429
