"""The answer to a list: the same sheet with a column of what was wrong. And the empty sheet to begin with."""

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from qtxvol.orders.lifecycle import Label
from qtxvol.roster.columns import COLUMNS, heading
from qtxvol.roster.models import RosterRun
from qtxvol.roster.reading import Head
from qtxvol.roster.staging import StagedLine, Staging, staging_folder

#: Heading of the column that is added. Of a list that has one already, it is replaced.
RESULT = Label("导入结果", "Result of the import")
_RESULTS = frozenset({heading(RESULT.zh), heading(RESULT.en)})
#: A spreadsheet would compute what begins so.
_COMPUTED = ("=", "+", "-", "@", "\t", "\r")
_WIDEST = 40

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"


def answer_name(run: RosterRun, head: Head) -> str:
    """What the answer's file is called."""
    stem = run.file_name.rpartition(".")[0] or run.file_name
    return f"{stem}-{RESULT.zh}.{'csv' if head.kind == 'csv' else 'xlsx'}"


def write_answer(staging: Staging, run: RosterRun, file: io.BytesIO | Path, *, is_english: bool = False) -> None:
    """The sheet as it came, every cell as text, and beside each line what is or was to become of it.

    :param file: gets a csv when the list was one, else an xlsx. A csv begins with a mark that spreadsheets know UTF-8
        by; what they would compute has an apostrophe before it, which reading takes away again.
    """
    head = staging.read_head()
    if head.kind == "csv":
        raw = _csv(head, staging, run, is_english).encode("utf-8-sig")
        if isinstance(file, Path):
            file.write_bytes(raw)
        else:
            file.write(raw)
        return
    _xlsx(head, staging, run, file, is_english)


def result_text(line: StagedLine, run: RosterRun, *, is_english: bool) -> str:
    """What stands in the column that is added."""
    if line.problems:
        return ("; " if is_english else "；").join(_say(each.text, is_english) for each in line.problems)
    if line.outcome == "unchanged":
        return _say(Label(f"已登记（{line.number}），没有变化", f"Registered as {line.number}, no change"), is_english)
    if run.state == "taken":
        zh, en = f"已导入，编号 {line.number}，待核验", f"Taken in as {line.number}, to be verified"
        return _say(Label(zh, en), is_english)
    return _say(Label("可以导入", "Can be taken in"), is_english)


def _lines(
    head: Head, staging: Staging, run: RosterRun, is_english: bool
) -> Iterator[tuple[int, Sequence[str], str, set[int]]]:
    """(row, cells, result, columns with a problem), from the first row to the last; without a former result."""
    kept = [index for index, title in enumerate(head.headings) if heading(title) not in _RESULTS]
    keys = [head.keys[index] for index in kept]
    for number, above in head.above:
        yield number, _pick(above, kept), "", set()
    yield head.number, _pick(head.headings, kept), _say(RESULT, is_english), set()
    for line, cells in staging.originals():
        bad = {keys.index(each.column) for each in line.problems if each.column in keys}
        yield line.row, _pick(cells, kept), result_text(line, run, is_english=is_english), bad


def _pick(cells: Sequence[str], kept: Sequence[int]) -> list[str]:
    return [cells[index] if index < len(cells) else "" for index in kept]


def _csv(head: Head, staging: Staging, run: RosterRun, is_english: bool) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    last = 0
    for row, cells, result, _bad in _lines(head, staging, run, is_english):
        writer.writerows([] for _ in range(row - last - 1))  # lines without people keep their place
        writer.writerow([f"'{cell}" if cell.startswith(_COMPUTED) else cell for cell in (*cells, result)])
        last = row
    return text.getvalue()


def _xlsx(head: Head, staging: Staging, run: RosterRun, file: io.BytesIO | Path, is_english: bool) -> None:
    # row by row, so that a long list takes no memory; its temporary files lie where only the service may look
    with xlsxwriter.Workbook(file, {"constant_memory": True, "tmpdir": str(staging_folder())}) as book:
        sheet = book.add_worksheet(head.sheet[:31] if _is_sheet_name(head.sheet) else None)
        plain, bad_format = (
            book.add_format({"num_format": "@"}),
            book.add_format({"num_format": "@", "bg_color": "#FFD9D0"}),
        )
        strong = book.add_format({"num_format": "@", "bold": True, "bottom": 1})
        last = len([title for title in head.headings if heading(title) not in _RESULTS])
        for column, title in enumerate(head.headings[:last]):
            sheet.set_column(column, column, min(_WIDEST, max(10, 2 * len(title) + 4)), plain)
        sheet.set_column(last, last, 60, plain)
        sheet.freeze_panes(head.number, 0)
        for row, cells, result, bad in _lines(head, staging, run, is_english):
            usual = strong if row == head.number else plain
            for column, cell in enumerate(cells):
                if cell or column in bad:
                    # never write(): `=1+1` is what somebody typed, not what is to be computed
                    sheet.write_string(row - 1, column, cell, bad_format if column in bad else usual)
            if result:
                sheet.write_string(row - 1, last, result, usual)


def _is_sheet_name(name: str) -> bool:
    return bool(name) and not set(name) & set("[]:*?/\\") and not name.startswith("'") and not name.endswith("'")


def make_template() -> bytes:
    """An empty list: every column as text, an example that is skipped, and a sheet that explains the columns."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        text = book.add_format({"num_format": "@"})
        grey = book.add_format({"num_format": "@", "font_color": "#666666", "italic": True})
        strong = book.add_format({"num_format": "@", "bold": True, "bottom": 1})
        wrapped = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
        sheet = book.add_worksheet("名单")
        for column, each in enumerate(COLUMNS):
            sheet.set_column(column, column, 22 if each.key in ("name", "id_number", "born_on") else 16, text)
            sheet.write_string(0, column, each.label.zh + ("*" if each.is_required else ""), strong)
            sheet.write_string(1, column, each.example, grey)
        sheet.freeze_panes(1, 0)
        _explain(book.add_worksheet("说明"), strong, wrapped)
    return file.getvalue()


def _explain(sheet: Any, strong: Any, wrapped: Any) -> None:
    sheet.set_column(0, 0, 14)
    sheet.set_column(1, 1, 8)
    sheet.set_column(2, 2, 60)
    sheet.set_column(3, 3, 50)
    for column, title in enumerate(("列", "必填", "填什么", "What belongs in it")):
        sheet.write_string(0, column, title, strong)
    for row, each in enumerate(COLUMNS, 1):
        cells = (each.label.zh, "是" if each.is_required else "", each.about.zh, f"{each.label.en}: {each.about.en}")
        for column, cell in enumerate(cells):
            sheet.write_string(row, column, cell, wrapped)
    for offset, line in enumerate(_REMARKS, len(COLUMNS) + 2):
        sheet.write_string(offset, 2, line.zh, wrapped)
        sheet.write_string(offset, 3, line.en, wrapped)


_REMARKS = (
    Label(
        "第一行是表头，列的先后和多余的列都没有关系。",
        "The first line holds the headings; order and further columns don't matter.",
    ),
    Label("示例行会自动跳过，不用删。", "The example line is skipped."),
    Label("不要填民族、宗教信仰和健康状况，系统不读取。", "No ethnicity, religion or health: they are not read."),
    Label(
        "名单里的人要核验证件后才计入志愿者总数。",
        "People off a list count once their document has been looked at.",
    ),
)


def _say(label: Label, is_english: bool) -> str:
    return label.en if is_english else label.zh
