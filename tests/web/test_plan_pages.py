"""Plans at the desks: asked for, watched, confirmed line by line or all at once, with every failure in a sentence."""

import re
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.matching import words
from qtxvol.offers.models import MatchPlan, PlanLine
from qtxvol.offers.plan_confirming import confirm_next
from qtxvol.offers.plan_solving import solve_next
from qtxvol.offers.plans import ask_for_plan
from qtxvol.orders.decline import cancel_order
from qtxvol.orders.models import Offer, Order
from qtxvol.orders.numbers import spoken
from qtxvol.orders.transition import Outcome
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team, Volunteer
from qtxvol.web.nobody_words import UNSERVED
from qtxvol.web.plan_words import STALE
from tests.factories import NOW, claimed
from tests.web.pages import FROM_HERE, Page, get_page, submit
from tests.web.site import Site
from tests.web.test_statements import counted

Answer = Any


def solve(site: Site) -> None:
    with site.app.app_context():
        assert solve_next(NOW, "here", clock=lambda: NOW)


def planned(site: Site, actor: Actor, orders: int = 1) -> tuple[list[Outcome], str]:
    """So many claimed orders, and the address of a plan of them that is ready."""
    made = [site.make(claimed) for _ in range(orders)]
    answer = submit(
        site.browser(actor), get_page(site.browser(actor), f"/{actor.party}/plan").form(f"/{actor.party}/plan")
    )
    assert answer.status_code == 303
    solve(site)
    return made, answer.headers["Location"]


def lines_of(page: Page) -> list[str]:
    return re.findall(r'name="line" value="(\d+)"', page.html)


def decide(site: Site, actor: Actor, url: str, **data: Any) -> Page:
    """Send the form of the lines and follow to the page that tells what was done."""
    client = site.browser(actor)
    token = get_page(client, url).form(f"{url}/lines").get("csrf_token")
    answer = client.post(f"{url}/lines", data={"csrf_token": token, **data}, headers=FROM_HERE)
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return get_page(client, answer.headers["Location"])


def test_the_whole_way_from_asking_to_the_teams_notice(site_sqlite: Site) -> None:
    site, city = site_sqlite, site_sqlite.city
    order = site.make(claimed)
    client = site.browser(city.department)
    page = get_page(client, "/department/plan")
    assert "本部门有 1 张单等队伍" in page.text
    url = submit(client, page.form("/department/plan")).headers["Location"]
    waiting = get_page(client, url)
    assert "几秒钟内开始算" in waiting.text
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in waiting.html
    assert 'data-again-in="3"' in waiting.html
    solve(site)
    ready = get_page(client, url)
    assert "http-equiv" not in ready.html
    assert spoken(order.number) in ready.text
    assert re.search("市医院测试队|卫校测试队", ready.text)
    assert "测试员" in ready.text
    assert re.search(r"队长答应的可能约 \d+%", ready.text)
    told = decide(site, city.department, url, line=lines_of(ready))
    assert "已确认 1 张" in told.text
    with site.app.app_context():
        (offer,) = db.session.scalars(select(Offer))
        assert (offer.asked_by, offer.proposed_start is not None) == ("plan", True)
    assert "没有等您确认的行了" in get_page(client, f"{url}?show=proposed").text
    assert spoken(order.number) in get_page(client, f"{url}?show=confirmed").text
    notices = get_page(client, "/department/notices")
    assert 'href="/department/plan"' in notices.html


def test_lines_are_confirmed_one_by_one_set_aside_and_confirmed_after_all(site_sqlite: Site) -> None:
    site, department = site_sqlite, site_sqlite.city.department
    _orders, url = planned(site, department, 3)
    first, second, third = lines_of(get_page(site.browser(department), url))
    assert "已确认 1 张" in decide(site, department, url, one=first, line=[first, second, third]).text
    assert "先不办" in decide(site, department, url, skip=second, line=[first, second, third]).text
    assert lines_of(get_page(site.browser(department), url)) == [third]
    assert "什么也没有办" in decide(site, department, url).text
    aside = f"{url}?show=skipped"
    assert lines_of(get_page(site.browser(department), aside)) == [second]
    assert "已确认 1 张" in decide(site, department, url, one=second, show="skipped").text


