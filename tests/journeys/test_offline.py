"""The line breaks: nothing that was typed is lost, and what was kept arrives once."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from qtxvol.orders.numbers import parse_number
from tests.factories import NOW, PASSWORD, accepted
from tests.journeys.browser import PATIENCE_MS, PHONE, Screen
from tests.journeys.cast import Cast
from tests.journeys.people import PlacedOrder, Resident, TeamLeader, Wish
from tests.journeys.stories import AFTERWARDS
from tests.journeys.test_accessibility import AXE, violations


@pytest.fixture(params=[PHONE], ids=["390"])
def screen(request: pytest.FixtureRequest) -> Screen:
    """Lines break on phones; nothing here depends on the width."""
    return request.param


WISH = Wish(venue="东街社区三楼舞蹈室", name="杨奶奶", phone="199 0000 7788", headcount=26)
DAY = "/team/day?on=2026-11-27"

#: A phone that takes a dead line for a good one.
_BELIEVES = "Object.defineProperty(Navigator.prototype, 'onLine', {get: () => true})"


def with_worker(page: Page, path: str = "/order") -> Page:
    """Open a page and wait until the phone has all that it keeps."""
    page.goto(path)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.goto(path)  # it answers for pages that are opened from now on
    wait_until(page, "navigator.serviceWorker.controller !== null")
    return page


def wait_until(page: Page, question: str) -> None:
    """Until the page answers yes. Not by a function of the page: its policy forbids those."""
    for _ in range(PATIENCE_MS // 100):
        if page.evaluate(question):
            return
        page.wait_for_timeout(100)
    raise AssertionError(question)


@pytest.fixture
def resident(cast: Cast) -> Resident:
    """Somebody whose phone has opened the order form once."""
    cast.resident.page.context.clock.set_fixed_time(NOW)
    with_worker(cast.resident.page)
    return cast.resident


@contextmanager
def no_line(context: BrowserContext) -> Iterator[None]:
    context.set_offline(True)
    try:
        yield
    finally:
        context.set_offline(False)


def axe(page: Page) -> list[str]:
    """What axe finds, light and dark."""
    page.emulate_media(reduced_motion="reduce")  # colours change at once
    page.evaluate(AXE)
    page.evaluate("scrollTo(0, 0)")  # what was scrolled half under the bar is not too small
    return [each for is_dark in (False, True) for each in violations(page, is_elder=False, is_dark=is_dark)]


def forgive(cast: Cast, address: str) -> None:
    """The server said no to a script, as it should: no fault of the page's. The worker may have been first to ask."""
    cast.watch.faults[:] = [fault for fault in cast.watch.faults if not re.search(address, fault)]


def fill_offline(resident: Resident, wish: Wish = WISH) -> None:
    resident.choose(wish.audience)
    resident.choose(wish.item)
    resident.select("在哪个社区或村", wish.community)
    resident.fill("具体地点", wish.venue)
    for position, (day, slot) in enumerate(wish.days, 1):
        resident.fill(f"方便的日期 {position}", day)
        resident.select(f"时段 {position}", slot)
    resident._fill_contact(wish)
    resident.tick("我同意把联系方式提供给经办社区")


def keep(resident: Resident) -> None:
    resident.page.locator(".sticky-bar").get_by_role("button", name="存好，有网就发").click()


def kept(page: Page) -> Any:
    """The list of what lies on the phone."""
    return page.get_by_role("region", name="存在这部手机上的")


def read_sent(page: Page) -> str:
    expect(kept(page)).to_contain_text("已发送")
    number = parse_number(kept(page).locator(".number").first.inner_text())
    assert number is not None
    return number


def draft_of(page: Page) -> dict[str, Any] | None:
    return page.evaluate("JSON.parse(localStorage.getItem('qtxvol-draft'))")


def wait_for_draft(page: Page, text: str) -> None:
    wait_until(page, f"(localStorage.getItem('qtxvol-draft') || '').includes('{text}')")


# drafts


def begin(resident: Resident) -> None:
    """Up to the middle of the second screen."""
    resident.open("/order")
    resident.choose(WISH.audience)
    resident.press("看适合的项目")
    resident.choose(WISH.item)
    resident.press("下一步")
    resident.select("在哪个社区或村", WISH.community)
    resident.fill("具体地点", WISH.venue)


def test_a_draft_survives_the_closing_of_the_tab(cast: Cast, resident: Resident):
    begin(resident)
    wait_for_draft(resident.page, WISH.venue)
    context = resident.page.context
    resident.page.close()

    again = Resident(context.new_page())
    again.open("/order")
    again.reads("您上次没填完")
    expect(again.page.locator("#order-form input:checked")).to_have_count(0)  # nothing is filled in unasked
    again.press("接着填")
    expect(again.page.get_by_label("具体地点")).to_have_value(WISH.venue)
    again.press("上一步")
    expect(again.page.get_by_role("radio", name=re.compile(f"^{WISH.item}"))).to_be_checked()
    assert cast.numbers() == []


