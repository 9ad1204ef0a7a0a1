"""Certificates and records as files: every character is there, and the code leads to the certificate."""

import io
import os
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from flask.testing import FlaskClient
from PIL import Image
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select

from qtxvol.extensions import db
from qtxvol.hours.models import HoursEntry
from qtxvol.orders.serve import reopen_order
from qtxvol.recognition.certificates import Period, issue_certificate, revoke_certificate
from qtxvol.recognition.models import Certificate
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Volunteer
from qtxvol.web import pdf
from qtxvol.web.pdf_fonts import Face, Typeface, find_typeface
from tests.factories import NOW, closed, window
from tests.recognition.ledgers import add_hours
from tests.web.pages import get_page, post_form, read
from tests.web.site import Site

LATER = NOW + timedelta(days=8)
TODAY = date(2026, 12, 2)


@pytest.fixture
def typeface() -> Typeface:
    """The system's Chinese font. CI has one; elsewhere these tests are left out without."""
    found = find_typeface(None)
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no Chinese font here: apt install fonts-noto-cjk")
        pytest.skip("no Chinese font here")
    return found


@dataclass
class Leaf:
    """A page of a PDF: its words without white space, and what it looks like at 150 dots to the inch."""

    text: str
    image: Image.Image

    @property
    def codes(self) -> list[str]:
        return [found.text for found in zxingcpp.read_barcodes(self.image)]


def leaves_of(data: bytes) -> list[Leaf]:
    document = pypdfium2.PdfDocument(data)
    try:
        leaves = []
        for page in document:
            words = page.get_textpage()
            image = page.render(scale=150 / 72).to_pil().convert("L")
            leaves.append(Leaf("".join(words.get_text_range().split()), image))
            words.close()
            page.close()
        return leaves
    finally:
        document.close()


def get_leaves(client: FlaskClient, url: str) -> list[Leaf]:
    answer = client.get(url)
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf"), answer.get_data(as_text=True)[:2000]
    assert "attachment" in answer.headers["Content-Disposition"]
    return leaves_of(answer.data)


def issued(site: Site, **more: Any) -> int:
    """A certificate over two services of the first of the crew, who is called by a name that is easy to look for."""
    site.make(closed)
    site.make(closed, agreed=window(5))
    site.move_to(LATER)
    with site.app.app_context():
        with transaction():
            person = db.session.get_one(Volunteer, site.city.crew[0])
            person.name, person.id_kind, person.id_number = "欧阳明珠", "passport", "E12345678"
        return issue_certificate(site.city.volunteer, site.city.crew[0], Period(None, TODAY), LATER, **more)


def code_of(site: Site, certificate_id: int) -> str:
    with site.app.app_context():
        return db.session.get_one(Certificate, certificate_id).code


def test_the_certificate_has_every_field_and_its_code_opens_its_page(site_sqlite: Site, typeface: Typeface) -> None:
    paper = issued(site_sqlite, shows_identity=True)
    me = site_sqlite.browser(site_sqlite.city.volunteer)
    (leaf,) = get_leaves(me, f"/volunteer/certificates/{paper}.pdf")
    for words in (
        "志愿服务记录证明", "CertificateofVolunteerService", "QTXZ-2026-000001", "欧阳明珠", "护照*******5678",
        "2026年11月27日至2026年12月2日", "3小时，2次服务", "健康科普", "裕民街道", "市医院测试队", "不含往返路途",
        "负责人", "经办人", "（盖章）", "青铜峡市科协", "2026年12月2日", "freeofcharge",
    ):  # fmt: skip
        assert words in leaf.text, words
    assert "E12345678" not in leaf.text
    assert "已撤销" not in leaf.text
    lacking = {*typeface.plain.lacks(leaf.text), *typeface.bold.lacks(leaf.text)}
    assert not lacking, "the paper has characters that the font can't draw"
    (link,) = leaf.codes
    assert link == f"http://localhost/verify/{code_of(site_sqlite, paper)}"
    page = read(site_sqlite.browser().get(link.removeprefix("http://localhost")))
    for words in ("有效", "QTXZ-2026-000001", "欧***", "3 小时"):
        assert words in page.text, words
    assert "欧阳明珠" not in page.html


def test_every_character_is_drawn_and_none_is_a_box(site_sqlite: Site, typeface: Typeface) -> None:
    """The glyphs that stand in the file, not only the text behind them."""
    paper = issued(site_sqlite)
    data = site_sqlite.browser(site_sqlite.city.volunteer).get(f"/volunteer/certificates/{paper}.pdf").data
    document = pypdfium2.PdfDocument(data)
    empty = 0
    page = document[0]
    words = page.get_textpage()
    image = page.render(scale=2).to_pil().convert("L")
    for i in range(words.count_chars()):
        char = words.get_text_range(i, 1)
        if not char.strip():
            continue
        left, bottom, right, top = words.get_charbox(i, loose=True)
        height = page.get_height()
        part = image.crop((int(left * 2), int((height - top) * 2), int(right * 2) + 1, int((height - bottom) * 2) + 1))
        empty += not any(value < 200 for value in part.tobytes())
    words.close()
    page.close()
    document.close()
    assert empty == 0
    assert data.count(b"/FontFile") >= 2, "the fonts stand in the file"


