from qtxvol.matching.departments import suggest_departments
from qtxvol.matching.needs import Need
from tests.matching.cities import NOW, make_situation

NEED = Need(1, "first_aid", "elderly", 0, NOW, (9,))


def test_the_lead_department_comes_first_when_desks_are_empty():
    first, second = suggest_departments(make_situation(1), NEED, {})
    assert (first.code, first.is_lead) == ("health", True)
    assert (second.code, second.is_lead) == ("farm", False)


def test_a_buried_desk_is_passed_over():
    first, second = suggest_departments(make_situation(1), NEED, {"health": 60})
    assert (first.code, first.open_orders) == ("farm", 0)
    assert second.claim_minutes == 90


def test_a_topic_without_a_rule_has_no_department_and_breaks_nothing():
    assert suggest_departments(make_situation(1), Need(1, "opera", "elderly", 0, NOW, (9,)), {}) == []
