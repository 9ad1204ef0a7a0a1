"""A desk's list: what it can be narrowed to, how it is sorted, what its rows offer."""

import re
from datetime import timedelta

import pytest

from qtxvol.accounts.actor import Actor
from qtxvol.orders.dispatch import dispatch_order
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.queries import PAGE_SIZE, Filters
from qtxvol.web.list_filters import args_of, filters_of, query_of, read_filters
from tests.factories import COMMUNITY, NOW, OTHER_COMMUNITY, claimed, closed, dispatched, placed
from tests.web.pages import Page, get_page, read
from tests.web.site import Site


def open_list(site: Site, actor: Actor, query: str = "") -> Page:
    return get_page(site.browser(actor), f"/{actor.party}/{query}")


def numbers_on(page: Page) -> list[str]:
    """The orders of the list, from the top."""
    links = [attributes.get("href") or "" for tag, attributes in page.tags if tag == "a"]
    found = [match[1] for link in links if (match := re.fullmatch(r"/\w+/orders/(QTX\d{8})", link))]
    return list(dict.fromkeys(found))


def heads_of(page: Page) -> list[dict[str, str | None]]:
    return [attributes for tag, attributes in page.tags if tag == "th" and attributes.get("scope") == "col"]


# narrowing


def test_each_filter_leaves_what_fits_it(site: Site) -> None:
    city = site.city
    plain = site.make(placed).number
    urgent = site.make(placed, urgency="urgent").number
    behalf = site.make(placed, actor=city.community).number
    free = site.make(placed, menu_item_id=None, wish="想看星星").number
    sent = site.make(dispatched).number
    for query, wanted in (
        ("?tab=all", {plain, urgent, behalf, free, sent}),
        ("?tab=all&urgency=urgent", {urgent}),
        ("?tab=all&behalf=1", {behalf}),
        ("?tab=all&theme=health", {plain, urgent, behalf, sent}),
        ("?tab=all&status=dispatched", {sent}),
        ("?tab=all&department=health", {sent}),
        ("?tab=all&department=education", set()),
        (f"?tab=all&division={OTHER_COMMUNITY}", set()),
        ("?tab=all&q=星星", {free}),
        ("?tab=all&urgency=normal&behalf=1&theme=health", {behalf}),
    ):
        page = open_list(site, city.community, query)
        assert set(numbers_on(page)) == wanted, query
        assert ("没有符合条件的单" in page.text) == (not wanted), query


def test_deadlines_are_read_off_the_citys_clock(site: Site) -> None:
    """NOW is Tuesday 10:00 in the city; a normal order is due a working day later, whose last quarter is soon."""
    city = site.city
    late = site.make(placed, NOW - timedelta(days=2)).number
    earlier_today = site.make(placed, NOW - timedelta(hours=25)).number
    soon = site.make(placed, NOW - timedelta(hours=22.5)).number
    tonight = site.make(placed, NOW - timedelta(hours=11)).number
    tomorrow = site.make(placed, NOW).number
    for due, wanted in (
        ("late", {late, earlier_today}),
        ("soon", {soon}),
        ("today", {earlier_today, soon, tonight}),
        ("week", {earlier_today, soon, tonight, tomorrow}),
    ):
        assert set(numbers_on(open_list(site, city.community, f"?due={due}"))) == wanted, due
    assert numbers_on(open_list(site, city.community, "?overdue=1")) == [late, earlier_today]


def test_an_order_whose_clock_stands_still_is_not_due(site_sqlite: Site) -> None:
    number = site_sqlite.make(placed, NOW - timedelta(hours=21)).number
    assert site_sqlite.act(site_sqlite.city.community, number, "ask", {"text": "几楼？"}).status_code == 303
    assert numbers_on(open_list(site_sqlite, site_sqlite.city.community, "?due=today")) == []


def test_every_filter_in_use_can_be_dropped_by_itself(site_sqlite: Site) -> None:
    page = open_list(site_sqlite, site_sqlite.city.community, "?tab=all&urgency=urgent&due=today&q=膳食")
    assert "急 ×" in page.text
    links = [attributes.get("href") or "" for tag, attributes in page.tags if tag == "a"]
    without_urgency = next(
        link for link in links if link.startswith("/community/?") and "due=today" in link and "urgency" not in link
    )
    assert read_filters(dict(pair.split("=") for pair in without_urgency.split("?")[1].split("&")), Party.COMMUNITY).due


