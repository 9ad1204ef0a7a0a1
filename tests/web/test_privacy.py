"""A resident's phone number, name and pictures: who sees them, and everywhere else they are not."""

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from qtxvol.extensions import db
from qtxvol.orders.models import OrderEvent, OrderNote
from qtxvol.progress.open_data import write_open_data
from tests.factories import NOW, OTHER_COMMUNITY, accepted, claimed, closed, dispatched, placed, window
from tests.web.pages import Page, get_page, read, submit
from tests.web.pictures import jpeg_file
from tests.web.site import WHO, Site, fill_wizard, number_in

pytestmark = pytest.mark.one_database  # what its pages read is asked of both in the rooms

PHONE = "19900001234"
MASKED = "*******1234"
NAME = "欧阳测试名"
SEATS = ("resident", "community", "department", "team", "volunteer", "office")
CONTACT = {"contact_phone": PHONE, "contact_name": NAME}


def has_phone(text: str) -> bool:
    """The number itself, or nearly all of it, however it is written."""
    plain = "".join(char for char in text if char.isdecimal())
    return PHONE in plain or PHONE[:8] in plain


def order_page(site: Site, party: str, number: str) -> Page | None:
    answer = site.browser(getattr(site.city, party)).get(f"/{party}/orders/{number}")
    return read(answer) if answer.status_code == 200 else None


def who_sees_the_phone(site: Site, number: str) -> set[str]:
    """Nobody at once; these after a button that writes it down."""
    seen = set()
    for party in (*SEATS, "other_team"):
        actor = getattr(site.city, party)
        browser, url = site.browser(actor), f"/{actor.party}/orders/{number}"
        answer = browser.get(url)
        assert not has_phone(answer.text.replace(number, "")), party
        if answer.status_code == 200 and any(form.action.endswith("/reveal#contact") for form in read(answer).forms):
            shown = submit(browser, read(answer).form(f"{url}/reveal#contact"))
            assert PHONE in shown.text
            assert shown.headers["Cache-Control"] == "no-store"
            assert PHONE not in browser.get(url).text
            seen.add(party)
            continue
        assert NAME not in answer.text, f"{party} reads the resident's name"
        if answer.status_code == 200 and actor.party in ("community", "team"):
            token = get_page(browser, "/account").form("/logout").get("csrf_token")
            refused = browser.post(f"{url}/reveal", data={"csrf_token": token, "reason": "arrange"})
            assert refused.status_code == 403, party
            assert not has_phone(refused.text.replace(number, "")), party
    return seen


def test_the_phone_is_seen_by_the_community_and_by_the_team_from_accept_to_close(site: Site) -> None:
    made = {make.__name__: site.make(make, **CONTACT).number for make in (placed, dispatched, claimed)}
    for status, number in made.items():
        assert who_sees_the_phone(site, number) == {"community"}, status
    number = site.make(accepted, **CONTACT).number
    assert who_sees_the_phone(site, number) == {"community", "team"}
    site.move_to(window(3).ends_at + timedelta(hours=1))
    answer = site.act(site.city.team, number, "close", {"attendance": "3", "report": "好"})
    assert answer.status_code == 303
    assert who_sees_the_phone(site, number) == {"community"}


def test_a_team_that_withdraws_sees_the_phone_no_longer(site_sqlite: Site) -> None:
    number = site_sqlite.make(accepted, **CONTACT).number
    assert who_sees_the_phone(site_sqlite, number) == {"community", "team"}
    site_sqlite.act(site_sqlite.city.team, number, "withdraw", {"reason": "other", "text": "人病了"})
    assert who_sees_the_phone(site_sqlite, number) == {"community"}


def test_another_team_never_sees_the_phone(site_sqlite: Site) -> None:
    number = site_sqlite.make(accepted, **CONTACT).number
    page = site_sqlite.page(site_sqlite.city.other_team, number)
    assert not has_phone(page.html.replace(number, ""))
    assert NAME not in page.html


