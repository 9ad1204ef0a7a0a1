"""收回派单, 撤销领单: a slip of the finger is taken back where it happened, and who can't reads why."""

import re

from playwright.sync_api import expect

from tests.factories import claimed, dispatched, placed
from tests.journeys.browser import PHONE
from tests.journeys.cast import Cast
from tests.journeys.people import Desk, PlacedOrder
from tests.journeys.stories import FIRST_TIME


def take_back(person: Desk, words: str, order: PlacedOrder) -> None:
    """The button in the message about what was just done."""
    person.page.get_by_role("button", name=f"{words} {order.spoken}", exact=True).click()


def test_a_clerk_takes_a_dispatch_back_in_the_list_and_sends_it_elsewhere(cast: Cast):
    order = cast.given(placed)
    clerk = cast.clerk
    clerk.go_to("待派单")
    row = clerk.page.get_by_role("row").filter(has_text=order.spoken)
    row.get_by_role("button", name=re.compile("^派给")).click()
    clerk.reads("已派给市卫生健康局")

    take_back(clerk, "收回派单", order)

    clerk.reads("已收回，可以重新派单。")
    clerk.dispatch_to(order, "市教育局")
    cast.liaison.does_not_have(order, "待领单")
    cast.other_liaison.claim(order)
    cast.resident.follow(order)
    cast.resident.reads("收回派单，重新安排部门", "派单给市教育局")
    assert cast.steps(order) == ["place", "dispatch", "recall", "dispatch", "claim"]
    assert cast.ask_order(order, lambda row: row.returns_count) == 0


def test_a_liaison_takes_a_claim_back_and_the_clerk_reads_why_not_before(cast: Cast):
    order = cast.given(dispatched)
    cast.liaison.claim(order)
    cast.clerk.open_order(order, "办理中")
    cast.clerk.page.get_by_text("为什么不能…？").click()
    why = cast.clerk.page.get_by_text("领单以后只有部门能撤销领单或退领")
    expect(why).to_be_visible()

    take_back(cast.liaison, "撤销领单", order)

    cast.liaison.reads("已撤销领单，单回到待领单。")
    cast.clerk.open_order(order, "办理中")
    cast.clerk.press("收回派单")
    cast.clerk.reads("已收回，可以重新派单。")
    assert cast.steps(order) == ["place", "dispatch", "claim", "unclaim", "recall"]


def test_a_leader_says_when_with_the_button_in_reach_of_the_thumb(cast: Cast):
    order = cast.given(claimed)
    leader = cast.leader
    leader.open_order(order, "可接单")
    confirm = leader.page.get_by_role("button", name="能接，请系统请人", exact=True)
    if cast.screen == PHONE:
        expect(confirm).to_be_in_viewport()  # before anything is scrolled
    form = leader.page.locator("form").filter(has=confirm)
    expect(form.get_by_label("开始")).to_be_hidden()
    leader.choose(FIRST_TIME, form)
    confirm.click()
    leader.reads("请人进展")
    assert cast.ask_order(order, lambda row: row.held_team_id) == cast.city.team.team_id


def test_a_leader_who_names_the_crew_does_so_with_the_button_in_reach_of_the_thumb(cast: Cast):
    """Where the office has it that leaders name their people, that is the step that stands open."""
    order = cast.given(claimed)
    cast.office.open("/office/matching")
    cast.office.page.locator("label").filter(has_text="队长答应后，系统逐个请人").click()
    cast.office.page.get_by_role("button", name="保存", exact=True).first.click()
    leader = cast.leader
    leader.open_order(order, "可接单")
    confirm = leader.page.get_by_role("button", name="确认接单", exact=True)
    if cast.screen == PHONE:
        expect(confirm).to_be_in_viewport()
    form = leader.page.locator("form").filter(has=confirm)
    expect(form.get_by_label("开始")).to_be_hidden()
    expect(form.locator("output")).to_have_text("还没选人")
    leader.choose(FIRST_TIME, form)
    leader.tick(cast.crew[0], form)
    expect(form.locator("output")).to_have_text("已选 1 人")
    if cast.screen == PHONE:
        expect(confirm).to_be_in_viewport()
    confirm.click()
    leader.reads("已接单，请按时到场。")
    leader.page.get_by_text("为什么不能…？").click()
    expect(leader.page.get_by_text(re.compile("服务开始后才能办结，开始时间是"))).to_be_visible()
    assert cast.status(order) == "accepted"
