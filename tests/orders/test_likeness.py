"""Two orders or one placed twice? The score and its reasons. Pure."""

from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtxvol.orders.likeness import THRESHOLD, WHY_LABELS, Trait, Why, are_alike, compare, list_pairs

MONDAY, TUESDAY = date(2026, 11, 30), date(2026, 12, 1)
ONE = Trait("S05", "", "640381001002", frozenset({MONDAY, TUESDAY}), "digest-a", "")
ELSEWHERE_IN_TOWN, OTHER_TOWN = "640381001003", "640381100200"
WISH = "想请人来讲讲怎么防电信诈骗，老人们总接到骗子电话"


@pytest.mark.parametrize(
    ("changes", "reasons", "is_likely"),
    [
        ({}, "item community dates phone", True),
        ({"phone": "digest-b"}, "item community dates", True),
        ({"phone": "digest-b", "days": frozenset({date(2026, 12, 5)})}, "item community", False),
        ({"days": frozenset()}, "item community phone", True),
        ({"phone": "digest-b", "community": ELSEWHERE_IN_TOWN}, "item town dates", False),
        ({"days": frozenset(), "community": ELSEWHERE_IN_TOWN}, "item town phone", True),
        ({"community": OTHER_TOWN}, "item dates phone", True),
        ({"item": "S06"}, "", False),
        ({"item": None, "wish": WISH}, "", False),
        ({"phone": "", "days": frozenset()}, "item community", False),
    ],
)
def test_the_same_subject_and_what_speaks_for_it(changes: dict[str, Any], reasons: str, is_likely: bool):
    likeness = compare(ONE, replace(ONE, **changes))
    assert " ".join(likeness.reasons) == reasons
    assert likeness.is_likely is is_likely
    assert (likeness.score >= THRESHOLD) is is_likely


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (WISH, True),
        ("想请人来讲怎么防电信诈骗！老人们老接到骗子电话。", True),
        ("想学用智能手机挂号", False),
        ("", False),
        ("防", False),
    ],
)
def test_free_wishes_are_alike_in_their_words(other: str, expected: bool):
    assert are_alike(WISH, other) is expected
    assert are_alike(other, WISH) is expected


def test_an_erased_telephone_is_nobodys():
    assert Why.PHONE not in compare(replace(ONE, phone=""), replace(ONE, phone="")).reasons


def test_a_school_that_orders_twice_is_shown():
    school = replace(ONE, phone="", organisation="第三小学", days=frozenset())
    assert compare(school, school).is_likely


def test_pairs_come_likeliest_first_each_once():
    traits = [
        (4, ONE),
        (2, replace(ONE, phone="digest-b")),
        (9, replace(ONE, item="S06")),
        (7, replace(ONE, community=OTHER_TOWN)),
        (5, replace(ONE, days=frozenset(), community=ELSEWHERE_IN_TOWN)),
    ]
    assert [pair[:2] for pair in list_pairs(traits)] == [(2, 4), (4, 5)]


_TRAITS = st.builds(
    Trait,
    st.sampled_from(["S05", None]),
    st.sampled_from([WISH, "讲讲养花", ""]),
    st.sampled_from([ONE.community, ELSEWHERE_IN_TOWN, OTHER_TOWN]),
    st.sets(st.sampled_from([MONDAY, TUESDAY]), max_size=2).map(frozenset),
    st.sampled_from(["", "a", "b"]),
    st.sampled_from(["", "第三小学"]),
)


@given(_TRAITS, _TRAITS)
def test_likeness_goes_both_ways(one: Trait, other: Trait):
    assert compare(one, other) == compare(other, one)
    assert compare(one, one).score >= compare(one, other).score


@given(st.lists(_TRAITS, max_size=8))
def test_every_likely_pair_of_a_town_is_listed_once(traits: list[Trait]):
    found = list_pairs(list(enumerate(traits)))
    expected = {
        (i, j)
        for i, one in enumerate(traits)
        for j, other in enumerate(traits)
        if i < j and one.town == other.town and compare(one, other).is_likely
    }
    assert {pair[:2] for pair in found} == expected
    assert len(found) == len(expected)
    assert all(a[2].score >= b[2].score for a, b in pairwise(found))


def test_every_reason_has_its_words():
    assert set(WHY_LABELS) == set(Why)
