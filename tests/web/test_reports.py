"""Papers, figures and model cases in the browser: every number is a link to rows that add up to it."""

import re
from datetime import date, timedelta
from html import unescape
from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook

from qtxvol.base import CITY_TIME
from qtxvol.orders.rate import Verdict, rate_order
from tests.factories import NOW, closed, counted, link_of, placed, window
from tests.web.pages import Page, get_page, post_form
from tests.web.site import Site
from tests.web.test_statements import cost_of


def fill(site: Site) -> int:
    """Two closed orders, one of them rated well, and an open one; the id of the good one."""
    for turn in range(2):
        then = NOW - timedelta(days=20 - turn)
        good = site.make(closed, then, agreed=window(1, now=then))
    site.make(placed)
    with site.app.app_context():
        rate_order(good.number, link_of(good), verdict=Verdict(5, True), now=NOW - timedelta(days=10))
    return good.order_id


def sum_behind(page: Page) -> str:
    """What the list says that its rows add up to."""
    found = re.search(r"(?:全部 \d+ 行相加：|合计 )([\d.,]+)", page.text)
    assert found is not None, page.text
    return found[1]


@pytest.mark.parametrize("url", ["/office/progress", "/office/papers/year/2026", "/office/papers/duties/2026"])
def test_every_figure_leads_to_rows_that_add_up_to_it(site_sqlite: Site, url: str):
    fill(site_sqlite)
    office = site_sqlite.browser(site_sqlite.city.office)
    html = get_page(office, url).html
    links = re.findall(r'<a href="(/office/progress/[^"]+)">(?:<strong>)?([\d.,]+)', html)
    assert len(links) >= 12
    seen = {}
    for address, figure in links:
        if address not in seen:
            seen[address] = sum_behind(get_page(office, unescape(address)))
        shown, behind = (float(each.replace(",", "")) for each in (figure, seen[address]))
        assert shown == pytest.approx(behind, abs=0.06), address  # hours are rounded to a tenth on the page


def test_a_list_can_be_taken_along_and_says_the_same(site_sqlite: Site):
    fill(site_sqlite)
    office = site_sqlite.browser(site_sqlite.city.office)
    page = get_page(office, "/office/progress/minutes?unit=health")
    assert "市卫生健康局" in page.text
    sheet = office.get("/office/progress/minutes/rows.xlsx?unit=health")
    assert "filename*=UTF-8''" in sheet.headers["Content-Disposition"]
    rows = CalamineWorkbook.from_filelike(BytesIO(sheet.data)).get_sheet_by_index(0).to_python()
    assert rows[3][-2:] == [3, 180]
    assert rows[1][-4]  # who vouches for it
    assert rows[1][-3] == ""  # and nobody had to confirm it
    text = office.get("/office/progress/minutes/rows.csv?unit=health").data.decode("utf-8-sig")
    assert text.splitlines()[0].startswith("台账行号,日期,志愿者编号,单号")
    assert text.splitlines()[3].endswith(",3.0")
    assert office.get("/office/progress/minutes/rows.exe").status_code == 404
    assert office.get("/office/progress/nothing").status_code == 404
    assert "没有这样的明细" in get_page(office, "/office/progress/minutes?unit=nobody&first=x&team=y").text


def test_papers_are_there_for_every_town_unit_and_the_city(site_sqlite: Site):
    fill(site_sqlite)
    office = site_sqlite.browser(site_sqlite.city.office)
    html = get_page(office, "/office/papers").html
    links = [unescape(each) for each in re.findall(r'href="(/office/papers/[^"]+)"', html)]
    assert len(links) >= 2 * (5 + 11 + 20)
    for url in (links[0], next(each for each in links if "of=640381001" in each), links[-2], links[9]):
        answer = office.get(url)
        assert answer.status_code == 200, url
        answer.close()
    for url in ("/office/papers/year/2027", "/office/papers/town/2026?of=1", "/office/papers/x/2026"):
        assert office.get(url).status_code == 404


