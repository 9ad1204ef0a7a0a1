"""Calls to residents on both databases: the log, the end as unreachable, taking up again, call-backs."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.hours.models import HoursRequest, NoShow
from qtxvol.hours.no_shows import object_to_no_show
from qtxvol.hours.objections import make_objection
from qtxvol.hours.requests import decide_request, propose_late
from qtxvol.hours.spot_checks import answer_spot_check
from qtxvol.notices.answers import Given, answer_link, answer_path
from qtxvol.notices.models import Notice
from qtxvol.notices.queue import To
from qtxvol.orders.ask import answer_question, ask_resident
from qtxvol.orders.call_backs import CallFilters, count_call_backs, finish_call_back, list_call_backs, open_call_backs
from qtxvol.orders.calls import CallCause
from qtxvol.orders.claim import offer_order
from qtxvol.orders.contact import ask_for_call, end_unreachable, list_calls, log_call, resume_order
from qtxvol.orders.decline import merge_order
from qtxvol.orders.dispatch import dispatch_order
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import CallBack, ContactAttempt, Crew, Offer, Order, OrderClock
from qtxvol.orders.queries import get_order_view
from qtxvol.orders.rate import Verdict, rate_order
from qtxvol.orders.serve import reopen_order, report_no_show
from qtxvol.orders.transition import Outcome
from qtxvol.privacy.correct import correct_contact
from qtxvol.privacy.erase import Cause, erase_order
from qtxvol.storage import transaction
from tests.factories import (
    NOW,
    City,
    accepted,
    claimed,
    closed,
    link_of,
    new_key,
    placed,
    window,
)
from tests.orders.answers import events_of, findings, not_found, nothing_written, order_of, refused

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
#: When `call_in_vain` has made its last call.
CALLED = NOW + DAY + HOUR
AFTER_CLOSE = window(3).ends_at + 2 * HOUR


def call(order: Outcome, actor: Actor, now=NOW, *, outcome: str = "no_answer", contact: str = "first", **more) -> bool:
    return log_call(order.number, actor, contact=contact, outcome=outcome, key=new_key(), now=now, **more)


def call_in_vain(city: City, order: Outcome, *, last: str = "first") -> Outcome:
    """Three times on two days."""
    for now, contact in ((NOW + HOUR, "first"), (NOW + 3 * HOUR, "first"), (CALLED, last)):
        call(order, city.community, now, contact=contact)
    return order


def unreachable(city: City, order: Outcome) -> Outcome:
    return end_unreachable(call_in_vain(city, order).number, city.community, now=CALLED + HOUR)


def told(order: Outcome, kind: str) -> set[str]:
    """The parties that have a notice of this kind."""
    return set(db.session.scalars(select(Notice.party).where(Notice.order_id == order.order_id, Notice.kind == kind)))


def tasks_of(order: Outcome) -> list[CallBack]:
    return list(
        db.session.scalars(select(CallBack).where(CallBack.order_id == order.order_id).order_by(CallBack.id)).all()
    )


# The log


def test_who_may_call_writes_down_that_they_did(city: City):
    order = accepted(city, second_name="女儿", second_phone="19900005678")
    assert call(order, city.community, words="信号不好")
    assert call(order, city.department, outcome="other", words="请社区转告")
    assert call(order, city.team, contact="second", outcome="reached")
    rows = [(row.party, row.contact, row.outcome, row.words) for row in list_calls(order.order_id)]
    assert rows == [
        ("team", "second", "reached", ""),
        ("department", "first", "other", "请社区转告"),
        ("community", "first", "no_answer", "信号不好"),
    ]
    assert list_calls(order.order_id)[0].actor_name == city.team.name


def test_who_may_not_call_is_refused_and_nothing_is_written(city: City):
    order = claimed(city)
    with nothing_written():
        for actor in (city.office, link_of(order)):
            with refused("wrong_party", 403):
                call(order, actor)
        with refused("wrong_party", 403):  # in its pool, not its own
            call(order, city.team)
        for actor in (city.other_community, city.other_department):
            with not_found():
                call(order, actor)
    done = closed(city)
    with nothing_written(), refused("wrong_party", 403):
        call(done, city.team, AFTER_CLOSE)


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"contact": "third"}, "unknown", "contact"),
        ({"contact": "second"}, "unknown", "contact"),
        ({"outcome": "maybe"}, "unknown", "outcome"),
        ({"outcome": "other", "words": "  "}, "missing", "words"),
        ({"words": "长" * 301}, "invalid", "words"),
    ],
)
def test_a_badly_filled_call_names_the_field(city: City, values, code, field):
    order = placed(city)
    with nothing_written(), refused(code, 422, field=field):
        call(order, city.community, **values)


def test_the_same_button_twice_is_one_call(city: City):
    order, key = placed(city), new_key()
    given = {"contact": "first", "outcome": "no_answer", "key": key}
    assert log_call(order.number, city.community, now=NOW, **given)
    assert not log_call(order.number, city.community, now=NOW, **given)
    assert len(list_calls(order.order_id)) == 1


def test_the_teams_first_call_is_the_one_that_it_owed(city: City):
    order = accepted(city)
    clock = select(OrderClock).where(OrderClock.order_id == order.order_id, OrderClock.step == "first_call")
    assert db.session.scalars(clock).one().ending == ""
    call(order, city.community)
    assert db.session.scalars(clock).one().ending == ""
    call(order, city.team, NOW + HOUR)
    call(order, city.team, NOW + 2 * HOUR, outcome="reached")
    row = db.session.scalars(clock).one()
    assert (row.ending, row.ended_at) == ("done", NOW + HOUR)


# Unreachable


def test_nobody_is_unreachable_after_one_call(city: City):
    order = placed(city)
    for hours in (0, 1, 2, 3):  # often, on one day
        call(order, city.community, NOW + hours * HOUR)
    with nothing_written(), refused("tried_too_little", 409):
        end_unreachable(order.number, city.community, now=NOW + 4 * HOUR)
    call(order, city.community, CALLED)
    assert end_unreachable(order.number, city.community, now=CALLED).status == "unreachable"


def test_the_second_number_is_tried_before_anybody_gives_up(city: City):
    order = call_in_vain(city, placed(city, second_phone="19900005678"))
    with refused("tried_too_little", 409):
        end_unreachable(order.number, city.community, now=CALLED)
    call(order, city.community, CALLED + HOUR, contact="second", outcome="wrong_number")
    assert end_unreachable(order.number, city.community, now=CALLED + HOUR).status == "unreachable"


@pytest.mark.parametrize("heard", ["answered the phone", "answered by the link", "set the number right"])
def test_whoever_was_heard_of_meanwhile_is_not_unreachable(city: City, heard: str):
    order = placed(city)
    ask_resident(order.number, city.community, text="几点方便？", now=NOW)
    call_in_vain(city, order)
    later = CALLED + HOUR
    if heard == "answered the phone":
        call(order, city.community, later, outcome="refused")
    elif heard == "answered by the link":
        answer_question(order.number, link_of(order), text="都行。", now=later)
    else:
        correct_contact(order.number, link_of(order), phone="19900004321", now=later)
    with nothing_written(), refused("tried_too_little", 409):
        end_unreachable(order.number, city.community, now=later + HOUR)


def test_whoever_answered_by_one_tap_is_not_unreachable(city: City):
    order = call_in_vain(city, accepted(city))
    path = answer_path("confirm_time", order_id=order.order_id, reader=To(Party.RESIDENT, "", order.order_id), now=NOW)
    answer_link(path.rpartition("/")[2], Given(is_yes=True), CALLED + HOUR)
    with nothing_written(), refused("tried_too_little", 409):
        end_unreachable(order.number, city.community, now=CALLED + HOUR)


def test_only_the_community_ends_it_and_not_once_it_has_begun(city: City):
    order = call_in_vain(city, accepted(city))
    for actor in (city.department, city.team, city.office, link_of(order)):
        with refused("wrong_party", 403):
            end_unreachable(order.number, actor, now=CALLED)
    with refused("has_started", 409):
        end_unreachable(order.number, city.community, now=window(3).starts_at)


def test_it_ends_with_everybody_told_and_nobody_bound(city: City):
    order = accepted(city)
    ended = unreachable(city, order)
    assert ended.status == "unreachable"
    assert told(order, "end_unreachable") == {"resident", "department", "team", "volunteer"}
    assert db.session.scalars(select(OrderClock).where(OrderClock.order_id == order.order_id)).all()
    running = select(func.count()).where(OrderClock.order_id == order.order_id, OrderClock.ended_at.is_(None))
    assert db.session.scalar(running) == 0
    assert order_of(order.number).due_at is None
    # the same people at the same hour, for somebody who can be reached
    assert accepted(replace(city, crew=city.crew[:1])).status == "accepted"
    assert end_unreachable(order.number, city.community, now=CALLED + HOUR).is_repeat
    assert findings() == []


def test_others_who_joined_are_not_ended_over_their_heads(city: City):
    order = placed(city)
    joins = placed(city, contact_phone="19900009999")
    merge_order(joins.number, city.community, into_number=order.number, now=NOW)
    call_in_vain(city, order)
    with nothing_written(), refused("others_wait", 409, count=1):
        end_unreachable(order.number, city.community, now=CALLED)


def test_it_is_taken_up_again_as_a_fresh_order(city: City):
    order = claimed(city)
    offer_order(order.number, city.department, team_ids=[city.team.team_id or 0], now=NOW)
    unreachable(city, order)
    again = CALLED + 10 * DAY
    resumed = resume_order(order.number, city.community, text="回电了", now=again)
    row = order_of(order.number)
    assert (resumed.status, row.department_id, row.team_id, row.agreed_start) == ("placed", None, None, None)
    assert row.due_at > again
    assert db.session.scalar(select(Offer.voided_at).where(Offer.order_id == order.order_id)) == again
    assert told(order, "resume") == {"resident"}
    with refused("tried_too_little", 409):  # everything begins anew
        end_unreachable(order.number, city.community, now=again + HOUR)
    assert dispatch_order(order.number, city.community, department_id="health", now=again).status == "dispatched"
    assert findings() == []


def test_an_accepted_order_is_taken_up_without_team_and_people(city: City):
    order = accepted(city)
    unreachable(city, order)
    assert db.session.scalar(select(func.count()).where(Crew.order_id == order.order_id)) == 1
    resume_order(order.number, city.community, now=CALLED + DAY)
    assert db.session.scalar(select(func.count()).where(Crew.order_id == order.order_id)) == 0
    assert [event.action for event in events_of(order.number)][-2:] == ["end_unreachable", "resume"]
    assert findings() == []


def test_it_is_taken_up_again_for_a_season(city: City):
    order = unreachable(city, placed(city))
    with refused("resume_settled", 409):
        resume_order(order.number, city.community, now=CALLED + HOUR + 90 * DAY + HOUR)
    erase_order(order.number, city.office, cause=Cause.ASKED, now=CALLED + 2 * DAY)
    with refused("invalid", 409):
        resume_order(order.number, city.community, now=CALLED + 3 * DAY)


def test_the_resident_asks_to_be_called_again(city: City):
    order = placed(city)
    with refused("no_call_needed", 409):
        ask_for_call(order.number, link_of(order), NOW)
    unreachable(city, order)
    with refused("wrong_party", 403):
        ask_for_call(order.number, city.community, CALLED + DAY)
    ask_for_call(order.number, link_of(order), CALLED + DAY)
    ask_for_call(order.number, link_of(order), CALLED + DAY)
    correct_contact(order.number, link_of(order), phone="19900004321", now=CALLED + 2 * DAY)
    assert [task.cause for task in tasks_of(order)] == ["asked_again"]
    assert told(order, "call_back") == {"community"}


# Call-backs


def test_a_task_is_due_in_three_working_days(city: City):
    order = closed(city)  # Friday
    rate_order(order.number, link_of(order), verdict=Verdict(1, True), now=AFTER_CLOSE)
    (task,) = tasks_of(order)
    assert timedelta(days=3) <= task.due_at - AFTER_CLOSE <= timedelta(days=6)
    late = task.due_at + HOUR
    assert count_call_backs(city.community, late)["late"] >= 1
    rows = list_call_backs(city.community, CallFilters(state="late"), late).rows
    assert order.number in {row.number for row in rows}
    assert not list_call_backs(city.other_community, CallFilters(), late).rows
    with refused("unknown", 422, field="result"):
        finish_call_back(task.id, city.community, result="confirmed", outcome="x", now=late)
    finish_call_back(task.id, city.community, result="satisfied", now=late)
    (task,) = tasks_of(order)
    assert (task.result, task.done_by_name, task.done_at) == ("satisfied", city.community.name, late)
    rows = list_call_backs(city.office, CallFilters(state="done", result="satisfied", cause="low_rating"), late).rows
    assert order.number in {row.number for row in rows}


def test_nobody_answering_keeps_the_task_until_there_were_three_on_two_days(city: City):
    order = closed(city)
    rate_order(order.number, link_of(order), verdict=Verdict(5, False), now=AFTER_CLOSE)
    (task,) = tasks_of(order)

    def in_vain(now, key=""):
        return finish_call_back(task.id, city.community, result="unreached", key=key or new_key(), now=now)

    assert [in_vain(AFTER_CLOSE + HOUR, "k").tries, in_vain(AFTER_CLOSE + HOUR, "k").tries] == [1, 1]
    assert not in_vain(AFTER_CLOSE + 2 * HOUR).is_done
    assert in_vain(AFTER_CLOSE + DAY).is_done
    assert [task.result for task in tasks_of(order)] == ["unreached"]
    assert len(list_calls(order.order_id)) == 3


def test_a_number_that_was_erased_is_tried_no_more(city: City):
    order = closed(city)
    rate_order(order.number, link_of(order), verdict=Verdict(5, False), now=AFTER_CLOSE)
    (task,) = tasks_of(order)
    erase_order(order.number, link_of(order), cause=Cause.ASKED, now=AFTER_CLOSE)
    assert finish_call_back(task.id, city.community, result="unreached", key=new_key(), now=AFTER_CLOSE + HOUR).is_done


def test_a_wish_to_have_it_done_again_reopens_nothing_by_itself(city: City):
    order = closed(city)
    rate_order(order.number, link_of(order), verdict=Verdict(1, True), now=AFTER_CLOSE)
    finish_call_back(tasks_of(order)[0].id, city.community, result="wants_redo", now=AFTER_CLOSE)
    assert order_of(order.number).status == "closed"
    assert reopen_order(order.number, city.community, text="居民要求重办", now=AFTER_CLOSE).status == "claimed"


def test_disputes_are_calls_too(city: City):
    missed = accepted(city, agreed=window(6))
    report_no_show(missed.number, link_of(missed), text="没人来", now=window(6).ends_at + HOUR)
    mark = db.session.scalars(select(NoShow.id).where(NoShow.order_id == missed.order_id)).one()
    volunteer = Actor(Party.VOLUNTEER, "志愿者", volunteer_id=city.crew[0])
    object_to_no_show(mark, volunteer, text="我到了。", now=window(6).ends_at + 2 * HOUR)
    assert [task.cause for task in tasks_of(missed)] == ["no_show_disputed"]

    done = closed(city, agreed=window(3))
    late = propose_late(
        done.number, city.team, volunteer_id=city.crew[1], minutes=30, reason="forgotten", text="漏了", now=AFTER_CLOSE
    )
    decide_request(late, city.office, is_confirmed=True, text="好", now=AFTER_CLOSE)
    assert db.session.get_one(HoursRequest, late).notice_ends_on
    for _ in range(2):
        make_objection(late, text="没有来这么久", contact="", now=AFTER_CLOSE + HOUR)
    assert [task.cause for task in tasks_of(done)] == ["hours_disputed"]


def test_a_spot_check_that_reached_nobody_is_tried_again(city: City):
    order = closed(city)
    with transaction():
        (task,) = open_call_backs(
            [(order.order_id, order_of(order.number).division_code)], CallCause.SPOT_CHECK, AFTER_CLOSE
        )
        task_id = task.id
    called = answer_spot_check(task_id, city.community, answer="unreachable", outcome="", now=AFTER_CLOSE)
    assert (called.is_done, called.tries) == (False, 1)
    assert answer_spot_check(
        task_id, city.community, answer="confirmed", outcome="来过", now=AFTER_CLOSE + HOUR
    ).is_done
    assert [task.result for task in tasks_of(order)] == ["confirmed"]


def test_a_list_of_calls_costs_the_same_however_long_it_is(city: City):
    view = get_order_view(city.community, call_in_vain(city, placed(city)).number, CALLED)
    assert (view.tries.count, view.tries.days, view.facts.has_tried_enough) == (3, 2, True)
    assert [row.outcome for row in view.calls] == ["no_answer"] * 3


# The second contact


def test_the_second_contact_is_kept_corrected_and_erased_like_the_first(city: City):
    order = placed(city, second_name="女儿", second_phone="19900005678")
    link = link_of(order)

    def second() -> tuple[str, str, str]:
        return db.session.execute(
            select(Order.second_name, Order.second_phone, Order.second_phone_tail).where(Order.id == order.order_id)
        ).one()

    assert tuple(second()) == ("女儿", "19900005678", "5678")
    correct_contact(order.number, link, second_phone="199 0000 8765", now=NOW)
    assert tuple(second()) == ("女儿", "19900008765", "8765")
    with refused("same_phone", 422, field="second_phone"):
        correct_contact(order.number, link, second_phone="19900001234", now=NOW)
    with refused("same_phone", 422, field="phone"):
        correct_contact(order.number, link, phone="19900008765", now=NOW)
    correct_contact(order.number, link, phone="19900008765", second_phone="19900001234", now=NOW)
    assert second().second_phone == "19900001234", "the two may change places"
    correct_contact(order.number, link, phone="19900001234", second_phone="19900008765", now=NOW)
    with refused("invalid", 422, field="second_name"):
        correct_contact(order.number, link, second_name="电话 19900001234", now=NOW)
    assert correct_contact(order.number, link, drops_second=True, now=NOW) == ["second_phone"]
    assert tuple(second()) == ("", "", "")
    with refused("missing", 422, field="second_phone"):
        correct_contact(order.number, link, second_name="儿子", now=NOW)
    correct_contact(order.number, link, second_name="儿子", second_phone="19900008765", now=NOW)
    call(order, city.community, contact="second", outcome="other", words="打 19900008765 的是儿子")
    unreachable_row = call_in_vain(city, order, last="second")
    end_unreachable(unreachable_row.number, city.community, now=CALLED)
    erase_order(order.number, city.office, cause=Cause.ASKED, now=CALLED + DAY)
    assert tuple(second()) == ("", "", "")
    words = select(ContactAttempt.words).where(ContactAttempt.order_id == order.order_id)
    assert set(db.session.scalars(words)) == {""}
    with refused("wrong_party", 403):
        call(order, city.community, CALLED + DAY)


def test_a_second_number_is_another_number(city: City):
    with nothing_written(), refused("same_phone", 422, field="second_phone"):
        placed(city, second_phone="19900001234")
