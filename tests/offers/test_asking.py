"""Whom to ask next: just enough people, leads first, nobody who is of no use."""

from itertools import product

import pytest

from qtxvol.offers.asking import Person, Wanted, Where, can_be_met, choose_next, is_needed


def people(*kinds: str) -> list[Person]:
    """`L?` may lead, `h?` helps; then r(eserve), w(aiting), y(es), o(ut)."""
    where = {"r": Where.RESERVE, "w": Where.WAITING, "y": Where.YES, "o": Where.OUT}
    return [Person(i, kind[0] == "L", 0.5, where[kind[1]]) for i, kind in enumerate(kinds)]


def test_a_helper_too_many_is_of_no_use_and_a_lead_is():
    some = people("hy", "hy", "hw", "Lw")
    wanted = Wanted(leads=1, people=3)
    assert not wanted.is_met_by(some[:2])
    assert not is_needed(some[2], some, wanted)
    assert is_needed(some[3], some, wanted)
    assert wanted.is_met_by([some[0], some[1], some[3]])


def test_leads_are_asked_first_while_they_are_lacking():
    some = people("hr", "hr", "Lr", "Lr")
    assert [person.id for person in choose_next(some, Wanted(1, 1), 0.7)] == [2, 3]


def test_whoever_fell_out_is_replaced_in_any_case():
    some = people("Lw", "Lw", "Lw", "Lr", "Lr")
    assert choose_next(some, Wanted(1, 1), 0.5) == []
    assert [person.id for person in choose_next(some, Wanted(1, 1), 0.5, at_least=1)] == [3]


@pytest.mark.parametrize("wanted", [Wanted(1, 1), Wanted(1, 2), Wanted(1, 3)])
def test_whoever_is_chosen_is_of_the_reserve_and_of_use(wanted: Wanted):
    for kinds in product(("Lr", "Lo", "hr", "hy", "hw"), repeat=4):
        some = people(*kinds)
        chosen = choose_next(some, wanted, 0.8)
        assert {person.where for person in chosen} <= {Where.RESERVE}
        assert len({person.id for person in chosen}) == len(chosen)
        assert all(is_needed(person, some, wanted) for person in chosen)
        if can_be_met(some, wanted) and not wanted.is_met_by(person for person in some if person.where is Where.YES):
            rest = [Person(each.id, each.may_lead, 0.5, Where.WAITING) if each in chosen else each for each in some]
            assert can_be_met(rest, wanted)
