"""Pages read well at 400 % zoom, with letters spaced out, and under a thumb.

320 CSS pixels is what a screen of 1280 leaves at 400 % (WCAG 1.4.10). Spacing is that of WCAG 1.4.12. Nothing may be
wider than the screen except what scrolls in a frame of its own and says so by `tabindex`, and papers, which are as
large as paper.
"""

import pytest
from playwright.sync_api import Browser, Page

from tests.journeys.catalogue import GROUPS, KINDS, ORDERING, PUBLIC, RESIDENT, Entry
from tests.journeys.scene import Scene, visitor

NARROW = {"viewport": {"width": 320, "height": 640}}
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}

#: What stands out beyond the right edge, unless a scrolling frame holds it.
_WIDE = """
() => {
  const root = document.documentElement;
  if (root.scrollWidth <= root.clientWidth) return [];
  const isFramed = (one) => {
    for (let each = one.parentElement; each && each !== document.body; each = each.parentElement) {
      if (['auto', 'scroll'].includes(getComputedStyle(each).overflowX)) return true;
    }
    return false;
  };
  const wide = [...document.querySelectorAll('body *')]
    .filter((one) => one.getBoundingClientRect().right > root.clientWidth + 1 && !isFramed(one));
  const names = wide.slice(0, 4).map((one) => one.outerHTML.slice(0, 80));
  return [`${root.scrollWidth} > ${root.clientWidth}: ${names.join(' | ')}`];
}
"""

#: A frame that scrolls sideways has to be reachable by keyboard.
_FRAMES = """
() => [...document.querySelectorAll('body *')]
  .filter((one) => ['auto', 'scroll'].includes(getComputedStyle(one).overflowX))
  .filter((one) => one.scrollWidth > one.clientWidth + 1 && !['TEXTAREA', 'SELECT'].includes(one.tagName))
  .filter((one) => one.tabIndex < 0 && !one.querySelector('a, button, input, select, summary, textarea'))
  .map((one) => 'scrolls, but not by keyboard: ' + one.outerHTML.slice(0, 80))
"""

#: Text that its own box cuts off. What is only for screen readers is meant to be cut.
_CUT = """
() => [...document.querySelectorAll('body *')]
  .filter((one) => !one.closest('.vh, svg, select'))
  .filter((one) => [...one.childNodes].some((each) => each.nodeType === 3 && each.data.trim()))
  .filter((one) => {
    const style = getComputedStyle(one);
    return style.visibility !== 'hidden' && one.offsetParent !== null
      && [style.overflowX, style.overflowY].some((each) => ['hidden', 'clip'].includes(each))
      && (one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1);
  })
  .map((one) => one.outerHTML.slice(0, 100))
"""

#: By the stylesheet object, which the content policy lets pass.
_SPACE_OUT = """
() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(
    '* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; }'
    + ' p { margin-bottom: 2em !important; }');
  document.adoptedStyleSheets = [sheet];
}
"""

#: What can be pressed and is smaller than so many pixels. A link in the middle of a sentence may be (WCAG 2.5.8); of
#: a box with its label around it, the label is what is pressed.
_SMALL = """
([selector, least]) => [...document.querySelectorAll(selector)]
  .filter((one) => one.offsetParent !== null && !one.closest('.vh') && !one.disabled)
  .map((one) => [one, one.matches('[type=checkbox], [type=radio]') && one.closest('label') || one])
  .filter(([one, target]) => {
    const box = target.getBoundingClientRect();
    const isInSentence = one.tagName === 'A' && getComputedStyle(one).display === 'inline';
    return box.width > 1 && !isInSentence && (box.width < least - .5 || box.height < least - .5);
  })
  .map(([one, target]) => {
    const box = target.getBoundingClientRect();
    return `${Math.round(box.width)}x${Math.round(box.height)} ${one.outerHTML.slice(0, 90)}`;
  })
"""

ANYTHING = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"
#: What a resident presses to get on: at least 48 px.
PRIMARY = ".btn, .control, .choice__input, .tile, .nav__link, .top__link, .fold > summary"


#: The usual, and the hardest: long words in large letters.
@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize(("language", "look"), [("zh", "usual"), ("en", "elder")])
def test_no_page_is_wider_than_320_pixels(chromium: Browser, scene: Scene, group: str, look: str, language: str):
    found: list[str] = []
    with visitor(chromium, scene, language=language, is_elder=look == "elder", **NARROW) as person:
        for entry in GROUPS[group]:
            person.open(entry)
            if not entry.is_paper:
                found += _named(entry, person.page.evaluate(_WIDE))
            found += _named(entry, person.page.evaluate(_FRAMES))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("group", GROUPS)
def test_text_that_is_spaced_out_is_not_cut_off(chromium: Browser, scene: Scene, group: str):
    found: list[str] = []
    with visitor(chromium, scene, language="en", **NARROW) as person:
        for entry in KINDS[group]:
            person.open(entry)
            page = person.page
            before = set(page.evaluate(_CUT))
            page.evaluate(_SPACE_OUT)
            found += _named(entry, [each for each in page.evaluate(_CUT) if each not in before])
            if not entry.is_paper:
                found += _named(entry, page.evaluate(_WIDE))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("group", GROUPS)
def test_whatever_can_be_pressed_is_at_least_24_pixels(chromium: Browser, scene: Scene, group: str):
    found: list[str] = []
    with visitor(chromium, scene, **PHONE) as person:
        for entry in KINDS[group]:
            person.open(entry)
            found += _named(entry, _small(person.page, ANYTHING, 24))
    assert not found, "\n".join(found)


def test_what_residents_press_is_at_least_48_pixels(chromium: Browser, scene: Scene):
    found: list[str] = []
    with visitor(chromium, scene, **PHONE) as person:
        for entry in (*PUBLIC, *ORDERING, *RESIDENT):
            person.open(entry)
            if not entry.is_paper and person.page.locator("body.desk").count() == 0:
                found += _named(entry, _small(person.page, PRIMARY, 48))
    assert not found, "\n".join(found)


def _small(page: Page, selector: str, least: int) -> list[str]:
    return page.evaluate(_SMALL, [selector, least])


def _named(entry: Entry, found: list[str]) -> list[str]:
    return [f"{entry.name}: {each}" for each in found]
