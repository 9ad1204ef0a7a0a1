"""Several orders in one go: looked at first, each its own step, and told exactly what was done and what was not."""

import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from qtxvol.orders.bulk import MOST_AT_ONCE
from qtxvol.orders.claim import claim_order
from qtxvol.orders.dispatch import dispatch_order
from qtxvol.orders.numbers import spoken
from tests.factories import DEPARTMENT, NOW, OTHER_COMMUNITY, claimed, dispatched, placed
from tests.web.pages import FROM_HERE, Form, Page, get_page, read, submit
from tests.web.site import Site
from tests.web.test_statements import counted

pytestmark = pytest.mark.one_database  # what its pages read is asked of both in the rooms


def token_of(client: FlaskClient) -> str:
    return str(get_page(client, "/account").form("/logout").get("csrf_token"))


def check(site: Site, actor: Any, numbers: list[str], **more: str) -> TestResponse:
    """Tick these orders in the list and press the button below it."""
    client = site.browser(actor)
    data = {"csrf_token": token_of(client), "number": numbers, **more}
    return client.post(f"/{actor.party}/bulk", data=data, headers=FROM_HERE)


def confirming(site: Site, actor: Any, numbers: list[str], **more: str) -> Form:
    """The form of the page where it is to be confirmed."""
    answer = check(site, actor, numbers, **more)
    assert answer.status_code == 200
    return read(answer).form(f"/{actor.party}/bulk/confirmed")


def confirm(site: Site, actor: Any, form: Form, orders: list[str] | None = None) -> TestResponse:
    data = {**dict(form.fields), "order": orders if orders is not None else values_of(form)}
    return site.browser(actor).post(form.action, data=data, headers=FROM_HERE)


def values_of(form: Form) -> list[str]:
    """What the ticked boxes send."""
    return [value for name, value in form.fields if name == "order"]


def part(page: Page, heading: str, until: str = "办成的单") -> str:
    """The text from a heading on."""
    found = re.search(f"{heading}(.*?)(?:{until}|回列表|$)", page.text)
    return found[1] if found else ""


# looking first


def test_looking_changes_nothing_and_says_where_each_would_go_and_why(site: Site) -> None:
    city = site.city
    menu = site.make(placed).number
    wish = site.make(placed, menu_item_id=None, wish="想看星星").number
    before = site.rows()
    answer = check(site, city.community, [menu, wish])
    page = read(answer)
    assert "下面 2 张单可以一起办" in page.text
    assert "市卫生健康局 菜单指定的承办单位" in page.text
    assert "老年人科学素质提升行动的牵头单位" in page.text
    values = values_of(page.form("/community/bulk/confirmed"))
    assert f"{menu}|1|health|health" in values  # where it goes, and what was suggested
    assert len(values) == 2
    assert site.rows() == before


def test_one_department_can_be_chosen_for_all(site_sqlite: Site) -> None:
    city = site_sqlite.city
    numbers = [site_sqlite.make(placed).number for _ in range(2)]
    form = confirming(site_sqlite, city.community, numbers, department_id="education")
    assert {value.split("|")[2] for value in values_of(form)} == {"education"}
    assert confirm(site_sqlite, city.community, form).status_code == 200
    assert {site_sqlite.order(number).department_id for number in numbers} == {"education"}


def test_an_unknown_department_is_a_sentence(site_sqlite: Site) -> None:
    number = site_sqlite.make(placed).number
    answer = check(site_sqlite, site_sqlite.city.community, [number], department_id="nonsense")
    assert answer.status_code == 422
    assert "请从列表里选一个部门" in read(answer).text


