"""Views on the page: saved from a list, found in the menu, renamed and removed; by their owner alone."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from qtxvol.accounts.saved_views import MOST_VIEWS
from qtxvol.orders.lifecycle import Party
from tests.factories import COMMUNITY, make_actor, placed
from tests.web.pages import FROM_HERE, Page, get_page, read
from tests.web.site import Site, login_as
from tests.web.test_counts import shown_counts

pytestmark = pytest.mark.one_database  # what its pages read is asked of both in the rooms

QUERY = "tab=all&urgency=urgent"


def save(site: Site, name: str, query: str = QUERY, **more: str) -> TestResponse:
    """Narrow the list, unfold "save as a view", send it."""
    client = site.browser(site.city.community)
    form = get_page(client, f"/community/?{query}").form("/community/views")
    data = {**dict(form.fields), "name": name, **more}
    return client.post(form.action, data=data, headers=FROM_HERE)


def views_page(site: Site, actor: Any = None) -> Page:
    return get_page(site.browser(actor or site.city.community), "/community/views")


def hrefs(page: Page) -> list[str]:
    return [attributes.get("href") or "" for tag, attributes in page.tags if tag == "a"]


def test_a_list_that_was_narrowed_becomes_a_line_of_the_menu(site: Site) -> None:
    site.make(placed)
    site.make(placed, urgency="urgent")
    answer = save(site, "全部急单")
    assert answer.status_code == 303
    assert answer.location == "/community/?tab=all&urgency=urgent"
    page = get_page(site.browser(site.city.community), answer.location)
    assert "已存成视图“全部急单”" in page.text
    assert "全部急单 1" in page.text
    assert [count for key, count in shown_counts(page).items() if key.startswith("view-")] == [1]
    # it stands there already: nothing to save a second time
    assert not [form for form in page.forms if form.action == "/community/views"]
    other = get_page(site.browser(site.city.community), "/community/")
    assert answer.location in hrefs(other)


def test_a_list_that_shows_its_whole_tab_offers_no_saving(site_sqlite: Site) -> None:
    page = get_page(site_sqlite.browser(site_sqlite.city.community), "/community/?tab=all")
    assert not [form for form in page.forms if form.action == "/community/views"]


def test_only_checked_values_are_kept(site_sqlite: Site) -> None:
    client = site_sqlite.browser(site_sqlite.city.community)
    form = get_page(client, "/community/?tab=all&urgency=urgent").form("/community/views")
    data = {**dict(form.fields), "name": "甲", "due": "'; --", "page": "7", "evil": "x", "next": "//evil.example"}
    assert client.post(form.action, data=data, headers=FROM_HERE).location == "/community/?tab=all&urgency=urgent"


def test_a_search_that_looks_like_a_telephone_number_is_not_kept(site_sqlite: Site) -> None:
    for text in ("1234", "19900001234", "QTX 4821 9036"):
        answer = save(site_sqlite, "找人", f"tab=all&q={text}")
        assert answer.status_code == 422
        page = read(answer)
        assert "查找词里像电话号码，不能存" in page.text
        assert page.form("/community/views").get("name") == "找人"
    assert "还没有存过视图" in views_page(site_sqlite).text


def test_words_are_kept_and_cost_no_count(site: Site) -> None:
    site.make(placed)
    assert save(site, "膳食", "tab=all&q=膳食").status_code == 303
    page = get_page(site.browser(site.city.community), "/community/?tab=all&q=膳食")
    assert not [key for key in shown_counts(page) if key.startswith("view-")]
    assert "合理膳食讲座" in page.text


def test_a_taken_name_is_replaced_only_after_saying_so(site: Site) -> None:
    save(site, "甲")
    answer = save(site, "甲", "tab=all&due=late")
    assert answer.status_code == 409
    page = read(answer)
    assert "已经有一个叫“甲”的视图了" in page.text
    form = page.form("/community/views")
    assert {name: form.get(name) for name in ("name", "tab", "due")} == {"name": "甲", "tab": "all", "due": "late"}
    assert "急" in views_page(site).text
    client = site.browser(site.city.community)
    data = {**dict(form.fields), "is_replacing": "y"}
    assert client.post(form.action, data=data, headers=FROM_HERE).status_code == 303
    assert "全部；已超时" in views_page(site).text


def test_an_empty_or_long_name_is_refused_at_the_field(site_sqlite: Site) -> None:
    for name, sentence in (("", "请给视图起个名字"), ("长" * 25, "最多 24 个字")):
        answer = save(site_sqlite, name)
        assert answer.status_code == 422
        assert sentence in read(answer).error_of("name")


def test_the_thirteenth_is_refused_with_the_way_out(site_sqlite: Site) -> None:
    for n in range(MOST_VIEWS):
        assert save(site_sqlite, f"视图{n}", f"tab=all&q=项目{n}").status_code == 303, n
    answer = save(site_sqlite, "再来一个")
    assert answer.status_code == 422
    assert "最多存 12 个视图，请先删掉用不着的" in read(answer).text


def test_views_are_renamed_and_removed_on_their_page(site: Site) -> None:
    save(site, "甲")
    save(site, "乙", "tab=all&due=late")
    client = site.browser(site.city.community)
    page = views_page(site)
    rename, *_rest = [form for form in page.forms if form.action.endswith("/rename")]
    answer = client.post(rename.action, data={**dict(rename.fields), "name": "乙"}, headers=FROM_HERE)
    assert answer.status_code == 409
    assert "已经有一个叫“乙”的视图了" in read(answer).text
    answer = client.post(rename.action, data={**dict(rename.fields), "name": "丙"}, headers=FROM_HERE)
    assert answer.status_code == 303
    page = views_page(site)
    assert "丙" in page.text
    remove = next(form for form in page.forms if form.action.endswith("/remove"))
    assert client.post(remove.action, data=dict(remove.fields), headers=FROM_HERE).status_code == 303
    page = views_page(site)
    assert "视图“丙”已删除，单都还在" in page.text
    assert len([form for form in page.forms if form.action.endswith("/remove")]) == 1
    assert client.post(remove.action, data=dict(remove.fields), headers=FROM_HERE).status_code == 404


def test_another_account_at_the_same_desk_has_views_of_its_own(site: Site) -> None:
    save(site, "甲")
    remove = next(form for form in views_page(site).forms if form.action.endswith("/remove"))
    with site.app.app_context():
        colleague = make_actor(Party.COMMUNITY, "东街居委会", division_code=COMMUNITY)
    client = site.app.test_client()
    login_as(client, colleague)
    page = get_page(client, "/community/views")
    assert "还没有存过视图" in page.text
    token = get_page(client, "/account").form("/logout").get("csrf_token")
    for action in (remove.action, remove.action.replace("/remove", "/rename")):
        assert client.post(action, data={"csrf_token": token, "name": "乙"}, headers=FROM_HERE).status_code == 404
    assert "甲" in views_page(site).text


def test_views_outlive_the_session(site_sqlite: Site) -> None:
    save(site_sqlite, "甲")
    client = site_sqlite.app.test_client()
    login_as(client, site_sqlite.city.community)
    assert "/community/?tab=all&urgency=urgent" in hrefs(get_page(client, "/community/"))
