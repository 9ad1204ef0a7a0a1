"""Three model cases for the demo city, about the orders with the best evidence. The words are invented."""

from datetime import datetime

from qtxvol.accounts.actor import Actor
from qtxvol.base import CITY_TIME
from qtxvol.reports.cases import list_candidates, write_case

_WORDS = (
    (
        "把课开到居民楼下",
        "居民在手机上点了单，社区当天派给部门，服务队按约定的时间到场。讲的人少念稿子、多举身边的例子，听的人随时提问。\n"
        "结束以后，点单人评了高分，社区又为没听上的居民约了下一场。",
    ),
    (
        "听得懂、用得上",
        "点单时写明了来的多是老人，服务队就放慢语速，带了样品让大家上手试。有人听完就把方法教给了邻居。\n"
        "从点单到办结，每一步都有记录，服务时长由签到签退得出。",
    ),
    (
        "一张单牵起三方",
        "社区提供场地和组织，部门选派合适的队伍，志愿者带来内容。三方在同一张单上看到同样的信息，没有多打一个电话。",
    ),
)


def make_cases(office: Actor, now: datetime) -> int:
    """Write them about this year's best orders, as the office would; how many."""
    found = list_candidates(now.astimezone(CITY_TIME).year, 1).rows
    for row, (title, story) in zip(found, _WORDS, strict=False):
        write_case(office, row.order_id, title=title, story=story, version=None, now=now)
    return min(len(found), len(_WORDS))
