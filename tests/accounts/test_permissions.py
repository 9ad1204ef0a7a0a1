"""Who may know of which order, and how much of a resident's contact anybody sees."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from qtxvol.accounts.actor import Actor, system_actor
from qtxvol.accounts.permissions import (
    ContactAccess,
    contact_access,
    find_obstacle,
    may_search_by_phone,
    visible_orders,
)
from qtxvol.extensions import db
from qtxvol.orders.claim import claim_order, offer_order, release_order, return_order
from qtxvol.orders.decline import cancel_order
from qtxvol.orders.dispatch import dispatch_order
from qtxvol.orders.lifecycle import Action, Party, Status
from qtxvol.orders.models import Order
from qtxvol.orders.serve import reopen_order, withdraw_order
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
    placed,
    window,
)

COUNTY = "640381000000"
NEIGHBOUR = "640381001004"  # another community of the same town
LATER = window(3).ends_at + timedelta(hours=2)


def sees(actor: Actor, order: object) -> bool:
    db.session.rollback()
    statement = select(Order.id).where(Order.number == order.number, visible_orders(actor))
    return db.session.scalar(statement) is not None


def row_of(order: object) -> Order:
    db.session.rollback()
    return db.session.scalars(select(Order).where(Order.number == order.number)).one()


def test_a_clerk_sees_the_own_division_and_what_lies_below(city: City):
    own, neighbour, far = (placed(city, division_code=code) for code in (COMMUNITY, NEIGHBOUR, OTHER_COMMUNITY))
    of_town = placed(city, division_code="640381001000")
    county = make_actor(Party.COMMUNITY, "青铜峡市", division_code=COUNTY)
    for actor, visible in (
        (city.community, [True, False, False, False]),
        (city.town, [True, True, False, True]),
        (city.other_community, [False, False, True, False]),
        (county, [True, True, True, True]),
    ):
        assert [sees(actor, order) for order in (own, neighbour, far, of_town)] == visible, actor.name


def test_a_clerk_goes_on_seeing_an_order_to_its_end(city: City):
    for order in (dispatched(city), claimed(city), accepted(city), closed(city, agreed=window(4))):
        assert sees(city.community, order)
    assert sees(city.community, cancel_order(placed(city).number, city.community, reason="weather", now=NOW))


def test_a_resident_sees_what_the_own_account_placed(city: City):
    mine, somebodys = placed(city), placed(city, actor=city.community)
    neighbour = make_actor(Party.RESIDENT, "居民", division_code=COMMUNITY)
    assert [sees(city.resident, order) for order in (mine, somebodys)] == [True, False]
    assert not sees(neighbour, mine)


def test_a_link_opens_its_one_order(city: City):
    mine, other = placed(city), placed(city)
    assert sees(link_of(mine), mine)
    assert not sees(link_of(mine), other)


def test_a_link_followed_while_signed_in_opens_the_links_order(city: City):
    mine, other = placed(city), placed(city, actor=city.community)
    both = replace(city.resident, order_id=other.order_id)
    assert sees(both, other)
    assert not sees(both, mine)


@pytest.mark.parametrize("party", [Party.RESIDENT, Party.COMMUNITY, Party.DEPARTMENT, Party.TEAM, Party.VOLUNTEER])
def test_a_desk_that_is_bound_to_nothing_sees_nothing(city: City, party: Party):
    orders = [placed(city), claimed(city), closed(city)]
    assert not any(sees(Actor(party, "无"), order) for order in orders)


def test_the_office_and_the_service_itself_see_everything(city: City):
    for order in (placed(city, division_code=OTHER_COMMUNITY), claimed(city)):
        assert sees(city.office, order)
        assert sees(system_actor("check"), order)


def test_a_department_sees_an_order_from_its_dispatch_on(city: City):
    order = placed(city)
    assert not sees(city.department, order)
    dispatch_order(order.number, city.community, department_id="health", now=NOW)
    assert sees(city.department, order)
    assert not sees(city.other_department, order)


def test_a_department_goes_on_knowing_what_it_has_held(city: City):
    order = dispatched(city)
    return_order(order.number, city.department, reason="not_our_field", now=NOW)
    assert sees(city.department, order)
    dispatch_order(order.number, city.community, department_id="education", now=NOW)
    assert sees(city.department, order)
    assert sees(city.other_department, order)
    assert find_obstacle(city.department, row_of(order), Action.CLAIM) == "moved_on"
    assert find_obstacle(city.other_department, row_of(order), Action.CLAIM) is None


def test_the_pool_of_a_team_is_its_department_and_its_themes(city: City):
    health, mental, wish = (
        claimed(city),
        claimed(city, menu_item_id="S07"),
        claimed(city, menu_item_id=None, wish="随便"),
    )
    elsewhere = placed(city)
    dispatch_order(elsewhere.number, city.community, department_id="education", now=NOW)
    claim_order(elsewhere.number, city.other_department, now=NOW)
    orders = (health, mental, wish, elsewhere)
    education, _ = make_team("education", themes=("health",))
    assert [sees(city.team, order) for order in orders] == [True, True, True, False]
    assert [sees(city.other_team, order) for order in orders] == [True, False, True, False]
    assert [sees(education, order) for order in orders] == [False, False, False, True]


@pytest.mark.parametrize(
    ("make", "is_in_pool"), [(placed, False), (dispatched, False), (claimed, True), (accepted, True), (closed, False)]
)
def test_a_team_of_the_pool_sees_what_is_claimed_or_just_taken(city: City, make, is_in_pool: bool):
    assert sees(city.other_team, make(city)) == is_in_pool


def test_a_team_keeps_what_it_served_or_gave_back(city: City):
    served, given_back = closed(city), accepted(city)
    withdraw_order(given_back.number, city.team, reason="work", now=NOW)
    release_order(given_back.number, city.department, reason="team_fell_out", now=NOW)
    for order in (served, given_back):
        assert sees(city.team, order)
        assert not sees(city.other_team, order)
    assert find_obstacle(city.team, row_of(given_back), Action.CLOSE) == "moved_on"
    assert find_obstacle(city.team, row_of(served), Action.CLOSE) is None


def test_a_team_that_was_asked_by_name_sees_the_order(city: City):
    order = claimed(city)
    stranger, _ = make_team("education", themes=("youth_science",))
    assert not sees(stranger, order)
    offer_order(order.number, city.department, team_ids=[stranger.team_id], now=NOW)
    assert sees(stranger, order)
    assert find_obstacle(stranger, row_of(order), Action.ACCEPT) is None
    assert find_obstacle(stranger, row_of(order), Action.CLOSE) == "moved_on"


def test_a_volunteer_sees_the_orders_that_name_them(city: City):
    named = replace(city.volunteer, volunteer_id=city.crew[0])
    colleague = replace(city.volunteer, volunteer_id=city.crew[1])
    order = claimed(city)
    assert not sees(named, order)
    running = accepted(city)
    assert sees(named, running)
    assert not sees(colleague, running)
    withdraw_order(running.number, city.team, reason="work", now=NOW)
    assert not sees(named, running)


def test_a_volunteer_keeps_what_the_own_hours_came_from(city: City):
    named = replace(city.volunteer, volunteer_id=city.crew[0])
    order = closed(city)
    assert sees(named, order)
    reopen_order(order.number, city.office, text="重讲。", now=LATER)
    assert sees(named, order)


# Contact

FULL, MASKED, NONE = ContactAccess.FULL, ContactAccess.MASKED, ContactAccess.NONE

#: who sees how much, by status: the community always, the team between accept and close, the resident masked
CONTACT = {
    "community": dict.fromkeys(Status, FULL),
    "town": dict.fromkeys(Status, FULL),
    "department": dict.fromkeys(Status, NONE),
    "team": {**dict.fromkeys(Status, NONE), Status.ACCEPTED: FULL},
    "other_team": dict.fromkeys(Status, NONE),
    "volunteer": dict.fromkeys(Status, NONE),
    "office": dict.fromkeys(Status, NONE),
    "resident": dict.fromkeys(Status, MASKED),
}


@pytest.mark.parametrize("party", CONTACT)
def test_a_phone_is_shown_to_who_needs_it_while_they_do(city: City, party: str):
    for status, access in CONTACT[party].items():
        order = Order(status=status, team_id=city.team.team_id, division_code=COMMUNITY, department_id="health")
        assert contact_access(getattr(city, party), order) == access, status


def test_the_service_itself_sees_no_phone(city: City):
    assert contact_access(system_actor("reminders"), Order(status="accepted", team_id=1)) == NONE


def test_only_the_community_searches_by_phone(city: City):
    may = {name for name in CONTACT if may_search_by_phone(getattr(city, name))}
    assert may == {"community", "town"}
