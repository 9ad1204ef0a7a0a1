"""Saying yes for a time, following who comes, and answering when one is asked by name: on the pages of the links and of
the desks."""

import html
import re
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.notices.answers import answer_path
from qtxvol.notices.queue import To
from qtxvol.offers.holds import advance_holds
from qtxvol.offers.models import MatchRule
from qtxvol.offers.suggest import rank_teams
from qtxvol.orders.claim import Proposal, offer_order
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import Order
from qtxvol.orders.serve import accept_order, withdraw_order
from qtxvol.orders.transition import Outcome
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team, Volunteer
from tests.factories import NOW, City, claimed, make_actor, window
from tests.offers.crews import asked_of, asks_of, crew_of, held, lend, offer_of, say, takes
from tests.web.pages import Form, Page, get_page, read, submit
from tests.web.site import PHONE, Site


def offered(city: City) -> Outcome:
    """Both teams were asked; the second of the resident's times was proposed to the first."""
    order = claimed(city)
    teams = [city.team.team_id or 0, city.other_team.team_id or 0]
    proposals = {teams[0]: Proposal(window=window(5))}
    offer_order(order.number, city.department, team_ids=teams, proposals=proposals, now=NOW)
    return order


def link(site: Site, purpose: str, order: Outcome, party: Party, who: int) -> str:
    with site.app.app_context():
        return answer_path(purpose, order_id=order.order_id, reader=To(party, str(who), order.order_id), now=NOW)


def offer_link(site: Site, order: Outcome, team: Actor) -> str:
    return link(site, "offer", order, Party.TEAM, team.team_id or 0)


def form_of(page: Page, answer: str) -> Form:
    return next(form for form in page.forms if form.get("answer") == answer)


def asked(site: Site, order: Outcome) -> list[int]:
    with site.app.app_context():
        return asked_of(order)


def seat_of(site: Site, who: int) -> Actor:
    with site.app.app_context():
        return make_actor(Party.VOLUNTEER, "志愿者", volunteer_id=who)


def name_of(site: Site, who: int) -> str:
    with site.app.app_context():
        return db.session.scalars(select(Volunteer.name).where(Volunteer.id == who)).one()


def switch_naming_off(site: Site) -> None:
    with site.app.app_context(), transaction():
        office = site.city.office.account_id or 0
        db.session.add(MatchRule(name="is_naming_open", value=0, set_by_account_id=office, set_at=NOW))


# The leader's link


def test_a_leader_says_yes_for_a_time_with_one_tap(site_sqlite: Site):
    site = site_sqlite
    order = site.make(offered)
    browser, path = site.browser(), offer_link(site, order, site.city.team)
    page = get_page(browser, path)
    form = form_of(page, "yes")
    starts = [window(5).starts_at.isoformat(), window(3).starts_at.isoformat()]
    assert form.options["starts_at"] == starts
    assert form.get("starts_at") == starts[0]
    assert "部门建议的时间；队里 3 人有空" in page.text
    assert "我自己定时间和人" in page.text
    assert submit(browser, form).status_code == 303
    assert site.order(order.number).held_team_id == site.city.team.team_id
    page = get_page(browser, path)
    for words in ("您的队答应了，正在请人", "11月29日（周日）10", "请人进展", "人，请了", "最晚等到"):
        assert words in page.text
    assert "居民方便的时间" not in page.text
    with site.app.app_context():
        names = db.session.scalars(select(Volunteer.name).where(Volunteer.team_id == site.city.team.team_id)).all()
    assert not any(name in page.text for name in names), "the link may be passed on"
    assert submit(browser, form).status_code == 303  # a double tap
    assert site.steps(order.number).count("hold") == 1
    assert site.findings() == []


