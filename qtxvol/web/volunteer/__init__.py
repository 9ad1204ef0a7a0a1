"""The volunteer's desk: own services and hours."""

from qtxvol.web.volunteer.views import bp

__all__ = ["bp"]
