"""The parties of the city with a browser each: what they do, in the words of the trade.

They find everything as a person does: by what stands on buttons, links and beside fields.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from playwright.sync_api import Locator, Page, expect

from qtxvol.orders.numbers import parse_number, spoken


@dataclass(frozen=True)
class PlacedOrder:
    """What a resident takes home: the number, and the secret link (empty when only a clerk has seen it)."""

    number: str
    link: str = ""

    @property
    def spoken(self) -> str:
        return spoken(self.number)


@dataclass(frozen=True)
class Wish:
    """What a resident wants, as it is typed."""

    audience: str = "老年人"
    item: str = "合理膳食讲座"
    community: str = "东街居委会"
    venue: str = "社区二楼活动室"
    days: tuple[tuple[str, str], ...] = (("2026-11-27", "上午"), ("2026-11-29", "下午"))
    headcount: int = 30
    name: str = "王女士"
    phone: str = "199 0000 1234"

    @property
    def phone_tail(self) -> str:
        return self.phone[-4:]


@dataclass(frozen=True)
class Visit:
    """What a team writes down at the end."""

    attendance: int = 28
    report: str = "讲了三减三健，现场测了血压，发了控盐勺。"
    photos: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """What a resident thinks of it."""

    has_come: bool = True
    stars: int = 5
    came: int = 28
    text: str = "讲得清楚，老人都听懂了。"


class Person:
    """Somebody with a browser."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    def main(self) -> Locator:
        return self.page.get_by_role("main")

    def open(self, path: str) -> None:
        self.page.goto(path)

    def press(self, name: str, within: Locator | None = None) -> None:
        """A button with exactly this on it."""
        (within or self.page).get_by_role("button", name=name, exact=True).click()

    def follow_link(self, name: str, within: Locator | None = None) -> None:
        (within or self.main).get_by_role("link", name=name, exact=True).click()

    def choose(self, name: str, within: Locator | None = None) -> None:
        """One of several cards; its first line begins with `name`."""
        self._tap_card("radio", name, within)

    def tick(self, name: str, within: Locator | None = None) -> None:
        """One or more of several cards."""
        self._tap_card("checkbox", name, within)

    def _tap_card(
        self, role: Literal["radio", "checkbox"], name: str | re.Pattern[str], within: Locator | None
    ) -> None:
        """The whole card is the target, as a thumb finds it."""
        pattern = name if isinstance(name, re.Pattern) else re.compile(f"^{re.escape(name)}")
        control = self.page.get_by_role(role, name=pattern)
        card = (within or self.page).locator("label").filter(has=control)
        card.click()
        expect(card.get_by_role(role)).to_be_checked()

    def fill(self, label: str, text: str, within: Locator | None = None) -> None:
        self._labelled(label, within).fill(text)

    def select(self, label: str, option: str, within: Locator | None = None) -> None:
        self._labelled(label, within).select_option(label=option)

    def _labelled(self, label: str, within: Locator | None) -> Locator:
        """The label may go on (选填), but 日期 1 is not 日期 12."""
        return (within or self.page).get_by_label(re.compile(re.escape(label) + r"(?!\d)"))

    def reads(self, *texts: str) -> None:
        """All of it stands on the page."""
        for text in texts:
            expect(self.main).to_contain_text(text)

    def does_not_read(self, *texts: str) -> None:
        for text in texts:
            expect(self.main).not_to_contain_text(text)

    def _choose_department(self, form: Locator, department: str) -> None:
        """One of those that are suggested, or from the list of all others."""
        card = form.get_by_role("radio", name=re.compile(f"^{department}"))
        if card.count():
            self.choose(department, form)
            return
        form.locator("summary").filter(has_text="派给别的部门").click()
        field = form.get_by_label(re.compile("^别的部门"))
        option = field.locator("option").filter(has_text=department).first
        field.select_option(value=option.get_attribute("value"))

    def _step(self, action: str, called: str = "") -> Locator:
        """The form of an action, unfolded; `called` where its fold says it in other words."""
        button = self.page.get_by_role("button", name=f"确认{action}", exact=True, include_hidden=True)
        form = self.page.locator("form").filter(has=button)
        expect(form).to_have_count(1)
        if not button.is_visible():
            self.page.locator("summary").filter(has_text=re.compile(f"^{called or action}$")).click()
        expect(button).to_be_visible()
        return form

    def _confirm(self, action: str) -> None:
        self.press(f"确认{action}")

    def _fill_days(self, wish: Wish) -> None:
        """Days that are offered are ticked, the others typed."""
        typed = []
        for day, slot in wish.days:
            date = datetime.fromisoformat(day)
            name = f"{date.month}月{date.day}日"
            if self.page.get_by_role("checkbox", name=re.compile(f"^{name} .*{slot}$")).count():
                self._tap_card("checkbox", re.compile(f"^{name} .*{slot}$"), None)
            else:
                typed.append((day, slot))
        if typed:
            self.page.locator("summary").filter(has_text="其他日期").click()
        for position, (day, slot) in enumerate(typed, 1):
            self.fill(f"方便的日期 {position}", day)
            self.select(f"时段 {position}", slot)

    def _fill_contact(self, wish: Wish) -> None:
        self.fill("大约多少人", str(wish.headcount))
        self.fill("怎么称呼您", wish.name)
        self.fill("联系电话", wish.phone)

    def _fill_verdict(self, form: Locator, verdict: Verdict) -> None:
        self.choose("来了" if verdict.has_come else "没有来", form)
        self.choose(f"{verdict.stars} 星", form)
        if verdict.has_come:
            self.fill("大约来了多少人听", str(verdict.came), form)
        self.fill("想说的话", verdict.text, form)


