"""Joint sessions: found, proposed by a person, joined by each asker's own consent, and taken apart again."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from itertools import count
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from qtxvol.accounts.actor import Actor
from qtxvol.directory.models import Division, MenuItem
from qtxvol.extensions import db
from qtxvol.notices.answers import Given, answer_link, answer_path
from qtxvol.notices.invitations import open_link
from qtxvol.notices.models import Notice
from qtxvol.notices.queue import To
from qtxvol.offers import joint
from qtxvol.offers.clock import slot_of
from qtxvol.offers.holds import list_choices
from qtxvol.offers.joint import (
    ANSWER_WITHIN,
    answer_joint,
    call_off_joint,
    close_joint,
    find_joint,
    find_open_seat,
    join_order,
    propose_joint,
)
from qtxvol.offers.joint_finding import NEAR_KM
from qtxvol.offers.joint_queries import list_proposed
from qtxvol.offers.joint_time import find_joined_time
from qtxvol.offers.models import JointInvite, JointSession
from qtxvol.offers.other_times import propose_times, suggest_times
from qtxvol.offers.situation import load_matching
from qtxvol.offers.suggest import rank_teams
from qtxvol.orders.ask import ask_resident
from qtxvol.orders.claim import claim_order, offer_order
from qtxvol.orders.decline import cancel_order, merge_order
from qtxvol.orders.dispatch import dispatch_order
from qtxvol.orders.lifecycle import Action, Party
from qtxvol.orders.models import Offer, Order, WishedTime
from qtxvol.orders.queries import get_order_view
from qtxvol.orders.serve import accept_order, close_order, reschedule_order
from qtxvol.orders.transition import Outcome
from qtxvol.orders.undo import split_order
from qtxvol.orders.windows import Window
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team
from tests.databases import running_app, settings_for
from tests.factories import DEPARTMENT, NOW, City, accepted, claimed, link_of, make_city, placed, window
from tests.orders.answers import events_of, findings, not_found, nothing_written, order_of, refused

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
#: Tests share a city: each has days of its own, and so no orders that fit to another test's.
_DAYS = count(6, 3)


def days() -> tuple[Window, Window]:
    first = next(_DAYS)
    return window(first), window(first + 2)


def pair(city: City, first: Callable[..., Outcome] = placed, **more: Any) -> tuple[Outcome, Outcome]:
    """Two orders for the same on the same days; the first may be further along."""
    windows = days()
    return first(city, windows=windows, **more), placed(city, windows=windows)


def proposed(city: City, first: Callable[..., Outcome] = placed, **more: Any) -> tuple[Outcome, Outcome, int]:
    host, other = pair(city, first, **more)
    desk = city.community
    session = propose_joint(desk, host_number=host.number, numbers=[other.number], now=NOW)
    return host, other, session


def say(order: Outcome, session: int, *, is_yes: bool = True, now: Any = NOW + HOUR, actor: Actor | None = None) -> Any:
    return answer_joint(order.number, actor or link_of(order), session_id=session, is_yes=is_yes, now=now)


def status_of(order: Outcome) -> str:
    return order_of(order.number).status


def session_of(session: int) -> JointSession:
    db.session.rollback()
    return db.session.get_one(JointSession, session)


def told(kind: str, *orders: Outcome) -> list[tuple[int, str]]:
    """Whom of these orders' askers and desks, by position of the order."""
    db.session.rollback()
    ids = [order.order_id for order in orders]
    rows = db.session.execute(
        select(Notice.order_id, Notice.party).where(Notice.kind == kind, Notice.order_id.in_(ids))
    )
    return sorted((ids.index(row.order_id), row.party) for row in rows)


def numbers_of(city: City, actor: Actor, like: Outcome) -> list[list[str]]:
    ideas = find_joint(actor, NOW, like=order_of(like.number))
    return [[idea.host.row.number, *(each.row.number for each in idea.others)] for idea in ideas]


