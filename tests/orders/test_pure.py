"""The pure parts beneath the flow: numbers, chain, windows, clocks, links, phones, passwords, divisions."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtxvol.accounts.actor import Actor, division_prefix, system_actor
from qtxvol.accounts.passwords import (
    LONGEST,
    MEMORY_KIB,
    SHORTEST,
    TIMES,
    find_weakness,
    hash_password,
    is_password,
    needs_rehash,
    new_password,
)
from qtxvol.accounts.phones import has_phone_inside, mask_name, mask_phone, parse_phone
from qtxvol.orders.chain import GENESIS, canonical, event_hash, fingerprint
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.links import is_link_token, link_token, new_nonce
from qtxvol.orders.numbers import PREFIX, check_digit, new_number, parse_number, spoken
from qtxvol.orders.windows import FURTHEST, Window, find_fault, find_window_fault
from qtxvol.orders.windows import LONGEST as LONGEST_SERVICE

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)

numbers = st.integers(0, 10**7 - 1).map(lambda n: f"{n:07d}").map(lambda digits: digits + check_digit(digits))


# Numbers


@given(numbers, st.integers(0, 7), st.integers(1, 9))
def test_every_single_wrong_digit_is_caught(digits: str, place: int, shift: int):
    wrong = digits[:place] + str((int(digits[place]) + shift) % 10) + digits[place + 1 :]
    assert parse_number(digits) == PREFIX + digits
    assert parse_number(wrong) is None


@given(numbers, st.integers(0, 6))
def test_every_swap_of_neighbours_is_caught(digits: str, place: int):
    swapped = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
    assert (parse_number(swapped) is None) == (swapped != digits)


@given(numbers)
def test_a_number_is_read_however_it_is_typed(digits: str):
    number = PREFIX + digits
    full_width = number.translate({ord(c): ord(c) + 0xFEE0 for c in "QTX0123456789"})
    for typed in (
        number,
        number.lower(),
        digits,
        spoken(number),
        f"  {number}\n",
        f"{PREFIX}-{digits[:4]}-{digits[4:]}",
        f"{digits[:4]}·{digits[4:]}",
        f"QTX\u3000{digits[:4]}\u3000{digits[4:]}",
        full_width,
        full_width.lower(),
    ):
        assert parse_number(typed) == number, typed


@given(st.text(max_size=40))
def test_what_is_no_number_is_never_an_error(text: str):
    number = parse_number(text)
    assert number is None or re.fullmatch(r"QTX[0-9]{8}", number)


@pytest.mark.parametrize(
    "zero", [0x0660, 0x06F0, 0x0966, 0x09E6, 0x0E50], ids=["arabic", "persian", "hindi", "bengali", "thai"]
)
def test_digits_of_other_scripts_do_not_slip_through(zero: int):
    digits = "1234567" + check_digit("1234567")
    foreign = "".join(chr(zero + int(digit)) for digit in digits)
    assert foreign.isdecimal()
    assert parse_number(foreign) is None
    assert parse_number("QTX" + digits[:7] + foreign[7]) is None


@pytest.mark.parametrize(
    "text", ["", "QTX", "QTX1234567", "QTX123456789", "QTY12345678", "XQTX12345678", "一二三四五六七八"]
)
def test_other_texts_are_no_number(text: str):
    assert parse_number(text) is None


def test_new_numbers_are_valid_and_not_in_a_row():
    made = [new_number() for _ in range(200)]
    assert all(parse_number(number) == number for number in made)
    assert len(set(made)) > 190
    assert sorted(made) != made


def test_a_number_is_spoken_in_groups_of_four():
    assert spoken("QTX48219037") == "QTX 4821 9037"


# Chain

FIELDS = {
    "number": "QTX48219037",
    "sequence": 2,
    "action": "dispatch",
    "party": "community",
    "actor_key": "community:3",
    "actor_name": "东街居委会",
    "from_status": "placed",
    "to_status": "dispatched",
    "payload": {"department_id": "health"},
    "fingerprint": "0" * 32,
    "idempotency_key": None,
    "was_overdue": False,
}


@pytest.mark.parametrize("name", FIELDS)
def test_any_changed_field_changes_the_hash(name: str):
    whole = event_hash(GENESIS, happened_at=NOW, **FIELDS)
    for other in ("", 0, 1, True, None, "x", {"department_id": "Health"}, {"department_id": "health", "more": 1}):
        if other is not FIELDS[name] and not (other == FIELDS[name] and type(other) is type(FIELDS[name])):
            assert event_hash(GENESIS, happened_at=NOW, **{**FIELDS, name: other}) != whole


def test_time_and_the_row_before_are_part_of_the_hash():
    whole = event_hash(GENESIS, happened_at=NOW, **FIELDS)
    assert event_hash("1" + GENESIS[1:], happened_at=NOW, **FIELDS) != whole
    assert event_hash(GENESIS, happened_at=NOW + timedelta(microseconds=1), **FIELDS) != whole


def test_the_hash_does_not_depend_on_the_clock_on_the_wall_or_the_order_of_fields():
    city = NOW.astimezone(timezone(8 * HOUR))
    assert event_hash(GENESIS, happened_at=city, **FIELDS) == event_hash(
        GENESIS, happened_at=NOW, **dict(reversed(FIELDS.items()))
    )


json_like = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.text(max_size=3), json_like, max_size=3), st.dictionaries(st.text(max_size=3), json_like))
def test_two_requests_have_one_fingerprint_only_if_they_say_the_same(one: dict, other: dict):
    assert (fingerprint(one) == fingerprint(other)) == (canonical(one) == canonical(other))
    assert len(fingerprint(one)) == 32


def test_fields_cannot_run_into_each_other():
    assert fingerprint({"a": "b,c"}) != fingerprint({"a": "b", "c": ""})
    assert fingerprint({"a": "1"}) != fingerprint({"a": 1})


# Windows


def window(start: timedelta, length: timedelta = HOUR) -> Window:
    return Window(NOW + start, NOW + start + length)


@pytest.mark.parametrize(
    ("wished", "fault"),
    [
        (window(SECOND), None),
        (window(timedelta(0)), "in_past"),
        (window(-DAY), "in_past"),
        (window(DAY, timedelta(0)), "ends_first"),
        (window(DAY, -HOUR), "ends_first"),
        (window(FURTHEST), None),
        (window(FURTHEST + SECOND), "too_far"),
        (window(DAY, LONGEST_SERVICE), None),
        (window(DAY, LONGEST_SERVICE + SECOND), "too_long"),
    ],
)
def test_a_window_is_good_up_to_its_limits(wished: Window, fault: str | None):
    assert find_window_fault(wished, NOW) == fault


def test_the_first_faulty_window_is_named():
    good, bad = window(DAY), window(-DAY)
    assert find_fault([], NOW) == (0, "none")
    assert find_fault([good], NOW) is None
    assert find_fault([good, bad, bad], NOW) == (1, "in_past")
    assert find_fault([good, window(2 * DAY), good], NOW) == (2, "repeated")


def test_windows_that_only_touch_do_not_overlap():
    first, second, both = window(DAY), window(DAY + HOUR), window(DAY, 2 * HOUR)
    assert not first.overlaps(second)
    assert not second.overlaps(first)
    assert both.overlaps(first)
    assert second.overlaps(both)
    assert first.overlaps(first)


# Links

KEY, OLD_KEY = "k" * 40, "o" * 40


def test_a_link_opens_its_own_order_only():
    nonce = new_nonce()
    token = link_token(KEY, "QTX48219037", nonce)
    assert is_link_token(token, [KEY], "QTX48219037", nonce)
    assert not is_link_token(token, [KEY], "QTX48219046", nonce)
    assert not is_link_token(token, [KEY], "QTX48219037", new_nonce())
    assert not is_link_token(token, [OLD_KEY], "QTX48219037", nonce)
    assert not is_link_token(token, [], "QTX48219037", nonce)


def test_a_link_lives_through_a_change_of_the_key():
    token = link_token(OLD_KEY, "QTX48219037", "n")
    assert is_link_token(token, [KEY, OLD_KEY], "QTX48219037", "n")


@pytest.mark.parametrize("token", ["", " ", "x" * 22, "令牌", "\x00", "A" * 10_000])
def test_a_made_up_link_opens_nothing(token: str):
    assert not is_link_token(token, [KEY], "QTX48219037", "n")


def test_a_link_fits_into_an_address():
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", link_token(KEY, "QTX48219037", new_nonce()))
    assert len({new_nonce() for _ in range(100)}) == 100
    assert all(len(new_nonce()) == 32 for _ in range(3))


# Phones


@pytest.mark.parametrize(
    ("typed", "digits"),
    [
        ("19900001234", "19900001234"),
        ("199 0000 1234", "19900001234"),
        ("199-0000-1234", "19900001234"),
        ("+86 199 0000 1234", "19900001234"),
        ("8619900001234", "19900001234"),
        ("１９９００００１２３４", "19900001234"),
        ("0953-3050000", "09533050000"),
        ("(0953) 3050000", "09533050000"),
        ("（０９５３）３０５００００", "09533050000"),
        ("010 66660000", "01066660000"),
    ],
)
def test_a_phone_is_read_however_it_is_typed(typed: str, digits: str):
    assert parse_phone(typed) == digits


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "110",
        "12900001234",
        "1990000123",
        "199000012345",
        "095-1050000",
        "３",
        "二〇〇",
        "+1 555 0100",
        "199\x0000001234",
    ],
)
def test_other_texts_are_no_phone(typed: str):
    assert parse_phone(typed) is None


def test_a_phone_in_digits_of_another_script_is_none():
    assert parse_phone("".join(chr(0x0660 + int(digit)) for digit in "19900001234")) is None


@given(st.text(max_size=30))
def test_a_phone_is_digits_or_nothing(text: str):
    assert re.fullmatch(r"[0-9]{10,12}", parse_phone(text) or "0000000000")


def test_a_masked_phone_is_recognised_but_not_called():
    assert mask_phone("19900001234") == "199****1234"
    assert mask_phone("12345") == "****"
    assert mask_phone("") == "****"


def test_a_masked_name_keeps_the_surname():
    assert mask_name("王测试") == "王**"
    assert mask_name("王") == "王*"


@pytest.mark.parametrize(
    "text", ["请打19900001234", "电话：199 0000 1234。", "call 199-0000-1234!", "１９９００００１２３４找我"]
)
def test_a_mobile_number_in_a_text_is_noticed(text: str):
    assert has_phone_inside(text)


@pytest.mark.parametrize("text", ["", "2026年11月24日上午9点30分", "QTX48219037", "640381001002", "119900001234567"])
def test_other_digits_in_a_text_are_left_alone(text: str):
    assert not has_phone_inside(text)


# Passwords


def test_a_password_fits_its_own_hash_only():
    first, second = hash_password("correct-horse-tests"), hash_password("correct-horse-tests")
    assert first != second
    assert first.startswith("$argon2id$")
    assert is_password("correct-horse-tests", first)
    assert not is_password("correct-horse-test", first)
    assert not is_password("", first)
    assert not needs_rehash(first)


def test_a_guess_costs_whoever_guesses_as_much_as_advised():
    """OWASP's least for argon2id: 19 MiB, twice. The tests themselves sign in more cheaply (`databases.py`)."""
    assert MEMORY_KIB >= 19 * 1024
    assert TIMES >= 2


