"""A clerk on the first day: the guide, and a word that is not understood."""

import re

from playwright.sync_api import expect

from tests.factories import placed
from tests.journeys.cast import Cast


def test_a_clerk_reads_the_guide_and_puts_it_away(cast: Cast):
    clerk = cast.clerk
    clerk.open("/community/")
    guide = clerk.page.get_by_role("region", name=re.compile("第一次来"))
    if cast.screen.is_phone:  # the orders stand on the first screen
        expect(guide.get_by_role("listitem")).to_have_count(0)
        guide.get_by_role("heading").click()
    expect(guide.get_by_role("listitem")).to_have_count(4)
    clerk.press("知道了，收起", guide)
    expect(clerk.page.get_by_role("heading", level=1)).to_have_text("待派单")
    expect(guide).to_have_count(0)
    clerk.follow_link("帮助", clerk.page.get_by_role("navigation", name=clerk.title))
    clerk.reads("最先要做的几步", "常见问题")
    clerk.page.get_by_text("派错了部门怎么办？").click()
    expect(clerk.page.get_by_text("收回派单")).to_be_visible()


def test_a_word_explains_itself_by_keyboard(cast: Cast):
    cast.given(placed)
    clerk = cast.clerk
    clerk.open("/community/")
    word = clerk.page.get_by_role("button", name="“待派单”是什么意思")
    meaning = clerk.page.get_by_text("居民已经点单，等社区派给部门。")
    expect(word).to_have_attribute("aria-expanded", "false")
    expect(meaning).to_be_hidden()
    word.focus()
    clerk.page.keyboard.press("Enter")
    expect(word).to_have_attribute("aria-expanded", "true")
    expect(meaning).to_be_visible()
    clerk.page.keyboard.press("Tab")
    expect(clerk.page.get_by_role("link", name="全部词语")).to_be_focused()
    clerk.page.keyboard.press("Escape")
    expect(meaning).to_be_hidden()
    expect(word).to_be_focused()


def test_an_explanation_stays_on_a_narrow_screen(cast: Cast):
    clerk = cast.clerk
    clerk.page.set_viewport_size({"width": 320, "height": 640})
    clerk.open("/community/")
    clerk.page.get_by_role("button", name="“待派单”是什么意思").click()
    box = clerk.page.get_by_text("居民已经点单，等社区派给部门。").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 320
