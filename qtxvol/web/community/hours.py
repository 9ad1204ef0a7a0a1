"""The community's part in the hours: confirm services that nobody rated, and what spot-check calls brought."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from qtxvol.hours.presence import confirm_presence, list_unconfirmed
from qtxvol.orders.numbers import parse_number
from qtxvol.refusals import NotFound, Refused
from qtxvol.web.access import current_actor
from qtxvol.web.community.views import bp
from qtxvol.web.desk_frame import render_desk
from qtxvol.web.forms import now
from qtxvol.web.i18n import _
from qtxvol.web.no_shows import add_no_shows
from qtxvol.web.order_page import wants_list
from qtxvol.web.wording import refusal_sentence

add_no_shows(bp)


@bp.get("/presence")
def presence() -> ResponseReturnValue:
    """Closed services that nobody has rated or confirmed, each with one button."""
    return render_desk("community/presence.html", rows=list_unconfirmed(current_actor()))


@bp.post("/presence/<number>")
def confirm(number: str) -> ResponseReturnValue:
    """The service took place: the community's word."""
    plain = parse_number(number)
    if plain is None:
        raise NotFound(number)
    try:
        confirm_presence(plain, current_actor(), now())
        flash(_("已确认：这次服务到过场。"), "done")
    except Refused as refused:
        if refused.status != 409:
            raise
        flash(refusal_sentence(refused), "note")
    return redirect(url_for(".presence") if wants_list() else url_for(".order", number=plain), 303)
