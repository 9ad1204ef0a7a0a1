"""Evaluation papers of the office: choose one, look at it, print it, take it as a file."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.orders.lifecycle import Label
from qtxvol.progress.targets import list_periods, today_of
from qtxvol.refusals import NotFound
from qtxvol.reports.cases import cases_paper
from qtxvol.reports.fairness_paper import fairness_year_paper
from qtxvol.reports.papers import (
    duties_paper,
    period_paper,
    town_paper,
    towns_paper,
    unit_paper,
    units_paper,
    year_paper,
)
from qtxvol.reports.queries import list_years, read_names
from qtxvol.reports.sheets import Paper
from qtxvol.web.desk import render_desk
from qtxvol.web.desk_frame import ID
from qtxvol.web.forms import now
from qtxvol.web.i18n import _l
from qtxvol.web.office.views import bp
from qtxvol.web.report_pages import figure_url, send_file, show_paper

#: Papers of the whole city for a year, in the order of the page.
_OF_CITY: Mapping[str, tuple[Any, Any, Callable[[int, datetime], Paper]]] = {
    "year": (_l("年度总结"), _l("全市一年的点单、服务、志愿者和目标，按月、镇街、部门、行动和工程"), year_paper),
    "duties": (_l("责任清单与完成情况"), _l("计划里各单位的责任，对照办结的单"), duties_paper),
    "towns": (_l("各镇街自查汇总"), _l("所有镇街并列，合计等于全市"), towns_paper),
    "units": (_l("各部门自查汇总"), _l("所有部门并列，合计等于全市"), units_paper),
    "fairness": (_l("匹配与公平"), _l("服务率、等待、分担和询问，按镇街、月份、服务队；不公开"), fairness_year_paper),
    "cases": (_l("典型案例"), _l("从办结的单里选出并写成文字的案例"), cases_paper),
}


@bp.get("/papers")
def papers() -> ResponseReturnValue:
    """All papers that there are for a year."""
    years = list_years(now())
    year = request.args.get("year", years[0], type=int)
    names = read_names()
    return render_desk(
        "office/papers.html",
        year=year if year in years else years[0],
        years=years,
        city=[(kind, title, about) for kind, (title, about, _make) in _OF_CITY.items()],
        towns=[(key, label) for key, label in names.towns.items() if key not in names.retired],
        units=[(key, label) for key, label in names.units.items() if key not in names.retired],
        periods=[each for each in list_periods(today_of(now())) if each.starts_on <= today_of(now())],
    )


@bp.get(f"/papers/<kind>/<{ID}:year>")
def paper(kind: str, year: int) -> ResponseReturnValue:
    """One paper; `of` names the town, unit or period."""
    of = request.args.get("of", "")[:32]
    file = url_for(".paper_file", kind=kind, year=year, of=of or None)
    return show_paper(_make(kind, year, of), back_url=url_for(".papers", year=year), xlsx_url=file, drill=figure_url)


@bp.get(f"/papers/<kind>/<{ID}:year>.xlsx")
def paper_file(kind: str, year: int) -> ResponseReturnValue:
    """The same as a file."""
    return send_file(_make(kind, year, request.args.get("of", "")[:32]))


def _make(kind: str, year: int, of: str) -> Paper:
    """:raise NotFound: no such paper."""
    if kind in _OF_CITY and 2000 <= year <= today_of(now()).year:
        return _OF_CITY[kind][2](year, now())
    if kind == "town":
        return town_paper(of, year, now())
    if kind == "unit":
        return unit_paper(of, year, now())
    if kind == "period":
        period = next((each for each in list_periods(today_of(now())) if each.id == of), None)
        if period is not None and period.starts_on <= today_of(now()):
            name = Label(f"{period.name.zh}（{period.starts_on.year}—{period.ends_on.year}）", period.name.en)
            return period_paper(period.starts_on, period.ends_on, name, now())
    raise NotFound(kind)
