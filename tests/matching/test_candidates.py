from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtxvol.matching.candidates import chance_of_enough, explain_absence, list_candidates, list_eligible
from qtxvol.matching.needs import Need, Urgency
from qtxvol.matching.profiles import Place, Point, Team, Volunteer
from qtxvol.matching.slots import MINUTES_PER_WEEK, start_of, week_of
from qtxvol.matching.words import OBSTACLES
from tests.matching.cities import ALWAYS, NOW, make_need, make_situation, make_situation_of, with_settings

HERE = Point(0, 0)
TEAM = Team(1, "health", frozenset({"first_aid"}), 1, 10, HERE)
LEAD = Volunteer(1, 1, ALWAYS, 3, {"first_aid": 2}, 10, HERE)
HELPER = Volunteer(2, 1, ALWAYS, 3, {}, 10, HERE)
PLACE = Place(0, "town", HERE)
NEED = Need(1, "first_aid", "elderly", 0, NOW, (9, 12))


def situation_of(*, team=TEAM, people=(LEAD, HELPER), **changes):
    return with_settings(make_situation_of([team], list(people), [PLACE]), **changes)


def test_a_team_that_can_come_is_a_candidate_in_every_slot():
    ((team, openings),) = list_candidates(situation_of(), NEED, NOW)
    assert team == TEAM
    assert [opening.slot for opening in openings] == [9, 12]
    assert openings[0].free == 2
    assert openings[0].leads == 1


