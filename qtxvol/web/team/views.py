"""Pages that only a team's leader has."""

from flask.typing import ResponseReturnValue

from qtxvol.directory.queries import term_names
from qtxvol.orders.lifecycle import Party
from qtxvol.volunteers.queries import list_members
from qtxvol.web.access import current_actor
from qtxvol.web.desk import EXTRA_NAV, make_desk, render_desk
from qtxvol.web.i18n import _l

bp = make_desk(Party.TEAM, __name__)
EXTRA_NAV[Party.TEAM].append(("team.members", _l("队员")))


@bp.get("/members")
def members() -> ResponseReturnValue:
    """The team's people with skills and hours."""
    return render_desk(
        "team/members.html", members=list_members(current_actor().team_id or 0), skills=term_names("skill")
    )
