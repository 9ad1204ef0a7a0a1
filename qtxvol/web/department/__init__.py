"""The department's desk."""

from qtxvol.orders.lifecycle import Party
from qtxvol.web.body_addresses import add_addresses
from qtxvol.web.department import asking, fairness, matching, papers, push, science_days, targets
from qtxvol.web.department.views import bp
from qtxvol.web.plans import add_plans

add_addresses(bp, Party.DEPARTMENT)
add_plans(bp, Party.DEPARTMENT)

__all__ = ["asking", "bp", "fairness", "matching", "papers", "push", "science_days", "targets"]
