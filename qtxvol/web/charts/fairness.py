"""Pictures of fairness: who carries how much, towns side by side, months one after the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qtxvol.offers.fairness import LEAST_ORDERS, Fairness, MonthLine, TownLine
from qtxvol.offers.shares import Spread, lorenz, spread_of
from qtxvol.progress.charts import LinePlan, Point, Scale, path_of, plan_line
from qtxvol.web.charts.words import LETTERS, NARROW, number, one_decimal
from qtxvol.web.display import say
from qtxvol.web.i18n import _

#: Size of the square of a Lorenz line, and the room for its words at the left and below.
_SIDE, _LEFT, _TOP, _FOOT = 250.0, 44.0, 14.0, 44.0


@dataclass(frozen=True, slots=True)
class LorenzPicture:
    """From the idlest to the busiest: how the work adds up, against the straight line of equal shares.

    :ivar area: the corners of what lies between the two lines.
    :ivar rows: how many have how many services.
    """

    title: str
    finding: str
    width: float
    height: float
    left: float
    top: float
    side: float
    path: str
    area: str
    ticks: Sequence[tuple[float, float, str]]
    across: str
    up: str
    head: str
    rows: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class TownBar:
    """A town's share served. :ivar note: why it isn't compared."""

    label: str
    share: str
    percent: float
    orders: int
    missed: int
    waiting: int
    late: int
    wait: str
    is_worst: bool
    is_small: bool


@dataclass(frozen=True, slots=True)
class TownBars:
    finding: str
    rows: Sequence[TownBar]


@dataclass(frozen=True, slots=True)
class Panel:
    """One small picture of the trend."""

    title: str
    unit: str
    finding: str
    latest: str
    plan: LinePlan


@dataclass(frozen=True, slots=True)
class TrendPicture:
    """The months in small pictures, and the same in one table."""

    finding: str
    panels: Sequence[Panel]
    rows: Sequence[tuple[str, Sequence[str]]]


def volunteers_picture(found: Fairness) -> LorenzPicture:
    """Services over verified volunteers."""
    spread = found.volunteers
    return _lorenz(
        spread,
        _("志愿者：服务次数怎样分摊"),
        _("志愿者，从少到多"),
        _("服务次数"),
        _("%(people)s 名已核验的志愿者共服务 %(total)s 人次，%(idle)s 人一次没去；基尼系数 %(gini)s。",
          people=number(spread.people), total=number(spread.total), idle=number(spread.idle),
          gini=figure_text(spread.gini)),
        _("这段时间没有服务记录。"),
    )  # fmt: skip


def teams_picture(found: Fairness) -> LorenzPicture:
    """Load over teams in use, in whole per cent."""
    spread = spread_of([round(100 * team.load) for team in found.teams])
    return _lorenz(
        spread,
        _("服务队：负荷怎样分摊"),
        _("服务队，从闲到忙"),
        _("负荷，百分比"),
        _("%(teams)s 支服务队，%(idle)s 支没有服务；负荷的基尼系数 %(gini)s。",
          teams=number(spread.people), idle=number(spread.idle), gini=figure_text(found.gini_teams)),
        _("这段时间没有服务记录。"),
    )  # fmt: skip


def figure_text(value: float | None) -> str:
    """As the figures stand on the page: whole, or with three digits at most."""
    return "—" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:,.3f}".rstrip("0").rstrip(".")


def _lorenz(spread: Spread, title: str, across: str, head: str, finding: str, nothing: str) -> LorenzPicture:
    x, y = Scale(0, 1, _LEFT, _LEFT + _SIDE), Scale(0, 1, _TOP + _SIDE, _TOP)
    points: list[Point] = [(x(part), y(carried)) for part, carried in lorenz(spread)]
    is_drawn = len(points) > 1
    area = " ".join(f"{a:g},{b:g}" for a, b in points) if is_drawn else ""
    return LorenzPicture(
        title=title,
        finding=finding if is_drawn else nothing,
        width=_LEFT + _SIDE + 14,
        height=_TOP + _SIDE + _FOOT,
        left=_LEFT,
        top=_TOP,
        side=_SIDE,
        path=path_of(points) if is_drawn else "",
        area=area,
        ticks=[(x(part), y(part), f"{100 * part:.0f}%") for part in (0, 0.5, 1)],
        across=across,
        up=_("承担的份额"),
        head=head,
        rows=[(f"{amount:,}", n) for amount, n in spread.counts],
    )


def town_bars(found: Fairness) -> TownBars:
    """Towns with their share served, the worst first."""
    compared = len(found.compared_towns)
    worst = found.worst_town if compared > 1 else None
    if worst is not None:
        finding = _("服务率最低的镇街：%(town)s，%(share)s%%。", town=say(worst.name), share=_percent(worst.share))
    elif compared:
        finding = _("只有一个镇街够 %(least)s 单有结果的单，没法比。", least=LEAST_ORDERS)
    elif found.towns:
        finding = _("各镇街有结果的单都太少，还比不出高低。")
    else:
        finding = _("这段时间没有点单。")
    return TownBars(finding, [_town_bar(town, is_worst=town is worst) for town in found.towns])


def _town_bar(town: TownLine, *, is_worst: bool) -> TownBar:
    return TownBar(
        label=say(town.name),
        share=f"{_percent(town.share)}%" if town.share is not None else "—",
        percent=round(100 * (town.share or 0), 1),
        orders=town.orders,
        missed=town.missed,
        waiting=town.waiting,
        late=town.late,
        wait=one_decimal(town.median_hours),
        is_worst=is_worst,
        is_small=town.is_small,
    )


def _percent(share: float | None) -> str:
    return "—" if share is None else f"{100 * share:.1f}"


def trend_picture(months: Sequence[MonthLine]) -> TrendPicture:
    """Up to twelve months, each figure with a scale of its own."""
    shown: list[tuple[str, str, Callable[[MonthLine], float | None], Callable[[float | None], str], float]] = [
        (_("服务率"), "%", lambda m: None if m.share is None else 100 * m.share, one_decimal, 100),
        (_("点单到接单，中位数"), _("小时"), lambda m: m.median_hours, one_decimal, 0),
        (_("每办成一单的询问"), _("次"), lambda m: m.messages, one_decimal, 0),
        (_("志愿者的基尼系数"), "×100", lambda m: _hundred(m.gini_volunteers), one_decimal, 100),
        (_("服务队的基尼系数"), "×100", lambda m: _hundred(m.gini_teams), one_decimal, 100),
        (_("点单数"), _("张"), lambda m: m.orders, lambda value: number(value or 0), 0),
    ]
    panels = [_panel(title, unit, months, value_of, write, top) for title, unit, value_of, write, top in shown]
    rows = [
        (f"{month.first:%Y-%m}", [write(value_of(month)) for _t, _u, value_of, write, _top in shown])
        for month in reversed(months)
    ]
    finding = _(
        "截至 %(month)s 的 %(count)s 个月；月份按点单和服务的日子分。",
        month=f"{months[-1].first:%Y-%m}",
        count=len(months),
    )
    return TrendPicture(finding, panels, rows)


def _hundred(value: float | None) -> float | None:
    return None if value is None else 100 * value


def _panel(
    title: str,
    unit: str,
    months: Sequence[MonthLine],
    value_of: Callable[[MonthLine], float | None],
    write: Callable[[float | None], str],
    top: float,
) -> Panel:
    points = [(float(index), value_of(month)) for index, month in enumerate(months)]
    values = [value for _when, value in points if value is not None]
    ticks = [(float(index), f"{month.first:%Y-%m}") for index, month in enumerate(months)]
    plan = plan_line(points, ticks[::-3][::-1], width=NARROW, height=128, size=LETTERS, top=top)
    if not values:
        return Panel(title, unit, _("%(title)s：还没有数据。", title=title), "—", plan)
    finding = _(
        "%(title)s：最近有数的一个月 %(latest)s，最低 %(low)s，最高 %(high)s（%(unit)s）。",
        title=title, latest=write(values[-1]), low=write(min(values)), high=write(max(values)), unit=unit,
    )  # fmt: skip
    return Panel(title, unit, finding, write(values[-1]), plan)
