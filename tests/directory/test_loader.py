"""What is in the data reaches the database once, and never on top of what the office wrote."""

import csv
import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from qtxvol.directory.edit import deactivate_fact, edit_fact
from qtxvol.directory.kinds import KINDS
from qtxvol.directory.loader import PARTS, REASONED, URGENCIES, load_facts, read_facts
from qtxvol.directory.models import (
    Department,
    Division,
    MenuItem,
    OfficeHours,
    Programme,
    Reason,
    Route,
    ScienceDay,
    Term,
    TimeLimit,
    WorkdayOverride,
)
from qtxvol.directory.queries import limits_for, time_limits
from qtxvol.extensions import db
from qtxvol.orders.deadlines import DEFAULT_LIMITS, WorkCalendar, add_limit
from qtxvol.orders.lifecycle import RULES, STEPS, Party
from qtxvol.progress.models import Period, Semester, Target, TargetUnit
from qtxvol.recognition.models import StarLevel
from qtxvol.storage import transaction
from tests.directory.conftest import LOADED_AT, Statements

LATER = datetime(2025, 3, 4, 1, 0, tzinfo=UTC)
TABLES = (
    Division,
    Department,
    Programme,
    Route,
    Term,
    MenuItem,
    Reason,
    ScienceDay,
    TimeLimit,
    OfficeHours,
    Period,
    Target,
    TargetUnit,
    Semester,
    StarLevel,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the data that a test may change."""
    copy = tmp_path / "data"
    copy.mkdir()
    for file in (files("qtxvol") / "data").iterdir():
        if file.is_file():
            (copy / file.name).write_bytes(file.read_bytes())
    return copy


def change_json(folder: Path, name: str, change: Callable[[Any], None]) -> None:
    data = json.loads((folder / name).read_text(encoding="utf-8"))
    change(data)
    (folder / name).write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")


def item(data: Any, item_id: str) -> Any:
    return next(row for row in data["items"] if row["id"] == item_id)


def count(model: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


# The data


def test_everything_in_the_data_is_loaded(facts: None) -> None:
    with (files("qtxvol") / "data" / "divisions.csv").open(encoding="utf-8") as file:
        divisions = list(csv.DictReader(file))
    assert count(Division) == len(divisions)
    assert Counter(db.session.scalars(select(Division.level))) == {1: 1, 2: 1, 3: 1, 4: 11, 5: 113}
    assert count(MenuItem) == 60
    assert count(Department) == 20
    assert count(Programme) == 10
    assert Counter(db.session.scalars(select(Term.kind))) == {
        "audience": 7,
        "theme": 14,
        "skill": 30,
        "format": 6,
        "emergency": 4,
    }
    assert count(TimeLimit) == len(STEPS) * len(URGENCIES)
    assert count(OfficeHours) == 10
    assert [(level.stars, level.hours) for level in db.session.scalars(select(StarLevel).order_by(StarLevel.id))] == [
        (1, 100),
        (2, 300),
        (3, 600),
        (4, 1000),
        (5, 1500),
    ]
    assert Counter(db.session.scalars(select(Target.value.is_(None)))) == {False: 23, True: 5}
    assert db.session.scalars(select(Period.id)).all() == ["2021-2025"]
    assert len(set(db.session.scalars(select(TargetUnit.target_id).where(TargetUnit.part == "lead")))) == 28
    assert db.session.get_one(Semester, "2025-autumn").ends_on == date(2026, 1, 15)


def test_every_action_that_needs_a_coded_reason_has_some_and_one_of_them_is_other(facts: None) -> None:
    rows = db.session.execute(select(Reason.action, Reason.code)).all()
    # what the service does by itself has reasons of its own (orders/automatic.py)
    carrying = {str(rule.action) for rule in RULES if "reason" in rule.carries and rule.by != {Party.SYSTEM}}
    carrying -= {"let_go"}  # why a team can't after all is why it can't (orders/replies.py)
    assert {action for action, _ in rows} == carrying == set(REASONED)
    assert {action for action, code in rows if code == "other"} == carrying


def test_out_of_scope_points_to_the_hotline(facts_sqlite: None) -> None:
    reason = db.session.get_one(Reason, ("reject", "out_of_scope"))
    assert "12345" in reason.hint
    assert "12345" in reason.hint_en


def test_everything_has_a_chinese_and_an_english_name(facts_sqlite: None) -> None:
    for model in (Department, Programme, Term, MenuItem, Reason, Target):
        for name, name_en in db.session.execute(select(model.name, model.name_en)):
            assert name, model
            assert name_en, (model, name)


def test_limits_without_urgency_are_what_the_clocks_fall_back_to(facts_sqlite: None) -> None:
    assert limits_for("normal") == DEFAULT_LIMITS


def test_a_more_urgent_order_never_waits_longer(facts_sqlite: None) -> None:
    limits, start = time_limits(), datetime(2026, 11, 24, 2, tzinfo=UTC)
    for step in STEPS:
        due = [add_limit(start, limits[step, urgency, "all"], WorkCalendar()) for urgency in URGENCIES]
        assert due == sorted(due, reverse=True), step


def test_the_units_own_lists_agree_with_the_programmes() -> None:
    plan = json.loads((files("qtxvol") / "data" / "plan_units.json").read_text(encoding="utf-8"))
    by_unit = {
        (unit["id"], part, programme) for unit in plan["units"] for part in PARTS for programme in unit[f"{part}_in"]
    }
    by_programme = {
        (unit, part, programme["id"])
        for programme in plan["actions_and_projects"]
        for part in PARTS
        for unit in programme[part]
    }
    assert by_unit == by_programme


def test_routes_keep_the_order_of_the_plan(facts: None) -> None:
    rows = db.session.execute(
        select(Route.department_id, Route.part).where(Route.programme_id == "A1").order_by(Route.position)
    ).all()
    assert [department for department, _ in rows[:3]] == ["education", "science_tech", "cast"]
    assert [PARTS.index(part) for _, part in rows] == sorted(PARTS.index(part) for _, part in rows)


def test_a_target_without_due_date_holds_to_the_end_of_the_period(facts: None) -> None:
    standing = db.session.get_one(Target, "T03")
    volunteers = db.session.get_one(Target, "T23")
    assert (standing.starts_on, standing.ends_on) == (date(2021, 1, 1), date(2025, 12, 31))
    assert (volunteers.value, volunteers.unit, volunteers.measured_by) == (2000, "人", "direct")


def test_every_fact_passes_the_checks_of_the_office(facts_sqlite: None) -> None:
    """Else the office could not even take it out of use."""
    for kind in KINDS.values():
        keys = [[getattr(row, spec.name) for spec in kind.keys] for row in db.session.scalars(select(kind.model))]
        assert keys or kind.name == "school"  # those are the city's to list
        if kind.name == "office_hours":
            keys = keys[1:]  # some office hours have to stay
        for key in keys:
            assert deactivate_fact(kind.name, key, LATER)


# Loading again


def test_loading_twice_changes_nothing(facts: None) -> None:
    report = load_facts(LATER)
    assert not report.has_changes
    assert not report.kept
    assert report.loaded_at == LATER


def test_the_first_load_counts_its_rows(ctx: None) -> None:
    report = load_facts(LOADED_AT)
    assert report.inserted == {model.__tablename__: count(model) for model in (*TABLES, WorkdayOverride)}
    assert not report.updated.total()


def test_an_edited_row_survives_while_an_unedited_one_is_refreshed(facts: None, folder: Path) -> None:
    def change(menu: Any) -> None:
        item(menu, "S01")["zh"] = "数据里的新名字"
        item(menu, "S02")["zh"] = "数据里的新名字"
        item(menu, "S02")["needed_skills"] = ["smartphone", "teacher"]

    edit_fact("menu_item", "S01", {"name": "纲要办起的名字"}, LATER)
    change_json(folder, "service_menu.json", change)
    report = load_facts(LATER, folder=folder)
    assert report.updated == {"menu_items": 1}
    assert report.kept == {"menu_items": 1}
    assert not report.inserted
    assert db.session.get_one(MenuItem, "S01").name == "纲要办起的名字"
    refreshed = db.session.get_one(MenuItem, "S02")
    assert refreshed.name == "数据里的新名字"
    assert refreshed.needed_skills == ["smartphone", "teacher"]
    assert refreshed.edited_at is None


def test_a_row_with_a_key_of_several_columns_is_refreshed_alone(facts: None, folder: Path) -> None:
    def change(data: Any) -> None:
        data["time_limits"][0]["amount"] = 36

    change_json(folder, "time_limits.json", change)
    assert load_facts(LATER, folder=folder).updated == {"time_limits": 1}
    assert db.session.get_one(TimeLimit, ("dispatch", "normal", "all")).amount == 36
    assert db.session.get_one(TimeLimit, ("claim", "normal", "all")).amount == 1


def test_a_fact_taken_out_of_use_is_not_brought_back(facts: None) -> None:
    deactivate_fact("department", "finance", LATER)
    load_facts(LATER)
    assert db.session.get_one(Department, "finance").is_active is False


def test_a_fact_gone_from_the_data_stays(facts: None, folder: Path) -> None:
    change_json(folder, "service_menu.json", lambda menu: menu["items"].pop())
    assert not load_facts(LATER, folder=folder).has_changes
    assert count(MenuItem) == 60


def test_the_number_of_statements_does_not_depend_on_the_rows(ctx: None, folder: Path, statements: Statements) -> None:
    with statements() as first:
        load_facts(LOADED_AT)
    with statements() as again:
        load_facts(LATER)
    for name, rows in (("plan_units.json", "units"), ("service_menu.json", "items")):
        change_json(folder, name, lambda data, rows=rows: [row.update(zh=row["zh"] + "新") for row in data[rows]])
    with statements() as refreshing:
        assert load_facts(LATER, folder=folder).updated == {"departments": 20, "menu_items": 60}
    # of each year of the calendar: read and write it and its days
    assert len(first) == 2 * len(TABLES) + 8
    assert len(again) == len(TABLES) + 4
    assert len(refreshing) == len(TABLES) + 2 + 4


# Data that contradict themselves


def test_an_unknown_department_in_a_route_is_named_and_nothing_is_written(ctx: None, folder: Path) -> None:
    change_json(folder, "plan_units.json", lambda plan: plan["actions_and_projects"][0]["lead"].append("police"))
    with pytest.raises(ValueError, match="route A1: unknown department 'police'"):
        load_facts(LOADED_AT, folder=folder)
    assert count(Department) == 0


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("suggested_lead_unit", "police", "menu item S01: unknown department 'police'"),
        ("alternative_units", ["cast", "police"], "menu item S01: unknown department 'police'"),
        ("parent", "A9", "menu item S01: unknown programme 'A9'"),
        ("audiences", ["martians"], "menu item S01: unknown audience 'martians'"),
        ("theme", "alchemy", "menu item S01: unknown theme 'alchemy'"),
        ("format", "seance", "menu item S01: unknown format 'seance'"),
        ("needed_skills", ["magic"], "menu item S01: unknown skill 'magic'"),
        ("id", "S02", "menu_items: S02 occurs 2 times"),
    ],
)
def test_a_menu_item_that_names_something_unknown_is_refused(
    folder: Path, field: str, value: object, message: str
) -> None:
    change_json(folder, "service_menu.json", lambda menu: item(menu, "S01").update({field: value}))
    with pytest.raises(ValueError, match=message):
        read_facts(folder)


def test_a_community_without_its_town_is_refused(folder: Path) -> None:
    file = folder / "divisions.csv"
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith("640381100000,")]
    file.write_text("".join(kept), encoding="utf-8")
    with pytest.raises(ValueError, match="unknown parent '640381100000'"):
        read_facts(folder)


def test_a_reason_for_an_action_that_carries_none_is_refused(folder: Path) -> None:
    change_json(folder, "reasons.json", lambda data: data["reasons"][0].update(action="claim"))
    with pytest.raises(ValueError, match="unknown action 'claim'"):
        read_facts(folder)


def test_a_load_joins_the_transaction_around_it(ctx: None) -> None:
    def load_and_fail() -> None:
        with transaction():
            load_facts(LOADED_AT)
            raise RuntimeError("the rest of the set-up failed")

    with pytest.raises(RuntimeError, match="the rest"):
        load_and_fail()
    assert count(Department) == 0