def test_a_leader_lets_go_by_the_link_with_a_reason(site_sqlite: Site):
    site = site_sqlite
    order = site.make(offered)
    browser, path = site.browser(), offer_link(site, order, site.city.team)
    submit(browser, form_of(get_page(browser, path), "yes"))
    form = form_of(get_page(browser, path), "no")
    answer = submit(browser, form)
    assert answer.status_code == 422
    assert site.order(order.number).held_team_id == site.city.team.team_id
    for _ in range(2):  # a double tap
        assert submit(browser, form, {"reason": "no_time"}).status_code == 303
    assert site.order(order.number).held_team_id is None
    assert site.steps(order.number).count("let_go") == 1
    page = get_page(browser, path)
    assert "您已回复：接不了（时间排不开）" in page.text
    assert form_of(page, "yes").get("starts_at"), "and may still be taken"
    assert site.findings() == []


def test_at_night_the_link_says_when_people_are_asked(site_sqlite: Site):
    site = site_sqlite
    order = site.make(offered)
    site.clock.move_to(NOW + timedelta(hours=13))
    browser, path = site.browser(), offer_link(site, order, site.city.team)
    submit(browser, form_of(get_page(browser, path), "yes"))
    assert "夜里不打扰队员，11月25日（周三）07:30 起请人" in get_page(browser, path).text


def test_a_time_that_is_none_of_the_offered_is_asked_again(site_sqlite: Site):
    site = site_sqlite
    order = site.make(offered)
    browser, path = site.browser(), offer_link(site, order, site.city.team)
    answer = submit(browser, form_of(get_page(browser, path), "yes"), {"starts_at": "2026-13-99"})
    assert answer.status_code == 422
    assert "请选一个时间" in read(answer).text
    assert site.order(order.number).held_team_id is None


def test_what_keeps_the_service_from_asking_is_said_on_the_page(site_sqlite: Site):
    site = site_sqlite
    order = site.make(offered)
    browser, path = site.browser(), offer_link(site, order, site.city.team)
    form = form_of(get_page(browser, path), "yes")
    switch_naming_off(site)
    answer = submit(browser, form)
    assert answer.status_code == 409
    assert "系统不替您请人。请用“我自己定时间和人”选时间和队员" in read(answer).text
    page = get_page(browser, path)
    assert not [each for each in page.forms if "starts_at" in each.names]
    assert "我自己定时间和人" in page.text
    assert site.order(order.number).held_team_id is None


def test_a_yes_after_a_no_is_not_taken_for_a_taken_back_no_when_naming_is_off(site_sqlite: Site):
    site = site_sqlite
    order = site.make(offered)
    browser, path = site.browser(), offer_link(site, order, site.city.team)
    form = form_of(get_page(browser, path), "yes")
    assert submit(browser, form_of(get_page(browser, path), "no"), {"reason": "no_time"}).status_code == 303
    switch_naming_off(site)
    assert submit(browser, form).status_code == 409
    with site.app.app_context():
        assert offer_of(order, site.city.team).answer == "declined"


def test_a_time_whose_people_were_asked_often_enough_is_shown_with_that_reason(site_sqlite: Site):
    site = site_sqlite
    order = site.make(offered)
    browser, path = site.browser(), offer_link(site, order, site.city.team)
    form = form_of(get_page(browser, path), "yes")
    with site.app.app_context(), transaction():
        office = site.city.office.account_id or 0
        db.session.add(MatchRule(name="volunteer_asks_a_week", value=0, set_by_account_id=office, set_at=NOW))
    answer = submit(browser, form)
    assert answer.status_code == 409
    assert "这个时间队员有空，但这周已请够次数" in read(answer).text
    page = get_page(browser, path)
    assert "队员有空，但这周已请够次数，或者不想收到邀请" in page.text
    assert not [each for each in page.forms if "starts_at" in each.names]


