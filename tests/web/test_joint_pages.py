"""Joint sessions and other times on pages: desks propose, residents answer there or by link, nothing is lost."""

from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import select

from qtxvol.extensions import db
from qtxvol.notices.answers import answer_path
from qtxvol.notices.queue import To
from qtxvol.offers.joint import propose_joint
from qtxvol.offers.models import CounterOffer, JointInvite, JointSession
from qtxvol.offers.other_times import expire_counters, propose_times
from qtxvol.orders.decline import cancel_order
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import Order, OrderNote, WishedTime
from qtxvol.orders.serve import accept_order
from qtxvol.orders.transition import Outcome
from tests.factories import NOW, accepted, claimed, link_of, placed, window
from tests.web.pages import Form, Page, get_page, read, submit
from tests.web.site import Site

#: Tests share a city: each has days of its own.
_DAYS = count(6, 3)
OTHERS = (window(40), window(41), window(42))


def link(site: Site, purpose: str, order: Outcome) -> str:
    with site.app.app_context():
        return answer_path(purpose, order_id=order.order_id, reader=To(Party.RESIDENT, "", order.order_id), now=NOW)


def forms_saying(page: Page, answer: str) -> list[Form]:
    return [form for form in page.forms if form.get("answer") == answer]


# Other times


def asked(site: Site) -> Outcome:
    order = site.make(claimed)
    with site.app.app_context():
        propose_times(order.number, site.city.team, windows=OTHERS, text="那几天队里有人。", now=NOW)
    return order


def counter_of(site: Site, order: Outcome) -> tuple[str | None, int | None]:
    with site.app.app_context():
        row = db.session.scalars(select(CounterOffer).where(CounterOffer.order_id == order.order_id)).one()
        return row.answer, row.chosen


@pytest.mark.parametrize("desk", ["team", "department"])
def test_a_desk_asks_for_other_times_with_the_best_ticked(site: Site, desk: str) -> None:
    order = site.make(claimed)
    client = site.browser(getattr(site.city, desk))
    path = f"/{desk}/orders/{order.number}/other-times"
    assert path in get_page(client, f"/{desk}/orders/{order.number}").html
    form = get_page(client, path).form(path)
    ticked = [value for name, value in form.fields if name == "times"]
    assert 0 < len(ticked) <= 3
    assert set(ticked) < set(form.options["times"])
    answer = submit(client, form, {"text": "换个时间行吗？"})
    assert (answer.status_code, answer.location) == (303, f"/{desk}/orders/{order.number}")
    with site.app.app_context():
        counter = db.session.scalars(select(CounterOffer).where(CounterOffer.order_id == order.order_id)).one()
        assert len(counter.windows) == len(ticked)
        note = select(OrderNote.text).where(OrderNote.event_id == counter.asked_event_id)
        assert db.session.scalar(note) == "换个时间行吗？"
    page = get_page(client, f"/{desk}/orders/{order.number}")
    assert path not in page.html, "one question at a time"
    assert "还有一个问题等居民答复" in get_page(client, path).text


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"times": None}, "请至少选一个时间"),
        ({"times": ["whenever", "\0"]}, "请从列表里选时间"),
        ({"times": None, "own_start": "2026-12-20T09:00"}, "请把开始和结束时间都填上"),
        ({"times": None, "own_start": "2020-12-20T09:00", "own_end": "2020-12-20T10:00"}, "已经过去"),
        ({"text": "打我电话 13912345678"}, "手机号码"),
        ({"text": "长" * 300}, ""),
    ],
)
def test_a_badly_filled_question_keeps_what_was_typed(
    site_sqlite: Site, typed: dict[str, object], sentence: str
) -> None:
    order = site_sqlite.make(claimed)
    client = site_sqlite.browser(site_sqlite.city.team)
    path = f"/team/orders/{order.number}/other-times"
    answer = submit(client, get_page(client, path).form(path), {"text": "留着这句", **typed})
    assert answer.status_code == 422
    page = read(answer)
    assert sentence in page.text
    assert page.form(path).get("text") == typed.get("text", "留着这句")
    if "own_start" in typed:
        assert page.form(path).get("own_start") == typed["own_start"]


