"""The public board: its numbers are those of the queries, and it says plainly what is over and what is not known."""

import re
from datetime import date, timedelta

import pytest
from sqlalchemy import update

from qtxvol.base import CITY_TIME
from qtxvol.extensions import db
from qtxvol.progress.models import Period, Target
from qtxvol.storage import transaction
from tests import factories
from tests.factories import COMMUNITY, NOW, closed, dispatched, make_volunteer, placed, window
from tests.web.pages import get_page
from tests.web.site import Site
from tests.web.test_statements import cost_of

pytestmark = pytest.mark.one_database  # what its pages read is asked of both in the rooms

TODAY = NOW.astimezone(CITY_TIME).date()


def snapshot(site: Site, day: date, registered: int, active: int = 0) -> None:
    with site.app.app_context():
        factories.snapshot(day, registered, active)


def names_of_pictures(html: str) -> list[str]:
    """The text alternatives of all drawings."""
    return re.findall(r'role="(?:img|group)" aria-label="([^"]*)"', html)


def cells(html: str, title: str) -> list[int]:
    """The numbers of the table with that caption, sums included."""
    table = html[html.index(f'<caption class="vh">{title}') :]
    table = table[: table.index("</table>")]
    return [int(each.replace(",", "")) for each in re.findall(r'class="num">([\d,]+)<', table)]


def test_an_empty_city_has_friendly_empty_pictures(site: Site):
    page = get_page(site.browser(), "/progress")
    for text in ("还没有统计", "现在没有在办的单", "近 30 天没有办结的单", "还没有数据"):
        assert text in page.text


def test_one_order_is_enough_for_every_picture(site: Site):
    site.make(placed)
    page = get_page(site.browser(), "/progress?map=closed")
    assert "在办 1 单" in page.text
    assert all(names_of_pictures(page.html))


def test_the_end_of_the_plan_is_told_with_the_count_of_then(site: Site):
    snapshot(site, date(2025, 12, 29), 919)
    snapshot(site, date(2026, 1, 5), 930)
    snapshot(site, TODAY, 1446, 305)
    text = get_page(site.browser(), "/progress").text
    assert "规划期已于 2025年12月31日结束" in text
    assert "（2025年12月29日）为 919 人" in text
    assert "注册 1,446 人，其中近一年活跃 305 人；目标 2,000 人，还差 554 人。" in text


def test_a_plan_that_ended_before_anybody_counted_says_so(site: Site):
    snapshot(site, TODAY, 12)
    assert "结束，当时没有统计" in get_page(site.browser(), "/progress").text


def test_a_forecast_is_a_span_and_not_told_too_early(site: Site):
    snapshot(site, TODAY, 1000)
    assert "看不出速度" in get_page(site.browser(), "/progress").text
    for back in range(360, 0, -30):
        snapshot(site, TODAY - timedelta(days=back), 1000 - back * (2 if back > 180 else 1))
    text = get_page(site.browser(), "/progress").text
    assert "近三个月平均每月增加 30.4 人" in text
    assert "约在 2029年8月达到目标" in text
    assert re.search(r"最快和最慢的三个月估算，在 20\d\d年\d+月到 2029年8月之间", text)


def test_a_period_that_still_runs_tells_the_pace_that_it_needs(site: Site):
    with site.app.app_context(), transaction():
        db.session.execute(update(Target).where(Target.id == "T23").values(ends_on=TODAY + timedelta(days=365)))
    snapshot(site, TODAY - timedelta(days=100), 900)
    snapshot(site, TODAY, 1000)
    page = get_page(site.browser(), "/progress")
    assert "规划期到 2027年11月24日为止" in page.text
    assert "每月需增加 83.4 人" in page.text
    assert "board__needed" in page.html


def test_a_target_that_is_reached_needs_no_forecast(site: Site):
    snapshot(site, TODAY, 2100)
    text = get_page(site.browser(), "/progress").text
    assert "目标人数已经达到" in text
    assert "还差 0 人" in text


