"""Due times that may still move, because the make-up workdays of their year are not announced yet."""

from datetime import datetime

from flask import g

from qtxvol.base import CITY_TIME
from qtxvol.directory.workdays import list_settled_years
from qtxvol.orders.deadlines import Unit


def is_provisional(due: datetime | None, unit: str | None) -> bool:
    """The day may still move: it was counted in working days of a year that is not settled. The years are read once
    for a page."""
    if due is None or unit in (None, Unit.HOURS, Unit.DAYS):
        return False
    if "settled_years" not in g:
        g.settled_years = frozenset(list_settled_years())
    return due.astimezone(CITY_TIME).year not in g.settled_years
