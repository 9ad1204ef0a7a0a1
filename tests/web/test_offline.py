"""What the service does for phones without a line: pages to keep, a token to send with, orders that come once."""

import json
import re
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from qtxvol.accounts.attempts import PLACE_PHONE
from tests.factories import NOW
from tests.web.pages import FROM_HERE, get_page, post_form, read, submit
from tests.web.site import PHONE, WHAT, WHERE, WHO, Site, fill_wizard, number_in

pytestmark = pytest.mark.one_database  # what its pages read is asked of both in the rooms

KEY = "0123456789abcdef0123456789abcdef"
FORM = {**WHAT, **WHERE, **WHO, "key": KEY}


def token_of(client: FlaskClient) -> dict[str, str]:
    answer = client.get("/offline/token", headers=FROM_HERE)
    assert answer.status_code == 200
    return dict(answer.json)


def send(client: FlaskClient, **changes: Any) -> TestResponse:
    """As the outbox does it: a token first, then everything at once."""
    data = {**FORM, "csrf_token": token_of(client)["csrf_token"], **changes}
    return client.post("/offline/orders", data=data, headers=FROM_HERE)


def count_orders(site: Site) -> int:
    return site.rows()["orders"]


# orders


def test_an_order_that_waited_on_a_phone_is_placed_and_its_link_opens(site: Site) -> None:
    client = site.browser()
    answer = send(client, wish="请讲慢一点")
    assert answer.status_code == 201, answer.text
    assert set(answer.json) == {"number", "spoken", "link"}
    order = site.order(answer.json["number"])
    assert (order.wish, order.contact_phone, order.place_key) == ("请讲慢一点", PHONE, KEY)
    assert answer.json["spoken"] in get_page(site.browser(), answer.json["link"]).text


def test_the_same_key_is_the_same_order_however_often_it_is_sent(site: Site) -> None:
    first = send(site.browser())
    for _ in range(2):
        again = send(site.browser())
        assert (again.status_code, again.json) == (200, first.json)
    assert count_orders(site) == 1


def test_what_the_normal_form_has_sent_already_is_not_sent_twice(site: Site) -> None:
    """The answer to the last screen was lost; the phone keeps the form with its key and sends it from the box."""
    client = site.browser()
    form = fill_wizard(client).form("/order")
    number = number_in(submit(client, form, {**WHO, "go": "send"}))
    answer = send(client, key=form.get("key"))
    assert (answer.status_code, answer.json["number"]) == (200, number)
    assert count_orders(site) == 1


def test_changed_words_under_a_used_key_name_the_order_and_make_no_other(site: Site) -> None:
    number = send(site.browser()).json["number"]
    answer = send(site.browser(), headcount="31")
    assert answer.status_code == 409
    assert answer.json["number"] == number
    assert answer.json["link"] == f"/track?number={number}"  # not the secret link: the words are not the same
    assert "没有另外生成新单" in answer.json["sentences"][0]
    assert site.order(number).headcount == 30


def test_an_order_whose_answer_was_lost_until_its_times_were_over_is_still_that_order(site: Site) -> None:
    number = send(site.browser()).json["number"]
    site.move_to(NOW + timedelta(days=9))
    answer = send(site.browser())
    assert (answer.status_code, answer.json["number"]) == (409, number)
    assert count_orders(site) == 1


@pytest.mark.parametrize(
    ("changes", "sentence", "screen"),
    [
        ({"audience": "martians"}, "请选一类对象", 1),
        ({"venue": ""}, "请写具体地点", 2),
        ({"day_1": "2020-01-01"}, "这个时间已经过去了", 2),
        ({"contact_phone": "123"}, "电话号码不对", 3),
        ({"consent": ""}, "请先勾选同意", 3),
        ({"website": "http://robot.example"}, "请再点一次", 3),
        ({"division_code": "640381999999"}, "请从列表里选", 2),
    ],
)
def test_what_is_wrong_comes_back_in_sentences_with_the_screen_to_correct(
    site_sqlite: Site, changes: dict[str, str], sentence: str, screen: int
) -> None:
    answer = send(site_sqlite.browser(), **changes)
    assert answer.status_code == 422
    assert sentence in " ".join(answer.json["sentences"])
    assert answer.json["screen"] == screen
    assert count_orders(site_sqlite) == 0


