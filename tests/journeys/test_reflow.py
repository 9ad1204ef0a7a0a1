"""What residents press is large enough for a thumb. Widths, spacing and everybody's 24 pixels are looked at while axe
is there: `test_accessibility.py`.
"""

from playwright.sync_api import Browser

from tests.journeys.catalogue import ORDERING, PUBLIC, RESIDENT
from tests.journeys.layout import too_small
from tests.journeys.scene import Scene, visitor

PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}

#: What a resident presses to get on.
PRIMARY = ".btn, .control, .choice__input, .tile, .nav__link, .top__link, .fold > summary"


def test_what_residents_press_is_at_least_48_pixels(chromium: Browser, scene: Scene):
    found: list[str] = []
    with visitor(chromium, scene, **PHONE) as person:
        for entry in (*PUBLIC, *ORDERING, *RESIDENT):
            person.open(entry)
            if not entry.is_paper and person.page.locator("body.desk").count() == 0:
                found += [f"{entry.name}: {each}" for each in too_small(person.page, PRIMARY, 48)]
    assert not found, "\n".join(found)