def test_what_can_not_be_done_is_left_out_with_its_reason(site: Site) -> None:
    city = site.city
    good = site.make(placed).number
    gone = site.make(claimed).number
    returned = site.make(placed).number
    with site.app.app_context():
        dispatch_order(returned, city.community, department_id="education", now=NOW)
    page = site.page(city.other_department, returned)
    reason = next(value for value in page.form(f"/department/orders/{returned}/return").options["reason"] if value)
    assert (
        site.act(city.other_department, returned, "return", {"reason": reason, "text": "不归我们"}).status_code == 303
    )
    foreign = site.make(placed, division_code=OTHER_COMMUNITY, actor=city.other_community).number

    page = read(check(site, city.community, [good, gone, returned, foreign]))
    assert values_of(page.form("/community/bulk/confirmed")) == [f"{good}|1|health|health"]
    assert "有 3 张单不能一起办" in page.text
    refused = part(page, "有 3 张单不能一起办")
    assert "市卫生健康局已先办理，这张单现在是“待接单”" in refused
    assert "被部门退回过，请打开这张单" in refused
    assert "没有找到这张单" in refused
    # whoever chooses the department has read why
    assert len(values_of(confirming(site, city.community, [good, returned], department_id="health"))) == 2


def test_nothing_ticked_leads_back_to_the_list_with_a_word(site_sqlite: Site) -> None:
    client = site_sqlite.browser(site_sqlite.city.community)
    answer = check(site_sqlite, site_sqlite.city.community, [], list="tab=waiting&urgency=urgent")
    assert answer.status_code == 303
    assert answer.location == "/community/?tab=waiting&urgency=urgent"
    assert "还没有勾选" in get_page(client, answer.location).text


def test_more_than_fifty_at_once_are_refused_before_anything_is_done(site_sqlite: Site) -> None:
    from qtxvol.orders.numbers import check_digit

    numbers = [f"QTX{n:07d}{check_digit(f'{n:07d}')}" for n in range(MOST_AT_ONCE + 1)]
    answer = check(site_sqlite, site_sqlite.city.community, numbers)
    assert answer.status_code == 422
    assert "一次最多办 50 张单" in read(answer).text
    client = site_sqlite.browser(site_sqlite.city.community)
    data = {"csrf_token": token_of(client), "order": [f"{number}|1|health|health" for number in numbers], "key": "k"}
    assert client.post("/community/bulk/confirmed", data=data, headers=FROM_HERE).status_code == 422


def test_looking_costs_the_same_for_ten_orders_as_for_two(site: Site) -> None:
    city = site.city
    numbers = [site.make(placed).number for _ in range(10)]
    check(site, city.community, numbers)
    costs = []
    for some in (numbers[:2], numbers):
        client = site.browser(city.community)
        token = token_of(client)
        with counted(site.app) as seen:
            answer = client.post("/community/bulk", data={"csrf_token": token, "number": some}, headers=FROM_HERE)
        assert answer.status_code == 200
        costs.append(len([each for each in seen if not each.startswith(("BEGIN", "PRAGMA"))]))
    assert costs[0] == costs[1] <= 14


# doing


def test_each_order_is_a_step_of_its_own_through_the_same_verb(site: Site) -> None:
    city = site.city
    numbers = [site.make(placed).number for _ in range(3)]
    answer = confirm(site, city.community, confirming(site, city.community, numbers))
    page = read(answer)
    assert answer.status_code == 200
    assert "已派单 3 张" in page.text
    for number in numbers:
        assert site.steps(number) == ["place", "dispatch"]
        assert spoken(number) in page.text
    assert site.findings() == []


def test_an_order_that_was_taken_meanwhile_is_named_and_the_others_are_done(site: Site) -> None:
    city = site.city
    numbers = [site.make(placed).number for _ in range(3)]
    form = confirming(site, city.community, numbers)
    with site.app.app_context():
        dispatch_order(numbers[1], city.town, department_id="education", now=NOW)
    page = read(confirm(site, city.community, form))
    assert "已派单 2 张" in page.text
    refused = part(page, "有 1 张没有办成")
    assert spoken(numbers[1]) in refused
    assert "裕民街道已先办理，这张单现在是“待领单”" in refused
    assert site.order(numbers[1]).department_id == "education"
    assert [site.steps(number) for number in numbers] == [["place", "dispatch"]] * 3