# Finding


def test_orders_for_the_same_on_the_same_half_day_are_found_by_the_desks_that_see_them(city: City):
    host, other = pair(city)
    assert numbers_of(city, city.community, host) == [[host.number, other.number]]
    assert numbers_of(city, city.community, other) == [[host.number, other.number]]
    assert numbers_of(city, city.other_community, host) == []
    assert numbers_of(city, city.department, host) == [], "not dispatched to it yet"
    assert find_joint(city.team, NOW) == find_joint(city.office, NOW) == []
    (idea,) = find_joint(city.community, NOW, like=order_of(host.number))
    assert (idea.headcount, idea.saves, len(idea.windows)) == (60, 1, 2)


def test_whoever_is_further_along_is_the_host_and_the_department_sees_its_own(city: City):
    first, second = pair(city)
    for order in (second, first):
        dispatch_order(order.number, city.community, department_id=DEPARTMENT, now=NOW)
    claim_order(second.number, city.department, now=NOW)
    assert numbers_of(city, city.community, first) == [[second.number, first.number]]
    assert numbers_of(city, city.department, first) == [[second.number, first.number]]


def test_an_accepted_order_is_a_host_at_its_own_time_alone(city: City):
    windows = days()
    host = accepted(city, windows=windows, agreed=windows[1])
    other = placed(city, windows=windows)
    late = placed(city, windows=windows[:1])
    (idea,) = find_joint(city.community, NOW, like=order_of(host.number))
    assert list(idea.windows) == [windows[1]]
    assert [each.row.number for each in idea.others] == [other.number]
    assert late.number not in [each.row.number for each in idea.others]


def test_those_who_would_like_it_come_first_and_no_more_people_than_the_item_takes(city: City):
    windows = days()
    most = db.session.scalar(select(MenuItem.headcount_max).where(MenuItem.id == "S05")) or 0
    host = placed(city, windows=windows, headcount=most - 50, is_joint_ok=True)
    big = placed(city, windows=windows, headcount=40)
    willing = placed(city, windows=windows, headcount=30, is_joint_ok=True)
    (idea, *_rest) = find_joint(city.community, NOW, like=order_of(host.number))
    assert idea.host.row.number == host.number
    assert [each.row.number for each in idea.others] == [willing.number]
    assert idea.headcount <= most
    assert big.number not in {each.row.number for each in idea.others}


@pytest.mark.parametrize(
    "changes",
    [
        {"urgency": "urgent"},
        {"urgency": "emergency"},
        {"is_push": True},
        {"audience": "youth"},
        {"menu_item_id": "S06"},
        {"clock_stopped_at": NOW},
        {"status": "cancelled"},
    ],
)
def test_these_are_never_held_together(own_city: City, changes: dict[str, Any]):
    city = own_city
    host, other = pair(city)
    with transaction():
        if "is_push" in changes:
            from tests.emergencies.plans import opened

            changes = {**changes, "emergency_id": opened(city)}
        db.session.execute(update(Order).where(Order.id == other.order_id).values(**changes))
    assert numbers_of(city, city.community, host) == []
    with refused("joint", 409):
        propose_joint(city.community, host_number=host.number, numbers=[other.number], now=NOW)