def test_a_stale_line_is_named_with_its_reason_and_the_others_go_through(site_sqlite: Site) -> None:
    site, department = site_sqlite, site_sqlite.city.department
    orders, url = planned(site, department, 2)
    lines = lines_of(get_page(site.browser(department), url))
    with site.app.app_context():
        cancel_order(orders[0].number, site.city.resident, reason="weather", now=NOW)
    told = decide(site, department, url, line=lines)
    assert "已确认 1 张" in told.text
    assert f"{spoken(orders[0].number)} 没有办成：这张单已经办到别的步骤。" in told.text
    assert "这张单已经办到别的步骤" in get_page(site.browser(department), f"{url}?show=refused").text
    assert f"{spoken(orders[0].number)} 没有办成" in get_and_send_again(site, department, url, lines).text


def get_and_send_again(site: Site, actor: Actor, url: str, lines: list[str]) -> Page:
    """The same form once more, from a page that lay open."""
    client = site.browser(actor)
    token = get_page(client, "/account").form("/logout").get("csrf_token")
    answer = client.post(f"{url}/lines", data={"csrf_token": token, "line": lines}, headers=FROM_HERE)
    return get_page(client, answer.headers["Location"])


def test_two_taps_ask_a_team_once(site_sqlite: Site) -> None:
    site, department = site_sqlite, site_sqlite.city.department
    _orders, url = planned(site, department)
    lines = lines_of(get_page(site.browser(department), url))
    decide(site, department, url, line=lines)
    get_and_send_again(site, department, url, lines)
    with site.app.app_context():
        assert len(db.session.scalars(select(Offer)).all()) == 1


def test_the_office_plans_the_whole_city_and_departments_do_not_see_it(site_sqlite: Site) -> None:
    site, office = site_sqlite, site_sqlite.city.office
    _orders, url = planned(site, office)
    page = get_page(site.browser(office), url)
    assert "全市" in page.text
    assert "市卫生健康局" in page.text
    assert "测试员" in page.text
    assert site.browser(site.city.department).get(url.replace("office", "department")).status_code == 404
    assert "已确认 1 张" in decide(site, office, url, line=lines_of(page)).text


def test_names_are_for_the_department_that_still_holds_the_order(site_sqlite: Site) -> None:
    site, department = site_sqlite, site_sqlite.city.department
    _orders, url = planned(site, department)
    with site.app.app_context():
        names = set(db.session.scalars(select(Volunteer.name)))
    page = get_page(site.browser(department), url)
    assert any(name in page.text for name in names)
    with site.app.app_context(), transaction():
        db.session.execute(update(Order).values(department_id="education"))
    page = get_page(site.browser(department), url)
    assert not any(name in page.text for name in names)


def test_what_stays_unserved_says_why_and_what_to_do(site_sqlite: Site) -> None:
    site, department = site_sqlite, site_sqlite.city.department
    with site.app.app_context(), transaction():
        db.session.execute(update(Team).values(is_active=False))
    _orders, url = planned(site, department)
    text = get_page(site.browser(department), url).text
    assert str(UNSERVED["no_team"][0]) in text
    assert str(UNSERVED["no_team"][1]) in text


def test_nothing_to_plan_is_a_sentence(site_sqlite: Site) -> None:
    site, department = site_sqlite, site_sqlite.city.department
    client = site.browser(department)
    assert "现在没有要排的单" in get_page(client, "/department/plan").text
    token = get_page(client, "/account").form("/logout").get("csrf_token")
    answer = client.post("/department/plan", data={"csrf_token": token}, headers=FROM_HERE)
    assert "现在没有等队伍的单" in get_page(client, answer.headers["Location"]).text


