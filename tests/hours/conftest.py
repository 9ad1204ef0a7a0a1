"""A small city, as the orders' tests have it; each test with a team of its own that has nothing in its calendar."""

from dataclasses import replace

import pytest

from tests.factories import City, make_team
from tests.orders.conftest import city_sqlite, own_city, shared_city

__all__ = ["city", "city_sqlite", "own_city", "shared_city"]


@pytest.fixture
def city(shared_city: City) -> City:
    team, crew = make_team("health", themes=("health", "mental"))
    other_team, other_crew = make_team("health", themes=("health",))
    return replace(shared_city, team=team, crew=crew, other_team=other_team, other_crew=other_crew)
