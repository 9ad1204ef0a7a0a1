from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtxvol.matching.score import rank
from qtxvol.matching.words import REASONS, reason_in_words
from tests.matching.cities import NOW, SETTINGS, make_need, make_situation, with_settings

ZERO = {
    "worth": (0.0, 0.0, 0.0),
    "km_points": 0.0,
    "load_points": 0.0,
    "asks_points": 0.0,
    "other_department_points": 0.0,
    "expert_points": 0.0,
}


def busy_situation(seed: int):
    """A city some weeks on: teams hold services, have been asked and have served."""
    situation, draw = make_situation(seed), Random(seed)
    for team in situation.city.teams:
        for _ in range(draw.randrange(4)):
            situation.ledger.note_team_asked(team, NOW - draw.randrange(9000))
            situation.ledger.note_agreed(team, (), NOW - draw.randrange(9000))
            situation.ledger.hold(team, draw.randrange(6, 30))
    return situation


@given(seed=st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_reasons_add_up_to_the_score_and_each_has_its_sentence(seed: int):
    situation = busy_situation(seed)
    for suggestion in rank(situation, make_need(1, Random(seed), 6), NOW):
        total = sum(reason.points for reason in suggestion.reasons)
        assert suggestion.score == pytest.approx(total, abs=1e-9)
        assert len({reason.code for reason in suggestion.reasons}) == len(suggestion.reasons)
        assert all(reason_in_words(reason) for reason in suggestion.reasons)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_same_input_same_output_best_first(seed: int):
    need = make_need(1, Random(seed), 6)
    once, again = (rank(busy_situation(seed), need, NOW) for _ in range(2))
    assert once == again
    assert [each.score for each in once] == sorted((each.score for each in once), reverse=True)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_with_zero_weights_everybody_scores_nought(seed: int):
    situation = with_settings(make_situation(seed), **ZERO)
    ranking = rank(situation, make_need(1, Random(seed), 6), NOW)
    assert all(suggestion.score == 0 for suggestion in ranking)
    assert [suggestion.team for suggestion in ranking] == sorted(suggestion.team for suggestion in ranking)


def test_every_sentence_belongs_to_a_term_that_occurs():
    said = set()
    for seed in range(300):
        situation = busy_situation(seed)
        need = replace(make_need(1, Random(seed), 6), experts=frozenset({seed % 6}), is_for_anybody=seed % 2 > 0)
        for suggestion in rank(situation, need, NOW):
            said |= {reason.code for reason in suggestion.reasons}
    assert said == set(REASONS)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_a_team_of_experts_gains_what_the_settings_say_and_no_other_does(seed: int):
    situation, need = busy_situation(seed), make_need(1, Random(seed), 6)
    plain = {each.team: each.score for each in rank(situation, need, NOW)}
    expert = {each.team: each.score for each in rank(situation, replace(need, experts=frozenset({seed % 6})), NOW)}
    for team, score in expert.items():
        gain = SETTINGS.expert_points if team == seed % 6 else 0
        assert score == pytest.approx(plain[team] + gain)


def test_an_order_off_the_map_is_ranked_with_a_guess_that_says_so():
    for seed in range(300):
        situation = make_situation(seed)
        need = make_need(1, Random(seed), 6)
        for suggestion in rank(situation, need, NOW):
            distance = suggestion.reasons[2]
            is_known = situation.city.team_km(situation.city.teams[suggestion.team], need.place) is not None
            assert distance.code == ("distance" if is_known else "distance_unknown")
            assert is_known or distance.facts == {"km": SETTINGS.unknown_km}


def test_the_score_in_another_slot_differs_by_the_crew_alone():
    seen = 0
    for seed in range(100):
        situation = busy_situation(seed)
        for suggestion in rank(situation, make_need(1, Random(seed), 6), NOW):
            best, *others = suggestion.openings
            assert suggestion.score_in(best) == suggestion.score
            for other in others:
                lost = suggestion.worth * suggestion.captain * (best.crew_chance - other.crew_chance)
                assert suggestion.score_in(other) == pytest.approx(suggestion.score - lost)
                seen += 1
    assert seen


def test_a_team_asked_before_is_left_out():
    for seed in range(50):
        situation, need = make_situation(seed), make_need(1, Random(seed), 6)
        ranking = rank(situation, need, NOW)
        if len(ranking) > 1:
            assert rank(situation, need, NOW, without={ranking[0].team}) == ranking[1:]
            return
    pytest.fail("no city with two candidates")
