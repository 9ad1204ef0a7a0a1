"""Facts that were checked: what was told stays readable, and nothing is told twice."""

from datetime import timedelta

import pytest

from qtxvol.emergencies.events import close_emergency
from qtxvol.emergencies.facts import add_fact, correct_fact, withdraw_fact
from qtxvol.emergencies.queries import get_emergency, list_banners
from qtxvol.refusals import NotFound, Refused
from tests.emergencies.plans import opened, statement_of
from tests.factories import NOW, make_city

pytestmark = pytest.mark.usefixtures("ctx")


def test_a_correction_takes_the_place_and_the_old_words_stay_readable():
    city = make_city()
    event = opened(city)
    assert add_fact(event, statement_of(), city.office, now=NOW)
    assert not add_fact(event, statement_of(), city.office, now=NOW), "a double tap"
    (first,) = get_emergency(event).facts
    better = statement_of(text="全市发热门诊都正常开诊，夜间看急诊。", checked_at=NOW)
    assert correct_fact(event, first.id, better, city.office, now=NOW)
    assert not correct_fact(event, first.id, better, city.office, now=NOW), "a double tap"
    view = get_emergency(event)
    assert [fact.text for fact in view.facts] == [better.text]
    assert [fact.text for fact in view.withdrawn] == [statement_of().text]
    with pytest.raises(Refused) as refused:
        correct_fact(event, first.id, statement_of(text="第三种说法"), city.office, now=NOW)
    assert (refused.value.code, refused.value.status) == ("fact_over", 409)


def test_a_withdrawn_fact_leaves_the_banner_and_says_why():
    city = make_city()
    event = opened(city)
    add_fact(event, statement_of(), city.office, now=NOW)
    (fact,) = get_emergency(event).facts
    assert [each.id for each in list_banners(NOW)[0].facts] == [fact.id]
    assert withdraw_fact(event, fact.id, city.office, why="门诊改了时间", now=NOW)
    assert not withdraw_fact(event, fact.id, city.office, why="门诊改了时间", now=NOW)
    assert list_banners(NOW)[0].facts == []
    assert [each.withdrawn_why for each in get_emergency(event).withdrawn] == ["门诊改了时间"]


def test_the_banner_shows_the_two_that_were_checked_last():
    city = make_city()
    event = opened(city)
    for hours in (5, 1, 3):
        said = statement_of(text=f"{hours} 小时前核实", checked_at=NOW - timedelta(hours=hours))
        add_fact(event, said, city.office, now=NOW)
    assert [each.text for each in list_banners(NOW)[0].facts] == ["1 小时前核实", "3 小时前核实"]


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"text": ""}, "missing", "text"),
        ({"source": ""}, "missing", "source"),
        ({"checked_by": ""}, "missing", "checked_by"),
        ({"checked_at": NOW + timedelta(minutes=1)}, "checked_in_future", "checked_at"),
    ],
)
def test_a_fact_without_source_or_checker_is_none(values: dict, code: str, field: str):
    city = make_city()
    event = opened(city)
    with pytest.raises(Refused) as refused:
        add_fact(event, statement_of(**values), city.office, now=NOW)
    assert (refused.value.code, refused.value.about["field"]) == (code, field)
    assert get_emergency(event).facts == []


def test_only_the_office_and_only_while_it_is_open():
    city = make_city()
    event = opened(city)
    with pytest.raises(Refused, match="wrong_party"):
        add_fact(event, statement_of(), city.department, now=NOW)
    with pytest.raises(NotFound):
        withdraw_fact(event, 999, city.office, why="没有", now=NOW)
    close_emergency(event, city.office, reason="回落", now=NOW)
    with pytest.raises(Refused, match="emergency_closed"):
        add_fact(event, statement_of(), city.office, now=NOW)