def test_an_order_without_a_key_is_not_taken(site_sqlite: Site) -> None:
    for key in ("", "short", "x" * 65, "0123456789abcdef-;drop"):
        assert send(site_sqlite.browser(), key=key).status_code == 400
    assert count_orders(site_sqlite) == 0


def test_the_pace_is_that_of_the_normal_form(site_sqlite: Site) -> None:
    """Half by one way, half by the other: one count."""
    for turn in range(PLACE_PHONE.free):
        client = site_sqlite.browser()
        if turn % 2:
            assert send(client, key=f"{turn:032d}").status_code == 201
        else:
            form = fill_wizard(client).form("/order")
            assert submit(client, form, {**WHO, "go": "send"}).status_code == 303
    answer = send(site_sqlite.browser(), key=f"{99:032d}")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert "试得太多了" in answer.json["sentences"][0]
    assert count_orders(site_sqlite) == PLACE_PHONE.free


def test_an_order_belongs_to_the_account_that_filled_it_in_and_to_no_other(site_sqlite: Site) -> None:
    resident = site_sqlite.city.resident
    client = site_sqlite.browser(resident)
    account = token_of(client)["account"]
    assert account == str(resident.account_id)
    own = send(client, account=account).json["number"]
    for number, other in enumerate(("", "999999"), 1):  # filled in before somebody signed in; by somebody else
        answer = send(client, key=f"{number:032d}", account=other)
        assert site_sqlite.order(answer.json["number"]).placed_by_account_id is None
    assert site_sqlite.order(own).placed_by_account_id == resident.account_id


def test_a_clerk_who_is_signed_in_sends_it_as_the_residents_own(site_sqlite: Site) -> None:
    clerk = site_sqlite.city.community
    client = site_sqlite.browser(clerk)
    order = site_sqlite.order(send(client, account=str(clerk.account_id)).json["number"])
    assert (order.is_on_behalf, order.placed_by_account_id) == (False, None)


# the token


