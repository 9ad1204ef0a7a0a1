"""The flow as people walk it: through the pages, each at their own desk, with what the pages themselves offer."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from qtxvol.extensions import db
from qtxvol.orders.models import CallBack, Rating
from tests.factories import COMMUNITY, DEPARTMENT, NOW, accepted, claimed, closed, dispatched, placed, window
from tests.web.pages import Form, get_page, post_form, read, submit
from tests.web.site import WHO, Site, fill_wizard, number_in, place_by_wizard

#: Inside, and after, the time that `accepted` agrees on.
DURING = window(3).starts_at + timedelta(minutes=30)
AFTER = window(3).ends_at + timedelta(hours=1)


def first_choice(site: Site, actor: Any, number: str, action: str, name: str) -> str:
    """The first real choice of a field in the form of an action."""
    form = site.page(actor, number).form(f"/{actor.party}/orders/{number}/{action}")
    return next(value for value in form.options[name] if value)


def accept(site: Site, actor: Any, number: str) -> Any:
    return site.act(
        actor,
        number,
        "accept",
        {"wished": "1", "volunteer_ids": first_choice(site, actor, number, "accept", "volunteer_ids")},
    )


def ratings(site: Site) -> list[Rating]:
    with site.app.app_context():
        rows = list(db.session.scalars(select(Rating).order_by(Rating.id)))
        db.session.expunge_all()
        return rows


def rating_form(**changes: str) -> dict[str, str]:
    return {"took_place": "yes", "stars": "5", "came_count": "30", "again": "yes", "text": "讲得好", **changes}


def test_five_people_take_one_order_from_wish_to_rating(site: Site) -> None:
    city = site.city
    # a resident places it, without an account
    answer = place_by_wizard(site.browser())
    number = number_in(answer)
    assert answer.location.endswith("?new=1")
    assert site.status(number) == "placed"

    # the community dispatches with one tap in its list
    inbox = get_page(site.browser(city.community), "/community/")
    tap = inbox.form(f"/community/orders/{number}/dispatch")
    assert tap.get("department_id") == DEPARTMENT
    answer = submit(site.browser(city.community), tap)
    assert (answer.status_code, answer.location) == (303, "/community/")
    assert site.status(number) == "dispatched"

    # the department claims with one tap in its list, then offers it to a team
    inbox = get_page(site.browser(city.department), "/department/")
    answer = submit(site.browser(city.department), inbox.form(f"/department/orders/{number}/claim"))
    assert (answer.status_code, answer.location) == (303, "/department/")
    answer = site.act(city.department, number, "offer", {"team_ids": [str(city.team.team_id)]})
    assert answer.status_code == 303
    assert "询问进展" in site.page(city.department, number).text

    # the team accepts one of the wished times and names somebody
    assert get_page(site.browser(city.team), "/team/").text.count(number[3:7]) >= 1
    answer = accept(site, city.team, number)
    assert (answer.status_code, answer.location) == (303, f"/team/orders/{number}")
    order = site.order(number)
    assert (order.status, order.team_id) == ("accepted", city.team.team_id)

    # too early to close; afterwards it works with what the form suggests
    early = site.page(city.team, number)
    assert f"/team/orders/{number}/close" not in [form.action for form in early.forms]
    assert "服务开始后才能办结，开始时间是" in early.text
    site.move_to(order.agreed_end + timedelta(hours=1))
    answer = site.act(city.team, number, "close", {"attendance": "28", "report": "讲了三减三健。"})
    assert answer.status_code == 303
    order = site.order(number)
    assert (order.status, order.attendance, order.actual_end) == ("closed", 28, order.agreed_end)

    # the resident rates by the secret link
    answer = site.act_by_link(number, "rate", rating_form())
    assert (answer.status_code, answer.location) == (303, site.link(number))
    (rating,) = ratings(site)
    assert (rating.stars, rating.did_take_place, rating.came_count, rating.is_call_back) == (5, True, 30, False)
    assert site.steps(number) == ["place", "dispatch", "claim", "offer", "accept", "close", "rate"]
    assert not site.findings()


def test_the_new_order_page_shows_number_link_and_code(site_sqlite: Site) -> None:
    client = site_sqlite.browser()
    answer = place_by_wizard(client)
    number = number_in(answer)
    page = get_page(client, answer.location)
    assert f"QTX {number[3:7]} {number[7:]}" in page.text
    assert f"http://localhost{site_sqlite.link(number)}" in page.text
    code = client.get(site_sqlite.link(number) + "/qr.svg")
    assert code.mimetype == "image/svg+xml"
    assert code.text.startswith("<svg ")


def test_number_and_phone_tail_lead_to_the_order(site_sqlite: Site) -> None:
    number = site_sqlite.make(placed).number
    for typed in (number, f"{number[3:7]} {number[7:]}", number.lower(), f"ＱＴＸ{number[3:]}"):
        answer = post_form(site_sqlite.browser(), "/track", "/track", {"number": typed, "tail": "1234"})
        assert (answer.status_code, answer.location) == (303, site_sqlite.link(number)), typed


def test_the_wizard_goes_back_and_keeps_what_was_typed(site_sqlite: Site) -> None:
    client = site_sqlite.browser()
    page = fill_wizard(client, venue="东门活动室", wish="请讲慢一点")
    answer = submit(client, page.form("/order"), {"contact_name": "赵大爷", "headcount": "18", "go": "back"})
    second = read(answer).form("/order")
    assert second.get("venue") == "东门活动室"
    answer = submit(client, second, {"venue": "西门活动室", "go": "back"})
    first = read(answer).form("/order")
    assert (first.get("audience"), first.get("item")) == ("elderly", "S05")
    answer = submit(client, first, {"go": "next"})
    answer = submit(client, read(answer).form("/order"), {"go": "next"})
    third = read(answer)
    assert third.form("/order").get("contact_name") == "赵大爷"
    assert third.form("/order").get("headcount") == "18"
    assert "西门活动室" in third.text


def test_a_wish_in_ones_own_words_becomes_an_order(site_sqlite: Site) -> None:
    client = site_sqlite.browser()
    answer = place_by_wizard(client, item="free", wish="想听听怎么防一氧化碳中毒")
    order = site_sqlite.order(number_in(answer))
    assert (order.menu_item_id, order.wish) == (None, "想听听怎么防一氧化碳中毒")


def test_a_school_orders_in_its_own_name(site_sqlite: Site) -> None:
    client = site_sqlite.browser()
    answer = place_by_wizard(client, requester_kind="school", organisation="第三小学")
    order = site_sqlite.order(number_in(answer))
    assert (order.requester_kind, order.organisation) == ("school", "第三小学")


def test_exact_hours_can_be_wished_for_instead_of_a_half_day(site_sqlite: Site) -> None:
    client = site_sqlite.browser()
    page = get_page(client, "/order?audience=elderly&item=S05")
    answer = submit(client, page.form("/order"), {"item": "S05", "go": "next"})
    where = {
        "division_code": COMMUNITY,
        "venue": "活动室",
        "day_1": "2026-11-30",
        "from_1": "09:10",
        "to_1": "10:40",
        "day_2": "2026-12-01",
        "slot_2": "evening",
        "go": "next",
    }
    answer = submit(client, read(answer).form("/order"), where)
    number = number_in(submit(client, read(answer).form("/order"), {**WHO, "go": "send"}))
    text = get_page(client, site_sqlite.link(number)).text
    assert "09:10–10:40" in text
    assert "19:00–21:00" in text


def test_the_same_order_form_sent_twice_is_one_order(site: Site) -> None:
    client = site.browser()
    form = fill_wizard(client).form("/order")
    answers = [submit(client, form, {**WHO, "go": "send"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [303, 303, 303]
    assert len({answer.location for answer in answers}) == 1
    assert site.rows()["orders"] == 1
    assert site.steps(number_in(answers[0])) == ["place"]


def test_two_wizards_are_two_orders(site_sqlite: Site) -> None:
    client = site_sqlite.browser()
    first, second = (
        number_in(place_by_wizard(client, contact_phone=phone)) for phone in ("19900001234", "19900005678")
    )
    assert first != second
    assert site_sqlite.rows()["orders"] == 2


def test_the_same_form_with_other_words_makes_no_second_order_and_says_so(site: Site) -> None:
    client = site.browser()
    form = fill_wizard(client).form("/order")
    number = number_in(submit(client, form, {**WHO, "go": "send"}))
    answer = submit(client, form, {**WHO, "headcount": "99", "go": "send"})
    assert answer.status_code == 409
    page = read(answer)
    assert "这张表已经提交过" in page.text
    assert f"QTX {number[3:7]} {number[7:]}" in page.text
    assert "t/QTX" not in page.html  # whoever has the key need not be whoever has the link
    assert site.rows()["orders"] == 1
    assert site.order(number).headcount == 30


def test_a_signed_in_resident_finds_the_order_at_their_own_desk(site_sqlite: Site) -> None:
    client = site_sqlite.browser(site_sqlite.city.resident)
    number = number_in(place_by_wizard(client))
    assert number[3:7] in get_page(client, "/resident/").text
    assert get_page(client, f"/resident/orders/{number}").form(f"/resident/orders/{number}/cancel")


def test_two_returns_lead_to_a_ruling_that_binds(site: Site) -> None:
    city = site.city
    number = site.make(dispatched).number
    for turn in (1, 2):
        answer = site.act(
            city.department,
            number,
            "return",
            {"reason": first_choice(site, city.department, number, "return", "reason")},
        )
        assert answer.status_code == 303
        assert site.status(number) == "placed"
        if turn == 1:
            assert "还没到裁定的时候" in site.page(city.office, number).text
            answer = site.act(city.community, number, "dispatch", {"department_id": DEPARTMENT})
            assert answer.status_code == 303
    answer = site.act(city.office, number, "rule", {"department_id": DEPARTMENT, "text": "请卫健局承办。"})
    assert answer.status_code == 303
    assert site.status(number) == "dispatched"
    page = site.page(city.department, number)
    assert "不能退回" in page.text
    assert f"/department/orders/{number}/return" not in [form.action for form in page.forms]
    token = page.form(f"/department/orders/{number}/claim").get("csrf_token")
    form = Form(f"/department/orders/{number}/return", "post", fields=[("csrf_token", token or "")])
    answer = submit(site.browser(city.department), form, {"reason": "not_ours", "text": "x"})
    assert answer.status_code == 409
    assert "纲要办裁定的单" in answer.text
    assert site.steps(number)[-1] == "rule"


def test_a_rejection_tells_the_resident_why(site_sqlite: Site) -> None:
    number = site_sqlite.make(placed).number
    city = site_sqlite.city
    reason = first_choice(site_sqlite, city.community, number, "reject", "reason")
    answer = site_sqlite.act(city.community, number, "reject", {"reason": reason, "text": "请拨打 12345 反映。"})
    assert answer.status_code == 303
    page = get_page(site_sqlite.browser(), site_sqlite.link(number))
    assert "请拨打 12345 反映。" in page.text
    assert "不予受理" in page.text


def test_a_merged_asker_stays_informed_and_rates_for_themselves(site: Site) -> None:
    city = site.city
    target = site.make(placed).number
    number = site.make(placed, contact_phone="19900005678").number
    answer = site.act(city.community, number, "merge", {"candidate": target})
    assert answer.status_code == 303
    assert site.status(number) == "merged"
    assert target[3:7] in get_page(site.browser(), site.link(number)).text
    site.act(city.community, target, "dispatch", {"department_id": DEPARTMENT})
    site.act(city.department, target, "claim")
    accept(site, city.team, target)
    site.move_to(site.order(target).agreed_end + timedelta(hours=1))
    assert site.act(city.team, target, "close", {"attendance": "50", "report": "两个单一起讲。"}).status_code == 303
    for asker, stars in ((number, "4"), (target, "5")):
        assert site.act_by_link(asker, "rate", rating_form(stars=stars)).status_code == 303, asker
    with site.app.app_context():
        assert sorted(rating.stars for rating in ratings(site)) == [4, 5]
    assert not site.findings()


def test_merging_by_typed_number_works_too(site_sqlite: Site) -> None:
    target, number = site_sqlite.make(placed).number, site_sqlite.make(placed).number
    typed = f"{target[3:7]} {target[7:]}"
    answer = site_sqlite.act(site_sqlite.city.community, number, "merge", {"into_number": typed})
    assert answer.status_code == 303
    assert site_sqlite.status(number) == "merged"


def test_a_no_show_opens_the_order_again(site: Site) -> None:
    number = site.make(accepted).number
    site.move_to(DURING)
    answer = site.act_by_link(number, "no_show", {"text": "等了半小时没人来。"})
    assert answer.status_code == 303
    assert site.status(number) == "claimed"
    assert "等了半小时没人来。" in site.page(site.city.office, number).text
    assert number[3:7] in get_page(site.browser(site.city.team), "/team/notices").text
    assert not site.findings()


def test_the_community_reopens_a_disputed_service_and_it_can_be_closed_again(site: Site) -> None:
    city = site.city
    number = site.make(closed).number
    site.move_to(AFTER + timedelta(days=2))
    assert site.act(city.community, number, "reopen", {"text": "居民说没讲完。"}).status_code == 303
    assert site.status(number) == "claimed"
    answer = site.act(
        city.team,
        number,
        "accept",
        {
            "wished": "other",
            "agreed_start": "2026-12-02T09:00",
            "agreed_end": "2026-12-02T10:00",
            "volunteer_ids": str(city.crew[0]),
        },
    )
    assert answer.status_code == 303
    site.move_to(site.order(number).agreed_end + timedelta(hours=2))
    assert site.act(city.team, number, "close", {"attendance": "20", "report": "补讲。"}).status_code == 303
    assert site.act_by_link(number, "rate", rating_form()).status_code == 303
    assert not site.findings()


def test_after_fifteen_days_nothing_is_reopened(site_sqlite: Site) -> None:
    number = site_sqlite.make(closed).number
    site_sqlite.move_to(AFTER + timedelta(days=16))
    assert "办结后 15 天以内才能重办，已在" in site_sqlite.page(site_sqlite.city.community, number).text


@pytest.mark.parametrize("make", [placed, dispatched, claimed, accepted])
def test_a_resident_takes_an_open_order_back(site_sqlite: Site, make: Any) -> None:
    number = site_sqlite.make(make).number
    form = get_page(site_sqlite.browser(), site_sqlite.link(number)).form(f"{site_sqlite.link(number)}/cancel")
    reason = next(value for value in form.options["reason"] if value != "")
    assert site_sqlite.act_by_link(number, "cancel", {"reason": reason, "text": "家里有事"}).status_code == 303
    assert site_sqlite.status(number) == "cancelled"
    assert not site_sqlite.findings()


def test_once_the_service_has_started_nothing_is_taken_back(site_sqlite: Site) -> None:
    number = site_sqlite.make(accepted).number
    link = site_sqlite.link(number)
    client = site_sqlite.browser()
    form = get_page(client, link).form(f"{link}/cancel")
    site_sqlite.move_to(DURING)
    assert "已经开始，不能再撤单；没有人来的，请报“未到场”。" in get_page(site_sqlite.browser(), link).text
    token = get_page(client, "/track").form("/track").get("csrf_token")
    answer = submit(client, form, {"reason": form.options["reason"][1], "csrf_token": token})
    assert answer.status_code == 409
    assert "约定的服务时间已到" in answer.text
    assert site_sqlite.status(number) == "accepted"


def test_a_question_stops_the_clock_until_the_resident_answers(site_sqlite: Site) -> None:
    city = site_sqlite.city
    number = site_sqlite.make(placed).number
    due = site_sqlite.order(number).due_at
    assert site_sqlite.act(city.community, number, "ask", {"text": "有投影仪吗？"}).status_code == 303
    page = get_page(site_sqlite.browser(), site_sqlite.link(number))
    assert "有投影仪吗？" in page.text
    assert "等居民答复" in get_page(site_sqlite.browser(city.community), "/community/").text
    site_sqlite.move_to(NOW + timedelta(hours=5))
    assert site_sqlite.act_by_link(number, "answer", {"text": "有一台。"}).status_code == 303
    assert site_sqlite.order(number).due_at == due + timedelta(hours=5)
    assert "有一台。" in site_sqlite.page(city.community, number).text


def test_a_second_question_waits_for_the_first_answer(site_sqlite: Site) -> None:
    number = site_sqlite.make(dispatched).number
    city = site_sqlite.city
    form = site_sqlite.page(city.department, number).form(f"/department/orders/{number}/ask")
    assert site_sqlite.act(city.community, number, "ask", {"text": "几楼？"}).status_code == 303
    answer = submit(site_sqlite.browser(city.department), form, {"text": "有话筒吗？"})
    assert answer.status_code == 409
    assert "还有一个问题等居民答复" in answer.text


def on_behalf(site: Site, actor: Any, **changes: str) -> Any:
    page = f"/{actor.party}/order"
    typed = {
        "audience": "elderly",
        "item": "S05",
        "division_code": COMMUNITY,
        "venue": "活动室",
        "day_1": "2026-11-28",
        "slot_1": "afternoon",
        **WHO,
        **changes,
    }
    return post_form(site.browser(actor), f"{page}?audience=elderly", page, {**typed, "go": "send"})


def test_an_order_taken_by_phone_is_rated_by_phone(site: Site) -> None:
    city = site.city
    answer = on_behalf(site, city.community)
    number = number_in(answer)
    assert site.order(number).is_on_behalf
    site.act(city.community, number, "dispatch", {"department_id": DEPARTMENT})
    site.act(city.department, number, "claim")
    accept(site, city.team, number)
    site.move_to(site.order(number).agreed_end + timedelta(hours=1))
    assert site.act(city.team, number, "close", {"attendance": "9", "report": "讲完了。"}).status_code == 303
    answer = site.act(city.community, number, "rate", rating_form(stars="2", text="声音太小"))
    assert answer.status_code == 303
    (rating,) = ratings(site)
    assert (rating.stars, rating.is_call_back) == (2, True)
    page = site.page(city.community, number)
    assert "电话回访代评" in page.text
    # a low rating opens a call-back task, never a silent reopen
    assert site.status(number) == "closed"
    with site.app.app_context():
        task = db.session.scalars(select(CallBack)).one().id
    assert number[3:7] in get_page(site.browser(city.community), "/community/?tab=call_back").text
    answer = submit(
        site.browser(city.community),
        page.form(f"/community/call-backs/{task}"),
        {"result": "explained", "outcome": "下次带音箱。"},
    )
    assert (answer.status_code, answer.location) == (303, f"/community/orders/{number}")
    assert "下次带音箱。" in site.page(city.community, number).text
    assert number[3:7] not in get_page(site.browser(city.community), "/community/?tab=call_back").text


def test_a_department_takes_an_order_by_phone(site_sqlite: Site) -> None:
    answer = on_behalf(site_sqlite, site_sqlite.city.department)
    assert (answer.status_code, answer.location) == (303, "/department/")
    assert number_of_only_order(site_sqlite)


def number_of_only_order(site: Site) -> str:
    from qtxvol.orders.models import Order

    with site.app.app_context():
        return str(db.session.scalars(select(Order.number)).one())


def test_a_clerk_orders_only_for_places_of_their_own(site_sqlite: Site) -> None:
    city = site_sqlite.city
    answer = on_behalf(site_sqlite, city.other_community)
    assert answer.status_code == 422
    assert read(answer).error_of("division_code")
    assert site_sqlite.rows()["orders"] == 0


def test_a_team_reschedules_and_the_resident_reads_it(site_sqlite: Site) -> None:
    number = site_sqlite.make(accepted).number
    answer = site_sqlite.act(
        site_sqlite.city.team,
        number,
        "reschedule",
        {"wished": "other", "agreed_start": "2026-11-30T09:00", "agreed_end": "2026-11-30T10:30", "text": "老师出差"},
    )
    assert answer.status_code == 303
    text = get_page(site_sqlite.browser(), site_sqlite.link(number)).text
    assert "11月30日" in text
    assert "老师出差" in text


def test_a_team_withdraws_and_another_can_take_it(site_sqlite: Site) -> None:
    city = site_sqlite.city
    number = site_sqlite.make(accepted).number
    reason = first_choice(site_sqlite, city.team, number, "withdraw", "reason")
    assert site_sqlite.act(city.team, number, "withdraw", {"reason": reason, "text": "人病了"}).status_code == 303
    assert site_sqlite.status(number) == "claimed"
    assert accept(site_sqlite, city.other_team, number).status_code == 303
    assert site_sqlite.order(number).team_id == city.other_team.team_id
    assert not site_sqlite.findings()


def test_a_department_releases_what_it_claimed(site_sqlite: Site) -> None:
    city = site_sqlite.city
    number = site_sqlite.make(claimed).number
    reason = first_choice(site_sqlite, city.department, number, "release", "reason")
    answer = site_sqlite.act(city.department, number, "release", {"reason": reason, "text": "没有合适的队"})
    assert answer.status_code == 303
    assert site_sqlite.status(number) == "placed"
    assert "没有合适的队" in site_sqlite.page(city.community, number).text


def test_the_office_says_plainly_that_an_order_can_not_be_met(site_sqlite: Site) -> None:
    number = site_sqlite.make(claimed).number
    answer = site_sqlite.act(
        site_sqlite.city.office, number, "give_up", {"text": "今年没有会修收音机的志愿者，很抱歉。"}
    )
    assert answer.status_code == 303
    assert "很抱歉" in get_page(site_sqlite.browser(), site_sqlite.link(number)).text
    assert site_sqlite.status(number) == "unmet"


def test_an_order_handed_to_one_team_is_not_for_another(site_sqlite: Site) -> None:
    city = site_sqlite.city
    number = site_sqlite.make(claimed).number
    form = site_sqlite.page(city.other_team, number).form(f"/team/orders/{number}/accept")
    answer = site_sqlite.act(city.department, number, "offer", {"team_ids": [str(city.team.team_id)], "is_handed": "y"})
    assert answer.status_code == 303
    answer = submit(
        site_sqlite.browser(city.other_team), form, {"wished": "1", "volunteer_ids": str(city.other_crew[0])}
    )
    assert answer.status_code == 409
    assert "另一支服务队" in answer.text
    assert accept(site_sqlite, city.team, number).status_code == 303


# what a late one reads


def test_the_second_team_reads_who_was_first(site_sqlite: Site) -> None:
    city = site_sqlite.city
    number = site_sqlite.make(claimed).number
    form = site_sqlite.page(city.other_team, number).form(f"/team/orders/{number}/accept")
    assert accept(site_sqlite, city.team, number).status_code == 303
    answer = submit(
        site_sqlite.browser(city.other_team), form, {"wished": "1", "volunteer_ids": str(city.other_crew[0])}
    )
    assert answer.status_code == 409
    page = read(answer)
    assert "晚了一步：市医院测试队" in page.text
    assert "待服务" in page.text
    assert site_sqlite.steps(number).count("accept") == 1


def test_a_stale_page_is_told_who_changed_the_order(site: Site) -> None:
    """Town and community look at the same order; one dispatches it and gets it back: the other's page is old."""
    city = site.city
    number = site.make(placed).number
    old = site.page(city.town, number).form(f"/community/orders/{number}/dispatch")
    site.act(city.community, number, "dispatch", {"department_id": DEPARTMENT})
    site.act(
        city.department, number, "return", {"reason": first_choice(site, city.department, number, "return", "reason")}
    )
    answer = submit(site.browser(city.town), old, {"department_id": DEPARTMENT, "text": "请尽快"})
    assert answer.status_code == 409
    page = read(answer)
    assert "您打开页面之后，" in page.text
    assert "卫生健康局" in page.text
    again = page.form(f"/community/orders/{number}/dispatch")
    assert again.get("text") == "请尽快"  # nothing typed is lost
    assert again.get("version") == "3"
    assert site.steps(number) == ["place", "dispatch", "return"]
    assert submit(site.browser(city.town), again).status_code == 303


def test_a_late_tap_in_the_list_is_told_who_was_first(site_sqlite: Site) -> None:
    city = site_sqlite.city
    number = site_sqlite.make(placed).number
    tap = get_page(site_sqlite.browser(city.town), "/community/").form(f"/community/orders/{number}/dispatch")
    site_sqlite.act(city.community, number, "dispatch", {"department_id": DEPARTMENT})
    answer = submit(site_sqlite.browser(city.town), tap)
    assert answer.status_code == 409
    assert "东街" in read(answer).text
    tap_of_department = get_page(site_sqlite.browser(city.department), "/department/").form(
        f"/department/orders/{number}/claim"
    )
    site_sqlite.act_by_link(number, "cancel", {"reason": "other", "text": "不用了"})
    answer = submit(site_sqlite.browser(city.department), tap_of_department)
    assert answer.status_code == 409
    assert "居民" in read(answer).text


def test_a_department_that_lost_the_order_may_look_but_not_act(site_sqlite: Site) -> None:
    city = site_sqlite.city
    number = site_sqlite.make(claimed).number
    form = site_sqlite.page(city.department, number).form(f"/department/orders/{number}/offer")
    site_sqlite.act(city.department, number, "release", {"reason": "other", "text": "做不了"})
    site_sqlite.act(city.community, number, "dispatch", {"department_id": "education"})
    site_sqlite.act(city.other_department, number, "claim")
    page = site_sqlite.page(city.department, number)
    assert not [each for each in page.forms if f"/{number}/" in each.action]
    answer = submit(site_sqlite.browser(city.department), form, {"team_ids": [str(city.team.team_id)]})
    assert answer.status_code == 409
    assert "教育局" in read(answer).text


