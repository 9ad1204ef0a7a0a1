"""What comes out of the printer: A4, nothing cut off, every word there, and codes that a telephone reads."""

import io
import re
from dataclasses import dataclass

import pypdfium2
import pytest
import zxingcpp
from PIL import Image, ImageOps
from playwright.sync_api import Page, expect

from tests.factories import COMMUNITY, PASSWORD, accepted, closed, window
from tests.journeys.browser import DESKTOP, Screen
from tests.journeys.cast import Cast
from tests.journeys.people import CommunityClerk
from tests.journeys.stories import STARTS_AT
from tests.recognition.test_papers import leaves_of

#: Points of A4, and how near to the edge a printer still prints.
A4 = (595, 842)
EDGE_MM = 5
#: So large that a PDF's reader takes the line below for a part of it: looked for letter by letter.
TITLE = "扫码点科普"
#: What Chromium may be off by when it lays out in points.
SLACK = 2


@pytest.fixture
def screen() -> Screen:
    """Paper has one size."""
    return DESKTOP


@dataclass
class Sheet:
    """A page of a PDF: its words without white space, and what it looks like at 150 dots to the inch."""

    size: tuple[float, float]
    text: str
    image: Image.Image

    @property
    def codes(self) -> list[str]:
        return [found.text for found in zxingcpp.read_barcodes(self.image)]

    def says(self, *texts: str) -> None:
        for text in texts:
            assert "".join(text.split()) in self.text, f"{text} is not on the paper"


def print_page(page: Page) -> list[Sheet]:
    """As "save as PDF" does it."""
    expect(page.locator("[data-print]")).to_be_visible()
    _is_whole(page)
    document = pypdfium2.PdfDocument(page.pdf(prefer_css_page_size=True))
    try:
        sheets = []
        for one in document:
            words = one.get_textpage()
            image = one.render(scale=150 / 72).to_pil().convert("L")
            sheets.append(Sheet(one.get_size(), "".join(words.get_text_range().split()), image))
            words.close()
            one.close()
    finally:
        document.close()
    for sheet in sheets:
        assert sorted(round(side) for side in sheet.size) == pytest.approx(A4, abs=1)
        _has_margins(sheet)
    return sheets


def _is_whole(page: Page) -> None:
    """No sheet and no cell hides a part of what stands in it."""
    page.emulate_media(media="print")
    hidden = page.evaluate(
        """slack => [...document.querySelectorAll('.sheet, .sheet *')]
          .filter(one => one.clientWidth && getComputedStyle(one).overflow === 'hidden' && !one.closest('.vh, svg')
            && (one.scrollHeight > one.clientHeight + slack || one.scrollWidth > one.clientWidth + slack))
          .map(one => `${one.tagName}.${one.className} ${one.scrollHeight}>${one.clientHeight}`)""",
        SLACK,
    )
    page.emulate_media(media="null")
    assert hidden == []


def _has_margins(sheet: Sheet) -> None:
    """White all around."""
    left, top, right, bottom = ImageOps.invert(sheet.image).getbbox() or (0, 0, 0, 0)
    edge = EDGE_MM / 25.4 * 150
    width, height = sheet.image.size
    assert left >= edge
    assert top >= edge
    assert right <= width - edge
    assert bottom <= height - edge


def test_the_poster_is_one_sheet_with_a_code_that_orders(cast: Cast):
    page = cast.clerk.page
    cast.clerk.open("/community/poster")
    (sheet,) = print_page(page)
    assert set(TITLE) <= set(sheet.text)
    sheet.says("东街居委会", "手机扫一扫", "选内容，约时间", "志愿者上门", "防灾减灾与应急避险", "打电话")
    assert sheet.codes == [f"{cast.site.address}/order?community={COMMUNITY}"]
    assert "返回工作台" not in sheet.text

    cast.resident.open(sheet.codes[0].removeprefix(cast.site.address))
    cast.resident.reads("想要什么")


def test_the_poster_fits_in_english_too(cast: Cast):
    cast.clerk.open("/community/")
    cast.clerk.press("English")
    cast.clerk.open("/community/poster")
    (sheet,) = print_page(cast.clerk.page)
    assert sheet.codes == [f"{cast.site.address}/order?community={COMMUNITY}"]
    cast.clerk.open("/community/poster/cards")
    (sheet,) = print_page(cast.clerk.page)
    assert len(sheet.codes) == 8


