"""Personal data at the office: how long it is kept, what the nightly run did, who looked, what people ask for."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from qtxvol.jobs.ledger import list_runs
from qtxvol.orders.lifecycle import Party
from qtxvol.privacy.correct import finish_correction, list_open_corrections
from qtxvol.privacy.erase import ERASED, erase_volunteer
from qtxvol.privacy.retain import (
    LEAST_DAYS,
    MOST_DAYS,
    count_due,
    get_days,
    list_erased_by_month,
    set_days,
)
from qtxvol.privacy.reveal import get_numbered_volunteer, list_reveals
from qtxvol.refusals import Refused
from qtxvol.web.access import current_actor
from qtxvol.web.desk_frame import EXTRA_NAV, ID, render_desk
from qtxvol.web.forms import BaseForm, form_data, now, number_field, tick_field
from qtxvol.web.i18n import _, _l
from qtxvol.web.office.views import bp, page_number, url_for_page
from qtxvol.web.person_numbers import add_numbers
from qtxvol.web.reveals import look_lines

add_numbers(bp, f"/volunteers/<{ID}:volunteer_id>/numbers")
EXTRA_NAV[Party.OFFICE].append(("office.privacy", _l("个人信息")))


class DaysForm(BaseForm):
    days = number_field(
        _l("单子结束多少天后删除联系方式"),
        low=LEAST_DAYS,
        high=MOST_DAYS,
        required=_l("请填天数。"),
        description=_l("每天夜里自动删除到期的称呼、电话、地点和居民写的话，服务记录留下。"),
    )


class SureForm(BaseForm):
    sure = tick_field(_l("本人要求删除，已核对是本人"), required=_l("请先勾选这一项。"))


@bp.get("/privacy")
def privacy() -> ResponseReturnValue:
    """The setting, what is due, the last runs, requests, and who looked."""
    return _show(DaysForm(formdata=None, data={"days": get_days()}))


@bp.post("/privacy")
def set_retention() -> ResponseReturnValue:
    """Choose how long contacts are kept."""
    form = DaysForm(formdata=form_data())
    if not form.validate():
        return _show(form), 422
    try:
        set_days(current_actor(), form.days.data or 0, now())
    except Refused as refused:
        form.refuse(refused)
        return _show(form), refused.status
    flash(_("已保存，下一次夜里运行时生效。"), "done")
    return redirect(url_for(".privacy"), 303)


@bp.post(f"/privacy/corrections/<{ID}:correction_id>")
def finish_request(correction_id: int) -> ResponseReturnValue:
    """A request to set something right is done."""
    finish_correction(correction_id, current_actor(), now())
    flash(_("已记为办好。"), "done")
    return redirect(url_for(".privacy"), 303)


@bp.get(f"/volunteers/<{ID}:volunteer_id>/erase")
def erase_volunteer_form(volunteer_id: int) -> ResponseReturnValue:
    """The first step: say what goes and what stays."""
    return _show_erase(volunteer_id, SureForm(formdata=None))


@bp.post(f"/volunteers/<{ID}:volunteer_id>/erase")
def erase_volunteer_data(volunteer_id: int) -> ResponseReturnValue:
    """The second step, for somebody who asked at the office."""
    form = SureForm(formdata=form_data())
    if not form.validate():
        return _show_erase(volunteer_id, form), 422
    try:
        erase_volunteer(volunteer_id, current_actor(), now=now())
    except Refused as refused:
        form.refuse(refused)
        return _show_erase(volunteer_id, form), refused.status
    flash(_("已删除，只留下编号和时长。"), "done")
    return redirect(url_for(".volunteers"), 303)


def _show(form: DaysForm) -> str:
    page = list_reveals(page_number())
    return render_desk(
        "office/privacy.html",
        form=form,
        due=count_due(now()),
        runs=list_runs("retain", 7),
        months=list_erased_by_month(),
        requests=list_open_corrections(),
        page=page,
        looks=list(zip(page.rows, look_lines(row.Reveal for row in page.rows), strict=True)),
        url_for_page=url_for_page,
    )


def _show_erase(volunteer_id: int, form: SureForm) -> str:
    person = get_numbered_volunteer(volunteer_id, current_actor())
    return render_desk(
        "office/erase_volunteer.html",
        nav_current="office.teams",
        person=person,
        form=form,
        is_erased=person.name == ERASED,
    )
