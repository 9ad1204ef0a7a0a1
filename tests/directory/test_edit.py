"""The office edits facts: within limits, one row at a time, and reloads respect it."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import String, inspect

from qtxvol.directory.edit import add_fact, deactivate_fact, edit_fact
from qtxvol.directory.kinds import KINDS, FieldType
from qtxvol.directory.models import Department, Division, MenuItem, Reason, Route, Term, TimeLimit
from qtxvol.directory.queries import get_fact
from qtxvol.extensions import db
from qtxvol.progress.models import Target
from qtxvol.refusals import NotFound, Refused
from tests.directory.conftest import Statements

NOW = datetime(2025, 3, 4, 1, 0, tzinfo=UTC)
ITEM = {
    "id": "L01",
    "name": "黄河湿地观鸟",
    "audiences": ["youth", "residents"],
    "theme": "environment",
    "department_id": "ecology_branch",
}


def refusal(kind: str, key: Any, values: dict[str, Any]) -> Refused:
    with pytest.raises(Refused) as caught:
        edit_fact(kind, key, values, NOW)
    assert (caught.value.code, caught.value.status) == ("invalid", 422)
    assert caught.value.about["message"]
    assert caught.value.about["message_en"]
    return caught.value


# The table of kinds


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_the_table_of_kinds_agrees_with_the_tables(kind: Any) -> None:
    columns = inspect(kind.model).columns
    assert [spec.name for spec in kind.keys] == [column.name for column in columns if column.primary_key]
    for spec in (*kind.keys, *kind.fields):
        column = columns[spec.name]
        assert spec.label.zh
        assert spec.label.en
        if spec.type is FieldType.TEXT and isinstance(column.type, String):
            assert 0 < spec.high <= (column.type.length or 0), spec.name
        if spec.type in (FieldType.INTEGER, FieldType.NUMBER):
            assert spec.low < spec.high, spec.name
    assert "is_active" in [spec.name for spec in kind.fields]
    assert "edited_at" not in [spec.name for spec in kind.fields]


# Editing


def test_an_edit_changes_what_was_named_and_marks_the_row(facts: None) -> None:
    before = get_fact("menu_item", "S01")
    form = {
        "name": "  手机入门 ",
        "audiences": "elderly residents",
        "headcount_max": "30",
        "is_licence_required": "on",
        "alternative_department_ids": ["science_tech"],
    }
    assert edit_fact("menu_item", "S01", form, NOW)
    expected = before | {
        "name": "手机入门",
        "audiences": ["elderly", "residents"],
        "headcount_max": 30,
        "is_licence_required": True,
        "alternative_department_ids": ["science_tech"],
        "edited_at": NOW,
    }
    assert get_fact("menu_item", "S01") == expected


def test_a_form_saved_without_a_change_is_no_edit(facts: None) -> None:
    row = get_fact("menu_item", "S01")
    same = {name: value for name, value in row.items() if name != "edited_at"}
    assert edit_fact("menu_item", "S01", same, NOW) is False
    assert db.session.get_one(MenuItem, "S01").edited_at is None


def test_rows_with_a_key_of_several_parts_are_edited_by_either_writing_of_it(facts: None) -> None:
    edit_fact("time_limit", "dispatch.normal.all", {"amount": "48", "unit": "hours"}, NOW)
    edit_fact("reason", ("reject", "other"), {"hint": "请联系社区。"}, NOW)
    edit_fact("route", ("A1", "health"), {"part": "lead"}, NOW)
    edit_fact("term", ["skill", "vocational_trainer"], {"code": "vocational_trainer", "name": "技能教师"}, NOW)
    assert db.session.get_one(TimeLimit, ("dispatch", "normal", "all")).amount == 48
    assert db.session.get_one(Reason, ("reject", "other")).hint == "请联系社区。"
    assert db.session.get_one(Route, ("A1", "health")).part == "lead"
    assert db.session.get_one(Term, ("skill", "vocational_trainer")).name == "技能教师"


def test_other_names_of_a_department_are_one_a_line(facts_sqlite: None) -> None:
    edit_fact("department", "health", {"aliases": "卫健局\r\n\r\n 卫生局 \n卫健局"}, NOW)
    assert db.session.get_one(Department, "health").aliases == ["卫健局", "卫生局"]


@pytest.mark.parametrize(
    ("kind", "key", "values", "field"),
    [
        ("menu_item", "S01", {"name": ""}, "name"),
        ("menu_item", "S01", {"name": "长" * 65}, "name"),
        ("menu_item", "S01", {"name": "两\n行"}, "name"),
        ("menu_item", "S01", {"name": "\0"}, "name"),
        ("menu_item", "S01", {"name": 5}, "name"),
        ("menu_item", "S01", {"id": "S77"}, "id"),
        ("menu_item", "S01", {"no_such": "x"}, "no_such"),
        ("menu_item", "S01", {"edited_at": None}, "edited_at"),
        ("menu_item", "S01", {"audiences": []}, "audiences"),
        ("menu_item", "S01", {"audiences": ["martians"]}, "audiences"),
        ("menu_item", "S01", {"theme": "smartphone"}, "theme"),
        ("menu_item", "S01", {"format": ""}, "format"),
        ("menu_item", "S01", {"needed_skills": ["magic"]}, "needed_skills"),
        ("menu_item", "S01", {"department_id": "police"}, "department_id"),
        ("menu_item", "S01", {"department_id": ""}, "department_id"),
        ("menu_item", "S01", {"programme_id": "A9"}, "programme_id"),
        ("menu_item", "S01", {"alternative_department_ids": ["cast"]}, "alternative_department_ids"),
        ("menu_item", "S01", {"headcount_min": 41}, "headcount_max"),
        ("menu_item", "S01", {"headcount_max": 4}, "headcount_max"),
        ("menu_item", "S01", {"headcount_max": 5001}, "headcount_max"),
        ("menu_item", "S01", {"headcount_min": ""}, "headcount_min"),
        ("menu_item", "S01", {"headcount_min": 2.5}, "headcount_min"),
        ("menu_item", "S01", {"headcount_min": True}, "headcount_min"),
        ("menu_item", "S01", {"headcount_min": "9" * 5000}, "headcount_min"),
        ("menu_item", "S01", {"is_active": "perhaps"}, "is_active"),
        ("menu_item", "S42", {"needed_skills": []}, "needed_skills"),
        ("department", "health", {"kind": "church"}, "kind"),
        ("department", "health", {"aliases": ["长" * 65]}, "aliases"),
        ("department", "health", {"aliases": [str(number) for number in range(21)]}, "aliases"),
        ("division", "640381100000", {"parent_code": "999999999999"}, "parent_code"),
        ("division", "640381100000", {"parent_code": "640300000000"}, "parent_code"),
        ("division", "640381100000", {"parent_code": None}, "parent_code"),
        ("division", "640381100000", {"level": 5}, "level"),
        ("division", "640381100000", {"lon_gcj02": "181"}, "lon_gcj02"),
        ("division", "640381100000", {"lon_gcj02": "nan"}, "lon_gcj02"),
        ("division", "640381100000", {"lon_gcj02": ""}, "lat_gcj02"),
        ("route", "A1.health", {"part": "onlooker"}, "part"),
        ("time_limit", "claim.normal.all", {"amount": 0}, "amount"),
        ("time_limit", "claim.normal.all", {"amount": -1}, "amount"),
        ("time_limit", "claim.normal.all", {"amount": 10001}, "amount"),
        ("time_limit", "claim.normal.all", {"amount": 367}, "amount"),
        ("time_limit", "claim.normal.all", {"amount": "soon"}, "amount"),
        ("time_limit", "claim.normal.all", {"unit": "moons"}, "unit"),
        ("office_hours", "mon.am", {"opens_at": "12:00"}, "closes_at"),
        ("office_hours", "mon.am", {"closes_at": "14:01"}, "opens_at"),
        ("office_hours", "mon.am", {"closes_at": "25:00"}, "closes_at"),
        ("office_hours", "mon.am", {"opens_at": "8:30"}, "opens_at"),
        ("target", "T23", {"value": -1}, "value"),
        ("target", "T01", {"value": 101}, "value"),
        ("target", "T23", {"ends_on": "2020-12-31"}, "ends_on"),
        ("target", "T23", {"ends_on": "soon"}, "ends_on"),
        ("reason", "reject.other", {"hint": "长" * 201}, "hint"),
    ],
)
def test_a_value_outside_its_limits_is_refused_and_nothing_is_written(
    facts_sqlite: None, kind: str, key: str, values: dict[str, Any], field: str
) -> None:
    before = get_fact(kind, key)
    with_another = {"position": 77, **values} if "position" in before else values
    assert refusal(kind, key, with_another).about["field"] == field
    assert get_fact(kind, key) == before


def test_a_department_out_of_use_can_stay_but_not_be_chosen_anew(facts: None) -> None:
    deactivate_fact("department", "cast", NOW)
    assert edit_fact("menu_item", "S01", {"department_id": "cast", "name": "手机入门"}, NOW)
    assert refusal("menu_item", "S01", {"alternative_department_ids": ["cast"]}).about["field"] == (
        "alternative_department_ids"
    )
    assert "已停用" in refusal("menu_item", "S04", {"department_id": "cast"}).about["message"]


@pytest.mark.parametrize(("kind", "key"), [("spell", "x"), ("menu_item", "S99"), ("reason", "other")])
def test_what_is_not_there_cannot_be_edited(facts: None, kind: str, key: str) -> None:
    with pytest.raises(NotFound):
        edit_fact(kind, key, {}, NOW)


def test_an_edit_takes_a_handful_of_statements_however_much_it_names(facts: None, statements: Statements) -> None:
    with statements() as seen:
        edit_fact("menu_item", "S01", {"alternative_department_ids": ["education", "health"]}, NOW)
    assert len(seen) == 3  # the row, the departments, the change


# Adding


def test_a_new_item_gets_defaults_for_what_was_left_out(facts: None) -> None:
    assert add_fact("menu_item", ITEM, NOW) == "L01"
    row = get_fact("menu_item", "L01")
    assert row.items() >= ITEM.items()
    assert (row["format"], row["headcount_min"], row["headcount_max"]) == ("lecture", 1, 200)
    assert (row["needed_skills"], row["programme_id"], row["is_active"]) == ([], None, True)
    assert row["edited_at"] == NOW


def test_each_kind_can_grow(facts: None) -> None:
    assert add_fact("department", {"id": "police", "name": "市公安局", "kind": "government"}, NOW) == "police"
    assert add_fact("route", {"programme_id": "P4", "department_id": "police", "part": "cooperating"}, NOW)
    assert add_fact("term", {"kind": "skill", "code": "birdwatching", "name": "观鸟"}, NOW)
    assert add_fact("reason", {"action": "cancel", "code": "moved_away", "name": "已搬走"}, NOW) == (
        "cancel.moved_away"
    )
    community = {
        "code": "640381100999",
        "parent_code": "640381100000",
        "level": "5",
        "kind": "community",
        "name": "新社区居委会",
        "display_name": "新社区",
    }
    assert add_fact("division", community, NOW) == "640381100999"
    assert db.session.get_one(Division, "640381100999").level == 5
    target = {
        "id": "T23-2030",
        "code": "T23-later",
        "period_id": "2021-2025",
        "name": "科技志愿者人数",
        "value": "3000",
        "unit": "人",
        "starts_on": "2026-01-01",
        "ends_on": date(2030, 12, 31),
        "measured_by": "direct",
    }
    assert add_fact("target", target, NOW) == "T23-2030"
    assert db.session.get_one(Target, "T23-2030").ends_on == date(2030, 12, 31)


@pytest.mark.parametrize(
    ("kind", "values", "field"),
    [
        ("menu_item", ITEM | {"id": "S01"}, "id"),
        ("menu_item", ITEM | {"id": "L.1"}, "id"),
        ("menu_item", ITEM | {"id": ""}, "id"),
        ("menu_item", {name: value for name, value in ITEM.items() if name != "audiences"}, "audiences"),
        ("menu_item", ITEM | {"headcount_max": 3, "headcount_min": 4}, "headcount_max"),
        ("menu_item", ITEM | {"department_id": "police"}, "department_id"),
        ("department", {"id": "Police", "name": "市公安局"}, "id"),
        ("department", {"id": "police"}, "name"),
        ("division", {"code": "6403811", "level": 5, "kind": "village", "name": "x"}, "code"),
        ("route", {"programme_id": "A1", "department_id": "health", "part": "lead"}, "department_id"),
        ("route", {"programme_id": "A1", "department_id": "police", "part": "lead"}, "department_id"),
        ("time_limit", {"step": "sleep", "urgency": "normal", "amount": 1, "unit": "days"}, "step"),
        (
            "time_limit",
            {"step": "rate", "urgency": "normal", "category": "x", "amount": 1, "unit": "days"},
            "category",
        ),
        ("term", {"kind": "format", "code": "a" * 17, "name": "x"}, "code"),
        ("term", {"kind": "colour", "code": "red", "name": "x"}, "kind"),
        ("reason", {"action": "claim", "code": "x", "name": "x"}, "action"),
    ],
)
def test_a_new_fact_that_cannot_stand_is_refused(
    facts_sqlite: None, kind: str, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(Refused) as caught:
        add_fact(kind, values, NOW)
    assert (caught.value.code, caught.value.status, caught.value.about["field"]) == ("invalid", 422, field)


def test_of_two_who_add_the_same_fact_the_second_is_told(facts: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on PostgreSQL, where the first one's row shows only after the look that finds the key free."""
    add_fact("menu_item", ITEM, NOW)
    monkeypatch.setattr(db.session, "get", lambda *_: None)
    with pytest.raises(Refused) as caught:
        add_fact("menu_item", ITEM, NOW)
    assert (caught.value.code, caught.value.about["field"]) == ("invalid", "id")


# Out of use


def test_a_fact_out_of_use_stays_readable_and_can_come_back(facts: None) -> None:
    assert deactivate_fact("menu_item", "S01", NOW)
    assert deactivate_fact("menu_item", "S01", NOW) is False
    assert get_fact("menu_item", "S01")["is_active"] is False
    assert edit_fact("menu_item", "S01", {"is_active": "1"}, NOW)
    assert get_fact("menu_item", "S01")["is_active"] is True