def test_a_plan_is_cancelled_and_an_ended_one_says_that_it_is_too_late(site_sqlite: Site) -> None:
    site, department = site_sqlite, site_sqlite.city.department
    site.make(claimed)
    client = site.browser(department)
    url = submit(client, get_page(client, "/department/plan").form("/department/plan")).headers["Location"]
    form = get_page(client, url).form(f"{url}/cancel")
    assert "已取消" in get_page(client, submit(client, form).headers["Location"]).text
    assert "不用取消" in get_page(client, submit(client, form).headers["Location"]).text


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"status": "failed", "fault": "broken"}, "计算时出了错"),
        ({"status": "failed", "fault": "gave_up"}, "算了几次都中断了"),
        ({"status": "failed", "fault": "nobody_solved"}, "没有后台进程来算"),
        ({"status": "solving", "done": 1, "orders": 4}, "共 4 张单，算了 1 张"),
        ({"status": "solving", "is_cancel_wanted": True}, "已要求取消"),
        ({"status": "ready", "orders": 0}, "没有要排的单"),
        ({"asked_at": NOW - timedelta(minutes=2)}, "还没有后台进程来算"),
    ],
)
def test_every_state_of_a_plan_is_a_sentence(site_sqlite: Site, values: dict[str, Any], sentence: str) -> None:
    site, department = site_sqlite, site_sqlite.city.department
    site.make(claimed)
    with site.app.app_context():
        plan_id = ask_for_plan(department, NOW)
        with transaction():
            db.session.execute(update(MatchPlan).values(**values))
    assert sentence in get_page(site.browser(department), f"/department/plan/{plan_id}").text


def test_a_plan_of_an_earlier_day_is_marked_old(site_sqlite: Site) -> None:
    site, department = site_sqlite, site_sqlite.city.department
    _orders, url = planned(site, department)
    assert "重新排一次" not in get_page(site.browser(department), url).text
    for days, sentence in ((1, "这是昨天 10:00 排的。"), (3, "这是 11月21日（周六）10:00 排的。")):
        with site.app.app_context(), transaction():
            db.session.execute(update(MatchPlan).values(asked_at=NOW - timedelta(days=days)))
        page = get_page(site.browser(department), url)
        assert sentence in page.text
        assert "重新排一次" in page.text
    assert "旧的" in get_page(site.browser(department), "/department/plan").text


def test_a_plan_leads_to_the_one_that_was_made_after_it(site_sqlite: Site) -> None:
    site, department = site_sqlite, site_sqlite.city.department
    _orders, first = planned(site, department)
    _orders, second = planned(site, department)
    old, new = (get_page(site.browser(department), each) for each in (first, second))
    assert "这是今天 10:00 排的。" in old.text
    assert "后来又排过一次" in old.text
    assert f'href="{second}"' in old.html
    assert "后来又排过一次" not in new.text


def test_at_night_the_page_says_when_leaders_may_be_asked_and_offers_emergencies_alone(site_sqlite: Site) -> None:
    site, department = site_sqlite, site_sqlite.city.department
    orders, url = planned(site, department, 2)
    site.clock.move_to(NOW + timedelta(hours=13))
    page = get_page(site.browser(department), url)
    assert "07:30 以后再来确认" in page.text
    assert len(re.findall(r'name="line" value="\d+" disabled', page.html)) == 2
    assert "确认选中的，去问队长" not in page.text
    told = decide(site, department, url, line=lines_of(page))
    assert told.text.count("没有办成") == 1, "one sentence for all"
    assert "2 行没有办成：现在是休息时间" in told.text
    with site.app.app_context(), transaction():
        number = orders[0].number
        db.session.execute(update(Order).where(Order.number == number).values(urgency="emergency"))
    page = get_page(site.browser(department), url)
    assert "应急的单现在就能确认" in page.text
    assert len(re.findall(r'name="line" value="\d+" disabled', page.html)) == 1
    assert "确认选中的，去问队长" in page.text


