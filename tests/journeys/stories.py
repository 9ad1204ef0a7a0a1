"""Stretches of the way that several journeys go."""

from datetime import UTC, datetime, timedelta

from tests.journeys.cast import Cast
from tests.journeys.people import PlacedOrder, Wish

#: The first time that `Wish` and the factories name, as it stands among a leader's choices.
FIRST_TIME = "11月27日"
#: `Wish` means this hour, the factories the next; a lecture takes one.
STARTS_AT = datetime(2026, 11, 27, 1, 0, tzinfo=UTC)
AFTERWARDS = STARTS_AT + timedelta(hours=4)

#: The one after.
SECOND_TIME = "11月29日"
AFTER_SECOND_TIME = datetime(2026, 11, 29, 10, 0, tzinfo=UTC)


def bring_to_department(cast: Cast, wish: Wish | None = None) -> PlacedOrder:
    """点单 and 派单."""
    order = cast.resident.place_order(wish)
    cast.clerk.dispatch(order)
    return order


def bring_to_team(cast: Cast, wish: Wish | None = None) -> PlacedOrder:
    """点单, 派单, 领单."""
    order = bring_to_department(cast, wish)
    cast.liaison.claim(order)
    return order


def bring_to_appointment(cast: Cast, wish: Wish | None = None) -> PlacedOrder:
    """Up to 接单, for the first time that the resident named."""
    order = bring_to_team(cast, wish)
    cast.leader.accept(order, FIRST_TIME, cast.crew[:1])
    return order
