"""What every desk has: the list, the order's page, its actions, its photos, its notices.

`make_desk(party)` gives a blueprint with all of it; a party's own package adds what only that party has.
"""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.accounts.actor import division_prefix
from qtxvol.accounts.permissions import may_search_by_phone
from qtxvol.directory.queries import get_division_names, list_departments, list_terms
from qtxvol.notices.queries import count_unread, list_notices, mark_read
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.numbers import parse_number
from qtxvol.orders.queries import TABS, Filters, count_tabs, list_orders
from qtxvol.refusals import NotFound
from qtxvol.volunteers.queries import team_names
from qtxvol.web.access import current_actor, current_seat, make_blueprint, seated
from qtxvol.web.action_forms import ActionForm, Context
from qtxvol.web.display import is_english, party_label, pick
from qtxvol.web.forms import now
from qtxvol.web.i18n import _, _l
from qtxvol.web.order_page import act_on_order, make_context, payload_teams, send_picture, show_order, wants_list
from qtxvol.web.wording import event_title

#: The address and blueprint of each party's desk. A resident's own desk is `my`: `resident` is open to all.
DESKS: dict[Party, str] = {
    Party.RESIDENT: "my",
    Party.COMMUNITY: "community",
    Party.DEPARTMENT: "department",
    Party.TEAM: "team",
    Party.VOLUNTEER: "volunteer",
    Party.OFFICE: "office",
}

TITLES: dict[Party, Any] = {
    Party.RESIDENT: _l("我的点单"),
    Party.COMMUNITY: _l("社区工作台"),
    Party.DEPARTMENT: _l("部门工作台"),
    Party.TEAM: _l("服务队工作台"),
    Party.VOLUNTEER: _l("志愿者之家"),
    Party.OFFICE: _l("纲要办工作台"),
}

TAB_LABELS: dict[str, Any] = {
    "待派单": _l("待派单"),
    "办理中": _l("办理中"),
    "待回访": _l("待回访"),
    "待领单": _l("待领单"),
    "待队伍接单": _l("待队伍接单"),
    "待服务": _l("待服务"),
    "可接单": _l("可接单"),
    "我队待服务": _l("我队待服务"),
    "我队已办结": _l("我队已办结"),
    "已服务": _l("已服务"),
    "待裁定": _l("待裁定"),
    "已超时": _l("已超时"),
    "进行中": _l("进行中"),
    "已办结": _l("已办结"),
    "已终止": _l("已终止"),
    "全部": _l("全部"),
}


@dataclass(frozen=True, slots=True)
class NavItem:
    """A line of the desk's menu; `count` None shows no number."""

    url: str
    label: Any
    count: int | None = None
    is_current: bool = False


#: An id in an address; what no database could hold is not found.
ID = "int(max=2147483647)"

#: Lines that a desk adds below its list: (endpoint, label).
EXTRA_NAV: dict[Party, list[tuple[str, Any]]] = {party: [] for party in DESKS}


def desk_of(party: Party) -> str:
    """Name of the desk's blueprint."""
    return DESKS[party]


def render_desk(template: str, *, nav_current: str = "", tab_counts: dict[str, int] | None = None, **more: Any) -> str:
    """A page inside the desk's frame: menu with counts, seat, title.

    :param nav_current: key of the tab or endpoint of the line that is marked in the menu.
    :param tab_counts: when the page has counted already.
    """
    actor = current_actor()
    counts = tab_counts or count_tabs(actor, now())
    current = nav_current
    desk = desk_of(actor.party)
    nav = [
        NavItem(url_for(f"{desk}.inbox", tab=tab.key), TAB_LABELS[tab.zh], counts[tab.key], current == tab.key)
        for tab in TABS[actor.party]
    ]
    nav.extend(
        NavItem(url_for(endpoint), label, None, endpoint in (request.endpoint, current))
        for endpoint, label in EXTRA_NAV[actor.party]
    )
    nav.append(
        NavItem(url_for(f"{desk}.notices"), _("消息"), count_unread(actor), request.endpoint == f"{desk}.notices")
    )
    return render_template(
        template,
        desk=desk,
        desk_nav=nav,
        desk_title=TITLES[actor.party],
        seat_name=current_seat().place or party_label(actor.party),
        actor=actor,
        **more,
    )


def make_desk(party: Party, import_name: str) -> Blueprint:
    """The blueprint of a party's desk, behind that party's gate."""
    name = DESKS[party]
    bp = make_blueprint(name, import_name, gate=seated(party), url_prefix=f"/{party}")
    bp.add_url_rule("/", "inbox", inbox)
    bp.add_url_rule("/orders/<number>", "order", order)
    bp.add_url_rule("/orders/<number>/<action>", "act", act, methods=["POST"])
    bp.add_url_rule(f"/orders/<number>/photos/<{ID}:picture_id>", "picture", picture)
    bp.add_url_rule("/notices", "notices", notices)
    bp.add_url_rule("/notices", "read_notices", read_notices, methods=["POST"])
    return bp


