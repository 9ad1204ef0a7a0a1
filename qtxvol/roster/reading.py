"""Reading a list of people out of a file: xlsx, xls or csv, whatever its encoding and its headings.

What is read is text and where it stood; whether it is right is asked in `checking.py`. A cell that may have lost
something on the way (a number, a formula) says so, and nobody guesses what it was.
"""

import csv
import io
import json
import subprocess
import sys
import threading
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import Any, NoReturn

from qtxvol.refusals import Refused
from qtxvol.roster.columns import BY_KEY, COLUMNS, EXAMPLE_NAME, Cell, find_columns, plain

#: Reads workbooks in a process of its own.
EXTRACT = Path(__file__).with_name("extract.py")
LARGEST_FILE = 10 * 1024 * 1024
#: A list longer than this is sent in two files.
MOST_ROWS = 20_000
MOST_COLUMNS = 80
#: So many lines above the headings: a title, who filled it in, a remark.
HEADINGS_WITHIN = 20
LONGEST_CELL = 1_000
#: Merged cells of these columns hold for every row they span; of the others each row needs its own.
_SPANNING = frozenset({"division", "employer", "title", "team", "skills", "id_type"})
_ENCODINGS = ("utf-8-sig", "gb18030")
_DELIMITERS = (",", "\t", ";")


_EXAMPLE = Cell(plain(EXAMPLE_NAME))


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the sheet.

    :ivar number: from 1, as a spreadsheet shows it.
    :ivar cells: as they stand, all of them.
    :ivar values: those of the columns that are read, by key; empty ones are left out.
    """

    number: int
    cells: tuple[str, ...]
    values: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above the people.

    :ivar kind: xlsx, xls or csv.
    :ivar sheet: its name; empty for csv.
    :ivar above: (number, cells) of the lines before the headings.
    :ivar headings: as they stand, in line `number`.
    :ivar keys: for each heading the column that it means, or None.
    """

    kind: str
    sheet: str
    above: tuple[tuple[int, tuple[str, ...]], ...]
    headings: tuple[str, ...]
    number: int
    keys: tuple[str | None, ...]

    @property
    def unread(self) -> tuple[str, ...]:
        """Headings that mean nothing here."""
        return tuple(title for title, key in zip(self.headings, self.keys, strict=True) if title and key is None)


@contextmanager
def open_roster(path: Path) -> Iterator[tuple[Head, Iterator[Row]]]:
    """The headings of the file at `path`, and its people row by row; the file's name is not believed.

    :raise Refused: `invalid` (422, field `file`) with a sentence, also while the rows are read.
    """
    kind = find_kind(path)
    with _csv_lines(path) if kind == "csv" else _workbook_lines(path) as lines:
        head, rest = _find_head(kind, lines)
        yield head, _rows(head, rest)


def count_lines(path: Path) -> int:
    """About how many lines the file has, to show how far one is; 0 when it can't be read."""
    try:
        if find_kind(path) == "csv":
            return path.read_bytes().count(b"\n")
        with _workbook_lines(path) as lines:
            return max((line.number for line in lines if isinstance(line, _Line)), default=0)
    except Refused:
        return 0


# What kind of file


def find_kind(path: Path) -> str:
    """xlsx, xls or csv, by the first bytes.

    :raise Refused: too large, empty, or something else.
    """
    size = path.stat().st_size
    if size > LARGEST_FILE:
        _refuse(
            f"文件太大了，最多 {LARGEST_FILE // 1024 // 1024} MB。请删去图片，或分成几份导入。",
            f"The file is too large: {LARGEST_FILE // 1024 // 1024} MB at most. Take pictures out, or split it.",
        )
    with path.open("rb") as file:
        start = file.read(4096)
    if not start.strip(b"\0 \r\n\t\xef\xbb\xbf"):
        _refuse("文件是空的。", "The file is empty.")
    if start.startswith(b"PK"):
        return "xlsx"
    if start.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "xls"
    if start.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"<":
        _refuse(
            "这是网页或 XML 文件，不是表格。请用 Excel 或 WPS 打开它，另存为“Excel 工作簿（.xlsx）”再上传。",
            "This is a web page or XML, not a spreadsheet. Open it and save it as an Excel workbook (.xlsx).",
        )
    if b"\0" in start and not start.startswith((b"\xff\xfe", b"\xfe\xff")):
        _refuse_kind()
    return "csv"


