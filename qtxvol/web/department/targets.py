"""The targets that a department leads or has a part in."""

from qtxvol.orders.lifecycle import Party
from qtxvol.web.department.views import bp
from qtxvol.web.desk_frame import EXTRA_NAV
from qtxvol.web.i18n import _l
from qtxvol.web.target_pages import add_targets

add_targets(bp)
EXTRA_NAV[Party.DEPARTMENT].append(("department.targets", _l("目标填报")))
