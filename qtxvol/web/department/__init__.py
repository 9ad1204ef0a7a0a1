"""The department's desk."""

from qtxvol.web.department import papers, targets
from qtxvol.web.department.views import bp

__all__ = ["bp", "papers", "targets"]
