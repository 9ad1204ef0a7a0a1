"""Tries to reach somebody: when they were enough. Pure."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtxvol.orders.calls import (
    CAUSE_LABELS,
    ONE_TRY,
    OUTCOME_LABELS,
    RESULT_LABELS,
    TOLD_IN_WORDS,
    CallCause,
    CallOutcome,
    CallResult,
    Contact,
    Try,
    results_of,
    sum_up,
)
from tests.factories import NOW

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIRST, SECOND = Contact.FIRST, Contact.SECOND
NO_ANSWER, WRONG, REACHED = CallOutcome.NO_ANSWER, CallOutcome.WRONG_NUMBER, CallOutcome.REACHED


def tried(*calls: tuple[timedelta, Contact, CallOutcome]) -> list[Try]:
    return [Try(NOW + after, contact, outcome) for after, contact, outcome in calls]


THREE_ON_TWO_DAYS = ((0 * HOUR, FIRST, NO_ANSWER), (4 * HOUR, FIRST, WRONG), (DAY, FIRST, NO_ANSWER))


@pytest.mark.parametrize(
    ("calls", "has_second", "are_enough"),
    [
        ((), False, False),
        (THREE_ON_TWO_DAYS, False, True),
        (THREE_ON_TWO_DAYS, True, False),
        ((*THREE_ON_TWO_DAYS[:2], (DAY, SECOND, NO_ANSWER)), True, True),
        (THREE_ON_TWO_DAYS[:2], False, False),
        # all on one day
        (((0 * HOUR, FIRST, NO_ANSWER), (2 * HOUR, FIRST, NO_ANSWER), (4 * HOUR, FIRST, NO_ANSWER)), False, False),
        # dialled again at once: one try
        (((0 * HOUR, FIRST, NO_ANSWER), (HOUR / 10, FIRST, NO_ANSWER), (DAY, FIRST, NO_ANSWER)), False, False),
        # neither reached nor not
        ((*THREE_ON_TWO_DAYS[:2], (DAY, FIRST, CallOutcome.OTHER)), False, False),
        # reached in between: everything begins anew
        ((*THREE_ON_TWO_DAYS, (2 * DAY, FIRST, REACHED)), False, False),
        ((*THREE_ON_TWO_DAYS, (2 * DAY, SECOND, CallOutcome.REFUSED)), True, False),
        (((-3 * DAY, FIRST, REACHED), *THREE_ON_TWO_DAYS), False, True),
    ],
)
def test_three_failed_tries_on_two_days_and_the_second_number_are_enough(calls, has_second, are_enough):
    assert sum_up(tried(*calls), has_second=has_second).are_enough is are_enough


def test_days_are_those_of_the_city():
    # 23:50 and 00:10 in the city are one date in UTC
    late = timedelta(hours=13, minutes=50)
    tries = sum_up(
        tried((late, FIRST, NO_ANSWER), (late + HOUR / 3, SECOND, NO_ANSWER), (late - HOUR, FIRST, NO_ANSWER)),
        has_second=False,
    )
    assert (tries.count, tries.days) == (3, 2)


def test_what_failed_before_the_resident_was_heard_of_counts_no_more():
    calls = tried(*THREE_ON_TWO_DAYS)
    assert sum_up(calls, has_second=False, heard_at=NOW - HOUR).are_enough
    assert sum_up(calls, has_second=False, heard_at=NOW + HOUR).count == 2
    assert sum_up(calls, has_second=False, heard_at=NOW + 3 * DAY).count == 0


@given(
    st.lists(
        st.tuples(st.integers(0, 5000), st.sampled_from(list(Contact)), st.sampled_from(list(CallOutcome))),
        max_size=12,
    ),
    st.booleans(),
    st.randoms(use_true_random=False),
)
def test_the_order_of_the_rows_makes_no_difference_and_more_failures_never_less(minutes, has_second, rng):
    calls = [Try(NOW + timedelta(minutes=at), contact, outcome) for at, contact, outcome in minutes]
    # two at one moment have no order of their own
    calls = list({each.at: each for each in calls}.values())
    whole = sum_up(calls, has_second=has_second)
    rng.shuffle(calls)
    assert sum_up(calls, has_second=has_second) == whole
    later = max((each.at for each in calls), default=NOW) + ONE_TRY
    more = sum_up([*calls, Try(later, FIRST, NO_ANSWER)], has_second=has_second)
    assert more.count == whole.count + 1
    assert not whole.are_enough or more.are_enough
    assert sum_up([*calls, Try(later, FIRST, REACHED)], has_second=has_second).count == 0


def test_every_code_has_its_words_and_every_cause_its_results():
    assert (set(OUTCOME_LABELS), set(CAUSE_LABELS), set(RESULT_LABELS)) == (
        set(CallOutcome),
        set(CallCause),
        set(CallResult),
    )
    assert {code for cause in CallCause for code in results_of(cause)} == set(CallResult)
    assert all(CallResult.UNREACHED in results_of(cause) for cause in CallCause)
    assert set(CallResult) > TOLD_IN_WORDS
