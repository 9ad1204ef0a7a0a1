"""Who is told of which day, when, and how often."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from qtxvol.directory.edit import add_fact, deactivate_fact, edit_fact
from qtxvol.directory.science_days import (
    departments_of,
    find_next_term,
    find_term,
    keeps_school_terms,
    list_days,
    list_items,
    list_near,
    nudge_science_days,
)
from qtxvol.extensions import db
from qtxvol.notices.models import Notice
from qtxvol.refusals import Refused
from tests.directory.conftest import Statements

#: Half past eight in the city, 21 days before the day of fire safety.
NUDGE = datetime(2026, 10, 19, 0, 30, tzinfo=UTC)
TODAY = date(2026, 10, 19)


def told() -> list[tuple[str, str, dict[str, object]]]:
    rows = db.session.scalars(select(Notice).order_by(Notice.id))
    return [(row.party, row.scope, row.about) for row in rows]


def test_the_nearest_comes_first_and_what_is_on_before_it(facts_sqlite: None) -> None:
    days = list_days(date(2026, 9, 20))
    assert [day.id for day in days[:4]] == [
        "science_month",
        "science_popularisation_day",
        "teeth_day",
        "mental_day",
    ]
    assert days[0].span.days_left(date(2026, 9, 20)) < 0


def test_a_day_out_of_use_is_gone(facts_sqlite: None) -> None:
    deactivate_fact("science_day", "fire_day", NUDGE)
    assert "fire_day" not in [day.id for day in list_days(TODAY)]


def fitting(day_id: str, today: date = TODAY) -> list[str]:
    day = next(day for day in list_days(today) if day.id == day_id)
    return [item.id for item in list_items() if day.fits(item)]


def test_items_fit_by_name_or_else_by_theme(facts_sqlite: None) -> None:
    assert fitting("fire_day") == ["S23", "S55", "S56"]
    edit_fact("science_day", "fire_day", {"menu_item_ids": []}, NUDGE)
    assert fitting("fire_day") == ["S10", "S23", "S40", "S45", "S46", "S49", "S55", "S56", "S60"]
    assert len(fitting("science_week")) == 60
    deactivate_fact("menu_item", "S10", NUDGE)
    assert "S10" not in fitting("fire_day")


def test_departments_whose_themes_fit_are_told_once_a_year(facts: None) -> None:
    assert nudge_science_days(NUDGE - timedelta(days=1)) == 0
    first = nudge_science_days(NUDGE)
    assert first == len(told())
    parties, units = {row[0] for row in told()}, {row[1] for row in told()}
    assert parties == {"department"}
    assert "emergency" in units
    assert units == {unit for item in list_items() if item.id in ("S23", "S55", "S56") for unit in departments_of(item)}
    assert "party_school" not in units
    assert told()[0][2] == {
        "day": "全国消防日",
        "day_en": "National Fire Safety Day",
        "starts": "2026-11-09",
        "days": 21,
    }
    assert nudge_science_days(NUDGE) == 0
    assert nudge_science_days(NUDGE + timedelta(days=3)) == 0
    assert nudge_science_days(NUDGE + timedelta(days=365)) == first


def test_a_missed_day_is_made_up_for_but_not_once_it_has_begun(facts_sqlite: None) -> None:
    late = datetime(2026, 11, 8, 0, 30, tzinfo=UTC)
    assert nudge_science_days(late) > 0
    assert {row[2]["days"] for row in told() if row[2]["day"] == "全国消防日"} == {1}


def test_nobody_is_told_of_a_day_that_has_begun(facts_sqlite: None) -> None:
    nudge_science_days(datetime(2026, 11, 9, 0, 30, tzinfo=UTC))
    assert "全国消防日" not in {row[2]["day"] for row in told()}


def test_dates_that_are_moved_within_a_year_are_not_told_twice(facts_sqlite: None) -> None:
    nudge_science_days(NUDGE)
    count = len(told())
    edit_fact("science_day", "fire_day", {"dates": "2026-11-16"}, NUDGE)
    nudge_science_days(NUDGE + timedelta(days=7))
    assert len(told()) == count


def test_zero_days_means_never(facts_sqlite: None) -> None:
    edit_fact("science_day", "fire_day", {"nudge_days": 0}, NUDGE)
    assert nudge_science_days(NUDGE) == 0


def test_the_next_term_is_told_to_those_who_keep_to_it(facts_sqlite: None) -> None:
    for day in list_days(date(2027, 2, 16)):
        edit_fact("science_day", day.id, {"nudge_days": 0}, NUDGE)
    before = datetime(2027, 2, 14, 0, 30, tzinfo=UTC)
    assert nudge_science_days(before) == 0
    assert nudge_science_days(before + timedelta(days=1)) == len(told())
    units = {row[1] for row in told()}
    assert {"education", "cast", "youth_league", "womens_federation"} <= units
    assert "trade_union" not in units
    assert told()[0][2]["day"] == "2026—2027学年第二学期"
    assert told()[0][2]["starts"] == "2027-03-01"
    assert nudge_science_days(before + timedelta(days=2)) == 0


def test_a_term_is_near_for_departments_with_young_people(facts_sqlite: None) -> None:
    term = find_next_term(date(2026, 11, 24))
    assert term is not None
    assert (term.id, term.span.first) == ("2027-spring", date(2027, 3, 1))
    assert keeps_school_terms("education")
    assert not keeps_school_terms("trade_union")
    assert find_next_term(date(2090, 1, 1)) is None


def test_the_term_that_is_on_goes_before_the_next(facts_sqlite: None) -> None:
    found = [find_term(day) for day in (date(2026, 11, 24), date(2027, 1, 15), date(2027, 1, 16), date(2090, 1, 1))]
    assert [term.id if term else None for term in found] == ["2026-autumn", "2026-autumn", "2027-spring", None]


def test_a_nudge_takes_a_few_statements_however_many_departments(facts_sqlite: None, statements: Statements) -> None:
    with statements() as seen:
        nudge_science_days(NUDGE)
    assert len(seen) <= 8  # items, departments, days, the term, one INSERT for each day
    with statements() as seen:
        list_near(TODAY, 30)
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"month": 13}, "month"),
        ({"month": 2, "day": 30}, "day"),
        ({"nth": "6"}, "nth"),
        ({"weekday": "8"}, "weekday"),
        ({"length_days": 0}, "length_days"),
        ({"nudge_days": -1}, "nudge_days"),
        ({"dates": "2026-09-31"}, "dates"),
        ({"dates": "2026-09-01\n2026-10-01"}, "dates"),
        ({"themes": ["no_such"]}, "themes"),
        ({"menu_item_ids": ["S99"]}, "menu_item_ids"),
    ],
)
def test_a_day_that_cannot_be_is_refused_at_its_field(
    facts_sqlite: None, values: dict[str, object], field: str
) -> None:
    with pytest.raises(Refused) as caught:
        edit_fact("science_day", "fire_day", values, NUDGE)
    assert caught.value.about["field"] == field


def test_the_office_adds_a_day_of_its_own(facts_sqlite: None) -> None:
    add_fact("science_day", {"id": "grape_day", "name": "葡萄节", "month": 8, "nth": "2", "weekday": "6"}, NUDGE)
    day = next(day for day in list_days(TODAY) if day.id == "grape_day")
    assert day.span.first == date(2027, 8, 14)
