"""Fixtures of the journeys: a real browser, the service over real HTTP, and nothing left behind between two tests.

Every journey runs on a phone and on a desktop screen. It fails when any page that anybody visited wrote an error to
the console, broke the Content-Security-Policy, answered 5xx or was wider than the screen, and when `qtxvol check`
finds something in the record afterwards.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.databases import running_app, settings_for, sqlite_url
from tests.factories import NOW, City, make_city
from tests.journeys.browser import DESKTOP, PHONE, Screen, find_chromium, launch
from tests.journeys.cast import Cast
from tests.journeys.live import Clock, LiveSite, serve
from tests.journeys.scene import Scene, make_city_file, stage

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if _HERE in item.path.parents:
            item.add_marker(pytest.mark.journey)


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for all journeys; each person gets a profile of their own in it."""
    executable = find_chromium()
    if executable is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is required in CI: apt-get install chromium-headless-shell")
        pytest.skip("no chromium on this machine")
    with launch(executable) as browser:
        yield browser


@pytest.fixture(scope="package")
def served_city(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveSite, City]]:
    """A small city behind a real web server, on SQLite."""
    folder = tmp_path_factory.mktemp("journeys")
    url = sqlite_url(Path(shutil.copy(sqlite_template, folder / "qtxvol.sqlite3")))
    with running_app(settings_for(url, folder)) as app:
        with app.app_context():
            city = make_city()
        with serve(app, Clock(NOW)) as site:
            site.remember()
            yield site, city


@pytest.fixture(scope="session")
def city_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo city, made once per test run and worker."""
    return make_city_file(tmp_path_factory.mktemp("demo-city"))


@pytest.fixture(scope="module")
def scene(city_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """The demo city, served for one module: its clock would be in the way of the journeys'."""
    with stage(Path(shutil.copy(city_file, tmp_path_factory.mktemp("scene") / "city.sqlite3"))) as scene:
        yield scene


@pytest.fixture(params=[PHONE, DESKTOP], ids=lambda screen: screen.name)
def screen(request: pytest.FixtureRequest) -> Screen:
    return request.param


@pytest.fixture
def has_script() -> bool:
    """Modules and parameters override it."""
    return True


@pytest.fixture
def cast(chromium: Browser, served_city: tuple[LiveSite, City], screen: Screen, has_script: bool) -> Iterator[Cast]:
    """The people of a fresh city on a Tuesday morning. At the end nothing may have gone wrong on any of their pages."""
    site, city = served_city
    site.reset()
    cast = Cast(site, city, chromium, screen, has_script)
    try:
        yield cast
    finally:
        cast.leave()
    assert cast.watch.faults == []
    assert cast.findings() == []
