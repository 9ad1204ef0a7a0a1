"""The team's desk."""

from qtxvol.web.team import calendar
from qtxvol.web.team.views import bp

__all__ = ["bp", "calendar"]
