"""The command line, run as a person would: in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from qtxvol.orders.lifecycle_doc import render_lifecycle

ROOT = Path(__file__).parent.parent
KEY = "k3yk3yk3y-not-for-production-0123456789-abcdefghij"


def qtxvol(*words: str, data: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """`qtxvol …` with nothing of this process's own settings."""
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith("QTXVOL_") and name != "DATABASE_URL"
    }
    return subprocess.run(
        [sys.executable, "-c", "from qtxvol.cli import main; main()", *words],
        env={**clean, "QTXVOL_DATA": str(data), **environ},
        cwd=data,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_printed_lifecycle_is_the_one_in_the_docs() -> None:
    assert (ROOT / "docs" / "lifecycle.md").read_text(encoding="utf-8") == render_lifecycle(), (
        "run: qtxvol diagram > docs/lifecycle.md"
    )


def test_without_a_secret_key_it_says_what_to_do(tmp_path: Path) -> None:
    run = qtxvol("serve", data=tmp_path)
    assert run.returncode == 1
    assert "QTXVOL_SECRET_KEY is missing" in run.stderr
    assert "Traceback" not in run.stderr


def test_serving_a_database_that_was_never_made_says_what_to_do(tmp_path: Path) -> None:
    run = qtxvol("serve", data=tmp_path, QTXVOL_SECRET_KEY=KEY)
    assert run.returncode == 1
    assert "qtxvol init" in run.stderr


def test_init_makes_a_database_and_an_office_account_and_can_be_repeated(tmp_path: Path) -> None:
    first = qtxvol("init", "--office", "zhou", data=tmp_path, QTXVOL_SECRET_KEY=KEY)
    assert first.returncode == 0, first.stderr
    assert "first password" in first.stdout
    again = qtxvol("init", data=tmp_path, QTXVOL_SECRET_KEY=KEY)
    assert again.returncode == 0, again.stderr
    assert "facts: 0 new, 0 refreshed, 0 kept" in again.stdout
    counts = [qtxvol("count", data=tmp_path, QTXVOL_SECRET_KEY=KEY) for _ in range(2)]
    lines = [count.stdout.splitlines() for count in counts]
    assert "T23 0; 1 new, 0 restated" in lines[0][0]
    assert "T23 0; 0 new, 0 restated" in lines[1][0]
    assert lines[0][2] == lines[1][2]  # the checksum
    check = qtxvol("check", data=tmp_path, QTXVOL_SECRET_KEY=KEY)
    assert (check.returncode, check.stdout.strip()) == (0, "everything holds together")


@pytest.mark.slow
def test_the_demo_is_made_once_reused_and_started_over_on_demand(tmp_path: Path) -> None:
    first = qtxvol("demo", "--orders", "60", "--no-serve", data=tmp_path, QTXVOL_DEMO_PASSWORD="walk-through-1")
    assert first.returncode == 0, first.stderr
    for desk in ("resident", "community", "department", "team", "volunteer", "office"):
        assert desk in first.stdout
    assert "walk-through-1" in first.stdout
    note = tmp_path / "demo-sign-in.json"
    assert json.loads(note.read_text(encoding="utf-8")) == {"password": "walk-through-1"}
    assert note.stat().st_mode & 0o077 == 0
    key = (tmp_path / "demo-secret-key").read_text(encoding="utf-8")
    again = qtxvol("demo", "--no-serve", data=tmp_path)
    assert "walk-through-1" in again.stdout  # the same city, the same password
    assert "正在生成" not in again.stdout
    assert (tmp_path / "demo-secret-key").read_text(encoding="utf-8") == key
    check = qtxvol("check", "--demo", data=tmp_path)
    assert (check.returncode, check.stdout.strip()) == (0, "everything holds together")
    export = qtxvol("export", "open-data", str(tmp_path / "open.sqlite3"), "--demo", data=tmp_path)
    assert "orders: 63" in export.stdout, export.stderr  # with those being asked for; two are an exercise's
    fresh = qtxvol("demo", "--fresh", "--orders", "60", "--no-serve", data=tmp_path)
    assert "正在生成" in fresh.stdout
    assert "walk-through-1" not in fresh.stdout


def test_every_command_is_in_the_readme(tmp_path: Path) -> None:
    from qtxvol.cli import main

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in main.commands if f"`{name}" not in readme and f"qtxvol {name}" not in readme] == []


def test_the_demo_leaves_a_real_database_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'real.sqlite3'}"
    real = {"QTXVOL_SECRET_KEY": KEY, "DATABASE_URL": url}
    assert qtxvol("init", "--office", "zhou", data=tmp_path, **real).returncode == 0
    for words in (("demo", "--no-serve"), ("demo", "--fresh", "--no-serve")):
        run = qtxvol(*words, data=tmp_path, DATABASE_URL=url)
        assert run.returncode == 1
        assert "leaves it alone" in run.stderr
    assert qtxvol("check", data=tmp_path, **real).returncode == 0
