"""What a fresh reader found missing once; each may not come back."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Seat
from qtxvol.accounts.permissions import may_see_names, may_see_notes
from qtxvol.extensions import db
from qtxvol.notices.models import Notice
from qtxvol.notices.queries import count_unread
from qtxvol.orders.ask import ask_resident
from qtxvol.orders.check import check_orders
from qtxvol.orders.decline import merge_order, reject_order
from qtxvol.orders.dispatch import rule_order
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import CallBack, Order, OrderNote
from qtxvol.orders.queries import Filters, list_orders
from qtxvol.orders.rate import Verdict, rate_order
from qtxvol.orders.serve import accept_order, close_order, report_no_show, reschedule_order
from qtxvol.orders.windows import Window
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.licences import LicenceCard, set_licences
from qtxvol.volunteers.models import Volunteer
from tests.factories import LATER, NOW, accepted, claimed, closed, dispatched, make_city, placed, window

pytestmark = pytest.mark.usefixtures("ctx")


def order_of(number: str) -> Order:
    return db.session.scalars(select(Order).where(Order.number == number)).one()


def test_what_a_clerk_orders_for_others_is_not_the_clerks_own() -> None:
    city = make_city()
    with transaction():  # the clerk is a resident too
        db.session.add(Seat(account_id=city.community.account_id, party="resident"))
    as_resident = Actor(Party.RESIDENT, "居民", account_id=city.community.account_id)
    order = closed(city)
    on_behalf = placed(city, actor=city.community)
    assert list_orders(as_resident, Filters(), NOW).total == 0
    for number in (order.number, on_behalf.number):
        with pytest.raises(NotFound):
            rate_order(number, as_resident, verdict=Verdict(5, True), now=NOW + timedelta(days=5))


def test_a_question_does_not_hide_a_delay() -> None:
    city = make_city()
    order = dispatched(city)
    late = NOW + timedelta(days=3)
    ask_resident(order.number, city.department, text="几楼？", now=late)
    later = late + timedelta(days=1)
    assert list_orders(city.office, Filters(tab="overdue"), later).total == 1
    assert rule_order(order.number, city.office, department_id="education", text="归教育", now=later).version == 4


def test_those_who_joined_an_order_hear_of_a_no_show_and_are_the_ones_called_back() -> None:
    city = make_city()
    agreed = window(3)
    target = accepted(city, agreed=agreed)
    joined = placed(city)
    merge_order(joined.number, city.community, into_number=target.number, now=NOW)
    told = select(Notice.order_id).where(Notice.party == "resident", Notice.order_id == joined.order_id)
    before = len(db.session.scalars(told).all())
    report_no_show(target.number, city.resident, text="没来", now=agreed.starts_at + timedelta(hours=1))
    assert len(db.session.scalars(told).all()) == before + 1

    served = closed(city, agreed=window(5))
    other = placed(city)
    # joined while it was open would be the usual way; the rating is what matters here
    with transaction():
        db.session.execute(
            update(Order).where(Order.id == other.order_id).values(status="merged", merged_into_id=served.order_id)
        )
    rate_order(other.number, city.community, verdict=Verdict(1, True), now=NOW + timedelta(days=6))
    assert db.session.scalars(select(CallBack.order_id)).all() == [other.order_id]


def test_a_community_hears_what_its_town_has_done_and_a_volunteer_is_told_to_come() -> None:
    city = make_city()
    order = placed(city)
    before = count_unread(city.community, LATER)
    reject_order(order.number, city.town, reason="out_of_scope", text="请拨打 12345", now=NOW)
    assert count_unread(city.community, LATER) == before  # a rejection tells the resident alone
    accepted(city)
    assert count_unread(city.volunteer, NOW) == 1


def test_a_service_is_not_written_up_for_another_year() -> None:
    city = make_city()
    agreed = window(3)
    order = accepted(city, agreed=agreed)
    long_ago = Window(agreed.starts_at - timedelta(days=400), agreed.ends_at - timedelta(days=400))
    with pytest.raises(Refused, match="bad_window") as refused:
        close_order(
            order.number,
            city.team,
            actual=long_ago,
            attendance=3,
            report="讲了。",
            minutes={city.crew[0]: 60},
            now=agreed.ends_at,
        )
    assert refused.value.about["fault"] == "too_early"


def test_nobodys_hours_are_written_twice_for_one_time() -> None:
    city = make_city()
    first = window(3)
    closed(city, agreed=first)
    second = accepted(city, agreed=window(4))
    with pytest.raises(Refused, match="person_elsewhere") as refused:
        close_order(
            second.number,
            city.team,
            actual=first,
            attendance=3,
            report="讲了。",
            minutes={city.crew[0]: 60},
            now=NOW + timedelta(days=5),
        )
    assert "测试员" in refused.value.about["names"]


def test_a_licence_counts_on_the_new_day_too() -> None:
    city = make_city()
    with transaction():
        for person in city.crew:
            skills = ["clinician", "pharmacist"]
            db.session.get_one(Volunteer, person).skills = skills
            set_licences(person, [LicenceCard(skill, expires_on=(NOW + timedelta(days=10)).date()) for skill in skills])
    order = claimed(city, menu_item_id="S09")  # asks for people with a licence
    accept_order(order.number, city.team, agreed=window(3), volunteer_ids=city.crew, now=NOW)
    with pytest.raises(Refused, match="licence_missing"):
        reschedule_order(order.number, city.team, agreed=window(30), now=NOW)
    assert reschedule_order(order.number, city.team, agreed=window(5), now=NOW).status == "accepted"


def test_check_sees_a_changed_note_and_a_changed_number_of_people() -> None:
    city = make_city()
    order = closed(city)
    assert list(check_orders()) == []
    with transaction():
        db.session.execute(update(OrderNote).values(text="另一番话"))
        db.session.execute(update(Order).values(attendance=999))
    faults = [finding.fault for finding in check_orders() if finding.number == order.number]
    assert any("note" in fault for fault in faults)
    assert any("attendance" in fault for fault in faults)


def test_an_erased_note_is_no_finding() -> None:
    city = make_city()
    closed(city)
    with transaction():
        for note in db.session.scalars(select(OrderNote)):
            db.session.delete(note)
    assert list(check_orders()) == []


def test_a_team_that_looks_on_reads_neither_names_nor_notes() -> None:
    city = make_city()
    order = order_of(accepted(city).number)
    assert may_see_names(city.team, order)
    assert may_see_notes(city.team, order)
    assert not may_see_names(city.other_team, order)
    assert not may_see_notes(city.other_team, order)
    assert may_see_names(city.department, order)
    assert not may_see_names(city.other_department, order)
    assert not may_see_names(city.community, order)