def test_a_smudged_poster_still_leads_there(cast: Cast):
    cast.clerk.open("/community/poster")
    (sheet,) = print_page(cast.clerk.page)
    width, height = sheet.image.size
    blot = Image.new("L", (width // 14, width // 14), 255)
    sheet.image.paste(blot, (width // 2 - blot.width // 2, int(height * 0.41) - blot.height // 2))
    assert sheet.codes == [f"{cast.site.address}/order?community={COMMUNITY}"]


def test_a_town_prints_a_sheet_for_each_of_its_communities(cast: Cast):
    town = CommunityClerk(cast.new_page())
    town.sign_in(cast.username_of(cast.city.town), PASSWORD)
    town.open("/community/poster")
    town.page.get_by_label("哪个社区或村").select_option(label="东街居委会")
    town.press("换成这个")
    (one,) = print_page(town.page)
    one.says("东街居委会")

    town.page.get_by_role("link", name=re.compile("一次打印全部")).click()
    sheets = print_page(town.page)
    assert len(sheets) > 5
    links = [code for sheet in sheets for code in sheet.codes]
    assert len(links) == len(set(links)) == len(sheets)
    for sheet in sheets:
        assert set(TITLE) <= set(sheet.text)
        sheet.says("志愿者上门")


def test_eight_cards_fill_a_sheet(cast: Cast):
    cast.clerk.open("/community/poster")
    cast.clerk.page.get_by_role("link", name="带回家的小卡片").click()
    (sheet,) = print_page(cast.clerk.page)
    assert sheet.codes == [f"{cast.site.address}/order?community={COMMUNITY}"] * 8


def test_the_days_sheet_is_one_page_to_sign_on(cast: Cast):
    cast.given(accepted)
    cast.move_to(STARTS_AT)
    cast.leader.open("/team/day")
    cast.leader.follow_link("打印当日服务单")
    cast.leader.press("印上完整号码")
    (sheet,) = print_page(cast.leader.page)
    assert sheet.image.width > sheet.image.height
    sheet.says(
        "当日服务单",
        "合理膳食讲座",
        "社区活动室",
        "本人签名",
        "实际开始",
        "到场人数",
        "王测试",
        "19900001234",
        cast.crew[0],
    )


def test_the_history_of_an_order_is_one_page(cast: Cast):
    order = cast.given(closed)
    cast.move_to(window(4).starts_at)
    cast.office.open(f"/office/orders/{order.number}/sheet")
    (sheet,) = print_page(cast.office.page)
    sheet.says("办理记录", order.spoken, "派单给市卫生健康局", "讲了三减三健", "校验码", "按时")


def test_a_certificate_is_asked_for_printed_and_checked(cast: Cast):
    cast.given(closed)
    cast.move_to(window(4).starts_at)
    me = cast.volunteer
    me.go_to("服务证明")
    me.choose("全部")
    me.press("开证明")
    expect(me.page.get_by_role("heading", name="志愿服务记录证明")).to_be_visible()
    (sheet,) = print_page(me.page)
    sheet.says(
        "志愿服务记录证明", "Certificate of Volunteer Service", cast.crew[0], "1.5小时", "健康科普", "市医院测试队"
    )
    sheet.says("QTXZ-2026-000001", "青铜峡市科协", "负责人", "（盖章）", "free of charge", "裕民街道", "记录单位")
    (link,) = sheet.codes
    with me.page.expect_download() as download:
        me.page.get_by_role("link", name="下载 PDF").click()
    (leaf,) = leaves_of(download.value.path().read_bytes())
    assert leaf.codes == [link]
    assert "QTXZ-2026-000001" in leaf.text
    assert cast.crew[0] in leaf.text
    assert link.startswith(f"{cast.site.address}/verify/")

    cast.resident.open(link.removeprefix(cast.site.address))
    cast.resident.reads("有效", "QTXZ-2026-000001", "1.5 小时", "测**")
    cast.resident.does_not_read(cast.crew[0])

    cast.office.go_to("服务证明")
    cast.office.page.get_by_role("link", name="撤销").click()
    cast.office.fill("为什么撤销", "登记有误")
    cast.office.press("撤销证明")
    cast.office.reads("证明已撤销", "登记有误")
    cast.resident.page.reload()
    cast.resident.reads("已撤销", "不再作数", "登记有误")
    me.page.reload()
    (sheet,) = print_page(me.page)
    sheet.says("已撤销", "REVOKED")


def test_the_paper_is_black_on_white_in_the_dark(cast: Cast):
    cast.clerk.page.emulate_media(color_scheme="dark")
    cast.clerk.open("/community/poster")
    sheet = cast.clerk.page.locator(".sheet")
    expect(sheet).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(sheet).to_have_css("color", "rgb(0, 0, 0)")
    shot = Image.open(io.BytesIO(sheet.screenshot())).convert("L")
    assert shot.getpixel((shot.width // 2, shot.height - 6)) > 250