class Resident(Person):
    """Places, follows and rates without an account; the secret link is all there is."""

    def place_order(self, wish: Wish | None = None) -> PlacedOrder:
        """点单, from the first page to the number."""
        self.fill_order(wish or Wish())
        self.press("提交点单")
        return self.read_number()

    def fill_order(self, wish: Wish) -> None:
        """All three screens, up to the last button."""
        self.open("/")
        self.follow_link("我要点单")
        self.choose(wish.audience)
        self.press("看适合的项目")
        self.choose(wish.item)
        self.press("下一步")
        self.select("在哪个社区或村", wish.community)
        self.fill("具体地点", wish.venue)
        self._fill_days(wish)
        self.press("下一步")
        self.reads(wish.item, wish.community, wish.venue)
        self._fill_contact(wish)
        self.tick("我同意把联系方式提供给经办社区")

    def read_number(self) -> PlacedOrder:
        """Number and link, from the page that a new order leads to."""
        self.reads("点单成功", "您的单号")
        number = parse_number(self.page.locator("#number").inner_text())
        assert number is not None
        link = self.page.get_by_role("link", name=re.compile(r"QTX\d{8}")).get_attribute("href")
        assert link is not None
        return PlacedOrder(number, link)

    def follow(self, order: PlacedOrder) -> None:
        """查看, by the secret link."""
        self.open(order.link)
        self.reads(order.spoken)

    def track(self, order: PlacedOrder, phone_tail: str) -> None:
        """查进度, by number and phone tail, as it is read off a slip of paper."""
        self.open("/")
        self.follow_link("查进度", self.page.get_by_role("main"))
        self.fill("单号", order.spoken)
        self.fill("电话后四位", phone_tail)
        self.press("查看")
        self.reads(order.spoken)

    def report_no_show(self, order: PlacedOrder, text: str) -> None:
        """未到场."""
        self.follow(order)
        form = self._step("未到场")
        self.fill("说说情况", text, form)
        self._confirm("未到场")
        self.reads("已办理：未到场。")

    def rate(self, order: PlacedOrder, verdict: Verdict | None = None) -> None:
        """评单."""
        self.follow(order)
        self._fill_verdict(self._step("评单"), verdict or Verdict())
        self._confirm("评单")
        self.reads("评价已收到，谢谢。")

    def sees_photos(self, order: PlacedOrder, count: int) -> list[str]:
        """现场照片 on the order's page; their addresses."""
        self.follow(order)
        return _check_photos(self.page, count)


