"""The department's desk."""

from qtxvol.orders.lifecycle import Party
from qtxvol.web.body_addresses import add_addresses
from qtxvol.web.department import papers, push, science_days, targets
from qtxvol.web.department.views import bp

add_addresses(bp, Party.DEPARTMENT)

__all__ = ["bp", "papers", "push", "science_days", "targets"]
