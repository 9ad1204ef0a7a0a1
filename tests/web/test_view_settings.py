"""显示设置: what is chosen is kept on the device, shown on every page, and never breaks one."""

from http.cookies import SimpleCookie

import pytest
from flask import Flask
from flask.testing import FlaskClient

from qtxvol.web.view_settings import COOKIE, Look, parse_look
from tests.factories import placed
from tests.web.pages import get_page, post_form, read, submit
from tests.web.site import WHAT, WHERE, WHO, Site, number_in

pytestmark = pytest.mark.one_database  # what its pages read is asked of both in the rooms


def html_class(client: FlaskClient, url: str = "/about") -> str:
    page = get_page(client, url)
    return next(attributes.get("class") or "" for tag, attributes in page.tags if tag == "html")


@pytest.mark.parametrize(
    "text",
    ["", "-", "---", "elders", "ELDER-1-x", "plain-99-auto", "plain-1e2-auto", "\0", "长辈", "plain-100-" + "x" * 5000],
)
def test_a_cookie_that_makes_no_sense_is_the_default(text: str) -> None:
    assert parse_look(text) == Look()


def test_a_cookie_keeps_what_it_says_well() -> None:
    assert parse_look("elder-nonsense-dark") == Look(is_elder=True, theme="dark")
    for look in (Look(), Look(True, 175, "light"), Look(False, 200, "dark")):
        assert parse_look(look.to_cookie()) == look


def test_elder_mode_is_never_smaller_than_125_and_gives_the_old_size_back() -> None:
    assert (Look(True, 100).size, Look(True, 150).size, Look(False, 100).size) == (125, 150, 100)
    assert Look(True).sizes == (125, 150, 175, 200)


def test_one_tap_in_the_header_turns_elder_mode_on_and_off_again(app_sqlite: Flask) -> None:
    client = app_sqlite.test_client()
    answer = post_form(client, "/menu?theme=health", "/view", {"elder": "on"})
    assert (answer.status_code, answer.location) == (303, "/menu?theme=health")
    assert html_class(client, "/menu") == "elder size-125"
    page = get_page(client, "/menu")
    assert "退出长辈版" in page.text
    assert "elder.css" in page.html
    assert post_form(client, "/menu", "/view", {"elder": "off"}).status_code == 303
    assert html_class(client, "/menu") == ""
    assert "elder.css" not in get_page(client, "/menu").html


def test_the_cookie_lasts_a_year_and_is_out_of_reach_for_scripts(app_sqlite: Flask) -> None:
    answer = post_form(app_sqlite.test_client(), "/view", "/view", {"size": "150"})
    header = next(value for value in answer.headers.getlist("Set-Cookie") if value.startswith(COOKIE))
    morsel = SimpleCookie(header)[COOKIE]
    assert morsel.value == "plain-150-auto"
    assert int(morsel["max-age"]) == 365 * 24 * 3600
    assert (morsel["path"], morsel["samesite"], morsel["httponly"]) == ("/", "Lax", True)


def test_the_settings_page_keeps_all_four_choices(app_sqlite: Flask) -> None:
    client = app_sqlite.test_client()
    chosen = {"elder": "on", "size": "200", "theme": "dark", "language": "en", "next": None}
    forms = [form for form in get_page(client, "/view").forms if form.action == "/view"]
    answer = submit(client, forms[1], chosen)
    assert (answer.status_code, answer.location) == (303, "/view")
    page = get_page(client, "/view")
    assert html_class(client) == "elder size-200 theme-dark"
    assert 'lang="en"' in page.html
    form = [form for form in page.forms if form.action == "/view"][1]
    assert {name: form.get(name) for name in chosen if name != "next"} == {
        name: value for name, value in chosen.items() if name != "next"
    }


@pytest.mark.parametrize(
    "wanted", [{"size": "9999"}, {"theme": "pink"}, {"elder": "maybe"}, {"size": ""}, {"language": "xx"}, {"x": "y"}]
)
def test_odd_wishes_change_nothing(app_sqlite: Flask, wanted: dict[str, str]) -> None:
    client = app_sqlite.test_client()
    answer = post_form(client, "/about", "/view", wanted)
    assert answer.status_code == 303
    assert COOKIE not in str(answer.headers.getlist("Set-Cookie"))
    assert html_class(client) == ""


