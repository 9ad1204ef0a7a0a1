"""Fairness of the whole city."""

from qtxvol.orders.lifecycle import Party
from qtxvol.web.desk import EXTRA_NAV
from qtxvol.web.fairness_pages import add_fairness
from qtxvol.web.i18n import _l
from qtxvol.web.office.views import bp

EXTRA_NAV[Party.OFFICE].append(("office.fairness", _l("匹配与公平")))

add_fairness(bp, lambda: None)