def test_near_is_the_same_town_or_a_few_kilometres(own_city: City):
    city = own_city
    windows = days()
    host = placed(city, windows=windows)
    far = placed(city, windows=windows, division_code=city.other_community.division_code)
    for order in (host, far):
        dispatch_order(
            order.number,
            city.town if order is host else city.other_community,
            department_id=DEPARTMENT,
            now=NOW,
        )
    with transaction():
        town = db.session.get_one(Division, city.town.division_code)
        other = db.session.get_one(Division, f"{(city.other_community.division_code or '')[:9]}000")
        other.lon_gcj02, other.lat_gcj02 = town.lon_gcj02, (town.lat_gcj02 or 0) + (NEAR_KM + 1) / 110.57
    assert numbers_of(city, city.department, host) == []
    with refused("joint", 409, fault="too_far"):
        propose_joint(city.department, host_number=host.number, numbers=[far.number], now=NOW)
    with transaction():
        other = db.session.get_one(Division, f"{(city.other_community.division_code or '')[:9]}000")
        other.lat_gcj02 = (other.lat_gcj02 or 0) - 2 / 110.57
    assert numbers_of(city, city.department, host) == [[host.number, far.number]]
    with transaction():  # a town that nobody has measured is near itself alone
        other = db.session.get_one(Division, f"{(city.other_community.division_code or '')[:9]}000")
        other.lon_gcj02 = other.lat_gcj02 = None
    assert numbers_of(city, city.department, host) == []


def test_times_that_are_too_close_or_do_not_meet_make_no_session(city: City):
    first = placed(city, windows=[window(1.5)])
    second = placed(city, windows=[window(1.5)])
    assert numbers_of(city, city.community, first) == []
    with refused("joint", 409, fault="no_common_time"):
        propose_joint(city.community, host_number=first.number, numbers=[second.number], now=NOW)


# Proposing


def test_every_asker_is_asked_the_host_too(city: City):
    host, other, session = proposed(city)
    assert told("joint_ask", host, other) == [(0, "resident"), (1, "resident")]
    row = session_of(session)
    assert (row.status, row.until) == ("open", NOW + ANSWER_WITHIN)
    assert row.proposed_by_account_id == city.community.account_id
    assert (status_of(host), status_of(other)) == ("placed", "placed"), "nothing has moved"


def test_a_proposal_says_plainly_what_is_wrong_with_it(city: City):
    host, other = pair(city)
    common = {"host_number": host.number, "now": NOW}
    with refused("wrong_party", 403):
        propose_joint(city.team, numbers=[other.number], **common)
    with refused("joint", 409, fault="too_few"):
        propose_joint(city.community, numbers=[host.number], **common)
    with refused("joint", 409, fault="too_many"):
        propose_joint(city.community, numbers=[f"QTX{n:08d}" for n in range(7)], **common)
    with not_found():
        propose_joint(city.community, numbers=["QTX00000000"], **common)
    with not_found():
        propose_joint(city.other_community, numbers=[other.number], **common)
    with refused("joint", 409, fault="no_common_time"):
        propose_joint(city.community, numbers=[other.number], window=window(300), **common)
    settled = accepted(city, windows=days(), agreed=window(300))
    with refused("joint", 409, fault="settled", number=settled.number):
        propose_joint(city.community, numbers=[settled.number], **common)
    crowd = placed(city, windows=days(), headcount=4999)
    with refused("joint", 409, fault="too_many_people"):
        propose_joint(city.community, numbers=[crowd.number], **common)


def test_an_order_is_asked_about_one_session_at_a_time(city: City):
    host, other, session = proposed(city)
    third = placed(city, windows=days())
    with refused("joint", 409, fault="not_now", number=other.number):
        propose_joint(city.community, host_number=third.number, numbers=[other.number], now=NOW)
    with refused("joint", 409, fault="not_now", number=host.number):
        propose_joint(city.community, host_number=host.number, numbers=[other.number], now=NOW)
    say(other, session, is_yes=False)
    assert numbers_of(city, city.community, other) == [], "who said no is not asked again"


def test_an_order_with_an_open_question_is_left_alone(city: City):
    host, other = pair(city)
    ask_resident(other.number, city.community, text="有台阶吗？", now=NOW)
    with refused("joint", 409, fault="not_now"):
        propose_joint(city.community, host_number=host.number, numbers=[other.number], now=NOW)


# Joining


