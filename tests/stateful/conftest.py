"""Databases for random walks: each example starts from a copy of one city."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from flask import Flask

from qtxvol.accounts.actor import Actor
from qtxvol.directory.loader import load_facts
from qtxvol.orders.lifecycle import Party
from tests.conftest import BOTH_DATABASES
from tests.databases import create_database, drop_database, running_app, settings_for, sqlite_url
from tests.factories import COMMUNITY, NOW, City, make_actor, make_city, make_team


@dataclass(frozen=True)
class World:
    """A city with one more resident, and a team of the other department.

    :ivar start: an app on a fresh copy of the city's database.
    """

    database: str
    city: City
    neighbour: Actor
    school_team: Actor
    school_crew: tuple[int, ...]
    start: Callable[[], AbstractContextManager[Flask]]


def people() -> tuple[City, Actor, Actor, tuple[int, ...]]:
    team, crew = make_team("education", themes=("health",), name="一中测试队", people=2)
    return make_city(), make_actor(Party.RESIDENT, "居民", division_code=COMMUNITY), team, crew


@pytest.fixture(params=BOTH_DATABASES)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """On SQLite, then on PostgreSQL."""
    serial = count()
    is_sqlite = request.param == "sqlite"
    if is_sqlite:
        url = request.getfixturevalue("sqlite_database")
    else:  # nobody may be connected to what is copied: one that nobody empties
        server = request.getfixturevalue("postgres_url")
        url = create_database(server, request.getfixturevalue("postgres_template"))
    with running_app(settings_for(url, tmp_path)) as app, app.app_context():
        load_facts(NOW)
        city, neighbour, school_team, school_crew = people()

    @contextmanager
    def start() -> Iterator[Flask]:
        if is_sqlite:
            file = tmp_path / f"copy{next(serial)}.sqlite3"
            copy = sqlite_url(Path(shutil.copy(url.removeprefix("sqlite:///"), file)))
        else:
            copy = create_database(server, url)
        try:
            with running_app(settings_for(copy, tmp_path)) as app:
                yield app
        finally:
            if is_sqlite:
                file.unlink()
            else:
                drop_database(server, copy)

    yield World(request.param, city, neighbour, school_team, school_crew, start)
    if not is_sqlite:
        drop_database(server, url)
