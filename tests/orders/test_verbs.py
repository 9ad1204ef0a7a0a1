"""Every verb on both databases: what it changes, whom it tells, and each way in which it is refused."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from qtxvol.accounts.actor import Actor, system_actor
from qtxvol.accounts.permissions import visible_orders
from qtxvol.directory.models import Reason
from qtxvol.extensions import db
from qtxvol.hours.models import HoursEntry
from qtxvol.hours.queries import get_served
from qtxvol.notices.models import Notice
from qtxvol.orders.ask import answer_question, ask_resident
from qtxvol.orders.automatic import lapse_order, reinstate_order, reroute_order, turn_back_order
from qtxvol.orders.call_backs import finish_call_back
from qtxvol.orders.claim import MOST_TEAMS, claim_order, offer_order, release_order, return_order
from qtxvol.orders.decline import cancel_order, give_up_order, merge_order, reject_order
from qtxvol.orders.dispatch import dispatch_order, rule_order
from qtxvol.orders.lifecycle import Action, Party
from qtxvol.orders.models import CallBack, Crew, Offer, Order, OrderNote, Question, Rating, WishedTime
from qtxvol.orders.place import place_order
from qtxvol.orders.rate import Verdict, rate_order
from qtxvol.orders.serve import (
    accept_order,
    close_order,
    reopen_order,
    report_no_show,
    reschedule_order,
    withdraw_order,
)
from qtxvol.orders.transition import Outcome
from qtxvol.orders.undo import recall_order, restore_order, split_order, unclaim_order
from qtxvol.orders.windows import Window
from qtxvol.refusals import Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team
from tests.factories import (
    COMMUNITY,
    NOW,
    OTHER_COMMUNITY,
    City,
    accepted,
    claimed,
    closed,
    dispatched,
    link_of,
    make_actor,
    make_team,
    make_volunteer,
    make_wish,
    new_key,
    placed,
    window,
)
from tests.orders.answers import events_of, findings, not_found, nothing_written, order_of, refused

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
#: When the service of `accepted()` is over.
AFTERWARDS = window(3).ends_at + HOUR
#: An hour after `closed()` has closed.
LATER = AFTERWARDS + HOUR


def served_minutes(volunteer_id: int) -> int:
    return get_served(volunteer_id).minutes


def asked(city: City, now: datetime = NOW) -> Outcome:
    """Dispatched, with a question of the community that is still open."""
    order = dispatched(city, now)
    return ask_resident(order.number, city.community, text="有投影吗？", now=now)


def returned_twice(city: City) -> Outcome:
    order = placed(city)
    for reason in ("not_our_field", "no_capacity"):
        dispatch_order(order.number, city.community, department_id="health", now=NOW)
        return_order(order.number, city.department, reason=reason, now=NOW)
    return replace(order, version=5)


def cancelled(city: City, start: Callable[[City], Outcome] = dispatched) -> Outcome:
    return cancel_order(start(city).number, city.community, reason="weather", now=NOW)


@dataclass(frozen=True)
class Step:
    """One verb with everything it needs to succeed.

    :ivar by: which of the city's parties takes it.
    :ivar start: makes an order from which it can be taken.
    :ivar other: arguments that make it a different request.
    :ivar stranger: one of the same party who may not know of the order.
    :ivar too_late: makes an order that the party sees, but from which the step is not possible.
    :ivar loser: who sees so, if not `by`.
    :ivar winner: whose name the refusal says.
    :ivar tells: party and scope of every notice.
    """

    verb: Callable[..., Outcome]
    by: str
    start: Callable[[City], Outcome]
    arguments: Callable[[City], dict[str, Any]]
    leads_to: str
    other: dict[str, Any]
    stranger: str
    too_late: Callable[[City], Outcome]
    winner: str
    tells: set[tuple[str, str]]
    loser: str = ""
    needs: tuple[str, ...] = ()
    now: datetime = NOW


def rejected(city: City) -> Outcome:
    return reject_order(placed(city).number, city.community, reason="commercial", text="不办推销。", now=NOW)


def merged(city: City) -> Outcome:
    return merge_order(placed(city).number, city.community, into_number=placed(city).number, now=NOW)


def withdrawn(city: City) -> Outcome:
    return withdraw_order(accepted(city).number, city.team, reason="work", now=NOW)


def rerouted(city: City) -> Outcome:
    return reroute_order(dispatched(city).number, department_id="education", now=NOW)


def lapsed(city: City) -> Outcome:
    return lapse_order(accepted(city).number, reason="no_call", now=NOW)


COMMUNITY_NOTICE = ("community", COMMUNITY)
HEALTH_NOTICE = ("department", "health")
EDUCATION_NOTICE = ("department", "education")
CREW_NOTICE = ("volunteer", "own")
RESIDENT_NOTICE = ("resident", "")
OFFICE_NOTICE = ("office", "")
#: Replaced by the id of the city's first team.
TEAM_NOTICE = ("team", "own")

STEPS = {
    "ask": Step(
        ask_resident, "community", dispatched, lambda city: {"text": "有投影吗？"}, "dispatched", {"text": "几楼？"},
        "other_community", cancelled, "东街居委会", {RESIDENT_NOTICE}, needs=("text",),
    ),
    "answer": Step(
        answer_question, "resident", asked, lambda city: {"text": "有。"}, "dispatched", {"text": "没有。"},
        "other_resident", cancelled, "东街居委会", {COMMUNITY_NOTICE, HEALTH_NOTICE}, needs=("text",),
    ),
    "dispatch": Step(
        dispatch_order, "community", placed, lambda city: {"department_id": "health"}, "dispatched",
        {"department_id": "education"}, "other_community", claimed, "市卫生健康局",
        {HEALTH_NOTICE, RESIDENT_NOTICE}, needs=("department_id",),
    ),
    "reject": Step(
        reject_order, "community", placed, lambda city: {"reason": "commercial", "text": "不办推销。"}, "rejected",
        {"text": "不办促销。"}, "other_community", claimed, "市卫生健康局", {RESIDENT_NOTICE}, needs=("text",),
    ),
    "merge": Step(
        merge_order, "community", placed, lambda city: {"into_number": placed(city).number}, "merged",
        {"text": "同一场。"}, "other_community", claimed, "市卫生健康局", {RESIDENT_NOTICE},
    ),
    "return": Step(
        return_order, "department", dispatched, lambda city: {"reason": "no_capacity"}, "placed",
        {"reason": "not_our_field"}, "other_department", cancelled, "东街居委会", {COMMUNITY_NOTICE, OFFICE_NOTICE},
    ),
    "rule": Step(
        rule_order, "office", returned_twice, lambda city: {"department_id": "health", "text": "由卫健局承办。"},
        "dispatched", {"text": "由卫健局牵头。"}, "", claimed, "市卫生健康局",
        {COMMUNITY_NOTICE, HEALTH_NOTICE, RESIDENT_NOTICE}, needs=("text",),
    ),
    "claim": Step(
        claim_order, "department", dispatched, lambda city: {}, "claimed", {}, "other_department", cancelled,
        "东街居委会", {COMMUNITY_NOTICE, RESIDENT_NOTICE},
    ),
    "release": Step(
        release_order, "department", claimed, lambda city: {"reason": "no_team"}, "placed",
        {"reason": "claimed_by_mistake"}, "other_department", accepted, "市医院测试队",
        {COMMUNITY_NOTICE, OFFICE_NOTICE},
    ),
    "offer": Step(
        offer_order, "department", claimed, lambda city: {"team_ids": [city.team.team_id]}, "claimed",
        {"text": "请优先。"}, "other_department", accepted, "市医院测试队", {TEAM_NOTICE}, needs=("team_ids",),
    ),
    "accept": Step(
        accept_order, "team", claimed,
        lambda city: {"agreed": window(3), "volunteer_ids": list(city.crew[:1])}, "accepted", {"text": "带盐勺。"},
        "other_team_of_education", accepted, "市医院测试队",
        {COMMUNITY_NOTICE, HEALTH_NOTICE, RESIDENT_NOTICE, CREW_NOTICE},
        loser="other_team", needs=("volunteer_ids",),
    ),
    "withdraw": Step(
        withdraw_order, "team", accepted, lambda city: {"reason": "illness"}, "claimed", {"reason": "work"},
        "other_team_of_education", closed, "市医院测试队",
        {COMMUNITY_NOTICE, HEALTH_NOTICE, RESIDENT_NOTICE, CREW_NOTICE},
    ),
    "reschedule": Step(
        reschedule_order, "team", accepted, lambda city: {"agreed": window(4)}, "accepted", {"agreed": window(5)},
        "other_team_of_education", closed, "市医院测试队",
        {COMMUNITY_NOTICE, HEALTH_NOTICE, RESIDENT_NOTICE, CREW_NOTICE},
    ),
    "no_show": Step(
        report_no_show, "resident", accepted, lambda city: {"text": "等了一小时。"}, "claimed", {"text": "没人来。"},
        "other_resident", closed, "市医院测试队",
        {COMMUNITY_NOTICE, HEALTH_NOTICE, TEAM_NOTICE, OFFICE_NOTICE, CREW_NOTICE},
        needs=("text",), now=AFTERWARDS,
    ),
    "close": Step(
        close_order, "team", accepted,
        lambda city: {"actual": window(3), "attendance": 0, "report": "讲完了。", "minutes": {city.crew[0]: 90}},
        "closed", {"attendance": 31}, "other_team_of_education", withdrawn, "市医院测试队",
        {COMMUNITY_NOTICE, HEALTH_NOTICE, RESIDENT_NOTICE}, needs=("report", "minutes"), now=AFTERWARDS,
    ),
    "reopen": Step(
        reopen_order, "office", closed, lambda city: {"text": "群众反映没有讲。"}, "claimed", {"text": "重讲。"}, "",
        accepted, "市医院测试队", {COMMUNITY_NOTICE, HEALTH_NOTICE, RESIDENT_NOTICE, TEAM_NOTICE}, needs=("text",),
        now=LATER,
    ),
    "cancel": Step(
        cancel_order, "resident", accepted, lambda city: {"reason": "no_longer_needed"}, "cancelled",
        {"reason": "weather"}, "other_resident", closed, "市医院测试队",
        {COMMUNITY_NOTICE, HEALTH_NOTICE, TEAM_NOTICE, CREW_NOTICE},
    ),
    "give_up": Step(
        give_up_order, "office", claimed, lambda city: {"text": "全市暂无此类老师。"}, "unmet", {"text": "没有。"}, "",
        closed, "市医院测试队", {COMMUNITY_NOTICE, HEALTH_NOTICE, RESIDENT_NOTICE}, needs=("text",),
    ),
    "rate": Step(
        rate_order, "resident", closed, lambda city: {"verdict": Verdict(4, True, 26, True, "讲得清楚")}, "closed",
        {"verdict": Verdict(1, True)}, "other_resident", accepted, "市医院测试队",
        {COMMUNITY_NOTICE, HEALTH_NOTICE, TEAM_NOTICE}, now=LATER,
    ),
    "recall": Step(
        recall_order, "community", dispatched, lambda city: {}, "placed", {"text": "派错了。"}, "other_community",
        claimed, "市卫生健康局", {HEALTH_NOTICE, RESIDENT_NOTICE},
    ),
    "unclaim": Step(
        unclaim_order, "department", claimed, lambda city: {}, "dispatched", {"text": "点错了。"}, "other_department",
        accepted, "市医院测试队", {COMMUNITY_NOTICE, RESIDENT_NOTICE},
    ),
    "restore": Step(
        restore_order, "community", rejected, lambda city: {}, "placed", {"text": "可以办。"}, "other_community",
        claimed, "市卫生健康局", {RESIDENT_NOTICE},
    ),
    "split": Step(
        split_order, "community", merged, lambda city: {}, "placed", {"text": "不是一场。"}, "other_community",
        claimed, "市卫生健康局", {RESIDENT_NOTICE},
    ),
    "turn_back": Step(
        turn_back_order, "community", rerouted, lambda city: {}, "dispatched", {"text": "转错了。"},
        "other_community", claimed, "市卫生健康局", {HEALTH_NOTICE, EDUCATION_NOTICE, RESIDENT_NOTICE},
    ),
    "reinstate": Step(
        reinstate_order, "department", lapsed, lambda city: {}, "accepted", {"text": "已经打过电话。"},
        "other_department", accepted, "市医院测试队", {COMMUNITY_NOTICE, RESIDENT_NOTICE, TEAM_NOTICE, CREW_NOTICE},
    ),
}  # fmt: skip

#: Steps that are tried in a file of their own, and the call to look for.
ELSEWHERE = {
    "reroute": "reroute_order(",
    "lapse": "lapse_order(",
    "crew": "change_crew(",
    "end_unreachable": "end_unreachable(",
    "resume": "resume_order(",
    "push": "push_services(",
    "hold": "hold_order(",
    "let_go": "let_go_order(",
    "join": "join_order(",
}

each_step = pytest.mark.parametrize("action", STEPS)


def actor_of(city: City, name: str) -> Actor:
    """A party of the city, or one of two strangers who are made here."""
    if name == "other_resident":
        return make_actor(Party.RESIDENT, "居民", division_code=COMMUNITY)
    if name == "other_team_of_education":
        return make_team("education", themes=("youth_science",))[0]
    return getattr(city, name)


def test_every_action_is_tried_here_or_in_a_file_of_its_own():
    assert not set(STEPS) & set(ELSEWHERE)
    assert set(STEPS) | set(ELSEWHERE) | {"place"} == set(Action)  # placing has tests of its own below
    here = Path(__file__)
    rooms = (here.parent, here.parent.parent / "emergencies", here.parent.parent / "offers")
    files = [file for room in rooms for file in room.glob("test_*.py")]
    tried = "".join(file.read_text(encoding="utf-8") for file in files if file != here)
    assert [action for action, call in ELSEWHERE.items() if call not in tried] == []


@each_step
def test_a_step_changes_one_order_and_appends_one_event(city: City, action: str):
    step = STEPS[action]
    order, bystander = step.start(city), placed(city)
    arguments = step.arguments(city)
    before, untouched = order_of(order.number), order_of(bystander.number).version
    was, version = before.status, before.version

    outcome = step.verb(order.number, getattr(city, step.by), now=step.now, version=version, key="k1", **arguments)

    assert outcome == Outcome(before.id, order.number, step.leads_to, version + 1)
    after, event = order_of(order.number), events_of(order.number)[-1]
    assert (after.status, after.version) == (step.leads_to, version + 1)
    assert (event.action, event.party, event.sequence) == (action, getattr(city, step.by).party, version + 1)
    assert (event.from_status, event.to_status, event.happened_at) == (was, step.leads_to, step.now)
    assert (event.actor_key, event.idempotency_key) == (getattr(city, step.by).key, "k1")
    assert event.actor_account_id == getattr(city, step.by).account_id
    assert order_of(bystander.number).version == untouched
    assert findings() == []


@pytest.mark.one_database
@each_step
def test_a_step_tells_its_parties_and_never_the_own(city: City, action: str):
    step = STEPS[action]
    order = step.start(city)
    arguments = step.arguments(city)
    step.verb(order.number, getattr(city, step.by), now=step.now, **arguments)
    event = events_of(order.number)[-1]
    told = db.session.execute(select(Notice.party, Notice.scope).where(Notice.event_id == event.id)).all()
    own = {"team": str(city.team.team_id), "volunteer": str(city.crew[0])}
    expected = {(party, own[party] if scope == "own" else scope) for party, scope in step.tells}
    assert sorted(map(tuple, told)) == sorted(expected)
    assert event.party not in {party for party, _ in told}  # nobody else was asked for this order


@each_step
def test_the_same_request_again_is_a_quiet_success(city: City, action: str):
    step = STEPS[action]
    order, arguments = step.start(city), step.arguments(city)
    actor = getattr(city, step.by)
    first = step.verb(order.number, actor, now=step.now, key="k1", **arguments)
    with nothing_written():
        by_key = step.verb(order.number, actor, now=step.now + SECOND, key="k1", version=1, **arguments)
        by_content = step.verb(order.number, actor, now=step.now + SECOND, **arguments)
        by_other_key = step.verb(order.number, actor, now=step.now + SECOND, key="k2", **arguments)
    assert by_key == by_content == by_other_key == replace(first, is_repeat=True)


@pytest.mark.one_database
@pytest.mark.parametrize("action", [action for action, step in STEPS.items() if step.other])
def test_a_key_used_for_something_else_is_refused(city: City, action: str):
    step = STEPS[action]
    order, arguments = step.start(city), step.arguments(city)
    actor = getattr(city, step.by)
    step.verb(order.number, actor, now=step.now, key="k1", **arguments)
    with refused("key_reused", 422):
        step.verb(order.number, actor, now=step.now, key="k1", **{**arguments, **step.other})


@pytest.mark.one_database
@each_step
def test_a_party_that_may_never_is_told_so(city: City, action: str):
    step = STEPS[action]
    order, arguments = step.start(city), step.arguments(city)
    wrong = city.community if step.by == "office" else city.office
    wrong = city.resident if action in ("reopen", "turn_back", "reinstate") else wrong  # which two desks may do
    with refused("wrong_party", 403):
        step.verb(order.number, wrong, now=step.now, **arguments)


@pytest.mark.one_database
@each_step
def test_for_a_stranger_and_for_a_wrong_number_there_is_no_order(city: City, action: str):
    step = STEPS[action]
    order, arguments = step.start(city), step.arguments(city)
    with not_found():
        step.verb("QTX00000000", getattr(city, step.by), now=step.now, **arguments)
    if step.stranger:
        stranger = actor_of(city, step.stranger)
        with not_found():
            step.verb(order.number, stranger, now=step.now, **arguments)


@each_step
def test_who_comes_too_late_reads_who_was_first(city: City, action: str):
    step = STEPS[action]
    order = step.too_late(city)
    loser = getattr(city, step.loser or step.by)
    arguments = step.arguments(city)
    with refused("wrong_status", 409, winner=step.winner, stands_at=order.status):
        step.verb(order.number, loser, now=step.now, **arguments)


@pytest.mark.one_database
@each_step
def test_an_action_from_a_stale_page_is_refused(city: City, action: str):
    step = STEPS[action]
    order, arguments = step.start(city), step.arguments(city)
    # nobody asks about a closed or ended order, and a question alone makes a claim one that was built on
    last = {"rate": "市医院测试队", "reopen": "市医院测试队", "unclaim": "市卫生健康局"}
    last |= dict.fromkeys(("turn_back", "reinstate"), "系统（催办）")
    if action in (*last, "restore", "split"):
        with refused("stale", 409, winner=last.get(action, "东街居委会")):
            step.verb(order.number, getattr(city, step.by), now=step.now, version=1, **arguments)
        return
    seen = order_of(order.number).version
    if action == "answer":  # between page and answer the question was answered and asked anew
        answer_question(order.number, city.community, text="有。", now=step.now)
    ask_resident(order.number, city.town, text="请问几点？", now=step.now)
    if action == "ask":
        answer_question(order.number, city.community, text="九点。", now=step.now)
    with refused("stale", 409, winner="东街居委会" if action == "ask" else "裕民街道"):
        step.verb(order.number, getattr(city, step.by), now=step.now, version=seen, **arguments)


@pytest.mark.one_database
@pytest.mark.parametrize(("action", "name"), [(action, name) for action, step in STEPS.items() for name in step.needs])
def test_what_a_step_must_carry_is_asked_for(city: City, action: str, name: str):
    step = STEPS[action]
    order, arguments = step.start(city), step.arguments(city)
    nothing = type(arguments[name])()
    with refused("missing", 422, field=name):
        step.verb(order.number, getattr(city, step.by), now=step.now, **{**arguments, name: nothing})


REASONED = [action for action in STEPS if action in ("reject", "return", "release", "withdraw", "cancel")]


@pytest.mark.one_database
@pytest.mark.parametrize("action", REASONED)
def test_a_reason_is_one_of_the_list_and_other_needs_words(city: City, action: str):
    step = STEPS[action]
    order, actor = step.start(city), getattr(city, step.by)
    arguments = {**step.arguments(city), "now": step.now}
    with refused("unknown", 422, field="reason"):
        step.verb(order.number, actor, **{**arguments, "reason": "felt_like_it"})
    with refused("missing", 422, field="reason"):
        step.verb(order.number, actor, **{**arguments, "reason": ""})
    with refused("missing", 422, field="text"):
        step.verb(order.number, actor, **{**arguments, "reason": "other", "text": ""})
    with transaction():
        db.session.merge(Reason(action=action, code="old", name="旧", is_active=False))
    with refused("unknown", 422, field="reason"):
        step.verb(order.number, actor, **{**arguments, "reason": "old"})
    assert (
        step.verb(order.number, actor, **{**arguments, "reason": "other", "text": "下大雪。"}).status == step.leads_to
    )


def test_the_words_of_a_step_stand_in_a_note_and_only_their_hash_in_the_event(city: City):
    order = placed(city)
    reject_order(order.number, city.community, reason="commercial", text="王测试家的事。", now=NOW)
    event = events_of(order.number)[-1]
    assert db.session.get_one(OrderNote, event.id).text == "王测试家的事。"
    assert "王测试" not in str(event.payload)
    assert len(event.payload["text_sha256"]) == 64


# Repeats that are none


def test_the_same_step_by_somebody_else_is_no_repeat(city: City):
    order = dispatched(city)
    claim_order(order.number, city.department, now=NOW)
    colleague = make_actor(Party.DEPARTMENT, "市卫生健康局", department_id="health")
    with refused("wrong_status", 409, winner="市卫生健康局"):
        claim_order(order.number, colleague, now=NOW)


def test_the_key_of_another_actor_is_nobodys_key(city: City):
    order = claimed(city)
    arguments = {"agreed": window(3), "volunteer_ids": list(city.crew[:1]), "now": NOW, "key": "same"}
    accept_order(order.number, city.team, **arguments)
    with refused("wrong_status", 409, winner="市医院测试队"):
        accept_order(order.number, city.other_team, **{**arguments, "volunteer_ids": list(city.other_crew[:1])})


def test_after_another_step_the_same_request_is_a_new_one(city: City):
    order = dispatched(city)
    return_order(order.number, city.department, reason="no_capacity", now=NOW)
    again = dispatch_order(order.number, city.community, department_id="health", now=NOW)
    assert (again.is_repeat, again.version) == (False, 4)


def test_an_old_key_is_remembered_after_other_steps(city: City):
    order = placed(city)
    dispatch_order(order.number, city.community, department_id="health", now=NOW, key="k1")
    claim_order(order.number, city.department, now=NOW)
    with nothing_written():
        repeated = dispatch_order(order.number, city.community, department_id="health", now=NOW, key="k1")
    assert (repeated.is_repeat, repeated.status, repeated.version) == (True, "claimed", 3)


# Place


def test_a_resident_places_an_order(city: City):
    outcome = placed(city)
    order, (event,) = order_of(outcome.number), events_of(outcome.number)
    assert outcome == Outcome(order.id, order.number, "placed", 1)
    assert (order.status, order.version, order.placed_at, order.status_since) == ("placed", 1, NOW, NOW)
    assert (order.theme, order.contact_phone_tail, order.is_on_behalf) == ("health", "1234", False)
    assert order.placed_by_account_id == city.resident.account_id
    assert (event.from_status, event.to_status, event.sequence) == (None, "placed", 1)
    wished = db.session.scalars(
        select(WishedTime).where(WishedTime.order_id == order.id).order_by(WishedTime.position)
    ).all()
    assert [Window(w.starts_at, w.ends_at) for w in wished] == [window(3), window(5)]
    told = db.session.execute(select(Notice.party, Notice.scope).where(Notice.order_id == order.id)).all()
    assert list(map(tuple, told)) == [COMMUNITY_NOTICE]
    assert findings() == []


def test_the_event_of_a_placed_order_says_nothing_of_the_person(city: City):
    event = events_of(placed(city, venue="王家院子", wish="王测试想学").number)[0]
    for secret in ("王测试", "19900001234", "王家院子", "1234"):
        assert secret not in str(event.payload).replace(event.payload["private"], "")


def test_the_mark_of_the_person_cannot_be_guessed_once_the_order_is_erased(city: City):
    one, two = placed(city), placed(city)  # the same person, the same wish
    first, second = events_of(one.number)[0], events_of(two.number)[0]
    assert first.payload["private"] != second.payload["private"]  # salted with the form's key ...
    key = order_of(one.number).place_key
    assert key not in str(first.payload)
    assert first.idempotency_key is None  # ... which stands in the order alone


def test_nobody_needs_an_account_to_place(city: City):
    outcome = place_order(make_wish(), Actor(Party.RESIDENT, "居民"), key="k", now=NOW)
    order = order_of(outcome.number)
    assert (order.placed_by_account_id, order.is_on_behalf) == (None, False)
    assert cancel_order(order.number, link_of(outcome), reason="weather", now=NOW).status == "cancelled"


@pytest.mark.parametrize("party", ["community", "department"])
def test_staff_place_on_behalf(city: City, party: str):
    order = order_of(placed(city, actor=getattr(city, party)).number)
    assert order.is_on_behalf
    told = set(db.session.scalars(select(Notice.party).where(Notice.order_id == order.id)))
    assert told == ({"community"} - {party})


@pytest.mark.parametrize("party", ["team", "volunteer", "office"])
def test_other_parties_do_not_place(city: City, party: str):
    with refused("wrong_party", 403):
        placed(city, actor=getattr(city, party))


def test_a_free_wish_has_no_theme(city: City):
    order = order_of(placed(city, menu_item_id=None, wish="想听听怎么养𰻝𰻝面酵母😀").number)
    assert (order.theme, order.menu_item_id) == (None, None)
    assert "𰻝" in order.search_text


def test_the_same_form_sent_twice_is_one_order(city: City):
    first = place_order(make_wish(), city.resident, key="form-1", now=NOW)
    with nothing_written():
        again = place_order(make_wish(), city.resident, key="form-1", now=NOW + SECOND)
    assert again == replace(first, is_repeat=True)
    dispatch_order(first.number, city.community, department_id="health", now=NOW)
    assert place_order(make_wish(), city.resident, key="form-1", now=NOW).status == "dispatched"


@pytest.mark.one_database
@pytest.mark.parametrize("change", [{"headcount": 31}, {"contact_name": "李测试"}, {"venue": "广场"}, {"wish": "素食"}])
def test_a_form_key_with_other_content_is_refused_with_the_number(city: City, change: dict):
    first = place_order(make_wish(), city.resident, key="form-1", now=NOW)
    with refused("key_reused", 409, number=first.number):
        place_order(make_wish(**change), city.resident, key="form-1", now=NOW)


def many_windows(count: int) -> tuple[Window, ...]:
    return tuple(window(day) for day in range(1, count + 1))


BAD_WISHES = [
    ({"division_code": "999999999999"}, "unknown", {"field": "division_code"}),
    ({"division_code": "640381000000"}, "unknown", {"field": "division_code"}),
    ({"division_code": ""}, "unknown", {"field": "division_code"}),
    ({"audience": "martians"}, "unknown", {"field": "audience"}),
    ({"requester_kind": "army"}, "unknown", {"field": "requester_kind"}),
    ({"urgency": "yesterday"}, "unknown", {"field": "urgency"}),
    ({"menu_item_id": "S99"}, "unknown", {"field": "menu_item_id"}),
    ({"headcount": 0}, "headcount", {"field": "headcount"}),
    ({"headcount": -1}, "headcount", {"field": "headcount"}),
    ({"headcount": 5001}, "headcount", {"field": "headcount"}),
    ({"headcount": 10**12}, "headcount", {"field": "headcount"}),
    ({"contact_phone": ""}, "missing", {"field": "contact_phone"}),
    ({"consent_version": ""}, "missing", {"field": "consent"}),
    ({"venue": ""}, "missing", {"field": "venue"}),
    ({"menu_item_id": None}, "missing", {"field": "wish"}),
    ({"windows": ()}, "bad_window", {"fault": "none"}),
    ({"windows": many_windows(13)}, "bad_window", {"fault": "too_many", "index": 12}),
    ({"windows": (window(1), window(-1))}, "bad_window", {"fault": "in_past", "index": 1}),
    ({"windows": (window(1), window(1))}, "bad_window", {"fault": "repeated", "index": 1}),
    ({"windows": (window(1, hours=-1),)}, "bad_window", {"fault": "ends_first", "index": 0}),
    ({"windows": (window(1, hours=13),)}, "bad_window", {"fault": "too_long", "index": 0}),
    ({"windows": (window(401),)}, "bad_window", {"fault": "too_far", "index": 0}),
]


def test_a_wish_that_cannot_be_is_refused_at_its_field(city: City):
    for change, code, about in BAD_WISHES:
        with refused(code, 422, **about):
            placed(city, **change)


def test_a_wish_may_go_to_the_limits(city: City):
    assert order_of(placed(city, headcount=1, windows=many_windows(6)).number).headcount == 1
    assert order_of(placed(city, headcount=5000, windows=(window(1, hours=12),)).number).headcount == 5000


# The clock


def test_each_step_starts_the_clock_of_the_next_owner(city: City):
    order = placed(city)
    assert order_of(order.number).due_at == NOW + 24 * HOUR
    dispatch_order(order.number, city.community, department_id="health", now=NOW + HOUR)
    assert order_of(order.number).due_at == NOW + 25 * HOUR
    claim_order(order.number, city.department, now=NOW + 2 * HOUR)
    assert order_of(order.number).due_at == NOW + 50 * HOUR
    offer_order(order.number, city.department, team_ids=[city.team.team_id], now=NOW + 9 * HOUR)
    assert order_of(order.number).due_at == NOW + 50 * HOUR  # asking teams wins no time
    agreed = window(3)
    accept_order(order.number, city.team, agreed=agreed, volunteer_ids=city.crew[:1], now=NOW + 3 * HOUR)
    assert order_of(order.number).due_at == agreed.ends_at + 72 * HOUR  # from Friday to Monday
    reschedule_order(order.number, city.team, agreed=window(6), now=NOW + 3 * HOUR)
    assert order_of(order.number).due_at == window(6).ends_at + 24 * HOUR
    withdraw_order(order.number, city.team, reason="work", now=NOW + 4 * HOUR)
    assert order_of(order.number).due_at == NOW + 50 * HOUR  # at 14:00 no more of the day has gone by than at 12:00


def test_nothing_is_due_once_an_order_has_ended(city: City):
    assert order_of(closed(city).number).due_at is None
    assert order_of(cancelled(city).number).due_at is None
    order = placed(city)
    assert order_of(give_up_order(order.number, city.office, text="没有。", now=NOW).number).due_at is None


@pytest.mark.parametrize(("urgency", "hours"), [("normal", 24), ("urgent", 6), ("emergency", 2)])
def test_urgent_orders_are_due_sooner(city: City, urgency: str, hours: int):
    assert order_of(placed(city, urgency=urgency).number).due_at == NOW + hours * HOUR


def test_a_question_stops_the_clock_and_the_answer_gives_the_time_back(city: City):
    order = dispatched(city)
    ask_resident(order.number, city.department, text="几楼？", now=NOW + 20 * HOUR)
    assert order_of(order.number).clock_stopped_at == NOW + 20 * HOUR
    answer_question(order.number, city.community, text="三楼。", now=NOW + 50 * HOUR)
    after = order_of(order.number)
    # Wednesday and the morning of Thursday are given back, not the night between
    assert (after.clock_stopped_at, after.due_at) == (None, NOW + 53.5 * HOUR)
    question = db.session.scalars(select(Question).where(Question.order_id == order.order_id)).one()
    asked_event, answered_event = events_of(order.number)[-2:]
    assert (question.asked_event_id, question.answered_event_id) == (asked_event.id, answered_event.id)
    assert (question.asked_at, question.ended_at) == (NOW + 20 * HOUR, NOW + 50 * HOUR)
    claim_order(order.number, city.department, now=NOW + 53 * HOUR)
    assert not events_of(order.number)[-1].was_overdue


def test_one_question_at_a_time_and_no_answer_without_one(city: City):
    order = asked(city)
    with refused("question_open", 409):
        ask_resident(order.number, city.department, text="几楼？", now=NOW)
    answer_question(order.number, city.resident, text="有。", now=NOW)
    with refused("no_question", 409):
        answer_question(order.number, city.community, text="有。", now=NOW)


def test_an_order_that_moves_on_leaves_its_question_behind(city: City):
    order = asked(city)
    claim_order(order.number, city.department, now=NOW + HOUR)
    after = order_of(order.number)
    assert (after.clock_stopped_at, after.due_at) == (None, NOW + 49 * HOUR)
    question = db.session.scalars(select(Question).where(Question.order_id == order.order_id)).one()
    assert (question.ended_at, question.answered_event_id) == (NOW + HOUR, None)
    with refused("no_question", 409):
        answer_question(order.number, city.resident, text="有。", now=NOW + HOUR)
    assert findings() == []


@pytest.mark.parametrize(("late", "was_overdue"), [(timedelta(0), False), (SECOND, True)])
def test_a_late_step_stays_marked_late(city: City, late: timedelta, was_overdue: bool):
    order = placed(city)
    dispatch_order(order.number, city.community, department_id="health", now=NOW + 24 * HOUR + late)
    claim_order(order.number, city.department, now=NOW + 25 * HOUR)
    assert [event.was_overdue for event in events_of(order.number)] == [False, was_overdue, False]


def test_a_question_hides_no_delay_that_was_there_before(city: City):
    order = dispatched(city)
    ask_resident(order.number, city.department, text="几楼？", now=NOW + 25 * HOUR)
    claim_order(order.number, city.department, now=NOW + 26 * HOUR)
    assert [event.was_overdue for event in events_of(order.number)][-2:] == [True, True]


def test_time_behind_an_open_question_is_no_delay(city: City):
    order = asked(city)
    claim_order(order.number, city.department, now=NOW + 99 * HOUR)
    assert not events_of(order.number)[-1].was_overdue


# Dispatch, return, rule


def test_only_departments_that_are_there_can_be_named(city: City):
    order = placed(city)
    with refused("unknown", 422, field="department_id"):
        dispatch_order(order.number, city.community, department_id="navy", now=NOW)
    ready = returned_twice(city)
    with refused("unknown", 422, field="department_id"):
        rule_order(ready.number, city.office, department_id="navy", text="归海军。", now=NOW)
    dispatch_order(order.number, city.community, department_id="health", now=NOW)
    with refused("unknown", 422, field="suggested_department_id"):
        return_order(order.number, city.department, reason="no_capacity", suggested_department_id="navy", now=NOW)


def test_a_return_frees_the_order_and_is_counted(city: City):
    order = dispatched(city)
    return_order(order.number, city.department, reason="no_capacity", suggested_department_id="education", now=NOW)
    after = order_of(order.number)
    assert (after.department_id, after.returns_count) == (None, 1)
    assert events_of(order.number)[-1].payload["suggested_department_id"] == "education"


def test_a_ruling_binds_until_the_order_is_dispatched_anew(city: City):
    order = returned_twice(city)
    rule_order(order.number, city.office, department_id="health", text="由卫健局承办。", now=NOW)
    with refused("is_ruled", 409):
        return_order(order.number, city.department, reason="no_capacity", now=NOW)
    claim_order(order.number, city.department, now=NOW)
    release_order(order.number, city.department, reason="no_team", now=NOW)
    assert not order_of(order.number).is_ruled
    dispatch_order(order.number, city.community, department_id="health", now=NOW)
    assert return_order(order.number, city.department, reason="no_capacity", now=NOW).status == "placed"


def test_the_office_waits_for_two_returns_or_a_missed_deadline(city: City):
    order = dispatched(city)
    arguments = {"department_id": "education", "text": "由教育局承办。"}
    with refused("needs_no_ruling", 409):
        rule_order(order.number, city.office, now=NOW + 24 * HOUR, **arguments)
    assert rule_order(order.number, city.office, now=NOW + 24 * HOUR + SECOND, **arguments).status == "dispatched"
    assert order_of(order.number).department_id == "education"


# Holders


def test_who_has_held_an_order_goes_on_knowing_of_it(city: City):
    order = dispatched(city)
    return_order(order.number, city.department, reason="not_our_field", now=NOW)
    dispatch_order(order.number, city.community, department_id="education", now=NOW)
    assert order.number in seen_by(city.department)
    with refused("moved_on", 409, winner="东街居委会"):
        claim_order(order.number, city.department, now=NOW)
    assert claim_order(order.number, city.other_department, now=NOW).status == "claimed"


def test_a_team_that_withdrew_goes_on_knowing_but_not_acting(city: City):
    order = withdrawn(city)
    accept_order(order.number, city.other_team, agreed=window(4), volunteer_ids=city.other_crew[:1], now=NOW)
    assert order.number in seen_by(city.team)
    for verb, arguments in (
        (withdraw_order, {"reason": "work"}),
        (reschedule_order, {"agreed": window(6)}),
        (ask_resident, {"text": "几楼？"}),
    ):
        with refused("moved_on", 409, winner="卫校测试队"):
            verb(order.number, city.team, now=NOW, **arguments)
    close_order(
        order.number, city.other_team, actual=window(4), attendance=9, report="讲完了。",
        minutes={city.other_crew[0]: 60}, now=NOW + 5 * DAY,
    )  # fmt: skip
    assert order.number in seen_by(city.team)


def test_a_team_that_was_asked_knows_of_an_order_outside_its_themes(city: City):
    order = claimed(city)
    team, _ = make_team("education", themes=("youth_science",))
    assert order.number not in seen_by(team)
    offer_order(order.number, city.department, team_ids=[team.team_id], now=NOW)
    assert order.number in seen_by(team)


def seen_by(actor: Actor) -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Order.number).where(visible_orders(actor))))


# Offer


def test_offers_go_out_in_waves(city: City):
    order = claimed(city)
    ids = [city.team.team_id, city.other_team.team_id]
    offer_order(order.number, city.department, team_ids=ids[:1], now=NOW)
    offer_order(order.number, system_actor("offers"), team_ids=[*ids, ids[0]], now=NOW + HOUR)
    rows = db.session.execute(
        select(Offer.wave, Offer.team_id).where(Offer.order_id == order.order_id).order_by(Offer.wave, Offer.team_id)
    ).all()
    assert list(map(tuple, rows)) == [(1, ids[0]), (2, ids[0]), (2, ids[1])]
    event = events_of(order.number)[-1]
    told = db.session.scalars(select(Notice.scope).where(Notice.event_id == event.id)).all()
    assert sorted(told) == sorted(map(str, ids))
    accept_order(order.number, city.team, agreed=window(3), volunteer_ids=city.crew[:1], now=NOW + 2 * HOUR)
    answers = dict(
        db.session.execute(
            select(Offer.id, Offer.answer).where(Offer.order_id == order.order_id, Offer.team_id == ids[0])
        ).all()
    )
    assert set(answers.values()) == {"accepted"}
    assert order_of(order.number).waves_count == 2


def test_teams_that_were_asked_hear_when_the_order_is_taken_or_free_again(city: City):
    order = claimed(city)
    own, other = city.team.team_id, city.other_team.team_id
    offer_order(order.number, city.department, team_ids=[own, other], now=NOW)
    accept_order(order.number, city.team, agreed=window(3), volunteer_ids=city.crew[:1], now=NOW)
    assert teams_told_last(order.number) == {other}
    withdraw_order(order.number, city.team, reason="work", now=NOW)
    assert teams_told_last(order.number) == {other}
    accept_order(order.number, city.other_team, agreed=window(3), volunteer_ids=city.other_crew[:1], now=NOW)
    assert teams_told_last(order.number) == {own}
    report_no_show(order.number, city.resident, text="没有人来。", now=window(3).starts_at)
    assert teams_told_last(order.number) == {own, other}


def teams_told_last(number: str) -> set[int]:
    event = events_of(number)[-1]
    told = select(Notice.scope).where(Notice.event_id == event.id, Notice.party == "team")
    return {int(scope) for scope in db.session.scalars(told)}


def test_offers_that_make_no_sense_are_refused(city: City):
    order = claimed(city)
    ids = [city.team.team_id, city.other_team.team_id]
    with refused("too_many_teams", 422, most=MOST_TEAMS):
        offer_order(order.number, city.department, team_ids=range(1, MOST_TEAMS + 2), now=NOW)
    with refused("hand_to_one", 422):
        offer_order(order.number, city.department, team_ids=ids, is_handed=True, now=NOW)
    with refused("unknown", 422, field="team_ids"):
        offer_order(order.number, city.department, team_ids=[10**6], now=NOW)
    gone, _ = make_team("health", themes=("health",))
    with transaction():
        db.session.get_one(Team, gone.team_id).is_active = False
    with refused("unknown", 422, field="team_ids"):
        offer_order(order.number, city.department, team_ids=[*ids, gone.team_id], now=NOW)


def test_an_order_handed_to_one_team_waits_for_it(city: City):
    order = claimed(city)
    offer_order(order.number, city.department, team_ids=[city.team.team_id], is_handed=True, now=NOW)
    assert order.number in seen_by(city.other_team)
    others = {"agreed": window(3), "volunteer_ids": city.other_crew[:1], "now": NOW}
    with refused("handed_elsewhere", 409, winner="市卫生健康局"):
        accept_order(order.number, city.other_team, **others)
    offer_order(order.number, city.department, team_ids=[city.team.team_id, city.other_team.team_id], now=NOW)
    assert accept_order(order.number, city.other_team, **others).status == "accepted"
    assert order_of(order.number).handed_team_id is None


# Accept, reschedule: people and time


@pytest.fixture
def take(city: City) -> Callable[..., Outcome]:
    def take(number: str, people: Any, agreed: Window | None = None, team: Actor | None = None) -> Outcome:
        return accept_order(number, team or city.team, agreed=agreed or window(3), volunteer_ids=people, now=NOW)

    return take


def test_accepting_names_the_crew_and_the_time(city: City, take: Callable[..., Outcome]):
    order = claimed(city)
    take(order.number, [city.crew[1], city.crew[0], city.crew[1]])
    after = order_of(order.number)
    assert (after.team_id, after.agreed_start, after.agreed_end) == (
        city.team.team_id, window(3).starts_at, window(3).ends_at,
    )  # fmt: skip
    named = db.session.scalars(select(Crew.volunteer_id).where(Crew.order_id == after.id)).all()
    assert sorted(named) == sorted(city.crew[:2])


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("agreed", "fault"),
    [
        (window(0), "in_past"),
        (window(-1), "in_past"),
        (window(3, hours=0), "ends_first"),
        (window(3, hours=12.5), "too_long"),
        (window(401), "too_far"),
    ],
)
def test_an_agreed_time_lies_ahead_and_is_short(city: City, take: Callable[..., Outcome], agreed: Window, fault: str):
    order, running = claimed(city), accepted(city)
    with refused("bad_window", 422, fault=fault):
        take(order.number, city.crew[:1], agreed)
    with refused("bad_window", 422, fault=fault):
        reschedule_order(running.number, city.team, agreed=agreed, now=NOW)


def test_a_person_is_in_one_place_at_a_time(city: City, take: Callable[..., Outcome]):
    first, second, third = claimed(city), claimed(city), claimed(city)
    person = city.crew[0]
    take(first.number, [person])
    with refused("person_busy", 409):
        take(second.number, [person], Window(window(3).ends_at - SECOND, window(3).ends_at + HOUR))
    take(second.number, [person], Window(window(3).ends_at, window(3).ends_at + HOUR))
    with refused("person_busy", 409):
        take(third.number, list(city.crew), window(2.9, hours=8))
    withdraw_order(first.number, city.team, reason="work", now=NOW)
    withdraw_order(second.number, city.team, reason="work", now=NOW)
    assert take(third.number, [person]).status == "accepted"


def test_the_busy_person_is_named(city: City, take: Callable[..., Outcome]):
    first, second = claimed(city), claimed(city)
    person = make_volunteer(city.team.team_id, name="忙测试")
    take(first.number, [person])
    with refused("person_busy", 409, names="忙测试"):
        take(second.number, [person, city.crew[0]])


def test_a_service_is_moved_only_to_when_its_crew_is_free(city: City, take: Callable[..., Outcome]):
    first, second = claimed(city), claimed(city)
    take(first.number, city.crew[:1], window(3))
    take(second.number, city.crew[:1], window(4))
    with refused("person_busy", 409):
        reschedule_order(second.number, city.team, agreed=window(3), now=NOW)
    moved = window(4.01)  # overlaps only with itself
    reschedule_order(second.number, city.team, agreed=moved, now=NOW)
    assert order_of(second.number).agreed_start == moved.starts_at


@pytest.mark.parametrize("start", ["withdraw", "reschedule", "cancel"])
def test_after_the_start_the_ways_out_are_closed(city: City, start: str):
    order, step = accepted(city), STEPS[start]
    with refused("has_started", 409):
        step.verb(order.number, getattr(city, step.by), now=window(3).starts_at, **{**step.arguments(city)})


@pytest.mark.parametrize("action", ["no_show", "close"])
def test_before_the_start_nobody_is_missing_and_nothing_is_done(city: City, action: str):
    order, step = accepted(city), STEPS[action]
    with refused("not_started", 409):
        step.verb(order.number, getattr(city, step.by), now=window(3).starts_at - SECOND, **step.arguments(city))


@pytest.mark.parametrize(
    "stranger",
    [
        lambda city: city.other_crew[0],
        lambda city: make_volunteer(city.team.team_id, status="applied", verified_at=None),
        lambda city: make_volunteer(city.team.team_id, status="paused"),
        lambda city: make_volunteer(None),
        lambda city: 10**6,
    ],
    ids=["of another team", "not verified", "paused", "of no team", "nobody"],
)
def test_only_verified_members_are_named(city: City, take: Callable[..., Outcome], stranger: Callable[[City], int]):
    order, people = claimed(city), [city.crew[0], stranger(city)]
    with refused("not_in_team", 422, field="volunteer_ids"):
        take(order.number, people)


def test_a_crew_is_large_enough_and_skilled(city: City, take: Callable[..., Outcome]):
    fitness = claimed(city, menu_item_id="S08")  # two people, one of them a fitness coach
    with refused("crew_too_small", 422, least=2):
        take(fitness.number, city.crew[:1])
    with refused("skill_missing", 409, skills=["fitness"]):
        take(fitness.number, city.crew[:2])
    coach = make_volunteer(city.team.team_id, skills=["fitness"], licensed_skills=[])
    assert take(fitness.number, [coach, city.crew[0]]).status == "accepted"


def test_a_free_wish_asks_for_one_person_of_any_skill(city: City, take: Callable[..., Outcome]):
    order = claimed(city, menu_item_id=None, wish="随便讲讲")
    plain = make_volunteer(city.team.team_id, skills=[], licensed_skills=[])
    assert take(order.number, [plain]).status == "accepted"


@pytest.mark.parametrize(
    ("licence", "is_fit"),
    [
        ({"licensed_skills": []}, False),
        ({"licensed_skills": ["pharmacist"]}, False),
        ({"licence_expires_on": None}, True),
        ({"licence_expires_on": date(2026, 11, 27)}, True),
        ({"licence_expires_on": date(2026, 11, 26)}, False),
    ],
    ids=["none", "of another trade", "for life", "until that day", "until the day before"],
)
def test_a_clinic_needs_a_licence_that_is_valid_on_the_day(
    city: City, take: Callable[..., Outcome], licence: dict, is_fit: bool
):
    clinic = claimed(city, menu_item_id="S42")  # two people, a clinician under licence
    doctor = make_volunteer(city.team.team_id, **{"skills": ["clinician"], "licensed_skills": ["clinician"], **licence})
    helper = make_volunteer(city.team.team_id, skills=[], licensed_skills=[])
    if is_fit:
        assert take(clinic.number, [doctor, helper]).status == "accepted"
    else:
        with refused("licence_missing", 409, skills=["clinician"]):
            take(clinic.number, [doctor, helper])


def test_a_licence_is_asked_for_by_the_citys_calendar(city: City, take: Callable[..., Outcome]):
    """23:30 UTC is already the next morning in the city."""
    clinic = claimed(city, menu_item_id="S42")
    start = datetime.fromisoformat("2026-11-26T23:30:00+00:00")
    doctor = make_volunteer(city.team.team_id, licence_expires_on=date(2026, 11, 26))
    helper = make_volunteer(city.team.team_id, licensed_skills=[])
    with refused("licence_missing", 409):
        take(clinic.number, [doctor, helper], Window(start, start + HOUR))


# No show, close, reopen


@pytest.mark.parametrize("way", ["withdraw", "no_show", "reopen"])
def test_an_order_back_in_the_pool_is_nobodys(city: City, way: str):
    step = STEPS[way]
    order = step.start(city)
    step.verb(order.number, getattr(city, step.by), now=step.now, **step.arguments(city))
    after = order_of(order.number)
    assert (after.team_id, after.agreed_start, after.agreed_end, after.handed_team_id) == (None, None, None, None)
    assert (after.actual_start, after.attendance, after.closed_at) == (None, None, None)
    assert after.department_id == "health"
    assert db.session.scalar(select(func.count()).where(Crew.order_id == after.id)) == 0


@pytest.mark.one_database
@pytest.mark.parametrize(
    ("actual", "fault"),
    [
        (window(3, hours=0), "ends_first"),
        (window(3, hours=-1), "ends_first"),
        (Window(window(3).starts_at, AFTERWARDS + SECOND), "in_future"),
        (Window(AFTERWARDS - 12 * HOUR - SECOND, AFTERWARDS), "too_long"),
    ],
)
def test_a_service_that_cannot_have_been_is_refused(city: City, actual: Window, fault: str):
    order = accepted(city)
    with refused("bad_window", 422, fault=fault):
        close_order(
            order.number, city.team, actual=actual, attendance=20, report="讲完了。",
            minutes={city.crew[0]: 0}, now=AFTERWARDS,
        )  # fmt: skip


def test_minutes_are_of_the_crew_and_within_the_service(city: City):
    order = claimed(city)
    accept_order(order.number, city.team, agreed=window(3), volunteer_ids=city.crew[:2], now=NOW)
    one, two, outsider = city.crew
    arguments = {"actual": window(3), "attendance": 20, "report": "讲完了。", "now": AFTERWARDS}
    for minutes in (
        {one: 91, two: 90},
        {one: -1, two: 90},
        {one: 90},
        {one: 90, two: 90, outsider: 10},
        {one: 90, outsider: 90},
    ):
        with refused("bad_minutes", 422, span=90):
            close_order(order.number, city.team, minutes=minutes, **arguments)
    close_order(order.number, city.team, minutes={one: 90, two: 0}, **arguments)
    assert (served_minutes(one), served_minutes(two)) == (90, 0)
    assert db.session.scalar(select(func.count()).where(HoursEntry.order_id == order.order_id)) == 1


def test_hours_are_given_at_the_close_and_taken_back_at_the_reopen(city: City):
    person = city.crew[0]
    order = closed(city)
    assert served_minutes(person) == 90
    for round_ in (1, 2):
        reopen_order(order.number, city.office, text=f"第{round_}次重办。", now=LATER)
        assert served_minutes(person) == 0
        agreed = window(1, now=LATER)
        accept_order(order.number, city.team, agreed=agreed, volunteer_ids=[person], now=LATER)
        close_order(
            order.number, city.team, actual=agreed, attendance=5, report="补讲了。", minutes={person: 60},
            now=agreed.ends_at,
        )  # fmt: skip
        assert served_minutes(person) == 60
    lines = db.session.scalars(
        select(HoursEntry).where(HoursEntry.order_id == order.order_id).order_by(HoursEntry.id)
    ).all()
    assert [line.minutes for line in lines] == [90, -90, 60, -60, 60]
    assert [line.corrects_id for line in lines] == [None, lines[0].id, None, lines[2].id, None]
    assert order_of(order.number).closures_count == 3
    assert findings() == []


def test_hours_count_for_the_day_in_the_city(city: City):
    order = claimed(city)
    start = datetime.fromisoformat("2026-11-26T23:30:00+00:00")
    agreed = Window(start, start + HOUR)
    accept_order(order.number, city.team, agreed=agreed, volunteer_ids=city.crew[:1], now=NOW)
    close_order(
        order.number, city.team, actual=agreed, attendance=5, report="晨练讲座。", minutes={city.crew[0]: 60},
        now=agreed.ends_at,
    )  # fmt: skip
    assert db.session.scalars(select(HoursEntry.served_on).where(HoursEntry.order_id == order.order_id)).one() == date(
        2026, 11, 27
    )


def test_a_dispute_comes_within_fifteen_days(city: City):
    order = closed(city)
    last = order_of(order.number).closed_at + 15 * DAY
    with refused("too_late", 409):
        reopen_order(order.number, city.office, text="没有讲。", now=last + SECOND)
    assert reopen_order(order.number, city.community, text="没有讲。", now=last).status == "claimed"


# Merge, cancel


def test_only_an_open_order_in_sight_can_be_joined(city: City):
    order = placed(city)
    elsewhere = placed(city, division_code=OTHER_COMMUNITY)
    ended = cancelled(city)
    for number, fault in (
        (order.number, "itself"),
        (ended.number, "not_open"),
        (elsewhere.number, "unknown"),
        ("QTX00000000", "unknown"),
    ):
        with refused("merge_target", 422, field="into_number", fault=fault):
            merge_order(order.number, city.community, into_number=number, now=NOW)
    with refused("missing", 422, field="into_number"):
        merge_order(order.number, city.community, into_number="", now=NOW)


def test_a_chain_of_merges_stays_one_step_long(city: City):
    first, second, third, last = (placed(city) for _ in range(4))
    merge_order(first.number, city.community, into_number=second.number, now=NOW)
    merge_order(second.number, city.community, into_number=third.number, now=NOW)
    merge_order(third.number, city.community, into_number=last.number, now=NOW)
    joined = db.session.scalars(select(Order.number).where(Order.merged_into_id == last.order_id)).all()
    assert sorted(joined) == sorted(order.number for order in (first, second, third))


def test_a_merged_asker_hears_what_the_resident_hears(city: City):
    joined, target = placed(city), placed(city)
    merge_order(joined.number, city.community, into_number=target.number, now=NOW)
    dispatch_order(target.number, city.community, department_id="health", now=NOW)
    event = events_of(target.number)[-1]
    told = db.session.scalars(
        select(Notice.order_id).where(Notice.event_id == event.id, Notice.party == "resident")
    ).all()
    assert sorted(told) == sorted([joined.order_id, target.order_id])


def served_for_two(city: City, first: Outcome) -> Outcome:
    """`first` joins another order, which is then closed."""
    target = placed(city)
    merge_order(first.number, city.town, into_number=target.number, now=NOW)
    dispatch_order(target.number, city.community, department_id="health", now=NOW)
    claim_order(target.number, city.department, now=NOW)
    accept_order(target.number, city.team, agreed=window(3), volunteer_ids=city.crew[:1], now=NOW)
    close_order(
        target.number, city.team, actual=window(3), attendance=40, report="两家合办。",
        minutes={city.crew[0]: 90}, now=AFTERWARDS,
    )  # fmt: skip
    return target


@pytest.mark.parametrize("how", ["by account", "by link", "on the phone"])
def test_whoever_was_merged_rates_the_service(city: City, how: str):
    joined = placed(city)
    target = served_for_two(city, joined)
    asker = {"by account": city.resident, "by link": link_of(joined), "on the phone": city.community}[how]
    outcome = rate_order(joined.number, asker, verdict=Verdict(5, True), now=LATER)
    assert outcome.number == target.number
    assert rate_order(joined.number, asker, verdict=Verdict(5, True), now=LATER).is_repeat
    rate_order(target.number, link_of(target), verdict=Verdict(4, True), now=LATER)
    with refused("is_rated", 409):
        rate_order(joined.number, asker, verdict=Verdict(1, False), now=LATER)
    ratings = db.session.scalars(select(Rating).where(Rating.order_id == target.order_id).order_by(Rating.id)).all()
    assert [(r.order_id, r.asker_order_id, r.stars) for r in ratings] == [
        (target.order_id, joined.order_id, 5),
        (target.order_id, target.order_id, 4),
    ]
    assert ratings[0].is_call_back == (how == "on the phone")
    assert findings() == []


def test_a_community_rates_for_an_asker_who_was_merged_into_another_community(city: City):
    """The town's clerk joined orders of two villages; each village calls its own people back."""
    neighbour = "640381001004"
    joined = placed(city, division_code=neighbour)
    target = served_for_two(city, joined)
    clerk = make_actor(Party.COMMUNITY, "南苑居委会", division_code=neighbour)
    outcome = rate_order(joined.number, clerk, verdict=Verdict(5, True), now=LATER)
    assert outcome.number == target.number
    with not_found():
        rate_order(target.number, clerk, verdict=Verdict(5, True), now=LATER)


