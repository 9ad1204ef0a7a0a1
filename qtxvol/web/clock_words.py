"""Clocks of an order in words: what is owed within how long, by when, and how it went. For staff."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from qtxvol.orders.clocks import Stand, late_by, stand_of
from qtxvol.orders.deadlines import Unit
from qtxvol.orders.models import OrderClock
from qtxvol.web.display import day_time, how_long
from qtxvol.web.i18n import _, _l, ngettext
from qtxvol.web.provisional import is_provisional

#: What is owed.
STEP_NAMES: dict[str, Any] = {
    "dispatch": _l("派单"),
    "claim": _l("领单"),
    "accept": _l("接单"),
    "first_call": _l("首次电话"),
    "serve": _l("上门服务"),
    "close": _l("办结登记"),
    "rate": _l("居民评价"),
}
#: The end of a day, as people say it.
_MIDNIGHT = timedelta(minutes=1)
_TONES = {
    Stand.RUNNING: "calm",
    Stand.SOON: "soon",
    Stand.OVERDUE: "late",
    Stand.STOPPED: "paused",
}


@dataclass(frozen=True, slots=True)
class ClockLine:
    """One clock.

    :ivar limit: `2 个工作日内`; `due`: `11月26日（周四）17:30 前`; `state`: how it stands, or how it ended.
    :ivar tone: of the badge; empty once it has ended.
    :ivar is_provisional: due in a year whose make-up workdays are not announced yet.
    """

    step: Any
    limit: str
    due: str
    state: str
    tone: str
    is_provisional: bool
    is_late: bool

    @property
    def is_running(self) -> bool:
        return bool(self.tone)


def clock_lines(clocks: Iterable[OrderClock], now: datetime) -> list[ClockLine]:
    """What runs, then what has ended, oldest first."""
    lines = [_line(clock, now) for clock in clocks]
    return sorted(lines, key=lambda line: not line.is_running)


def _line(clock: OrderClock, now: datetime) -> ClockLine:
    stand = stand_of(clock, now)
    return ClockLine(
        step=STEP_NAMES[clock.step],
        limit=_("约定当天") if clock.step == "serve" else limit_words(clock.amount, Unit(clock.unit)),
        due=_("%(time)s 前", time=day_time(clock.due_at - _MIDNIGHT if clock.step == "serve" else clock.due_at)),
        state=_state(clock, stand, now),
        tone="soon" if _is_unknown(clock, stand) else _TONES.get(stand, ""),
        is_provisional=stand in _TONES and is_provisional(clock.due_at, clock.unit),
        is_late=stand in (Stand.OVERDUE, Stand.DONE_LATE, Stand.MISSED),
    )


def _is_unknown(clock: OrderClock, stand: Stand) -> bool:
    """The service may well have been held; nobody knows before it is written up, which has a clock of its own."""
    return clock.step == "serve" and stand is Stand.OVERDUE


def limit_words(amount: int, unit: Unit) -> str:
    """`2 个工作日内`."""
    match unit:
        case Unit.WORKING_DAYS:
            return ngettext("%(num)d 个工作日内", "%(num)d 个工作日内", amount)
        case Unit.WORKING_HOURS:
            return ngettext("%(num)d 个工作小时内", "%(num)d 个工作小时内", amount)
        case Unit.WORKING_MINUTES:
            return ngettext("%(num)d 个工作分钟内", "%(num)d 个工作分钟内", amount)
        case Unit.HOURS:
            return ngettext("%(num)d 小时内", "%(num)d 小时内", amount)
    return ngettext("%(num)d 天内", "%(num)d 天内", amount)


def _state(clock: OrderClock, stand: Stand, now: datetime) -> str:
    span = how_long(late_by(clock, now))
    if _is_unknown(clock, stand):
        return _("约定的日子已过，还没登记")
    match stand:
        case Stand.STOPPED:
            return _("暂停，等居民答复")
        case Stand.OVERDUE:
            return _("超时 %(span)s", span=span)
        case Stand.DONE:
            return _("按时完成")
        case Stand.DONE_LATE:
            return _("超时 %(span)s后完成", span=span)
        case Stand.MISSED:
            return _("超时 %(span)s，没有完成", span=span)
        case Stand.VOID:
            return _("不再需要")
    if clock.started_at > now:
        return _("服务结束后开始计时")
    left = how_long(clock.due_at - now)
    return _("快到期，还剩 %(span)s", span=left) if stand is Stand.SOON else _("还剩 %(span)s", span=left)
