"""Pages that only a community has."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from qtxvol.accounts.permissions import visible_orders
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import CallBack, Order
from qtxvol.orders.rate import finish_call_back
from qtxvol.refusals import NotFound
from qtxvol.web.access import current_actor
from qtxvol.web.desk import make_desk, show_in_desk
from qtxvol.web.desk_frame import EXTRA_NAV, ID
from qtxvol.web.forms import BaseForm, form_data, long_text_field, now
from qtxvol.web.i18n import _, _l
from qtxvol.web.on_behalf import add_on_behalf
from qtxvol.web.order_page import make_context

bp = make_desk(Party.COMMUNITY, __name__)
add_on_behalf(bp)
EXTRA_NAV[Party.COMMUNITY] += [("community.order_form", _l("代点单")), ("community.poster", _l("扫码点单海报"))]


class CallBackForm(BaseForm):
    outcome = long_text_field(_l("回访结果"), required=_l("请写下回访结果。"))


@bp.post(f"/call-backs/<{ID}:call_back_id>")
def call_back(call_back_id: int) -> ResponseReturnValue:
    """Write down what a call brought."""
    form = CallBackForm(formdata=form_data())
    if not form.validate():
        context = make_context(current_actor(), _number_of(call_back_id))
        form.outcome.id = f"outcome-{call_back_id}"
        return show_in_desk(context, call_back_form=form, call_back_id=call_back_id), 422
    number = finish_call_back(call_back_id, current_actor(), outcome=form.outcome.data, now=now())
    flash(_("回访已记录。"), "done")
    return redirect(url_for(".order", number=number), 303)


def _number_of(call_back_id: int) -> str:
    """The order that the call is about.

    :raise NotFound: no such call-back, or on an order that is not this seat's to know of.
    """
    number = db.session.scalar(
        select(Order.number)
        .join(CallBack, CallBack.order_id == Order.id)
        .where(CallBack.id == call_back_id, visible_orders(current_actor()))
    )
    if number is None:
        raise NotFound(call_back_id)
    return number
