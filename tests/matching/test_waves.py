import math

from hypothesis import given
from hypothesis import strategies as st

from qtxvol.matching.candidates import Opening
from qtxvol.matching.needs import Need, Urgency
from qtxvol.matching.score import Reason, Suggestion
from qtxvol.matching.slots import start_of
from qtxvol.matching.waves import choose_wave, wave_target
from tests.matching.cities import NOW, SETTINGS

CHANCES = st.lists(st.floats(0.01, 0.99), max_size=25)


def suggestions(chances, asks=1000.0):
    reasons = (Reason("asks", 0.0, {"times": asks}),)
    return [Suggestion(team, chance, 1000.0, (Opening(30, 1.0, 9, 3),), reasons) for team, chance in enumerate(chances)]


def need_of(urgency: Urgency, slots=(30,)) -> Need:
    return Need(1, "food", "elderly", 0, NOW, slots, urgency=urgency)


@given(CHANCES, st.lists(st.floats(0.01, 0.99), max_size=5), st.integers(0, 8), st.sampled_from(Urgency))
def test_a_wave_is_the_smallest_head_that_reaches_the_target(chances, pending, wave, urgency):
    need, ranking = need_of(urgency), suggestions(chances)
    chosen = choose_wave(SETTINGS, need, ranking, pending, wave, NOW)
    assert chosen == ranking[: len(chosen)]
    assert len(chosen) <= SETTINGS.wave_limit[urgency]
    target = wave_target(SETTINGS, need, wave, NOW)
    nobody = math.prod(1 - SETTINGS.pending_share * chance for chance in pending)
    if len(chosen) > 1:
        assert nobody * math.prod(1 - each.chance for each in chosen[:-1]) > 1 - target
    if not pending:
        assert bool(chosen) == bool(ranking)


@given(CHANCES, st.integers(0, 8), st.integers(0, 9000))
def test_the_more_urgent_the_larger_the_wave(chances, wave, minutes):
    now = NOW + minutes
    sizes = [len(choose_wave(SETTINGS, need_of(urgency), suggestions(chances), [], wave, now)) for urgency in Urgency]
    assert sizes == sorted(sizes)


@given(st.integers(0, 8), st.sampled_from(Urgency))
def test_each_wave_aims_no_lower_than_the_one_before(wave, urgency):
    need = need_of(urgency)
    assert wave_target(SETTINGS, need, wave, NOW) <= wave_target(SETTINGS, need, wave + 1, NOW)


def test_little_time_left_aims_higher():
    need = need_of(Urgency.ORDINARY)
    early = wave_target(SETTINGS, need, 0, NOW)
    assert wave_target(SETTINGS, need, 0, start_of(30) - 20 * 60) > early


@given(CHANCES, st.integers(0, 8), st.sampled_from(Urgency))
def test_rested_captains_are_never_asked_in_smaller_waves(chances, wave, urgency):
    rested, tired = (
        choose_wave(SETTINGS, need_of(urgency), suggestions(chances, asks), [], wave, NOW)
        for asks in (SETTINGS.rested_asks, SETTINGS.rested_asks + 1)
    )
    assert len(rested) >= len(tired)


def test_two_rested_captains_are_asked_where_one_tired_one_would_be():
    need, chances = need_of(Urgency.ORDINARY), [0.35, 0.35, 0.35]
    assert len(choose_wave(SETTINGS, need, suggestions(chances, 5.0), [], 0, NOW)) == 2
    assert len(choose_wave(SETTINGS, need, suggestions(chances, 90.0), [], 0, NOW)) == 1


def test_an_order_without_slots_asks_nobody_and_breaks_nothing():
    assert choose_wave(SETTINGS, need_of(Urgency.ORDINARY, ()), [], [], 0, NOW) == []
