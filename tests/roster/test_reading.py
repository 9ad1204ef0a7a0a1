"""Files as offices have them, and files that nobody should have: what is read, and what is said instead."""

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qtxvol.refusals import Refused
from qtxvol.roster import extract, reading
from qtxvol.roster.columns import Cell
from qtxvol.roster.reading import Head, Row, open_roster
from tests.roster.lists import HEADINGS, identity, ole, person, write_csv, write_xls, write_xlsx

PEOPLE = [person(1), person(2)]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "list"


def read(file: Path) -> tuple[Head, list[Row]]:
    with open_roster(file) as (head, rows):
        return head, list(rows)


def refusal(file: Path) -> str:
    """The sentence, which must be there in both languages."""
    with pytest.raises(Refused) as caught:
        read(file)
    assert (caught.value.status, caught.value.about["field"]) == (422, "file")
    assert caught.value.about["message_en"]
    return str(caught.value.about["message"])


def texts(rows: Sequence[Row], key: str) -> list[str]:
    return [row.values[key].text if key in row.values else "" for row in rows]


# Encodings and kinds


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_a_csv_is_read_whatever_its_encoding_and_delimiter(file: Path, encoding: str, delimiter: str) -> None:
    head, rows = read(write_csv(file, [HEADINGS, *PEOPLE], encoding=encoding, delimiter=delimiter))
    assert head.kind == "csv"
    assert texts(rows, "name") == [PEOPLE[0][0], PEOPLE[1][0]]
    assert texts(rows, "skills") == [PEOPLE[0][7], PEOPLE[1][7]]


def test_a_rare_character_of_gb18030_arrives(file: Path) -> None:
    _head, rows = read(write_csv(file, [HEADINGS, person(1, 姓名="王𬭸镕")], encoding="gb18030"))
    assert texts(rows, "name") == ["王𬭸镕"]


@pytest.mark.parametrize("write", [write_xlsx, write_xls])
def test_a_workbook_is_read_whatever_its_name(tmp_path: Path, write: Any) -> None:
    for name in ("list.csv", "list.xlsx", "list.xls", "list"):
        head, rows = read(write(tmp_path / name, [HEADINGS, *PEOPLE]))
        assert head.sheet == "名单"
        assert texts(rows, "id_number") == [identity(1), identity(2)]
        assert [row.number for row in rows] == [2, 3]


def test_digits_that_a_csv_keeps_as_text_lose_their_marks(file: Path) -> None:
    lines = [
        ["姓名", "手机", "身份证"],
        ["张晓华", "'19900000001", f'="{identity(1)}"'],
        ["李晓明", "19900000002\t", ""],
    ]
    _head, rows = read(write_csv(file, lines))
    assert texts(rows, "phone") == ["19900000001", "19900000002"]
    assert texts(rows, "id_number") == [identity(1), ""]


# What stands where


def test_lines_above_the_headings_and_empty_lines_are_allowed(file: Path) -> None:
    lines = [
        ["2026年志愿者名单（手机请填写本人）"],
        [],
        ["填报单位：某某", "", "联系人"],
        HEADINGS,
        PEOPLE[0],
        [],
        PEOPLE[1],
    ]
    for write in (write_xlsx, write_csv):
        head, rows = read(write(file, lines))
        assert head.number == 4
        assert [number for number, _cells in head.above] == [1, 3]
        assert [row.number for row in rows] == [5, 7]


def test_further_columns_are_kept_and_named(file: Path) -> None:
    lines = [["序号", "民族", *HEADINGS, "备注"], *([index, "x", *each, "y"] for index, each in enumerate(PEOPLE, 1))]
    head, rows = read(write_xlsx(file, lines))
    assert head.unread == ("序号", "民族", "备注")
    assert rows[0].cells[0] == "1"
    assert "x" not in [cell.text for cell in rows[0].values.values()]