def test_a_person_is_never_in_two_places_at_once(site_sqlite: Site) -> None:
    city = site_sqlite.city
    first, second = site_sqlite.make(claimed).number, site_sqlite.make(claimed).number
    data = {"wished": "1", "volunteer_ids": str(city.crew[0]), "text": "我们去"}
    assert site_sqlite.act(city.team, first, "accept", data).status_code == 303
    answer = site_sqlite.act(city.team, second, "accept", data)
    assert answer.status_code == 409
    page = read(answer)
    assert "在这个时间已有别的服务" in page.error_of("volunteer_ids", "accept")
    form = page.form(f"/team/orders/{second}/accept")
    assert (form.get("wished"), form.get("volunteer_ids"), form.get("text")) == ("1", str(city.crew[0]), "我们去")
    assert site_sqlite.status(second) == "claimed"


def forms_of(site: Site) -> list[tuple[str, Any, str, dict[str, Any]]]:
    """Each action once: a fresh order, who acts, the action, what is filled in."""
    city, crew = site.city, site.city.crew
    other = {"reason": "other", "text": "见说明"}
    time = {"wished": "other", "agreed_start": "2026-12-03T09:00", "agreed_end": "2026-12-03T10:00"}
    returned = site.make(dispatched).number
    for _ in range(2):
        site.act(city.department, returned, "return", other)
        site.act(city.community, returned, "dispatch", {"department_id": DEPARTMENT})
    asked = site.make(placed).number
    site.act(city.community, asked, "ask", {"text": "几楼？"})
    return [
        (site.make(placed).number, city.community, "dispatch", {"department_id": DEPARTMENT}),
        (site.make(placed).number, city.community, "reject", other),
        (site.make(placed).number, city.community, "merge", {"into_number": site.make(placed).number}),
        (site.make(placed).number, city.community, "ask", {"text": "几楼？"}),
        (asked, city.community, "answer", {"text": "二楼"}),
        (site.make(placed).number, city.community, "cancel", other),
        (site.make(dispatched).number, city.department, "claim", {}),
        (site.make(dispatched).number, city.department, "return", other),
        (site.make(claimed).number, city.department, "release", other),
        (site.make(claimed).number, city.department, "offer", {"team_ids": [str(city.team.team_id)]}),
        (returned, city.office, "rule", {"department_id": DEPARTMENT, "text": "请承办"}),
        (site.make(claimed).number, city.office, "give_up", {"text": "抱歉"}),
        (site.make(claimed).number, city.team, "accept", {**time, "volunteer_ids": str(crew[2])}),
        (site.make(accepted, agreed=window(4)).number, city.team, "withdraw", other),
        (site.make(accepted, agreed=window(5)).number, city.team, "reschedule", time),
    ]  # fmt: skip