def test_filters_survive_turning_the_page(site_sqlite: Site) -> None:
    for _ in range(PAGE_SIZE + 1):
        site_sqlite.make(placed, urgency="urgent")
    page = open_list(site_sqlite, site_sqlite.city.community, "?urgency=urgent&sort=placed")
    (following,) = [attributes["href"] for tag, attributes in page.tags if attributes.get("rel") == "next"]
    assert following is not None
    assert "urgency=urgent" in following
    assert "sort=placed" in following
    assert len(numbers_on(get_page(site_sqlite.browser(site_sqlite.city.community), following))) == 1


@pytest.mark.parametrize(
    "filters",
    [
        Filters(tab="waiting"),
        Filters(tab="all", text="a&b=c %", due="late", status="closed", sort="place"),
        Filters(
            tab="moving", division_code=COMMUNITY, department_id="health", theme="health", urgency="urgent",
            only_on_behalf=True,
        ),
    ],
)  # fmt: skip
def test_an_address_gives_back_the_filters_that_made_it(filters: Filters) -> None:
    assert filters_of(query_of(filters), Party.COMMUNITY) == filters
    assert read_filters(args_of(filters), Party.COMMUNITY) == filters


def test_what_is_unknown_in_an_address_is_left_out() -> None:
    odd = {
        "tab": "x", "q": " a  b ", "division": "12", "department": "a b", "theme": "%", "urgency": "x", "due": "x",
        "status": "x", "behalf": "yes", "sort": "x", "page": "-1",
    }  # fmt: skip
    assert read_filters(odd, Party.COMMUNITY) == Filters(tab="waiting", text="a b")


def test_a_number_is_looked_for_everywhere(site_sqlite: Site) -> None:
    number = site_sqlite.make(closed).number
    page = open_list(site_sqlite, site_sqlite.city.community, f"?tab=waiting&urgency=urgent&q={number}")
    assert numbers_on(page) == [number]


def test_an_order_that_was_looked_for_by_its_number_has_its_button(site_sqlite: Site) -> None:
    city = site_sqlite.city
    new, sent = site_sqlite.make(placed).number, site_sqlite.make(dispatched).number
    for actor, number, action in (
        (city.community, new, f"/community/orders/{new}/dispatch"),
        (city.community, sent, None),
        (city.department, sent, f"/department/orders/{sent}/claim"),
        (city.office, new, None),
    ):
        page = open_list(site_sqlite, actor, f"?q={number}")
        steps = [form.action for form in page.forms if f"/orders/{number}/" in form.action]
        assert steps == ([action] if action else []), f"{actor.party} {number}"


# sorting


def test_the_oldest_deadline_comes_first_and_other_orders_on_demand(site: Site) -> None:
    city = site.city
    second = site.make(placed, NOW - timedelta(hours=1)).number
    first = site.make(placed, NOW - timedelta(hours=17.5)).number
    urgent = site.make(placed, NOW - timedelta(hours=0.5), urgency="urgent").number
    assert site.order(urgent).due_at < site.order(first).due_at
    for query, wanted in (
        ("", [urgent, first, second]),
        ("?sort=due", [urgent, first, second]),
        ("?sort=placed", [urgent, second, first]),
        ("?sort=nonsense", [urgent, first, second]),
    ):
        assert numbers_on(open_list(site, city.community, query)) == wanted, query
    far = site.make(placed, NOW - timedelta(hours=20), division_code=OTHER_COMMUNITY).number
    assert numbers_on(open_list(site, city.office, "?tab=open&sort=place"))[-1] == far


def test_only_columns_that_sort_look_as_if_they_did(site_sqlite: Site) -> None:
    site_sqlite.make(placed)
    for query, sorted_by in (("", "due"), ("?sort=placed", "placed"), ("?sort=place", "place"), ("?tab=all", "")):
        heads = heads_of(open_list(site_sqlite, site_sqlite.city.community, query))
        marked = [head["class"] for head in heads if head.get("aria-sort")]
        assert marked == ([f"orders__{sorted_by}"] if sorted_by else []), query
        for head in heads:
            if head.get("aria-sort"):
                assert head["aria-sort"] == ("descending" if sorted_by == "placed" else "ascending")


# rows


def test_a_row_offers_the_step_that_needs_no_choice(site_sqlite: Site) -> None:
    city = site_sqlite.city
    plain = site_sqlite.make(placed).number
    free = site_sqlite.make(placed, menu_item_id=None, wish="想看星星").number
    returned = site_sqlite.make(dispatched).number
    assert site_sqlite.act(city.department, returned, "return", {"reason": "not_our_field"}).status_code in (303, 422)
    page = open_list(site_sqlite, city.community)
    posts = {form.action for form in page.forms if form.method == "post"}
    assert f"/community/orders/{plain}/dispatch" in posts
    assert f"/community/orders/{free}/dispatch" not in posts
    if site_sqlite.status(returned) == "placed":
        assert f"/community/orders/{returned}/dispatch" not in posts
    # in a mixed list nothing is done by the way
    assert not [
        form for form in open_list(site_sqlite, city.community, "?tab=all").forms if form.action.endswith("/dispatch")
    ]


