"""Lists of invented people, as offices send them. Numbers are of nobody: area code 640381, phones of 199 0000."""

import csv
import io
import struct
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import xlsxwriter

HEADINGS = ("姓名", "手机", "身份证号码", "区划", "工作单位", "职务", "所属服务队", "特长")
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华"
_GIVEN = "安邦辰德恩芳刚涵嘉凯兰铭宁佩清蓉书涛薇晓艺泽"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def identity(serial: int, *, born_on: date | None = None) -> str:
    """A number that holds together, another one for each serial; never one that ends in 000."""
    born_on = born_on or date(1960, 1, 1) + timedelta(days=serial % 14_000)
    order = 1 + serial // 14_000 % 900
    if order % 100 == 0:
        order += 1
    return with_digit(f"640381{born_on:%Y%m%d}{order:03d}")


def with_digit(stem: str) -> str:
    """Seventeen digits and the check digit of GB 11643."""
    rest = sum(int(digit) * weight for digit, weight in zip(stem, _WEIGHTS, strict=True)) % 11
    return stem + "10X98765432"[rest]


def wrong_digit(number: str) -> str:
    """The same with another check digit."""
    return number[:-1] + ("1" if number[-1] != "1" else "2")


def name(serial: int) -> str:
    a, b = serial % len(_GIVEN), serial // len(_GIVEN) % len(_GIVEN)
    return _SURNAMES[serial % len(_SURNAMES)] + _GIVEN[a] + _GIVEN[b]


def phone(serial: int) -> str:
    return f"199{serial:08d}"


def person(serial: int, **changes: Any) -> list[Any]:
    """A line without problems; `changes` by heading."""
    line = {
        "姓名": name(serial),
        "手机": phone(serial),
        "身份证号码": identity(serial),
        "区划": ("裕民街道", "小坝镇", "东街居委会", "小坝镇小坝村", "")[serial % 5],
        "工作单位": f"第{serial % 40 + 1}小学",
        "职务": "教师",
        "所属服务队": "",
        "特长": ("营养", "急救培训、科普演讲", "")[serial % 3],
    }
    return list((line | changes).values())


def write_csv(file: Path, lines: Iterable[Sequence[Any]], *, encoding: str = "utf-8", delimiter: str = ",") -> Path:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(lines)
    file.write_bytes(text.getvalue().encode(encoding))
    return file


def write_xlsx(file: Path, lines: Iterable[Sequence[Any]], *, sheet: str = "名单") -> Path:
    """Texts as texts, numbers as numbers; what begins with {= is a formula."""
    with xlsxwriter.Workbook(file, {"constant_memory": True}) as book:
        page = book.add_worksheet(sheet)
        for row, cells in enumerate(lines):
            for column, cell in enumerate(cells):
                if isinstance(cell, str) and cell.startswith("{="):
                    page.write_formula(row, column, cell[1:].rstrip("}"), None, "算出来的")
                elif isinstance(cell, str):
                    page.write_string(row, column, cell)
                elif cell is not None:
                    page.write_number(row, column, cell)
    return file


# The old format of Excel, which no library here writes: the smallest file that is one


def write_xls(file: Path, lines: Iterable[Sequence[str | float]], *, sheet: str = "名单") -> Path:
    """A BIFF8 stream of texts and numbers inside an OLE container."""
    cells = b"".join(
        _number(row, column, cell) if isinstance(cell, float) else _label(row, column, str(cell))
        for row, line in enumerate(lines)
        for column, cell in enumerate(line)
    )
    body = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0)) + cells + _record(0x000A, b"")
    title = struct.pack("<BB", len(sheet), 1) + sheet.encode("utf-16-le")
    globals_head = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
    bound_length = 4 + 6 + len(title)
    start = len(globals_head) + bound_length + 4
    bound = _record(0x0085, struct.pack("<IBB", start, 0, 0) + title)
    file.write_bytes(ole("Workbook", globals_head + bound + _record(0x000A, b"") + body))
    return file


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _label(row: int, column: int, text: str) -> bytes:
    raw = text.encode("utf-16-le")
    return _record(0x0204, struct.pack("<HHHHB", row, column, 0, len(raw) // 2, 1) + raw)


def _number(row: int, column: int, value: float) -> bytes:
    return _record(0x0203, struct.pack("<HHHd", row, column, 0, value))


def ole(name: str, stream: bytes) -> bytes:
    """A compound file with one stream: header, one sector of addresses, one of entries, then the stream."""
    stream = stream.ljust(4096, b"\0")
    count = -(-len(stream) // 512)
    fat = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, 2 + count), 0xFFFFFFFE]
    assert len(fat) <= 128, "too long for one sector of addresses"
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<109I", 0, *[0xFFFFFFFF] * 108)
    entries = _entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + _entry(name, 2, 0xFFFFFFFF, 2, len(stream))
    entries += 2 * _entry("", 0, 0xFFFFFFFF, 0, 0)
    return (
        header
        + struct.pack("<128I", *fat, *[0xFFFFFFFF] * (128 - len(fat)))
        + entries
        + stream.ljust(count * 512, b"\0")
    )


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    raw = name.encode("utf-16-le")
    length = len(raw) + 2 if name else 0
    return (
        raw.ljust(64, b"\0")
        + struct.pack("<HBBIII", length, kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child)
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )
