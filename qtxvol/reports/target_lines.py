"""Targets as lines of a table: what is asked for, what was reached, who says so and when, and the light."""

from collections.abc import Mapping, Sequence
from datetime import date

from qtxvol.orders.lifecycle import Label
from qtxvol.progress.goals import Light
from qtxvol.progress.targets import PeriodView, TargetView, find_period, list_periods, list_targets
from qtxvol.reports.sheets import NOTHING, Cell, Column, Kind, Row, Sheet

LIGHTS: Mapping[Light, Label] = {
    Light.DONE: Label("已完成", "Done"),
    Light.ON_COURSE: Label("进度正常", "On course"),
    Light.BEHIND: Label("进度落后", "Behind"),
    Light.NO_DATA: Label("没有数据", "No data"),
    Light.ENDED: Label("期满未完成", "Ended, not reached"),
}

#: How a target's figure comes about.
WAYS: Mapping[str, Label] = {
    "direct": Label("系统直接统计", "Counted by this service"),
    "order_records": Label("由办结的单统计", "Counted from closed orders"),
    "partial": Label("牵头单位填报，单可佐证", "Reported by the lead unit, orders as evidence"),
    "external": Label("牵头单位填报", "Reported by the lead unit"),
}

#: Why a number was counted anew; codes of `goals.CAUSES`.
CAUSES: Mapping[str, Label] = {
    "merge": Label("同一个人的登记合并或拆开", "Rows of one person were merged or separated"),
    "hours": Label("服务时长更正、补录或有争议", "Hours were corrected, entered late or disputed"),
    "orders": Label("办结的单重办", "An order was reopened"),
    "status": Label("志愿者状态补记", "A status was written down late"),
    "facts": Label("学校、学期或目标口径调整", "Schools, terms or the target's rule were edited"),
}

_MORE_OR_LESS = {"lte": Label("不超过 ", "at most "), "gte": Label("至少 ", "at least "), "reach": NOTHING}


def period_of(day: date, today: date) -> PeriodView | None:
    """The period that a day lies in, else the latest that had begun."""
    periods = list_periods(today)
    within = [each for each in periods if each.starts_on <= day <= each.ends_on]
    return within[0] if within else find_period(periods, day)


def plain(value: float) -> str:
    """`2,000`, `11.5`."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.4f}".rstrip("0")


def wanted_of(target: TargetView) -> Label:
    """`至少 2,000 人`; of a target without a number the plan's own words would say nothing more."""
    if target.value is None:
        return Label("没有数值", "no number")
    more, value = _MORE_OR_LESS[target.comparator], plain(target.value)
    zh = f"{more.zh}{value}{'' if target.unit.zh == '%' else ' '}{target.unit.zh}"
    return Label(zh, f"{more.en}{value}{'%' if target.unit.zh == '%' else ' ' + target.unit.en}")


def reached_of(target: TargetView) -> Label:
    """The figure in words, or that there is none."""
    figure = target.figure
    if figure is None:
        return Label("—", "—")
    if target.value is None:
        return Label("已完成", "done") if figure.value >= 1 else Label("进行中", "going on")
    if target.measure == "per_school" and figure.denominator is not None:
        return Label(
            f"{figure.denominator} 所学校中 {figure.numerator} 所达到",
            f"{figure.numerator} of {figure.denominator} schools",
        )
    if target.unit.zh == "%":
        return Label(f"{plain(figure.value)}%", f"{plain(figure.value)}%")
    value = plain(figure.value)
    if target.measure == "volunteers" and figure.numerator is not None:
        active = plain(figure.numerator)
        return Label(f"注册 {value} 人，活跃 {active} 人", f"{value} registered, {active} active")
    return Label(f"{value} {target.unit.zh}", f"{value} {target.unit.en}")


def source_of(target: TargetView) -> Label:
    """Who says so: the unit and its paper, or how this service counts."""
    figure = target.figure
    if figure is None or figure.report_id is None:
        return WAYS[target.measured_by]
    who = figure.unit or Label("纲要办", "Programme office")
    return Label(
        f"{who.zh}：{figure.source}（第二人已确认）", f"{who.en}: {figure.source} (confirmed by a second person)"
    )


def target_sheet(name: Label, targets: Sequence[TargetView]) -> Sheet:
    """All of them, those without a number too. Nothing is added up: no two have the same unit and meaning."""
    columns = [
        Column(Label("编号", "No."), is_short=True),
        Column(Label("目标", "Target")),
        Column(Label("要求", "Asked for")),
        Column(Label("完成", "Reached")),
        Column(Label("截至", "As of"), Kind.DAY),
        Column(Label("数据来源", "Source")),
        Column(Label("牵头单位", "Lead")),
        Column(Label("状态", "Standing"), is_short=True),
    ]
    rows = [
        Row([
            Cell(target.code),
            target.name,
            wanted_of(target),
            reached_of(target),
            Cell(target.figure.day if target.figure else None),
            source_of(target),
            leads_of(target),
            LIGHTS[target.light],
        ])
        for target in targets
    ]  # fmt: skip
    return Sheet(name, columns, rows)


def leads_of(target: TargetView) -> Label:
    """The lead units."""
    return Label("、".join(u.name.zh for u in target.leads), ", ".join(u.name.en for u in target.leads))


def read_target_sheet(day: date, today: date, *, lead_id: str | None = None) -> Sheet | None:
    """The targets of the period that `day` lies in, as they stand now; None without any."""
    period = period_of(day, today)
    targets = list_targets(period.id, today, lead_id=lead_id) if period else []
    if not period or not targets:
        return None
    zh = "牵头的目标" if lead_id else "目标"
    return target_sheet(Label(f"{period.name.zh}{zh}", f"Targets, {period.name.en}"), targets)