def test_an_order_that_was_changed_meanwhile_is_not_sent_unread(site_sqlite: Site) -> None:
    city = site_sqlite.city
    number = site_sqlite.make(placed).number
    form = confirming(site_sqlite, city.community, [number])
    assert site_sqlite.act(city.town, number, "ask", {"text": "几楼？"}).status_code == 303
    page = read(confirm(site_sqlite, city.community, form))
    assert "您打开页面之后，裕民街道更新了这张单" in page.text
    assert site_sqlite.steps(number) == ["place", "ask"]


def test_the_same_page_sent_twice_is_quiet(site: Site) -> None:
    city = site.city
    numbers = [site.make(placed).number for _ in range(2)]
    form = confirming(site, city.community, numbers)
    first = read(confirm(site, city.community, form))
    before = site.rows()
    second = read(confirm(site, city.community, form))
    assert site.rows() == before
    assert "已派单 2 张" in first.text
    assert "已派单 2 张" in second.text
    assert "没有办成" not in second.text
    # even when the department has gone on with one of them
    with site.app.app_context():
        claim_order(numbers[0], city.department, now=NOW)
    third = read(confirm(site, city.community, form))
    assert "已派单 2 张" in third.text
    assert site.steps(numbers[0]) == ["place", "dispatch", "claim"]


def test_a_page_sent_again_after_one_was_taken_back_names_that_one(site: Site) -> None:
    city = site.city
    back, stays = (site.make(placed).number for _ in range(2))
    form = confirming(site, city.community, [back, stays])
    page = read(confirm(site, city.community, form))
    submit(site.browser(city.community), page.form(f"/community/orders/{back}/recall"), {})
    again = read(confirm(site, city.community, form))
    assert "后来又撤回了" in part(again, "有 1 张没有办成")
    assert "已派单 1 张" in again.text
    assert (site.status(back), site.status(stays)) == ("placed", "dispatched")


def test_what_was_unticked_is_left_alone(site_sqlite: Site) -> None:
    city = site_sqlite.city
    kept, sent = (site_sqlite.make(placed).number for _ in range(2))
    form = confirming(site_sqlite, city.community, [kept, sent])
    confirm(site_sqlite, city.community, form, [f"{sent}|1|health"])
    assert site_sqlite.status(kept) == "placed"
    assert site_sqlite.status(sent) == "dispatched"
    answer = confirm(site_sqlite, city.community, form, [])
    assert answer.status_code == 303
    assert "什么也没有办" in get_page(site_sqlite.browser(city.community), answer.location).text


@pytest.mark.parametrize(
    "value", ["", "|", "QTX00000000|1|health", "QTX00000001|1|health", "x|1|health", "QTX00000000|-1|", "\0", "|" * 500]
)
def test_an_odd_line_of_a_form_is_no_error_page(site_sqlite: Site, value: str) -> None:
    number = site_sqlite.make(placed).number
    form = confirming(site_sqlite, site_sqlite.city.community, [number])
    answer = confirm(site_sqlite, site_sqlite.city.community, form, [value])
    assert answer.status_code in (200, 303)
    assert site_sqlite.status(number) == "placed"


def test_a_department_that_is_no_department_is_refused_for_that_order_only(site_sqlite: Site) -> None:
    city = site_sqlite.city
    good, bad = (site_sqlite.make(placed).number for _ in range(2))
    form = confirming(site_sqlite, city.community, [good, bad])
    page = read(confirm(site_sqlite, city.community, form, [f"{good}|1|health", f"{bad}|1|nonsense"]))
    assert "请从列表里选一个部门" in part(page, "有 1 张没有办成")
    assert (site_sqlite.status(good), site_sqlite.status(bad)) == ("dispatched", "placed")


def test_a_department_that_no_database_takes_is_refused_for_that_order_only(site: Site) -> None:
    number = site.make(placed).number
    form = confirming(site, site.city.community, [number])
    answer = confirm(site, site.city.community, form, [f"{number}|1|\0"])
    assert answer.status_code == 200
    assert "有 1 张没有办成" in read(answer).text
    assert site.status(number) == "placed"


