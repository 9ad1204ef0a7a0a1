"""What is due goes out once, in order, again after failures, and to a person when nothing helps."""

import threading
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from qtxvol.channels.message import Message, Receipt, State
from qtxvol.extensions import db
from qtxvol.notices.dead_letters import retry_letter
from qtxvol.notices.deliver import Crew, deliver_due, deliver_lane, tidy_up
from qtxvol.notices.models import Delivery, LanePause, Notice
from qtxvol.notices.plan import plan_due
from qtxvol.notices.points import Owner, add_point, drop_point
from qtxvol.notices.queue import To
from qtxvol.notices.timing import Pace
from qtxvol.orders.decline import cancel_order
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import Order
from qtxvol.privacy.erase import Cause, erase_order
from qtxvol.storage import transaction
from tests.factories import COMMUNITY, DEPARTMENT, NOW, City, link_of, placed
from tests.notices.outside import (
    REFUSED,
    RETRY,
    SENT,
    UNKNOWN,
    FakeOutside,
    deliveries,
    forget_notices,
    resident,
    run,
    run_for,
    set_state,
    states,
    tell,
    wish,
)
from tests.notices.test_plan import give_phone
from tests.notices.test_timing import at

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def order_id(own_city: City) -> int:
    order = placed(own_city)
    forget_notices(NOW)
    return order.order_id


def told_of_failure() -> list[tuple[str, str, int | None, str]]:
    """(party, scope, order, channel) of the notices that something was not delivered."""
    rows = db.session.scalars(select(Notice).where(Notice.kind == "undelivered").order_by(Notice.id))
    return [(row.party, row.scope, row.order_id, row.about["channel"]) for row in rows]


def test_a_message_goes_out_once_with_words_and_the_number_of_the_order(own_city: City, order_id: int):
    outside = FakeOutside()
    tell([resident(order_id)], NOW)
    assert run(outside, NOW) == 1
    assert run(outside, NOW + HOUR) == 0
    ((channel, message),) = outside.got
    assert (channel, message.address) == ("sms", "19900001234")
    assert message.text
    assert "19900001234" not in message.text
    (row,) = deliveries()
    assert (row.state, row.attempts, row.reference, row.claimed_until) == ("sent", 1, "r-1", None)


def test_what_fails_is_tried_again_later_each_time_under_the_same_key(own_city: City, order_id: int):
    answers = iter([RETRY, RETRY, SENT])
    outside = FakeOutside(answer=lambda _channel, _message: next(answers))
    tell([resident(order_id)], NOW)
    run(outside, NOW)
    (row,) = deliveries()
    assert (row.state, row.detail) == ("failed", "cannot_connect")
    first_wait = row.next_at - row.changed_at
    assert 48 <= first_wait.total_seconds() <= 74
    run(outside, row.next_at - timedelta(seconds=2))
    assert len(outside.got) == 1, "not before it is time"
    at_second = row.next_at
    run(outside, at_second)
    (row,) = deliveries()
    assert row.next_at - at_second > first_wait
    run(outside, row.next_at)
    assert [row.state for row in deliveries()] == ["sent"]
    assert len({message.key for _channel, message in outside.got}) == 1


def test_a_channel_that_says_how_long_to_wait_is_obeyed(own_city: City, order_id: int):
    outside = FakeOutside(answer=Receipt(State.RETRY, "HTTP 429", retry_after=1800))
    tell([resident(order_id)], NOW)
    run(outside, NOW)
    (row,) = deliveries()
    assert row.next_at >= NOW + timedelta(minutes=30)
    assert db.session.scalar(select(func.count()).select_from(LanePause)) == 0, "to be told to wait is an answer"


def test_a_refused_mail_is_followed_by_a_short_message_at_once(own_city: City, order_id: int):
    add_point(Owner(account_id=own_city.resident.account_id), "mail", "wang@example.org", now=NOW)
    outside = FakeOutside(answer=lambda channel, _message: REFUSED if channel == "mail" else SENT)
    tell([resident(order_id)], NOW)
    run(outside, NOW)
    assert outside.channels == ["mail", "sms"]
    assert [(row.channel, row.rank, row.state, row.why) for row in deliveries()] == [
        ("mail", 1, "dead", "refused"),
        ("sms", 2, "sent", ""),
    ]
    assert told_of_failure() == []


