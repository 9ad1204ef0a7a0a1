"""Stars and lists on the pages: what somebody reads about themselves, and two people at the office."""

from datetime import UTC, datetime, timedelta

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from qtxvol.orders.lifecycle import Party
from qtxvol.orders.serve import reopen_order
from tests.factories import NOW, closed, make_actor
from tests.recognition.ledgers import add_hours
from tests.web.pages import get_page, post_form, read
from tests.web.site import Site
from tests.web.test_statements import cost_of

NEXT_YEAR = datetime(2027, 1, 5, 2, 0, tzinfo=UTC)


def test_a_volunteer_sees_their_own_stars_and_nobody_elses(site_sqlite: Site) -> None:
    city = site_sqlite.city
    with site_sqlite.app.app_context():
        add_hours(city, city.crew[1], 517)
        order = add_hours(city, city.crew[0], 110, now=NOW + timedelta(days=1))
    site_sqlite.move_to(NOW + timedelta(days=10))
    me = site_sqlite.browser(city.volunteer)
    page = get_page(me, "/volunteer/stars")
    assert "已经够 1 星" in page.text
    assert "517" not in page.text
    assert post_form(me, "/volunteer/stars", "/volunteer/stars").status_code == 303
    page = get_page(me, "/volunteer/stars")
    for words in ("1 星", "2026-12-04", "离 2 星还有", "不排名", "不要求打卡", "三星志愿者"):
        assert words in page.text, words
    assert post_form(me, "/volunteer/stars", "/volunteer/stars/publication", {"is_agreed": "y"}).status_code == 303
    page = get_page(me, "/volunteer/stars")
    assert ("is_agreed", "y") in page.form("/volunteer/stars/publication").fields

    office = site_sqlite.browser(city.office)
    post_form(office, "/office/stars", "/office/stars")
    with site_sqlite.app.app_context():
        reopen_order(order.number, city.office, text="没有来过", now=NOW + timedelta(days=10))
    page = get_page(office, "/office/stars?show=short")
    assert "1 颗星的时长后来更正到门槛以下" in page.text
    (url,) = {href for tag, each in page.tags if tag == "a" and (href := each.get("href") or "").endswith("/withdraw")}
    answer = post_form(office, url, url, {"reason": ""})
    assert answer.status_code == 422
    assert post_form(office, url, url, {"reason": "服务没有进行"}).status_code == 303
    assert "服务没有进行" in get_page(me, "/volunteer/stars").text


def test_the_list_goes_through_two_pairs_of_hands_and_names_only_who_agreed(site_sqlite: Site) -> None:
    city = site_sqlite.city
    site_sqlite.make(closed)
    with site_sqlite.app.app_context():
        add_hours(city, city.crew[1], 30)
        second = make_actor(Party.OFFICE, "另一位")
    site_sqlite.move_to(NEXT_YEAR)
    office, other = site_sqlite.browser(city.office), site_sqlite.browser(second)
    url = "/office/commendations/2026"
    assert "条件" in get_page(office, url).text
    assert office.get("/office/commendations/2030").status_code == 404
    answer = post_form(office, url, url, {"min_hours": "x", "min_services": "1"})
    assert answer.status_code == 422
    answer = post_form(office, url, url, {"min_hours": "1", "min_services": "1", "needs_no_objection": "y"})
    assert answer.status_code == 303
    page = get_page(office, url)
    assert "名单上有 2 人" in page.text
    assert page.text.count("待决定") >= 2
    first, last = page.form(f"{url}/decide").options.get("entry") or _entries(page.html)

    def decide(entries: list[str], how: str, reason: str = "") -> TestResponse:
        return post_form(office, url, f"{url}/decide", {"entry": entries, "as": how, "reason": reason})

    assert decide([first], "declined").status_code == 422
    assert decide([first], "declined", "本人不愿意").status_code == 303
    assert decide([last], "commended").status_code == 303
    assert post_form(office, url, f"{url}/submit").status_code == 303
    answer = post_form(office, url, f"{url}/confirm")
    assert answer.status_code == 403
    assert "请由另一位同事确认" in read(answer).text
    stranger = site_sqlite.browser()
    assert stranger.get("/commendations/2026").status_code == 404
    assert post_form(other, url, f"{url}/confirm").status_code == 303
    page = get_page(stranger, "/commendations/2026")
    assert "1 位志愿者" in page.text
    assert "测***" in page.text or "测****" in page.text
    assert "测试员" not in page.text
    assert "2026 年" in get_page(stranger, "/commendations").text
    for more in ("/sheet", ".xlsx"):
        assert office.get(url + more).status_code == 200
    rows = get_page(office, f"{url}/people/{city.crew[1]}")
    assert "30 小时（1800 分钟）" in rows.text
    assert "未评价" in rows.text
    answer = post_form(other, url, f"{url}/return", {"reason": "接到反映"})
    assert answer.status_code == 303
    assert stranger.get("/commendations/2026").status_code == 404


def _entries(html: str) -> list[str]:
    return [part.split('value="', 1)[1].split('"', 1)[0] for part in html.split('name="entry"')[1:]]


def test_a_longer_list_asks_the_database_no_more_often(site_sqlite: Site) -> None:
    city = site_sqlite.city
    with site_sqlite.app.app_context():
        add_hours(city, city.crew[1], 120)
    site_sqlite.move_to(NEXT_YEAR)
    office = site_sqlite.browser(city.office)
    urls = ("/office/stars", "/office/commendations/2026", "/commendations")
    few = [_cost(site_sqlite, office, url) for url in urls]
    with site_sqlite.app.app_context():
        add_hours(city, city.crew[2], 130, now=NOW + timedelta(days=20))
    assert [_cost(site_sqlite, office, url) for url in urls] == few


def _cost(site: Site, office: FlaskClient, url: str) -> int:
    post_form(office, "/office/stars", "/office/stars")
    form = {"min_hours": "1", "min_services": "1", "needs_no_objection": "y"}
    post_form(office, "/office/commendations/2026", "/office/commendations/2026", form)
    get_page(office, url)
    return len(cost_of(site, site.city.office, url))
