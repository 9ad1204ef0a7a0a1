"""The yearly list of commendation: counted, decided by one, confirmed by another, then public."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.rate import Verdict, rate_order
from qtxvol.orders.serve import reopen_order
from qtxvol.recognition.awards import set_publication
from qtxvol.recognition.commend import (
    Criteria,
    ListView,
    confirm_list,
    count_list,
    decide,
    find_list,
    get_published,
    list_published,
    list_years,
    return_list,
    submit_list,
)
from qtxvol.recognition.evidence import list_evidence, list_rows
from qtxvol.recognition.models import CommendationEvent
from qtxvol.refusals import NotFound, Refused
from tests.factories import NOW, City, closed, link_of, make_actor, window
from tests.recognition.ledgers import add_hours

NEXT_YEAR = datetime(2027, 1, 5, 2, 0, tzinfo=UTC)
EASY = Criteria(min_hours=1, min_services=1)


@pytest.fixture
def second(own_city: City) -> Actor:
    """A colleague at the office."""
    return make_actor(Party.OFFICE, "另一位")


def get(year: int = 2026) -> ListView:
    view = find_list(year)
    assert view is not None
    return view


def ids(year: int = 2026) -> list[int]:
    return [row.Commendation.id for row in get(year).people]


def refusal(act: object, *args: object, **more: object) -> str:
    with pytest.raises(Refused) as refused:
        act(*args, **more)  # type: ignore[operator]
    return refused.value.code


def test_the_evidence_is_what_the_rows_add_up_to(own_city: City):
    me = own_city.crew[0]
    rated, unrated = closed(own_city), closed(own_city, agreed=window(5))
    rate_order(rated.number, link_of(rated), verdict=Verdict(stars=4, did_take_place=True), now=NOW + timedelta(days=6))
    add_hours(own_city, own_city.crew[1], 10, now=NOW + timedelta(days=20))
    evidence = {each.person_id: each for each in list_evidence(2026)}
    mine = evidence[me]
    assert (mine.minutes, mine.services, mine.confirmed, mine.rated, mine.ratings, mine.stars_total) == (
        270, 3, 1, 1, 1, 4,
    )  # fmt: skip
    rows = list_rows(me, 2026)
    assert sum(row.minutes for row in rows) == mine.minutes
    assert len(rows) == mine.services
    assert [(row.number, row.ratings) for row in rows[:2]] == [(rated.number, 1), (unrated.number, 0)]
    assert sum(row.is_confirmed for row in rows) == mine.confirmed
    assert list_evidence(2025) == []


def test_criteria_propose_and_a_new_count_forgets_who_was_only_proposed(own_city: City):
    add_hours(own_city, own_city.crew[1], 10)
    assert count_list(own_city.office, 2026, EASY, NOW + timedelta(days=8)) == 2
    assert count_list(own_city.office, 2026, Criteria(5, 1), NOW + timedelta(days=8)) == 1
    (row,) = get().people
    assert row.Commendation.volunteer_id == own_city.crew[1]
    assert row.Commendation.name_masked.endswith("*")
    decide(own_city.office, 2026, [row.Commendation.id], is_commended=True, reason="", now=NOW)
    assert count_list(own_city.office, 2026, Criteria(500, 1), NOW + timedelta(days=9)) == 1
    assert get().people[0].Commendation.status == "commended"
    for year in (1999, 2027):
        with pytest.raises(NotFound):
            count_list(own_city.office, year, EASY, NOW)


def test_one_decides_another_confirms_and_then_it_is_public(own_city: City, second: Actor):
    closed(own_city)
    add_hours(own_city, own_city.crew[1], 10, now=NOW + timedelta(days=20))
    set_publication(own_city.volunteer, True, NOW)
    office = own_city.office
    count_list(office, 2026, EASY, NOW + timedelta(days=30))
    assert refusal(submit_list, office, 2026, NOW + timedelta(days=30)) == "year_not_over"
    assert refusal(submit_list, office, 2026, NEXT_YEAR) == "undecided"
    first, other = ids()
    assert refusal(decide, office, 2026, [first], is_commended=False, reason=" ", now=NEXT_YEAR) == "missing"
    assert refusal(decide, office, 2026, [], is_commended=True, reason="", now=NEXT_YEAR) == "missing"
    with pytest.raises(NotFound):
        decide(office, 2026, [999_999], is_commended=True, reason="", now=NEXT_YEAR)
    decide(office, 2026, [first], is_commended=True, reason="", now=NEXT_YEAR)
    decide(office, 2026, [other], is_commended=False, reason="本人不愿意", now=NEXT_YEAR)
    assert refusal(confirm_list, second, 2026, NEXT_YEAR) == "not_submitted"
    submit_list(office, 2026, NEXT_YEAR)
    with pytest.raises(NotFound):
        get_published(2026)
    assert refusal(confirm_list, office, 2026, NEXT_YEAR) == "same_person"
    assert refusal(decide, office, 2026, [first], is_commended=True, reason="", now=NEXT_YEAR) == "list_closed"
    assert refusal(count_list, office, 2026, EASY, NEXT_YEAR) == "list_closed"
    confirm_list(second, 2026, NEXT_YEAR)
    (row,) = get_published(2026).people
    assert row.Commendation.volunteer_id == own_city.crew[0]
    assert row.is_named
    assert [each.year for each in list_published()] == [2026]
    assert get().confirmed_by
    assert get().submitted_by != get().confirmed_by


def test_who_decided_on_anybody_can_not_confirm_even_if_another_handed_it_in(own_city: City, second: Actor):
    closed(own_city)
    count_list(own_city.office, 2026, EASY, NEXT_YEAR)
    decide(second, 2026, ids(), is_commended=True, reason="", now=NEXT_YEAR)
    submit_list(own_city.office, 2026, NEXT_YEAR)
    assert refusal(confirm_list, second, 2026, NEXT_YEAR) == "same_person"
    third = make_actor(Party.OFFICE, "第三位")
    confirm_list(third, 2026, NEXT_YEAR)


def test_a_published_list_that_is_taken_back_is_not_public_meanwhile(own_city: City, second: Actor):
    closed(own_city)
    count_list(own_city.office, 2026, EASY, NEXT_YEAR)
    assert refusal(return_list, own_city.office, 2026, "有误", NEXT_YEAR) == "list_open"
    decide(own_city.office, 2026, ids(), is_commended=True, reason="", now=NEXT_YEAR)
    submit_list(own_city.office, 2026, NEXT_YEAR)
    confirm_list(second, 2026, NEXT_YEAR)
    assert refusal(return_list, own_city.office, 2026, "", NEXT_YEAR) == "missing"
    return_list(second, 2026, "接到反映", NEXT_YEAR)
    assert list_published() == []
    assert [row.CommendationEvent.action for row in get().events] == [
        "return", "publish", "count", "submit", "decide", "count",
    ] or [row.CommendationEvent.action for row in get().events] == [
        "return", "publish", "submit", "count", "decide", "count",
    ]  # fmt: skip


def test_a_figure_that_falls_before_the_list_is_handed_in_needs_a_reason(own_city: City):
    order = add_hours(own_city, own_city.crew[1], 10)
    count_list(own_city.office, 2026, EASY, NOW + timedelta(days=8))
    decide(own_city.office, 2026, ids(), is_commended=True, reason="", now=NOW + timedelta(days=8))
    reopen_order(order.number, own_city.office, text="没有来过", now=NOW + timedelta(days=8))
    assert refusal(submit_list, own_city.office, 2026, NEXT_YEAR) == "needs_reason"
    assert {row.Commendation.minutes for row in get().people} == {0}
    decide(own_city.office, 2026, ids(), is_commended=True, reason="多年组织服务", now=NEXT_YEAR)
    submit_list(own_city.office, 2026, NEXT_YEAR)
    assert get().list.status == "submitted"


def test_only_the_office_has_a_hand_in_it(own_city: City):
    for act, args in (
        (count_list, (2026, EASY, NOW)),
        (submit_list, (2025, NOW)),
        (confirm_list, (2025, NOW)),
        (return_list, (2025, "x", NOW)),
    ):
        assert refusal(act, own_city.team, *args) == "wrong_party"
    assert refusal(decide, own_city.volunteer, 2026, [1], is_commended=True, reason="", now=NOW) == "wrong_party"
    assert db.session.scalar(select(func.count()).select_from(CommendationEvent)) == 0
    assert [year for year, _listed in list_years(NOW)] == [2026, 2025]