def test_a_token_is_for_our_own_pages_only(site_sqlite: Site) -> None:
    for headers in (
        {},
        {"Origin": "https://evil.example"},
        {"Referer": "https://evil.example/"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ):
        answer = site_sqlite.browser().get("/offline/token", headers=headers)
        assert answer.status_code == 403, headers
        assert 'csrf_token":' not in answer.text
    answer = site_sqlite.browser().get("/offline/token", headers=FROM_HERE)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer.json["account"] == ""


def test_a_token_of_another_session_sends_nothing(site_sqlite: Site) -> None:
    stolen = token_of(site_sqlite.browser())["csrf_token"]
    client = site_sqlite.browser()
    token_of(client)
    answer = client.post("/offline/orders", data={**FORM, "csrf_token": stolen}, headers=FROM_HERE)
    assert answer.status_code == 400
    assert count_orders(site_sqlite) == 0


# pages that phones keep


@pytest.mark.parametrize("url", ["/offline", "/offline/order"])
def test_kept_pages_are_the_same_for_everybody_and_hold_no_token(site_sqlite: Site, url: str) -> None:
    city = site_sqlite.city
    stranger = site_sqlite.browser().get(url)
    assert stranger.status_code == 200
    assert "Set-Cookie" not in stranger.headers
    for actor in (city.resident, city.team, city.office):
        assert site_sqlite.browser(actor).get(url).text == stranger.text
    assert "csrf_token" not in stranger.text
    assert "data-account" not in stranger.text


def test_the_kept_form_holds_the_whole_menu_and_every_community(site_sqlite: Site) -> None:
    page = get_page(site_sqlite.browser(), "/offline/order")
    form = page.form("/order")
    normal = get_page(site_sqlite.browser(), "/order?audience=elderly").form("/order")
    assert set(normal.names) - {"csrf_token", "photos"} <= set(form.names) | {"go"}
    assert {"venue", "division_code", "day_1", "slot_6", "contact_phone", "consent", "website"} <= set(form.names)
    assert "photos" not in form.names
    assert form.get("key") == ""
    items = re.findall(r'data-for="([^"]+)"', page.html)
    assert len(items) >= 50
    assert all(codes for codes in items)
    assert 'value="640381001002"' in page.html
    sentences = json.loads(next(a["data-sentences"] for _, a in page.tags if "data-sentences" in a))
    assert {"audience", "item", "venue", "consent", "day", "past", "phone"} <= set(sentences)


def test_a_kept_page_is_sent_again_only_when_it_has_changed(site_sqlite: Site) -> None:
    client = site_sqlite.browser()
    first = client.get("/offline/order")
    again = client.get("/offline/order", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    post_form(client, "/", "/view", {"language": "en"})
    other = client.get("/offline/order", headers={"If-None-Match": first.headers["ETag"]})
    assert other.status_code == 200
    assert '<html lang="en"' in other.text


def test_without_script_the_kept_form_goes_to_the_normal_forms_last_step(site_sqlite: Site) -> None:
    client = site_sqlite.browser()
    form = get_page(client, "/offline/order").form("/order")
    answer = submit(client, form, {**WHAT, **WHERE, **WHO, "go": "send"})
    assert answer.status_code == 400  # no token: one more tap, nothing is lost
    assert number_in(submit(client, read(answer).form("/order")))


def test_drafts_are_for_residents_not_for_computers_of_a_desk(site_sqlite: Site) -> None:
    city = site_sqlite.city
    for actor, keeps in ((None, True), (city.resident, True), (city.community, False), (city.team, False)):
        html = site_sqlite.browser(actor).get("/order").text
        assert ("data-draft" in html) is keeps, actor
    assert "data-draft" not in site_sqlite.browser(city.community).get("/community/order").text


# the app


def test_the_app_can_be_installed_in_both_languages(site_sqlite: Site) -> None:
    client = site_sqlite.browser()
    chinese = client.get("/manifest.webmanifest")
    english = client.get("/manifest.webmanifest?lang=en")
    assert chinese.mimetype == "application/manifest+json"
    assert (chinese.json["lang"], english.json["lang"]) == ("zh-CN", "en")
    assert (chinese.json["display"], chinese.json["scope"], chinese.json["start_url"]) == ("standalone", "/", "/")
    assert [each["url"] for each in chinese.json["shortcuts"]] == ["/order", "/track"]
    for icon in chinese.json["icons"]:
        answer = client.get(icon["src"])
        assert answer.status_code == 200
        if icon["type"] == "image/png":
            with Image.open(BytesIO(answer.data)) as picture:
                assert f"{picture.width}x{picture.height}" == icon["sizes"]
    assert any(icon.get("purpose") == "maskable" for icon in chinese.json["icons"])
    for language, url in (("zh", "/manifest.webmanifest"), ("en", "/manifest.webmanifest?lang=en")):
        post_form(client, "/", "/view", {"language": language})
        assert f'rel="manifest" href="{url}"' in client.get("/").text


def test_the_worker_knows_its_addresses_and_is_asked_for_anew(site_sqlite: Site) -> None:
    client = site_sqlite.browser()
    answer = client.get("/sw.js")
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert answer.headers["Service-Worker-Allowed"] == "/"
    first, _, rest = answer.text.partition("\n")
    addresses = json.loads(first.removeprefix("self.QTXVOL = ").removesuffix(";"))
    assert "addEventListener('fetch'" in rest
    for name in ("root", "outbox", "order", "offline", "offlineOrder", "login"):
        assert client.get(addresses[name]).status_code == 200, name
    assert client.get(addresses["token"], headers=FROM_HERE).status_code == 200
    assert client.get("/sw.js", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_the_worker_is_started_by_residents_and_teams_pages_only(site_sqlite: Site) -> None:
    city = site_sqlite.city
    for actor, url, starts in (
        (None, "/", True),
        (None, "/order", True),
        (None, "/track", True),
        (city.team, "/team/", True),
        (city.community, "/community/", False),
        (city.office, "/office/", False),
        (None, "/login", False),
    ):
        assert ("data-worker" in site_sqlite.browser(actor).get(url).text) is starts, url


def test_a_page_names_whose_it_is_so_that_the_next_person_finds_nothing(site_sqlite: Site) -> None:
    team = site_sqlite.city.team
    assert f'data-account="{team.account_id}"' in site_sqlite.browser(team).get("/team/").text
    assert 'data-account=""' in site_sqlite.browser().get("/").text


def test_signing_out_clears_what_the_browser_kept_of_pages(site_sqlite: Site) -> None:
    answer = post_form(site_sqlite.browser(site_sqlite.city.team), "/team/", "/logout")
    assert answer.headers["Clear-Site-Data"] == '"cache"'
