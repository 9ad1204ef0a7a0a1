import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtxvol.matching.ledger import Ledger, Recent
from qtxvol.matching.slots import MINUTES_PER_WEEK, week_of

SLOTS = st.integers(0, 60)


@given(
    before=st.lists(st.tuples(st.integers(0, 3), SLOTS, st.sets(st.integers(0, 9), max_size=3)), max_size=6),
    team=st.integers(0, 3),
    slot=SLOTS,
    crew=st.sets(st.integers(10, 19), max_size=4),
)
def test_withdrawing_restores_capacity_exactly(before, team, slot, crew):
    ledger = Ledger()
    for other, other_slot, people in before:
        ledger.hold(other, other_slot)
        for person in people:
            if not ledger.is_booked(person, other_slot):
                ledger.book(person, other_slot)
    kept = ledger.copy()
    ledger.hold(team, slot)
    for person in crew:
        ledger.book(person, slot)
    assert ledger != kept
    assert ledger.held_in_week(team, week_of(slot)) == kept.held_in_week(team, week_of(slot)) + 1
    ledger.release(team, slot, crew)
    assert ledger == kept


def test_nobody_is_booked_twice_in_one_slot():
    ledger = Ledger()
    ledger.book(1, 5)
    with pytest.raises(ValueError, match="already"):
        ledger.book(1, 5)
    assert ledger.booked_in_week(1, 0) == 1


def test_a_promise_counts_in_its_own_week_only():
    ledger = Ledger()
    ledger.hold(1, 20)
    ledger.hold(1, 21)
    ledger.book(7, 21)
    assert [ledger.held_in_week(1, week) for week in (0, 1, 2)] == [1, 1, 0]
    assert [ledger.booked_in_week(7, week) for week in (0, 1)] == [0, 1]


def test_a_recent_count_fades_to_a_third_in_a_week():
    recent = Recent()
    recent.add(100)
    recent.add(100)
    assert recent.at(100) == 2
    assert recent.at(100 + MINUTES_PER_WEEK) == pytest.approx(2 / math.e)


def test_a_copy_keeps_its_own_promises():
    ledger = Ledger()
    trial = ledger.copy()
    trial.hold(1, 3)
    trial.book(2, 3)
    assert ledger == Ledger()


def test_an_owed_answer_is_owed_until_it_comes():
    ledger = Ledger()
    ledger.note_volunteer_asked(4, 9, now=0)
    assert ledger.is_asked_for(4, 9)
    ledger.note_volunteer_answered(4, 9)
    assert not ledger.is_asked_for(4, 9)
    assert ledger.volunteer_asks(4, now=0) == 1


def test_asks_are_counted_by_calendar_week_and_emergencies_apart():
    ledger = Ledger()
    ledger.note_team_asked(1, 10)
    ledger.note_team_asked(1, 20, is_emergency=True)
    ledger.note_volunteer_asked(5, 9, MINUTES_PER_WEEK - 1)
    ledger.note_volunteer_asked(5, 30, MINUTES_PER_WEEK)
    ledger.note_volunteer_asked(5, 31, MINUTES_PER_WEEK, is_emergency=True)
    assert [ledger.team_asks_in_week(1, now) for now in (0, MINUTES_PER_WEEK - 1, MINUTES_PER_WEEK)] == [1, 1, 0]
    assert [ledger.volunteer_asks_in_week(5, now) for now in (0, MINUTES_PER_WEEK)] == [1, 1]
    assert ledger.volunteer_asks(5, MINUTES_PER_WEEK) > 2
