"""What is sealed opens with its key alone, and a digest says nothing without one."""

import string

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from qtxvol.privacy.numbers import drop_numbers, has_number, mask_tail
from qtxvol.privacy.sealed import MARK, UNREADABLE, Sealed, SealedName, SealedWords
from qtxvol.privacy.vault import LostKey, Vault

OLD, NEW, OTHER = (letter * 3 + string.ascii_letters for letter in "abc")
texts = st.text(min_size=1, max_size=60)
kinds = st.sampled_from(("phone", "id"))


@given(texts)
def test_what_is_sealed_opens_again_and_never_looks_the_same_twice(text: str):
    vault = Vault([OLD])
    sealed = vault.seal(text)
    assert vault.open(sealed) == text
    assert sealed.isascii()
    assert vault.seal(text) != sealed
    assert vault.is_newest(sealed)


@given(texts)
def test_a_newer_key_in_front_still_opens_and_finds_what_the_older_one_sealed(text: str):
    old, both = Vault([OLD]), Vault([NEW, OLD])
    assert both.open(old.seal(text)) == text
    assert not both.is_newest(old.seal(text))
    assert old.digest("phone", text) in both.digests("phone", text)
    assert both.digest("phone", text) not in old.digests("phone", text)


@given(texts)
def test_another_key_opens_nothing(text: str):
    with pytest.raises(LostKey, match="QTXVOL_DATA_KEYS"):
        Vault([OTHER]).open(Vault([OLD]).seal(text))


@given(texts, texts, kinds, kinds)
def test_digests_are_the_same_only_for_the_same_text_of_the_same_kind(one: str, two: str, kind: str, other: str):
    vault = Vault([OLD])
    assert (vault.digest(kind, one) == vault.digest(other, two)) == ((kind, one) == (other, two))
    assert len(vault.digest(kind, one)) == 64


@pytest.mark.parametrize("damaged", ["", "gAAAA", "x" * 100, "号码"])
def test_what_is_damaged_is_said_to_be_lost(damaged: str):
    with pytest.raises(LostKey):
        Vault([OLD]).open(damaged)


@pytest.mark.parametrize(
    "text",
    [
        "13812345678",
        "请打 138 1234 5678",
        "电话：138-1234-5678。",
        "１３８１２３４５６７８",
        "(0953)3051234 转",
        "64038119900101123X",
    ],
)
def test_numbers_of_people_are_found_however_they_are_written(text: str):
    assert has_number(text)
    assert not any(char.isdecimal() for char in drop_numbers(text))


@pytest.mark.parametrize("text", ["", "三楼 301 室", "约 30 人，2 小时", "QTX 4821 9037", "2026-12-01"])
def test_other_digits_are_left_alone(text: str):
    assert not has_number(text)
    assert drop_numbers(text) == text.replace("，", ",")


def test_a_mask_needs_the_last_digits_only():
    assert mask_tail("1234") == "*******1234"
    assert mask_tail("") == ""


def test_only_words_with_a_number_in_them_are_sealed(app_sqlite: Flask):
    words = SealedWords()
    with app_sqlite.app_context():
        assert words.process_bind_param("请带控盐勺", None) == "请带控盐勺"
        stored = words.process_bind_param("请打 13812345678", None)
        assert stored.startswith(MARK)
        assert "13812345678" not in stored
        assert words.process_result_value(stored, None) == "请打 13812345678"
        # whoever could write the mark itself gets it back, and nothing else
        assert words.process_result_value(words.process_bind_param(MARK + "x", None), None) == MARK + "x"


def test_a_lost_key_costs_a_name_or_a_text_but_never_a_number(app_sqlite: Flask):
    with app_sqlite.app_context():
        foreign = Vault([OTHER]).seal("王女士")
        assert SealedName().process_result_value(foreign, None) == UNREADABLE
        assert SealedWords().process_result_value(MARK + foreign, None) == UNREADABLE
        with pytest.raises(LostKey):
            Sealed().process_result_value(foreign, None)
