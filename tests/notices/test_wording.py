"""Notices in words: for a whole batch at once, with links and without any number of a person."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from qtxvol.extensions import db
from qtxvol.notices.answers import open_link
from qtxvol.notices.kinds import KINDS
from qtxvol.notices.links import Unsubscribing, read_unsubscribe_token
from qtxvol.notices.models import Notice
from qtxvol.notices.queue import To, queue_notices
from qtxvol.notices.wording import INBOX, Worded, word_notices
from qtxvol.notices.wording_models import Wording
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import Order
from qtxvol.storage import transaction
from tests.databases import running_app, settings_for
from tests.factories import (
    COMMUNITY,
    DEPARTMENT,
    NOW,
    City,
    accepted,
    claimed,
    closed,
    dispatched,
    make_city,
    placed,
    window,
)
from tests.web.test_statements import counted

pytestmark = pytest.mark.one_database  # words; what they are filled with is read in the rooms

PUBLIC = "https://kepu.example"
ABOUT: dict[str, Any] = {
    "step": "claim",
    "due": "2026-11-27T10:00:00+00:00",
    "owner": "市卫生健康局",
    "start": "2026-11-27T02:00:00+00:00",
    "end": "2026-11-27T03:30:00+00:00",
    "name": "赵测试",
    "reason": "illness",
    "cause": "low_rating",
    "title": "暴雪应急",
    "area": "全市",
    "day": "全国科普日",
    "starts": "2026-12-19",
    "days": 21,
    "minutes": 90,
    "result": "accepted",
    "until": "2027-05-24",
    "stars": 3,
    "volunteer_number": "V0000123",
    "channel": "sms",
    "reader": "resident",
}


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The service with a public address and a hotline."""
    with running_app(settings_for(database_url, tmp_path, public_url=PUBLIC, hotline="0953-1234567")) as app:
        yield app


@pytest.fixture
def city(ctx: None) -> City:
    return make_city()


def scope_of(city: City, party: Party) -> str:
    return {
        Party.COMMUNITY: COMMUNITY,
        Party.DEPARTMENT: DEPARTMENT,
        Party.TEAM: str(city.team.team_id),
        Party.VOLUNTEER: str(city.crew[0]),
    }.get(party, "")


def queue(kind: str, to: To, *, order_id: int | None = None, **more: Any) -> Notice:
    with transaction():
        queue_notices(kind, [to], now=NOW, order_id=order_id, **more)
    return db.session.scalars(select(Notice).order_by(Notice.id.desc()).limit(1)).one()


def said(notice: Notice, channel: str = "sms", locale: str = "zh", **more: Any) -> Worded:
    return word_notices([notice], channel=channel, locale=locale, **more)[notice.id]


@pytest.mark.parametrize("locale", ["zh", "en"])
@pytest.mark.parametrize("channel", ["sms", "mail", "wecom", INBOX])
def test_every_kind_can_be_said_to_each_of_its_readers(city: City, channel: str, locale: str) -> None:
    order = closed(city)
    for kind in KINDS.values():
        readers = [To(party, scope_of(city, party), order.order_id) for party in kind.readers]
        order_id = order.order_id if kind.has_order else None
        with transaction():
            if kind.has_order:
                queue_notices(kind.code, readers, now=NOW, order_id=order_id, about=ABOUT)
            else:
                queue_notices(kind.code, [To(each.party, each.scope) for each in readers], now=NOW, about=ABOUT)
    notices = db.session.scalars(select(Notice)).all()
    words = word_notices(notices, channel=channel, locale=locale)
    assert set(words) == {notice.id for notice in notices}
    for notice in notices:
        worded = words[notice.id]
        for text in (worded.subject, worded.text):
            assert text.strip(), notice.kind
            assert "{" not in text
            assert "}" not in text
            assert "None" not in text
        if channel == INBOX:
            assert "http" not in worded.text
            assert not worded.link
        else:
            assert worded.link.startswith(PUBLIC), notice.kind


def test_a_batch_costs_the_same_however_large_it_is(app: Flask, city: City) -> None:
    for make in (placed, dispatched, claimed, closed):
        make(city)
    few = db.session.scalars(select(Notice)).all()
    with counted(app) as first:
        word_notices(few, channel="mail", locale="zh")
    for i in range(1, 4):
        for make in (placed, dispatched, claimed):
            make(city)
        closed(city, agreed=window(3 + i))
    many = db.session.scalars(select(Notice)).all()
    with counted(app) as second:
        word_notices(many, channel="mail", locale="zh")
    assert len(many) > 2 * len(few)
    assert len([each for each in first if "SELECT" in each]) == len([each for each in second if "SELECT" in each]) <= 12


def test_a_clerk_reads_what_and_where_and_by_when(city: City) -> None:
    order = placed(city)
    notice = db.session.scalars(select(Notice).where(Notice.kind == "place")).one()
    worded = said(notice)
    assert "合理膳食" in worded.text
    assert "东街居委会" in worded.text
    assert worded.link == f"{PUBLIC}/community/orders/{order.number}"
    assert "社区活动室" not in worded.text  # never the venue
    assert "王测试" not in worded.text


