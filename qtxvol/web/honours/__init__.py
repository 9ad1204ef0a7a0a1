"""Published lists of commendation: open to everybody, names only of those who agreed to it."""

from qtxvol.web.honours.views import bp

__all__ = ["bp"]
