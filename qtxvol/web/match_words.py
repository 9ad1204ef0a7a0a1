"""What matching says, in the page's language: why a team stands where it stands, why another isn't there, how soon a
department usually claims. The Chinese sentences of the core (`matching.words`) are for those who read it alone."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from qtxvol.matching.score import Reason
from qtxvol.offers.suggest import DepartmentSuggestion, TeamSuggestion
from qtxvol.web.display import pick, time_span
from qtxvol.web.i18n import _, _l, ngettext

#: Nearer than this is next door: towns are only as exact as their middle.
_NEXT_DOOR_KM = 0.05
#: A count that has faded below this is none.
_NONE = 0.5


def percent(chance: float) -> str:
    """To the next five: a chance is no measurement."""
    return f"{5 * round(20 * chance)}%"


def _crew(facts: Mapping[str, float]) -> str:
    leads, times = round(facts["leads"]), facts["times"]
    who = ngettext("能主讲的 %(num)d 人", "能主讲的 %(num)d 人", leads)
    return _(
        "%(who)s有空，人手是所需的 %(times)s 倍，凑齐的可能约 %(percent)s",
        who=who,
        times=f"{times:.1f}".removesuffix(".0"),
        percent=percent(facts["percent"] / 100),
    )


def _distance(facts: Mapping[str, float]) -> str:
    if facts["km"] < _NEXT_DOOR_KM:
        return _("就在本镇（街道）")
    return _("离得约 %(km)s 公里", km=round(facts["km"]) or 1)


def _load(facts: Mapping[str, float]) -> str:
    if facts["percent"] < 1:
        return _("近来没有任务")
    return _("近 7 天任务约占每周上限的 %(percent)s%%", percent=round(facts["percent"]))


def _asks(facts: Mapping[str, float]) -> str:
    if facts["times"] < _NONE:
        return _("近来没有请过它")
    return ngettext("近 7 天请过约 %(num)d 次", "近 7 天请过约 %(num)d 次", round(facts["times"]))


#: A sentence for each term of the score (a test says that none is missing).
REASONS: Mapping[str, Callable[[Mapping[str, float]], str]] = {
    "captain": lambda facts: _("队长答应的可能约 %(percent)s", percent=percent(facts["percent"] / 100)),
    "crew": _crew,
    "distance": _distance,
    "distance_unknown": lambda facts: _("地图上没有位置，按 %(km)s 公里算", km=round(facts["km"])),
    "load": _load,
    "asks": _asks,
    "expert": lambda facts: _("应急专家名单上的队"),
    "lead_department": lambda facts: _("承办部门的队"),
    "responsible_department": lambda facts: _("责任部门的队"),
    "any_department": lambda facts: _("其他部门的队"),
}

#: Why a team is not on the list, and what can be done: codes of `matching.words.OBSTACLES` and of `offers.suggest`.
OBSTACLES: Mapping[str, tuple[Any, Any]] = {
    # what the order and the questions about it say
    "out_of_use": (_l("这支队已停用。"), _l("要恢复，请在队伍资料里改。")),
    "is_serving": (_l("这张单就在这支队手上。"), ""),
    "taken": (_l("已有别的队接单。"), _l("那支队撤回以后，才能请别的队。")),
    "holds": (_l("这支队已应单，正在请人。"), ""),
    "held_elsewhere": (_l("已有别的队应单，正在请人。"), _l("它放手以后，才能请别的队。")),
    "handed_elsewhere": (_l("这张单已指定别的队承接。"), _l("再推一次单，就可以请别的队。")),
    "asked": (_l("已经请过这支队，还在等它答复。"), _l("可以打电话问队长。")),
    "asked_silent": (_l("已经请过这支队，一直没有答复。"), _l("可以打电话问队长，或者在“另请一支队”里再请一次。")),
    "declined": (_l("这支队已答复接不了。"), _l("换了时间的，可以在“另请一支队”里再请一次。")),
    "found_no_people": (_l("这支队答应过，但没有凑齐人手。"), _l("可以打电话问队长还缺几个人。")),
    "had_it": (_l("这张单在这支队手上办过，又退出来了。"), _l("仍要请它的，用“另请一支队”。")),
    # what the core says
    "no_skill": (_l("队里没有能主讲这个项目的人。"), _l("有人具备技能或证件的，请队里登记上。")),
    "other_department": (_l("它不属于承办部门，也不属于菜单和规划写明的部门。"), _l("仍可以用“另请一支队”。")),
    "farther": (_l("附近已有足够多的队，它离得远。"), _l("仍可以用“另请一支队”。")),
    "out_of_area": (_l("服务地点不在它的服务范围。"), _l("范围变了的，请在队伍资料里改。")),
    "muted": (_l("队长暂时不接普通的请求。"), _l("急事请打电话问队长。")),
    "asked_enough": (_l("这支队本周已经被请得够多了。"), _l("下周一再请，或者打电话问队长。")),
    "no_slots": (_l("这张单没有写希望的时间。"), _l("请问问居民什么时候方便。")),
    "too_late": (_l("希望的时间已过，或者来不及准备。"), _l("请问问居民还有什么时间方便。")),
    "slot_full": (_l("它在希望的时间已经排满。"), _l("换个时间就有可能。")),
    "week_full": (_l("它那一周的任务已到上限。"), _l("换一周就有可能；上限可以由队里改。")),
    "no_lead": (_l("希望的时间里，它没有能主讲又有空的人。"), _l("换个时间就有可能。")),
    "too_few": (_l("希望的时间里，它有空的人不够。"), _l("换个时间，或者打开借人。")),
}  # fmt: skip

#: Why somebody chose another department than the first: codes that may stand in the record, where words may not.
OVERRIDE_WHY: Mapping[str, Any] = {
    "knows": _l("这个部门更熟悉情况"),
    "busy": _l("推荐的部门手上单多"),
    "wanted": _l("居民或部门提出来的"),
    "not_theirs": _l("不归推荐的部门管"),
    "other": _l("其他原因"),
}


def reason_in_words(reason: Reason) -> str:
    """One term of the score."""
    return REASONS[reason.code](reason.facts)


def reasons_in_words(reasons: Iterable[Reason]) -> str:
    return _("；").join(map(reason_in_words, reasons))


def obstacle_in_words(code: str) -> tuple[str, str]:
    """Why a team isn't on the list, and what can be done about it (may be empty)."""
    why, then = OBSTACLES.get(code, (_l("现在不能请它。"), ""))
    return str(why), str(then)