def _refuse_kind() -> NoReturn:
    _refuse(
        "这个文件不是表格。请上传 Excel 工作簿（.xlsx 或 .xls）或 CSV 文件。",
        "This is not a spreadsheet. Send an Excel workbook (.xlsx or .xls) or a CSV file.",
    )


# Lines: (sheet, number, cells), and before them the merged ranges of a sheet


@dataclass(frozen=True, slots=True)
class _Sheet:
    name: str
    merged: Sequence[Sequence[int]] = ()


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    cells: Sequence[Cell]


#: Sentences for the codes of `extract.py`.
_TROUBLES: Mapping[str, tuple[str, str]] = {
    "not_workbook": (
        "这个压缩文件不是 Excel 工作簿。请上传 .xlsx、.xls 或 CSV 文件。",
        "This archive is not an Excel workbook. Send .xlsx, .xls or CSV.",
    ),
    "damaged": (
        "文件打不开，可能已损坏，或不是 Excel 工作簿。请用 Excel 或 WPS 打开，另存为 .xlsx 再上传。",
        "The file can't be opened: it is damaged, or no Excel workbook. Open it, save it as .xlsx and send that.",
    ),
    "locked": (
        "文件设了打开密码。请去掉密码，另存后再上传。",
        "The file is locked with a password. Take the password off, save it and send it again.",
    ),
    "bomb": (
        "文件解开后大得不正常，没有读取。请把名单复制到新表格再上传。",
        "Unpacked the file is abnormally large and was not read. Copy the list into a new workbook.",
    ),
    "entities": (
        "文件里有表格不该有的内容（XML 实体），没有读取。请把名单复制到新表格再上传。",
        "The file holds what no spreadsheet holds (XML entities) and was not read. Copy the list into a new workbook.",
    ),
    "rows": (
        f"行数太多，最多 {MOST_ROWS} 行。请分成几份导入；若表尾有误填的内容，请删掉。",
        f"Too many rows: {MOST_ROWS} at most. Split the list, or clear what was typed far below it.",
    ),
    "columns": (
        f"列数太多，最多 {MOST_COLUMNS} 列。请删去多余的列。",
        f"Too many columns: {MOST_COLUMNS} at most. Delete those that are not needed.",
    ),
    "sheets": (
        "工作表太多，最多 20 张。请只留名单那一张。",
        "Too many sheets: 20 at most. Keep the one with the list.",
    ),
    "merged": (
        "合并单元格太多。请取消合并，再上传。",
        "Too many merged cells. Unmerge them and send the file again.",
    ),
    "no_sheet": ("工作簿里没有可见的工作表。", "The workbook has no visible sheet."),
    "too_much": (
        "这个文件读不完：内容太多或已损坏。请把名单复制到新表格再上传。",
        "The file can't be read to its end: too much in it, or damaged. Copy the list into a new workbook.",
    ),
}


#: Each may take a few hundred megabytes.
_FEW_AT_ONCE = threading.BoundedSemaphore(2)


@contextmanager
def _workbook_lines(path: Path) -> Iterator[Iterator[_Sheet | _Line]]:
    """What `extract.py` reads, in a process of its own that ends with this block."""
    command = [sys.executable, "-I", str(EXTRACT), str(path.resolve())]
    process = subprocess.Popen(  # noqa: S603 our own script, on a path without a shell
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
    )
    with _FEW_AT_ONCE, process:
        try:
            yield _parse_lines(process)
        finally:
            process.kill()


