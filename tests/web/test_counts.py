"""Numbers that stay fresh: cheap to ask for, true, and no reason for a session to live longer."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.factories import NOW, closed, dispatched, placed
from tests.web.pages import Page, get_page
from tests.web.site import Site
from tests.web.test_sessions import wait_too_long
from tests.web.test_statements import cost_of

PARTIES = ("resident", "community", "department", "team", "volunteer", "office")


def counts_url(page: Page) -> str:
    """Where the page asks for its numbers."""
    (url,) = [
        attributes["data-counts"] for tag, attributes in page.tags if tag == "nav" and "data-counts" in attributes
    ]
    assert url is not None
    return url


def shown_counts(page: Page) -> dict[str, int]:
    """The numbers in the menu, by the key that they are kept fresh under."""
    html = page.html
    found = {}
    for tag, attributes in page.tags:
        if tag == "span" and (key := attributes.get("data-count")):
            after = html.partition(f'data-count="{key}">')[2]
            found[key] = int(after.partition("<")[0])
    return found


def ask(client: FlaskClient, url: str, **headers: str) -> Any:
    answer = client.get(url, headers=headers)
    assert answer.status_code == 200, answer.status
    return answer.get_json()


@pytest.mark.parametrize("party", PARTIES)
def test_the_answer_says_what_the_menu_says(site: Site, party: str) -> None:
    for make in (placed, dispatched, closed):
        site.make(make)
    client = site.browser(getattr(site.city, party))
    page = get_page(client, f"/{party}/")
    answer = ask(client, counts_url(page))
    assert answer["counts"] == shown_counts(page)
    assert answer["fresh"] == 0


def test_new_orders_of_the_readers_own_list_are_counted_and_said(site: Site) -> None:
    city = site.city
    site.make(placed)
    client = site.browser(city.community)
    everything = counts_url(get_page(client, "/community/"))
    urgent = counts_url(get_page(client, "/community/?urgency=urgent"))
    later = NOW + timedelta(minutes=5)
    site.move_to(later)
    site.make(placed, later)
    site.make(placed, later, urgency="urgent")
    answer = ask(client, everything)
    assert (answer["counts"]["waiting"], answer["total"], answer["fresh"]) == (3, 3, 2)
    assert answer["news"] == "有 2 个新单，点此刷新"
    answer = ask(client, urgent)
    assert (answer["total"], answer["fresh"], answer["news"]) == (1, 1, "有 1 个新单，点此刷新")


def test_an_order_that_left_the_list_is_a_change_without_news(site_sqlite: Site) -> None:
    city = site_sqlite.city
    number = site_sqlite.make(placed).number
    client = site_sqlite.browser(city.community)
    url = counts_url(get_page(client, "/community/"))
    site_sqlite.act(city.community, number, "dispatch", {"department_id": "health"})
    answer = ask(client, url)
    assert (answer["total"], answer["fresh"], answer["news"]) == (0, 0, "列表有变化，点此刷新")


def test_unread_notices_are_among_the_numbers(site_sqlite: Site) -> None:
    site_sqlite.make(dispatched)
    client = site_sqlite.browser(site_sqlite.city.department)
    assert ask(client, "/department/counts")["counts"]["notices"] == 1


def test_nothing_new_is_304_and_something_new_is_not(site: Site) -> None:
    site.make(placed)
    client = site.browser(site.city.community)
    url = counts_url(get_page(client, "/community/"))
    first = client.get(url)
    tag = first.headers["ETag"]
    again = client.get(url, headers={"If-None-Match": tag})
    assert (again.status_code, again.get_data()) == (304, b"")
    site.make(placed)
    assert client.get(url, headers={"If-None-Match": tag}).status_code == 200
    assert "private" in first.headers["Cache-Control"]


def test_asking_is_cheap_however_many_orders_there_are(site: Site) -> None:
    client = site.browser(site.city.community)
    url = counts_url(get_page(client, "/community/"))
    few = cost_of(site, site.city.community, url)
    for _ in range(10):
        site.make(placed)
    many = cost_of(site, site.city.community, url)
    assert len(few) == len(many) <= 5, "\n".join(many)


def test_a_page_that_lies_open_does_not_keep_its_session_alive(site: Site) -> None:
    idle = site.app.config["PERMANENT_SESSION_LIFETIME"]
    client = site.browser(site.city.community)
    url = counts_url(get_page(client, "/community/"))
    for part in (0.3, 0.6, 0.9):
        site.move_to(NOW + idle * part)
        answer = client.get(url)
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
    wait_too_long(site)
    assert client.get(url).status_code == 303
    assert client.get("/community/").status_code == 303


def test_a_page_that_is_used_does(site_sqlite: Site) -> None:
    idle = site_sqlite.app.config["PERMANENT_SESSION_LIFETIME"]
    client = site_sqlite.browser(site_sqlite.city.community)
    for part in (0.6, 1.2, 1.8):
        site_sqlite.move_to(NOW + idle * part)
        assert client.get("/community/").status_code == 200


@pytest.mark.parametrize(
    "since",
    ["", "x", "\0", "2026-11-24", "2026-11-24T02:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"],
)
def test_an_odd_moment_is_no_error(site_sqlite: Site, since: str) -> None:
    client = site_sqlite.browser(site_sqlite.city.community)
    answer = client.get("/community/counts", query_string={"since": since, "tab": "all"})
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        assert answer.get_json()["fresh"] == 0


def test_the_numbers_of_one_seat_are_no_other_seats(site_sqlite: Site) -> None:
    site_sqlite.make(placed)
    here, there = (
        site_sqlite.browser(actor) for actor in (site_sqlite.city.community, site_sqlite.city.other_community)
    )
    assert ask(here, "/community/counts")["counts"]["waiting"] == 1
    assert ask(there, "/community/counts")["counts"]["waiting"] == 0
