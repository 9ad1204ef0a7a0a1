"""Doors: every route has a gate, every gate lets in whom the table below names and nobody else."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Blueprint, Flask
from werkzeug.test import TestResponse

from qtxvol.accounts.actor import Actor
from qtxvol.orders.lifecycle import Party
from qtxvol.web.access import find_gate, make_blueprint
from tests.databases import running_app, settings_for, sqlite_url
from tests.factories import OTHER_COMMUNITY, accepted, claimed, closed, dispatched, make_city, placed
from tests.web.conftest import site_of
from tests.web.pages import Page, get_page, post_forms, read, submit
from tests.web.site import Site, login_as

SEATS = ("resident", "community", "department", "team", "volunteer", "office")

#: Pages of desks and who may open them. Written by hand: a new page must be added here.
DESK_PAGES: dict[str, set[str]] = {
    "/resident/": {"resident"},
    "/resident/counts": {"resident"},
    "/resident/notices": {"resident"},
    "/resident/notices/settings": {"resident"},
    "/resident/views": {"resident"},
    "/resident/orders/<number>": {"resident"},
    "/resident/orders/<number>/sheet": {"resident"},
    "/resident/orders/<number>/photos/<int(max=2147483647):picture_id>": {"resident"},
    "/community/": {"community"},
    "/community/counts": {"community"},
    "/community/notices": {"community"},
    "/community/notices/settings": {"community"},
    "/community/views": {"community"},
    "/community/order": {"community"},
    "/community/papers": {"community"},
    "/community/papers/<int(max=2147483647):year>": {"community"},
    "/community/papers/<int(max=2147483647):year>.xlsx": {"community"},
    "/community/poster": {"community"},
    "/community/poster/all": {"community"},
    "/community/poster/cards": {"community"},
    "/community/poster/qr.svg": {"community"},
    "/community/orders/<number>": {"community"},
    "/community/orders/<number>/sheet": {"community"},
    "/community/orders/<number>/photos/<int(max=2147483647):picture_id>": {"community"},
    "/department/": {"department"},
    "/department/counts": {"department"},
    "/department/notices": {"department"},
    "/department/notices/settings": {"department"},
    "/department/views": {"department"},
    "/department/order": {"department"},
    "/department/joint": {"department"},
    "/department/orders/<number>/other-times": {"department"},
    "/department/fairness": {"department"},
    "/department/fairness/<any(xlsx, csv):form>": {"department"},
    "/department/fairness/orders/<which>": {"department"},
    "/department/fairness/orders/<which>/<any(xlsx, csv):form>": {"department"},
    "/department/papers": {"department"},
    "/department/papers/<int(max=2147483647):year>": {"department"},
    "/department/papers/<int(max=2147483647):year>.xlsx": {"department"},
    "/department/plan": {"department"},
    "/department/plan/<int(max=2147483647):plan_id>": {"department"},
    "/department/plan/<int(max=2147483647):plan_id>/all": {"department"},
    "/office/plan": {"office"},
    "/office/plan/<int(max=2147483647):plan_id>": {"office"},
    "/office/plan/<int(max=2147483647):plan_id>/all": {"office"},
    "/department/push": {"department"},
    "/department/teams": {"department"},
    "/department/targets": {"department"},
    "/department/targets/<target_id>": {"department"},
    "/department/targets/reports/<int(max=2147483647):report_id>/file": {"department"},
    "/department/orders/<number>": {"department"},
    "/department/orders/<number>/sheet": {"department"},
    "/department/orders/<number>/teams": {"department"},
    "/department/orders/<number>/photos/<int(max=2147483647):picture_id>": {"department"},
    "/team/": {"team"},
    "/team/members": {"team"},
    "/team/members/add": {"team"},
    "/team/members/<int(max=2147483647):volunteer_id>": {"team"},
    "/team/members/<int(max=2147483647):volunteer_id>/certificates": {"team"},
    "/team/members/<int(max=2147483647):volunteer_id>/numbers": {"team"},
    "/team/certificates/<int(max=2147483647):certificate_id>": {"team"},
    "/team/certificates/<int(max=2147483647):certificate_id>.pdf": {"team"},
    "/team/day": {"team"},
    "/team/orders/<number>/other-times": {"team"},
    "/team/day/sheet": {"team"},
    "/team/week": {"team"},
    "/team/counts": {"team"},
    "/team/notices": {"team"},
    "/team/notices/settings": {"team"},
    "/team/views": {"team"},
    "/team/orders/<number>": {"team"},
    "/team/orders/<number>/sheet": {"team"},
    "/team/orders/<number>/photos/<int(max=2147483647):picture_id>": {"team"},
    "/volunteer/": {"volunteer"},
    "/volunteer/hours": {"volunteer"},
    "/volunteer/check-in": {"volunteer"},
    "/team/no-shows": {"team"},
    "/team/orders/<number>/check-in": {"team"},
    "/team/orders/<number>/hours": {"team"},
    "/community/no-shows": {"community"},
    "/community/undelivered": {"community"},
    "/community/presence": {"community"},
    "/community/calls": {"community"},
    "/community/doubles": {"community"},
    "/community/joint": {"community"},
    "/office/calls": {"office"},
    "/community/addresses": {"community"},
    "/department/addresses": {"department"},
    "/department/science-days": {"department"},
    "/team/addresses": {"team"},
    "/office/orders/<number>/hours": {"office"},
    "/volunteer/me": {"volunteer"},
    "/volunteer/certificates": {"volunteer"},
    "/volunteer/certificates/<int(max=2147483647):certificate_id>": {"volunteer"},
    "/volunteer/certificates/<int(max=2147483647):certificate_id>.pdf": {"volunteer"},
    "/volunteer/stars": {"volunteer"},
    "/volunteer/record.pdf": {"volunteer"},
    "/volunteer/record.xlsx": {"volunteer"},
    "/volunteer/week": {"volunteer"},
    "/volunteer/counts": {"volunteer"},
    "/volunteer/notices": {"volunteer"},
    "/volunteer/notices/settings": {"volunteer"},
    "/volunteer/views": {"volunteer"},
    "/volunteer/orders/<number>": {"volunteer"},
    "/volunteer/orders/<number>/sheet": {"volunteer"},
    "/volunteer/orders/<number>/photos/<int(max=2147483647):picture_id>": {"volunteer"},
    "/office/": {"office"},
    "/office/counts": {"office"},
    "/office/notices": {"office"},
    "/office/notices/settings": {"office"},
    "/office/views": {"office"},
    "/office/orders/<number>": {"office"},
    "/office/orders/<number>/sheet": {"office"},
    "/office/orders/<number>/photos/<int(max=2147483647):picture_id>": {"office"},
}

#: Pages that anybody may open.
PUBLIC_PAGES = (
    "/",
    "/menu",
    "/menu?audience=elderly&theme=health",
    "/menu/S05",
    "/progress",
    "/progress/targets",
    "/progress/targets/sheet",
    "/progress/cases",
    "/hours/notices",
    "/hours/spot-checks",
    "/about",
    "/verify",
    "/commendations",
    "/order",
    "/order?audience=elderly&item=S05",
    "/track",
    "/login",
    "/join",
    "/join/done",
)


def desk_routes(app: Flask) -> list[str]:
    """Patterns of the GET routes below the desks' addresses."""
    return sorted(
        {
            rule.rule
            for rule in app.url_map.iter_rules()
            if "GET" in (rule.methods or ()) and rule.rule.split("/")[1] in SEATS
        }
    )