def test_a_question_that_came_too_late_keeps_its_words(site_sqlite: Site) -> None:
    order = site_sqlite.make(claimed)
    client = site_sqlite.browser(site_sqlite.city.team)
    path = f"/team/orders/{order.number}/other-times"
    form = get_page(client, path).form(path)
    with site_sqlite.app.app_context():
        cancel_order(order.number, link_of(order), reason="other", text="不用了。", now=NOW)
    answer = submit(client, form, {"text": "留着这句"})
    assert answer.status_code == 409
    assert "留着这句" in read(answer).text


@pytest.mark.parametrize(
    ("desk", "sentence"),
    [
        ("team", "您的队已经问过 2 次别的时间，居民都没有答复，不再发了。请告诉部门"),
        ("department", "已经问过 2 次别的时间，居民都没有答复，不再发了。请社区打电话和居民商量"),
    ],
)
def test_after_two_questions_in_vain_a_desk_reads_what_to_do_instead(
    site_sqlite: Site, desk: str, sentence: str
) -> None:
    site, actor = site_sqlite, getattr(site_sqlite.city, desk)
    order = site.make(claimed)
    path = f"/{desk}/orders/{order.number}/other-times"
    form = get_page(site.browser(actor), path).form(path)
    with site.app.app_context():
        for days in (0, 2):
            asked_at = NOW + timedelta(days=days - 4)
            propose_times(order.number, actor, windows=[window(9 + days)], now=asked_at)
            assert expire_counters(asked_at + timedelta(days=1)) == 1
    page = get_page(site.browser(actor), f"/{desk}/orders/{order.number}")
    assert path not in page.html
    assert sentence in page.text
    assert sentence in get_page(site.browser(actor), path).text
    answer = submit(site.browser(actor), form, {"text": "留着这句"})
    assert answer.status_code == 409
    assert sentence in read(answer).text
    assert "留着这句" in read(answer).text


def test_a_stranger_finds_no_such_page(site_sqlite: Site) -> None:
    order = site_sqlite.make(claimed)
    client = site_sqlite.browser(site_sqlite.city.other_department)
    assert client.get(f"/department/orders/{order.number}/other-times").status_code == 404
    assert site_sqlite.browser(site_sqlite.city.team).get("/team/orders/nonsense/other-times").status_code == 404


def test_the_link_has_a_big_button_for_each_time_and_one_tap_takes_it(site: Site) -> None:
    order = asked(site)
    path = link(site, "other_time", order)
    before = site.rows()
    page = get_page(site.browser(), path)
    assert site.rows() == before, "looking changes nothing"
    assert "换个时间，哪个行？" in page.text
    buttons = forms_saying(page, "yes")
    assert len(buttons) == 3
    answer = submit(site.browser(), buttons[1])
    assert (answer.status_code, answer.location) == (303, path)
    assert counter_of(site, order) == ("yes", 1)
    again = get_page(site.browser(), path)
    assert "您已回复：这个时间可以" in again.text
    assert "有队答应以前都可以改" in again.text
    assert len(forms_saying(again, "yes")) == 2, "the other times"
    assert submit(site.browser(), buttons[1]).status_code == 303, "a second tap is fine"
    assert submit(site.browser(), buttons[0]).status_code == 303
    assert counter_of(site, order) == ("yes", 0)
    with site.app.app_context():
        hold = {"agreed": OTHERS[0], "volunteer_ids": site.city.crew[:1], "now": NOW}
        accept_order(order.number, site.city.team, **hold)
    moved = submit(site.browser(), buttons[1])
    assert moved.status_code == 410
    assert "不用再回复" in read(moved).text


def test_the_link_says_why_it_asks_who_asks_and_how_it_stands(site_sqlite: Site) -> None:
    order = asked(site_sqlite)
    path = link(site_sqlite, "other_time", order)
    page = get_page(site_sqlite.browser(), path)
    assert "您原来说的" in page.text
    assert "没有排开" in page.text
    assert "那几天队里有人。" in page.text
    assert "约 30 人" in page.text
    assert submit(site_sqlite.browser(), forms_saying(page, "no")[0]).status_code == 303
    after = get_page(site_sqlite.browser(), path)
    assert "已告诉志愿服务队" in after.text
    assert "会再跟您商量" in after.text