def test_a_busy_team_is_proposed_with_the_load_of_the_week_of_the_service(site_sqlite: Site) -> None:
    site, department = site_sqlite, site_sqlite.city.department
    with site.app.app_context(), transaction():
        db.session.execute(update(Team).values(weekly_capacity=6))
        db.session.execute(update(Team).where(Team.id != site.city.team.team_id).values(is_active=False))
    _orders, url = planned(site, department, 2)
    text = get_page(site.browser(department), url).text
    assert "那一周已有 1 场，最多 6 场" in text, "the second line counts the first"


@pytest.mark.parametrize(
    "sent", [{"line": "x"}, {"one": "-1"}, {"line": "99999999999999"}, {"skip": "²"}, {"line": "7"}]
)
def test_odd_lines_do_nothing(site_sqlite: Site, sent: dict[str, str]) -> None:
    site, department = site_sqlite, site_sqlite.city.department
    _orders, url = planned(site, department)
    decide(site, department, url, **sent)
    with site.app.app_context():
        assert db.session.scalars(select(PlanLine.status)).all() == ["proposed"]


def test_a_line_of_another_plan_is_not_confirmed_here(site_sqlite: Site) -> None:
    site, department = site_sqlite, site_sqlite.city.department
    _orders, first = planned(site, department)
    lines = lines_of(get_page(site.browser(department), first))
    with site.app.app_context():
        second = ask_for_plan(department, NOW)
    solve(site)
    decide(site, department, f"/department/plan/{second}", line=lines)
    with site.app.app_context():
        assert set(db.session.scalars(select(PlanLine.status))) == {"proposed"}


def test_many_lines_take_no_more_statements_than_few(site_sqlite: Site) -> None:
    site, department = site_sqlite, site_sqlite.city.department
    with site.app.app_context(), transaction():
        db.session.execute(update(Team).values(weekly_capacity=50))
    client = site.browser(department)
    _orders, few = planned(site, department, 2)
    _orders, many = planned(site, department, 12)
    get_page(client, few)
    with counted(site.app) as one:
        get_page(client, few)
    with counted(site.app) as other:
        assert len(lines_of(get_page(client, many))) > 5
    assert len(one) == len(other) <= 16


def test_every_code_of_the_core_has_its_sentence() -> None:
    assert set(UNSERVED) == set(words.UNSERVED)
    assert set(words.STALE) <= set(STALE)


def test_a_claim_after_the_plan_is_in_the_next_one_only(site_sqlite: Site) -> None:
    site, department = site_sqlite, site_sqlite.city.department
    _orders, url = planned(site, department)
    site.make(claimed)
    assert len(lines_of(get_page(site.browser(department), url))) == 1


def crowded(site: Site, orders: int = 5) -> tuple[list[Outcome], str]:
    """A plan of more lines than a page shows; teams with room for all of them."""
    with site.app.app_context(), transaction():
        db.session.execute(update(Team).values(weekly_capacity=50))
        db.session.execute(update(Volunteer).values(weekly_load=20))
    return planned(site, site.city.department, orders)


def confirm_everything(site: Site, url: str, data: dict[str, str] | None = None) -> Page:
    """From the plan's page over the step between to what is told then."""
    browser = site.browser(site.city.department)
    step = re.search(rf'href="({url}/all)"', get_page(browser, url).html)
    assert step
    return get_page(browser, submit(browser, get_page(browser, step[1]).form(f"{url}/all"), data).headers["Location"])


def confirmed_by_worker(site: Site) -> bool:
    with site.app.app_context():
        return confirm_next(NOW, "here", clock=lambda: NOW)


def statuses(site: Site) -> Counter[str]:
    with site.app.app_context():
        return Counter(db.session.scalars(select(PlanLine.status)))


def test_a_plan_on_one_page_needs_no_step_between(site_sqlite: Site) -> None:
    _orders, url = crowded(site_sqlite, 2)
    page = get_page(site_sqlite.browser(site_sqlite.city.department), url)
    assert f"{url}/all" not in page.html
    assert page.html.count("checked") == 2


