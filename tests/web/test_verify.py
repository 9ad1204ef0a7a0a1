"""Checking a certificate, and the pages where certificates are asked for, listed and declared void."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.serve import reopen_order
from qtxvol.recognition.certificates import Period, issue_certificate, revoke_certificate, spoken_code
from qtxvol.recognition.models import Certificate
from qtxvol.volunteers.models import Volunteer
from tests.factories import NOW, closed, make_actor, window
from tests.web.pages import get_page, read, submit
from tests.web.site import Site
from tests.web.test_statements import cost_of

pytestmark = pytest.mark.one_database  # what its pages read is asked of both in the rooms

LATER = NOW + timedelta(days=8)
TODAY = date(2026, 12, 2)


def issued(site: Site, **days: Any) -> Certificate:
    """A certificate over one service of the first of the crew; row detached. The clock stands after it."""
    site.make(closed)
    site.move_to(LATER)
    with site.app.app_context():
        period = Period(days.get("from_on"), TODAY)
        certificate_id = issue_certificate(site.city.volunteer, site.city.crew[0], period, LATER)
        paper = db.session.get_one(Certificate, certificate_id)
        db.session.expunge(paper)
        return paper


def name_of(site: Site) -> str:
    with site.app.app_context():
        return str(db.session.scalar(select(Volunteer.name).where(Volunteer.id == site.city.crew[0])))


def test_a_valid_certificate_says_what_the_paper_says_and_no_full_name(site: Site) -> None:
    paper = issued(site)
    page = get_page(site.browser(), f"/verify/{paper.code}")
    for text in ("有效", paper.number, "2026-11-27", "2026-12-02", "1.5 小时", "1 次", "12月2日", "测**"):
        assert text in page.text, text
    assert name_of(site) not in page.html
    assert "已撤销" not in page.text
    assert "更正" not in page.text


@pytest.mark.parametrize("look", [str.lower, spoken_code, lambda code: spoken_code(code).lower()])
def test_the_code_is_typed_as_one_likes(site_sqlite: Site, look: Any) -> None:
    paper = issued(site_sqlite)
    stranger = site_sqlite.browser()
    assert stranger.get(f"/verify/{look(paper.code)}").status_code == 200
    answer = stranger.get("/verify", query_string={"code": f"  {look(paper.code)} "})
    assert (answer.status_code, answer.location) == (303, f"/verify/{paper.code}")


def test_a_revoked_certificate_says_since_when_and_why(site: Site) -> None:
    paper = issued(site)
    with site.app.app_context():
        revoke_certificate(site.city.office, paper.id, "登记有误，另发新证", LATER + timedelta(hours=1))
    page = get_page(site.browser(), f"/verify/{paper.code}")
    for text in ("已撤销", "不再作数", "登记有误，另发新证", "12月2日", paper.number):
        assert text in page.text, text
    assert "这份证明是我们开的" not in page.text


def test_a_correction_after_the_issue_is_told(site: Site) -> None:
    other = site.make(closed, agreed=window(5)).number
    paper = issued(site)
    with site.app.app_context():
        reopen_order(other, site.city.office, text="没有讲完", now=LATER + timedelta(hours=1))
    page = get_page(site.browser(), f"/verify/{paper.code}")
    assert "3 小时" in page.text
    assert "登记的记录有更正" in page.text
    assert "现在的记录是 1.5 小时、1 次服务" in page.text


@pytest.mark.parametrize("code", ["ABCD", "2" * 16, "9" * 5000, "𬭸", "%FF", "..%2F", "QTXZ-2026-000001"])
def test_an_unknown_code_is_not_found_in_a_sentence(still: Site, code: str) -> None:
    answer = still.browser().get(f"/verify/{code}")
    assert answer.status_code == 404
    assert len(answer.text) < 40_000


def test_an_unknown_code_says_what_to_do(site_sqlite: Site) -> None:
    page = read(site_sqlite.browser().get("/verify/2222-2222-2222-2222"))
    assert "没有这份证明" in page.text
    assert "2222-2222-2222-2222" in page.text
    assert any(form.action == "/verify" for form in page.forms)


def test_what_is_no_code_is_said_at_the_field(site_sqlite: Site) -> None:
    stranger = site_sqlite.browser()
    for typed in ("", "QTX 4821 9037", "0000-0000-0000-0000"):
        answer = stranger.get("/verify", query_string={"code": typed})
        assert answer.status_code == 422
        assert read(answer).error_of("code")


def test_guessing_is_slowed_down_and_a_right_code_is_not_counted(site: Site) -> None:
    paper = issued(site)
    stranger = site.browser()
    for _ in range(40):
        assert stranger.get(f"/verify/{paper.code}").status_code == 200
    for n in range(30):
        assert stranger.get(f"/verify/{'2' * 15}{'23456789ABCDEFGHJKMNPQRSTVWXYZ'[n]}").status_code == 404
    answer = stranger.get("/verify/3333333333333333")
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert stranger.get(f"/verify/{paper.code}").status_code == 429
    site.move_to(LATER + timedelta(hours=2))
    assert stranger.get(f"/verify/{paper.code}").status_code == 200


# asking for one


def test_a_volunteer_asks_and_gets_the_paper(site: Site) -> None:
    site.make(closed)
    site.move_to(LATER)
    me = site.browser(site.city.volunteer)
    answer = submit(me, get_page(me, "/volunteer/certificates").form("/volunteer/certificates"))
    assert answer.status_code == 303
    paper = get_page(me, answer.location)
    for text in (
        "志愿服务记录证明",
        "Certificate of Volunteer Service",
        name_of(site),
        "QTXZ-2026-000001",
        "1.5",
        "健康",
    ):
        assert text in paper.text, text
    assert "2026年11月27日至2026年12月2日" in paper.text
    again = submit(me, get_page(me, "/volunteer/certificates").form("/volunteer/certificates"))
    assert again.location == answer.location
    assert get_page(me, "/volunteer/certificates").text.count("QTXZ-2026-") == 1


@pytest.mark.parametrize(
    ("typed", "at", "says"),
    [
        ({"span": "own"}, "from_on", "请填日期"),
        ({"span": "own", "from_on": "2026-11-31", "until_on": "2026-12-01"}, "from_on", "请填日期"),
        ({"span": "own", "from_on": "2026-12-02", "until_on": "2026-12-01"}, "until_on", "不能早于"),
        ({"span": "own", "from_on": "2026-11-01", "until_on": "2030-01-01"}, "until_on", "不能晚于今天"),
        ({"span": "own", "from_on": "0001-01-01", "until_on": "2026-12-01"}, "from_on", "太早"),
        ({"span": "nonsense"}, "span", "请选一段时间"),
        ({"span": None}, "span", "请选一段时间"),
        ({"span": "last"}, "span", "没有登记过服务时长"),
    ],
)
def test_a_bad_request_is_answered_at_its_field(site_sqlite: Site, typed: dict[str, Any], at: str, says: str) -> None:
    site_sqlite.make(closed)
    site_sqlite.move_to(LATER)
    me = site_sqlite.browser(site_sqlite.city.volunteer)
    answer = submit(me, get_page(me, "/volunteer/certificates").form("/volunteer/certificates"), typed)
    assert answer.status_code in (409, 422)
    assert says in read(answer).error_of(at)
    assert site_sqlite.rows()["certificates"] == 0


def test_a_leader_asks_for_the_teams_people_and_for_nobody_else(site: Site) -> None:
    site.make(closed)
    site.move_to(LATER)
    leader, city = site.browser(site.city.team), site.city
    url = f"/team/members/{city.crew[0]}/certificates"
    assert url in get_page(leader, f"/team/members/{city.crew[0]}").html
    answer = submit(leader, get_page(leader, url).form(url), {"span": "this"})
    assert answer.status_code == 303
    assert leader.get(answer.location).status_code == 200
    assert leader.get(f"/team/members/{city.other_crew[0]}/certificates").status_code == 404
    other = site.browser(city.other_team)
    assert other.get(url).status_code == 404
    assert other.get(answer.location).status_code == 404
    token = get_page(other, "/account").form("/logout").get("csrf_token")
    assert other.post(url, data={"csrf_token": token, "span": "all"}).status_code == 404
    assert site.rows()["certificates"] == 1


def test_nobody_reads_the_paper_of_another(site_sqlite: Site) -> None:
    paper = issued(site_sqlite)
    assert site_sqlite.browser(site_sqlite.city.volunteer).get(f"/volunteer/certificates/{paper.id}").status_code == 200
    with site_sqlite.app.app_context():
        other = make_actor(Party.VOLUNTEER, "别人", volunteer_id=site_sqlite.city.other_crew[0])
    assert site_sqlite.browser(other).get(f"/volunteer/certificates/{paper.id}").status_code == 404


def test_the_office_declares_one_void_in_its_register(site: Site) -> None:
    paper = issued(site)
    office = site.browser(site.city.office)
    assert paper.number in get_page(office, "/office/certificates").text
    url = f"/office/certificates/{paper.id}/revoke"
    form = next(each for each in get_page(office, url).forms if "reason" in each.names)
    form.action = url
    assert "请写明" in read(submit(office, form, {"reason": " "})).error_of("reason")
    answer = submit(office, form, {"reason": "登记有误"})
    assert (answer.status_code, answer.location) == (303, "/office/certificates")
    page = get_page(office, "/office/certificates?status=revoked")
    assert "登记有误" in page.text
    assert paper.number not in get_page(office, "/office/certificates?status=valid").text
    assert "已撤销" in get_page(office, f"/office/certificates/{paper.id}").text
    submit(office, form, {"reason": "再来一次"})
    assert "再来一次" not in get_page(site.browser(), f"/verify/{paper.code}").text


def test_the_register_costs_the_same_for_many_as_for_few(site: Site) -> None:
    issued(site)
    few = len(cost_of(site, site.city.office, "/office/certificates"))
    with site.app.app_context():
        for day in range(1, 21):
            issue_certificate(site.city.office, site.city.crew[0], Period(date(2026, 1, day), TODAY), LATER)
    assert len(cost_of(site, site.city.office, "/office/certificates")) == few