def pages_without_contact(site: Site) -> Iterator[tuple[str, str]]:
    """Everything but an order's page: lists, notices, what the public sees."""
    stranger = site.browser()
    for url in ("/", "/menu", "/progress", "/about", "/track", "/order", "/login"):
        yield url, stranger.get(url).text
    for party in SEATS:
        browser: FlaskClient = site.browser(getattr(site.city, party))
        for rule in site.app.url_map.iter_rules():
            if rule.rule.startswith(f"/{party}/") and "GET" in (rule.methods or ()) and "<" not in rule.rule:
                yield rule.rule, browser.get(rule.rule).get_data().decode(errors="replace")
        for tab in ("all", "open", "closed", "moving", "waiting", "accepted"):
            yield f"{party} {tab}", browser.get(f"/{party}/?tab={tab}").text
            yield f"{party} {tab} search", browser.get(f"/{party}/?tab={tab}&q={NAME}").text.replace(NAME, "", 2)


def test_no_list_notice_or_public_page_shows_a_contact(site_sqlite: Site) -> None:
    numbers = [site_sqlite.make(make, **CONTACT).number for make in (placed, dispatched, claimed, closed, accepted)]
    for name, html in pages_without_contact(site_sqlite):
        for number in numbers:
            html = html.replace(number, "").replace(f"QTX {number[3:7]} {number[7:]}", "")
        assert PHONE not in html, name
        assert MASKED not in html, name
        if "search" not in name:
            assert NAME not in html, name


def test_the_resident_reads_a_masked_reminder(site_sqlite: Site) -> None:
    number = site_sqlite.make(accepted, **CONTACT).number
    link = site_sqlite.link(number)
    for html in (
        site_sqlite.browser().get(link).text,
        site_sqlite.browser().get(link + "?new=1").text,
        site_sqlite.browser(site_sqlite.city.resident).get(f"/resident/orders/{number}").text,
    ):
        assert MASKED in html
        assert PHONE not in html
        assert NAME not in html
        assert "欧*" in html


def test_volunteers_are_masked_for_the_resident(site_sqlite: Site) -> None:
    number = site_sqlite.make(accepted, **CONTACT).number
    page = site_sqlite.page(site_sqlite.city.team, number)
    crew = next(text for text in page.text.split() if text.startswith("测试员") and not text.endswith("*"))
    html = site_sqlite.browser().get(site_sqlite.link(number)).text
    assert crew not in html
    assert "测**" in html


def test_events_and_their_payloads_hold_no_contact(site_sqlite: Site) -> None:
    client = site_sqlite.browser()
    form = fill_wizard(client, wish="请带控盐勺").form("/order")
    number = number_in(submit(client, form, {**WHO, **CONTACT, "go": "send"}))
    site_sqlite.act(site_sqlite.city.community, number, "dispatch", {"department_id": "health", "text": "请尽快"})
    with site_sqlite.app.app_context():
        events = db.session.scalars(select(OrderEvent)).all()
        assert len(events) == 2
        for event in events:
            text = f"{event.payload} {event.actor_name} {event.actor_key}"
            assert PHONE not in text
            assert "1234" not in text.replace(number, "")
            assert NAME not in text
            assert "控盐勺" not in text
            assert "社区二楼活动室" not in text
            assert "请尽快" not in text
        assert [note.text for note in db.session.scalars(select(OrderNote))] == ["请尽快"]


def test_the_open_data_bundle_has_nobody_in_it(site: Site, tmp_path: Path) -> None:
    made = [
        site.make(make, wish="请带控盐勺", organisation="第三小学", venue="王家后院", **CONTACT)
        for make in (placed, closed, accepted)
    ]
    file = tmp_path / "open.sqlite3"
    with site.app.app_context():
        counts = write_open_data(file, NOW)
    assert counts["orders"] == 3
    with sqlite3.connect(file) as connection:
        dump = "\n".join(connection.iterdump())
    connection.close()
    raw = file.read_bytes()
    for secret in (
        PHONE,
        MASKED,
        NAME,
        "请带控盐勺",
        "第三小学",
        "王家后院",
        "测试员",
        *(each.number for each in made),
    ):
        assert secret not in dump, secret
        assert secret.encode() not in raw, secret
    assert "640381001000" in dump  # the town, not the community
    with sqlite3.connect(file) as connection:
        towns = {row[0] for row in connection.execute("select distinct town from orders")}
    connection.close()
    assert towns == {"640381001000"}


