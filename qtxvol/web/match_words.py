"""What matching says, in the page's language: why a team stands where it stands, why another isn't there, how soon a
department usually claims. The Chinese sentences of the core (`matching.words`) are for those who read it alone."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from qtxvol.base import AnyRow
from qtxvol.matching.score import Reason
from qtxvol.offers.caps import PASSED
from qtxvol.offers.suggest import OVERRIDE_WHY, DepartmentSuggestion, TeamSuggestion
from qtxvol.volunteers.models import Team
from qtxvol.volunteers.pausing import find_pause
from qtxvol.web.calendar import day_name
from qtxvol.web.display import pick, say, time_span
from qtxvol.web.i18n import _, _l, ngettext

#: Nearer than this is next door: towns are only as exact as their middle.
_NEXT_DOOR_KM = 0.05
#: A count that has faded below this is none.
_NONE = 0.5
#: From these chances of a yes with a whole crew on it is called likely, open, doubtful.
_LIKELY, _OPEN, _DOUBTFUL = 0.6, 0.4, 0.2
#: Per cent of the weekly limit, in services of late, from which on a team is called rather busy, and very busy.
_BUSY, _VERY_BUSY = 30, 80
#: So many asks of late are ordinary.
_USUAL_ASKS = 2.5


def percent(chance: float) -> str:
    """To the next five: a chance is no measurement."""
    return f"{5 * round(20 * chance)}%"


def chance_in_words(chance: float) -> str:
    """How likely a yes with a whole crew is, in four steps: nobody decides by five per cent more or less."""
    if chance >= _LIKELY:
        return _("多半能成")
    if chance >= _OPEN:
        return _("有一半把握")
    return _("不一定能成") if chance >= _DOUBTFUL else _("希望不大")


def _crew(facts: Mapping[str, float]) -> str:
    """The term only takes points away, so it is called a risk; then how many there are."""
    words = _crew_risk(facts)
    lead = ngettext("能主讲的 %(num)d 人", "能主讲的 %(num)d 人", round(facts["leads"]))
    if "free" not in facts:
        return words
    return _("%(risk)s：%(hands)s，其中%(lead)s", risk=words, hands=_hands(facts), lead=lead)


def _crew_of_anybody(facts: Mapping[str, float]) -> str:
    """The same where no skill is asked for: nobody is called able to lead."""
    return _("%(risk)s：%(hands)s", risk=_crew_risk(facts), hands=_hands(facts))


def _crew_risk(facts: Mapping[str, float]) -> str:
    risk = 1 - facts["percent"] / 100
    return _("凑不齐人手的风险约 %(percent)s", percent=percent(risk)) if risk >= _LEAST_RISK else _("人手多半凑得齐")


#: Below, a percentage to the next five would be nought.
_LEAST_RISK = 0.025


def _hands(facts: Mapping[str, float]) -> str:
    """How many have time, and how many are needed."""
    free = ngettext("%(num)d 人有空", "%(num)d 人有空", round(facts["free"]))
    needed = ngettext("要 %(num)d 人", "要 %(num)d 人", round(facts["people"]))
    return _("%(free)s，%(needed)s", free=free, needed=needed)


def _distance(facts: Mapping[str, float]) -> str:
    if facts["km"] < _NEXT_DOOR_KM:
        return _("就在本镇（街道）")
    return _("离得约 %(km)s 公里", km=round(facts["km"]) or 1)


def _load(facts: Mapping[str, float]) -> str:
    """What it did of late, which is what costs points; before it its promises of the week in which it would serve."""
    if facts["percent"] < 1:
        recent = _("近来没有任务")
    else:
        recent = _("近 7 天任务约占每周上限的 %(percent)s%%", percent=round(facts["percent"]))
    week = _week(facts)
    return _("%(first)s；%(second)s", first=week, second=recent) if week else recent


def _week(facts: Mapping[str, float]) -> str:
    """Promises of the week in which it would serve; empty where there is nothing to tell."""
    if "held" not in facts or (facts["held"] < 1 and facts["percent"] < _BUSY):
        return ""
    held, limit = round(facts["held"]), round(facts["limit"])
    if not held:
        return _("那一周还没有任务，最多 %(limit)s 场", limit=limit)
    return _("那一周已有 %(held)s 场，最多 %(limit)s 场", held=held, limit=limit)


def _asks(facts: Mapping[str, float]) -> str:
    if facts["times"] < _NONE:
        return _("近来没有请过它")
    return ngettext("近 7 天请过约 %(num)d 次", "近 7 天请过约 %(num)d 次", round(facts["times"]))


#: A sentence for each term of the score (a test says that none is missing).
REASONS: Mapping[str, Callable[[Mapping[str, float]], str]] = {
    "captain": lambda facts: _("队长答应的可能约 %(percent)s", percent=percent(facts["percent"] / 100)),
    "crew": _crew,
    "crew_of_anybody": _crew_of_anybody,
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
    "holds": (_l("这支队已答应，正在请人。"), ""),
    "held_elsewhere": (_l("已有别的队答应，正在请人。"), _l("它没有成，或者您点“不等这支队了”，才能请别的队。")),
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

#: Why a team can't at one time, as its leader reads it: codes of `matching.candidates.check_slot`.
_OWN_OBSTACLES: Mapping[str, Any] = {
    "too_late": _l("已经来不及准备"),
    "slot_full": _l("队里这个时间已经排满"),
    "week_full": _l("队里那一周的任务已到上限"),
    "no_lead": _l("没有能主讲又有空的队员"),
    "too_few": _l("有空的队员不够"),
    "left_alone": _l("队员有空，但这周已请够次数，或者不想收到邀请"),
}


def reason_in_words(reason: Reason) -> str:
    """One term of the score."""
    return REASONS[reason.code](reason.facts)


def obstacle_in_words(code: str) -> tuple[str, str]:
    """Why a team isn't on the list, and what can be done about it (may be empty)."""
    why, then = OBSTACLES.get(code, (_l("现在不能请它。"), ""))
    return str(why), str(then)


