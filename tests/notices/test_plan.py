"""Who is reached, by which channel first, and not before when."""

from datetime import timedelta

import pytest
from sqlalchemy import event, select, update

from qtxvol.accounts.models import Account
from qtxvol.extensions import db
from qtxvol.notices.models import Notice
from qtxvol.notices.plan import plan_due
from qtxvol.notices.points import Owner, add_point
from qtxvol.notices.queue import To
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import Order
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Volunteer
from tests.factories import COMMUNITY, DEPARTMENT, NOW, TOWN, City, placed
from tests.notices.outside import FakeOutside, deliveries, forget_notices, resident, run, states, tell, wish
from tests.notices.test_timing import at

ALL = frozenset({"sms", "mail", "webhook", "wecom"})


@pytest.fixture
def order_id(own_city: City) -> int:
    order = placed(own_city)
    forget_notices(NOW)
    return order.order_id


def give_phone(account_id: int | None, phone: str = "19900002222") -> None:
    with transaction():
        account = db.session.get_one(Account, account_id)
        account.phone, account.phone_digest = phone, f"{account_id:064d}"


def planned(now=NOW) -> list[tuple[str, str, str]]:
    plan_due(now, ALL)
    return states()


def test_a_resident_is_reached_by_the_number_of_the_order(own_city: City, order_id: int):
    tell([resident(order_id)], NOW)
    assert planned() == [(f"order:{order_id}", "sms", "waiting")]
    (row,) = deliveries()
    assert row.point_id is None
    assert plan_due(NOW + timedelta(minutes=1), ALL) == 0, "planned once"


def test_a_resident_with_a_mailbox_is_reached_there_first(own_city: City, order_id: int):
    add_point(Owner(account_id=own_city.resident.account_id), "mail", "wang@example.org", now=NOW)
    tell([resident(order_id)], NOW)
    assert planned() == [(f"order:{order_id}", "mail", "waiting")]


def test_the_mailbox_of_a_clerk_who_placed_for_somebody_is_not_the_residents(own_city: City):
    order = placed(own_city, actor=own_city.community)
    forget_notices(NOW)
    add_point(Owner(account_id=own_city.community.account_id), "mail", "clerk@example.org", now=NOW)
    tell([resident(order.order_id)], NOW)
    assert planned() == [(f"order:{order.order_id}", "sms", "waiting")]


def test_a_body_is_reached_by_its_robots_and_by_whoever_sits_there(own_city: City, order_id: int):
    department = Owner(party=Party.DEPARTMENT, scope=DEPARTMENT)
    first = add_point(department, "wecom", "https://robot.example/send?key=1", now=NOW)
    second = add_point(department, "webhook", "https://hook.example/qtx", now=NOW)
    add_point(Owner(party=Party.DEPARTMENT, scope="education"), "wecom", "https://robot.example/send?key=2", now=NOW)
    add_point(Owner(account_id=own_city.department.account_id), "mail", "liaison@example.org", now=NOW)
    give_phone(own_city.other_department.account_id)
    tell([To(Party.DEPARTMENT, DEPARTMENT)], NOW, order_id=order_id)
    assert planned() == [
        (f"point:{first}", "wecom", "waiting"),
        (f"point:{second}", "webhook", "waiting"),
        (f"account:{own_city.department.account_id}", "mail", "waiting"),
    ]
    assert [row.lane for row in deliveries()] == ["wecom", f"webhook:{second}", "mail"]


def test_of_a_community_without_a_seat_the_town_is_reached(own_city: City):
    give_phone(own_city.town.account_id)
    give_phone(own_city.community.account_id, "19900003333")
    tell([To(Party.COMMUNITY, f"{TOWN[:9]}009"), To(Party.COMMUNITY, COMMUNITY)], NOW, kind="science_day")
    recipients = {recipient for recipient, _channel, _state in planned()}
    assert recipients == {f"account:{own_city.town.account_id}", f"account:{own_city.community.account_id}"}


def test_whoever_has_no_channel_has_the_inbox(own_city: City, order_id: int):
    tell([To(Party.OFFICE), To(Party.TEAM, str(own_city.team.team_id))], NOW, order_id=order_id)
    assert planned() == []
    assert set(db.session.scalars(select(Notice.planned_at).where(Notice.kind == "dispatch"))) == {NOW}


def test_a_channel_that_is_switched_off_is_passed_over(own_city: City, order_id: int):
    add_point(Owner(account_id=own_city.resident.account_id), "mail", "wang@example.org", now=NOW)
    tell([resident(order_id)], NOW)
    plan_due(NOW, frozenset({"sms"}))
    assert states() == [(f"order:{order_id}", "sms", "waiting")]


def test_nobody_is_reached_through_a_closed_account(own_city: City, order_id: int):
    give_phone(own_city.department.account_id)
    with transaction():
        db.session.execute(update(Account).where(Account.id == own_city.department.account_id).values(is_active=False))
    tell([To(Party.DEPARTMENT, DEPARTMENT)], NOW, order_id=order_id)
    assert planned() == []