def address(pattern: str, number: str = "QTX00000000") -> str:
    """A pattern with something in every gap."""
    filled = pattern.replace("<number>", number).replace("<action>", "claim").replace("<token>", "x" * 22)
    filled = filled.replace("<party>", "community").replace("<which>", "all")
    filled = filled.replace("<target_id>", "T23").replace("<period_id>", "2021-2025")
    filled = re.sub(r"<any\((\w+)[^>]*>", r"\1", filled)
    return re.sub(r"<[^>]+>", "none", re.sub(r"<int[^>]*>", "1", filled))


def people(site: Site) -> dict[str, Actor]:
    return {party: getattr(site.city, party) for party in SEATS}


def test_every_route_has_a_gate(app_sqlite: Flask) -> None:
    shut = [
        rule.rule
        for rule in app_sqlite.url_map.iter_rules()
        if rule.endpoint != "static" and find_gate(rule.endpoint.rpartition(".")[0]) is None
    ]
    assert not shut, f"routes without a gate: {shut}"


def test_a_blueprint_without_a_gate_is_shut(app_sqlite: Flask) -> None:
    bare = Blueprint("bare", __name__)
    bare.add_url_rule("/bare", view_func=lambda: "open")
    app_sqlite.register_blueprint(bare)
    app_sqlite.add_url_rule("/bare-too", view_func=lambda: "open")
    assert app_sqlite.test_client().get("/bare").status_code == 403
    assert app_sqlite.test_client().get("/bare-too").status_code == 403


