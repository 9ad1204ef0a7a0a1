"""The list of a desk: its columns, its filters, its one-tap buttons."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.accounts.actor import Actor, division_prefix
from qtxvol.accounts.permissions import may_search_by_phone
from qtxvol.accounts.saved_views import LONGEST_NAME
from qtxvol.base import AnyRow
from qtxvol.directory.queries import DepartmentEntry, term_names
from qtxvol.offers.crew_asks import list_open_asks
from qtxvol.offers.standing import Standing, list_standings
from qtxvol.orders.lifecycle import STATUS_LABELS, Action, Party, get_rule
from qtxvol.orders.numbers import parse_number
from qtxvol.orders.queries import Filters, Tab, list_orders
from qtxvol.web.access import current_actor
from qtxvol.web.desk_frame import TAB_LABELS, count_numbers, desk_of, render_desk
from qtxvol.web.display import pick, say
from qtxvol.web.forms import now
from qtxvol.web.i18n import _, _l
from qtxvol.web.list_filters import (
    DUE_LABELS,
    SORT_LABELS,
    URGENCY_LABELS,
    args_of,
    is_narrowed,
    query_of,
    read_filters,
)
from qtxvol.web.list_words import ListWords
from qtxvol.web.science_days import near_for_department

#: Desks whose first tab can be worked off in the list: one tap a row, or several ticked rows at once.
WORKED_OFF: dict[Party, Action] = {Party.COMMUNITY: Action.DISPATCH, Party.DEPARTMENT: Action.CLAIM}

#: Desks that see who had an order placed for them.
_SEES_ON_BEHALF = (Party.COMMUNITY, Party.DEPARTMENT, Party.OFFICE)


#: Tabs whose orders wait for a team, and what each of them says of it, with the tag's class.
_TEAM_SOUGHT = {(Party.TEAM, "waiting"), (Party.DEPARTMENT, "claimed")}
_STANDINGS: dict[Standing, tuple[Any, str]] = {
    Standing.CREWING: (_l("正在请人"), ""),
    Standing.HANDED: (_l("已指定"), ""),
    Standing.NOBODY: (_l("没有队可问"), "tag--late"),
    Standing.ASKED_FOR: (_l("系统在问"), ""),
    Standing.HELD: (_l("您的队答应了"), ""),
    Standing.STANDBY: (_l("候补"), ""),
    Standing.ASKED: (_l("问到您的队"), "tag--late"),
}


@dataclass(frozen=True, slots=True)
class Tap:
    """What one tap in a row does: the form behind its button."""

    url: str
    label: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the list with what can be done to it from there.

    :ivar standing: where it stands with the teams that are asked, and the class of that tag.
    """

    row: AnyRow
    tap: Tap | None
    standing: tuple[Any, str] | None = None


@dataclass(frozen=True, slots=True)
class Narrowing:
    """A filter in use: what it says, and the address of the list without it."""

    label: str
    url: str


