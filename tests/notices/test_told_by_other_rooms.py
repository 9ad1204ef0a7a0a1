"""What teams, volunteers and the office are told about people, hours and stars."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select

from qtxvol.extensions import db
from qtxvol.hours.models import NoShow
from qtxvol.hours.no_shows import object_to_no_show
from qtxvol.hours.objections import make_objection
from qtxvol.hours.requests import decide_request as decide_hours
from qtxvol.hours.requests import propose_late
from qtxvol.notices.models import Notice
from qtxvol.notices.wording import INBOX, word_notices
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.serve import close_order
from qtxvol.recognition.awards import award_stars
from qtxvol.recognition.models import StarLevel
from qtxvol.storage import transaction
from qtxvol.volunteers.membership import ask_to_join, decide_request
from qtxvol.volunteers.register import register_volunteer
from qtxvol.volunteers.states import verify_volunteer
from tests.factories import LATER, NOW, City, accepted, closed, make_actor, make_city, make_volunteer, window
from tests.volunteers.cards import card


@pytest.fixture
def city(ctx: None) -> City:
    return make_city()


def told(kind: str) -> Sequence[Notice]:
    return db.session.scalars(select(Notice).where(Notice.kind == kind).order_by(Notice.id)).all()


def readers(kind: str) -> list[tuple[str, str]]:
    return [(notice.party, notice.scope) for notice in told(kind)]


def words(kind: str) -> str:
    notices = told(kind)
    return word_notices(notices, channel=INBOX, locale="zh")[notices[-1].id].text


def test_a_leader_hears_of_a_request_and_the_volunteer_of_the_answer(city: City) -> None:
    team = city.other_team.team_id or 0
    request = ask_to_join(city.volunteer, team, NOW)
    assert readers("team_request") == [("team", str(team))]
    assert "测试员" in words("team_request")
    assert "name" not in told("team_request")[0].about  # the name stays in its own table
    decide_request(city.other_team, request, True, NOW)
    decide_request(city.other_team, request, True, NOW)
    assert readers("team_request_decided") == [("volunteer", str(city.volunteer.volunteer_id))]
    assert "卫校测试队的申请：已同意" in words("team_request_decided")


def test_a_refused_request_is_told_too(city: City) -> None:
    request = ask_to_join(city.volunteer, city.other_team.team_id or 0, NOW)
    decide_request(city.other_team, request, False, NOW, "人满了")
    assert "未同意" in words("team_request_decided")


def test_a_volunteer_hears_that_they_are_verified_once(city: City) -> None:
    person = register_volunteer(card(), actor=city.office, registered_by="office", now=NOW).volunteer_id
    assert verify_volunteer(city.office, person, NOW)
    assert not verify_volunteer(city.office, person, NOW)
    assert readers("volunteer_verified") == [("volunteer", str(person))]


def test_the_office_confirms_late_hours_and_both_hear_of_it(city: City) -> None:
    order = closed(city)
    late = propose_late(
        order.number, city.team, volunteer_id=city.crew[1], minutes=60, reason="forgotten", text="漏了", now=LATER
    )
    assert readers("late_entry_waiting") == [("office", "")]
    assert "60 分钟" in words("late_entry_waiting")
    decide_hours(late, city.office, is_confirmed=True, text="", now=LATER)
    assert readers("hours_decided") == [("team", str(city.team.team_id)), ("volunteer", str(city.crew[1]))]
    assert "已确认" in words("hours_decided")
    make_objection(late, text="他没有来", contact="", now=LATER)
    assert readers("objection") == [("office", "")]


def test_refused_hours_are_told_as_refused(city: City) -> None:
    order = closed(city)
    late = propose_late(
        order.number, city.team, volunteer_id=city.crew[1], minutes=60, reason="forgotten", text="漏了", now=LATER
    )
    decide_hours(late, city.office, is_confirmed=False, text="没有依据", now=LATER)
    assert "未同意" in words("hours_decided")


def test_whoever_is_noted_as_absent_hears_of_it_and_the_office_of_the_objection(city: City) -> None:
    agreed = window(3)
    order = accepted(city, agreed=agreed)
    close_order(
        order.number,
        city.team,
        actual=agreed,
        attendance=1,
        report="只来了一个人。",
        minutes={city.crew[0]: 0},
        absent={city.crew[0]: "no_word"},
        now=agreed.ends_at + timedelta(hours=1),
    )
    assert readers("absence") == [("volunteer", str(city.crew[0]))]
    assert "提异议" in words("absence")
    row = db.session.scalars(select(NoShow)).one()
    object_to_no_show(row.id, city.volunteer, text="我在", now=LATER)
    object_to_no_show(row.id, city.volunteer, text="我在", now=LATER)
    assert readers("objection") == [("office", "")]


def test_a_star_is_told_once(city: City) -> None:
    closed(city)
    with transaction():
        for level in db.session.scalars(select(StarLevel)):
            level.is_active = level.stars == 1
            level.hours = 1
    assert award_stars(LATER) >= 1
    award_stars(LATER)
    assert readers("star_awarded") == [("volunteer", str(city.crew[0]))]
    assert "1星" in words("star_awarded")


def test_a_wish_to_join_that_fails_tells_nobody(city: City) -> None:
    from qtxvol.refusals import Refused

    person = make_volunteer(city.team.team_id)
    actor = make_actor(Party.VOLUNTEER, "志愿者", volunteer_id=person)
    with pytest.raises(Refused):
        ask_to_join(actor, city.team.team_id or 0, NOW)
    assert told("team_request") == []
