"""Buttons beside the teams that were asked: the next wave now, and who chooses the teams from now on."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.offers.waves import ask_next_wave, switch_auto
from qtxvol.orders.numbers import parse_number
from qtxvol.refusals import NotFound, Refused
from qtxvol.web.access import current_actor
from qtxvol.web.department.views import bp
from qtxvol.web.forms import StepForm, form_data, now
from qtxvol.web.i18n import _
from qtxvol.web.wording import refusal_sentence


@bp.post("/orders/<number>/next-wave")
def next_wave(number: str) -> ResponseReturnValue:
    """Ask the next teams at once."""
    form = StepForm(formdata=form_data())
    number = _number(number)
    try:
        ask_next_wave(number, current_actor(), now=now(), version=form.seen_version, key=form.request_key)
    except Refused as refused:
        return _refuse(number, refused)
    flash(_("已经问了下一批，队长会收到通知。"), "done")
    return _back(number)


@bp.post("/orders/<number>/asking")
def switch_asking(number: str) -> ResponseReturnValue:
    """Let the service ask, or choose the teams oneself."""
    is_on, number = request.form.get("is_on") == "yes", _number(number)
    try:
        switch_auto(number, current_actor(), is_on=is_on, now=now())
    except Refused as refused:
        return _refuse(number, refused)
    flash(
        _("系统开始逐批询问服务队，先问最合适的。")
        if is_on
        else _("系统不再自动询问；已经问过的队仍然可以答复。请自己挑队。"),
        "done",
    )
    return _back(number)


def _refuse(number: str, refused: Refused) -> ResponseReturnValue:
    """The page says how the order stands now; what was tapped is said above it."""
    if refused.status == 403:
        raise refused
    flash(refusal_sentence(refused), "warn")
    return _back(number)


def _back(number: str) -> ResponseReturnValue:
    return redirect(url_for("department.order", number=number), 303)


def _number(text: str) -> str:
    number = parse_number(text)
    if number is None:
        raise NotFound(text)
    return number
