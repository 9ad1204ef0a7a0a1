"""The inbox, the wishes, the words of notices, and the link that ends a kind of them, as people use them."""

import re
from typing import Any

import pytest
from sqlalchemy import select

from qtxvol.channels.message import Message, Receipt
from qtxvol.channels.models import Channel
from qtxvol.extensions import db
from qtxvol.notices import own_points
from qtxvol.notices.kinds import KINDS
from qtxvol.notices.links import unsubscribe_token
from qtxvol.notices.models import ContactPoint, Notice
from qtxvol.notices.queue import To, queue_notices
from qtxvol.notices.wishes import Wisher, get_wish
from qtxvol.orders.lifecycle import Party
from qtxvol.storage import transaction
from tests.factories import COMMUNITY, DEPARTMENT, NOW, City, claimed, closed, dispatched, placed
from tests.web.pages import Page, get_page, read, submit
from tests.web.site import Site

PARTIES = ("resident", "community", "department", "team", "volunteer", "office")


def scope_of(city: City, party: str) -> str:
    scopes: dict[str, str] = {
        "community": COMMUNITY,
        "department": DEPARTMENT,
        "team": str(city.team.team_id),
        "volunteer": str(city.crew[0]),
    }
    return scopes.get(party, "")


def links(page: Page, style: str = "") -> set[str]:
    anchors = [attributes for tag, attributes in page.tags if tag == "a"]
    return {each.get("href") or "" for each in anchors if style in (each.get("class") or "")}


def tell(site: Site, kind: str, party: str, order_id: int | None = None, **about: Any) -> int:
    with site.app.app_context(), transaction():
        to = To(Party(party), scope_of(site.city, party), order_id)
        queue_notices(kind, [to], now=NOW, about=about, order_id=order_id)
        return db.session.scalars(select(Notice.id).order_by(Notice.id.desc()).limit(1)).one()


# The inbox


@pytest.mark.parametrize("party", PARTIES)
def test_every_kind_is_shown_to_whoever_may_get_it(site_sqlite: Site, party: str) -> None:
    order = site_sqlite.make(closed)
    wanted = [kind for kind in KINDS.values() if Party(party) in kind.readers and not kind.is_step]
    for kind in wanted:
        tell(site_sqlite, kind.code, party, order.order_id if kind.has_order else None)
    browser = site_sqlite.browser(getattr(site_sqlite.city, party))
    pages = [get_page(browser, f"/{party}/notices?page={number}") for number in (1, 2)]
    shown = " ".join(page.text for page in pages)
    assert shown.count("标为已读") >= len(wanted)
    assert "{" not in shown
    for url in {url for page in pages for url in links(page, "orders__link")}:
        assert browser.get(url).status_code in (200, 303), url


def test_a_request_to_join_leads_to_the_members_page(site_sqlite: Site) -> None:
    tell(site_sqlite, "team_request", "team", volunteer_id=site_sqlite.city.other_crew[0])
    page = get_page(site_sqlite.browser(site_sqlite.city.team), "/team/notices")
    assert "有人申请入队" in page.text
    assert "测试员" in page.text
    assert "/team/members" in links(page)


def test_one_notice_is_read_with_one_tap_and_the_others_stay(site_sqlite: Site) -> None:
    first, second = (site_sqlite.make(dispatched) for _ in range(2))
    browser = site_sqlite.browser(site_sqlite.city.department)
    page = get_page(browser, "/department/notices?show=unread")
    form = next(form for form in page.forms if form.action.endswith("/read"))
    answer = submit(browser, form)
    assert answer.location.endswith("/department/notices?show=unread")
    assert submit(browser, form).status_code == 303  # a double tap
    left = get_page(browser, "/department/notices?show=unread")
    assert "1 条未读" in left.text
    assert first.number[3:7] in left.text or second.number[3:7] in left.text


def test_nothing_unread_says_so(site_sqlite: Site) -> None:
    browser = site_sqlite.browser(site_sqlite.city.office)
    assert "都读过了" in get_page(browser, "/office/notices?show=unread").text


# Wishes


