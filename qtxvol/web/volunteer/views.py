"""Pages that only a volunteer has."""

from datetime import timedelta

from flask import url_for
from flask.typing import ResponseReturnValue

from qtxvol.orders.calendar import days_window, list_services
from qtxvol.orders.lifecycle import Party
from qtxvol.volunteers.queries import get_served, list_hours
from qtxvol.web.access import current_actor
from qtxvol.web.calendar import asked_day, day_name, make_week, monday_of, today
from qtxvol.web.certificates import add_certificates
from qtxvol.web.desk import make_desk
from qtxvol.web.desk_frame import EXTRA_NAV, render_desk
from qtxvol.web.i18n import _l

bp = make_desk(Party.VOLUNTEER, __name__)
add_certificates(bp, "/certificates")
EXTRA_NAV[Party.VOLUNTEER] += [
    ("volunteer.week", _l("我的日程")),
    ("volunteer.hours", _l("我的时长")),
    ("volunteer.person_certificates", _l("服务证明")),
]


@bp.get("/hours")
def hours() -> ResponseReturnValue:
    """Every line of the ledger about oneself."""
    me = current_actor().volunteer_id or 0
    return render_desk("volunteer/hours.html", served=get_served(me), lines=list_hours(me))


@bp.get("/week")
def week() -> ResponseReturnValue:
    """One's own services from Monday to Sunday."""
    monday = monday_of(asked_day("of"))
    sunday = monday + timedelta(days=6)
    return render_desk(
        "volunteer/week.html",
        days=make_week(monday, list_services(current_actor(), days_window(monday, sunday))),
        monday=monday,
        sunday=sunday,
        today=today(),
        day_name=day_name,
        step=timedelta(7),
        order_url=lambda number: url_for(".order", number=number),
    )
