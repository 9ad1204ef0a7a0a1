"""The team's people: who they are, who would like to join, and what the leader writes down about them."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.base import CITY_TIME
from qtxvol.directory.queries import term_names
from qtxvol.hours.queries import get_served
from qtxvol.offers.rules import get_settings
from qtxvol.refusals import NotFound, Refused
from qtxvol.volunteers.availability import slot_label
from qtxvol.volunteers.consent import CONSENT_VERSION, consent_text
from qtxvol.volunteers.events import list_events
from qtxvol.volunteers.lending import list_lending, set_lending
from qtxvol.volunteers.licences import list_licences
from qtxvol.volunteers.membership import decide_request, list_requests, remove_member
from qtxvol.volunteers.models import Volunteer
from qtxvol.volunteers.pausing import find_pause
from qtxvol.volunteers.queries import get_volunteer, list_members
from qtxvol.volunteers.register import register_volunteer
from qtxvol.volunteers.rules import get_rule_value
from qtxvol.volunteers.teams import ROLE_LABELS, get_team
from qtxvol.web.access import current_actor
from qtxvol.web.calendar import day_name
from qtxvol.web.desk_frame import ID, render_desk
from qtxvol.web.display import say
from qtxvol.web.forms import BaseForm, form_data, now, text_field
from qtxvol.web.i18n import _, _l
from qtxvol.web.person_form import MemberForm
from qtxvol.web.team.pause_form import PauseForm
from qtxvol.web.team.views import bp
from qtxvol.web.volunteer_words import event_actor, event_title, status_badge
from qtxvol.web.wording import refusal_sentence


class LetGoForm(BaseForm):
    reason = text_field(_l("为什么退队"), longest=200, description=_l("本人看得到。"))


@bp.get("/members")
def members() -> ResponseReturnValue:
    """The team's people with skills and hours, and who waits at the door."""
    return show_members(None)


def show_members(failed: PauseForm | None) -> str:
    """The page. `failed` is a pause that came back with errors; it stands open with what was typed."""
    team_id = current_actor().team_id or 0
    team, people = get_team(team_id), list_members(team_id)
    paused = find_pause(team, now())
    pause_form = failed or PauseForm(formdata=None, data={"until": paused.isoformat() if paused else ""})
    pause_form.offer(now().astimezone(CITY_TIME).date())
    return render_desk(
        "team/members.html",
        nav_current="team.members",
        members=people,
        licences=list_licences([row.Volunteer.id for row in people]),
        requests=list_requests(team_id),
        skills=term_names("skill"),
        roles=ROLE_LABELS,
        status_badge=status_badge,
        is_lending=team.is_lending,
        lendings=list_lending(team_id),
        is_lending_open=get_settings().is_lending_open,
        paused_until=paused,
        paused_name=day_name(paused) if paused else "",
        pause_form=pause_form,
        pause_failed=failed is not None,
    )


@bp.post("/lending")
def lending() -> ResponseReturnValue:
    """The leader agrees that the team's people may be asked to help others, or takes it back."""
    is_on = request.form.get("is_on") == "yes"
    set_lending(current_actor(), is_on=is_on, now=now())
    flash(
        _("已同意：邻近的队缺人时，会按名单请您的队员；去不去由本人决定。")
        if is_on
        else _("已收回：不再请您的队员去帮别的队。已经答应的照常去。"),
        "done",
    )
    return redirect(url_for(".members"), 303)


@bp.get("/members/add")
def member_form() -> ResponseReturnValue:
    """The form for one of the team's people who is not registered yet."""
    return _show_form(MemberForm(formdata=None, data={"id_kind": "resident_id"}))


@bp.post("/members/add")
def submit_member() -> ResponseReturnValue:
    """Register somebody into the own team; the office checks the document."""
    form = MemberForm(formdata=form_data())
    form.offer()
    if not form.validate():
        return _show_form(form), 422
    try:
        card = form.card(consent_version=CONSENT_VERSION)
        done = register_volunteer(card, actor=current_actor(), registered_by="team", now=now())
    except Refused as refused:
        form.refuse(refused)
        return _show_form(form), refused.status
    flash(_("已登记，编号 %(number)s。纲要办核验证件后才能派出。", number=done.number), "done")
    return redirect(url_for(".members"), 303)


def _show_form(form: MemberForm) -> str:
    form.offer()
    return render_desk(
        "team/member_form.html",
        nav_current="team.members",
        form=form,
        consent=consent_text(),
        consent_version=CONSENT_VERSION,
        are_minors_allowed=bool(get_rule_value("minors_allowed")),
    )


@bp.get(f"/members/<{ID}:volunteer_id>")
def member(volunteer_id: int) -> ResponseReturnValue:
    """One of the team's people."""
    return _show_member(_own(volunteer_id), LetGoForm(formdata=None))


@bp.post(f"/members/<{ID}:volunteer_id>/remove")
def let_go(volunteer_id: int) -> ResponseReturnValue:
    """Take somebody out of the team; they stay a volunteer."""
    person, form = _own(volunteer_id), LetGoForm(formdata=form_data())
    if not form.validate():
        return _show_member(person, form), 422
    try:
        remove_member(current_actor(), volunteer_id, now(), form.reason.data or "")
    except Refused as refused:
        form.refuse(refused)
        return _show_member(_own(volunteer_id), form), refused.status
    flash(_("已退队，志愿者身份和时长都还在。"), "done")
    return redirect(url_for(".members"), 303)


@bp.post(f"/requests/<{ID}:request_id>/<answer>")
def answer_request(request_id: int, answer: str) -> ResponseReturnValue:
    """Take somebody in, or say why not."""
    if answer not in ("accept", "decline"):
        raise NotFound(answer)
    try:
        decide_request(current_actor(), request_id, answer == "accept", now(), request.form.get("answer", ""))
    except Refused as refused:
        flash(refusal_sentence(refused), "warn")
    else:
        flash(_("已同意入队。") if answer == "accept" else _("已答复。"), "done")
    return redirect(url_for(".members"), 303)


def _own(volunteer_id: int) -> Volunteer:
    """:raise NotFound: somebody of another team."""
    person = get_volunteer(volunteer_id)
    if person.team_id != current_actor().team_id or person.status == "merged":
        raise NotFound(volunteer_id)
    return person


def _show_member(person: Volunteer, form: LetGoForm) -> str:
    return render_desk(
        "team/member.html",
        nav_current="team.members",
        person=person,
        form=form,
        served=get_served(person.id),
        licences=list_licences([person.id])[person.id],
        slots=_("、").join(say(slot_label(slot)) for slot in person.availability),
        skills={code: say(label) for code, label in term_names("skill").items()},
        events=list_events(person.id),
        event_title=event_title,
        event_actor=event_actor,
        roles=ROLE_LABELS,
        status_badge=status_badge,
    )