@pytest.mark.parametrize("path", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_the_way_back_never_leads_elsewhere(app_sqlite: Flask, path: str) -> None:
    answer = post_form(app_sqlite.test_client(), "/about", "/view", {"elder": "on", "next": path})
    assert answer.location == "/view"


def test_a_change_without_a_token_is_refused(app_sqlite: Flask) -> None:
    client = app_sqlite.test_client()
    assert client.post("/view", data={"elder": "on"}).status_code == 400
    assert html_class(client) == ""


def test_the_home_page_of_elder_mode_has_three_ways_and_nothing_else(site_sqlite: Site) -> None:
    client = site_sqlite.browser()
    client.set_cookie(COOKIE, "elder-125-auto")
    page = get_page(client, "/")
    main = page.html.partition("<main")[2].partition("</main>")[0]
    assert main.count("<li") == 3
    assert "今年做了多少" not in main
    assert not any(tag == "a" and attributes.get("href") == "/login" for tag, attributes in page.tags)


def test_a_hotline_is_offered_where_there_is_one(site_sqlite: Site) -> None:
    client = site_sqlite.browser()
    client.set_cookie(COOKIE, "elder-125-auto")
    assert "tel:" not in get_page(client, "/").html
    settings = site_sqlite.app.extensions["qtxvol_settings"]
    object.__setattr__(settings, "hotline", "0953-1234567")
    assert 'href="tel:0953-1234567"' in get_page(client, "/").html.partition("<footer")[0]


def test_elder_mode_shows_few_items_first_and_every_item_is_still_there(site_sqlite: Site) -> None:
    client = site_sqlite.browser()
    all_items = get_page(client, "/order?audience=elderly").forms
    client.set_cookie(COOKIE, "elder-125-auto")
    page = get_page(client, "/order?audience=elderly")
    assert page.html.index("更多项目") < page.html.index('name="wish"')
    before_more = page.html.partition('name="item"')[2].partition("更多项目")[0]
    assert before_more.count('name="item"') == 4  # five with the one cut off: four items and one's own words
    options = [form.options["item"] for form in page.forms if "item" in form.options]
    assert sorted(options[0]) == sorted(next(form.options["item"] for form in all_items if "item" in form.options))


def test_what_is_ordered_most_stands_first(site_sqlite: Site) -> None:
    for _ in range(2):
        site_sqlite.make(placed, menu_item_id="S12")
    client = site_sqlite.browser()
    client.set_cookie(COOKIE, "elder-125-auto")
    page = get_page(client, "/order?audience=elderly")
    assert next(form.options["item"][0] for form in page.forms if "item" in form.options) == "S12"


def test_turning_elder_mode_on_in_the_middle_of_an_order_loses_nothing(site: Site) -> None:
    client = site.browser()
    answer = submit(client, get_page(client, "/order").form("/order"), {**WHAT, "go": "next"})
    form = read(answer).form("/order")
    answer = submit(client, form, {**WHERE, "elder": "on"})
    assert answer.status_code == 200
    page = read(answer)
    assert "退出长辈版" in page.text
    form = page.form("/order")
    assert (form.get("venue"), form.get("day_1"), form.get("item")) == (WHERE["venue"], WHERE["day_1"], WHAT["item"])
    answer = submit(client, form, {"go": "next", "language": "en"})
    assert "Exit" in read(answer).text or "elder" in read(answer).html
    answer = submit(client, read(answer).form("/order"), {"go": "next"})
    number_in(submit(client, read(answer).form("/order"), {**WHO, "go": "send"}))


def test_after_a_refused_step_the_way_back_is_the_page_and_not_the_step(site_sqlite: Site) -> None:
    number = site_sqlite.make(placed).number
    link = site_sqlite.link(number)
    client = site_sqlite.browser()
    form = get_page(client, link).form(f"{link}/cancel")
    headers = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin", "Referer": f"http://localhost{link}"}
    answer = submit(client, form, {"text": "字" * 600}, headers=headers)
    assert answer.status_code == 422
    assert read(answer).form("/view").get("next") == link
