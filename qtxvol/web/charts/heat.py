"""Where orders are overdue: towns, or departments, by steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for

from qtxvol.directory.queries import DepartmentEntry
from qtxvol.orders.lifecycle import STATUS_LABELS, Status
from qtxvol.progress.standing import STEPS, Standing, Town, Waiting
from qtxvol.web.charts.words import number
from qtxvol.web.display import pick, say
from qtxvol.web.i18n import _


@dataclass(frozen=True, slots=True)
class HeatCell:
    """Overdue of all. `level` 0 nothing waits, 1 nothing overdue, 2 to 4 up to a quarter, half, more of it overdue."""

    count: int
    overdue: int
    level: int
    url: str


@dataclass(frozen=True, slots=True)
class Heat:
    """Towns or departments by steps; the last row and the last column are sums.

    :ivar head: what the rows are.
    """

    title: str
    head: str
    finding: str
    steps: Sequence[str]
    rows: Sequence[tuple[str, Sequence[HeatCell]]]
    total: Sequence[HeatCell]


def heat_picture(standing: Standing, towns: Sequence[Town]) -> Heat:
    """Where and before which step orders are overdue, with links to the lists behind the numbers."""
    rows = [(pick(town.name, town.name_en), _cells(standing, town.key, {"division": town.code})) for town in towns]
    known = {town.key for town in towns}
    return _make_heat(_("哪里超时：镇街和步骤"), _("镇街"), standing, rows, known)


def unit_heat_picture(standing: Standing, departments: Sequence[DepartmentEntry]) -> Heat:
    """The same by the department that an order was given to; those without any open order are left out."""
    rows = [
        (pick(unit.name, unit.name_en), _cells(standing, unit.id, {"department": unit.id}))
        for unit in departments
        if standing.in_town(unit.id).count
    ]
    unsent = standing.in_town("")
    if unsent.count:
        rows.append((_("还没派给部门"), _cells(standing, "", {"status": Status.PLACED})))
    known = {"", *(unit.id for unit in departments)}
    return _make_heat(_("哪里超时：单位和步骤"), _("单位"), standing, rows, known)


def _cells(standing: Standing, key: str, where: dict[str, str]) -> list[HeatCell]:
    steps = [_cell(standing.at(key, step), {**where, "status": step}) for step in STEPS]
    return [*steps, _cell(standing.in_town(key), where)]


def _make_heat(
    title: str, head: str, standing: Standing, rows: list[tuple[str, list[HeatCell]]], known: set[str]
) -> Heat:
    """:param known: keys that have a row; what stands under others is put together in one."""
    elsewhere = [key for key in standing.towns() if key not in known]
    rest = [sum((standing.at(key, step) for key in elsewhere), Waiting()) for step in STEPS]
    if any(each.count for each in rest):
        rows.append((_("其他"), [_cell(each) for each in (*rest, sum(rest, Waiting()))]))
    total = [*(_cell(standing.before(step), {"status": step}) for step in STEPS), _cell(standing.total, {})]
    return Heat(title, head, _say_heat(rows, standing.total), [say(STATUS_LABELS[step]) for step in STEPS], rows, total)


def _cell(waiting: Waiting, where: dict[str, str] | None = None) -> HeatCell:
    """:param where: the list behind the number; None for what no list shows by itself."""
    share = waiting.overdue / waiting.count if waiting.count else 0
    level = 0 if not waiting.count else 1 if not waiting.overdue else 2 if share <= 0.25 else 3 if share <= 0.5 else 4
    url = ""
    if where is not None and waiting.count:
        tab = "overdue" if waiting.overdue else "open"
        args: dict[str, Any] = {"tab": tab, **where}
        url = url_for("office.inbox", **args)
    return HeatCell(waiting.count, waiting.overdue, level, url)


def _say_heat(rows: Sequence[tuple[str, Sequence[HeatCell]]], total: Waiting) -> str:
    if not total.overdue:
        return _("现在没有超时的单。")
    name, cells = max(rows, key=lambda row: row[1][-1].overdue)
    return _(
        "全市超时 %(overdue)s 单（在办 %(count)s 单）；最多的是%(town)s，%(most)s 单。",
        overdue=number(total.overdue),
        count=number(total.count),
        town=name,
        most=number(cells[-1].overdue),
    )
