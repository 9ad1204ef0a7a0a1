"""A volunteer's own stars, consent to being named, and the record to take along."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from qtxvol.orders.lifecycle import Party
from qtxvol.recognition.awards import award_stars, get_standing, has_agreed, set_publication
from qtxvol.recognition.record import get_record
from qtxvol.web.access import current_actor
from qtxvol.web.desk_frame import EXTRA_NAV, render_desk
from qtxvol.web.forms import BaseForm, form_data, now, tick_field
from qtxvol.web.i18n import _, _l
from qtxvol.web.record_files import record_pdf, record_table
from qtxvol.web.volunteer.views import bp

EXTRA_NAV[Party.VOLUNTEER].append(("volunteer.stars", _l("星级和记录")))


class PublicationForm(BaseForm):
    is_agreed = tick_field(
        _l("我同意在公布的表彰名单上写我的全名"),
        description=_l("不勾选也能被表彰，名单上只写姓氏。随时可以改。"),
    )


@bp.get("/stars")
def stars() -> ResponseReturnValue:
    """Hours, stars, the way to the next one; nobody else's."""
    me = current_actor().volunteer_id or 0
    form = PublicationForm(formdata=None, data={"is_agreed": has_agreed(me)})
    return render_desk("volunteer/stars.html", standing=get_standing(me), form=form)


@bp.post("/stars")
def award() -> ResponseReturnValue:
    """Have a star written down that is due, now instead of tonight."""
    award_stars(now(), only=current_actor().volunteer_id or 0)
    return redirect(url_for(".stars"), 303)


@bp.post("/stars/publication")
def publication() -> ResponseReturnValue:
    """Agree to being named, or take it back."""
    is_agreed = bool(PublicationForm(formdata=form_data()).is_agreed.data)
    set_publication(current_actor(), is_agreed, now())
    flash(_("已记下：名单上写全名。") if is_agreed else _("已记下：名单上只写姓氏。"), "done")
    return redirect(url_for(".stars"), 303)


@bp.get("/record.pdf")
def record_file() -> ResponseReturnValue:
    """One's record on paper."""
    return record_pdf(get_record(current_actor(), current_actor().volunteer_id or 0))


@bp.get("/record.xlsx")
def record_sheet() -> ResponseReturnValue:
    """One's record as a table."""
    return record_table(get_record(current_actor(), current_actor().volunteer_id or 0))
