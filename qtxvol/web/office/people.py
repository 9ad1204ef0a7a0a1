"""Teams and volunteers, one by one. Registering oneself and importing lists are elsewhere."""

from collections.abc import Callable, Collection
from datetime import date, datetime
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import Field
from wtforms.validators import ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from qtxvol.accounts.actor import Actor
from qtxvol.directory.queries import (
    get_division_names,
    list_departments,
    list_terms,
    list_towns_with_communities,
    term_names,
)
from qtxvol.refusals import NotFound, Refused
from qtxvol.volunteers.manage import (
    CHANGES,
    STATUS_LABELS,
    TeamCard,
    VolunteerCard,
    add_team,
    add_volunteer,
    count_by_status,
    edit_team,
    edit_volunteer,
    find_teams,
    get_team,
    get_volunteer,
    leave_volunteer,
    list_team_names,
    list_volunteers,
    pause_volunteer,
    verify_volunteer,
)
from qtxvol.volunteers.models import Team, Volunteer
from qtxvol.volunteers.queries import get_served
from qtxvol.web.access import current_actor
from qtxvol.web.action_forms import ManyField
from qtxvol.web.desk import ID, render_desk
from qtxvol.web.display import is_english, pick, say
from qtxvol.web.forms import (
    BaseForm,
    PhoneField,
    Required,
    choice,
    choice_field,
    form_data,
    now,
    number_field,
    parse_day,
    strip,
    text_field,
    tick_field,
)
from qtxvol.web.i18n import _, _l
from qtxvol.web.office.views import bp, empty_text, page_number, search_text, url_for_page
from qtxvol.web.wording import refusal_sentence

#: Tone of a volunteer's status; the badge's shape differs too.
_TONES = {"applied": "wait", "verified": "good", "paused": "busy", "left": "ended", "refused": "bad"}


# Teams


def _ticks(label: Any, required: Any = None, hint: Any = "") -> ManyField:
    return ManyField(
        label,
        choices=[],
        validators=[Required(required)] if required else [],
        description=hint,
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )


class TeamForm(BaseForm):
    name = text_field(_l("名称"), longest=64, required=_l("请填写服务队名称。"))
    name_en = text_field(_l("英文名称"), longest=120)
    host = text_field(_l("所在单位"), longest=64, description=_l("例如学校、医院、企业、社区。"))
    department_id = choice_field(_l("归口部门"), required=_l("请选择归口部门。"))
    division_code = choice_field(_l("所在街道、镇或社区、村"))
    themes = _ticks(_l("能服务的主题"), _l("请至少选一个主题。"))
    weekly_capacity = number_field(_l("每周可服务几次"), low=1, high=100, required=_l("请填每周可服务几次。"))
    is_active = tick_field(_l("在用（可以接单）"))

    def offer(self, old: Team | None) -> None:
        """Fill the lists; what the team names already stays choosable."""
        self.department_id.choices = _with_kept(
            [choice("", _("请选择")), *(choice(each.id, pick(each.name, each.name_en)) for each in list_departments())],
            old.department_id if old else None,
        )
        self.division_code.choices = _places(old.division_code if old else None)
        self.themes.choices = _terms("theme", old.themes if old else ())

    def card(self) -> TeamCard:
        return TeamCard(
            name=self.name.data,
            department_id=self.department_id.data,
            name_en=self.name_en.data or "",
            host=self.host.data or "",
            division_code=self.division_code.data or None,
            themes=tuple(self.themes.data or ()),
            weekly_capacity=self.weekly_capacity.data or 0,
            is_active=self.is_active.data,
        )


@bp.get("/teams")
def teams() -> ResponseReturnValue:
    """All teams, those in use first."""
    text, show = search_text(), request.args.get("show", "")
    themes = {code: say(label) for code, label in term_names("theme").items()}
    return render_desk(
        "office/teams.html",
        page=find_teams(text, page_number(), show),
        text=text,
        show=show,
        themes=themes,
        url_for_page=url_for_page,
        empty_text=empty_text(bool(text or show)),
    )


