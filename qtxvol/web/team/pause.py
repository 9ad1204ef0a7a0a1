"""暂停接收普通询问: the leader says until when the team is asked for emergencies only."""

from datetime import date

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.refusals import Refused
from qtxvol.volunteers.pausing import pause_asks
from qtxvol.web.access import current_actor
from qtxvol.web.calendar import day_name
from qtxvol.web.forms import now
from qtxvol.web.i18n import _
from qtxvol.web.team.views import bp
from qtxvol.web.wording import refusal_sentence


@bp.post("/pause")
def pause() -> ResponseReturnValue:
    """Pause until a day, or be asked again at once."""
    until = _day(request.form.get("until", ""))
    is_over = "is_over" in request.form
    if until is None and not is_over:
        flash(_("没有改：请先选暂停到哪一天。"), "warn")
    else:
        try:
            pause_asks(current_actor(), None if is_over else until, now())
        except Refused as refused:
            if refused.status == 403:
                raise
            flash(refusal_sentence(refused), "warn")
        else:
            flash(_("已恢复，有合适的单会再来问。") if is_over or until is None else _told(until), "done")
    return redirect(url_for("team.members") + "#pause-title", 303)


def _told(until: date) -> str:
    return _("已暂停到%(day)s（含），应急单仍会来问。", day=day_name(until))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
