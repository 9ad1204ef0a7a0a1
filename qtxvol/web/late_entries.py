"""The page on which a team's leader or the office asks for a late entry (补录), the same at both desks."""

from typing import Any

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from qtxvol.accounts.permissions import visible_orders
from qtxvol.extensions import db
from qtxvol.hours.numbers import get_numbers
from qtxvol.hours.queries import list_hours_of_order
from qtxvol.hours.requests import LONGEST_TEXT, list_requests_of_order, propose_late
from qtxvol.hours.rules import CORRECTION_REASONS, DECIDED_REASONS, LATE_REASONS
from qtxvol.orders.models import Order
from qtxvol.orders.numbers import parse_number
from qtxvol.refusals import NotFound, Refused
from qtxvol.volunteers.models import Volunteer
from qtxvol.web.access import current_actor
from qtxvol.web.desk_frame import desk_of, render_desk
from qtxvol.web.forms import BaseForm, choice, choice_field, form_data, long_text_field, now, number_field
from qtxvol.web.hours_words import reason_choices
from qtxvol.web.i18n import _, _l


class LateForm(BaseForm):
    volunteer_id = choice_field(_l("给谁补录"), required=_l("请选一名志愿者。"))
    minutes = number_field(_l("服务了多少分钟"), low=1, high=720, required=_l("请填分钟数。"))
    reason = choice_field(_l("为什么补录"), required=_l("请选一个原因。"))
    text = long_text_field(
        _l("说明"),
        longest=LONGEST_TEXT,
        required=_l("请写清经过，例如谁能证明。"),
        description=_l("给核对的人看，不公示。请不要写电话和身份证号。"),
    )

    def offer(self, order: Order) -> None:
        people = db.session.execute(
            select(Volunteer.id, Volunteer.name, Volunteer.number)
            .where(Volunteer.team_id == order.team_id, Volunteer.status.in_(("verified", "paused")))
            .order_by(Volunteer.name, Volunteer.id)
        )
        self.volunteer_id.choices = [
            choice("", _("请选择")),
            *(choice(row.id, f"{row.name} {row.number}") for row in people),
        ]
        self.reason.choices = reason_choices(LATE_REASONS)


def add_late_entries(bp: Blueprint) -> None:
    """The page and its form, at `/orders/<number>/hours` of this desk."""
    bp.add_url_rule("/orders/<number>/hours", "order_hours", order_hours)
    bp.add_url_rule("/orders/<number>/hours", "late_entry", late_entry, methods=["POST"])


def order_hours(number: str) -> ResponseReturnValue:
    """The ledger's lines of one order, what was asked about them, and the form for a late entry."""
    order = get_order(number)
    form = LateForm(formdata=None)
    form.offer(order)
    return show(order, form)


def late_entry(number: str) -> ResponseReturnValue:
    """Ask for one. A second person has to confirm it."""
    order = get_order(number)
    form = LateForm(formdata=form_data())
    form.offer(order)
    if not form.validate():
        return show(order, form), 422
    try:
        propose_late(
            order.number,
            current_actor(),
            volunteer_id=int(form.volunteer_id.data),
            minutes=form.minutes.data or 0,
            reason=form.reason.data,
            text=form.text.data,
            now=now(),
        )
    except Refused as refused:
        if refused.status == 403:
            raise
        form.refuse(refused, default="volunteer_id")
        return show(order, form), refused.status
    flash(_("补录已提交。纲要办的另一位同事确认后公示，公示期满没有异议才计入。"), "done")
    return redirect(url_for(f"{desk_of(current_actor().party)}.order_hours", number=order.number), 303)


def get_order(text: str) -> Order:
    """An order within the desk's reach.

    :raise NotFound: none, or not theirs.
    """
    number = parse_number(text)
    order = db.session.scalars(select(Order).where(Order.number == number, visible_orders(current_actor()))).first()
    if order is None:
        raise NotFound(text)
    return order


def show(order: Order, form: LateForm, **more: Any) -> str:
    actor = current_actor()
    is_own = actor.team_id is None or order.team_id == actor.team_id
    return render_desk(
        "hours/order.html",
        order=order,
        form=form,
        lines=list_hours_of_order(order.id) if is_own else [],
        requests=list_requests_of_order(order.id) if is_own else [],
        may_ask=is_own and order.status == "closed",
        numbers_in_force=get_numbers(),
        correction_reasons=reason_choices(CORRECTION_REASONS, without=DECIDED_REASONS),
        **more,
    )


__all__ = ["LateForm", "add_late_entries", "get_order", "show"]
