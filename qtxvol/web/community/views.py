"""Pages that only a community has."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from qtxvol.accounts.permissions import visible_orders
from qtxvol.extensions import db
from qtxvol.hours.rules import SPOT_CHECK_ANSWERS
from qtxvol.hours.spot_checks import CAUSE as SPOT_CHECK
from qtxvol.hours.spot_checks import answer_spot_check
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import CallBack, Order
from qtxvol.orders.rate import finish_call_back
from qtxvol.refusals import NotFound
from qtxvol.web.access import current_actor
from qtxvol.web.desk import make_desk, show_in_desk
from qtxvol.web.desk_frame import EXTRA_NAV, ID
from qtxvol.web.forms import BaseForm, choice, choice_field, form_data, long_text_field, now
from qtxvol.web.i18n import _, _l
from qtxvol.web.on_behalf import add_on_behalf
from qtxvol.web.order_page import make_context

bp = make_desk(Party.COMMUNITY, __name__)
add_on_behalf(bp)
EXTRA_NAV[Party.COMMUNITY] += [
    ("community.order_form", _l("代点单")),
    ("community.presence", _l("到场确认")),
    ("community.no_shows", _l("未到场记录")),
    ("community.poster", _l("扫码点单海报")),
]


class CallBackForm(BaseForm):
    outcome = long_text_field(_l("回访结果"), required=_l("请写下回访结果。"))


class SpotCheckForm(CallBackForm):
    answer = choice_field(
        _l("和登记的一样吗"),
        required=_l("请选一个抽查结果。"),
        choices=[choice(code, label.zh) for code, label in SPOT_CHECK_ANSWERS.items()],
    )


@bp.post(f"/call-backs/<{ID}:call_back_id>")
def call_back(call_back_id: int) -> ResponseReturnValue:
    """Write down what a call brought."""
    number, cause = _find_call(call_back_id)
    form = SpotCheckForm(formdata=form_data()) if cause == SPOT_CHECK else CallBackForm(formdata=form_data())
    if not form.validate():
        context = make_context(current_actor(), number)
        form.outcome.id = f"outcome-{call_back_id}"
        return show_in_desk(context, call_back_form=form, call_back_id=call_back_id), 422
    actor, outcome = current_actor(), form.outcome.data
    if isinstance(form, SpotCheckForm):
        answer_spot_check(call_back_id, actor, answer=form.answer.data, outcome=outcome, now=now())
    else:
        finish_call_back(call_back_id, actor, outcome=outcome, now=now())
    flash(_("回访已记录。"), "done")
    return redirect(url_for(".order", number=number), 303)


def _find_call(call_back_id: int) -> tuple[str, str]:
    """The number of the order that the call is about, and why it is called.

    :raise NotFound: no such call-back, or on an order that is not this seat's to know of.
    """
    row = db.session.execute(
        select(Order.number, CallBack.cause)
        .join(CallBack, CallBack.order_id == Order.id)
        .where(CallBack.id == call_back_id, visible_orders(current_actor()))
    ).one_or_none()
    if row is None:
        raise NotFound(call_back_id)
    return row.number, row.cause