@bp.get("/teams/add")
def team_form() -> ResponseReturnValue:
    """The form for a new team."""
    return _show_team(None, TeamForm(formdata=None, data={"weekly_capacity": 2, "is_active": True}))


@bp.post("/teams/add")
def submit_team() -> ResponseReturnValue:
    """Add a team."""

    def save(form: TeamForm) -> int:
        return add_team(current_actor(), form.card(), now())

    return _save(TeamForm(formdata=form_data()), None, save, _show_team, ".team", _("服务队已添加。"))


@bp.get(f"/teams/<{ID}:team_id>")
def team(team_id: int) -> ResponseReturnValue:
    """One team: its card and its people."""
    found = get_team(team_id)
    return _show_team(found, TeamForm(formdata=None, obj=found))


@bp.post(f"/teams/<{ID}:team_id>")
def change_team(team_id: int) -> ResponseReturnValue:
    """Write the team's card anew."""

    def save(form: TeamForm) -> int:
        edit_team(current_actor(), team_id, form.card())
        return team_id

    return _save(TeamForm(formdata=form_data()), get_team(team_id), save, _show_team, ".team", _("已保存。"))


def _show_team(found: Team | None, form: TeamForm) -> str:
    form.offer(found)
    return render_desk(
        "office/team.html",
        nav_current="office.teams",
        team=found,
        form=form,
        members=list_volunteers(team_id=found.id, page=page_number()) if found else None,
        status_badge=_status_badge,
        url_for_page=url_for_page,
    )


# Volunteers


def _check_day(form: Any, field: Field) -> None:
    if field.data and parse_day(field.data) is None:
        raise ValidationError(_("请填日期，例如 2027-12-31。"))


class VolunteerForm(BaseForm):
    name = text_field(_l("姓名"), longest=32, required=_l("请填写姓名。"))
    phone = PhoneField(_l("电话"), filters=[strip], render_kw={"type": "tel", "autocomplete": "off"})
    team_id = choice_field(_l("服务队"))
    division_code = choice_field(_l("所在街道、镇或社区、村"))
    skills = _ticks(_l("会什么"))
    licensed_skills = _ticks(_l("其中持证的"), hint=_l("有执业资格证书的技能，证书要核验过。"))
    licence_expires_on = text_field(
        _l("证书有效期到"), longest=10, description=_l("长期有效的可以不填。"), render_kw={"type": "date"}
    )

    def validate_licence_expires_on(self, field: Field) -> None:
        _check_day(self, field)

    def offer(self, old: Volunteer | None) -> None:
        """Fill the lists; what the person has already stays choosable."""
        names = list_team_names(old.team_id if old else None)
        self.team_id.choices = [
            choice("", _("不在队里")),
            *(choice(str(team_id), name) for team_id, name in names.items()),
        ]
        self.division_code.choices = _places(old.division_code if old else None)
        self.skills.choices = _terms("skill", old.skills if old else ())
        self.licensed_skills.choices = _terms("skill", old.licensed_skills if old else ())

    def card(self) -> VolunteerCard:
        return VolunteerCard(
            name=self.name.data,
            phone=self.phone.data or "",
            team_id=int(self.team_id.data) if self.team_id.data else None,
            division_code=self.division_code.data or None,
            skills=tuple(self.skills.data or ()),
            licensed_skills=tuple(self.licensed_skills.data or ()),
            licence_expires_on=_day(self.licence_expires_on.data),
        )


def _day(text: str | None) -> date | None:
    return parse_day(text) if text else None


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
        status_badge=_status_badge,
        skills={code: say(label) for code, label in term_names("skill").items()},
        url_for_page=url_for_page,
        empty_text=empty_text(bool(text or status)),
    )


@bp.get("/volunteers/add")
def volunteer_form() -> ResponseReturnValue:
    """The form for a new volunteer; `team` preselects where they belong."""
    return _show_volunteer(None, VolunteerForm(formdata=None, data={"team_id": request.args.get("team", "")}))


