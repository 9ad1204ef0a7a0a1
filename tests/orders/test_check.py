"""`qtxvol check` is quiet on an honest record and names the order when a row was changed behind our back."""

import pytest
from sqlalchemy import delete, text, update

from qtxvol.extensions import db
from qtxvol.orders.ask import answer_question, ask_resident
from qtxvol.orders.check import check_orders
from qtxvol.orders.claim import claim_order, offer_order, release_order, return_order
from qtxvol.orders.decline import cancel_order, give_up_order, merge_order, reject_order
from qtxvol.orders.dispatch import dispatch_order
from qtxvol.orders.models import Crew, Order, OrderEvent, OrderNote, Question
from qtxvol.orders.rate import Verdict, rate_order
from qtxvol.orders.serve import accept_order, close_order, reopen_order, report_no_show, withdraw_order
from qtxvol.orders.transition import Outcome
from qtxvol.storage import transaction
from tests.factories import NOW, City, accepted, claimed, closed, dispatched, placed, window
from tests.orders.answers import findings

TAMPERED = ("order_events", "hours_entries")


@pytest.fixture
def without_triggers(own_city: City) -> City:
    """A city whose database no longer guards its events: what somebody with the file and a SQL shell can do."""
    with transaction():
        if db.engine.dialect.name == "sqlite":
            for table in TAMPERED:
                for verb in ("update", "delete"):
                    db.session.execute(text(f"DROP TRIGGER {table}_no_{verb}"))
        else:
            for table in TAMPERED:
                db.session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
    return own_city


def of_events() -> list[tuple[str, str]]:
    """Findings, without what the clocks say of the same thing (test_clocks.py)."""
    return [(each.number, each.fault) for each in findings() if "clock" not in each.fault]


def whole_journey(city: City) -> Outcome:
    """One order through every action that an order can take more than once, and its friends through the rest."""
    order, friend = placed(city), placed(city)
    merge_order(friend.number, city.community, into_number=order.number, now=NOW)
    number = order.number
    dispatch_order(number, city.community, department_id="health", now=NOW)
    return_order(number, city.department, reason="other", text="最近太忙。", now=NOW)
    dispatch_order(number, city.community, department_id="health", now=NOW)
    claim_order(number, city.department, now=NOW)
    release_order(number, city.department, reason="claimed_by_mistake", now=NOW)
    dispatch_order(number, city.community, department_id="health", now=NOW)
    ask_resident(number, city.department, text="几楼？", now=NOW)
    answer_question(number, city.resident, text="三楼。", now=NOW)
    claim_order(number, city.department, now=NOW)
    offer_order(number, city.department, team_ids=[city.team.team_id], now=NOW)
    accept_order(number, city.team, agreed=window(3), volunteer_ids=city.crew[:2], now=NOW)
    withdraw_order(number, city.team, reason="weather", now=NOW)
    accept_order(number, city.other_team, agreed=window(3), volunteer_ids=city.other_crew[:1], now=NOW)
    later = window(3).ends_at
    report_no_show(number, city.community, text="没有人来。", now=later)
    for _ in range(2):
        agreed = window(1, now=later)
        accept_order(number, city.team, agreed=agreed, volunteer_ids=city.crew[:1], now=later)
        later = agreed.ends_at
        close_order(
            number,
            city.team,
            actual=agreed,
            attendance=20,
            report="讲完了。",
            minutes={city.crew[0]: 90},
            now=later,
        )
        rate_order(number, city.resident, verdict=Verdict(2, True, text="听不清"), now=later)
        rate_order(friend.number, city.community, verdict=Verdict(5, True), now=later)
        reopen_order(number, city.community, text="听不清，重讲。", now=later)
    reject_order(placed(city).number, city.community, reason="commercial", text="不办推销。", now=NOW)
    cancel_order(accepted(city, agreed=window(9)).number, city.resident, reason="weather", now=NOW)
    give_up_order(claimed(city).number, city.office, text="没有老师。", now=NOW)
    return order


def test_a_whole_journey_is_clean(own_city: City):
    whole_journey(own_city)
    closed(own_city, agreed=window(20))
    placed(own_city, actor=own_city.department, wish="𰻝𰻝面😀", urgency="emergency")
    assert findings() == []


def test_an_empty_house_is_clean(ctx: None):
    assert list(check_orders()) == []


def test_erasing_what_people_wrote_leaves_the_chain_whole(own_city: City):
    whole_journey(own_city)
    with transaction():
        db.session.execute(delete(OrderNote))
        db.session.execute(
            update(Order).values(contact_name="已删除", contact_phone="", contact_phone_tail="", wish="x")
        )
    assert findings() == []


def tamper(statement: object) -> None:
    with transaction():
        assert db.session.connection().execute(statement).rowcount >= 1


