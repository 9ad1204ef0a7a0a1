"""What a resident wants to know at a glance: whose turn it is, until when, and how far along the five verbs it is."""

from qtxvol.orders.lifecycle import Status
from qtxvol.orders.queries import OrderView
from qtxvol.web.display import day_time, pick, place_name, time_span
from qtxvol.web.forms import now
from qtxvol.web.i18n import _
from qtxvol.web.order_page import is_rated

#: The verb that comes next, counted from 1 (点单).
_NEXT_VERB = {Status.PLACED: 2, Status.DISPATCHED: 3, Status.CLAIMED: 4, Status.ACCEPTED: 5, Status.CLOSED: 6}


def verb_names() -> list[str]:
    """The five verbs and the rating, as the resident reads them."""
    return [_("点单"), _("派单"), _("领单"), _("接单"), _("办结"), _("评价")]


def find_next_verb(view: OrderView) -> int | None:
    """Which verb comes next, from 1; 7 when all is done, None when the order ended on another way."""
    served = view.merged_into or view.order
    if served.status == Status.CLOSED and is_rated(view):
        return 7
    return _NEXT_VERB.get(Status(served.status))


def list_next(view: OrderView) -> list[tuple[str, str]]:
    """Who acts next and by when, as (term, value) pairs; empty when nothing comes any more."""
    order, row = view.merged_into or view.order, view.row
    status = Status(order.status)
    if status not in _NEXT_VERB or (status == Status.CLOSED and is_rated(view)):
        return []
    if status == Status.CLOSED and view.order.is_push:
        return [(_("该谁"), place_name(row))]
    if status == Status.CLOSED or (order.clock_stopped_at is not None and view.merged_into is None):
        return [(_("该谁"), _("您"))]
    team = pick(view.team.name, view.team.name_en) if view.team else ""
    department = pick(row.department_name, row.department_name_en)
    who = {
        Status.PLACED: place_name(row),
        Status.DISPATCHED: department or _("承办部门"),
        Status.CLAIMED: department or _("承办部门"),
        Status.ACCEPTED: team or _("志愿服务队"),
    }[status]
    if status == Status.ACCEPTED:
        return [(_("该谁"), who), (_("什么时候"), time_span(order.agreed_start, order.agreed_end))]
    is_late = order.due_at is not None and order.due_at < now()
    return [(_("该谁"), who), (_("应在") if is_late else _("最迟"), day_time(order.due_at))]