class Desk(Person):
    """Somebody who signs in."""

    title = ""

    def sign_in(self, username: str, password: str) -> None:
        self.open("/login")
        self.fill_sign_in(username, password)
        self.press("登录", self.main)
        expect(self.page.get_by_role("navigation", name=self.title)).to_be_visible()

    def sign_in_again(self, username: str, password: str) -> None:
        """The session is over: sign in on the page that says so, then send what was typed once more."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text("登录")
        self.reads("刚才填的内容还在")
        self.fill_sign_in(username, password)
        self.press("登录", self.main)
        self.reads("您填的内容都在")
        self.press("重新提交")

    def fill_sign_in(self, username: str, password: str) -> None:
        self.fill("用户名", username)
        self.fill("密码", password)

    def go_to(self, tab: str) -> None:
        """A line of the desk's menu, unfolded when it lies in a group; its number may follow."""
        menu = self.page.get_by_role("navigation", name=self.title)
        folded = menu.locator("details:not([open])", has=self.page.get_by_text(tab, exact=True))
        if folded.count():
            folded.locator("summary").click()
        menu.get_by_role("link", name=re.compile(rf"^{tab}( \d+)?$")).click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text(tab)

    def find(self, order: PlacedOrder, tab: str) -> Locator:
        """The order's row under `tab`, searched for by its number."""
        self.go_to(tab)
        self.fill("查找", order.spoken)
        self.press("筛选")
        row = self.page.get_by_role("row").filter(has_text=order.spoken)
        expect(row).to_have_count(1)
        return row

    def does_not_have(self, order: PlacedOrder, tab: str) -> None:
        self.go_to(tab)
        expect(self.page.get_by_role("row").filter(has_text=order.spoken)).to_have_count(0)

    def open_order(self, order: PlacedOrder, tab: str = "全部") -> None:
        """By its name in the list."""
        self.find(order, tab).get_by_role("rowheader").get_by_role("link").click()
        self.reads(order.spoken, "办理经过")

    def has_news(self, text: str) -> None:
        """消息 at this desk."""
        self.go_to("消息")
        self.reads(text)


class _OrdersOnBehalf(Desk):
    """Desks that order for somebody on the phone."""

    def fill_on_behalf(self, wish: Wish) -> None:
        """代点单, up to the last button."""
        self.go_to("代点单")
        self.choose(wish.audience)
        self.press("看适合的项目")
        self.choose(wish.item)
        self.select("在哪个社区或村", wish.community)
        self.fill("具体地点", wish.venue)
        self._fill_days(wish)
        self._fill_contact(wish)
        self.tick("居民已口头同意")

    def order_on_behalf(self, wish: Wish) -> PlacedOrder:
        """代点单."""
        self.fill_on_behalf(wish)
        self.press("提交点单")
        return self.read_number()

    def read_number(self) -> PlacedOrder:
        """The number that is to be read out on the phone."""
        self.reads("已代点单，单号")
        number = parse_number(re.search(r"QTX[ \d]+", self.main.inner_text())[0])  # type: ignore[index]
        assert number is not None
        return PlacedOrder(number)


class CommunityClerk(_OrdersOnBehalf):
    title = "社区工作台"

    def dispatch(self, order: PlacedOrder) -> None:
        """派单 with one tap, to the department that the routing table names."""
        row = self.find(order, "待派单")
        row.get_by_role("button", name=re.compile("^派给")).click()
        self.reads("部门会收到提醒。")

    def dispatch_to(self, order: PlacedOrder, department: str) -> None:
        """派单 to a department of the clerk's own choice."""
        self.open_order(order, "待派单")
        form = self._step("派单")
        self._choose_department(form, department)
        self._confirm("派单")
        self.reads("部门会收到提醒。")

    def reject(self, order: PlacedOrder, reason: str, text: str) -> None:
        """不予受理."""
        self.open_order(order, "待派单")
        form = self._step("不予受理")
        self.select("原因", reason, form)
        self.fill("给居民的说明", text, form)
        self._confirm("不予受理")
        self.reads("已办理：不予受理。")

    def rate_by_phone(self, order: PlacedOrder, verdict: Verdict) -> None:
        """电话回访代评."""
        self.open_order(order, "已办结")
        self._fill_verdict(self._step("评单"), verdict)
        self._confirm("评单")
        self.reads("评价已收到，谢谢。")

    def call_back(self, order: PlacedOrder, outcome: str) -> None:
        """电话回访 after a low rating, written down."""
        self.open_order(order, "待回访")
        self.reads("请电话回访")
        self.choose("已解释，居民理解")
        self.fill("回访结果", outcome)
        self.press("记录回访")
        self.reads("回访已记录。")


