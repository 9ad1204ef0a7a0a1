"""A clerk's list: keys, several orders at once, views of one's own, numbers that stay fresh, cards on a phone."""

import re
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from qtxvol.orders.dispatch import dispatch_order
from tests.factories import NOW, PASSWORD, placed
from tests.journeys.browser import DESKTOP, PHONE
from tests.journeys.cast import Cast
from tests.journeys.people import CommunityClerk, PlacedOrder
from tests.journeys.test_accessibility import AXE, violations

#: A little more than the page waits between two questions.
_NEXT_QUESTION_MS = 31_000


@pytest.fixture
def desktop(cast: Cast) -> Cast:
    if cast.screen is not DESKTOP:
        pytest.skip("keys are for desks")
    return cast


def given_placed(cast: Cast, count: int) -> list[PlacedOrder]:
    return [cast.given(placed) for _ in range(count)]


def row_of(page: Page, order: PlacedOrder) -> Locator:
    return page.get_by_role("row").filter(has_text=order.spoken)


def link_of(page: Page, order: PlacedOrder) -> Locator:
    return row_of(page, order).get_by_role("rowheader").get_by_role("link")


def tick_of(page: Page, order: PlacedOrder) -> Locator:
    return page.get_by_role("checkbox", name=f"选中 {order.spoken}")


def barriers(page: Page, *, is_dark: bool = False) -> list[str]:
    """What axe finds on the page as it is. Without motion: a colour on its way is nobody's."""
    page.emulate_media(reduced_motion="reduce")
    page.evaluate(AXE)
    return violations(page, is_elder=False, is_dark=is_dark)


# keys


