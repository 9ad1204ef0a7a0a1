"""At the service: the code that the leader shows, and who has checked in."""

from flask import url_for
from flask.typing import ResponseReturnValue

from qtxvol.accounts.permissions import find_obstacle
from qtxvol.hours.attendance import attendances_of
from qtxvol.hours.codes import make_code, seconds_left
from qtxvol.hours.rules import CHECK_IN_BEFORE, CHECK_OUT_AFTER
from qtxvol.orders.lifecycle import Action, Status
from qtxvol.orders.queries import get_order_view
from qtxvol.refusals import NotFound
from qtxvol.web.access import current_actor, settings
from qtxvol.web.desk_frame import render_desk
from qtxvol.web.forms import now
from qtxvol.web.i18n import _
from qtxvol.web.late_entries import add_late_entries, get_order
from qtxvol.web.no_shows import add_no_shows
from qtxvol.web.papers import external, qr_svg
from qtxvol.web.team.views import bp

add_late_entries(bp)
add_no_shows(bp)


@bp.get("/orders/<number>/check-in")
def check_in(number: str) -> ResponseReturnValue:
    """Six digits and a QR code that change every minute; the page fetches the next one by itself."""
    order = get_order(number)
    actor = current_actor()
    if find_obstacle(actor, order, Action.CLOSE) is not None:
        raise NotFound(number)
    opens_at = order.agreed_start - CHECK_IN_BEFORE if order.agreed_start else None
    shuts_at = order.agreed_end + CHECK_OUT_AFTER if order.agreed_end else None
    is_accepted = order.status == Status.ACCEPTED
    is_open = is_accepted and opens_at is not None and shuts_at is not None and opens_at <= now() <= shuts_at
    code = make_code(settings().secret_key, order.number, order.link_nonce, now())
    link = external(url_for("volunteer.check_in_page", number=order.number, code=code))
    view = get_order_view(actor, order.number, now())
    return render_desk(
        "team/check_in.html",
        order=order,
        row=view.row,
        is_open=is_open,
        is_accepted=is_accepted,
        opens_at=opens_at,
        code=f"{code[:3]} {code[3:]}",
        qr=qr_svg(link, _("签到二维码")) if is_open else "",
        seconds=seconds_left(now()) + 1,
        present=attendances_of(order),
        crew=view.crew,
    )
