"""Words in braces: what is refused, what is filled in, and what never gets through."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtxvol.notices.kinds import KINDS
from qtxvol.notices.variables import VARIABLES, fill, find_fault, list_variables, mask, moment_of, plain_braces, span_of
from qtxvol.privacy.numbers import has_number


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("单号 {numbr} 好了", "您要写的是不是 {number}"),
        ("{单号}好了", "您要写的是不是 {number}"),
        ("请到{plase}", "{place}"),
        ("{phone} 请联系", "没有 {phone} 这个变量"),
        ("{stars}", "没有 {stars} 这个变量"),  # another kind has it
        ("{}", "没有 {} 这个变量"),
        ("{number", "大括号没有成对"),
        ("number}", "大括号没有成对"),
        ("有事打 19900001234", "不要写电话和证件号码"),
        ("有事打 1990000 1234", "不要写电话和证件号码"),
        ("有事打 １９９００００１２３４", "不要写电话和证件号码"),
        ("座机 0953-3051234", "不要写电话和证件号码"),
        ("证件 110101199003070011", "不要写电话和证件号码"),
    ],
)
def test_a_wording_that_cannot_be_used_says_why(text: str, said: str) -> None:
    fault = find_fault(text, KINDS["claim"], is_mail=False)
    assert fault is not None
    assert said in fault.zh
    assert fault.en != fault.zh


def test_a_wording_with_known_words_passes() -> None:
    assert find_fault("{number} {item} {department}", KINDS["claim"], is_mail=False) is None
    assert find_fault("评了 {stars} 星", KINDS["rate"], is_mail=False) is None
    assert find_fault(plain_braces("｛number｝"), KINDS["claim"], is_mail=False) is None


def test_the_block_of_facts_is_for_mail_alone() -> None:
    assert find_fault("{facts}", KINDS["claim"], is_mail=True) is None
    assert find_fault("{facts}", KINDS["claim"], is_mail=False) is not None


def test_a_kind_without_an_order_knows_no_order() -> None:
    names = {each.name for each in list_variables(KINDS["team_request"], is_mail=True)}
    assert names == {"kind", "link", "hotline", "name"}


def test_a_missing_value_is_talked_around() -> None:
    assert fill("{number}由{department}办", {"number": "QTX 1"}, "zh") == "QTX 1由承办部门办"
    assert fill("held by {department}", {}, "en") == "held by the department"


def test_a_line_that_would_say_nothing_is_left_out() -> None:
    assert fill("您好\n电话：{hotline}\n再见", {}, "zh") == "您好\n再见"
    assert fill("您好\n电话：{hotline}\n再见", {"hotline": "12345"}, "zh") == "您好\n电话：12345\n再见"


def test_a_word_that_nobody_knows_any_more_stops_no_notice() -> None:
    assert fill("单号{old_word}好了", {}, "zh") == "单号好了"


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_every_variable_speaks_when_it_has_no_value(locale: str) -> None:
    for name in VARIABLES:
        said = fill(f"前{{{name}}}后", {}, locale)
        assert "{" not in said


def test_times_are_of_the_citys_clock() -> None:
    start, end = datetime(2026, 12, 1, 1, 0, tzinfo=UTC), datetime(2026, 12, 1, 2, 30, tzinfo=UTC)
    assert span_of(start, end, "zh", year=2026) == "12月1日（周二）09:00–10:30"
    assert span_of(start, end, "en", year=2026) == "Tue 1 Dec, 09:00–10:30"
    assert moment_of(start, "zh", year=2025) == "2026年12月1日（周二）09:00"
    late = datetime(2026, 12, 31, 17, 0, tzinfo=UTC)
    assert moment_of(late, "en", year=2026) == "Fri 1 Jan 2027, 01:00"


PHONES = st.builds(
    lambda digits, gap, wide: f"1{digits[:2]}{gap}{digits[2:6]}{gap}{digits[6:]}".translate(
        str.maketrans("0123456789", "０１２３４５６７８９") if wide else {}
    ),
    st.from_regex(r"[3-9][0-9]{9}", fullmatch=True),
    st.sampled_from(["", " ", "-", "  ", "\u200b", "\u00ad", "·", "{", "\n"]),
    st.booleans(),
)
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Nd", "Cs")), max_size=12)


@settings(max_examples=200, deadline=None)
@given(WORDS, PHONES, WORDS)
def test_no_telephone_number_gets_through_in_words_that_somebody_typed(before: str, phone: str, after: str) -> None:
    said = mask(before + phone + after)
    assert not has_number(said)
    assert "{" not in said
    assert "}" not in said
    assert "\n" not in said


def test_dates_prices_and_short_numbers_stay() -> None:
    assert mask("3 号楼 201，12 月 1 日，30 人") == "3 号楼 201，12 月 1 日，30 人"
