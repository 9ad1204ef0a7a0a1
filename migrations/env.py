"""How Alembic runs for this service, on SQLite and PostgreSQL. Called by Flask-Migrate.

SQLite rebuilds a table by copy and drop; with foreign keys on that deletes the children of ON DELETE CASCADE
and fails for the others. So keys are off while it runs, everything is one transaction, and the end is checked.
"""

from alembic import context
from flask import current_app
from sqlalchemy import Connection

from qtxvol import tables  # noqa: F401  (fills the metadata)
from qtxvol.base import Base
from qtxvol.extensions import db


def run(connection: Connection) -> None:
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:
        # through the driver: a PRAGMA sent through SQLAlchemy would come too late, inside a transaction
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=off")
    try:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=True,
            transactional_ddl=True,
            compare_type=True,
            compare_server_default=True,
        )
        with context.begin_transaction():
            if is_sqlite:
                connection.exec_driver_sql("SELECT 1")  # opens the transaction that DDL joins
            context.run_migrations()
            if is_sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()):
                raise RuntimeError(f"a migration left rows without their parent: {broken[:5]}")
        connection.commit()
    finally:
        if is_sqlite:
            connection.rollback()
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=on")


if context.is_offline_mode():
    raise SystemExit("qtxvol migrates against a database, not to a script")

with current_app.app_context(), db.engine.connect().execution_options(sqlite_begin="IMMEDIATE") as online:
    run(online)
