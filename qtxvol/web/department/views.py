"""Pages that only a department has."""

from flask.typing import ResponseReturnValue

from qtxvol.orders.lifecycle import Party
from qtxvol.volunteers.pausing import find_pause
from qtxvol.volunteers.queries import list_teams
from qtxvol.web.access import current_actor
from qtxvol.web.calendar import day_name
from qtxvol.web.desk import EXTRA_NAV, make_desk, render_desk
from qtxvol.web.forms import now
from qtxvol.web.i18n import _l
from qtxvol.web.joint import add_joint
from qtxvol.web.on_behalf import add_on_behalf
from qtxvol.web.other_times import add_other_times

bp = make_desk(Party.DEPARTMENT, __name__)
add_on_behalf(bp)
add_other_times(bp)
add_joint(bp)
EXTRA_NAV[Party.DEPARTMENT] += [("department.teams", _l("本部门服务队")), ("department.order_form", _l("代点单"))]


@bp.get("/teams")
def teams() -> ResponseReturnValue:
    """The department's teams with people and load."""
    rows, moment = list_teams(now(), department_id=current_actor().department_id), now()
    pauses = {row.Team.id: find_pause(row.Team, moment) for row in rows}
    names = {team: day_name(until) for team, until in pauses.items() if until is not None}
    return render_desk("department/teams.html", teams=rows, pauses=names)