def test_a_gate_answers_before_the_view_runs(app_sqlite: Flask) -> None:
    seen: list[str] = []
    gated = make_blueprint("gated_in_test", __name__, gate=lambda: ("shut", 418))
    gated.add_url_rule("/gated", view_func=lambda: seen.append("view") or "open")
    app_sqlite.register_blueprint(gated)
    answer = app_sqlite.test_client().get("/gated")
    assert (answer.status_code, answer.text, seen) == (418, "shut", [])


def test_the_table_above_names_every_desk_page_that_is_not_the_offices_own(app_sqlite: Flask) -> None:
    """Pages that the office adds for itself have tests of their own; the next test tries those too."""
    unknown = [rule for rule in desk_routes(app_sqlite) if not rule.startswith("/office/")]
    assert set(unknown) == {rule for rule in DESK_PAGES if not rule.startswith("/office/")}
    assert {rule for rule in DESK_PAGES if rule.startswith("/office/")} <= set(desk_routes(app_sqlite))


def test_every_desk_page_lets_in_its_party_and_no_other(site_sqlite: Site) -> None:
    number = site_sqlite.make(closed).number
    for pattern in desk_routes(site_sqlite.app):
        may = DESK_PAGES.get(pattern, {"office"})
        url = address(pattern, number)
        for party, actor in people(site_sqlite).items():
            status = site_sqlite.browser(actor).get(url).status_code
            # 404: the right desk, but no such photo, account or fact; only the office has pages the table can't fill
            wanted = {200, 404} if "<int" in pattern or pattern not in DESK_PAGES else {200}
            if party not in may:
                assert status == 403, f"{party} at {pattern}: {status}"
            else:
                assert status in wanted, f"{party} at {pattern}: {status}"


def test_every_desk_page_asks_a_stranger_to_sign_in(site_sqlite: Site) -> None:
    stranger = site_sqlite.browser()
    for pattern in desk_routes(site_sqlite.app):
        answer = stranger.get(address(pattern))
        assert answer.status_code == 303, pattern
        assert answer.location.startswith("/login?next=/"), pattern


def test_every_post_to_a_desk_by_a_stranger_is_refused(site_sqlite: Site) -> None:
    before = site_sqlite.rows()
    for rule in site_sqlite.app.url_map.iter_rules():
        if "POST" in (rule.methods or ()) and rule.rule.split("/")[1] in SEATS:
            answer = site_sqlite.browser().post(address(rule.rule))
            assert answer.status_code in (400, 401), rule.rule
    assert site_sqlite.rows() == before