@pytest.mark.parametrize(
    "change",
    [
        {"payload": {"department_id": "education"}},
        {"actor_name": "别的社区"},
        {"actor_key": "community:999"},
        {"party": "office"},
        {"was_overdue": True},
        {"happened_at": NOW.replace(year=2025)},
        {"fingerprint": "0" * 32},
        {"idempotency_key": "x"},
        {"row_hash": "f" * 64},
        {"previous_hash": "f" * 64},
        {"to_status": "claimed"},
        {"action": "rule"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_event_is_found(without_triggers: City, change: dict):
    order, _ = dispatched(without_triggers), dispatched(without_triggers)
    tamper(update(OrderEvent).where(OrderEvent.order_id == order.order_id, OrderEvent.sequence == 2).values(**change))
    (finding,) = findings()
    assert finding.number == order.number
    assert finding.fault == f"event 2 ({change.get('action', 'dispatch')}) was changed after it was written"


def test_an_event_that_was_moved_to_another_order_is_found(without_triggers: City):
    """Its hash holds in itself; the order's number inside of it does not."""
    giver, taker = dispatched(without_triggers), placed(without_triggers)
    tamper(
        update(OrderEvent)
        .where(OrderEvent.order_id == giver.order_id, OrderEvent.sequence == 2)
        .values(order_id=taker.order_id)
    )
    assert {finding.number for finding in findings()} == {giver.number, taker.number}


@pytest.mark.parametrize(
    ("sequence", "fault"),
    [
        (1, "event 1 is missing"),
        (2, "event 2 is missing"),
        (3, "its events lead to dispatched, but it stands at claimed"),
    ],
)
def test_a_missing_event_is_found(without_triggers: City, sequence: int, fault: str):
    order, _ = claimed(without_triggers), claimed(without_triggers)
    tamper(text("DELETE FROM notices"))
    tamper(text("DELETE FROM order_clocks"))
    tamper(delete(OrderEvent).where(OrderEvent.order_id == order.order_id, OrderEvent.sequence == sequence))
    assert of_events() == [(order.number, fault)]


def test_a_missing_last_event_that_changed_no_status_is_found(without_triggers: City):
    order = claimed(without_triggers)
    offer_order(order.number, without_triggers.department, team_ids=[without_triggers.team.team_id], now=NOW)
    tamper(text("DELETE FROM notices"))
    tamper(text("DELETE FROM order_clocks"))
    tamper(delete(OrderEvent).where(OrderEvent.sequence == 4))
    assert of_events() == [(order.number, "has version 4 but 3 events")]


def test_an_order_without_events_is_found(without_triggers: City):
    order = placed(without_triggers)
    tamper(text("DELETE FROM notices"))
    tamper(text("DELETE FROM order_clocks"))
    tamper(delete(OrderEvent))
    assert of_events() == [(order.number, "has no events")]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"status": "claimed"}, "its events lead to dispatched, but it stands at claimed"),
        ({"version": 5}, "has version 5 but 2 events"),
        ({"version": 1}, "has version 1 but 2 events"),
        ({"number": "QTX00000000"}, "event 1 (place) was changed after it was written"),
    ],
)
def test_an_order_that_says_something_else_than_its_events_is_found(own_city: City, change: dict, fault: str):
    order, _ = dispatched(own_city), dispatched(own_city)
    tamper(update(Order).where(Order.id == order.order_id).values(**change))
    assert of_events() == [(change.get("number", order.number), fault)]


def test_an_accepted_order_without_people_is_found(own_city: City):
    order = accepted(own_city)
    tamper(delete(Crew))
    assert [(f.number, f.fault) for f in findings()] == [(order.number, "is accepted, but nobody is named for it")]


def test_a_clock_that_stands_still_for_nothing_is_found(own_city: City):
    order = dispatched(own_city)
    ask_resident(order.number, own_city.community, text="几楼？", now=NOW)
    tamper(update(Question).values(ended_at=NOW))
    assert [(f.number, f.fault) for f in findings()] == [
        (order.number, "its clock stands still without an open question")
    ]


def test_more_hours_taken_than_given_are_found(without_triggers: City):
    order = closed(without_triggers)
    tamper(text("UPDATE hours_entries SET minutes = -90"))
    assert [(f.number, f.fault) for f in findings()] == [
        (order.number, "its hours are not what its closings, reopenings and requests say"),
        (order.number, "line 1 makes more or fewer hours than the service had"),
    ]


def test_a_rating_of_a_closing_that_never_was_is_found(own_city: City):
    order = closed(own_city)
    rate_order(order.number, own_city.resident, verdict=Verdict(5, True), now=window(4).starts_at)
    tamper(text("UPDATE ratings SET closure = 2"))
    assert [(f.number, f.fault) for f in findings()] == [(order.number, "is rated for a closing that never was")]
