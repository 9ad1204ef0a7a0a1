"""Where orders are overdue: towns by steps."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import url_for

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
    """Towns by steps; the last row and the last column are sums."""

    finding: str
    steps: Sequence[str]
    rows: Sequence[tuple[str, Sequence[HeatCell]]]
    total: Sequence[HeatCell]


def heat_picture(standing: Standing, towns: Sequence[Town]) -> Heat:
    """Where and before which step orders are overdue, with links to the lists behind the numbers."""
    known = {town.key for town in towns}
    rows = [
        (
            pick(town.name, town.name_en),
            [
                *(_cell(standing.at(town.key, step), town.code, step) for step in STEPS),
                _cell(standing.in_town(town.key), town.code),
            ],
        )
        for town in towns
    ]
    elsewhere = [key for key in standing.towns() if key not in known]
    rest = [sum((standing.at(key, step) for key in elsewhere), Waiting()) for step in STEPS]
    if any(each.count for each in rest):
        rows.append((_("其他"), [_cell(each) for each in (*rest, sum(rest, Waiting()))]))
    total = [*(_cell(standing.before(step), "", step) for step in STEPS), _cell(standing.total, "")]
    return Heat(_say_heat(rows, standing.total), [say(STATUS_LABELS[step]) for step in STEPS], rows, total)


def _cell(waiting: Waiting, division: str | None = None, step: Status | None = None) -> HeatCell:
    """:param division: "" for the whole city; None for what no list shows by itself."""
    share = waiting.overdue / waiting.count if waiting.count else 0
    level = 0 if not waiting.count else 1 if not waiting.overdue else 2 if share <= 0.25 else 3 if share <= 0.5 else 4
    url = ""
    if division is not None and waiting.count:
        tab = "overdue" if waiting.overdue else "open"
        url = url_for("office.inbox", tab=tab, division=division or None, status=step)
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
