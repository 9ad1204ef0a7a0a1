"""Targets at the desks: reporting, the second person's word, the next period."""

from datetime import timedelta

from sqlalchemy import select, update

from qtxvol.accounts.actor import Actor
from qtxvol.base import CITY_TIME
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.serve import reopen_order
from qtxvol.progress.models import Period, TargetReport
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Volunteer
from tests.factories import NOW, closed, counted, make_actor, window
from tests.web.pages import get_page, post_form, read
from tests.web.pictures import upload
from tests.web.site import Site
from tests.web.test_statements import cost_of

TODAY = NOW.astimezone(CITY_TIME).date()
GIVEN = {"value": "2600", "as_of_on": "2025-12-31", "source": "培训台账"}


def lead(site: Site) -> Actor:
    with site.app.app_context():
        return make_actor(Party.DEPARTMENT, "市农业农村局", department_id="agriculture")


def reports(site: Site) -> list[int]:
    with site.app.app_context():
        return list(db.session.scalars(select(TargetReport.id)))


def test_a_department_reports_and_the_office_confirms(site_sqlite: Site) -> None:
    site, unit = site_sqlite, lead(site_sqlite)
    page = get_page(site.browser(unit), "/department/targets")
    assert "培育高素质农民人数" in page.text
    assert "逾期未报" in page.text
    path = "/department/targets/T07"
    paper = upload(b"%PDF-1.7 x", "台账.pdf")
    answer = post_form(site.browser(unit), path, path, {**GIVEN, "file": paper})
    assert answer.status_code == 303
    (report,) = reports(site)
    own = get_page(site.browser(unit), path)
    assert "请本单位或纲要办的另一位同志复核" in own.text
    assert not [form for form in own.forms if form.action.endswith(f"reports/{report}")]
    office = site.browser(site.city.office)
    assert "等第二人复核" in get_page(office, "/office/targets").text
    word = f"/office/targets/reports/{report}"
    assert post_form(office, "/office/targets/T07", word, {"word": "confirm"}).status_code == 303
    shown = get_page(office, "/office/targets/T07").text
    assert "2,600 人" in shown
    assert "已采用" in shown
    file = office.get(f"{word}/file")
    assert (file.data, file.mimetype, file.headers["X-Content-Type-Options"]) == (
        b"%PDF-1.7 x",
        "application/pdf",
        "nosniff",
    )
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert site.browser(site.city.other_department).get(f"/department/targets/reports/{report}/file").status_code == 404


def test_what_is_wrong_stands_at_its_field_and_what_was_typed_stays(site_sqlite: Site) -> None:
    browser, path = site_sqlite.browser(lead(site_sqlite)), "/department/targets/T07"
    answer = post_form(browser, path, path, {**GIVEN, "value": "很多", "file": upload(b"MZ", "a.exe")})
    page = read(answer)
    assert answer.status_code == 422
    assert "请填数字" in page.error_of("value")
    assert "只收 PDF" in page.error_of("file")
    assert page.form(path).get("source") == "培训台账"
    late = read(post_form(browser, path, path, {**GIVEN, "as_of_on": "2026-05-01"}))
    assert "2025-12-31 之间" in late.error_of("as_of_on")
    assert reports(site_sqlite) == []


def test_a_unit_without_the_lead_reads_and_cannot_report(site_sqlite: Site) -> None:
    browser = site_sqlite.browser(site_sqlite.city.department)  # health has a part in A1 and P5
    page = get_page(browser, "/department/targets")
    assert "本单位参与的" in page.text
    shown = get_page(browser, "/department/targets/T04")
    assert not [form for form in shown.forms if "targets" in form.action]
    assert browser.get("/department/targets/T99").status_code == 404


def test_a_refusal_needs_its_reason(site_sqlite: Site) -> None:
    site, unit = site_sqlite, lead(site_sqlite)
    post_form(site.browser(unit), "/department/targets/T07", "/department/targets/T07", GIVEN)
    (report,) = reports(site)
    office, word = site.browser(site.city.office), f"/office/targets/reports/{report}"
    assert post_form(office, "/office/targets/T07", word, {"word": "refuse"}).status_code == 422
    assert post_form(office, "/office/targets/T07", word, {"word": "refuse", "reason": "重复"}).status_code == 303
    assert "未采用" in get_page(office, "/office/targets/T07").text


def test_a_target_without_a_number_is_reported_in_words(site_sqlite: Site) -> None:
    office, path = site_sqlite.browser(site_sqlite.city.office), "/office/targets/Q01"
    answer = post_form(office, path, path, {**GIVEN, "value": "1", "text": "居吴忠市第二位"})
    assert answer.status_code == 303
    assert "居吴忠市第二位" in get_page(office, path).text


def test_the_office_opens_the_next_period_and_closes_the_old_one(site_sqlite: Site) -> None:
    office, path = site_sqlite.browser(site_sqlite.city.office), "/office/targets/periods/2021-2025/next"
    page = get_page(office, path)
    assert page.form(path).get("name") == "十五五"
    wrong = post_form(office, path, path, {"carry": ["T23", "T01"], "value-T23": "三千"})
    assert wrong.status_code == 422
    assert "请填写科技志愿者人数的新目标值" in read(wrong).text
    answer = post_form(office, path, path, {"carry": ["T23", "Q03"], "value-T23": "3,000"})
    assert (answer.status_code, answer.location) == (303, "/office/targets?period=2026-2030")
    assert "至少 3,000 人" in get_page(office, answer.location).text
    close = "/office/targets/periods/2021-2025/close"
    assert post_form(office, "/office/targets?period=2021-2025", close, {}).status_code == 303
    with site_sqlite.app.app_context():
        assert db.session.get_one(Period, "2021-2025").closed_at is not None
    assert "已经结账" in get_page(office, "/office/targets?period=2021-2025").text


def test_a_restatement_is_shown_with_before_and_after(site_sqlite: Site) -> None:
    site = site_sqlite
    order = site.make(closed, NOW - timedelta(days=9), agreed=window(1, now=NOW - timedelta(days=9)))
    with site.app.app_context():
        with transaction():
            early = NOW - timedelta(days=90)
            db.session.execute(update(Volunteer).values(created_at=early, verified_at=early))
        counted(TODAY - timedelta(days=2))
        reopen_order(order.number, site.city.community, text="没来", now=NOW - timedelta(hours=20))
        counted(TODAY - timedelta(days=1))
    page = get_page(site.browser(site.city.office), "/office/targets/T23")
    assert "重算记录" in page.text
    assert "服务时长更正、补录或有争议" in page.text
    assert "第 2 次统计" in page.text


def test_lists_cost_the_same_however_many_rows(site_sqlite: Site) -> None:
    site, office = site_sqlite, site_sqlite.city.office
    before = len(cost_of(site, office, "/office/targets"))
    for target in ("T07", "T08", "T09"):
        path = f"/office/targets/{target}"
        post_form(site.browser(office), path, path, GIVEN)
    with site.app.app_context():
        counted(TODAY - timedelta(days=1))
    assert len(cost_of(site, office, "/office/targets")) == before
