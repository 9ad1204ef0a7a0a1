"""点单, 派单, 领单, 接单 and 办结, 评单: five people, one order."""

from tests.journeys.cast import Cast
from tests.journeys.people import Wish
from tests.journeys.stories import AFTERWARDS, FIRST_TIME


def test_five_people_bring_an_order_from_wish_to_rating(cast: Cast):
    resident, clerk, liaison, leader, volunteer = (
        cast.resident,
        cast.clerk,
        cast.liaison,
        cast.leader,
        cast.volunteer,
    )

    order = resident.place_order(Wish())
    resident.follow(order)
    resident.reads("待派单", "社区会在", "*******1234")

    clerk.has_news("点单")
    clerk.dispatch(order)
    resident.follow(order)
    resident.reads("待领单", "派单给市卫生健康局")

    liaison.has_news("派单给市卫生健康局")
    liaison.claim(order)
    liaison.offer(order, "市医院测试队")
    liaison.reads("推单给市医院测试队")

    leader.has_news("推单")
    leader.open_order(order, "可接单")
    leader.does_not_read("19900001234")
    leader.accept(order, FIRST_TIME, cast.crew[:1])
    leader.does_not_read("19900001234")
    leader.press("显示号码")
    leader.reads("19900001234")
    volunteer.expects_to_serve(order)
    resident.follow(order)
    resident.reads("待服务", "11月27日（周五）09:00–10:00", "市医院测试队", "谁来服务")
    resident.reads("谁看过您的电话", "联系安排服务")
    resident.does_not_read(cast.crew[0], "19900001234")

    cast.move_to(AFTERWARDS)
    leader.close(order)
    volunteer.has_served(order, minutes=60)

    resident.rate(order)
    resident.reads("评价 5 星", "谢谢您的评价")
    clerk.open_order(order, "已办结")
    clerk.reads("5 星", "居民自评")
    assert cast.steps(order) == ["place", "dispatch", "claim", "offer", "accept", "close", "rate"]
    assert cast.status(order) == "closed"
