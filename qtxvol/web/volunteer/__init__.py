"""The volunteer's desk: own services and hours."""

from qtxvol.web.volunteer import hours, me, stars
from qtxvol.web.volunteer.views import bp

__all__ = ["bp", "hours", "me", "stars"]
