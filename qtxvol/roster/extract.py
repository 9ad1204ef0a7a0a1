"""Reads the cells out of a workbook, in a process of its own: `python extract.py FILE`.

Whoever sends a hostile file hurts only this process, which has little memory and little time. It imports nothing
of ours and writes JSON lines: `{"sheet": name, "merged": [[top, left, bottom, right], ...]}`, then one list per row,
`[row, cell, cell, ...]` with the row counted from 1 as a spreadsheet shows it, for every visible sheet in turn;
`{"error": code}` ends it. A cell is a text, or `[kind, text]`: n number, d date or time, b yes or no,
f computed by a formula, e an error value. Who reads this: `reading.py`, where the codes have their sentences.
"""

import json
import re
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import PurePosixPath
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

MOST_ROWS = 20_050
MOST_COLUMNS = 80
MOST_SHEETS = 20
MOST_MERGED = 5_000
#: All parts of a workbook, unpacked.
MOST_UNPACKED = 120 * 1024 * 1024
#: Honest sheets shrink to a tenth, a long row of equal cells to a fiftieth; a bomb to a thousandth.
HIGHEST_RATIO = 150
#: Small parts may shrink as much as they like.
RATIO_MATTERS_FROM = 4 * 1024 * 1024
MEMORY = 400 * 1024 * 1024
SECONDS = 60
#: Above this not every whole number can be written as a floating-point one.
LARGEST_EXACT = 2**53
_CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


class Bad(Exception):
    """The file is not read; the first argument is the code."""


@dataclass
class Marks:
    """What the values alone don't say: cells by (row, column), both from 1."""

    formulas: set[tuple[int, int]] = field(default_factory=set)
    errors: set[tuple[int, int]] = field(default_factory=set)


def limit_myself() -> None:
    """So much memory and time, and no more; where the system has no such limits, the checks below must do."""
    try:
        import resource
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


# The parts of an xlsx, looked at before anything is parsed whole


def look_at_parts(path: str) -> dict[str, Marks]:
    """Marks of each sheet by its name, once the file is known to be a modest workbook.

    :raise Bad: `not_workbook`, `damaged`, `locked`, `bomb`, `entities`, `rows`, `columns`, `sheets`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_sizes(archive)
            names = set(archive.namelist())
            if "xl/workbook.xml" not in names:
                raise Bad("not_workbook")
            sheets = _sheet_parts(archive)
            if len(sheets) > MOST_SHEETS:
                raise Bad("sheets")
            for info in archive.infolist():
                if info.filename.endswith((".xml", ".rels")):
                    _check_entities(archive, info)
            return {name: _look_at_sheet(archive, part) for name, part in sheets.items() if part in names}
    except (zipfile.BadZipFile, NotImplementedError, OSError, EOFError, ElementTree.ParseError, KeyError):
        raise Bad("damaged") from None
    except expat.ExpatError:
        raise Bad("damaged") from None


def _check_sizes(archive: zipfile.ZipFile) -> None:
    total = 0
    for info in archive.infolist():
        if info.flag_bits & 1:
            raise Bad("locked")
        total += info.file_size
        is_dense = info.file_size > HIGHEST_RATIO * max(1, info.compress_size)
        if total > MOST_UNPACKED or (is_dense and info.file_size > RATIO_MATTERS_FROM):
            raise Bad("bomb")


def _check_entities(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    """No spreadsheet has a document type; what has one wants to blow up or to read other files."""
    with archive.open(info) as part:
        tail = b""
        while block := part.read(1 << 16):
            if b"<!DOCTYPE" in tail + block or b"<!ENTITY" in tail + block:
                raise Bad("entities")
            tail = block[-16:]


def _sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """The parts of the sheets by the sheets' names."""
    targets = {}
    for part in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
        _check_entities(archive, archive.getinfo(part))
    for element in ElementTree.fromstring(archive.read("xl/_rels/workbook.xml.rels")):  # noqa: S314 no entities: above
        target = element.get("Target", "")
        inner = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        targets[element.get("Id")] = str(PurePosixPath(inner))
    found = {}
    for element in ElementTree.fromstring(archive.read("xl/workbook.xml")).iter():  # noqa: S314 the same
        if element.tag.rpartition("}")[2] == "sheet":
            relation = next((value for key, value in element.items() if key.endswith("}id")), None)
            found[element.get("name", "")] = targets.get(relation, "")
    return found