def test_the_department_reads_that_the_team_was_put_out_of_use(site_sqlite: Site):
    site = site_sqlite
    order = site.make(offered)
    browser, path = site.browser(), offer_link(site, order, site.city.team)
    submit(browser, form_of(get_page(browser, path), "yes"))
    with site.app.app_context():
        with transaction():
            db.session.execute(update(Team).where(Team.id == site.city.team.team_id).values(is_active=False))
        advance_holds(NOW)
    page = site.page(site.city.department, order.number)
    assert "答应的队已停用，另找服务队" in page.text
    assert "候补" not in page.text
    assert "请人进展" not in page.text


def test_another_team_may_stand_by_while_the_first_finds_its_people(site_sqlite: Site):
    site = site_sqlite
    order = site.make(offered)
    browser, path = site.browser(), offer_link(site, order, site.city.other_team)
    before = form_of(get_page(browser, path), "yes")
    own = offer_link(site, order, site.city.team)
    submit(browser, form_of(get_page(browser, own), "yes"))
    page = get_page(browser, path)
    assert "另一支队已经答应" in page.text
    assert submit(browser, before).status_code == 303  # said yes on a page from before
    with site.app.app_context():
        assert offer_of(order, site.city.other_team).answer == "standby"
    page = get_page(browser, path)
    assert "您的队愿意候补" in page.text
    assert "另一支队已经答应" not in page.text, "it isn't invited again"
    assert not [form for form in page.forms if form.get("answer") == "yes"]


def test_a_team_may_stand_by_once_another_has_accepted_and_is_asked_first_when_that_falls_through(site_sqlite: Site):
    site = site_sqlite
    order = site.make(offered)
    with site.app.app_context():
        agreed, crew = window(3), list(site.city.crew[:2])
        accept_order(order.number, site.city.team, agreed=agreed, volunteer_ids=crew, now=NOW)
    browser, path = site.browser(), offer_link(site, order, site.city.other_team)
    page = get_page(browser, path)
    assert "另一支队已经接单" in page.text
    desk = site.page(site.city.other_team, order.number)
    assert "愿意候补" in desk.text
    for _ in range(2):
        assert submit(browser, form_of(page, "yes")).status_code == 303
    assert "您的队在候补" in get_page(browser, path).text
    with site.app.app_context():
        assert offer_of(order, site.city.other_team).answer == "standby"
        withdraw_order(order.number, site.city.team, reason="illness", now=NOW)
        row = db.session.get_one(Order, order.order_id)
        assert [each.team_id for each in rank_teams(row, NOW)] == [site.city.other_team.team_id]
    assert site.findings() == []


# The desk of the team


def test_the_desk_holds_follows_and_lets_go(site_sqlite: Site):
    site = site_sqlite
    order = site.make(claimed)
    page = site.page(site.city.team, order.number)
    assert page.form(f"/team/orders/{order.number}/hold")
    assert site.act(site.city.team, order.number, "hold").status_code == 303
    names = [name_of(site, who) for who in asked(site, order)]
    page = site.page(site.city.team, order.number)
    assert "请人进展" in page.text
    assert "您的队能接吗" not in page.text
    assert all(name in page.text for name in names)
    department = site.page(site.city.department, order.number)
    assert "请人进展" in department.text
    assert "不等这支队了" in department.text
    resident = site.page(site.city.resident, order.number).text
    assert "有一支队愿意来，正在安排人，还没有定下来" in resident
    assert "还没找到合适" not in resident
    assert not any(name in department.text for name in names)
    assert "请人进展" not in site.page(site.city.other_team, order.number).text
    assert site.act(site.city.team, order.number, "let_go", {"reason": "other"}).status_code == 422
    assert site.act(site.city.team, order.number, "let_go", {"reason": "no_time"}).status_code == 303
    assert site.order(order.number).held_team_id is None


