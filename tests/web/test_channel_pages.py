"""The office's channels, a body's addresses, and science days, as pages."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from qtxvol.channels.sending import read_settings
from tests.channels.receivers import Receiver, http_receiver
from tests.databases import running_app, settings_for
from tests.web.conftest import site_of
from tests.web.pages import get_page, post_form, read, submit
from tests.web.site import Site

pytestmark = pytest.mark.one_database  # what its pages read is asked of both in the rooms

MAIL = {
    "host": "smtp.example.cn",
    "security": "starttls",
    "port": "587",
    "username": "keji",
    "password": "s3cret-pass",
    "sender": "keji@example.cn",
}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with http_receiver() as found:
        yield found


@pytest.fixture
def near(sqlite_database: str, tmp_path: Path, receiver: Receiver) -> Iterator[Site]:
    """A city whose service may send to the receiver."""
    settings = settings_for(sqlite_database, tmp_path, outgoing_hosts=(receiver.host,))
    with running_app(settings) as app, site_of(app) as site:
        yield site


def test_a_channel_is_set_up_and_switched_on_and_its_password_is_never_shown(site: Site) -> None:
    client = site.browser(site.city.office)
    page = get_page(client, "/office/channels")
    assert "没有设置" in page.text
    answer = post_form(client, "/office/channels/mail", "/office/channels/mail", MAIL)
    assert answer.status_code == 303
    page = get_page(client, "/office/channels/mail")
    assert "已保存。请发一条测试消息" in page.text
    form = page.form("/office/channels/mail")
    assert (form.get("host"), form.get("port"), form.get("password")) == ("smtp.example.cn", "587", "")
    assert "s3cret" not in page.html
    assert "留空不变" in page.text
    assert "改了设置：邮件服务器、加密方式、端口、登录名、密码或授权码、发件地址" in page.text
    answer = submit(client, page.form("/office/channels/mail/switch"), {"on": "1"})
    assert answer.status_code == 303
    assert "启用" in get_page(client, "/office/channels").text


def test_what_was_typed_stays_when_a_field_is_wrong(site_sqlite: Site) -> None:
    client = site_sqlite.browser(site_sqlite.city.office)
    answer = post_form(client, "/office/channels/mail", "/office/channels/mail", {**MAIL, "sender": "科普"})
    assert answer.status_code == 422
    page = read(answer)
    assert page.error_of("sender") == "出错：发件地址要像 name@example.cn 这样。"
    form = page.form("/office/channels/mail")
    assert {name: form.get(name) for name in MAIL} == {**MAIL, "sender": "科普"}


def test_another_server_asks_for_the_password_again_and_loses_nothing(site_sqlite: Site) -> None:
    client = site_sqlite.browser(site_sqlite.city.office)
    url = "/office/channels/mail"
    assert post_form(client, url, url, MAIL).status_code == 303
    answer = post_form(client, url, url, {"host": "mail.example.cn", "password": ""})
    assert answer.status_code == 422
    page = read(answer)
    assert "改了“邮件服务器”，请把“密码或授权码”重新填一遍" in page.error_of("password")
    assert page.form(url).get("host") == "mail.example.cn"
    assert submit(client, page.form(url), {"password": "s3cret-pass"}).status_code == 303


def test_of_two_windows_the_second_is_told_and_may_insist(site_sqlite: Site) -> None:
    client = site_sqlite.browser(site_sqlite.city.office)
    first = get_page(client, "/office/channels/mail").form("/office/channels/mail")
    assert submit(client, first, MAIL).status_code == 303
    answer = submit(client, first, {**MAIL, "port": "2525"})
    assert answer.status_code == 409
    page = read(answer)
    assert "有人改过这里的设置" in page.text
    assert submit(client, page.form("/office/channels/mail"), {"password": ""}).status_code == 303
    with site_sqlite.app.app_context():
        assert (read_settings("mail") or {})["port"] == "2525"


def test_switching_on_says_what_is_missing(site_sqlite: Site) -> None:
    client = site_sqlite.browser(site_sqlite.city.office)
    answer = post_form(client, "/office/channels/mail", "/office/channels/mail/switch", {"on": "1"})
    assert answer.status_code == 422
    assert "启用前请先填写“邮件服务器”。" in read(answer).text


def test_a_test_message_shows_the_real_answer(near: Site, receiver: Receiver) -> None:
    client = near.browser(near.city.office)
    url, action = "/office/channels/wecom", "/office/channels/wecom/try"
    assert post_form(client, url, f"{url}/switch", {"on": "1"}).status_code == 303
    receiver.says('{"errcode":93000,"errmsg":"invalid webhook url"}')
    page = read(post_form(client, url, action, {"address": f"{receiver.url}/send?key=k1"}))
    assert "测试消息——对方拒收：errcode 93000 invalid webhook url" in page.text
    assert page.form(action).get("address") == f"{receiver.url}/send?key=k1"
    assert "启用，有故障" in get_page(client, "/office/channels").text
    bad = post_form(client, url, action, {"address": "http://example.cn/send?key=1"})
    assert bad.status_code == 422
    assert "不能发往这个主机" in read(bad).error_of("address")


def test_a_body_adds_tries_and_removes_its_robot(near: Site, receiver: Receiver) -> None:
    office, unit = near.browser(near.city.office), near.browser(near.city.department)
    assert "纲要办还没有启用可用的渠道" in get_page(unit, "/department/addresses").text
    post_form(office, "/office/channels/webhook", "/office/channels/webhook/switch", {"on": "1"})
    url = "/department/addresses"
    bad = post_form(unit, url, url, {"channel": "webhook", "address": "ftp://x"})
    assert bad.status_code == 422
    assert read(bad).form(url).get("address") == "ftp://x"
    assert (
        post_form(unit, url, url, {"channel": "webhook", "address": f"{receiver.url}/in#own-secret"}).status_code == 303
    )
    page = get_page(unit, url)
    assert "own-secret" not in page.html
    trial = next(form for form in page.forms if form.action.endswith("/try"))
    assert submit(unit, trial).status_code == 303
    assert "测试消息——已送达对方服务器：HTTP 200" in get_page(unit, url).text
    assert len(receiver.seen) == 1
    listed = get_page(office, "/office/addresses")
    assert "通用 Webhook" in listed.text
    remove = next(form for form in page.forms if form.action.endswith("/remove"))
    assert submit(unit, remove).status_code == submit(unit, remove).status_code == 303
    assert "这个地址已经不在了" in get_page(unit, url).text


def test_the_office_adds_an_address_for_a_body_of_its_choice(near: Site, receiver: Receiver) -> None:
    office = near.browser(near.city.office)
    post_form(office, "/office/channels/webhook", "/office/channels/webhook/switch", {"on": "1"})
    url, typed = "/office/addresses", {"channel": "webhook", "address": f"{receiver.url}/in"}
    missing = post_form(office, url, url, {**typed, "body": ""})
    assert missing.status_code == 422
    assert read(missing).error_of("body")
    assert post_form(office, url, url, {**typed, "body": f"team:{near.city.team.team_id}"}).status_code == 303
    assert receiver.host.partition(":")[0] in get_page(near.browser(near.city.team), "/team/addresses").text
    assert not [
        form
        for form in get_page(near.browser(near.city.community), "/community/addresses").forms
        if form.action.endswith("/remove")
    ]


# Science days


def test_residents_see_the_day_that_is_near_with_items_that_fit(site_sqlite: Site) -> None:
    site_sqlite.move_to(datetime(2026, 11, 1, 2, 0, tzinfo=UTC))
    stranger = site_sqlite.browser()
    for url in ("/", "/order"):
        page = get_page(stranger, url)
        assert "11月9日（周一） 全国消防日" in page.text
        assert "消防安全体验" in page.text
        links = [attributes.get("href") for tag, attributes in page.tags if tag == "a"]
        assert "/order?audience=residents&item=S56" in links
    answer = submit(stranger, page.form("/order"), {"audience": "elderly", "go": "menu"})
    assert "全国消防日" not in read(answer).text  # a link away would lose what was typed


def test_nothing_is_shown_when_nothing_is_near(site_sqlite: Site) -> None:
    site_sqlite.move_to(datetime(2026, 7, 1, 2, 0, tzinfo=UTC))
    assert "near" not in [attributes.get("class") for _, attributes in get_page(site_sqlite.browser(), "/").tags]


def test_a_department_sees_what_is_near_and_the_year_ahead(site_sqlite: Site) -> None:
    site_sqlite.move_to(datetime(2026, 11, 24, 2, 0, tzinfo=UTC))
    client = site_sqlite.browser(site_sqlite.city.department)
    page = get_page(client, "/department/")
    assert "12月1日（周二） 世界艾滋病日：本部门有" in page.text
    page = get_page(client, "/department/science-days")
    assert "下学期：2026—2027学年第二学期" in page.text
    assert page.text.index("世界艾滋病日") < page.text.index("全国科普日")
    assert "9月18日—24日" in page.text
    assert "全国科普日" in get_page(client, "/department/science-days").text


def test_the_calendar_reads_well_in_english(site_sqlite: Site) -> None:
    client = site_sqlite.browser(site_sqlite.city.department)
    with client.session_transaction() as session:
        session["language"] = "en"
    page = get_page(client, "/department/science-days")
    assert "18–24 Sep" in page.text
    assert "National Science Popularisation Day" in page.text