def test_all_lines_are_confirmed_whatever_the_page_shows(site_sqlite: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qtxvol.offers.plan_queries.LINES_A_PAGE", 2)
    monkeypatch.setattr("qtxvol.web.plans.LINES_A_PAGE", 2)
    site, department = site_sqlite, site_sqlite.city.department
    orders, url = crowded(site)
    with site.app.app_context():
        cancel_order(orders[0].number, site.city.resident, reason="weather", now=NOW)
    browser = site.browser(department)
    page = get_page(browser, url)
    assert len(lines_of(page)) == 2
    assert "全部 5 行都确认" in page.text
    assert "会问 2 支队的队长" in get_page(browser, f"{url}/all").text
    told = confirm_everything(site, url, {"handed": "1"})
    assert "排队等确认" in told.text
    assert 'data-again-in="3"' in told.html
    assert "确认选中的" not in told.text, "nobody confirms beside it"
    assert statuses(site) == {"proposed": 5}, "the request itself asks nobody"
    assert browser.get(f"{url}/all").status_code == 303, "and nobody asks for it twice"
    assert confirmed_by_worker(site)
    after = get_page(browser, url)
    assert "要求的全部确认，11月24日（周二）10:00 办完了。" in after.text
    assert "已确认 4 张" in after.text
    assert "1 行没有办成，原因写在“已失效”里。" in after.text
    assert "data-again-in" not in after.html
    assert "这张单已经办到别的步骤" in get_page(browser, f"{url}?show=refused").text
    with site.app.app_context():
        assert {row.asked_by for row in db.session.scalars(select(Offer))} == {"plan"}
        handed = select(Order.id).where(Order.handed_team_id.is_not(None))
        assert len(db.session.scalars(handed).all()) == 4


def test_confirming_all_is_stopped_on_the_way_and_says_when_nobody_does_it(
    site_sqlite: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qtxvol.offers.plan_queries.LINES_A_PAGE", 2)
    monkeypatch.setattr("qtxvol.web.plans.LINES_A_PAGE", 2)
    site, browser = site_sqlite, site_sqlite.browser(site_sqlite.city.department)
    _orders, url = crowded(site)
    confirm_everything(site, url)
    site.clock.move_to(NOW + timedelta(minutes=2))
    page = get_page(browser, url)
    assert "还没有后台进程来办" in page.text
    stopped = get_page(browser, submit(browser, page.form(f"{url}/all/stop")).headers["Location"])
    assert "停下来了" in stopped.text
    assert "5 行还在“待您确认”" in stopped.text
    assert statuses(site) == {"proposed": 5}


def test_few_open_lines_of_a_long_plan_are_confirmed_at_once(
    site_sqlite: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qtxvol.offers.plan_queries.LINES_A_PAGE", 2)
    _orders, url = crowded(site_sqlite)
    assert "已确认 5 张" in confirm_everything(site_sqlite, url).text
    assert not confirmed_by_worker(site_sqlite)
    browser = site_sqlite.browser(site_sqlite.city.department)
    assert "没有能确认的行" in get_page(browser, f"{url}/all").text


def test_at_night_the_step_between_counts_emergencies_alone(site_sqlite: Site) -> None:
    orders, url = crowded(site_sqlite, 3)
    site_sqlite.clock.move_to(NOW + timedelta(hours=13))
    browser = site_sqlite.browser(site_sqlite.city.department)
    assert "07:30 以后再来确认" in get_page(browser, f"{url}/all").text
    with site_sqlite.app.app_context(), transaction():
        number = orders[0].number
        db.session.execute(update(Order).where(Order.number == number).values(urgency="emergency"))
    page = get_page(browser, f"{url}/all")
    assert "确认全部 1 行" in page.text
    assert "另有 2 行不是应急的单，现在是休息时间，留到 07:30 以后再确认。" in page.text
