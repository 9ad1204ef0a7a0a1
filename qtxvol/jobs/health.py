"""Is this installation fit to serve? Database, migrations, last job runs."""

from datetime import datetime, timedelta
from functools import cache

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from qtxvol.bundled import bundled_folder
from qtxvol.extensions import db
from qtxvol.jobs.ledger import list_last_runs
from qtxvol.jobs.schedule import JOBS, last_slot
from qtxvol.privacy.keys import find_lost_keys


def find_troubles(now: datetime) -> list[str]:
    """What is wrong, in short sentences; empty when all is well."""
    try:
        present = db.session.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except SQLAlchemyError:
        return ["the database does not answer or was never migrated: run qtxvol init"]
    troubles = []
    if present != newest_migration():
        troubles.append(f"the database is at migration {present}, the program at {newest_migration()}: run qtxvol init")
        return troubles  # the tables may not be the ones that the program knows
    troubles += find_lost_keys()
    runs = list_last_runs()
    for job in JOBS:
        run = runs.get(job.name)
        late = now - last_slot(job, now) > timedelta(minutes=15)
        if late and (run is None or run.done_at is None or now - run.done_at > timedelta(days=2)):
            troubles.append(f"job {job.name} has not run for two days: is a worker running?")
    return troubles


@cache
def newest_migration() -> str:
    """The revision that this program expects."""
    config = Config()
    config.set_main_option("script_location", str(bundled_folder("migrations")))
    return ScriptDirectory.from_config(config).get_current_head() or ""
