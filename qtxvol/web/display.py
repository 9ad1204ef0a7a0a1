"""How values look on a page: times, deadlines, names in two languages. Template filters and nothing else."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, g
from flask_babel import format_datetime, get_locale

from qtxvol.accounts.phones import mask_name, mask_phone
from qtxvol.base import CITY_TIME
from qtxvol.orders.lifecycle import OPEN, PARTY_LABELS, STATUS_LABELS, Label, Party, Status
from qtxvol.orders.numbers import spoken
from qtxvol.privacy.numbers import mask_tail
from qtxvol.volunteers.identity import mask_number
from qtxvol.web.i18n import _, ngettext
from qtxvol.web.provisional import is_provisional

#: Tone of a status badge; the badge's shape differs too, so colour is never alone.
TONES = {
    Status.PLACED: "wait",
    Status.DISPATCHED: "wait",
    Status.CLAIMED: "busy",
    Status.ACCEPTED: "busy",
    Status.CLOSED: "good",
    Status.REJECTED: "ended",
    Status.MERGED: "ended",
    Status.CANCELLED: "ended",
    Status.UNMET: "bad",
    Status.UNREACHABLE: "bad",
}


def is_english() -> bool:
    return str(get_locale() or "zh").startswith("en")


def pick(zh: str | None, en: str | None = "") -> str:
    """The name in the page's language; Chinese where there is no English one."""
    return (en if is_english() and en else zh) or ""


def say(label: Label) -> str:
    return pick(label.zh, label.en)


def status_label(status: str) -> str:
    return say(STATUS_LABELS[Status(status)])


def party_label(party: str) -> str:
    return say(PARTY_LABELS[Party(party)])


def day_time(moment: datetime | None) -> str:
    """`11月27日（周五）09:00` on the city's clock; with the year when it is not this one."""
    if moment is None:
        return ""
    is_this_year = moment.astimezone(CITY_TIME).year == g.now.astimezone(CITY_TIME).year
    if is_english():
        return _format(moment, "EEE d MMM, HH:mm" if is_this_year else "EEE d MMM y, HH:mm")
    return _format(moment, "M月d日（EEE）HH:mm" if is_this_year else "y年M月d日（EEE）HH:mm")


def _format(moment: datetime, pattern: str) -> str:
    return str(format_datetime(moment, pattern))


def short_time(moment: datetime | None) -> str:
    """`11-27 09:00`, for dense lists."""
    return "" if moment is None else _format(moment, "MM-dd HH:mm")


def clock_time(moment: datetime | None) -> str:
    """`09:00` on the city's clock, where the day is said beside it."""
    return "" if moment is None else _format(moment, "HH:mm")


def time_span(start: datetime | None, end: datetime | None) -> str:
    """`11月27日（周五）09:00–10:30`."""
    if start is None or end is None:
        return ""
    same_day = start.astimezone(CITY_TIME).date() == end.astimezone(CITY_TIME).date()
    return f"{day_time(start)}–{_format(end, 'HH:mm') if same_day else day_time(end)}"


def input_time(moment: datetime | None) -> str:
    """The value of a datetime-local field."""
    return "" if moment is None else moment.astimezone(CITY_TIME).strftime("%Y-%m-%dT%H:%M")


def how_long(span: timedelta) -> str:
    """`3 天`, `5 小时`, `12 分钟`: one unit is enough for a list."""
    minutes = int(abs(span.total_seconds()) // 60)
    if minutes >= 48 * 60:
        return ngettext("%(num)d 天", "%(num)d 天", minutes // (24 * 60))
    if minutes >= 60:
        return ngettext("%(num)d 小时", "%(num)d 小时", minutes // 60)
    return ngettext("%(num)d 分钟", "%(num)d 分钟", max(1, minutes))


@dataclass(frozen=True, slots=True)
class Due:
    """A deadline in words; tone is calm, soon, late or paused.

    :ivar is_provisional: the day may still move, because the year's make-up workdays are not announced.
    """

    text: str
    tone: str
    is_provisional: bool = False


def due_in_words(row: Any) -> Due | None:
    """The deadline of a row with `status`, `due_at`, `soon_at`, `clock_stopped_at`; None when nobody owes anything."""
    if row.status not in OPEN or row.due_at is None:
        return None
    left = row.due_at - (row.clock_stopped_at or g.now)
    if row.clock_stopped_at is not None and left >= timedelta(0):
        return Due(_("等居民答复，暂停计时"), "paused")
    if left < timedelta(0):
        return Due(_("超时 %(span)s", span=how_long(left)), "late")
    tone = "soon" if row.soon_at is not None and row.soon_at <= g.now else "calm"
    return Due(_("还剩 %(span)s", span=how_long(left)), tone, is_provisional(row.due_at, row.unit))


def hours(minutes: int | None) -> str:
    """Minutes as hours with at most one decimal."""
    return f"{(minutes or 0) / 60:.1f}".removesuffix(".0")


def place_name(row: Any) -> str:
    """`裕民街道 · 东街居委会`."""
    place = pick(row.division_name, row.division_name_en)
    return f"{pick(row.town_name, row.town_name_en)} · {place}" if row.division_level == 5 else place


def item_name(row: Any) -> str:
    """The menu item, or the beginning of the free-text wish."""
    if row.item_name:
        return pick(row.item_name, row.item_name_en)
    wish = str(row.wish)
    return wish if len(wish) <= 24 else wish[:23] + "…"


def init_app(app: Flask) -> None:
    app.jinja_env.filters.update(
        day_time=day_time,
        short_time=short_time,
        input_time=input_time,
        status_label=status_label,
        party_label=party_label,
        say=say,
        spoken=spoken,
        hours=hours,
        mask_phone=mask_phone,
        mask_tail=mask_tail,
        mask_id=mask_number,
        mask_name=mask_name,
        how_long=how_long,
    )
    app.jinja_env.globals.update(
        time_span=time_span,
        due_in_words=due_in_words,
        status_tone=lambda status: TONES[Status(status)],
        place_name=place_name,
        item_name=item_name,
        pick=pick,
    )
