"""Who may look at a number, and what is written down about it, below the pages."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from qtxvol.extensions import db
from qtxvol.privacy.models import Reveal
from qtxvol.privacy.reveal import list_reveals_of_order, reveal_contact, reveal_day, reveal_volunteer
from qtxvol.privacy.vault import current_vault
from qtxvol.recognition.record import get_record
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.doubles import merge_volunteers
from tests.factories import NOW, OTHER_COMMUNITY, City, accepted, make_volunteer, placed, window

PHONE = "19900001234"


def test_a_look_is_one_line_with_who_why_and_when(city: City):
    order = accepted(city)
    found = reveal_contact(order.number, city.team, reason="urgent", note="找不到门", now=NOW)
    assert (found.name, found.number) == ("王测试", PHONE)
    (look,) = list_reveals_of_order(order.order_id)
    assert (look.field, look.reason, look.note) == ("phone", "urgent", "找不到门")
    assert (look.party, look.actor_name, look.account_id) == ("team", city.team.name, city.team.account_id)
    assert look.revealed_at == NOW


def test_who_may_not_call_gets_nothing_and_leaves_no_line(city: City):
    order = accepted(city)
    for actor in (city.department, city.office, city.resident, city.other_team):
        with pytest.raises(Refused) as refused:
            reveal_contact(order.number, actor, reason="arrange", now=NOW)
        assert (refused.value.code, refused.value.status) == ("wrong_party", 403), actor.party
    far = placed(city, division_code=OTHER_COMMUNITY)
    with pytest.raises(NotFound):
        reveal_contact(far.number, city.community, reason="arrange", now=NOW)
    assert list_reveals_of_order(order.order_id) == []


def test_a_merged_row_is_no_member_of_its_old_team(city: City):
    digits = {"phone": PHONE, "phone_digest": current_vault().digest("phone", PHONE)}
    survivor = make_volunteer(city.other_team.team_id, **digits)
    merged = make_volunteer(city.team.team_id, **digits)
    assert reveal_volunteer(merged, "phone", city.team, reason="arrange", now=NOW).number == PHONE
    merge_volunteers(city.office, survivor, merged, NOW, "同一人")
    for row in (survivor, merged):
        with pytest.raises(NotFound):
            reveal_volunteer(row, "phone", city.team, reason="arrange", now=NOW)
        with pytest.raises(NotFound):
            get_record(city.team, row)
    assert get_record(city.other_team, survivor).person.id == survivor


def test_a_days_numbers_are_of_the_own_accepted_orders_alone(city: City):
    mine, waiting = accepted(city), placed(city)
    ids = [mine.order_id, waiting.order_id, 10**9]
    assert reveal_day(city.team, ids, reason="day", now=NOW) == {mine.order_id: PHONE}
    assert reveal_day(city.other_team, ids, reason="day", now=NOW) == {}
    assert len(list_reveals_of_order(mine.order_id)) == 1
    assert list_reveals_of_order(waiting.order_id) == []
    with pytest.raises(ValueError, match="arrange"):
        reveal_day(city.team, ids, reason="arrange", now=NOW)


def test_the_same_look_in_ten_minutes_is_one_and_another_reason_is_another(city: City):
    order = accepted(city, agreed=window(8))
    for minutes, reason in ((0, "arrange"), (9, "arrange"), (9, "check"), (10, "arrange")):
        reveal_contact(order.number, city.team, reason=reason, now=NOW + timedelta(minutes=minutes))
    assert [look.reason for look in list_reveals_of_order(order.order_id)] == ["arrange", "check", "arrange"]


def test_a_volunteer_without_a_number_has_none_to_show(city: City):
    with pytest.raises(Refused) as refused:
        reveal_volunteer(city.crew[0], "phone", city.office, reason="arrange", now=NOW)
    assert refused.value.status == 409
    with pytest.raises(NotFound):
        reveal_volunteer(city.crew[0], "employer", city.office, reason="arrange", now=NOW)
    with pytest.raises(NotFound):
        reveal_volunteer(make_volunteer(city.other_team.team_id), "phone", city.team, reason="arrange", now=NOW)


def test_nobody_can_take_a_look_back(city: City):
    order = accepted(city, agreed=window(9))
    reveal_contact(order.number, city.team, reason="arrange", now=NOW)
    for statement in ("UPDATE reveals SET note = 'x'", "DELETE FROM reveals"):
        with pytest.raises(DatabaseError, match="append-only"), transaction():
            db.session.execute(text(statement))
    assert db.session.scalars(select(Reveal.order_id).where(Reveal.order_id == order.order_id)).all()