def test_who_was_merged_waits_with_the_rating_for_the_close(city: City):
    joined, target = placed(city), placed(city)
    merge_order(joined.number, city.community, into_number=target.number, now=NOW)
    with refused("wrong_status", 409):
        rate_order(joined.number, link_of(joined), verdict=Verdict(5, True), now=NOW)


def test_nobody_cancels_what_others_have_joined(city: City):
    joined, target = placed(city), placed(city)
    merge_order(joined.number, city.community, into_number=target.number, now=NOW)
    for actor in (city.resident, city.community):
        with refused("others_joined", 409, count=1):
            cancel_order(target.number, actor, reason="weather", now=NOW)
    assert give_up_order(target.number, city.office, text="没有场地", now=NOW).status == "unmet"


# Rate, call back


@pytest.mark.parametrize(
    ("verdict", "cause"),
    [
        (Verdict(5, True), None),
        (Verdict(3, True), None),
        (Verdict(2, True), "low_rating"),
        (Verdict(1, True), "low_rating"),
        (Verdict(5, False), "did_not_take_place"),
        (Verdict(1, False), "did_not_take_place"),
    ],
)
def test_a_bad_word_opens_a_call_back_and_never_the_order(city: City, verdict: Verdict, cause: str | None):
    order = closed(city)
    rate_order(order.number, city.resident, verdict=verdict, now=LATER)
    assert order_of(order.number).status == "closed"
    assert db.session.scalars(select(CallBack.cause).where(CallBack.order_id == order.order_id)).all() == (
        [cause] if cause else []
    )


