"""What an order's page says of the teams that were asked: 询问进展."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from qtxvol.base import AnyRow
from qtxvol.offers.nobody import HELPED_BY_TIMES, NobodyLeft
from qtxvol.offers.other_times import find_open_counter
from qtxvol.offers.pace import is_quiet
from qtxvol.offers.rules import get_settings
from qtxvol.offers.waves import find_nobody, is_nobody_left
from qtxvol.orders.lifecycle import Party, Status
from qtxvol.orders.queries import OrderView
from qtxvol.web.action_form import Context
from qtxvol.web.answers.words import reply_note
from qtxvol.web.display import day_time, short_time, time_span
from qtxvol.web.i18n import _
from qtxvol.web.nobody_words import nobody_sentence, todo_in_words

#: Desks that read who was asked and what they said.
READERS = (Party.COMMUNITY, Party.DEPARTMENT, Party.OFFICE)


@dataclass(frozen=True, slots=True)
class TeamLine:
    """A team that was asked. :ivar note: why not, or since when it is silent."""

    team: str
    wave: int
    asked: str
    by: str
    proposed: str
    said: str
    tone: str
    note: str


@dataclass(frozen=True, slots=True)
class AskingLines:
    """The block on an order's page.

    :ivar state: who asks, and what happens next; empty when the order is not being asked for. :ivar is_late: nobody is
        left, or nobody looks. :ivar what_to_do: each a sentence. :ivar asks_times: other times would help.
    :ivar may_act: the buttons are for this reader.
    :ivar key: of the button, so that two taps are one wave.
    """

    teams: Sequence[TeamLine]
    state: str
    is_late: bool
    what_to_do: Sequence[str]
    asks_times: bool
    is_auto: bool
    may_act: bool
    may_ask_next: bool
    key: str


def asking_lines(context: Context) -> AskingLines | None:
    """For the desks of community, department and office; None for others, and when there is nothing to say."""
    actor, view, now = context.actor, context.view, context.now
    order = view.order
    if actor.party not in READERS or (not view.offers and order.status != Status.CLAIMED):
        return None
    is_open = order.status == Status.CLAIMED
    is_night = is_open and not order.is_emergency and is_quiet(now, get_settings())
    is_mine = actor.party is Party.DEPARTMENT and order.department_id == actor.department_id
    is_told = is_open and is_nobody_left(order)
    looks = is_told or (is_open and _may_be_used_up(view, is_mine=is_mine))
    left = find_nobody(order, now, context.matching) if looks else None
    ends = is_told and left is not None
    return AskingLines(
        teams=[_line(row) for row in view.offers],
        state=_state(view, now, left, ends=ends, is_night=is_night) if is_open else "",
        is_late=ends,
        what_to_do=todo_in_words(left) if left is not None and is_mine else (),
        asks_times=left is not None and is_mine and left.why in HELPED_BY_TIMES,
        is_auto=order.is_auto_asked,
        may_act=is_open and is_mine,
        may_ask_next=order.held_team_id is None and left is None and not is_night,
        key=uuid4().hex,
    )


def find_chosen(view: OrderView) -> AnyRow | None:
    """What was asked of the one team that the order was handed to, while it owes the answer."""
    chosen = _find_handed(view)
    return chosen if chosen is not None and _is_pending(chosen) else None


def _find_handed(view: OrderView) -> AnyRow | None:
    """The same, also once it was silent for long."""
    if view.order.status != Status.CLAIMED or view.order.handed_team_id is None:
        return None
    asked = [row for row in view.offers if row.team_id == view.order.handed_team_id]
    return asked[-1] if asked and asked[-1].answer is None and asked[-1].voided_at is None else None


def _is_pending(row: AnyRow) -> bool:
    return row.answer is None and row.silent_at is None and row.voided_at is None


def _may_be_used_up(view: OrderView, *, is_mine: bool) -> bool:
    """Whether to look if any team is left. The service itself says so only once none owes an answer, and not at night;
    where a person asks, who holds the order is told."""
    order = view.order
    if order.held_team_id is not None or order.clock_stopped_at is not None or find_chosen(view) is not None:
        return False
    return bool(view.offers) if order.is_auto_asked else is_mine


def _state(view: OrderView, now: datetime, left: NobodyLeft | None, *, ends: bool, is_night: bool) -> str:
    order = view.order
    if order.held_team_id is not None:
        if order.is_auto_asked:
            return _("已有服务队答应，正在请人；没成，系统就接着问别的队。")
        return _("已有服务队答应，正在请人；没成，再由部门挑队来问。")
    if (chosen := find_chosen(view)) is not None:
        return _("已指定%(team)s承接（%(when)s 推单），等它答复。", team=chosen.name, when=day_time(chosen.asked_at))
    if not order.is_auto_asked and (handed := _find_handed(view)) is not None:
        return _(
            "已指定%(team)s承接（%(when)s 推单），一直没有答复。可以打电话问队长，或者另请一支队。",
            team=handed.name,
            when=day_time(handed.asked_at),
        )
    if order.clock_stopped_at is not None and not order.is_auto_asked:
        return _("正在等居民答复；服务队由部门自己挑来问。")
    if not order.is_auto_asked:
        by_hand = _("由部门自己挑队来问，系统不自动询问。")
        return _together(by_hand, nobody_sentence(left)) if left is not None else by_hand
    if order.clock_stopped_at is not None and find_open_counter(order.id) is not None:
        return _("正在等居民答复别的时间行不行；原来的时间，系统接着问服务队。")
    if order.clock_stopped_at is not None:
        return _("正在等居民答复，答复以后系统接着问。")
    if ends and left is not None and left.why == "no_time" and order.next_wave_at is None:
        return _("希望的时间都过了，或者已经来不及，系统不再询问；有了新的时间就接着问。")
    if left is not None:
        return _nobody(view, left, ends=ends)
    if is_night:
        minute = int(get_settings().quiet_until)
        return _("系统逐批询问服务队；夜里不打扰，早上 %(when)s 以后接着问。", when=f"{minute // 60}:{minute % 60:02}")
    if order.next_wave_at is None or order.next_wave_at <= now:
        return _("系统逐批询问服务队，马上问下一批。")
    return _("系统逐批询问服务队，没有队答应的话，%(when)s 问下一批。", when=day_time(order.next_wave_at))


def _nobody(view: OrderView, left: NobodyLeft, *, ends: bool) -> str:
    """No team can be asked: why, whom the order waits for, and when the service looks again."""
    teams = list(dict.fromkeys(row.name for row in view.offers if _is_pending(row)))
    if teams:
        waits = _("没有别的队可再问了，正在等%(teams)s答复。", teams=_("、").join(teams))
        return waits if left.why == "all_declined" else _together(waits, nobody_sentence(left))
    if not ends or view.order.next_wave_at is None:
        return nobody_sentence(left)
    again = _("系统到 %(when)s 再看一次。", when=day_time(view.order.next_wave_at))
    return _together(nobody_sentence(left), again)


def _together(first: str, second: str) -> str:
    return _("%(first)s%(second)s", first=first, second=second)


def _line(row: AnyRow) -> TeamLine:
    said, tone, note = _said(row)
    proposed = time_span(row.proposed_start, row.proposed_end) if row.proposed_start else ""
    return TeamLine(row.name, row.wave, short_time(row.asked_at), _by(row.asked_by), proposed, said, tone, note)


def _by(asked_by: str) -> str:
    return {"system": _("系统"), "plan": _("排班")}.get(asked_by, _("部门"))


def _said(row: AnyRow) -> tuple[str, str, str]:
    """What the team has said, as a badge, and a note; it counts no more once the order went elsewhere."""
    if row.voided_at is not None and row.answer is None:
        return _("已失效"), "ended", ""
    if row.voided_at is not None and row.answer == "standby":
        return _("答应过"), "ended", _("已失效")
    said, tone, note = _said_then(row)
    return (said, tone, note) if row.voided_at is None else (said, "ended", note or _("已失效"))


def _said_then(row: AnyRow) -> tuple[str, str, str]:
    match row.answer:
        case "accepted":
            return _("已接单"), "good", ""
        case "held":
            return _("答应了，正在请人"), "busy", ""
        case "standby":
            return _("候补"), "busy", ""
        case "declined":
            return _("接不了"), "ended", reply_note(row, "declined")
    if row.silent_at is not None:
        return _("没有回音"), "ended", _("%(when)s 起按来不了算，仍可答复", when=short_time(row.silent_at))
    return _("等答复"), "wait", ""
