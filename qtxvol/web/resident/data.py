"""A resident's own data, reached by the secret link: read it, take it along, set it right, have it erased.

The link may have been forwarded to the family; whoever does more than read proves with the last four digits that the
number is known.
"""

import json

from flask import Response, flash, make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import StringField

from qtxvol.accounts.attempts import TRACK_ORDER, count_attempt, forget_attempts, seconds_to_wait
from qtxvol.orders.numbers import spoken
from qtxvol.orders.queries import get_order_view
from qtxvol.privacy.correct import LONGEST_NAME, correct_contact, may_correct
from qtxvol.privacy.erase import Cause, erase_order, is_over
from qtxvol.privacy.own_data import export_order
from qtxvol.privacy.retain import get_days
from qtxvol.privacy.reveal import list_reveals_of_order
from qtxvol.refusals import Refused
from qtxvol.web.access import link_actor
from qtxvol.web.forms import BaseForm, PhoneField, Required, clean_text, form_data, now, strip, text_field, tick_field
from qtxvol.web.i18n import _, _l
from qtxvol.web.resident.views import bp
from qtxvol.web.reveals import look_lines, never_kept


class TailForm(BaseForm):
    """Proof that the number is known."""

    tail = StringField(
        _l("电话后四位"),
        filters=[strip],
        validators=[clean_text, Required(_l("请填点单时所留电话的后四位。"))],
        render_kw={"inputmode": "numeric", "autocomplete": "off", "maxlength": "4"},
    )


class CorrectForm(TailForm):
    """What is to stand there instead."""

    name = text_field(_l("新的称呼"), longest=LONGEST_NAME, description=_l("不改就留空"))
    phone = PhoneField(_l("新的电话"), filters=[strip], description=_l("不改就留空"), render_kw={"type": "tel"})
    second_name = text_field(_l("备用联系人怎么称呼"), longest=LONGEST_NAME, description=_l("不改就留空"))
    second_phone = PhoneField(_l("备用电话"), filters=[strip], description=_l("不改就留空"), render_kw={"type": "tel"})
    drops_second = tick_field(_l("不要备用联系人了"))


class EraseForm(TailForm):
    """The second step has a tick of its own."""

    sure = tick_field(_l("我知道删除以后不能恢复，专属链接也会失效"))


_FORMS: dict[str, type[TailForm]] = {"download": TailForm, "correct": CorrectForm, "erase": EraseForm}


@bp.get("/t/<number>/<token>/data")
def data(number: str, token: str) -> ResponseReturnValue:
    """What is stored about the resident of one order, who looked, how long it is kept."""
    return _show(number, token)


@bp.post("/t/<number>/<token>/data/<go>")
def change_data(number: str, token: str, go: str) -> ResponseReturnValue:
    """Take it along, set it right, or have it erased."""
    actor = link_actor(number, token)
    form = _FORMS.get(go, TailForm)(formdata=form_data())
    _name_fields(go, form)
    if not form.validate():
        return _show(number, token, go, form), 422
    try:
        _check_tail(number, str(form.tail.data), token)
        if go == "download":
            return _as_file(export_order(actor, number), number)
        if go == "correct" and isinstance(form, CorrectForm):
            changed = correct_contact(
                number,
                actor,
                name=form.name.data or "",
                phone=form.phone.digits,
                second_name=form.second_name.data or "",
                second_phone=form.second_phone.digits,
                drops_second=bool(form.drops_second.data),
                now=now(),
            )
            if changed:
                flash(_("已改好，办理您这张单的人会看到新的称呼和电话。"), "done")
            return redirect(url_for(".data", number=number, token=token), 303)
        if go == "erase" and isinstance(form, EraseForm) and form.sure.data:
            erase_order(number, actor, cause=Cause.ASKED, now=now())
            return never_kept(make_response(render_template("privacy/erased.html", number=number)))
    except Refused as refused:
        form.refuse(refused)
        return _show(number, token, go, form), refused.status
    return _show(number, token, go, form, asks_again=True)


def _show(number: str, token: str, go: str = "", failed: TailForm | None = None, *, asks_again: bool = False) -> str:
    actor = link_actor(number, token)
    view = get_order_view(actor, number, now())
    forms = {name: _name_fields(name, kind(formdata=None)) for name, kind in _FORMS.items()}
    if failed is not None and go in forms:
        forms[go] = failed
    return render_template(
        "privacy/order_data.html",
        view=view,
        order=view.order,
        row=view.row,
        fields=forms,
        failed=failed,
        asks_again=asks_again,
        looks=look_lines(list_reveals_of_order(view.order.id)),
        days=get_days(),
        is_over=is_over(view.merged_into or view.order),
        can_correct=may_correct(view.order),
        back_url=url_for(".follow", number=number, token=token),
        go_url=lambda name: url_for(".change_data", number=number, token=token, go=name),
    )


def _name_fields(prefix: str, form: TailForm) -> TailForm:
    """Three forms on one page: each field has an id of its own."""
    for field in form:
        field.id = f"{prefix}-{field.name}"
        field.label.field_id = field.id
    return form


def _check_tail(number: str, tail: str, token: str) -> None:
    """Guessing slows down, as it does for tracking."""
    key = f"track:order:{number}"
    if wait := seconds_to_wait(key, TRACK_ORDER, now()):
        raise Refused("wait", 429, seconds=wait)
    order = get_order_view(link_actor(number, token), number, now()).order
    if not order.contact_phone_tail or order.contact_phone_tail != tail:
        count_attempt(key, TRACK_ORDER, now())
        raise Refused(
            "invalid",
            422,
            field="tail",
            message="和点单时留的电话对不上，请再看看。",
            message_en="These are not the last digits of the number that was left.",
        )
    forget_attempts(key)


def _as_file(content: dict[str, object], name: str) -> Response:
    return json_file(content, f"{spoken(name).replace(' ', '-')}.json")


def json_file(content: dict[str, object], name: str) -> Response:
    """A download of one's own data, for eyes and programs alike."""
    response = Response(json.dumps(content, ensure_ascii=False, indent=2), mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return never_kept(response)
