"""What anybody may check about hours: the notice list of late entries with its objections, and the spot checks."""

from datetime import date

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms.validators import ValidationError

from qtxvol.accounts.attempts import OBJECT_ADDRESS, count_attempt, seconds_to_wait
from qtxvol.hours.numbers import get_numbers
from qtxvol.hours.objections import LONGEST_TEXT, get_notice, list_notices, make_objection
from qtxvol.hours.spot_checks import count_draws, find_draw, list_drawn_of, list_draws
from qtxvol.privacy.numbers import has_own_number
from qtxvol.refusals import NotFound, Refused
from qtxvol.web.access import client_address
from qtxvol.web.desk_frame import ID
from qtxvol.web.forms import BaseForm, form_data, long_text_field, now, parse_day, text_field
from qtxvol.web.i18n import _, _l
from qtxvol.web.public.views import bp


class ObjectionForm(BaseForm):
    text = long_text_field(
        _l("哪里不对"),
        longest=LONGEST_TEXT,
        required=_l("请写明哪里不对，例如那天这个人并没有来。"),
        description=_l("这段话会公开显示。请不要写姓名、电话和身份证号。"),
        render_kw={"rows": 4},
    )
    contact = text_field(
        _l("怎么联系您"),
        longest=60,
        description=_l("可以不留。留了只给纲要办看，加密保存，不公开。"),
        render_kw={"autocomplete": "tel"},
    )

    def validate_text(self, field: object) -> None:
        if has_own_number(self.text.data or ""):
            raise ValidationError(_("这里好像写了手机号码，会被公开。请写到下面“怎么联系您”里。"))


@bp.get("/hours/notices")
def hours_notices() -> ResponseReturnValue:
    """Late entries, newest first, with the days left for objections."""
    page = list_notices(now(), request.args.get("page", 1, type=int))
    return render_template(
        "public/hours_notices.html",
        page=page,
        numbers_in_force=get_numbers(),
        url_for_page=lambda number: url_for(".hours_notices", page=number),
    )


@bp.get(f"/hours/notices/<{ID}:request_id>")
def hours_notice(request_id: int) -> ResponseReturnValue:
    """One late entry, and the form for an objection."""
    return _show_notice(request_id, ObjectionForm(formdata=None))


@bp.post(f"/hours/notices/<{ID}:request_id>")
def object_hours(request_id: int) -> ResponseReturnValue:
    """Object to a late entry; an address that objects all the time is slowed down."""
    form = ObjectionForm(formdata=form_data())
    if not form.validate():
        return _show_notice(request_id, form), 422
    key = f"objection:{client_address()}"
    if wait := seconds_to_wait(key, OBJECT_ADDRESS, now()):
        raise Refused("wait", 429, seconds=wait)
    try:
        make_objection(request_id, text=form.text.data, contact=form.contact.data or "", now=now())
    except Refused as refused:
        form.refuse(refused, default="text")
        return _show_notice(request_id, form), refused.status
    count_attempt(key, OBJECT_ADDRESS, now())
    flash(_("异议已收到。纲要办裁定之前，这段时长不计入；结果会公布在这里。"), "done")
    return redirect(url_for(".hours_notice", request_id=request_id), 303)


@bp.get("/hours/spot-checks")
def spot_checks() -> ResponseReturnValue:
    """The share, what was drawn, what the calls brought, and how to draw again."""
    return render_template(
        "public/spot_checks.html", draws=list_draws(), totals=count_draws(), numbers_in_force=get_numbers()
    )


@bp.get("/hours/spot-checks/<day>")
def spot_check(day: str) -> ResponseReturnValue:
    """One day's draw: every number that took part."""
    on = parse_day(day)
    draw = find_draw(on) if isinstance(on, date) else None
    if draw is None:
        raise NotFound(day)
    return render_template("public/spot_check.html", draw=draw, rows=list_drawn_of(draw.day))


def _show_notice(request_id: int, form: ObjectionForm) -> str:
    return render_template("public/hours_notice.html", notice=get_notice(request_id, now()), form=form)
