"""What plans say: of themselves, and why a line doesn't hold. Why an order stays unserved: `nobody_words`."""

from collections.abc import Mapping
from typing import Any

from qtxvol.web.i18n import _l
from qtxvol.web.match_words import obstacle_in_words

#: States of a plan, with the tone of their badge.
STATES: Mapping[str, tuple[Any, str]] = {
    "waiting": (_l("排队等算"), "wait"),
    "solving": (_l("正在算"), "busy"),
    "ready": (_l("算好了"), "good"),
    "cancelled": (_l("已取消"), "ended"),
    "failed": (_l("没有算成"), "bad"),
}

#: Why a plan failed, and what to do.
FAULTS: Mapping[str, Any] = {
    "broken": _l("计算时出了错，已记在系统日志里。请再试一次；还是不行，请联系管理员。"),
    "gave_up": _l("算了几次都中断了，不再重试。请联系管理员查看后台进程，或者单少的时候再排。"),
    "nobody_solved": _l("等了半天没有后台进程来算。请管理员查看后台进程是否在运行，然后重新排班。"),
}

#: How confirming all lines of a plan has ended.
RUN_ENDINGS: Mapping[str, Any] = {
    "done": _l("%(who)s要求的全部确认，%(when)s 办完了。"),
    "stopped": _l("%(who)s要求的全部确认，%(when)s 停下来了。"),
    "no_seat": _l("%(who)s要求的全部确认没有接着办：这个账号已不在这里工作。请再确认一次。"),
    "nobody": _l("%(who)s要求的全部确认，等了一小时没有后台进程来办，已取消。请管理员查看后台进程，再确认一次。"),
}

#: What a plan's lines are called by their state.
LINE_STATES: Mapping[str, Any] = {
    "proposed": _l("待您确认"),
    "unserved": _l("没排上"),
    "confirmed": _l("已确认"),
    "refused": _l("已失效"),
    "skipped": _l("先不办"),
}

#: Why a line can't be confirmed any more: codes of `matching.words.STALE`, and two that may pass.
STALE: Mapping[str, Any] = {
    "team_gone": _l("队伍已停用"),
    "time_gone": _l("居民已改了时间"),
    "crew_gone": _l("排好的人手已另有安排"),
    "order_gone": _l("这张单已经办到别的步骤"),
    "is_held": _l("已有队伍答应，正在请人"),
    "question_open": _l("正在等居民答复，答复以后再排"),
    "asked_already": _l("已经问过这支队，正在等答复"),
    "declined": _l("这支队已答复接不了"),
    "quiet_hours": _l("现在是休息时间，不打扰队长；请早上再确认"),
    "not_tried": _l("系统正忙，没有办成，请过一会儿再确认"),
}


def stale_in_words(code: str) -> str:
    """Why a line was refused, without a full stop."""
    words = str(STALE[code]) if code in STALE else obstacle_in_words(code)[0]
    return words.rstrip("。.")