def inbox() -> ResponseReturnValue:
    """The list of the desk. A number typed into the search opens its order."""
    actor = current_actor()
    text = request.args.get("q", "").replace("\0", "").strip()[:60]
    filters = Filters(
        tab=request.args.get("tab", ""),
        text=text,
        division_code=_digits(request.args.get("division", "")),
        theme=request.args.get("theme", "")[:32].replace("\0", ""),
        only_overdue=request.args.get("overdue") == "1",
        page=request.args.get("page", 1, type=int) if len(request.args.get("page", "")) < 7 else 1,
    )
    if parse_number(text) and any(tab.key == "all" for tab in TABS[actor.party]):
        filters = Filters(tab="all", text=text)  # a number is looked for everywhere, whatever tab it was typed in
    page = list_orders(actor, filters, now())
    names = get_division_names("en" if is_english() else "zh")
    is_filtered = bool(text or filters.division_code or filters.theme or filters.only_overdue)
    return render_desk(
        "desk/inbox.html",
        nav_current=page.tab.key,
        tab_counts=page.counts,
        page=page,
        tab_label=TAB_LABELS[page.tab.zh],
        filters=filters,
        is_filtered=is_filtered,
        can_search_phone=may_search_by_phone(actor),
        divisions=_division_options(actor.division_code, names)
        if actor.party in (Party.COMMUNITY, Party.OFFICE)
        else (),
        themes=list_terms("theme"),
        audiences={term.code: pick(term.name, term.name_en) for term in list_terms("audience")},
        departments=_short_names() if actor.party is Party.COMMUNITY else {},
        url_for_page=lambda number: url_for(request.endpoint or "", **{**request.args.to_dict(), "page": number}),
        can_dispatch=actor.party is Party.COMMUNITY,
    )


def order(number: str) -> ResponseReturnValue:
    """One order, with what this seat can do to it."""
    return show_in_desk(make_context(current_actor(), _number(number)))


def act(number: str, action: str) -> ResponseReturnValue:
    """One step."""
    number = _number(number)
    desk = desk_of(current_actor().party)

    def after() -> str:
        if wants_list():
            return url_for(f"{desk}.inbox")
        return url_for(f"{desk}.order", number=number)

    return act_on_order(current_actor(), number, action, page=show_in_desk, after=after)


def picture(number: str, picture_id: int) -> Response:
    """A photo of an order."""
    return send_picture(current_actor(), _number(number), picture_id)


def notices() -> ResponseReturnValue:
    """What this desk has been told."""
    page = list_notices(current_actor(), request.args.get("page", 1, type=int))
    departments = _department_names()
    asked = {team for row in page.rows for team in payload_teams(row.OrderEvent.payload)}
    teams = team_names(asked) if asked else {}
    lines = [(row, event_title(row.OrderEvent, departments, teams)) for row in page.rows]
    return render_desk(
        "desk/notices.html",
        page=page,
        lines=lines,
        url_for_page=lambda number: url_for(request.endpoint or "", page=number),
    )


def read_notices() -> ResponseReturnValue:
    """Somebody of this desk has read them."""
    up_to = request.form.get("up_to", 0, type=int)
    mark_read(current_actor(), max(0, min(up_to, 2**31 - 1)), now())
    return redirect(url_for(f"{desk_of(current_actor().party)}.notices"), 303)


def show_in_desk(context: Context, failed: ActionForm | None = None, message: str = "", **more: Any) -> str:
    """The page of one order in the desk's frame."""
    desk = desk_of(context.actor.party)
    number = context.view.order.number
    return show_order(
        context,
        "orders/page.html",
        render_desk,
        failed=failed,
        message=message,
        act_url=lambda action: url_for(f"{desk}.act", number=number, action=action),
        picture_url=lambda picture_id: url_for(f"{desk}.picture", number=number, picture_id=picture_id),
        order_url=lambda other: url_for(f"{desk}.order", number=other),
        **more,
    )


def _number(text: str) -> str:
    number = parse_number(text)
    if number is None:
        raise NotFound(text)
    return number


def _digits(text: str) -> str:
    return text if text.isascii() and text.isdecimal() and len(text) == 12 else ""


def _department_names() -> dict[str, str]:
    return {each.id: pick(each.name, each.name_en) for each in list_departments(active_only=False)}


def _short_names() -> dict[str, str]:
    return {each.id: pick(each.short_name, each.name_en) for each in list_departments()}


def _division_options(within: str | None, names: dict[str, str]) -> list[tuple[str, str]]:
    """Divisions below the seat's own that the list can be narrowed to."""
    prefix = division_prefix(within) if within else ""
    return [(code, name) for code, name in sorted(names.items()) if code.startswith(prefix) and code != within]
