"""A small city to act in, on both databases.

A database of its own costs a test half a second, so tests that look at their own orders only share one per
module and get fresh people: they ask for `city`. Tests that tamper with the database ask for `own_city`.
"""

from dataclasses import replace

import pytest

from tests.factories import City, make_city, make_volunteer


@pytest.fixture(scope="module")
def shared_city(shared_ctx: None) -> City:
    """One city for a whole module, with an app context pushed; on SQLite, then on PostgreSQL."""
    return make_city()


@pytest.fixture
def city(shared_city: City) -> City:
    """The shared city, with volunteers that nobody has named yet."""
    teams = (shared_city.team.team_id, shared_city.other_team.team_id)
    crew, other_crew = (tuple(make_volunteer(team) for _ in range(3)) for team in teams)
    return replace(shared_city, crew=crew, other_crew=other_crew)


@pytest.fixture
def own_city(ctx: None) -> City:
    """A city in this test's own database."""
    return make_city()


@pytest.fixture
def city_sqlite(ctx_sqlite: None) -> City:
    """The same on SQLite only, where the database makes no difference."""
    return make_city()