def test_a_volunteer_who_was_on_the_list_twice_is_reached_under_the_row_that_stays(own_city: City):
    kept, gone = own_city.crew[:2]
    with transaction():
        db.session.get_one(Volunteer, kept).phone_digest = "a" * 64
        twin = db.session.get_one(Volunteer, gone)
        twin.status, twin.merged_into_id = "merged", kept
    tell([To(Party.VOLUNTEER, str(gone))], NOW, kind="volunteer_verified", about={"number": "V1"})
    assert planned() == [(f"volunteer:{kept}", "sms", "waiting")]


def test_what_is_optional_can_be_switched_off_and_nothing_else(own_city: City, order_id: int):
    wish(NOW, order_id=order_id, muted=["how_was_it", "dispatch"])
    tell([resident(order_id)], NOW, kind="how_was_it")
    tell([resident(order_id)], NOW)
    planned()
    kinds = [db.session.get_one(Notice, row.notice_id).kind for row in deliveries()]
    assert kinds == ["dispatch"]
    tell([resident(order_id)], NOW, kind="how_was_it", is_emergency=True)
    assert len(planned()) == 2, "in an emergency everything is said"


def test_the_night_is_quiet_but_not_in_an_emergency(own_city: City, order_id: int):
    night = at(24, 23)
    tell([resident(order_id)], night)
    tell([resident(order_id)], night, kind="overdue", is_emergency=True)
    planned(night)
    assert [row.next_at for row in deliveries()] == [at(25, 7, 30), night]


def test_quiet_hours_are_the_readers_own(own_city: City, order_id: int):
    wish(NOW, order_id=order_id, quiet_from=9 * 60, quiet_until=11 * 60)
    tell([resident(order_id)], NOW)
    planned()
    assert [row.next_at for row in deliveries()] == [at(24, 11)]


def test_whoever_wants_one_message_a_day_waits_for_eight_and_emergencies_do_not(own_city: City, order_id: int):
    wish(NOW, account_id=own_city.resident.account_id, is_digest=True, locale="en")
    tell([resident(order_id)], NOW)
    tell([resident(order_id)], NOW, kind="claim", is_emergency=True)
    planned()
    first, urgent = deliveries()
    assert (first.next_at, first.is_digest, first.locale) == (at(25, 8), True, "en")
    assert (urgent.next_at, urgent.is_digest) == (NOW, False)


def test_no_reminder_waits_for_the_message_of_the_day_until_it_is_too_late(own_city: City, order_id: int):
    wish(NOW, account_id=own_city.resident.account_id, is_digest=True)
    for start in (at(24, 14), at(25, 9), at(25, 16)):
        tell([resident(order_id)], NOW, kind="remind_day", about={"start": start.isoformat()})
    planned()
    assert [(row.next_at, row.is_digest) for row in deliveries()] == [
        (NOW, False),
        (NOW, False),
        (at(25, 8), True),
    ]


def test_what_is_not_due_or_was_taken_back_is_not_planned(own_city: City, order_id: int):
    tell([resident(order_id)], NOW, due_at=NOW + timedelta(hours=1))
    tell([resident(order_id)], NOW, kind="claim")
    with transaction():
        db.session.execute(update(Notice).where(Notice.kind == "claim").values(withdrawn_at=NOW))
    assert planned() == []
    assert len(planned(NOW + timedelta(hours=1))) == 1


def test_what_was_called_off_and_holds_again_goes_out_after_all_and_what_went_out_not_twice(
    own_city: City, order_id: int
):
    outside = FakeOutside()
    (called_off,) = tell([resident(order_id)], NOW)
    plan_due(NOW, ALL)
    with transaction():
        db.session.execute(update(Notice).where(Notice.id == called_off).values(withdrawn_at=NOW))
    run(outside, NOW)
    assert (states(), outside.got) == ([(f"order:{order_id}", "sms", "void")], [])
    for _ in range(2):
        with transaction():
            back = update(Notice).where(Notice.id == called_off).values(withdrawn_at=None, planned_at=None)
            db.session.execute(back)
        run(outside, NOW + timedelta(minutes=1))
    assert [state for _recipient, _channel, state in states()] == ["void", "sent"]
    assert len(outside.got) == 1


def test_planning_takes_as_many_statements_for_a_hundred_notices_as_for_two(own_city: City, order_id: int):
    order_ids = [placed(own_city).order_id for _ in range(12)]
    forget_notices(NOW)

    def statements(readers: list[To]) -> int:
        tell(readers, NOW)
        count = 0

        def note(*_about: object) -> None:
            nonlocal count
            count += 1

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            plan_due(NOW, ALL)
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        return count

    few = statements([resident(order_id), To(Party.DEPARTMENT, DEPARTMENT, order_id)])
    many = statements([resident(each) for each in order_ids] + [To(Party.DEPARTMENT, DEPARTMENT, order_id)] * 2)
    assert many <= few + 1
    assert db.session.scalar(select(Order.id).limit(1)) is not None
