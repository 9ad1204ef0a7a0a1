"""An evaluation paper from the office's desk to the printer: A4 across, nothing cut off, and the figures open."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from tests.factories import closed, window
from tests.journeys.browser import DESKTOP, Screen
from tests.journeys.cast import Cast
from tests.journeys.stories import STARTS_AT
from tests.journeys.test_papers import print_page


@pytest.fixture
def screen() -> Screen:
    """Paper has one size."""
    return DESKTOP


def test_the_years_summary_is_printed_across_and_its_figures_open(cast: Cast):
    before = STARTS_AT - timedelta(days=10)
    cast.given(lambda city: closed(city, before, agreed=window(1, now=before)))
    page = cast.office.page
    cast.office.open("/office/papers")
    page.get_by_role("link", name=re.compile("查看和打印.*年度总结")).click()
    sheets = print_page(page)
    assert 2 <= len(sheets) <= 8
    assert all(width > height for width, height in (sheet.size for sheet in sheets))
    sheets[0].says("年度总结", "群众到场", "人次", "怎么算的")
    sheets[-1].says("制表时间")
    assert all("返回" not in sheet.text for sheet in sheets)

    page.get_by_role("cell", name="28", exact=True).first.get_by_role("link").click()
    expect(page.locator("body")).to_contain_text("全部 1 行相加：28 人次")
