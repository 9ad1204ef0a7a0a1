"""What a first visit costs a cheap phone: few kilobytes, nothing from elsewhere, no error on the console."""

import pytest
from playwright.sync_api import Browser, Request

from tests.journeys.catalogue import GROUPS
from tests.journeys.scene import Scene, is_own, visitor

#: Over the wire, headers included.
MOST_BYTES = 100_000


def test_the_order_page_costs_at_most_100_kb(chromium: Browser, scene: Scene):
    """Everything that the first page of the order form makes a browser load which has never been here."""
    loaded: dict[str, int] = {}
    with visitor(chromium, scene, viewport={"width": 360, "height": 740}) as person:
        watcher = person.context.new_cdp_session(person.page)
        watcher.send("Network.enable")
        addresses: dict[str, str] = {}
        watcher.on("Network.requestWillBeSent", lambda e: addresses.update({e["requestId"]: e["request"]["url"]}))
        watcher.on("Network.loadingFinished", lambda e: loaded.update({e["requestId"]: int(e["encodedDataLength"])}))
        person.page.goto("/order?audience=elderly", wait_until="networkidle")
        watcher.detach()
    costs = {addresses[request]: size for request, size in loaded.items()}
    assert any("/order" in address for address in costs)
    assert sum(costs.values()) <= MOST_BYTES, costs


@pytest.mark.parametrize("group", GROUPS)
def test_no_page_asks_another_host_or_complains(chromium: Browser, scene: Scene, group: str):
    """No request leaves the site; no console error, no breach of the content policy, no part that is missing."""
    elsewhere: list[str] = []

    def check(request: Request) -> None:
        if not is_own(request.url, scene.site):
            elsewhere.append(request.url)

    with visitor(chromium, scene) as person:
        person.context.on("request", check)
        for entry in GROUPS[group]:
            person.open(entry)
    assert elsewhere == []
    assert person.faults == []