def test_a_draft_is_gone_once_it_is_cleared_or_begun_anew(resident: Resident):
    begin(resident)
    wait_for_draft(resident.page, WISH.venue)
    resident.reads("只存在这部手机")
    resident.press("清除")
    assert draft_of(resident.page) is None
    resident.fill("具体地点", "别处")
    resident.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert draft_of(resident.page) is None

    begin(resident)
    wait_for_draft(resident.page, WISH.venue)
    resident.open("/order")
    resident.press("重新填")
    assert draft_of(resident.page) is None
    expect(resident.page.get_by_text("您上次没填完")).to_be_hidden()


def test_a_draft_is_gone_once_the_order_is_placed(cast: Cast, resident: Resident):
    resident.place_order(WISH)
    assert draft_of(resident.page) is None
    resident.open("/order")
    expect(resident.page.get_by_text("您上次没填完")).to_be_hidden()
    assert len(cast.numbers()) == 1


def test_a_draft_older_than_a_week_is_not_offered(resident: Resident):
    begin(resident)
    wait_for_draft(resident.page, WISH.venue)
    resident.open("/")  # a page that is left saves once more
    resident.page.evaluate(
        "const draft = JSON.parse(localStorage.getItem('qtxvol-draft')); draft.at -= 8 * 24 * 3600 * 1000;"
        "localStorage.setItem('qtxvol-draft', JSON.stringify(draft))"
    )
    resident.page.goto("/order")
    expect(resident.page.get_by_text("您上次没填完")).to_be_hidden()
    assert draft_of(resident.page) is None


# orders


def test_an_order_filled_in_without_a_line_arrives_once_although_the_answer_is_lost(cast: Cast, resident: Resident):
    """The server has the order, its answer is lost, and two tabs try at once when the line is back."""
    context, page = resident.page.context, resident.page
    sent: list[str] = []

    def lose_the_first_answer(route: Route) -> None:
        answer = route.fetch()
        sent.append(answer.text())
        if len(sent) == 1:
            route.abort()
        else:
            route.fulfill(response=answer)

    context.route("**/offline/orders", lose_the_first_answer)
    with no_line(context):
        resident.open("/order")
        expect(page.get_by_role("heading", level=1)).to_have_text("没有网也能点单")
        fill_offline(resident)
        keep(resident)
        expect(kept(page)).to_contain_text("待发送")
        other = context.new_page()
        other.goto("/offline/order")
        expect(kept(other)).to_contain_text("待发送")
        assert cast.numbers() == []
    number = read_sent(page)
    assert read_sent(other) == number
    assert cast.numbers() == [number]
    assert len(sent) == 2
    assert all(parse_number(re.search(r"QTX\d{8}", text)[0]) == number for text in sent)  # type: ignore[index]

    kept(page).get_by_role("link", name="看进度").click()
    resident.reads("东街居委会")
    row = cast.ask_order(PlacedOrder(number), lambda row: (row.venue, row.contact_phone, row.headcount))
    assert row == (WISH.venue, "19900007788", WISH.headcount)
    stored = page.evaluate("qtxvolOutbox.all().then(entries => JSON.stringify(entries))")
    assert "7788" not in stored  # it has arrived: the phone need not know the number any longer


def test_the_last_screen_sent_into_a_broken_line_loses_nothing(cast: Cast, resident: Resident):
    context, page = resident.page.context, resident.page
    resident.fill_order(WISH)
    with no_line(context):
        resident.press("提交点单")
        expect(page.get_by_role("heading", level=1)).to_have_text("没有网也能点单")
        expect(page.get_by_label("具体地点")).to_have_value(WISH.venue)
        expect(page.get_by_label("怎么称呼您")).to_have_value(WISH.name)
        expect(page.get_by_label("联系电话")).to_have_value(WISH.phone)
        expect(page.get_by_label("方便的日期 2")).to_have_value(WISH.days[1][0])
        expect(page.get_by_role("checkbox", name=re.compile("^我同意"))).not_to_be_checked()
        resident.tick("我同意把联系方式提供给经办社区")
        keep(resident)
        expect(kept(page)).to_contain_text("待发送")
    number = read_sent(page)
    assert cast.numbers() == [number]
    assert cast.ask_order(PlacedOrder(number), lambda row: row.venue) == WISH.venue