def test_the_track_page_says_nothing_about_an_order(site_sqlite: Site) -> None:
    number = site_sqlite.make(placed, **CONTACT).number
    text = get_page(site_sqlite.browser(), f"/track?number={number}").text
    assert PHONE not in text
    assert MASKED not in text
    assert "合理膳食" not in text


def test_the_secret_link_is_nowhere_but_with_the_resident(site_sqlite: Site) -> None:
    number = site_sqlite.make(accepted, **CONTACT).number
    token = site_sqlite.link(number).rsplit("/", 1)[1]
    for party in SEATS:
        page = order_page(site_sqlite, party, number)
        assert page is None or token not in page.html, party
    for name, html in pages_without_contact(site_sqlite):
        assert token not in html, name


def test_pictures_are_for_whoever_may_see_the_order(site_sqlite: Site) -> None:
    client = site_sqlite.browser()
    form = fill_wizard(client).form("/order")
    number = number_in(submit(client, form, {**WHO, **CONTACT, "photos": [jpeg_file()], "go": "send"}))
    other = site_sqlite.make(placed).number
    link = site_sqlite.link(number)
    page = get_page(client, link)
    (url,) = [a["src"] or "" for tag, a in page.tags if tag == "img" and "/photos/" in (a.get("src") or "")]
    picture_id = url.rsplit("/", 1)[1]
    answer = site_sqlite.browser().get(url)
    assert answer.mimetype == "image/jpeg"
    assert "private" in answer.headers["Cache-Control"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    city = site_sqlite.city
    for actor, status in (
        (city.community, 200),
        (city.town, 200),
        (city.office, 200),
        (city.other_community, 404),
        (city.department, 404),
        (city.team, 404),
        (city.resident, 404),
        (city.volunteer, 404),
    ):
        answer = site_sqlite.browser(actor).get(f"/{actor.party}/orders/{number}/photos/{picture_id}")
        assert answer.status_code == status, actor.party
    # not under another order's number, nor another order's link
    assert site_sqlite.browser(city.community).get(f"/community/orders/{other}/photos/{picture_id}").status_code == 404
    assert site_sqlite.browser().get(f"{site_sqlite.link(other)}/photos/{picture_id}").status_code == 404
    assert site_sqlite.browser().get(f"{link[:-1]}x/photos/{picture_id}").status_code in (
        404,
        200 if link[-1] == "x" else 404,
    )


def test_only_the_community_searches_by_the_phones_tail(site: Site) -> None:
    number = site.make(accepted, contact_phone="19900007777").number
    far = site.make(placed, contact_phone="19900007777", division_code=OTHER_COMMUNITY).number
    shown = f"QTX {number[3:7]} {number[7:]}"
    for party in SEATS:
        tab = {"community": "all", "department": "all", "team": "all", "office": "all", "volunteer": "all"}.get(
            party, "open"
        )
        browser = site.browser(getattr(site.city, party))
        assert shown in get_page(browser, f"/{party}/?tab={tab}").text, party
        found = shown in get_page(browser, f"/{party}/?tab={tab}&q=7777").text
        assert found is (party == "community"), party
    text = get_page(site.browser(site.city.community), "/community/?tab=all&q=7777").text
    assert f"QTX {far[3:7]} {far[7:]}" not in text


@pytest.mark.parametrize("query", ["19900007777", "1990000", "00007777", "7", "77", "777"])
def test_no_other_part_of_a_phone_finds_an_order(site_sqlite: Site, query: str) -> None:
    number = site_sqlite.make(placed, contact_phone="19900007777").number
    text = get_page(site_sqlite.browser(site_sqlite.city.community), f"/community/?tab=all&q={query}").text
    assert f"QTX {number[3:7]} {number[7:]}" not in text


def test_no_log_line_holds_a_phone(site_sqlite: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    client = site_sqlite.browser()
    form = fill_wizard(client).form("/order")
    number_in(submit(client, form, {**WHO, **CONTACT, "go": "send"}))
    assert PHONE not in caplog.text
    assert NAME not in caplog.text
