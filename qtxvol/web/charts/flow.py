"""The five verbs of the flow and the rating, and what waits before each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import url_for

from qtxvol.orders.lifecycle import STATUS_LABELS, WAITS, Action, Status, get_rule
from qtxvol.progress.standing import EXITS, STEPS, Standing, Waiting
from qtxvol.progress.weeks import Span
from qtxvol.web.charts.words import number
from qtxvol.web.display import is_english, party_label, say
from qtxvol.web.i18n import _


@dataclass(frozen=True, slots=True)
class Station:
    """A verb of the flow with the orders that wait before it. `overdue` None: not shown here.

    :ivar share: of the longest queue, 0 to 1; `late_share` the part of it that is overdue.
    :ivar exits: how orders left from here in the last 30 days: arrow, name, how often.
    """

    verb: str
    wait: str
    owner: str
    count: int
    overdue: int | None
    share: float
    late_share: float
    exits: Sequence[tuple[str, str, int]]
    url: str = ""
    is_soft: bool = False


@dataclass(frozen=True, slots=True)
class FlowPicture:
    """The five verbs and the rating, and what waits before each. `start` is the verb that everything begins with."""

    finding: str
    start: str
    stations: Sequence[Station]
    placed: int


def flow_picture(
    standing: Standing, exits: Mapping[tuple[Status, Action], int], recent: Span, *, is_public: bool
) -> FlowPicture:
    """The flow with its numbers. The public one has no links and does not say whose orders are overdue."""
    total = standing.total
    counts = {step: standing.before(step) for step in STEPS}
    most = max([each.count for each in counts.values()] + [recent.unrated, 1])
    stations = [
        Station(
            verb=say(get_rule(Action(WAITS[step].step)).label),
            wait=say(STATUS_LABELS[step]),
            owner=party_label(WAITS[step].owner),
            count=each.count,
            overdue=None if is_public else each.overdue,
            share=each.count / most,
            late_share=0 if is_public else each.overdue / most,
            exits=_exits(exits, step),
            url="" if is_public else url_for("office.inbox", tab="open", status=step),
        )
        for step, each in counts.items()
    ]
    stations.append(
        Station(
            verb=_("评价"),
            wait=_("办结未评"),
            owner=_("群众"),
            count=recent.unrated,
            overdue=None,
            share=recent.unrated / most,
            late_share=0,
            exits=_exits(exits, Status.CLOSED),
            url="" if is_public else url_for("office.inbox", tab="closed"),
            is_soft=True,
        )
    )
    return FlowPicture(
        finding=_say_flow(total, stations, is_public),
        start=say(get_rule(Action.PLACE).label),
        stations=stations,
        placed=recent.placed,
    )


def _say_flow(total: Waiting, stations: Sequence[Station], is_public: bool) -> str:
    if not total.count:
        return _("现在没有在办的单。")
    longest = max(stations[:-1], key=lambda each: each.count)
    words = _(
        "在办 %(count)s 单，最多的在“%(wait)s”，%(longest)s 单；已超时 %(overdue)s 单。",
        count=number(total.count),
        wait=longest.wait,
        longest=number(longest.count),
        overdue=number(total.overdue),
    )
    worst = max(stations[:-1], key=lambda each: each.overdue or 0)
    if is_public or not worst.overdue:
        return words
    more = _("超时最多的是“%(wait)s”，%(count)s 单。", wait=worst.wait, count=number(worst.overdue))
    return f"{words} {more}" if is_english() else words + more


#: Back to an earlier step, or out for good.
_BACK = frozenset({Action.RETURN, Action.RELEASE, Action.WITHDRAW, Action.NO_SHOW})


def _exits(exits: Mapping[tuple[Status, Action], int], step: Status) -> list[tuple[str, str, int]]:
    return [_exit(action, n) for action in EXITS if (n := exits.get((step, action), 0))]


def _exit(action: Action, n: int) -> tuple[str, str, int]:
    return ("↩" if action in _BACK else "→", say(get_rule(action).label), n)
