"""What matching says, as sentences of the trade; the pages translate them. Pure."""

from qtxvol.matching.score import Reason

#: One sentence per term of the score; filled in with the reason's facts.
REASONS = {
    "captain": "队长答应的可能约 %(percent).0f%%",
    "crew": "骨干 %(leads)d 名、人手为所需 %(times).1f 倍，凑齐一组的可能约 %(percent).0f%%",
    "crew_of_anybody": "人手为所需 %(times).1f 倍，凑齐一组的可能约 %(percent).0f%%",
    "distance": "距离 %(km).1f 公里",
    "distance_unknown": "地图上没有位置，按 %(km).0f 公里估计",
    "load": "近 7 天任务占每周上限 %(percent).0f%%",
    "asks": "近 7 天被询问 %(times).0f 次",
    "expert": "在应急专家名单上",
    "lead_department": "牵头部门的队伍",
    "responsible_department": "责任部门的队伍",
    "any_department": "其他部门的队伍",
}

#: Why a team is not among the candidates.
OBSTACLES = {
    "no_skill": "队里没有能主讲这个主题的骨干",
    "other_department": "不属于牵头或责任部门",
    "farther": "附近已有足够多的队伍",
    "out_of_area": "不在它的服务范围",
    "muted": "已谢绝普通询问",
    "asked_enough": "本周已经问过够多次",
    "no_slots": "订单没有可选的时间",
    "too_late": "离开始时间太近，来不及准备",
    "slot_full": "该时段的任务已满",
    "week_full": "本周的任务已到上限",
    "no_lead": "该时段没有空闲的骨干",
    "too_few": "该时段空闲的人手不够",
}

#: Why an order stays unserved in a plan.
UNSERVED = {
    "no_time": "所选的时间都过了，或者来不及准备",
    "no_team": "没有会这个主题、又能到那里的队伍",
    "all_declined": "能问的队都问过了",
    "all_quiet": "能服务的队伍都谢绝询问，或本周已问过够多次",
    "no_hands": "能服务的队伍在所选时间都没有空",
    "no_room": "能服务的队伍都排给了更早或更急的单",
    "no_crew": "队伍有空，但凑不齐人手",
}

#: Why a line of a plan can't be confirmed any more; the obstacles of a team apply too.
STALE = {
    "team_gone": "队伍已停用",
    "time_gone": "居民已改了时间",
    "crew_gone": "排好的人手已另有安排",
    "order_gone": "这张单已经办到别的步骤",
    "is_held": "已有队伍答应，正在请人",
    "question_open": "正在等居民答复",
    "asked_already": "已经问过这支队，正在等答复",
    "declined": "这支队已答复接不了",
}


def reason_in_words(reason: Reason) -> str:
    """The Chinese sentence of one term."""
    return REASONS[reason.code] % reason.facts
