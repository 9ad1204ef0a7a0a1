"""`qtxvol rotate-keys`, `retain`, and a start without a key, as an operator meets them."""

import gc

import pytest
from click.testing import CliRunner, Result
from flask import current_app

from qtxvol import cli, create_app
from qtxvol.extensions import db
from tests.test_cli import KEY

OLD, NEW = "old-data-key-0123456789-abcdefghijkl", "new-data-key-0123456789-abcdefghijkl"


@pytest.fixture
def run(sqlite_database: str, monkeypatch: pytest.MonkeyPatch):
    """A command in this process, with these data keys."""
    monkeypatch.setenv("DATABASE_URL", sqlite_database)
    monkeypatch.setenv("QTXVOL_SECRET_KEY", KEY)
    made = []
    monkeypatch.setattr("qtxvol.create_app", lambda settings: made.append(create_app(settings)) or made[-1])

    def run(*words: str, keys: str) -> Result:
        monkeypatch.setenv("QTXVOL_DATA_KEYS", keys)
        return CliRunner().invoke(cli.main, words)

    yield run
    for app in made:
        with app.app_context():
            db.engine.dispose()
    gc.collect()
    assert not current_app


def test_keys_are_changed_in_a_few_commands_and_a_missing_one_is_told_at_the_start(run):
    assert run("rotate-keys", keys=OLD).exit_code == 0
    without = run("worker", keys=NEW)
    assert without.exit_code == 1
    assert "put that key back into QTXVOL_DATA_KEYS" in without.output
    rotated = run("rotate-keys", keys=f"{NEW} {OLD}")
    assert rotated.exit_code == 0, rotated.output
    assert "orders: 0 rows, 0 values sealed anew" in rotated.output
    dry = run("retain", "--dry-run", keys=NEW)
    assert dry.exit_code == 0, dry.output
    assert "0 orders ended more than 180 days ago" in dry.output