def test_a_list_shows_no_column_that_says_the_same_in_every_row(site_sqlite: Site) -> None:
    city = site_sqlite.city
    site_sqlite.make(placed)
    site_sqlite.make(claimed)
    waiting = {head["class"] for head in heads_of(open_list(site_sqlite, city.community))}
    every = {head["class"] for head in heads_of(open_list(site_sqlite, city.community, "?tab=all"))}
    assert "orders__status" not in waiting
    assert {"orders__tick", "orders__action"} <= waiting
    assert {"orders__status", "orders__holder"} <= every
    assert not {"orders__tick", "orders__action"} & every


def test_no_list_shows_a_telephone_number(site_sqlite: Site) -> None:
    site_sqlite.make(placed)
    for party in ("community", "department", "office"):
        text = open_list(site_sqlite, getattr(site_sqlite.city, party), "?tab=all").text
        assert "19900001234" not in text
        assert "王测试" not in text


# the menu


def test_the_menu_marks_where_one_is(site_sqlite: Site) -> None:
    client = site_sqlite.browser(site_sqlite.city.community)
    for url, label in (
        ("/community/?tab=moving", "办理中"),
        ("/community/?tab=waiting&due=today", "今天到期"),
        ("/community/notices", "消息"),
    ):
        html = client.get(url).get_data(as_text=True)
        menu = html[html.index("<nav") : html.index("</nav>")]
        marked = re.findall(r'aria-current="page">\s*<span>([^<]+)</span>', menu)
        assert marked == [label], url


def test_views_that_come_with_a_desk_are_counted(site: Site) -> None:
    site.make(placed, NOW - timedelta(hours=21))
    site.make(placed, NOW - timedelta(hours=1))
    site.make(placed, urgency="urgent")
    page = open_list(site, site.city.community)
    assert "今天到期 2" in page.text
    assert "急单 1" in page.text
    site.make(dispatched, NOW - timedelta(hours=22.5))
    assert "快超时 1" in open_list(site, site.city.department).text


def test_notices_can_be_marked_read_only_while_some_are_not(site_sqlite: Site) -> None:
    number = site_sqlite.make(dispatched).number
    client = site_sqlite.browser(site_sqlite.city.department)
    page = get_page(client, "/department/notices")
    assert "1 条未读" in page.text
    form = page.form("/department/notices")
    assert client.post(form.action, data=dict(form.fields)).status_code == 303
    page = get_page(client, "/department/notices")
    assert "未读" not in page.text
    assert not [each for each in page.forms if each.action == "/department/notices"]
    assert numbers_on(page) == [number]


def test_a_list_on_a_page_beyond_the_last_is_the_last(site_sqlite: Site) -> None:
    number = site_sqlite.make(placed).number
    answer = site_sqlite.browser(site_sqlite.city.community).get("/community/?page=99")
    assert numbers_on(read(answer)) == [number]


def test_a_returned_order_is_not_dispatched_with_one_tap(site_sqlite: Site) -> None:
    city = site_sqlite.city
    number = site_sqlite.make(placed).number
    with site_sqlite.app.app_context():
        dispatch_order(number, city.community, department_id="education", now=NOW)
    page = site_sqlite.page(city.other_department, number)
    reason = next(value for value in page.form(f"/department/orders/{number}/return").options["reason"] if value)
    answer = site_sqlite.act(city.other_department, number, "return", {"reason": reason, "text": "不归我们管"})
    assert answer.status_code == 303
    page = open_list(site_sqlite, city.community)
    assert "退回 1 次" in page.text
    assert not [form for form in page.forms if form.action.endswith("/dispatch")]


def test_whoever_types_a_number_finds_the_orders_button_wherever_it_stands(site_sqlite: Site) -> None:
    city = site_sqlite.city
    waiting, sent = site_sqlite.make(placed).number, site_sqlite.make(dispatched).number
    for actor, number, action in ((city.community, waiting, "dispatch"), (city.department, sent, "claim")):
        page = open_list(site_sqlite, actor, f"?q={number}")
        assert [form.action for form in page.forms if form.action.endswith(f"/{action}")] == [
            f"/{actor.party}/orders/{number}/{action}"
        ]
    assert not [
        form for form in open_list(site_sqlite, city.community, f"?q={sent}").forms if form.action.endswith("/dispatch")
    ]
