"""A paper as an Excel file: texts as texts, numbers as numbers, units in the heads, ready to be printed on A4."""

from collections.abc import Sequence
from datetime import date
from io import BytesIO
from typing import Any

import xlsxwriter

from qtxvol.base import CITY_TIME
from qtxvol.reports.sheets import Cell, Column, Kind, Paper, Row, Say, Sheet, head_of, text_of

_A4 = 9
_LONGEST_NAME = 31
_WIDEST = 46


def write_xlsx(paper: Paper, say: Say) -> bytes:
    """The file. Whoever typed `=1+1` as a title finds it as a text.

    Minutes come in two columns: minutes as the ledger has them, hours as people read them.
    """
    file = BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"title": say(paper.title), "subject": say(paper.subject), "company": "qtxvol"})
    looks = {
        "title": book.add_format({"bold": True, "font_size": 15}),
        "soft": book.add_format({"font_color": "#444444", "text_wrap": True, "valign": "top"}),
        "head": book.add_format({"bold": True, "border": 1, "text_wrap": True, "valign": "vcenter"}),
        Kind.TEXT: book.add_format({"border": 1, "text_wrap": True, "valign": "top"}),
        Kind.NUMBER: book.add_format({"border": 1, "num_format": "#,##0", "valign": "top"}),
        Kind.MINUTES: book.add_format({"border": 1, "num_format": "#,##0.00", "valign": "top"}),
        Kind.DECIMAL: book.add_format({"border": 1, "num_format": "#,##0.0##", "valign": "top"}),
        Kind.DAY: book.add_format({"border": 1, "num_format": "yyyy-mm-dd", "valign": "top"}),
    }
    totals = {
        kind: book.add_format({"border": 1, "bold": True, "top": 2, "num_format": _FORMATS[kind]}) for kind in Kind
    }
    taken: set[str] = set()
    for sheet in paper.sheets:
        page = book.add_worksheet(_sheet_name(say(sheet.name), taken))
        _prepare(page, paper, say)
        at = _write_table(page, sheet, say, looks, totals)
        for note in (*sheet.notes, *paper.notes):
            at += 1
            page.write_string(at, 0, say(note))
    if paper.stories:
        page = book.add_worksheet(_sheet_name(say(paper.title), taken))
        _prepare(page, paper, say)
        _write_stories(page, paper, say, looks)
    book.close()
    return file.getvalue()


_FORMATS = {Kind.TEXT: "@", Kind.NUMBER: "#,##0", Kind.MINUTES: "#,##0.00", Kind.DECIMAL: "#,##0.0##", Kind.DAY: "@"}


def _prepare(page: Any, paper: Paper, say: Say) -> None:
    page.set_paper(_A4)
    page.set_landscape()
    page.fit_to_pages(1, 0)
    page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    head = f"&L&B{say(paper.title)}&R{say(paper.subject)}"
    page.set_header(head if len(head) < 255 else f"&L&B{say(paper.title)[:120]}")
    page.set_footer("&L" + say(paper.title).replace("&", "&&") + "&R&P / &N")


def _write_table(page: Any, sheet: Sheet, say: Say, looks: dict[Any, Any], totals: dict[Any, Any]) -> int:
    """The table from the first line on, so that other programs read it as one; the last line that was written."""
    at = 0
    heads = [head for column in sheet.columns for head in _heads(column, say)]
    for column, head in enumerate(heads):
        page.write_string(0, column, head, looks["head"])
    widths = [min(_WIDEST, max(8, _width(head) / 2 + 2)) for head in heads]
    for row in sheet.rows:
        at += 1
        _write_row(page, at, row, sheet.columns, say, looks, widths)
    if sheet.total is not None:
        at += 1
        _write_row(page, at, sheet.total, sheet.columns, say, totals, widths)
    for column, width in enumerate(widths):
        page.set_column(column, column, width)
    page.freeze_panes(1, 1)
    page.repeat_rows(0)
    return at + 1


def _heads(column: Column, say: Say) -> list[str]:
    if column.kind is not Kind.MINUTES:
        return [head_of(column, say)]
    minutes = "（分钟）" if say(column.label) == column.label.zh else " (minutes)"
    return [head_of(column, say), say(column.label) + minutes]


def _write_row(
    page: Any, at: int, row: Row, columns: Sequence[Column], say: Say, looks: dict[Any, Any], widths: list[float]
) -> None:
    to = 0
    for column, cell in zip(columns, row.cells, strict=True):
        value = text_of(cell, say)
        if column.kind is Kind.MINUTES:
            _write_cell(page, at, to, None if value is None else value / 60, looks[Kind.MINUTES])
            to += 1
            _write_cell(page, at, to, value, looks[Kind.NUMBER])
        else:
            _write_cell(page, at, to, value, looks[column.kind])
            if isinstance(value, str):
                widths[to] = min(_WIDEST, max(widths[to], _width(value) + 2))
        to += 1


def _write_cell(page: Any, row: int, column: int, value: Any, look: Any) -> None:
    match value:
        case None:
            page.write_blank(row, column, None, look)
        case str():
            page.write_string(row, column, value, look)
        case date():
            page.write_datetime(row, column, value, look)
        case _:
            page.write_number(row, column, value, look)


def _write_stories(page: Any, paper: Paper, say: Say, looks: dict[Any, Any]) -> None:
    page.set_column(0, 0, 24)
    page.set_column(1, 1, 96)
    at = 0
    for story in paper.stories:
        page.write_string(at, 0, say(story.title), looks["title"])
        for fact in story.facts:
            at += 1
            page.write_string(at, 1, say(fact), looks["soft"])
        at += 1
        page.write_string(at, 1, story.text, looks["soft"])
        at += 2
    for note in paper.notes:
        page.write_string(at, 0, say(note))
        at += 1


def made_on(paper: Paper) -> date:
    """The city's day on which the paper was made."""
    return paper.made_at.astimezone(CITY_TIME).date()


def _sheet_name(text: str, taken: set[str]) -> str:
    """As Excel allows it, each once."""
    plain = "".join(" " if each in r"[]:*?/\'" else each for each in text).strip()[:_LONGEST_NAME] or "-"
    name, serial = plain, 1
    while name.casefold() in taken:
        serial += 1
        ending = f" {serial}"
        name = plain[: _LONGEST_NAME - len(ending)] + ending
    taken.add(name.casefold())
    return name


def _width(text: str) -> float:
    """In letters; a Chinese one counts for two."""
    return sum(2 if each > "⺀" else 1 for each in text)


__all__ = ["Cell", "made_on", "write_xlsx"]
