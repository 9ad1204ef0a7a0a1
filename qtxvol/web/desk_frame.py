"""The frame of a desk: its address and title, its menu with numbers, and the page inside. What a desk can do is
in `desk.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import render_template, request, url_for

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.saved_views import list_views
from qtxvol.notices.queries import count_unread
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.queries import TABS, Filters, count_desk
from qtxvol.web.access import current_actor, current_seat
from qtxvol.web.display import party_label
from qtxvol.web.forms import now
from qtxvol.web.i18n import _, _l
from qtxvol.web.list_filters import SHIPPED_VIEWS, args_of, filters_of, query_of

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

#: What both databases can hold as an id.
LARGEST_ID = 2147483647
#: An id in an address; what no database could hold is not found.
ID = f"int(max={LARGEST_ID})"

#: Lines that a desk adds below its list: (endpoint, label).
EXTRA_NAV: dict[Party, list[tuple[str, Any]]] = {party: [] for party in DESKS}

#: Where a desk has too many of them to be seen at once, they lie folded in groups; what is in none stands open.
NAV_GROUPS: dict[Party, tuple[tuple[Any, tuple[str, ...]], ...]] = {
    Party.COMMUNITY: (
        (
            _l("回访与核对"),
            (
                "community.calls",
                "community.doubles",
                "community.joint",
                "community.presence",
                "community.no_shows",
                "community.undelivered",
            ),
        ),
        (_l("海报与资料"), ("community.poster", "community.papers", "community.addresses")),
    ),
    Party.OFFICE: (
        (
            _l("督办与应急"),
            (
                "office.plans",
                "office.stuck",
                "office.undelivered",
                "office.calls",
                "office.emergencies",
                "office.ladder",
                "office.matching",
            ),
        ),
        (_l("目标与评估"), ("office.overview", "office.targets", "office.figures", "office.fairness", "office.papers")),
        (
            _l("志愿者与时长"),
            (
                "office.teams",
                "office.rosters",
                "office.hours",
                "office.certificates",
                "office.stars",
                "office.commendations",
            ),
        ),
        (
            _l("资料与账号"),
            (
                "office.facts",
                "office.workdays",
                "office.channels",
                "office.wordings",
                "office.accounts",
                "office.privacy",
            ),
        ),
    ),
}


@dataclass(frozen=True, slots=True)
class NavItem:
    """A line of the desk's menu.

    :ivar count: None shows no number.
    :ivar key: what the number is of, for keeping it fresh.
    """

    url: str
    label: Any
    count: int | None = None
    is_current: bool = False
    key: str = ""


@dataclass(frozen=True, slots=True)
class NavGroup:
    """Lines of the desk's menu that are folded together."""

    label: Any
    lines: Sequence[NavItem]

    @property
    def is_current(self) -> bool:
        return any(line.is_current for line in self.lines)


@dataclass(frozen=True, slots=True)
class View:
    """A line under "my views": one that came with the desk, or one that was saved."""

    key: str
    label: Any
    query: str
    filters: Filters
    #: 0 for one that came with the desk.
    id: int = 0

    @property
    def is_own(self) -> bool:
        return self.id != 0


@dataclass(frozen=True, slots=True)
class DeskNumbers:
    """Everything that a desk's menu counts, by the key of its line.

    :ivar total: what the reader's own list holds; `fresh` of them are newer than the reader's page.
    """

    views: tuple[View, ...]
    counts: dict[str, int]
    total: int
    fresh: int


def desk_of(party: Party) -> str:
    """Name of the desk's blueprint."""
    return DESKS[party]


def count_numbers(actor: Actor, current: Filters | None = None, since: datetime | None = None) -> DeskNumbers:
    """The numbers of the menu in three statements: saved views, orders, notices.

    A view with a search text is not counted: looking for words in every order is too dear for a number.
    :param current: the list that is shown, `since` when.
    """
    views = list_desk_views(actor)
    counted = [view for view in views if not view.filters.text]
    numbers = count_desk(actor, now(), views=[view.filters for view in counted], current=current, since=since)
    counts = dict(numbers.tabs)
    counts.update({view.key: count for view, count in zip(counted, numbers.views, strict=True)})
    counts["notices"] = count_unread(actor, now())
    return DeskNumbers(views, counts, numbers.total, numbers.fresh)


