"""The yearly list of commendation at the office's desk: criteria, people with their evidence, two persons' word."""

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.orders.lifecycle import Label
from qtxvol.recognition.certificates import get_reachable_volunteer
from qtxvol.recognition.commend import (
    LONGEST_REASON,
    Criteria,
    ListView,
    confirm_list,
    count_list,
    decide,
    find_list,
    list_years,
    meets,
    return_list,
    submit_list,
    year_of,
)
from qtxvol.recognition.evidence import list_rows
from qtxvol.recognition.ledger import EARLIEST
from qtxvol.recognition.models import CommendationEvent
from qtxvol.refusals import NotFound, Refused
from qtxvol.web import certificate_words
from qtxvol.web.access import current_actor
from qtxvol.web.desk_frame import ID, LARGEST_ID, render_desk
from qtxvol.web.display import say
from qtxvol.web.forms import BaseForm, form_data, now, number_field, text_field, tick_field
from qtxvol.web.i18n import _, _l, ngettext
from qtxvol.web.office.views import bp
from qtxvol.web.xlsx import table_file

STATUS_LABELS = {
    "open": Label("办理中", "In hand"),
    "submitted": Label("待另一人确认", "Waits for the second person"),
    "published": Label("已公布", "Published"),
}
STATUS_TONES = {"open": "busy", "submitted": "wait", "published": "good"}
DECISION_LABELS = {
    "proposed": Label("待决定", "To be decided"),
    "commended": Label("表彰", "Commended"),
    "declined": Label("不表彰", "Not commended"),
}
DECISION_TONES = {"proposed": "wait", "commended": "good", "declined": "ended"}
EVENT_LABELS = {
    "count": Label("统计", "Counted"),
    "decide": Label("决定", "Decided"),
    "submit": Label("提交", "Handed in"),
    "return": Label("退回重审", "Taken back"),
    "publish": Label("确认并公布", "Confirmed and published"),
}


class CriteriaForm(BaseForm):
    min_hours = number_field(_l("至少多少小时"), low=0, high=5000, required=_l("请填小时数。"))
    min_services = number_field(_l("至少多少次服务"), low=0, high=2000, required=_l("请填次数。"))
    needs_no_objection = tick_field(_l("当年没有成立的异议"))

    def criteria(self) -> Criteria:
        return Criteria(self.min_hours.data or 0, self.min_services.data or 0, self.needs_no_objection.data)


class DecideForm(BaseForm):
    reason = text_field(
        _l("理由"),
        longest=LONGEST_REASON,
        description=_l("不表彰、或不符合条件仍要表彰的，必须写。只有办公室内部能看到。"),
    )


class ReturnForm(BaseForm):
    reason = text_field(_l("为什么退回"), longest=LONGEST_REASON, required=_l("请写明为什么退回。"))


@bp.get("/commendations")
def commendations() -> ResponseReturnValue:
    """The years."""
    return render_desk("office/commendations.html", years=list_years(now()), labels=STATUS_LABELS, tones=STATUS_TONES)


@bp.get(f"/commendations/<{ID}:year>")
def commendation(year: int) -> ResponseReturnValue:
    """The list of a year with everything that can be done to it."""
    return _show(year)


@bp.post(f"/commendations/<{ID}:year>")
def count_commendation(year: int) -> ResponseReturnValue:
    """Count by the criteria, and propose."""
    form = CriteriaForm(formdata=form_data())
    if not form.validate():
        return _show(year, criteria_form=form), 422
    count = count_list(current_actor(), year, form.criteria(), now())
    flash(ngettext("统计好了，名单上有 %(num)d 人。", "统计好了，名单上有 %(num)d 人。", count), "done")
    return _back(year)


@bp.post(f"/commendations/<{ID}:year>/decide")
def decide_commendation(year: int) -> ResponseReturnValue:
    """Decide on those who are ticked."""
    form = DecideForm(formdata=form_data())
    ticked = {each for each in request.form.getlist("entry", type=int) if 0 < each <= LARGEST_ID}
    if not form.validate():
        return _show(year, decide_form=form, ticked=ticked), 422
    try:
        decide(
            current_actor(), year, ticked, is_commended=request.form.get("as") == "commended",
            reason=form.reason.data or "", now=now(),
        )  # fmt: skip
    except Refused as refused:
        form.refuse(refused, default="reason")
        return _show(year, decide_form=form, ticked=ticked), refused.status
    flash(_("已记下决定。"), "done")
    return _back(year)


@bp.post(f"/commendations/<{ID}:year>/submit")
def submit_commendation(year: int) -> ResponseReturnValue:
    """Hand it in for the second person."""
    return _step(year, lambda: submit_list(current_actor(), year, now()), _("名单已提交，请另一位同事确认。"))


@bp.post(f"/commendations/<{ID}:year>/confirm")
def confirm_commendation(year: int) -> ResponseReturnValue:
    """The second person's word: published."""
    return _step(year, lambda: confirm_list(current_actor(), year, now()), _("名单已确认并公布。"))


@bp.post(f"/commendations/<{ID}:year>/return")
def return_commendation(year: int) -> ResponseReturnValue:
    """Take it back."""
    form = ReturnForm(formdata=form_data())
    if not form.validate():
        return _show(year, return_form=form), 422
    return _step(
        year, lambda: return_list(current_actor(), year, form.reason.data, now()), _("名单已退回，可以重新决定。")
    )


