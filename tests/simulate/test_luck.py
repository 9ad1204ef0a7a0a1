"""Luck depends on the seed and on what it is about, and on nothing else."""

from statistics import fmean, median

from qtxvol.simulate.luck import Luck, logistic


def test_the_same_seed_and_question_have_the_same_answer_whatever_was_asked_before():
    first, second = Luck(3), Luck(3)
    second.uniform("something", "else")
    assert first.uniform("captain", 7) == second.uniform("captain", 7)
    assert first.uniform("captain", 7) != Luck(4).uniform("captain", 7)
    assert first.uniform("captain", 7) != first.uniform("captain", 8)


def test_luck_is_spread_as_it_says():
    luck = Luck(1)
    assert 0.47 < fmean(luck.uniform(i) for i in range(4000)) < 0.53
    assert 0.27 < fmean(luck.happens(0.3, i) for i in range(4000)) < 0.33
    assert 42 < median(luck.lasts(45, 1.0, i) for i in range(4000)) < 48
    assert {luck.whole(2, 4, i) for i in range(200)} == {2, 3, 4}


def test_a_sample_has_nobody_twice_and_no_more_than_there_are():
    luck = Luck(1)
    for most in (0, 2, 9):
        found = luck.sample("abcde", most, "about", most)
        assert len(found) == len(set(found)) == min(most, 5)


def test_a_chance_of_even_odds_is_a_half():
    assert logistic(0) == 0.5
