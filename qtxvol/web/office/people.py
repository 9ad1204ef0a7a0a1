"""Volunteers, one by one: card, state and history; wishes to join teams; insurances and trainings."""

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import Field

from qtxvol.directory.queries import term_names
from qtxvol.hours.queries import get_served
from qtxvol.refusals import NotFound, Refused
from qtxvol.volunteers.consent import CONSENT_VERSION, consent_text
from qtxvol.volunteers.doubles import count_doubles, list_merges
from qtxvol.volunteers.events import list_events
from qtxvol.volunteers.identity import KIND_LABELS
from qtxvol.volunteers.licences import list_expiring, list_licences
from qtxvol.volunteers.membership import decide_request
from qtxvol.volunteers.models import Volunteer
from qtxvol.volunteers.queries import get_volunteer, list_volunteers
from qtxvol.volunteers.records import RECORD_LABELS, RecordCard, add_record, list_records, remove_record
from qtxvol.volunteers.register import city_day, edit_volunteer, register_volunteer
from qtxvol.volunteers.rules import RULES, get_rule_values, set_rules
from qtxvol.volunteers.states import (
    CHANGES,
    STATUS_LABELS,
    count_by_status,
    leave_volunteer,
    pause_volunteer,
    refuse_volunteer,
    verify_volunteer,
)
from qtxvol.web.access import current_actor
from qtxvol.web.desk import ID, render_desk
from qtxvol.web.desk_frame import LARGEST_ID
from qtxvol.web.display import say
from qtxvol.web.forms import BaseForm, choice, choice_field, form_data, now, number_field, text_field
from qtxvol.web.i18n import _, _l
from qtxvol.web.office.views import bp, empty_text, page_number, search_text, url_for_page
from qtxvol.web.person_form import VolunteerForm, check_day, day_field, day_of, fill
from qtxvol.web.volunteer_words import SOURCES, event_actor, event_title, status_badge
from qtxvol.web.wording import refusal_sentence


class ReasonForm(BaseForm):
    """Why somebody's state changes."""

    reason = text_field(
        _l("原因"),
        longest=200,
        description=_l("暂停、退出、不通过时必填，本人看得到。不要写身份证号、电话和健康情况。"),
    )


class RecordForm(BaseForm):
    """An insurance or a training."""

    kind = choice_field(_l("类别"), required=_l("请选择类别。"))
    title = text_field(_l("名称"), longest=64, required=_l("请填写名称。"))
    from_on = day_field(_l("开始日期"), required=_l("请填开始日期。"))
    until_on = day_field(_l("结束日期"))
    hours = number_field(_l("培训学时"), low=0, high=500)

    def validate_from_on(self, field: Field) -> None:
        check_day(self, field)

    def validate_until_on(self, field: Field) -> None:
        check_day(self, field)

    def offer(self) -> None:
        self.kind.choices = [choice(kind, say(label)) for kind, label in RECORD_LABELS.items()]


class RulesForm(BaseForm):
    """The numbers that the office sets."""

    minors_allowed = choice_field(_l("16、17 岁能不能登记"), required=_l("请从列表里选一项。"))
    dormant_months = number_field(_l("几个月没有办结服务，算休眠队伍"), low=1, high=36, required=_l("请填 1 到 36。"))

    def offer(self) -> None:
        self.minors_allowed.choices = [
            choice("0", _("不能，年满 18 岁才能登记")),
            choice("1", _("监护人同意就能登记")),
        ]


@bp.get("/volunteers")
def volunteers() -> ResponseReturnValue:
    """All volunteers, those to be checked first."""
    text, status = search_text(), request.args.get("status", "")
    status = status if status in STATUS_LABELS else ""
    counts = count_by_status()
    return render_desk(
        "office/volunteers.html",
        nav_current="office.teams",
        page=list_volunteers(text, status, page_number()),
        text=text,
        status=status,
        tabs=[("", _("全部"), sum(counts.values()))]
        + [(code, say(label), counts.get(code, 0)) for code, label in STATUS_LABELS.items()],
        doubles=count_doubles(),
        sources=SOURCES,
        status_badge=status_badge,
        skills={code: say(label) for code, label in term_names("skill").items()},
        url_for_page=url_for_page,
        empty_text=empty_text(bool(text or status)),
    )


