"""The fairness page: every figure with its meaning, periods of any kind, rows behind figures, files; seen by whom."""

import re
from datetime import timedelta
from html import unescape
from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import update

from qtxvol.extensions import db
from qtxvol.orders.models import Offer, Order
from qtxvol.storage import transaction
from tests.factories import DEPARTMENT, NOW, closed, placed, window
from tests.web.pages import Page, get_page
from tests.web.site import Site
from tests.web.test_statements import cost_of


def fill(site: Site) -> str:
    """A served order and one that nobody took, both of November; the served one's number."""
    then = NOW - timedelta(days=10)
    served = site.make(closed, then, agreed=window(1, now=then))
    site.make(placed, then, windows=(window(1, now=then),))
    with site.app.app_context(), transaction():
        team_id = site.city.team.team_id
        db.session.add(
            Offer(
                order_id=served.order_id,
                team_id=team_id,
                wave=1,
                asked_at=then,
                answered_at=then,
                answer="accepted",
                override_why="上次去过，熟门熟路",
            )
        )
    return served.number


def test_figures_stand_with_their_meaning_and_lead_to_their_orders(site_sqlite: Site):
    number = fill(site_sqlite)
    office = site_sqlite.browser(site_sqlite.city.office)
    page = get_page(office, "/office/fairness?by=month&at=2026-11-24")
    assert "2 单中的 1 单" in page.text
    assert "2 单有结果，0 单还在等" in page.text
    assert "没有镇街够 10 单，没法比" in page.text
    assert "一次没去的按 0 计入" in page.text  # who the Gini is about
    assert "白问的也算" in page.text  # what a message is
    assert "单数太少，不参加比较" in page.text
    assert "上次去过，熟门熟路" in page.text
    assert number in page.html
    links = {unescape(each) for each in re.findall(r'href="(/office/fairness/orders/[^"]+)"', page.html)}
    assert any("/filled?" in link for link in links)
    for link in links:
        assert get_page(office, link).text
    rows = get_page(office, "/office/fairness/orders/missed?by=month&at=2026-11-24")
    assert "共 1 单" in rows.text
    assert number not in rows.html
    assert office.get("/office/fairness/orders/nothing").status_code == 404


def test_while_more_orders_wait_than_have_a_verdict_no_share_stands_above_the_page(site_sqlite: Site):
    fill(site_sqlite)
    office = site_sqlite.browser(site_sqlite.city.office)
    url = "/office/fairness?by=month&at=2026-11-24"
    assert "50%" in stats_of(get_page(office, url))
    for _ in range(3):
        site_sqlite.make(placed, NOW, windows=(window(30, now=NOW),))
    told = stats_of(get_page(office, url))
    assert "5" in told
    assert "2 单有结果，3 单还在等" in told
    assert "1 / 2" in told
    assert "50%" not in told


def stats_of(page: Page) -> str:
    return page.html.split('<div class="stats">')[1].split("</div>\n  ")[0]


def test_one_town_alone_is_not_called_the_worst(site_sqlite: Site):
    then = NOW - timedelta(days=10)
    for _ in range(10):
        site_sqlite.make(placed, then, windows=(window(1, now=then),))
    page = get_page(site_sqlite.browser(site_sqlite.city.office), "/office/fairness?by=month&at=2026-11-24")
    assert "只有一个镇街够 10 单，没法比" in page.text
    assert "最低" not in page.text.split("各镇街")[1].split("人改了系统的建议")[0]