def test_a_time_of_ones_own_and_a_refusal_stand_at_their_fields(site_sqlite: Site):
    site = site_sqlite
    order = site.make(claimed)
    typed = {"wished": "other", "agreed_start": "2026-11-20T09:00", "agreed_end": "2026-11-20T10:00"}
    answer = site.act(site.city.team, order.number, "hold", typed)
    assert answer.status_code == 422
    typed = {"wished": "other", "agreed_start": "2026-11-29T09:00", "agreed_end": "2026-11-29T10:00"}
    assert site.act(site.city.team, order.number, "hold", typed).status_code == 303
    assert site.order(order.number).held_team_id == site.city.team.team_id


def test_with_naming_off_the_leader_names_people_as_before(site_sqlite: Site):
    site = site_sqlite
    order = site.make(claimed)
    switch_naming_off(site)
    actions = [form.action for form in site.page(site.city.team, order.number).forms]
    assert f"/team/orders/{order.number}/hold" not in actions
    assert f"/team/orders/{order.number}/accept" in actions


def test_a_neighbours_name_is_shortened_until_they_agree_and_they_can_be_kept_by_hand(site_sqlite: Site):
    site = site_sqlite

    def lent_to(city: City) -> Outcome:
        takes(4)
        lend(city.other_team)
        return held(city)

    order = site.make(lent_to)
    lent = [who for who in asked(site, order) if who in site.city.other_crew]
    assert lent
    page = site.page(site.city.team, order.number)
    assert not any(name_of(site, who) in page.text for who in lent)
    assert "（邻队）" in page.text
    for who in [*site.city.crew, lent[0]]:
        browser = site.browser()
        submit(browser, form_of(get_page(browser, link(site, "join", order, Party.VOLUNTEER, who)), "yes"))
    assert site.status(order.number) == "accepted"
    form = site.page(site.city.team, order.number).form(f"/team/orders/{order.number}/crew")
    assert str(lent[0]) in form.options["volunteer_ids"]
    assert site.findings() == []


def test_with_a_neighbour_along_moving_the_service_leads_to_naming_somebody_else_first(site_sqlite: Site):
    site, team = site_sqlite, site_sqlite.city.team

    def helped(city: City) -> Outcome:
        takes(4)
        lend(city.other_team)
        order = held(city)
        while asked_of(order):
            say(order, asked_of(order)[0], "yes")
        takes(3)
        return order

    order = site.make(helped)
    with site.app.app_context():
        lent = (crew_of(order) - set(site.city.crew)).pop()
    name, url = name_of(site, lent), f"/team/orders/{order.number}"
    move = f"{url}/reschedule"
    told = f"{name}是别的队来帮忙的，只答应了原来的时间。"
    page = site.page(team, order.number)
    assert told in page.text
    (way_out,) = re.findall(r'href="([^"]+)#act-crew"', page.html)
    form = page.form(move)
    times = {"wished": "other", "agreed_start": "2026-12-01T09:00", "agreed_end": "2026-12-01T10:30"}
    answer = submit(site.browser(team), form, times)
    assert answer.status_code == 409
    assert f"{told}请先在“换人”里换成本队的人，再改时间。" in read(answer).text
    crew = get_page(site.browser(team), html.unescape(way_out))
    assert re.search(r'<details class="fold" id="act-crew" open>', crew.html)
    own = [str(who) for who in site.city.crew]
    assert submit(site.browser(team), crew.form(f"{url}/crew"), {"volunteer_ids": own}).status_code == 303
    page = site.page(team, order.number)
    assert "只答应了原来的时间" not in page.text
    assert submit(site.browser(team), page.form(move), times).status_code == 303
    assert site.findings() == []


def test_lending_is_off_until_the_leader_agrees_and_it_is_written_down_who_did(site_sqlite: Site):
    site = site_sqlite
    browser = site.browser(site.city.team)
    page = get_page(browser, "/team/members")
    assert "没有同意" in page.text
    for is_on in (True, False):
        assert submit(browser, get_page(browser, "/team/members").form("/team/lending")).status_code == 303
        with site.app.app_context():
            assert db.session.get_one(Team, site.city.team.team_id).is_lending is is_on
    page = get_page(browser, "/team/members")
    assert "谁在什么时候改过" in page.text
    assert page.text.count(site.city.team.name) >= 2


