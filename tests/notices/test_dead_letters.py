"""What did not arrive, and who may do what about it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from qtxvol.extensions import db
from qtxvol.notices.arrivals import list_arrivals
from qtxvol.notices.dead_letters import (
    LetterFilters,
    count_dead_letters,
    list_dead_letters,
    mark_told,
    retry_letter,
    retry_letters,
)
from qtxvol.notices.models import Delivery, NoticeWish
from qtxvol.notices.points import Owner, add_point, drop_point, list_points, order_points
from qtxvol.notices.queue import To
from qtxvol.orders.decline import cancel_order
from qtxvol.orders.lifecycle import Party
from qtxvol.privacy.erase import Cause, erase_order
from qtxvol.privacy.own_data import export_account, export_order
from qtxvol.refusals import NotFound, Refused
from tests.factories import DEPARTMENT, NOW, OTHER_COMMUNITY, City, link_of, placed
from tests.notices.outside import (
    REFUSED,
    SENT,
    UNKNOWN,
    FakeOutside,
    deliveries,
    forget_notices,
    resident,
    run,
    tell,
    wish,
)

LATER = NOW + timedelta(hours=1)
ALL = LetterFilters()


def lose(city: City, count: int = 1, **values: object) -> list[int]:
    """So many residents' notices that were refused; the ids of the deliveries."""
    orders = [placed(city, **values) for _ in range(count)]
    forget_notices(NOW)
    tell([resident(order.order_id) for order in orders], NOW)
    run(FakeOutside(answer=REFUSED), NOW)
    return [row.id for row in deliveries() if row.state == "dead"][-count:]


def ids_of(actor, filters: LetterFilters = ALL, now=LATER) -> list[int]:
    return [row.Delivery.id for row in list_dead_letters(actor, filters, 1, now).rows]


def test_a_community_sees_its_own_residents_and_the_office_everything(own_city: City):
    (mine,) = lose(own_city)
    (other,) = lose(own_city, division_code=OTHER_COMMUNITY)
    add_point(Owner(party=Party.DEPARTMENT, scope=DEPARTMENT), "wecom", "https://robot.example/?key=1", now=NOW)
    tell([To(Party.DEPARTMENT, DEPARTMENT)], NOW, kind="claim")
    run(FakeOutside(["wecom"], answer=REFUSED), NOW)
    robot = deliveries()[-1].id
    assert ids_of(own_city.community) == ids_of(own_city.town) == [mine]
    assert ids_of(own_city.other_community) == [other]
    assert sorted(ids_of(own_city.office)) == [mine, other, robot]
    assert count_dead_letters(own_city.office, LATER) == 3
    for actor in (own_city.department, own_city.team, own_city.volunteer, own_city.resident):
        with pytest.raises(Refused, match="wrong_party"):
            ids_of(actor)
    with pytest.raises(NotFound):
        retry_letter(other, own_city.community, LATER)
    with pytest.raises(NotFound):
        mark_told(robot, own_city.community, LATER)


def test_sent_once_more_it_goes_out_under_its_old_key_and_leaves_the_list(own_city: City):
    (letter,) = lose(own_city)
    key = deliveries()[0].key
    for _tap in range(2):
        retry_letter(letter, own_city.community, LATER)
    outside = FakeOutside()
    forget_notices(LATER)
    run(outside, LATER)
    assert [message.key for _channel, message in outside.got] == [key]
    assert ids_of(own_city.community) == []
    retry_letter(letter, own_city.community, LATER)
    assert [row.state for row in deliveries()] == ["sent"], "what arrived is not sent again"


def test_whoever_was_phoned_is_done_with(own_city: City):
    (letter,) = lose(own_city)
    for minutes in (0, 5):
        mark_told(letter, own_city.community, LATER + timedelta(minutes=minutes))
    row = db.session.get_one(Delivery, letter)
    assert (row.handled_at, row.handled_by_account_id) == (LATER, own_city.community.account_id)
    assert ids_of(own_city.community) == []
    assert ids_of(own_city.community, LetterFilters("handled")) == [letter]
    retry_letter(letter, own_city.office, LATER)
    assert db.session.get_one(Delivery, letter).state == "dead"


def test_all_that_the_filters_leave_in_are_sent_again(own_city: City):
    lost = lose(own_city, 3)
    (landline,) = lose(own_city, contact_phone="0953 3051234")
    assert ids_of(own_city.office, LetterFilters(why="no_address")) == [landline]
    assert ids_of(own_city.office, LetterFilters(channel="mail")) == []
    assert ids_of(own_city.office, LetterFilters(age="old")) == []
    assert len(ids_of(own_city.office, LetterFilters(age="old"), NOW + timedelta(days=2))) == 4
    assert retry_letters(own_city.office, LetterFilters(why="refused"), LATER) == 3
    assert ids_of(own_city.office) == [landline]
    assert {row.id for row in deliveries() if row.state == "waiting"} == set(lost)
    assert retry_letters(own_city.office, LetterFilters("handled"), LATER) == 0


