"""The office's desk."""

from qtxvol.web.office.views import bp

__all__ = ["bp"]
