"""Emergencies at the office's desk: opening, facts, experts, raising orders, closing, the review sheet."""

from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.directory.queries import term_names
from qtxvol.emergencies.events import change_emergency, close_emergency, open_emergency
from qtxvol.emergencies.experts import drop_expert, name_expert
from qtxvol.emergencies.facts import add_fact, correct_fact, withdraw_fact
from qtxvol.emergencies.models import EmergencyEvent, EmergencyFact
from qtxvol.emergencies.queries import (
    EmergencyView,
    count_to_raise,
    get_emergency,
    list_candidates,
    list_emergencies,
)
from qtxvol.emergencies.raising import raise_orders
from qtxvol.emergencies.review import write_lessons
from qtxvol.emergencies.rules import DEEDS
from qtxvol.emergencies.sheet import make_sheet
from qtxvol.emergencies.trail import list_trail
from qtxvol.orders.lifecycle import Party
from qtxvol.refusals import NotFound, Refused
from qtxvol.web.access import current_actor
from qtxvol.web.desk import EXTRA_NAV, render_desk
from qtxvol.web.desk_frame import ID
from qtxvol.web.display import input_time, party_label, say
from qtxvol.web.emergencies import trail_text
from qtxvol.web.forms import BaseForm, form_data, now
from qtxvol.web.i18n import _, _l, ngettext
from qtxvol.web.office.emergency_forms import (
    CloseForm,
    ExpertForm,
    FactForm,
    LessonsForm,
    OpenForm,
    PlanForm,
    WithdrawFactForm,
    data_of,
    data_of_fact,
    name_apart,
)
from qtxvol.web.office.views import bp
from qtxvol.web.report_pages import send_file, show_paper

NAV = "office.emergencies"
_ONE = f"/emergencies/<{ID}:emergency_id>"

EXTRA_NAV[Party.OFFICE] += [(NAV, _l("应急（平战结合）"))]


@bp.get("/emergencies")
def emergencies() -> ResponseReturnValue:
    """All of them, open ones first."""
    return render_desk("office/emergencies.html", nav_current=NAV, rows=list_emergencies(), moment=now())


@bp.get("/emergencies/new")
def new_emergency() -> ResponseReturnValue:
    """The form; `?follows=` takes a closed one up again."""
    follows = request.args.get("follows", type=int)
    before = get_emergency(follows) if follows and follows < 10**9 else None
    data = data_of(before, is_again=True) if before else {}
    if before:
        data["is_drill"] = "yes" if before.emergency.is_drill else "no"
        data["follows_id"] = str(before.emergency.id)
    form = OpenForm(formdata=None, data={"starts_at": input_time(now()), **data})
    return _show_plan(form, before=before)


@bp.post("/emergencies/new")
def start_emergency() -> ResponseReturnValue:
    """Open it; the same form sent twice opens one."""
    form = OpenForm(formdata=form_data())
    form.offer()
    if not form.validate():
        return _show_plan(form), 422
    key = form.request_key
    if key is None or len(key) < 16:
        raise NotFound("key")
    try:
        emergency_id, is_repeat = open_emergency(
            form.plan(),
            current_actor(),
            is_drill=form.is_drill.data == "yes",
            reason=form.reason.data or "",
            key=key,
            now=now(),
            follows_id=form.followed_id,
        )
    except Refused as refused:
        form.refuse(refused)
        return _show_plan(form), refused.status
    flash(_("先前已经启动了，没有重复启动。") if is_repeat else _("已启动，相关社区、部门、服务队会收到通知。"), "done")
    return redirect(url_for(".emergency", emergency_id=emergency_id), 303)


@bp.get(_ONE)
def emergency(emergency_id: int) -> ResponseReturnValue:
    """Everything about one."""
    return _show(get_emergency(emergency_id))


@bp.get(f"{_ONE}/change")
def emergency_form(emergency_id: int) -> ResponseReturnValue:
    """What can be changed while it is open."""
    view = _get_open(emergency_id)
    return _show_plan(PlanForm(formdata=None, data=data_of(view)), view=view)


@bp.post(f"{_ONE}/change")
def save_emergency(emergency_id: int) -> ResponseReturnValue:
    """Keep the changes, with the reason."""
    form = PlanForm(formdata=form_data())
    form.offer()
    view = get_emergency(emergency_id)
    if not form.validate():
        return _show_plan(form, view=view), 422
    try:
        is_changed = change_emergency(
            emergency_id,
            form.plan(),
            current_actor(),
            reason=form.reason.data or "",
            version=form.seen_version,
            now=now(),
        )
    except Refused as refused:
        form.refuse(refused)
        return _show_plan(form, view=get_emergency(emergency_id)), refused.status
    flash(_("已保存，并记入经过。") if is_changed else _("和现在的一样，没有要改的。"), "done")
    return redirect(url_for(".emergency", emergency_id=emergency_id), 303)