def test_the_list_is_walked_ticked_and_opened_with_the_keyboard(desktop: Cast):
    first, second = given_placed(desktop, 2)
    clerk, page = desktop.clerk, desktop.clerk.page
    clerk.go_to("待派单")

    page.keyboard.press("j")
    expect(link_of(page, first)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(link_of(page, second)).to_be_focused()
    page.keyboard.press("j")  # the last: it stays there
    expect(link_of(page, second)).to_be_focused()
    page.keyboard.press("x")
    expect(tick_of(page, second)).to_be_checked()
    expect(page.get_by_role("button", name="派单：选中的 1 单")).to_be_visible()
    page.keyboard.press("x")
    expect(tick_of(page, second)).not_to_be_checked()
    page.keyboard.press("k")
    expect(link_of(page, first)).to_be_focused()
    page.keyboard.press("Enter")
    clerk.reads(first.spoken, "办理经过")


def test_a_slash_searches_and_keys_are_letters_again_in_a_field(desktop: Cast):
    given_placed(desktop, 1)
    clerk, page = desktop.clerk, desktop.clerk.page
    clerk.go_to("待派单")
    page.keyboard.press("/")
    search = page.get_by_label("查找")
    expect(search).to_be_focused()
    page.keyboard.type("jx?/")
    expect(search).to_have_value("jx?/")
    expect(page.get_by_role("checkbox", checked=True)).to_have_count(0)


def test_keys_explain_themselves_and_can_be_switched_off_for_good(desktop: Cast):
    (order,) = given_placed(desktop, 1)
    clerk, page = desktop.clerk, desktop.clerk.page
    clerk.go_to("待派单")
    page.keyboard.press("?")
    switch = page.get_by_role("checkbox", name="在这台电脑上使用快捷键")
    expect(switch).to_be_checked()
    assert barriers(page) == []
    switch.uncheck()
    page.keyboard.press("Escape")
    expect(switch).to_be_hidden()

    page.reload()
    page.keyboard.press("j")
    page.keyboard.press("?")
    expect(switch).to_be_hidden()
    expect(link_of(page, order)).not_to_be_focused()
    page.get_by_text("快捷键", exact=True).click()
    expect(switch).not_to_be_checked()


# several at once


def test_five_orders_are_dispatched_while_a_colleague_takes_one_of_them(cast: Cast):
    orders = given_placed(cast, 5)
    clerk, page = cast.clerk, cast.clerk.page
    clerk.go_to("待派单")
    for order in orders:
        tick_of(page, order).check()
    clerk.press("派单：选中的 5 单")
    clerk.reads("下面 5 张单可以一起办", "菜单指定的承办单位")
    assert barriers(page) == []

    with cast.site.app.app_context():
        dispatch_order(orders[2].number, cast.city.town, department_id="education", now=NOW)
    clerk.press("确认派单")

    clerk.reads("已派单 4 张", "有 1 张没有办成", "裕民街道已先办理")
    assert barriers(page) == []
    assert [cast.steps(order) for order in orders] == [["place", "dispatch"]] * 5
    assert cast.ask_order(orders[2], lambda row: row.department_id) == "education"
    page.get_by_role("button", name=f"收回派单 {orders[0].spoken}").click()
    expect(page.get_by_role("main")).to_contain_text(orders[0].spoken)
    assert cast.status(orders[0]) == "placed"


def test_the_whole_page_is_ticked_and_unticked_with_one_box(desktop: Cast):
    orders = given_placed(desktop, 3)
    clerk, page = desktop.clerk, desktop.clerk.page
    clerk.go_to("待派单")
    every = page.get_by_role("checkbox", name="全选本页")
    every.check()
    for order in orders:
        expect(tick_of(page, order)).to_be_checked()
    expect(page.get_by_role("button", name="派单：选中的 3 单")).to_be_visible()
    every.uncheck()
    expect(page.get_by_role("button", name=re.compile("^派单：选中的"))).to_be_hidden()


# views


def test_a_saved_view_is_there_after_signing_in_again(cast: Cast):
    with cast.site.app.app_context():
        urgent = placed(cast.city, urgency="urgent")
    given_placed(cast, 1)
    clerk, page = cast.clerk, cast.clerk.page
    clerk.go_to("全部")
    page.get_by_text("更多条件").click()
    clerk.select("急不急", "急")
    clerk.press("筛选")
    page.get_by_text("存成视图").click()
    clerk.fill("视图名称", "全部急单")
    clerk.press("保存")
    clerk.reads("已存成视图“全部急单”")
    clerk.press("退出")

    again = CommunityClerk(cast.new_page())
    again.sign_in(cast.username_of(cast.city.community), PASSWORD)
    menu = again.page.get_by_role("navigation", name="社区工作台")
    menu.get_by_role("link", name="全部急单 1", exact=True).click()
    expect(again.page.get_by_role("rowheader")).to_have_count(1)
    expect(row_of(again.page, PlacedOrder(urgent.number))).to_have_count(1)
    expect(menu.locator("[aria-current=page]")).to_contain_text("全部急单")


# fresh numbers


def test_a_new_order_is_announced_without_moving_the_list(cast: Cast):
    (order,) = given_placed(cast, 1)
    clerk, page = cast.clerk, cast.clerk.page
    page.clock.install()
    clerk.go_to("待派单")
    page.reload()
    expect(page).to_have_title(re.compile(r"^\(1\) 待派单"))
    before = row_of(page, order).bounding_box()

    cast.move_to(NOW + timedelta(minutes=2))
    new = cast.resident.place_order()
    page.clock.fast_forward(_NEXT_QUESTION_MS)

    news = page.get_by_role("status").filter(has_text="有 1 个新单，点此刷新")
    expect(news.get_by_role("link")).to_be_visible()
    expect(page).to_have_title(re.compile(r"^\(2\) 待派单"))
    menu = page.get_by_role("navigation", name="社区工作台")
    expect(menu.get_by_role("link", name="待派单 2", exact=True)).to_be_attached()
    assert row_of(page, order).bounding_box() == before
    expect(row_of(page, new)).to_have_count(0)
    assert barriers(page) == []
    news.get_by_role("link").click()
    expect(row_of(page, new)).to_have_count(1)
    expect(news).to_have_count(0)


def test_a_page_whose_session_has_ended_says_so_and_asks_no_more(cast: Cast):
    given_placed(cast, 1)
    clerk, page = cast.clerk, cast.clerk.page
    page.clock.install()
    clerk.go_to("待派单")
    page.reload()
    page.context.clear_cookies()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    page.clock.fast_forward(_NEXT_QUESTION_MS)
    ended = page.get_by_role("status").filter(has_text="登录已过期，数字不再更新。")
    expect(ended.get_by_role("link")).to_be_visible()
    page.clock.fast_forward(10 * _NEXT_QUESTION_MS)
    assert asked.count("/community/counts") == 1
    ended.get_by_role("link", name="重新登录").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("登录")


# cards


def test_on_a_phone_the_list_begins_within_reach_and_its_cards_are_for_the_thumb(cast: Cast):
    if cast.screen is not PHONE:
        pytest.skip("cards are for phones")
    (order,) = given_placed(cast, 1)
    clerk, page = cast.clerk, cast.clerk.page
    clerk.go_to("待派单")
    heading = page.get_by_role("heading", level=1).bounding_box()
    assert heading is not None
    assert heading["y"] < 180  # the head, the line of lists, the line of groups
    current = page.locator("#desk-menu [aria-current=page]")
    expect(current).to_be_in_viewport(ratio=1)
    expect(current).to_contain_text("待派单")

    button = row_of(page, order).get_by_role("button", name=re.compile("^派给"))
    box, tick = button.bounding_box(), tick_of(page, order).locator("xpath=..").bounding_box()
    assert box is not None
    assert tick is not None
    assert box["height"] >= 44
    assert box["width"] > 300
    assert min(tick["width"], tick["height"]) >= 44
    card = row_of(page, order).bounding_box()
    assert card is not None
    page.touchscreen.tap(card["x"] + card["width"] / 2, card["y"] + 45)  # anywhere beside the buttons
    clerk.reads(order.spoken, "办理经过")


def test_the_line_of_tabs_shows_where_one_is_even_at_its_far_end(cast: Cast):
    if cast.screen is not PHONE:
        pytest.skip("the menu is a line on phones")
    clerk = cast.clerk
    for tab in ("全部", "待派单"):
        clerk.go_to(tab)
        current = clerk.page.locator("#desk-menu [aria-current=page]")
        expect(current).to_contain_text(tab)
        expect(current).to_be_in_viewport(ratio=1)


def test_lists_views_and_notices_have_no_barrier(cast: Cast):
    given_placed(cast, 2)
    page = cast.clerk.page
    found = []
    for path in (
        "/community/",
        "/community/?tab=all&due=today&status=placed",
        "/community/views",
        "/community/notices",
    ):
        page.goto(path)
        for is_dark in (False, True):
            found += [f"{path}: {each}" for each in barriers(page, is_dark=is_dark)]
    assert found == []
