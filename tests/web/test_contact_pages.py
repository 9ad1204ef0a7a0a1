"""Pages around calls and doubles: the order form asks once more, the desks log, call back and merge."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from qtxvol.extensions import db
from qtxvol.orders.models import CallBack, ContactAttempt, Order
from qtxvol.orders.numbers import spoken
from qtxvol.orders.rate import Verdict, rate_order
from tests.factories import NOW, accepted, closed, dispatched, link_of, placed, window
from tests.web.pages import Form, Page, get_page, post_form, read, submit
from tests.web.site import PHONE, WHO, Site, fill_wizard

pytestmark = pytest.mark.one_database  # what its pages read is asked of both in the rooms

AFTER = window(3).ends_at + timedelta(hours=2)
DAY = timedelta(days=1)


def calls(site: Site) -> list[tuple[str, str, str]]:
    with site.app.app_context():
        rows = db.session.scalars(select(ContactAttempt).order_by(ContactAttempt.id))
        return [(row.party, row.contact, row.outcome) for row in rows]


def form_of(page: Page, part: str) -> Form:
    """The first form that posts to an address with `part` in it."""
    return next(each for each in page.forms if part in each.action)


def order_count(site: Site) -> int:
    return site.rows()["orders"]


# At entry


def test_the_same_wish_from_the_same_browser_is_asked_about_once(site: Site) -> None:
    client = site.browser()
    first = submit(client, fill_wizard(client).form("/order"), {**WHO, "go": "send"})
    assert first.status_code == 303
    again = submit(client, fill_wizard(client, venue="社区门口").form("/order"), {**WHO, "go": "send"})
    page = read(again)
    assert (again.status_code, order_count(site)) == (409, 1)
    assert "您好像已经点过同样的单" in page.text
    number = first.location.split("/")[2]
    assert spoken(number) in page.text
    # one's own order, by its link
    assert f"{site.link(number)}?same=1" in again.text
    # nothing typed is lost: back to the screen, or on
    back = read(submit(client, page.form("/order"), {"go": "next"}))
    assert back.form("/order").get("contact_name") == WHO["contact_name"]
    placed_again = submit(client, page.form("/order"), {"go": "send_anyway"})
    assert (placed_again.status_code, order_count(site)) == (303, 2)
    twice = submit(client, page.form("/order"), {"go": "send_anyway"})
    assert (twice.location, order_count(site)) == (placed_again.location, 2)
    with site.app.app_context():
        venues = set(db.session.scalars(select(Order.venue)))
    assert "社区门口" in venues


def test_a_form_sent_twice_is_no_double(site_sqlite: Site) -> None:
    client = site_sqlite.browser()
    form = fill_wizard(client).form("/order")
    answers = [submit(client, form, {**WHO, "go": "send"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert order_count(site_sqlite) == 1


def test_somebody_elses_telephone_tells_nothing(site_sqlite: Site) -> None:
    site = site_sqlite
    number = site.make(placed, contact_phone=PHONE).number
    stranger = site.browser()
    screen = fill_wizard(stranger, day_1="2026-11-27")
    answer = submit(stranger, screen.form("/order"), {**WHO, "go": "send"})
    assert answer.status_code == 303
    assert spoken(number) not in screen.text + answer.text
    # whatever telephone is typed, the neighbours' card says the same
    page = fill_wizard(site.browser(), day_1="2026-11-27")
    assert "邻居也点了同样的项目" in page.text
    assert spoken(number) not in page.text


def test_whoever_would_join_the_neighbours_says_so(site_sqlite: Site) -> None:
    site = site_sqlite
    site.make(placed, contact_phone="19900009999")
    client = site.browser()
    page = fill_wizard(client, day_1="2026-11-27")
    assert "已有 1 张同样的单在办" in page.text
    assert submit(client, page.form("/order"), {**WHO, "is_joint_ok": "y", "go": "send"}).status_code == 303
    with site.app.app_context():
        number = db.session.scalar(select(Order.number).where(Order.is_joint_ok))
    assert "愿意和邻居一起办" in site.page(site.city.community, number).text


def test_a_clerk_is_told_of_the_double_and_decides(site_sqlite: Site) -> None:
    site, city = site_sqlite, site_sqlite.city
    number = site.make(placed, contact_phone=PHONE).number
    clerk, page = site.browser(city.community), "/community/order"
    typed = {
        **WHO, "audience": "elderly", "item": "S05", "venue": "家里", "day_1": "2026-11-27", "slot_1": "morning",
        "division_code": city.community.division_code,
    }  # fmt: skip
    answer = post_form(clerk, f"{page}?audience=elderly", page, {**typed, "go": "send"})
    assert (answer.status_code, order_count(site)) == (409, 1)
    told = read(answer)
    assert spoken(number) in told.text
    assert "同项目、同社区、时间重叠、同电话" in told.text
    assert told.form(page).get("venue") == "家里"
    assert submit(clerk, told.form(page), {"go": "send_anyway"}).status_code == 303
    assert order_count(site) == 2


def test_a_second_contact_is_asked_for_and_checked(site_sqlite: Site) -> None:
    site, client = site_sqlite, site_sqlite.browser()
    form = fill_wizard(client).form("/order")
    for changes, sentence in (
        ({"second_name": "女儿"}, "请把他的电话也填上"),
        ({"second_phone": PHONE}, "和上面的联系电话一样"),
        ({"second_phone": "12"}, "电话号码不对"),
        ({"second_name": "打 19900001111", "second_phone": "19900005678"}, "好像写了电话号码"),
    ):
        answer = submit(client, form, {**WHO, **changes, "go": "send"})
        assert answer.status_code == 422
        assert sentence in read(answer).text, changes
    good = {"second_name": "女儿", "second_phone": "199 0000 5678"}
    assert submit(client, form, {**WHO, **good, "go": "send"}).status_code == 303
    with site.app.app_context():
        number = db.session.scalar(select(Order.number))
    clerk = site.browser(site.city.community)
    page = site.page(site.city.community, number)
    assert "19900005678" not in page.text
    shown = read(submit(clerk, form_of(page, "/reveal"), {"contact": "second"}))
    assert "19900005678" in shown.text
    # the buttons under the number know which one it was
    assert submit(clerk, form_of(shown, "/calls"), {"outcome": "no_answer"}).status_code == 303
    assert calls(site) == [("community", "second", "no_answer")]
    data = get_page(client, f"{site.link(number)}/data")
    assert "备用电话" in data.text  # who looked
    change = {"correct-tail": PHONE[-4:], "tail": PHONE[-4:], "drops_second": "y"}
    assert submit(client, form_of(data, "/data/correct"), change).status_code == 303
    assert "5678" not in get_page(client, f"{site.link(number)}/data").text


# The log


def test_a_try_is_one_tap_and_its_double_is_none(site: Site) -> None:
    number = site.make(accepted).number
    for actor in (site.city.community, site.city.department, site.city.team):
        browser, form = site.browser(actor), form_of(site.page(actor, number), "/calls")
        for _ in range(2):
            assert submit(browser, form, {"outcome": "no_answer"}).status_code == 303
    assert calls(site) == [(party, "first", "no_answer") for party in ("community", "department", "team")]
    assert "没人接" in site.page(site.city.community, number).text
    link = get_page(site.browser(), site.link(number))
    assert "没人接" in link.text


def test_a_bad_try_says_what_is_wrong_and_keeps_the_words(site_sqlite: Site) -> None:
    site, city = site_sqlite, site_sqlite.city
    number = site.make(placed).number
    browser, form = site.browser(city.community), form_of(site.page(city.community, number), "/calls")
    for changes, sentence in (
        ({"outcome": "other", "words": " "}, "请写一句是什么情况"),
        ({"outcome": "perhaps", "words": "占线"}, "请选打得怎么样"),
        ({"outcome": "no_answer", "contact": "second", "words": "占线"}, "请选打的是哪个号码"),
        ({"outcome": "other", "words": "长" * 301}, "最多 300 个字"),
    ):
        answer = submit(browser, form, changes)
        assert answer.status_code == 422
        assert sentence in read(answer).text, changes
        assert changes["words"].strip() in answer.text
    assert not calls(site)
    stranger = site.browser(city.other_community)
    token = get_page(stranger, "/account").form("/logout").get("csrf_token")
    sent = {"csrf_token": token, "outcome": "no_answer"}
    assert stranger.post(f"/community/orders/{number}/calls", data=sent).status_code == 404


def test_from_three_calls_in_vain_to_the_order_taken_up_again(site: Site) -> None:
    city, number = site.city, site.make(dispatched).number
    url = f"/community/orders/{number}"
    for hours in (1, 4, 25):
        site.move_to(NOW + timedelta(hours=hours))
        page = site.page(city.community, number)
        assert not [form for form in page.forms if form.action == f"{url}/end_unreachable"]
        submit(site.browser(city.community), form_of(page, "/calls"), {"outcome": "no_answer"})
    assert site.act(city.community, number, "end_unreachable", {"text": "请回电"}).status_code == 303
    assert site.status(number) == "unreachable"
    resident = site.browser()
    page = get_page(resident, site.link(number))
    assert "我们多次联系您都没有打通" in page.text
    assert "请回电" in page.text
    assert submit(resident, form_of(page, "/call-me"), {}).status_code == 303
    assert "社区已经收到，会再打电话给您" in get_page(resident, site.link(number)).text
    assert "居民改了联系方式，等回电" in get_page(site.browser(city.community), "/community/calls").text
    assert site.act(city.community, number, "resume").status_code == 303
    assert site.status(number) == "placed"
    assert site.findings() == []


# Call-backs


@pytest.fixture
def low_rated(site: Site) -> str:
    order = site.make(closed)
    with site.app.app_context():
        rate_order(order.number, link_of(order), verdict=Verdict(1, True, text="太快"), now=AFTER)
    site.move_to(AFTER)
    return order.number


def test_a_call_is_worked_off_in_the_list(site: Site, low_rated: str) -> None:
    clerk = site.browser(site.city.community)
    page = get_page(clerk, "/community/calls")
    assert "评分低" in page.text
    assert PHONE not in page.text
    shown = read(submit(clerk, form_of(page, "/reveal"), {}))
    assert "19900001234" in shown.text
    form = form_of(page, "/call-backs/")
    bad = submit(clerk, form, {"result": "other", "outcome": ""})
    assert bad.status_code == 422
    assert "请写下回访结果" in read(bad).text
    assert form_of(read(submit(clerk, form, {"outcome": "说了很多"})), "/call-backs/").get("outcome") == "说了很多"
    vain = submit(clerk, form, {"result": "unreached"})
    assert (vain.status_code, vain.location) == (303, "/community/calls")
    assert "打了 1 次没打通" in get_page(clerk, "/community/calls").text
    done = submit(clerk, form_of(get_page(clerk, "/community/calls"), "/call-backs/"), {"result": "wants_redo"})
    assert done.location == f"/community/orders/{low_rated}?open=reopen"
    assert site.status(low_rated) == "closed"
    page = get_page(clerk, done.location)
    assert "办不办由您决定" in page.text
    assert submit(clerk, form_of(page, "/reopen"), {"text": "居民要求重讲"}).status_code == 303
    assert site.status(low_rated) == "claimed"


def test_the_office_looks_at_the_calls_of_the_city(site_sqlite: Site) -> None:
    site = site_sqlite
    order = site.make(closed)
    with site.app.app_context():
        rate_order(order.number, link_of(order), verdict=Verdict(1, False), now=AFTER)
        due = db.session.scalar(select(CallBack.due_at))
    site.move_to(AFTER)
    office = site.browser(site.city.office)
    assert "待回访 1 个" in get_page(office, "/office/calls").text
    assert spoken(order.number) not in get_page(office, "/office/calls?state=late").text
    site.move_to(due + timedelta(hours=1))
    office = site.browser(site.city.office)
    late = get_page(office, "/office/calls?state=late&cause=did_not_take_place&division=640381001000")
    assert spoken(order.number) in late.text
    assert "其中超期 1 个" in late.text
    assert not [form for form in late.forms if "/call-backs/" in form.action]
    for nonsense in ("?state=x&cause=y&result=z&division=0&page=-4", "?page=99999999999", "?page=a"):
        assert spoken(order.number) in get_page(office, f"/office/calls{nonsense}").text
    assert spoken(order.number) not in get_page(office, "/office/calls?division=640381100000").text


# Doubles


def test_doubles_are_merged_with_one_tap_and_taken_apart_again(site: Site) -> None:
    city = site.city
    one, two = (site.make(placed).number for _ in range(2))
    clerk = site.browser(city.community)
    page = get_page(clerk, "/community/doubles")
    assert "同电话" in page.text
    form = form_of(page, "/doubles/merge")
    for keep in ("", "QTX00000000", "x"):
        assert submit(clerk, form, {"keep": keep}).status_code == 422
    assert submit(clerk, form, {"keep": two}).status_code == 303
    assert (site.status(one), site.status(two)) == ("merged", "placed")
    late = submit(clerk, form, {"keep": one})  # a page that lay open
    assert late.status_code in (409, 422)
    listed = get_page(clerk, "/community/doubles")
    assert "没有可能重复的单" in listed.text
    assert site.act(city.community, one, "split").status_code == 303
    assert site.status(one) == "placed"
    page = site.page(city.community, one)
    assert "可能重复的单" in page.text
    apart = form_of(page, "/doubles/merge")
    apart.action = "/community/doubles/apart"
    assert submit(clerk, apart, {}).status_code == 303
    assert "没有可能重复的单" in get_page(clerk, "/community/doubles").text
    assert "本单并到那张" not in site.page(city.community, one).text
