"""Which team may take an order, and where a clerk may order for others."""

from datetime import timedelta

import pytest

from qtxvol.extensions import db
from qtxvol.orders.claim import claim_order, offer_order, release_order
from qtxvol.orders.dispatch import dispatch_order
from qtxvol.orders.queries import Filters, list_orders
from qtxvol.orders.serve import accept_order, close_order
from qtxvol.refusals import Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team
from tests.factories import (
    NOW,
    OTHER_COMMUNITY,
    accepted,
    claimed,
    make_city,
    make_team,
    placed,
    window,
)

pytestmark = pytest.mark.usefixtures("ctx")


def test_a_team_of_another_department_may_take_what_it_was_asked_for() -> None:
    city = make_city()
    guests, crew = make_team("education", themes=("youth_science",))
    order = claimed(city)
    offer_order(order.number, city.department, team_ids=[guests.team_id or 0], now=NOW)
    assert list_orders(guests, Filters(), NOW).total == 1
    outcome = accept_order(order.number, guests, agreed=window(3), volunteer_ids=crew[:1], now=NOW)
    assert outcome.status == "accepted"


def test_an_offer_ends_when_the_department_gives_the_order_back() -> None:
    city = make_city()
    guests, crew = make_team("education", themes=("youth_science",))
    order = claimed(city)
    offer_order(order.number, city.department, team_ids=[guests.team_id or 0], now=NOW)
    release_order(order.number, city.department, reason="no_team", now=NOW)
    dispatch_order(order.number, city.community, department_id="health", now=NOW)
    claim_order(order.number, city.department, now=NOW)
    assert list_orders(guests, Filters(), NOW).total == 0
    with pytest.raises(Refused, match="not_asked") as refused:
        accept_order(order.number, guests, agreed=window(3), volunteer_ids=crew[:1], now=NOW)
    assert refused.value.status == 409


def test_a_team_that_is_out_of_use_accepts_nothing() -> None:
    city = make_city()
    order = claimed(city)
    with transaction():
        db.session.get_one(Team, city.team.team_id).is_active = False
    with pytest.raises(Refused, match="team_inactive"):
        accept_order(order.number, city.team, agreed=window(3), volunteer_ids=city.crew[:1], now=NOW)


def test_a_clerk_orders_only_for_the_own_place() -> None:
    city = make_city()
    with pytest.raises(Refused, match="unknown") as refused:
        placed(city, actor=city.community, division_code=OTHER_COMMUNITY)
    assert refused.value.about["field"] == "division_code"
    assert placed(city, actor=city.town).status == "placed"


@pytest.mark.parametrize("attendance", [-1, 5001])
def test_nobody_writes_up_more_people_than_there_can_be(attendance: int) -> None:
    city = make_city()
    agreed = window(3)
    order = accepted(city, agreed=agreed)
    with pytest.raises(Refused, match="headcount"):
        close_order(
            order.number,
            city.team,
            actual=agreed,
            attendance=attendance,
            report="讲了。",
            minutes={city.crew[0]: 60},
            now=agreed.ends_at + timedelta(hours=1),
        )
