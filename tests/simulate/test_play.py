"""A small month played whole: nothing breaks, the record holds together, and the same seed is the same month."""

import os
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from qtxvol.cli import main
from qtxvol.extensions import db
from qtxvol.orders.models import CrewAsk, Offer, Order
from qtxvol.simulate.play import Habits
from qtxvol.simulate.report import list_gates, write_lines
from qtxvol.simulate.run import NotEmpty, Size, check_empty, simulate
from tests.databases import migrate, sqlite_url
from tests.factories import make_city

SMALL = Size(teams=8, volunteers=60, orders=12, days=3, seed=2)


@pytest.mark.usefixtures("ctx_sqlite")
def test_a_small_month_plays_through_and_holds_together():
    result = simulate(SMALL, Habits(emergency=0.15, urgent=0.3, no_show=0.1, falls_out=0.4))
    assert result.findings == []
    assert result.record.faults == []
    assert sum(result.left.values()) == len(result.fairness.orders) == SMALL.orders
    assert result.fairness.captains.asked == db.session.scalar(select(func.count(Offer.id)))
    asked = select(func.count(CrewAsk.id)).where(CrewAsk.asked_at.is_not(None))
    assert result.fairness.members.asked == db.session.scalar(asked)
    assert result.fairness.volunteers.people == SMALL.volunteers
    served = {line.urgency for line in result.fairness.filled}
    assert {"normal", "urgent"} <= served
    acts = result.record.acts
    assert min(acts[each] for each in ("team yes", "person yes", "person falls out", "first call", "close", "rate")) > 0
    # whoever is asked for an ordinary order is asked by day
    ordinary = select(Offer.asked_at).join(Order, Order.id == Offer.order_id).where(Order.urgency != "emergency")
    by_clock = [(at + timedelta(hours=8)).time().hour for at in db.session.scalars(ordinary)]
    assert by_clock
    assert all(7 <= hour < 22 for hour in by_clock)
    lines = list(write_lines(result))
    assert "12 orders in 3 days" in lines[0]
    assert any("everything holds together" in line for line in lines)
    assert {gate.name for gate in list_gates(result.fairness, is_peak=True)} <= {
        line.strip()[:30].strip() for line in lines
    }


@pytest.mark.usefixtures("ctx_sqlite")
def test_a_city_that_holds_anything_is_left_alone():
    check_empty()
    make_city()
    before = db.session.scalar(select(func.count(Order.id)))
    with pytest.raises(NotEmpty):
        simulate(SMALL)
    assert db.session.scalar(select(func.count(Order.id))) == before


def test_the_command_plays_in_a_database_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    answer = CliRunner().invoke(
        main, ["simulate", "--orders", "2", "--teams", "3", "--volunteers", "20", "--days", "2"]
    )
    assert answer.exit_code == 0, answer.output
    assert "everything holds together" in answer.output
    assert os.listdir(tmp_path) == []


def test_the_command_refuses_a_database_that_is_not_empty(monkeypatch: pytest.MonkeyPatch, tmp_path):
    url = sqlite_url(tmp_path / "city.sqlite3")
    migrate(url, tmp_path)
    from sqlalchemy import create_engine, text

    engine = create_engine(url)
    with engine.begin() as connection:
        columns = "username, display_name, password_hash, created_at"
        connection.execute(text(f"INSERT INTO accounts ({columns}) VALUES ('a', 'a', 'a', '2026-01-01')"))
    engine.dispose()
    monkeypatch.setenv("DATABASE_URL", url)
    answer = CliRunner().invoke(main, ["simulate", "--orders", "2"])
    assert answer.exit_code == 1
    assert "not empty" in answer.output
