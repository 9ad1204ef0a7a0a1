"""The pages of the hours room: check-in, close, late entries, the public notice list, decisions."""

from datetime import timedelta

from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.hours.models import HoursEntry, HoursObjection, HoursRequest, NoShow
from qtxvol.hours.numbers import get_number, set_number
from qtxvol.hours.requests import decide_request, propose_late
from qtxvol.hours.spot_checks import draw_due
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import CallBack
from qtxvol.orders.numbers import spoken
from qtxvol.orders.rate import Verdict, rate_order
from tests.factories import NOW, accepted, closed, make_actor, window
from tests.web.pages import get_page, post_form, read
from tests.web.site import Site

START, END = window(3).starts_at, window(3).ends_at
CLOSED_AT = END + timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def code_on(site: Site, number: str) -> str:
    """The six digits on the leader's page just now."""
    page = get_page(site.browser(site.city.team), f"/team/orders/{number}/check-in")
    digits = page.text.split("或扫二维码")[1].replace(" ", "")
    return "".join(char for char in digits if char.isdecimal())[:6]


def late_entry(site: Site, *, is_confirmed: bool = True) -> int:
    """A late entry of the second volunteer, on notice."""
    order = site.make(closed)
    with site.app.app_context():
        request = propose_late(
            order.number, site.city.team, volunteer_id=site.city.crew[1], minutes=60, reason="forgotten",
            text="漏记了。", now=CLOSED_AT,
        )  # fmt: skip
        if is_confirmed:
            decide_request(request, site.city.office, is_confirmed=True, text="", now=CLOSED_AT)
    return request


def test_a_volunteer_checks_in_and_out_by_the_code_and_the_close_form_proposes_it(site_sqlite: Site):
    site, me = site_sqlite, site_sqlite.browser(site_sqlite.city.volunteer)
    number = site.make(accepted).number
    assert "现在没有要签到的服务" in get_page(me, "/volunteer/check-in").text
    assert "现在不是签到时间" in get_page(site.browser(site.city.team), f"/team/orders/{number}/check-in").text
    for at, step in ((START + 10 * MINUTE, "in"), (END - 5 * MINUTE, "out")):
        site.move_to(at)
        me = site.browser(site.city.volunteer)
        answer = post_form(me, "/volunteer/check-in", "/volunteer/check-in", {"code": code_on(site, number)})
        assert answer.status_code == 303, (step, read(answer).text)
    assert "已签到签退" in get_page(me, "/volunteer/check-in").text
    site.move_to(CLOSED_AT)
    page = get_page(site.browser(site.city.team), f"/team/orders/{number}")
    form = page.form(f"/team/orders/{number}/close")
    assert form.get(f"minutes_{site.city.crew[0]}") == "75"
    assert "最多 75 分钟" in page.text
    too_many = {"attendance": "20", "report": "讲完了。", f"minutes_{site.city.crew[0]}": "90"}
    refused = site.act(site.city.team, number, "close", too_many)
    assert refused.status_code == 422
    assert "只能改少" in read(refused).text
    assert (
        site.act(site.city.team, number, "close", {**too_many, f"minutes_{site.city.crew[0]}": "75"}).status_code == 303
    )
    with site.app.app_context():
        assert db.session.scalars(select(HoursEntry.source)).all() == ["check_in"]


def test_a_scanned_code_fills_the_form_and_changes_nothing_by_itself(site_sqlite: Site):
    number = site_sqlite.make(accepted).number
    site_sqlite.move_to(START)
    before = site_sqlite.rows()
    me = site_sqlite.browser(site_sqlite.city.volunteer)
    before = site_sqlite.rows("attempts")
    form = get_page(me, f"/volunteer/check-in?number={number}&code=123456").form("/volunteer/check-in")
    assert (form.get("code"), form.get("number"), form.get("step")) == ("123456", number, "in")
    assert site_sqlite.rows("attempts") == before


def test_guessing_codes_is_slowed_down(site_sqlite: Site):
    site_sqlite.make(accepted)
    site_sqlite.move_to(START)
    me = site_sqlite.browser(site_sqlite.city.volunteer)
    statuses = [
        post_form(me, "/volunteer/check-in", "/volunteer/check-in", {"code": f"00000{i}"}).status_code for i in range(7)
    ]
    assert statuses == [422, 422, 422, 422, 422, 429, 429]