@given(seed=st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_only_teams_that_the_rules_allow(seed: int):
    situation, draw = make_situation(seed), Random(seed)
    need = make_need(1, draw, 6)
    remit = situation.city.remits[need.topic, need.audience]
    able = [team for team in situation.city.teams.values() if situation.city.count_leads(team.id, need.topic)]
    within = [team for team in able if team.department in remit.departments]
    for team, openings in list_candidates(situation, need, NOW):
        assert team in able
        assert team in within or need.urgency is Urgency.EMERGENCY or not within
        assert {opening.slot for opening in openings} <= set(need.slots)


def test_a_lead_who_was_lent_or_wants_no_messages_is_not_counted():
    """Their own team has no work that week; it can't come all the same."""
    lent, muted = situation_of(), situation_of()
    lent.ledger.book(LEAD.id, 9)
    muted.ledger.muted_volunteers.add(LEAD.id)
    assert [opening.slot for opening in list_candidates(lent, NEED, NOW)[0][1]] == [12]
    assert explain_absence(lent, replace(NEED, slots=(9,)), TEAM, NOW) == "no_lead"
    assert explain_absence(muted, NEED, TEAM, NOW) == "no_lead"
    emergency = replace(NEED, urgency=Urgency.EMERGENCY)
    assert len(list_candidates(muted, emergency, NOW)[0][1]) == 2, "emergencies reach those too"


@given(seed=st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_an_opening_counts_exactly_those_who_are_free(seed: int):
    situation, draw = make_situation(seed), Random(seed)
    ledger, people = situation.ledger, list(situation.city.volunteers.values())
    for person in draw.sample(people, 20):
        if draw.random() < 0.2:
            ledger.muted_volunteers.add(person.id)
        else:
            ledger.book(person.id, draw.randrange(21))
    for team in draw.sample(sorted(situation.city.teams), 2):
        ledger.hold(team, draw.randrange(21))
    for number in range(5):
        need = make_need(number, draw, 6)
        for team, openings in list_candidates(situation, need, NOW):
            for opening in openings:
                free = [
                    person
                    for person in situation.city.members[team.id]
                    if situation.is_free(person, opening.slot, need.urgency)
                ]
                assert opening.free == len(free)
                assert opening.leads == sum(person.may_lead(need.topic) for person in free)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_a_team_is_a_candidate_or_there_is_a_reason_in_words(seed: int):
    situation, draw = make_situation(seed), Random(seed)
    for number in range(5):
        need = make_need(number, draw, 6)
        candidates = {team.id for team, _openings in list_candidates(situation, need, NOW)}
        for team in situation.city.teams.values():
            reason = explain_absence(situation, need, team, NOW)
            assert (reason is None) == (team.id in candidates)
            assert reason is None or OBSTACLES[reason]


def test_no_slot_is_overfilled_and_no_week():
    situation = situation_of(team=Team(1, "health", frozenset({"first_aid"}), 1, 2, HERE))
    situation.ledger.hold(1, 9)
    assert [opening.slot for opening in list_candidates(situation, NEED, NOW)[0][1]] == [12]
    situation.ledger.hold(1, 15)
    assert list_candidates(situation, NEED, NOW) == []
    assert explain_absence(situation, NEED, situation.city.teams[1], NOW) == "week_full"


def test_ordinary_orders_leave_a_tenth_of_the_week_for_urgent_ones():
    situation = situation_of()
    for slot in range(9):
        situation.ledger.hold(1, slot)
    urgent = Need(2, "first_aid", "elderly", 0, NOW, (9,), urgency=Urgency.URGENT)
    assert list_candidates(situation, NEED, NOW) == []
    assert list_candidates(situation, urgent, NOW)


def test_an_emergency_goes_over_the_week_and_reaches_the_muted():
    situation = situation_of()
    situation.ledger.muted_teams.add(1)
    situation.ledger.muted_volunteers |= {1, 2}
    for slot in range(10):
        situation.ledger.hold(1, slot + 1)
    emergency = Need(3, "first_aid", "elderly", 0, NOW, (12,), urgency=Urgency.EMERGENCY)
    assert list_candidates(situation, emergency, NOW)
    assert explain_absence(situation, NEED, TEAM, NOW) == "muted"


def test_a_closed_pool_keeps_to_the_lead_department():
    elsewhere = Team(1, "farm", frozenset({"first_aid"}), 1, 10, HERE)
    assert list_candidates(situation_of(team=elsewhere), NEED, NOW)
    assert list_candidates(situation_of(team=elsewhere, is_pool_open=False), NEED, NOW) == []


def test_where_no_department_of_the_rule_has_a_team_others_may_help():
    elsewhere = situation_of(team=Team(1, "police", frozenset({"first_aid"}), 1, 10, HERE))
    assert [team.department for team in list_eligible(elsewhere, NEED)] == ["police"]


@pytest.mark.parametrize(
    ("people", "reason"),
    [
        ((HELPER,), "no_skill"),
        ((Volunteer(1, 1, 1, 3, {"first_aid": 2}), HELPER), "no_lead"),
        ((LEAD,), "too_few"),
    ],
)
def test_why_a_team_is_not_here(people, reason):
    situation = situation_of(people=people, is_lending_open=False)
    assert explain_absence(situation, NEED, TEAM, NOW) == reason


def test_an_order_without_time_or_too_late_has_no_candidates_and_says_so():
    situation = situation_of()
    timeless = Need(1, "first_aid", "elderly", 0, NOW, ())
    assert explain_absence(situation, timeless, TEAM, NOW) == "no_slots"
    assert explain_absence(situation, NEED, TEAM, start_of(12) - 60) == "too_late"


def test_a_booked_member_counts_no_more():
    situation = situation_of(is_lending_open=False)
    situation.ledger.hold(1, 10)
    situation.ledger.book(1, 9)
    assert [opening.slot for opening in list_candidates(situation, NEED, NOW)[0][1]] == [12]
    assert week_of(10) == week_of(12)


def test_a_team_is_asked_within_its_area_only_unless_it_is_an_expert():
    elsewhere, here = replace(TEAM, places=frozenset({7})), replace(TEAM, places=frozenset({0, 7}))
    assert list_candidates(situation_of(team=here), NEED, NOW)
    assert list_candidates(situation_of(team=elsewhere), NEED, NOW) == []
    assert explain_absence(situation_of(team=elsewhere), NEED, elsewhere, NOW) == "out_of_area"
    emergency = replace(NEED, urgency=Urgency.EMERGENCY)
    assert list_candidates(situation_of(team=elsewhere), emergency, NOW) == []
    assert list_candidates(situation_of(team=elsewhere), replace(emergency, experts=frozenset({1})), NOW)


def test_a_captain_gets_so_many_messages_a_week_and_then_only_emergencies():
    situation = situation_of(team_asks_a_week=3)
    for _ in range(3):
        assert list_candidates(situation, NEED, NOW)
        situation.ledger.note_team_asked(1, NOW)
    urgent, emergency = replace(NEED, urgency=Urgency.URGENT), replace(NEED, urgency=Urgency.EMERGENCY)
    assert list_candidates(situation, NEED, NOW) == list_candidates(situation, urgent, NOW) == []
    assert explain_absence(situation, NEED, TEAM, NOW) == "asked_enough"
    assert list_candidates(situation, emergency, NOW)
    next_week = replace(NEED, slots=(30, 33))
    assert list_candidates(situation, next_week, NOW) == []
    assert list_candidates(situation, next_week, NOW + MINUTES_PER_WEEK)


def test_messages_about_emergencies_do_not_use_up_the_week():
    situation = situation_of(team_asks_a_week=1)
    situation.ledger.note_team_asked(1, NOW, is_emergency=True)
    assert list_candidates(situation, NEED, NOW)
    assert situation.ledger.team_asks(1, NOW) == 1


def test_those_nearby_who_may_lead_back_up_the_teams_own_unless_their_team_keeps_them():
    neighbour = Volunteer(3, 2, ALWAYS, 3, {"first_aid": 2}, 10, HERE)
    elsewhere = Team(2, "police", frozenset({"fraud"}), 1, 10, HERE)

    def chance(other: Team, *people: Volunteer) -> float:
        situation = make_situation_of([TEAM, other], [LEAD, HELPER, *people], [PLACE])
        (opening,) = (openings[0] for team, openings in list_candidates(situation, NEED, NOW) if team == TEAM)
        assert opening.leads == 1
        return opening.crew_chance

    assert chance(elsewhere, neighbour) > chance(elsewhere)
    assert chance(replace(elsewhere, is_lending=False), neighbour) == chance(elsewhere)
    assert chance(elsewhere, replace(neighbour, skills={})) == chance(elsewhere)


def test_enough_is_a_binomial_tail():
    assert chance_of_enough(2, 1, 0.5) == 0.75
    assert chance_of_enough(3, 0, 0.1) == pytest.approx(1)
    assert chance_of_enough(1, 2, 0.9) == 0
