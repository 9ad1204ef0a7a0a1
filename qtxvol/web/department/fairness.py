"""Fairness of the department's own orders, people and teams."""

from qtxvol.orders.lifecycle import Party
from qtxvol.web.access import current_actor
from qtxvol.web.department.views import bp
from qtxvol.web.desk import EXTRA_NAV
from qtxvol.web.fairness_pages import add_fairness
from qtxvol.web.i18n import _l

EXTRA_NAV[Party.DEPARTMENT].append(("department.fairness", _l("匹配与公平")))

# a seat without a department sees nobody's figures, never everybody's
add_fairness(bp, lambda: current_actor().department_id or "-")
