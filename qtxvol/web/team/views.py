"""The team's desk and its menu."""

from qtxvol.orders.lifecycle import Party
from qtxvol.web.answers.desk import add_answers
from qtxvol.web.certificates import add_certificates
from qtxvol.web.desk import make_desk
from qtxvol.web.desk_frame import EXTRA_NAV, ID
from qtxvol.web.i18n import _l
from qtxvol.web.other_times import add_other_times

bp = make_desk(Party.TEAM, __name__)
add_answers(bp)
add_other_times(bp)
add_certificates(bp, f"/members/<{ID}:volunteer_id>/certificates")
EXTRA_NAV[Party.TEAM] += [("team.day", _l("日程")), ("team.members", _l("队员")), ("team.no_shows", _l("未到场记录"))]
