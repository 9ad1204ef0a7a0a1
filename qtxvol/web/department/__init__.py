"""The department's desk."""

from qtxvol.web.department.views import bp

__all__ = ["bp"]
