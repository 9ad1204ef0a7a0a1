"""Pages that only a community has."""

import segno
from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.directory.queries import get_division_names
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.rate import finish_call_back
from qtxvol.refusals import NotFound
from qtxvol.web.access import current_actor, settings
from qtxvol.web.desk import EXTRA_NAV, make_desk, render_desk
from qtxvol.web.forms import BaseForm, form_data, long_text_field, now
from qtxvol.web.i18n import _, _l
from qtxvol.web.on_behalf import add_on_behalf

bp = make_desk(Party.COMMUNITY, __name__)
add_on_behalf(bp)
EXTRA_NAV[Party.COMMUNITY] += [("community.order_form", _l("代点单")), ("community.poster", _l("扫码点单海报"))]


class CallBackForm(BaseForm):
    outcome = long_text_field(_l("回访结果"), required=_l("请写下回访结果。"))


@bp.post("/call-backs/<int:call_back_id>")
def call_back(call_back_id: int) -> ResponseReturnValue:
    """Write down what a call brought."""
    form = CallBackForm(formdata=form_data())
    if not form.validate():
        for sentence in form.outcome.errors:
            flash(sentence, "warn")
        return redirect(request.referrer or url_for(".inbox", tab="call_back"), 303)
    number = finish_call_back(call_back_id, current_actor(), outcome=form.outcome.data, now=now())
    flash(_("回访已记录。"), "done")
    return redirect(url_for(".order", number=number), 303)


@bp.get("/poster")
def poster() -> ResponseReturnValue:
    """A sheet with a QR code that opens the order form for this community."""
    code = current_actor().division_code or ""
    return render_desk("community/poster.html", place=get_division_names()[code], link=_poster_link(code))


@bp.get("/poster/qr.svg")
def poster_qr() -> Response:
    """The QR code of the poster."""
    code = current_actor().division_code
    if not code:
        raise NotFound("poster")
    svg = segno.make(_poster_link(code), error="q").svg_inline(scale=8, border=4, dark="#000", light="#fff")
    return Response(svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1), mimetype="image/svg+xml")


def _poster_link(code: str) -> str:
    return (settings().public_url or request.host_url.rstrip("/")) + url_for("resident.order_form", community=code)