def _parse_lines(process: subprocess.Popen[str]) -> Iterator[_Sheet | _Line]:
    for text in process.stdout or ():
        found = json.loads(text)
        if isinstance(found, list):
            yield _Line(found[0], [_cell(each) for each in found[1:]])
        elif "error" in found:
            _refuse(*_TROUBLES[found["error"]])
        else:
            yield _Sheet(found["sheet"], found["merged"])
    if process.wait() != 0:  # killed by its limits before it could say so
        _refuse(*_TROUBLES["too_much"])


def _cell(found: Any) -> Cell:
    kind, text = ("", found) if isinstance(found, str) else found
    return Cell(_storable(text), kind)


def _storable(text: str) -> str:
    """Half characters can be written nowhere."""
    return text.encode("utf-8", "replace").decode() if not text.isascii() else text


@contextmanager
def _csv_lines(path: Path) -> Iterator[Iterator[_Sheet | _Line]]:
    text = _decode(path.read_bytes())
    if "\0" in text:
        _refuse_kind()
    yield chain([_Sheet("")], _split(text, _find_delimiter(text)))


def _decode(raw: bytes) -> str:
    """UTF-8 with or without mark, UTF-16 with one (a spreadsheet's "Unicode text"), else GB18030, which holds GBK."""
    encodings = ("utf-16",) if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else _ENCODINGS
    for encoding in encodings:
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    _refuse(
        "文件里的字认不出来（不是 UTF-8，也不是 GBK/GB18030）。请用 Excel 或 WPS 打开，另存为 .xlsx 再上传。",
        "The characters can't be read (neither UTF-8 nor GBK/GB18030). Open the file, save it as .xlsx and send that.",
    )


def _find_delimiter(text: str) -> str:
    """The one with which most headings are known."""

    def known(delimiter: str) -> int:
        lines = _split(text[:65_536], delimiter)
        try:
            return max((_count_known(line) for line, _ in zip(lines, range(HEADINGS_WITHIN), strict=False)), default=0)
        except Refused:
            return 0

    return max(_DELIMITERS, key=known)


def _split(text: str, delimiter: str) -> Iterator[_Line]:
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 1):
            if len(cells) > MOST_COLUMNS and any(cells[MOST_COLUMNS:]):
                _refuse(*_TROUBLES["columns"])
            yield _Line(number, [Cell(_unquoted(_storable(cell))) for cell in cells[:MOST_COLUMNS]])
    except csv.Error:
        _refuse(
            "CSV 文件里有一格长得不正常，可能是引号没有成对。请用 Excel 或 WPS 打开，另存为 .xlsx 再上传。",
            "A cell of the CSV file is abnormally long; perhaps a quotation mark has no partner. Save it as .xlsx.",
        )


def _unquoted(cell: str) -> str:
    """Marks that spreadsheets use to keep digits as text: `'138…` and `="138…"`."""
    if cell.startswith('="') and cell.endswith('"') and cell.count('"') == 2:
        return cell[2:-1]
    return cell[1:] if cell.startswith("'") else cell


# Headings


def _count_known(line: _Line) -> int:
    return len({key for key in find_columns([cell.text for cell in line.cells]) if key})


def _find_head(kind: str, lines: Iterator[_Sheet | _Line]) -> tuple[Head, Iterator[_Line | _Sheet]]:
    """The first visible sheet that has headings, and the rest of the lines with its merged cells in front."""
    sheet, above, best = _Sheet(""), list[_Line](), ""
    for line in lines:
        if isinstance(line, _Sheet):
            sheet, above = line, []
        elif len(above) < HEADINGS_WITHIN and any(cell.text.strip() for cell in line.cells):
            if _count_known(line) >= 2:
                return _check_head(kind, sheet, above, line), chain([sheet], lines)
            above.append(line)
            best = best or "、".join(plain(cell.text)[:20] for cell in line.cells if cell.text.strip())[:60]
    if not best:
        _refuse("表里没有内容。", "There is nothing in the sheet.")
    wanted = "、".join(column.label.zh for column in COLUMNS)
    _refuse(
        f"没有找到表头。表头要有“姓名”和“手机”，其他可有：{wanted}。现在第一行是：{best}",
        f"No headings found. Name (姓名) and phone (手机) are needed. The first line reads: {best}",
    )