def test_every_post_to_a_desk_by_another_party_is_refused(site_sqlite: Site) -> None:
    before = site_sqlite.rows()
    for rule in site_sqlite.app.url_map.iter_rules():
        desk = rule.rule.split("/")[1]
        if "POST" not in (rule.methods or ()) or desk not in SEATS:
            continue
        for party, actor in people(site_sqlite).items():
            if party == desk:
                continue
            browser = site_sqlite.browser(actor)
            token = get_page(browser, "/account").form("/logout").get("csrf_token")
            answer = browser.post(address(rule.rule), data={"csrf_token": token})
            assert answer.status_code == 403, f"{party} at {rule.rule}"
    assert site_sqlite.rows() == before


def test_someone_elses_order_does_not_exist(site: Site) -> None:
    city = site.city
    far = site.make(placed, division_code=OTHER_COMMUNITY, actor=city.other_community).number
    near = site.make(claimed).number
    away = site.make(dispatched).number
    for actor, number in (
        (city.community, far),
        (city.other_community, near),
        (city.other_department, near),
        (city.department, far),
        (city.team, away),  # not yet in the pool
        (city.volunteer, near),
        (city.resident, far),
    ):
        answer = site.browser(actor).get(f"/{actor.party}/orders/{number}")
        assert answer.status_code == 404, (actor.party, number)
        assert number not in read(answer).text
    assert site.browser(city.town).get(f"/community/orders/{near}").status_code == 200
    assert site.browser(city.office).get(f"/office/orders/{far}").status_code == 200


def test_acting_on_someone_elses_order_is_not_found(site_sqlite: Site) -> None:
    city = site_sqlite.city
    far = site_sqlite.make(placed, division_code=OTHER_COMMUNITY, actor=city.other_community).number
    near = site_sqlite.make(claimed).number
    for actor, number, action in (
        (city.community, far, "dispatch"),
        (city.department, far, "claim"),
        (city.other_department, near, "release"),
        (city.volunteer, near, "close"),
        (city.resident, far, "cancel"),
    ):
        browser = site_sqlite.browser(actor)
        token = get_page(browser, "/account").form("/logout").get("csrf_token")
        answer = browser.post(f"/{actor.party}/orders/{number}/{action}", data={"csrf_token": token})
        assert answer.status_code == 404, (actor.party, action)
    assert site_sqlite.steps(far) == ["place"]
    assert site_sqlite.steps(near) == ["place", "dispatch", "claim"]


def test_a_step_of_another_party_is_forbidden_at_ones_own_desk(site_sqlite: Site) -> None:
    """The order is visible, the step is not theirs: 403, and nothing happens."""
    number = site_sqlite.make(accepted).number
    city = site_sqlite.city
    for actor, action in (
        (city.community, "close"),
        (city.community, "claim"),
        (city.department, "accept"),
        (city.team, "dispatch"),
        (city.volunteer, "close"),
        (city.resident, "reopen"),
        (city.office, "accept"),
    ):
        browser = site_sqlite.browser(actor)
        token = get_page(browser, "/account").form("/logout").get("csrf_token")
        answer = browser.post(f"/{actor.party}/orders/{number}/{action}", data={"csrf_token": token, "text": "x"})
        assert answer.status_code == 403, (actor.party, action, answer.status)
    assert site_sqlite.steps(number) == ["place", "dispatch", "claim", "accept"]


def test_a_post_without_a_token_is_refused_everywhere(site_sqlite: Site) -> None:
    before = site_sqlite.rows()
    number = site_sqlite.make(placed).number
    before = site_sqlite.rows()
    for rule in site_sqlite.app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()):
            continue
        url = address(rule.rule, number)
        desk = next((part for part in url.split("/") if part in SEATS), None)
        browser = site_sqlite.browser(people(site_sqlite)[desk]) if desk else site_sqlite.browser()
        answer = browser.post(url, data={"username": "x", "password": "y"})
        assert answer.status_code == 400, rule.rule
        assert browser.post(url, data={"csrf_token": "forged"}).status_code == 400, rule.rule
    assert site_sqlite.rows() == before


