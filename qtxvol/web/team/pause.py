"""暂停接收普通询问: the leader says until when the team is asked for emergencies only."""

from datetime import date

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.refusals import Refused
from qtxvol.volunteers.pausing import pause_asks
from qtxvol.web.access import current_actor
from qtxvol.web.calendar import day_name
from qtxvol.web.forms import form_data, now
from qtxvol.web.i18n import _
from qtxvol.web.team.members import show_members
from qtxvol.web.team.pause_form import PauseForm
from qtxvol.web.team.views import bp


@bp.post("/pause")
def pause() -> ResponseReturnValue:
    """Pause until a day, or be asked again at once."""
    if "is_over" in request.form:
        pause_asks(current_actor(), None, now())
        flash(_("已恢复，有合适的单会再来问。"), "done")
        return redirect(url_for("team.members"), 303)
    form = PauseForm(formdata=form_data())
    if not form.validate() or form.day is None:
        return show_members(form), 422
    try:
        pause_asks(current_actor(), form.day, now())
    except Refused as refused:
        if refused.status != 422:
            raise
        form.refuse(refused, default="until")
        return show_members(form), 422
    flash(_told(form.day), "done")
    return redirect(url_for("team.members"), 303)


def _told(until: date) -> str:
    return _("已暂停到%(day)s（含），应急单仍会来问。", day=day_name(until))
