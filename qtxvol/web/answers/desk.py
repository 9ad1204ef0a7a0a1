"""The same answers for a volunteer or leader who has signed in, on the order's page at their desk."""

from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.permissions import may_see_notes
from qtxvol.notices.answers import Given, answer_at_desk
from qtxvol.notices.invitations import find_question, windows_of
from qtxvol.offers.crew_asks import was_asked
from qtxvol.orders.crew import list_crew_replies, list_replies
from qtxvol.orders.lifecycle import Party, Status
from qtxvol.orders.models import Order
from qtxvol.orders.numbers import parse_number
from qtxvol.orders.queries import OrderView, may_see
from qtxvol.orders.replies import Purpose
from qtxvol.refusals import NotFound, Refused
from qtxvol.web.access import current_actor
from qtxvol.web.answers.forms import NoForm, make_no_form
from qtxvol.web.answers.words import reply_badge, reply_note, said_sentence, standby_question, words_of
from qtxvol.web.desk_frame import desk_of
from qtxvol.web.forms import form_data, now
from qtxvol.web.i18n import _
from qtxvol.web.wording import refusal_sentence


def add_answers(bp: Blueprint) -> None:
    """The route of a desk whose people are asked."""
    bp.add_url_rule("/orders/<number>/come", "come", come, methods=["POST"])


def come(number: str) -> ResponseReturnValue:
    """Can come, can't, or can't take it: the question that the order has for this seat."""
    from qtxvol.web.order_page import wants_list  # here: that module asks this one for the page's parts

    actor, parsed = current_actor(), parse_number(number)
    if parsed is None:
        raise NotFound(number)
    desk = desk_of(actor.party)
    back = redirect(url_for(f"{desk}.order", number=parsed), 303)
    to_list = redirect(url_for(f"{desk}.inbox"), 303)
    if actor.volunteer_id is not None and not may_see(actor, parsed) and was_asked(parsed, actor.volunteer_id):
        flash(refusal_sentence(Refused("join_over", 410)), "warn")  # the question is over, and with it the sight
        return to_list
    form = None
    given = Given(is_yes=True)
    if request.form.get("answer") != "yes":
        form = _no_form(actor, parsed)
        if not form.validate():
            return _show(actor, parsed, form), 422
        given = form.given()
    try:
        done = answer_at_desk(parsed, actor, given, now())
    except Refused as refused:
        if refused.status == 422 and form is not None:
            form.refuse(refused, default="text")
            return _show(actor, parsed, form), 422
        flash(refusal_sentence(refused), "warn")
        return back
    flash(said_sentence(done) or _("已收回，您的队还可以接这张单。"), "done")
    return to_list if wants_list() or not may_see(actor, parsed) else back


def _no_form(actor: Actor, number: str) -> NoForm:
    from qtxvol.web.order_page import make_context  # here, likewise

    question = find_question(actor, make_context(actor, number).view.order, now())
    return make_no_form(question.asked.purpose if question else Purpose.COME, form_data())


def _show(actor: Actor, number: str, form: NoForm) -> str:
    from qtxvol.web.desk import show_in_desk  # here, likewise
    from qtxvol.web.order_page import make_context

    return show_in_desk(make_context(actor, number), question_form=form)


def answers_on_page(actor: Actor, view: OrderView) -> dict[str, Any]:
    """What an order's page shows of one-tap answers, and asks."""
    served: Order = view.merged_into or view.order
    # what people say is for those who arrange the service; not for teams that look on
    shows = may_see_notes(actor, served) and served.status == Status.ACCEPTED
    replies = list_replies(served) if shows else []
    time_reply = next(
        (r for r in replies if r.purpose == Purpose.CONFIRM_TIME and r.scope == str(view.order.id)),
        None,
    )
    parts: dict[str, Any] = {
        "shows_replies": shows,
        "replies": list_crew_replies([served])[served.id] if shows else {},
        "team_reply": next((r for r in replies if r.purpose == Purpose.COME and r.party == Party.TEAM), None),
        "time_reply": time_reply,
        "time_windows": windows_of(time_reply) if time_reply else [],
        "reply_badge": reply_badge,
        "reply_note": reply_note,
        "question": None,
    }
    question = find_question(actor, view.order, now())
    if question is not None and question.said != "held":  # then the page says how far it has come, and lets go
        parts |= {
            "question": question,
            "question_words": words_of(question),
            "question_said": said_sentence(question),
            "standby": standby_question(question),
            "question_url": url_for(f"{desk_of(actor.party)}.come", number=view.order.number),
            "question_form": make_no_form(question.asked.purpose, None),
        }
    return parts