def test_a_password_typed_in_full_width_fits():
    assert is_password("ｃｏｒｒｅｃｔ-horse-tests", hash_password("correct-horse-tests"))


def test_without_an_account_no_password_fits():
    assert not is_password("", None)
    assert not is_password("correct-horse-tests", None)
    assert not is_password("correct-horse-tests", "not a hash")


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("correct-horse", None),
        ("长城长江黄河泰山青铜峡", None),
        ("x7-" * 3, "too_short"),
        ("abcdefghi1"[: SHORTEST - 1], "too_short"),
        ("abcdefghi1"[:SHORTEST], None),
        ("abcd" * 32, None),
        ("abcd" * 32 + "e", "too_long"),
        ("aaaaaaaaaaaa", "too_simple"),
        ("abababababab", "too_simple"),
        ("1234567890", "too_simple"),
        ("QwertyUiop", "too_simple"),
        ("my-Clerk-one-2026", "like_username"),
    ],
)
def test_a_weak_password_is_named(password: str, fault: str | None):
    assert len("abcd" * 32) == LONGEST
    assert find_weakness(password, "clerk-one") == fault


def test_a_first_password_can_be_read_out_and_is_good_enough():
    made = {new_password() for _ in range(50)}
    assert len(made) == 50
    for password in made:
        assert re.fullmatch(r"[a-km-np-z2-9]{4}(-[a-km-np-z2-9]{4}){2}", password)
        assert find_weakness(password, "clerk-one") is None


# Divisions and actors


@pytest.mark.parametrize(
    ("code", "prefix"),
    [
        ("640000000000", "64"),
        ("640300000000", "6403"),
        ("640381000000", "640381"),
        ("640381001000", "640381001"),
        ("640381100000", "640381100"),
        ("640381001002", "640381001002"),
        ("640381100200", "640381100200"),
    ],
)
def test_a_division_reaches_what_begins_with_its_prefix(code: str, prefix: str):
    assert division_prefix(code) == prefix


def test_an_actor_is_known_by_account_then_by_link():
    assert Actor(Party.COMMUNITY, "东街居委会", account_id=3).key == "community:3"
    assert Actor(Party.RESIDENT, "居民", account_id=3, order_id=9).key == "resident:3"
    assert Actor(Party.RESIDENT, "居民", order_id=9).key == "resident:link:9"
    assert system_actor("offers").key == "system"
    assert system_actor("offers").party is Party.SYSTEM
