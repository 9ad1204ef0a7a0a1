"""Papers and lists of figures as pages and files: what the desks of the office, departments and communities share."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from urllib.parse import quote

from flask import Response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.base import CITY_TIME
from qtxvol.reports.drill import write_csv
from qtxvol.reports.measures import Scope
from qtxvol.reports.sheets import Cell, Column, Kind, Paper, text_of
from qtxvol.reports.xlsx import write_xlsx
from qtxvol.web.display import hours, say
from qtxvol.web.forms import now, parse_day

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

#: Address of the rows behind a figure, from what `Cell.source` holds.
Drill = Callable[[Mapping[str, str]], str]


def show_paper(paper: Paper, *, back_url: str, xlsx_url: str = "", drill: Drill | None = None) -> ResponseReturnValue:
    """The paper on the screen and for the printer.

    :param drill: with it each figure is a link to its rows.
    """
    return render_template(
        "papers/report.html",
        paper=paper,
        back_url=back_url,
        xlsx_url=xlsx_url,
        write=write_cell,
        drill=drill,
    )


def write_cell(column: Column, cell: Any) -> str:
    """A cell as a page shows it."""
    value = text_of(cell, say)
    if value is None:
        return "—" if isinstance(cell, Cell) else ""
    match column.kind:
        case Kind.MINUTES:
            return hours(value)
        case Kind.NUMBER:
            return f"{value:,}" if isinstance(value, int) else str(value)
        case Kind.DECIMAL:
            return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}".rstrip("0").rstrip(".")
    return str(value)


def send_file(paper: Paper, form: str = "xlsx") -> Response:
    """The paper as a download, in the page's language: `xlsx`, or `csv` with its first table."""
    content = write_xlsx(paper, say) if form == "xlsx" else write_csv(paper, say)
    name = f"{say(paper.title)} {say(paper.subject)} {now().astimezone(CITY_TIME):%Y-%m-%d}.{form}"
    response = Response(content, mimetype=_XLSX if form == "xlsx" else "text/csv; charset=utf-8")
    # a plain name for old programs, the real one for all others
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{paper.code}.{form}\"; filename*=UTF-8''{quote(name.replace('/', '-'))}"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def read_scope() -> Scope:
    """The scope that an address asks for. A group that doesn't exist has no rows; "" stands for "not said"."""
    args = request.args
    groups: dict[str, Any] = {
        name: args[name][:32] for name in ("town", "unit", "programme", "host", "profession") if name in args
    }
    return Scope(_day("first"), _day("last"), **groups)


def _day(name: str) -> date | None:
    day = parse_day(request.args.get(name, ""))
    return day if day and 2000 <= day.year <= 2100 else None


def figure_url(source: Mapping[str, str]) -> str:
    """The office's list behind a figure."""
    args: dict[str, Any] = dict(source)
    return url_for("office.figure", key=args.pop("measure"), **args)
