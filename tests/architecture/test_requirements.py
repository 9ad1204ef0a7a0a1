"""What is installed is pinned, hashed, and names no place to fetch it from.

`requirements/update` writes the files.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
FILES = ("default.txt", "postgres.txt", "dev.txt")
PYTHONS = ("3.11", "3.12", "3.13")

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def lines_of(file: str) -> Iterator[str]:
    """Logical lines: a requirement with its hashes."""
    whole = (ROOT / "requirements" / file).read_text("utf-8").replace("\\\n", " ")
    yield from filter(None, (line.strip() for line in whole.splitlines()))


def pins_of(file: str) -> dict[str, Requirement]:
    """By canonical name."""
    pins = [Requirement(line.partition("--hash")[0].strip()) for line in lines_of(file)]
    assert len({pin.name for pin in pins}) == len(pins), f"{file} names a package twice"
    return {canonicalize_name(pin.name): pin for pin in pins}


def version_in(pin: Requirement) -> str:
    (specifier,) = pin.specifier
    return specifier.version


def direct_dependencies(file: str) -> list[Requirement]:
    wanted = [*PYPROJECT["build-system"]["requires"], *PYPROJECT["project"]["dependencies"]]
    if file == "postgres.txt":
        wanted += PYPROJECT["project"]["optional-dependencies"]["postgres"]
    if file == "dev.txt":
        wanted += PYPROJECT["project"]["optional-dependencies"]["postgres"] + PYPROJECT["dependency-groups"]["dev"]
    return [Requirement(text) for text in wanted]


@pytest.mark.parametrize("file", FILES)
def test_every_line_is_one_version_with_hashes(file: str):
    for line in lines_of(file):
        requirement, *hashes = re.split(r"\s+(?=--hash)", line)
        is_pinned = re.fullmatch(r"[a-z0-9.-]+(\[[a-z,-]+\])?==[0-9][^\s;,*]*( ; .+)?", requirement)
        assert is_pinned, f"{file}: {requirement} is not pinned"
        assert hashes, f"{file}: {requirement} has no hash"
        assert all(_HASH.fullmatch(word) for word in hashes), f"{file}: {requirement} has more than hashes"


@pytest.mark.parametrize("file", FILES)
def test_no_line_says_where_to_fetch(file: str):
    whole = (ROOT / "requirements" / file).read_text("utf-8")
    for word in ("http", "://", "index", "find-links", "trusted-host", "#", " @ ", "-e "):
        assert word not in whole, f"{file} contains {word!r}: where to fetch is the installer's own affair"


@pytest.mark.parametrize("file", FILES)
def test_every_direct_dependency_is_there_in_a_version_that_fits(file: str):
    pins = pins_of(file)
    for wanted in direct_dependencies(file):
        pin = pins.get(canonicalize_name(wanted.name))
        assert pin is not None, f"{wanted.name} is missing in {file}: run requirements/update"
        assert wanted.specifier.contains(version_in(pin)), f"{file} pins {pin}, pyproject.toml wants {wanted}"
        for python in PYTHONS:
            applies = pin.marker is None or pin.marker.evaluate(
                {"python_version": python, "python_full_version": f"{python}.0"}
            )
            assert applies, f"{file} leaves {pin.name} out on Python {python}"


def test_tests_run_on_the_versions_that_servers_run_on():
    tested = pins_of("dev.txt")
    for name, pin in pins_of("default.txt").items():
        assert version_in(tested[name]) == version_in(pin), f"dev.txt and default.txt differ on {name}"