def test_a_service_is_rated_once_per_closing(city: City):
    order = closed(city)
    rate_order(order.number, city.community, verdict=Verdict(1, True), now=LATER)
    with refused("is_rated", 409):
        rate_order(order.number, city.resident, verdict=Verdict(5, True), now=LATER)
    reopen_order(order.number, city.community, text="重讲。", now=LATER)
    agreed = window(1, now=LATER)
    accept_order(order.number, city.team, agreed=agreed, volunteer_ids=city.crew[:1], now=LATER)
    close_order(
        order.number, city.team, actual=agreed, attendance=5, report="补讲了。", minutes={city.crew[0]: 60},
        now=agreed.ends_at,
    )  # fmt: skip
    rate_order(order.number, city.resident, verdict=Verdict(5, True), now=agreed.ends_at)
    ratings = db.session.execute(
        select(Rating.closure, Rating.stars, Rating.is_call_back)
        .where(Rating.order_id == order.order_id)
        .order_by(Rating.id)
    ).all()
    assert list(map(tuple, ratings)) == [(1, 1, True), (2, 5, False)]
    assert findings() == []


def test_a_call_back_is_done_by_the_community_once(city: City):
    order = closed(city)
    rate_order(order.number, city.resident, verdict=Verdict(1, True), now=LATER)
    task = db.session.scalars(select(CallBack.id).where(CallBack.order_id == order.order_id)).one()
    with refused("wrong_party", 403):
        finish_call_back(task, city.team, outcome="打过了。", now=LATER)
    with refused("missing", 422, field="outcome"):
        finish_call_back(task, city.community, outcome="", now=LATER)
    for actor, number in ((city.other_community, task), (city.community, task + 1)):
        with not_found():
            finish_call_back(number, actor, outcome="打过了。", now=LATER)
    assert finish_call_back(task, city.community, outcome="声音太小。", now=LATER).number == order.number
    assert finish_call_back(task, city.office, outcome="后来的话。", now=LATER + HOUR).is_done
    row = db.session.get_one(CallBack, task)
    assert (row.outcome, row.done_at, row.done_by_account_id) == ("声音太小。", LATER, city.community.account_id)