def test_every_action_sent_twice_is_a_quiet_success_with_one_event(site: Site) -> None:
    late = site.make(accepted, agreed=window(2)).number
    reopened = site.make(closed, agreed=window(1)).number
    unrated = site.make(closed, agreed=window(1.5)).number
    cases = forms_of(site)
    for number, actor, action, data in cases:
        send_twice(site, number, actor, action, data)
    site.move_to(window(2).ends_at + timedelta(hours=1))
    send_twice(site, late, site.city.team, "close", {"attendance": "5", "report": "好"})
    send_twice(site, unrated, site.city.community, "rate", rating_form(text=""))
    send_twice(site, reopened, site.city.community, "reopen", {"text": "没讲完"})
    missed = site.make(accepted, agreed=window(6)).number
    site.move_to(window(6).starts_at + timedelta(minutes=20))
    send_twice(site, missed, site.city.community, "no_show", {"text": "没人来"})
    assert not site.findings()


def send_twice(site: Site, number: str, actor: Any, action: str, data: dict[str, Any]) -> None:
    form = site.page(actor, number).form(f"/{actor.party}/orders/{number}/{action}")
    before = site.steps(number)
    notices = site.rows()["notices"]
    first = submit(site.browser(actor), form, data)
    assert first.status_code == 303, (action, read(first).text)
    told = site.rows()["notices"]
    second = submit(site.browser(actor), form, data)
    assert second.status_code == 303, (action, read(second).text)
    assert second.location == first.location
    assert site.steps(number) == [*before, action]
    assert site.rows()["notices"] == told >= notices


