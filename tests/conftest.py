"""Fixtures that every test may ask for. Each test has a database of its own, migrated and empty.

`app` runs a test on both databases; `app_sqlite` is for tests where the database makes no difference.
Neither pushes an app context: ask for `ctx`, or use a client. Rows come from `factories.py`.
"""

import gc
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.databases import (
    EmptiedDatabase,
    NoPostgresError,
    create_database,
    drop_database,
    migrate,
    postgres_server,
    running_app,
    settings_for,
    sqlite_url,
)

BOTH_DATABASES = [
    pytest.param("sqlite", id="sqlite"),
    pytest.param("postgres", id="postgres", marks=pytest.mark.postgres),
]


_TOKEN = re.compile(r'name="csrf_token"[^>]*?\svalue="([^"]+)"')


def pytest_collection_finish(session: pytest.Session) -> None:
    """Thousands of short tests make much waste and keep little: to look for waste less often, and never among what
    was imported, saves one part in thirty of the time."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def csrf_of(client: FlaskClient, url: str) -> str:
    """The token of the first form on the page at `url`, for a POST by the same client."""
    page = client.get(url)
    found = _TOKEN.search(page.get_data(as_text=True))
    assert found is not None, f"{url} answered {page.status} and has no form with a token"
    return found[1]


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file without rows. Copy it, never open it."""
    folder = tmp_path_factory.mktemp("sqlite_template")
    file = folder / "template.sqlite3"
    migrate(sqlite_url(file), folder)
    # the last connection to close has emptied the write-ahead log: this one file is everything
    assert not file.with_name(file.name + "-wal").exists()
    return file


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a PostgreSQL server: `QTXVOL_TEST_PG`, or one that this xdist worker starts."""
    try:
        with postgres_server() as address:
            yield address
    except NoPostgresError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"PostgreSQL is required in CI: {error}")
        pytest.skip(f"no PostgreSQL here: {error}")


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a migrated PostgreSQL database without rows. Nobody may be connected to it."""
    url = create_database(postgres_url)
    try:
        migrate(url, tmp_path_factory.mktemp("postgres_template"))
        yield url
    finally:
        drop_database(postgres_url, url)


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of this test's own migrated SQLite file."""
    return sqlite_url(Path(shutil.copy(sqlite_template, tmp_path / "qtxvol.sqlite3")))


@pytest.fixture(scope="session")
def emptied_postgres(postgres_url: str, postgres_template: str) -> Iterator[EmptiedDatabase]:
    database = EmptiedDatabase(postgres_url, postgres_template)
    yield database
    database.drop()


@pytest.fixture
def postgres_database(emptied_postgres: EmptiedDatabase) -> Iterator[str]:
    """The address of a migrated PostgreSQL database without rows that no other test uses at the time."""
    yield emptied_postgres.take()
    emptied_postgres.give_back()


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """This test's own migrated database, on both in turn (`pytest_generate_tests`)."""
    return request.getfixturevalue(f"{request.param}_database")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Both databases, or SQLite alone for what is marked `one_database`."""
    if "database_url" in metafunc.fixturenames:
        is_one = metafunc.definition.get_closest_marker("one_database") is not None
        metafunc.parametrize("database_url", BOTH_DATABASES[:1] if is_one else BOTH_DATABASES, indirect=True)


@pytest.fixture
def empty_postgres_database(postgres_url: str) -> Iterator[str]:
    url = create_database(postgres_url)
    yield url
    drop_database(postgres_url, url)


@pytest.fixture
def empty_sqlite_database(tmp_path: Path) -> str:
    return sqlite_url(tmp_path / "empty.sqlite3")


@pytest.fixture(params=BOTH_DATABASES)
def empty_database_url(request: pytest.FixtureRequest) -> str:
    """A database without any table, on both in turn."""
    return request.getfixturevalue(f"empty_{request.param}_database")


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[Flask]:
    """The service on SQLite, then on PostgreSQL. No app context is pushed."""
    with running_app(settings_for(database_url, tmp_path)) as app:
        yield app


@pytest.fixture
def ctx(app: Flask) -> Iterator[None]:
    """An app context of `app`, for tests that call services."""
    with app.app_context():
        yield


@pytest.fixture(scope="module", params=BOTH_DATABASES)
def shared_ctx(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An app context on one database for a whole module, for tests that mind only rows of their own, or only read."""
    folder = tmp_path_factory.mktemp("shared")
    if request.param == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        url = sqlite_url(Path(shutil.copy(template, folder / "qtxvol.sqlite3")))
    else:
        server = request.getfixturevalue("postgres_url")
        url = create_database(server, request.getfixturevalue("postgres_template"))
    with running_app(settings_for(url, folder)) as app, app.app_context():
        yield
    if request.param == "postgres":
        drop_database(server, url)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def app_sqlite(sqlite_database: str, tmp_path: Path) -> Iterator[Flask]:
    """The service on SQLite only. No app context is pushed."""
    with running_app(settings_for(sqlite_database, tmp_path)) as app:
        yield app


@pytest.fixture
def ctx_sqlite(app_sqlite: Flask) -> Iterator[None]:
    """An app context of `app_sqlite`."""
    with app_sqlite.app_context():
        yield


@pytest.fixture
def client_sqlite(app_sqlite: Flask) -> FlaskClient:
    return app_sqlite.test_client()