def test_the_first_sheet_with_headings_is_read_and_hidden_ones_never(file: Path) -> None:
    with xlsxwriter.Workbook(file) as book:
        for name, lines in (("封面", [["说明"]]), ("旧名单", [HEADINGS, person(8)]), ("名单", [HEADINGS, person(9)])):
            sheet = book.add_worksheet(name)
            for row, line in enumerate(lines):
                sheet.write_row(row, 0, line)
            if name == "旧名单":
                sheet.hide()
    head, rows = read(file)
    assert head.sheet == "名单"
    assert texts(rows, "phone") == [person(9)[1]]


def test_numbers_formulas_errors_and_dates_say_what_they_are(file: Path) -> None:
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["姓名", "手机", "身份证", "出生日期"])
        sheet.write_formula(1, 0, '="张"&"三"', None, "张三")
        sheet.write_number(1, 1, 19900001234)
        sheet.write_number(1, 2, 640381199001011234)
        sheet.write_datetime(1, 3, date(1990, 1, 2), book.add_format({"num_format": "d/m/yy"}))
        sheet.write_string(2, 0, "=1+1")
        sheet.write_formula(2, 1, "=NA()", None, "#N/A")
    _head, rows = read(file)
    assert rows[0].values == {
        "name": Cell("张三", "f"),
        "phone": Cell("19900001234", "n"),
        "id_number": Cell("6.40381199001011E+17", "n"),
        "born_on": Cell("1990-01-02", "d"),
    }
    assert rows[1].values["name"] == Cell("=1+1")
    assert rows[1].values["phone"].kind == "e"


def test_a_merged_cell_holds_for_its_rows_where_that_can_be(file: Path) -> None:
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        sheet.merge_range(0, 0, 0, 2, "名单")
        sheet.write_row(1, 0, ["姓名", "手机", "单位"])
        for row in (2, 3, 4):
            sheet.write_row(row, 0, [f"张三{'甲乙丙'[row - 2]}", f"1990000000{row}"])
        sheet.merge_range(2, 2, 4, 2, "市三小")
        sheet.merge_range(5, 1, 6, 1, "19900000009")
        sheet.write_string(5, 0, "李四四")
        sheet.write_string(6, 0, "李五五")
    _head, rows = read(file)
    assert texts(rows, "employer") == ["市三小"] * 3 + ["", ""]
    assert [row.values["phone"].kind for row in rows] == ["", "", "", "m", "m"]


def test_the_example_of_the_template_is_nobody(file: Path) -> None:
    lines = [["姓名", "手机"], ["（示例，导入时跳过）", "19900000000"], ["张晓华", "19900000001"]]
    _head, rows = read(write_xlsx(file, lines))
    assert texts(rows, "name") == ["张晓华"]


# Headings that don't do


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([["张三", "19900000001"], ["李四", "19900000002"]], "没有找到表头"),
        ([["姓名", "单位"], ["张三", "市三小"]], "没有“手机”这一列"),
        ([["手机", "单位"], ["19900000001", "市三小"]], "没有“姓名”这一列"),
        ([["姓名", "手机", "联系电话"], ["张三", "1", "2"]], "“手机”和“联系电话”都是“手机”"),
        ([["姓名", "手机"]], "表头下面没有一个人"),
        ([["姓名", "手机"], [" ", ""]], "表头下面没有一个人"),
    ],
)
def test_headings_that_do_not_do_are_told(file: Path, lines: list[list[str]], words: str) -> None:
    assert words in refusal(write_csv(file, lines))
    assert words in refusal(write_xlsx(file, lines))


# Files that nobody should have


def packed(parts: dict[str, bytes]) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return raw.getvalue()


