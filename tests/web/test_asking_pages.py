"""What a department reads and presses while teams are asked wave by wave, and a leader's pause."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from qtxvol.extensions import db
from qtxvol.notices.answers import Given, answer_at_desk
from qtxvol.offers.waves import ask_due
from qtxvol.orders.claim import claim_order
from qtxvol.orders.models import Offer, Order
from qtxvol.orders.transition import Outcome
from qtxvol.volunteers.models import Team
from tests.conftest import csrf_of
from tests.factories import NOW, City, dispatched, window
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
    [("2026-11-23", "请选今天以后"), ("2027-11-23", "90 天以内"), ("bald", "没有改"), ("", "没有改")],
)
def test_an_odd_day_pauses_nothing(site: Site, day: str, words: str):
    browser = site.browser(site.city.team)
    answer = submit(browser, read(browser.get("/team/members")).form("/team/pause"), {"until": day})
    assert answer.status_code == 303
    assert words in read(browser.get("/team/members")).text
    assert paused_until(site) is None