class _SheetLook:
    """Walks a sheet's XML once: how far its content reaches, which cells are computed or in error."""

    def __init__(self) -> None:
        self.marks = Marks()
        self._row = self._column = 0
        self._is_error = self._in_cell = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local == "row":
            given = attributes.get("r", "")
            self._row, self._column = (int(given) if given.isdecimal() else self._row + 1), 0
        elif local == "c":
            found = _CELL.fullmatch(attributes.get("r", ""))
            self._column = _column_number(found[1]) if found else self._column + 1
            self._row = int(found[2]) if found else self._row
            self._in_cell, self._is_error = True, attributes.get("t") == "e"
        elif self._in_cell and local in ("v", "is"):
            self._reached()
        elif self._in_cell and local == "f":
            self._reached()
            self.marks.formulas.add((self._row, self._column))

    def end(self, name: str) -> None:
        if name.rpartition(":")[2] == "c":
            self._in_cell = False

    def _reached(self) -> None:
        if self._row > MOST_ROWS:
            raise Bad("rows")
        if self._column > MOST_COLUMNS:
            raise Bad("columns")
        if self._is_error:
            self.marks.errors.add((self._row, self._column))


def _look_at_sheet(archive: zipfile.ZipFile, part: str) -> Marks:
    look = _SheetLook()
    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = look.start, look.end
    with archive.open(part) as stream:
        while block := stream.read(1 << 16):
            parser.Parse(block, False)
        parser.Parse(b"", True)
    return look.marks


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


# The values


def read_workbook(path: str) -> Iterator[Any]:
    """Everything to be written, sheet by sheet.

    :raise Bad: the codes of `look_at_parts`, and `no_sheet`.
    """
    with open(path, "rb") as file:
        is_xlsx = file.read(2) == b"PK"
        # a workbook with a password is an old container with the new format inside
        if not is_xlsx and "EncryptedPackage".encode("utf-16-le") in file.read():
            raise Bad("locked")
    marks = look_at_parts(path) if is_xlsx else {}
    try:
        with open(path, "rb") as file:
            book = CalamineWorkbook.from_filelike(file)  # by content: from_path would believe the file's name
        names = [
            each.name
            for each in book.sheets_metadata
            if each.typ == SheetTypeEnum.WorkSheet and each.visible == SheetVisibleEnum.Visible
        ]
        if not names:
            raise Bad("no_sheet")
        if len(book.sheet_names) > MOST_SHEETS:
            raise Bad("sheets")
        for name in names:
            yield from _read_sheet(book.get_sheet_by_name(name), marks.get(name, Marks()))
    except PasswordError:
        raise Bad("locked") from None
    except (CalamineError, OSError, ValueError):
        raise Bad("damaged") from None


def _read_sheet(sheet: CalamineSheet, marks: Marks) -> Iterator[Any]:
    merged = [[a + 1, b + 1, c + 1, d + 1] for (a, b), (c, d) in sheet.merged_cell_ranges or ()]
    if len(merged) > MOST_MERGED:
        raise Bad("merged")
    yield {"sheet": sheet.name, "merged": merged}
    if sheet.start is None or sheet.end is None:
        return
    if sheet.end[0] >= MOST_ROWS:
        raise Bad("rows")
    if sheet.end[1] >= MOST_COLUMNS:
        raise Bad("columns")
    (top, left), before = sheet.start, [""] * sheet.start[1]
    for row, cells in enumerate(sheet.iter_rows(), top + 1):
        yield [
            row,
            *before,
            *(_cell(value, (row, column), marks) for column, value in enumerate(cells, left + 1)),
        ]


def _cell(value: Any, where: tuple[int, int], marks: Marks) -> Any:
    kind, text = _plain(value)
    if where in marks.errors:
        return ["e", text]
    if where in marks.formulas:
        return ["f", text]
    return [kind, text] if kind else text


def _plain(value: Any) -> tuple[str, str]:
    if isinstance(value, str):
        return "", value
    if isinstance(value, bool):
        return "b", "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        is_exact = abs(value) < LARGEST_EXACT and float(value).is_integer()
        return "n", str(int(value)) if is_exact else f"{value:.15G}"
    if isinstance(value, datetime):
        return "d", value.isoformat(" ", "seconds").removesuffix(" 00:00:00")
    if isinstance(value, date | time):
        return "d", value.isoformat()
    return "d", str(value) if isinstance(value, timedelta) else ""


def main(path: str) -> None:
    limit_myself()
    try:
        for line in read_workbook(path):
            print(json.dumps(line, separators=(",", ":")))
    except Bad as bad:
        print(json.dumps({"error": bad.args[0]}))
    except MemoryError:
        print(json.dumps({"error": "too_much"}))
    except BaseException:  # a panic of the parser is no Exception; whatever it was, the file is not read
        print(json.dumps({"error": "damaged"}))


if __name__ == "__main__":
    main(sys.argv[1])
