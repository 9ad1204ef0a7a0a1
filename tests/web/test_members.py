"""Team members, wishes to join, and doubles, as pages."""

from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Party
from qtxvol.privacy.vault import current_vault
from qtxvol.volunteers.events import list_events
from qtxvol.volunteers.membership import ask_to_join
from qtxvol.volunteers.models import TeamRequest, Volunteer
from qtxvol.volunteers.queries import get_volunteer
from tests.factories import NOW, make_team, make_volunteer
from tests.volunteers.cards import id_number
from tests.web.pages import get_page, post_form, read
from tests.web.site import Site


def test_a_leader_registers_somebody_into_the_team(site_sqlite: Site) -> None:
    leader = site_sqlite.browser(site_sqlite.city.team)
    typed = {"name": "新队员", "id_kind": "resident_id", "id_number": id_number(), "phone": "19900006666"}
    unasked = post_form(leader, "/team/members/add", "/team/members/add", typed)
    assert unasked.status_code == 422
    assert "征得本人同意" in read(unasked).error_of("consent")
    answer = post_form(leader, "/team/members/add", "/team/members/add", {**typed, "consent": "y"})
    assert answer.status_code == 303
    assert "新队员" in get_page(leader, "/team/members").text
    again = post_form(leader, "/team/members/add", "/team/members/add", {**typed, "consent": "y"})
    assert "已登记过" in read(again).error_of("id_number")


def test_a_volunteer_asks_and_the_leader_answers(site_sqlite: Site) -> None:
    city = site_sqlite.city
    me, leader = site_sqlite.browser(city.volunteer), site_sqlite.browser(city.other_team)
    asked = post_form(
        me, "/volunteer/me", "/volunteer/me/team", {"team_id": str(city.other_team.team_id), "text": "离家近"}
    )
    assert asked.status_code == 303
    assert "待答复" in get_page(me, "/volunteer/me").text
    assert "离家近" in get_page(leader, "/team/members").text
    with site_sqlite.app.app_context():
        request_id = db.session.scalars(select(TeamRequest.id)).one()
    silent = post_form(leader, "/team/members", f"/team/requests/{request_id}/decline", {"answer": ""})
    assert silent.status_code == 303
    assert "请写明原因" in get_page(leader, "/team/members").text
    foreign = site_sqlite.browser(city.team)
    token = get_page(foreign, "/team/members/add").form("/team/members/add").get("csrf_token")
    assert foreign.post(f"/team/requests/{request_id}/accept", data={"csrf_token": token}).status_code == 404
    post_form(leader, "/team/members", f"/team/requests/{request_id}/accept", {})
    with site_sqlite.app.app_context():
        assert get_volunteer(city.crew[0]).team_id == city.other_team.team_id
    assert "卫校测试队" in get_page(me, "/volunteer/me").text


def test_a_volunteer_says_when_rests_comes_back_and_leaves(site_sqlite: Site) -> None:
    me = site_sqlite.browser(site_sqlite.city.volunteer)
    person = site_sqlite.city.crew[0]
    typed = {"availability": ["sat-morning", "sun-evening"], "topics": ["health"], "weekly_load": "2"}
    assert post_form(me, "/volunteer/me", "/volunteer/me/wishes", typed).status_code == 303
    bad = post_form(me, "/volunteer/me", "/volunteer/me/wishes", {**typed, "weekly_load": "99"})
    assert bad.status_code == 422
    for step, status in (("pause", "paused"), ("resume", "verified"), ("leave-team", "verified"), ("leave", "left")):
        assert post_form(me, "/volunteer/me", f"/volunteer/me/{step}", {}).status_code == 303, step
        with site_sqlite.app.app_context():
            row = get_volunteer(person)
            assert (row.status, row.availability) == (status, ["sat-morning", "sun-evening"])
    with site_sqlite.app.app_context():
        assert [event.action for event in list_events(person)] == ["leave", "team", "resume", "pause"]


def test_a_leader_lets_somebody_go_and_sees_only_own_people(site_sqlite: Site) -> None:
    city = site_sqlite.city
    leader, page = site_sqlite.browser(city.team), f"/team/members/{city.crew[1]}"
    assert "请写明原因" in read(post_form(leader, page, f"{page}/remove", {"reason": ""})).error_of("reason")
    assert post_form(leader, page, f"{page}/remove", {"reason": "调到外地"}).status_code == 303
    assert leader.get(page).status_code == 404
    assert leader.get(f"/team/members/{city.other_crew[0]}").status_code == 404


