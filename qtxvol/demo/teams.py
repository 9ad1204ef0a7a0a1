"""The teams of the demo city, from `teams.csv`: hosts are institutions that any such city has; nobody was asked."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

#: In the column `themes`: every theme that the menu gives to the team's department.
EVERY_THEME = "*"


@dataclass(frozen=True, slots=True)
class TeamPlan:
    """A team to be made; `people` is the number of its verified volunteers. The first plan is the account `team`'s."""

    department_id: str
    name: str
    host: str
    division_code: str
    themes: tuple[str, ...]
    skills: tuple[str, ...]
    people: int


def read_teams() -> Iterator[TeamPlan]:
    """All plans, in the order of the file."""
    lines = (files("qtxvol.demo") / "teams.csv").read_text(encoding="utf-8").splitlines()
    for row in csv.DictReader(lines):
        yield TeamPlan(
            row["department_id"],
            row["name"],
            row["host"],
            row["division_code"],
            tuple(row["themes"].split()),
            tuple(row["skills"].split()),
            int(row["people"]),
        )
