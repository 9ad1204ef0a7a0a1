"""Reads of the facts: what pages get, in which order, for one statement each."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from qtxvol.directory import queries
from qtxvol.directory.edit import add_fact, deactivate_fact, edit_fact
from qtxvol.directory.kinds import KINDS, key_text
from qtxvol.directory.models import Department, MenuItem
from qtxvol.directory.queries import Suggestion, suggest_departments
from qtxvol.extensions import db
from qtxvol.orders.deadlines import Limit, Unit
from qtxvol.orders.lifecycle import STEPS, Action
from qtxvol.refusals import NotFound
from tests.directory.conftest import Statements

NOW = datetime(2025, 3, 4, 1, 0, tzinfo=UTC)
XIAOBA, XIAOBA_VILLAGE = "640381100000", "小坝镇 · 小坝村"


def ids(suggestions: list[Suggestion]) -> list[str]:
    return [suggestion.department_id for suggestion in suggestions]


# Divisions


def test_every_town_and_farm_can_be_ordered_with_what_lies_in_it(facts: None) -> None:
    groups = queries.list_towns_with_communities()
    assert len(groups) == 11
    assert sum(len(group.communities) for group in groups) == 113
    assert {"连湖农场", "树新林场"} <= {group.town.name for group in groups}
    for group in groups:
        assert all(place.code[:9] == group.town.code[:9] for place in group.communities)
        codes = [place.code for place in group.communities]
        assert codes == sorted(codes)


def test_a_town_out_of_use_takes_its_communities_along(facts: None) -> None:
    deactivate_fact("division", XIAOBA, NOW)
    groups = queries.list_towns_with_communities()
    assert len(groups) == 10
    assert not any(p.code.startswith(XIAOBA[:9]) for group in groups for p in group.communities)


def test_a_community_is_called_by_its_town_and_its_name(facts: None) -> None:
    names = queries.get_division_names()
    assert XIAOBA_VILLAGE in names.values()
    assert names[XIAOBA] == "小坝镇"
    assert names["640381000000"] == "青铜峡市"
    assert queries.get_division_names("en")[XIAOBA] == "Xiaoba Town"


def test_an_old_order_still_finds_the_name_of_a_place_out_of_use(facts_sqlite: None) -> None:
    deactivate_fact("division", XIAOBA, NOW)
    assert queries.get_division_names()[XIAOBA] == "小坝镇"


# The menu


def test_the_menu_lists_every_item_in_its_order(facts: None) -> None:
    entries = queries.list_menu()
    assert [entry.id for entry in entries] == [f"S{number:02}" for number in range(1, 61)]
    first = entries[0]
    assert (first.name, first.audiences, first.theme_name) == (
        "智能手机基础操作",
        ("elderly",),
        "智能技术与信息素养",
    )
    assert (first.format_name, first.format_name_en, first.department_name) == (
        "实操体验",
        "Hands-on session",
        "市科协",
    )


def test_the_menu_is_narrowed_by_audience_theme_and_words(facts: None) -> None:
    elderly = queries.list_menu(audience="elderly")
    assert elderly
    assert all("elderly" in entry.audiences for entry in elderly)
    farming = queries.list_menu(theme="farming")
    assert farming
    assert {entry.theme for entry in farming} == {"farming"}
    assert "S01" in [entry.id for entry in queries.list_menu(text="手机")]
    assert [entry.id for entry in queries.list_menu(text="SMARTPHONE basics")] == ["S01"]
    assert queries.list_menu(audience="elderly", theme="farming", text="手机") == []
    assert queries.list_menu(text="%") == []
    assert len(queries.list_menu("", "", " ")) == 60


def test_an_item_out_of_use_leaves_the_menu_but_not_the_old_orders(facts: None) -> None:
    deactivate_fact("menu_item", "S01", NOW)
    assert "S01" not in [entry.id for entry in queries.list_menu()]
    assert queries.get_menu_item("S01").is_active is False
    with pytest.raises(NotFound):
        queries.get_menu_item("S01", orderable_only=True)


def test_an_item_that_never_was_is_not_found(facts: None) -> None:
    with pytest.raises(NotFound):
        queries.get_menu_item("S99")


# Words, reasons, departments, clocks


def test_terms_come_in_the_order_of_the_data_with_both_names(facts: None) -> None:
    assert [term.code for term in queries.list_terms("audience")] == list(queries.PROGRAMME_OF_AUDIENCE)
    assert queries.term_names("format")["field"].zh == "田间现场"
    assert queries.term_names("format")["field"].en == "In the field"
    assert queries.list_terms("no such kind") == []


def test_a_term_out_of_use_is_not_offered_but_still_has_its_name(facts_sqlite: None) -> None:
    deactivate_fact("term", ("skill", "robotics"), NOW)
    assert "robotics" not in [term.code for term in queries.list_terms("skill")]
    assert queries.term_names("skill")["robotics"].zh == "机器人与编程"


def test_reasons_belong_to_their_action(facts: None) -> None:
    assert [reason.code for reason in queries.list_reasons(Action.WITHDRAW)] == [
        "illness",
        "work",
        "not_enough_people",
        "weather",
        "other",
    ]
    assert queries.list_reasons("claim") == []


def test_departments_out_of_use_are_listed_on_request_only(facts: None) -> None:
    deactivate_fact("department", "finance", NOW)
    assert len(queries.list_departments()) == 19
    everyone = queries.list_departments(active_only=False)
    assert [entry.id for entry in everyone if not entry.is_active] == ["finance"]


def test_limits_by_step(facts: None) -> None:
    urgent = queries.limits_for("urgent")
    assert urgent.keys() == set(STEPS)
    assert urgent["dispatch"] == Limit(4, Unit.WORKING_HOURS)
    assert queries.time_limits()["accept", "emergency", "all"] == Limit(4, Unit.HOURS)


def test_the_most_specific_limit_wins_and_urgency_before_theme(facts: None) -> None:
    for urgency, category, amount in (("normal", "health", 5), ("urgent", "health", 6)):
        add_fact(
            "time_limit",
            {"step": "claim", "urgency": urgency, "category": category, "amount": amount, "unit": "working_days"},
            NOW,
        )
    assert queries.limits_for("normal", "health")["claim"] == Limit(5, Unit.WORKING_DAYS)
    assert queries.limits_for("normal", "mental")["claim"] == Limit(1, Unit.WORKING_DAYS)
    assert queries.limits_for("normal", None)["claim"] == Limit(1, Unit.WORKING_DAYS)
    assert queries.limits_for("urgent", "health")["claim"] == Limit(6, Unit.WORKING_DAYS)
    assert queries.limits_for("urgent", "mental")["claim"] == Limit(4, Unit.WORKING_HOURS)
    # an emergency is never lengthened by what its theme usually takes
    assert queries.limits_for("emergency", "health")["claim"] == Limit(2, Unit.HOURS)


def test_a_step_without_limit_of_its_own_takes_the_normal_one(facts: None) -> None:
    deactivate_fact("time_limit", ("claim", "urgent", "all"), NOW)
    assert queries.limits_for("urgent")["claim"] == Limit(1, Unit.WORKING_DAYS)
    assert queries.limits_for("no such urgency")["accept"] == Limit(2, Unit.WORKING_DAYS)


# Who should get an order


def test_every_menu_item_is_suggested_to_its_own_department_first(facts: None) -> None:
    for item in db.session.scalars(select(MenuItem)):
        found = suggest_departments(item.id, item.audiences[0])
        expected = [item.department_id, *item.alternative_department_ids]
        assert ids(found)[: len(expected)] == expected
        assert (found[0].part, found[0].why_zh) == ("menu", "菜单指定的承办单位")
        assert len(set(ids(found))) == len(found)
        assert all(suggestion.why_zh and suggestion.why_en for suggestion in found)


@pytest.mark.parametrize("audience", list(queries.PROGRAMME_OF_AUDIENCE))
def test_a_free_wish_goes_to_a_lead_of_its_audiences_programme(facts_sqlite: None, audience: str) -> None:
    found = suggest_departments(None, audience)
    assert found[0].part == "lead"
    assert "牵头单位" in found[0].why_zh


def test_every_audience_has_a_programme(facts_sqlite: None) -> None:
    assert {term.code for term in queries.list_terms("audience")} == set(queries.PROGRAMME_OF_AUDIENCE)


def test_a_free_wish_follows_the_order_of_the_plan(facts: None) -> None:
    workers = suggest_departments(None, "workers")
    assert ids(workers)[:3] == ["hr_social_security", "trade_union", "science_tech"]
    assert [suggestion.part for suggestion in workers] == ["lead"] * 2 + ["cooperating"] * 7
    assert workers[-1].why_zh == "产业工人科学素质提升行动的配合单位"


def test_where_the_plan_names_all_members_all_follow(facts: None) -> None:
    farmers = suggest_departments(None, "farmers")
    assert ids(farmers)[:2] == ["agriculture", "hr_social_security"]
    assert len(farmers) == 20
    assert {(s.part, s.why_zh) for s in farmers[2:]} == {("member", "各成员单位")}


def test_an_audience_unknown_to_the_plan_is_served_as_residents(facts: None) -> None:
    add_fact("term", {"kind": "audience", "code": "soldiers", "name": "驻军"}, NOW)
    assert suggest_departments(None, "soldiers") == suggest_departments(None, "residents")
    assert suggest_departments(None, None) == suggest_departments(None, "residents")


def test_a_department_out_of_use_is_never_suggested(facts: None) -> None:
    deactivate_fact("department", "cast", NOW)
    found = suggest_departments("S01", "elderly")
    assert ids(found)[:2] == ["science_tech", "civil_affairs"]
    assert "cast" not in ids(found)


def test_an_item_without_programme_takes_that_of_the_audience(facts: None) -> None:
    edit_fact("menu_item", "S01", {"programme_id": ""}, NOW)
    parts = {s.department_id: s.part for s in suggest_departments("S01", "youth")}
    assert (parts["cast"], parts["education"], parts["health"]) == ("menu", "lead", "responsible")


def test_a_route_out_of_use_no_longer_speaks_for_its_department(facts: None) -> None:
    deactivate_fact("route", "A1.education", NOW)
    assert "education" not in ids(suggest_departments(None, "youth"))


def test_a_department_added_by_the_office_follows_as_a_member(facts: None) -> None:
    add_fact("department", {"id": "police", "name": "市公安局"}, NOW)
    assert "police" in ids(suggest_departments(None, "residents"))
    assert "police" not in ids(suggest_departments(None, "youth"))


def test_suggestions_for_an_unknown_item_are_refused(facts: None) -> None:
    with pytest.raises(NotFound):
        suggest_departments("S99", "youth")


# Facts as the office edits them


def test_every_fact_can_be_listed_and_found_again_by_its_key(facts: None) -> None:
    for name in KINDS:
        rows = queries.list_facts(name)
        assert rows or name == "school"  # those are the city's to list
        for row in rows:
            assert row["edited_at"] is None
        assert all(queries.get_fact(name, key_text(name, row)) == row for row in rows[:1])


@pytest.mark.parametrize(
    ("kind", "key"), [("spell", "x"), ("menu_item", "S99"), ("route", "A1"), ("route", ("A1", "nobody"))]
)
def test_a_fact_that_never_was_is_not_found(facts_sqlite: None, kind: str, key: str) -> None:
    with pytest.raises(NotFound):
        queries.get_fact(kind, key)


def test_a_form_offers_what_may_be_named(facts: None) -> None:
    deactivate_fact("department", "finance", NOW)
    offered = {}
    for kind in KINDS.values():
        for spec in (*kind.keys, *kind.fields):
            offered[kind.name, spec.name] = dict(queries.list_choices(spec))
            assert bool(offered[kind.name, spec.name]) == spec.type.startswith("choice"), spec.name
    assert len(offered["menu_item", "department_id"]) == db.session.query(Department).count() - 1
    assert offered["menu_item", "theme"]["farming"].zh == "农业技术"
    assert offered["reason", "action"]["return"].zh == "退单"


READS: list[Callable[[], object]] = [
    queries.list_towns_with_communities,
    queries.get_division_names,
    queries.list_menu,
    lambda: queries.list_menu("elderly", "digital", "手机"),
    lambda: queries.get_menu_item("S01"),
    lambda: queries.list_terms("skill"),
    lambda: queries.term_names("skill"),
    lambda: queries.list_reasons("reject"),
    queries.list_departments,
    lambda: suggest_departments("S01", "elderly"),
    lambda: suggest_departments(None, "farmers"),
    queries.time_limits,
    lambda: queries.limits_for("urgent"),
    lambda: queries.list_facts("menu_item"),
    lambda: queries.get_fact("route", "A1.education"),
]


def test_every_read_is_one_statement(facts: None, statements: Statements) -> None:
    for read in READS:
        with statements() as seen:
            assert read()
        assert len(seen) == 1, seen
