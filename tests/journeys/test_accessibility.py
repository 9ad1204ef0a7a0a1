"""axe-core finds nothing wrong on any kind of page, in both languages, light and dark."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.journeys.cast import Cast
from tests.journeys.people import Desk
from tests.journeys.stories import bring_to_appointment

AXE = (Path(__file__).parent.parent / "vendor" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

PUBLIC = (
    "/",
    "/menu",
    "/menu/S05",
    "/order",
    "/order?audience=elderly",
    "/track",
    "/progress",
    "/about",
    "/login",
    "/there-is-no-such-page",
)


def violations(page: Page) -> list[str]:
    """What axe finds on the page as it is, each with the place."""
    page.evaluate(AXE)
    found = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})", RULES
    )
    return [
        f"{page.url} {each['id']}: {node['target']} {node['html'][:120]}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


def check(page: Page, paths: tuple[str, ...]) -> list[str]:
    found = []
    for path in paths:
        page.goto(path)
        found += violations(page)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_public_pages(cast: Cast, scheme: str):
    page = cast.new_page()
    page.emulate_media(color_scheme=scheme)
    assert check(page, PUBLIC) == []
    page.get_by_role("button", name="English").click()
    assert check(page, PUBLIC) == []


def test_every_desk_and_an_order_on_it(cast: Cast):
    order = bring_to_appointment(cast)
    found: list[str] = []
    desks: list[tuple[Desk, tuple[str, ...]]] = [
        (cast.clerk, ("/community/", f"/community/orders/{order.number}", "/community/order", "/community/poster")),
        (cast.liaison, ("/department/", f"/department/orders/{order.number}", "/department/teams")),
        (cast.leader, ("/team/?tab=accepted", f"/team/orders/{order.number}", "/team/members", "/team/notices")),
        (cast.office, ("/office/?tab=all", f"/office/orders/{order.number}", "/account")),
        (cast.volunteer, ("/volunteer/", f"/volunteer/orders/{order.number}", "/volunteer/hours")),
    ]
    for person, paths in desks:
        found += check(person.page, paths)
    found += check(cast.resident.page, (order.link,))
    assert found == []


def test_a_form_with_errors(cast: Cast):
    page = cast.new_page()
    page.goto("/track")
    page.get_by_role("button", name="查看").click()
    assert violations(page) == []