@pytest.fixture(scope="module")
def pages(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, Page]]:
    """Every kind of page there is, as its own reader sees it."""
    folder = tmp_path_factory.mktemp("pages")
    url = sqlite_url(shutil.copy(sqlite_template, folder / "qtxvol.sqlite3"))
    with running_app(settings_for(url, folder)) as app, site_of(app) as site:
        return list(pages_of(site))


def pages_of(site: Site) -> Iterator[tuple[str, Page]]:
    city = site.city
    numbers = {make.__name__: site.make(make).number for make in (placed, dispatched, claimed, closed, accepted)}
    stranger = site.browser()
    for url in PUBLIC_PAGES:
        yield url, get_page(stranger, url)
    for number in numbers.values():
        yield f"link {number}", get_page(stranger, site.link(number))
        yield f"new {number}", get_page(stranger, site.link(number) + "?new=1")
    for party, actor in people(site).items():
        browser = site.browser(actor)
        yield f"{party} account", get_page(browser, "/account")
        for pattern in desk_routes(site.app):
            if pattern.startswith(f"/{party}/") and "<" not in pattern and not pattern.endswith(".svg"):
                answer = browser.get(pattern)
                if answer.mimetype == "text/html":
                    yield pattern, read(answer)
        for number in numbers.values():
            answer = browser.get(f"/{party}/orders/{number}")
            if answer.status_code == 200:
                yield f"{party} {number}", read(answer)
            else:
                assert answer.status_code == 404
        for tab in ("all", "closed", "open", "moving", "nonsense"):
            yield f"{party} {tab}", get_page(browser, f"/{party}/?tab={tab}&q=social")
    yield "not found", read(stranger.get("/nowhere"))
    yield "forbidden", read(site.browser(city.team).get("/office/"))
    form = get_page(stranger, "/order").form("/order")
    yield "bad order", read(submit(stranger, form, {"go": "send"}))
    yield "no token", read(stranger.post("/order", headers={"Origin": "http://localhost"}))
    action = f"/community/orders/{numbers['placed']}/reject"
    form = get_page(site.browser(city.community), action.removesuffix("/reject")).form(action)
    yield "bad step", read(submit(site.browser(city.community), form))


def test_every_form_that_posts_carries_a_token_and_no_page_has_inline_code(pages: list[tuple[str, Page]]) -> None:
    seen = 0
    for name, page in pages:
        for form in post_forms(page):
            seen += 1
            assert form.get("csrf_token"), f"{name}: {form.action} has no token"
            assert not form.action or form.action.startswith("/"), f"{name}: {form.action} leads elsewhere"
        assert not any(body.strip() for body in page.script_bodies), f"{name}: inline script"
        for tag, attributes in page.tags:
            bad = [key for key in attributes if key == "style" or key.startswith("on")]
            assert not bad, f"{name}: <{tag} {bad}>"
            assert tag != "style", f"{name}: inline style"
            assert not (attributes.get("href") or "").lower().startswith("javascript:"), name
        assert page.html.startswith("<!DOCTYPE html>"), name
    assert seen > 200


def test_every_field_has_a_label(pages: list[tuple[str, Page]]) -> None:
    for name, page in pages:
        labelled = {attributes.get("for") for tag, attributes in page.tags if tag == "label"}
        for tag, attributes in page.tags:
            if tag in ("input", "select", "textarea") and attributes.get("type") not in ("hidden", "submit"):
                assert attributes.get("id") in labelled or attributes.get("aria-label"), f"{name}: {attributes}"


def test_ids_are_unique_in_every_page(pages: list[tuple[str, Page]]) -> None:
    for name, page in pages:
        ids = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
        assert len(ids) == len(set(ids)), f"{name}: {sorted({each for each in ids if ids.count(each) > 1})}"


def assert_guarded(answer: TestResponse, name: str) -> None:
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy, name
    assert "unsafe" not in policy, name
    assert "frame-ancestors 'none'" in policy, name
    assert "form-action 'self'" in policy, name
    assert answer.headers["X-Content-Type-Options"] == "nosniff", name
    assert answer.headers["X-Frame-Options"] == "DENY", name
    assert answer.headers["Referrer-Policy"] == "same-origin", name