def test_where_another_channel_stands_ready_the_first_is_given_up_within_an_hour(own_city: City, order_id: int):
    add_point(Owner(account_id=own_city.resident.account_id), "mail", "wang@example.org", now=NOW)
    outside = FakeOutside(answer=lambda channel, _message: RETRY if channel == "mail" else SENT)
    tell([resident(order_id)], NOW)
    run_for(outside, NOW, HOUR, step=3 * MINUTE)
    first, second = deliveries()
    assert (first.state, first.why, second.channel, second.state) == ("dead", "gave_up", "sms", "sent")
    assert second.changed_at <= NOW + HOUR


def test_when_nothing_helps_the_community_is_told_once_and_asked_to_phone(own_city: City, order_id: int):
    outside = FakeOutside(answer=REFUSED)
    tell([resident(order_id)], NOW)
    for minutes in range(3):
        run(outside, NOW + minutes * MINUTE)
    assert [(row.state, row.why) for row in deliveries()] == [("dead", "refused")]
    assert told_of_failure() == [("community", COMMUNITY, order_id, "sms")]


def test_given_up_after_a_day_of_trying(own_city: City, order_id: int):
    outside = FakeOutside(answer=RETRY)
    wish(NOW, order_id=order_id, quiet_from=0, quiet_until=0)
    tell([resident(order_id)], NOW)
    run_for(outside, NOW, timedelta(hours=25), step=10 * MINUTE)
    (row,) = deliveries()
    assert (row.state, row.why) == ("dead", "gave_up")
    assert NOW + timedelta(hours=18) < row.changed_at <= NOW + timedelta(hours=25)
    assert 5 < row.attempts <= Pace().most_attempts
    assert len(told_of_failure()) == 1


def test_the_office_is_told_of_a_broken_robot_once_a_day(own_city: City, order_id: int):
    add_point(Owner(party=Party.DEPARTMENT, scope=DEPARTMENT), "wecom", "https://robot.example/?key=1", now=NOW)
    outside = FakeOutside(["wecom"], answer=REFUSED)
    for days in (0, 0, 1):
        tell([To(Party.DEPARTMENT, DEPARTMENT)], NOW + timedelta(days=days), order_id=order_id)
        run(outside, NOW + timedelta(days=days))
    assert told_of_failure() == [("office", "", order_id, "wecom")] * 2


def test_that_nobody_could_be_told_of_a_failure_is_no_failure_to_tell_of(own_city: City, order_id: int):
    give_phone(own_city.community.account_id)
    give_phone(own_city.office.account_id, "19900004444")
    outside = FakeOutside(answer=REFUSED)
    tell([resident(order_id)], NOW)
    for minutes in range(4):
        run(outside, NOW + minutes * MINUTE)
    assert len(told_of_failure()) == 1


def test_perhaps_arrived_is_not_sent_again_and_followed_by_nothing(own_city: City, order_id: int):
    outside = FakeOutside(answer=UNKNOWN)
    tell([resident(order_id)], NOW)
    run_for(outside, NOW, 2 * HOUR, step=20 * MINUTE)
    assert len(outside.got) == 1
    assert [(row.state, row.why) for row in deliveries()] == [("unknown", "no_answer")]
    assert told_of_failure() == []


def test_a_webhook_that_perhaps_got_it_gets_it_again_under_the_same_key(own_city: City, order_id: int):
    add_point(Owner(party=Party.DEPARTMENT, scope=DEPARTMENT), "webhook", "https://hook.example/", now=NOW)
    answers = iter([UNKNOWN, SENT])
    outside = FakeOutside(answer=lambda _channel, _message: next(answers))
    tell([To(Party.DEPARTMENT, DEPARTMENT)], NOW, order_id=order_id)
    run_for(outside, NOW, 3 * MINUTE)
    assert [row.state for row in deliveries()] == ["sent"]
    assert len({message.key for _channel, message in outside.got}) == 1


# In order