def test_nobody_joins_before_the_hosts_asker_has_agreed(city: City):
    host, other, session = proposed(city)
    with refused("joint_waits", 409):
        join_order(other.number, link_of(other), session_id=session, now=NOW)
    assert not say(other, session).has_joined
    assert status_of(other) == "placed"
    say(host, session, now=NOW + 2 * HOUR)
    row = order_of(other.number)
    assert (row.status, row.merged_into_id, row.due_at) == ("merged", host.order_id, None)
    event = events_of(other.number)[-1]
    assert (event.action, event.party, event.payload["into_number"]) == ("join", "resident", host.number)
    assert session_of(session).status == "over"
    assert findings() == []


def test_who_says_yes_after_the_host_joins_at_once(city: City):
    host, other, session = proposed(city)
    say(host, session)
    assert say(other, session).has_joined
    assert status_of(host) == "placed", "the host goes its own way on"
    view = get_order_view(city.community, host.number, NOW)
    assert [row.headcount for row in view.joined] == [30]


def test_the_sessions_time_is_one_of_the_hosts_and_the_team_takes_that(city: City):
    host, other, session = proposed(city, claimed)
    say(host, session)
    say(other, session)
    time = Window(session_of(session).starts_at, session_of(session).ends_at)
    wished = get_order_view(city.department, host.number, NOW).windows
    assert time in [Window(row.starts_at, row.ends_at) for row in wished]
    late = window(200)
    with refused("joint_time", 409, start=time.starts_at):
        accept_order(host.number, city.team, agreed=late, volunteer_ids=city.crew[:1], now=NOW + 2 * HOUR)
    accept_order(host.number, city.team, agreed=time, volunteer_ids=city.crew[:1], now=NOW + 2 * HOUR)
    assert told("accept", host, other)[:2] == [(0, "community"), (0, "department")]
    assert (1, "resident") in told("accept", host, other), "who has joined hears it too"
    reschedule_order(host.number, city.team, agreed=late, now=NOW + 3 * HOUR)
    assert (1, "resident") in told("reschedule", host, other)
    assert findings() == []


def test_an_order_that_was_claimed_lets_its_department_and_teams_go(city: City):
    windows = days()
    host, other = claimed(city, windows=windows), claimed(city, windows=windows)
    offer_order(other.number, city.department, team_ids=[city.team.team_id or 0], now=NOW)
    session = propose_joint(city.department, host_number=host.number, numbers=[other.number], now=NOW)
    say(host, session)
    say(other, session)
    row = order_of(other.number)
    assert (row.status, row.department_id, row.is_auto_asked) == ("merged", None, False)
    [offer] = db.session.scalars(select(Offer).where(Offer.order_id == other.order_id)).all()
    assert (offer.answer, offer.voided_at) == (None, NOW + HOUR)
    assert told("join", other) == [(0, "community"), (0, "department"), (0, "team")]
    assert findings() == []


def test_once_neighbours_have_joined_theirs_is_the_only_time_that_is_proposed(city: City):
    windows = days()
    host, other = claimed(city, windows=windows), placed(city, windows=windows)
    late = Window(windows[1].starts_at, windows[1].starts_at + HOUR)
    session = propose_joint(city.community, host_number=host.number, numbers=[other.number], window=late, now=NOW)
    say(host, session)
    before = load_matching([order_of(host.number)], NOW)
    assert len(before.needs[host.order_id].slots) == 2
    say(other, session)
    row, time = order_of(host.number), Window(session_of(session).starts_at, session_of(session).ends_at)
    matching = load_matching([row], NOW + HOUR)
    assert matching.needs[host.order_id].slots == (slot_of(time.starts_at),)
    assert [window for (order_id, _slot), window in matching.windows.items() if order_id == host.order_id] == [time]
    assert {each.window for each in rank_teams(row, NOW + HOUR)} == {time}
    team = city.team.team_id or 0
    assert [(each.window, each.obstacle) for each in list_choices(row, team, NOW + HOUR)] == [(time, "")]
    assert suggest_times(row, city.department, NOW + HOUR) == []
    with refused("joint_time", 409, start=time.starts_at, end=time.ends_at):
        propose_times(host.number, city.department, windows=[window(300)], now=NOW + HOUR)

    busy = claimed(city, windows=[late])
    accept_order(busy.number, city.team, agreed=time, volunteer_ids=city.crew[:1], now=NOW + HOUR)
    most = load_matching([row], NOW + HOUR).situation.city.teams[team].slot_limit
    with transaction():
        db.session.execute(update(Team).where(Team.id == team).values(parallel_events=1))
    assert [(each.window, each.obstacle) for each in list_choices(row, team, NOW + HOUR)] == [(time, "slot_full")]
    with transaction():
        db.session.execute(update(Team).where(Team.id == team).values(parallel_events=most))

    split_order(other.number, city.community, text="自己办。", now=NOW + 2 * HOUR)
    assert len(load_matching([order_of(host.number)], NOW + 2 * HOUR).needs[host.order_id].slots) == 2


