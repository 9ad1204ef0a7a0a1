"""What a desk's list is narrowed to: read from an address, checked, written into an address again."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from qtxvol.orders.lifecycle import Party, Status
from qtxvol.orders.numbers import parse_number
from qtxvol.orders.place import URGENCIES
from qtxvol.orders.queries import DUES, SORTS, TABS, Filters, find_tab
from qtxvol.web.i18n import _l

#: Deadlines, as a select offers them.
DUE_LABELS: dict[str, Any] = {
    "late": _l("已超时"),
    "soon": _l("快到期"),
    "today": _l("今天到期"),
    "week": _l("本周到期"),
}

URGENCY_LABELS: dict[str, Any] = {"normal": _l("不急"), "urgent": _l("急"), "emergency": _l("应急")}

SORT_LABELS: dict[str, Any] = {"due": _l("最急的在前"), "placed": _l("新点的在前"), "place": _l("按地方")}

#: Views that come with a desk, above those that its people save: (label, query).
SHIPPED_VIEWS: dict[Party, tuple[tuple[Any, str], ...]] = {
    Party.RESIDENT: (),
    Party.COMMUNITY: (
        (_l("今天到期"), "tab=waiting&due=today"),
        (_l("急单"), "tab=waiting&urgency=urgent"),
    ),
    Party.DEPARTMENT: ((_l("快超时"), "tab=waiting&due=soon"),),
    Party.TEAM: (),
    Party.VOLUNTEER: (),
    Party.OFFICE: ((_l("急单"), "tab=open&urgency=urgent"),),
}

_CODE = re.compile(r"[A-Za-z0-9_-]{1,32}")
_DIVISION = re.compile(r"[0-9]{12}")


def read_filters(args: Mapping[str, str], party: Party) -> Filters:
    """The filters of an address or a form. What is unknown or malformed is left out, never an error."""
    tab = find_tab(party, args.get("tab", ""))
    text = " ".join(args.get("q", "").replace("\0", "").split())[:60]
    page = args.get("page", "")
    filters = Filters(
        tab=tab.key,
        text=text,
        division_code=_matching(_DIVISION, args.get("division", "")),
        department_id=_matching(_CODE, args.get("department", "")),
        theme=_matching(_CODE, args.get("theme", "")),
        urgency=_known(args.get("urgency", ""), URGENCIES),
        due=_known(args.get("due", ""), DUES) or ("late" if args.get("overdue") == "1" else ""),
        status=_known(args.get("status", ""), tuple(Status)),
        only_on_behalf=args.get("behalf") == "1",
        sort=_known(args.get("sort", ""), SORTS),
        page=int(page) if page.isascii() and page.isdecimal() and len(page) < 7 else 1,
    )
    if parse_number(text) and any(each.key == "all" for each in TABS[party]):
        return Filters(tab="all", text=text)  # a number is looked for everywhere, whatever tab it was typed in
    return filters


def args_of(filters: Filters, **changes: Any) -> dict[str, Any]:
    """The same filters as arguments of an address, with `changes`; those that say nothing are left out."""
    filters = replace(filters, **changes)
    args = {
        "tab": filters.tab,
        "q": filters.text,
        "division": filters.division_code,
        "department": filters.department_id,
        "theme": filters.theme,
        "urgency": filters.urgency,
        "due": filters.due,
        "status": filters.status,
        "behalf": "1" if filters.only_on_behalf else "",
        "sort": filters.sort,
        "page": str(filters.page) if filters.page > 1 else "",
    }
    return {name: value for name, value in args.items() if value}


def query_of(filters: Filters) -> str:
    """What a saved view keeps: the checked filters without the page; equal for equal lists."""
    return urlencode(args_of(filters, page=1))


def filters_of(query: str, party: Party) -> Filters:
    """The filters that `query_of` has written, checked anew."""
    return read_filters(dict(parse_qsl(query)), party)


def is_narrowed(filters: Filters) -> bool:
    """Does the list show less than its tab?"""
    return filters != Filters(tab=filters.tab, sort=filters.sort, page=filters.page)


def _matching(form: re.Pattern[str], text: str) -> str:
    return text if form.fullmatch(text) else ""


def _known(value: str, known: tuple[str, ...]) -> str:
    return value if value in known else ""
