"""点单, 派单, 领单, 接单, 办结 and 评单 by five people without a mouse."""

import re
from collections.abc import Sequence

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.factories import PASSWORD, claimed, placed
from tests.journeys.browser import DESKTOP, PHONE, Screen
from tests.journeys.cast import Cast
from tests.journeys.catalogue import GROUPS, KINDS
from tests.journeys.keyboard import Keyboard
from tests.journeys.people import CommunityClerk, DepartmentLiaison, Desk, PlacedOrder, Resident, TeamLeader
from tests.journeys.scene import Scene, visitor
from tests.journeys.stories import AFTERWARDS, FIRST_TIME

#: Low, so that little fits and much has to be scrolled for.
_LAPTOP = Screen("1280", 1280, 600, is_phone=False)


def sign_in(desk: Desk, username: str) -> Keyboard:
    """登录; Enter in the last field is enough."""
    keys = Keyboard(desk.page)
    desk.open("/login")
    keys.type(desk.page.get_by_label("用户名"), username)
    keys.type(desk.page.get_by_label("密码"), PASSWORD)
    desk.page.keyboard.press("Enter")
    expect(menu_of(desk)).to_be_visible()
    return keys


def menu_of(desk: Desk) -> Locator:
    return desk.page.get_by_role("navigation", name=desk.title)


def go_to_tab(keys: Keyboard, desk: Desk, tab: str) -> None:
    keys.enter(menu_of(desk).get_by_role("link", name=re.compile(rf"^{tab}( \d+)?$")))
    expect(desk.page.get_by_role("heading", level=1)).to_have_text(tab)
    desk.page.wait_for_load_state()  # the keys of the list come with its script


def row_of(desk: Desk, order: PlacedOrder) -> Locator:
    return desk.page.get_by_role("row").filter(has_text=order.spoken)


def open_order(keys: Keyboard, desk: Desk, order: PlacedOrder, tab: str) -> None:
    go_to_tab(keys, desk, tab)
    keys.enter(row_of(desk, order).get_by_role("rowheader").get_by_role("link"))
    desk.reads(order.spoken, "办理经过")


def place(resident: Resident) -> PlacedOrder:
    """点单 for a time that is offered and one that is typed."""
    page, keys = resident.page, Keyboard(resident.page)
    resident.open("/")
    keys.enter(resident.main.get_by_role("link", name="我要点单"))

    expect(page.get_by_role("heading", level=1)).to_have_text("想要什么")
    keys.pick_card("给谁听", "老年人")
    keys.press("看适合的项目")
    expect(page.get_by_role("group", name="想听什么")).to_be_visible()
    keys.pick_card("想听什么", "合理膳食讲座")
    keys.press("下一步")

    expect(page.get_by_role("heading", level=1)).to_have_text("什么时间、在哪里")
    keys.pick_option(page.get_by_label("在哪个社区或村"), "东街居委会")
    keys.type(page.get_by_label("具体地点"), "社区二楼活动室")
    keys.tick(page.get_by_role("checkbox", name=re.compile(r"^11月27日 .*上午$")))
    keys.enter(page.locator("summary").filter(has_text="其他日期"))
    keys.type_date(page.get_by_label("方便的日期 1"), "2026-12-18")
    keys.pick_option(page.get_by_label("时段 1"), "下午")
    keys.press("下一步")

    expect(page.get_by_role("heading", level=1)).to_have_text("怎么联系您")
    resident.reads("11月27日", "12月18日")
    for label, text in (("大约多少人", "30"), ("怎么称呼您", "王女士"), ("联系电话", "19900001234")):
        keys.type(page.get_by_label(label), text)
    keys.tick(page.get_by_role("checkbox", name="我同意"))
    keys.press("提交点单")
    return resident.read_number()


def dispatch(keys: Keyboard, clerk: CommunityClerk, order: PlacedOrder) -> None:
    """派单 with the row's own button."""
    go_to_tab(keys, clerk, "待派单")
    keys.enter(row_of(clerk, order).get_by_role("button", name=re.compile("^派给")))
    clerk.reads("部门会收到提醒。")


def claim(keys: Keyboard, liaison: DepartmentLiaison, order: PlacedOrder) -> None:
    """领单 with the row's own button."""
    go_to_tab(keys, liaison, "待领单")
    keys.enter(row_of(liaison, order).get_by_role("button", name="领单", exact=True))
    liaison.reads("已领单，系统开始逐批询问服务队")


def unfold_naming(keys: Keyboard, page: Page) -> None:
    """The leader names the crew; the other way stands open, where the service finds the people."""
    keys.enter(page.locator("summary").filter(has_text="我自己定时间和人"))


def accept(keys: Keyboard, leader: TeamLeader, order: PlacedOrder, people: Sequence[str]) -> None:
    """接单 with a time and a crew."""
    open_order(keys, leader, order, "可接单")
    unfold_naming(keys, leader.page)
    keys.pick_card("服务时间", FIRST_TIME)
    for name in people:
        keys.tick(leader.page.get_by_role("checkbox", name=re.compile(f"^{name}")))
    keys.press("确认接单")
    leader.reads("已接单，请按时到场。")


def close(keys: Keyboard, leader: TeamLeader, order: PlacedOrder) -> None:
    """办结; times and minutes stand there as agreed."""
    open_order(keys, leader, order, "我队待服务")
    keys.type(leader.page.get_by_label("到场人次"), "28")
    keys.type(leader.page.get_by_label("服务情况"), "讲了三减三健，现场测了血压。")
    keys.press("确认办结")
    leader.reads("已办结，时长已登记，等居民评价。")


