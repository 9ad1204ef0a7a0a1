"""The migrations make what the models say, on both databases, and can be taken back."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import flask_migrate
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import CheckConstraint, Connection, Date, Insert, Table, inspect, select, text
from sqlalchemy.exc import DatabaseError

from qtxvol.base import Base, UTCDateTime
from qtxvol.bundled import bundled_folder
from qtxvol.extensions import db
from qtxvol.hours.models import HoursEntry
from qtxvol.hours.requests import decide_request, propose_correction, propose_late
from qtxvol.orders.ask import answer_question, ask_resident
from qtxvol.orders.check import check_orders
from qtxvol.orders.clocks import MAIN_STEPS
from qtxvol.orders.decline import merge_order
from qtxvol.orders.models import Order, OrderClock
from qtxvol.orders.serve import reopen_order
from qtxvol.orders.undo import recall_order
from tests.databases import running_app, settings_for
from tests.factories import NOW, accepted, claimed, closed, dispatched, link_of, make_city, placed, window

APPEND_ONLY = (
    "order_events",
    "hours_entries",
    "points_entries",
    "reveals",
    "erasures",
    "volunteer_events",
    "commendation_events",
    "target_snapshots",
    "restatements",
    "target_reports",
    "report_decisions",
    "emergency_events",
)
#: What a row needs to pass its table's CHECKs.
FITTING: dict[str, dict[str, object]] = {
    "hours_entries": {"source": "leader", "corrects_id": None, "root_id": None},
    "points_entries": {"kind": "earn"},
}


@pytest.fixture
def unmigrated(empty_database_url: str, tmp_path: Path) -> Iterator[Flask]:
    with running_app(settings_for(empty_database_url, tmp_path)) as app, app.app_context():
        yield app


def tables_in_the_database() -> set[str]:
    return set(inspect(db.engine).get_table_names())


def differences_from_the_models() -> list:
    with db.engine.connect() as connection:
        settings = {"compare_type": True, "compare_server_default": True}
        return compare_metadata(MigrationContext.configure(connection, opts=settings), Base.metadata)


def checks_of(table: Table) -> dict[str, str]:
    checks = [constraint for constraint in table.constraints if isinstance(constraint, CheckConstraint)]
    return {str(check.name): str(check.sqltext) for check in checks}


def test_every_table_is_made_from_nothing(unmigrated: Flask):
    assert tables_in_the_database() == set()
    flask_migrate.upgrade()
    assert tables_in_the_database() == {*Base.metadata.tables, "alembic_version"}


@pytest.mark.usefixtures("ctx")
def test_models_and_migrations_say_the_same():
    assert differences_from_the_models() == []


@pytest.mark.usefixtures("ctx")
def test_every_check_of_the_models_is_in_the_database():
    """Alembic compares no CHECK constraints, so a forgotten one would go unnoticed."""
    reflected = inspect(db.engine)
    for name, table in Base.metadata.tables.items():
        found = {str(check["name"]): check["sqltext"] for check in reflected.get_check_constraints(name)}
        wanted = checks_of(table)
        if db.engine.dialect.name == "sqlite":  # it keeps the wording; PostgreSQL writes its own
            assert found == wanted, f"the CHECKs of {name} differ from its model"
        else:
            assert found.keys() == wanted.keys(), f"the CHECKs of {name} differ from its model"


def row_of(table: Table) -> Insert:
    """An insert of a row with some value in every column; the rows it points to need not exist."""
    values: dict[str, object] = {}
    for column in table.columns:
        if isinstance(column.type, UTCDateTime):
            values[column.name] = datetime(2026, 11, 24, tzinfo=UTC)
        elif isinstance(column.type, Date):
            values[column.name] = date(2026, 11, 24)
        elif column.type.python_type in (int, float):
            values[column.name] = 1
        elif column.type.python_type is bool:
            values[column.name] = False
        elif column.type.python_type is dict:
            values[column.name] = {}
        else:
            values[column.name] = "x"
    return table.insert().values({**values, **FITTING.get(table.name, {})})


def insert_orphan(connection: Connection, table: Table) -> None:
    """Put a row into `table` whose parents are missing; never committed."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = on")
        connection.execute(row_of(table))
    else:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.execute(row_of(table))
        connection.exec_driver_sql("SET LOCAL session_replication_role = origin")


@pytest.mark.usefixtures("ctx")
@pytest.mark.parametrize("statement", ["UPDATE {} SET id = id + 1", "DELETE FROM {}"])
@pytest.mark.parametrize("name", APPEND_ONLY)
def test_rows_that_only_grow_can_not_be_changed(name: str, statement: str):
    with db.engine.connect() as connection:
        insert_orphan(connection, Base.metadata.tables[name])
        with pytest.raises(DatabaseError, match=f"{name} is append-only"), connection.begin_nested():
            connection.execute(text(statement.format(name)))
        assert connection.execute(text(f"SELECT id FROM {name}")).scalars().all() == [1]