def test_who_did_not_come_is_asked_why_and_may_object(site_sqlite: Site):
    site, (person, *_) = site_sqlite, site_sqlite.city.crew
    number = site.make(accepted).number
    site.move_to(CLOSED_AT)
    fields = {"attendance": "5", "report": "队长自己讲的。", f"minutes_{person}": "0", f"absent_{person}": "traffic"}
    assert site.act(site.city.team, number, "close", fields).status_code == 303
    page = get_page(site.browser(site.city.volunteer), "/volunteer/hours")
    assert "路上耽误" in page.text
    assert "服务时长一分钟也不会少" in page.text
    with site.app.app_context():
        record = db.session.scalars(select(NoShow.id)).one()
    url = f"/volunteer/no-shows/{record}"
    assert post_form(site.browser(site.city.volunteer), "/volunteer/hours", url, {"text": " "}).status_code == 422
    assert (
        post_form(site.browser(site.city.volunteer), "/volunteer/hours", url, {"text": "我到了。"}).status_code == 303
    )
    office = site.browser(site.city.office)
    decision = {"decision": "yes", "text": "已核实，撤销。"}
    assert post_form(office, "/office/hours", f"/office/hours/no-shows/{record}", decision).status_code == 303
    assert "已撤销" in get_page(site.browser(site.city.volunteer), "/volunteer/hours").text


def test_a_late_entry_goes_from_the_team_over_the_office_to_the_public(site_sqlite: Site):
    site, person = site_sqlite, site_sqlite.city.crew[1]
    number = site.make(closed).number
    site.move_to(CLOSED_AT)
    page = f"/team/orders/{number}/hours"
    team = site.browser(site.city.team)
    assert post_form(team, page, page, {}).status_code == 422
    fields = {"volunteer_id": str(person), "minutes": "60", "reason": "forgotten", "text": "漏记了。"}
    assert post_form(team, page, page, fields).status_code == 303
    with site.app.app_context():
        request = db.session.scalars(select(HoursRequest.id)).one()
    office, url = site.browser(site.city.office), f"/office/hours/requests/{request}"
    assert post_form(office, "/office/hours", url, {"decision": "no", "text": ""}).status_code == 422
    assert post_form(office, "/office/hours", url, {"decision": "yes"}).status_code == 303
    public = get_page(site.browser(), "/hours/notices").text
    assert "还有 8 天" in public or "还有 7 天" in public
    assert "办结时漏记" in public
    with site.app.app_context():
        name = db.session.scalar(select(HoursEntry.vouched_name).where(HoursEntry.source == "late"))
    assert name == site.city.team.name
    assert "漏记了。" not in public


def test_the_one_who_asked_is_told_to_let_a_colleague_confirm(site_sqlite: Site):
    site = site_sqlite
    order = site.make(closed)
    site.move_to(CLOSED_AT)
    page = f"/office/orders/{order.number}/hours"
    fields = {"volunteer_id": str(site.city.crew[1]), "minutes": "60", "reason": "other", "text": "漏记了。"}
    assert post_form(site.browser(site.city.office), page, page, fields).status_code == 303
    assert "请另一位同事来确认" in get_page(site.browser(site.city.office), "/office/hours").text
    with site.app.app_context():
        colleague = make_actor(Party.OFFICE, "纲要办")
        request = db.session.scalars(select(HoursRequest.id)).one()
    url = f"/office/hours/requests/{request}"
    assert post_form(site.browser(colleague), "/office/hours", url, {"decision": "yes"}).status_code == 303


def test_anybody_objects_without_an_account_and_reads_the_answer(site_sqlite: Site):
    site, request = site_sqlite, late_entry(site_sqlite)
    site.move_to(CLOSED_AT)
    url = f"/hours/notices/{request}"
    stranger = site.browser()
    with_phone = post_form(stranger, url, url, {"text": "打 19900001234 问我"})
    assert with_phone.status_code == 422
    assert "手机号码" in read(with_phone).text
    words = {"text": "那天没有来。", "contact": "19900001234"}
    assert post_form(stranger, url, url, words).status_code == 303
    page = get_page(stranger, url).text
    assert "那天没有来。" in page
    assert "19900001234" not in page
    with site.app.app_context():
        objection = db.session.scalars(select(HoursObjection.id)).one()
    decide = f"/office/hours/objections/{objection}"
    office = site.browser(site.city.office)
    assert "19900001234" in get_page(office, "/office/hours").text
    assert post_form(office, "/office/hours", decide, {"decision": "yes", "text": ""}).status_code == 422
    answer = {"decision": "yes", "minutes": "0", "text": "属实，已更正。"}
    assert post_form(office, "/office/hours", decide, answer).status_code == 303
    page = get_page(stranger, url).text
    assert "异议成立" in page
    assert "属实，已更正。" in page
    assert "更正" in get_page(site.browser(make_of(site, 1)), "/volunteer/hours").text