def test_a_joint_time_that_is_past_binds_nobody(city: City):
    host, other, session = proposed(city, claimed)
    say(host, session)
    say(other, session)
    after = session_of(session).starts_at + HOUR
    assert find_joined_time(host.order_id, NOW) is not None
    assert find_joined_time(host.order_id, after) is None
    done = accept_order(host.number, city.team, agreed=window(400), volunteer_ids=city.crew[:1], now=after)
    assert done.status == "accepted"


def test_more_neighbours_come_at_the_time_that_the_first_agreed_to(city: City):
    host, other, session = proposed(city)
    say(host, session)
    say(other, session)
    time = Window(session_of(session).starts_at, session_of(session).ends_at)
    third = placed(city, windows=[Window(each.starts_at, each.ends_at) for each in get_windows(host)])
    (idea,) = find_joint(city.community, NOW, like=order_of(third.number))
    assert (idea.host.row.number, list(idea.windows)) == (host.number, [time])


def get_windows(order: Outcome) -> list[Any]:
    db.session.rollback()
    rows = select(WishedTime).where(WishedTime.order_id == order.order_id).order_by(WishedTime.position)
    return list(db.session.scalars(rows))[:2]


def test_an_accepted_host_takes_others_in_at_its_time(city: City):
    windows = days()
    host = accepted(city, windows=windows, agreed=windows[0])
    other = placed(city, windows=windows)
    session = propose_joint(city.community, host_number=host.number, numbers=[other.number], window=windows[1], now=NOW)
    assert session_of(session).starts_at == windows[0].starts_at, "the time that the team has promised"
    say(host, session)
    assert say(other, session).has_joined
    done = close_order(
        host.number, city.team, actual=windows[0], attendance=55, report="讲了控盐。", minutes={city.crew[0]: 90},
        now=windows[0].ends_at + HOUR,
    )  # fmt: skip
    assert done.status == "closed"
    assert findings() == []


def test_who_says_no_goes_on_alone_and_may_think_again(city: City):
    windows = days()
    host, one, two = (placed(city, windows=windows) for _ in range(3))
    session = propose_joint(city.community, host_number=host.number, numbers=[one.number, two.number], now=NOW)
    say(one, session, is_yes=False)
    assert (status_of(one), session_of(session).status) == ("placed", "open")
    say(one, session, is_yes=True, now=NOW + 2 * HOUR)
    say(host, session, now=NOW + 3 * HOUR)
    assert status_of(one) == "merged"
    say(two, session, is_yes=False, now=NOW + 4 * HOUR)
    assert (status_of(two), session_of(session).status) == ("placed", "over")
    assert findings() == []


