"""Pages that only a volunteer has."""

from flask.typing import ResponseReturnValue

from qtxvol.orders.lifecycle import Party
from qtxvol.volunteers.queries import get_served, list_hours
from qtxvol.web.access import current_actor
from qtxvol.web.desk import EXTRA_NAV, make_desk, render_desk
from qtxvol.web.i18n import _l

bp = make_desk(Party.VOLUNTEER, __name__)
EXTRA_NAV[Party.VOLUNTEER].append(("volunteer.hours", _l("我的时长")))


@bp.get("/hours")
def hours() -> ResponseReturnValue:
    """Every line of the ledger about oneself."""
    me = current_actor().volunteer_id or 0
    return render_desk("volunteer/hours.html", served=get_served(me), lines=list_hours(me))
