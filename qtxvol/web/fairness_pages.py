"""Fairness at a desk: the figures of a period, the orders behind them, and both as files. The office sees the city, a
department its own orders; `add_fairness` puts the pages there."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.base import CITY_TIME
from qtxvol.offers.fairness import MOST_DAYS, Fairness, measure
from qtxvol.orders.lifecycle import Label
from qtxvol.orders.numbers import spoken
from qtxvol.paging import page_of
from qtxvol.refusals import NotFound
from qtxvol.reports.fairness_paper import (
    MAIN_ROWS,
    NOTES,
    ROWS,
    Figure,
    list_figures,
    order_paper,
    order_sheet,
    paper_of,
)
from qtxvol.reports.sheets import Cell, Column, Kind, Row, head_of
from qtxvol.web.charts.fairness import figure_text, teams_picture, town_bars, trend_picture, volunteers_picture
from qtxvol.web.desk_frame import render_desk
from qtxvol.web.display import say
from qtxvol.web.forms import now, parse_day
from qtxvol.web.i18n import _, _l, ngettext
from qtxvol.web.match_words import override_in_words
from qtxvol.web.report_pages import send_file, write_cell

#: Kinds of periods in the order of the page: how many months each has; None for days of one's own choice.
PERIODS: dict[str, tuple[Any, int | None]] = {
    "month": (_l("月"), 1),
    "quarter": (_l("季度"), 3),
    "year": (_l("年"), 12),
    "free": (_l("自选日期"), None),
}
#: So many teams and overrides stand open on the page; the file has all.
SHOWN = 15
#: Figures that stand above all others, beside how many orders there were and what became of them.
HEADLINE = ("worst_town", "wait_median", "messages", "active", "late")


@dataclass(frozen=True, slots=True)
class Stat:
    """A large number above the page. :ivar note: what it rests on. :ivar url: of the orders behind it; or empty."""

    label: str
    value: str
    note: str
    url: str


@dataclass(frozen=True, slots=True)
class Period:
    """Days that somebody chose, both included. :ivar fault: why the choice could not be taken as it was."""

    by: str
    first: date
    last: date
    fault: str = ""

    @property
    def args(self) -> dict[str, Any]:
        """The same in an address."""
        if self.by == "free":
            return {"by": "free", "first": self.first.isoformat(), "last": self.last.isoformat()}
        return {"by": self.by, "at": self.first.isoformat()}

    @property
    def name(self) -> str:
        year = self.first.year
        match self.by:
            case "month":
                return f"{self.first:%Y-%m}"
            case "quarter":
                return _("%(year)s 年第 %(quarter)s 季度", year=year, quarter=(self.first.month + 2) // 3)
            case "year":
                return _("%(year)s 年", year=year)
        return _("%(first)s 至 %(last)s", first=self.first, last=self.last)


def read_period(today: date) -> Period:
    """The period that the address asks for; this month without."""
    by = request.args.get("by", "month")
    if by == "free":
        return _read_days(today)
    months = PERIODS.get(by, PERIODS["month"])[1] or 1
    at = parse_day(request.args.get("at", "")) or today
    at = at if 2000 <= at.year <= 2100 else today
    first = date(at.year, (at.month - 1) // months * months + 1, 1)
    return Period(by if by in PERIODS else "month", first, _month_after(first, months) - timedelta(days=1))


def _read_days(today: date) -> Period:
    """Days of one's own choice; what can't be taken is said, and the nearest sensible days are shown."""
    first, last = (parse_day(request.args.get(name, "")) for name in ("first", "last"))
    usual = Period("free", today.replace(day=1), today)
    if not request.args.get("first") and not request.args.get("last"):
        return usual
    if first is None or last is None or not 2000 <= first.year <= 2100 or not 2000 <= last.year <= 2100:
        return Period("free", usual.first, usual.last, _("请填写起止两个日期。"))
    if last < first:
        return Period("free", first, first, _("结束日期不能早于开始日期。"))
    if (last - first).days >= MOST_DAYS:
        latest = first + timedelta(days=MOST_DAYS - 1)
        return Period("free", first, latest, _("一次最多看三年，这里显示到 %(last)s。", last=latest))
    return Period("free", first, last)


def _month_after(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def add_fairness(bp: Blueprint, department_of: Callable[[], str | None]) -> None:
    """The pages at this desk. :param department_of: whose figures; None is the city's."""

    def found_now() -> tuple[Period, Fairness]:
        period = read_period(now().astimezone(CITY_TIME).date())
        return period, measure(period.first, period.last, now(), department_id=department_of())

    @bp.get("/fairness")
    def fairness() -> ResponseReturnValue:
        """All figures of a period with what they mean, pictures, towns, teams and overrides."""
        period, found = found_now()
        return _show(bp.name, period, found)

    @bp.get("/fairness/<any(xlsx, csv):form>")
    def fairness_file(form: str) -> ResponseReturnValue:
        """The same as a file."""
        _period, found = found_now()
        return send_file(paper_of(found, now()), form)

    @bp.get("/fairness/orders/<which>")
    def fairness_orders(which: str) -> ResponseReturnValue:
        """The orders behind a figure."""
        _check_rows(which)
        period, found = found_now()
        return _show_orders(bp.name, which, period, found)

    @bp.get("/fairness/orders/<which>/<any(xlsx, csv):form>")
    def fairness_orders_file(which: str, form: str) -> ResponseReturnValue:
        """All of them as a file."""
        _check_rows(which)
        _period, found = found_now()
        return send_file(order_paper(found, which, now()), form)


def _check_rows(which: str) -> None:
    if which not in ROWS:
        raise NotFound(which)


