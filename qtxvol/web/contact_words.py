"""Words for calls to residents, call-backs and doubles."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

from flask import Flask

from qtxvol.orders.calls import (
    CAUSE_LABELS,
    CONTACT_LABELS,
    OUTCOME_LABELS,
    RESULT_LABELS,
    CallCause,
    CallOutcome,
    CallResult,
    Contact,
    results_of,
)
from qtxvol.orders.likeness import WHY_LABELS, Why
from qtxvol.orders.models import ContactAttempt
from qtxvol.web.display import party_label, say, short_time
from qtxvol.web.i18n import _, ngettext

#: What a clerk reads above the form of a task.
_WHAT_TO_ASK = {
    CallCause.LOW_RATING: lambda: _("居民评分低。请先听清情况，需要重新服务时用“重办”。"),
    CallCause.DID_NOT_TAKE_PLACE: lambda: _("居民说服务没有来。请先听清情况，需要重新服务时用“重办”。"),
    CallCause.NO_SHOW_DISPUTED: lambda: _("居民报告过没有人来，志愿者说自己到了。请问居民：那天到底来没来人。"),
    CallCause.HOURS_DISPUTED: lambda: _("有人对补录的时长提出异议。请问居民：志愿者来了没有，服务了多久。"),
    CallCause.ASKED_AGAIN: lambda: _(
        "这张单因为联系不上停在这里，居民改了联系方式，在等电话。仍然需要服务的，请点“重新受理”。"
    ),
    CallCause.SPOT_CHECK: lambda: _("这张单被随机抽中核实。请打电话问居民：服务来了没有，时间和人数对不对。"),
}

#: Buttons under a number that was shown, one tap each.
TAPS = (CallOutcome.REACHED, CallOutcome.NO_ANSWER, CallOutcome.WRONG_NUMBER, CallOutcome.REFUSED)


@dataclass(frozen=True, slots=True)
class CallLine:
    """A try to reach the resident, as its readers see it."""

    when: str
    who: str
    what: str
    words: str


def call_lines(calls: Sequence[ContactAttempt], *, shows_words: bool) -> list[CallLine]:
    """:param shows_words: what the caller wrote is for offices, not for the resident or teams that look on."""
    return [
        CallLine(
            short_time(each.made_at),
            _who(each),
            _("%(contact)s：%(outcome)s", contact=say(CONTACT_LABELS[Contact(each.contact)]), outcome=outcome(each)),
            each.words if shows_words else "",
        )
        for each in calls
    ]


def outcome(call: ContactAttempt) -> str:
    return say(OUTCOME_LABELS[CallOutcome(call.outcome)])


def tries_left(count: int) -> str:
    """After a try that reached nobody: how many there were, and that the task stays."""
    return ngettext(
        "已记下：打了 %(num)d 次没打通，任务留着。两天里打满三次还打不通，就按“联系不上”结束。",
        "已记下：打了 %(num)d 次没打通，任务留着。两天里打满三次还打不通，就按“联系不上”结束。",
        count,
    )


def _who(call: ContactAttempt) -> str:
    label = party_label(call.party)
    return label if call.actor_name in ("", label) else f"{label} {call.actor_name}"


def init_app(app: Flask) -> None:
    app.jinja_env.filters.update(
        call_outcome=lambda code: say(OUTCOME_LABELS[CallOutcome(code)]),
        call_contact=lambda code: say(CONTACT_LABELS[Contact(code)]),
        call_cause=lambda code: say(CAUSE_LABELS[CallCause(code)]) if code in set(CallCause) else code,
        call_question=lambda code: _WHAT_TO_ASK[CallCause(code)]() if code in set(CallCause) else "",
        call_result=lambda code: say(RESULT_LABELS[CallResult(code)]) if code in set(CallResult) else code,
        double_reason=lambda code: say(WHY_LABELS[Why(code)]),
    )
    app.jinja_env.globals.update(call_taps=TAPS, results_of=results_of, new_key=lambda: uuid4().hex)
