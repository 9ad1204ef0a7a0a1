"""Taking a step back on the pages, and the sentence for everything that can't be done just now."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from flask import Flask, g
from flask_babel import force_locale

from qtxvol.accounts.actor import Actor
from qtxvol.orders.ask import ask_resident
from qtxvol.orders.claim import claim_order, offer_order
from qtxvol.orders.decline import merge_order, reject_order
from qtxvol.orders.dispatch import dispatch_order
from qtxvol.orders.lifecycle import ENDED, RULES, Action, OrderFacts, Party, Status, find_refusal
from qtxvol.orders.undo import recall_order
from qtxvol.web.action_forms import FORMS
from qtxvol.web.why_not import Standing, why_not
from qtxvol.web.wording import CONFIRMATIONS
from tests.factories import NOW, accepted, claimed, closed, dispatched, make_volunteer, placed, window
from tests.web.pages import Page, get_page, read, submit
from tests.web.site import Site

pytestmark = pytest.mark.one_database  # what its pages read is asked of both in the rooms

HOUR = timedelta(hours=1)
REJECTION = {"reason": "commercial", "text": "不办推销。"}


def follow(site: Site, actor: Actor, answer: Any) -> Page:
    """The page that a step leads to."""
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return get_page(site.browser(actor), answer.location)


def reasons(page: Page) -> str:
    """What stands under "why can't I"."""
    found = re.search(r'<details class="why">(.*?)</details>', page.html, re.S)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found.group(1))) if found else ""


# The undo in the flash


@pytest.mark.parametrize(
    ("start", "by", "action", "data", "undo", "said", "status"),
    [
        (placed, "community", "dispatch", {"department_id": "health"}, "recall", "已派给市卫生健康局", "placed"),
        (dispatched, "department", "claim", {}, "unclaim", "已领单", "dispatched"),
        (placed, "community", "reject", REJECTION, "restore", "不予受理", "placed"),
    ],
)
def test_a_step_that_can_be_taken_back_offers_it_at_once(
    site: Site, start: Any, by: str, action: str, data: dict[str, str], undo: str, said: str, status: str
):
    actor, number = getattr(site.city, by), site.make(start).number
    page = follow(site, actor, site.act(actor, number, action, data))
    assert said in page.text

    offers = [form for form in page.forms if form.action == f"/{by}/orders/{number}/{undo}"]
    answer = submit(site.browser(actor), offers[0], {})  # the first stands in the flash
    assert offers[0].get("version") == str(site.order(number).version - 1)
    assert site.status(number) == status
    assert site.steps(number)[-2:] == [action, undo]

    again = submit(site.browser(actor), offers[0], {})  # a double tap
    assert (answer.status_code, again.status_code) == (303, 303)
    assert site.steps(number)[-2:] == [action, undo]
    assert site.findings() == []


def test_a_merging_is_taken_back_from_the_flash(site: Site):
    clerk = site.city.community
    host, number = site.make(placed).number, site.make(placed).number
    page = follow(site, clerk, site.act(clerk, number, "merge", {"into_number": host}))
    submit(site.browser(clerk), page.form(f"/community/orders/{number}/split"), {})
    assert (site.status(number), site.steps(number)) == ("placed", ["place", "merge", "split"])


def test_one_tap_in_the_list_is_taken_back_in_the_list(site: Site):
    clerk, number = site.city.community, site.make(placed).number
    browser = site.browser(clerk)
    form = get_page(browser, "/community/").form(f"/community/orders/{number}/dispatch")
    page = follow(site, clerk, submit(browser, form, {}))
    offer = page.form(f"/community/orders/{number}/recall")
    assert offer.get("back") == "list"
    answer = submit(browser, offer, {})
    assert answer.location == "/community/"
    page = get_page(browser, "/community/")
    assert "已收回，可以重新派单。" in page.text
    assert page.form(f"/community/orders/{number}/dispatch")
    assert all(form.action != f"/community/orders/{number}/recall" for form in page.forms)


def test_an_old_page_sent_again_after_the_undo_says_so_and_one_more_tap_does_it(site: Site):
    clerk, number = site.city.community, site.make(placed).number
    form = site.page(clerk, number).form(f"/community/orders/{number}/dispatch")
    page = follow(site, clerk, submit(site.browser(clerk), form, {"department_id": "health"}))
    submit(site.browser(clerk), page.form(f"/community/orders/{number}/recall"), {})

    answer = submit(site.browser(clerk), form, {"department_id": "health"})  # the browser's back button
    assert (answer.status_code, site.status(number)) == (409, "placed")
    assert "后来又撤回了，这次没有再办" in read(answer).text

    submit(site.browser(clerk), read(answer).form(f"/community/orders/{number}/dispatch"), {})
    assert site.status(number) == "dispatched"


def test_an_offer_to_undo_stands_on_one_page_only(site: Site):
    clerk, number = site.city.community, site.make(placed).number
    follow(site, clerk, site.act(clerk, number, "dispatch", {"department_id": "health"}))
    assert "flash--undo" not in get_page(site.browser(clerk), "/community/").html


def test_who_is_late_with_an_undo_reads_who_was_first(site: Site):
    clerk, number = site.city.community, site.make(placed).number
    page = follow(site, clerk, site.act(clerk, number, "dispatch", {"department_id": "health"}))
    with site.app.app_context():
        claim_order(number, site.city.department, now=NOW)
    answer = submit(site.browser(clerk), page.form(f"/community/orders/{number}/recall"), {})
    assert answer.status_code == 409
    assert "晚了一步：市卫生健康局已先办理，这张单现在是“待接单”。" in read(answer).text
    assert site.status(number) == "claimed"


def test_an_undo_with_a_phone_number_in_its_reason_is_asked_about_and_keeps_the_text(site: Site):
    clerk, number = site.city.community, site.make(dispatched).number
    answer = site.act(clerk, number, "recall", {"text": "打 19900005678 问清了"})
    assert answer.status_code == 422
    assert "19900005678" in answer.get_data(as_text=True)
    assert site.status(number) == "dispatched"
    assert site.act(clerk, number, "recall", {"text": "打 19900005678", "phone_in_text_ok": "y"}).status_code == 303


def test_a_badly_filled_undo_that_is_not_possible_says_so(site: Site):
    clerk, number = site.city.community, site.make(claimed).number
    form = site.page(clerk, number).forms[0]
    answer = submit(
        site.browser(clerk), replace(form, action=f"/community/orders/{number}/recall"), {"text": "打 19900005678"}
    )
    assert answer.status_code == 409
    never = submit(
        site.browser(clerk), replace(form, action=f"/community/orders/{number}/split"), {"text": "打 19900005678"}
    )
    assert never.status_code == 409


@pytest.mark.parametrize("action", ["recall", "unclaim", "restore", "split"])
def test_other_desks_may_not_undo(site: Site, action: str):
    number = site.make(dispatched).number
    form = site.page(site.city.office, number).forms[0]
    answer = submit(site.browser(site.city.office), replace(form, action=f"/office/orders/{number}/{action}"), {})
    assert answer.status_code == 403


def test_the_resident_reads_that_the_order_is_taken_up_again(site: Site):
    clerk, number = site.city.community, site.make(placed).number
    site.act(clerk, number, "reject", REJECTION)
    assert site.act(clerk, number, "restore", {"text": "弄清楚了，可以办。"}).status_code == 303
    text = get_page(site.browser(), site.link(number)).text
    assert "恢复受理，重新安排部门" in text
    assert "弄清楚了，可以办。" in text
    assert "社区会在" in text


# Why can't I


def test_what_a_clerk_can_no_longer_do_has_its_reason(site: Site):
    number = site.make(claimed).number
    said = reasons(site.page(site.city.community, number))
    assert "已由市卫生健康局领单，正在找服务队。" in said
    assert "领单以后只有部门能撤销领单或退领" in said
    assert "不予受理" in said
    assert "恢复受理" not in said  # nothing was rejected
    assert "补充" not in said


def test_a_team_reads_when_a_service_can_be_closed(site: Site):
    number = site.make(accepted, agreed=window(3)).number
    assert "服务开始后才能办结，开始时间是 11月27日（周五）10:00。" in reasons(site.page(site.city.team, number))
    site.move_to(window(3).starts_at + HOUR)
    page = site.page(site.city.team, number)
    assert page.form(f"/team/orders/{number}/close")
    assert "不能再改期或撤回" in reasons(page)


def test_a_department_reads_that_the_order_is_not_its_any_more(site: Site):
    number = site.make(dispatched).number
    with site.app.app_context():
        recall_order(number, site.city.community, now=NOW)
        dispatch_order(number, site.city.community, department_id="education", now=NOW)
    page = site.page(site.city.department, number)
    assert "这一步不需要您办理。" in page.text
    assert "这张单现在不归您这里办。已派给市教育局，等它领单。" in reasons(page)


def test_a_claim_that_was_built_on_says_what_to_do_instead(site: Site):
    number = site.make(claimed).number
    department = site.city.department
    assert site.page(department, number).form(f"/department/orders/{number}/unclaim")
    with site.app.app_context():
        offer_order(number, department, team_ids=[site.city.team.team_id], now=NOW)
    said = reasons(site.page(department, number))
    assert "领单以后已经有人接着办了，不能直接撤销；要退回请用“退领”" in said


def test_every_sentence_stands_once(site: Site):
    number = site.make(closed).number
    with site.app.app_context():
        host, asker, other = placed(site.city), placed(site.city), placed(site.city)
        merge_order(asker.number, site.city.community, into_number=host.number, now=NOW)
        reject_order(other.number, site.city.community, **REJECTION, now=NOW)
    site.move_to(window(3).ends_at + 2 * HOUR)
    for each in (number, asker.number, other.number):
        page = site.page(site.city.community, each)
        sentences = re.findall(r"<dd>(.*?)</dd>", re.search(r'class="why".*?</details>', page.html, re.S).group(0))
        assert sentences
        assert len(set(sentences)) == len(sentences)


def facts_at(status: Status, moment: datetime = NOW, **changes: Any) -> OrderFacts:
    given = OrderFacts(
        status=status,
        now=moment,
        due_at=moment + HOUR,
        agreed_start=moment + HOUR,
        agreed_end=moment + 2 * HOUR,
        closed_at=moment - timedelta(days=20),
        clock_stopped_at=moment - HOUR,
        is_ruled=True,
        is_rated=True,
        handed_team_id=8,
        status_since=moment - timedelta(days=20),
        last_action=Action.ASK,
    )
    return replace(given, **changes)


def every_refusal() -> list[tuple[str, Action, OrderFacts]]:
    """All that the table can object to what a party may ever do, at every status, before and after the start."""
    found = {}
    for rule, status, party in product(RULES, Status, Party):
        if party not in rule.by:
            continue
        for facts in (
            facts_at(status),
            facts_at(status, agreed_start=NOW - HOUR, clock_stopped_at=None),
            facts_at(status, last_action=Action.CLAIM, is_ruled=False),
            facts_at(status, handed_team_id=None, held_team_id=9, clock_stopped_at=None),
        ):
            code = find_refusal(rule, party, facts)
            if code is not None:
                found[code, rule.action, status] = facts
            found["moved_on", rule.action, status] = facts
    return [(code, action, facts) for (code, action, _status), facts in found.items()]


def test_the_matrix_meets_every_objection_that_the_table_knows():
    """Otherwise the tests below would prove less than they say."""
    codes = {code for code, _, _ in every_refusal()}
    assert codes == {
        "wrong_status", "moved_on", "is_ruled", "needs_no_ruling", "has_started", "not_started", "too_late",
        "question_open", "no_question", "is_rated", "handed_elsewhere", "claim_used", "claim_settled",
        "rejection_settled", "joined_ended", "reroute_used", "lapse_used", "tried_too_little", "no_push",
        "held_elsewhere", "is_held", "not_held",
    }  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_is_refused_without_a_sentence_of_its_own(app_sqlite: Flask, language: str):
    fallback = {"zh": "这一项不对，请检查后再提交。", "en": "This is not right. Check it and submit again."}[language]
    names = {"zh": ("市卫健局", "市医院测试队"), "en": ("Health Bureau", "Hospital test team")}[language]
    said: dict[tuple[Action, Status], str] = {}
    with app_sqlite.test_request_context(), force_locale("zh_CN" if language == "zh" else "en"):
        g.now = NOW
        for code, action, facts in every_refusal():
            sentence = why_not(code, action, Standing(facts, *names, joined="QTX 4821 9037"))
            assert sentence.strip(), (code, action)
            assert sentence != fallback, (code, action)
            assert "%(" not in sentence
            assert bool(re.search(r"[一-鿿]", sentence)) == (language == "zh"), sentence
            if code == "wrong_status":
                said[action, facts.status] = sentence
    for (action, status), sentence in said.items():  # specific: where it is shows, and what was asked for
        others = {text for (other, at), text in said.items() if at == status and other != action}
        if status not in ENDED:
            assert sentence not in others, (action, status)
        assert sentence not in {text for (other, at), text in said.items() if other == action and at != status}


def test_a_question_blocks_the_next_with_its_time(site: Site):
    number = site.make(dispatched).number
    with site.app.app_context():
        ask_resident(number, site.city.community, text="几楼？", now=NOW)
    assert "11月24日（周二）10:00 问过居民，还在等答复" in reasons(site.page(site.city.department, number))


# Words on the buttons


def test_every_action_has_its_own_words_on_its_button(app_sqlite: Flask):
    assert set(CONFIRMATIONS) == set(FORMS)
    for locale in ("zh_CN", "en"):
        with app_sqlite.test_request_context(), force_locale(locale):
            words = [str(words) for words in CONFIRMATIONS.values()]
            assert len(set(words)) == len(words)
            assert not any("Confirm:" in each for each in words)


def test_the_accept_form_puts_who_would_do_before_who_would_not(site: Site):
    city = site.city
    with site.app.app_context():
        unskilled = make_volunteer(city.team.team_id, skills=["coding"], licensed_skills=[])
        accepted(city, agreed=window(3))  # by the first of the crew, at a time that the resident wished for
        number = claimed(city).number
    page = site.page(city.team, number)
    form = page.form(f"/team/orders/{number}/accept")
    order = [*city.crew[1:], city.crew[0], unskilled]
    assert form.options["volunteer_ids"] == [str(person) for person in order]
    assert "其他队员（2 人）" in page.text
    assert "没有所需技能" in page.text
    assert "11月27日（周五）10:00–11:30 已有服务" in page.text


def test_somebody_of_the_fold_can_still_be_named_and_stays_in_sight(site: Site):
    city = site.city
    with site.app.app_context():
        accepted(city, agreed=window(3))
        number = claimed(city).number
    data = {"wished": "1", "volunteer_ids": [str(city.crew[0])]}
    answer = site.act(city.team, number, "accept", data)
    assert answer.status_code == 409
    assert re.search(r'<details class="fold" open>\s*<summary>其他队员', answer.get_data(as_text=True))
    assert site.act(city.team, number, "accept", {**data, "wished": "2"}).status_code == 303


def test_the_order_can_be_printed_from_its_page(site: Site):
    number = site.make(dispatched).number
    for party in ("community", "department", "office"):
        actor = getattr(site.city, party)
        assert f'href="/{party}/orders/{number}/sheet"' in site.page(actor, number).html
        assert site.browser(actor).get(f"/{party}/orders/{number}/sheet").status_code == 200
