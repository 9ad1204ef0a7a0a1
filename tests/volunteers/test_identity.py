"""Documents as people write them: check digits, dates, ages. Pure."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtxvol.volunteers.availability import SLOTS, slot_label, sort_slots
from qtxvol.volunteers.consent import CONSENT_VERSION, CONSENTS, consent_text
from qtxvol.volunteers.identity import Document, Fault, age_on, check_age, mask_number, parse_document
from tests.volunteers.cards import id_number

TODAY = date(2026, 11, 24)
BIRTHS = st.dates(date(1900, 1, 1), TODAY)


@given(BIRTHS, st.integers(0, 999))
def test_a_number_says_when_its_holder_was_born(birth_on: date, serial: int):
    number = id_number(birth_on, serial)
    assert parse_document("resident_id", number, TODAY) == Document("resident_id", number, birth_on)


@given(BIRTHS, st.integers(0, 999), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_noticed(birth_on: date, serial: int, position: int, shift: int):
    number = id_number(birth_on, serial)
    wrong = number[:position] + str((int(number[position]) + shift) % 10) + number[position + 1 :]
    assert isinstance(parse_document("resident_id", wrong, TODAY), Fault)


@given(BIRTHS, st.integers(0, 999), st.integers(0, 15))
def test_two_neighbours_in_the_wrong_order_are_noticed(birth_on: date, serial: int, position: int):
    number = id_number(birth_on, serial)
    swapped = number[:position] + number[position + 1] + number[position] + number[position + 2 :]
    if swapped != number:
        assert isinstance(parse_document("resident_id", swapped, TODAY), Fault)


@pytest.mark.parametrize(
    ("kind", "text", "number"),
    [
        ("resident_id", " 11010519491231002x ", "11010519491231002X"),
        ("resident_id", "１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"),
        ("resident_id", "110105-19491231 002X", "11010519491231002X"),
        ("passport", "e 1234 5678", "E12345678"),
        ("hk_macau_permit", "h12345678", "H12345678"),
        ("hk_macau_permit", "M1234567801", "M1234567801"),
        ("taiwan_permit", "12345678", "12345678"),
        ("foreign_permanent_resident", "abc110012345678", "ABC110012345678"),
    ],
)
def test_a_document_is_read_however_it_is_written(kind: str, text: str, number: str):
    read = parse_document(kind, text, TODAY)
    assert isinstance(read, Document)
    assert read.number == number


@pytest.mark.parametrize(
    ("kind", "text", "fault"),
    [
        ("resident_id", "  ", "empty"),
        ("resident_id", "1.10105194912310E+17", "shape"),
        ("resident_id", "110105491231002", "shape"),  # fifteen digits: not valid since 2013
        ("resident_id", "110105194912310021", "digit"),
        ("resident_id", "640381198002300011", "digit"),
        ("passport", "ABCDEF", "shape"),
        ("passport", "E1234567<", "shape"),
        ("hk_macau_permit", "12345678", "shape"),
        ("taiwan_permit", "H1234567", "shape"),
        ("foreign_permanent_resident", "9110105194912310021", "shape"),
    ],
)
def test_what_can_not_be_a_number_is_told_apart(kind: str, text: str, fault: str):
    assert parse_document(kind, text, TODAY) == Fault(fault)


def test_a_birth_date_that_never_was_or_lies_ahead_is_no_date():
    for day in ("20230229", "20270101", "18991231"):
        body = f"640381{day}001"
        number = next(
            body + digit
            for digit in "0123456789X"
            if parse_document("resident_id", body + digit, TODAY) != Fault("digit")
        )
        assert parse_document("resident_id", number, TODAY) == Fault("date")


@given(BIRTHS, st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_an_age_grows_by_one_a_year(birth_on: date, day: date):
    age = age_on(birth_on, day)
    if day >= birth_on:
        assert age >= 0
        assert age_on(birth_on, day + timedelta(days=366)) in (age + 1, age + 2)


@pytest.mark.parametrize(
    ("birth_on", "allowed", "guardian", "obstacle"),
    [
        (date(2008, 11, 24), False, False, None),  # eighteen today
        (date(2008, 11, 25), False, True, "too_young"),
        (date(2008, 11, 25), True, False, "guardian"),
        (date(2008, 11, 25), True, True, None),
        (date(2010, 11, 24), True, True, None),  # sixteen today
        (date(2010, 11, 25), True, True, "too_young"),
        (date(2013, 1, 1), True, True, "too_young"),
        (TODAY + timedelta(days=1), True, True, "birth_date"),
    ],
)
def test_adults_always_and_sixteen_only_with_a_guardian(
    birth_on: date, allowed: bool, guardian: bool, obstacle: str | None
):
    assert check_age(birth_on, TODAY, are_minors_allowed=allowed, has_guardian=guardian) == obstacle


@given(st.text("0123456789X", min_size=5, max_size=20))
def test_a_masked_number_keeps_less_than_half(number: str):
    masked = mask_number(number)
    assert len(masked) >= len(number) or len(number) < 6
    assert sum(char == "*" for char in masked) * 2 >= len(number)


def test_every_slot_of_the_week_has_a_name_and_a_place():
    assert len(SLOTS) == len({slot_label(slot).en for slot in SLOTS}) == 21
    assert sort_slots(["sun-evening", "mon-morning", "nonsense", "mon-morning"]) == ["mon-morning", "sun-evening"]


def test_the_wording_that_is_agreed_to_now_can_be_read():
    assert consent_text() == CONSENTS[CONSENT_VERSION]
    assert all(paragraph.zh and paragraph.en for text in CONSENTS.values() for paragraph in text)
    assert consent_text("1999-01") == ()
