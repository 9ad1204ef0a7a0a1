"""One tap from a message on a phone: a volunteer, and a resident, who have signed in nowhere."""

from playwright.sync_api import Page, expect

from qtxvol.notices.answers import answer_path
from qtxvol.notices.queue import To
from qtxvol.orders.lifecycle import Party
from tests.factories import NOW, accepted
from tests.journeys.cast import Cast
from tests.journeys.people import PlacedOrder


def link_in_the_message(cast: Cast, order: PlacedOrder, purpose: str, party: Party, who: int | str = "") -> str:
    order_id = cast.ask_order(order, lambda row: row.id)
    with cast.site.app.app_context():
        return answer_path(purpose, order_id=order_id, reader=To(party, str(who), order_id), now=NOW)


def opened(cast: Cast, path: str) -> Page:
    page = cast.new_page()
    page.goto(path)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing sticks out at the side"
    return page


def test_a_volunteer_cannot_come_and_the_leader_names_another(cast: Cast):
    order = cast.given(accepted)
    page = opened(cast, link_in_the_message(cast, order, "come", Party.VOLUNTEER, cast.city.crew[0]))
    page.get_by_text("来不了", exact=True).click()
    page.get_by_label("身体不适").check(force=True)
    page.get_by_role("button", name="告诉队长来不了").click()
    expect(page.get_by_text("您已回复：来不了（身体不适）。")).to_be_visible()

    cast.leader.has_news("有人来不了")
    cast.leader.open_order(order, "我队待服务")
    cast.leader.reads("来不了", "身体不适")


def test_a_resident_confirms_the_time(cast: Cast):
    order = cast.given(accepted)
    path = link_in_the_message(cast, order, "confirm_time", Party.RESIDENT)
    page = opened(cast, path)
    page.get_by_role("button", name="这个时间可以").click()
    expect(page.get_by_text("您已回复：这个时间可以。谢谢！")).to_be_visible()
    cast.leader.open_order(order, "我队待服务")
    cast.leader.reads("居民已确认时间")