def test_what_comes_later_of_the_same_order_waits_for_what_came_before(own_city: City, order_id: int):
    other = placed(own_city).order_id
    forget_notices(NOW)
    answers = {"first": RETRY}

    def answer(_channel: str, message: Message) -> Receipt:
        keys.append(message.key)
        return answers["first"] if message.key == keys[0] else SENT

    keys: list[str] = []
    outside = FakeOutside(answer=answer)
    tell([resident(order_id)], NOW)
    run(outside, NOW)
    tell([resident(order_id)], NOW, kind="claim")
    tell([resident(other)], NOW, kind="claim")
    run(outside, NOW + timedelta(seconds=20))
    assert [row.state for row in deliveries()] == ["failed", "waiting", "sent"], "another order goes its own way"
    answers["first"] = SENT
    run(outside, NOW + 2 * MINUTE)
    assert [row.state for row in deliveries()] == ["sent", "sent", "sent"]
    sent_in_order = [row.key for row in deliveries()]
    assert [key for key in keys if key in (sent_in_order[0], sent_in_order[1])][-2:] == sent_in_order[:2]


def test_what_follows_a_dead_one_is_not_held_for_ever(own_city: City, order_id: int):
    answers = iter([REFUSED, SENT])
    outside = FakeOutside(answer=lambda _channel, _message: next(answers))
    tell([resident(order_id)], NOW)
    tell([resident(order_id)], NOW, kind="claim")
    run(outside, NOW)
    assert [row.state for row in deliveries()] == ["dead", "sent"]


def test_an_emergency_does_not_wait_for_the_morning_with_the_rest(own_city: City, order_id: int):
    outside, night = FakeOutside(), at(24, 23)
    tell([resident(order_id)], night)
    tell([resident(order_id)], night, kind="claim", is_emergency=True)
    run(outside, night)
    assert [row.state for row in deliveries()] == ["waiting", "sent"]
    run(outside, at(25, 7, 30))
    assert [row.state for row in deliveries()] == ["sent", "sent"]


def test_what_waited_into_the_night_waits_for_the_morning(own_city: City, order_id: int):
    outside, evening = FakeOutside(), at(24, 21, 59)
    tell([resident(order_id)], evening)
    plan_due(evening, outside.ready)
    deliver_due(at(24, 22, 5), Crew(outside))
    (row,) = deliveries()
    assert (outside.got, row.state, row.next_at, row.claimed_until) == ([], "waiting", at(25, 7, 30), None)


def test_a_failure_in_the_evening_is_not_tried_again_at_night_and_loses_no_time(own_city: City, order_id: int):
    outside, evening = FakeOutside(answer=RETRY), at(24, 21, 59) + timedelta(seconds=30)
    tell([resident(order_id)], evening)
    run(outside, evening)
    (row,) = deliveries()
    assert row.next_at == at(25, 7, 30)
    assert row.give_up_at > at(25, 22)


# One message a day


def test_one_message_tells_of_everything_since_yesterday(own_city: City, order_id: int):
    outside = FakeOutside()
    wish(NOW, order_id=order_id, is_digest=True)
    for kind in ("dispatch", "claim", "accept", "return"):
        tell([resident(order_id)], NOW, kind=kind)
    run(outside, NOW + HOUR)
    assert outside.got == []
    run(outside, at(25, 8))
    ((_channel, message),) = outside.got
    assert message.subject == "您有 4 条消息"
    assert "还有 1 条" in message.text, "a short message stays short"
    assert {row.state for row in deliveries()} == {"sent"}
    assert len({row.bundle_id for row in deliveries()}) == 1
    tell([resident(order_id)], at(25, 9), kind="close")
    run(outside, at(25, 9))
    run(outside, at(26, 8))
    assert len(outside.got) == 2


def test_a_message_of_the_day_that_fails_comes_back_whole_under_its_key(own_city: City, order_id: int):
    answers = iter([RETRY, SENT])
    outside = FakeOutside(answer=lambda _channel, _message: next(answers))
    wish(NOW, order_id=order_id, is_digest=True)
    tell([resident(order_id)], NOW)
    tell([resident(order_id)], NOW, kind="claim")
    run(outside, NOW)
    run(outside, at(25, 8))
    tell([resident(order_id)], at(25, 8), kind="accept")
    run(outside, at(25, 8, 2))
    (first, second) = outside.got
    assert first == second
    assert [row.state for row in deliveries()] == ["sent", "sent", "waiting"]