def test_the_clerk_reads_the_times_and_says_which_one_suits_on_the_telephone(site_sqlite: Site) -> None:
    order = asked(site_sqlite)
    client = site_sqlite.browser(site_sqlite.city.community)
    page = get_page(client, f"/community/orders/{order.number}")
    assert "居民说哪个时间行（电话里问到的）" in page.text
    assert "就定这个时间" in page.text
    assert "问的时间：" in page.text
    assert "正在等居民答复" in page.text
    form = page.form(f"/community/orders/{order.number}/answer")
    answer = submit(client, form, {"chosen": OTHERS[2].starts_at.isoformat()})
    assert answer.status_code == 303
    assert counter_of(site_sqlite, order) == ("yes", 2)
    for desk in ("community", "department"):
        page = get_page(site_sqlite.browser(getattr(site_sqlite.city, desk)), f"/{desk}/orders/{order.number}")
        assert "选定的时间：" in page.text


def test_none_of_them_suits_and_other_days_are_kept(site: Site) -> None:
    order = asked(site)
    path = link(site, "other_time", order)
    no = forms_saying(get_page(site.browser(), path), "no")[0]
    bad = submit(site.browser(), no, {"day_1": "2026-12-20", "text": "上午都行"})
    assert bad.status_code == 422
    assert forms_saying(read(bad), "no")[0].get("text") == "上午都行"
    assert submit(site.browser(), no, {"day_1": "2026-12-20", "slot_1": "morning"}).status_code == 303
    assert counter_of(site, order) == ("no", None)
    with site.app.app_context():
        assert db.session.query(WishedTime).where(WishedTime.order_id == order.order_id).count() == 3


@pytest.mark.parametrize("starts_at", ["", "tomorrow", "2026-12-24T00:00:00+00:00"])
def test_a_time_that_was_not_proposed_is_asked_again(site_sqlite: Site, starts_at: str) -> None:
    order = asked(site_sqlite)
    path = link(site_sqlite, "other_time", order)
    form = forms_saying(get_page(site_sqlite.browser(), path), "yes")[0]
    answer = submit(site_sqlite.browser(), form, {"starts_at": starts_at})
    assert answer.status_code == 422
    assert "没有收到您的选择" in read(answer).text
    assert counter_of(site_sqlite, order) == (None, None)


def test_the_resident_chooses_on_the_orders_own_page_too(site: Site) -> None:
    order = asked(site)
    follow, client = site.link(order.number), site.browser()
    page = get_page(client, follow)
    assert "那几天队里有人。" in page.text
    form = page.form(f"{follow}/answer")
    assert len(form.options["chosen"]) == 4, "three times, and none of them"
    empty = submit(client, form, {"text": "想想"})
    assert empty.status_code == 422
    assert "请选一个时间" in read(empty).text
    assert read(empty).form(f"{follow}/answer").get("text") == "想想"
    assert submit(client, form, {"chosen": form.options["chosen"][0]}).status_code == 303
    assert counter_of(site, order) == ("yes", 0)


def test_the_community_chooses_for_a_resident_on_the_telephone(site_sqlite: Site) -> None:
    order = asked(site_sqlite)
    client = site_sqlite.browser(site_sqlite.city.community)
    form = get_page(client, f"/community/orders/{order.number}").form(f"/community/orders/{order.number}/answer")
    assert submit(client, form, {"chosen": "none", "text": "都不方便，下月再说。"}).status_code == 303
    assert counter_of(site_sqlite, order) == ("no", None)


# Joint sessions


def pair(site: Site) -> tuple[Outcome, Outcome]:
    first = next(_DAYS)
    windows = (window(first), window(first + 1))
    return site.make(placed, windows=windows), site.make(placed, windows=windows)


def proposed(site: Site) -> tuple[Outcome, Outcome, int]:
    host, other = pair(site)
    with site.app.app_context():
        session = propose_joint(site.city.community, host_number=host.number, numbers=[other.number], now=NOW)
    return host, other, session


def idea_form(page: Page, host: Outcome) -> Form:
    (form,) = [each for each in page.forms if each.get("host") == host.number]
    return form