def override_in_words(code: str) -> str:
    """A code of `OVERRIDE_WHY`; anything else as it stands."""
    return str(OVERRIDE_WHY.get(code, code))


def team_note(team: TeamSuggestion) -> str:
    """The second line of a team on the short list: the time to propose, then the reasons."""
    reasons = reasons_in_words(team.reasons)
    if team.is_standby:
        reasons = _("%(first)s；%(second)s", first=_("已答应过，在候补"), second=reasons)
    if team.window is None:
        return reasons
    when = time_span(team.window.starts_at, team.window.ends_at)
    return _("建议 %(when)s。%(reasons)s", when=when, reasons=reasons)


def department_note(each: DepartmentSuggestion) -> str:
    """The second line of a suggested department: what names it, its load, how soon it usually claims."""
    why = pick(each.named.why_zh, each.named.why_en)
    waiting = (
        ngettext("手上待领 %(num)d 张", "手上待领 %(num)d 张", each.waiting) if each.waiting else _("手上没有待领的单")
    )
    parts = [why, waiting, usual_time(each)]
    if each.has_had:
        parts.insert(0, _("退回过这张单"))
    return _("；").join(parts)


def usual_time(each: DepartmentSuggestion) -> str:
    """Half of its claims took no longer."""
    if each.usual_minutes is None:
        return _("近 90 天没有领过单，还不知道多快")
    return _("通常%(span)s领单", span=_span(each.usual_minutes))


def _span(minutes: float) -> str:
    if minutes < 60:
        return ngettext("%(num)d 分钟内", "%(num)d 分钟内", max(1, round(minutes)))
    if minutes < 48 * 60:
        return ngettext("约 %(num)d 小时", "约 %(num)d 小时", round(minutes / 60))
    return ngettext("约 %(num)d 天", "约 %(num)d 天", round(minutes / (24 * 60)))