def list_desk_views(actor: Actor) -> tuple[View, ...]:
    """The views that came with the desk, then the actor's own; one statement."""
    shipped = [
        View(f"shipped-{i}", label, query, filters_of(query, actor.party))
        for i, (label, query) in enumerate(SHIPPED_VIEWS[actor.party], 1)
    ]
    own = [
        View(f"view-{row.id}", row.name, row.query, filters_of(row.query, actor.party), row.id)
        for row in list_views(actor)
    ]
    return (*shipped, *own)


def render_desk(
    template: str,
    *,
    nav_current: str = "",
    numbers: DeskNumbers | None = None,
    shown: Filters | None = None,
    **more: Any,
) -> str:
    """A page inside the desk's frame: menu with counts, seat, title.

    :param nav_current: key of the tab or endpoint of the line that is marked in the menu.
    :param numbers: when the page has counted already.
    :param shown: the list on the page, when it is one.
    """
    actor = current_actor()
    numbers = numbers or count_numbers(actor)
    desk = desk_of(actor.party)
    view_items = _view_items(desk, numbers, shown)
    current = "" if any(item.is_current for item in view_items) else nav_current
    return render_template(
        template,
        desk=desk,
        desk_tabs=[
            NavItem(
                url_for(f"{desk}.inbox", tab=tab.key),
                TAB_LABELS[tab.zh],
                numbers.counts[tab.key],
                current == tab.key,
                tab.key,
            )
            for tab in TABS[actor.party]
        ],
        desk_views=view_items,
        has_own_views=any(view.is_own for view in numbers.views),
        is_at_views=request.endpoint == f"{desk}.views",
        desk_lines=_line_items(desk, actor, numbers, current),
        desk_groups=_groups(actor, current),
        desk_title=TITLES[actor.party],
        counts_url=_counts_url(desk, shown),
        shown_total=numbers.total if shown is not None else None,
        seat_name=current_seat().place or party_label(actor.party),
        actor=actor,
        **more,
    )


def _view_items(desk: str, numbers: DeskNumbers, shown: Filters | None) -> Sequence[NavItem]:
    here = query_of(shown) if shown is not None else None
    return [
        NavItem(
            url_for(f"{desk}.inbox", **args_of(view.filters)),
            view.label,
            numbers.counts.get(view.key),
            query_of(view.filters) == here,
            view.key,
        )
        for view in numbers.views
    ]


def _line_items(desk: str, actor: Actor, numbers: DeskNumbers, current: str) -> Sequence[NavItem]:
    grouped = {endpoint for _label, endpoints in NAV_GROUPS.get(actor.party, ()) for endpoint in endpoints}
    lines = [
        _room_item(endpoint, label, current) for endpoint, label in EXTRA_NAV[actor.party] if endpoint not in grouped
    ]
    notices = f"{desk}.notices"
    return [
        *lines,
        NavItem(url_for(notices), _("消息"), numbers.counts["notices"], request.endpoint == notices, "notices"),
    ]


def _groups(actor: Actor, current: str) -> Sequence[NavGroup]:
    labels = dict(EXTRA_NAV[actor.party])
    return [
        NavGroup(label, [_room_item(endpoint, labels[endpoint], current) for endpoint in endpoints])
        for label, endpoints in NAV_GROUPS.get(actor.party, ())
    ]


def _room_item(endpoint: str, label: Any, current: str) -> NavItem:
    return NavItem(url_for(endpoint), label, None, endpoint in (request.endpoint, current))


def _counts_url(desk: str, shown: Filters | None) -> str:
    """Where the page asks for the numbers again; with the list and its moment, when it shows one."""
    if shown is None:
        return url_for(f"{desk}.counts")
    return url_for(f"{desk}.counts", **args_of(shown), since=now().isoformat())
