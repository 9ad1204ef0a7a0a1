"""The office's overview: what it counts is what the lists behind its links hold."""

import re
from datetime import timedelta
from html import unescape

import pytest

from tests.factories import NOW, OTHER_COMMUNITY, accepted, claimed, closed, dispatched, placed, window
from tests.web.pages import get_page
from tests.web.site import Site

pytestmark = pytest.mark.one_database  # what its pages read is asked of both in the rooms


def fill(site: Site) -> None:
    """Something before every step, some of it late, in two towns."""
    late = NOW - timedelta(days=9)
    site.make(placed)
    site.make(placed, late, division_code=OTHER_COMMUNITY)
    site.make(placed, late)
    site.make(dispatched, late)
    site.make(claimed)
    site.make(claimed, late)
    site.make(accepted, agreed=window(1))
    site.make(closed, late, agreed=window(1, now=late))


def rows_behind(site: Site, url: str) -> int:
    """How many orders the list at `url` says it has found."""
    html = get_page(site.browser(site.city.office), unescape(url)).html
    return len(set(re.findall(r"/office/orders/(QTX\w+)", html)))


def test_every_number_of_the_heat_is_the_length_of_the_list_behind_it(site_sqlite: Site):
    fill(site_sqlite)
    html = get_page(site_sqlite.browser(site_sqlite.city.office), "/office/overview").html
    heat = html[html.index('<table class="heat">') : html.index("</table>", html.index('<table class="heat">'))]
    cells = re.findall(r'href="([^"]+)"><span class="vh">([^<]+)，超时 / 在办：</span>.*?<b>(\d+)</b>/(\d+)', heat)
    assert len(cells) >= 10
    for url, where, overdue, count in cells:
        expected = int(overdue) or int(count)
        assert rows_behind(site_sqlite, url) == expected, where
    whole = next((overdue, count) for _url, where, overdue, count in cells if where == "全市 合计")
    assert whole == ("4", "7")
    towns = [(int(o), int(c)) for _url, where, o, c in cells if where.endswith("合计") and not where.startswith("全市")]
    assert (sum(o for o, _ in towns), sum(c for _, c in towns)) == (4, 7)


def test_every_station_of_the_flow_leads_to_the_orders_that_wait_there(site_sqlite: Site):
    fill(site_sqlite)
    html = get_page(site_sqlite.browser(site_sqlite.city.office), "/office/overview").html
    links = re.findall(r'class="flow__link" href="([^"]+)">.*?class="flow__count"[^>]*>(\d+)<', html, re.S)
    stations = {url: int(count) for url, count in links}
    assert [count for url, count in stations.items() if "status=" in url] == [3, 1, 2, 1]
    for url, count in stations.items():
        if "status=" in url:
            assert rows_behind(site_sqlite, url) == count


def test_the_overview_is_the_first_extra_line_of_the_offices_menu(site_sqlite: Site):
    html = get_page(site_sqlite.browser(site_sqlite.city.office), "/office/").html
    assert html.index("/office/overview") < html.index("/office/facts")


def test_only_the_office_sees_it(site_sqlite: Site):
    assert site_sqlite.browser(site_sqlite.city.community).get("/office/overview").status_code == 403
    assert site_sqlite.browser().get("/office/overview").status_code == 303


def test_every_measure_of_the_map_can_be_chosen(site: Site):
    fill(site)
    totals = {"waiting": 7, "overdue": 4, "closed": 1, "volunteers": 6}
    for measure, total in totals.items():
        html = get_page(site.browser(site.city.office), f"/office/overview?map={measure}").html
        figure = html[html.index('id="map"') :]
        assert re.search(rf'<tfoot><tr><th scope="row">合计</th><td class="num">{total}</td>', figure), measure


def test_an_empty_city_has_an_overview_too(site: Site):
    page = get_page(site.browser(site.city.office), "/office/overview")
    for text in ("现在没有在办的单", "现在没有超时的单", "各镇街都还没有", "还没有数据"):
        assert text in page.text
