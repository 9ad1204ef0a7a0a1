"""The promise: 10,000 lines of which 300 are broken in twelve ways, in little memory, and nothing twice."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook

from qtxvol.directory.loader import load_facts
from tests.databases import running_app, settings_for, sqlite_url
from tests.factories import NOW
from tests.roster.lists import HEADINGS, identity, person, with_digit, write_xlsx, wrong_digit

KEY = "k3yk3yk3y-not-for-production-0123456789-abcdefghij"
LINES, BROKEN_EACH, EVERY = 10_000, 25, 33
MOST_MEGABYTES = 300

#: Twelve ways to break a line: what is found, and in which column.
BREAKS: tuple[tuple[str, str, Callable[[int], list[Any]]], ...] = (
    ("name_missing", "姓名", lambda i: person(i, 姓名="")),
    ("name_odd", "姓名", lambda i: person(i, 姓名=f"张三{i}")),
    ("phone_missing", "手机", lambda i: person(i, 手机="")),
    ("phone_wrong", "手机", lambda i: person(i, 手机=f"199{i:07d}")),
    ("phone_damaged", "手机", lambda i: person(i, 手机="1.99E+10")),
    ("id_damaged", "证件号码", lambda i: person(i, 身份证号码=float(identity(i)[:17] + "0"))),
    ("id_wrong", "证件号码", lambda i: person(i, 身份证号码=identity(i)[:-1])),
    ("id_digit", "证件号码", lambda i: person(i, 身份证号码=wrong_digit(identity(i)))),
    (
        "id_date",
        "证件号码",
        lambda i: person(i, 身份证号码=with_digit(f"640381199002310{i % 90 + 10}")),
    ),
    ("too_young", "证件号码", lambda i: person(i, 身份证号码=identity(i, born_on=date(2015, 1, 2)))),
    ("division_unknown", "区划", lambda i: person(i, 区划="火星镇")),
    ("skill_unknown", "技能", lambda i: person(i, 特长="唱歌")),
)


@pytest.fixture
def installation(sqlite_template: Path, tmp_path: Path) -> Path:
    """A data folder with a database that holds the city's facts, as `qtxvol init` leaves it."""
    file = Path(shutil.copy(sqlite_template, tmp_path / "qtxvol.sqlite3"))
    with running_app(settings_for(sqlite_url(file), tmp_path)) as app, app.app_context():
        load_facts(NOW)
    return tmp_path


def make_lines() -> tuple[list[list[Any]], dict[int, tuple[str, str]]]:
    """The list, and what is wrong with which row of the sheet (a title and the headings stand above)."""
    lines, broken = [], dict[int, tuple[str, str]]()
    for index in range(LINES):
        way = index // EVERY if index % EVERY == 0 and index // EVERY < BROKEN_EACH * len(BREAKS) else None
        if way is None:
            lines.append(person(index))
        else:
            code, column, break_it = BREAKS[way % len(BREAKS)]
            lines.append(break_it(index))
            broken[index + 3] = code, column
    return lines, broken


def qtxvol(data: Path, *words: str) -> tuple[int, str, str, float]:
    """`qtxvol …` in a process of its own: exit code, output, errors, and the most memory that it or its reader had."""
    measured = (
        # not getrusage of itself: that remembers what the process was before it became this one, the tests' own size
        "import re, resource, sys\nfrom pathlib import Path\nfrom qtxvol.cli import main\n"
        "try:\n    main()\nfinally:\n"
        "    own = int(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])\n"
        "    most = max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)\n"
        "    print(f'peak {most}', file=sys.stderr)\n"
    )
    clean = {name: text for name, text in os.environ.items() if not name.startswith("QTXVOL_")}
    clean.pop("DATABASE_URL", None)
    run = subprocess.run(
        [sys.executable, "-c", measured, *words],
        env={**clean, "QTXVOL_DATA": str(data), "QTXVOL_SECRET_KEY": KEY},
        cwd=data,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    kilobytes = int(run.stderr.rpartition("peak ")[2].split()[0])
    return run.returncode, run.stdout, run.stderr, kilobytes / 1024


@pytest.mark.slow
def test_ten_thousand_lines_are_reported_exactly_and_taken_once(installation: Path) -> None:
    lines, broken = make_lines()
    assert Counter(code for code, _column in broken.values()) == {code: BROKEN_EACH for code, _, _ in BREAKS}
    file = write_xlsx(installation / "list.xlsx", [["2026年科技志愿者名单"], HEADINGS, *lines])
    answer = installation / "answer.xlsx"

    code, out, errors, peak = qtxvol(installation, "import-roster", str(file), "--dry-run", "--answer", str(answer))
    report = [
        "10000 lines: 9700 new, 0 registered already, 0 registered otherwise, 300 refused",
        *sorted(f"  {each}: {BROKEN_EACH}" for each, _, _ in BREAKS),
        "dry run: nobody was registered",
        f"answer: {answer}",
    ]
    assert (code, out.splitlines()) == (3, report), errors
    assert peak < MOST_MEGABYTES

    rows = CalamineWorkbook.from_path(answer).get_sheet_by_index(0).to_python()
    results = {number: row[-1] for number, row in enumerate(rows, 1) if number > 2}
    assert {number for number, text in results.items() if text != "可以导入"} == set(broken)
    for number, (_code, column) in broken.items():
        assert str(results[number]).startswith(f"{column}：")
        assert "；手机" not in results[number], "one thing was wrong, one thing is told"
    assert rows[5][:-1] == [*lines[3]]

    code, out, errors, peak = qtxvol(installation, "import-roster", str(file), "--valid-only")
    assert (code, out.splitlines()[-1]) == (3, "9700 registered"), errors
    assert peak < MOST_MEGABYTES

    code, out, errors, peak = qtxvol(installation, "import-roster", str(file), "--valid-only")
    assert out.splitlines()[0] == "10000 lines: 0 new, 9700 registered already, 0 registered otherwise, 300 refused"
    assert (code, out.splitlines()[-1]) == (3, "0 registered"), errors
    assert peak < MOST_MEGABYTES
    assert list((installation / "rosters").iterdir()) == []


def test_the_exit_code_says_how_it_went(installation: Path) -> None:
    file = write_xlsx(installation / "list.xlsx", [HEADINGS, person(1), person(2, 姓名="")])
    assert qtxvol(installation, "import-roster", str(file))[:2] == (
        3,
        "2 lines: 1 new, 0 registered already, 0 registered otherwise, 1 refused\n  name_missing: 1\n"
        "nobody was registered: correct the list, or use --valid-only\n",
    )
    write_xlsx(file, [HEADINGS, person(1), person(2)])
    assert qtxvol(installation, "import-roster", str(file))[:2] == (
        0,
        "2 lines: 2 new, 0 registered already, 0 registered otherwise, 0 refused\n2 registered\n",
    )
    file.write_bytes(b"%PDF-1.7\n\0")
    code, _out, errors, _peak = qtxvol(installation, "import-roster", str(file))
    assert code == 1
    assert "This is not a spreadsheet" in errors
    assert "Traceback" not in errors