def test_once_joined_it_is_the_communitys_to_take_apart(city: City):
    host, other, session = proposed(city)
    say(host, session)
    say(other, session)
    with nothing_written():
        assert say(other, session, now=NOW + 2 * HOUR).has_joined, "said twice"
    with refused("joint_joined", 409):
        say(other, session, is_yes=False, now=NOW + 2 * HOUR)
    possible = {each.rule.action for each in get_order_view(city.community, other.number, NOW).possible}
    assert Action.SPLIT in possible
    split_order(other.number, city.community, text="家里不方便过去。", now=NOW + 3 * HOUR)
    row = order_of(other.number)
    assert (row.status, row.merged_into_id) == ("placed", None)
    with refused("answer_expired", 410):
        say(other, session, now=NOW + 4 * HOUR)
    assert findings() == []


def test_whoever_had_joined_the_order_moves_along_and_comes_back_with_it(city: City):
    host, other, session = proposed(city)
    friend = placed(city, windows=days())
    merge_order(friend.number, city.community, into_number=other.number, now=NOW)
    say(host, session)
    say(other, session)
    assert order_of(friend.number).merged_into_id == host.order_id
    split_order(other.number, city.community, now=NOW + 2 * HOUR)
    assert order_of(friend.number).merged_into_id == other.order_id
    assert findings() == []


def test_the_community_says_it_for_who_has_no_link(city: City):
    host, other, session = proposed(city)
    say(host, session, actor=city.community)
    say(other, session, actor=city.community)
    event = events_of(other.number)[-1]
    assert (event.party, event.actor_account_id) == ("resident", city.community.account_id)
    with not_found():
        say(other, session, actor=city.other_community)
    with refused("wrong_party", 403):
        say(other, session, actor=city.department)


def test_more_people_than_the_item_takes_are_not_joined(city: City):
    host, other, session = proposed(city)
    say(host, session)
    with transaction():
        db.session.execute(update(Order).where(Order.id == host.order_id).values(headcount=4990))
    with refused("joint_full", 409):
        say(other, session)
    with transaction():
        db.session.execute(update(Order).where(Order.id == host.order_id).values(headcount=30))


# The host, and ends


def test_the_hosts_no_calls_it_off(city: City):
    host, other, session = proposed(city)
    say(other, session)
    say(host, session, is_yes=False, now=NOW + 2 * HOUR)
    assert (status_of(host), status_of(other), session_of(session).status) == ("placed", "placed", "called_off")
    assert told("joint_off", host, other) == [(1, "resident")], "the host's asker knows it"
    with refused("joint_over", 410):
        say(other, session, is_yes=False, now=NOW + 3 * HOUR)
    assert findings() == []


def test_the_host_cannot_leave_neighbours_who_have_come(city: City):
    windows = days()
    host, one, two = (placed(city, windows=windows) for _ in range(3))
    session = propose_joint(city.community, host_number=host.number, numbers=[one.number, two.number], now=NOW)
    say(host, session)
    say(one, session)
    with refused("joint_others_in", 409):
        say(host, session, is_yes=False)
    with refused("others_joined", 409):
        cancel_order(host.number, link_of(host), reason="other", text="不用了。", now=NOW + 2 * HOUR)


def test_a_host_that_ends_or_is_taken_at_another_time_calls_it_off(city: City):
    host, other, session = proposed(city)
    say(other, session)
    cancel_order(host.number, link_of(host), reason="other", text="不用了。", now=NOW + 2 * HOUR)
    assert session_of(session).status == "called_off"
    assert told("joint_off", other) == [(0, "resident")]
    with refused("joint_over", 410):
        say(other, session, now=NOW + 3 * HOUR)

    host, other, session = proposed(city, claimed)
    accept_order(host.number, city.team, agreed=window(150), volunteer_ids=city.crew[:1], now=NOW + 2 * HOUR)
    assert session_of(session).status == "called_off"
    assert told("joint_off", other) == [(0, "resident")]
    assert findings() == []


