"""Another time: proposed by a team or department, chosen by the resident, and taken up by whoever proposed it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.notices.answer_token import read_token
from qtxvol.notices.answers import Given, answer_link, answer_path
from qtxvol.notices.invitations import open_link
from qtxvol.notices.models import Notice
from qtxvol.notices.queue import To
from qtxvol.offers import other_times
from qtxvol.offers.clock import slot_of
from qtxvol.offers.models import CounterOffer
from qtxvol.offers.other_times import (
    MOST_OTHER_TIMES,
    MOST_SUGGESTED,
    MOST_UNANSWERED,
    answer_times,
    expire_counters,
    find_open_counter,
    propose_times,
    suggest_times,
)
from qtxvol.offers.rules import get_settings
from qtxvol.offers.waves import ask_due, mark_silent
from qtxvol.orders.ask import answer_question, ask_resident
from qtxvol.orders.claim import claim_order, offer_order, release_order
from qtxvol.orders.decline import cancel_order, give_up_order
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import Offer, Order, OrderClock, Question, WishedTime
from qtxvol.orders.serve import accept_order
from qtxvol.orders.transition import Outcome
from qtxvol.orders.windows import Window
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team
from tests.databases import running_app, settings_for
from tests.factories import NOW, City, accepted, claimed, dispatched, link_of, make_city, make_team, window
from tests.orders.answers import events_of, findings, not_found, nothing_written, order_of, refused

HOUR = timedelta(hours=1)
OTHERS = (window(7), window(8), window(9))


def asked(city: City, actor: Actor | None = None, **more: Any) -> Outcome:
    """A claimed order whose resident is asked for another time, an hour after it was claimed."""
    order = claimed(city)
    propose_times(order.number, actor or city.team, windows=OTHERS, now=NOW + HOUR, **more)
    return order


def counters_of(order: Outcome) -> list[tuple[int | None, str | None, int | None]]:
    db.session.rollback()
    rows = db.session.scalars(select(CounterOffer).where(CounterOffer.order_id == order.order_id))
    return [(row.team_id, row.answer, row.chosen) for row in rows]


def wished_of(order: Outcome) -> list[Window]:
    db.session.rollback()
    rows = db.session.scalars(
        select(WishedTime).where(WishedTime.order_id == order.order_id).order_by(WishedTime.position)
    )
    return [Window(row.starts_at, row.ends_at) for row in rows]


def told(order: Outcome, *kinds: str) -> list[tuple[str, str, str]]:
    db.session.rollback()
    rows = db.session.execute(
        select(Notice.kind, Notice.party, Notice.scope).where(Notice.order_id == order.order_id, Notice.kind.in_(kinds))
    )
    return sorted((row.kind, row.party, row.scope) for row in rows)


def path_of(order: Outcome, now: Any = NOW + HOUR) -> str:
    reader = To(Party.RESIDENT, "", order.order_id)
    return answer_path("other_time", order_id=order.order_id, reader=reader, now=now)


def token_of(order: Outcome) -> str:
    return path_of(order).rpartition("/")[2]


# Proposing


def test_a_team_asks_for_other_times_and_the_clock_stands_still(city: City):
    order = asked(city, text="这周队里走不开。")
    row = order_of(order.number)
    assert row.clock_stopped_at == NOW + HOUR
    event = events_of(order.number)[-1]
    assert (event.action, len(event.payload["windows"])) == ("ask", 3)
    assert counters_of(order) == [(city.team.team_id, None, None)]
    assert told(order, "other_time", "ask") == [
        ("ask", "community", city.community.division_code),
        ("other_time", "resident", ""),
    ]
    assert findings() == []


def test_the_department_that_holds_the_order_asks_too(city: City):
    order = asked(city, city.department)
    assert counters_of(order) == [(None, None, None)]


@pytest.mark.parametrize(
    ("windows", "code", "about"),
    [
        ((), "bad_window", {"fault": "none"}),
        ((window(7), window(7)), "bad_window", {"fault": "repeated"}),
        ((window(-1),), "bad_window", {"fault": "in_past"}),
        ((window(900),), "bad_window", {"fault": "too_far"}),
        ((Window(window(7).ends_at, window(7).starts_at),), "bad_window", {"fault": "ends_first"}),
        (tuple(window(7 + i) for i in range(MOST_OTHER_TIMES + 1)), "too_many_times", {"most": MOST_OTHER_TIMES}),
        ((window(9), window(3)), "already_wished", {"index": 0}),
    ],
)
def test_times_that_make_no_question_are_refused(city: City, windows: Any, code: str, about: dict[str, Any]):
    order = claimed(city)
    with refused(code, 422, **about):
        propose_times(order.number, city.team, windows=windows, now=NOW)


def test_who_may_not_ask_is_told_so(city: City):
    order = claimed(city)
    for stranger in (city.community, city.office, city.resident):
        with refused("wrong_party", 403):
            propose_times(order.number, stranger, windows=OTHERS, now=NOW)
    with not_found():
        propose_times(order.number, city.other_department, windows=OTHERS, now=NOW)
    waiting = dispatched(city)
    with refused("wrong_status", 409, stands_at="dispatched"):
        propose_times(waiting.number, city.department, windows=OTHERS, now=NOW)
    taken = accepted(city)
    with refused("wrong_status", 409, stands_at="accepted"):
        propose_times(taken.number, city.team, windows=OTHERS, now=NOW)


def test_one_question_at_a_time(city: City):
    order = asked(city)
    with refused("question_open", 409):
        propose_times(order.number, city.other_team, windows=OTHERS, now=NOW + 2 * HOUR)


def test_another_team_does_not_ask_about_an_order_that_is_handed_or_held(city: City):
    handed = claimed(city)
    offer_order(handed.number, city.department, team_ids=[city.team.team_id or 0], is_handed=True, now=NOW)
    with refused("handed_elsewhere", 409):
        propose_times(handed.number, city.other_team, windows=OTHERS, now=NOW)
    held = claimed(city)
    with transaction():
        db.session.execute(update(Order).where(Order.id == held.order_id).values(held_team_id=city.team.team_id))
    with refused("is_held", 409):
        propose_times(held.number, city.team, windows=OTHERS, now=NOW)
    with transaction():
        db.session.execute(update(Order).where(Order.id == held.order_id).values(held_team_id=None))


def test_the_same_form_sent_twice_is_one_question(city: City):
    order = claimed(city)
    first = propose_times(order.number, city.team, windows=OTHERS, now=NOW, key="twice")
    with nothing_written():
        again = propose_times(order.number, city.team, windows=OTHERS, now=NOW + HOUR, key="twice")
    assert (again.version, again.is_repeat) == (first.version, True)


# Suggesting


def test_suggested_times_are_ahead_new_and_few(city: City):
    order = claimed(city)
    row = order_of(order.number)
    for actor in (city.department, city.team):
        found = suggest_times(row, actor, NOW)
        assert 0 < len(found) <= MOST_SUGGESTED
        assert found == sorted(found, key=lambda each: each.window)
        assert all(NOW + timedelta(days=2) <= each.window.starts_at <= NOW + timedelta(days=15) for each in found)
        assert not {slot_of(each.window.starts_at) for each in found} & {
            slot_of(each.starts_at) for each in wished_of(order)
        }
        assert len({each.window.starts_at.date() for each in found}) == len(found), "on different days"
        # every one of them can be proposed as it is
        propose_times(order.number, actor, windows=[each.window for each in found[:4]], now=NOW)
        answer_question(order.number, link_of(order), text="再说。", now=NOW)


def test_what_the_resident_said_no_to_is_not_suggested_again(city: City):
    order = claimed(city)
    row = order_of(order.number)
    first = [each.window for each in suggest_times(row, city.team, NOW)][:4]
    propose_times(order.number, city.team, windows=first, now=NOW)
    answer_times(order.number, link_of(order), now=NOW)
    again = [each.window for each in suggest_times(order_of(order.number), city.team, NOW)]
    assert again
    assert not set(first) & set(again)


def test_a_team_whose_people_never_have_time_is_suggested_nothing(city: City):
    lonely, _crew = make_team("health", themes=("health",), people=0)
    order = claimed(city)
    assert suggest_times(order_of(order.number), lonely, NOW) == []


# Answering


def test_a_yes_makes_the_time_a_wished_one_and_asks_the_team_that_proposed_it_first(city: City):
    order = asked(city)
    before = wished_of(order)
    answer_times(order.number, link_of(order), chosen=OTHERS[1], now=NOW + 3 * HOUR)
    row = order_of(order.number)
    assert (row.status, row.clock_stopped_at) == ("claimed", None)
    assert wished_of(order) == [*before, OTHERS[1]]
    assert counters_of(order) == [(city.team.team_id, "yes", 1)]
    offer = db.session.scalars(select(Offer).where(Offer.order_id == order.order_id)).one()
    assert (offer.team_id, offer.proposed_start, offer.asked_by) == (city.team.team_id, OTHERS[1].starts_at, "system")
    about = db.session.scalars(
        select(Notice.about).where(Notice.order_id == order.order_id, Notice.kind == "other_time_taken")
    ).all()
    assert {each["start"] for each in about} == {OTHERS[1].starts_at.isoformat()}
    assert told(order, "other_time_taken") == [
        ("other_time_taken", "community", city.community.division_code),
        ("other_time_taken", "department", "health"),
        ("other_time_taken", "team", str(city.team.team_id)),
    ]
    done = accept_order(order.number, city.team, agreed=OTHERS[1], volunteer_ids=city.crew[:1], now=NOW + 4 * HOUR)
    assert done.status == "accepted"
    assert findings() == []


def test_the_time_that_the_question_took_is_given_back(city: City):
    order = claimed(city)
    due = order_of(order.number).due_at
    propose_times(order.number, city.team, windows=OTHERS, now=NOW)
    answer_times(order.number, link_of(order), chosen=OTHERS[0], now=NOW + 5 * HOUR)
    assert order_of(order.number).due_at > due
    running = db.session.scalars(
        select(OrderClock).where(OrderClock.order_id == order.order_id, OrderClock.ended_at.is_(None))
    ).all()
    assert [clock.stopped_at for clock in running] == [None]


def test_a_no_with_other_days_makes_these_wished_times_and_asks_no_team(city: City):
    order = asked(city)
    before = wished_of(order)
    answer_times(order.number, link_of(order), text="下周都行。", windows=[window(12), window(13)], now=NOW + 2 * HOUR)
    assert wished_of(order) == [*before, window(12), window(13)]
    assert counters_of(order) == [(city.team.team_id, "no", None)]
    assert db.session.scalar(select(Offer.id).where(Offer.order_id == order.order_id)) is None
    assert told(order, "other_time_taken") == []
    assert ("answer", "team", str(city.team.team_id)) in told(order, "answer")


def test_an_order_that_is_asked_for_by_the_service_is_looked_at_again(city: City):
    order = asked(city)
    with transaction():
        db.session.execute(
            update(Order)
            .where(Order.id == order.order_id)
            .values(is_auto_asked=True, next_wave_at=NOW + timedelta(days=9))
        )
    answer_times(order.number, link_of(order), chosen=OTHERS[0], now=NOW + 2 * HOUR)
    assert order_of(order.number).next_wave_at == NOW + 2 * HOUR


def test_the_community_answers_for_a_resident_without_a_telephone_link(city: City):
    order = asked(city)
    answer_times(order.number, city.community, chosen=OTHERS[2], now=NOW + 2 * HOUR)
    assert events_of(order.number)[-2].party == "community"
    assert wished_of(order)[-1] == OTHERS[2]
    assert ("other_time_taken", "community", city.community.division_code) not in told(order, "other_time_taken")


def test_a_team_that_is_out_of_use_by_then_is_not_asked(city: City):
    team, _crew = make_team("health", themes=("health",))
    order = asked(city, team)
    with transaction():
        db.session.get_one(Team, team.team_id).is_active = False
    answer_times(order.number, link_of(order), chosen=OTHERS[0], now=NOW + 2 * HOUR)
    assert db.session.scalar(select(Offer.id).where(Offer.order_id == order.order_id)) is None
    assert wished_of(order)[-1] == OTHERS[0]


def test_answers_that_answer_nothing_are_refused(city: City):
    order = asked(city)
    resident = link_of(order)
    with refused("unknown", 422, field="chosen"):
        answer_times(order.number, resident, chosen=window(20), now=NOW + 2 * HOUR)
    with refused("bad_window", 422, fault="in_past"):
        answer_times(order.number, resident, chosen=OTHERS[0], now=OTHERS[0].starts_at + HOUR)
    with refused("bad_window", 422, field="day_1", fault="in_past"):
        answer_times(order.number, resident, windows=[window(-3)], now=NOW + 2 * HOUR)
    with refused("answer_moved", 410):
        answer_times(order.number, resident, chosen=OTHERS[0], event_id=1, now=NOW + 2 * HOUR)
    plain = claimed(city)
    with refused("no_question", 409):
        answer_times(plain.number, link_of(plain), chosen=OTHERS[0], now=NOW)
    ask_resident(plain.number, city.department, text="有台阶吗？", now=NOW)
    with refused("answer_moved", 410):
        answer_times(plain.number, link_of(plain), chosen=OTHERS[0], now=NOW)


# The question ends otherwise


@pytest.mark.parametrize("how", ["words", "cancel", "release", "accept", "give_up"])
def test_times_that_were_not_answered_as_such_are_void(city: City, how: str):
    order = asked(city)
    at = NOW + 2 * HOUR
    match how:
        case "words":
            answer_question(order.number, link_of(order), text="您打电话来说吧。", now=at)
        case "cancel":
            cancel_order(order.number, link_of(order), reason="other", text="不用了。", now=at)
        case "release":
            release_order(order.number, city.department, reason="other", text="没有人。", now=at)
        case "accept":
            accept_order(order.number, city.other_team, agreed=window(3), volunteer_ids=city.other_crew[:1], now=at)
        case "give_up":
            give_up_order(order.number, city.office, text="办不成。", now=at)
    assert counters_of(order) == [(city.team.team_id, "void", None)]
    open_questions = select(Question).where(Question.order_id == order.order_id, Question.ended_at.is_(None))
    assert db.session.scalars(open_questions).all() == []
    assert find_open_counter(order.order_id) is None
    with pytest.raises(Refused) as caught:
        open_link(token_of(order), at + HOUR)
    assert caught.value.status == 410
    assert findings() == []


# By link


def test_the_link_asks_about_these_times_until_the_last_of_them(city: City):
    order = asked(city)
    asks = open_link(token_of(order), NOW + 2 * HOUR)
    assert (asks.said, list(asks.proposed), asks.until) == ("", list(OTHERS), NOW + 25 * HOUR)
    late = open_link(token_of(order), OTHERS[0].starts_at + HOUR)
    assert list(late.proposed) == list(OTHERS[1:])
    with pytest.raises(Refused, match="answer_expired"):
        open_link(token_of(order), OTHERS[-1].starts_at + HOUR)


def test_one_tap_on_the_link_takes_a_time_and_a_second_tap_changes_nothing(city: City):
    order = asked(city)
    token = token_of(order)
    done = answer_link(token, Given(is_yes=True, window=OTHERS[0]), NOW + 2 * HOUR)
    assert (done.said, list(done.windows), done.is_final) == ("yes", [OTHERS[0]], False)
    with nothing_written():
        again = answer_link(token, Given(is_yes=True, window=OTHERS[0]), NOW + 3 * HOUR)
    assert again.said == "yes"


def test_by_link_the_answer_may_be_changed_until_somebody_acts_on_it(city: City):
    order = asked(city)
    before, token = wished_of(order), token_of(order)
    answer_link(token, Given(is_yes=True, window=OTHERS[0]), NOW + 2 * HOUR)
    done = answer_link(token, Given(is_yes=True, window=OTHERS[1]), NOW + 3 * HOUR)
    assert (done.said, list(done.windows)) == ("yes", [OTHERS[1]])
    assert wished_of(order) == [*before, OTHERS[1]], "the first is none of the order's any more"
    pending = select(Offer.proposed_start).where(Offer.order_id == order.order_id, Offer.is_owed())
    assert db.session.scalars(pending).all() == [OTHERS[1].starts_at]
    done = answer_link(token, Given(is_yes=False, text="都不行。"), NOW + 4 * HOUR)
    assert (done.said, list(done.windows), done.is_final) == ("no", [], False)
    assert (wished_of(order), db.session.scalars(pending).all()) == (before, [])
    answer_link(token, Given(is_yes=True, window=OTHERS[0]), NOW + 5 * HOUR)
    assert (wished_of(order), counters_of(order)) == ([*before, OTHERS[0]], [(city.team.team_id, "yes", 0)])
    assert [event.action for event in events_of(order.number)].count("answer") == 4
    row = order_of(order.number)
    assert (row.status, row.clock_stopped_at) == ("claimed", None)
    assert findings() == []
    accept_order(order.number, city.team, agreed=OTHERS[0], volunteer_ids=city.crew[:1], now=NOW + 6 * HOUR)
    with refused("answer_moved", 410):
        answer_link(token, Given(is_yes=True, window=OTHERS[1]), NOW + 7 * HOUR)
    with refused("answer_moved", 410):
        answer_link(token, Given(is_yes=False), NOW + 7 * HOUR)


def test_a_yes_without_a_time_is_no_answer(city: City):
    order = asked(city)
    with refused("missing", 422):
        answer_link(token_of(order), Given(is_yes=True), NOW + 2 * HOUR)


def test_an_old_link_does_not_answer_a_new_question(city: City):
    order = asked(city)
    old = token_of(order)
    answer_times(order.number, link_of(order), now=NOW + 2 * HOUR)
    later = (window(15), window(16))
    propose_times(order.number, city.department, windows=later, now=NOW + 3 * HOUR)
    assert token_of(order) != old
    with refused("answer_moved", 410):
        answer_link(old, Given(is_yes=True, window=later[0]), NOW + 4 * HOUR)
    assert list(open_link(token_of(order), NOW + 4 * HOUR).proposed) == list(later)


def test_a_link_of_another_order_or_kind_opens_nothing(city: City):
    order, other = asked(city), claimed(city)
    assert path_of(other) == "", "nothing is asked there"
    about = read_token(token_of(order))
    assert about is not None
    forged = token_of(order)[:-1] + ("A" if token_of(order)[-1] != "A" else "B")
    with pytest.raises(NotFound):
        open_link(forged, NOW + 2 * HOUR)


def test_two_taps_at_once_take_one_time(database_url: str, tmp_path: Any):
    extra = {"SQLALCHEMY_ENGINE_OPTIONS": {"pool_size": 20}}
    with running_app(settings_for(database_url, tmp_path, extra=extra)) as app:
        with app.app_context():
            city = make_city()
            order = asked(city)
            token = token_of(order)
        taps = [partial(answer_link, token, Given(is_yes=True, window=each), NOW + 2 * HOUR) for each in OTHERS]
        answers = _at_once(app, taps)
        with app.app_context():
            won = [each for each in answers if not isinstance(each, Refused)]
            assert len(won) == len(OTHERS), "each changes what the one before has said"
            assert len(wished_of(order)) == 3
            pending = select(Offer.proposed_start).where(Offer.order_id == order.order_id, Offer.is_owed())
            assert db.session.scalars(pending).all() == [wished_of(order)[-1].starts_at]
            assert findings() == []


def _at_once(app: Flask, runs: list[Any]) -> list[Any]:
    barrier = Barrier(len(runs), timeout=60)

    def run(one: Any) -> Any:
        with app.app_context():
            db.session.execute(select(1))
            barrier.wait()
            try:
                return one()
            except Refused as refusal:
                return refusal

    with ThreadPoolExecutor(len(runs)) as pool:
        return list(pool.map(run, runs))


# When nobody answers


@pytest.mark.parametrize(
    ("urgency", "first", "until"),
    [
        ("normal", OTHERS[0], NOW + 24 * HOUR),
        ("urgent", OTHERS[0], NOW + 4 * HOUR),
        ("emergency", OTHERS[0], NOW + HOUR),
        ("normal", Window(NOW + 20 * HOUR, NOW + 22 * HOUR), NOW + 8 * HOUR),
        ("normal", Window(NOW + 3 * HOUR, NOW + 5 * HOUR), NOW + 3 * HOUR),
    ],
)
def test_the_answer_is_waited_for_a_day_at_most_and_less_when_it_is_urgent_or_near(city: City, urgency, first, until):
    order = claimed(city, urgency=urgency)
    propose_times(order.number, city.team, windows=[first], now=NOW)
    assert db.session.scalar(select(CounterOffer.until).where(CounterOffer.order_id == order.order_id)) == until


def test_a_question_that_nobody_answers_ends_and_whoever_asked_is_told(own_city: City):
    order = asked(own_city)
    assert expire_counters(NOW + 24 * HOUR) == 0
    link = token_of(order)
    assert expire_counters(NOW + 25 * HOUR) == 1
    row = order_of(order.number)
    assert (row.status, row.clock_stopped_at) == ("claimed", None)
    assert db.session.scalars(select(Question.ended_at)).all() == [NOW + 25 * HOUR]
    assert counters_of(order) == [(own_city.team.team_id, "void", None)]
    assert (events_of(order.number)[-1].action, events_of(order.number)[-1].party) == ("answer", "system")
    assert told(order, "other_time_over", "answer") == [
        ("other_time_over", "community", own_city.community.division_code),
        ("other_time_over", "department", "health"),
        ("other_time_over", "team", str(own_city.team.team_id)),
    ]
    with refused("answer_expired", 410):
        open_link(link, NOW + 26 * HOUR)
    with nothing_written():
        assert expire_counters(NOW + 48 * HOUR) == 0
    assert findings() == []


def test_one_question_that_cannot_be_ended_keeps_no_other_waiting(own_city: City, monkeypatch: pytest.MonkeyPatch):
    first, second = asked(own_city), asked(own_city)
    real = other_times.run_on

    def fail(order: Order, now: Any) -> Any:
        if order.id == first.order_id:
            raise RuntimeError("broken")
        return real(order, now)

    monkeypatch.setattr(other_times, "run_on", fail)
    assert expire_counters(NOW + 25 * HOUR) == 1
    assert order_of(first.number).clock_stopped_at is not None
    assert order_of(second.number).clock_stopped_at is None


def test_the_teams_go_on_being_asked_for_the_times_that_were_wished(own_city: City):
    third, _crew = make_team("health", themes=("health",))
    order = dispatched(own_city)
    claim_order(order.number, own_city.department, is_auto_asked=True, now=NOW)
    propose_times(order.number, third, windows=OTHERS, now=NOW)
    assert ask_due(NOW) > 0
    ask_due(NOW + 8 * HOUR)
    teams = set(db.session.scalars(select(Offer.team_id).where(Offer.order_id == order.order_id)))
    assert teams == {own_city.team.team_id, own_city.other_team.team_id}, "not the one that could not at these times"
    assert told(order, "nobody_left") == []
    # nobody's silence is forgiven because somebody has a question
    mark_silent(NOW + 30 * HOUR, get_settings())
    assert None not in db.session.scalars(select(Offer.silent_at).where(Offer.order_id == order.order_id)).all()
    ask_resident_instead = claimed(own_city)
    with transaction():
        db.session.execute(update(Order).where(Order.id == ask_resident_instead.order_id).values(is_auto_asked=True))
    ask_resident(ask_resident_instead.number, own_city.department, text="有电梯吗？", now=NOW)
    assert ask_due(NOW + HOUR) == 0, "any other question has to be answered first"


def test_a_team_that_is_out_of_use_or_out_of_reach_asks_nobody(own_city: City):
    outsider, _crew = make_team("agriculture", themes=())
    order = claimed(own_city)
    with refused("not_asked", 409):
        other_times._check_may_propose(order_of(order.number), outsider, NOW)
    with transaction():
        db.session.execute(update(Team).where(Team.id == own_city.team.team_id).values(is_active=False))
    with refused("team_inactive", 409):
        propose_times(order.number, own_city.team, windows=OTHERS, now=NOW)


def test_a_team_that_takes_a_pause_is_not_asked_by_itself_after_the_yes(own_city: City):
    order = asked(own_city)
    with transaction():
        paused = update(Team).where(Team.id == own_city.team.team_id).values(asks_paused_until=NOW + 99 * HOUR)
        db.session.execute(paused)
    answer_times(order.number, link_of(order), chosen=OTHERS[0], now=NOW + 2 * HOUR)
    assert db.session.scalar(select(Offer.id).where(Offer.order_id == order.order_id)) is None
    assert ("other_time_taken", "team", str(own_city.team.team_id)) in told(order, "other_time_taken")


def unanswered(order: Outcome, actor: Actor, now: Any, day: int) -> None:
    """A question about another time that nobody answers in time."""
    propose_times(order.number, actor, windows=[window(day)], now=now)
    assert expire_counters(now + 24 * HOUR) == 1


def test_a_desk_asks_twice_in_vain_and_then_has_to_telephone(own_city: City):
    order = claimed(own_city)
    for turn, day in enumerate((11, 12)):
        unanswered(order, own_city.team, NOW + turn * 25 * HOUR, day)
    later = NOW + 60 * HOUR
    with refused("unanswered_enough", 409, most=MOST_UNANSWERED, is_team=True):
        propose_times(order.number, own_city.team, windows=[window(13)], now=later)
    for turn, day in enumerate((13, 14)):  # each desk for itself
        unanswered(order, own_city.department, later + turn * 25 * HOUR, day)
    later += 60 * HOUR
    with refused("unanswered_enough", 409, most=MOST_UNANSWERED, is_team=False):
        propose_times(order.number, own_city.department, windows=[window(15)], now=later)
    assert order_of(order.number).clock_stopped_at is None, "nothing stands still for what was refused"
    propose_times(order.number, own_city.other_team, windows=[window(15)], now=later)
    answer_times(order.number, link_of(order), chosen=None, now=later + HOUR)
    propose_times(order.number, own_city.team, windows=[window(16)], now=later + 2 * HOUR)
    assert findings() == []


def test_times_that_something_else_has_overtaken_do_not_count_as_unanswered(own_city: City):
    order = claimed(own_city)
    for turn in range(MOST_UNANSWERED):
        propose_times(order.number, own_city.team, windows=[window(11 + turn)], now=NOW + turn * HOUR)
        answer_question(order.number, own_city.community, text="居民说再想想", now=NOW + turn * HOUR + HOUR / 2)
    propose_times(order.number, own_city.team, windows=[window(14)], now=NOW + 3 * HOUR)
    assert [answer for _team, answer, _chosen in counters_of(order)] == ["void", "void", None]