def test_a_busy_database_is_told_of_that_order_and_the_rest_is_tried(
    site_sqlite: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = site_sqlite.city
    numbers = [site_sqlite.make(placed).number for _ in range(2)]
    form = confirming(site_sqlite, city.community, numbers)

    def dispatch(number: str, *args: Any, **more: Any) -> Any:
        if number == numbers[0]:
            raise OperationalError("UPDATE", {}, Exception("database is locked"))
        return dispatch_order(number, *args, **more)

    monkeypatch.setattr("qtxvol.orders.bulk.dispatch_order", dispatch)
    page = read(confirm(site_sqlite, city.community, form))
    assert "系统正忙" in part(page, "有 1 张没有办成")
    assert [site_sqlite.status(number) for number in numbers] == ["placed", "dispatched"]
    monkeypatch.undo()
    page = read(confirm(site_sqlite, city.community, form))
    assert "已派单 2 张" in page.text
    assert [site_sqlite.steps(number) for number in numbers] == [["place", "dispatch"]] * 2


def test_each_done_order_can_be_taken_back_with_one_tap(site: Site) -> None:
    city = site.city
    numbers = [site.make(placed).number for _ in range(2)]
    page = read(confirm(site, city.community, confirming(site, city.community, numbers)))
    form = page.form(f"/community/orders/{numbers[0]}/recall")
    answer = site.browser(city.community).post(form.action, data=dict(form.fields), headers=FROM_HERE)
    assert answer.status_code == 303
    assert [site.status(number) for number in numbers] == ["placed", "dispatched"]


# claiming


def test_a_department_claims_several_in_the_same_manner(site: Site) -> None:
    city = site.city
    numbers = [site.make(dispatched).number for _ in range(3)]
    form = confirming(site, city.department, numbers)
    with site.app.app_context():
        claim_order(numbers[0], city.department, now=NOW)  # a colleague, in the same name
    page = read(confirm(site, city.department, form))
    assert {site.status(number) for number in numbers} == {"claimed"}
    assert "已领单 3 张" in page.text or "有 1 张没有办成" in page.text
    assert [form for form in page.forms if form.action == f"/department/orders/{numbers[1]}/unclaim"]


def test_orders_of_another_department_are_not_there_to_be_claimed(site_sqlite: Site) -> None:
    city = site_sqlite.city
    number = site_sqlite.make(dispatched).number
    page = read(check(site_sqlite, city.other_department, [number]))
    assert "选中的单现在都不能这样办" in page.text
    assert not [form for form in page.forms if form.action == "/department/bulk/confirmed"]
    client = site_sqlite.browser(city.other_department)
    data = {"csrf_token": token_of(client), "order": f"{number}|2|", "key": "k"}
    page = read(client.post("/department/bulk/confirmed", data=data, headers=FROM_HERE))
    assert "没有找到这张单" in page.text
    assert site_sqlite.order(number).department_id == DEPARTMENT
    assert site_sqlite.status(number) == "dispatched"


def test_desks_that_work_nothing_off_have_no_such_page(site_sqlite: Site) -> None:
    for party in ("resident", "team", "volunteer", "office"):
        actor = getattr(site_sqlite.city, party)
        client = site_sqlite.browser(actor)
        assert client.post(f"/{party}/bulk", data={"csrf_token": token_of(client)}).status_code in (404, 405), party


def test_the_list_without_script_can_tick_the_whole_page(site_sqlite: Site) -> None:
    numbers = [site_sqlite.make(placed).number for _ in range(2)]
    page = get_page(site_sqlite.browser(site_sqlite.city.community), "/community/?ticked=all")
    ticked = [
        attributes["value"]
        for tag, attributes in page.tags
        if tag == "input" and attributes.get("name") == "number" and "checked" in attributes
    ]
    assert sorted(filter(None, ticked)) == sorted(numbers)


def test_ticks_typed_before_the_session_ended_are_looked_at_after_signing_in(site_sqlite: Site) -> None:
    number = site_sqlite.make(placed).number
    client = site_sqlite.app.test_client()
    answer = client.post("/community/bulk", data={"number": [number]}, headers=FROM_HERE)
    assert answer.status_code == 401
    assert read(answer).form("/login").get("number") == number