def test_a_host_that_is_taken_at_that_time_goes_on_being_asked_about(city: City):
    host, other, session = proposed(city, claimed)
    time = Window(session_of(session).starts_at, session_of(session).ends_at)
    accept_order(host.number, city.team, agreed=time, volunteer_ids=city.crew[1:2], now=NOW + HOUR)
    assert session_of(session).status == "open"
    say(host, session, now=NOW + 2 * HOUR)
    assert say(other, session, now=NOW + 2 * HOUR).has_joined


def test_a_neighbour_who_is_served_alone_meanwhile_is_not_asked_any_more(city: City):
    host, other, session = proposed(city)
    dispatch_order(other.number, city.community, department_id=DEPARTMENT, now=NOW)
    claim_order(other.number, city.department, now=NOW)
    assert session_of(session).status == "open"
    accept_order(other.number, city.team, agreed=window(170), volunteer_ids=city.crew[2:3], now=NOW + HOUR)
    assert session_of(session).status == "called_off", "nobody is left who could join"
    assert told("joint_off", host) == [(0, "resident")]
    assert find_open_seat(other.order_id, NOW + HOUR) is None


def test_answers_count_for_two_days(city: City):
    host, other, session = proposed(city)
    say(other, session)
    assert close_joint(NOW + HOUR) == 0
    with refused("answer_expired", 410, said=""):
        say(host, session, now=NOW + ANSWER_WITHIN)
    close_joint(NOW + ANSWER_WITHIN)
    assert session_of(session).status == "called_off"
    assert told("joint_off", host, other) == [(1, "resident")], "who never answered knows it"
    with nothing_written():
        assert close_joint(NOW + ANSWER_WITHIN) == 0


def test_a_desk_stops_asking(city: City):
    host, other, session = proposed(city)
    with not_found():
        call_off_joint(session, city.other_community, NOW)
    with not_found():
        call_off_joint(session, city.team, NOW)
    call_off_joint(session, city.community, NOW)
    assert told("joint_off", host, other) == [(0, "resident"), (1, "resident")]
    with nothing_written():
        call_off_joint(session, city.community, NOW + HOUR)


def test_desks_read_each_answer_and_see_how_it_stands(city: City):
    windows = days()
    host, other = claimed(city, windows=windows), placed(city, windows=windows)
    session = propose_joint(city.community, host_number=host.number, numbers=[other.number], now=NOW)
    say(other, session)
    assert told("joint_answered", host, other) == [(0, "department"), (1, "community")]
    (shown,) = [each for each in list_proposed(city.community, NOW) if each.session.id == session]
    assert (shown.answered, shown.joined, shown.askers[0].is_host) == (1, 0, True)
    (seen,) = [each for each in list_proposed(city.department, NOW) if each.session.id == session]
    assert [asker.row is None for asker in seen.askers] == [False, True], "not what it may not know of"


# By link


def token_of(order: Outcome) -> str:
    reader = To(Party.RESIDENT, "", order.order_id)
    return answer_path("joint", order_id=order.order_id, reader=reader, now=NOW).rpartition("/")[2]


def test_each_asker_answers_by_a_link_of_their_own(city: City):
    host, other, _session = proposed(city)
    assert token_of(host) != token_of(other)
    answer_link(token_of(host), Given(is_yes=True), NOW + HOUR)
    done = answer_link(token_of(other), Given(is_yes=True), NOW + HOUR)
    assert (done.said, done.is_final) == ("yes", True)
    with nothing_written():
        assert answer_link(token_of(other), Given(is_yes=True), NOW + 2 * HOUR).is_final
    with refused("joint_joined", 409):
        answer_link(token_of(other), Given(is_yes=False), NOW + 2 * HOUR)


