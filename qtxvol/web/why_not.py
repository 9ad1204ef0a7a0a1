"""Why an action can't be taken just now: where the order is, who holds it, and when or by whom it becomes possible.

The reason itself comes from the lifecycle table; here it only gets its words.
"""

from collections.abc import Callable
from dataclasses import dataclass

from qtxvol.orders.lifecycle import ENDED, REOPEN_WITHIN, RETURNS_BEFORE_RULING, Action, OrderFacts, Status
from qtxvol.refusals import Refused
from qtxvol.web.display import day_time, time_span
from qtxvol.web.i18n import _, ngettext
from qtxvol.web.wording import refusal_sentence


@dataclass(frozen=True, slots=True)
class Standing:
    """An order as the sentences need it: the guards' facts, and names in the page's language.

    :ivar joined: the number, as it is spoken, of the order that it was merged into.
    """

    facts: OrderFacts
    department: str = ""
    team: str = ""
    joined: str = ""


def why_not(code: str, action: Action, standing: Standing) -> str:
    """One sentence or two, never empty.

    :param code: what the lifecycle table or the permissions object.
    """
    if code == "wrong_status":
        return _wrong_status(action, standing)
    if code == "moved_on":
        return _together(_("这张单现在不归您这里办。"), where_it_is(standing))
    sentence = _GUARDS.get(code)
    return sentence(action, standing) if sentence else refusal_sentence(Refused(code))


def where_it_is(standing: Standing) -> str:
    """Where the order is and who holds it."""
    agreed = time_span(standing.facts.agreed_start, standing.facts.agreed_end)
    department, team = standing.department or _("承办单位"), standing.team or _("一支服务队")
    match standing.facts.status:
        case Status.PLACED:
            return _("单在社区，还没有派给部门。")
        case Status.DISPATCHED:
            return _("已派给%(department)s，等它领单。", department=department)
        case Status.CLAIMED:
            return _("已由%(department)s领单，正在找服务队。", department=department)
        case Status.ACCEPTED:
            return _("已由%(team)s接单，约定 %(agreed)s 服务。", team=team, agreed=agreed)
        case Status.CLOSED:
            return _("服务已经办结。")
        case Status.REJECTED:
            return _("这张单已不予受理；要办理，社区可以在 15 天以内恢复受理。")
        case Status.MERGED:
            return _("这张单已并入 %(number)s，一起办理。要单独办理，社区可以先撤销并单。", number=standing.joined)
        case Status.CANCELLED:
            return _("这张单已撤单，不再办理；需要时请重新点单。")
        case Status.UNREACHABLE:
            return _("多次联系不上居民，这张单先停在这里；居民回电后，社区可以重新受理。")
    return _("纲要办已说明这张单未能满足，不再办理；需要时请重新点单。")


def _wrong_status(action: Action, standing: Standing) -> str:
    """Of an order that has ended there is only one thing to say."""
    where = where_it_is(standing)
    if standing.facts.status in ENDED and not (action is Action.RATE and standing.facts.status is Status.MERGED):
        return where
    return _together(where, _WHEN[action]())


def _together(first: str, second: str) -> str:
    return _("%(first)s%(second)s", first=first, second=second)


