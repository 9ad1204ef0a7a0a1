"""Model cases rest on evidence that holds, name nobody, and vanish from print when their evidence does."""

from datetime import timedelta

import pytest

from qtxvol.extensions import db
from qtxvol.hours.presence import say_presence
from qtxvol.orders.models import Order
from qtxvol.orders.rate import Verdict, rate_order
from qtxvol.orders.serve import reopen_order
from qtxvol.refusals import NotFound, Refused
from qtxvol.reports.cases import cases_paper, get_case, list_candidates, list_cases, withdraw_case, write_case
from qtxvol.storage import transaction
from tests.factories import NOW, City, closed, link_of, make_city, window

STORY = "居民点了单，服务队按时到场，大家都说听得懂。"
BEFORE = NOW - timedelta(days=30)


@pytest.fixture
def city(ctx: None) -> City:
    return make_city()


def good(city: City, stars: int = 5, days: int = 0) -> int:
    """A closed order with that rating."""
    then = BEFORE + timedelta(days=days)
    order = closed(city, then, agreed=window(1, now=then))
    rate_order(order.number, link_of(order), verdict=Verdict(stars, True), now=then + timedelta(days=3))
    return order.order_id


def write(city: City, order_id: int, **changes) -> None:
    given = {"title": "听得懂的课", "story": STORY, "version": None, "now": NOW, **changes}
    write_case(given.pop("actor", city.office), order_id, **given)


def test_only_orders_with_good_evidence_can_be_told_about(city: City):
    best, poor = good(city), good(city, stars=3, days=2)
    unrated = closed(city, BEFORE + timedelta(days=4), agreed=window(1, now=BEFORE + timedelta(days=4))).order_id
    assert [row.order_id for row in list_candidates(2026, 1).rows] == [best]
    for order_id in (poor, unrated):
        with pytest.raises(Refused) as refused:
            write(city, order_id)
        assert (refused.value.code, refused.value.status) == ("no_evidence", 409)
    with pytest.raises(NotFound):
        write(city, 999_999)
    with pytest.raises(Refused) as refused:
        write(city, best, actor=city.department)
    assert refused.value.status == 403


def test_a_case_is_printed_until_it_is_taken_back_and_can_be_written_anew(city: City):
    order_id = good(city)
    write(city, order_id)
    assert list_candidates(2026, 1).rows == []
    (story,) = cases_paper(2026, NOW).stories
    assert (story.title.zh, story.text) == ("听得懂的课", STORY)
    assert "28 人次" in story.facts[2].zh
    assert "1.5 小时" in story.facts[2].zh
    assert withdraw_case(city.office, order_id, NOW)
    assert not withdraw_case(city.office, order_id, NOW)
    assert cases_paper(2026, NOW).stories == []
    write(city, order_id, title="又一次")
    assert [case.title for case, _row in list_cases(2026)] == ["又一次"]


def test_a_service_that_somebody_disputes_is_no_model(city: City):
    order_id = good(city)
    write(city, order_id)
    with transaction():
        order = db.session.get_one(Order, order_id)
        say_presence(order, city.community, did_take_place=False, text="抽查不属实", now=NOW)
    assert cases_paper(2026, NOW).stories == []
    assert list_candidates(2026, 1).rows == []


def test_a_case_whose_order_was_opened_again_is_kept_and_not_printed(city: City):
    order_id = good(city)
    write(city, order_id)
    number = get_case(city.office, order_id).row.number
    reopen_order(number, city.office, text="有人说没讲完。", now=BEFORE + timedelta(days=5))
    ((_case, row),) = list_cases(2026)
    assert not row.is_good
    assert cases_paper(2026, NOW).stories == []


def test_a_case_names_neither_the_asker_nor_the_volunteers_and_holds_no_number(city: City):
    order_id = good(city)
    person = get_case(city.office, order_id)
    assert person.report
    for words in ("王测试说好", "打 19900001234 联系", "写信到 a@example.org"):
        for field in ("title", "story"):
            with pytest.raises(Refused) as refused:
                write(city, order_id, **{field: words})
            assert (refused.value.code, refused.value.about["field"]) == ("personal_data", field)
    with pytest.raises(Refused) as refused:
        write(city, order_id, story=" ")
    assert refused.value.about["field"] == "story"


def test_two_people_do_not_write_over_each_other(city: City):
    order_id = good(city)
    write(city, order_id)
    write(city, order_id, title="改过的", version=1)
    with pytest.raises(Refused) as refused:
        write(city, order_id, title="晚来的", version=1)
    assert (refused.value.code, refused.value.status) == ("changed_meanwhile", 409)
    assert [case.title for case, _row in list_cases(2026)] == ["改过的"]
