"""What a volunteer says about themself: team, time, rest."""

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from qtxvol.refusals import NotFound, Refused
from qtxvol.volunteers.events import list_events
from qtxvol.volunteers.licences import list_licences
from qtxvol.volunteers.membership import (
    REQUEST_LABELS,
    Preferences,
    ask_to_join,
    edit_preferences,
    leave_team,
    list_own_requests,
    withdraw_request,
)
from qtxvol.volunteers.queries import get_volunteer
from qtxvol.volunteers.records import RECORD_LABELS, list_records
from qtxvol.volunteers.states import is_paused_by_oneself, leave_by_oneself, pause_oneself, resume_oneself
from qtxvol.volunteers.teams import ROLE_LABELS, get_team
from qtxvol.web.access import current_actor
from qtxvol.web.desk_frame import render_desk
from qtxvol.web.display import say
from qtxvol.web.forms import BaseForm, choice_field, form_data, now, number_field, text_field
from qtxvol.web.i18n import _, _l
from qtxvol.web.person_form import slot_choices, team_choices, term_choices, ticks, whole
from qtxvol.web.volunteer.views import bp
from qtxvol.web.volunteer_words import event_actor, event_title, status_badge
from qtxvol.web.wording import refusal_sentence


class WishesForm(BaseForm):
    """When and for whom."""

    availability = ticks(_l("一周里什么时候有空"))
    weekly_load = number_field(_l("一周最多几次"), low=1, high=21)
    max_distance_km = number_field(_l("最远去多远（公里）"), low=1, high=200)
    topics = ticks(_l("愿意讲的主题"))
    audiences = ticks(_l("愿意服务的人群"))

    def offer(self, old: Any) -> None:
        self.availability.choices = slot_choices()
        self.topics.choices = term_choices("theme", old.topics)
        self.audiences.choices = term_choices("audience", old.audiences)

    def wishes(self) -> Preferences:
        return Preferences(
            tuple(self.availability.data or ()),
            tuple(self.topics.data or ()),
            tuple(self.audiences.data or ()),
            self.max_distance_km.data,
            self.weekly_load.data,
        )


class TeamWishForm(BaseForm):
    """Which team to join."""

    team_id = choice_field(_l("想加入哪支服务队"), required=_l("请从列表里选一支在用的服务队。"))
    text = text_field(_l("给队长的话"), longest=200)

    def offer(self) -> None:
        self.team_id.choices = team_choices(None, _("请选择"))


@bp.get("/me")
def me() -> ResponseReturnValue:
    """Number, state, team and wishes."""
    return _show()


@bp.post("/me/wishes")
def submit_wishes() -> ResponseReturnValue:
    """Write one's wishes anew."""
    form = WishesForm(formdata=form_data())
    form.offer(get_volunteer(_my_id()))
    if not form.validate():
        return _show(wishes=form), 422
    try:
        edit_preferences(current_actor(), form.wishes())
    except Refused as refused:
        form.refuse(refused)
        return _show(wishes=form), refused.status
    flash(_("已保存。"), "done")
    return redirect(url_for(".me"), 303)


@bp.post("/me/team")
def submit_team_wish() -> ResponseReturnValue:
    """Ask a team to be taken in."""
    form = TeamWishForm(formdata=form_data())
    form.offer()
    if not form.validate():
        return _show(team_wish=form), 422
    try:
        ask_to_join(current_actor(), whole(form.team_id) or 0, now(), form.text.data or "")
    except Refused as refused:
        form.refuse(refused)
        return _show(team_wish=form), refused.status
    flash(_("申请已交给那支队的队长，答复会显示在这里。"), "done")
    return redirect(url_for(".me"), 303)


@bp.post("/me/<step>")
def take_step(step: str) -> ResponseReturnValue:
    """Rest, come back, take a wish back, go out of the team, leave."""
    actor = current_actor()
    verbs: dict[str, tuple[Callable[[], bool], str]] = {
        "pause": (lambda: pause_oneself(actor, now()), _("已暂停，随时可以恢复。")),
        "resume": (lambda: resume_oneself(actor, now()), _("欢迎回来，又可以安排服务了。")),
        "withdraw": (lambda: withdraw_request(actor, now()), _("申请已撤回。")),
        "leave-team": (lambda: leave_team(actor, now()), _("已退队，您还是志愿者。")),
        "leave": (
            lambda: leave_by_oneself(actor, now()),
            _("已办理退出，谢谢您做过的服务。时长都还在，再登记就能回来。"),
        ),
    }
    if step not in verbs:
        raise NotFound(step)
    verb, done = verbs[step]
    try:
        verb()
    except Refused as refused:
        return _show(refusal_sentence(refused)), refused.status
    flash(done, "done")
    return redirect(url_for(".me"), 303)


def _my_id() -> int:
    return current_actor().volunteer_id or 0


def _show(message: str = "", wishes: WishesForm | None = None, team_wish: TeamWishForm | None = None) -> str:
    person = get_volunteer(_my_id())
    wishes = wishes or WishesForm(formdata=None, obj=person)
    wishes.offer(person)
    team_wish = team_wish or TeamWishForm(formdata=None)
    team_wish.offer()
    return render_desk(
        "volunteer/me.html",
        person=person,
        team=get_team(person.team_id) if person.team_id else None,
        role=say(ROLE_LABELS[person.team_role]) if person.team_role else "",
        may_resume=person.status == "paused" and is_paused_by_oneself(person.id),
        message=message,
        wishes=wishes,
        team_wish=team_wish,
        requests=list_own_requests(person.id),
        request_labels={status: say(label) for status, label in REQUEST_LABELS.items()},
        licences=list_licences([person.id])[person.id],
        records=list_records(person.id),
        record_labels={kind: say(label) for kind, label in RECORD_LABELS.items()},
        events=list_events(person.id),
        event_title=event_title,
        event_actor=event_actor,
        status_badge=status_badge,
    )