def test_of_a_message_of_the_day_that_is_refused_every_notice_takes_the_next_channel(own_city: City, order_id: int):
    add_point(Owner(account_id=own_city.resident.account_id), "mail", "wang@example.org", now=NOW)
    wish(NOW, order_id=order_id, is_digest=True)
    outside = FakeOutside(answer=lambda channel, _message: REFUSED if channel == "mail" else SENT)
    tell([resident(order_id)], NOW)
    tell([resident(order_id)], NOW, kind="claim")
    run(outside, NOW)
    run(outside, at(25, 8))
    assert outside.channels == ["mail", "sms"]
    assert [(row.channel, row.state) for row in deliveries()] == [("mail", "dead")] * 2 + [("sms", "sent")] * 2


def test_a_message_of_the_day_is_given_up_as_a_whole(own_city: City, order_id: int):
    """What was told before the lane went down and what came later share a message: none is left behind without it."""
    wish(NOW, order_id=order_id, is_digest=True)
    outside = FakeOutside(answer=RETRY)
    tell([resident(order_id)], NOW)
    plan_due(NOW, outside.ready)
    tell([resident(order_id)], at(25, 9), kind="claim")
    plan_due(at(25, 9), outside.ready)
    run(outside, at(26, 8))
    assert [row.state for row in deliveries()] == ["failed", "failed"]
    run_for(outside, at(26, 9), timedelta(hours=40), step=30 * MINUTE)
    assert {(row.state, row.why) for row in deliveries()} == {("dead", "gave_up")}
    assert len(told_of_failure()) == 2


def test_a_message_of_the_day_in_a_lane_that_stays_down_is_given_up_as_a_whole(own_city: City, order_id: int):
    wish(NOW, order_id=order_id, is_digest=True)
    outside = FakeOutside(answer=RETRY)
    tell([resident(order_id)], NOW)
    tell([resident(order_id)], NOW, kind="claim")
    run(outside, NOW)
    run(outside, at(25, 8))
    with transaction():
        db.session.execute(update(LanePause).values(failures=9, paused_until=at(28, 8)))
    tidy_up(at(26, 9), Crew(outside))
    assert {(row.state, row.why) for row in deliveries()} == {("dead", "gave_up")}


def test_what_a_message_of_the_day_left_out_was_not_sent(own_city: City, order_id: int):
    wish(NOW, order_id=order_id, is_digest=True)
    outside = FakeOutside()
    (gone,) = tell([resident(order_id)], NOW)
    tell([resident(order_id)], NOW, kind="claim")
    run(outside, NOW)
    with transaction():
        db.session.execute(update(Notice).where(Notice.id == gone).values(withdrawn_at=NOW))
    run(outside, at(25, 8))
    assert len(outside.got) == 1
    assert [(row.state, row.why) for row in deliveries()] == [("void", "withdrawn"), ("sent", "")]


def test_one_of_a_message_of_the_day_that_is_sent_again_says_nothing_of_the_others(own_city: City, order_id: int):
    wish(NOW, order_id=order_id, is_digest=True)
    outside = FakeOutside(answer=UNKNOWN)
    tell([resident(order_id)], NOW)
    tell([resident(order_id)], NOW, kind="claim")
    run(outside, NOW)
    run(outside, at(25, 8))
    outside.answer = SENT
    retry_letter(deliveries()[0].id, own_city.office, at(25, 9))
    run(outside, at(25, 9))
    assert [row.state for row in deliveries()] == ["sent", "unknown"]


# Called off


def test_what_was_taken_back_or_erased_meanwhile_is_not_sent(own_city: City):
    orders = [placed(own_city) for _ in range(2)]
    forget_notices(NOW)
    outside = FakeOutside()
    tell([resident(order.order_id) for order in orders], NOW)
    plan_due(NOW, outside.ready)
    with transaction():
        db.session.execute(update(Notice).where(Notice.order_id == orders[0].order_id).values(withdrawn_at=NOW))
    cancel_order(orders[1].number, link_of(orders[1]), reason="other", text="不需要了", now=NOW)
    erase_order(orders[1].number, own_city.office, cause=Cause.ASKED, now=NOW)
    forget_notices(NOW)
    deliver_due(NOW, Crew(outside))
    assert outside.got == []
    assert {(row.state, row.why) for row in deliveries() if row.order_id == orders[0].order_id} == {
        ("void", "withdrawn")
    }
    assert {(row.state, row.why) for row in deliveries() if row.order_id == orders[1].order_id} == {("void", "erased")}
    assert told_of_failure() == []


