"""The office's desk: its list and orders like every desk, and facts, accounts, teams and volunteers."""

from qtxvol.web.office import accounts, facts, people
from qtxvol.web.office.views import bp

__all__ = ["accounts", "bp", "facts", "people"]
