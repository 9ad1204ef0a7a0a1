"""The answer: the same sheet with a column of what was wrong, that can be corrected and sent again."""

import csv
import io
from pathlib import Path
from typing import Any

from python_calamine import CalamineWorkbook

from qtxvol.accounts.actor import Actor
from qtxvol.roster.answer import answer_name, make_template, write_answer
from qtxvol.roster.columns import COLUMNS
from qtxvol.roster.queries import get_roster
from qtxvol.roster.reading import open_roster
from qtxvol.roster.staging import open_staging
from qtxvol.roster.take import read_roster, take_roster
from tests.factories import NOW
from tests.roster.lists import HEADINGS, identity, person, write_csv, write_xlsx, wrong_digit

LINES = [
    ["2026年名单"],
    ["序号", *HEADINGS],
    ["1", *person(1)],
    ["=1+1", *person(2, 身份证号码=wrong_digit(identity(2)), 手机="")],
    [],
    ["3", *person(3, 工作单位="@某单位")],
]


def answer_to(office: Actor, file: Path, *, is_english: bool = False) -> Path:
    run = get_roster(read_roster(office, file, "名单.xlsx", NOW))
    answer = file.with_name("answer")
    with open_staging(run.key) as staging:
        write_answer(staging, run, answer, is_english=is_english)
    return answer


def cells_of(file: Path) -> list[list[Any]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(file.read_bytes())).get_sheet_by_index(0).to_python(False)


def test_the_answer_is_the_same_sheet_with_one_more_column(office_sqlite: Actor, tmp_path: Path) -> None:
    rows = cells_of(answer_to(office_sqlite, write_xlsx(tmp_path / "x", LINES)))
    assert rows[0][0] == "2026年名单"
    assert rows[1] == ["序号", *HEADINGS, "导入结果"]
    assert rows[2] == ["1", *person(1), "可以导入"]
    assert rows[3][:-1] == LINES[3]  # =1+1 is what somebody typed, not 2
    assert "手机：没有填" in rows[3][-1]
    assert "最后一位对不上" in rows[3][-1]
    assert set(rows[4]) == {""}
    assert rows[5][-1] == "可以导入"


def test_a_csv_is_answered_by_a_csv_that_nothing_is_computed_in(office_sqlite: Actor, tmp_path: Path) -> None:
    answer = answer_to(office_sqlite, write_csv(tmp_path / "x", LINES, encoding="gbk"))
    raw = answer.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    assert rows[1] == ["序号", *HEADINGS, "导入结果"]
    assert rows[3][0] == "'=1+1"
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    assert rows[5][-1] == "可以导入"
    with open_roster(answer) as (_head, lines):
        assert [line.values["employer"].text for line in lines][-1] == "@某单位"


def test_a_corrected_answer_is_a_list_again(office_sqlite: Actor, tmp_path: Path) -> None:
    for file in (write_xlsx(tmp_path / "x", LINES), write_csv(tmp_path / "y", LINES)):
        once = answer_to(office_sqlite, file)
        twice = answer_to(office_sqlite, Path(once.rename(tmp_path / f"again-{file.name}")))
        run = get_roster(2)
        assert (run.rows, run.fresh, run.refused) == (3, 2, 1)
        with open_roster(twice) as (head, _lines):
            assert head.headings.count("导入结果") == 1


def test_after_taking_the_answer_says_who_got_which_number(office_sqlite: Actor, tmp_path: Path) -> None:
    file = write_xlsx(tmp_path / "x", [HEADINGS, person(1), person(2)])
    run_id = read_roster(office_sqlite, file, "名单.xlsx", NOW)
    take_roster(office_sqlite, run_id, "all", NOW)
    run = get_roster(run_id)
    with open_staging(run.key) as staging:
        write_answer(staging, run, tmp_path / "answer", is_english=True)
        assert answer_name(run, staging.read_head()) == "名单-导入结果.xlsx"
    assert [row[-1] for row in cells_of(tmp_path / "answer")] == [
        "Result of the import",
        "Taken in as V0000001, to be verified",
        "Taken in as V0000002, to be verified",
    ]
    again = cells_of(answer_to(office_sqlite, file, is_english=True))
    assert again[1][-1] == "Registered as V0000001, no change"


def test_the_template_has_every_column_as_text_and_explains_it(tmp_path: Path) -> None:
    file = tmp_path / "template.xlsx"
    file.write_bytes(make_template())
    book = CalamineWorkbook.from_path(file)
    assert book.sheet_names == ["名单", "说明"]
    first = book.get_sheet_by_name("名单").to_python()
    assert [str(cell).removesuffix("*") for cell in first[0]] == [column.label.zh for column in COLUMNS]
    explained = {row[0] for row in book.get_sheet_by_name("说明").to_python()}
    assert explained >= {column.label.zh for column in COLUMNS}


def test_a_filled_template_is_read_without_its_example(office_sqlite: Actor, tmp_path: Path) -> None:
    headings = [column.label.zh for column in COLUMNS]
    line = {"姓名": "张晓华", "手机": "19900000001", "证件号码": identity(1)}
    examples = [column.example for column in COLUMNS]
    file = write_xlsx(tmp_path / "x", [headings, examples, [line.get(title, "") for title in headings]])
    run = get_roster(read_roster(office_sqlite, file, "x.xlsx", NOW))
    assert (run.rows, run.fresh, run.problems) == (1, 1, {})
