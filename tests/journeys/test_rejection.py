"""不予受理: the resident learns why, and what to do instead."""

from tests.journeys.cast import Cast
from tests.journeys.people import Wish


def test_a_rejected_resident_reads_why_and_whom_to_ask(cast: Cast):
    wish = Wish(phone="199 0000 4321")
    order = cast.resident.place_order(wish)

    cast.clerk.reject(order, "不属于科普服务范围", "楼道漏水请拨打 12345，物业会上门。")
    cast.clerk.does_not_have(order, "待派单")

    cast.resident.track(order, wish.phone_tail)
    cast.resident.reads("不予受理", "楼道漏水请拨打 12345，物业会上门。", "这次不能受理")
    assert cast.steps(order) == ["place", "reject"]
    assert cast.status(order) == "rejected"
