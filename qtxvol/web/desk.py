"""What every desk has: the list, the order's page, its actions, its photos, its notices.

`make_desk(party)` gives a blueprint with all of it; a party's own package adds what only that party has.
"""

from typing import Any

from flask import Blueprint, Response, make_response, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.emergencies.raising import list_markable
from qtxvol.offers.joint_time import find_joined_time
from qtxvol.orders.calls import Contact
from qtxvol.orders.duplicates import list_doubles_of
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.numbers import parse_number
from qtxvol.privacy.reveal import reveal_contact
from qtxvol.refusals import NotFound, Refused
from qtxvol.web.access import current_actor, make_blueprint, seated
from qtxvol.web.action_forms import ActionForm, Context
from qtxvol.web.bulk import add_bulk
from qtxvol.web.call_log import CallForm, add_call_log
from qtxvol.web.desk_frame import DESKS, EXTRA_NAV, ID, TITLES, desk_of, render_desk
from qtxvol.web.emergencies import mark
from qtxvol.web.forms import form_data, now
from qtxvol.web.joint import joint_on_page
from qtxvol.web.live_counts import counts
from qtxvol.web.notice_pages import add_notices
from qtxvol.web.notice_wishes import add_notice_wishes
from qtxvol.web.order_list import WORKED_OFF, inbox
from qtxvol.web.order_page import act_on_order, make_context, send_picture, show_order, wants_list
from qtxvol.web.other_times import other_times_on_page
from qtxvol.web.papers import order_sheet
from qtxvol.web.reveals import RevealForm, never_kept
from qtxvol.web.saved_views import add_saved_views

__all__ = ["DESKS", "EXTRA_NAV", "ID", "TITLES", "desk_of", "make_desk", "render_desk", "show_in_desk"]


#: Parties that may ever call a resident.
CALLERS = (Party.COMMUNITY, Party.TEAM)
#: Parties that may say that an order belongs to an open emergency.
MARKERS = (Party.COMMUNITY, Party.OFFICE)
#: Parties that may write down a try to reach one.
LOGGERS = (*CALLERS, Party.DEPARTMENT)


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
    add_notices(bp)
    add_notice_wishes(bp)
    add_saved_views(bp)
    if party in LOGGERS:
        add_call_log(bp)
    if party in CALLERS:
        bp.add_url_rule("/orders/<number>/reveal", "reveal", reveal, methods=["POST"])
    if party in MARKERS:
        bp.add_url_rule("/orders/<number>/emergency", "mark_emergency", mark, methods=["POST"])
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
            contact=request.form.get("contact", Contact.FIRST),
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


def show_in_desk(
    context: Context,
    failed: ActionForm | None = None,
    message: str = "",
    *,
    call_form: CallForm | None = None,
    **more: Any,
) -> str:
    """The page of one order in the desk's frame.

    :param call_form: of a try to reach the resident, that came back with an error.
    """
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
        markable=list_markable(context.view.order, now()) if context.actor.party in MARKERS else (),
        log_url=url_for(f"{desk}.log_call", number=number) if context.actor.party in LOGGERS else "",
        call_form=call_form or CallForm.fresh(),
        doubles=list_doubles_of(context.view.order, context.actor),
        reveal_url=url_for(f"{desk}.reveal", number=number) if context.actor.party in CALLERS else "",
        joined_time=find_joined_time(context.view.order.id, now()) if context.view.joined else None,
        joint_act_url=url_for(f"{desk}.answer_joint", number=number) if context.actor.party is Party.RESIDENT else "",
        **{
            **other_times_on_page(context.actor, context.view.order),
            **joint_on_page(context.actor, context.view.order),
            **more,
        },
    )


def _number(text: str) -> str:
    number = parse_number(text)
    if number is None:
        raise NotFound(text)
    return number
