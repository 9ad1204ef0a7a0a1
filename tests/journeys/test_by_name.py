"""能接，请系统请人: a leader says when, people are asked by name, a no is replaced, and a full crew makes it 接单."""

import re

from playwright.sync_api import expect
from sqlalchemy import select

from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import CrewAsk
from tests.factories import claimed
from tests.journeys.cast import Cast
from tests.journeys.people import PlacedOrder
from tests.journeys.stories import FIRST_TIME
from tests.journeys.test_answers import link_in_the_message, opened


def asked(cast: Cast, order: PlacedOrder) -> list[int]:
    """Who is asked and has not answered, in the order of the list."""
    order_id = cast.ask_order(order, lambda row: row.id)
    with cast.site.app.app_context():
        waiting = CrewAsk.asked_at.is_not(None), CrewAsk.answer.is_(None), CrewAsk.ending == ""
        found = select(CrewAsk.volunteer_id).where(CrewAsk.order_id == order_id, *waiting)
        return list(db.session.scalars(found.order_by(CrewAsk.position)))


def test_a_leader_says_when_and_the_crew_is_asked_by_name(cast: Cast):
    order = cast.given(claimed)
    leader = cast.leader
    leader.open_order(order, "可接单")
    leader.choose(FIRST_TIME, leader.main)
    leader.press("能接，请系统请人")
    leader.reads("请人进展", "等答复")
    assert cast.status(order) == "claimed"
    cast.resident.follow(order)
    cast.resident.reads("有一支队愿意来，正在安排人，还没有定下来")

    volunteer = cast.volunteer
    volunteer.open("/volunteer/")
    card = volunteer.page.get_by_role("region", name="请您去服务").get_by_role("article")
    card.get_by_role("link", name="去不了").click()
    volunteer.page.locator("summary").filter(has_text="去不了").click()
    volunteer.page.get_by_role("radio", name=re.compile("身体不适")).check(force=True)
    volunteer.page.get_by_role("button", name="告诉队长去不了").click()
    leader.open_order(order, "可接单")
    leader.reads("去不了", "身体不适")

    waiting = asked(cast, order)
    assert waiting
    assert cast.city.crew[0] not in waiting, "somebody who said no is not asked again"
    while waiting and cast.status(order) == "claimed":
        page = opened(cast, link_in_the_message(cast, order, "join", Party.VOLUNTEER, waiting.pop(0)))
        page.get_by_role("button", name="能去", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text("您已回复")

    assert cast.status(order) == "accepted"
    assert asked(cast, order) == [], "who was asked besides is told that it is enough"
    leader.open_order(order, "我队待服务")
    cast.resident.follow(order)
    cast.resident.reads("志愿者会在", FIRST_TIME)
    assert cast.steps(order) == ["place", "dispatch", "claim", "hold", "accept"]