@bp.get(f"/commendations/<{ID}:year>/people/<{ID}:volunteer_id>")
def commendation_rows(year: int, volunteer_id: int) -> ResponseReturnValue:
    """The services behind one person's figures."""
    person = get_reachable_volunteer(current_actor(), volunteer_id)
    view = _get(year)
    entry = next((row for row in view.people if row.Commendation.volunteer_id == volunteer_id), None)
    if entry is None:
        raise NotFound(volunteer_id)
    return render_desk(
        "office/commendation_rows.html",
        nav_current="office.commendations",
        year=year,
        person=person,
        entry=entry.Commendation,
        rows=list_rows(volunteer_id, year),
    )


@bp.get(f"/commendations/<{ID}:year>/sheet")
def commendation_sheet(year: int) -> ResponseReturnValue:
    """The list to be printed and signed."""
    return render_template(
        "papers/commendation.html",
        view=_get(year),
        year=year,
        labels=STATUS_LABELS,
        decisions=DECISION_LABELS,
        issuer=certificate_words.ISSUER,
        meets=meets,
        back_url=url_for(".commendation", year=year),
        printed_at=now(),
    )


@bp.get(f"/commendations/<{ID}:year>.xlsx")
def commendation_table(year: int) -> ResponseReturnValue:
    """The list with its evidence as a table."""
    view = _get(year)
    columns = [
        (_("姓名"), 12), (_("志愿者编号"), 14), (_("服务队"), 26), (_("分钟"), 9), (_("小时"), 9), (_("服务次数"), 10),
        (_("已确认"), 9), (_("已评价"), 9), (_("未评价"), 9), (_("平均星"), 9), (_("成立的异议"), 12), (_("星级"), 8),
        (_("决定"), 10), (_("理由"), 30), (_("谁决定的"), 16),
    ]  # fmt: skip
    rows = [
        (
            row.name, row.number, row.team, entry.minutes, round(entry.minutes / 60, 2), entry.services,
            entry.confirmed, entry.rated, entry.services - entry.rated, mean(entry), entry.objections, entry.star,
            say(DECISION_LABELS[entry.status]), entry.reason, row.decided_by,
        )
        for row in view.people
        for entry in (row.Commendation,)
    ]  # fmt: skip
    notes = [criteria_text(view.criteria), _("状态：%(status)s", status=say(STATUS_LABELS[view.list.status]))]
    return table_file(f"commendation-{year}.xlsx", _("%(year)s 年度表彰名单", year=year), columns, rows, notes=notes)


def mean(entry: Any) -> float | None:
    """Mean of the ratings; None without one: "not rated" is no number of stars."""
    return round(entry.stars_total / entry.ratings, 2) if entry.ratings else None


def criteria_text(criteria: Criteria) -> str:
    """The criteria in a sentence."""
    text = _("条件：当年至少 %(hours)s 小时、%(count)s 次服务", hours=criteria.min_hours, count=criteria.min_services)
    return text + (_("，没有成立的异议。") if criteria.needs_no_objection else _("。"))


def event_text(event: CommendationEvent) -> str:
    """What a step was about, in words."""
    match event.action:
        case "count":
            hours, services, is_strict = map(int, event.note.split())
            return criteria_text(Criteria(hours, services, bool(is_strict)))
        case "decide":
            decision, count = event.note.split()
            label = say(DECISION_LABELS[decision])
            return ngettext("%(label)s：%(num)d 人", "%(label)s：%(num)d 人", int(count), label=label)
    return event.note


def _step(year: int, act: Callable[[], None], done: str) -> ResponseReturnValue:
    try:
        act()
    except Refused as refused:
        form = BaseForm(formdata=None)
        form.refuse(refused)
        return _show(year, step_form=form), refused.status
    flash(done, "done")
    return _back(year)


def _get(year: int) -> ListView:
    view = find_list(year)
    if view is None:
        raise NotFound(year)
    return view


def _back(year: int) -> ResponseReturnValue:
    return redirect(url_for(".commendation", year=year), 303)


def _show(
    year: int,
    *,
    criteria_form: CriteriaForm | None = None,
    decide_form: DecideForm | None = None,
    return_form: ReturnForm | None = None,
    step_form: BaseForm | None = None,
    ticked: frozenset[int] | set[int] = frozenset(),
) -> str:
    if not EARLIEST.year <= year <= year_of(now()):
        raise NotFound(year)
    view = find_list(year)
    criteria = view.criteria if view else Criteria()
    return render_desk(
        "office/commendation.html",
        nav_current="office.commendations",
        year=year,
        view=view,
        criteria=criteria,
        criteria_text=criteria_text(criteria),
        criteria_form=criteria_form
        or CriteriaForm(
            formdata=None,
            data={
                "min_hours": criteria.min_hours,
                "min_services": criteria.min_services,
                "needs_no_objection": criteria.needs_no_objection,
            },
        ),
        decide_form=decide_form or DecideForm(formdata=None),
        return_form=return_form or ReturnForm(formdata=None),
        step_form=step_form or BaseForm(formdata=None),
        ticked=ticked,
        labels=STATUS_LABELS,
        tones=STATUS_TONES,
        decisions=DECISION_LABELS,
        decision_tones=DECISION_TONES,
        event_labels=EVENT_LABELS,
        event_text=event_text,
        meets=meets,
        mean=mean,
    )