def repacked(file: Path, **changes: bytes) -> bytes:
    """The workbook with other contents for some parts, named by what their name contains."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for word, content in changes.items():
        parts[next(name for name in parts if word in name)] = content
    return packed(parts)


def hostile_files(tmp_path: Path) -> Iterator[tuple[str, bytes, str]]:
    good = write_xlsx(tmp_path / "good.xlsx", [HEADINGS, *PEOPLE])
    with zipfile.ZipFile(good) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    far = sheet.replace(b"</sheetData>", b'<row r="%d"><c r="A%d"><v>1</v></c></row></sheetData>')
    wide = sheet.replace(b"</sheetData>", b'<row r="9"><c r="XFD9"><v>1</v></c></row></sheetData>')
    entity = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    yield "empty", b"", "文件是空的"
    yield "blank", b"\xef\xbb\xbf \r\n", "文件是空的"
    yield "web page", b"<html><table><tr><td>\xe5", "网页或 XML"
    yield "picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "不是表格"
    yield "text without meaning", bytes(range(128, 255)) * 9, "认不出来"
    yield "half a workbook", good.read_bytes()[:3000], "打不开"
    yield "not a workbook", packed({"word/document.xml": b"<x/>"}), "不是 Excel 工作簿"
    yield "old and broken", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 4000, "打不开"
    yield "bomb", repacked(good, sheet1=b" " * 40_000_000 + sheet), "大得不正常"
    yield "entities in a sheet", repacked(good, sheet1=sheet.replace(b"<worksheet", entity + b"<worksheet")), "XML 实体"
    yield "entities in the book", repacked(good, **{"xl/workbook.xml": entity + b"<workbook/>"}), "XML 实体"
    yield "too far down", repacked(good, sheet1=far % (1_048_576, 1_048_576)), "行数太多"
    yield "too wide", repacked(good, sheet1=wide), "列数太多"
    yield "broken sheet", repacked(good, sheet1=sheet[:-30]), "打不开"
    yield "unclosed quote", ('姓名,手机\n张三,"' + "x" * 200_000).encode(), "引号没有成对"
    yield "too wide a csv", ("姓名,手机\n" + "x," * 100 + "x").encode(), "列数太多"


def test_a_hostile_file_is_a_sentence(tmp_path: Path, file: Path) -> None:
    for name, content, words in hostile_files(tmp_path):
        file.write_bytes(content)
        assert words in refusal(file), name


def test_a_workbook_with_a_password_is_a_sentence(file: Path) -> None:
    file.write_bytes(ole("EncryptedPackage", b"\0" * 64))
    assert "密码" in refusal(file)


def test_too_much_is_refused_before_it_is_parsed(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_csv(file, [HEADINGS, *PEOPLE])
    monkeypatch.setattr(reading, "LARGEST_FILE", 10)
    assert "文件太大了" in refusal(file)
    monkeypatch.undo()
    monkeypatch.setattr(reading, "MOST_ROWS", 1)
    assert "行数太多" in refusal(file)


def test_a_reader_that_is_killed_is_a_sentence_too(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the parser asks for more memory than it may have."""
    script = file.with_name("dies.py")
    script.write_text("import os; os.abort()", encoding="utf-8")
    monkeypatch.setattr(reading, "EXTRACT", script)
    write_xlsx(file, [HEADINGS, *PEOPLE])
    assert "读不完" in refusal(file)


def test_the_reader_has_little_memory_and_little_time() -> None:
    assert extract.MEMORY <= 512 * 1024 * 1024
    assert extract.SECONDS <= 60


# Anything


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.lists(st.text(max_size=20), max_size=6), max_size=8), st.booleans())
def test_any_table_of_text_is_read_or_refused_in_a_sentence(file: Path, table: list[list[str]], has_head: bool) -> None:
    lines = [["姓名", "手机", "身份证", "单位"], *table] if has_head else table
    text = io.StringIO(newline="")
    csv.writer(text).writerows(lines)
    file.write_bytes(text.getvalue().encode("utf-8", "surrogatepass"))
    check_answer(file)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_in_a_sentence(file: Path, raw: bytes) -> None:
    if raw.startswith((b"PK", b"\xd0\xcf")):  # a process for each: looked at above
        return
    file.write_bytes(raw)
    check_answer(file)


def check_answer(file: Path) -> None:
    """Read, with something in every cell that counts, or refused in a sentence; never anything else."""
    try:
        _head, rows = read(file)
    except Refused:
        refusal(file)
        return
    assert all(cell.text or cell.kind for row in rows for cell in row.values.values())