def rate(resident: Resident, order: PlacedOrder) -> None:
    """评单, from the secret link."""
    page, keys = resident.page, Keyboard(resident.page)
    resident.follow(order)
    keys.pick_card("服务来了吗", "来了")
    keys.pick_card("做得怎么样", "4 星")
    keys.type(page.get_by_label("大约来了多少人听"), "28")
    keys.type(page.get_by_label("想说的话"), "讲得清楚，老人都听懂了。")
    keys.press("确认评单")
    resident.reads("评价已收到，谢谢。")


def test_five_people_bring_an_order_from_wish_to_rating_without_a_mouse(cast: Cast):
    resident, city = cast.resident, cast.city
    clerk, liaison, leader = (kind(cast.new_page()) for kind in (CommunityClerk, DepartmentLiaison, TeamLeader))

    order = place(resident)
    dispatch(sign_in(clerk, cast.username_of(city.community)), clerk, order)
    claim(sign_in(liaison, cast.username_of(city.department)), liaison, order)
    leader_keys = sign_in(leader, cast.username_of(city.team))
    accept(leader_keys, leader, order, cast.crew[:2])
    cast.move_to(AFTERWARDS)
    close(leader_keys, leader, order)
    rate(resident, order)

    assert cast.steps(order) == ["place", "dispatch", "claim", "accept", "close", "rate"]
    assert cast.ask_order(order, lambda row: (row.attendance, row.headcount)) == (28, 30)


@pytest.mark.parametrize("screen", [DESKTOP], ids=["1280"])
def test_a_clerk_dispatches_with_the_keys_of_the_list(cast: Cast):
    first, second, third = (cast.given(placed) for _ in range(3))
    clerk, page = cast.clerk, cast.clerk.page
    keys = Keyboard(page)
    go_to_tab(keys, clerk, "待派单")

    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    keys.press("派单：选中的 2 单")
    clerk.reads("下面 2 张单可以一起办")
    keys.press("确认派单")
    clerk.reads("已派单 2 张")

    go_to_tab(keys, clerk, "待派单")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    clerk.reads(third.spoken, "办理经过")
    keys.press("确认派单")
    clerk.reads("部门会收到提醒。")
    assert [cast.steps(order) for order in (first, second, third)] == [["place", "dispatch"]] * 3


@pytest.mark.parametrize("screen", [DESKTOP], ids=["1280"])
def test_who_looks_at_the_keys_comes_back_to_where_they_were(cast: Cast):
    cast.given(placed)
    second = cast.given(placed)
    clerk, page = cast.clerk, cast.clerk.page
    go_to_tab(Keyboard(page), clerk, "待派单")
    link = row_of(clerk, second).get_by_role("rowheader").get_by_role("link")
    for key in ("j", "j", "?", "Tab"):
        page.keyboard.press(key)
    expect(page.get_by_role("checkbox", name="在这台电脑上使用快捷键")).to_be_focused()
    page.keyboard.press("Escape")
    expect(link).to_be_focused()


def test_the_first_stop_of_a_page_leads_past_its_head_and_menu(cast: Cast):
    order = cast.given(placed)
    clerk, page = cast.clerk, cast.clerk.page
    for path in ("/", "/order", order.link, "/community/", f"/community/orders/{order.number}"):
        clerk.open(path)
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="跳到正文")).to_be_focused()
        expect(page.get_by_role("link", name="跳到正文")).to_be_in_viewport(ratio=1)
        page.keyboard.press("Enter")
        expect(clerk.main).to_be_focused()
        page.keyboard.press("Tab")
        assert clerk.main.evaluate("main => main.contains(document.activeElement)"), path


def test_a_refused_form_puts_the_reader_before_its_list_of_mistakes(cast: Cast):
    resident, page = cast.resident, cast.resident.page
    resident.open("/track")
    Keyboard(page).press("查看")
    check_mistakes(page, page.get_by_label("单号"))

    resident.open("/order")
    Keyboard(page).press("下一步")
    check_mistakes(page, page.get_by_role("group", name="给谁听").get_by_role("radio").first)

    order = cast.given(claimed)
    leader, keys = cast.leader, Keyboard(cast.leader.page)
    open_order(keys, leader, order, "可接单")
    unfold_naming(keys, leader.page)
    keys.press("确认接单")
    check_mistakes(leader.page, leader.page.get_by_role("group", name="服务时间").get_by_role("radio").first)


def check_mistakes(page: Page, first: Locator) -> None:
    """The list has the focus; its first line leads to the field, which can be seen there."""
    expect(page.get_by_role("alert", name="还差一点")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(first).to_be_focused()
    Keyboard(page).go_to(first)


#: Forwards on the phone, backwards on the laptop; each group where its people sit.
@pytest.mark.parametrize(
    ("group", "screen", "key"),
    [
        (group, PHONE, "Tab") if group in ("public", "ordering", "resident", "team") else (group, _LAPTOP, "Shift+Tab")
        for group in GROUPS
    ],
    ids=list(GROUPS),
)
def test_the_focus_goes_right_around_every_page(chromium: Browser, scene: Scene, screen: Screen, key: str, group: str):
    """The frame of a desk is the same around all its pages: gone round once, then their own part."""
    found: list[str] = []
    has_gone_round = False
    with visitor(chromium, scene, **screen.options()) as person:
        for entry in KINDS[group]:
            # a year, on paper or as a calendar, has a link in each of some hundred cells
            if entry.is_paper or entry.endpoint.startswith("office.workdays"):
                continue
            person.open(entry)
            person.page.keyboard.press("Escape")  # what somebody has opened may lie over others while they want it
            keys = Keyboard(person.page)
            faults = keys.go_through(key) if has_gone_round else keys.go_round(key)
            found += [f"{entry.name}: {each}" for each in faults]
            has_gone_round = True
    assert not found, "\n".join(found)