def test_what_another_channel_took_over_is_no_dead_letter(own_city: City):
    order = placed(own_city)
    forget_notices(NOW)
    add_point(Owner(account_id=own_city.resident.account_id), "mail", "wang@example.org", now=NOW)
    tell([resident(order.order_id)], NOW)
    run(FakeOutside(answer=lambda channel, _message: REFUSED if channel == "mail" else SENT), NOW)
    assert ids_of(own_city.office) == []
    assert [
        (each.channel, each.state, each.is_open) for each in list_arrivals(order.order_id, NOW, party=Party.RESIDENT)
    ] == [
        ("mail", "dead", False),
        ("sms", "sent", False),
    ]


def test_perhaps_arrived_stands_apart(own_city: City):
    order = placed(own_city)
    forget_notices(NOW)
    tell([resident(order.order_id)], NOW)
    run(FakeOutside(answer=UNKNOWN), NOW)
    assert ids_of(own_city.office) == []
    assert len(ids_of(own_city.office, LetterFilters("unknown"))) == 1
    (arrival,) = list_arrivals(order.order_id, NOW, party=Party.RESIDENT)
    assert (arrival.channel, arrival.state) == ("sms", "unknown")


def test_whoever_was_erased_is_nobody_to_phone(own_city: City):
    (letter,) = lose(own_city)
    row = db.session.get_one(Delivery, letter)
    order_id = row.order_id
    order = placed(own_city)  # any outcome gives the shape that `link_of` takes
    number = export_number(order_id)
    link = link_of(order.__class__(order_id, number, order.status, 1))
    cancel_order(number, link, reason="other", text="不需要了", now=NOW)
    erase_order(number, own_city.office, cause=Cause.ASKED, now=LATER)
    assert ids_of(own_city.office) == []


def export_number(order_id: int) -> str:
    from qtxvol.orders.models import Order

    return db.session.scalars(select(Order.number).where(Order.id == order_id)).one()


def test_the_latest_counts_and_the_inbox_alone_is_said_too(own_city: City):
    order = placed(own_city)
    forget_notices(NOW)
    answers = iter([REFUSED, SENT])
    outside = FakeOutside(answer=lambda _channel, _message: next(answers))
    tell([resident(order.order_id), To(Party.DEPARTMENT, DEPARTMENT, order.order_id)], NOW)
    run(outside, NOW)
    found = {each.party: (each.channel, each.state, each.is_open) for each in list_arrivals(order.order_id, NOW)}
    assert found["resident"] == ("sms", "dead", True)
    assert found["department"] == ("", "", False)
    tell([resident(order.order_id)], LATER, kind="claim")
    run(outside, LATER)
    (latest,) = list_arrivals(order.order_id, LATER, party=Party.RESIDENT)
    assert (latest.kind, latest.state) == ("claim", "sent")


# Addresses


def test_addresses_are_kept_in_order_masked_and_once(own_city: City):
    owner = Owner(account_id=own_city.team.account_id)
    mail = add_point(owner, "mail", " leader@example.org ", now=NOW)
    sms = add_point(owner, "sms", "199 0000 7777", now=NOW)
    assert add_point(owner, "mail", "leader@example.org", now=NOW) == mail
    assert [(each.id, each.rank, each.masked) for each in list_points(owner)] == [
        (mail, 1, "l***@example.org"),
        (sms, 2, "199****7777"),
    ]
    order_points(owner, [sms, mail])
    assert [each.id for each in list_points(owner)] == [sms, mail]
    drop_point(owner, sms)
    assert [(each.id, each.rank) for each in list_points(owner)] == [(mail, 1)]
    with pytest.raises(NotFound):
        drop_point(Owner(account_id=own_city.office.account_id), mail)
    for channel, bad in (("mail", "nobody"), ("sms", "0953 3051234"), ("webhook", ""), ("pigeon", "x")):
        with pytest.raises(Refused) as refused:
            add_point(owner, channel, bad, now=NOW)
        assert refused.value.status == 422
        assert refused.value.about["field"] in ("address", "channel")


def test_a_robots_secret_is_not_shown(own_city: City):
    owner = Owner(party=Party.OFFICE)
    add_point(owner, "dingtalk", "https://oapi.example.org/robot/send?access_token=abcd1234#SECqwerty", now=NOW)
    (point,) = list_points(owner)
    assert point.masked == "oapi.example.org …1234"


def test_own_data_names_addresses_wishes_and_messages(own_city: City):
    order = placed(own_city)
    forget_notices(NOW)
    account = own_city.resident.account_id
    add_point(Owner(account_id=account), "mail", "wang@example.org", now=NOW)
    wish(NOW, account_id=account, is_digest=False, locale="en")
    tell([resident(order.order_id), To(Party.DEPARTMENT, DEPARTMENT, order.order_id)], NOW)
    run(FakeOutside(), NOW)
    whole = export_account(account)
    assert whole["contact_points"][0]["address"] == "wang@example.org"
    assert whole["notice_wishes"][0]["locale"] == "en"
    (message,) = export_order(link_of(order), order.number)["messages"]
    assert (message["channel"], message["state"]) == ("mail", "sent")
    assert "key" not in message
    assert db.session.scalar(select(NoticeWish.id)) is not None