def test_an_address_that_was_dropped_gives_way_to_the_next(own_city: City, order_id: int):
    owner = Owner(account_id=own_city.resident.account_id)
    point = add_point(owner, "mail", "wang@example.org", now=NOW)
    outside = FakeOutside()
    tell([resident(order_id)], NOW)
    plan_due(NOW, outside.ready)
    drop_point(owner, point)
    deliver_due(NOW, Crew(outside))
    assert outside.channels == ["sms"]


def test_a_channel_that_was_switched_off_meanwhile_gives_way_to_the_next(own_city: City, order_id: int):
    add_point(Owner(account_id=own_city.resident.account_id), "mail", "wang@example.org", now=NOW)
    outside = FakeOutside()
    tell([resident(order_id)], NOW)
    plan_due(NOW, outside.ready)
    outside.ready = frozenset({"sms"})
    deliver_due(NOW, Crew(outside))
    assert [(row.channel, row.state, row.why) for row in deliveries()] == [
        ("mail", "dead", "channel_off"),
        ("sms", "sent", ""),
    ]


def test_no_short_message_is_sent_to_a_landline_and_the_community_hears_of_it(own_city: City):
    order = placed(own_city, contact_phone="0953 3051234")
    forget_notices(NOW)
    outside = FakeOutside()
    tell([resident(order.order_id)], NOW)
    run(outside, NOW)
    assert outside.got == []
    assert [(row.state, row.why) for row in deliveries()] == [("dead", "no_address")]
    assert told_of_failure() == [("community", COMMUNITY, order.order_id, "sms")]


# Lanes


def test_a_lane_that_fails_is_left_alone_and_the_others_go_on(own_city: City, order_id: int):
    orders = [placed(own_city).order_id for _ in range(6)]
    forget_notices(NOW)
    add_point(Owner(party=Party.DEPARTMENT, scope=DEPARTMENT), "webhook", "https://hook.example/", now=NOW)
    outside = FakeOutside(answer=lambda channel, _message: RETRY if channel == "sms" else SENT)
    tell([resident(each) for each in orders], NOW)
    for each in orders:
        tell([To(Party.DEPARTMENT, DEPARTMENT)], NOW, kind="claim", order_id=each)
    run(outside, NOW)
    assert outside.channels.count("sms") == 3, "then the lane is left alone"
    assert outside.channels.count("webhook") == 6
    run(outside, NOW + timedelta(seconds=50))
    assert outside.channels.count("sms") == 3
    run(outside, NOW + timedelta(seconds=90))
    assert outside.channels.count("sms") == 4, "one tries whether it is back"
    outside.answer = SENT
    run(outside, NOW + 5 * MINUTE)
    assert {state for _recipient, _channel, state in states()} == {"sent"}
    assert db.session.scalar(select(func.count()).select_from(LanePause)) == 0


def test_what_nobody_could_try_for_a_day_reaches_a_person(own_city: City):
    orders = [placed(own_city).order_id for _ in range(8)]
    forget_notices(NOW)
    for each in orders:
        wish(NOW, order_id=each, quiet_from=0, quiet_until=0)
    outside = FakeOutside(answer=RETRY)
    tell([resident(each) for each in orders], NOW)
    run_for(outside, NOW, timedelta(hours=25), step=15 * MINUTE)
    assert {(row.state, row.why) for row in deliveries()} == {("dead", "gave_up")}
    assert len(outside.got) < 120, "a lane that is down is not tried by everybody"
    assert sorted(order for _party, _scope, order, _channel in told_of_failure()) == sorted(orders)


def test_a_try_that_could_not_be_sent_does_not_keep_the_lane_closed(own_city: City):
    orders = [placed(own_city).order_id for _ in range(3)]
    forget_notices(NOW)
    outside = FakeOutside()
    told = tell([resident(each) for each in orders], NOW)
    plan_due(NOW, outside.ready)
    with transaction():
        db.session.add(LanePause(lane="sms", failures=3, failing_since=NOW, paused_until=NOW))
        db.session.execute(update(Notice).where(Notice.id.in_(told[:2])).values(withdrawn_at=NOW))
    for _ in range(3):
        deliver_lane("sms", NOW, Crew(outside))
    assert [row.state for row in deliveries()] == ["void", "void", "sent"]


