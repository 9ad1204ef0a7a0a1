"""Fixtures for the pages. `site` is a small city at a fixed moment, on both databases; `site_sqlite` on SQLite only.

Helpers are in `pages.py` (what a browser does) and `site.py` (who is there).
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import time_machine
from flask import Flask

from tests.conftest import BOTH_DATABASES
from tests.databases import create_database, drop_database, running_app, settings_for
from tests.factories import NOW, make_city
from tests.web.site import Site


@contextmanager
def site_of(app: Flask) -> Iterator[Site]:
    """The clock starts only now: the database server must not see it jump."""
    with time_machine.travel(NOW, tick=False) as clock:
        with app.app_context():
            city = make_city()
        yield Site(app, city, clock)


@pytest.fixture
def site(app: Flask) -> Iterator[Site]:
    with site_of(app) as site:
        yield site


@pytest.fixture
def site_sqlite(app_sqlite: Flask) -> Iterator[Site]:
    with site_of(app_sqlite) as site:
        yield site


@pytest.fixture(scope="module", params=BOTH_DATABASES[1:])
def app_of_module(
    postgres_url: str, postgres_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """One service for all tests of a module that leave no rows behind; on PostgreSQL, the stricter one about what
    somebody sends. What a page does to the records is asked on both: `site`."""
    url = create_database(postgres_url, postgres_template)
    try:
        with running_app(settings_for(url, tmp_path_factory.mktemp("site"))) as app:
            yield app
    finally:
        drop_database(postgres_url, url)


@pytest.fixture(scope="module")
def site_of_module(app_of_module: Flask) -> Site:
    """Its clock is set anew for each test by `still`."""
    with site_of(app_of_module) as site:
        return site


@pytest.fixture
def still(site_of_module: Site) -> Iterator[Site]:
    """The module's city at `NOW`, for tests that look, or that are refused."""
    with time_machine.travel(NOW, tick=False) as clock:
        site_of_module.clock = clock
        yield site_of_module
