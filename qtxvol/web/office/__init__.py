"""The office's desk: its list and orders like every desk, and facts, accounts, teams and volunteers."""

from qtxvol.web.office import (
    accounts,
    cases,
    certificates,
    commendations,
    counted,
    doubles,
    facts,
    figures,
    hours,
    overview,
    papers,
    people,
    privacy,
    rosters,
    stars,
    targets,
    teams,
)
from qtxvol.web.office.views import bp

__all__ = [
    "accounts",
    "bp",
    "cases",
    "certificates",
    "commendations",
    "counted",
    "doubles",
    "facts",
    "figures",
    "hours",
    "overview",
    "papers",
    "people",
    "privacy",
    "rosters",
    "stars",
    "targets",
    "teams",
]
