"""What the office may change about matching."""

import pytest

from qtxvol.offers.rules import (
    SWITCHES,
    USUAL,
    WEIGHTS,
    get_settings,
    list_changes,
    list_own_values,
    reset_weights,
    set_switch,
    set_weights,
)
from qtxvol.refusals import NotFound, Refused
from tests.factories import LATER, NOW, make_city
from tests.statements import counted_statements


def test_without_rows_everything_is_as_usual_in_one_statement(ctx):
    with counted_statements() as statements:
        assert get_settings() == USUAL
    assert len(statements) == 1


def test_the_newest_row_counts_and_the_older_ones_stay_readable(ctx):
    office = make_city().office
    assert set_weights(office, {"km_points": 0, "wave_limit.urgent": 5}, NOW) == 2
    assert set_weights(office, {"km_points": 7.5}, LATER) == 1
    settings = get_settings()
    assert settings.km_points == 7.5
    assert settings.wave_limit == (4, 5, 14)
    assert isinstance(settings.wave_limit[1], int)
    assert [(each.name, each.value) for each in list_changes()] == [
        ("km_points", 7.5), ("wave_limit.urgent", 5), ("km_points", 0),
    ]  # fmt: skip
    assert list_changes()[0].who.startswith("纲要办")
    assert list_changes()[0].set_at == LATER


def test_what_is_as_it_was_writes_no_row(ctx):
    office = make_city().office
    assert set_weights(office, {"km_points": USUAL.km_points}, NOW) == 0
    assert set_weights(office, {"km_points": 4}, NOW) == 1
    assert set_weights(office, {"km_points": 4}, NOW) == 0
    assert len(list_changes()) == 1


def test_a_weight_goes_back_to_the_usual_value(ctx):
    office = make_city().office
    set_weights(office, {"load_points": 0, "km_points": 1}, NOW)
    assert reset_weights(office, ["load_points", "km_points", "asks_points"], LATER) == 2
    assert get_settings() == USUAL
    assert list_own_values() == {}
    assert list_changes()[0].is_usual


def test_a_switch_turns_and_turns_back(ctx):
    office = make_city().office
    for name in SWITCHES:
        assert getattr(get_settings(), name) is True, "on by default"
        assert set_switch(office, name, False, NOW)
        assert not set_switch(office, name, False, NOW)
        assert getattr(get_settings(), name) is False
        assert set_switch(office, name, True, LATER)
    assert get_settings() == USUAL


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [("km_points", -1, "out_of_range"), ("km_points", float("nan"), "out_of_range"), ("quiet_from", 10.5, "not_whole"),
     ("department_backlog", 0, "out_of_range")],
)  # fmt: skip
def test_a_value_that_makes_no_sense_is_refused_and_nothing_is_changed(ctx_sqlite, name, value, code):
    office = make_city().office
    with pytest.raises(Refused) as refused:
        set_weights(office, {"asks_points": 0, name: value}, NOW)
    assert refused.value.code == code
    assert refused.value.about["field"] == name
    assert list_changes() == []


def test_only_the_office_changes_weights(ctx_sqlite):
    city = make_city()
    with pytest.raises(Refused, match="wrong_party"):
        set_weights(city.department, {"km_points": 1}, NOW)
    with pytest.raises(Refused, match="wrong_party"):
        set_switch(city.team, "is_pool_open", False, NOW)
    with pytest.raises(NotFound):
        set_weights(city.office, {"age_points": 1}, NOW)
    with pytest.raises(NotFound):
        set_switch(city.office, "is_open", False, NOW)


def test_every_weight_has_words_a_unit_a_range_and_a_name_that_fits_the_table():
    for name, weight in WEIGHTS.items():
        assert len(name) <= 32
        assert weight.low <= weight.usual <= weight.high, name
        assert all(label.zh and label.en for label in (weight.label, weight.unit, weight.note)), name
        assert weight.read(weight.write(USUAL, weight.high)) == weight.high
