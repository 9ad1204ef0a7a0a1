"""Writing down a try to reach a resident: buttons on the order's page of every desk that may call."""

from uuid import uuid4

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.orders.calls import OUTCOME_LABELS, CallOutcome, Contact
from qtxvol.orders.contact import LONGEST_WORDS, log_call
from qtxvol.orders.numbers import parse_number
from qtxvol.refusals import NotFound, Refused
from qtxvol.web.access import current_actor
from qtxvol.web.desk_frame import desk_of
from qtxvol.web.display import say
from qtxvol.web.forms import StepForm, form_data, long_text_field, now
from qtxvol.web.i18n import _, _l
from qtxvol.web.order_page import make_context


class CallForm(StepForm):
    """What the call came to: the button that was pressed. Words only where the buttons do not say it."""

    words = long_text_field(_l("是什么情况"), longest=LONGEST_WORDS, render_kw={"rows": 2})

    @classmethod
    def fresh(cls) -> "CallForm":
        return cls(formdata=None)._named()

    @classmethod
    def sent(cls) -> "CallForm":
        return cls(formdata=form_data())._named()

    def _named(self) -> "CallForm":
        for field in self:  # the page has other forms with a key
            field.id = f"call-{field.name}"
            field.label.field_id = field.id
        return self


def add_call_log(bp: Blueprint) -> None:
    """Give a desk whose people call residents the buttons for it."""
    bp.add_url_rule("/orders/<number>/calls", "log_call", log, methods=["POST"])


def log(number: str) -> ResponseReturnValue:
    """One try, written down once however often the button is pressed."""
    from qtxvol.web.desk import show_in_desk  # here: the desk imports this module

    plain, actor = parse_number(number), current_actor()
    if plain is None:
        raise NotFound(number)
    form, outcome = CallForm.sent(), request.form.get("outcome", "")
    contact = request.form.get("contact", Contact.FIRST)
    try:
        if not form.validate():
            return show_in_desk(make_context(actor, plain), call_form=form), 422
        log_call(
            plain,
            actor,
            contact=contact,
            outcome=outcome,
            words=form.words.data or "",
            key=form.request_key or uuid4().hex,
            now=now(),
        )
    except Refused as refused:
        if refused.status == 403:
            raise
        form.refuse(refused)
        return show_in_desk(make_context(actor, plain), call_form=form), refused.status
    flash(_("已登记：%(outcome)s。", outcome=say(OUTCOME_LABELS[CallOutcome(outcome)])), "done")
    return redirect(url_for(f"{desk_of(actor.party)}.order", number=plain, _anchor="contact"), 303)
