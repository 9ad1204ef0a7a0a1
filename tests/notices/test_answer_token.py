"""The token of an answer link: one purpose, one reader, nothing of a person, and nobody else can make one."""

import base64

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qtxvol.notices.answer_token import (
    LENGTH,
    Asked,
    form_token,
    is_form_token,
    is_token,
    make_token,
    read_token,
)
from qtxvol.notices.invitations import PREFIX
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.replies import Purpose

KEY, OLD_KEY, NONCE = "k" * 48, "o" * 48, "n" * 32
COME = Asked(Purpose.COME, Party.VOLUNTEER, 1234, 77, 29_000_000)
KINDS = [
    (Purpose.COME, Party.VOLUNTEER),
    (Purpose.COME, Party.TEAM),
    (Purpose.OFFER, Party.TEAM),
    (Purpose.CONFIRM_TIME, Party.RESIDENT),
    (Purpose.TOOK_PLACE, Party.RESIDENT),
    (Purpose.RATE, Party.RESIDENT),
]
ids = st.integers(1, 2**31 - 1)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.sampled_from(KINDS), ids, ids, st.integers(0, 2**32 - 1))
def test_what_goes_in_comes_out_and_fits_into_a_text_message(
    kind: tuple[Purpose, Party], order_id: int, reader_id: int, about: int
) -> None:
    asked = Asked(*kind, order_id, reader_id, about)
    token = make_token(asked, KEY, NONCE)
    assert len(token) == LENGTH
    assert len(PREFIX + token) <= 60
    assert read_token(token) == asked
    assert is_token(token, [KEY], NONCE)


def test_a_key_that_was_used_before_still_opens() -> None:
    assert is_token(make_token(COME, OLD_KEY, NONCE), [KEY, OLD_KEY], NONCE)
    assert not is_token(make_token(COME, OLD_KEY, NONCE), [KEY], NONCE)


def test_a_renewed_link_of_the_order_ends_it() -> None:
    assert not is_token(make_token(COME, KEY, NONCE), [KEY], "m" * 32)


@given(st.integers(0, LENGTH - 1), st.sampled_from("ABCDEFXYZabcxyz0189-_"))
def test_one_changed_letter_and_it_is_no_link_any_more(at: int, letter: str) -> None:
    token = make_token(COME, KEY, NONCE)
    changed = token[:at] + letter + token[at + 1 :]
    assert changed == token or not is_token(changed, [KEY], NONCE)


def test_the_same_proof_serves_no_other_purpose_reader_or_time() -> None:
    raw = base64.urlsafe_b64decode(make_token(COME, KEY, NONCE) + "==")
    for other in (
        Asked(Purpose.COME, Party.TEAM, 1234, 77, 29_000_000),
        Asked(Purpose.COME, Party.VOLUNTEER, 1234, 78, 29_000_000),
        Asked(Purpose.COME, Party.VOLUNTEER, 1235, 77, 29_000_000),
        Asked(Purpose.COME, Party.VOLUNTEER, 1234, 77, 29_000_001),
    ):
        body = base64.urlsafe_b64decode(make_token(other, KEY, NONCE) + "==")[:13]
        stolen = base64.urlsafe_b64encode(body + raw[13:]).decode().rstrip("=")
        assert read_token(stolen) == other
        assert not is_token(stolen, [KEY], NONCE)


@pytest.mark.parametrize(
    "text", ["", "x", "x" * LENGTH, "é" * LENGTH, "A" * LENGTH, "-" * LENGTH, "A" * 4000, "\0" * 38]
)
def test_nonsense_says_nothing(text: str) -> None:
    assert read_token(text) is None
    assert not is_token(text, [KEY], NONCE)


@given(st.text(max_size=60))
def test_nothing_that_somebody_types_breaks_it(text: str) -> None:
    read_token(text)
    assert not is_token(text, [KEY], NONCE)
    assert not is_form_token(text, "token", [KEY])


def test_a_form_token_belongs_to_its_link() -> None:
    assert is_form_token(form_token("one", KEY), "one", [KEY])
    assert is_form_token(form_token("one", OLD_KEY), "one", [KEY, OLD_KEY])
    assert not is_form_token(form_token("one", KEY), "two", [KEY])
