"""The pictures in a real browser: no label on another, nothing too wide, nothing that axe objects to."""

from itertools import combinations

import pytest
from playwright.sync_api import Page

from tests.factories import NOW, OTHER_COMMUNITY, claimed, counted, dispatched, placed
from tests.journeys.browser import Screen
from tests.journeys.cast import Cast
from tests.journeys.test_accessibility import AXE, violations

PHONE_360 = Screen("360", 360, 780, is_phone=True)
DESK_1280 = Screen("1280", 1280, 900, is_phone=False)

#: Boxes of all texts of every drawing that is shown, on the screen.
_TEXTS = """
() => [...document.querySelectorAll('.chart svg')].filter((svg) => svg.getBoundingClientRect().width).map((svg) =>
  [...svg.querySelectorAll('text')].map((text) => {
    const box = text.getBoundingClientRect();
    return {words: text.textContent.trim(), left: box.left, top: box.top, right: box.right, bottom: box.bottom,
            inside: box.left >= -1 && box.right <= document.documentElement.clientWidth + 1};
  }))
"""


@pytest.fixture(params=[PHONE_360, DESK_1280], ids=lambda screen: screen.name)
def screen(request: pytest.FixtureRequest) -> Screen:
    return request.param


@pytest.fixture
def busy(cast: Cast) -> Cast:
    """A city where something waits and something is late."""
    with cast.site.app.app_context():
        for turn in range(3):
            placed(cast.city, NOW.replace(day=3 + turn), division_code=OTHER_COMMUNITY)
            dispatched(cast.city)
            claimed(cast.city, NOW.replace(day=12))
        counted(NOW.date())
    return cast


def overlaps(page: Page) -> list[str]:
    """Pairs of texts that lie on each other, and texts that leave the screen."""
    found = []
    drawings = page.evaluate(_TEXTS)
    assert sum(len(texts) for texts in drawings) > 20
    for texts in drawings:
        found += [f"{each['words']} sticks out" for each in texts if not each["inside"]]
        for one, other in combinations(texts, 2):
            across = min(one["right"], other["right"]) - max(one["left"], other["left"])
            down = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
            # boxes of lines are higher than their letters: an edge of two pixels is air
            if across > 1 and down > 3:
                found.append(f"{one['words']} on {other['words']}")
    return found


def objections(page: Page, scheme: str) -> list[str]:
    """What axe finds on the page as it is."""
    page.evaluate(AXE)
    return violations(page, is_elder=False, is_dark=scheme == "dark")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_public_board_reads_well(busy: Cast, scheme: str):
    page = busy.new_page()
    for path in ("/progress", "/progress?map=closed"):
        page.goto(path)
        assert overlaps(page) == []
        assert objections(page, scheme) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_overview_reads_well(busy: Cast, scheme: str):
    page = busy.office.page
    for path in ("/office/overview", "/office/overview?map=volunteers"):
        page.goto(path)
        assert overlaps(page) == []
        assert objections(page, scheme) == []


def test_a_station_opens_the_list_that_it_counts(busy: Cast):
    page = busy.office.page
    page.goto("/office/overview")
    page.locator(".flow__link:visible").nth(1).focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/office/?*status=dispatched*")
    assert page.get_by_role("rowheader").count() == 3


def test_the_tables_behind_the_pictures_open_by_keyboard(busy: Cast):
    page = busy.new_page()
    page.goto("/progress")
    twins = page.locator(".chart__twin")
    assert twins.count() >= 4
    twins.first.locator("summary").focus()
    page.keyboard.press("Enter")
    assert twins.first.get_by_role("table").is_visible()
