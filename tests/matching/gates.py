"""Plays simulated cities against `qtxvol match-server` and prints every gate with what was measured.

    python -m tests.matching.gates FOLDER [--month 1,2,3,4,5] [--peak 1,2,3]

FOLDER holds the simulator: an `external.py` that starts a matcher as a child process and prints one row of figures per
seed. The gates apply to the mean over the seeds; rule breaches to the sum, the time of a call to the worst seed. Exits
1 when a gate is missed.
"""

import argparse
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: The command of this checkout, whether or not it is installed.
MATCHER = f"{shlex.quote(sys.executable)} -c 'from qtxvol.cli import main; main()' match-server"


@dataclass(frozen=True)
class Gate:
    """:ivar column: as the simulator names it. :ivar month: bound for an ordinary month. :ivar peak: for a peak."""

    column: str
    title: str
    is_most: bool
    month: float
    peak: float

    def is_kept(self, measured: float, bound: float) -> bool:
        return measured <= bound if self.is_most else measured >= bound


GATES = (
    Gate("fill", "orders served", False, 0.95, 0.58),
    Gate("fill_u", "urgent orders served", False, 0.92, 0.62),
    Gate("em_fill", "emergencies served", False, 1.0, 0.98),
    Gate("tta50", "hours to a full crew, median", True, 4.0, 5.0),
    Gate("tta90", "hours to a full crew, p90", True, 17.5, 20.0),
    Gate("em50", "emergency minutes, median", True, 15.0, 15.0),
    Gate("em90", "emergency minutes, p90", True, 25.0, 30.0),
    Gate("over", "overdue", True, 0.05, 0.40),
    Gate("notif", "messages per order served", True, 14.0, 18.5),
    Gate("gini_v", "Gini of volunteers", True, 0.57, 0.46),
    Gate("gini_t", "Gini of teams", True, 0.34, 0.16),
    Gate("town_min", "worst town served", False, 0.88, 0.48),
    Gate("violations", "rule breaches", True, 0.0, 0.0),
    Gate("p99 ms", "p99 of one call, ms", True, 20.0, 20.0),
)
#: Columns of which the mean over seeds says nothing.
_FOLD = {"violations": sum, "p99 ms": max}


def play(folder: Path, scenario: str, seeds: str) -> list[dict[str, float]]:
    """Figures of each seed, by column.

    :raise CalledProcessError: the simulator fell over; its own message stands above.
    """
    command = [sys.executable, str(folder / "external.py"), MATCHER, "--scenario", scenario, "--seeds", seeds]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return list(read_rows(output))


def read_rows(output: str) -> Iterator[dict[str, float]]:
    """The rows of a table whose first line names the columns."""
    head, *rows = [
        [cell.strip() for cell in line.strip("| ").split("|")] for line in output.splitlines() if "|" in line
    ]
    for row in rows:
        yield {name: float(value) for name, value in zip(head[1:], row[1:], strict=True)}


def judge(rows: list[dict[str, float]], scenario: str) -> Iterator[tuple[Gate, float, float, bool]]:
    """Each gate with measured figure, bound and whether it is kept."""
    for gate in GATES:
        figures = [row[gate.column] for row in rows]
        fold = _FOLD.get(gate.column)
        measured = fold(figures) if fold else sum(figures) / len(figures)
        bound = gate.month if scenario == "month" else gate.peak
        yield gate, measured, bound, gate.is_kept(round(measured, 6), bound)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--month", default="1,2,3,4,5", metavar="SEEDS", help="empty to leave the month out")
    parser.add_argument("--peak", default="1,2,3", metavar="SEEDS")
    chosen = parser.parse_args()
    missed = 0
    for scenario, seeds in (("month", chosen.month), ("peak", chosen.peak)):
        if seeds:
            print(f"| {scenario}, seeds {seeds} | measured | gate | |\n|---|---|---|---|")
            for gate, measured, bound, is_kept in judge(play(chosen.folder, scenario, seeds), scenario):
                sign = "≤" if gate.is_most else "≥"
                print(
                    f"| {gate.title} | {measured:.3f} | {sign} {bound:g} | {'ok' if is_kept else 'MISSED'} |",
                    flush=True,
                )
                missed += not is_kept
    return min(missed, 1)


if __name__ == "__main__":
    sys.exit(main())
