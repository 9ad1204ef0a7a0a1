"""Pages that only a volunteer has."""

from datetime import timedelta

from flask import url_for
from flask.typing import ResponseReturnValue

from qtxvol.orders.calendar import days_window, list_services
from qtxvol.orders.lifecycle import Party
from qtxvol.web.access import current_actor
from qtxvol.web.answers.desk import add_answers
from qtxvol.web.calendar import asked_day, day_name, make_week, monday_of, today
from qtxvol.web.certificates import add_certificates
from qtxvol.web.desk import make_desk
from qtxvol.web.desk_frame import EXTRA_NAV, render_desk
from qtxvol.web.i18n import _l

bp = make_desk(Party.VOLUNTEER, __name__)
add_answers(bp)
add_certificates(bp, "/certificates")
EXTRA_NAV[Party.VOLUNTEER] += [
    ("volunteer.check_in_page", _l("签到签退")),
    ("volunteer.week", _l("我的日程")),
    ("volunteer.me", _l("我的队和时间")),
    ("volunteer.hours", _l("我的时长")),
    ("volunteer.person_certificates", _l("服务证明")),
]


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