# Leases


def test_what_a_dead_worker_had_begun_is_sent_again_only_where_its_key_is_known(own_city: City, order_id: int):
    add_point(Owner(party=Party.DEPARTMENT, scope=DEPARTMENT), "webhook", "https://hook.example/", now=NOW)
    outside = FakeOutside()
    tell([resident(order_id)], NOW)
    tell([To(Party.DEPARTMENT, DEPARTMENT)], NOW, kind="claim", order_id=order_id)
    plan_due(NOW, outside.ready)
    keys = {row.channel: row.key for row in deliveries()}
    for row in deliveries():
        set_state(row.id, state="sending", attempts=1, claimed_by="dead:1", claimed_until=NOW + MINUTE)
    deliver_due(NOW + timedelta(seconds=59), Crew(outside))
    assert outside.got == [], "it may still be alive"
    deliver_due(NOW + MINUTE, Crew(outside))
    assert [(channel, message.key) for channel, message in outside.got] == [("webhook", keys["webhook"])]
    found = {row.channel: (row.state, row.why) for row in deliveries()}
    assert found == {"sms": ("unknown", "stopped"), "webhook": ("sent", "")}


def test_what_a_dead_worker_had_claimed_and_not_begun_is_simply_sent(own_city: City, order_id: int):
    outside = FakeOutside()
    tell([resident(order_id)], NOW)
    plan_due(NOW, outside.ready)
    (row,) = deliveries()
    set_state(row.id, claimed_by="dead:1", claimed_until=NOW + MINUTE)
    assert deliver_due(NOW, Crew(outside)) == 0
    assert deliver_due(NOW + MINUTE, Crew(outside)) == 1


def test_what_is_known_late_still_counts(own_city: City, order_id: int):
    """The lease ran out while the gateway thought; then it said yes."""

    def slow(_channel: str, _message: Message) -> Receipt:
        tidy_up(NOW + HOUR, Crew(FakeOutside()))
        assert [row.state for row in deliveries()] == ["unknown"]
        return SENT

    outside = FakeOutside(answer=slow)
    tell([resident(order_id)], NOW)
    run(outside, NOW)
    assert [row.state for row in deliveries()] == ["sent"]


def test_whoever_is_stopping_finishes_the_message_and_gives_the_rest_back(own_city: City):
    orders = [placed(own_city).order_id for _ in range(3)]
    forget_notices(NOW)
    outside = FakeOutside()
    tell([resident(each) for each in orders], NOW)
    plan_due(NOW, outside.ready)
    deliver_lane("sms", NOW, Crew(outside, is_stopping=lambda: bool(outside.got)))
    assert [row.state for row in deliveries()] == ["sent", "waiting", "waiting"]
    assert {row.claimed_until for row in deliveries()} == {None}


def test_two_who_deliver_at_once_never_send_the_same(app: Flask):
    from tests.factories import make_city

    with app.app_context():
        city = make_city()
        orders = [placed(city).order_id for _ in range(30)]
        forget_notices(NOW)
        for kind in ("dispatch", "claim"):
            tell([resident(each) for each in orders], NOW, kind=kind)
        plan_due(NOW, frozenset({"sms"}))
        keys = {row.key: (row.order_id, row.notice_id) for row in deliveries()}
        db.session.remove()
    outside = FakeOutside(["sms"])
    barrier, failures = threading.Barrier(3), []

    def work(name: str) -> None:
        try:
            with app.app_context():
                barrier.wait(20)
                while deliver_due(NOW, Crew(outside, name)):
                    pass
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(f"w{i}",)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    sent = [message.key for _channel, message in outside.got]
    assert sorted(sent) == sorted(keys), "each once"
    for order in orders:
        notices = [keys[key][1] for key in sent if keys[key][0] == order]
        assert notices == sorted(notices), "in order"
    with app.app_context():
        assert set(db.session.scalars(select(Delivery.state))) == {"sent"}
        assert db.session.scalar(select(func.count()).select_from(Order)) == 30