def test_every_kind_of_answer_carries_the_security_headers(site_sqlite: Site) -> None:
    number = site_sqlite.make(placed).number
    browser, stranger = site_sqlite.browser(site_sqlite.city.community), site_sqlite.browser()
    link = site_sqlite.link(number)
    answers = {
        "page": stranger.get("/"),
        "own page": browser.get("/community/"),
        "link": stranger.get(link),
        "svg": stranger.get(link + "/qr.svg"),
        "json": stranger.get("/healthz"),
        "static": stranger.get("/static/qtxvol.css"),
        "redirect": stranger.get("/community/"),
        "400": stranger.post("/order"),
        "401": stranger.post("/community/notices"),
        "403": browser.get("/office/"),
        "404": stranger.get("/nowhere"),
        "405": stranger.get("/logout"),
        "413": stranger.post("/order", data=b"x", headers={"Content-Length": str(60 * 1024 * 1024)}),
        "422": submit(stranger, get_page(stranger, "/track").form("/track")),
    }
    for name, answer in answers.items():
        assert_guarded(answer, name)
        if name != "static":
            assert "private" in answer.headers["Cache-Control"] or "no-store" in answer.headers["Cache-Control"], name
        answer.close()


def test_a_crash_is_a_page_with_headers_and_without_details(site_sqlite: Site) -> None:
    crashing = make_blueprint("crashing_in_test", __name__, gate=lambda: None)

    def crash() -> str:
        raise RuntimeError("the secret of the house")

    crashing.add_url_rule("/crash", view_func=crash)
    site_sqlite.app.register_blueprint(crashing)
    answer = site_sqlite.browser().get("/crash")
    assert answer.status_code == 500
    assert "secret of the house" not in answer.text
    assert "Traceback" not in answer.text
    assert "系统出了点问题" in answer.text
    assert_guarded(answer, "500")


def test_the_session_cookie_is_http_only_and_same_site(site_sqlite: Site) -> None:
    client = site_sqlite.browser()
    cookies = client.get("/login").headers.getlist("Set-Cookie")
    cookies += login_as(client, site_sqlite.city.team).headers.getlist("Set-Cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        assert cookie.startswith("qtxvol=")
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Secure" not in cookie  # the test settings say so


def test_the_session_cookie_is_secure_in_production(sqlite_database: str, tmp_path) -> None:
    with running_app(settings_for(sqlite_database, tmp_path, are_cookies_secure=True)) as app:
        with app.app_context():
            make_city()
        answer = app.test_client().get("/login", base_url="https://localhost")
        (cookie,) = answer.headers.getlist("Set-Cookie")
        assert "Secure" in cookie
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=")


def test_a_seat_lost_while_signed_in_shuts_the_desk_at_once(site_sqlite: Site) -> None:
    from qtxvol.accounts.models import Seat
    from qtxvol.extensions import db
    from qtxvol.storage import transaction

    browser = site_sqlite.browser(site_sqlite.city.team)
    assert browser.get("/team/").status_code == 200
    with site_sqlite.app.app_context(), transaction():
        db.session.query(Seat).filter_by(account_id=site_sqlite.city.team.account_id).delete()
    assert browser.get("/team/").status_code == 403


@pytest.mark.parametrize("party", [Party.RESIDENT, Party.OFFICE])
def test_an_inactive_account_is_signed_out_at_once(site_sqlite: Site, party: Party) -> None:
    from qtxvol.accounts.models import Account
    from qtxvol.extensions import db
    from qtxvol.storage import transaction

    actor = people(site_sqlite)[party]
    browser = site_sqlite.browser(actor)
    with site_sqlite.app.app_context(), transaction():
        db.session.get_one(Account, actor.account_id).is_active = False
    assert browser.get(f"/{party}/").status_code == 303
