"""What people say who are asked by name, and who stands in for somebody who can't come after all."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.permissions import ContactAccess, contact_access
from qtxvol.extensions import db
from qtxvol.notices.answers import Given, answer_at_desk, answer_link, answer_path
from qtxvol.notices.invitations import open_link
from qtxvol.notices.models import Notice
from qtxvol.notices.queue import To
from qtxvol.offers.crew_asks import list_open_asks
from qtxvol.offers.holds import advance_holds, hold_order, let_go_order
from qtxvol.orders.crew import change_crew
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import Order
from qtxvol.orders.queries import Filters, get_order_view, list_orders
from qtxvol.orders.replies import Purpose
from qtxvol.orders.serve import accept_order, reschedule_order, withdraw_order
from qtxvol.orders.transition import Outcome
from qtxvol.privacy.erase import FATES
from qtxvol.privacy.own_data import export_volunteer
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Volunteer
from tests.factories import NOW, City, claimed, make_city, make_volunteer, window
from tests.offers.crews import (
    TIME,
    asked_of,
    asks_of,
    crew_of,
    held,
    hold_of,
    lend,
    say,
    takes,
    told,
    with_people,
)
from tests.orders.answers import events_of, findings, order_of

MINUTE = timedelta(minutes=1)
WAIT = timedelta(minutes=241)
YES = Given(is_yes=True)
NO = Given(is_yes=False, reason="work")


@pytest.fixture
def city(ctx: None) -> City:
    return make_city()


@pytest.fixture
def city_sqlite(ctx_sqlite: None) -> Iterator[City]:
    city = make_city()
    yield city
    assert findings() == []


def volunteer(who: int) -> Actor:
    return Actor(Party.VOLUNTEER, "志愿者", account_id=9000 + who, volunteer_id=who)


def link(order: Outcome, who: int, purpose: str = "join") -> str:
    reader = To(Party.VOLUNTEER, str(who), order.order_id)
    path = answer_path(purpose, order_id=order.order_id, reader=reader, now=NOW)
    db.session.rollback()
    return path.rpartition("/")[2]


def refusal_of(token: str, given: Given, now=NOW) -> Refused:
    with pytest.raises(Refused) as caught:
        answer_link(token, given, now)
    db.session.rollback()
    return caught.value


def settled(city: City, people: int = 1) -> Outcome:
    """Accepted with people who were asked; others stand by."""
    takes(people)
    with_people(city.team, 8)
    order = held(city)
    while order_of(order.number).status == "claimed":
        say(order, asked_of(order)[0], "yes")
    return order


# By the link


def test_one_tap_on_the_link_says_yes_and_later_the_same_link_says_who_cannot_come(city: City):
    with_people(city.team, 5)
    order = held(city)
    who = asked_of(order)[0]
    token = link(order, who)
    assert open_link(token, NOW).said == ""
    done = answer_link(token, YES, NOW)
    assert (done.asked.purpose, done.said) == (Purpose.COME, "yes")
    assert crew_of(order) == {who}
    again = answer_link(token, YES, NOW)
    assert again.said == "yes"
    answer_link(token, NO, NOW + MINUTE)
    assert told(order, "cannot_come") == [str(city.team.team_id)]
    assert len(asked_of(order)) == 1
    assert findings() == []


def test_a_no_needs_a_reason_and_can_be_taken_back_while_somebody_is_needed(city_sqlite: City):
    with_people(city_sqlite.team, 9)
    order = held(city_sqlite)
    who = asked_of(order)[0]
    token = link(order, who)
    assert refusal_of(token, Given(is_yes=False)).about["field"] == "reason"
    assert refusal_of(token, Given(is_yes=False, reason="other")).about["field"] == "text"
    before = set(asked_of(order))
    assert answer_link(token, NO, NOW).said == "no"
    assert set(asked_of(order)) > before - {who}
    assert answer_link(token, NO, NOW).said == "no"
    assert answer_link(token, YES, NOW).said == "yes"
    assert crew_of(order) == {who}


def test_a_link_says_politely_that_nobody_is_needed_any_more(city_sqlite: City):
    with_people(city_sqlite.team, 5)
    order = held(city_sqlite)
    first, second = asked_of(order)[:2]
    token = link(order, second)
    say(order, first, "yes")
    assert refusal_of(token, YES).code == "join_over"
    with pytest.raises(Refused) as caught:
        open_link(token, NOW)
    assert (caught.value.code, caught.value.status) == ("join_over", 410)
    assert crew_of(order) == {first}


def test_the_last_no_lets_the_order_go_and_is_kept(city_sqlite: City):
    order = held(city_sqlite)
    tokens = {who: link(order, who) for who in asked_of(order)}
    while order_of(order.number).held_team_id:
        who = asked_of(order)[0]
        token = tokens.get(who) or link(order, who)
        assert answer_link(token, NO, NOW).said == "no"
    assert {ask.answer for ask in asks_of(order)} == {"no"}
    assert {ask.reason for ask in asks_of(order)} == {"work"}


def test_nobody_says_yes_twice_for_one_half_of_a_day(city: City):
    order, other = held(city), claimed(city)
    same_morning = window(3 + 1.6 / 24, hours=0.25)
    assert not same_morning.overlaps(TIME)
    hold_order(other.number, city.team, agreed=same_morning, now=NOW)
    both = set(asked_of(order)) & set(asked_of(other))
    assert both
    who = min(both)
    answer_link(link(order, who), YES, NOW)
    assert crew_of(order) == {who}
    refusal = refusal_of(link(other, who), YES)
    assert (refusal.code, refusal.status) == ("join_booked", 409)
    assert who in asked_of(other)


def test_a_yes_in_an_open_hold_books_like_a_service(city_sqlite: City):
    takes(2)
    order = held(city_sqlite)
    who = asked_of(order)[0]
    say(order, who, "yes")
    other = claimed(city_sqlite)
    with pytest.raises(Refused) as caught:
        accept_order(other.number, city_sqlite.team, agreed=TIME, volunteer_ids=city_sqlite.crew, now=NOW)
    assert caught.value.code == "person_busy"


# At the desk


def test_who_is_asked_sees_the_order_until_the_question_ends_and_never_the_number(city: City):
    with_people(city.team, 5)
    order = held(city)
    asked = asked_of(order)
    stands_by = next(ask.volunteer_id for ask in asks_of(order) if ask.asked_at is None)
    view = get_order_view(volunteer(asked[0]), order.number, NOW)
    assert contact_access(volunteer(asked[0]), view.order) is ContactAccess.NONE
    assert [each.row.number for each in list_open_asks(asked[0], NOW)] == [order.number]
    for nobody in (stands_by, city.other_crew[0]):
        with pytest.raises(NotFound):
            get_order_view(volunteer(nobody), order.number, NOW)
        assert list_open_asks(nobody, NOW) == []
    answer_at_desk(order.number, volunteer(asked[0]), YES, NOW)
    assert crew_of(order) == {asked[0]}
    with pytest.raises(NotFound):
        get_order_view(volunteer(asked[1]), order.number, NOW)
    assert list_open_asks(asked[1], NOW) == []


def test_what_one_is_only_asked_for_is_not_among_the_services_ahead(city_sqlite: City):
    order = settled(city_sqlite)
    named = next(iter(crew_of(order)))
    answer_link(link(order, named, "come"), NO, NOW)
    stand_in = asked_of(order)[0]
    assert list_orders(volunteer(stand_in), Filters(tab="accepted"), NOW).rows == []
    assert [row.number for row in list_orders(volunteer(stand_in), Filters(tab="all"), NOW).rows] == [order.number]


# After the acceptance


def test_who_cannot_come_after_all_is_replaced_by_the_next_on_the_list(city: City):
    order = settled(city)
    named = next(iter(crew_of(order)))
    answer_link(link(order, named, "come"), NO, NOW)
    stand_in = asked_of(order)[0]
    assert stand_in != named
    assert len(asked_of(order)) == 1
    assert answer_link(link(order, stand_in), YES, NOW).asked.purpose is Purpose.COME
    assert crew_of(order) == {stand_in}
    assert events_of(order.number)[-1].action == "crew"
    assert told(order, "crew_replaced") == [str(city.team.team_id)]
    about = db.session.scalars(select(Notice.about).where(Notice.kind == "crew_replaced")).one()
    assert about["volunteer_id"] == stand_in
    assert findings() == []


def test_who_stands_in_is_looked_for_anew_when_nobody_on_the_list_can(city_sqlite: City):
    people = with_people(city_sqlite.team, 20)
    order = settled(city_sqlite)
    [comes] = crew_of(order)
    before = {ask.volunteer_id for ask in asks_of(order)}
    with transaction():
        db.session.execute(update(Volunteer).where(Volunteer.id.in_(before - {comes})).values(status="paused"))
    answer_link(link(order, comes, "come"), NO, NOW)
    [instead] = asked_of(order)
    assert instead in set(people) - before
    answer_link(link(order, instead), YES, NOW)
    assert crew_of(order) == {instead}


def test_a_list_is_made_where_people_were_named_by_hand(city: City):
    others = with_people(city.team, 2)
    order = claimed(city)
    accept_order(order.number, city.team, agreed=TIME, volunteer_ids=city.crew[:1], now=NOW)
    answer_link(link(order, city.crew[0], "come"), NO, NOW)
    assert hold_of(order).ending == "accepted"
    first = asked_of(order)[0]
    answer_link(link(order, first), NO, NOW)
    second = asked_of(order)[0]
    assert {first, second} <= {*city.crew[1:], *others}
    assert advance_holds(NOW + WAIT) == 1
    third = asked_of(order)[0]
    assert third not in (first, second)
    answer_link(link(order, third), YES, NOW + WAIT)
    assert crew_of(order) == {third}
    assert findings() == []


def test_nobody_left_is_told_once_and_at_short_notice_to_the_department(city_sqlite: City):
    order = claimed(city_sqlite)
    soon = window(0.5)
    accept_order(order.number, city_sqlite.team, agreed=soon, volunteer_ids=city_sqlite.crew, now=NOW)
    answer_link(link(order, city_sqlite.crew[0], "come"), NO, NOW)
    readers = sorted([str(city_sqlite.team.team_id), city_sqlite.department.department_id or ""])
    assert told(order, "crew_short") == readers
    answer_link(link(order, city_sqlite.crew[0], "come"), Given(is_yes=False, reason="travel"), NOW)
    assert told(order, "crew_short") == readers


def test_only_somebody_who_can_lead_stands_in_for_the_only_lead(city_sqlite: City):
    takes(2)
    helpers = with_people(city_sqlite.team, 3, skills=[], licensed_skills=[])
    order = claimed(city_sqlite)
    people = [city_sqlite.crew[0], helpers[0]]
    accept_order(order.number, city_sqlite.team, agreed=TIME, volunteer_ids=people, now=NOW)
    answer_link(link(order, city_sqlite.crew[0], "come"), NO, NOW)
    assert set(asked_of(order)) <= set(city_sqlite.crew[1:])
    assert asked_of(order)


def test_who_comes_after_all_frees_the_one_who_was_asked_instead(city_sqlite: City):
    order = settled(city_sqlite)
    named = next(iter(crew_of(order)))
    token = link(order, named, "come")
    answer_link(token, NO, NOW)
    stand_in = asked_of(order)[0]
    answer_link(token, YES, NOW + MINUTE)
    assert asked_of(order) == []
    assert str(stand_in) in told(order, "not_needed")
    assert crew_of(order) == {named}


def test_the_leader_can_still_change_people_by_hand(city_sqlite: City):
    order = settled(city_sqlite)
    named = next(iter(crew_of(order)))
    answer_link(link(order, named, "come"), NO, NOW)
    stand_in = asked_of(order)[0]
    other = make_volunteer(city_sqlite.team.team_id)
    change_crew(order.number, city_sqlite.team, volunteer_ids=[other], now=NOW)
    assert asked_of(order) == []
    assert str(stand_in) in told(order, "not_needed")


@pytest.mark.parametrize("step", ["withdraw", "reschedule"])
def test_the_list_ends_when_the_service_moves_or_goes(city_sqlite: City, step: str):
    order = settled(city_sqlite)
    named = next(iter(crew_of(order)))
    answer_link(link(order, named, "come"), NO, NOW)
    stand_in = asked_of(order)[0]
    if step == "withdraw":
        withdraw_order(order.number, city_sqlite.team, reason="work", now=NOW)
    else:
        reschedule_order(order.number, city_sqlite.team, agreed=window(4), now=NOW)
    assert str(stand_in) in told(order, "not_needed")
    assert {ask.ending for ask in asks_of(order)} <= {"void", "named", "not_needed", "silent"}


def test_a_lent_person_who_agreed_stays_when_the_leader_changes_others(city_sqlite: City):
    takes(4)
    lend(city_sqlite.other_team)
    order = held(city_sqlite)
    for who in city_sqlite.crew:
        say(order, who, "yes")
    say(order, asked_of(order)[0], "yes")
    crew = crew_of(order)
    lent = next(iter(crew - set(city_sqlite.crew)))
    other = make_volunteer(city_sqlite.team.team_id)
    change_crew(order.number, city_sqlite.team, volunteer_ids=[*crew - {city_sqlite.crew[0]}, other], now=NOW)
    assert lent in crew_of(order)


# The person's own data


def test_what_somebody_said_is_theirs_to_read_and_goes_when_they_go(city_sqlite: City):
    order = held(city_sqlite)
    who = asked_of(order)[0]
    answer_link(link(order, who), Given(is_yes=False, reason="other", text="孩子发烧"), NOW)
    rows = export_volunteer(who)["crew_asks"]
    assert [(row["answer"], row["text"]) for row in rows] == [("no", "孩子发烧")]
    assert FATES["crew_asks"] == ("reason", "text")
    if order_of(order.number).held_team_id:
        let_go_order(order.number, city_sqlite.team, reason="no_people", now=NOW)
    assert db.session.scalars(select(Order.held_team_id).where(Order.id == order.order_id)).all() == [None]
