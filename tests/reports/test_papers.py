"""Papers: every column adds up, page and file say the same, a large city costs no more statements than a small one."""

from collections.abc import Callable
from datetime import date
from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import event

from qtxvol.base import CITY_TIME
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Label
from qtxvol.refusals import NotFound
from qtxvol.reports.export import write_papers
from qtxvol.reports.measures import ATTENDANCE, CLOSED, MINUTES, SERVED, Scope, count
from qtxvol.reports.papers import (
    duties_paper,
    period_paper,
    town_paper,
    towns_paper,
    unit_paper,
    units_paper,
    year_paper,
)
from qtxvol.reports.queries import read_names
from qtxvol.reports.sheets import Cell, Kind, Paper, Sheet, head_of
from qtxvol.reports.xlsx import write_xlsx
from tests.factories import NOW
from tests.reports.world import World, add_orders, make_world

TODAY = NOW.astimezone(CITY_TIME).date()
YEAR = TODAY.year
FIGURES = (Kind.NUMBER, Kind.MINUTES)

MAKERS: dict[str, Callable[[], Paper]] = {
    "town": lambda: town_paper("640381001", YEAR, NOW),
    "towns": lambda: towns_paper(YEAR, NOW),
    "unit": lambda: unit_paper("health", YEAR, NOW),
    "units": lambda: units_paper(YEAR, NOW),
    "duties": lambda: duties_paper(YEAR, NOW),
    "year": lambda: year_paper(YEAR, NOW),
    "period": lambda: period_paper(date(2026, 1, 1), date(2030, 12, 31), Label("十五五", "2026-2030"), NOW),
}


def zh(label: Label) -> str:
    return label.zh


def column_of(sheet: Sheet, label: str) -> int:
    return [column.label.zh for column in sheet.columns].index(label)


def total_of(sheet: Sheet, label: str) -> int:
    assert sheet.total is not None
    cell = sheet.total.cells[column_of(sheet, label)]
    assert isinstance(cell, Cell)
    return int(cell.value or 0)


@pytest.mark.parametrize("kind", MAKERS)
def test_every_column_that_can_be_added_adds_up_to_its_last_line(world: World, kind: str):
    added = 0
    for sheet in MAKERS[kind]().sheets:
        for place, column in enumerate(sheet.columns):
            if sheet.total is None or column.kind not in FIGURES:
                continue
            lines = [row.cells[place].value for row in sheet.rows]
            total = sheet.total.cells[place].value
            if column.is_sum:
                assert sum(lines) == total, (sheet.name.zh, column.label.zh)
                added += 1
            else:
                assert sum(lines) >= total, (sheet.name.zh, column.label.zh)
    assert added > 4


def test_months_towns_units_and_programmes_add_up_to_the_same_city(world: World):
    paper = year_paper(YEAR, NOW)
    tables = [sheet for sheet in paper.sheets if sheet.total is not None]
    assert [sheet.name.zh for sheet in tables] == ["按月", "按镇街", "按部门", "按行动和工程"]
    scope = Scope(date(YEAR, 1, 1), TODAY)
    for measure in (CLOSED, ATTENDANCE, SERVED, MINUTES):
        figures = {total_of(sheet, measure.label.zh) for sheet in tables}
        assert figures == {count(measure, scope)}, measure.key
    assert total_of(duties_paper(YEAR, NOW).sheets[0], "办结") == count(CLOSED, scope)


def test_the_sheets_of_all_towns_and_units_add_up_to_the_city(own_world: World):
    names = read_names()
    closed = [total_of(town_paper(town, YEAR, NOW).sheets[1], "办结") for town in names.towns]
    assert sum(closed) == total_of(year_paper(YEAR, NOW).sheets[2], "办结") > 0
    units = [total_of(unit_paper(unit, YEAR, NOW).sheets[1], "办结") for unit in names.units]
    assert sum(units) == sum(closed)


def test_years_add_up_to_the_period(world: World):
    by_year = next(sheet for sheet in MAKERS["period"]().sheets if sheet.name.zh == "按年")
    assert [row.cells[0].zh for row in by_year.rows] == [str(YEAR)]
    assert total_of(by_year, "办结") == count(CLOSED, Scope(date(2026, 1, 1), TODAY))


@pytest.mark.parametrize("kind", ["year", "unit", "duties"])
def test_the_file_says_what_the_page_says(world: World, kind: str):
    """Texts as texts, numbers as numbers, units in the heads; minutes besides as hours."""
    paper = MAKERS[kind]()
    book = CalamineWorkbook.from_filelike(BytesIO(write_xlsx(paper, zh)))
    assert len(book.sheet_names) == len(paper.sheets)
    for sheet, name in zip(paper.sheets, book.sheet_names, strict=True):
        read = book.get_sheet_by_name(name).to_python()
        heads = []
        for column in sheet.columns:
            heads += [head_of(column, zh)] + ([f"{column.label.zh}（分钟）"] if column.kind is Kind.MINUTES else [])
        assert read[0][: len(heads)] == heads
        rows = [*sheet.rows, *([sheet.total] if sheet.total else [])]
        for row, found in zip(rows, read[1:], strict=False):
            expected: list[object] = []
            for column, cell in zip(sheet.columns, row.cells, strict=True):
                value = cell.value if isinstance(cell, Cell) else cell.zh
                expected += [value / 60, value] if column.kind is Kind.MINUTES else ["" if value is None else value]
            assert [pytest.approx(each) if isinstance(each, float) else each for each in expected] == found[
                : len(heads)
            ]


def test_a_title_that_looks_like_a_formula_stays_a_text():
    sheet = Sheet(Label("=x[1]/?", ""), (), [], None, (Label("=1+1", ""),))
    paper = Paper("x", Label("=2+2", ""), Label("@SUM(1)", ""), NOW, [sheet, sheet])
    book = CalamineWorkbook.from_filelike(BytesIO(write_xlsx(paper, zh)))
    assert len(set(book.sheet_names)) == 2
    assert any("=1+1" in row for row in book.get_sheet_by_name(book.sheet_names[0]).to_python())


def test_a_paper_of_a_year_to_come_or_of_nobody_is_not_found(world: World):
    for ask in (
        lambda: year_paper(YEAR + 1, NOW),
        lambda: year_paper(1999, NOW),
        lambda: town_paper("640381999", YEAR, NOW),
        lambda: unit_paper("nobody", YEAR, NOW),
    ):
        with pytest.raises(NotFound):
            ask()


def test_a_paper_costs_the_same_however_large_the_city_is(ctx_sqlite: None):
    seen: list[str] = []

    def costs() -> dict[str, int]:
        found = {}
        for kind, make in MAKERS.items():
            seen.clear()
            make()
            found[kind] = len([each for each in seen if not each.startswith(("BEGIN", "PRAGMA"))])
        return found

    world = make_world(1, orders=2)
    event.listen(db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    few = costs()
    add_orders(world, 2, 12)
    assert costs() == few
    assert max(few.values()) <= 24, few


def test_all_papers_of_a_year_go_into_a_folder(own_world: World, tmp_path):
    names = list(write_papers(YEAR, tmp_path / "new", NOW, language="en"))
    assert sorted(names) == sorted(each.name for each in (tmp_path / "new").iterdir())
    assert len(names) == 7 + 11 + len(read_names().units)
    with pytest.raises(NotFound):
        list(write_papers(YEAR + 1, tmp_path / "none", NOW))
    assert not (tmp_path / "none").exists()