class DepartmentLiaison(_OrdersOnBehalf):
    title = "部门工作台"

    def claim(self, order: PlacedOrder) -> None:
        """领单, from the list."""
        self.press("领单", self.find(order, "待领单"))
        self.reads("已领单，系统开始逐批询问服务队")

    def offer(self, order: PlacedOrder, team: str) -> None:
        """推单 to a team."""
        self.open_order(order, "待队伍接单")
        form = self._step("推单")
        self.tick(team, form)
        self._confirm("推单")
        self.reads("已办理：推单。")

    def return_order(self, order: PlacedOrder, reason: str, text: str, suggests: str = "没有建议") -> None:
        """退单."""
        self.open_order(order, "待领单")
        form = self._step("退单")
        self.select("原因", reason, form)
        self.select("建议改派给", suggests, form)
        self.fill("补充说明", text, form)
        self._confirm("退单")

    def cannot_return(self, order: PlacedOrder) -> None:
        """The ruling binds."""
        self.open_order(order, "待领单")
        self.reads("已裁定", "这是纲要办裁定的单，不能退回")
        expect(self.page.get_by_role("button", name="确认退单", include_hidden=True)).to_have_count(0)


class TeamLeader(Desk):
    title = "服务队工作台"

    def accept(self, order: PlacedOrder, when: str, people: Sequence[str]) -> None:
        """接单 with a time and names; `when` begins the line of one of the resident's times."""
        self.fill_accept(order, when, people)
        self._confirm("接单")
        self.reads("已接单，请按时到场。")

    def fill_accept(self, order: PlacedOrder, when: str, people: Sequence[str]) -> None:
        """接单, up to the last button."""
        self.open_order(order, "可接单")
        form = self._step("接单", called="我自己定时间和人")
        self.choose(when, form)
        for name in people:
            self.tick(name, form)

    def close(self, order: PlacedOrder, visit: Visit | None = None) -> None:
        """办结. Times and minutes stand there as agreed."""
        visit = visit or Visit()
        self.open_order(order, "我队待服务")
        form = self._step("办结")
        self.fill("到场人次", str(visit.attendance), form)
        self.fill("服务情况", visit.report, form)
        if visit.photos:
            form.get_by_label("现场照片").set_input_files(visit.photos)
        self._confirm("办结")
        self.reads("已办结，时长已登记，等居民评价。")

    def sees_photos(self, order: PlacedOrder, count: int) -> list[str]:
        self.open_order(order, "我队已办结")
        return _check_photos(self.page, count)


class Volunteer(Desk):
    title = "志愿者之家"

    def expects_to_serve(self, order: PlacedOrder) -> None:
        """It stands in the list of what is ahead."""
        self.find(order, "待服务")

    def has_served(self, order: PlacedOrder, minutes: int) -> None:
        """The ledger has a line for it."""
        self.go_to("我的时长")
        row = self.page.get_by_role("row").filter(has_text=order.spoken)
        expect(row).to_contain_text(str(minutes))


class Office(Desk):
    title = "纲要办工作台"

    def rule(self, order: PlacedOrder, department: str, text: str) -> None:
        """裁定."""
        self.open_order(order, "待裁定")
        form = self._step("裁定")
        self._choose_department(form, department)
        self.fill("裁定理由", text, form)
        self._confirm("裁定")
        self.reads("已派单，部门会收到提醒。")


def _check_photos(page: Page, count: int) -> list[str]:
    """All photos of the page have come; their addresses."""
    photos = page.get_by_role("img", name=re.compile("照片"))
    expect(photos).to_have_count(count)
    for photo in photos.all():
        photo.scroll_into_view_if_needed()
        expect(photo).to_have_js_property("complete", True)
        assert photo.evaluate("image => image.naturalWidth") > 0
    return [str(photo.get_attribute("src")) for photo in photos.all()]