def test_the_first_screen_sent_into_a_broken_line_goes_on_without_it(resident: Resident):
    resident.open("/order")
    resident.choose(WISH.audience)
    with no_line(resident.page.context):
        resident.press("看适合的项目")
        expect(resident.page.get_by_role("heading", level=1)).to_have_text("没有网也能点单")
        expect(resident.page.get_by_role("radio", name=WISH.audience)).to_be_checked()
        expect(resident.page.get_by_role("radio", name=WISH.item)).to_be_visible()


def test_the_phone_says_by_itself_what_is_missing(resident: Resident):
    page = resident.page
    with no_line(page.context):
        resident.open("/order?audience=elderly")
        keep(resident)
        summary = page.get_by_role("alert")
        for sentence in (
            "请选一个项目",
            "请选社区或村",
            "请写具体地点",
            "请至少选一个方便的时间",
            "请填联系电话",
            "请先勾选同意",
        ):
            expect(summary).to_contain_text(sentence)
        summary.get_by_role("link", name=re.compile("^请写具体地点")).click()
        expect(page.get_by_label("具体地点")).to_be_focused()
        assert axe(page) == []
        expect(kept(page)).to_be_hidden()


def test_what_the_server_does_not_take_opens_in_the_normal_form(cast: Cast, resident: Resident):
    """A telephone number in the wish: the phone did not notice, the server does."""
    page = resident.page
    with no_line(page.context):
        resident.open("/order")
        fill_offline(resident)
        resident.fill("用自己的话说说需求", "来之前打 13800138000")
        keep(resident)
    expect(kept(page)).to_contain_text("需要修改")
    expect(kept(page)).to_contain_text("这里好像写了电话号码")
    forgive(cast, "/offline/orders: 422$")
    assert cast.numbers() == []
    kept(page).get_by_role("button", name="去修改").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("想要什么")
    resident.reads("这里好像写了电话号码")
    resident.fill("用自己的话说说需求", "请讲慢一点")
    resident.press("下一步")
    expect(page.get_by_label("具体地点")).to_have_value(WISH.venue)
    resident.press("下一步")
    resident.press("提交点单")
    order = resident.read_number()
    assert cast.numbers() == [order.number]
    resident.open("/order")
    expect(kept(page)).to_have_count(0)


def test_the_back_button_finds_the_screens_of_the_form(resident: Resident):
    """The worker keeps out of the way of forms: what it had fetched for them could not be gone back to."""
    page = resident.page
    begin(resident)
    page.goto("/track")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("什么时间、在哪里")
    page.go_back()
    expect(page.get_by_role("heading", level=1)).to_have_text("想要什么")


def test_a_dead_line_that_looks_alive_loses_no_order(cast: Cast, resident: Resident):
    page = resident.page
    page.context.add_init_script(_BELIEVES)
    begin(resident)
    with no_line(page.context):
        resident.press("下一步")
        expect(page.get_by_role("heading", level=1)).to_have_text("没有网也能点单")
        expect(page.get_by_label("具体地点")).to_have_value(WISH.venue)


# other pages


def test_a_page_that_needs_a_line_says_so_and_what_goes_without(cast: Cast, resident: Resident):
    page = resident.page
    with no_line(page.context):
        for path in ("/progress", "/track"):
            resident.open(path)
            expect(page.get_by_role("heading", level=1)).to_have_text("现在没有网")
        assert axe(page) == []
        page.get_by_role("link", name=re.compile("^点单")).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("没有网也能点单")
    page.goto("/")
    page.get_by_role("button", name="English").click()
    wait_until(page, "caches.match('/offline').then(p => p.text()).then(text => text.includes('lang=\"en\"'))")
    with no_line(page.context):
        page.goto("/track")
        expect(page.locator("html")).to_have_attribute("lang", "en")
        assert axe(page) == []


def test_without_a_worker_everything_goes_as_before(cast: Cast):
    context = cast.browser.new_context(base_url=cast.site.address, service_workers="block", **cast.screen.options())
    context.set_default_timeout(PATIENCE_MS)
    cast.watch.follow(context)
    context.add_init_script("delete Navigator.prototype.serviceWorker")
    try:
        resident = Resident(context.new_page())
        begin(resident)
        with no_line(context):
            resident.press("下一步")
            resident.reads("现在没有网，没有提交")
        expect(resident.page.get_by_label("具体地点")).to_have_value(WISH.venue)
        order = resident.place_order(WISH)
        assert cast.numbers() == [order.number]
    finally:
        context.close()


# the team's day


@pytest.fixture
def leader(cast: Cast) -> TeamLeader:
    """A leader in the field, after the service, with the day's page on the phone."""
    cast.order = cast.given(accepted)  # type: ignore[attr-defined]
    cast.move_to(AFTERWARDS)
    with_worker(cast.leader.page, DAY)
    cast.leader.page.goto(DAY)
    wait_until(cast.leader.page, "caches.match('/team/day?on=2026-11-27').then(Boolean)")
    return cast.leader


