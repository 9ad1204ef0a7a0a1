"""What is printed: posters, cards, the day's sheet, an order's history. How it looks is for the journeys."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from qtxvol.extensions import db
from qtxvol.orders.models import OrderEvent
from tests.databases import running_app, settings_for
from tests.factories import COMMUNITY, NOW, OTHER_COMMUNITY, TOWN, accepted, claimed, closed, placed, window
from tests.web.conftest import site_of
from tests.web.pages import get_page
from tests.web.site import Site

pytestmark = pytest.mark.one_database  # what its pages read is asked of both in the rooms

FRIDAY = "2026-11-27"


def decode(svg: str) -> str:
    """What a telephone reads off a QR code that segno drew as lines."""
    size = int(re.search(r'viewBox="0 0 (\d+)', svg)[1])  # type: ignore[index]
    path = re.search(r'stroke="#000"[^>]* d="([^"]+)"|d="([^"]+)"[^>]* stroke="#000"', svg)
    assert path is not None
    image = Image.new("L", (size * 8, size * 8), 255)
    draw, x, y = ImageDraw.Draw(image), 0.0, 0.0
    for command, numbers in re.findall(r"([Mmh])([-\d. ]+)", path[1] or path[2]):
        values = [float(each) for each in re.findall(r"-?\d*\.?\d+", numbers)]
        if command == "h":
            left, top = x * 8, (y - 0.5) * 8
            draw.rectangle((left, top, left + values[0] * 8 - 1, top + 7), fill=0)
            x += values[0]
        else:
            x, y = (values[0], values[1]) if command == "M" else (x + values[0], y + values[1])
    found = zxingcpp.read_barcodes(image)
    return found[0].text if found else ""


def codes(html: str) -> list[str]:
    return [decode(svg) for svg in re.findall(r"<svg [^>]*class=\"qr\".*?</svg>", html, re.S)]


def order_form(code: str) -> str:
    return f"http://localhost/order?community={code}"


# posters


def test_a_communitys_poster_leads_to_its_own_order_form(site: Site) -> None:
    browser = site.browser(site.city.community)
    page = get_page(browser, "/community/poster")
    assert codes(page.html) == [order_form(COMMUNITY)]
    for text in ("扫码点科普", "裕民街道", "东街居委会", "健康科普", "志愿者上门"):
        assert text in page.text, text
    form = get_page(site.browser(), f"/order?community={COMMUNITY}").form("/order")
    assert form.get("division_code") == COMMUNITY


def test_a_town_chooses_one_of_its_own_and_no_other(site: Site) -> None:
    town = site.browser(site.city.town)
    page = get_page(town, "/community/poster")
    assert codes(page.html) == [order_form(TOWN)]
    chooser = next(form for form in page.forms if form.method == "get")
    assert COMMUNITY in chooser.options["community"]
    assert OTHER_COMMUNITY not in chooser.options["community"]
    assert codes(get_page(town, f"/community/poster?community={COMMUNITY}").html) == [order_form(COMMUNITY)]
    for path in ("poster", "poster/cards", "poster/qr.svg"):
        for code in (OTHER_COMMUNITY, "640381000000", "nonsense"):
            assert town.get(f"/community/{path}?community={code}").status_code == 404
            assert site.browser(site.city.community).get(f"/community/{path}?community={code}").status_code == 404


def test_all_posters_of_a_town_are_one_print(site_sqlite: Site) -> None:
    page = get_page(site_sqlite.browser(site_sqlite.city.town), "/community/poster/all")
    links = codes(page.html)
    assert len(links) == len(set(links)) > 5
    assert links[0] == order_form(TOWN)
    assert order_form(COMMUNITY) in links
    assert all(link.startswith(order_form(TOWN[:9])) for link in links)
    alone = get_page(site_sqlite.browser(site_sqlite.city.community), "/community/poster/all")
    assert codes(alone.html) == [order_form(COMMUNITY)]


def test_eight_cards_with_the_same_code_stand_on_a_sheet(site_sqlite: Site) -> None:
    page = get_page(site_sqlite.browser(site_sqlite.city.town), f"/community/poster/cards?community={COMMUNITY}")
    assert codes(page.html) == [order_form(COMMUNITY)] * 8


def test_the_code_alone_is_a_picture(site_sqlite: Site) -> None:
    answer = site_sqlite.browser(site_sqlite.city.community).get("/community/poster/qr.svg")
    assert answer.mimetype == "image/svg+xml"
    assert answer.text.startswith('<svg xmlns="http://www.w3.org/2000/svg"')


def test_without_a_hotline_the_clerk_writes_a_number_by_hand(site_sqlite: Site) -> None:
    text = get_page(site_sqlite.browser(site_sqlite.city.community), "/community/poster").text
    assert "到社区服务站，或打电话" in text  # and a line to write it on


def test_the_hotline_stands_on_poster_and_cards(sqlite_database: str, tmp_path: Path) -> None:
    with running_app(settings_for(sqlite_database, tmp_path, hotline="0953-3059999")) as app, site_of(app) as site:
        for path in ("/community/poster", "/community/poster/cards"):
            assert "0953-3059999" in get_page(site.browser(site.city.community), path).text


# the day's sheet


def test_the_days_sheet_has_a_line_to_sign_for_everybody(site: Site) -> None:
    site.make(accepted, contact_name="王测试")
    page = get_page(site.browser(site.city.team), f"/team/day/sheet?on={FRIDAY}")
    for text in (
        "当日服务单",
        "11月27日（周五）",
        "10:00–11:30",
        "合理膳食讲座",
        "王测试",
        "*******1234",
        "本人签名",
        "测试员",
    ):
        assert text in page.text, text
    assert "这一天没有安排" in get_page(site.browser(site.city.team), "/team/day/sheet?on=2026-11-26").text


def test_the_days_sheet_keeps_a_closed_services_contact_to_itself(site_sqlite: Site) -> None:
    site_sqlite.make(closed)
    site_sqlite.move_to(window(4).starts_at)
    page = get_page(site_sqlite.browser(site_sqlite.city.team), f"/team/day/sheet?on={FRIDAY}")
    assert "已办结" in page.text
    assert "19900001234" not in page.html


# an order's history


def test_the_history_holds_every_step_and_a_code_of_the_last(site: Site) -> None:
    order = site.make(closed)
    site.move_to(window(4).starts_at)
    page = get_page(site.browser(site.city.office), f"/office/orders/{order.number}/sheet")
    for text in ("点单", "派单给市卫生健康局", "领单", "接单", "办结，到场 28 人次", "讲了三减三健", "按时"):
        assert text in page.text, text
    with site.app.app_context():
        last = (
            db.session.query(OrderEvent).filter_by(order_id=order.order_id).order_by(OrderEvent.sequence.desc()).first()
        )
        code = last.row_hash[:16].upper()
    assert code in page.text.replace(" ", "")


def test_a_late_step_is_said_to_be_late(site_sqlite: Site) -> None:
    number = site_sqlite.make(placed).number
    site_sqlite.move_to(NOW + timedelta(days=2))
    site_sqlite.act(site_sqlite.city.community, number, "dispatch", {"department_id": "health"})
    page = get_page(site_sqlite.browser(site_sqlite.city.community), f"/community/orders/{number}/sheet")
    assert "超期" in page.text


def test_the_history_shows_no_more_than_the_orders_page(site: Site) -> None:
    contact = {"contact_name": "欧阳测试名", "contact_phone": "19900001234"}
    number = site.make(accepted, **contact).number
    far = site.make(claimed, **contact).number
    for actor, has_name in (
        (site.city.community, True),
        (site.city.team, True),
        (site.city.department, False),
        (site.city.office, False),
        (site.city.volunteer, False),
        (site.city.other_team, False),
    ):
        page = get_page(site.browser(actor), f"/{actor.party}/orders/{number}/sheet")
        assert "19900001234" not in page.html, actor.party
        assert ("欧阳测试名" in page.html) is has_name, actor.party
        assert ("*******1234" in page.html) is has_name, actor.party
    own = get_page(site.browser(site.city.resident), f"/resident/orders/{number}/sheet")
    assert "*******1234" in own.html
    assert "19900001234" not in own.html
    assert site.browser(site.city.volunteer).get(f"/volunteer/orders/{far}/sheet").status_code == 404
    assert site.browser(site.city.other_community).get(f"/community/orders/{number}/sheet").status_code == 404
    assert site.browser(site.city.office).get("/office/orders/QTX00000001/sheet").status_code == 404


@pytest.mark.parametrize("party", ["community", "department", "team", "office"])
def test_a_paper_has_no_frame_of_the_desk_and_a_way_back(site_sqlite: Site, party: str) -> None:
    number = site_sqlite.make(accepted).number
    actor = getattr(site_sqlite.city, party)
    page = get_page(site_sqlite.browser(actor), f"/{party}/orders/{number}/sheet")
    assert any(each.get("href") == f"/{party}/orders/{number}" for tag, each in page.tags if tag == "a")
    assert not any(tag == "nav" for tag, _ in page.tags)
    assert sum(tag == "h1" for tag, _ in page.tags) == 1