# Somebody who is asked by name


def test_one_tap_on_the_link_and_the_list_at_the_desk(site: Site):
    order = site.make(held)
    who = asked(site, order)[0]
    path = link(site, "join", order, Party.VOLUNTEER, who)
    page = get_page(site.browser(), path)
    assert "想请您去服务，能去吗？" in page.text
    assert PHONE not in page.html
    desk = site.browser(seat_of(site, who))
    listed = get_page(desk, "/volunteer/")
    assert "请您去服务" in listed.text
    answer = submit(desk, listed.form(f"/volunteer/orders/{order.number}/come"))
    assert (answer.status_code, answer.location) == (303, "/volunteer/")
    assert site.status(order.number) == "accepted"
    with site.app.app_context():
        assert crew_of(order) == {who}
    assert "这次服务，您能来吗？" in get_page(site.browser(), path).text
    assert site.findings() == []


def test_a_no_on_the_link_asks_why_and_a_late_yes_reads_that_nobody_is_needed(site_sqlite: Site):
    site = site_sqlite
    order = site.make(held)
    first, second = asked(site, order)[:2]
    browser = site.browser()
    paths = {who: link(site, "join", order, Party.VOLUNTEER, who) for who in (first, second)}
    no = form_of(get_page(browser, paths[first]), "no")
    assert submit(browser, no).status_code == 422
    assert submit(browser, no, {"reason": "family"}).status_code == 303
    assert "您已回复：去不了" in get_page(browser, paths[first]).text
    late = form_of(get_page(browser, paths[first]), "yes")
    submit(browser, form_of(get_page(browser, paths[second]), "yes"))
    answer = submit(browser, late)
    assert answer.status_code == 410
    assert "人已经够了" in read(answer).text


def test_a_button_of_a_question_that_is_over_is_answered_politely(site_sqlite: Site):
    site = site_sqlite
    order = site.make(held)
    first, second = asked(site, order)[:2]
    desk = site.browser(seat_of(site, second))
    stale = get_page(desk, "/volunteer/").form(f"/volunteer/orders/{order.number}/come")
    browser = site.browser()
    submit(browser, form_of(get_page(browser, link(site, "join", order, Party.VOLUNTEER, first)), "yes"))
    answer = submit(desk, stale)
    assert (answer.status_code, answer.location) == (303, "/volunteer/")
    assert "人已经够了" in get_page(desk, "/volunteer/").text
    stranger = site.browser(seat_of(site, site.city.other_crew[0]))
    assert submit(stranger, with_token(stale, get_page(stranger, "/volunteer/me"))).status_code == 404


def with_token(form: Form, page: Page) -> Form:
    """The same form with the token of another browser."""
    token: Any = next(each.get("csrf_token") for each in page.forms if each.get("csrf_token"))
    kept = [(name, value) for name, value in form.fields if name != "csrf_token"]
    return Form(form.action, form.method, fields=[*kept, ("csrf_token", token)], names=form.names)


def test_who_stands_in_is_shown_while_they_are_asked(site_sqlite: Site):
    site = site_sqlite
    order = site.make(held)
    browser = site.browser()
    first = asked(site, order)[0]
    path = link(site, "join", order, Party.VOLUNTEER, first)
    submit(browser, form_of(get_page(browser, path), "yes"))
    submit(browser, form_of(get_page(browser, path), "no"), {"reason": "work"})
    with site.app.app_context():
        waiting = asked_of(order)
        listed = asks_of(order)
    if waiting:
        assert "正在请人补上" in site.page(site.city.team, order.number).text
    else:
        assert all(ask.asked_at is not None for ask in listed)
    assert site.findings() == []
