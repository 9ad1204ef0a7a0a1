"""`/my/data`: everything that is stored about the owner of an account; take it along, set it right, have it erased."""

from flask import flash, make_response, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user, logout_user

from qtxvol.accounts.actor import Actor
from qtxvol.orders.lifecycle import Party
from qtxvol.privacy.correct import LONGEST_REQUEST, ask_for_correction
from qtxvol.privacy.erase import erase_account
from qtxvol.privacy.own_data import export_account, get_card, list_looks, list_own_orders
from qtxvol.privacy.retain import get_days
from qtxvol.refusals import Refused
from qtxvol.web.access import ask_to_sign_in, make_blueprint, signed_in_user
from qtxvol.web.forms import BaseForm, form_data, long_text_field, now, tick_field
from qtxvol.web.i18n import _, _l
from qtxvol.web.resident.data import json_file
from qtxvol.web.reveals import look_lines, never_kept


def _signed_in() -> ResponseReturnValue | None:
    if not current_user.is_authenticated:
        return ask_to_sign_in()
    if signed_in_user().must_change_password:
        return redirect(url_for("auth.account_page"), 303)
    return None


bp = make_blueprint("own", __name__, gate=_signed_in, url_prefix="/my")


class CorrectionForm(BaseForm):
    """What the owner can't change alone."""

    text = long_text_field(
        _l("哪一项不对，应该是什么"),
        longest=LONGEST_REQUEST,
        required=_l("请写明哪一项不对、应该是什么。"),
        description=_l("纲要办会核对后更正。"),
    )


class EraseForm(BaseForm):
    sure = tick_field(_l("我知道删除以后不能恢复，账号也不能再登录"), required=_l("请先勾选这一项。"))


@bp.get("/data")
def data() -> ResponseReturnValue:
    """What is stored, who looked at a number, and what one can do about it."""
    return _show(CorrectionForm(formdata=None))


@bp.get("/data.json")
def download() -> ResponseReturnValue:
    """The same as a file."""
    return json_file(export_account(signed_in_user().account_id), "my-data.json")


@bp.post("/data")
def ask() -> ResponseReturnValue:
    """Ask the office to set something right."""
    form = CorrectionForm(formdata=form_data())
    if not form.validate():
        return _show(form), 422
    try:
        ask_for_correction(signed_in_user().account_id, form.text.data or "", now())
    except Refused as refused:
        form.refuse(refused)
        return _show(form), refused.status
    flash(_("已发给纲要办，核对后更正。"), "done")
    return redirect(url_for(".data"), 303)


@bp.get("/data/erase")
def erase_form() -> ResponseReturnValue:
    """The first step: say what goes and what stays."""
    return _show_erase(EraseForm(formdata=None))


@bp.post("/data/erase")
def erase() -> ResponseReturnValue:
    """The second step: it is done, and nobody is signed in any more."""
    form = EraseForm(formdata=form_data())
    if not form.validate():
        return _show_erase(form), 422
    user = signed_in_user()
    try:
        erase_account(user.account_id, Actor(Party.RESIDENT, "本人", account_id=user.account_id), now=now())
    except Refused as refused:
        form.refuse(refused)
        return _show_erase(form), refused.status
    logout_user()
    session.clear()
    response = never_kept(make_response(render_template("privacy/erased.html", number="")))
    response.headers["Clear-Site-Data"] = '"cache", "storage"'  # what this phone kept of the person goes too
    return response


def _show(form: CorrectionForm) -> str:
    user = signed_in_user()
    looks = list_looks(user.account_id)
    card = get_card(user.account_id)
    return render_template(
        "privacy/my_data.html",
        form=form,
        user=user,
        orders=list_own_orders(user.account_id),
        people=card["volunteers"],
        account=card["account"],
        looks=look_lines(row.Reveal for row in looks),
        days=get_days(),
        is_staff=_is_staff(),
        card_url=_card_url(),
    )


def _show_erase(form: EraseForm) -> str:
    return render_template("privacy/erase_me.html", form=form, user=signed_in_user(), is_staff=_is_staff())


def _is_staff() -> bool:
    return any(seat.actor.party not in (Party.RESIDENT, Party.VOLUNTEER) for seat in signed_in_user().seats)


def _card_url() -> str:
    """Where a volunteer changes what they may change alone; empty without such a seat."""
    return url_for("volunteer.me") if signed_in_user().find_seat(Party.VOLUNTEER) else ""