def inbox() -> ResponseReturnValue:
    """The list of the desk. A number typed into the search opens its order."""
    actor = current_actor()
    filters = read_filters(request.args.to_dict(), actor.party)
    numbers = count_numbers(actor, filters)
    page = list_orders(actor, filters, now(), total=numbers.total)
    words = ListWords.read(actor)
    is_waiting = page.tab.key == "waiting"
    # whoever has typed a number means that order, and finds its button wherever it stands
    sought = [row.id for row in page.rows] if (actor.party, page.tab.key) in _TEAM_SOUGHT else []
    standings = {order: _STANDINGS[each] for order, each in list_standings(actor, sought).items()} if sought else {}
    works_off = WORKED_OFF.get(actor.party) if is_waiting or parse_number(filters.text) else None
    return render_desk(
        "desk/inbox.html",
        nav_current=page.tab.key,
        near=near_for_department(actor),
        asks=list_open_asks(actor.volunteer_id, now()) if actor.volunteer_id is not None else (),
        numbers=numbers,
        shown=filters,
        page=page,
        lines=[
            Line(row, _tap_of(actor, row, works_off, words.departments), standings.get(row.id)) for row in page.rows
        ],
        columns=_columns(page.tab, works_off),
        tab_label=TAB_LABELS[page.tab.zh],
        filters=filters,
        hidden_args=args_of(filters, page=1),
        narrowings=_narrowings(filters, words),
        is_filtered=is_narrowed(filters),
        is_saved=any(query_of(view.filters) == query_of(filters) for view in numbers.views),
        longest_name=LONGEST_NAME,
        can_search_phone=may_search_by_phone(actor),
        divisions=_division_options(actor.division_code, words.divisions),
        departments=[(each.id, pick(each.name, each.name_en)) for each in words.departments.values()],
        themes=list(words.themes.items()),
        dues=DUE_LABELS,
        urgencies=URGENCY_LABELS,
        statuses=[(code, say(label)) for code, label in STATUS_LABELS.items()] if page.tab.is_mixed else [],
        sorts=SORT_LABELS,
        sort_url=lambda sort: _list_url(filters, sort=sort, page=1),
        sorted_by=filters.sort or ("due" if page.tab.is_by_deadline else ""),
        asks_on_behalf=actor.party in _SEES_ON_BEHALF,
        audiences={code: say(label) for code, label in term_names("audience").items()},
        is_near=actor.party is Party.COMMUNITY,
        url_for_page=lambda number: _list_url(filters, page=number),
        bulk_url=url_for(f"{desk_of(actor.party)}.check_bulk") if works_off and is_waiting else "",
        bulk_action=say(get_rule(works_off).label) if works_off else "",
        chooses_department=works_off is Action.DISPATCH,
        ticks_all=request.args.get("ticked") == "all",
        tick_all_url=_list_url(filters, page=page.number, ticked="all"),
    )


def _list_url(filters: Filters, *, ticked: str = "", **changes: Any) -> str:
    args = args_of(filters, **changes)
    if ticked:
        args["ticked"] = ticked
    return url_for(request.endpoint or "", **args)


def _columns(tab: Tab, works_off: Action | None) -> set[str]:
    """What the list shows of each order: a column that says the same in every row is left out."""
    columns = {"placed", "due"}
    if tab.is_mixed:
        columns.add("status")
    if tab.is_mixed or tab.key in ("accepted", "closed"):
        columns.add("holder")
    if works_off is not None:
        columns.add("action")
    return columns


def _tap_of(actor: Actor, row: AnyRow, action: Action | None, departments: Mapping[str, DepartmentEntry]) -> Tap | None:
    """The step that needs no choice. An order that a department sent back does: somebody must read why."""
    if action is None or row.status not in get_rule(action).when:
        return None
    fields = {"version": str(row.version), "back": "list"}
    if action is Action.CLAIM:
        if row.department_id != actor.department_id:
            return None
        fields["is_auto_asked"] = "y"  # as the form on the order's page comes
        return Tap(url_for("department.act", number=row.number, action="claim"), say(get_rule(action).label), fields)
    if row.returns_count:
        return None
    department = departments.get(row.suggested_department_id)
    if department is None:
        return None
    label = _("派给%(department)s", department=pick(department.short_name, department.name_en))
    url = url_for("community.act", number=row.number, action="dispatch")
    return Tap(url, label, {**fields, "department_id": department.id})


def _narrowings(filters: Filters, words: ListWords) -> list[Narrowing]:
    """The filters in use, each with the way to be rid of it."""
    nothing = Filters()
    return [
        Narrowing(text, _list_url(filters, page=1, **{field: getattr(nothing, field)}))
        for field, text in words.of(replace(filters, sort="")).items()
    ]


def _division_options(within: str | None, names: dict[str, str]) -> list[tuple[str, str]]:
    """Divisions below the seat's own that the list can be narrowed to."""
    prefix = division_prefix(within) if within else ""
    return [(code, name) for code, name in sorted(names.items()) if code.startswith(prefix) and code != within]
