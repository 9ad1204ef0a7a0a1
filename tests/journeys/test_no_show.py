"""未到场: nobody came; the resident says so, another team steps in."""

from tests.factories import accepted
from tests.journeys.cast import Cast
from tests.journeys.people import Verdict
from tests.journeys.stories import (
    AFTER_SECOND_TIME,
    AFTERWARDS,
    SECOND_TIME,
)


def test_after_a_no_show_another_team_serves_and_the_clerk_calls_back(cast: Cast):
    order = cast.given(accepted)
    cast.resident.follow(order)
    cast.resident.does_not_read("说说情况")
    cast.resident.reads("才能报未到场")

    cast.move_to(AFTERWARDS)
    cast.resident.report_no_show(order, "三十个人等了一个小时，没有人来，也没有电话。")
    cast.resident.reads("待接单", "报告服务队未到场")

    cast.leader.has_news("未到场")
    cast.office.has_news("未到场")
    cast.clerk.open_order(order, "办理中")
    cast.clerk.reads("三十个人等了一个小时，没有人来，也没有电话。")

    cast.other_leader.open_order(order, "可接单")
    cast.other_leader.accept(order, SECOND_TIME, cast.other_crew[:1])

    cast.move_to(AFTER_SECOND_TIME)
    cast.other_leader.close(order)
    cast.resident.rate(order, Verdict(stars=2, text="终于来了，但是晚了三天。"))
    cast.clerk.call_back(order, "已向居民道歉，服务本身满意。")
    assert cast.steps(order) == ["place", "dispatch", "claim", "accept", "no_show", "accept", "close", "rate"]
