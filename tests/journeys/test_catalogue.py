"""The catalogue of pages is complete: a page that nobody named is a page that nobody checks."""

import re
from collections import Counter
from pathlib import Path

from flask import Flask

from tests.journeys.catalogue import CATALOGUE, NOT_PAGES

_ROOT = Path(__file__).parents[2]
_IMAGE = re.compile(r"!\[[^\]]*\]\(([^)\s]+)\)")


def test_every_page_has_an_entry(app_sqlite: Flask):
    named = {entry.endpoint for entry in CATALOGUE} | set(NOT_PAGES)
    routes = {rule.endpoint: rule.rule for rule in app_sqlite.url_map.iter_rules() if "GET" in (rule.methods or ())}
    missing = {endpoint: rule for endpoint, rule in routes.items() if endpoint not in named}
    assert not missing, f"pages that tests/journeys/catalogue.py does not name: {missing}"


def test_every_entry_is_a_page_that_exists(app_sqlite: Flask):
    endpoints = {rule.endpoint for rule in app_sqlite.url_map.iter_rules()} | {"errors_on_stage.error_page"}
    gone = {entry.name: entry.endpoint for entry in CATALOGUE if entry.endpoint not in endpoints}
    assert not gone
    assert set(NOT_PAGES) <= endpoints


def test_names_differ():
    twice = [name for name, count in Counter(entry.name for entry in CATALOGUE).items() if count > 1]
    assert not twice


def test_images_in_the_docs_exist():
    files = [*_ROOT.glob("README*.md"), *(_ROOT / "docs").rglob("*.md")]
    links = [(file, link) for file in files for link in _IMAGE.findall(file.read_text(encoding="utf-8"))]
    assert links
    broken = [f"{file.relative_to(_ROOT)}: {link}" for file, link in links if not (file.parent / link).is_file()]
    assert not broken


def test_every_page_has_its_screenshots():
    folder = _ROOT / "docs" / "screenshots"
    wanted = {f"{entry.name}-{width}.png" for entry in CATALOGUE for width in (390, 1280)}
    there = {file.name for file in folder.glob("*.png")}
    assert there == wanted, "run: .venv/bin/python -m tests.journeys.screenshots"


def test_screenshots_are_small_enough_for_a_repository():
    sizes = [file.stat().st_size for file in (_ROOT / "docs" / "screenshots").glob("*.png")]
    assert sum(sizes) <= 35_000 * len(sizes)
