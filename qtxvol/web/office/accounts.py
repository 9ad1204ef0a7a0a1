"""Accounts and their seats. A first password is shown once, on the page that answers the POST."""

from typing import Any

from flask import Response, abort, flash, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.accounts.manage import (
    BOUND_BY,
    AccountEntry,
    add_seat,
    create_account,
    find_volunteer_id,
    get_account,
    list_accounts,
    remove_seat,
    reset_password,
    set_active,
)
from qtxvol.directory.queries import list_departments, list_towns_with_communities
from qtxvol.orders.lifecycle import Party
from qtxvol.refusals import Refused
from qtxvol.volunteers.teams import list_team_names
from qtxvol.web.access import current_actor
from qtxvol.web.desk import ID, render_desk
from qtxvol.web.display import party_label, pick
from qtxvol.web.forms import BaseForm, choice, choice_field, form_data, now, text_field
from qtxvol.web.i18n import _, _l
from qtxvol.web.office.views import bp, empty_text, page_number, search_text, url_for_page
from qtxvol.web.wording import refusal_sentence

#: What somebody with such a seat does, for choosing it.
_PARTIES: dict[Party, Any] = {
    Party.COMMUNITY: _l("看本辖区的单，派单、代点、回访"),
    Party.DEPARTMENT: _l("领单，把单推给或交给服务队"),
    Party.TEAM: _l("接单、约时间、办结"),
    Party.VOLUNTEER: _l("看自己的服务和时长"),
    Party.OFFICE: _l("看全部、裁定，管理资料和账号"),
    Party.RESIDENT: _l("看自己点的单（点单不需要账号）"),
}


@bp.get("/accounts")
def accounts() -> ResponseReturnValue:
    """All accounts, those in use first."""
    text, party = search_text(), _party()
    return render_desk(
        "office/accounts.html",
        page=list_accounts(text, page_number(), party or ""),
        text=text,
        party=party or "",
        parties=[(each, party_label(each)) for each in _PARTIES],
        url_for_page=url_for_page,
        empty_text=empty_text(bool(text or party)),
    )


@bp.get("/accounts/add")
def account_form() -> ResponseReturnValue:
    """Which kind of seat; then, with `party`, the form for the account."""
    party = _party()
    if party is None:
        return _choose_party(_("添加账号"), ".account_form")
    return _show_form(None, party, _make_form(party, is_new=True)(formdata=None, data=request.args.to_dict()))


@bp.post("/accounts/add")
def submit_account() -> ResponseReturnValue:
    """Make the account and show its first password."""
    party = _party() or abort(404)
    form = _make_form(party, is_new=True)(formdata=form_data())
    if not form.validate():
        return _show_form(None, party, form), 422
    try:
        account_id, password = create_account(
            current_actor(),
            username=form.username.data,
            display_name=form.display_name.data,
            party=party,
            bound_to=_bound_to(party, form),
            now=now(),
        )
    except Refused as refused:
        form.refuse(refused)
        return _show_form(None, party, form), refused.status
    return _show_password(get_account(account_id), password, _("账号已添加"))


@bp.get(f"/accounts/<{ID}:account_id>")
def account(account_id: int) -> ResponseReturnValue:
    """One account: its seats, a new password, closing it."""
    return _show(get_account(account_id))


@bp.post(f"/accounts/<{ID}:account_id>/password")
def renew_password(account_id: int) -> ResponseReturnValue:
    """Give a new first password and show it."""
    try:
        password = reset_password(current_actor(), account_id)
    except Refused as refused:
        return _show(get_account(account_id), refusal_sentence(refused)), refused.status
    return _show_password(get_account(account_id), password, _("密码已重置"))


@bp.post(f"/accounts/<{ID}:account_id>/deactivate")
def close_account(account_id: int) -> ResponseReturnValue:
    """Nobody signs in with it any more."""
    return _switch(account_id, False, _("账号已停用，已登录的地方都已退出。"))


@bp.post(f"/accounts/<{ID}:account_id>/reactivate")
def open_account(account_id: int) -> ResponseReturnValue:
    """It can be used again."""
    return _switch(account_id, True, _("账号已重新启用。"))


@bp.get(f"/accounts/<{ID}:account_id>/seats/add")
def seat_form(account_id: int) -> ResponseReturnValue:
    """Another seat for an account."""
    entry, party = get_account(account_id), _party()
    if party is None:
        taken = {seat.party for seat in entry.seats}
        return _choose_party(_("加一个岗位"), ".seat_form", taken, entry)
    return _show_form(entry, party, _make_form(party, is_new=False)(formdata=None))


@bp.post(f"/accounts/<{ID}:account_id>/seats/add")
def submit_seat(account_id: int) -> ResponseReturnValue:
    """Add the seat."""
    entry, party = get_account(account_id), _party() or abort(404)
    form = _make_form(party, is_new=False)(formdata=form_data())
    if not form.validate():
        return _show_form(entry, party, form), 422
    try:
        add_seat(current_actor(), account_id, party, _bound_to(party, form))
    except Refused as refused:
        form.refuse(refused)
        return _show_form(entry, party, form), refused.status
    flash(_("岗位已添加，下次打开页面就能用。"), "done")
    return redirect(url_for(".account", account_id=account_id), 303)


