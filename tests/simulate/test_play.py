"""Small months played whole: nothing breaks, the record holds together, and the same seed is the same month."""

import os
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import func, select

from qtxvol.accounts.models import Account
from qtxvol.cli import main
from qtxvol.extensions import db
from qtxvol.orders.models import Crew, CrewAsk, Offer, Order
from qtxvol.simulate.play import Habits
from qtxvol.simulate.report import list_gates, write_lines
from qtxvol.simulate.run import NotEmpty, Result, Size, check_empty, simulate
from qtxvol.storage import transaction
from tests.databases import running_app, settings_for, sqlite_url
from tests.factories import NOW, make_city

SMALL = Size(teams=8, volunteers=60, orders=5, days=1, seed=2)
#: Much goes wrong, and everything soon.
ROUGH = Habits(urgent=0.3, no_show=0.1, falls_out=0.6, override=0.9, wished_days=(2, 3))
#: With this seed its only order is placed in the middle of the night.
NIGHTLY = 3
CITY_HOURS = timedelta(hours=8)


@pytest.fixture
def apps(sqlite_template: Path, tmp_path: Path) -> Iterator[list[Flask]]:
    """Two services with an empty database each."""
    found = []
    for name in ("one", "other"):
        folder = tmp_path / name
        folder.mkdir()
        found.append((sqlite_url(Path(shutil.copy(sqlite_template, folder / "city.sqlite3"))), folder))
    with running_app(settings_for(*found[0])) as one, running_app(settings_for(*found[1])) as other:
        yield [one, other]


def figures(result: Result) -> list[str]:
    """What is printed, without how long it took."""
    return list(write_lines(result))[:-1]


def hours_of(moments: list) -> list[int]:
    return [(moment + CITY_HOURS).hour for moment in moments]


@pytest.mark.usefixtures("ctx_sqlite")
def test_a_small_month_plays_through_and_holds_together():
    result = simulate(SMALL, ROUGH)
    assert result.findings == []
    assert result.record.faults == []
    found = result.fairness
    assert sum(result.left.values()) == len(found.orders) == SMALL.orders
    assert found.captains.asked == db.session.scalar(select(func.count(Offer.id))) > 0
    asked = db.session.scalar(select(func.count(CrewAsk.id)).where(CrewAsk.asked_at.is_not(None)))
    assert found.members.asked == asked > 0
    assert result.listed >= asked
    assert sum(result.holds.values()) >= result.holds["accepted"] > 0
    assert found.volunteers.people == SMALL.volunteers
    assert found.overridden("department") > 0
    acts = result.record.acts
    assert min(acts[each] for each in ("team yes", "person yes", "first call", "close")) > 0
    # whoever is asked for an ordinary order is asked by day
    by_clock = hours_of(list(db.session.scalars(select(Offer.asked_at))))
    assert all(7 <= hour < 22 for hour in by_clock)
    lines = list(write_lines(result))
    assert "5 orders in 1 days" in lines[0]
    assert "everything holds together" in lines[-1]
    for gate in list_gates(found, is_peak=True):
        assert any(line.strip().startswith(gate.name) for line in lines)


def test_the_same_seed_is_the_same_month(apps: list[Flask]):
    tiny = Size(teams=5, volunteers=30, orders=2, days=1, seed=3)
    played = []
    for app in apps:
        with app.app_context():
            played.append(figures(simulate(tiny, ROUGH)))
    assert played[0] == played[1]


@pytest.mark.usefixtures("ctx_sqlite")
def test_an_emergency_by_night_is_played_to_its_end_within_minutes():
    result = simulate(Size(teams=6, volunteers=60, orders=1, days=1, seed=NIGHTLY), Habits(emergency=1.0))
    assert result.findings == []
    assert result.record.faults == []
    assert dict(result.left) == {"closed": 1}
    [order] = db.session.scalars(select(Order)).all()
    assert order.urgency == "emergency"
    assert not 7 <= hours_of([order.placed_at])[0] < 22
    offered = db.session.scalars(select(Offer.asked_at)).all()
    asked = db.session.scalars(select(CrewAsk.asked_at).where(CrewAsk.asked_at.is_not(None))).all()
    assert offered
    assert asked
    assert not any(7 <= hour < 22 for hour in hours_of([*offered, *asked]))
    assert db.session.scalar(select(func.count()).select_from(Crew)) > 0
    minutes = result.fairness.emergency_minutes(0.5)
    assert minutes is not None
    assert 0 < minutes < 60


@pytest.mark.usefixtures("ctx_sqlite")
def test_a_city_that_holds_anything_is_left_alone():
    check_empty()
    make_city()
    with pytest.raises(NotEmpty):
        simulate(SMALL)
    assert db.session.scalar(select(func.count(Order.id))) == 0


def test_the_command_plays_in_a_database_of_its_own_and_prints_the_table(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    answer = CliRunner().invoke(
        main,
        [
            "simulate",
            "--orders",
            "1",
            "--teams",
            "3",
            "--volunteers",
            "15",
            "--days",
            "1",
            "--peak",
            "--baseline",
            "nearest",
        ],
    )
    assert answer.exit_code == 0, answer.output
    for words in (
        "1 orders in 1 days (peak, nearest team first)",
        "orders served",
        "messages per order served",
        "everything holds together",
    ):
        assert words in answer.output
    assert os.listdir(tmp_path) == []


def test_the_command_refuses_a_database_that_is_not_empty(
    monkeypatch: pytest.MonkeyPatch, app_sqlite: Flask, sqlite_database: str
):
    with app_sqlite.app_context(), transaction():
        db.session.add(Account(username="somebody", display_name="某人", password_hash="!", created_at=NOW))
    monkeypatch.setenv("DATABASE_URL", sqlite_database)
    answer = CliRunner().invoke(main, ["simulate", "--orders", "1"])
    assert answer.exit_code == 1
    assert "not empty" in answer.output
    assert "Traceback" not in answer.output