@bp.post("/volunteers/add")
def submit_volunteer() -> ResponseReturnValue:
    """Add a volunteer, to be verified next."""

    def save(form: VolunteerForm) -> int:
        return add_volunteer(current_actor(), form.card(), now())

    done = _("志愿者已登记，核验后才计入总数、才能派出。")
    return _save(VolunteerForm(formdata=form_data()), None, save, _show_volunteer, ".volunteer", done)


@bp.get(f"/volunteers/<{ID}:volunteer_id>")
def volunteer(volunteer_id: int) -> ResponseReturnValue:
    """One person: card, status and hours."""
    found = get_volunteer(volunteer_id)
    return _show_volunteer(found, _filled(found))


@bp.post(f"/volunteers/<{ID}:volunteer_id>")
def change_volunteer(volunteer_id: int) -> ResponseReturnValue:
    """Write the person's card anew."""

    def save(form: VolunteerForm) -> int:
        edit_volunteer(current_actor(), volunteer_id, form.card())
        return volunteer_id

    found = get_volunteer(volunteer_id)
    return _save(VolunteerForm(formdata=form_data()), found, save, _show_volunteer, ".volunteer", _("已保存。"))


#: The last word of an address: what the button does, and what it says afterwards.
_CHANGES: dict[str, tuple[Callable[[Actor, int, datetime], bool], Any, str, str]] = {
    "verify": (verify_volunteer, _l("核验通过"), "verified", "primary"),
    "pause": (pause_volunteer, _l("暂停"), "paused", "secondary"),
    "leave": (leave_volunteer, _l("办理退出"), "left", "danger"),
}


@bp.post(f"/volunteers/<{ID}:volunteer_id>/<change>")
def change_volunteer_status(volunteer_id: int, change: str) -> ResponseReturnValue:
    """Verify, pause or let go."""
    if change not in _CHANGES:
        raise NotFound(change)
    verb, _label, to, _kind = _CHANGES[change]
    try:
        verb(current_actor(), volunteer_id, now())
    except Refused as refused:
        found = get_volunteer(volunteer_id)
        return _show_volunteer(found, _filled(found), refusal_sentence(refused)), refused.status
    flash(_("现在是“%(status)s”。", status=say(STATUS_LABELS[to])), "done")
    return redirect(url_for(".volunteer", volunteer_id=volunteer_id), 303)


def _filled(found: Volunteer) -> VolunteerForm:
    return VolunteerForm(formdata=None, obj=found)


def _show_volunteer(found: Volunteer | None, form: VolunteerForm, message: str = "") -> str:
    form.offer(found)
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
        changes=changes,
        served=get_served(found.id) if found else None,
        status_badge=_status_badge,
    )


# What both share


def _save(
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


def _status_badge(status: str) -> tuple[str, str]:
    """Label and tone."""
    return say(STATUS_LABELS[status]), _TONES[status]


def _places(kept: str | None) -> list[Any]:
    names = get_division_names("en" if is_english() else "zh")
    choices = [choice("", _("不填"))]
    for group in list_towns_with_communities():
        town = pick(group.town.name, group.town.name_en)
        choices.append(choice(group.town.code, town, group=town))
        choices.extend(choice(each.code, pick(each.name, each.name_en), group=town) for each in group.communities)
    return _with_kept(choices, kept, names.get(kept or "", ""))


def _with_kept(choices: list[Any], kept: str | None, name: str = "") -> list[Any]:
    """The choices, and the one in force when it went out of use since."""
    if not kept or any(each.value == kept for each in choices):
        return choices
    return [*choices, choice(kept, _("%(name)s（已停用）", name=name or kept))]


def _terms(kind: str, kept: Collection[str]) -> list[Any]:
    choices = [choice(each.code, pick(each.name, each.name_en)) for each in list_terms(kind)]
    for code in kept:
        choices = _with_kept(choices, code)
    return choices