def _show(desk: str, period: Period, found: Fairness) -> str:
    today = now().astimezone(CITY_TIME).date()
    months = PERIODS[period.by][1]
    latest = min(period.last, max(period.first, today)).isoformat()
    groups = [
        (
            group.name,
            [
                (
                    figure,
                    figure_text(figure.value),
                    _rows_url(desk, figure.rows, period),
                    _rows_url(desk, figure.whole, period),
                )
                for figure in group.figures
            ],
        )
        for group in list_figures(found)
    ]
    by_key = {figure.key: (figure, value, url) for _name, figures in groups for figure, value, url, _whole in figures}
    towns = town_bars(found)
    return render_desk(
        "desk/fairness.html",
        nav_current=f"{desk}.fairness",
        period=period,
        is_empty=not found.orders and not found.volunteers.total,
        choices=[
            (label, url_for(f"{desk}.fairness", by=by, at=latest if months_of else None))
            for by, (label, months_of) in PERIODS.items()
        ],
        chosen=list(PERIODS).index(period.by),
        earlier=_turned(desk, period, -months) if months else "",
        later=_turned(desk, period, months) if months and period.last < today else "",
        headline=[*_orders_stats(desk, period, found), *(_stat(*by_key[key]) for key in HEADLINE)],
        groups=groups,
        towns=towns,
        compared=[town for town in towns.rows if not town.is_small],
        too_small=[town for town in towns.rows if town.is_small],
        curves=[volunteers_picture(found), teams_picture(found)],
        trend=trend_picture(found.months),
        weeks=found.volunteer_asks.weeks.counts,
        most_weeks=max((n for _amount, n in found.volunteer_asks.weeks.counts), default=0),
        teams=found.teams[:SHOWN],
        other_teams=max(0, len(found.teams) - SHOWN),
        overrides=found.overrides[:SHOWN],
        other_overrides=max(0, len(found.overrides) - SHOWN),
        order_url=lambda order_number: url_for(f"{desk}.order", number=order_number),
        spoken=spoken,
        why_in_words=override_in_words,
        notes=NOTES,
        files=[(form, url_for(f"{desk}.fairness_file", form=form, **period.args)) for form in ("xlsx", "csv")],
    )


def _orders_stats(desk: str, period: Period, found: Fairness) -> list[Stat]:
    """How many orders, how many of them have a verdict, and how many of these were served. While more wait than have
    one, a share would say more than is known."""
    judged, filled, waiting, aside = (len(found.counted(key)) for key in ("judged", "filled", "waiting", "aside"))
    said = [
        ngettext("%(num)d 单有结果", "%(num)d 单有结果", judged),
        ngettext("%(num)d 单还在等", "%(num)d 单还在等", waiting),
        ngettext("%(num)d 单不计入", "%(num)d 单不计入", aside) if aside else "",
    ]
    share = found.share_of()
    if share is None:
        served = "—"
    else:
        served = f"{filled:,} / {judged:,}" if waiting > judged else f"{figure_text(round(100 * share, 1))}%"
    note = ngettext("有结果的 %(num)d 单里", "有结果的 %(num)d 单里", judged)
    return [
        Stat(_("点单"), f"{len(found.orders):,}", _("，").join(filter(None, said)), _rows_url(desk, "all", period)),
        Stat(_("有队伍服务"), served, note, _rows_url(desk, "filled", period)),
    ]


def _stat(figure: Figure, value: str, url: str) -> Stat:
    unit = say(figure.unit)
    label = say(figure.label)
    if unit == "%" and value != "—":
        value += "%"
    if unit not in ("", "%"):
        label = _("%(name)s（%(unit)s）", name=label, unit=unit)
    return Stat(label, value, say(figure.of), url)


def _turned(desk: str, period: Period, months: int) -> str:
    return url_for(f"{desk}.fairness", by=period.by, at=_month_after(period.first, months).isoformat())


def _rows_url(desk: str, rows: str, period: Period) -> str:
    return url_for(f"{desk}.fairness_orders", which=rows, **period.args) if rows else ""


def _show_orders(desk: str, which: str, period: Period, found: Fairness) -> str:
    sheet = order_sheet(found, which)
    page = page_of(sheet.rows, request.args.get("page", 1, type=int))
    return render_desk(
        "desk/fairness_orders.html",
        nav_current=f"{desk}.fairness",
        period=period,
        title=ROWS[which],
        page=page,
        columns=[(head_of(column, say), _look(column)) for column in sheet.columns],
        rows=[_cells(desk, sheet.columns, row) for row in page.rows],
        back_url=url_for(f"{desk}.fairness", **period.args),
        others=[
            (say(label), url_for(f"{desk}.fairness_orders", which=key, **period.args), key == which)
            for key, label in ROWS.items()
            if key in MAIN_ROWS or key == which
        ],
        url_for_page=lambda number: url_for(f"{desk}.fairness_orders", which=which, page=number, **period.args),
        files=[
            (form, url_for(f"{desk}.fairness_orders_file", which=which, form=form, **period.args))
            for form in ("xlsx", "csv")
        ],
    )


def _look(column: Column) -> str:
    return "num" if column.kind in (Kind.NUMBER, Kind.DECIMAL) else ""


def _cells(desk: str, columns: Any, row: Row) -> list[tuple[str, str]]:
    """Text and address of each cell: an order's number leads to the order."""
    found = []
    for column, cell in zip(columns, row.cells, strict=True):
        if column.label == Label("单号", "Order") and isinstance(cell, Cell):
            found.append((spoken(str(cell.value)), url_for(f"{desk}.order", number=cell.value)))
        else:
            found.append((write_cell(column, cell), ""))
    return found
