"""The calendars of team and volunteer: what stands on which day, on the city's clock."""

from datetime import UTC, datetime, timedelta

import pytest

from qtxvol.orders.ask import ask_resident
from qtxvol.orders.serve import accept_order
from qtxvol.orders.transition import Outcome
from qtxvol.orders.windows import Window
from tests.factories import NOW, City, accepted, claimed, closed, placed, window
from tests.web.pages import Page, get_page, submit
from tests.web.site import Site
from tests.web.test_statements import cost_of

pytestmark = pytest.mark.one_database  # what its pages read is asked of both in the rooms

#: The day of `window(3)`: 10:00 to 11:30 in the city.
FRIDAY = "2026-11-27"
NIGHT = Window(datetime(2026, 11, 27, 15, 0, tzinfo=UTC), datetime(2026, 11, 27, 17, 30, tzinfo=UTC))


def day_of(site: Site, on: str = FRIDAY) -> Page:
    return get_page(site.browser(site.city.team), f"/team/day?on={on}")


def links(page: Page, number: str) -> int:
    """How often the page leads to the order."""
    return sum(tag == "a" and (each.get("href") or "") == f"/team/orders/{number}" for tag, each in page.tags)


def test_the_day_says_all_that_the_leader_needs(site: Site) -> None:
    number = site.make(accepted, contact_name="王测试", wish="请带控盐勺").number
    page = day_of(site)
    for text in ("10:00–11:30", "合理膳食讲座", "东街居委会 社区活动室", "老年人", "约 30 人", "请带控盐勺", "王测试"):
        assert text in page.text, text
    assert "待服务" in page.text
    assert "测试员" in page.text
    assert "*******1234" in page.text
    assert links(page, number) == 1


def test_services_stand_in_the_order_of_the_day_and_only_on_their_day(site: Site) -> None:
    late = site.make(accepted, agreed=window(3.2)).number
    with site.app.app_context():
        early = _accept(site.city, window(3), site.city.crew[1]).number
    page = day_of(site)
    assert page.html.index(early) < page.html.index(late)
    assert "这一天没有安排" in day_of(site, "2026-11-26").text
    assert early not in day_of(site, "2026-11-28").html


def _accept(city: City, agreed: Window, person: int) -> Outcome:
    order = claimed(city)
    return accept_order(order.number, city.team, agreed=agreed, volunteer_ids=[person], now=NOW)


def test_a_service_over_midnight_stands_on_both_days(site: Site) -> None:
    number = site.make(accepted, agreed=NIGHT).number
    first, second = day_of(site), day_of(site, "2026-11-28")
    assert "23:00–次日 01:30" in first.text
    assert "前一日 23:00–01:30" in second.text
    assert links(first, number) == links(second, number) == 1
    assert "这一天没有安排" in day_of(site, "2026-11-29").text
    week = get_page(site.browser(site.city.team), "/team/week?of=2026-11-27")
    assert links(week, number) == 2


def test_overlapping_services_are_both_in_the_week(site: Site) -> None:
    one = site.make(accepted).number
    with site.app.app_context():
        other = _accept(site.city, window(3.02), site.city.crew[1]).number
    week = get_page(site.browser(site.city.team), "/team/week?of=2026-11-24")
    assert links(week, one) == links(week, other) == 1
    assert week.text.count("没有安排") == 6
    heads = [each for tag, each in week.tags if tag == "th" and each.get("scope") == "col"]
    assert len(heads) == 8
    assert "11月23日" in week.text
    assert "11月29日" in week.text


def test_only_the_teams_own_services_stand_in_its_calendar(site_sqlite: Site) -> None:
    number = site_sqlite.make(accepted).number
    other = get_page(site_sqlite.browser(site_sqlite.city.other_team), f"/team/day?on={FRIDAY}")
    assert number not in other.html
    assert "19900001234" not in other.html


def test_wishes_of_orders_that_may_be_taken_stand_apart(site: Site) -> None:
    number = site.make(claimed).number
    site.make(placed)  # nobody has claimed it: not for teams yet
    week = get_page(site.browser(site.city.team), "/team/week?of=2026-11-24")
    assert links(week, number) == 2  # on day 3 and day 5
    assert week.text.count("没有安排") == 7
    assert "可接单" in week.text


