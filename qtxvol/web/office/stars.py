"""Stars: who was awarded which, and when. In order of time, never of people."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.recognition.awards import (
    LONGEST_REASON,
    award_stars,
    count_short,
    get_award,
    list_levels,
    search_awards,
    withdraw_star,
)
from qtxvol.refusals import Refused
from qtxvol.web.access import current_actor
from qtxvol.web.desk_frame import ID, render_desk
from qtxvol.web.forms import BaseForm, form_data, now, text_field
from qtxvol.web.i18n import _, _l, ngettext
from qtxvol.web.office.views import bp, empty_text, page_number, search_text, url_for_page


class WithdrawForm(BaseForm):
    reason = text_field(
        _l("为什么收回"),
        longest=LONGEST_REASON,
        required=_l("请写明收回的原因。"),
        description=_l("本人会在自己的页面上看到这句话。"),
    )


@bp.get("/stars")
def stars() -> ResponseReturnValue:
    """The levels, and the awards, newest first."""
    text, show = search_text(), request.args.get("show", "")
    return render_desk(
        "office/stars.html",
        levels=list_levels(),
        page=search_awards(text, show, page_number()),
        short=count_short(),
        text=text,
        show=show,
        url_for_page=url_for_page,
        empty_text=empty_text(bool(text or show)),
    )


@bp.post("/stars")
def award() -> ResponseReturnValue:
    """Award what is due, now instead of tonight."""
    count = award_stars(now())
    flash(ngettext("新授予了 %(num)d 颗星。", "新授予了 %(num)d 颗星。", count), "done")
    return redirect(url_for(".stars"), 303)


@bp.get(f"/stars/<{ID}:award_id>/withdraw")
def withdraw_form(award_id: int) -> ResponseReturnValue:
    """Ask for the reason."""
    return _show(award_id, WithdrawForm(formdata=None))


@bp.post(f"/stars/<{ID}:award_id>/withdraw")
def withdraw(award_id: int) -> ResponseReturnValue:
    """Take a star back whose hours no longer stand."""
    form = WithdrawForm(formdata=form_data())
    if not form.validate():
        return _show(award_id, form), 422
    try:
        withdraw_star(current_actor(), award_id, form.reason.data, now())
    except Refused as refused:
        form.refuse(refused, default="reason")
        return _show(award_id, form), refused.status
    flash(_("星级已收回，本人会看到原因。"), "done")
    return redirect(url_for(".stars"), 303)


def _show(award_id: int, form: WithdrawForm) -> str:
    return render_desk("office/withdraw_star.html", nav_current="office.stars", row=get_award(award_id), form=form)
