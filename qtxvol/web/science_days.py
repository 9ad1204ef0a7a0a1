"""Science days and school terms on pages: what is near, in words, with what fits it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import format_date

from qtxvol.accounts.actor import Actor
from qtxvol.base import CITY_TIME, AnyRow
from qtxvol.directory.day_rules import Span
from qtxvol.directory.science_days import (
    YOUTH_AUDIENCE,
    Coming,
    departments_of,
    find_term,
    list_items,
    list_near,
)
from qtxvol.orders.lifecycle import Party
from qtxvol.web.display import is_english, pick
from qtxvol.web.forms import now
from qtxvol.web.i18n import _, ngettext

#: Residents order a month ahead at most; a day further off is no help to them.
SHOWN_DAYS = 30
SHOWN_ITEMS = 3
#: As in `ScienceDay.nudge_days`.
MOST_NUDGE_DAYS = 120


@dataclass(frozen=True, slots=True)
class Near:
    """A day that is on or near, with what of the menu fits."""

    day: Coming
    when: str
    items: Sequence[AnyRow]


def near_for_residents(most_items: int = SHOWN_ITEMS) -> Near | None:
    """The next one within a month, or what is on; two statements, one when nothing is near.

    Of several the shortest is shown: a day is news, the month that it lies in is not.
    """
    day = _choose(list_near(today(), SHOWN_DAYS), today())
    if day is None:
        return None
    items = [item for item in list_items() if day.fits(item)] if most_items else []
    return Near(day, span_words(day.span), items[:most_items])


def near_for_department(actor: Actor) -> Near | None:
    """For a department's own list: the next day that it will be or was told of, with all items of its own that fit."""
    if actor.party is not Party.DEPARTMENT:
        return None
    near = [day for day in list_near(today(), MOST_NUDGE_DAYS) if day.span.days_left(today()) <= day.nudge_days]
    items = [item for item in list_items() if actor.department_id in departments_of(item)] if near else []
    day = _choose([day for day in near if any(day.fits(item) for item in items)], today())
    if day is None:
        return None
    own = [item for item in items if item.department_id == actor.department_id and day.fits(item)]
    return Near(day, span_words(day.span), own)


def term_note(audience: str | None, requester_kind: str | None) -> str:
    """For an order for young people, or by a school: when term is; one statement, none for anybody else."""
    if audience != YOUTH_AUDIENCE and requester_kind != "school":
        return ""
    term = find_term(today())
    if term is None:
        return ""
    name, span = pick(term.name, term.name_en), span_words(term.span)
    if term.span.days_left(today()) <= 0:
        return _("本学期：%(term)s，%(span)s。请选不影响上课的时间。", term=name, span=span)
    return _("下学期：%(term)s，%(span)s。放假期间人可能不齐，请先问一问。", term=name, span=span)


def today() -> date:
    """On the city's calendar."""
    return now().astimezone(CITY_TIME).date()


def span_words(span: Span) -> str:
    """`9月19日（周六）`, `9月19日—25日`, `8月30日—9月5日`; `19–25 Sep`."""
    first, last = span.first, span.last
    if first == last:
        return _format(first, "EEE d MMM" if is_english() else "M月d日（EEE）")
    if is_english():
        return f"{_format(first, 'd' if first.month == last.month else 'd MMM')}–{_format(last, 'd MMM')}"
    return f"{_format(first, 'M月d日')}—{_format(last, 'd日' if first.month == last.month else 'M月d日')}"


def left_words(span: Span) -> str:
    """How far off it is."""
    days = span.days_left(today())
    if days <= 0:
        return _("正在进行")
    return ngettext("还有 %(num)d 天", "还有 %(num)d 天", days)


def _choose(days: Sequence[Coming], on: date) -> Coming | None:
    """What begins next; while nothing does, the shortest that is on."""
    ahead = [day for day in days if day.span.days_left(on) > 0]
    if ahead:
        return min(ahead, key=lambda day: (day.span.first, day.span.last, day.id))
    return min(days, key=lambda day: (day.span.last - day.span.first, day.id), default=None)


def _format(day: date, pattern: str) -> str:
    return str(format_date(day, pattern))
