"""Erasing takes the person out, keeps what is counted, and is refused while somebody still has to call."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from qtxvol.accounts.models import Account
from qtxvol.accounts.seats import sign_in
from qtxvol.base import Base
from qtxvol.extensions import db
from qtxvol.hours.models import HoursEntry, HoursObjection, HoursRequest, Presence
from qtxvol.hours.objections import decide_objection, make_objection
from qtxvol.hours.presence import say_presence
from qtxvol.hours.requests import decide_request, propose_late
from qtxvol.offers.joint import propose_joint
from qtxvol.offers.models import JointSession
from qtxvol.orders.check import check_orders
from qtxvol.orders.decline import cancel_order
from qtxvol.orders.models import Order, OrderEvent, OrderNote
from qtxvol.orders.rate import Verdict, rate_order
from qtxvol.privacy.correct import correct_contact
from qtxvol.privacy.erase import ERASED, FATES, KEPT_COLUMNS, Cause, erase_account, erase_order, erase_volunteer
from qtxvol.privacy.models import Erasure
from qtxvol.privacy.retain import DEFAULT_DAYS, erase_due
from qtxvol.privacy.vault import current_vault
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Volunteer
from tests.factories import NOW, PASSWORD, City, accepted, closed, link_of, placed, window

LATER = window(4).ends_at
CONTACT = {"contact_name": "欧阳测试名", "contact_phone": "19900008765", "wish": "请带控盐勺", "venue": "王家后院"}


def row_of(order_id: int) -> tuple[object, ...]:
    return tuple(
        db.session.execute(
            select(
                Order.contact_name, Order.contact_phone, Order.contact_phone_tail, Order.contact_phone_digest,
                Order.wish, Order.venue, Order.organisation,
            ).where(Order.id == order_id)
        ).one()
    )  # fmt: skip


def test_a_closed_order_loses_its_resident_and_keeps_its_record(own_city: City):
    order = closed(own_city, **CONTACT)
    rate_order(order.number, link_of(order), verdict=Verdict(5, True, 28, True, "欧阳很满意"), now=LATER)
    steps = db.session.scalar(select(func.count()).where(OrderEvent.order_id == order.order_id))
    hours = db.session.scalar(select(func.sum(HoursEntry.minutes)))
    assert erase_order(order.number, link_of(order), cause=Cause.ASKED, now=LATER) is True
    assert row_of(order.order_id) == ("", "", "", "", "", "", "")
    assert "合理膳食" in db.session.scalar(select(Order.search_text).where(Order.id == order.order_id))
    notes = db.session.scalars(select(OrderNote.text).where(OrderNote.order_id == order.order_id)).all()
    assert notes == ["讲了三减三健，发了控盐勺。"]  # the report names nobody
    assert db.session.scalar(select(func.count()).where(OrderEvent.order_id == order.order_id)) == steps
    assert db.session.scalar(select(func.sum(HoursEntry.minutes))) == hours
    assert list(check_orders()) == []
    erasure = db.session.scalars(select(Erasure)).one()
    assert (erasure.order_id, erasure.cause, erasure.party) == (order.order_id, "asked", "resident")


def test_once_is_enough(city: City):
    order = closed(city)
    assert erase_order(order.number, link_of(order), cause=Cause.ASKED, now=LATER)
    assert not erase_order(order.number, link_of(order), cause=Cause.ASKED, now=LATER)


def test_a_schools_name_stays_because_schools_are_counted_by_it(city: City):
    order = closed(city, requester_kind="school", organisation="第三小学", venue="礼堂", wish="三年级，找欧阳测试名",
                   contact_name="欧阳测试名")  # fmt: skip
    erase_order(order.number, city.office, cause=Cause.ASKED, now=LATER)
    assert row_of(order.order_id)[4:] == ("", "礼堂", "第三小学")


def test_a_free_wish_keeps_a_word_in_its_place(city: City):
    order = placed(city, menu_item_id=None, wish="请来看看我家的葡萄")
    cancel_order(order.number, link_of(order), reason="other", text="不用了", now=NOW)
    erase_order(order.number, link_of(order), cause=Cause.ASKED, now=LATER)
    assert row_of(order.order_id)[4] == ERASED


def test_an_open_order_still_needs_its_resident(city: City):
    for order in (placed(city), accepted(city)):
        with pytest.raises(Refused) as refused:
            erase_order(order.number, link_of(order), cause=Cause.ASKED, now=NOW)
        assert (refused.value.code, refused.value.status) == ("invalid", 409)
        assert row_of(order.order_id)[1] == "19900001234"


def test_only_the_resident_the_office_and_the_service_erase(city: City):
    order = closed(city)
    for actor in (city.community, city.team, city.department, city.volunteer):
        with pytest.raises(Refused, match="wrong_party"):
            erase_order(order.number, actor, cause=Cause.ASKED, now=LATER)
    with pytest.raises(NotFound):
        erase_order(order.number, link_of(placed(city)), cause=Cause.ASKED, now=LATER)


def test_a_contact_is_set_right_while_the_order_is_open_and_not_after(city: City):
    order = accepted(city)
    assert correct_contact(order.number, link_of(order), name="李测试", phone="199 0000 4321", now=NOW) == [
        "name",
        "phone",
    ]
    assert correct_contact(order.number, link_of(order), now=NOW) == []
    row = row_of(order.order_id)
    assert row[:4] == ("李测试", "19900004321", "4321", current_vault().digest("phone", "19900004321"))
    done = closed(city, agreed=window(6))
    with pytest.raises(Refused) as refused:
        correct_contact(done.number, link_of(done), name="李测试", now=LATER)
    assert refused.value.status == 409
    with pytest.raises(Refused, match="wrong_party"):
        correct_contact(order.number, city.community, name="李测试", now=NOW)


def test_every_table_about_a_volunteer_has_a_fate():
    tables = {
        table.name
        for table in Base.metadata.sorted_tables
        if any(key.column.table.name == "volunteers" for key in table.foreign_keys)
    }
    assert tables == set(FATES), "erase.py must say what becomes of each table that points to a volunteer"
    for name, fate in FATES.items():
        if isinstance(fate, tuple):
            assert set(fate) <= set(Base.metadata.tables[name].columns.keys())
    assert set(Volunteer.__table__.columns.keys()) >= KEPT_COLUMNS


def test_a_volunteer_goes_the_ledger_stays(own_city: City):
    person_id = own_city.crew[0]
    with transaction():
        person = db.session.get_one(Volunteer, person_id)
        person.phone, person.id_kind, person.id_number = "19900001111", "resident_id", "640381199001011230"
        person.phone_digest, person.id_number_digest = "d" * 64, "e" * 64
        person.employer, person.guardian_phone = "市医院", "19900002222"
        number = person.number
    closed(own_city)
    assert erase_volunteer(person_id, own_city.office, now=LATER) is True
    person = db.session.get_one(Volunteer, person_id)
    assert (person.number, person.name, person.status) == (number, ERASED, "left")
    for column in Volunteer.__table__.columns:
        if column.name not in KEPT_COLUMNS | {"name"}:
            assert getattr(person, column.name) in (None, "", [], 0, False), column.name
    assert db.session.scalar(select(func.sum(HoursEntry.minutes)).where(HoursEntry.volunteer_id == person_id)) == 90
    account = db.session.get_one(Account, own_city.volunteer.account_id)
    assert (account.username, account.is_active) == (f"erased-{account.id}", False)
    assert erase_volunteer(person_id, own_city.office, now=LATER) is False


def test_words_about_hours_go_with_whom_they_are_about(own_city: City):
    order = closed(own_city, **CONTACT)
    person = own_city.crew[1]
    request = propose_late(
        order.number, own_city.team, volunteer_id=person, minutes=30, reason="forgotten", text="欧阳测试名能证明",
        now=LATER,
    )  # fmt: skip
    decide_request(request, own_city.office, is_confirmed=True, text="打 19900009999 问过", now=LATER)
    objection = make_objection(request, text="小李没来", contact="19900008888", now=LATER)
    decide_objection(objection, own_city.office, is_upheld=False, minutes=0, text="小李来了", now=LATER)
    with transaction():
        say_presence(db.session.get_one(Order, order.order_id), own_city.community, did_take_place=True,
                     text="欧阳说来过", now=LATER)  # fmt: skip
    erase_order(order.number, own_city.office, cause=Cause.ASKED, now=LATER)
    assert db.session.scalars(select(Presence.text)).one() == ""
    assert db.session.execute(select(HoursRequest.text, HoursRequest.decision)).one() == (ERASED, ERASED)
    erase_volunteer(person, own_city.office, now=LATER)
    said = db.session.execute(select(HoursObjection.text, HoursObjection.decision, HoursObjection.contact)).one()
    assert said == (ERASED, ERASED, "19900008888")
    erase_due(LATER + timedelta(days=DEFAULT_DAYS + 1))
    assert db.session.scalars(select(HoursObjection.contact)).one() == ""


def test_a_volunteer_who_is_expected_somewhere_stays(city: City):
    accepted(city)
    with pytest.raises(Refused) as refused:
        erase_volunteer(city.crew[0], city.office, now=NOW)
    assert refused.value.status == 409
    for actor in (city.team, city.community):
        with pytest.raises(Refused, match="wrong_party"):
            erase_volunteer(city.crew[1], actor, now=NOW)
    with pytest.raises(NotFound):
        erase_volunteer(city.crew[1], city.volunteer, now=NOW)


def test_an_erased_account_signs_in_no_more(own_city: City):
    username = db.session.get_one(Account, own_city.resident.account_id).username
    order = closed(own_city, **CONTACT)
    erase_account(own_city.resident.account_id, own_city.resident, now=LATER)
    assert row_of(order.order_id)[:2] == ("", "")
    with pytest.raises(Refused, match="wrong_password"):
        sign_in(username, PASSWORD, "10.0.0.1", LATER + timedelta(hours=1))
    with pytest.raises(Refused, match="wrong_party"):
        erase_account(own_city.volunteer.account_id, own_city.community, now=LATER)


def test_words_of_a_joint_session_go_with_whom_they_name(own_city: City):
    host, other = placed(own_city), placed(own_city, headcount=6, contact_name="欧阳测试名")
    text = "欧阳测试名家也要，一起办"
    propose_joint(own_city.community, host_number=host.number, numbers=[other.number], text=text, now=NOW)
    words = select(JointSession.text)
    for order, left in ((other, ERASED), (host, "")):
        cancel_order(order.number, own_city.community, reason="no_longer_needed", now=NOW)
        erase_order(order.number, own_city.office, cause=Cause.ASKED, now=LATER)
        assert db.session.scalar(words) == left
