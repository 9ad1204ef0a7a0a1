"""The values of a wording's variables, for one notice. Whatever a person typed passes `variables.mask`."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from qtxvol.accounts.phones import mask_name
from qtxvol.base import CITY_TIME, AnyRow
from qtxvol.channels.specs import CHANNELS
from qtxvol.notices.facts import NoticeFacts, as_id
from qtxvol.notices.kinds import KINDS
from qtxvol.notices.models import Notice
from qtxvol.notices.variables import day_of, mask, moment_of, pick, span_of
from qtxvol.orders.calls import CAUSE_LABELS
from qtxvol.orders.lifecycle import PARTY_LABELS, Label, Party
from qtxvol.orders.numbers import spoken
from qtxvol.orders.replies import COME_REASONS, DECLINE_REASONS

STEP_LABELS: Mapping[str, Label] = {
    "dispatch": Label("派单", "dispatching"),
    "claim": Label("领单", "claiming"),
    "accept": Label("接单", "accepting"),
    "first_call": Label("首次电话", "the first call"),
    "serve": Label("上门服务", "the service"),
    "close": Label("办结登记", "writing it up"),
    "rate": Label("评价", "rating"),
}
RESULT_LABELS: Mapping[str, Label] = {
    "accepted": Label("已同意", "accepted"),
    "declined": Label("未同意", "declined"),
    "confirmed": Label("已确认", "confirmed"),
    "refused": Label("未同意", "refused"),
    "corrected": Label("已更正", "corrected"),
    "yes": Label("愿意", "yes"),
    "no": Label("不愿意", "no"),
}
#: Reasons that the system itself gives, or a one-tap answer.
_REASONS: Mapping[str, Label] = {
    "not_claimed": Label("没有按时领单", "it was not claimed in time"),
    "no_call": Label("接单后一直没有联系居民", "nobody called the resident"),
    "no_show": Label("服务时间过了没有登记", "nothing was written after the agreed time"),
    "overdue": Label("超过时限", "the limit has passed"),
    **COME_REASONS,
    **DECLINE_REASONS,
}
_CODE = re.compile(r"[a-z][a-z0-9_]*")


def values_of(notice: Notice, facts: NoticeFacts, locale: str, *, is_short: bool) -> dict[str, str]:
    """What the notice's wording may say, without links; what is not known is left out.

    :param is_short: it goes where others read along: people are named by their surname alone.
    """
    kind = KINDS.get(notice.kind)
    year = notice.queued_at.astimezone(CITY_TIME).year
    values = {"kind": pick(kind.label, locale)} if kind else {}
    order = facts.orders.get(notice.order_id or 0)
    if order is not None:
        values |= _of_order(order, locale, year)
    event = facts.events.get(notice.event_id or 0)
    if event is not None:
        values |= _of_payload(event.action, event.payload, facts, locale, year)
    values |= _of_about(notice.about, facts, locale, year, is_short=is_short)
    if order is not None:
        values.setdefault("when", values.get("agreed", ""))
        values["facts"] = _lines(values, locale)
    return {name: value for name, value in values.items() if value}


def _of_order(order: AnyRow, locale: str, year: int) -> dict[str, str]:
    values = {
        "number": spoken(order.number),
        "item": _name(order, "item_name", locale) or mask(order.wish, longest=24),
        "place": _name(order, "place_name", locale),
        "headcount": str(order.headcount),
        "department": _name(order, "department_name", locale),
        "team": _name(order, "team_name", locale),
        "attendance": "" if order.attendance is None else str(order.attendance),
        "stars": "" if order.stars is None else str(order.stars),
    }
    if order.agreed_start is not None:
        values["agreed"] = span_of(order.agreed_start, order.agreed_end, locale, year=year)
    if order.due_at is not None:
        values["due"] = moment_of(order.due_at, locale, year=year)
    return values


def _of_payload(action: str, payload: Mapping[str, Any], facts: NoticeFacts, locale: str, year: int) -> dict[str, str]:
    """What the step itself carried: the order may have moved on since."""
    values: dict[str, str] = {}
    if department := facts.departments.get(str(payload.get("department_id", ""))):
        values["department"] = _name(department, "name", locale)
    if start := _moment(payload.get("agreed_start")):
        values["agreed"] = span_of(start, _moment(payload.get("agreed_end")), locale, year=year)
    for name in ("stars", "attendance"):
        if as_id(payload.get(name)) or payload.get(name) == 0:
            values[name] = str(payload[name])
    code = str(payload.get("reason") or "")
    if reason := facts.reasons.get((action, code)):
        values["reason"] = _name(reason, "name", locale)
        values["hint"] = _name(reason, "hint", locale)
    elif code in _REASONS:
        values["reason"] = pick(_REASONS[code], locale)
    return values


def _of_about(
    about: Mapping[str, Any], facts: NoticeFacts, locale: str, year: int, *, is_short: bool
) -> dict[str, str]:
    values = {name: say(value, locale, year) for name, say in _SAY.items() if (value := about.get(name)) is not None}
    if start := _moment(about.get("start")):
        values["when"] = span_of(start, _moment(about.get("end")), locale, year=year)
    if team := facts.teams.get(as_id(about.get("team")) or as_id(about.get("team_id"))):
        values["team"] = _name(team, "name", locale)
    if department := facts.departments.get(str(about.get("department_id") or about.get("department") or "")):
        values["department"] = _name(department, "name", locale)
    if "owner" in about:
        values["owner"] = _owner(about, facts, locale)
    for name in ("reason", "day"):
        if locale == "en" and about.get(f"{name}_en"):
            values[name] = mask(about[f"{name}_en"])
    name = facts.people.get(as_id(about.get("volunteer_id")), "")
    if name or about.get("name"):
        values["name"] = mask(mask_name(name) if name and is_short else name or about["name"], longest=32)
    return values


def _owner(about: Mapping[str, Any], facts: NoticeFacts, locale: str) -> str:
    """Who owes the step: a party (`owner_scope` says which one of it), a department's id, or a name."""
    owner, scope = str(about["owner"] or ""), str(about.get("owner_scope") or about.get("scope") or "")
    if owner not in list(Party):
        department = facts.departments.get(owner)
        return _name(department, "name", locale) if department else mask(owner)
    places: dict[str, Callable[[], AnyRow | None]] = {
        Party.COMMUNITY: lambda: facts.divisions.get(scope),
        Party.DEPARTMENT: lambda: facts.departments.get(scope),
        Party.TEAM: lambda: facts.teams.get(as_id(scope)),
    }
    row = places[owner]() if owner in places else None
    return _name(row, "name", locale) if row else pick(PARTY_LABELS[Party(owner)], locale)


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _day(value: Any, locale: str, year: int) -> str:
    try:
        return day_of(date.fromisoformat(str(value)[:10]), locale, year=year)
    except ValueError:
        return mask(value)