def test_a_link_whose_time_is_over_says_so(city: City):
    _host, other, session = proposed(city)
    token = token_of(other)
    with pytest.raises(Refused, match="answer_expired"):
        open_link(token, NOW + ANSWER_WITHIN)
    with pytest.raises(NotFound):
        open_link(token[:-2] + "AA", NOW)
    call_off_joint(session, city.community, NOW)
    with pytest.raises(Refused, match="joint_over"):
        open_link(token, NOW + HOUR)
    cancel_order(other.number, link_of(other), reason="other", text="不用了。", now=NOW + HOUR)
    with pytest.raises(Refused, match="answer_ended"):
        open_link(token, NOW + HOUR)


# At the same moment


def at_once(app: Flask, runs: Sequence[Callable[[], Any]]) -> list[Any]:
    barrier = Barrier(len(runs), timeout=60)

    def run(one: Callable[[], Any]) -> Any:
        with app.app_context():
            db.session.execute(select(1))
            barrier.wait()
            try:
                return one()
            except Refused as refusal:
                return refusal

    with ThreadPoolExecutor(len(runs)) as pool:
        return list(pool.map(run, runs))


def test_many_answers_and_a_cancelling_host_at_once_leave_one_story(database_url: str, tmp_path: Any):
    extra = {"SQLALCHEMY_ENGINE_OPTIONS": {"pool_size": 20}}
    with running_app(settings_for(database_url, tmp_path, extra=extra)) as app:
        with app.app_context():
            city = make_city()
        for round_ in range(3):
            with app.app_context():
                windows = days()
                host, one, two = (placed(city, windows=windows) for _ in range(3))
                both = [one.number, two.number]
                session = propose_joint(city.community, host_number=host.number, numbers=both, now=NOW)
                say(host, session)
                taps = [token_of(one), token_of(one), token_of(two)]
            leave = partial(cancel_order, host.number, link_of(host), reason="other", text="不用了。", now=NOW + HOUR)
            answers = at_once(
                app, [*(partial(answer_link, tap, Given(is_yes=True), NOW + HOUR) for tap in taps), leave]
            )
            with app.app_context():
                joined = db.session.scalar(
                    select(func.count()).where(Order.merged_into_id == host.order_id, Order.status == "merged")
                )
                is_gone = status_of(host) == "cancelled"
                assert is_gone != bool(joined), (round_, answers)
                codes = {each.code for each in answers if isinstance(each, Refused)}
                assert codes <= ({"joint_over"} if is_gone else {"others_joined"})
                if not is_gone:
                    assert joined == 2
                    assert (
                        db.session.scalar(
                            select(func.count()).where(
                                JointInvite.session_id == session, JointInvite.joined_at.is_not(None)
                            )
                        )
                        == 2
                    )
                assert findings() == []


def test_two_clerks_propose_the_same_at_once_and_one_session_stands(database_url: str, tmp_path: Any):
    with running_app(settings_for(database_url, tmp_path)) as app:
        with app.app_context():
            city = make_city()
            host, other = pair(city)
        wanted = partial(propose_joint, host_number=host.number, numbers=[other.number], now=NOW)
        turned = partial(propose_joint, host_number=other.number, numbers=[host.number], now=NOW)
        answers = at_once(app, [partial(wanted, city.community), partial(turned, city.town)])
        refusals = [each for each in answers if isinstance(each, Refused)]
        assert [(each.code, each.about["fault"]) for each in refusals] == [("joint", "not_now")]
        with app.app_context():
            assert db.session.scalar(select(func.count()).select_from(JointSession)) == 1


def test_one_session_that_cannot_be_closed_keeps_no_other_open(own_city: City, monkeypatch: pytest.MonkeyPatch):
    _host, _other, broken = proposed(own_city)
    _host, _other, good = proposed(own_city)
    real = joint._lock_session

    def fail(session_id: int) -> JointSession:
        if session_id == broken:
            raise RuntimeError("broken")
        return real(session_id)

    monkeypatch.setattr(joint, "_lock_session", fail)
    assert close_joint(NOW + ANSWER_WITHIN) == 1
    assert (session_of(broken).status, session_of(good).status) == ("open", "called_off")