def close_on_the_day_page(leader: TeamLeader, text: str) -> None:
    leader.page.locator("summary").filter(has_text=re.compile("^办结$")).click()
    leader.fill("到场人次", "24")
    leader.fill("服务情况", text)
    leader.press("确认办结")


def test_a_visit_closed_without_a_line_is_recorded_once(cast: Cast, leader: TeamLeader):
    page = leader.page
    with no_line(page.context):
        leader.open(DAY)
        leader.reads("没有网。这是", "合理膳食讲座")
        assert page.locator("input[name=csrf_token]").evaluate_all("all => all.map(one => one.value).join('')") == ""
        assert axe(page) == []
        close_on_the_day_page(leader, "讲了三减三健。")
        expect(kept(page)).to_contain_text("待发送")
        other = page.context.new_page()
        other.goto(DAY)
        expect(kept(other)).to_contain_text("待发送")
    expect(kept(page)).to_contain_text("已办理")
    expect(kept(other)).to_contain_text("已办理")
    assert cast.steps(cast.order) == ["place", "dispatch", "claim", "accept", "close"]
    assert cast.ask_order(cast.order, lambda row: row.attendance) == 24


def test_a_dead_line_that_looks_alive_loses_no_visit(cast: Cast, leader: TeamLeader):
    page = leader.page
    page.context.add_init_script(_BELIEVES)
    leader.open(DAY)
    with no_line(page.context):
        close_on_the_day_page(leader, "讲了三减三健。")
        expect(kept(page)).to_contain_text("待发送")
    kept(page).get_by_role("button", name="现在发送").click()
    expect(kept(page)).to_contain_text("已办理")
    assert cast.steps(cast.order) == ["place", "dispatch", "claim", "accept", "close"]


def test_a_visit_that_somebody_else_closed_first_is_told_and_its_words_are_kept(cast: Cast, leader: TeamLeader):
    page = leader.page
    with no_line(page.context):
        leader.open(DAY)
        close_on_the_day_page(leader, "这是我在车上写的。")
        expect(kept(page)).to_contain_text("待发送")
        colleague = TeamLeader(cast.new_page())
        colleague.sign_in(cast.username_of(cast.city.team), PASSWORD)
        colleague.open(f"/team/orders/{cast.order.number}")
        form = colleague._step("办结")
        colleague.fill("到场人次", "30", form)
        colleague.fill("服务情况", "同事先办了。", form)
        colleague._confirm("办结")
        colleague.reads("已办结")
    expect(kept(page)).to_contain_text("没有办成")
    expect(kept(page)).to_contain_text("晚了一步")
    forgive(cast, "/close: 409$")
    expect(kept(page)).to_contain_text("这是我在车上写的。")
    assert cast.steps(cast.order).count("close") == 1
    assert cast.ask_order(cast.order, lambda row: row.attendance) == 30
    kept(page).get_by_role("button", name="清除").click()
    expect(kept(page)).to_be_hidden()


def test_a_kept_visit_waits_until_its_own_leader_is_signed_in(cast: Cast, leader: TeamLeader):
    page = leader.page
    with no_line(page.context):
        leader.open(DAY)
        close_on_the_day_page(leader, "讲了三减三健。")
        expect(kept(page)).to_contain_text("待发送")
        page.context.clear_cookies()
    expect(kept(page)).to_contain_text("请先登录")
    assert cast.steps(cast.order)[-1] == "accept"
    leader.sign_in(cast.username_of(cast.city.team), PASSWORD)
    leader.open(DAY)
    expect(kept(page)).to_contain_text("已办理")
    assert cast.steps(cast.order)[-1] == "close"


def test_signing_out_wipes_the_saved_day(cast: Cast, leader: TeamLeader):
    page = leader.page
    leader.press("退出")
    leader.reads("已退出")
    wait_until(page, "caches.match('/team/day?on=2026-11-27').then((saved) => !saved)")
    with no_line(page.context):
        leader.open(DAY)
        expect(page.get_by_role("heading", level=1)).to_have_text("现在没有网")
        leader.does_not_read("合理膳食讲座")


def test_somebody_else_who_signs_in_finds_no_saved_day(cast: Cast, leader: TeamLeader):
    page = leader.page
    page.goto("about:blank")
    page.wait_for_timeout(500)  # an answer still on its way would bring the session back
    page.context.clear_cookies()  # it has run out: nobody has signed out
    other = TeamLeader(page)
    other.sign_in(cast.username_of(cast.city.other_team), PASSWORD)
    wait_until(page, "caches.match('/team/day?on=2026-11-27').then((saved) => !saved)")