# Nothing half-written


def test_a_failure_in_the_middle_leaves_nothing_behind(city: City, monkeypatch: pytest.MonkeyPatch):
    """The last thing that a step does is to queue its notices: let that go wrong."""
    order = claimed(city)

    def fail(*args: object, **kwargs: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("qtxvol.orders.transition._queue_notices", fail)
    with nothing_written(), pytest.raises(ZeroDivisionError):
        accept_order(order.number, city.team, agreed=window(3), volunteer_ids=city.crew[:1], now=NOW)
    with nothing_written(), pytest.raises(ZeroDivisionError):
        placed(city)
    monkeypatch.undo()
    assert findings() == []


def test_events_and_hours_cannot_be_changed_or_deleted(city: City):
    closed(city)
    for statement in (
        "UPDATE order_events SET actor_name = 'x'",
        "DELETE FROM order_events",
        "UPDATE hours_entries SET minutes = 1",
        "DELETE FROM hours_entries",
    ):
        with nothing_written(), pytest.raises(DBAPIError, match="append-only"):
            db.session.execute(text(statement))
        db.session.rollback()


def test_two_orders_may_carry_the_same_key_of_one_actor(city: City):
    one, two = dispatched(city), dispatched(city)
    for order in (one, two):
        assert not claim_order(order.number, city.department, now=NOW, key="tap").is_repeat


def test_a_refusal_is_told_apart_by_its_code(city: City):
    order = dispatched(city)
    with pytest.raises(Refused, match="wrong_party"):
        claim_order(order.number, city.office, now=NOW, key=new_key())