def test_a_resident_gets_their_own_link(city: City) -> None:
    order = dispatched(city)
    row = db.session.get_one(Order, order.order_id)
    notice = db.session.scalars(select(Notice).where(Notice.kind == "dispatch", Notice.party == "resident")).one()
    worded = said(notice, "mail", "en")
    assert worded.link.startswith(f"{PUBLIC}/t/{row.number}/")
    assert worded.link in worded.text
    assert "Hello" in worded.text
    assert "0953-1234567" in worded.text  # the hotline of the settings is nobody's own


def test_without_a_public_address_there_is_no_link_but_what_to_do(app_sqlite: Flask) -> None:
    with app_sqlite.app_context():
        city = make_city()
        dispatched(city)
        notice = db.session.scalars(select(Notice).where(Notice.kind == "dispatch", Notice.party == "department")).one()
        worded = said(notice)
        assert worded.link == ""
        assert "登录后查看" in worded.text
        assert "http" not in worded.text


def test_a_volunteer_gets_a_link_that_opens_their_own_question(city: City) -> None:
    order = accepted(city)
    notice = db.session.scalars(select(Notice).where(Notice.kind == "accept", Notice.party == "volunteer")).one()
    worded = said(notice)
    found = re.fullmatch(rf"{PUBLIC}/a/([\w-]+)", worded.link)
    assert found is not None
    invitation = open_link(found[1], NOW + timedelta(hours=1))
    assert invitation.order.id == order.order_id
    assert invitation.asked.reader_id == city.crew[0]


def test_what_the_step_said_then_is_said_although_the_order_moved_on(city: City) -> None:
    accepted(city)
    notice = db.session.scalars(select(Notice).where(Notice.kind == "dispatch", Notice.party == "resident")).one()
    assert "卫生健康" in said(notice).text


def test_the_offices_own_words_are_used_for_that_reader_alone(city: City) -> None:
    dispatched(city)
    with transaction():
        db.session.add(
            Wording(
                kind="dispatch", audience="resident", family="short", locale="zh",
                subject="派好了", text="您的单{number}派好了。", edited_at=NOW,
            )
        )  # fmt: skip
    notices = db.session.scalars(select(Notice).where(Notice.kind == "dispatch")).all()
    words = {each.party: said(each).text for each in notices}
    assert words["resident"].startswith("您的单QTX")
    assert words["department"].startswith("东街")
    mail = {each.party: said(each, "mail").text for each in notices}
    assert "派好了" not in mail["resident"]


def test_an_exercise_says_so_first(city: City) -> None:
    """Nobody takes an exercise for the real thing."""
    from qtxvol.notices.wording import _DRILL

    assert _DRILL["zh"] == "【演练】"


# Unsubscribing


def test_what_is_optional_says_how_to_stop_it_and_nothing_else_does(city: City) -> None:
    order = accepted(city)
    for kind in KINDS.values():
        if Party.VOLUNTEER not in kind.readers:
            continue
        to = To(Party.VOLUNTEER, str(city.crew[0]), order.order_id if kind.has_order else None)
        worded = said(queue(kind.code, to, about=ABOUT), "mail")
        assert bool(worded.unsubscribe) is kind.is_optional, kind.code
        assert (worded.unsubscribe in worded.text) or not kind.is_optional


def test_an_emergency_cannot_be_unsubscribed(city: City) -> None:
    order = accepted(city)
    to = To(Party.VOLUNTEER, str(city.crew[0]), order.order_id)
    notice = queue("remind_day", to, about=ABOUT, is_emergency=True)
    assert said(notice, "mail").unsubscribe == ""


def test_the_account_that_it_goes_to_is_the_one_that_unsubscribes(app: Flask, city: City) -> None:
    notice = queue("science_day", To(Party.DEPARTMENT, DEPARTMENT), about=ABOUT)
    assert said(notice, "mail").unsubscribe == ""  # a body has no wishes
    worded = said(notice, "mail", recipients={notice.id: "account:7"})
    token = worded.unsubscribe.rpartition("/")[2]
    assert read_unsubscribe_token(token, [app.config["SECRET_KEY"]]) == Unsubscribing("account", 7, "science_day")
    assert read_unsubscribe_token(token, ["another key"]) is None
    assert said(notice, "wecom", recipients={notice.id: "point:3"}).unsubscribe == ""


# Numbers of people


PHONES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(phone=PHONES, other=PHONES)
def test_no_number_of_a_person_leaves_whatever_was_typed(ctx_public: City, phone: str, other: str) -> None:
    city = ctx_public
    order = placed(
        city, menu_item_id=None, wish=f"请打 {phone} 找我讲防诈骗", contact_phone=other, venue=f"电话{phone}"
    )
    about = dict.fromkeys(ABOUT, f"{phone[:3]} {phone[3:7]} {phone[7:]}") | {"days": other, "owner": f"张 {phone}"}
    for kind in ("place", "call_back", "overdue_twice", "cannot_come", "emergency_opened", "undelivered"):
        notice = queue(kind, To(Party.OFFICE), order_id=order.order_id, about=about)
        for channel in ("sms", "mail", INBOX):
            worded = said(notice, channel)
            for text in (worded.subject, worded.text.replace("0953-1234567", "")):
                digits = re.sub(r"\D", "", re.sub(r"https://\S+", "", text))
                assert phone not in digits, (kind, text)
                assert other not in digits, (kind, text)


@pytest.fixture
def ctx_public(sqlite_database: str, tmp_path: Path) -> Iterator[City]:
    with running_app(settings_for(sqlite_database, tmp_path, public_url=PUBLIC)) as app, app.app_context():
        yield make_city()