def test_wishes_are_saved_and_shown_again(site_sqlite: Site) -> None:
    browser = site_sqlite.browser(site_sqlite.city.volunteer)
    form = get_page(browser, "/volunteer/notices/settings").form("/volunteer/notices/settings")
    assert form.get("quiet_from") == "22:00"
    answer = submit(browser, form, {"is_digest": "y", "locale": "en", "quiet_from": "21:30", "quiet_until": "08:00"})
    assert answer.status_code == 303
    with site_sqlite.app.app_context():
        wish = get_wish(Wisher("volunteer", site_sqlite.city.crew[0]))
    assert (wish.is_digest, wish.locale, wish.quiet_from, wish.quiet_until) == (True, "en", 21 * 60 + 30, 8 * 60)
    page = get_page(browser, "/volunteer/notices/settings")
    assert page.form("/volunteer/notices/settings").get("quiet_from") == "21:30"
    assert "不能关闭" in page.text


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("quiet_from", "25:99", "请填时间"),
        ("quiet_until", "", "请填时间"),
        ("locale", "fr", "请"),
        ("wanted", "x", "请从列表里选"),
    ],
)
def test_a_bad_wish_is_said_at_its_field_and_nothing_typed_is_lost(
    site_sqlite: Site, field: str, value: str, said: str
) -> None:
    browser = site_sqlite.browser(site_sqlite.city.department)
    form = get_page(browser, "/department/notices/settings").form("/department/notices/settings")
    answer = submit(browser, form, {"quiet_until": "06:15", field: value})
    assert answer.status_code == 422
    page = read(answer)
    assert said in page.text
    if field != "quiet_until":
        assert page.form("/department/notices/settings").get("quiet_until") == "06:15"


def test_an_address_is_added_and_shown_to_be_ones_own(site_sqlite: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Message] = []

    def post(channel: str, message: Message, **_more: object) -> Receipt:
        sent.append(message)
        return Receipt("sent")

    monkeypatch.setattr(own_points, "send", post)
    with site_sqlite.app.app_context(), transaction():
        db.session.add(Channel(code="mail", is_on=True, settings="{}", changed_at=NOW))
    browser = site_sqlite.browser(site_sqlite.city.team)
    url = "/team/notices/settings"
    bad = submit(browser, get_page(browser, url).form(f"{url}/addresses"), {"channel": "mail", "address": "no"})
    assert bad.status_code == 422
    form = read(bad).form(f"{url}/addresses")
    assert form.get("address") == "no"
    assert submit(browser, form, {"channel": "mail", "address": "dui@example.org"}).status_code == 303
    page = get_page(browser, url)
    assert "待验证" in page.text
    assert "dui@example.org" not in page.text
    code_form = next(form for form in page.forms if form.action.endswith("/code"))
    name = next(name for name, _value in code_form.fields if name.endswith("code"))
    assert submit(browser, code_form, {name: "000000x"}).status_code == 422
    code = re.search(r"\b\d{6}\b", sent[0].text)
    assert code is not None
    assert submit(browser, code_form, {name: code[0]}).status_code == 303
    assert "已验证" in get_page(browser, url).text
    with site_sqlite.app.app_context():
        assert db.session.scalars(select(ContactPoint.is_active)).all() == [True]
    gone = next(form for form in get_page(browser, url).forms if form.action.endswith("/remove"))
    assert submit(browser, gone).status_code == 303
    assert submit(browser, gone).status_code == 303
    assert "待验证" not in get_page(browser, url).text


def test_a_resident_without_an_account_switches_reminders(site_sqlite: Site) -> None:
    order = site_sqlite.make(claimed)
    link, browser = site_sqlite.link(order.number), site_sqlite.browser()
    form = get_page(browser, link).form(f"{link}/reminders")
    for _ in range(2):
        assert submit(browser, form, {"reminders": "off"}).status_code == 303
    page = get_page(browser, link)
    assert "可选提醒现在是关的" in page.text
    submit(browser, page.form(f"{link}/reminders"), {"reminders": "on"})
    with site_sqlite.app.app_context():
        assert get_wish(Wisher("order", order.order_id)).muted == frozenset()


# Unsubscribing


def link_to(site: Site, recipient: str, kind: str = "remind_day") -> str:
    return "/u/" + unsubscribe_token(recipient, kind, site.app.config["SECRET_KEY"])


def muted(site: Site, owner: str, owner_id: int) -> frozenset[str]:
    with site.app.app_context():
        return get_wish(Wisher(owner, owner_id)).muted


def test_looking_changes_nothing_and_posting_acts(site_sqlite: Site) -> None:
    person, browser = site_sqlite.city.crew[0], site_sqlite.browser()
    url = link_to(site_sqlite, f"volunteer:{person}")
    for _ in range(2):
        assert browser.get(url).status_code == 200
        assert browser.head(url).status_code == 200
    assert muted(site_sqlite, "volunteer", person) == frozenset()
    form = get_page(browser, url).form(url)
    for _ in range(2):  # twice is once
        assert submit(browser, form, {"go": "stop"}).status_code == 303
    assert muted(site_sqlite, "volunteer", person) == {"remind_day"}
    page = get_page(browser, url)
    assert "已经不再提醒" in page.text
    submit(browser, page.form(url), {"go": "back"})
    assert muted(site_sqlite, "volunteer", person) == frozenset()


