"""The session ends in the middle of a form: after signing in again everything is still there."""

from tests.factories import PASSWORD, claimed
from tests.journeys.cast import Cast
from tests.journeys.people import PlacedOrder, Wish
from tests.journeys.stories import FIRST_TIME

WISH = Wish(venue="东街社区二楼，上楼左转第二间", name="马奶奶", phone="199 0000 5566", headcount=41)


def test_an_order_on_behalf_survives_the_end_of_the_session(cast: Cast):
    clerk = cast.clerk
    clerk.fill_on_behalf(WISH)
    clerk.page.context.clear_cookies()
    clerk.press("提交点单")

    clerk.sign_in_again(cast.username_of(cast.city.community), PASSWORD)

    order = clerk.read_number()
    assert cast.numbers() == [order.number]
    assert cast.ask_order(order, lambda row: (row.venue, row.contact_name, row.contact_phone, row.headcount)) == (
        WISH.venue,
        WISH.name,
        "19900005566",
        WISH.headcount,
    )
    assert cast.ask_order(order, lambda row: len(row.contact_phone_tail)) == 4
    clerk.reads("11月27日（周五）09:00–11:30", "11月29日（周日）14:30–17:30")


def test_a_team_accepts_although_its_session_has_ended(cast: Cast):
    order = cast.given(claimed)
    leader = cast.leader
    leader.fill_accept(order, FIRST_TIME, cast.crew[1:3])
    leader.fill("备注", "带血压计两台。")
    leader.page.context.clear_cookies()
    leader._confirm("接单")

    leader.sign_in_again(cast.username_of(cast.city.team), PASSWORD)

    leader.reads("已接单，请按时到场。", "带血压计两台。", *cast.crew[1:3])
    assert cast.steps(order) == ["place", "dispatch", "claim", "accept"]


def test_a_resident_without_account_only_confirms_once_more(cast: Cast):
    resident = cast.resident
    resident.fill_order(WISH)
    resident.page.context.clear_cookies()
    resident.press("提交点单")

    resident.reads("您填的内容都在")
    resident.press("重新提交")
    order = resident.read_number()
    assert isinstance(order, PlacedOrder)
    assert cast.ask_order(order, lambda row: row.venue) == WISH.venue
