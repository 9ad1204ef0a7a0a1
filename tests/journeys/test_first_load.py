"""What a first visit costs a cheap phone: few kilobytes. That nothing comes from elsewhere and nothing complains, every
visitor of `scene.py` watches on every page."""

from playwright.sync_api import Browser

from tests.journeys.scene import Scene, visitor

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
