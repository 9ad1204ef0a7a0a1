"""The office's desk: its list and orders like every desk, and facts, accounts, teams and volunteers."""

from qtxvol.web.office import accounts, certificates, facts, overview, people
from qtxvol.web.office.views import bp

__all__ = ["accounts", "bp", "certificates", "facts", "overview", "people"]
