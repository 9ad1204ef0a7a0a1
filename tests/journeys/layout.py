"""What is too wide, cut off or too small on a page that is open.

320 CSS pixels is what a screen of 1280 leaves at 400 % (WCAG 1.4.10). Spacing is that of WCAG 1.4.12. Nothing may be
wider than the screen except what scrolls in a frame of its own and says so by `tabindex`, and papers, which are as
large as paper.
"""

from playwright.sync_api import Page, ViewportSize

from tests.journeys.catalogue import Entry

NARROW: ViewportSize = {"width": 320, "height": 640}

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

#: Whatever somebody can press.
ANYTHING = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex='0']"


def too_wide(page: Page, entry: Entry) -> list[str]:
    """What stands out on 320 pixels, each with the page's name; the page is left that narrow."""
    page.set_viewport_size(NARROW)
    found = [] if entry.is_paper else page.evaluate(_WIDE)
    return [f"{entry.name} at 320: {each}" for each in [*found, *page.evaluate(_FRAMES)]]


def cut_when_spaced(page: Page, entry: Entry) -> list[str]:
    """What is cut off or stands out on a narrow screen once letters are spaced out, and was not before."""
    page.set_viewport_size(NARROW)
    before = set(page.evaluate(_CUT))
    page.evaluate(_SPACE_OUT)
    cut = [each for each in page.evaluate(_CUT) if each not in before]
    return [f"{entry.name}, spaced out: {each}" for each in cut] + too_wide(page, entry)


def too_small(page: Page, selector: str, least: int) -> list[str]:
    """What can be pressed and is smaller than `least` pixels, each with its size."""
    return page.evaluate(_SMALL, [selector, least])
