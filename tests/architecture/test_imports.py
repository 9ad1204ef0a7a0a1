"""Imports point one way: web, api, jobs, cli -> capabilities -> pure rules (docs/adr/0001-house.md)."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

#: Rules without a database, a web page or a clock. Those not written yet are looked at once they are.
PURE = (
    "qtxvol.orders.lifecycle",
    "qtxvol.orders.deadlines",
    "qtxvol.orders.numbers",
    "qtxvol.orders.chain",
    "qtxvol.orders.links",
    "qtxvol.orders.windows",
    "qtxvol.orders.calls",
    "qtxvol.orders.replies",
    "qtxvol.notices.answer_token",
    "qtxvol.notices.reminder_times",
    "qtxvol.orders.likeness",
    "qtxvol.orders.half_days",
    "qtxvol.accounts.actor",
    "qtxvol.accounts.phones",
    "qtxvol.notices.kinds",
    "qtxvol.notices.variables",
    "qtxvol.privacy.numbers",
    "qtxvol.privacy.reasons",
    "qtxvol.channels.message",
    "qtxvol.channels.specs",
    "qtxvol.directory.day_rules",
    "qtxvol.volunteers.availability",
    "qtxvol.volunteers.identity",
    "qtxvol.emergencies.rules",
    "qtxvol.hours.rules",
    "qtxvol.hours.codes",
    "qtxvol.roster.columns",
    "qtxvol.roster.checking",
    "qtxvol.offers.shares",
    "qtxvol.progress.charts",
    "qtxvol.progress.checksums",
    "qtxvol.progress.goals",
    "qtxvol.progress.pace",
    "qtxvol.progress.semesters",
    "qtxvol.progress.tally",
    "qtxvol.progress.units",
    "qtxvol.reports.plain_words",
    "qtxvol.reports.professions",
    "qtxvol.reports.sheets",
    "qtxvol.reports.small_cells",
    "qtxvol.recognition.stars",
    "qtxvol.offers.asking",
    "qtxvol.simulate.luck",
    *(f"qtxvol.matching.{file.stem}" for file in sorted((ROOT / "qtxvol/matching").glob("[a-z]*.py"))),
)
CAPABILITIES = (
    "accounts",
    "channels",
    "directory",
    "emergencies",
    "hours",
    "matching",
    "notices",
    "offers",
    "orders",
    "privacy",
    "progress",
    "recognition",
    "reports",
    "roster",
    "volunteers",
)
EDGES = ("qtxvol.web", "qtxvol.api", "qtxvol.jobs", "qtxvol.cli", "qtxvol.demo", "qtxvol.simulate")
#: Libraries that are nothing but rules: check digits.
PURE_LIBRARIES = frozenset({"stdnum"})
#: Parts of the standard library through which the world comes in.
IMPURE = frozenset({"asyncio", "http", "io", "logging", "os", "pathlib", "shutil", "smtplib", "socket", "sqlite3"})
IMPURE |= {"ssl", "subprocess", "tempfile", "threading", "time", "urllib"}


def file_of(module: str) -> Path:
    return ROOT / (module.replace(".", "/") + ".py")


def is_ours(module: str) -> bool:
    return file_of(module).is_file() or file_of(module + ".__init__").is_file()


def sources_in(folder: str) -> Iterator[Path]:
    yield from sorted((ROOT / folder).rglob("*.py"))


def package_of(file: Path) -> list[str]:
    return list(file.relative_to(ROOT).parent.parts)


def imports_of(source: str, package: list[str]) -> set[str]:
    """Every module that `source` imports, wherever it does so.

    `from a import b` counts as a.b where b is a module of ours, else as a.
    """
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*parents, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{module}.{alias.name}"
                found.add(inner if is_ours(inner) else module)
    return found


def imports_in(file: Path) -> set[str]:
    return imports_of(file.read_text("utf-8"), package_of(file))


def is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def who_imports(package: str, files: Iterator[Path]) -> set[str]:
    return {
        file.relative_to(ROOT).as_posix()
        for file in files
        if any(is_within(module, package) for module in imports_in(file))
    }


def test_imports_are_found_wherever_they_hide():
    source = """
import a.b
def f():
    from ..web import x
    from . import lifecycle, other
    from qtxvol import storage
if 0:
    from c import d
"""
    assert imports_of(source, ["qtxvol", "orders"]) == {
        "a.b",
        "c",
        "qtxvol.web",
        "qtxvol.orders",
        "qtxvol.orders.lifecycle",
        "qtxvol.storage",
    }


def test_the_capabilities_are_where_this_test_looks():
    assert list(sources_in("qtxvol/orders"))
    assert file_of("qtxvol.orders.lifecycle").is_file()


@pytest.mark.parametrize("module", PURE)
def test_pure_rules_import_only_pure_rules(module: str):
    file = file_of(module)
    for imported in sorted(imports_in(file)):
        top = imported.partition(".")[0]
        is_pure = imported in PURE or top in PURE_LIBRARIES or (top in sys.stdlib_module_names and top not in IMPURE)
        assert is_pure, f"{module} imports {imported}: pure rules import the standard library and other pure rules only"


@pytest.mark.parametrize("module", PURE)
def test_pure_rules_take_the_time_as_an_argument(module: str):
    file = file_of(module)
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        is_clock = isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}
        if is_clock and isinstance(node.value, ast.Name | ast.Attribute):
            owner = ast.unparse(node.value).rpartition(".")[2]
            assert owner not in {"datetime", "date"}, (
                f"{module} reads the clock in line {node.lineno}: pure rules are told `now`"
            )


@pytest.mark.parametrize("capability", CAPABILITIES)
def test_a_capability_knows_no_page_no_job_and_no_command(capability: str):
    for file in sources_in(f"qtxvol/{capability}"):
        for edge in EDGES:
            for imported in sorted(imports_in(file)):
                assert not is_within(imported, edge), (
                    f"{file.relative_to(ROOT).as_posix()} imports {imported}: "
                    f"{edge} calls the capabilities, never the other way round"
                )


def test_only_the_worker_starts_the_scheduler():
    who = who_imports("apscheduler", sources_in("qtxvol"))
    assert who <= {"qtxvol/jobs/worker.py"}, f"{sorted(who)} import apscheduler: only the worker may"


def test_only_the_server_entry_reads_config():
    files = (*ROOT.glob("*.py"), *sources_in("qtxvol"), *sources_in("migrations"), *sources_in("docs"))
    who = who_imports("config", iter(files))
    assert who == {"wsgi.py"}, f"{sorted(who)} import config: only wsgi.py and tests may"


def test_only_the_command_line_plays_simulations():
    who = {each for each in who_imports("qtxvol.simulate", sources_in("qtxvol")) if "/simulate/" not in each}
    assert who == {"qtxvol/cli.py"}, f"{sorted(who)} import qtxvol.simulate: no city may come to be played in"


def test_only_tests_import_tests():
    who = who_imports("tests", iter((*ROOT.glob("*.py"), *sources_in("qtxvol"), *sources_in("migrations"))))
    assert who == set(), f"{sorted(who)} import from tests/, which no installation has"