@bp.get("/volunteers/licences")
def licences() -> ResponseReturnValue:
    """Licences that end soon or have ended."""
    return render_desk(
        "office/licences.html",
        nav_current="office.teams",
        rows=list_expiring(city_day(now())),
        today=city_day(now()),
        skills={code: say(label) for code, label in term_names("skill").items()},
    )


@bp.get("/volunteers/rules")
def volunteer_rules() -> ResponseReturnValue:
    """Age and dormancy."""
    values: dict[str, Any] = dict(get_rule_values())
    return _show_rules(RulesForm(formdata=None, data={**values, "minors_allowed": str(values["minors_allowed"])}))


@bp.post("/volunteers/rules")
def submit_volunteer_rules() -> ResponseReturnValue:
    """Write them anew."""
    form = RulesForm(formdata=form_data())
    form.offer()
    if not form.validate():
        return _show_rules(form), 422
    set_rules(current_actor(), {name: int(form[name].data) for name in RULES}, now())
    flash(_("已保存。"), "done")
    return redirect(url_for(".volunteer_rules"), 303)


def _show_rules(form: RulesForm) -> str:
    form.offer()
    return render_desk("office/volunteer_rules.html", nav_current="office.teams", form=form)


@bp.get("/volunteers/add")
def volunteer_form() -> ResponseReturnValue:
    """The form for a new volunteer; `team` preselects where they belong."""
    return _show_volunteer(None, VolunteerForm(formdata=None, data={"team_id": request.args.get("team", "")}))


@bp.post("/volunteers/add")
def submit_volunteer() -> ResponseReturnValue:
    """Add a volunteer, to be verified next."""

    def save(form: VolunteerForm) -> int:
        card = form.whole_card()
        return register_volunteer(card, actor=current_actor(), registered_by="office", now=now()).volunteer_id

    done = _("志愿者已登记，核验后才计入总数、才能派出。")
    return save_card(VolunteerForm(formdata=form_data()), None, save, _show_volunteer, ".volunteer", done)


@bp.get(f"/volunteers/<{ID}:volunteer_id>")
def volunteer(volunteer_id: int) -> ResponseReturnValue:
    """One person: card, status, hours and history."""
    found = get_volunteer(volunteer_id)
    return _show_volunteer(found, fill(VolunteerForm, found))


@bp.post(f"/volunteers/<{ID}:volunteer_id>")
def change_volunteer(volunteer_id: int) -> ResponseReturnValue:
    """Write the person's card anew."""

    def save(form: VolunteerForm) -> int:
        edit_volunteer(current_actor(), volunteer_id, form.whole_card(), now())
        return volunteer_id

    found = get_volunteer(volunteer_id)
    form = VolunteerForm(formdata=form_data())
    return save_card(form, found, save, _show_volunteer, ".volunteer", _("已保存。"))


#: The last word of an address: what the button does, and what it says afterwards.
_CHANGES: dict[str, tuple[Callable[..., bool], Any, str, str]] = {
    "verify": (verify_volunteer, _l("核验通过"), "verified", "primary"),
    "pause": (pause_volunteer, _l("暂停"), "paused", "secondary"),
    "refuse": (refuse_volunteer, _l("核验不通过"), "refused", "danger"),
    "leave": (leave_volunteer, _l("办理退出"), "left", "danger"),
}


@bp.post(f"/volunteers/<{ID}:volunteer_id>/<change>")
def change_volunteer_status(volunteer_id: int, change: str) -> ResponseReturnValue:
    """Verify, pause, refuse or let go."""
    if change not in _CHANGES:
        raise NotFound(change)
    verb, _label, to, _kind = _CHANGES[change]
    form = ReasonForm(formdata=form_data())
    found = get_volunteer(volunteer_id)
    try:
        if not form.validate():
            return _show_volunteer(found, fill(VolunteerForm, found), reason=form), 422
        verb(current_actor(), volunteer_id, now(), form.reason.data or "")
    except Refused as refused:
        message = ""
        if refused.about.get("field") == "reason":
            form.refuse(refused)
        else:
            message = refusal_sentence(refused)
        found = get_volunteer(volunteer_id)
        return _show_volunteer(found, fill(VolunteerForm, found), message, form), refused.status
    flash(_("现在是“%(status)s”。", status=say(STATUS_LABELS[to])), "done")
    return redirect(url_for(".volunteer", volunteer_id=volunteer_id), 303)