def _due(value: Any, locale: str, year: int) -> str:
    moment = _moment(value)
    return moment_of(moment, locale, year=year) if moment else ""


def _labelled(labels: Mapping[Any, Label]) -> Callable[[Any, str, int], str]:
    """A code in words. A code that nobody knows says nothing, words of a person are masked."""

    def say(value: Any, locale: str, _year: int) -> str:
        label = labels.get(str(value))
        if label is not None:
            return pick(label, locale)
        return "" if _CODE.fullmatch(str(value)) else mask(value)

    return say


def _plain(value: Any, locale: str, _year: int) -> str:
    """Words, or words in two languages."""
    if isinstance(value, Mapping):
        value = value.get(locale) or value.get("zh") or ""
    return mask("、".join(map(str, value)) if isinstance(value, list) else value)


#: How each name of `Notice.about` is said.
_SAY: Mapping[str, Callable[[Any, str, int], str]] = {
    "step": _labelled(STEP_LABELS),
    "due": _due,
    "reason": _labelled(_REASONS),
    "cause": _labelled({str(code): label for code, label in CAUSE_LABELS.items()}),
    "result": _labelled(RESULT_LABELS),
    "channel": _labelled({code: spec.label for code, spec in CHANNELS.items()}),
    "reader": _labelled({str(party): label for party, label in PARTY_LABELS.items()}),
    "title": _plain,
    "area": _plain,
    "day": _plain,
    "starts": _day,
    "until": _day,
    "days": _plain,
    "minutes": _plain,
    "stars": _plain,
    "volunteer_number": _plain,
}

_FACT_LABELS = {
    "number": Label("单号：", "Number: "),
    "item": Label("项目：", "Item: "),
    "place": Label("地点：", "Place: "),
    "when": Label("时间：", "Time: "),
}


def _lines(values: Mapping[str, str], locale: str) -> str:
    return "\n".join(f"{pick(label, locale)}{values[name]}" for name, label in _FACT_LABELS.items() if values.get(name))


def _name(row: AnyRow, column: str, locale: str) -> str:
    """The name in the reader's language; else the Chinese one. The office typed it, so it is masked."""
    names = row._mapping
    return mask((locale == "en" and names.get(f"{column}_en")) or names.get(column), longest=120)