#: When an action is possible, and what to do instead.
_WHEN: dict[Action, Callable[[], str]] = {
    Action.PLACE: lambda: _("要再点一单，请打开点单页。"),
    Action.DISPATCH: lambda: _("单回到社区才能再派：没领单时社区可以收回，领单后要由部门退领。"),
    Action.CLAIM: lambda: _("社区派来以后、还没领单时才能领。"),
    Action.OFFER: lambda: _("领单以后、服务队接单以前能推单。"),
    Action.ACCEPT: lambda: _("部门领单以后、还没有队接单时才能接。"),
    Action.CLOSE: lambda: _("接单以后，服务开始了才能办结。"),
    Action.RATE: lambda: _("服务办结以后才能评单。"),
    Action.ASK: lambda: _("只有还在办理的单能询问居民。"),
    Action.ANSWER: lambda: _("只有还在办理的单有问题要答复。"),
    Action.REJECT: lambda: _("只有还没派出去的单能不予受理；派出去还没领的，可以先收回派单。"),
    Action.MERGE: lambda: _("只有还没派出去的单能并单；派出去还没领的，可以先收回派单。"),
    Action.RETURN: lambda: _("领单以前才能退单；领单以后请用“退领”。"),
    Action.RULE: lambda: _("纲要办只裁定还没有部门领的单。"),
    Action.RELEASE: lambda: _("领单以后、服务队接单以前能退领；服务队已接单的，要先由它撤回接单。"),
    Action.RESCHEDULE: lambda: _("接单以后、服务开始以前能改期。"),
    Action.WITHDRAW: lambda: _("接单以后、服务开始以前能撤回接单。"),
    Action.NO_SHOW: lambda: _("有服务队接单，约定时间到了还没人来，才能报未到场。"),
    Action.REOPEN: lambda: _("办结以后 15 天以内才能重办。"),
    Action.CANCEL: lambda: _("服务开始以前才能撤单。"),
    Action.GIVE_UP: lambda: _("只有还在办理的单能说明未能满足。"),
    Action.RECALL: lambda: _("部门领单以前才能收回；领单以后只有部门能撤销领单或退领。"),
    Action.UNCLAIM: lambda: _("领单后 30 分钟以内、还没人接着办时才能撤销；之后请用“退领”。"),
    Action.RESTORE: lambda: _("只有不予受理的单能恢复受理。"),
    Action.SPLIT: lambda: _("只有已并单的单能撤销并单。"),
    Action.CREW: lambda: _("接单以后、服务开始以前能换人。"),
    Action.REROUTE: lambda: _("领单超时的单由系统转派。"),
    Action.TURN_BACK: lambda: _("系统转派以后、还没人接着办时才能撤销。"),
    Action.LAPSE: lambda: _("接了单没有办的由系统收回。"),
    Action.REINSTATE: lambda: _("系统收回以后、还没人接着办时才能恢复。"),
    Action.END_UNREACHABLE: lambda: _("只有还在办理的单能因联系不上结束。"),
    Action.RESUME: lambda: _("只有因联系不上结束的单能重新受理。"),
    Action.PUSH: lambda: _("应急期间部门自己发起的单才能送单。"),
    Action.HOLD: lambda: _("部门领单以后、还没有队接单时才能答应、请人。"),
    Action.LET_GO: lambda: _("有队答应、正在请人时才用得着。"),
    Action.JOIN: lambda: _("服务队接单以前、居民自己同意才能并场。"),
}


def _not_started(action: Action, standing: Standing) -> str:
    start = day_time(standing.facts.agreed_start)
    if action is Action.NO_SHOW:
        return _("约定的时间到了还没人来，才能报未到场；约定 %(start)s 开始。", start=start)
    return _("服务开始后才能办结，开始时间是 %(start)s。", start=start)


def _has_started(action: Action, standing: Standing) -> str:
    start = day_time(standing.facts.agreed_start)
    if action is Action.CANCEL:
        return _("服务在 %(start)s 已经开始，不能再撤单；没有人来的，请报“未到场”。", start=start)
    if action is Action.END_UNREACHABLE:
        return _(
            "服务在 %(start)s 已经开始，不能再按“联系不上”结束；来过的请服务队办结，没有来的请报“未到场”。", start=start
        )
    return _("服务在 %(start)s 已经开始，不能再改期或撤回；服务后请办结。", start=start)


def _needs_no_ruling(action: Action, standing: Standing) -> str:
    facts = standing.facts
    return ngettext(
        "还没到裁定的时候：退回过 %(num)d 次，满 %(most)s 次或 %(due)s 还没办才能裁定。",
        "还没到裁定的时候：退回过 %(num)d 次，满 %(most)s 次或 %(due)s 还没办才能裁定。",
        facts.returns_count,
        most=RETURNS_BEFORE_RULING,
        due=day_time(facts.due_at),
    )


def _too_late(action: Action, standing: Standing) -> str:
    closed = standing.facts.closed_at
    last = day_time(closed + REOPEN_WITHIN) if closed else ""
    return _("办结后 15 天以内才能重办，已在 %(last)s 截止。", last=last)


#: Guards whose sentence needs the order's own times and numbers; the others read as when the step is refused.
_GUARDS: dict[str, Callable[[Action, Standing], str]] = {
    "not_started": _not_started,
    "has_started": _has_started,
    "needs_no_ruling": _needs_no_ruling,
    "too_late": _too_late,
    "question_open": lambda action, standing: _(
        "%(since)s 问过居民，还在等答复；居民答复以后，或者单往下走了，才能再问。",
        since=day_time(standing.facts.clock_stopped_at),
    ),
    "handed_elsewhere": lambda action, standing: _(
        "%(department)s已把这张单交给另一支服务队；它不接，部门会再推单。",
        department=standing.department or _("承办单位"),
    ),
}
