"""Sessions: how they begin, how they end, and that nothing that was typed is lost when one ends in the middle."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from qtxvol.accounts.models import Account, Seat
from qtxvol.extensions import db
from qtxvol.storage import transaction
from tests.factories import NOW, PASSWORD, City, accepted, claimed, closed, dispatched, placed, window
from tests.web.pages import Form, get_page, post_form, read, submit
from tests.web.site import WHAT, WHERE, WHO, Site, fill_wizard, login_as, number_in

pytestmark = pytest.mark.one_database  # what its pages read is asked of both in the rooms

NEW_PASSWORD = "eine-gute-neue"


def username_of(site: Site, actor: Any) -> str:
    with site.app.app_context():
        return db.session.get_one(Account, actor.account_id).username


def change_account(site: Site, actor: Any, **values: Any) -> None:
    with site.app.app_context(), transaction():
        account = db.session.get_one(Account, actor.account_id)
        for name, value in values.items():
            setattr(account, name, value)


def wait_too_long(site: Site) -> None:
    site.move_to(NOW + site.app.config["PERMANENT_SESSION_LIFETIME"] + timedelta(minutes=1))


def session_of(client: FlaskClient) -> dict[str, Any]:
    with client.session_transaction() as session:
        return dict(session)


def sign_in_on(client: FlaskClient, page: Any, username: str) -> Any:
    """Fill in the sign-in form that stands in `page`."""
    return submit(client, page.form("/login"), {"username": username, "password": PASSWORD})


# a session ends in the middle of a form


def test_a_step_typed_before_the_session_ended_happens_after_signing_in_again(site: Site) -> None:
    actor = site.city.community
    number = site.make(placed).number
    client = site.browser(actor)
    url = f"/community/orders/{number}"
    form = get_page(client, url).form(f"{url}/reject")
    wait_too_long(site)
    typed = {"reason": "other", "text": "请拨打 12345，\n谢谢 𬭸 <b>"}
    answer = submit(client, form, typed)
    assert answer.status_code == 401
    page = read(answer)
    assert "刚才填的内容还在" in page.text
    carried = page.form("/login")
    assert (carried.get("reason"), carried.get("text")) == (typed["reason"], typed["text"])
    assert carried.get("resume_path") == f"{url}/reject?" or carried.get("resume_path") == f"{url}/reject"
    assert site.steps(number) == ["place"]

    # a slip in the password loses nothing either
    answer = submit(client, carried, {"username": username_of(site, actor), "password": "wrong"})
    assert answer.status_code == 422
    carried = read(answer).form("/login")
    assert (carried.get("reason"), carried.get("text")) == (typed["reason"], typed["text"])

    answer = sign_in_on(client, read(answer), username_of(site, actor))
    assert answer.status_code == 200
    resume = next(each for each in read(answer).forms if each.action.startswith(f"{url}/reject"))
    assert (resume.get("text"), resume.get("key")) == (typed["text"], form.get("key"))
    assert "password" not in resume.names
    assert site.steps(number) == ["place"]  # nothing happens without the reader's tap

    assert submit(client, resume).status_code == 303
    assert site.steps(number) == ["place", "reject"]
    assert typed["text"].replace("\n", " ") in get_page(site.browser(), site.link(number)).text


def test_every_field_of_a_close_comes_through_the_sign_in(site_sqlite: Site) -> None:
    city = site_sqlite.city
    number = site_sqlite.make(accepted, agreed=window(0.01)).number
    site_sqlite.move_to(NOW + timedelta(hours=2))
    client = site_sqlite.browser(city.team)
    url = f"/team/orders/{number}"
    form = get_page(client, url).form(f"{url}/close")
    site_sqlite.move_to(NOW + timedelta(hours=5))
    minutes = f"minutes_{city.crew[0]}"
    typed = {"attendance": "７", "report": "好", minutes: "45"}
    answer = submit(client, form, typed)
    assert answer.status_code == 401
    answer = sign_in_on(client, read(answer), username_of(site_sqlite, city.team))
    resume = next(each for each in read(answer).forms if each.action.startswith(f"{url}/close"))
    assert {name: resume.get(name) for name in typed} == typed
    assert submit(client, resume).status_code == 303
    assert site_sqlite.order(number).attendance == 7


def test_an_order_on_somebodys_behalf_survives_the_end_of_the_session(site_sqlite: Site) -> None:
    actor = site_sqlite.city.community
    client = site_sqlite.browser(actor)
    form = get_page(client, "/community/order?audience=elderly").form("/community/order")
    wait_too_long(site_sqlite)
    answer = submit(client, form, {**WHAT, **WHERE, **WHO, "go": "send"})
    assert answer.status_code == 401
    answer = sign_in_on(client, read(answer), username_of(site_sqlite, actor))
    resume = next(each for each in read(answer).forms if each.action.startswith("/community/order"))
    number = number_in(submit(client, resume))
    assert site_sqlite.order(number).contact_name == "王女士"


def test_somebody_else_who_signs_in_gets_no_step_of_the_first(site_sqlite: Site) -> None:
    """The clerk's shift ended; a team's leader signs in at the same machine. The step is refused, not done."""
    number = site_sqlite.make(placed).number
    client = site_sqlite.browser(site_sqlite.city.community)
    url = f"/community/orders/{number}"
    form = get_page(client, url).form(f"{url}/reject")
    wait_too_long(site_sqlite)
    answer = submit(client, form, {"reason": "other", "text": "x"})
    answer = sign_in_on(client, read(answer), username_of(site_sqlite, site_sqlite.city.team))
    resume = next(each for each in read(answer).forms if each.action.startswith(f"{url}/reject"))
    assert submit(client, resume).status_code == 403
    assert site_sqlite.steps(number) == ["place"]


def test_the_residents_order_survives_the_end_of_the_session(site: Site) -> None:
    client = site.browser()
    form = fill_wizard(client).form("/order")
    client.delete_cookie("qtxvol")
    answer = submit(client, form, {**WHO, "wish": "请讲慢一点", "go": "send"})
    assert answer.status_code == 400
    page = read(answer)
    assert "您填的内容都在" in page.text
    resend = page.form("/order")
    assert resend.get("contact_phone") == WHO["contact_phone"]
    assert site.rows()["orders"] == 0
    number = number_in(submit(client, resend))
    assert site.order(number).wish == "请讲慢一点"


def test_a_token_of_an_older_session_is_as_good_as_none(site_sqlite: Site) -> None:
    client = site_sqlite.browser()
    form = fill_wizard(client).form("/order")
    client.delete_cookie("qtxvol")
    get_page(client, "/order")  # another session, another token
    answer = submit(client, form, {**WHO, "go": "send"})
    assert answer.status_code == 400
    number_in(submit(client, read(answer).form("/order")))


def test_a_rating_typed_on_an_old_page_keeps_every_answer(site_sqlite: Site) -> None:
    number = site_sqlite.make(closed).number
    link = site_sqlite.link(number)
    client = site_sqlite.browser()
    form = get_page(client, link).form(f"{link}/rate")
    client.delete_cookie("qtxvol")
    typed = {"took_place": "yes", "stars": "4", "came_count": "20", "again": "yes", "text": "好"}
    answer = submit(client, form, typed)
    assert answer.status_code == 400
    resend = read(answer).form(f"{link}/rate")
    assert {name: resend.get(name) for name in typed} == typed
    assert submit(client, resend).status_code == 303


#: What browsers say of a form that stands on another site, and what programs that are none say.
FOREIGN_HEADERS: list[dict[str, str]] = [
    {},
    {"Origin": "https://evil.example"},
    {"Referer": "https://evil.example/form"},
    {"Origin": "null"},
    {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:8080"},
]


def test_words_of_a_foreign_page_are_never_shown_here(site_sqlite: Site) -> None:
    for headers in FOREIGN_HEADERS:
        for url in ("/order", "/community/orders/QTX00000000/reject"):
            answer = site_sqlite.browser().post(url, data={"text": "FOREIGN-WORDS"}, headers=headers)
            assert answer.status_code in (400, 401), headers
            assert "FOREIGN-WORDS" not in answer.text, headers


# where one goes after signing in

FOREIGN = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "javascript:alert(1)",
    "http:evil.example",
    "///evil.example",
    " //evil.example",
    "evil.example",
    "/\u2028/evil.example",
]


def test_nobody_is_sent_away_after_signing_in(site_sqlite: Site) -> None:
    username = username_of(site_sqlite, site_sqlite.city.team)
    for path in FOREIGN:
        client = site_sqlite.browser()
        form = read(client.get("/login", query_string={"next": path})).form("/login")
        assert form.get("next") is None, path
        answer = submit(client, form, {"username": username, "password": PASSWORD, "next": path})
        assert (answer.status_code, answer.location) == (303, "/team/"), path


def test_a_form_is_never_resumed_on_another_site(site_sqlite: Site) -> None:
    username = username_of(site_sqlite, site_sqlite.city.team)
    for path in FOREIGN:
        client = site_sqlite.browser()
        form = get_page(client, "/login").form("/login")
        answer = submit(client, form, {"username": username, "password": PASSWORD, "resume_path": path, "text": "x"})
        assert (answer.status_code, answer.location) == (303, "/team/"), path


def test_the_language_switch_leads_nowhere_else(site_sqlite: Site) -> None:
    for path in FOREIGN:
        client = site_sqlite.browser()
        answer = submit(client, get_page(client, "/").form("/view"), {"language": "en", "next": path})
        assert (answer.status_code, answer.location) == (303, "/view"), path


def test_signing_in_leads_to_the_page_that_asked_for_it(site_sqlite: Site) -> None:
    client = site_sqlite.browser()
    answer = client.get("/team/?tab=accepted&page=1")
    page = get_page(client, answer.location)
    answer = sign_in_on(client, page, username_of(site_sqlite, site_sqlite.city.team))
    assert answer.location == "/team/?tab=accepted&page=1"
    assert client.get("/login").location == "/team/"


# beginning and ending


def test_signing_in_makes_a_new_session(site_sqlite: Site) -> None:
    client = site_sqlite.browser()
    form = get_page(client, "/login").form("/login")
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
    before = session_of(client)
    username = username_of(site_sqlite, site_sqlite.city.team)
    assert submit(client, form, {"username": username, "password": PASSWORD}).status_code == 303
    after = session_of(client)
    assert "planted" not in after
    assert after.get("csrf_token") != before["csrf_token"]
    # a form from before is not valid any more
    answer = submit(client, Form("/view", "post", fields=form.fields), {"language": "en"})
    assert answer.status_code == 400


def test_signing_out_leaves_nothing_behind(site_sqlite: Site) -> None:
    client = site_sqlite.browser(site_sqlite.city.team)
    kept = client.get_cookie("qtxvol")
    answer = post_form(client, "/team/", "/logout")
    assert (answer.status_code, answer.location) == (303, "/")
    assert client.get("/team/").status_code == 303
    assert "_user_id" not in session_of(client)
    assert kept is not None


def test_an_idle_session_ends_and_a_used_one_goes_on(site_sqlite: Site) -> None:
    used, idle = site_sqlite.browser(), site_sqlite.browser()
    for client in (used, idle):
        login_as(client, site_sqlite.city.team)
    for minutes in (40, 80, 120):
        site_sqlite.move_to(NOW + timedelta(minutes=minutes))
        assert used.get("/team/").status_code == 200
    assert idle.get("/team/").status_code == 303


def test_signing_out_everywhere_ends_the_other_sessions_too(site: Site) -> None:
    here, there = site.browser(), site.browser()
    for client in (here, there):
        login_as(client, site.city.team)
        assert client.get("/team/").status_code == 200
    answer = post_form(here, "/account", "/logout", {"everywhere": "1"})
    assert answer.status_code == 303
    for client in (here, there):
        assert client.get("/team/").status_code == 303


def test_plain_signing_out_ends_only_this_session(site_sqlite: Site) -> None:
    here, there = site_sqlite.browser(), site_sqlite.browser()
    for client in (here, there):
        login_as(client, site_sqlite.city.team)
    post_form(here, "/team/", "/logout")
    assert there.get("/team/").status_code == 200


def change_password(client: FlaskClient) -> Any:
    form = get_page(client, "/account").form("/account")
    repeat = next(name for name in form.names if "again" in name)
    return submit(client, form, {"old_password": PASSWORD, "new_password": NEW_PASSWORD, repeat: NEW_PASSWORD})


def test_a_new_password_ends_the_other_sessions_but_not_this_one(site: Site) -> None:
    here, there = site.browser(), site.browser()
    for client in (here, there):
        login_as(client, site.city.team)
    answer = change_password(here)
    assert (answer.status_code, answer.location) == (303, "/team/")
    assert here.get("/team/").status_code == 200
    assert there.get("/team/").status_code == 303
    username = username_of(site, site.city.team)
    client = site.browser()
    for password, status in ((PASSWORD, 422), (NEW_PASSWORD, 303)):
        answer = post_form(client, "/login", "/login", {"username": username, "password": password})
        assert answer.status_code == status


def test_a_first_password_must_be_changed_before_anything_else(site_sqlite: Site) -> None:
    actor = site_sqlite.city.team
    change_account(site_sqlite, actor, must_change_password=True)
    client = site_sqlite.browser()
    assert login_as(client, actor).location == "/account"
    for url in ("/team/", "/team/members", "/team/notices"):
        answer = client.get(url)
        assert (answer.status_code, answer.location) == (303, "/account"), url
    number = site_sqlite.make(claimed).number
    token = get_page(client, "/account").form("/logout").get("csrf_token")
    answer = client.post(f"/team/orders/{number}/accept", data={"csrf_token": token})
    assert (answer.status_code, answer.location) == (303, "/account")
    assert "请先换成自己的密码" in get_page(client, "/account").text
    assert change_password(client).status_code == 303
    assert client.get("/team/").status_code == 200


def test_five_wrong_passwords_slow_the_sixth_down(site: Site) -> None:
    client = site.browser()
    username = username_of(site, site.city.team)

    def attempt(password: str) -> Any:
        return post_form(client, "/login", "/login", {"username": username, "password": password})

    for _ in range(5):
        assert attempt("wrong-password").status_code == 422
    answer = attempt(PASSWORD)  # not even the right one
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert "试得太多了" in read(answer).text
    assert read(answer).form("/login").get("username") == username
    site.move_to(NOW + timedelta(seconds=int(answer.headers["Retry-After"])))
    assert attempt(PASSWORD).status_code == 303
    # another account from the same place is not held up
    assert login_as(site.browser(), site.city.community).status_code == 303


def test_an_unknown_name_answers_like_a_wrong_password(site_sqlite: Site) -> None:
    texts = set()
    for username in ("nobody-of-that-name", username_of(site_sqlite, site_sqlite.city.team)):
        answer = post_form(site_sqlite.browser(), "/login", "/login", {"username": username, "password": "wrong"})
        assert answer.status_code == 422
        texts.add(read(answer).text.replace(username, ""))
    assert len(texts) == 1


def test_an_inactive_account_can_not_sign_in(site_sqlite: Site) -> None:
    username = username_of(site_sqlite, site_sqlite.city.team)
    change_account(site_sqlite, site_sqlite.city.team, is_active=False)
    answer = post_form(site_sqlite.browser(), "/login", "/login", {"username": username, "password": PASSWORD})
    assert answer.status_code == 422


def test_a_cookie_that_was_tampered_with_is_nobody(site_sqlite: Site) -> None:
    client = site_sqlite.browser(site_sqlite.city.team)
    cookie = client.get_cookie("qtxvol")
    assert cookie is not None
    for value in ("", "x", cookie.value[:-3] + "abc", "." * 3, "é"):
        stranger = site_sqlite.app.test_client()
        stranger.set_cookie("qtxvol", value)
        assert stranger.get("/team/").status_code == 303
    for user_id in ("1", "1.999", "999999.1", "-1.1", "1.1.1", ""):
        stranger = site_sqlite.app.test_client()
        with stranger.session_transaction() as session:
            session["_user_id"] = user_id
        assert stranger.get("/team/").status_code == 303, user_id


def test_the_language_stays_as_it_was_chosen(site_sqlite: Site) -> None:
    client = site_sqlite.browser()
    assert '<html lang="zh-CN">' in client.get("/order").text
    answer = post_form(client, "/menu?audience=elderly", "/view", {"language": "en"})
    assert (answer.status_code, answer.location) == (303, "/menu?audience=elderly")
    assert '<html lang="en">' in client.get("/order").text
    login_as(client, site_sqlite.city.team)
    assert '<html lang="en">' in client.get("/team/").text
    post_form(client, "/team/", "/logout")
    assert '<html lang="en">' in client.get("/").text
    post_form(client, "/", "/view", {"language": "zh"})
    assert '<html lang="zh-CN">' in client.get("/order").text


def test_a_browsers_own_language_does_not_decide(site_sqlite: Site) -> None:
    answer = site_sqlite.browser().get("/", headers={"Accept-Language": "en-US,en"})
    assert '<html lang="zh-CN">' in answer.text


def test_two_seats_of_one_account_open_two_desks(site_sqlite: Site) -> None:
    city: City = site_sqlite.city
    with site_sqlite.app.app_context(), transaction():
        db.session.add(Seat(account_id=city.team.account_id, party="volunteer", volunteer_id=city.crew[0]))
    client = site_sqlite.browser(city.team)
    assert client.get("/team/").status_code == 200
    assert client.get("/volunteer/").status_code == 200
    assert client.get("/office/").status_code == 403
    number = site_sqlite.make(dispatched).number
    assert client.get(f"/volunteer/orders/{number}").status_code == 404
