"""长辈版 and 朗读本页: one tap, three screens at the largest letters on a small phone, a voice that can be stopped."""

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.browser import Screen
from tests.journeys.cast import Cast
from tests.journeys.people import Wish
from tests.journeys.test_accessibility import AXE

#: The smallest phone that the rules for elders know.
SMALL_PHONE = Screen("360", 360, 740, is_phone=True)

#: Shown text whose lines stand closer than 1.3, and things to tap that are lower than 56 px.
_TOO_TIGHT = """
() => [...document.querySelectorAll('body *')]
  .filter((one) => one.getClientRects().length && !one.closest('svg'))
  .filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.nodeValue.trim()))
  .filter((one) => {
    const style = getComputedStyle(one);
    return !(parseFloat(style.lineHeight) / parseFloat(style.fontSize) >= 1.299);
  })
  .map((one) => `${one.tagName}.${one.className}`)
"""
_TOO_LOW = """
() => [...document.querySelectorAll('.btn, .choice, .control, .top__link, .fold > summary, .foot__links a')]
  .filter((one) => one.getClientRects().length && one.getBoundingClientRect().height < 55.5)
  .map((one) => `${one.tagName}.${one.className} ${one.textContent.trim()}`)
"""


@pytest.fixture(params=[SMALL_PHONE], ids=lambda screen: screen.name)
def screen(request: pytest.FixtureRequest) -> Screen:
    return request.param


def assert_fit_for_elders(page: Page) -> None:
    width = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert width[0] <= width[1], f"{page.url} is {width[0]} px wide on {width[1]}"
    assert page.evaluate(_TOO_TIGHT) == []
    assert page.evaluate(_TOO_LOW) == []
    page.evaluate(AXE)
    found = page.evaluate("() => axe.run(document, {runOnly: ['color-contrast-enhanced']})")
    assert [node["html"] for each in found["violations"] for node in each["nodes"]] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_order_in_elder_mode_with_the_largest_letters(cast: Cast, scheme: str) -> None:
    resident, wish = cast.resident, Wish()
    page = resident.page
    page.emulate_media(color_scheme=scheme)
    resident.open("/")
    resident.press("长辈版")
    expect(page.get_by_role("main").get_by_role("listitem")).to_have_count(3)
    resident.follow_link("显示设置", page.get_by_role("contentinfo"))
    resident.choose("200%")
    resident.press("保存")
    resident.open("/")
    assert_fit_for_elders(page)

    resident.follow_link("我要点单")
    resident.choose(wish.audience)
    resident.press("看适合的项目")
    page.locator("summary").filter(has_text="更多项目").click()
    resident.choose(wish.item)
    assert_fit_for_elders(page)
    resident.press("下一步")
    resident.select("在哪个社区或村", wish.community)
    resident.fill("具体地点", wish.venue)
    resident._fill_days(wish)
    assert_fit_for_elders(page)
    resident.press("下一步")
    resident._fill_contact(wish)
    resident.tick("我同意把联系方式提供给经办社区")
    assert_fit_for_elders(page)
    resident.press("提交点单")
    order = resident.read_number()
    assert_fit_for_elders(page)
    resident.follow(order)
    assert_fit_for_elders(page)
    resident.track(order, wish.phone_tail)
    assert_fit_for_elders(page)

    resident.press("退出长辈版")
    expect(page.get_by_role("navigation", name="主菜单")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px", "the size is kept"


def test_turning_it_on_in_the_middle_of_an_order_keeps_what_was_typed(cast: Cast) -> None:
    resident, wish = cast.resident, Wish()
    resident.open("/order?audience=elderly&item=S05")
    resident.press("下一步")
    resident.select("在哪个社区或村", wish.community)
    resident.fill("具体地点", wish.venue)
    resident.press("长辈版")
    expect(resident.page.get_by_role("button", name="退出长辈版")).to_be_visible()
    expect(resident.page.get_by_label("具体地点")).to_have_value(wish.venue)
    resident.press("English")
    expect(resident.page.locator("#venue")).to_have_value(wish.venue)


_STUB = """
window.said = [];
window.cancelled = 0;
window.SpeechSynthesisUtterance = function (text) { this.text = text; };
Object.defineProperty(window, 'speechSynthesis', {value: {
  speak(words) { window.said.push([words.lang, words.text]); window.finish = () => words.onend(); },
  cancel() { window.cancelled += 1; },
}});
"""


@pytest.fixture
def listener(cast: Cast) -> Page:
    """A page whose voice writes down what it is given, and finishes a sentence when told to."""
    page = cast.new_page()
    page.add_init_script(_STUB)
    return page


def test_the_page_is_read_sentence_by_sentence_and_stops_at_a_tap(listener: Page) -> None:
    listener.goto("/track")
    button = listener.get_by_role("button", name="朗读本页")
    expect(button).to_have_attribute("aria-pressed", "false")
    button.click()
    button = listener.get_by_role("button", name="暂停朗读")
    expect(button).to_have_attribute("aria-pressed", "true")
    assert listener.evaluate("said") == [["zh-CN", "查进度"]]
    listener.evaluate("finish()")
    assert listener.evaluate("said.length") == 2
    second = listener.evaluate("said[1][1]")
    button.click()
    late = listener.evaluate("finish(), said.length")  # a voice that was cut off reports its end
    assert late == 2, "nothing is read after the tap"
    button = listener.get_by_role("button", name="继续朗读")
    expect(button).to_have_attribute("aria-pressed", "false")
    button.click()
    assert listener.evaluate("said[2][1]") == second, "it goes on with the sentence that was cut off"
    for _ in range(60):
        if listener.get_by_role("button", name="朗读本页").count():
            break
        listener.evaluate("finish()")
    expect(listener.get_by_role("button", name="朗读本页")).to_be_visible()
    said = " ".join(text for _lang, text in listener.evaluate("said"))
    assert "请带上点单时留的电话" in said
    assert "登录" not in said, "the header is no part of the page's own words"


def test_tables_behind_pictures_and_hidden_words_are_not_read_and_english_is_read_in_english(listener: Page) -> None:
    listener.goto("/order?audience=elderly&item=S05")
    listener.get_by_role("button", name="English").click()
    expect(listener.locator("html")).to_have_attribute("lang", "en")
    listener.locator("#read-aloud").click()
    for _ in range(300):
        if listener.locator("#read-aloud").get_attribute("aria-pressed") == "false":
            break
        listener.evaluate("finish()")
    said = listener.evaluate("said")
    assert {lang for lang, _text in said} == {"en"}
    assert not any("website" in text.lower() for _lang, text in said), "the trap for robots is hidden"


def test_without_a_voice_there_is_no_button(cast: Cast) -> None:
    page = cast.new_page()
    page.add_init_script("delete window.speechSynthesis; window.SpeechSynthesisUtterance = undefined;")
    page.goto("/track")
    expect(page.locator("#read-aloud")).to_be_hidden()
