"""What the service does by itself when nobody acts, and the office's switches for it."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from qtxvol.base import AnyRow
from qtxvol.jobs.ledger import list_runs
from qtxvol.orders.ladder import list_recent_moves
from qtxvol.orders.ladder_rules import SWITCHES, get_switches, list_changes, set_switch
from qtxvol.orders.lifecycle import Party
from qtxvol.web.access import current_actor
from qtxvol.web.desk_frame import EXTRA_NAV, render_desk
from qtxvol.web.display import say
from qtxvol.web.forms import form_data, now
from qtxvol.web.i18n import _, _l
from qtxvol.web.office.views import bp

EXTRA_NAV[Party.OFFICE].append(("office.ladder", _l("催办与转派")))


@bp.get("/ladder")
def ladder() -> ResponseReturnValue:
    """Who is told when, what happens then, and what has happened lately."""
    in_force = get_switches()
    runs = list_runs("climb_ladder", 1)
    return render_desk(
        "office/ladder.html",
        switches=[(name, switch, in_force[name]) for name, switch in SWITCHES.items()],
        changes=[(row, say(SWITCHES[row.name].label)) for row in list_changes() if row.name in SWITCHES],
        moves=[(row, _what(row)) for row in list_recent_moves()],
        ran_at=runs[0].done_at if runs else None,
    )


@bp.post("/ladder")
def set_ladder() -> ResponseReturnValue:
    """Turn the switches from now on."""
    ticked = form_data()
    turned = [set_switch(current_actor(), name, name in ticked, now()) for name in SWITCHES]
    flash(_("已保存，下一次催办起按这样办。") if any(turned) else _("没有改动。"), "done")
    return redirect(url_for(".ladder"), 303)


def _what(row: AnyRow) -> str:
    if row.kind == "stuck":
        return _("没有部门可再转派，请裁定")
    return {
        "claim": _("领单超时，已转派"),
        "first_call": _("没有打电话，已收回"),
        "close": _("没有到场或办结的登记，已收回"),
    }[row.step]
