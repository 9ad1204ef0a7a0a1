"""Asking by name under pressure: little time, the night, rows that turn out to be one person, people who go, consent to
one time, links of an earlier time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.matching.settings import MatchSettings
from qtxvol.notices.answers import Given, answer_at_desk, answer_link
from qtxvol.notices.invitations import answer_path
from qtxvol.notices.queue import To
from qtxvol.offers.ask_list import can_ask, silent_from
from qtxvol.offers.holds import advance_holds, hold_order
from qtxvol.offers.learn import learn_from_answers, replay_answers
from qtxvol.offers.models import MatchBelief
from qtxvol.offers.pace import waking_minutes
from qtxvol.orders.claim import offer_order
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import CrewAsk, Offer, Order
from qtxvol.orders.serve import accept_order, reschedule_order, withdraw_order
from qtxvol.orders.transition import Outcome
from qtxvol.orders.windows import Window
from qtxvol.privacy.erase import erase_volunteer
from qtxvol.refusals import Refused
from qtxvol.volunteers.doubles import merge_volunteers
from tests.factories import NOW, City, claimed, make_city, make_team, make_volunteer, window
from tests.offers.crews import (
    TIME,
    asked_of,
    asks_of,
    crew_of,
    held,
    hold_of,
    lend,
    offer_of,
    say,
    takes,
    told,
    with_people,
)
from tests.orders.answers import findings, order_of

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
#: Half past eight in the evening, and half past nine the next morning: people are awake for three and a half hours.
EVENING = datetime(2026, 11, 26, 12, 30, tzinfo=UTC)
NEXT_DAY = Window(EVENING + 13 * HOUR, EVENING + 14 * HOUR)


@pytest.fixture
def city(ctx: None) -> City:
    return make_city()


@pytest.fixture
def city_sqlite(ctx_sqlite: None) -> Iterator[City]:
    city = make_city()
    yield city
    assert findings() == []


# Little time


def test_minutes_in_which_people_are_awake_are_counted():
    settings = MatchSettings()
    assert waking_minutes(EVENING, NEXT_DAY.starts_at, settings) == 90 + 120
    assert waking_minutes(EVENING, EVENING - HOUR, settings) == 0
    assert waking_minutes(EVENING + 2 * HOUR, EVENING + 9 * HOUR, settings) == 0
    assert waking_minutes(EVENING, EVENING + 24 * HOUR, settings) == 24 * 60 - 570
    assert waking_minutes(EVENING, NEXT_DAY.starts_at, MatchSettings(quiet_from=0, quiet_until=0)) == 13 * 60


def test_nobody_keeps_the_others_waiting_for_more_than_half_of_what_is_left():
    order, settings = Order(urgency="normal"), MatchSettings()
    until = EVENING + 80 * MINUTE
    assert silent_from(EVENING, order, settings, EVENING + 7 * 24 * HOUR) == EVENING + 13 * HOUR + 30 * MINUTE
    assert silent_from(EVENING, order, settings, until) == EVENING + 40 * MINUTE
    assert silent_from(EVENING + 40 * MINUTE, order, settings, until) == EVENING + 60 * MINUTE
    assert silent_from(EVENING + 79 * MINUTE, order, settings, until) == EVENING + 84 * MINUTE
    assert can_ask(order, until, EVENING + 75 * MINUTE, settings)
    assert not can_ask(order, until, EVENING + 76 * MINUTE, settings)
    order.urgency = "emergency"
    assert silent_from(EVENING, order, settings, until) == EVENING + 6 * MINUTE


def test_a_hold_on_short_notice_asks_one_after_the_other_and_leaves_time_for_the_next_team(city_sqlite: City):
    with_people(city_sqlite.team, 5)
    order = claimed(city_sqlite)
    hold_order(order.number, city_sqlite.team, agreed=NEXT_DAY, now=EVENING)
    assert hold_of(order).until == NEXT_DAY.starts_at - 105 * MINUTE, "half of the hours in which people are awake"
    first = set(asked_of(order))
    for minute in range(0, 13 * 60, 5):
        advance_holds(EVENING + minute * MINUTE)
    ever = {ask.volunteer_id for ask in asks_of(order) if ask.asked_at is not None}
    assert len(first) == 2
    assert len(ever) == 8, "everybody in the team, one after the other"
    assert hold_of(order).ending == "short"
    assert NEXT_DAY.starts_at - (hold_of(order).ended_at or NOW) > 90 * MINUTE
    assert order_of(order.number).held_team_id is None


def test_nobody_holds_what_begins_before_anybody_is_awake(city_sqlite: City):
    order = claimed(city_sqlite)
    dawn = Window(NEXT_DAY.starts_at - 3 * HOUR, NEXT_DAY.starts_at - 2 * HOUR)
    with pytest.raises(Refused) as caught:
        hold_order(order.number, city_sqlite.team, agreed=dawn, now=EVENING + 2 * HOUR)
    assert (caught.value.code, caught.value.status) == ("no_time_to_ask", 409)


def test_a_no_after_which_nobody_can_be_asked_lets_go_at_once(city_sqlite: City):
    takes(1)
    with_people(city_sqlite.team, 5)
    order = claimed(city_sqlite)
    hold_order(order.number, city_sqlite.team, agreed=NEXT_DAY, now=EVENING)
    late = hold_of(order).until - 2 * MINUTE
    for who in asked_of(order):
        say(order, who, "no", late)
    assert hold_of(order).ending == "short"
    assert told(order, "crew_short") == [str(city_sqlite.team.team_id)]


# Questions that are withdrawn


def test_whose_question_waits_for_the_morning_loses_it_alone(city_sqlite: City):
    with_people(city_sqlite.team, 5)
    takes(2)
    order = claimed(city_sqlite)
    crew = city_sqlite.crew[:2]
    accept_order(order.number, city_sqlite.team, agreed=NEXT_DAY, volunteer_ids=crew, now=NOW)
    night = EVENING - 24 * HOUR + 3 * HOUR
    first, second = (Actor(Party.VOLUNTEER, "志愿者", volunteer_id=who) for who in crew)
    answer_at_desk(order.number, first, Given(is_yes=False, reason="work"), night)
    answer_at_desk(order.number, second, Given(is_yes=False, reason="work"), night)
    one, two = asked_of(order)
    answer_at_desk(order.number, second, Given(is_yes=True), night + 3 * MINUTE)
    assert asked_of(order) == [one]
    assert told(order, "join_ask") == [str(one)], f"and not {two}"


# One person, two rows


@pytest.mark.parametrize("is_before", [True, False])
def test_whose_row_is_merged_serves_by_the_one_they_go_on_with(city: City, is_before: bool):
    takes(1)
    order = held(city)
    who = asked_of(order)[0]
    goes_on = make_volunteer(city.team.team_id)
    if is_before:
        merge_volunteers(city.office, goes_on, who, NOW, "同一个人")
    say(order, who, "yes")
    assert crew_of(order) == {goes_on if is_before else who}
    assert {ask.ending for ask in asks_of(order) if ask.volunteer_id == who} == {"named"}
    assert findings() == []


def test_a_yes_outlives_the_merge_and_one_person_counts_once(city_sqlite: City):
    takes(2)
    helpers = with_people(city_sqlite.team, 3)
    order = held(city_sqlite)
    first, second = asked_of(order)[:2]
    say(order, first, "yes")
    goes_on = make_volunteer(city_sqlite.other_team.team_id)
    merge_volunteers(city_sqlite.office, goes_on, first, NOW, "同一个人，换了队")
    say(order, second, "yes")
    assert crew_of(order) == {goes_on, second}, helpers


def test_two_rows_on_one_list_that_are_one_person_are_not_two(city_sqlite: City):
    takes(2)
    with_people(city_sqlite.team, 4)
    order = held(city_sqlite)
    first, second = asked_of(order)[:2]
    say(order, first, "yes")
    merge_volunteers(city_sqlite.office, first, second, NOW, "同一个人")
    say(order, second, "yes")
    assert order_of(order.number).status == "claimed"
    third = asked_of(order)[0]
    say(order, third, "yes")
    assert crew_of(order) == {first, third}


# Somebody goes for good


def test_who_is_erased_is_waited_for_no_more_and_nothing_is_learned_of_them(city: City):
    with_people(city.team, 4)
    takes(1)
    order = held(city)
    waiting = asked_of(order)
    who = waiting[0]
    erase_volunteer(who, city.office, now=NOW)
    assert {ask.ending for ask in asks_of(order) if ask.volunteer_id == who} == {"void"}
    assert len(asked_of(order)) >= len(waiting), "somebody else was asked at once"
    assert who not in asked_of(order)
    advance_holds(NOW + 5 * HOUR)
    learn_from_answers(NOW + 6 * HOUR)
    key = f"person:{who}"
    assert not db.session.scalars(select(MatchBelief.key).where(MatchBelief.key == key)).all()
    assert key not in replay_answers()["volunteers"].leanings
    ask = db.session.scalars(select(CrewAsk).where(CrewAsk.volunteer_id == who)).one()
    assert ask.clue is None
    assert ask.learned_at is not None
    assert findings() == []


def test_an_erasure_keeps_what_was_learned_from_coming_back(city_sqlite: City):
    with_people(city_sqlite.team, 4)
    order = held(city_sqlite)
    who = asked_of(order)[0]
    say(order, who, "no")
    learn_from_answers(NOW + HOUR)
    assert f"person:{who}" in replay_answers()["volunteers"].leanings
    erase_volunteer(who, city_sqlite.office, now=NOW + HOUR)
    learn_from_answers(NOW + 2 * HOUR)
    assert f"person:{who}" not in replay_answers()["volunteers"].leanings
    assert not db.session.scalars(select(MatchBelief).where(MatchBelief.key == f"person:{who}")).all()


def test_with_the_last_one_gone_the_order_is_let_go_of(city_sqlite: City):
    takes(3)
    order = held(city_sqlite)
    erase_volunteer(asked_of(order)[0], city_sqlite.office, now=NOW)
    assert hold_of(order).ending == "short"


# Consent


def lent_out(city: City) -> tuple[Outcome, set[int], set[int]]:
    """An accepted order, everybody who comes, and those of another team among them."""
    lend(city.other_team)
    takes(4)
    order = held(city)
    while order_of(order.number).status == "claimed":
        say(order, asked_of(order)[0], "yes")
    crew = crew_of(order)
    return order, crew, crew - set(city.crew)


def test_a_yes_to_one_time_is_none_to_another(city: City):
    order, crew, lent = lent_out(city)
    assert lent
    with pytest.raises(Refused) as caught:
        reschedule_order(order.number, city.team, agreed=window(5), now=NOW)
    assert (caught.value.code, caught.value.status) == ("lent_elsewhen", 409)
    assert order_of(order.number).agreed_start == TIME.starts_at
    db.session.rollback()
    withdraw_order(order.number, city.team, reason="other", text="改期", now=NOW)
    for when in (window(5), Window(TIME.starts_at, TIME.ends_at + HOUR)):
        with pytest.raises(Refused, match="not_in_team"):
            accept_order(order.number, city.team, agreed=when, volunteer_ids=sorted(crew), now=NOW)
        db.session.rollback()
    accept_order(order.number, city.team, agreed=TIME, volunteer_ids=sorted(crew), now=NOW)
    assert crew_of(order) == crew


def test_a_service_without_lent_people_moves_as_before(city_sqlite: City):
    order = claimed(city_sqlite)
    accept_order(order.number, city_sqlite.team, agreed=TIME, volunteer_ids=city_sqlite.crew[:2], now=NOW)
    reschedule_order(order.number, city_sqlite.team, agreed=window(5), now=NOW)
    assert order_of(order.number).agreed_start == window(5).starts_at


# A team's answer


def link_of(order: Outcome, team: Actor, now: datetime = NOW) -> str:
    reader = To(Party.TEAM, str(team.team_id), order.order_id)
    path = answer_path("come", order_id=order.order_id, reader=reader, now=now)
    db.session.rollback()
    return path.rpartition("/")[2]


def test_a_team_of_another_department_takes_its_no_back_by_the_same_link(city: City):
    far, _crew = make_team("education", themes=("health",), name="教育队")
    order = claimed(city)
    offer_order(order.number, city.department, team_ids=[far.team_id or 0], now=NOW)
    link = link_of(order, far)
    answer_link(link, Given(is_yes=False, reason="no_time"), NOW)
    assert offer_of(order, far).answer == "declined"
    answer_link(link, Given(is_yes=True, window=TIME), NOW)
    assert (offer_of(order, far).answer, offer_of(order, far).reason) == ("held", "")
    assert hold_of(order).team_id == far.team_id


def test_the_link_of_an_earlier_question_answers_the_newest(city_sqlite: City):
    far, _crew = make_team("education", themes=("health",), name="教育队")
    order, later = claimed(city_sqlite), NOW + 24 * HOUR
    offer_order(order.number, city_sqlite.department, team_ids=[far.team_id or 0], now=NOW)
    old = link_of(order, far)
    offer_order(order.number, city_sqlite.department, team_ids=[far.team_id or 0], now=later, text="再问一次")
    answer_link(old, Given(is_yes=False, reason="no_time"), later)
    assert offer_of(order, far).answer == "declined"
    assert offer_of(order, far).wave == 2


def test_accepting_answers_the_newest_question_and_leaves_the_others_as_they_were(city_sqlite: City):
    order, later = claimed(city_sqlite), NOW + 5 * HOUR
    team = city_sqlite.team
    offer_order(order.number, city_sqlite.department, team_ids=[team.team_id or 0], now=NOW)
    answer_at_desk(order.number, team, Given(is_yes=False, reason="no_time"), NOW)
    offer_order(order.number, city_sqlite.department, team_ids=[team.team_id or 0], now=later, text="再问一次")
    accept_order(order.number, team, agreed=TIME, volunteer_ids=city_sqlite.crew[:2], now=later)
    db.session.rollback()
    offers = db.session.scalars(select(Offer).where(Offer.order_id == order.order_id).order_by(Offer.wave))
    assert [(each.answer, each.answered_at, each.reason) for each in offers] == [
        ("declined", NOW, "no_time"),
        ("accepted", later, ""),
    ]
