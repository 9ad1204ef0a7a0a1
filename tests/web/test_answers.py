"""Answer links: looking changes nothing, one tap answers, and whoever holds no good link reads in one sentence what to
do instead."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from threading import Barrier
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from qtxvol.extensions import db
from qtxvol.notices.answers import answer_path
from qtxvol.notices.models import Notice
from qtxvol.notices.queue import To
from qtxvol.orders.claim import offer_order
from qtxvol.orders.crew import change_crew
from qtxvol.orders.decline import cancel_order, merge_order
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import CallBack, Crew, Offer, Order, Rating, Reply, ReplyChange
from qtxvol.orders.serve import close_order, reschedule_order, withdraw_order
from qtxvol.orders.transition import Outcome
from qtxvol.privacy.erase import Cause, erase_order
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Volunteer
from tests.emergencies.plans import opened
from tests.factories import NOW, accepted, claimed, closed, make_volunteer, placed, window
from tests.web.pages import Form, Page, get_page, read, submit
from tests.web.site import Site

#: Tests that share a city have their services on days of their own.
DAYS = count(10)
START = window(3).starts_at
END = window(3).ends_at


def link(site: Site, purpose: str, order: Outcome, party: Party, who: int | str = "") -> str:
    """The link as a notice carries it."""
    reader = To(party, str(who), order.order_id)
    with site.app.app_context():
        return answer_path(purpose, order_id=order.order_id, reader=reader, now=NOW)


def come_link(site: Site, order: Outcome, who: int | None = None) -> str:
    return link(site, "come", order, Party.VOLUNTEER, who if who is not None else site.city.crew[0])


def form_of(page: Page, answer: str) -> Form:
    found = [form for form in page.forms if form.get("answer") == answer]
    assert found, f"no form says {answer}: {page.text}"
    return found[0]


def say(client: FlaskClient, path: str, answer: str, **typed: str) -> TestResponse:
    return submit(client, form_of(get_page(client, path), answer), typed)


def answers_to(site: Site, order: Outcome, purpose: str = "come") -> list[tuple[str, str | None, str]]:
    with site.app.app_context():
        rows = db.session.scalars(
            select(Reply).where(Reply.order_id == order.order_id, Reply.purpose == purpose, Reply.answer.is_not(None))
        )
        return [(row.scope, row.answer, row.reason) for row in rows]


def kinds_told(site: Site, order: Outcome, *kinds: str) -> list[tuple[str, str]]:
    with site.app.app_context():
        wanted = select(Notice.kind, Notice.party).where(Notice.order_id == order.order_id, Notice.kind.in_(kinds))
        return sorted((row.kind, row.party) for row in db.session.execute(wanted))


# Looking


def test_looking_at_a_link_changes_nothing_whoever_fetches_it(site: Site) -> None:
    order = site.make(accepted)
    done = site.make(closed, agreed=window(6))
    paths = [
        come_link(site, order),
        link(site, "come", order, Party.TEAM, site.city.team.team_id or 0),
        link(site, "confirm_time", order, Party.RESIDENT),
        link(site, "rate", done, Party.RESIDENT),
    ]
    before = site.rows()
    preview = site.browser()
    for path in paths:
        assert preview.get(path, headers={"User-Agent": "WhatsApp/2 preview"}).status_code == 200
        assert preview.head(path).status_code == 200
        assert preview.get(path, headers={"Purpose": "prefetch", "Sec-Purpose": "prefetch"}).status_code == 200
        assert preview.get(path + "?answer=yes&csrf_token=x").status_code == 200
        assert preview.options(path).status_code == 200
    assert preview.get(paths[0] + "/calendar.ics").mimetype == "text/calendar"
    assert site.rows() == before


def test_a_department_reads_that_it_does_not_rate_what_it_sent(site_sqlite: Site) -> None:
    order = site_sqlite.make(closed, agreed=window(next(DAYS)))
    path = link(site_sqlite, "rate", order, Party.RESIDENT)
    with site_sqlite.app.app_context(), transaction():
        event = opened(site_sqlite.city)
        db.session.execute(update(Order).where(Order.id == order.order_id).values(is_push=True, emergency_id=event))
    answer = site_sqlite.browser().get(path)
    assert answer.status_code == 410
    assert "部门不评价自己送的服务" in read(answer).text
    follow = get_page(site_sqlite.browser(), site_sqlite.link(order.number)).text
    assert "服务已完成，由社区回访。" in follow
    assert "部门不评价自己送的服务" in follow


def test_the_page_is_kept_nowhere_and_shows_no_number(site_sqlite: Site) -> None:
    order = site_sqlite.make(accepted)
    for path in (come_link(site_sqlite, order), link(site_sqlite, "confirm_time", order, Party.RESIDENT)):
        answer = site_sqlite.browser().get(path)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        page = read(answer)
        assert ("meta", {"name": "robots", "content": "noindex, nofollow"}) in page.tags
        assert not re.search(r"1\d{10}|\b1234\b|王测试", page.text.replace(order.number, ""))
        assert len(path) <= 60
        assert "Set-Cookie" not in answer.headers


# A volunteer


def test_a_volunteer_says_yes_with_one_tap_and_no_cookie(site: Site) -> None:
    order = site.make(accepted)
    path = come_link(site, order)
    form = form_of(get_page(site.browser(), path), "yes")
    answer = submit(site.browser(), form)  # another browser: no session, no cookie
    assert (answer.status_code, answer.location) == (303, path)
    assert "您已回复：能来" in get_page(site.browser(), path).text
    assert answers_to(site, order) == [(str(site.city.crew[0]), "yes", "")]
    assert not kinds_told(site, order, "cannot_come", "answer_changed"), "that somebody comes is no news"


def test_a_no_with_its_reason_reaches_the_leader_at_once(site: Site) -> None:
    order = site.make(accepted)
    path = come_link(site, order)
    assert say(site.browser(), path, "no", reason="illness").status_code == 303
    assert answers_to(site, order) == [(str(site.city.crew[0]), "no", "illness")]
    assert kinds_told(site, order, "cannot_come") == [("cannot_come", "team")]
    page = site.page(site.city.team, order.number)
    assert "来不了" in page.text
    assert "身体不适" in page.text
    page.form(f"/team/orders/{order.number}/crew")
    site.move_to(NOW)
    assert "来不了" in get_page(site.browser(site.city.team), f"/team/day?on={START.date()}").text
    assert "来不了" in get_page(site.browser(site.city.team), f"/team/day/sheet?on={START.date()}").text


def test_on_short_notice_the_department_hears_it_too(site_sqlite: Site) -> None:
    order = site_sqlite.make(accepted)
    path = come_link(site_sqlite, order)
    site_sqlite.move_to(START - timedelta(hours=5))
    say(site_sqlite.browser(), path, "no", reason="work")
    assert kinds_told(site_sqlite, order, "cannot_come") == [("cannot_come", "department"), ("cannot_come", "team")]


def test_an_answer_may_be_changed_and_all_of_it_is_kept(site: Site) -> None:
    order = site.make(accepted)
    path = come_link(site, order)
    for answer, typed in (("yes", {}), ("no", {"reason": "family", "text": "孩子发烧"}), ("yes", {})):
        assert say(site.browser(), path, answer, **typed).status_code == 303
    assert answers_to(site, order) == [(str(site.city.crew[0]), "yes", "")]
    with site.app.app_context():
        changes = db.session.scalars(select(ReplyChange.answer).order_by(ReplyChange.id)).all()
    assert changes == ["yes", "no", "yes"]
    assert kinds_told(site, order, "cannot_come", "answer_changed") == [
        ("answer_changed", "team"),
        ("cannot_come", "team"),
    ]


def test_the_same_answer_twice_is_one(site: Site) -> None:
    order = site.make(accepted)
    path = come_link(site, order)
    form = form_of(get_page(site.browser(), path), "no")
    for _ in range(3):
        answer = submit(site.browser(), form, {"reason": "other", "text": "临时出差"})
        assert answer.status_code == 303
    assert kinds_told(site, order, "cannot_come") == [("cannot_come", "team")]
    with site.app.app_context():
        assert len(db.session.scalars(select(ReplyChange)).all()) == 1


@pytest.mark.parametrize(
    ("typed", "field", "sentence"),
    [
        ({}, "reason", "请选一个原因"),
        ({"reason": "nonsense"}, "reason", "请从列表里选一个原因"),
        ({"reason": "other"}, "text", "请写明情况"),
        ({"reason": "work", "text": "打 19900001234"}, "text", "手机号码"),
        ({"reason": "work", "text": "长" * 201}, "text", "最多 200 个字"),
    ],
)
def test_a_no_that_says_too_little_keeps_what_was_typed(
    still: Site, typed: dict[str, str], field: str, sentence: str
) -> None:
    order = still.make(accepted, agreed=window(next(DAYS)))
    before = answers_to(still, order)
    answer = say(still.browser(), come_link(still, order, _crew_of(still, order)), "no", **typed)
    assert answer.status_code == 422
    page = read(answer)
    assert sentence in page.error_of(field)
    if "text" in typed:
        assert form_of(page, "no").get("text") == typed["text"]
    assert answers_to(still, order) == before


def _crew_of(site: Site, order: Outcome) -> int:
    with site.app.app_context():
        return db.session.scalars(select(Crew.volunteer_id).where(Crew.order_id == order.order_id)).one()


def test_neither_yes_nor_no_is_asked_for_again(site_sqlite: Site) -> None:
    order = site_sqlite.make(accepted)
    path = come_link(site_sqlite, order)
    answer = submit(site_sqlite.browser(), form_of(get_page(site_sqlite.browser(), path), "no"), {"answer": "perhaps"})
    assert answer.status_code == 422
    assert "请再点一次" in read(answer).text


def test_the_rows_of_one_person_are_one_person(site: Site) -> None:
    """Two registrations that were found to be one: the link to the older row answers for the one that is named."""
    order = site.make(accepted)
    with site.app.app_context():
        survivor = make_volunteer(site.city.team.team_id)
        with transaction():
            person = db.session.get_one(Volunteer, site.city.crew[0])
            person.merged_into_id, person.status = survivor, "merged"
    for who in (site.city.crew[0], survivor):
        path = come_link(site, order, who)
        assert say(site.browser(), path, "yes" if who == survivor else "no", reason="work").status_code == 303
    assert [scope for scope, _answer, _reason in answers_to(site, order)] == [str(site.city.crew[0])]
    assert answers_to(site, order)[0][1] == "yes"


# Links that are no good


def refusal(client: FlaskClient, path: str, status: int) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.get_data(as_text=True)
    page = read(answer)
    assert not page.forms or all(not form.get("answer") for form in page.forms)
    assert "/track" in page.html, "says what to do instead"
    assert answer.headers["Cache-Control"] == "no-store"
    return page.text


def test_a_forged_link_is_not_found_and_many_of_them_slow_down(site: Site) -> None:
    order = site.make(accepted)
    good = come_link(site, order)
    client = site.browser()
    swapped = good[:-1] + ("A" if good[-1] != "A" else "B")
    for path in (swapped, "/a/x", "/a/" + "A" * 38, good + "A", good[:-1], "/a/" + "é" * 38):
        assert "没有复制完整" in refusal(client, path, 404)
    before = site.rows("attempts")
    for _ in range(40):
        last = client.get(swapped)
    assert last.status_code == 429
    assert last.headers["Retry-After"]
    assert client.get(good).status_code == 200, "a good link opens all the same"
    assert site.rows("attempts") == before


def test_somebody_elses_link_is_not_made_from_ones_own(site: Site) -> None:
    """The letters that name the reader, changed: no proof for them."""
    order, other = site.make(accepted), site.make(placed)
    mine = come_link(site, order)
    site.make(accepted, agreed=window(5))
    tokens = [mine[3:], come_link(site, order, site.city.crew[1])[3:]]
    mixed = f"/a/{tokens[1][:18]}{tokens[0][18:]}"
    assert "没有复制完整" in refusal(site.browser(), mixed, 404)
    assert "不用来" in refusal(site.browser(), f"/a/{tokens[1]}", 410), "genuine, but nobody named them"
    assert link(site, "confirm_time", other, Party.RESIDENT) == "", "nothing is agreed: nothing to ask"


def test_an_expired_link_says_so_and_what_was_answered(site: Site) -> None:
    order = site.make(accepted)
    path = come_link(site, order)
    say(site.browser(), path, "yes")
    form = form_of(get_page(site.browser(), path), "no")
    site.move_to(START)
    text = refusal(site.browser(), path, 410)
    assert "已经过了" in text
    assert "您当时的回复已经收到" in text
    late = submit(site.browser(), form, {"reason": "work"})
    assert late.status_code == 410
    assert answers_to(site, order)[0][1] == "yes"


def test_after_the_service_moved_the_old_link_answers_nothing(site: Site) -> None:
    order = site.make(accepted)
    path = come_link(site, order)
    form = form_of(get_page(site.browser(), path), "yes")
    with site.app.app_context():
        reschedule_order(order.number, site.city.team, agreed=window(4), now=NOW)
    assert "已经变了" in refusal(site.browser(), path, 410)
    assert submit(site.browser(), form).status_code == 410
    assert not answers_to(site, order)
    new = come_link(site, order)
    assert new != path
    assert say(site.browser(), new, "yes").status_code == 303
    with site.app.app_context():
        reschedule_order(order.number, site.city.team, agreed=window(3), now=NOW)
    assert "您已回复" not in get_page(site.browser(), path).text, "that yes was for the other time"


@pytest.mark.parametrize("way", ["withdrawn", "cancelled", "swapped", "erased"])
def test_a_link_ends_with_what_it_asked_about(site: Site, way: str) -> None:
    order = site.make(accepted)
    path = come_link(site, order)
    city = site.city
    with site.app.app_context():
        if way == "withdrawn":
            withdraw_order(order.number, city.team, reason="illness", now=NOW)
        elif way == "swapped":
            change_crew(order.number, city.team, volunteer_ids=city.crew[1:2], now=NOW)
        else:
            cancel_order(order.number, city.community, reason="no_longer_needed", now=NOW)
            if way == "erased":
                erase_order(order.number, city.office, cause=Cause.ASKED, now=NOW)
    expected = {
        "withdrawn": (410, "已经变了"),
        "cancelled": (410, "已经结束（已撤单）"),
        "swapped": (410, "另外安排了人"),
        "erased": (404, "没有复制完整"),
    }[way]
    assert expected[1] in refusal(site.browser(), path, expected[0])


def test_without_the_pages_token_no_other_site_answers(site_sqlite: Site) -> None:
    order = site_sqlite.make(accepted)
    path, before = come_link(site_sqlite, order), site_sqlite.rows()
    other = come_link(site_sqlite, site_sqlite.make(accepted, agreed=window(6)))
    before = site_sqlite.rows()
    token = form_of(get_page(site_sqlite.browser(), other), "yes").get("csrf_token")
    for sent in ({}, {"csrf_token": "x"}, {"csrf_token": "é"}, {"csrf_token": token}):
        assert site_sqlite.browser().post(path, data={"answer": "yes", **sent}).status_code == 400
    assert site_sqlite.rows() == before


# A leader


def test_a_leader_who_cannot_come_tells_the_department(site_sqlite: Site) -> None:
    order = site_sqlite.make(accepted)
    path = link(site_sqlite, "come", order, Party.TEAM, site_sqlite.city.team.team_id or 0)
    say(site_sqlite.browser(), path, "no", reason="illness")
    assert kinds_told(site_sqlite, order, "cannot_come") == [("cannot_come", "department")]
    assert site_sqlite.status(order.number) == "accepted", "nothing changes by itself"
    assert "队长说来不了" in site_sqlite.page(site_sqlite.city.department, order.number).text


def offered(site: Site) -> Outcome:
    order = site.make(claimed)
    teams = [site.city.team.team_id or 0, site.city.other_team.team_id or 0]
    with site.app.app_context():
        offer_order(order.number, site.city.department, team_ids=teams, now=NOW)
    return order


def test_a_team_declines_an_offer_and_only_the_department_hears(site: Site) -> None:
    order = offered(site)
    path = link(site, "come", order, Party.TEAM, site.city.team.team_id or 0)
    page = get_page(site.browser(), path)
    assert f"/team/orders/{order.number}" in page.html, "to accept, one has to choose time and people"
    assert say(site.browser(), path, "no", reason="no_people").status_code == 303
    with site.app.app_context():
        offers = {offer.team_id: offer for offer in db.session.scalars(select(Offer))}
    mine = offers[site.city.team.team_id or 0]
    assert (mine.answer, mine.reason, mine.answered_at) == ("declined", "no_people", NOW)
    assert offers[site.city.other_team.team_id or 0].answer is None
    assert kinds_told(site, order, "offer_declined") == [("offer_declined", "department")]
    assert re.search(r"接不了.? ?人手不够", site.page(site.city.department, order.number).text)
    assert say(site.browser(), path, "yes").status_code == 303  # with a time: its people are asked at once
    with site.app.app_context():
        assert db.session.scalars(select(Offer.answer).where(Offer.id == mine.id)).one() == "held"


def test_once_another_team_has_it_the_offers_link_only_asks_to_stand_by(site: Site) -> None:
    order = offered(site)
    path = link(site, "come", order, Party.TEAM, site.city.other_team.team_id or 0)
    answer = site.act(
        site.city.team, order.number, "accept", {"wished": "1", "volunteer_ids": [str(site.city.crew[0])]}
    )
    assert answer.status_code == 303
    assert "您的队愿意候补吗" in read(site.browser().get(path)).text
    assert say(site.browser(), path, "no", reason="too_far").status_code == 303
    assert not kinds_told(site, order, "offer_declined"), "it is no news to anybody"
    site.move_to(NOW + timedelta(days=14))
    assert "时间已经过了" in refusal(site.browser(), path, 410)


# The resident


def test_the_resident_confirms_the_time_and_the_leader_sees_it(site: Site) -> None:
    order = site.make(accepted)
    assert "居民还没确认时间" in site.page(site.city.team, order.number).text
    path = link(site, "confirm_time", order, Party.RESIDENT)
    say(site.browser(), path, "yes")
    assert "居民已确认时间" in site.page(site.city.team, order.number).text
    assert not kinds_told(site, order, "time_refused")


def test_teams_that_look_on_do_not_read_what_was_answered(site_sqlite: Site) -> None:
    order = site_sqlite.make(accepted)
    path = link(site_sqlite, "confirm_time", order, Party.RESIDENT)
    say(site_sqlite.browser(), path, "no", text="那天要去医院")
    assert "那天要去医院" in site_sqlite.page(site_sqlite.city.team, order.number).text
    page = site_sqlite.page(site_sqlite.city.other_team, order.number)
    assert "居民说这个时间不行" not in page.text
    assert "那天要去医院" not in page.text


def test_a_time_that_does_not_suit_goes_to_the_team_and_changes_nothing(site: Site) -> None:
    order = site.make(accepted)
    path = link(site, "confirm_time", order, Party.RESIDENT)
    typed = {"day_1": "2026-11-30", "slot_1": "morning", "text": "那天村里有集"}
    assert say(site.browser(), path, "no", **typed).status_code == 303
    assert site.order(order.number).agreed_start == START
    assert kinds_told(site, order, "time_refused") == [("time_refused", "team")]
    page = site.page(site.city.team, order.number)
    for part in ("居民说这个时间不行", "11月30日（周一）09:00–11:30", "那天村里有集"):
        assert part in page.text
    shown = get_page(site.browser(), path).text
    assert "您已回复：这个时间不行" in shown


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({}, "请选一个方便的日期和时段"),
        ({"day_1": "2026-11-30"}, "日期和时段请一起选"),
        ({"day_1": "nonsense", "slot_1": "morning"}, "日期和时段请一起选"),
        ({"day_1": "2026-11-20", "slot_1": "morning"}, "已经过去了"),
        ({"day_1": "2026-11-30", "slot_1": "midnight"}, "请从列表里选一项"),
    ],
)
def test_another_time_has_day_and_half_day(still: Site, typed: dict[str, str], sentence: str) -> None:
    order = still.make(accepted, agreed=window(next(DAYS)))
    answer = say(still.browser(), link(still, "confirm_time", order, Party.RESIDENT), "no", **typed)
    assert answer.status_code == 422
    assert sentence in read(answer).text


def test_they_came_says_the_resident_before_anybody_has_written_it_up(site: Site) -> None:
    order = site.make(accepted)
    path = link(site, "took_place", order, Party.RESIDENT)
    assert "还没到" in refusal(site.browser(), path, 410)
    site.move_to(END + timedelta(hours=2))
    assert say(site.browser(), path, "yes").status_code == 303
    assert answers_to(site, order, "took_place") == [(str(order.order_id), "yes", "")]
    assert site.status(order.number) == "accepted"


def test_nobody_came_is_a_no_show_and_a_second_tap_is_fine(site: Site) -> None:
    order = site.make(accepted)
    path = link(site, "took_place", order, Party.RESIDENT)
    site.move_to(END + timedelta(hours=2))
    form = form_of(get_page(site.browser(), path), "no")
    for _ in range(2):
        assert submit(site.browser(), form, {"text": "等了一小时"}).status_code == 303
    assert site.steps(order.number)[-2:] == ["accept", "no_show"]
    page = get_page(site.browser(), path)
    assert "您已回复：没有来" in page.text
    assert not [each for each in page.forms if each.get("answer")]
    assert not site.findings()


def test_one_of_several_askers_says_nobody_came_and_is_called(site: Site) -> None:
    order, other = site.make(accepted), site.make(placed)
    with site.app.app_context():
        merge_order(other.number, site.city.community, into_number=order.number, now=NOW)
    path = link(site, "took_place", other, Party.RESIDENT)
    site.move_to(END + timedelta(hours=2))
    assert say(site.browser(), path, "no").status_code == 303
    assert site.status(order.number) == "accepted"
    with site.app.app_context():
        tasks = db.session.execute(select(CallBack.order_id, CallBack.cause)).all()
    assert [tuple(task) for task in tasks] == [(other.order_id, "did_not_take_place")]


def test_after_the_closing_the_answer_leads_to_the_rating(site: Site) -> None:
    order = site.make(accepted)
    path = link(site, "took_place", order, Party.RESIDENT)
    done = END + timedelta(hours=1)
    with site.app.app_context():
        close_order(
            order.number,
            site.city.team,
            actual=window(3),
            attendance=28,
            report="讲了",
            minutes={site.city.crew[0]: 60},
            now=done,
        )
    site.move_to(done + timedelta(hours=1))
    answer = say(site.browser(), path, "no")
    rate = link(site, "rate", order, Party.RESIDENT)
    assert answer.location == f"{rate}?came=no"
    page = get_page(site.browser(), answer.location)
    assert page.forms[0].get("took_place") == "no"


def rate_form(site: Site, order: Outcome) -> tuple[str, Form]:
    path = link(site, "rate", order, Party.RESIDENT)
    site.move_to(END + timedelta(hours=2))
    page = get_page(site.browser(), path)
    return path, next(form for form in page.forms if "stars" in form.names)


def test_the_resident_rates_by_the_link_once(site: Site) -> None:
    order = site.make(closed)
    path, form = rate_form(site, order)
    bad = submit(site.browser(), form, {"took_place": "yes"})
    assert bad.status_code == 422
    assert "请选几颗星" in read(bad).error_of("stars")
    for _ in range(2):
        assert submit(site.browser(), form, {"took_place": "yes", "stars": "4", "text": "很好"}).status_code == 303
    page = get_page(site.browser(), path)
    assert "您已评价：4 星" in page.text
    assert not [each for each in page.forms if "stars" in each.names]
    with site.app.app_context():
        assert [row.stars for row in db.session.scalars(select(Rating))] == [4]
    site.move_to(END + timedelta(days=20))
    assert "您的评价已经收到" in refusal(site.browser(), path, 410)


# Signed in


def test_the_same_buttons_stand_on_the_volunteers_desk(site: Site) -> None:
    order = site.make(accepted)
    url = f"/volunteer/orders/{order.number}"
    browser = site.browser(site.city.volunteer)
    page = get_page(browser, url)
    assert submit(browser, form_of(page, "yes")).location == url
    assert "您已回复：能来" in get_page(browser, url).text
    bad = submit(browser, form_of(get_page(browser, url), "no"), {"text": "有事"})
    assert bad.status_code == 422
    assert form_of(read(bad), "no").get("text") == "有事"
    assert submit(browser, form_of(read(bad), "no"), {"reason": "family"}).status_code == 303
    assert answers_to(site, order) == [(str(site.city.crew[0]), "no", "family")]
    with site.app.app_context():
        accounts = db.session.scalars(select(ReplyChange.account_id)).all()
    assert set(accounts) == {site.city.volunteer.account_id}


def test_a_leader_declines_an_offer_at_the_desk_and_comes_back_to_it(site_sqlite: Site) -> None:
    order = offered(site_sqlite)
    browser, url = site_sqlite.browser(site_sqlite.city.team), f"/team/orders/{order.number}"
    assert submit(browser, form_of(get_page(browser, url), "no"), {"reason": "too_far"}).status_code == 303
    assert "您已回复：接不了（路太远）" in get_page(browser, url).text
    answer = site_sqlite.act(
        site_sqlite.city.team, order.number, "accept", {"wished": "1", "volunteer_ids": [str(site_sqlite.city.crew[0])]}
    )
    assert answer.status_code == 303


def test_the_leader_changes_the_crew_on_the_page(site: Site) -> None:
    order = site.make(accepted)
    say(site.browser(), come_link(site, order), "no", reason="illness")
    url = f"/team/orders/{order.number}"
    form = site.page(site.city.team, order.number).form(f"{url}/crew")
    assert [value for name, value in form.fields if name == "volunteer_ids"] == [str(site.city.crew[0])]
    answer = submit(site.browser(site.city.team), form, {"volunteer_ids": [str(site.city.crew[1])]})
    assert answer.status_code == 303
    assert site.steps(order.number)[-1] == "crew"
    with site.app.app_context():
        told = db.session.scalars(select(Notice.scope).where(Notice.kind == "crew")).all()
    assert sorted(told) == sorted(map(str, site.city.crew[:2]))
    submit(site.browser(site.city.team), form, {"volunteer_ids": [str(site.city.crew[1])]})
    assert site.steps(order.number).count("crew") == 1, "a second tap is the same change"
    bad = site.page(site.city.team, order.number).form(f"{url}/crew")
    nobody = submit(site.browser(site.city.team), bad, {"volunteer_ids": []})
    assert nobody.status_code == 422
    assert "请至少选一名志愿者" in read(nobody).error_of("volunteer_ids", "crew")


# At the same moment


def at_once(site: Site, runs: list[Callable[[], Any]]) -> list[Any]:
    barrier = Barrier(len(runs))

    def go(run: Callable[[], Any]) -> Any:
        barrier.wait()
        return run()

    with ThreadPoolExecutor(len(runs)) as pool:
        return list(pool.map(go, runs))


def test_many_taps_at_once_are_one_answer(site: Site) -> None:
    order = site.make(accepted)
    path = come_link(site, order)
    form = form_of(get_page(site.browser(), path), "no")
    answers = at_once(site, [lambda: submit(site.browser(), form, {"reason": "work"}).status_code] * 6)
    assert answers == [303] * 6
    assert kinds_told(site, order, "cannot_come") == [("cannot_come", "team")]
    with site.app.app_context():
        assert len(db.session.scalars(select(ReplyChange)).all()) == 1


def test_two_no_shows_at_once_are_one(site: Site) -> None:
    order = site.make(accepted)
    path = link(site, "took_place", order, Party.RESIDENT)
    site.move_to(END + timedelta(hours=2))
    form = form_of(get_page(site.browser(), path), "no")
    assert at_once(site, [lambda: submit(site.browser(), form).status_code] * 4) == [303] * 4
    assert site.steps(order.number).count("no_show") == 1


def test_the_resident_confirms_while_the_team_moves_the_service(site: Site) -> None:
    order = site.make(accepted)
    path = link(site, "confirm_time", order, Party.RESIDENT)
    form = form_of(get_page(site.browser(), path), "yes")

    def move() -> int:
        with site.app.app_context():
            reschedule_order(order.number, site.city.team, agreed=window(4), now=NOW)
        return 0

    confirmed, _moved = at_once(site, [lambda: submit(site.browser(), form).status_code, move])
    assert confirmed in (303, 410)
    text = site.page(site.city.team, order.number).text
    assert "居民还没确认时间" in text, "whichever came first: the new time is not confirmed"
    with site.app.app_context():
        kept = db.session.scalars(select(Reply).where(Reply.purpose == "confirm_time", Reply.answer == "yes")).all()
        assert [each.agreed_start for each in kept] == ([START] if confirmed == 303 else [])


def test_forgetting_the_resident_forgets_their_words(site_sqlite: Site) -> None:
    order = site_sqlite.make(accepted)
    path = link(site_sqlite, "confirm_time", order, Party.RESIDENT)
    say(site_sqlite.browser(), path, "no", text="老伴住院，下周再说")
    with site_sqlite.app.app_context():
        cancel_order(order.number, site_sqlite.city.community, reason="no_longer_needed", now=NOW)
        erase_order(order.number, site_sqlite.city.office, cause=Cause.ASKED, now=NOW)
        assert "老伴" not in str([row.text for row in db.session.scalars(select(Reply))])