def test_a_revoked_certificate_says_so_on_paper_and_where_it_is_checked(site_sqlite: Site, typeface: Typeface) -> None:
    paper = issued(site_sqlite)
    with site_sqlite.app.app_context():
        revoke_certificate(site_sqlite.city.office, paper, "登记有误", LATER)
    me = site_sqlite.browser(site_sqlite.city.volunteer)
    (leaf,) = get_leaves(me, f"/volunteer/certificates/{paper}.pdf")
    assert "已撤销REVOKED" in leaf.text
    (link,) = leaf.codes
    page = read(site_sqlite.browser().get(link.removeprefix("http://localhost")))
    for words in ("已撤销", "不再作数", "登记有误"):
        assert words in page.text, words


def test_without_a_font_there_is_a_way_out_instead_of_a_file(
    site_sqlite: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = issued(site_sqlite)
    monkeypatch.setattr(pdf, "find_typeface", lambda chosen: None)
    answer = site_sqlite.browser(site_sqlite.city.volunteer).get(f"/volunteer/certificates/{paper}.pdf")
    assert answer.status_code == 409
    for words in ("没有中文字体", "打印", "fonts-noto-cjk", "QTXVOL_PDF_FONT"):
        assert words in read(answer).text, words


def test_a_character_that_the_font_lacks_is_named_and_never_a_box(
    site_sqlite: Site, typeface: Typeface, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = issued(site_sqlite)

    def without(face: Face) -> Face:
        return Face(face.path, face.number, face.glyphs - {ord("珠")})

    poor = Typeface(without(typeface.plain), without(typeface.bold), without(typeface.heading))
    monkeypatch.setattr(pdf, "find_typeface", lambda chosen: poor)
    answer = site_sqlite.browser(site_sqlite.city.volunteer).get(f"/volunteer/certificates/{paper}.pdf")
    assert answer.status_code == 409
    assert "没有“珠”" in read(answer).text


def test_a_font_is_found_by_its_simplified_face_and_a_broken_file_is_none(typeface: Typeface, tmp_path: Path) -> None:
    if typeface.plain.path.name == "NotoSansCJK-Regular.ttc":
        assert typeface.plain.number == 2
    own = find_typeface(typeface.plain.path)
    assert own is not None
    assert own.plain == typeface.plain
    broken = tmp_path / "font.ttf"
    broken.write_bytes(b"no font")
    assert find_typeface(broken) is None
    assert find_typeface(tmp_path / "nothing.ttf") is None


def test_a_team_is_certified_at_once_and_its_papers_are_one_file(site_sqlite: Site, typeface: Typeface) -> None:
    city = site_sqlite.city
    with site_sqlite.app.app_context():
        add_hours(city, city.crew[1], 10)
    site_sqlite.move_to(LATER)
    office = site_sqlite.browser(city.office)
    url = "/office/certificates/team"
    answer = post_form(office, url, url, {"team_id": str(city.team.team_id), "span": "all"})
    assert answer.status_code == 303
    page = get_page(office, answer.location)
    assert "已开好 2 份" in page.text
    leaves = get_leaves(office, f"/office/certificates.pdf?team={city.team.team_id}")
    assert len(leaves) == 2
    assert len({code for leaf in leaves for code in leaf.codes}) == 2
    table = CalamineWorkbook.from_filelike(io.BytesIO(office.get("/office/certificates.xlsx").data)).get_sheet_by_index(
        0
    )
    rows = table.to_python()
    assert [row[6] for row in rows if str(row[0]).startswith("QTXZ")] == [600, 90]
    assert office.get("/office/certificates.pdf?q=没有").status_code == 404


def test_the_record_has_every_line_and_its_minutes_add_up(site_sqlite: Site, typeface: Typeface) -> None:
    city = site_sqlite.city
    order = site_sqlite.make(closed)
    site_sqlite.make(closed, agreed=window(5))
    site_sqlite.move_to(LATER)
    with site_sqlite.app.app_context():
        reopen_order(order.number, city.office, text="没有讲完", now=LATER)
        total = db.session.scalar(select(func.sum(HoursEntry.minutes)).where(HoursEntry.volunteer_id == city.crew[0]))
    me = site_sqlite.browser(city.volunteer)
    (leaf,) = get_leaves(me, "/volunteer/record.pdf")
    for words in ("志愿服务记录", "合理膳食讲座", "裕民街道", "冲销", "-90", "1.5小时（90分钟），1次服务"):
        assert words in leaf.text, words
    data = me.get("/volunteer/record.xlsx").data
    rows = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    lines = [row for row in rows if str(row[0]).startswith("2026-")]
    assert len(lines) == 3
    assert sum(row[4] for row in lines) == total == 90
    office = site_sqlite.browser(city.office)
    assert len(get_leaves(office, f"/office/volunteers/{city.crew[0]}/record.pdf")) == 1
    assert office.get(f"/office/volunteers/{city.crew[0]}/record.xlsx").status_code == 200


def test_the_name_on_the_paper_is_checked_without_being_shown(site_sqlite: Site) -> None:
    paper = issued(site_sqlite)
    url = f"/verify/{code_of(site_sqlite, paper)}"
    stranger = site_sqlite.browser()

    def ask(name: str) -> Any:
        return read(post_form(stranger, url, url, {"name": name}))

    assert "一致" in ask("欧阳 明珠").text
    assert "不一致" in ask("欧阳明").text
    with site_sqlite.app.app_context(), transaction():
        db.session.get_one(Volunteer, site_sqlite.city.crew[0]).name = "已注销"
    page = ask("欧阳明珠")
    assert "就是“欧阳明珠”" in page.text
    assert "欧***" in page.text
    assert "已注销" not in page.html
    mine = site_sqlite.browser(site_sqlite.city.office).get(f"/office/certificates/{paper}").get_data(as_text=True)
    assert "欧***" in mine
    assert "姓名有更改或已删除" in mine
