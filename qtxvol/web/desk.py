"""What every desk has: the list, the order's page, its actions, its photos, its notices.

`make_desk(party)` gives a blueprint with all of it; a party's own package adds what only that party has.
"""

from typing import Any

from flask import Blueprint, Response, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.directory.queries import list_departments
from qtxvol.notices.queries import list_notices, mark_read
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.numbers import parse_number
from qtxvol.privacy.reveal import reveal_contact
from qtxvol.refusals import NotFound, Refused
from qtxvol.volunteers.queries import team_names
from qtxvol.web.access import current_actor, make_blueprint, seated
from qtxvol.web.action_forms import ActionForm, Context
from qtxvol.web.bulk import add_bulk
from qtxvol.web.desk_frame import DESKS, EXTRA_NAV, ID, TITLES, count_numbers, desk_of, render_desk
from qtxvol.web.display import pick
from qtxvol.web.forms import form_data, now
from qtxvol.web.live_counts import counts
from qtxvol.web.order_list import WORKED_OFF, inbox
from qtxvol.web.order_page import act_on_order, doer, make_context, payload_teams, send_picture, show_order, wants_list
from qtxvol.web.papers import order_sheet
from qtxvol.web.reveals import RevealForm, never_kept
from qtxvol.web.saved_views import add_saved_views
from qtxvol.web.wording import event_title

__all__ = ["DESKS", "EXTRA_NAV", "ID", "TITLES", "desk_of", "make_desk", "render_desk", "show_in_desk"]


#: Parties that may ever call a resident.
CALLERS = (Party.COMMUNITY, Party.TEAM)


def make_desk(party: Party, import_name: str) -> Blueprint:
    """The blueprint of a party's desk, behind that party's gate."""
    name = DESKS[party]
    bp = make_blueprint(name, import_name, gate=seated(party), url_prefix=f"/{party}")
    bp.add_url_rule("/", "inbox", inbox)
    bp.add_url_rule("/counts", "counts", counts)
    bp.add_url_rule("/orders/<number>", "order", order)
    bp.add_url_rule("/orders/<number>/sheet", "sheet", order_sheet)
    bp.add_url_rule("/orders/<number>/<action>", "act", act, methods=["POST"])
    bp.add_url_rule(f"/orders/<number>/photos/<{ID}:picture_id>", "picture", picture)
    bp.add_url_rule("/notices", "notices", notices)
    bp.add_url_rule("/notices", "read_notices", read_notices, methods=["POST"])
    add_saved_views(bp)
    if party in CALLERS:
        bp.add_url_rule("/orders/<number>/reveal", "reveal", reveal, methods=["POST"])
    if party in WORKED_OFF:
        add_bulk(bp)
    return bp


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


def reveal(number: str) -> ResponseReturnValue:
    """The order's page with the resident's full number, this once; the look is written down."""
    actor, number = current_actor(), _number(number)
    form = RevealForm.of_order(form_data())
    try:
        found = reveal_contact(
            number,
            actor,
            reason=form.reason.data or "",
            note=form.note.data or "",
            now=now(),
        )
    except Refused as refused:
        if refused.status == 403:
            raise
        form.refuse(refused)
        return show_in_desk(make_context(actor, number), reveal_form=form), refused.status
    return never_kept(make_response(show_in_desk(make_context(actor, number), revealed=found)))


def picture(number: str, picture_id: int) -> Response:
    """A photo of an order."""
    return send_picture(current_actor(), _number(number), picture_id)


def notices() -> ResponseReturnValue:
    """What this desk has been told."""
    actor = current_actor()
    numbers = count_numbers(actor)
    page = list_notices(actor, request.args.get("page", 1, type=int))
    departments = _department_names()
    asked = {team for row in page.rows for team in payload_teams(row.OrderEvent.payload)}
    teams = team_names(asked) if asked else {}
    lines = [(row, event_title(row.OrderEvent, departments, teams), doer(row.OrderEvent)) for row in page.rows]
    return render_desk(
        "desk/notices.html",
        numbers=numbers,
        page=page,
        unread=numbers.counts["notices"] if page.number == 1 else 0,
        newest_id=page.rows[0].id if page.rows else 0,
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
        reveal_url=url_for(f"{desk}.reveal", number=number) if context.actor.party in CALLERS else "",
        **more,
    )


def _number(text: str) -> str:
    number = parse_number(text)
    if number is None:
        raise NotFound(text)
    return number


def _department_names() -> dict[str, str]:
    return {each.id: pick(each.name, each.name_en) for each in list_departments(active_only=False)}