def test_a_department_and_a_town_see_their_own_sheet(site_sqlite: Site):
    fill(site_sqlite)
    city = site_sqlite.city
    own = get_page(site_sqlite.browser(city.department), "/department/papers/2026")
    assert "市卫生健康局" in own.text
    assert "/office/" not in own.html
    town = get_page(site_sqlite.browser(city.community), "/community/papers/2026")
    assert "裕民街道" in town.text
    for actor in (city.department, city.community):
        assert get_page(site_sqlite.browser(actor), f"/{actor.party}/papers").html.count("/papers/2026") == 2
        assert site_sqlite.browser(actor).get(f"/{actor.party}/papers/2026.xlsx").data[:2] == b"PK"
        assert site_sqlite.browser(actor).get("/office/papers").status_code == 403


def test_a_case_is_written_published_and_taken_back(site_sqlite: Site):
    order_id = fill(site_sqlite)
    office = site_sqlite.browser(site_sqlite.city.office)
    page = f"/office/cases/{order_id}"
    assert page in get_page(office, "/office/cases").html
    answer = post_form(office, page, page, {"title": "听得懂的课", "story": "电话 19900001234"})
    assert answer.status_code == 422
    assert "请不要写个人信息" in Page(answer.text).error_of("story")
    assert 'value="听得懂的课"' in answer.text
    assert post_form(office, page, page, {"title": "听得懂的课", "story": "讲了三减三健。"}).status_code == 303
    public = get_page(site_sqlite.browser(), "/progress/cases")
    assert "讲了三减三健。" in public.text
    assert "QTX" not in public.text
    assert "听得懂的课" in get_page(office, "/office/papers/cases/2026").text
    assert post_form(office, page, f"{page}/withdraw").status_code == 303
    assert "讲了三减三健。" not in get_page(site_sqlite.browser(), "/progress/cases").text


def test_the_published_number_opens_into_the_people_that_it_was_made_of(site_sqlite: Site):
    fill(site_sqlite)
    with site_sqlite.app.app_context():
        counted(date(2025, 12, 30))
        numbers = counted(NOW.astimezone(CITY_TIME).date() - timedelta(days=1)).numbers
        target = next(each for each in numbers if each.endswith("T23") or each == "T23")
    office = site_sqlite.browser(site_sqlite.city.office)
    url = f"/office/progress/counted/{target}"
    assert url in get_page(office, "/office/progress").html
    for active in ("", "?active=1"):
        page = get_page(office, url + active)
        told = re.search(r"公布 (\d+) 人，明细 (\d+) 人。", page.text)
        assert told is not None
        assert told[1] == told[2] == str(page.html.count("/office/volunteers/"))
    assert office.get(f"{url}?day=2001-01-01").status_code == 404
    assert office.get("/office/progress/counted/T01").status_code == 404
    assert get_page(office, "/office/progress/counted/T03").text.count("没有这样的明细") == 2


def test_every_target_stands_on_the_public_list_and_on_paper(site_sqlite: Site):
    for url in ("/progress/targets", "/progress/targets/sheet"):
        text = get_page(site_sqlite.browser(), url).text
        for target in ("T01", "T23", "Q05"):
            assert target in text, url
    rows = CalamineWorkbook.from_filelike(BytesIO(site_sqlite.browser().get("/progress/targets.xlsx").data))
    assert len(rows.get_sheet_by_index(0).to_python()) > 28


def test_pages_cost_the_same_however_many_orders_there_are(site_sqlite: Site):
    office = site_sqlite.city.office
    urls = ("/office/papers/year/2026", "/office/progress/served", "/office/cases", "/progress/targets")
    few = [len(cost_of(site_sqlite, office, url)) for url in urls]
    fill(site_sqlite)
    assert [len(cost_of(site_sqlite, office, url)) for url in urls] == few