@bp.post(f"/accounts/<{ID}:account_id>/seats/<{ID}:seat_id>/remove")
def drop_seat(account_id: int, seat_id: int) -> ResponseReturnValue:
    """Take a seat away."""
    try:
        remove_seat(current_actor(), account_id, seat_id)
    except Refused as refused:
        return _show(get_account(account_id), refusal_sentence(refused)), refused.status
    flash(_("岗位已撤销。"), "done")
    return redirect(url_for(".account", account_id=account_id), 303)


def _switch(account_id: int, is_active: bool, done: str) -> ResponseReturnValue:
    try:
        set_active(current_actor(), account_id, is_active)
    except Refused as refused:
        return _show(get_account(account_id), refusal_sentence(refused)), refused.status
    flash(done, "done")
    return redirect(url_for(".account", account_id=account_id), 303)


# Pages


def _show(entry: AccountEntry, message: str = "") -> str:
    return render_desk(
        "office/account.html",
        nav_current="office.accounts",
        account=entry,
        message=message,
        is_own=entry.id == current_actor().account_id,
        can_add_seat=len(entry.seats) < len(_PARTIES),
    )


def _choose_party(title: str, endpoint: str, taken: set[str] | None = None, entry: AccountEntry | None = None) -> str:
    ids: dict[str, Any] = {"account_id": entry.id} if entry else {}
    tiles = [
        (url_for(endpoint, party=party, **ids), party_label(party), about)
        for party, about in _PARTIES.items()
        if party not in (taken or ())
    ]
    return render_desk(
        "office/account_party.html", nav_current="office.accounts", title=title, tiles=tiles, account=entry
    )


def _show_form(entry: AccountEntry | None, party: Party, form: BaseForm) -> str:
    label = party_label(party)
    title = _("加一个岗位：%(party)s", party=label) if entry else _("添加账号：%(party)s", party=label)
    return render_desk(
        "office/account_form.html", nav_current="office.accounts", title=title, form=form, account=entry, party=party
    )


def _show_password(entry: AccountEntry, password: str, title: str) -> Response:
    page = render_desk(
        "office/password.html", nav_current="office.accounts", account=entry, password=password, title=title
    )
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response


# Forms


def _party() -> Party | None:
    text = request.args.get("party", "")
    return next((party for party in _PARTIES if party == text), None)


def _make_form(party: Party, *, is_new: bool) -> type[BaseForm]:
    """Name and user name for a new account, and what the seat acts for."""
    fields: dict[str, Any] = {}
    if is_new:
        fields["username"] = text_field(
            _("用户名"),
            longest=64,
            required=_("请填用户名。"),
            description=_("3 到 64 个小写字母、数字、点、下划线或连字符，登录时用。"),
            render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"},
        )
        fields["display_name"] = text_field(
            _("姓名"), longest=64, required=_("请填姓名。"), render_kw={"autocomplete": "off"}
        )
    if column := BOUND_BY[party]:
        fields[column] = _bound_field(column, is_needed=party is not Party.RESIDENT)
    return type("AccountForm", (BaseForm,), fields)


def _bound_field(column: str, *, is_needed: bool) -> Any:
    match column:
        case "division_code":
            return choice_field(
                _("街道、镇或社区、村"),
                required=_("请选择街道、镇或社区、村。") if is_needed else None,
                choices=[choice("", _("请选择") if is_needed else _("不填")), *_place_choices()],
            )
        case "department_id":
            departments = [choice(each.id, pick(each.name, each.name_en)) for each in list_departments()]
            return choice_field(_("部门"), required=_("请选择部门。"), choices=[choice("", _("请选择")), *departments])
        case "team_id":
            teams = [choice(str(team_id), name) for team_id, name in list_team_names().items()]
            return choice_field(_("服务队"), required=_("请选择服务队。"), choices=[choice("", _("请选择")), *teams])
    return text_field(
        _("志愿者编号"),
        longest=16,
        required=_("请填志愿者编号。"),
        description=_("V 开头的编号，在志愿者名单里可以查到。"),
        render_kw={"autocapitalize": "characters", "spellcheck": "false"},
    )


def _place_choices() -> list[Any]:
    """Towns as groups: the town as a whole first, then what lies in it."""
    choices = []
    for group in list_towns_with_communities():
        town = pick(group.town.name, group.town.name_en)
        choices.append(choice(group.town.code, _("%(town)s（全部）", town=town), group=town))
        choices.extend(choice(each.code, pick(each.name, each.name_en), group=town) for each in group.communities)
    return choices


def _bound_to(party: Party, form: BaseForm) -> str | int | None:
    """What the seat is bound to, as `create_account` wants it."""
    column = BOUND_BY[party]
    if column is None:
        return None
    text = str(form[column].data or "")
    if column == "volunteer_id":
        return find_volunteer_id(text)
    return (int(text) if column == "team_id" else text) if text else None
