"""What must not stand in a text that everybody reads is found, and ordinary words are left alone."""

import pytest

from qtxvol.reports.plain_words import find_personal_data


@pytest.mark.parametrize(
    "text",
    ["请打 13900001234", "座机 0953-3051234", "１３９ ０００１ ２３４５", "证件 64030219800101001X", "139—0000—1234"],
)
def test_numbers_of_telephones_and_papers_are_found_however_they_are_written(text: str):
    assert find_personal_data(text, []) == "number"


def test_mail_and_names_are_found():
    assert find_personal_data("写到 who@example.org 即可", []) == "address"
    assert find_personal_data("感谢王 测试老师", ["李四", "王测试"]) == "王测试"


@pytest.mark.parametrize(
    "text", ["2026 年办了 157 场，到场 7377 人次", "从 2021-2025 年，2026-11-24", "一号楼 3 单元", ""]
)
def test_ordinary_numbers_are_no_personal_data(text: str):
    assert find_personal_data(text, ["王", ""]) is None