def test_a_key_that_comes_with_other_words_is_refused(site_sqlite: Site) -> None:
    number = site_sqlite.make(placed).number
    city = site_sqlite.city
    form = site_sqlite.page(city.community, number).form(f"/community/orders/{number}/ask")
    assert submit(site_sqlite.browser(city.community), form, {"text": "几楼？"}).status_code == 303
    answer = submit(site_sqlite.browser(city.community), form, {"text": "有投影吗？"})
    assert answer.status_code in (409, 422)
    assert site_sqlite.steps(number) == ["place", "ask"]


def test_reading_notices_marks_them_for_the_whole_desk(site: Site) -> None:
    site.make(dispatched)
    browser = site.browser(site.city.department)
    page = get_page(browser, "/department/notices")
    assert "未读" in page.text
    answer = submit(browser, page.form("/department/notices"))
    assert answer.status_code == 303
    assert "未读" not in get_page(browser, "/department/notices").text


def test_the_community_finds_orders_by_number_phone_tail_and_words(site: Site) -> None:
    number = site.make(placed, wish="请带控盐勺").number
    other = site.make(placed, contact_phone="19900009876").number
    browser = site.browser(site.city.community)
    for query, wanted, unwanted in (
        (number, number, other),
        (f"{number[3:7]} {number[7:]}", number, other),
        ("9876", other, number),
        ("控盐勺", number, other),
        ("合理膳食 控盐勺", number, other),
    ):
        text = get_page(browser, f"/community/?q={query}").text
        assert f"QTX {wanted[3:7]} {wanted[7:]}" in text, query
        assert f"QTX {unwanted[3:7]} {unwanted[7:]}" not in text, query
    assert "没有符合条件的单" in get_page(browser, "/community/?q=飞碟").text


