"""Model cases: choosing a closed order, writing its case, taking it back."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.refusals import NotFound, Refused
from qtxvol.reports.cases import (
    LONGEST_STORY,
    LONGEST_TITLE,
    facts_of,
    get_case,
    list_candidates,
    list_cases,
    withdraw_case,
    write_case,
)
from qtxvol.reports.queries import list_years
from qtxvol.web.access import current_actor
from qtxvol.web.desk import render_desk
from qtxvol.web.desk_frame import ID
from qtxvol.web.forms import StepForm, form_data, long_text_field, now, text_field
from qtxvol.web.i18n import _, _l
from qtxvol.web.office.views import bp, page_number, url_for_page


class CaseForm(StepForm):
    title = text_field(_l("标题"), longest=LONGEST_TITLE, required=_l("请写一个标题。"))
    story = long_text_field(
        _l("案例"),
        longest=LONGEST_STORY,
        required=_l("请写一段话：需要什么，怎么做的，效果怎样。"),
        render_kw={"rows": 8},
        description=_l("案例要公开。不要写姓名、电话、住址，也不要照抄别人的话。"),
    )


@bp.get("/cases")
def cases() -> ResponseReturnValue:
    """Cases of a year, and closed orders that could become one."""
    years = list_years(now())
    year = request.args.get("year", years[0], type=int)
    year = year if year in years else years[0]
    return render_desk(
        "office/cases.html",
        nav_current="office.papers",
        year=year,
        years=years,
        cases=[(case, row, facts_of(row)) for case, row in list_cases(year)],
        page=list_candidates(year, page_number()),
        url_for_page=url_for_page,
    )


@bp.get(f"/cases/<{ID}:order_id>")
def case_form(order_id: int) -> ResponseReturnValue:
    """The order's evidence, and the form for its words."""
    view = get_case(current_actor(), order_id)
    data = {"title": view.case.title, "story": view.case.story, "version": view.case.version} if view.case else {}
    return _show(order_id, CaseForm(formdata=None, data=data))


@bp.post(f"/cases/<{ID}:order_id>")
def save_case(order_id: int) -> ResponseReturnValue:
    """Keep the words."""
    form = CaseForm(formdata=form_data())
    if not form.validate():
        return _show(order_id, form), 422
    try:
        write_case(
            current_actor(),
            order_id,
            title=form.title.data,
            story=form.story.data,
            version=form.seen_version,
            now=now(),
        )
    except Refused as refused:
        form.refuse(refused)
        return _show(order_id, form), refused.status
    flash(_("案例已保存。"), "done")
    return redirect(url_for(".cases"), 303)


@bp.post(f"/cases/<{ID}:order_id>/withdraw")
def take_back_case(order_id: int) -> ResponseReturnValue:
    """Take the case back."""
    if withdraw_case(current_actor(), order_id, now()):
        flash(_("案例已撤下，不再公开。需要时可以重新写。"), "done")
    else:
        flash(_("这个案例先前已经撤下了。"), "note")
    return redirect(url_for(".cases"), 303)


def _show(order_id: int, form: CaseForm) -> str:
    view = get_case(current_actor(), order_id)
    if not view.row.closed_on and view.case is None:
        raise NotFound(str(order_id))
    return render_desk("office/case.html", nav_current="office.papers", view=view, form=form, facts=facts_of(view.row))
