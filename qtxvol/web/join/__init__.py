"""Registering oneself as a volunteer, on one page that is open to all."""

from qtxvol.web.join.views import bp

__all__ = ["bp"]
