"""What all pages know of emergencies: the banner while one is open, the public page, and marking an order."""

from typing import Any

from flask import Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.emergencies.queries import Banner, get_emergency, list_banners
from qtxvol.emergencies.raising import mark_order
from qtxvol.orders.numbers import parse_number
from qtxvol.refusals import NotFound, Refused
from qtxvol.web.access import current_actor, make_blueprint, open_to_all
from qtxvol.web.desk_frame import ID, LARGEST_ID, desk_of
from qtxvol.web.forms import now
from qtxvol.web.i18n import _
from qtxvol.web.wording import refusal_sentence

bp = make_blueprint("emergencies", __name__, gate=open_to_all)

#: Open pages that show the banner; desks show it too. Never a page that a phone keeps: it would go on showing what is
#: over.
BANNER_BLUEPRINTS = frozenset({"public", "resident", "my", "join"})
KEPT_ENDPOINTS = frozenset({"team.day"})


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)
    app.jinja_env.globals["banners"] = banners


def banners(is_desk: bool) -> list[Banner]:
    """What this page says of open emergencies; one statement while there are none."""
    if request.endpoint in KEPT_ENDPOINTS or not (is_desk or request.blueprint in BANNER_BLUEPRINTS):
        return []
    return list_banners(now())


@bp.get(f"/emergencies/<{ID}:emergency_id>")
def emergency(emergency_id: int) -> ResponseReturnValue:
    """Facts that were checked, their sources, what to do and whom to call; closed ones stay readable."""
    return render_template("emergencies/public.html", view=get_emergency(emergency_id))


def mark(number: str) -> ResponseReturnValue:
    """A clerk says that an order is about an open emergency."""
    found = parse_number(number)
    if found is None:
        raise NotFound(number)
    actor = current_actor()
    try:
        emergency_id = max(0, min(request.form.get("emergency_id", 0, type=int), LARGEST_ID))
        is_new = mark_order(found, emergency_id, actor, now=now())
    except Refused as refused:
        if refused.status == 403:
            raise
        flash(refusal_sentence(refused), "warn")
    else:
        flash(_("已归入本次应急，按应急时限办理。") if is_new else _("这张单先前已经归入了。"), "done")
    return redirect(url_for(f"{desk_of(actor.party)}.order", number=found), 303)


def trail_text(line: Any) -> str:
    """What a line of the trail was about, in one phrase."""
    about = line.about
    if line.deed == "change":
        return _("改了：%(what)s", what=_("、").join(_PARTS[name]() for name in about if name in _PARTS))
    if line.deed == "push":
        return _("送单 %(count)s 张", count=len(about.get("numbers", ())))
    if line.deed in ("name_expert", "drop_expert"):
        return f"{about.get('who', '')} {about.get('role', '')}".strip()
    return str(about.get("text", ""))


_PARTS: dict[str, Any] = {
    "kind": lambda: _("类型"),
    "title": lambda: _("标题"),
    "advice": lambda: _("该怎么做"),
    "hotline": lambda: _("咨询电话"),
    "areas": lambda: _("范围"),
    "themes": lambda: _("主题"),
    "items": lambda: _("项目"),
    "starts_at": lambda: _("开始时间"),
    "planned_end_at": lambda: _("计划结束时间"),
}