def test_a_closed_service_stays_on_the_day_without_contact_or_form(site: Site) -> None:
    number = site.make(closed).number
    site.move_to(window(4).starts_at)
    page = day_of(site)
    assert links(page, number) == 1
    assert "已办结" in page.text
    assert "19900001234" not in page.html
    assert not any("/close" in form.action for form in page.forms)


def test_the_form_on_the_day_closes_the_order(site: Site) -> None:
    number = site.make(accepted).number
    site.move_to(window(3).ends_at + timedelta(hours=1))
    page = day_of(site)
    action = f"/team/orders/{number}/close"
    form = page.form(action)
    assert form.is_multipart
    assert form.get("version")
    assert form.get("key")
    tag = next(each for tag, each in page.tags if tag == "form" and each.get("action") == action)
    assert "data-keep-offline" in tag
    answer = submit(site.browser(site.city.team), form, {"attendance": "28", "report": "讲了三减三健。"})
    assert answer.status_code == 303
    assert site.status(number) == "closed"
    again = submit(site.browser(site.city.team), form, {"attendance": "28", "report": "讲了三减三健。"})
    assert again.status_code == 303  # sent twice, done once
    assert site.steps(number).count("close") == 1


def test_the_form_is_there_before_the_service_and_says_when_to_send_it(site_sqlite: Site) -> None:
    """Who leaves for a village without a line takes it along."""
    number = site_sqlite.make(accepted).number
    page = day_of(site_sqlite)
    assert "服务结束后再提交" in page.text
    form = page.form(f"/team/orders/{number}/close")
    answer = submit(site_sqlite.browser(site_sqlite.city.team), form, {"attendance": "1", "report": "好"})
    assert answer.status_code == 409
    assert site_sqlite.status(number) == "accepted"


def test_an_open_question_is_shown_with_its_words(site: Site) -> None:
    number = site.make(accepted).number
    assert "等居民答复" not in day_of(site).text
    with site.app.app_context():
        ask_resident(number, site.city.team, text="几楼？有投影吗？", now=NOW)
    assert "几楼？有投影吗？" in day_of(site).text


@pytest.mark.parametrize("on", ["", "2026-13-40", "0001-01-01", "9999-12-31", "abc", "1" * 400])
@pytest.mark.parametrize("path", ["/team/day?on=", "/team/day/sheet?on=", "/team/week?of=", "/volunteer/week?of="])
def test_an_odd_day_is_today(still: Site, path: str, on: str) -> None:
    actor = still.city.volunteer if path.startswith("/volunteer") else still.city.team
    page = get_page(still.browser(actor), path + on)
    assert "11月24日" in page.text or "11-24" in page.text


def test_today_is_the_citys_today(site_sqlite: Site) -> None:
    site_sqlite.move_to(datetime(2026, 11, 26, 16, 30, tzinfo=UTC))  # half past midnight on Friday in the city
    number = site_sqlite.make(accepted, agreed=NIGHT, now=NOW).number
    page = get_page(site_sqlite.browser(site_sqlite.city.team), "/team/day")
    assert links(page, number) == 1
    steps = [each.get("href") for tag, each in page.tags if tag == "a" and each.get("rel") in ("prev", "next")]
    assert steps == ["/team/day?on=2026-11-26", "/team/day?on=2026-11-28"]


def test_a_volunteers_week_holds_what_they_are_named_for(site: Site) -> None:
    number = site.make(accepted).number
    with site.app.app_context():
        _accept(site.city, window(3), site.city.crew[1])
    week = get_page(site.browser(site.city.volunteer), "/volunteer/week?of=2026-11-24")
    hrefs = [each.get("href") for tag, each in week.tags if tag == "a"]
    assert hrefs.count(f"/volunteer/orders/{number}") == 1
    assert week.text.count("没有安排") == 6
    assert "19900001234" not in week.html


def test_a_full_day_costs_no_more_than_an_empty_one(site: Site) -> None:
    urls = [f"/team/day?on={FRIDAY}", f"/team/day/sheet?on={FRIDAY}", "/team/week?of=2026-11-24"]
    site.make(accepted)
    few = [len(cost_of(site, site.city.team, url)) for url in urls]
    for person in site.city.crew[1:]:
        with site.app.app_context():
            for hours in (0, 2, 4, 6):
                start = window(3).starts_at + timedelta(hours=hours)
                _accept(site.city, Window(start, start + timedelta(hours=1)), person)
    site.make(claimed)
    assert [len(cost_of(site, site.city.team, url)) for url in urls] == few
    assert len(day_of(site).html.split("data-keep-offline")) == 10