def test_a_list_is_paged_oldest_deadline_first(site_sqlite: Site) -> None:
    numbers = [site_sqlite.make(placed, NOW + timedelta(minutes=i)).number for i in range(33)]
    site_sqlite.move_to(NOW + timedelta(hours=1))
    browser = site_sqlite.browser(site_sqlite.city.community)
    first = get_page(browser, "/community/").text
    second = get_page(browser, "/community/?page=2").text
    assert all(number[3:7] in first for number in numbers[:30])
    assert [f"QTX {number[3:7]} {number[7:]}" in second for number in numbers] == [False] * 30 + [True] * 3
    assert first.index(f"QTX {numbers[0][3:7]}") < first.index(f"QTX {numbers[19][3:7]}")


def test_photos_travel_with_place_and_close(site: Site) -> None:
    from tests.web.pictures import jpeg_file

    client = site.browser()
    form = fill_wizard(client).form("/order")
    number = number_in(submit(client, form, {**WHO, "photos": [jpeg_file(), jpeg_file()], "go": "send"}))
    assert site.rows()["attachments"] == 2
    page = get_page(client, site.link(number))
    sources = [a["src"] for tag, a in page.tags if tag == "img" and "/photos/" in (a.get("src") or "")]
    assert len(sources) == 2
    picture = client.get(sources[0])
    assert picture.mimetype == "image/jpeg"
    assert b"GPS-SECRET" not in picture.data
