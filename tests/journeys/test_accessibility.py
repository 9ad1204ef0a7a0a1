"""axe-core finds nothing wrong on any kind of page: in both languages, as usual and in 长辈版, light and dark, on a
phone's and a desk's width. No page asks another host, has an error on the console, breaks the content policy or misses
a part: its visitor sees to that (`scene.visitor`).

One page of each kind in every language and look; of the further pages of a kind what a phone shows.
A page is loaded once per language and look; width and colour scheme change under it, and while it is there its layout
is looked at too (see `layout.py`). Every pair of look, width and scheme is seen on every kind of page, not every
triple (`SCREENS`): a fault that needs three of them at once has not been met, and the triples take twice as long.
Colours don't depend on the language: they are looked at in Chinese. Names and structure don't depend on colours: all
rules run once per width, elsewhere only those of what is seen (`SEEN`): 长辈版 is another sheet over the same page.
How large a thing to press is, axe judges with the room around it; `too_small` asks for the size itself.
"""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from tests.journeys.catalogue import GROUPS, KINDS
from tests.journeys.layout import ANYTHING, cut_when_spaced, too_small, too_wide
from tests.journeys.scene import Scene, visitor

AXE = (Path(__file__).parent.parent / "vendor" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: 7:1, which 长辈版 promises; elsewhere 4.5:1 does. What keeps the one keeps the other.
ENHANCED, CONTRAST = "color-contrast-enhanced", "color-contrast"
LINK_COLOUR = "link-in-text-block"

PHONE: ViewportSize = {"width": 360, "height": 740}
DESKTOP: ViewportSize = {"width": 1280, "height": 900}

#: What depends on colours and sizes, besides contrast.
SEEN = [LINK_COLOUR, "target-size", "scrollable-region-focusable"]

#: By language and look: on which screens, whether in the dark, and whether with all rules.
SCREENS: dict[tuple[str, str], tuple[tuple[ViewportSize, bool, bool], ...]] = {
    ("zh", "usual"): ((PHONE, False, True), (DESKTOP, True, False)),
    ("zh", "elder"): ((PHONE, True, False), (DESKTOP, False, False)),
    ("en", "usual"): ((DESKTOP, False, True),),
    ("en", "elder"): (),  # the layout alone
}

_RUN = """
([only, alsoRules]) => axe.run(document, {
  runOnly: only,
  rules: alsoRules,
  resultTypes: ['violations'],
  preload: false,
  elementRef: false,
}).then((found) => found.violations.flatMap((each) => each.nodes.map(
  (node) => `${each.id}: ${node.target} ${node.html.slice(0, 120)} ${(node.failureSummary || '').slice(0, 200)}`)))
"""


def violations(
    page: Page, *, is_elder: bool, is_dark: bool, has_colours: bool = True, is_whole: bool = True
) -> list[str]:
    """What axe finds on the page as it is, each with the place. :param is_whole: by all rules, not only `SEEN`."""
    # a colour that is still on its way to another has no contrast of its own
    page.emulate_media(color_scheme="dark" if is_dark else "light", reduced_motion="reduce")
    contrast = ENHANCED if is_elder else CONTRAST
    if not is_whole:
        return page.evaluate(_RUN, [{"type": "rule", "values": [*SEEN, contrast]}, {}])
    rules = {
        ENHANCED: {"enabled": has_colours and is_elder},
        CONTRAST: {"enabled": has_colours and not is_elder},
        LINK_COLOUR: {"enabled": has_colours},
    }
    return page.evaluate(_RUN, [{"type": "tag", "values": TAGS}, rules])


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("look", ["usual", "elder"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_axe_finds_nothing(chromium: Browser, scene: Scene, group: str, look: str, language: str):
    is_elder = look == "elder"
    found: list[str] = []
    with visitor(chromium, scene, language=language, is_elder=is_elder, init_script=AXE) as person:
        for entry in KINDS[group]:
            person.page.set_viewport_size(PHONE)  # a script that looks at the width does so when the page comes
            person.open(entry)
            for screen, is_dark, is_whole in SCREENS[language, look]:
                person.page.set_viewport_size(screen)
                # what a refused form has scrolled under the bar is not too small
                person.page.evaluate("scrollTo(0, 0)")
                seen = violations(
                    person.page, is_elder=is_elder, is_dark=is_dark, has_colours=language == "zh", is_whole=is_whole
                )
                seen += too_small(person.page, ANYTHING, 24)
                found += [f"{entry.name} at {screen['width']}{' dark' if is_dark else ''}: {each}" for each in seen]
            person.page.set_viewport_size(PHONE)
            found += too_wide(person.page, entry)
            if language == "en" and not is_elder:  # long words in wide letters
                found += cut_when_spaced(person.page, entry)
    assert not found, "\n".join(found)
    assert person.faults == []


@pytest.mark.parametrize("group", [group for group in GROUPS if len(GROUPS[group]) > len(KINDS[group])])
def test_axe_finds_nothing_on_further_pages_of_a_kind(chromium: Browser, scene: Scene, group: str):
    found: list[str] = []
    with visitor(chromium, scene, init_script=AXE, viewport=PHONE) as person:
        for entry in GROUPS[group]:
            if entry not in KINDS[group]:
                person.open(entry)
                seen = violations(person.page, is_elder=False, is_dark=False) + too_small(person.page, ANYTHING, 24)
                found += [f"{entry.name}: {each}" for each in seen]
                found += too_wide(person.page, entry)
    assert not found, "\n".join(found)
    assert person.faults == []