def team_obstacle(code: str, team: Team, now: datetime) -> tuple[str, str]:
    """The same of a team at hand: whose leader pauses, until when."""
    until = find_pause(team, now) if code == "muted" else None
    why, then = obstacle_in_words(code)
    return (_("队长暂停接普通的请求，到%(day)s（含）。", day=day_name(until)) if until else why), then


def named_with_pause(team: AnyRow, now: datetime) -> str:
    """A row of `list_active_teams`: the name, and until when its leader takes no ordinary questions."""
    until = find_pause(team, now)
    if until is None:
        return str(team.name)
    return _("%(team)s（暂停到%(day)s）", team=team.name, day=day_name(until))


def own_obstacle(code: str) -> str:
    """The same for the leader, of a time."""
    return str(_OWN_OBSTACLES.get(code) or obstacle_in_words(code)[0])


def override_in_words(code: str) -> str:
    """A code of `OVERRIDE_WHY` or `PASSED`; anything else as it stands."""
    why = OVERRIDE_WHY.get(code) or PASSED.get(code)
    return say(why) if why is not None else code


def _short_load(facts: Mapping[str, float]) -> str:
    recent = _("近来不忙") if facts["percent"] < _BUSY else _("近来较忙")
    if facts["percent"] >= _VERY_BUSY:
        recent = _("近来很忙")
    return _("；").join(filter(None, (recent, _week(facts))))


#: What a short list says of a team, in its order. What is ordinary is left out: a team of the department itself, that
#: was not asked much of late. All terms with their points stand on a page of their own.
SHORT: Mapping[str, Callable[[Mapping[str, float]], str]] = {
    "expert": REASONS["expert"],
    "crew": lambda facts: _hands(facts) if "free" in facts else "",
    "crew_of_anybody": _hands,
    "distance": REASONS["distance"],
    "distance_unknown": lambda facts: _("地图上没有位置"),
    "load": _short_load,
    "asks": lambda facts: _asks(facts) if facts["times"] > _USUAL_ASKS else "",
    "responsible_department": REASONS["responsible_department"],
    "any_department": REASONS["any_department"],
}


def team_lead(team: TeamSuggestion) -> str:
    """The bold line of a team on the short list: when, and how likely it comes about."""
    chance = chance_in_words(team.chance)
    if team.window is None:
        return chance
    return _("%(when)s · %(chance)s", when=time_span(team.window.starts_at, team.window.ends_at), chance=chance)


def team_note(team: TeamSuggestion) -> str:
    """The line below it: what speaks for the team or against it, as far as it is out of the ordinary."""
    known = {reason.code: reason.facts for reason in team.reasons}
    said = [_("已答应过，在候补")] if team.is_standby else []
    said += [write(known[code]) for code, write in SHORT.items() if code in known]
    return _("；").join(filter(None, said))


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
