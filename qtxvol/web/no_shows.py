"""No-shows at the desks of a team and of a community: what is recorded, and why."""

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from qtxvol.hours.no_shows import explain_no_show, list_no_shows
from qtxvol.hours.numbers import get_numbers
from qtxvol.hours.rules import EXCUSES, NO_SHOW_REASONS
from qtxvol.web.access import current_actor
from qtxvol.web.desk_frame import ID, desk_of, render_desk
from qtxvol.web.display import say
from qtxvol.web.forms import BaseForm, choice, choice_field, form_data, now
from qtxvol.web.i18n import _, _l


class ReasonForm(BaseForm):
    reason = choice_field(
        _l("原因"),
        required=_l("请选一个原因。"),
        choices=[choice(code, label.zh) for code, label in NO_SHOW_REASONS.items()],
    )


def add_no_shows(bp: Blueprint) -> None:
    """The list at `/no-shows` of this desk, and a form for each record."""
    bp.add_url_rule("/no-shows", "no_shows", no_shows)
    bp.add_url_rule(f"/no-shows/<{ID}:no_show_id>", "explain", explain, methods=["POST"])


def no_shows() -> ResponseReturnValue:
    """Who was named and did not come, with the reason, and what follows from it."""
    return _show()


def explain(no_show_id: int) -> ResponseReturnValue:
    """Say why somebody did not come."""
    form = ReasonForm(formdata=form_data())
    if not form.validate():
        return _show(bad_id=no_show_id, error=form.reason.errors[0]), 422
    explain_no_show(no_show_id, current_actor(), reason=form.reason.data, now=now())
    flash(_("原因已记录。"), "done")
    return redirect(url_for(f"{desk_of(current_actor().party)}.no_shows"), 303)


def _show(bad_id: int = 0, error: str = "") -> str:
    return render_desk(
        "hours/no_shows.html",
        rows=list_no_shows(current_actor()),
        reasons=[(code, say(label), code in EXCUSES) for code, label in NO_SHOW_REASONS.items()],
        numbers_in_force=get_numbers(),
        bad_id=bad_id,
        error=error,
    )