@pytest.fixture
def connection_to_postgres(postgres_database: str, tmp_path: Path) -> Iterator[Connection]:
    with (
        running_app(settings_for(postgres_database, tmp_path)) as app,
        app.app_context(),
        db.engine.connect() as connection,
    ):
        yield connection


@pytest.mark.postgres
@pytest.mark.parametrize("name", [*APPEND_ONLY, "orders"])
def test_rows_that_only_grow_can_not_be_truncated(connection_to_postgres: Connection, name: str):
    """Nor by way of a table that they point to."""
    with pytest.raises(DatabaseError, match="is append-only"):
        connection_to_postgres.execute(text(f"TRUNCATE {name} CASCADE"))


def test_everything_can_be_taken_back_and_made_again(unmigrated: Flask):
    flask_migrate.upgrade()
    flask_migrate.downgrade(revision="base")
    assert tables_in_the_database() == {"alembic_version"}
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect() as connection:
            functions = connection.execute(text("SELECT proname FROM pg_proc WHERE proname LIKE 'qtxvol%'"))
            assert functions.scalars().all() == []
    flask_migrate.upgrade()
    assert differences_from_the_models() == []


def test_files_are_numbered_one_after_the_other():
    folder = bundled_folder("migrations")
    numbers = [file.name[:4] for file in sorted((folder / "versions").glob("*.py"))]
    wanted = [f"{number:04d}" for number in range(1, len(numbers) + 1)]
    assert numbers == wanted, "migrations/versions is not numbered 0001, 0002, ... without gap or twin"
    steps = reversed(list(ScriptDirectory(str(folder)).walk_revisions()))
    assert [(step.revision, step.down_revision) for step in steps] == list(
        zip(wanted, [None, *wanted[:-1]], strict=True)
    ), "a migration's number and what it revises must be the number of its file and the one before"


def test_hours_that_only_a_request_vouches_for_go_with_their_table(ctx: None):
    """What was corrected, entered late and taken back: the old table can say no more than the closes and reopens."""
    city, later = make_city(), NOW + timedelta(days=5)
    kept = closed(city, agreed=window(2))
    disputed = closed(city, agreed=window(3))
    for order in (kept, disputed):
        entry = db.session.scalars(select(HoursEntry.id).where(HoursEntry.order_id == order.order_id)).one()
        assert propose_correction(entry, city.office, minutes=30, reason="left_early", text="走得早", now=later)
    late = propose_late(
        disputed.number, city.team, volunteer_id=city.crew[1], minutes=60, reason="forgotten", text="漏记", now=later
    )
    decide_request(late, city.office, is_confirmed=True, text="", now=later)
    reopen_order(disputed.number, city.office, text="重办", now=later)
    db.session.rollback()
    flask_migrate.downgrade(revision="0005")
    lines = text("SELECT order_id, minutes FROM hours_entries ORDER BY id")
    with db.engine.connect() as connection:
        assert connection.execute(lines).all() == [
            (kept.order_id, 90),
            (disputed.order_id, 90),
            (disputed.order_id, -90),
        ]
    flask_migrate.upgrade()
    assert list(check_orders()) == []


def test_orders_that_were_open_before_there_were_clocks_have_theirs_with_the_migration(ctx: None):
    """Nobody's time is lost or won: what was due before is due then, and what stood still stands still."""
    city = make_city()
    open_ones = [make(city) for make in (placed, dispatched, claimed, accepted)]
    asked = dispatched(city)
    ask_resident(asked.number, city.department, text="哪个门？", now=NOW)
    recalled = dispatched(city)
    recall_order(recalled.number, city.community, now=NOW)
    joined = placed(city)
    merge_order(joined.number, city.community, into_number=open_ones[0].number, now=NOW)
    closed(city, agreed=window(5))
    times = select(Order.id, Order.due_at, Order.clock_stopped_at).order_by(Order.id)
    before = db.session.execute(times).all()
    db.session.rollback()
    flask_migrate.downgrade(revision="0010")
    flask_migrate.upgrade()
    assert db.session.execute(times).all() == before
    assert list(check_orders()) == []
    running = select(OrderClock.order_id).where(OrderClock.ended_at.is_(None), OrderClock.step.in_(MAIN_STEPS))
    due = sorted(row.id for row in before if row.due_at is not None)
    assert sorted(db.session.scalars(running)) == due
    db.session.rollback()
    answer_question(asked.number, link_of(asked), text="北门", now=NOW + timedelta(days=2))
    assert list(check_orders()) == []
