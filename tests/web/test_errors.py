"""Error pages: what happened, what was kept, what to do next; and ours still stands when the database does not."""

import logging
import re
from collections.abc import Callable
from typing import NoReturn

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import TooManyRequests

from qtxvol.extensions import db
from qtxvol.refusals import NotFound, Refused
from qtxvol.web.access import make_blueprint, open_to_all
from qtxvol.web.view_settings import COOKIE
from tests.conftest import csrf_of
from tests.web.pages import FROM_HERE, get_page, read
from tests.web.site import Site

pytestmark = pytest.mark.one_database  # what its pages read is asked of both in the rooms

#: Status and its heading.
HEADINGS = {
    400: "这个请求没有看懂",
    401: "请先登录",
    403: "这一页不归您的岗位",
    404: "没有找到",
    405: "这个地址不能这样打开",
    409: "现在不能这样办",
    413: "上传的内容太大",
    422: "内容有误",
    429: "操作太频繁",
    500: "系统出了点问题",
    503: "系统正在维护",
}
KEPT = {500: "不会重复点单", 503: "过几分钟按返回键再提交一次"}


def add_page(app: Flask, answer: Callable[[], NoReturn]) -> None:
    """`/fails`, which does what `answer` does."""
    bp = make_blueprint("fails_in_test", __name__, gate=open_to_all)
    bp.add_url_rule("/fails", view_func=answer, methods=["GET", "POST"], endpoint="fails")
    app.register_blueprint(bp)


def post(client: FlaskClient) -> str:
    answer = client.post("/fails", data={"csrf_token": csrf_of(client, "/about")}, headers=FROM_HERE)
    return read(answer).text


@pytest.mark.parametrize("status", HEADINGS)
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("look", ["plain-100-auto", "elder-125-auto"])
def test_every_status_says_what_happened_and_where_to_go_on(
    app_sqlite: Flask, status: int, language: str, look: str
) -> None:
    add_page(app_sqlite, lambda: abort(status))
    client = app_sqlite.test_client()
    client.set_cookie(COOKIE, look)
    with client.session_transaction() as session:
        session["language"] = language
    answer = client.get("/fails")
    page = read(answer)
    main = page.html.partition("<main")[2].partition("</main>")[0]
    assert answer.status_code == status
    assert str(status) in main
    assert 'href="/"' in main
    assert 'href="/track"' in main
    assert ("/login" in main) == (status < 500)
    assert 'class="note"' not in main, "nothing was being sent"
    if language == "zh":
        assert HEADINGS[status] in page.text
        assert "还是不行？请打社区电话" in page.text


@pytest.mark.parametrize("status", HEADINGS)
def test_whoever_sent_something_is_told_what_became_of_it(app_sqlite: Flask, status: int) -> None:
    add_page(app_sqlite, lambda: abort(status))
    assert KEPT.get(status, "填写的文字还在") in post(app_sqlite.test_client())


def test_the_way_out_names_the_hotline(app_sqlite: Flask) -> None:
    object.__setattr__(app_sqlite.extensions["qtxvol_settings"], "hotline", "0953-1234567")
    page = read(app_sqlite.test_client().get("/no-such-page"))
    assert 'href="tel:0953-1234567"' in page.html.partition("<main")[2].partition("</main>")[0]


def refuse(seconds: int) -> NoReturn:
    raise Refused("wait", 429, seconds=seconds)


def slow_down(seconds: int) -> NoReturn:
    raise TooManyRequests(retry_after=seconds)


@pytest.mark.parametrize("raised", [refuse, slow_down])
@pytest.mark.parametrize(("seconds", "words"), [(45, "45 秒"), (60, "1 分钟"), (61, "2 分钟")])
def test_too_fast_says_how_long_to_wait(
    app_sqlite: Flask, raised: Callable[[int], NoReturn], seconds: int, words: str
) -> None:
    add_page(app_sqlite, lambda: raised(seconds))
    answer = app_sqlite.test_client().get("/fails")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, str(seconds))
    assert f"请过 {words} 再试" in read(answer).text


def test_a_refusal_says_its_own_sentence(app_sqlite: Flask) -> None:
    def answer() -> NoReturn:
        raise Refused("question_open")

    add_page(app_sqlite, answer)
    page = read(app_sqlite.test_client().get("/fails"))
    assert "还有一个问题等居民答复" in page.text


def test_what_is_private_looks_like_what_is_not_there(app_sqlite: Flask) -> None:
    def answer() -> NoReturn:
        raise NotFound("an order of somebody else's")

    add_page(app_sqlite, answer)
    client = app_sqlite.test_client()
    ours, nothing = client.get("/fails"), client.get("/no-such-page")
    assert ours.status_code == nothing.status_code == 404
    assert "somebody" not in ours.text
    assert [each.text.partition("<main")[2] for each in (ours,)] == [nothing.text.partition("<main")[2]]


def test_our_own_fault_has_a_number_that_stands_in_the_log_too(
    app_sqlite: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    def answer() -> NoReturn:
        raise RuntimeError("secret detail")

    add_page(app_sqlite, answer)
    with caplog.at_level(logging.ERROR):
        page = read(app_sqlite.test_client().get("/fails"))
    reference = re.search(r"编号 ([0-9a-f]{6})", page.text)
    assert reference is not None
    assert reference[1] in caplog.text
    assert "secret detail" in caplog.text
    assert "secret detail" not in page.html


@pytest.mark.parametrize("is_signed_in", [False, True])
def test_our_own_fault_is_a_page_even_when_the_database_is_down(site: Site, is_signed_in: bool) -> None:
    client = site.browser(site.city.community) if is_signed_in else site.browser()
    get_page(client, "/about")
    with site.app.app_context():
        engine = db.engine

    def refuse_all(*_args: object) -> NoReturn:
        raise OperationalError("SELECT 1", {}, ConnectionError("the database is down"))

    event.listen(engine, "before_cursor_execute", refuse_all)
    try:
        for url in ("/menu", "/community/"):
            if url == "/community/" and not is_signed_in:
                continue
            answer = client.get(url)
            page = read(answer)
            assert answer.status_code == 500, url
            assert "系统出了点问题" in page.text
            assert re.search(r"编号 [0-9a-f]{6}", page.text)
    finally:
        event.remove(engine, "before_cursor_execute", refuse_all)
    assert client.get("/menu").status_code == 200, "and all is well again afterwards"
