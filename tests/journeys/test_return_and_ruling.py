"""退单 twice, then 裁定: two departments say that it is not theirs, the office says whose it is."""

from tests.factories import dispatched
from tests.journeys.cast import Cast


def test_an_order_returned_by_two_departments_is_ruled_and_the_ruling_binds(cast: Cast):
    order = cast.given(dispatched)

    cast.liaison.return_order(order, "不属于本部门业务", "讲的是校园餐，归教育。", suggests="市教育局")
    cast.office.does_not_have(order, "待裁定")

    row = cast.clerk.find(order, "待派单")
    assert "退回 1 次" in row.inner_text()
    cast.clerk.open_order(order, "待派单")
    cast.clerk.reads("退单", "讲的是校园餐，归教育。")
    cast.clerk.dispatch_to(order, "市教育局")

    cast.other_liaison.return_order(order, "近期没有力量承办", "本月安排不开。")

    cast.office.rule(order, "市卫生健康局", "膳食指导是卫健的职责。")
    cast.liaison.cannot_return(order)
    cast.liaison.reads("膳食指导是卫健的职责。")
    cast.office.does_not_have(order, "待裁定")
    cast.liaison.claim(order)

    cast.resident.follow(order)
    cast.resident.reads("裁定由市卫生健康局承办", "正在找志愿服务队")
    cast.resident.does_not_read("膳食指导是卫健的职责。", "本月安排不开。")
    assert cast.steps(order) == ["place", "dispatch", "return", "dispatch", "return", "rule", "claim"]
