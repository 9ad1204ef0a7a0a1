"""Tables as xlsx files: every text stays text, whatever it begins with, and numbers stay numbers."""

from collections.abc import Iterable, Sequence
from datetime import date
from io import BytesIO
from typing import Any

import xlsxwriter
from flask import Response

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

#: A column: its heading and its width in characters.
Column = tuple[str, int]


def table_file(
    filename: str, title: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]], *, notes: Sequence[str] = ()
) -> Response:
    """A workbook of one sheet as a download: title, notes, headings, rows; ready to print on A4 across.

    :param rows: text, whole numbers, floats and dates; None leaves the cell empty.
    """
    file = BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet(title[:31])
    big, bold = book.add_format({"bold": True, "font_size": 14}), book.add_format({"bold": True, "bottom": 1})
    day = book.add_format({"num_format": "yyyy-mm-dd", "align": "left"})
    sheet.write_string(0, 0, title, big)
    for y, note in enumerate(notes, 1):
        sheet.write_string(y, 0, note)
    top = len(notes) + 2
    for x, (heading, width) in enumerate(columns):
        sheet.write_string(top, x, heading, bold)
        sheet.set_column(x, x, width)
    for y, row in enumerate(rows, top + 1):
        for x, value in enumerate(row):
            match value:
                case None:
                    continue
                case date():
                    sheet.write_datetime(y, x, value, day)
                case int() | float():
                    sheet.write_number(y, x, value)
                case _:
                    sheet.write_string(y, x, str(value))
    sheet.freeze_panes(top + 1, 0)
    sheet.repeat_rows(top)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    book.close()
    return Response(
        file.getvalue(),
        mimetype=_XLSX,
        headers={"Content-Disposition": f'attachment; filename="{filename}"', "Cache-Control": "no-store"},
    )
