"""The button in front of a full number: one tap, a reason, and the person concerned reads who it was."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from qtxvol.extensions import db
from qtxvol.privacy.models import Reveal
from qtxvol.privacy.vault import Vault
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Volunteer
from tests.factories import NOW, accepted, placed, window
from tests.web.pages import get_page, post_form, read, submit
from tests.web.site import Site

pytestmark = pytest.mark.one_database  # what its pages read is asked of both in the rooms

PHONE = "19900006789"
TAIL = "*******6789"


def looks(site: Site) -> int:
    with site.app.app_context():
        return db.session.scalar(select(func.count()).select_from(Reveal)) or 0


def test_one_tap_shows_the_number_and_the_resident_reads_who_looked_and_why(site: Site) -> None:
    number = site.make(placed, contact_phone=PHONE).number
    clerk, url = site.browser(site.city.community), f"/community/orders/{number}"
    assert "还没有人看过" in get_page(site.browser(), site.link(number)).text
    answer = post_form(clerk, url, f"{url}/reveal#contact")
    assert answer.status_code == 200
    assert f"tel:{PHONE}" in answer.text
    follow = get_page(site.browser(), site.link(number)).text
    assert "谁看过您的电话" in follow
    assert "东街居委会" in follow
    assert "联系安排服务" in follow
    assert PHONE not in follow
    office = get_page(site.browser(site.city.office), f"/office/orders/{number}").text
    assert "谁看过居民的电话" in office
    assert PHONE not in office
    assert "东街居委会" in get_page(site.browser(site.city.office), "/office/privacy").text


def test_a_second_tap_is_the_same_look(site_sqlite: Site) -> None:
    number = site_sqlite.make(placed, contact_phone=PHONE).number
    clerk, url = site_sqlite.browser(site_sqlite.city.community), f"/community/orders/{number}"
    for _ in range(2):
        assert PHONE in post_form(clerk, url, f"{url}/reveal#contact").text
    assert looks(site_sqlite) == 1
    site_sqlite.move_to(NOW + timedelta(minutes=11))
    assert PHONE in post_form(clerk, url, f"{url}/reveal#contact").text
    assert looks(site_sqlite) == 2


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"reason": "other"}, "请写明为什么要看"),
        ({"reason": "nonsense"}, "请从列表里选一个原因"),
        ({"note": "打给 13812345678"}, "不要写号码"),
    ],
)
def test_a_bad_reason_shows_nothing_and_writes_nothing(site_sqlite: Site, typed: dict[str, str], sentence: str) -> None:
    number = site_sqlite.make(placed, contact_phone=PHONE).number
    clerk, url = site_sqlite.browser(site_sqlite.city.community), f"/community/orders/{number}"
    answer = post_form(clerk, url, f"{url}/reveal#contact", typed)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert PHONE not in answer.text
    assert looks(site_sqlite) == 0


def test_the_leader_takes_the_days_numbers_along_until_midnight(site: Site) -> None:
    number = site.make(accepted, contact_phone=PHONE, agreed=window(0.1)).number
    leader = site.browser(site.city.team)
    day = read(leader.get("/team/day"))
    assert PHONE not in day.html
    assert TAIL in day.text
    assert submit(leader, day.form("/team/day/numbers?on=2026-11-24")).status_code == 303
    assert f"tel:{PHONE}" in leader.get("/team/day").text
    assert "当天服务" in get_page(site.browser(), site.link(number)).text
    # the day is over, or the order is somebody else's again
    site.move_to(NOW + timedelta(hours=15))
    assert PHONE not in site.browser(site.city.team).get("/team/day?on=2026-11-24").text


def test_a_withdrawn_order_takes_its_number_off_the_day(site_sqlite: Site) -> None:
    number = site_sqlite.make(accepted, contact_phone=PHONE, agreed=window(0.1)).number
    leader = site_sqlite.browser(site_sqlite.city.team)
    submit(leader, read(leader.get("/team/day")).form("/team/day/numbers?on=2026-11-24"))
    assert PHONE in leader.get("/team/day").text
    site_sqlite.act(site_sqlite.city.team, number, "withdraw", {"reason": "other", "text": "人病了"})
    assert PHONE not in leader.get("/team/day").text


def test_the_sheet_is_printed_with_numbers_only_on_demand(site_sqlite: Site) -> None:
    number = site_sqlite.make(accepted, contact_phone=PHONE, agreed=window(0.1)).number
    leader = site_sqlite.browser(site_sqlite.city.team)
    sheet = read(leader.get("/team/day/sheet"))
    assert PHONE not in sheet.html
    answer = submit(leader, sheet.form("/team/day/sheet?on=2026-11-24"))
    assert PHONE in answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert "印在当日服务单上" in get_page(site_sqlite.browser(), site_sqlite.link(number)).text


def test_a_volunteers_numbers_are_the_offices_and_the_phone_alone_the_own_leaders(site: Site) -> None:
    with site.app.app_context(), transaction():
        person = db.session.get_one(Volunteer, site.city.crew[0])
        person.phone, person.id_kind, person.id_number = PHONE, "resident_id", "640381199001011230"
        person.phone_digest = person.id_number_digest = "d" * 64
        member, number = person.id, person.number
    office, leader = site.browser(site.city.office), site.browser(site.city.team)
    for browser, url in ((office, f"/office/volunteers/{member}/numbers"), (leader, f"/team/members/{member}/numbers")):
        page = read(browser.get(url))
        assert PHONE not in page.html
        form = page.form(f"{url}/phone")
        assert PHONE in submit(browser, form).text
        form.action = f"{url}/id_number"
        answer = submit(browser, form, {"reason": "identify"})
        assert answer.status_code == (200 if browser is office else 403)
        assert ("640381199001011230" in answer.text) is (browser is office)
    assert looks(site) == 3
    assert site.browser(site.city.other_team).get(f"/team/members/{member}/numbers").status_code == 404
    mine = get_page(site.browser(site.city.volunteer), "/my/data").text
    assert "证件号码，核对身份" in mine
    assert number in mine


def test_an_offices_record_on_paper_has_no_full_number(site_sqlite: Site) -> None:
    number = site_sqlite.make(placed, contact_phone=PHONE).number
    sheet = get_page(site_sqlite.browser(site_sqlite.city.community), f"/community/orders/{number}/sheet")
    assert PHONE not in sheet.html
    assert TAIL in sheet.text


def test_a_lost_key_is_a_sentence_and_lists_go_on(site_sqlite: Site) -> None:
    number = site_sqlite.make(placed, contact_phone=PHONE, wish="请打 13812345678").number
    clerk, url = site_sqlite.browser(site_sqlite.city.community), f"/community/orders/{number}"
    page = get_page(clerk, url)
    site_sqlite.app.extensions["qtxvol_vault"] = Vault(["another-key-0123456789-abcdefghijklm"])
    assert number[3:7] in get_page(clerk, "/community/").text
    assert "无法打开" in get_page(clerk, url).text
    answer = submit(clerk, page.form(f"{url}/reveal#contact"))
    assert answer.status_code == 503
    assert "缺少当时的密钥" in answer.text
