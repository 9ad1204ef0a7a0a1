"""Call-backs of the whole city, to look at: who owes one, what came of those that were made."""

from flask.typing import ResponseReturnValue

from qtxvol.directory.queries import list_towns_with_communities
from qtxvol.orders.lifecycle import Party
from qtxvol.web.call_lists import show_call_list
from qtxvol.web.desk_frame import EXTRA_NAV
from qtxvol.web.display import pick
from qtxvol.web.i18n import _l
from qtxvol.web.office.views import bp

EXTRA_NAV[Party.OFFICE].append(("office.calls", _l("电话回访")))


@bp.get("/calls")
def calls() -> ResponseReturnValue:
    """`?state=`, `?cause=`, `?result=`, `?division=` narrow the list."""
    towns = [(group.town.code, pick(group.town.name, group.town.name_en)) for group in list_towns_with_communities()]
    return show_call_list("office/calls.html", places=towns)
