"""Runs Lighthouse as on a cheap phone and says whether the pages are quick and accessible enough.

    .venv/bin/python -m tests.lighthouse                  # home, order, track, progress, community desk
    .venv/bin/python -m tests.lighthouse home order

Serves the demo city with the server of production, signs in by cookie where a desk is asked for, and prints one line
per page with what fell short. Exits with 1 when a page is below: performance 95, accessibility 100, best practices
100. Needs Node.js 18 or newer, whose `npx` fetches Lighthouse the first time, and Chromium (`CHROME_PATH` names
another one). The numbers depend on how busy the machine is, so it is a command and no part of the tests.
"""

import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtxvol.orders.lifecycle import Party
from tests.journeys.browser import find_chromium
from tests.journeys.catalogue import CATALOGUE, Entry
from tests.journeys.scene import Scene, make_city_file, stage

LIGHTHOUSE = "lighthouse@12.8.2"
PAGES = ("home", "order-1", "track", "progress", "community")
#: What each page has to reach, of 100.
LEAST = {"performance": 95, "accessibility": 100, "best-practices": 100}
_PATIENCE_SECONDS = 240
#: Its recording of a page fails now and then (NO_NAVSTART).
_TRIES = 4


@dataclass(frozen=True)
class Verdict:
    """What Lighthouse says of a page: score per category, and the audits that cost points."""

    name: str
    scores: dict[str, int]
    shortcomings: tuple[str, ...]

    @property
    def is_enough(self) -> bool:
        return all(self.scores[category] >= least for category, least in LEAST.items())


def run(entry: Entry, scene: Scene, chrome: str, folder: Path) -> Verdict:
    """Measure one page; again when Lighthouse says that its own recording failed.

    :raise SystemExit: Lighthouse did not run.
    """
    for _ in range(_TRIES):
        report = _run_once(entry, scene, chrome, folder)
        if "runtimeError" not in report:
            break
    return read_report(entry.name, report)


def _run_once(entry: Entry, scene: Scene, chrome: str, folder: Path) -> dict[str, Any]:
    report = folder / f"{entry.name}.json"
    command = [
        "npx", "--yes", LIGHTHOUSE, scene.site.address + entry.address(scene),
        "--quiet", "--output=json", f"--output-path={report}", f"--only-categories={','.join(LEAST)}",
        "--chrome-flags=--headless=new --no-sandbox --disable-gpu --disable-quic",
    ]  # fmt: skip
    if entry.party is not None:
        scene.open_guide(entry.party, entry.is_first_visit)
        command.append(f"--extra-headers={json.dumps({'Cookie': _cookie(scene, entry.party)})}")
    done = subprocess.run(
        command,
        env={**os.environ, "CHROME_PATH": chrome},
        capture_output=True,
        text=True,
        timeout=_PATIENCE_SECONDS,
        check=False,
    )
    if not report.exists():
        raise SystemExit(f"Lighthouse did not run on {entry.name}:\n{done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
    return answer


def _cookie(scene: Scene, party: Party) -> str:
    return f"{scene.app.config['SESSION_COOKIE_NAME']}={scene.session_cookie(party)}"


def read_report(name: str, report: dict[str, Any]) -> Verdict:
    """From Lighthouse's JSON. A category that could not be measured scores 0."""
    scores = {each: round(100 * (report["categories"][each]["score"] or 0)) for each in LEAST}
    return Verdict(name, scores, tuple(_shortcomings(report)))


def _shortcomings(report: dict[str, Any]) -> Iterator[str]:
    for category in LEAST:
        for reference in report["categories"][category]["auditRefs"]:
            audit = report["audits"][reference["id"]]
            is_counted = reference["weight"] and audit["score"] is not None
            if is_counted and audit["score"] < (0.9 if category == "performance" else 1):
                yield f"{category}: {audit['id']} {audit.get('displayValue', '')} {audit['title']}"


def main(names: Sequence[str] = PAGES) -> int:
    chrome = os.environ.get("CHROME_PATH") or find_chromium()
    if chrome is None or shutil.which("npx") is None:
        print("Lighthouse needs Chromium and Node.js (npx)", file=sys.stderr)
        return 2
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # that requests wait for a moment is no news
    entries = [entry for entry in CATALOGUE if entry.name in names]
    is_enough = len(entries) == len(names)
    print(f"{'page':<12}{'performance':>13}{'accessibility':>15}{'best practices':>16}")
    with tempfile.TemporaryDirectory() as folder, stage(make_city_file(Path(folder))) as scene:
        for entry in entries:
            verdict = run(entry, scene, chrome, Path(folder))
            is_enough = is_enough and verdict.is_enough
            first, second, third = verdict.scores.values()
            print(f"{entry.name:<12}{first:>13}{second:>15}{third:>16}")
            for line in verdict.shortcomings:
                print(f"    {line}")
    return 0 if is_enough else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or PAGES))