@bp.post(f"/volunteers/<{ID}:volunteer_id>/records/add")
def submit_record(volunteer_id: int) -> ResponseReturnValue:
    """Write down an insurance or a training."""
    found, form = get_volunteer(volunteer_id), RecordForm(formdata=form_data())
    form.offer()
    first = day_of(form.from_on) if form.validate() else None
    if first is None:
        return _show_volunteer(found, fill(VolunteerForm, found), record=form), 422
    card = RecordCard(form.kind.data, form.title.data, first, day_of(form.until_on), form.hours.data or 0)
    try:
        add_record(current_actor(), volunteer_id, card, now())
    except Refused as refused:
        form.refuse(refused)
        return _show_volunteer(get_volunteer(volunteer_id), fill(VolunteerForm, found), record=form), refused.status
    flash(_("已登记。"), "done")
    return redirect(url_for(".volunteer", volunteer_id=volunteer_id, _anchor="records"), 303)


@bp.post(f"/volunteers/<{ID}:volunteer_id>/records/<{ID}:record_id>/remove")
def drop_record(volunteer_id: int, record_id: int) -> ResponseReturnValue:
    """Take away one that was a mistake."""
    remove_record(current_actor(), volunteer_id, record_id)
    flash(_("已删除。"), "done")
    return redirect(url_for(".volunteer", volunteer_id=volunteer_id, _anchor="records"), 303)


@bp.post(f"/requests/<{ID}:request_id>/<answer>")
def answer_request(request_id: int, answer: str) -> ResponseReturnValue:
    """Take somebody into a team in its leader's place, or not."""
    if answer not in ("accept", "decline"):
        raise NotFound(answer)
    team_id = request.form.get("team_id", 0, type=int)
    text = request.form.get("answer", "")
    try:
        decide_request(current_actor(), request_id, answer == "accept", now(), text)
    except Refused as refused:
        flash(refusal_sentence(refused), "warn")
    else:
        flash(_("已同意入队。") if answer == "accept" else _("已答复。"), "done")
    is_of_team = 0 < team_id <= LARGEST_ID
    return redirect(url_for(".team", team_id=team_id) if is_of_team else url_for(".teams"), 303)


def _show_volunteer(
    found: Volunteer | None,
    form: VolunteerForm,
    message: str = "",
    reason: ReasonForm | None = None,
    record: RecordForm | None = None,
) -> str:
    form.offer(found)
    record = record or RecordForm(formdata=None)
    record.offer()
    changes = [
        (change, label, kind)
        for change, (_verb, label, to, kind) in _CHANGES.items()
        if found and found.status in CHANGES[to]
    ]
    return render_desk(
        "office/volunteer.html",
        nav_current="office.teams",
        person=found,
        form=form,
        message=message,
        reason=reason or ReasonForm(formdata=None),
        record=record,
        changes=changes,
        served=get_served(found.id) if found else None,
        licences=list_licences([found.id])[found.id] if found else [],
        records=list_records(found.id) if found else [],
        events=list_events(found.id) if found else [],
        merges=list_merges(found.id) if found else [],
        kind_labels={kind: say(label) for kind, label in KIND_LABELS.items()},
        record_labels={kind: say(label) for kind, label in RECORD_LABELS.items()},
        event_title=event_title,
        event_actor=event_actor,
        sources=SOURCES,
        consent=consent_text(CONSENT_VERSION),
        status_badge=status_badge,
    )


def save_card(
    form: Any, old: Any, save: Callable[[Any], int], show: Callable[[Any, Any], str], endpoint: str, done: str
) -> ResponseReturnValue:
    """Check a form, write its card, and go to the page of what was written."""
    form.offer(old)
    if not form.validate():
        return show(old, form), 422
    try:
        saved_id = save(form)
    except Refused as refused:
        form.refuse(refused)
        return show(old, form), refused.status
    flash(done, "done")
    where: dict[str, Any] = {f"{endpoint[1:]}_id": saved_id}
    return redirect(url_for(endpoint, **where), 303)