def test_a_mail_program_unsubscribes_by_itself(site_sqlite: Site) -> None:
    order = site_sqlite.make(placed)
    url = link_to(site_sqlite, f"order:{order.order_id}")
    answer = site_sqlite.browser().post(url, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200, "mail programs follow no redirect (RFC 8058)"
    assert muted(site_sqlite, "order", order.order_id) == {"remind_day"}


def test_another_site_cannot_post_for_somebody(site_sqlite: Site) -> None:
    url = link_to(site_sqlite, f"volunteer:{site_sqlite.city.crew[0]}")
    assert site_sqlite.browser().post(url, data={"go": "stop"}).status_code == 400
    assert site_sqlite.browser().post(url, data={"go": "stop", "csrf_token": "forged"}).status_code == 400
    assert muted(site_sqlite, "volunteer", site_sqlite.city.crew[0]) == frozenset()


@pytest.mark.parametrize("token", ["x" * 22, "a1.remind_day.", "%00", "a1.remind_day." + "A" * 22, "长" * 30])
def test_a_forged_link_is_not_found_and_says_what_to_do(site_sqlite: Site, token: str) -> None:
    browser = site_sqlite.browser()
    answer = browser.get(f"/u/{token}")
    assert answer.status_code in (400, 404)
    assert browser.post(f"/u/{token}", data={"List-Unsubscribe": "One-Click"}).status_code in (400, 404)
    if answer.status_code == 404:
        assert "通知设置" in read(answer).text


def test_what_must_be_known_has_no_link_that_works(site_sqlite: Site) -> None:
    url = link_to(site_sqlite, f"volunteer:{site_sqlite.city.crew[0]}", "accept")
    assert site_sqlite.browser().get(url).status_code == 404
    answer = site_sqlite.browser().post(url, data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 404


def test_the_link_is_kept_nowhere(site_sqlite: Site) -> None:
    answer = site_sqlite.browser().get(link_to(site_sqlite, f"volunteer:{site_sqlite.city.crew[0]}"))
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]


# The words of notices


def test_the_office_finds_edits_previews_and_resets_words(site_sqlite: Site) -> None:
    browser = site_sqlite.browser(site_sqlite.city.office)
    page = get_page(browser, "/office/wordings?q=派单")
    assert "/office/wordings/dispatch/resident" in links(page)
    assert "/office/wordings/claim/resident" not in links(page)
    url = "/office/wordings/dispatch/resident"
    form = get_page(browser, url).form(url)
    words = {"short-zh-text": "您的单{number}派好了{link}", "short-zh-subject": "派好了"}
    shown = submit(browser, form, {**words, "go": "preview"})
    assert shown.status_code == 200
    assert "您的单QTX 4821 9037派好了" in read(shown).text
    assert "这是预览" in read(shown).text
    assert url not in links(get_page(browser, "/office/wordings?edited=1"))  # nothing is kept yet
    assert submit(browser, read(shown).form(url), {"go": "save"}).status_code == 303
    page = get_page(browser, url)
    assert "您的单{number}派好了{link}" in page.html
    assert "谁改过什么" in page.text
    assert "/office/wordings/dispatch/resident" in links(get_page(browser, "/office/wordings?edited=1"))
    submit(browser, page.form(f"{url}/reset"))
    assert "派好了{link}" not in get_page(browser, url).form(url).get("short-zh-text")


def test_words_that_cannot_be_used_come_back_as_they_were_typed(site_sqlite: Site) -> None:
    browser = site_sqlite.browser(site_sqlite.city.office)
    url = "/office/wordings/dispatch/resident"
    form = get_page(browser, url).form(url)
    answer = submit(browser, form, {"short-zh-text": "{numbr}好了", "long-en-subject": "Call 19900001234"})
    assert answer.status_code == 422
    page = read(answer)
    assert "{number}" in page.text
    assert "不要写电话" in page.text
    assert page.form(url).get("short-zh-text") == "{numbr}好了"
    assert page.form(url).get("long-en-subject") == "Call 19900001234"


def test_a_kind_that_is_not_there_is_not_found(site_sqlite: Site) -> None:
    browser = site_sqlite.browser(site_sqlite.city.office)
    for url in ("/office/wordings/none/resident", "/office/wordings/dispatch/volunteer", "/office/wordings/any/any"):
        assert browser.get(url).status_code == 404
