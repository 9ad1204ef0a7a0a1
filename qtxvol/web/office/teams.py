"""Teams, one by one: their card, their leader, and which of them sleep."""

from flask import request
from flask.typing import ResponseReturnValue

from qtxvol.directory.queries import list_departments, list_towns_with_communities, term_names
from qtxvol.volunteers.membership import list_requests
from qtxvol.volunteers.models import Team
from qtxvol.volunteers.queries import list_volunteers
from qtxvol.volunteers.teams import (
    HOST_KIND_LABELS,
    LEVEL_LABELS,
    ROLE_LABELS,
    TeamCard,
    add_team,
    count_dormant,
    edit_team,
    find_teams,
    get_roles,
    get_team,
    level_label,
    list_leader_choices,
    list_teams_below,
)
from qtxvol.web.access import current_actor
from qtxvol.web.desk import ID, render_desk
from qtxvol.web.display import pick, say
from qtxvol.web.forms import BaseForm, choice, choice_field, form_data, now, number_field, text_field, tick_field
from qtxvol.web.i18n import _, _l
from qtxvol.web.office.people import save_card
from qtxvol.web.office.views import bp, empty_text, page_number, search_text, url_for_page
from qtxvol.web.person_form import place_choices, team_choices, term_choices, ticks, whole, with_kept
from qtxvol.web.volunteer_words import status_badge


class TeamForm(BaseForm):
    name = text_field(_l("名称"), longest=64, required=_l("请填写服务队名称。"))
    name_en = text_field(_l("英文名称"), longest=120)
    host = text_field(_l("所在单位"), longest=64, description=_l("例如学校、医院、企业、社区。"))
    host_kind = choice_field(_l("单位性质"))
    department_id = choice_field(_l("归口部门"), required=_l("请选择归口部门。"))
    level = choice_field(_l("级别"))
    level_label = text_field(_l("级别的叫法"), longest=16, description=_l("和上面的不一样时才填，例如中队。"))
    parent_id = choice_field(_l("上级队"))
    leader_id = choice_field(_l("队长"), description=_l("从已核验的队员里选。"))
    deputy_id = choice_field(_l("副队长"))
    division_code = choice_field(_l("所在街道、镇或社区、村"))
    area = ticks(_l("服务哪些街道、镇"), hint=_l("都不选就是全市。"))
    themes = ticks(_l("能服务的主题"), _l("请至少选一个主题。"))
    weekly_capacity = number_field(_l("每周可服务几次"), low=1, high=100, required=_l("请填每周可服务几次。"))
    parallel_events = number_field(
        _l("同一时间最多几场"), low=1, high=100, required=_l("请填同一时间最多几场。"),
        description=_l("满了就不能再接同一时间的单。"),
    )  # fmt: skip
    yearly_minimum = number_field(
        _l("一年至少服务几次"), low=0, high=366, required=_l("请填一年至少服务几次。"), description=_l("0 表示不要求。")
    )
    is_active = tick_field(_l("在用（可以接单）"))

    def offer(self, old: Team | None) -> None:
        """Fill the lists; what the team names already stays choosable."""
        self.host_kind.choices = [choice(kind, say(label)) for kind, label in HOST_KIND_LABELS.items()]
        self.level.choices = [choice(str(level), say(label)) for level, label in LEVEL_LABELS.items()]
        self.department_id.choices = with_kept(
            [choice("", _("请选择")), *(choice(each.id, pick(each.name, each.name_en)) for each in list_departments())],
            old.department_id if old else None,
        )
        others = team_choices(old.parent_id if old else None, _("没有"))
        self.parent_id.choices = [each for each in others if not old or each.value != str(old.id)]
        people = [choice("", _("还没有")), *(choice(str(i), name) for i, name in _leaders(old))]
        self.leader_id.choices = self.deputy_id.choices = people
        self.division_code.choices = place_choices(old.division_code if old else None)
        self.area.choices = [
            choice(group.town.code, pick(group.town.name, group.town.name_en))
            for group in list_towns_with_communities()
        ]
        for code in old.area if old else ():
            self.area.choices = with_kept(self.area.choices, code)
        self.themes.choices = term_choices("theme", old.themes if old else ())

    def card(self) -> TeamCard:
        return TeamCard(
            name=self.name.data,
            department_id=self.department_id.data,
            name_en=self.name_en.data or "",
            host=self.host.data or "",
            host_kind=self.host_kind.data or "other",
            level=whole(self.level) or 3,
            level_label=self.level_label.data or "",
            parent_id=whole(self.parent_id),
            division_code=self.division_code.data or None,
            area=tuple(self.area.data or ()),
            themes=tuple(self.themes.data or ()),
            weekly_capacity=self.weekly_capacity.data or 0,
            parallel_events=self.parallel_events.data or 0,
            yearly_minimum=self.yearly_minimum.data or 0,
            is_active=self.is_active.data,
            leader_id=whole(self.leader_id),
            deputy_id=whole(self.deputy_id),
        )


def _leaders(old: Team | None) -> list[tuple[int, str]]:
    return list_leader_choices(old.id) if old else []


@bp.get("/teams")
def teams() -> ResponseReturnValue:
    """All teams, those in use first."""
    text, show = search_text(), request.args.get("show", "")
    return render_desk(
        "office/teams.html",
        page=find_teams(now(), text, page_number(), show),
        text=text,
        show=show,
        dormant=count_dormant(now()),
        themes={code: say(label) for code, label in term_names("theme").items()},
        host_kinds={kind: say(label) for kind, label in HOST_KIND_LABELS.items()},
        level_of=lambda team: say(level_label(team)),
        url_for_page=url_for_page,
        empty_text=empty_text(bool(text or show)),
    )


@bp.get("/teams/add")
def new_team_form() -> ResponseReturnValue:
    """The form for a new team."""
    usual = {"weekly_capacity": 2, "parallel_events": 3, "yearly_minimum": 4, "level": "3", "is_active": True}
    return _show_team(None, TeamForm(formdata=None, data=usual))


@bp.post("/teams/add")
def submit_team() -> ResponseReturnValue:
    """Add a team."""

    def save(form: TeamForm) -> int:
        return add_team(current_actor(), form.card(), now())

    return save_card(TeamForm(formdata=form_data()), None, save, _show_team, ".team", _("服务队已添加。"))


@bp.get(f"/teams/<{ID}:team_id>")
def team(team_id: int) -> ResponseReturnValue:
    """One team: its card and its people."""
    found = get_team(team_id)
    roles = {f"{role}_id": str(person_id) for role, person_id in get_roles(team_id).items()}
    return _show_team(found, TeamForm(formdata=None, obj=found, data=roles))


@bp.post(f"/teams/<{ID}:team_id>")
def change_team(team_id: int) -> ResponseReturnValue:
    """Write the team's card anew."""

    def save(form: TeamForm) -> int:
        edit_team(current_actor(), team_id, form.card(), now())
        return team_id

    return save_card(TeamForm(formdata=form_data()), get_team(team_id), save, _show_team, ".team", _("已保存。"))


def _show_team(found: Team | None, form: TeamForm) -> str:
    form.offer(found)
    return render_desk(
        "office/team.html",
        nav_current="office.teams",
        team=found,
        form=form,
        members=list_volunteers(team_id=found.id, page=page_number()) if found else None,
        below=list_teams_below(found.id) if found else [],
        requests=list_requests(found.id) if found else [],
        roles={role: say(label) for role, label in ROLE_LABELS.items()},
        status_badge=status_badge,
        url_for_page=url_for_page,
    )
