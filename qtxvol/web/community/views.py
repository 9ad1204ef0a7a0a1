"""Pages that only a community has."""

from qtxvol.orders.lifecycle import Party
from qtxvol.web.desk import make_desk
from qtxvol.web.desk_frame import EXTRA_NAV
from qtxvol.web.i18n import _l
from qtxvol.web.joint import add_joint
from qtxvol.web.on_behalf import add_on_behalf
from qtxvol.web.undelivered import add_undelivered

bp = make_desk(Party.COMMUNITY, __name__)
add_on_behalf(bp)
EXTRA_NAV[Party.COMMUNITY] += [
    ("community.order_form", _l("代点单")),
    ("community.presence", _l("到场确认")),
    ("community.no_shows", _l("未到场记录")),
    ("community.poster", _l("扫码点单海报")),
]
add_undelivered(bp, Party.COMMUNITY)
add_joint(bp)
