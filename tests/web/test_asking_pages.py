"""What a department reads and presses while teams are asked wave by wave, and a leader's pause."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account
from qtxvol.extensions import db
from qtxvol.notices.answers import Given, answer_at_desk
from qtxvol.notices.facts import load_facts_of
from qtxvol.notices.models import Notice
from qtxvol.notices.values import values_of
from qtxvol.notices.variables import LOCALES
from qtxvol.offers.holds import hold_order, let_go_order
from qtxvol.offers.models import MatchRule
from qtxvol.offers.plan_solving import solve_next
from qtxvol.offers.plans import ask_for_plan
from qtxvol.offers.rules import get_settings
from qtxvol.offers.waves import ask_due, ask_next_wave, mark_silent, switch_auto
from qtxvol.orders.claim import claim_order, offer_order
from qtxvol.orders.models import Offer, Order, WishedTime
from qtxvol.orders.transition import Outcome
from qtxvol.refusals import Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team
from qtxvol.web.wording import refusal_sentence
from tests.conftest import csrf_of
from tests.factories import NOW, City, claimed, dispatched, window
from tests.orders.answers import order_of
from tests.web.pages import read, submit
from tests.web.site import Site, login_as

pytestmark = pytest.mark.one_database  # what its pages do is asked of both in the room

MINUTE = timedelta(minutes=1)


@pytest.fixture
def site(site_sqlite: Site) -> Site:
    return site_sqlite


def auto(city: City) -> Outcome:
    order = dispatched(city, windows=(window(9), window(10)))
    return claim_order(order.number, city.department, is_auto_asked=True, now=NOW)


def ask(site: Site, minutes: int = 0) -> None:
    with site.app.app_context():
        ask_due(NOW + minutes * MINUTE)


def asked(site: Site) -> list[Offer]:
    with site.app.app_context():
        return list(db.session.scalars(select(Offer).order_by(Offer.wave)))


def next_of(number: str) -> str:
    return f"/department/orders/{number}/next-wave"


def switch_of(number: str) -> str:
    return f"/department/orders/{number}/asking"


def test_who_claims_lets_the_service_ask_unless_the_tick_is_taken_away(site: Site):
    for is_ticked in (True, False):
        number = site.make(dispatched).number
        form = site.page(site.city.department, number).form(f"/department/orders/{number}/claim")
        assert form.get("is_auto_asked") == "y"
        submit(site.browser(site.city.department), form, {} if is_ticked else {"is_auto_asked": None})
        with site.app.app_context():
            row = order_of(number)
            assert (row.status, row.is_auto_asked) == ("claimed", is_ticked)
        text = site.page(site.city.department, number).text
        assert ("系统逐批询问服务队，马上问下一批。" in text) is is_ticked
        assert ("由部门自己挑队来问" in text) is not is_ticked


def test_the_department_reads_who_was_asked_by_whom_and_what_they_said(site: Site):
    number = site.make(auto).number
    ask(site)
    page = site.page(site.city.department, number)
    for words in ("询问进展", "系统", "等答复", "11-24 10:00", "没有队答应的话，11月24日（周二）14:00 问下一批"):
        assert words in page.text
    with site.app.app_context():
        first = db.session.scalars(select(Offer.team_id)).one()
        team = next(each for each in (site.city.team, site.city.other_team) if each.team_id == first)
        answer_at_desk(number, team, Given(is_yes=False, reason="no_time"), NOW)
    ask(site)
    ask(site, 480)
    text = site.page(site.city.department, number).text
    for words in ("接不了", "时间排不开", "没有回音", "仍可答复"):
        assert words in text
    assert "没有回音" in site.page(site.city.office, number).text
    community = site.page(site.city.community, number)
    assert "询问进展" in community.text
    assert "现在问下一批" not in community.text
    assert "询问进展" not in site.page(team, number).text


def test_one_tap_asks_the_next_wave_and_a_second_tap_of_the_same_button_none(site: Site):
    number = site.make(auto).number
    ask(site)
    browser = site.browser(site.city.department)
    form = site.page(site.city.department, number).form(next_of(number))
    answers = [submit(browser, form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert [offer.asked_by for offer in asked(site)] == ["system", "department"]
    assert "已经问了下一批" in site.page(site.city.department, number).text


def test_the_page_says_when_nobody_is_left_and_what_to_do(site: Site):
    number = site.make(auto).number
    for minutes in range(3):
        ask(site, minutes)
        for offer in asked(site)[minutes:]:
            team = next(each for each in (site.city.team, site.city.other_team) if each.team_id == offer.team_id)
            with site.app.app_context():
                answer_at_desk(number, team, Given(is_yes=False, reason="too_far"), NOW + minutes * MINUTE)
    page = site.page(site.city.department, number)
    for words in ("能问的队都问过了", "问居民别的时间", "并场", "另请一支队"):
        assert words in page.text
    with pytest.raises(AssertionError):
        page.form(next_of(number))
    assert "能问的队都问过了" in site.page(site.city.office, number).text


@pytest.mark.parametrize("hours", [0, 12])
def test_once_every_team_was_asked_the_page_says_whom_it_waits_for_and_offers_other_times(site: Site, hours: int):
    number, city = site.make(auto).number, site.city
    teams = [city.team, city.other_team]
    with site.app.app_context():
        offer_order(number, city.department, team_ids=[each.team_id or 0 for each in teams], now=NOW)
        answer_at_desk(number, city.other_team, Given(is_yes=False, reason="too_far"), NOW)
    site.clock.move_to(NOW + timedelta(hours=hours))
    page = site.page(city.department, number)
    assert "没有别的队可再问了，正在等市医院测试队答复。" in page.text
    assert "系统逐批询问服务队" not in page.text
    assert f'class="btn btn--primary" href="/department/orders/{number}/other-times"' in page.html
    assert page.html.count("/other-times") == 1, "and not once more below"
    with pytest.raises(AssertionError):
        page.form(next_of(number))
    with site.app.app_context():
        answer_at_desk(number, city.team, Given(is_yes=False, reason="too_far"), NOW)
    assert "现在没有队可以问：能问的队都问过了，2 支接不了。" in site.page(city.department, number).text


def test_an_order_that_was_handed_to_one_team_says_so_and_offering_it_is_folded(site: Site):
    for is_auto in (True, False):
        number, city = site.make(auto).number, site.city
        with site.app.app_context():
            switch_auto(number, city.department, is_on=is_auto, now=NOW)
            offer_order(number, city.department, team_ids=[city.team.team_id or 0], is_handed=True, now=NOW)
        page = site.page(city.department, number)
        assert "已指定市医院测试队承接（11月24日（周二）10:00 推单），等它答复。" in page.text
        assert 'id="act-offer"' in page.html
        with site.app.app_context():
            mark_silent(NOW + timedelta(days=2), get_settings())
        told = "已指定市医院测试队承接（11月24日（周二）10:00 推单），一直没有答复。"
        assert (told in site.page(city.department, number).text) is not is_auto
        with site.app.app_context():
            answer_at_desk(number, city.team, Given(is_yes=False, reason="too_far"), NOW)
        assert "已指定" not in site.page(city.department, number).text.split("办理经过")[0]


def test_at_night_there_is_no_button_and_a_tap_from_the_evening_is_refused_with_a_sentence(site: Site):
    number = site.make(auto).number
    evening = NOW + timedelta(hours=11, minutes=55)
    site.clock.move_to(evening)
    browser = site.browser(site.city.department)
    form = site.page(site.city.department, number).form(next_of(number))
    site.clock.move_to(evening + timedelta(minutes=10))
    assert submit(browser, form).status_code == 303
    page = site.page(site.city.department, number)
    assert "现在是休息时间" in page.text
    assert "夜里不打扰" in page.text
    with pytest.raises(AssertionError):
        page.form(next_of(number))
    assert asked(site) == []


def test_the_department_takes_the_choice_over_and_gives_it_back(site: Site):
    number, browser = site.make(auto).number, site.browser(site.city.department)
    for is_auto, words in ((False, "由部门自己挑队来问"), (True, "系统逐批询问服务队")):
        form = site.page(site.city.department, number).form(switch_of(number))
        assert submit(browser, form).status_code == 303
        with site.app.app_context():
            assert order_of(number).is_auto_asked is is_auto
        assert words in site.page(site.city.department, number).text
    with site.app.app_context():
        person = db.session.get_one(Account, site.city.department.account_id).display_name
    for reader, shown in ((site.city.department, True), (site.city.office, True), (site.city.community, False)):
        history = site.page(reader, number).text.split("办理经过")[1]
        assert history.index("领单") < history.index("改为部门自己挑队") < history.index("改为让系统逐批询问")
        assert "11月24日（周二）10:00 部门 市卫生健康局" in history
        assert (f"由{person}操作" in history) is shown
    for stranger in (site.city.team, site.city.resident):
        assert "改为让系统逐批询问" not in site.page(stranger, number).text


def test_only_the_department_that_holds_the_order_presses_the_buttons(site: Site):
    number = site.make(auto).number
    for stranger, desk, status in ((site.city.other_department, "department", 404), (site.city.team, "team", 403)):
        for url, data in ((next_of(number), {"key": "k"}), (switch_of(number), {"is_on": "no"})):
            browser = site.browser(stranger)
            token = csrf_of(browser, f"/{desk}/")
            assert browser.post(url, data={"csrf_token": token, **data}).status_code == status
    assert asked(site) == []


def test_several_orders_are_claimed_and_asked_for_together(site: Site):
    numbers = [site.make(dispatched).number for _ in range(2)]
    browser = site.browser(site.city.department)
    check = read(browser.get("/department/")).form("/department/bulk")
    checked = read(submit(browser, check, {"number": numbers})).form("/department/bulk/confirmed")
    assert checked.get("is_auto_asked") == "y"
    assert submit(browser, checked).status_code == 200
    with site.app.app_context():
        rows = db.session.execute(select(Order.status, Order.is_auto_asked)).all()
        assert [tuple(row) for row in rows] == [("claimed", True)] * 2


def paused_until(site: Site) -> object:
    with site.app.app_context():
        return db.session.get_one(Team, site.city.team.team_id).asks_paused_until


def test_a_leader_pauses_and_is_asked_again(site: Site):
    browser = site.browser(site.city.team)
    form = read(browser.get("/team/members")).form("/team/pause")
    assert submit(browser, form, {"until": "2026-11-26"}).status_code == 303
    assert paused_until(site).isoformat() == "2026-11-26T16:00:00+00:00"  # midnight after that day, in the city
    page = read(browser.get("/team/members"))
    assert "暂停到11月26日（周四）（含）" in page.text
    number = site.make(auto).number
    ask(site)
    ask(site, 240)
    assert {offer.team_id for offer in asked(site)} == {site.city.other_team.team_id}
    site.clock.move_to(NOW + timedelta(days=3))
    later = site.app.test_client()
    login_as(later, site.city.team)
    assert "正常接收" in read(later.get("/team/members")).text
    ask(site, 3 * 1440)
    assert site.city.team.team_id in {offer.team_id for offer in asked(site)}
    assert number


def test_a_pause_is_taken_back_at_once(site: Site):
    browser = site.browser(site.city.team)
    submit(browser, read(browser.get("/team/members")).form("/team/pause"), {"until": "2026-11-26"})
    submit(browser, read(browser.get("/team/members")).form("/team/pause"), {"is_over": "yes"})
    assert paused_until(site) is None


@pytest.mark.parametrize(
    ("day", "words"),
    [("2026-11-23", "请选今天以后"), ("2027-11-23", "90 天以内"), ("bald", "日期不对"), ("", "请选暂停到哪一天")],
)
def test_an_odd_day_pauses_nothing(site: Site, day: str, words: str):
    browser = site.browser(site.city.team)
    answer = submit(browser, read(browser.get("/team/members")).form("/team/pause"), {"until": day})
    assert answer.status_code == 422
    page = read(answer)
    assert words in page.text
    assert page.form("/team/pause").get("until") == day, "what was typed is kept"
    assert paused_until(site) is None


def test_the_department_reads_until_when_a_team_pauses(site: Site):
    team = site.browser(site.city.team)
    submit(team, read(team.get("/team/members")).form("/team/pause"), {"until": "2026-11-26"})
    number = site.make(auto).number
    browser = site.browser(site.city.department)
    assert "暂停到11月26日" in read(browser.get("/department/teams")).text
    why = read(browser.get(f"/department/orders/{number}/teams?team={site.city.team.team_id}")).text
    assert "队长暂停接普通的请求，到11月26日（周四）（含）" in why
    assert "暂停到11月26日" in site.page(site.city.department, number).text


def test_a_list_says_where_each_order_stands_with_the_teams(site: Site):
    department, team = site.city.department, site.city.team
    browsers = {actor.key: site.browser(actor) for actor in (department, team)}

    def listed(actor: Actor, url: str) -> str:
        return read(browsers[actor.key].get(url)).text

    number = site.make(auto).number
    assert "系统在问" in listed(department, "/department/?tab=claimed")
    ask(site)
    ask(site, 480)
    assert "问到您的队" in listed(team, "/team/")
    with site.app.app_context():
        hold_order(number, team, agreed=window(9), now=NOW)
    assert "正在请人" in listed(department, "/department/?tab=claimed")
    assert "您的队答应了" in listed(team, "/team/")
    with site.app.app_context():
        let_go_order(number, department, reason="no_time", now=NOW)
    assert "候补" in listed(team, "/team/")
    with site.app.app_context():
        for actor in (team, site.city.other_team):
            answer_at_desk(number, actor, Given(is_yes=False, reason="too_far"), NOW)
    ask(site, 481)
    assert "没有队可问" in listed(department, "/department/?tab=claimed")
    with site.app.app_context():
        later = NOW + 482 * MINUTE
        offer_order(number, department, team_ids=[team.team_id or 0], is_handed=True, now=later)
    assert "已指定" in listed(department, "/department/?tab=claimed")


# nobody can be asked, and why


def told_by_notice(site: Site) -> str:
    """What the department reads of it, in Chinese and English."""
    with site.app.app_context():
        notice = db.session.scalars(select(Notice).where(Notice.kind == "nobody_left")).one()
        facts = load_facts_of([notice])
        return " ".join(values_of(notice, facts, locale, is_short=False)["reason"] for locale in LOCALES)


def plan_says(site: Site) -> str:
    with site.app.app_context():
        plan = ask_for_plan(site.city.department, NOW)
        assert solve_next(NOW, "here", clock=lambda: NOW)
    return read(site.browser(site.city.department).get(f"/department/plan/{plan}?show=unserved")).text


def set_rule(site: Site, name: str, value: float) -> None:
    with site.app.app_context(), transaction():
        account = site.city.office.account_id
        db.session.add(MatchRule(name=name, value=value, set_by_account_id=account, set_at=NOW))


def make_times_past(site: Site) -> None:
    with site.app.app_context(), transaction():
        past = {"starts_at": window(-3).starts_at, "ends_at": window(-3).ends_at}
        db.session.execute(delete(WishedTime).where(WishedTime.position > 0))
        db.session.execute(update(WishedTime).values(**past))


def test_where_no_team_was_asked_because_all_were_asked_enough_everything_says_so(site: Site):
    set_rule(site, "team_asks_a_week", 0)
    number = site.make(auto).number
    ask(site)
    assert asked(site) == []
    why = "能服务的队伍都谢绝询问，或本周已问过够多次"
    page = site.page(site.city.department, number)
    assert f"现在没有队可以问：{why}。系统到 " in page.text
    assert "打电话问问队长" in page.text
    assert "问过了" not in page.text
    assert "问居民别的时间：" not in page.text, "other times would not help"
    assert 'class="btn btn--primary" href="/department/orders/' not in page.html
    assert why in told_by_notice(site)
    assert "all were asked enough or take a pause" in told_by_notice(site)
    assert why in plan_says(site)


def test_a_button_of_before_says_why_nobody_was_asked(site: Site):
    number = site.make(claimed).number
    browser = site.browser(site.city.department)
    form = site.page(site.city.department, number).form(next_of(number))
    set_rule(site, "team_asks_a_week", 0)
    answer = submit(browser, form)
    assert answer.status_code == 303
    page = read(browser.get(f"/department/orders/{number}"))
    assert page.text.count("现在没有队可以问：能服务的队伍都谢绝询问，或本周已问过够多次。") == 2, "flashed, and below"


@pytest.mark.parametrize("is_auto", [True, False])
def test_where_all_times_are_past_the_page_the_notice_and_the_plan_say_so(site: Site, is_auto: bool):
    number = site.make(auto if is_auto else claimed).number
    make_times_past(site)
    ask(site)
    page = site.page(site.city.department, number)
    assert ("希望的时间都过了，或者已经来不及，系统不再询问" in page.text) is is_auto
    assert ("系统不自动询问。现在没有队可以问：所选的时间都过了，或者来不及准备。" in page.text) is not is_auto
    assert "问居民还有什么时间方便，有了新的时间再问服务队。" in page.text
    with pytest.raises(AssertionError):
        page.form(next_of(number))
    if is_auto:
        assert "所选的时间都过了，或者来不及准备" in told_by_notice(site)
    assert "所选的时间都过了，或者来不及准备" in plan_says(site)
    with site.app.app_context(), pytest.raises(Refused) as refused:
        ask_next_wave(number, site.city.department, now=NOW)
    with site.app.test_request_context():
        assert refusal_sentence(refused.value) == "现在没有队可以问：所选的时间都过了，或者来不及准备。"


def test_who_said_no_and_who_never_answered_are_told_apart(site: Site):
    number, city = site.make(auto).number, site.city
    with site.app.app_context():
        teams = [city.team.team_id or 0, city.other_team.team_id or 0]
        offer_order(number, city.department, team_ids=teams, now=NOW - timedelta(hours=9))
        answer_at_desk(number, city.other_team, Given(is_yes=False, reason="too_far"), NOW)
        with transaction():
            db.session.execute(update(Offer).where(Offer.answer.is_(None)).values(silent_at=NOW))
            db.session.execute(update(Order).values(next_wave_at=NOW))
    ask(site)
    told = "能问的队都问过了，1 支接不了，1 支还没有答复"
    page = site.page(city.department, number)
    assert f"现在没有队可以问：{told}。系统到 " in page.text
    assert "给还没有答复的队长打个电话。" in page.text
    assert told in told_by_notice(site)
    assert "all were asked: 1 said no, 1 silent so far" in told_by_notice(site)
    plan = plan_says(site)
    assert told in plan
    assert "答复过接不了" not in plan


def test_one_silent_team_and_no_other_that_knows_the_topic_are_both_told(site: Site):
    number, city = site.make(auto).number, site.city
    with site.app.app_context():
        offer_order(number, city.department, team_ids=[city.team.team_id or 0], now=NOW - timedelta(hours=9))
        with transaction():
            db.session.execute(update(Offer).values(silent_at=NOW))
            db.session.execute(update(Order).values(next_wave_at=NOW))
            db.session.execute(update(Team).values(is_active=False))
    ask(site)
    told = "问过的队里，1 支还没有答复；其余的，没有会这个主题、又能到那里的队伍"
    assert told in site.page(city.department, number).text
    assert told in told_by_notice(site)
    assert told in plan_says(site)
