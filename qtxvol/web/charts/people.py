"""Who the volunteers are: registered and active side by side, by town, unit, host and profession."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import url_for

from qtxvol.orders.lifecycle import Label
from qtxvol.reports.professions import OTHER, OTHER_NAME, PROFESSIONS
from qtxvol.reports.queries import Census, Heads, Names
from qtxvol.reports.small_cells import LEAST, pool_small
from qtxvol.volunteers.teams import HOST_KIND_LABELS
from qtxvol.web.charts.words import number
from qtxvol.web.display import say
from qtxvol.web.i18n import _

_PLACES = {"town": 0, "unit": 1, "host": 2, "profession": 3}


@dataclass(frozen=True, slots=True)
class PeopleRow:
    """A line: `percent` of the longest bar, `active_percent` the part of it that is active.

    :ivar active: None where it is not shown, because it could be told who it is.
    """

    label: str
    registered: int
    active: int | None
    percent: float
    active_percent: float
    url: str = ""
    active_url: str = ""
    is_rest: bool = False


@dataclass(frozen=True, slots=True)
class PeopleTable:
    """A table with bars. The lines add up to `registered`, and so do the active ones, those not shown included.

    :ivar hidden: groups that have no line of their own.
    """

    kind: str
    title: str
    head: str
    finding: str
    rows: Sequence[PeopleRow]
    registered: int
    active: int
    note: str
    hidden: frozenset[str]


def people_tables(census: Census, names: Names, today: date, *, is_public: bool) -> list[PeopleTable]:
    """By unit, town, host and profession.

    :param is_public: small numbers are put together and nothing is a link; else everything is shown, with links to
        the people behind it.
    """
    living = census.by(0)
    towns = {key: label for key, label in names.towns.items() if key not in names.retired or key in living}
    units = {key: label for key, label in names.units.items() if census.by(1).get(key)}
    professions = {**{code: each.name for code, each in PROFESSIONS.items()}, OTHER: OTHER_NAME}
    return [
        _table(
            "host", _("注册志愿者在什么单位的队里（人）"), _("服务队依托的单位"), HOST_KIND_LABELS, _("不在队里"),
            census, today, is_public,
        ),
        _table("town", _("注册志愿者住在哪里（人）"), _("镇街"), towns, _("没有写明镇街"), census, today, is_public),
        _table(
            "profession", _("注册志愿者的职业（人）"), _("按专长归类，每人一类"), professions, _("没有写明"),
            census, today, is_public,
        ),
        _table(
            "unit", _("注册志愿者属于哪个系统（人）"), _("服务队的归口部门"), units, _("不在队里"),
            census, today, is_public,
        ),
    ]  # fmt: skip


def _table(
    kind: str,
    title: str,
    head: str,
    known: Mapping[str, Label],
    rest_label: str,
    census: Census,
    today: date,
    is_public: bool,
) -> PeopleTable:
    heads = census.by(_PLACES[kind])
    lines = {key: heads.get(key, Heads()) for key in known}
    unknown = [key for key in heads if key not in known]
    if unknown:
        lines[""] = sum((heads[key] for key in unknown), Heads())
    pooled = pool_small({key: each.registered for key, each in lines.items()}) if is_public else None
    shown = [(key, say(known[key]) if key else rest_label, lines[key]) for key in lines]
    if pooled and pooled.pooled:
        together = sum((lines[key] for key in pooled.pooled), Heads())
        shown = [line for line in shown if line[0] not in pooled.pooled]
        shown.append(("*", _("其他 %(count)s 类合并", count=len(pooled.pooled)), together))
    hidden = pool_small({key: each.active for key, _label, each in shown}).pooled if is_public else frozenset()
    shown.sort(key=lambda line: (line[0] in ("", "*"), line[0] == "*", -line[2].registered))

    def is_linked(key: str) -> bool:
        """Lines of several groups without a name of their own have no list of their own."""
        return not is_public and (bool(key) or unknown == [""])

    most = max([each.registered for _key, _label, each in shown] + [1])
    total = census.total
    rows = [
        PeopleRow(
            label,
            each.registered,
            None if key in hidden else each.active,
            round(100 * each.registered / most, 2),
            0.0 if key in hidden else round(100 * each.active / most, 2),
            _url("registered", kind, key, today) if each.registered and is_linked(key) else "",
            _url("active", kind, key, today) if each.active and is_linked(key) else "",
            key in ("", "*"),
        )
        for key, label, each in shown
    ]
    note = ""
    if (pooled and pooled.pooled) or hidden:
        note = _("少于 %(least)s 人的类合并列出，活跃人数太少的不单列，以免认出是谁。", least=LEAST)
    return PeopleTable(
        kind,
        title,
        head,
        _say(rows, total),
        rows,
        total.registered,
        total.active,
        note,
        pooled.pooled if pooled else frozenset(),
    )


def _url(measure: str, kind: str, key: str, today: date) -> str:
    group: dict[str, Any] = {kind: key}
    return url_for("office.figure", key=measure, last=today.isoformat(), **group)


def _say(rows: Sequence[PeopleRow], total: Heads) -> str:
    named = [row for row in rows if not row.is_rest and row.registered]
    if not total.registered:
        return _("还没有注册志愿者。")
    if not named:
        return _("共 %(people)s 人，没有可以单列的。", people=number(total.registered))
    first = max(named, key=lambda row: row.registered)
    return _(
        "最多的是%(name)s，%(people)s 人，占 %(percent)s%%。",
        name=first.label,
        people=number(first.registered),
        percent=number(100 * first.registered / total.registered),
    )
