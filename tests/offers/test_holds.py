"""A team says yes for one time and its people are asked by name: accepted with enough of them, let go of without."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.notices.models import Notice
from qtxvol.notices.wishes import Wisher, set_muted
from qtxvol.offers.ask_list import most_listed
from qtxvol.offers.asking import Wanted
from qtxvol.offers.holds import HOLDS, SHORT, advance_holds, hold_order, let_go_order, list_choices
from qtxvol.offers.models import MatchRule
from qtxvol.offers.standing import Standing, list_standings
from qtxvol.orders.claim import Proposal, offer_order, release_order
from qtxvol.orders.crew import list_crew_replies
from qtxvol.orders.decline import cancel_order
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import Order, Reply, ReplyChange
from qtxvol.orders.serve import accept_order
from qtxvol.orders.transition import Outcome
from qtxvol.refusals import Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team, Volunteer
from tests.factories import DEPARTMENT, NOW, City, claimed, make_city, make_team, window
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
from tests.orders.answers import events_of, findings, order_of, refused

MINUTE = timedelta(minutes=1)
#: The ordinary wait for an answer, and a moment more.
WAIT = timedelta(minutes=241)
#: Eleven at night in the city, and half past seven the next morning.
NIGHT = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
MORNING = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)


@pytest.fixture
def city(ctx: None) -> City:
    return make_city()


@pytest.fixture
def city_sqlite(ctx_sqlite: None) -> Iterator[City]:
    city = make_city()
    yield city
    assert findings() == []


def test_a_yes_asks_just_enough_people_by_name_and_their_yes_accepts_the_order(city: City):
    with_people(city.team, 5)
    order = claimed(city)
    offer_order(order.number, city.department, team_ids=[city.team.team_id, city.other_team.team_id], now=NOW)
    hold_order(order.number, city.team, agreed=TIME, now=NOW)
    assert order_of(order.number).held_team_id == city.team.team_id
    assert offer_of(order, city.team).answer == "held"
    asked = asked_of(order)
    assert 1 <= len(asked) < 8
    assert len(asks_of(order)) == 8
    assert told(order, "join_ask") == sorted(map(str, asked))
    assert told(order, "hold") == sorted([DEPARTMENT, str(city.other_team.team_id)])
    assert all(ask.clue is not None and 0 < (ask.chance or 0) < 1 for ask in asks_of(order) if ask.asked_at)
    say(order, asked[0], "yes")
    row = order_of(order.number)
    assert (row.status, row.team_id, row.held_team_id) == ("accepted", city.team.team_id, None)
    assert (row.agreed_start, row.agreed_end) == (TIME.starts_at, TIME.ends_at)
    assert crew_of(order) == {asked[0]}
    assert hold_of(order).ending == "accepted"
    assert offer_of(order, city.team).answer == "accepted"
    assert told(order, "crew_ready") == [str(city.team.team_id)]
    assert told(order, "not_needed") == sorted(map(str, asked[1:]))
    assert {ask.ending for ask in asks_of(order) if ask.asked_at is None} <= {""}
    assert findings() == []


def test_whoever_said_yes_is_not_asked_again_whether_they_come_but_is_reminded(city_sqlite: City):
    order = held(city_sqlite)
    who = asked_of(order)[0]
    say(order, who, "yes", NOW + MINUTE)
    row = order_of(order.number)
    reply = list_crew_replies([row])[row.id][who]
    assert (reply.answer, reply.answered_at) == ("yes", NOW + MINUTE)
    assert db.session.scalars(select(ReplyChange.answer).where(ReplyChange.reply_id == reply.id)).all() == ["yes"]
    leader = select(Reply.answer).where(Reply.order_id == row.id, Reply.party == Party.TEAM, Reply.purpose == "come")
    assert db.session.scalars(leader).all() == ["yes"]
    assert str(who) in told(order, "remind_day")


def test_enough_means_leads_and_people_and_nobody_comes_in_excess(city_sqlite: City):
    takes(3)
    helpers = with_people(city_sqlite.team, 4, skills=[], licensed_skills=[])
    order = held(city_sqlite)
    hold = hold_of(order)
    assert (hold.leads, hold.people) == (1, 3)
    asked = asked_of(order)
    some = [who for who in asked if who in helpers]
    for who in some[:2]:
        say(order, who, "yes")
    assert order_of(order.number).status == "claimed"
    if len(some) > 2:  # all helpers are found: the others need not come
        assert {ask.ending for ask in asks_of(order) if ask.volunteer_id in some[2:]} == {"not_needed"}
    lead = next(who for who in asked_of(order) if who not in helpers)
    while len(crew_of(order)) < 3:
        say(order, lead, "yes")
        lead = next((who for who in asked_of(order) if who not in helpers), 0)
    assert order_of(order.number).status == "accepted"
    assert len(crew_of(order)) == 3
    assert crew_of(order) - set(helpers)


def test_a_no_pulls_the_next_at_once_and_without_anybody_left_the_order_is_let_go(city: City):
    order = held(city)
    first = asked_of(order)
    everybody = {ask.volunteer_id for ask in asks_of(order)}
    assert everybody == set(city.crew)
    say(order, first[0], "no")
    assert first[0] not in asked_of(order)
    assert set(asked_of(order)) >= everybody - {first[0]} or len(asked_of(order)) == len(first)
    for who in [who for who in everybody if who != first[0]]:
        if order_of(order.number).held_team_id:
            say(order, who, "no")
    row = order_of(order.number)
    assert (row.status, row.held_team_id) == ("claimed", None)
    assert hold_of(order).ending == "short"
    last = events_of(order.number)[-1]
    assert (last.action, last.party, last.payload["reason"]) == ("let_go", "system", SHORT)
    assert told(order, "crew_short") == [str(city.team.team_id)]
    assert told(order, "let_go") == [DEPARTMENT]
    assert findings() == []


def test_silence_pulls_the_next_and_may_still_turn_into_a_yes(city: City):
    with_people(city.team, 5)
    order = held(city)
    first = asked_of(order)
    assert advance_holds(NOW + 200 * MINUTE) == 0
    assert advance_holds(NOW + WAIT) == 1
    assert advance_holds(NOW + WAIT) == 0
    silent = {ask.volunteer_id for ask in asks_of(order) if ask.ending == "silent"}
    assert silent == set(first)
    assert asked_of(order)
    assert not set(asked_of(order)) & silent
    say(order, first[0], "yes", NOW + WAIT + MINUTE)
    assert crew_of(order) == {first[0]}
    assert findings() == []


def test_at_the_deadline_the_order_is_let_go_of_whoever_has_said_yes(city_sqlite: City):
    takes(2)
    with_people(city_sqlite.team, 30)
    order = held(city_sqlite)
    yes = asked_of(order)[0]
    say(order, yes, "yes")
    until = hold_of(order).until
    assert NOW < until < TIME.starts_at
    assert advance_holds(until) == 1
    assert hold_of(order).ending == "short"
    assert str(yes) in told(order, "not_needed")
    assert {ask.ending for ask in asks_of(order)} <= {"void", "silent"}


def test_nobody_is_asked_at_night_and_sleep_is_not_taken_for_silence(city_sqlite: City):
    with_people(city_sqlite.team, 5)
    agreed = window(3, now=NOW)
    order = claimed(city_sqlite)
    hold_order(order.number, city_sqlite.team, agreed=agreed, now=NIGHT)
    asked = asked_of(order)
    assert {ask.asked_at for ask in asks_of(order) if ask.asked_at} == {MORNING}
    due = db.session.scalars(select(Notice.due_at).where(Notice.kind == "join_ask")).all()
    assert set(due) == {MORNING}
    assert len(due) == len(asked)
    assert advance_holds(MORNING + 200 * MINUTE) == 0
    assert advance_holds(MORNING + WAIT) == 1


def test_whoever_would_be_asked_in_the_morning_hears_nothing_when_the_night_ends_it(city_sqlite: City):
    order = claimed(city_sqlite)
    hold_order(order.number, city_sqlite.team, agreed=TIME, now=NIGHT)
    let_go_order(order.number, city_sqlite.team, reason="no_time", now=NIGHT + MINUTE)
    assert told(order, "join_ask") == []
    assert told(order, "not_needed") == []


def test_an_emergency_wakes_people(city_sqlite: City):
    order = claimed(city_sqlite)
    with transaction():
        db.session.execute(update(Order).where(Order.id == order.order_id).values(urgency="emergency"))
    hold_order(order.number, city_sqlite.team, agreed=TIME, now=NIGHT)
    assert {ask.asked_at for ask in asks_of(order) if ask.asked_at} == {NIGHT}
    assert advance_holds(NIGHT + 7 * MINUTE) == 1


def test_neighbours_lend_a_hand_with_their_leaders_consent_and_only_with_their_own_yes(city: City):
    takes(4)
    order = claimed(city)
    with refused("no_crew", 409):
        hold_order(order.number, city.team, agreed=TIME, now=NOW)
    lend(city.other_team)
    hold_order(order.number, city.team, agreed=TIME, now=NOW)
    lent = [ask.volunteer_id for ask in asks_of(order) if ask.is_lent]
    assert set(lent) == set(city.other_crew)
    with pytest.raises(Refused) as caught:
        accept_order(order.number, city.team, agreed=TIME, volunteer_ids=[*city.crew, lent[0]], now=NOW)
    assert caught.value.code == "not_in_team"
    for who in city.crew:
        say(order, who, "yes")
    say(order, next(who for who in asked_of(order) if who in lent), "yes")
    assert order_of(order.number).status == "accepted"
    assert len(crew_of(order)) == 4
    assert crew_of(order) & set(lent)
    assert findings() == []


def test_a_second_yes_waits_until_the_first_team_is_done(city_sqlite: City):
    order = held(city_sqlite)
    with refused("is_held", 409):
        hold_order(order.number, city_sqlite.other_team, agreed=TIME, now=NOW)
    with refused("held_elsewhere", 409):
        accept_order(
            order.number, city_sqlite.other_team, agreed=TIME, volunteer_ids=city_sqlite.other_crew[:1], now=NOW
        )
    again = hold_order(order.number, city_sqlite.team, agreed=TIME, now=NOW)
    assert again.is_repeat


def test_two_teams_by_link_are_not_taken_for_one_that_asks_twice(city_sqlite: City):
    """Without an account they have the same key."""
    order = claimed(city_sqlite)
    teams = [
        Actor(Party.TEAM, each.name, team_id=each.team_id, department_id=DEPARTMENT, themes=each.themes)
        for each in (city_sqlite.team, city_sqlite.other_team)
    ]
    hold_order(order.number, teams[0], agreed=TIME, now=NOW)
    with refused("is_held", 409):
        hold_order(order.number, teams[1], agreed=TIME, now=NOW)


def test_holds_count_for_what_a_team_carries_at_once_and_in_a_week(city_sqlite: City):
    with_people(city_sqlite.team, 4)
    held(city_sqlite)
    with transaction():
        db.session.execute(update(Team).values(parallel_events=1, weekly_capacity=2))
    other = claimed(city_sqlite)
    with refused("team_full", 409, most=1):
        hold_order(other.number, city_sqlite.team, agreed=TIME, now=NOW)
    with refused("team_full", 409, most=1):
        accept_order(other.number, city_sqlite.team, agreed=TIME, volunteer_ids=city_sqlite.crew[:1], now=NOW)
    hold_order(other.number, city_sqlite.team, agreed=window(4), now=NOW)
    third = claimed(city_sqlite)
    with refused("team_week_full", 409, most=2):
        hold_order(third.number, city_sqlite.team, agreed=window(5), now=NOW)
    with transaction():
        db.session.execute(update(Order).where(Order.id == third.order_id).values(urgency="emergency"))
    hold_order(third.number, city_sqlite.team, agreed=window(5), now=NOW)


def test_without_naming_or_people_the_leader_is_told_so(city_sqlite: City):
    order = claimed(city_sqlite)
    alone, _nobody = make_team("health", themes=("health",), people=0)
    with refused("no_crew", 409):
        hold_order(order.number, alone, agreed=TIME, now=NOW)
    with refused("bad_window", 422):
        hold_order(order.number, city_sqlite.team, agreed=window(-1), now=NOW)
    with transaction():
        office = city_sqlite.office.account_id or 0
        db.session.add(MatchRule(name="is_naming_open", value=0, set_by_account_id=office, set_at=NOW))
    with refused("naming_off", 409):
        hold_order(order.number, city_sqlite.team, agreed=TIME, now=NOW)
    accept_order(order.number, city_sqlite.team, agreed=TIME, volunteer_ids=city_sqlite.crew[:1], now=NOW)


def put_out_of_use(team: Actor, *, is_active: bool = False) -> None:
    with transaction():
        db.session.execute(update(Team).where(Team.id == team.team_id).values(is_active=is_active))


def test_a_team_put_out_of_use_finds_nobody_any_more_and_everybody_hears_why(city: City):
    order = claimed(city)
    with transaction():
        db.session.get_one(Order, order.order_id).is_auto_asked = True
    offer_order(order.number, city.department, team_ids=[city.team.team_id, city.other_team.team_id], now=NOW)
    hold_order(order.number, city.team, agreed=TIME, now=NOW)
    asked = asked_of(order)
    assert advance_holds(NOW + MINUTE) == 0
    put_out_of_use(city.team)
    later = NOW + 2 * MINUTE
    assert advance_holds(later) == 1
    row = order_of(order.number)
    assert (row.status, row.held_team_id, row.next_wave_at) == ("claimed", None, later)
    assert hold_of(order).ended_at == later
    last = events_of(order.number)[-1]
    assert (last.action, last.party, last.payload["reason"]) == ("let_go", "system", "team_inactive")
    assert told(order, "not_needed") == sorted(map(str, asked))
    assert told(order, "team_stopped") == sorted([str(city.team.team_id), DEPARTMENT])
    assert told(order, "let_go") == [str(city.other_team.team_id)]
    assert not told(order, "crew_short")
    offer = offer_of(order, city.team)
    assert (offer.answer, offer.voided_at) == ("standby", later), "what it said stays, but it stands by no more"
    assert list_standings(city.team, [order.order_id]) == {}
    assert list_standings(city.other_team, [order.order_id]) == {order.order_id: Standing.ASKED}
    assert advance_holds(later + MINUTE) == 0
    hold_order(order.number, city.other_team, agreed=TIME, now=later)
    assert findings() == []


def test_a_yes_before_the_next_turn_ends_the_hold_of_a_team_out_of_use_for_the_true_reason(city_sqlite: City):
    order = held(city_sqlite)
    who = asked_of(order)[0]
    put_out_of_use(city_sqlite.team)
    say(order, who, "yes")
    assert order_of(order.number).held_team_id is None
    assert events_of(order.number)[-1].payload["reason"] == "team_inactive"
    assert str(who) in told(order, "not_needed")
    assert not told(order, "crew_short")


def test_a_team_back_in_use_by_the_next_turn_goes_on(city_sqlite: City):
    order = held(city_sqlite)
    put_out_of_use(city_sqlite.team)
    put_out_of_use(city_sqlite.team, is_active=True)
    assert advance_holds(NOW + MINUTE) == 0
    say(order, asked_of(order)[0], "yes")
    assert order_of(order.number).status == "accepted"


def test_letting_go_tells_those_who_were_asked_and_frees_the_order(city: City):
    order = held(city)
    asked = asked_of(order)
    offers = claimed(city)
    with refused("not_held", 409):
        let_go_order(offers.number, city.team, reason="no_time", now=NOW)
    with refused("held_elsewhere", 409):
        let_go_order(order.number, city.other_team, reason="no_time", now=NOW)
    with refused("unknown", 422):
        let_go_order(order.number, city.team, reason=SHORT, now=NOW)
    with refused("missing", 422):
        let_go_order(order.number, city.team, reason="other", now=NOW)
    let_go_order(order.number, city.team, reason="no_time", now=NOW)
    assert order_of(order.number).held_team_id is None
    assert told(order, "not_needed") == sorted(map(str, asked))
    assert hold_of(order).ending == "let_go"
    hold_order(order.number, city.other_team, agreed=TIME, now=NOW)
    let_go_order(order.number, city.department, reason="no_people", now=NOW)
    assert str(city.other_team.team_id) in told(order, "let_go")
    assert findings() == []


def test_what_becomes_of_the_offer_when_a_hold_ends(city_sqlite: City):
    for verb, answer in ((city_sqlite.team, "declined"), (city_sqlite.department, "standby"), (HOLDS, "standby")):
        order = claimed(city_sqlite)
        offer_order(order.number, city_sqlite.department, team_ids=[city_sqlite.team.team_id], now=NOW)
        with transaction():
            db.session.execute(update(Order).where(Order.id == order.order_id).values(is_auto_asked=True))
        hold_order(order.number, city_sqlite.team, agreed=window(3 + order.order_id), now=NOW)
        reason = SHORT if verb is HOLDS else "no_people"
        let_go_order(order.number, verb, reason=reason, now=NOW + MINUTE)
        assert offer_of(order, city_sqlite.team).answer == answer
        assert order_of(order.number).next_wave_at == NOW + MINUTE


@pytest.mark.parametrize("step", ["cancel", "release", "by_hand", "other"])
def test_a_hold_ends_with_every_step_that_takes_the_order_elsewhere(city_sqlite: City, step: str):
    order = held(city_sqlite)
    asked = asked_of(order)
    match step:
        case "cancel":
            cancel_order(order.number, city_sqlite.resident, reason="weather", now=NOW)
        case "release":
            release_order(order.number, city_sqlite.department, reason="claimed_by_mistake", now=NOW)
        case _:
            people = asked[:1] if step == "by_hand" else [who for who in city_sqlite.crew if who not in asked]
            people = people or with_people(city_sqlite.team, 1)
            accept_order(order.number, city_sqlite.team, agreed=TIME, volunteer_ids=people, now=NOW)
    row, hold = order_of(order.number), hold_of(order)
    assert row.held_team_id is None
    is_theirs = step in ("by_hand", "other")
    assert hold.ending == ("accepted" if is_theirs else "void")
    assert told(order, "not_needed") == sorted(str(who) for who in asked if step != "by_hand" or who != asked[0])
    endings = {ask.ending for ask in asks_of(order)}
    assert endings <= ({"named", "not_needed", "", "void"} if is_theirs else {"void"})


def test_somebody_who_left_after_their_yes_is_replaced_before_the_order_is_accepted(city_sqlite: City):
    takes(2)
    with_people(city_sqlite.team, 6)
    order = held(city_sqlite)
    first, second = asked_of(order)[:2]
    say(order, first, "yes")
    with transaction():
        db.session.execute(update(Volunteer).where(Volunteer.id == first).values(status="paused"))
    before = set(asked_of(order))
    say(order, second, "yes")
    assert order_of(order.number).status == "claimed"
    assert {ask.ending for ask in asks_of(order) if ask.volunteer_id == first} == {"void"}
    say(order, next(iter(before - {second})), "yes")
    assert order_of(order.number).status == "accepted"
    assert first not in crew_of(order)


def test_the_times_of_the_resident_are_shown_with_how_many_have_time_the_proposed_one_first(city_sqlite: City):
    order = claimed(city_sqlite)
    team = city_sqlite.team.team_id or 0
    proposal = Proposal(window=window(5))
    offer_order(order.number, city_sqlite.department, team_ids=[team], proposals={team: proposal}, now=NOW)
    row = order_of(order.number)
    choices = list_choices(row, team, NOW)
    assert [choice.is_proposed for choice in choices] == [True, False]
    assert [choice.window.starts_at for choice in choices] == [window(5).starts_at, window(3).starts_at]
    assert {choice.free for choice in choices} == {3}
    assert not any(choice.obstacle for choice in choices)
    alone, _nobody = make_team("health", themes=("health",), people=0)
    assert {choice.obstacle for choice in list_choices(row, alone.team_id or 0, NOW)} == {"no_lead"}


def cap_asks(city: City, most: int) -> None:
    """Nobody is asked more often in a week."""
    with transaction():
        office = city.office.account_id or 0
        db.session.add(MatchRule(name="volunteer_asks_a_week", value=most, set_by_account_id=office, set_at=NOW))


def obstacles_of(order: Outcome, team: Actor) -> set[str]:
    return {choice.obstacle for choice in list_choices(order_of(order.number), team.team_id or 0, NOW)}


def test_a_time_is_not_offered_when_its_people_were_asked_often_enough_and_the_refusal_says_the_same(city: City):
    before, order = held(city), claimed(city)
    asked = set(asked_of(before))
    cap_asks(city, 1)
    choices = list_choices(order_of(order.number), city.team.team_id or 0, NOW)
    assert {choice.free for choice in choices} == {len(set(city.crew) - asked)}
    cap_asks(city, 0)
    assert obstacles_of(order, city.team) == {"left_alone"}
    with pytest.raises(Refused) as refusal:
        hold_order(order.number, city.team, agreed=TIME, now=NOW)
    assert (refusal.value.code, refusal.value.about["why"]) == ("no_crew", "left_alone")
    emergency = claimed(city, urgency="emergency")
    assert obstacles_of(emergency, city.team) == {""}, "emergencies ask all the same"


def test_people_who_want_no_messages_are_not_called_busy(city_sqlite: City):
    order = claimed(city_sqlite)
    for who in city_sqlite.crew:
        set_muted(Wisher("volunteer", who), ["join_ask"], True, NOW)
    assert obstacles_of(order, city_sqlite.team) == {"left_alone"}


def test_too_few_people_are_called_too_few(city_sqlite: City):
    takes(9)
    order = claimed(city_sqlite)
    assert obstacles_of(order, city_sqlite.team) == {"too_few"}
    with pytest.raises(Refused) as refusal:
        hold_order(order.number, city_sqlite.team, agreed=TIME, now=NOW)
    assert refusal.value.about["why"] == "too_few"


# The list


def test_no_more_people_are_listed_than_are_probably_needed_and_leads_have_their_share(city: City):
    takes(3)
    helpers = with_people(city.team, 40, skills=[])
    leads = with_people(city.team, 12)
    order = held(city)
    listed = asks_of(order)
    assert len(listed) == most_listed(Wanted(1, 3)) == 15
    assert [ask.position for ask in listed] == list(range(1, 16))
    assert sum(ask.may_lead for ask in listed) >= 5
    assert {ask.volunteer_id for ask in listed} <= {*city.crew, *helpers, *leads}
    assert findings() == []


def test_a_list_that_runs_out_is_made_longer_from_those_who_can_come_by_now(city: City):
    more = with_people(city.team, 20)
    order = held(city)
    first = {ask.volunteer_id for ask in asks_of(order)}
    assert len(first) == 9
    refused_by: set[int] = set()
    while not set(asked_of(order)) - first:
        who = asked_of(order)[0]
        say(order, who, "no")
        refused_by.add(who)
        assert order_of(order.number).held_team_id, "there are people who were not asked yet"
    listed = asks_of(order)
    assert refused_by <= first
    assert {ask.volunteer_id for ask in listed} <= {*city.crew, *more}
    assert len({ask.volunteer_id for ask in listed}) == len(listed) > 9
    assert [ask.position for ask in listed] == list(range(1, len(listed) + 1))
    late = next(who for who in asked_of(order) if who not in first)
    say(order, late, "yes")
    assert order_of(order.number).status == "accepted"
    assert crew_of(order) == {late}
    assert findings() == []


def test_only_leads_are_added_where_only_a_lead_is_missing(city_sqlite: City):
    takes(2)
    helpers = set(with_people(city_sqlite.team, 25, skills=[]))
    order = held(city_sqlite)
    helper = next(who for who in asked_of(order) if who in helpers)
    say(order, helper, "yes")
    for who in city_sqlite.crew:
        if order_of(order.number).held_team_id:
            say(order, who, "no")
    assert order_of(order.number).held_team_id is None
    assert hold_of(order).ending == "short"
    assert len(asks_of(order)) <= most_listed(Wanted(1, 2))
    assert all(ask.asked_at is None or ask.volunteer_id in {*city_sqlite.crew, *helpers} for ask in asks_of(order))
