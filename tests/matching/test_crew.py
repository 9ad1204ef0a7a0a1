from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtxvol.matching.crew import choose_crew
from qtxvol.matching.needs import Need, Urgency
from qtxvol.matching.profiles import Place, Point, Team, Volunteer
from tests.matching.cities import ALWAYS, NOW, make_need, make_situation, make_situation_of, with_settings

HERE = Point(0, 0)
TEAMS = [Team(1, "health", frozenset({"first_aid"}), 2, 10, HERE), Team(2, "police", frozenset(), 2, 10, HERE)]
NEED = Need(1, "first_aid", "elderly", 0, NOW, (9,))


def person(number: int, team: int = 1, level: int = 0, **changes) -> Volunteer:
    skills = {"first_aid": level} if level else {}
    return Volunteer(**{"id": number, "team": team, "availability": ALWAYS, "week_limit": 3, "skills": skills,
                        "reach_km": 15, "point": HERE, **changes})  # fmt: skip


def situation_of(*people: Volunteer, **changes):
    return with_settings(make_situation_of(TEAMS, list(people), [Place(0, "town", HERE)]), **changes)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=80, deadline=None)
def test_everybody_in_a_crew_is_free_within_the_caps_and_named_once(seed: int):
    situation, draw = make_situation(seed), Random(seed)
    for volunteer in situation.city.volunteers:
        for slot in draw.sample(range(6, 33), 3):
            situation.ledger.book(volunteer, slot)
    for number in range(5):
        need = make_need(number, draw, 6)
        for slot in need.slots:
            crew = choose_crew(situation, need, situation.city.teams[draw.randrange(6)], slot, NOW)
            if crew is None:
                continue
            named = crew.ask + crew.reserve
            assert len(set(named)) == len(named)
            assert all(situation.is_free(situation.city.volunteers[each], slot, need.urgency) for each in named)
            assert all(situation.city.volunteers[each].may_lead(need.topic) for each in crew.leads)
            assert len(crew.first_choice(need)) == need.people
            assert 0 <= crew.chance <= 1


def test_just_enough_people_are_asked_and_the_others_stand_by():
    crew = choose_crew(situation_of(*(person(k, level=2) for k in range(12))), NEED, TEAMS[0], 9, NOW)
    assert crew is not None
    assert 2 <= len(crew.ask) < 12
    assert sorted(crew.ask + crew.reserve) == list(range(12))


def test_where_one_person_leads_only_those_who_may_stand_by():
    situation = situation_of(person(1, level=2), person(2, level=2), person(3))
    crew = choose_crew(situation, replace(NEED, helpers=0), TEAMS[0], 9, NOW)
    assert crew is not None
    assert {*crew.ask, *crew.reserve} == {1, 2}


def test_neighbours_of_another_team_lend_a_hand_when_it_is_short():
    people = (person(1, level=2), person(2, team=2), person(3, team=2))
    crew = choose_crew(situation_of(*people), NEED, TEAMS[0], 9, NOW)
    assert crew is not None
    assert crew.first_choice(NEED)[0] == 1
    assert set(crew.first_choice(NEED)) <= {1, 2, 3}
    assert choose_crew(situation_of(*people, is_lending_open=False), NEED, TEAMS[0], 9, NOW) is None


def test_somebody_who_lives_too_far_is_not_lent():
    far = person(2, team=2, point=Point(9, 0), reach_km=5)
    assert choose_crew(situation_of(person(1, level=2), far), NEED, TEAMS[0], 9, NOW) is None


def test_a_team_that_does_not_lend_keeps_its_people():
    people = [person(1, level=2), person(2, team=2), person(3, team=2)]
    keeping = [TEAMS[0], replace(TEAMS[1], is_lending=False)]
    place = [Place(0, "town", HERE)]
    assert choose_crew(make_situation_of(TEAMS, people, place), NEED, TEAMS[0], 9, NOW) is not None
    assert choose_crew(make_situation_of(keeping, people, place), NEED, TEAMS[0], 9, NOW) is None


def test_a_person_gets_so_many_messages_a_week_and_then_only_emergencies():
    situation = situation_of(*(person(k, level=2) for k in range(3)), volunteer_asks_a_week=2)
    for slot in (12, 13):
        situation.ledger.note_volunteer_asked(0, slot, NOW)
    crew = choose_crew(situation, NEED, TEAMS[0], 9, NOW)
    assert crew is not None
    assert 0 not in crew.ask + crew.reserve
    emergency = replace(NEED, urgency=Urgency.EMERGENCY)
    woken = choose_crew(situation, emergency, TEAMS[0], 9, NOW)
    assert woken is not None
    assert 0 in woken.ask + woken.reserve


@pytest.mark.parametrize("only", [person(1), person(1, level=1), person(1, level=2, availability=0)])
def test_without_a_lead_of_its_own_a_team_has_no_crew(only: Volunteer):
    assert choose_crew(situation_of(only, person(2), person(3, team=2, level=3)), NEED, TEAMS[0], 9, NOW) is None


def test_when_everybody_is_muted_only_an_emergency_finds_a_crew():
    situation = situation_of(person(1, level=2), person(2))
    situation.ledger.muted_volunteers |= {1, 2}
    assert choose_crew(situation, NEED, TEAMS[0], 9, NOW) is None
    emergency = Need(2, "first_aid", "elderly", 0, NOW, (9,), urgency=Urgency.EMERGENCY)
    assert choose_crew(situation, emergency, TEAMS[0], 9, NOW) is not None


def test_who_has_served_much_lately_is_asked_later():
    situation = situation_of(*(person(k, level=2) for k in range(8)))
    situation.ledger.note_agreed(1, (0, 0, 0), NOW)
    crew = choose_crew(situation, NEED, TEAMS[0], 9, NOW)
    assert crew is not None
    assert (crew.ask + crew.reserve)[-1] == 0


def test_who_owes_an_answer_about_the_slot_is_asked_later():
    situation = situation_of(*(person(k, level=2) for k in range(8)))
    situation.ledger.note_volunteer_asked(0, 9, NOW)
    crew = choose_crew(situation, NEED, TEAMS[0], 9, NOW)
    assert crew is not None
    assert (crew.ask + crew.reserve)[-1] == 0