def test_people_add_up_to_the_same_number_in_every_picture(site: Site):
    with site.app.app_context():
        for _ in range(3):
            make_volunteer(None, division_code=COMMUNITY)
        counted = int(factories.counted(TODAY).numbers["T23"])
    html = get_page(site.browser(), "/progress?map=volunteers").html
    assert counted == 9
    for title in ("在什么单位的队里（人）", "住在哪里（人）", "的职业（人）", "属于哪个系统（人）", "</caption>"):
        *parts, total = cells(html, f"注册志愿者{title}")
        if title != "</caption>":  # beside the registered stand the active
            parts, total = parts[:-1:2], parts[-1]
        assert (sum(parts), total) == (counted, counted), title


def test_two_people_of_a_town_cannot_be_picked_out_of_the_public_table_or_map(site: Site):
    with site.app.app_context():
        for _ in range(2):
            make_volunteer(None, division_code=COMMUNITY)
    page = get_page(site.browser(), "/progress?map=volunteers")
    people = page.html[page.html.index('id="people-town"') :]
    people = people[: people.index("</figure>")]
    assert "裕民街道" not in people
    assert "其他 2 类合并" in people  # the town, and those who said none: one hidden cell alone would follow
    assert ">不单列<" in page.html[page.html.index('id="map"') : page.html.index('id="people-town"')]
    assert cells(page.html, "注册志愿者住在哪里（人）")[-2] == 8
    office = get_page(site.browser(site.city.office), "/office/progress")
    assert re.search(r"裕民街道</th>(?:(?!</tr>).)*?>2</a>", office.html, re.S)


def test_a_period_that_is_over_stays_on_the_page_beside_the_running_one(site: Site):
    snapshot(site, date(2025, 12, 30), 919, 80)
    with site.app.app_context(), transaction():
        db.session.add(Period(id="2026-2030", name="十五五", starts_on=date(2026, 1, 1), ends_on=date(2030, 12, 31)))
        db.session.flush()
        old = db.session.get_one(Target, "T23")
        db.session.add(
            Target(
                id="N23",
                code="T23",
                period_id="2026-2030",
                name=old.name,
                value=3000,
                unit=old.unit,
                starts_on=date(2026, 1, 1),
                ends_on=date(2030, 12, 31),
                measured_by="direct",
                measure="volunteers",
            )
        )
    page = get_page(site.browser(), "/progress")
    assert "规划期到 2030年12月31日为止" in page.text
    ended = page.html[page.html.index("以前的规划期") :]
    for text in ("十四五", "919", "80", "2,000", "未达到"):
        assert text in ended


def test_services_that_nobody_rated_are_shown_and_are_no_stars(site: Site):
    for turn in range(2):
        site.make(closed, NOW - timedelta(days=9 - turn), agreed=window(1, now=NOW - timedelta(days=9 - turn)))
    text = get_page(site.browser(), "/progress").text
    assert "近 30 天办结的单：0 单评了，2 单没评（100%）" in text
    assert "平均评分（满分 5 星） —" in text


def test_the_public_flow_has_no_desk_behind_it_and_blames_nobody(site: Site):
    site.make(dispatched, NOW - timedelta(days=9))
    html = get_page(site.browser(), "/progress").html
    assert "/office" not in html
    assert "已超时 1 单" in html
    assert "flow__late" not in html


@pytest.mark.parametrize("measure", ["volunteers", "closed", "waiting", "'><script>", ""])
def test_the_map_shows_only_what_it_offers(site: Site, measure: str):
    page = get_page(site.browser(), f"/progress?map={measure}")
    current = re.search(r'aria-current="page">([^<]*)</a></li>(?:(?!</ul>).)*</ul>\s*<svg', page.html, re.S)
    assert current is not None
    assert current[1] == ("近 30 天办结" if measure == "closed" else "注册志愿者")


def test_the_board_costs_at_most_fourteen_statements(site: Site):
    site.make(closed, NOW - timedelta(days=9), agreed=window(1, now=NOW - timedelta(days=9)))
    snapshot(site, TODAY, 5)
    assert len(cost_of(site, None, "/progress")) <= 14
