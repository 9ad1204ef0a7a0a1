from random import Random

from hypothesis import given
from hypothesis import strategies as st

from qtxvol.matching.likelihood import Belief, Clue, Likelihood, logistic


def model() -> Likelihood:
    return Likelihood([Belief(0.0, 4.0), Belief(0.0, 4.0)], (2.0,))


def test_it_learns_who_says_yes_and_who_doesnt():
    draw, likelihood = Random(1), model()
    truth = {"keen": 0.9, "shy": 0.2}
    for _ in range(200):
        for who, chance in truth.items():
            likelihood.learn(Clue((1.0, 0.0), (who,)), draw.random() < chance)
    for who, chance in truth.items():
        assert abs(likelihood.chance(Clue((1.0, 0.0), (who,))) - chance) < 0.1


def test_what_it_learns_of_many_it_expects_of_a_stranger():
    likelihood = model()
    for number in range(100):
        likelihood.learn(Clue((1.0, 1.0), (number,)), False)
    assert likelihood.chance(Clue((1.0, 1.0), ("stranger",))) < 0.2


@given(st.lists(st.tuples(st.floats(-5, 5), st.sampled_from("abc"), st.booleans()), max_size=40))
def test_a_yes_raises_the_chance_and_a_no_lowers_it(answers):
    likelihood = model()
    for feature, who, has_agreed in answers:
        clue = Clue((1.0, feature), (who,))
        before = likelihood.chance(clue)
        likelihood.learn(clue, has_agreed)
        after = likelihood.chance(clue)
        assert 0 < after < 1
        assert after >= before if has_agreed else after <= before


def test_the_same_answers_teach_the_same():
    one, other = model(), model()
    for likelihood in (one, other):
        for number in range(30):
            likelihood.learn(Clue((1.0, number / 10), (number % 3,)), number % 2 == 0)
    assert one == other


def test_far_out_nothing_overflows():
    assert 0 < logistic(-1e9) < 1e-9
    assert 1 - 1e-9 < logistic(1e9) <= 1