def joined(site: Site, order: Outcome) -> bool:
    with site.app.app_context():
        return db.session.get_one(Order, order.order_id).merged_into_id is not None


def test_a_clerk_asks_everybody_whether_they_would_hold_it_together(site: Site) -> None:
    host, other = pair(site)
    client = site.browser(site.city.community)
    hint = get_page(client, f"/community/orders/{other.number}")
    assert "附近有 1 张同样的单，可以并成一场办。" in hint.text
    page = get_page(client, "/community/joint")
    answer = submit(client, idea_form(page, host), {"text": "活动室能坐六十人。"})
    assert (answer.status_code, answer.location) == (303, "/community/joint")
    with site.app.app_context():
        session = db.session.scalars(select(JointSession).where(JointSession.host_order_id == host.order_id)).one()
        assert session.text == "活动室能坐六十人。"
    assert "正在问居民要不要和邻近的单一起办" in get_page(client, f"/community/orders/{other.number}").text
    again = submit(client, idea_form(page, host))
    assert again.status_code == 409
    assert "现在不能并场" in read(again).text


def test_the_clerk_chooses_whose_place_it_is_held_in(site_sqlite: Site) -> None:
    host, other = pair(site_sqlite)
    client = site_sqlite.browser(site_sqlite.city.community)
    form = idea_form(get_page(client, "/community/joint"), host)
    assert form.options["host"] == [host.number, other.number]
    assert submit(client, form, {"host": other.number}).status_code == 303
    with site_sqlite.app.app_context():
        session = db.session.scalars(select(JointSession).where(JointSession.host_order_id == other.order_id)).one()
        asked = select(JointInvite.order_id).where(JointInvite.session_id == session.id)
        assert set(db.session.scalars(asked)) == {host.order_id, other.order_id}


def test_the_link_says_when_a_yes_joins_at_once(site_sqlite: Site) -> None:
    host, other, _session = proposed(site_sqlite)
    client = site_sqlite.browser()
    assert "并到一起以前都可以改" in get_page(client, link(site_sqlite, "joint", other)).text
    submit(client, forms_saying(get_page(client, link(site_sqlite, "joint", host)), "yes")[0])
    page = get_page(client, link(site_sqlite, "joint", other))
    assert "就马上并过去" in page.text
    assert "并到一起以前都可以改" not in page.text


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"others": None, "text": "留着"}, "请至少选一张一起办的单"),
        ({"others": ["nonsense"], "text": "留着"}, "没有收到您的选择"),
        ({"host": "\0", "text": "留着"}, "没有收到您的选择"),
        ({"text": "打 13912345678"}, "手机号码"),
        ({"text": "长" * 500}, "太长了"),
        ({"window": "2031-01-01T01:00:00+00:00/2031-01-01T02:00:00+00:00", "text": "留着"}, "不是都方便"),
    ],
)
def test_a_badly_filled_proposal_is_a_sentence_and_keeps_the_words(
    site_sqlite: Site, typed: dict[str, object], sentence: str
) -> None:
    host, _other = pair(site_sqlite)
    client = site_sqlite.browser(site_sqlite.city.community)
    answer = submit(client, idea_form(get_page(client, "/community/joint"), host), typed)
    assert answer.status_code in (409, 422)
    page = read(answer)
    assert sentence in page.text
    assert str(typed["text"])[:200] in page.html


def test_residents_answer_on_their_own_page_and_the_orders_are_joined(site: Site) -> None:
    host, other, _session = proposed(site)
    for order, sentence in ((other, "等大家答复以后"), (host, "愿意一起办")):
        follow = site.link(order.number)
        client = site.browser()
        page = get_page(client, follow)
        assert "和邻居一起办，行吗？" in page.text
        assert "东街居委会" in page.text
        form = page.form(f"{follow}/joint")
        assert submit(client, form, {"answer": None}).status_code == 303
        assert "没有收到您的选择" in get_page(client, follow).text
        assert submit(client, form, {"answer": "yes"}).status_code == 303
        assert sentence in get_page(client, follow).text
    assert joined(site, other)
    for order in (host, other):
        follow = site.link(order.number)
        for path in (follow, link(site, "joint", order)):
            page = get_page(site.browser(), path)
            assert "和 1 家邻居，一共约 60 人" in page.text, path
            assert "在哪里" in page.text, path
            assert not forms_saying(page, "yes"), path
    assert "您原来写的地点" in get_page(site.browser(), site.link(other.number)).text
    assert "您原来写的地点" not in get_page(site.browser(), site.link(host.number)).text
    assert "几家说好的时间" in get_page(site.browser(), site.link(host.number)).text
    desk = get_page(site.browser(site.city.community), f"/community/orders/{host.number}")
    assert "连同并入的 1 张单，一共约 60 人。" in desk.text
    assert "几家说好的时间" in desk.text
    gone = get_page(site.browser(site.city.community), f"/community/orders/{other.number}")
    assert "撤销并单" in gone.text


