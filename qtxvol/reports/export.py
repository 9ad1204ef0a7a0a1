"""All evaluation papers of a year at once, as files."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from qtxvol.orders.lifecycle import Label
from qtxvol.progress.targets import today_of
from qtxvol.reports.cases import cases_paper
from qtxvol.reports.fairness_paper import fairness_year_paper
from qtxvol.reports.papers import (
    duties_paper,
    period_paper,
    town_paper,
    towns_paper,
    unit_paper,
    units_paper,
    year_paper,
)
from qtxvol.reports.queries import read_names
from qtxvol.reports.sheets import Paper
from qtxvol.reports.target_lines import period_of
from qtxvol.reports.xlsx import write_xlsx


def list_papers(year: int, now: datetime) -> Iterator[Paper]:
    """Every paper there is for a year; of the plan's period, the one that the year lies in.

    :raise NotFound: the year has not begun.
    """
    yield year_paper(year, now)
    yield duties_paper(year, now)
    yield towns_paper(year, now)
    yield units_paper(year, now)
    yield cases_paper(year, now)
    yield fairness_year_paper(year, now)
    today = today_of(now)
    period = period_of(today.replace(year=year, day=1), today)
    if period is not None and period.starts_on <= today:
        yield period_paper(period.starts_on, period.ends_on, Label(period.name.zh, period.name.en), now)
    names = read_names()
    for town in names.towns:
        if town not in names.retired:
            yield town_paper(town, year, now)
    for unit in names.units:
        if unit not in names.retired:
            yield unit_paper(unit, year, now)


def write_papers(year: int, folder: Path, now: datetime, *, language: str = "zh") -> Iterator[str]:
    """Write them into `folder`, which is made when it isn't there; the names of the files as they come.

    :param language: `zh` or `en`. :raise NotFound: the year has not begun; nothing is written.
    """

    def say(label: Label) -> str:
        return label.en if language == "en" else label.zh

    for paper in list_papers(year, now):
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{paper.code}.xlsx"
        (folder / name).write_bytes(write_xlsx(paper, say))
        yield name
