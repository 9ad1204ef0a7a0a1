"""The office's blueprint and menu, and what its pages share. The pages are in `facts`, `accounts` and `people`."""

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
    return url_for(request.endpoint or "", **{**(request.view_args or {}), **request.args.to_dict(), "page": number})


def empty_text(is_filtered: bool) -> str:
    """What a list without rows says."""
    return _("没有找到，请换个词再试。") if is_filtered else _("这里还没有内容")