def test_by_link_a_no_lets_each_go_alone(site: Site) -> None:
    host, other, _session = proposed(site)
    path = link(site, "joint", other)
    no = forms_saying(get_page(site.browser(), path), "no")[0]
    assert submit(site.browser(), no).status_code == 303
    off = site.browser().get(path)
    assert off.status_code == 200, "the only neighbour said no: it is called off"
    assert "没有成" in read(off).text
    assert not joined(site, host)


def test_by_link_a_yes_waits_for_the_host_and_then_joins(site: Site) -> None:
    host, other, _session = proposed(site)
    path = link(site, "joint", other)
    page = get_page(site.browser(), path)
    assert "一起办是这样" in page.text
    assert submit(site.browser(), forms_saying(page, "yes")[0]).status_code == 303
    waiting = get_page(site.browser(), path)
    assert "等大家答复以后" in waiting.text
    assert forms_saying(waiting, "no"), "it may be taken back"
    submit(site.browser(), forms_saying(get_page(site.browser(), link(site, "joint", host)), "yes")[0])
    assert joined(site, other)
    assert "已经并到一起办" in get_page(site.browser(), path).text


def test_a_clerk_writes_down_what_is_said_on_the_telephone_and_stops_asking(site_sqlite: Site) -> None:
    _host, other, session = proposed(site_sqlite)
    client = site_sqlite.browser(site_sqlite.city.community)

    def answer_for(order: Outcome) -> Form:
        page = get_page(client, "/community/joint")
        action = f"/community/joint/{session}/answer"
        return next(each for each in page.forms if each.action == action and each.get("number") == order.number)

    assert submit(client, answer_for(other), {"answer": "perhaps"}).status_code == 422
    assert submit(client, answer_for(other), {"number": "nonsense", "answer": "yes"}).status_code == 404
    assert submit(client, answer_for(other), {"answer": "yes"}).status_code == 303
    with site_sqlite.app.app_context():
        assert db.session.get_one(JointInvite, (session, other.order_id)).answer == "yes"
    off = get_page(client, "/community/joint").form(f"/community/joint/{session}/off")
    assert submit(client, off).status_code == 303
    assert not joined(site_sqlite, other)
    assert submit(site_sqlite.browser(site_sqlite.city.other_community), off).status_code in (302, 400, 404)


def test_the_department_has_the_page_and_a_team_has_not(site_sqlite: Site) -> None:
    client = site_sqlite.browser(site_sqlite.city.department)
    assert get_page(client, "/department/joint")
    assert site_sqlite.browser(site_sqlite.city.team).get("/team/joint").status_code == 404


def test_a_team_that_moves_a_service_is_offered_the_times_that_the_resident_named(site_sqlite: Site) -> None:
    order = site_sqlite.make(accepted, agreed=window(90))
    named = forms_saying(get_page(site_sqlite.browser(), link(site_sqlite, "confirm_time", order)), "no")[0]
    submit(site_sqlite.browser(), named, {"day_1": "2027-01-20", "slot_1": "afternoon"})
    path = f"/team/orders/{order.number}"
    client = site_sqlite.browser(site_sqlite.city.team)
    form = get_page(client, path).form(f"{path}/reschedule")
    assert "1月20日（周三）14:30" in get_page(client, path).text
    assert submit(client, form, {"wished": "1"}).status_code == 303
    with site_sqlite.app.app_context():
        start = db.session.get_one(Order, order.order_id).agreed_start
    assert start is not None
    assert start.isoformat() == "2027-01-20T06:30:00+00:00"