def make_of(site: Site, index: int) -> Actor:
    with site.app.app_context():
        return make_actor(Party.VOLUNTEER, "志愿者", volunteer_id=site.city.crew[index])


def test_objections_from_one_address_are_slowed_down(site_sqlite: Site):
    url = f"/hours/notices/{late_entry(site_sqlite)}"
    site_sqlite.move_to(CLOSED_AT)
    stranger = site_sqlite.browser()
    statuses = [post_form(stranger, url, url, {"text": f"不对 {i}"}).status_code for i in range(6)]
    assert statuses == [303, 303, 303, 303, 303, 429]


def test_a_community_confirms_with_one_tap(site_sqlite: Site):
    site, number = site_sqlite, site_sqlite.make(closed).number
    site.move_to(CLOSED_AT)
    clerk = site.browser(site.city.community)
    assert post_form(clerk, "/community/presence", f"/community/presence/{number}").status_code == 303
    assert "没有等确认的服务" in get_page(clerk, "/community/presence").text
    assert "社区已确认" in get_page(site.browser(site.city.volunteer), "/volunteer/hours").text


def test_a_disputed_service_is_settled_at_the_offices_page(site_sqlite: Site):
    site, order = site_sqlite, site_sqlite.make(closed)
    site.move_to(CLOSED_AT)
    with site.app.app_context():
        resident = Actor(Party.RESIDENT, "居民", order_id=order.order_id)
        rate_order(order.number, resident, verdict=Verdict(1, False), now=CLOSED_AT)
    assert "有争议" in get_page(site.browser(site.city.volunteer), "/volunteer/hours").text
    url = f"/office/hours/disputes/{order.number}"
    decision = {"decision": "no", "text": "没有人到过现场。"}
    assert post_form(site.browser(site.city.office), "/office/hours", url, decision).status_code == 303
    assert site.findings() == []


def test_a_drawn_order_is_called_back_with_an_answer_from_the_list(site_sqlite: Site):
    site, number = site_sqlite, site_sqlite.make(closed).number
    with site.app.app_context():
        set_number(site.city.office, "spot_check_percent", 100, NOW)
        draw_due(CLOSED_AT + timedelta(days=1))
        task = db.session.scalars(select(CallBack.id)).one()
    site.move_to(CLOSED_AT + timedelta(days=1))
    clerk, page, url = site.browser(site.city.community), f"/community/orders/{number}", f"/community/call-backs/{task}"
    assert "被随机抽中" in get_page(clerk, page).text
    refused = post_form(clerk, page, url, {"outcome": "打过电话。"})
    assert refused.status_code == 422
    assert "打过电话。" in refused.text
    assert post_form(clerk, page, url, {"outcome": "打过电话。", "result": "confirmed"}).status_code == 303
    public = get_page(site.browser(), "/hours/spot-checks")
    assert "抽中" in public.text
    day = (CLOSED_AT + timedelta(hours=8)).date()
    assert spoken(number) in get_page(site.browser(), f"/hours/spot-checks/{day}").text
    assert site.browser().get("/hours/spot-checks/2020-01-01").status_code == 404
    assert site.browser().get("/hours/spot-checks/nonsense").status_code == 404


def test_the_office_sets_the_rooms_numbers(site_sqlite: Site):
    site, office = site_sqlite, site_sqlite.browser(site_sqlite.city.office)
    bad = post_form(office, "/office/hours/rules", "/office/hours/rules", {"notice_days": "0"})
    assert bad.status_code == 422
    assert "1 到 60" in read(bad).text
    fields = {"notice_days": "10", "points_enabled": "1"}
    assert post_form(office, "/office/hours/rules", "/office/hours/rules", fields).status_code == 303
    with site.app.app_context():
        assert (get_number("notice_days"), get_number("points_enabled")) == (10, 1)
    assert "公示 10 天" in get_page(site.browser(), "/hours/notices").text
    assert "谁有多少分" in get_page(office, "/office/hours/points").text


def test_the_office_corrects_a_line_and_the_old_one_stays(site_sqlite: Site):
    site, number = site_sqlite, site_sqlite.make(closed).number
    site.move_to(CLOSED_AT)
    with site.app.app_context():
        entry = db.session.scalars(select(HoursEntry.id)).one()
    page, url = f"/office/orders/{number}/hours", f"/office/orders/{number}/hours/{entry}"
    office = site.browser(site.city.office)
    fields = {"minutes": "30", "reason": "left_early", "text": "核对过签到表。"}
    assert post_form(office, page, url, {**fields, "minutes": "91"}).status_code == 422
    assert post_form(office, page, url, fields).status_code == 303
    shown = get_page(office, page).text
    assert "-60" in shown
    assert "90" in shown