@bp.post(f"{_ONE}/facts")
def publish_fact(emergency_id: int) -> ResponseReturnValue:
    """Publish a fact that was checked."""
    form = FactForm(formdata=form_data())
    view = get_emergency(emergency_id)
    if not form.validate():
        return _show(view, fact_form=form), 422
    try:
        is_new = add_fact(emergency_id, form.statement(), current_actor(), now=now())
    except Refused as refused:
        form.refuse(refused)
        return _show(view, fact_form=form), refused.status
    flash(_("已发布，横幅和公开页上能看到。") if is_new else _("这一条先前已经发布了。"), "done")
    return redirect(url_for(".emergency", emergency_id=emergency_id), 303)


@bp.get(f"{_ONE}/facts/<{ID}:fact_id>")
def emergency_fact(emergency_id: int, fact_id: int) -> ResponseReturnValue:
    """Correct one fact, or take it back."""
    view = _get_open(emergency_id)
    fact = _get_fact(view, fact_id)
    return _show_fact(view, fact, FactForm(formdata=None, data=data_of_fact(fact)))


@bp.post(f"{_ONE}/facts/<{ID}:fact_id>")
def rewrite_fact(emergency_id: int, fact_id: int) -> ResponseReturnValue:
    """The better statement takes its place."""
    view = get_emergency(emergency_id)
    fact = _get_fact(view, fact_id)
    form = FactForm(formdata=form_data())
    if not form.validate():
        return _show_fact(view, fact, form), 422
    try:
        correct_fact(emergency_id, fact_id, form.statement(), current_actor(), now=now())
    except Refused as refused:
        form.refuse(refused)
        return _show_fact(view, fact, form), refused.status
    flash(_("已更正，原来的说法留在“已更正和撤下”里。"), "done")
    return redirect(url_for(".emergency", emergency_id=emergency_id), 303)


@bp.post(f"{_ONE}/facts/<{ID}:fact_id>/withdraw")
def take_back_fact(emergency_id: int, fact_id: int) -> ResponseReturnValue:
    """It holds no more."""
    view = get_emergency(emergency_id)
    fact = _get_fact(view, fact_id)
    form = WithdrawFactForm(formdata=form_data())
    name_apart(form, "withdraw")
    again = FactForm(formdata=None, data=data_of_fact(fact))
    if not form.validate():
        return _show_fact(view, fact, again, form), 422
    try:
        withdraw_fact(emergency_id, fact_id, current_actor(), why=form.why.data or "", now=now())
    except Refused as refused:
        form.refuse(refused)
        return _show_fact(view, fact, again, form), refused.status
    flash(_("已撤下，公开页上注明了原因。"), "done")
    return redirect(url_for(".emergency", emergency_id=emergency_id), 303)


@bp.post(f"{_ONE}/experts")
def add_expert(emergency_id: int) -> ResponseReturnValue:
    """Name a volunteer or a team."""
    form = ExpertForm(formdata=form_data())
    view = get_emergency(emergency_id)
    _offer_experts(form, view)
    if not form.validate():
        return _show(view, expert_form=form), 422
    try:
        name_expert(emergency_id, form.chosen, current_actor(), role=form.role.data or "", now=now())
    except Refused as refused:
        form.refuse(refused, default="number")
        return _show(view, expert_form=form), refused.status
    flash(_("已列入，会收到通知；推单时排在最前面。"), "done")
    return redirect(url_for(".emergency", emergency_id=emergency_id), 303)


@bp.post(f"{_ONE}/experts/<{ID}:expert_id>/drop")
def remove_expert(emergency_id: int, expert_id: int) -> ResponseReturnValue:
    """Take somebody off the list."""
    drop_expert(emergency_id, expert_id, current_actor(), now=now())
    flash(_("已移出专家名单。"), "done")
    return redirect(url_for(".emergency", emergency_id=emergency_id), 303)


@bp.post(f"{_ONE}/raise")
def raise_open_orders(emergency_id: int) -> ResponseReturnValue:
    """Take in the open orders from before that it covers."""
    count = raise_orders(emergency_id, current_actor(), now=now())
    if count:
        flash(
            ngettext("已提级 %(num)d 张单，时限从现在起缩短。", "已提级 %(num)d 张单，时限从现在起缩短。", count),
            "done",
        )
    else:
        flash(_("没有要提级的单。"), "note")
    return redirect(url_for(".emergency", emergency_id=emergency_id), 303)


@bp.get(f"{_ONE}/close")
def ending_form(emergency_id: int) -> ResponseReturnValue:
    """What closing means, and why it is over."""
    return _show_closing(_get_open(emergency_id), CloseForm(formdata=None))