def test_the_office_merges_doubles_and_takes_it_back(site_sqlite: Site) -> None:
    office = site_sqlite.browser(site_sqlite.city.office)
    with site_sqlite.app.app_context():
        same = {"name": "重名", "phone": "19900001111", "phone_digest": current_vault().digest("phone", "19900001111")}
        one, two = make_volunteer(None, **same), make_volunteer(None, status="applied", **same)
    page = get_page(office, "/office/volunteers/doubles")
    assert page.form("/office/volunteers/doubles/merge").get("survivor") == str(one)
    assert "199****1111" in page.text
    wrong = {"survivor": str(two)}
    refused = post_form(office, "/office/volunteers/doubles", "/office/volunteers/doubles/merge", wrong)
    assert refused.status_code == 422
    assert "请保留已核验的那一条" in read(refused).text
    assert post_form(office, "/office/volunteers/doubles", "/office/volunteers/doubles/merge", {}).status_code == 303
    page = get_page(office, "/office/volunteers/doubles")
    assert "没有疑似重复的登记" in page.text
    assert "已并入另一条登记" in get_page(office, f"/office/volunteers/{two}").text
    undo = next(form.action for form in page.forms if form.action.endswith("/undo"))
    assert post_form(office, "/office/volunteers/doubles", undo, {}).status_code == 303
    page = get_page(office, "/office/volunteers/doubles")
    pair = page.form("/office/volunteers/doubles/merge").filled({})
    assert office.post("/office/volunteers/doubles/dismiss", data=pair).status_code == 303
    assert "没有疑似重复的登记" in get_page(office, "/office/volunteers/doubles").text


def test_the_office_answers_a_wish_sets_rules_and_writes_a_training_down(site_sqlite: Site) -> None:
    office, city = site_sqlite.browser(site_sqlite.city.office), site_sqlite.city
    person = f"/office/volunteers/{city.crew[0]}"
    typed = {"kind": "training", "title": "急救培训", "from_on": "2026-01-05", "hours": "6"}
    assert post_form(office, person, f"{person}/records/add", {**typed, "from_on": ""}).status_code == 422
    assert post_form(office, person, f"{person}/records/add", typed).status_code == 303
    page = get_page(office, person)
    assert "急救培训" in page.text
    drop = next(form.action for form in page.forms if form.action.endswith("/remove"))
    assert post_form(office, person, drop, {}).status_code == 303
    rules = "/office/volunteers/rules"
    assert post_form(office, rules, rules, {"dormant_months": "0"}).status_code == 422
    assert post_form(office, rules, rules, {"minors_allowed": "1", "dormant_months": "9"}).status_code == 303
    assert get_page(office, rules).form(rules).get("dormant_months") == "9"
    with site_sqlite.app.app_context():
        lonely = make_volunteer(None)
        me = Actor(Party.VOLUNTEER, "志愿者", volunteer_id=lonely)
        request_id = ask_to_join(me, city.team.team_id or 0, NOW)
    team = f"/office/teams/{city.team.team_id}"
    accept = f"/office/requests/{request_id}/accept"
    assert post_form(office, team, accept, {}).location == team
    with site_sqlite.app.app_context():
        assert get_volunteer(lonely).team_id == city.team.team_id


def test_teams_that_sleep_are_shown(site_sqlite: Site) -> None:
    with site_sqlite.app.app_context():
        make_team("health", themes=("health",), name="没动静的队", people=0)
    site_sqlite.clock.shift(60 * 60 * 24 * 250)
    office = site_sqlite.browser(site_sqlite.city.office)
    assert "支队很久没有服务" in get_page(office, "/office/teams").text
    page = get_page(office, "/office/teams?show=dormant")
    assert "没动静的队" in page.text
    assert "还没办结过" in page.text


def test_licences_that_end_are_listed(site_sqlite: Site) -> None:
    with site_sqlite.app.app_context():
        make_volunteer(None, name="快到期的人", licence_expires_on=NOW.date())
        assert db.session.scalar(select(Volunteer.id).limit(1))
    office = site_sqlite.browser(site_sqlite.city.office)
    assert "快到期的人" in get_page(office, "/office/volunteers/licences").text
