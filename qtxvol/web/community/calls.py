"""Calls that the community owes residents: the list of tasks, and what each call brought."""

from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import aliased
from wtforms import RadioField
from wtforms.validators import ValidationError

from qtxvol.accounts.permissions import visible_orders
from qtxvol.base import AnyRow
from qtxvol.extensions import db
from qtxvol.hours.spot_checks import answer_spot_check
from qtxvol.orders.call_backs import Called, finish_call_back
from qtxvol.orders.calls import TOLD_IN_WORDS, CallCause, CallResult, results_of
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import CallBack, Order
from qtxvol.refusals import NotFound
from qtxvol.web.access import current_actor
from qtxvol.web.call_lists import show_call_list
from qtxvol.web.community.views import bp
from qtxvol.web.contact_words import tries_left
from qtxvol.web.desk import show_in_desk
from qtxvol.web.desk_frame import EXTRA_NAV, ID
from qtxvol.web.forms import StepForm, form_data, long_text_field, now
from qtxvol.web.i18n import _, _l
from qtxvol.web.order_page import make_context, wants_list

EXTRA_NAV[Party.COMMUNITY].append(("community.calls", _l("回访任务")))

#: How the answer to a spot check stands in its own record.
_ANSWERS = {
    CallResult.CONFIRMED: "confirmed",
    CallResult.DENIED: "denied",
    CallResult.UNREACHED: "unreachable",
}


class CallBackForm(StepForm):
    """One of the results that the task's cause may have; words where the result alone says too little."""

    result = RadioField(_l("打得怎么样"), choices=[], validate_choice=False)
    outcome = long_text_field(_l("回访结果"))
    cause = ""

    def validate_result(self, field: Any) -> None:
        if field.data not in results_of(self.cause):
            raise ValidationError(_("请选一个回访结果。"))

    def validate_outcome(self, field: Any) -> None:
        if self.result.data in TOLD_IN_WORDS and not field.data:
            raise ValidationError(_("请写下回访结果。"))


@bp.get("/calls")
def calls() -> ResponseReturnValue:
    """The tasks of this seat, open ones first; `?state=`, `?cause=`, `?result=` narrow the list."""
    return show_call_list("community/calls.html")


@bp.post(f"/call-backs/<{ID}:call_back_id>")
def call_back(call_back_id: int) -> ResponseReturnValue:
    """Write down what a call brought."""
    row = _find_call(call_back_id)
    form = CallBackForm(formdata=form_data())
    form.cause = row.cause
    if not form.validate():
        return _show_bad(form, call_back_id, row.number), 422
    called = _finish(call_back_id, form)
    flash(tries_left(called.tries) if not called.is_done else _("回访已记录。"), "done" if called.is_done else "note")
    if form.result.data == CallResult.WANTS_REDO:
        flash(_("居民要求重办。办不办由您决定：看清情况后，在这里点“重办”。"), "note")
        return redirect(url_for(".order", number=row.served_number or row.number, open="reopen"), 303)
    return redirect(url_for(".calls") if wants_list() else url_for(".order", number=row.number), 303)


def _finish(call_back_id: int, form: CallBackForm) -> Called:
    actor, words, key = current_actor(), form.outcome.data or "", form.request_key or ""
    if form.cause == CallCause.SPOT_CHECK:
        answer = _ANSWERS[CallResult(form.result.data)]
        return answer_spot_check(call_back_id, actor, answer=answer, outcome=words, key=key, now=now())
    return finish_call_back(call_back_id, actor, result=form.result.data, outcome=words, key=key, now=now())


def _show_bad(form: CallBackForm, call_back_id: int, number: str) -> str:
    """The page that the form was sent from, with what was typed."""
    form.result.id, form.outcome.id = f"result-{call_back_id}-{results_of(form.cause)[0]}", f"outcome-{call_back_id}"
    more: dict[str, Any] = {"call_back_form": form, "call_back_id": call_back_id}
    if wants_list():
        return show_call_list("community/calls.html", **more)
    return show_in_desk(make_context(current_actor(), number), **more)


def _find_call(call_back_id: int) -> AnyRow:
    """The order that the call is about, the one that it was merged into, and why it is called.

    :raise NotFound: no such call-back, or on an order that is not this seat's to know of.
    """
    served = aliased(Order)
    row = db.session.execute(
        select(Order.number, CallBack.cause, served.number.label("served_number"))
        .join(CallBack, CallBack.order_id == Order.id)
        .outerjoin(served, served.id == Order.merged_into_id)
        .where(CallBack.id == call_back_id, visible_orders(current_actor()))
    ).one_or_none()
    if row is None:
        raise NotFound(call_back_id)
    return row
