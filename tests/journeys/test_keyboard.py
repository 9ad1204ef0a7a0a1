"""Placing an order with nothing but Tab, Space, Enter and the arrows."""

from playwright.sync_api import Locator, Page, expect

from tests.journeys.cast import Cast

#: Stops on the longest way between two fields: a list of items is one stop, links and buttons are the others.
_MOST_STOPS = 60


def _is_focused(what: Locator) -> bool:
    return bool(what.evaluate("element => element === document.activeElement"))


def _tab_to(page: Page, what: Locator) -> None:
    """Tab until it has the focus, and see that it is visible there."""
    expect(what).to_be_attached()
    for _ in range(_MOST_STOPS):
        if _is_focused(what):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never comes to {what}")


def _has_ring(page: Page) -> bool:
    """Whoever uses the keyboard sees where they are."""
    return bool(
        page.evaluate(
            """() => {
              const here = document.activeElement;
              return [here, here.nextElementSibling].some(
                (one) => one && getComputedStyle(one).outlineStyle === 'solid'
                  && parseFloat(getComputedStyle(one).outlineWidth) >= 2);
            }"""
        )
    )


def _pick_radio(page: Page, group: Locator, name: str) -> None:
    """Into the group, then down to the card whose first line is `name`."""
    _tab_to(page, group.get_by_role("radio").first)
    assert _has_ring(page)
    wanted = group.get_by_role("radio", name=name)
    page.keyboard.press("Space")
    for _ in range(_MOST_STOPS):
        if wanted.is_checked():
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"the arrows never come to {name}")


def _pick_option(page: Page, field: Locator, name: str) -> None:
    _tab_to(page, field)
    assert _has_ring(page)
    chosen = field.locator("option:checked")
    for _ in range(_MOST_STOPS):
        if name in chosen.inner_text():
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"the arrows never come to {name}")


def _type_date(page: Page, field: Locator, day: str) -> None:
    """Segment by segment; their order is the browser's, which not every machine has in Chinese."""
    year, month, date = day.split("-")
    _tab_to(page, field)
    for segments in ((year, month, date), (month, date, year)):
        for position, segment in enumerate(segments):
            if position:
                page.keyboard.press("ArrowRight")
            page.keyboard.type(segment)
        if field.input_value() == day:
            return
        page.keyboard.press("Shift+Tab")
        _tab_to(page, field)
    raise AssertionError(f"{day} can't be typed")


def _enter(page: Page, button: str) -> None:
    _tab_to(page, page.get_by_role("button", name=button, exact=True))
    assert _has_ring(page)
    page.keyboard.press("Enter")


def test_an_order_can_be_placed_with_the_keyboard_alone(cast: Cast):
    resident, page = cast.resident, cast.resident.page
    resident.open("/")
    _tab_to(page, resident.main.get_by_role("link", name="我要点单"))
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("想要什么")
    _pick_radio(page, page.get_by_role("group", name="给谁听"), "老年人")
    _enter(page, "看适合的项目")
    expect(page.get_by_role("group", name="想听什么")).to_be_visible()
    _pick_radio(page, page.get_by_role("group", name="想听什么"), "合理膳食讲座")
    _enter(page, "下一步")

    expect(page.get_by_role("heading", level=1)).to_have_text("什么时间、在哪里")
    _pick_option(page, page.get_by_label("在哪个社区或村"), "东街居委会")
    _tab_to(page, page.get_by_label("具体地点"))
    page.keyboard.insert_text("社区二楼活动室")
    _type_date(page, page.get_by_label("方便的日期 1"), "2026-11-27")
    _pick_option(page, page.get_by_label("时段 1"), "上午")
    _enter(page, "下一步")

    expect(page.get_by_role("heading", level=1)).to_have_text("怎么联系您")
    for label, text in (("大约多少人", "30"), ("怎么称呼您", "王女士"), ("联系电话", "19900001234")):
        _tab_to(page, page.get_by_label(label))
        page.keyboard.insert_text(text)
    _tab_to(page, page.get_by_role("checkbox", name="我同意"))
    page.keyboard.press("Space")
    _enter(page, "提交点单")

    order = resident.read_number()
    assert cast.numbers() == [order.number]


def test_a_refused_form_puts_the_reader_before_its_list_of_mistakes(cast: Cast):
    resident, page = cast.resident, cast.resident.page
    resident.open("/track")
    _enter(page, "查看")

    summary = page.get_by_role("alert", name="还差一点")
    expect(summary).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_label("单号")).to_be_focused()