def _check_head(kind: str, sheet: _Sheet, above: list[_Line], line: _Line) -> Head:
    headings = tuple(plain(cell.text)[:LONGEST_CELL] for cell in line.cells)
    keys = tuple(find_columns(headings))
    for key, column in BY_KEY.items():
        twins = [title for title, each in zip(headings, keys, strict=True) if each == key]
        if len(twins) > 1:
            names, english = "”和“".join(twins), " and ".join(twins)
            _refuse(
                f"“{names}”都是“{column.label.zh}”。请只留一列，把另一列删掉或改名（例如“办公电话”）。",
                f"{english} both mean {column.label.en.lower()}. Keep one, delete or rename the other.",
            )
        if column.is_required and not twins:
            _refuse(
                f"没有“{column.label.zh}”这一列。请加上，或把表头改成“{column.label.zh}”。",
                f"There is no column for the {column.label.en.lower()} ({column.label.zh}). Add it, or rename it so.",
            )
    return Head(kind, sheet.name, tuple((each.number, _shown(each)) for each in above), headings, line.number, keys)


# Rows


def _shown(line: _Line) -> tuple[str, ...]:
    return tuple(cell.text[:LONGEST_CELL] for cell in line.cells)


def _rows(head: Head, lines: Iterator[_Line | _Sheet]) -> Iterator[Row]:
    """The people, until the next sheet begins."""
    sheet = next(lines)
    places = [(key, column) for column, key in enumerate(head.keys) if key]
    merged = _Merged(sheet.merged if isinstance(sheet, _Sheet) else (), head)
    count = 0
    for line in lines:
        if isinstance(line, _Sheet):
            break
        values = {key: cell for key, column in places if (cell := merged.value(line, column)).text or cell.kind}
        # an error value or a merged cell alone is no person either: somebody's ruler or total below the list
        if not any(cell.text for cell in values.values()) or values.get("name") == _EXAMPLE:
            continue
        count += 1
        if count > MOST_ROWS:
            _refuse(*_TROUBLES["rows"])
        yield Row(line.number, _shown(line), values)
    if not count:
        _refuse("表头下面没有一个人。", "There is nobody below the headings.")


class _Merged:
    """What cells mean that were merged with others."""

    def __init__(self, ranges: Sequence[Sequence[int]], head: Head) -> None:
        self._head = head
        #: By column, from 0: (top, bottom, is it the range's first column).
        self._spans: dict[int, list[tuple[int, int, bool]]] = {}
        self._kept: dict[tuple[int, int], Cell] = {}
        # ranges never overlap, so the last one that begins at or above a line is the only one to look at
        for top, left, bottom, right in ranges:
            for column in range(left - 1, min(right, len(head.keys))):
                if bottom > head.number and head.keys[column]:
                    self._spans.setdefault(column, []).append((top, bottom, column == left - 1))
        for spans in self._spans.values():
            spans.sort()

    def value(self, line: _Line, column: int) -> Cell:
        found = line.cells[column] if column < len(line.cells) else Cell("")
        cell = Cell(plain(found.text), found.kind)
        spans = self._spans.get(column, [])
        index = bisect_right(spans, line.number, key=itemgetter(0)) - 1
        if index < 0 or spans[index][1] < line.number:
            return cell
        top, bottom, is_first = spans[index]
        if self._head.keys[column] in _SPANNING and is_first:
            if line.number == top:
                self._kept[column, top] = cell
            return self._kept.get((column, top), cell)
        return Cell(cell.text, "m") if cell.text or bottom > top or not is_first else cell


def _refuse(zh: str, en: str) -> NoReturn:
    raise Refused("invalid", 422, field="file", message=zh, message_en=en)
