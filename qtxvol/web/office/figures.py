"""From each number to the rows that make it."""

from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.base import CITY_TIME
from qtxvol.orders.lifecycle import Label
from qtxvol.orders.numbers import spoken
from qtxvol.refusals import NotFound
from qtxvol.reports.drill import ORDER, cells_of, columns_of, drill_paper, open_figure
from qtxvol.reports.measures import MEASURES, Measure, Rows, Scope, tally
from qtxvol.reports.professions import OTHER, OTHER_NAME, PROFESSIONS
from qtxvol.reports.queries import Names, find_counted_target, list_years, read_census, read_names
from qtxvol.reports.sheets import Cell, Column, Kind, head_of
from qtxvol.volunteers.teams import HOST_KIND_LABELS
from qtxvol.web.charts.people import people_tables
from qtxvol.web.desk import render_desk
from qtxvol.web.display import hours, say
from qtxvol.web.forms import now
from qtxvol.web.office.views import bp, list_args, page_number, url_for_page
from qtxvol.web.report_pages import read_scope, send_file, write_cell


@bp.get("/progress")
def figures() -> ResponseReturnValue:
    """All figures of a year, each with how it is counted and a way to its rows; people by kind as they are now."""
    years = list_years(now())
    today = now().astimezone(CITY_TIME).date()
    year = request.args.get("year", today.year, type=int)
    year = year if year in years else today.year
    scope = Scope.of_year(year)
    found = tally(list(MEASURES.values()), (), scope)
    names = read_names()
    return render_desk(
        "office/figures.html",
        year=year,
        years=years,
        rows=[
            (measure, _shown(measure, found[measure.key].get((), 0)), _url(measure, scope))
            for measure in MEASURES.values()
        ],
        board_target=find_counted_target(today),
        people=people_tables(read_census(now()), names, today, is_public=False),
    )


@bp.get("/progress/<key>")
def figure(key: str) -> ResponseReturnValue:
    """The rows behind a figure, with their sum, filtered as the figure was."""
    measure, names = _get_measure(key), read_names()
    scope = read_scope()
    drill = open_figure(measure, scope, page_number())
    columns = columns_of(measure)
    return render_desk(
        "office/figure.html",
        nav_current="office.figures",
        drill=drill,
        measure=measure,
        figure=_shown(measure, drill.figure),
        filters=_filters(scope, names),
        columns=[
            (head_of(column, say), "num" if column.kind in (Kind.NUMBER, Kind.MINUTES) else "") for column in columns
        ],
        rows=[
            [
                (_text(column, cell), _row_url(column, cell), column.kind is Kind.DAY)
                for column, cell in zip(columns, cells, strict=True)
            ]
            for cells in (cells_of(measure, row) for row in drill.page.rows)
        ],
        url_for_page=url_for_page,
        files=[(form, url_for(".figure_file", **{**_args(), "key": key, "form": form})) for form in ("xlsx", "csv")],
    )


@bp.get("/progress/<key>/rows.<any(xlsx, csv):form>")
def figure_file(key: str, form: str) -> ResponseReturnValue:
    """All rows behind a figure, with the figure as the last line."""
    measure, names = _get_measure(key), read_names()
    scope = read_scope()
    words = [f"{term.zh}：{value.zh}" for term, value in _filters(scope, names)]
    words_en = [f"{term.en}: {value.en}" for term, value in _filters(scope, names)]
    subject = Label("；".join(words) or "全部", "; ".join(words_en) or "All")
    return send_file(drill_paper(measure, scope, subject, now()), form)


def _get_measure(key: str) -> Measure:
    if key not in MEASURES:
        raise NotFound(key)
    return MEASURES[key]


def _args() -> dict[str, Any]:
    return {name: value for name, value in list_args().items() if name != "page"}


def _groups(names: Names) -> dict[str, dict[str, Label]]:
    return {
        "town": dict(names.towns),
        "unit": dict(names.units),
        "programme": dict(names.programmes),
        "host": dict(HOST_KIND_LABELS),
        "profession": {**{code: each.name for code, each in PROFESSIONS.items()}, OTHER: OTHER_NAME},
    }


_TERMS = {
    "town": Label("镇街", "Town"),
    "unit": Label("部门", "Unit"),
    "programme": Label("行动或工程", "Action or project"),
    "host": Label("依托单位", "Host"),
    "profession": Label("职业", "Profession"),
}
_NOT_SAID = Label("没有写明", "Not said")


def _filters(scope: Scope, names: Names) -> list[tuple[Label, Label]]:
    """What the figure was narrowed to, in words."""
    found = []
    if scope.first or scope.last:
        first, last = scope.first or "…", scope.last or "…"
        found.append((Label("日期", "Days"), Label(f"{first} 至 {last}", f"{first} to {last}")))
    for group, known in _groups(names).items():
        value = getattr(scope, group)
        if value is not None:
            found.append((_TERMS[group], known.get(value, Label(value, value) if value else _NOT_SAID)))
    return found


def _shown(measure: Measure, figure: int) -> str:
    return hours(figure) if measure.rows is Rows.LINES else f"{figure:,}"


def _url(measure: Measure, scope: Scope) -> str:
    days: dict[str, Any] = {} if scope.first is None or measure.is_stock else {"first": scope.first.isoformat()}
    return url_for(".figure", key=measure.key, **days, last=scope.last.isoformat() if scope.last else None)


def _text(column: Column, cell: Label | Cell) -> str:
    """A cell as everywhere else on pages: an order's number in groups."""
    shown = write_cell(column, cell)
    return spoken(shown) if _row_url(column, cell) else shown


def _row_url(column: Column, cell: Label | Cell) -> str:
    """An order's number leads to the order."""
    return (
        url_for("office.order", number=cell.value) if column is ORDER and isinstance(cell, Cell) and cell.value else ""
    )
