"""Whom to ask and why, why not, and which department."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from qtxvol.directory.models import MenuItem
from qtxvol.directory.queries import Wanted, list_answering
from qtxvol.directory.queries import suggest_departments as name_departments
from qtxvol.extensions import db
from qtxvol.notices.wishes import Wisher, set_muted
from qtxvol.offers.learn import clue_from_json
from qtxvol.offers.rules import WEIGHTS, set_weights
from qtxvol.offers.suggest import (
    explain_team,
    is_handed_elsewhere,
    rank_teams,
    suggest_departments,
    suggest_for_each,
)
from qtxvol.orders.claim import claim_order, offer_order, return_order
from qtxvol.orders.decline import cancel_order
from qtxvol.orders.dispatch import dispatch_order
from qtxvol.orders.models import Offer, Order
from qtxvol.orders.transition import Outcome
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team
from tests.factories import ITEM, NOW, City, claimed, dispatched, make_city, make_team, placed, window
from tests.statements import counted_statements


def order_of(outcome: Outcome) -> Order:
    return db.session.get_one(Order, outcome.order_id)


def team_of(team_id: int | None) -> Team:
    return db.session.get_one(Team, team_id)


def change(model: type, row_id: object, **values: object) -> None:
    with transaction():
        db.session.execute(update(model).where(model.id == row_id).values(**values))


def ranked(outcome: Outcome) -> list[int]:
    return [each.team_id for each in rank_teams(order_of(outcome), NOW)]


def test_teams_come_best_first_with_reasons_that_add_up_and_a_time(ctx):
    city = make_city()
    change(Team, city.other_team.team_id, division_code="640381102000")
    order = claimed(city)
    first, second = rank_teams(order_of(order), NOW)
    assert (first.place, second.place) == (1, 2)
    assert first.team_id == city.team.team_id
    assert first.name == "市医院测试队"
    assert first.score == pytest.approx(sum(reason.points for reason in first.reasons))
    assert first.score > second.score
    assert {reason.code for reason in first.reasons} >= {
        "captain",
        "crew",
        "distance",
        "load",
        "asks",
        "lead_department",
    }
    assert first.window is not None
    assert first.window.starts_at == window(3).starts_at
    proposal = first.as_proposal()
    assert (proposal.place, proposal.chance, proposal.window) == (1, first.chance, first.window)
    assert clue_from_json(proposal.clue or {}).leanings[0] == f"team:{city.team.team_id}"


@pytest.mark.parametrize(
    ("answer", "silent", "code"),
    [(None, False, "asked"), (None, True, "asked_silent"), ("declined", False, "declined"), ("held", False, "had_it"),
     ("accepted", False, "had_it"), ("standby", False, None), ("void", False, None), ("void held", False, None),
     ("void declined", False, "declined")],
)  # fmt: skip
def test_who_was_asked_is_not_asked_again_unless_it_stands_by(ctx_sqlite, answer, silent, code):
    city = make_city()
    order = claimed(city)
    offer_order(order.number, city.department, team_ids=[city.team.team_id or 0], now=NOW)
    is_void, answer = (answer or "").startswith("void"), (answer or "").removeprefix("void").strip() or None
    values = {"answer": answer, "answered_at": NOW if answer else None, "voided_at": NOW if is_void else None}
    with transaction():
        db.session.execute(update(Offer).values(silent_at=NOW if silent else None, **values))
    assert explain_team(order_of(order), team_of(city.team.team_id), NOW) == code
    assert (city.team.team_id in ranked(order)) is (code is None)


def test_the_order_and_the_team_say_why_not_before_the_core_is_asked(ctx_sqlite):
    city = make_city()
    order = claimed(city)
    mine, other = team_of(city.team.team_id), team_of(city.other_team.team_id)
    row = order_of(order)
    for values, codes in (
        ({"held_team_id": mine.id}, ("holds", "held_elsewhere")),
        ({"held_team_id": None, "team_id": mine.id}, ("is_serving", "taken")),
    ):
        change(Order, row.id, **values)
        row = order_of(order)
        assert (explain_team(row, mine, NOW), explain_team(row, other, NOW)) == codes
    change(Order, row.id, team_id=None)
    change(Team, other.id, is_active=False)
    assert explain_team(order_of(order), team_of(other.id), NOW) == "out_of_use"


def test_an_order_that_was_handed_to_one_team_hides_no_other_teams_reason(ctx):
    city = make_city()
    outsider, _people = make_team("agriculture", themes=())
    order = claimed(city)
    offer_order(order.number, city.department, team_ids=[city.team.team_id or 0], is_handed=True, now=NOW)
    row, mine, other = order_of(order), team_of(city.team.team_id), team_of(city.other_team.team_id)
    assert ranked(order) == [other.id]
    assert [explain_team(row, team, NOW) for team in (mine, other)] == ["asked", None]
    assert explain_team(row, team_of(outsider.team_id), NOW) == "other_department"
    assert [is_handed_elsewhere(row, team) for team in (mine, other)] == [False, True]


def test_any_team_of_the_city_can_be_explained(ctx_sqlite):
    city = make_city()
    outsider, _people = make_team("agriculture", themes=())
    empty, _nobody = make_team("health", themes=("health",), people=0)
    order = order_of(claimed(city))
    assert explain_team(order, team_of(outsider.team_id), NOW) == "other_department"
    assert explain_team(order, team_of(empty.team_id), NOW) == "no_skill"
    assert explain_team(order, team_of(city.team.team_id), NOW) is None


def test_with_every_weight_at_nought_or_its_least_there_is_still_a_list(ctx_sqlite):
    city = make_city()
    order = claimed(city)
    set_weights(city.office, {name: weight.low for name, weight in WEIGHTS.items() if weight.group != "guard"}, NOW)
    assert set(ranked(order)) == {city.team.team_id, city.other_team.team_id}
    assert suggest_departments(order_of(order), NOW)
    set_weights(city.office, {"team_asks_a_week": 0}, NOW)
    assert ranked(order) == []
    assert explain_team(order_of(order), team_of(city.team.team_id), NOW) == "asked_enough"


def test_when_everybody_is_muted_or_nobody_can_the_list_is_empty_and_says_why(ctx_sqlite):
    city = make_city()
    order = claimed(city)
    for person in (*city.crew, *city.other_crew):
        set_muted(Wisher("volunteer", person), ["join_ask"], True, NOW)
    with transaction():
        db.session.execute(update(Team).values(asks_paused_until=NOW + timedelta(days=1)))
    assert ranked(order) == []
    assert explain_team(order_of(order), team_of(city.team.team_id), NOW) == "muted"
    with transaction():
        db.session.execute(update(Team).values(asks_paused_until=None))
    change(MenuItem, ITEM, needed_skills=["astronomy"])
    assert ranked(order) == []
    assert explain_team(order_of(order), team_of(city.team.team_id), NOW) == "no_skill"


def test_an_order_whose_times_have_passed_or_that_names_none_has_no_teams(ctx_sqlite):
    city = make_city()
    order = claimed(city)
    late = NOW + timedelta(days=20)
    assert rank_teams(order_of(order), late) == []
    assert explain_team(order_of(order), team_of(city.team.team_id), late) == "too_late"
    with transaction():
        db.session.connection().exec_driver_sql("DELETE FROM wished_times")
    assert ranked(order) == []
    assert explain_team(order_of(order), team_of(city.team.team_id), NOW) == "no_slots"


def test_a_wish_in_free_text_has_teams(ctx_sqlite):
    city = make_city()
    order = placed(city, menu_item_id=None, wish="想听听怎么防诈骗", audience="elderly")
    change(Order, order.order_id, department_id="health")
    assert set(ranked(order)) == {city.team.team_id, city.other_team.team_id}


# departments


def claim_after(city: City, hours: float, **values: Any) -> None:
    order = dispatched(city, NOW - timedelta(days=3), **values)
    claim_order(order.number, city.department, now=NOW - timedelta(days=3) + timedelta(hours=hours))


def test_the_first_department_is_the_one_the_menu_names_and_its_load_and_usual_time_are_told(ctx):
    city = make_city()
    for number, hours in enumerate((1, 2, 30)):
        claim_after(city, hours, headcount=40 + number)
    dispatched(city, headcount=50)
    first, *others = suggest_departments(order_of(placed(city)), NOW)
    assert (first.department_id, first.waiting, first.claims) == ("health", 1, 3)
    assert first.usual_minutes == 120
    assert all(each.usual_minutes is None and each.claims == 0 for each in others)


def test_a_responsible_department_that_is_clearly_quicker_comes_first(ctx_sqlite):
    city = make_city()
    change(MenuItem, ITEM, alternative_department_ids=["education"])
    order = order_of(placed(city))
    second = suggest_departments(order, NOW)[1].department_id
    assert second == "education"
    claim_after(city, 47, headcount=41)
    quick = dispatch_order(placed(city, headcount=42).number, city.community, department_id=second, now=NOW)
    desk = replace(city.other_department, department_id=second)
    claim_order(quick.number, desk, now=NOW + timedelta(hours=5))
    later = NOW + timedelta(hours=6)
    assert suggest_departments(order, later)[0].department_id == second
    set_weights(city.office, {"responsible_factor": 10}, NOW)
    assert suggest_departments(order_of(placed(city, headcount=43)), later)[0].department_id == "health"


def test_who_answers_for_the_programme_only_does_not_overtake_whom_the_menu_names(ctx_sqlite):
    city = make_city()
    order = order_of(placed(city))
    follower = suggest_departments(order, NOW)[1].department_id
    claim_after(city, 47, headcount=41)
    quick = dispatch_order(placed(city, headcount=42).number, city.community, department_id=follower, now=NOW)
    claim_order(quick.number, replace(city.other_department, department_id=follower), now=NOW + timedelta(minutes=5))
    assert suggest_departments(order, NOW + timedelta(hours=6))[0].department_id == "health"


def test_a_return_counts_as_no_claim_and_puts_the_department_last(ctx_sqlite):
    city = make_city()
    order = dispatched(city)
    return_order(order.number, city.department, reason="not_our_field", now=NOW + timedelta(hours=1), text="不归我们管")
    found = suggest_departments(order_of(order), NOW + timedelta(hours=2))
    assert found[-1].department_id == "health"
    assert found[-1].has_had
    assert not any(each.claims for each in found)


def test_orders_that_are_sent_out_together_count_for_each_other(ctx_sqlite):
    city = make_city()
    change(MenuItem, ITEM, alternative_department_ids=["education", "emergency"])
    set_weights(city.office, {"department_backlog": 1, "responsible_factor": 1}, NOW)
    orders = [order_of(placed(city, headcount=60 + number)) for number in range(4)]
    set_of = [order.id for order in orders]
    db.session.expire_all()
    orders = [db.session.get_one(Order, each) for each in set_of]
    with counted_statements() as statements:
        found = suggest_for_each(orders, NOW)
    firsts = [found[order.id][0].department_id for order in orders]
    assert firsts[0] == "health"
    assert len(set(firsts)) > 1, "not all to one desk"
    with counted_statements() as fewer:
        suggest_for_each(orders[:1], NOW)
    assert len(fewer) == len(statements) <= 6


def test_many_orders_are_answered_for_as_one_is(ctx):
    make_city()
    for item in db.session.query(MenuItem).limit(12):
        for audience in ("elderly", "youth", "nobody"):
            wanted = Wanted(audience, item.department_id, tuple(item.alternative_department_ids), item.programme_id)
            one = [each for each in name_departments(item.id, audience) if each.part != "member"]
            assert list(list_answering([wanted])[wanted]) == one
    wish = Wanted("youth")
    assert list(list_answering([wish])[wish]) == [
        each for each in name_departments(None, "youth") if each.part != "member"
    ]


def test_a_cancelled_order_waits_nowhere(ctx_sqlite):
    city = make_city()
    order = dispatched(city)
    cancel_order(order.number, city.community, reason="no_longer_needed", now=NOW, text="")
    assert suggest_departments(order_of(placed(city, headcount=31)), NOW)[0].waiting == 0
