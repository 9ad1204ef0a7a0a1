"""The office's blueprint and menu, and what its pages share. The pages are in `facts`, `accounts` and `people`."""

from typing import Any

from flask import request, url_for

from qtxvol.orders.lifecycle import Party
from qtxvol.web.desk import EXTRA_NAV, make_desk
from qtxvol.web.i18n import _, _l

bp = make_desk(Party.OFFICE, __name__)
EXTRA_NAV[Party.OFFICE] += [
    ("office.facts", _l("基础资料")),
    ("office.accounts", _l("账号")),
    ("office.teams", _l("服务队与志愿者")),
]


def search_text() -> str:
    """What was typed into the list's search."""
    return request.args.get("q", "").replace("\0", "").strip()[:60]


def page_number() -> int:
    return request.args.get("page", 1, type=int)


def url_for_page(number: int) -> str:
    """The same list, another page."""
    return url_for(request.endpoint or "", **{**list_args(), **(request.view_args or {}), "page": number})


def list_args() -> dict[str, Any]:
    """What the address asks for besides its path, but for what would mean something else to `url_for`."""
    return {name: value for name, value in request.args.items() if not name.startswith("_") and name != "endpoint"}


def empty_text(is_filtered: bool) -> str:
    """What a list without rows says."""
    return _("没有找到，请换个词再试。") if is_filtered else _("这里还没有内容")
