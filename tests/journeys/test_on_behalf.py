"""代点单: somebody without a phone of the right kind is served all the same, and asked by telephone."""

from tests.journeys.cast import Cast
from tests.journeys.people import Verdict, Wish
from tests.journeys.stories import AFTERWARDS, FIRST_TIME


def test_an_order_taken_on_the_phone_is_rated_on_the_phone(cast: Cast):
    wish = Wish(name="李大爷", phone="0953 3051234", venue="东街二巷 3 号院")
    order = cast.clerk.order_on_behalf(wish)
    cast.clerk.reads("代点单", "李大爷", "东街二巷 3 号院")

    cast.clerk.dispatch(order)
    cast.liaison.claim(order)
    cast.leader.accept(order, FIRST_TIME, cast.crew[:2])
    cast.move_to(AFTERWARDS)
    cast.leader.close(order)

    cast.clerk.rate_by_phone(order, Verdict(stars=4, came=26, text="电话里说讲得好，想再听一次。"))
    cast.clerk.reads("4 星", "电话回访代评")
    cast.resident.track(order, wish.phone_tail)
    cast.resident.reads("评价 4 星（电话回访代评）")
    assert cast.steps(order) == ["place", "dispatch", "claim", "accept", "close", "rate"]
    assert cast.ask_order(order, lambda row: row.is_on_behalf)


def test_a_department_orders_for_a_school_and_the_community_dispatches(cast: Cast):
    order = cast.other_liaison.order_on_behalf(Wish(phone="199 0000 7788"))
    cast.clerk.dispatch(order)
    assert cast.steps(order) == ["place", "dispatch"]