@bp.post(f"{_ONE}/close")
def end_emergency(emergency_id: int) -> ResponseReturnValue:
    """Close it and write the sheet."""
    form = CloseForm(formdata=form_data())
    view = get_emergency(emergency_id)
    if not form.validate():
        return _show_closing(view, form), 422
    if close_emergency(emergency_id, current_actor(), reason=form.reason.data or "", now=now()):
        flash(_("已结束，复盘表已生成。请补上经验教训。"), "done")
    else:
        flash(_("先前已经结束了。"), "note")
    return redirect(url_for(".emergency_review", emergency_id=emergency_id), 303)


@bp.get(f"{_ONE}/review")
def emergency_review(emergency_id: int) -> ResponseReturnValue:
    """The review sheet, for the screen and the printer."""
    view = _get_reviewed(emergency_id)
    return show_paper(
        make_sheet(view),
        back_url=url_for(".emergency", emergency_id=emergency_id),
        xlsx_url=url_for(".emergency_file", emergency_id=emergency_id),
    )


@bp.get(f"{_ONE}/review.xlsx")
def emergency_file(emergency_id: int) -> ResponseReturnValue:
    """The same as an Excel file."""
    return send_file(make_sheet(_get_reviewed(emergency_id)))


@bp.post(f"{_ONE}/lessons")
def keep_lessons(emergency_id: int) -> ResponseReturnValue:
    """What was learned."""
    form = LessonsForm(formdata=form_data())
    view = _get_reviewed(emergency_id)
    if not form.validate():
        return _show(view, lessons_form=form), 422
    write_lessons(emergency_id, form.lessons.data or "", current_actor(), now=now())
    flash(_("经验教训已保存，印在复盘表上。"), "done")
    return redirect(url_for(".emergency", emergency_id=emergency_id), 303)


def _get_open(emergency_id: int) -> EmergencyView:
    view = get_emergency(emergency_id)
    if not view.is_open:
        raise Refused("emergency_closed", 409)
    return view


def _get_reviewed(emergency_id: int) -> EmergencyView:
    view = get_emergency(emergency_id)
    if view.review is None:
        raise NotFound(emergency_id)
    return view


def _get_fact(view: EmergencyView, fact_id: int) -> EmergencyFact:
    fact = next((each for each in (*view.facts, *view.withdrawn) if each.id == fact_id), None)
    if fact is None:
        raise NotFound(fact_id)
    return fact


def _show(
    view: EmergencyView,
    *,
    fact_form: FactForm | None = None,
    expert_form: ExpertForm | None = None,
    lessons_form: LessonsForm | None = None,
) -> str:
    failed: BaseForm | None = fact_form or expert_form or lessons_form
    fact_form = fact_form or FactForm(formdata=None, data={"checked_at": input_time(now())})
    lessons_form = lessons_form or LessonsForm(
        formdata=None, data={"lessons": view.review.lessons if view.review else ""}
    )
    if expert_form is None:
        expert_form = ExpertForm(formdata=None)
        if view.is_open:
            _offer_experts(expert_form, view)
    for prefix, form in (("fact", fact_form), ("expert", expert_form), ("lessons", lessons_form)):
        name_apart(form, prefix)
    return render_desk(
        "office/emergency.html",
        nav_current=NAV,
        view=view,
        trail=[
            (line, number, say(DEEDS[line.deed]), trail_text(line), _doer(line, person))
            for line, number, person in list_trail(view.emergency.id)
        ],
        to_raise=count_to_raise(view),
        failed=failed,
        fact_form=fact_form,
        expert_form=expert_form,
        lessons_form=lessons_form,
    )


def _doer(line: EmergencyEvent, person: str | None) -> str:
    """The body and the person: there is one office and many who may act for it."""
    body = party_label(line.party) if line.party == Party.OFFICE else line.actor_name
    return f"{body} {person or ''}".strip()


def _offer_experts(form: ExpertForm, view: EmergencyView) -> None:
    form.offer(list_candidates(view), {code: say(label) for code, label in term_names("skill").items()})


def _show_plan(form: Any, *, view: EmergencyView | None = None, before: EmergencyView | None = None) -> str:
    form.offer()
    return render_desk("office/emergency_form.html", nav_current=NAV, form=form, view=view, before=before)


def _show_fact(
    view: EmergencyView, fact: EmergencyFact, form: FactForm, withdraw_form: WithdrawFactForm | None = None
) -> str:
    withdraw_form = withdraw_form or WithdrawFactForm(formdata=None)
    name_apart(withdraw_form, "withdraw")
    return render_desk(
        "office/emergency_fact.html", nav_current=NAV, view=view, fact=fact, form=form, withdraw_form=withdraw_form
    )


def _show_closing(view: EmergencyView, form: CloseForm) -> str:
    return render_desk("office/emergency_close.html", nav_current=NAV, view=view, form=form)
