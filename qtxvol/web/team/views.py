"""The team's desk, and its people."""

from flask.typing import ResponseReturnValue

from qtxvol.directory.queries import term_names
from qtxvol.orders.lifecycle import Party
from qtxvol.volunteers.queries import list_members
from qtxvol.web.access import current_actor
from qtxvol.web.certificates import add_certificates
from qtxvol.web.desk import make_desk
from qtxvol.web.desk_frame import EXTRA_NAV, ID, render_desk
from qtxvol.web.i18n import _l

bp = make_desk(Party.TEAM, __name__)
add_certificates(bp, f"/members/<{ID}:volunteer_id>/certificates")
EXTRA_NAV[Party.TEAM] += [("team.day", _l("日程")), ("team.members", _l("队员"))]


@bp.get("/members")
def members() -> ResponseReturnValue:
    """The team's people with skills and hours."""
    return render_desk(
        "team/members.html", members=list_members(current_actor().team_id or 0), skills=term_names("skill")
    )