def test_why_codes_are_words_in_the_file_and_long_times_are_hours(site_sqlite: Site):
    city, then = site_sqlite.city, NOW - timedelta(days=3)
    number = site_sqlite.make(placed, then).number
    data = {"department_id": DEPARTMENT, "other_department_id": "education", "override_why": "wanted"}
    site_sqlite.act(city.community, number, "dispatch", data)
    rushed = site_sqlite.make(closed, NOW - timedelta(days=5), agreed=window(1, now=NOW - timedelta(days=5))).number
    with site_sqlite.app.app_context(), transaction():
        row = Order.number == rushed
        db.session.execute(update(Order).where(row).values(urgency="emergency", placed_at=NOW - timedelta(days=6)))
    office = site_sqlite.browser(city.office)
    book = CalamineWorkbook.from_filelike(BytesIO(office.get("/office/fairness/xlsx?by=month&at=2026-11-24").data))
    overrides = book.get_sheet_by_index(4).to_python()
    assert "居民或部门提出来的" in overrides[1]
    assert "wanted" not in overrides[1]
    figures = {row[0]: (row[1], row[2]) for row in book.get_sheet_by_index(0).to_python()}
    assert figures["应急单到接单，中位数"][1] == "小时"
    assert float(figures["应急单到接单，中位数"][0]) > 2


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("by=quarter&at=2026-11-24", "2026 年第 4 季度"),
        ("by=year&at=2026-11-24", "2026 年"),
        ("by=free&first=2026-11-01&last=2026-11-30", "2026-11-01 至 2026-11-30"),
        ("by=free&first=2026-11-30&last=2026-11-01", "结束日期不能早于开始日期。"),
        ("by=free&first=x&last=2026-11-01", "请填写起止两个日期。"),
        ("by=free&first=2000-01-01&last=2026-11-30", "一次最多看三年，这里显示到 2003-01-02。"),
        ("by=nonsense&at=9999-99-99", "2026-11"),
        ("by=month&at=2101-01-01", "2026-11"),
        ("by=month&at=2100-12-01", "2100-12"),
    ],
)
def test_any_period_may_be_asked_for(site_sqlite: Site, asked: str, said: str):
    page = get_page(site_sqlite.browser(site_sqlite.city.office), f"/office/fairness?{asked}")
    assert said in page.text


def test_a_period_without_anything_is_a_sentence(site_sqlite: Site):
    page = get_page(site_sqlite.browser(site_sqlite.city.office), "/office/fairness?by=year&at=2019-01-01")
    assert "这段时间没有点单，也没有服务" in page.text
    assert "还比不出高低" not in page.text


def test_the_files_say_what_the_page_says(site_sqlite: Site):
    fill(site_sqlite)
    office = site_sqlite.browser(site_sqlite.city.office)
    sheet = office.get("/office/fairness/xlsx?by=month&at=2026-11-24")
    book = CalamineWorkbook.from_filelike(BytesIO(sheet.data))
    assert len(book.sheet_names) == 5
    figures = {row[0]: row[1] for row in book.get_sheet_by_index(0).to_python()}
    assert figures["服务率"] == 50
    assert figures["每办成一单的询问"] == 1
    text = office.get("/office/fairness/csv?by=month&at=2026-11-24").data.decode("utf-8-sig")
    assert text.splitlines()[1].startswith("服务率,50.0,%,有结果的 2 单中的 1 单")
    rows = office.get("/office/fairness/orders/filled/csv?by=month&at=2026-11-24").data.decode("utf-8-sig")
    assert len(rows.splitlines()) == 2
    year = office.get("/office/papers/fairness/2026.xlsx")
    assert year.status_code == 200
    assert "匹配与公平" in get_page(office, "/office/papers/fairness/2026").text


def test_a_department_sees_its_own_and_nobody_else_sees_any(site_sqlite: Site):
    fill(site_sqlite)
    city = site_sqlite.city
    asked = "fairness?by=month&at=2026-11-24"
    mine = get_page(site_sqlite.browser(city.department), f"/department/{asked}")
    assert "1 单中的 1 单" in mine.text  # the other one was given to no department
    assert "0 单中的 0 单" in get_page(site_sqlite.browser(city.other_department), f"/department/{asked}").text
    for actor in (city.department, city.community, city.team, city.volunteer):
        assert site_sqlite.browser(actor).get(f"/office/{asked}").status_code in (302, 303, 403, 404)
    assert site_sqlite.app.test_client().get(f"/office/{asked}").status_code in (302, 303, 401, 403)


def test_the_page_costs_the_same_with_more_orders(site_sqlite: Site):
    fill(site_sqlite)
    office = site_sqlite.city.office
    url = "/office/fairness?by=month&at=2026-11-24"
    few = cost_of(site_sqlite, office, url)
    for _ in range(3):
        site_sqlite.make(placed, NOW - timedelta(days=5))
    assert len(cost_of(site_sqlite, office, url)) == len(few)
