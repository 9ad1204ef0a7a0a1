"""The page behind a link in a notice. GET and HEAD show, and change nothing whoever fetches them: a person, a preview,
a scanner of mails. POST answers.

The link itself is the right to answer; no account and no cookie are needed. The form carries a token that only the
page of this very link can have made, so that no other site can answer for whoever once opened it.
"""

from flask import Response, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.accounts.attempts import ANSWER_ADDRESS, count_attempt, seconds_to_wait
from qtxvol.extensions import csrf, db
from qtxvol.notices.answer_token import form_token, is_form_token
from qtxvol.notices.answers import Given, answer_link
from qtxvol.notices.ics import standing_calendar
from qtxvol.notices.invitations import PREFIX, Invitation, link_to_rating, open_link, secret_keys
from qtxvol.offers.crew_asks import find_asking_team
from qtxvol.offers.holds import list_choices
from qtxvol.offers.rules import get_settings
from qtxvol.orders.lifecycle import Status
from qtxvol.orders.models import Order
from qtxvol.orders.queries import OrderView, get_order_view, select_rows
from qtxvol.orders.replies import Purpose
from qtxvol.refusals import NotFound, Refused
from qtxvol.web.access import client_address, make_blueprint, open_to_all
from qtxvol.web.answers.forms import NoForm, TimeForm, make_no_form
from qtxvol.web.answers.words import question_words, said_sentence, standby_question, words_of
from qtxvol.web.display import place_name
from qtxvol.web.errors import show_error
from qtxvol.web.forms import FormData, form_data, now
from qtxvol.web.hold_words import progress_lines
from qtxvol.web.i18n import _
from qtxvol.web.joint_words import is_part, joint_facts, joint_until
from qtxvol.web.service_forms import RateForm
from qtxvol.web.wording import refusal_sentence

bp = make_blueprint("answers", __name__, gate=open_to_all)
csrf.exempt(bp)  # its forms have tokens of their own, which need no cookie


@bp.after_request
def _keep_private(response: Response) -> Response:
    """The address is the key: it is kept nowhere and handed to nobody."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@bp.errorhandler(NotFound)
def _not_found(error: NotFound) -> ResponseReturnValue:
    """A link that was never made by us, or not as it was typed. Many of them slow their address down."""
    key = f"answer:{client_address()}"
    if wait := seconds_to_wait(key, ANSWER_ADDRESS, now()):
        response = make_response(show_error(429, refusal_sentence(Refused("wait", 429, seconds=wait))))
        response.headers["Retry-After"] = str(wait)
        return response
    count_attempt(key, ANSWER_ADDRESS, now())
    return render_template("answers/gone.html", code="unknown", sentence=""), 404


@bp.errorhandler(Refused)
def _refused(refused: Refused) -> ResponseReturnValue:
    """A good link whose time is over."""
    sentence = refusal_sentence(refused)
    page = render_template("answers/gone.html", code=refused.code, sentence=sentence, said=refused.about.get("said"))
    return page, refused.status


@bp.get(f"{PREFIX}<token>")
def show(token: str) -> ResponseReturnValue:
    """The question, with what was answered so far."""
    return _page(token, open_link(token, now()))


@bp.post(f"{PREFIX}<token>")
def answer(token: str) -> ResponseReturnValue:
    """Keep the answer, and show it."""
    if not is_form_token(request.form.get("csrf_token", ""), token, secret_keys()):
        abort(400)
    invitation = open_link(token, now())
    if invitation.asked.purpose is Purpose.RATE:
        return _rate(token, invitation)
    if invitation.asked.purpose is Purpose.OTHER_TIME and request.form.get("answer") == "yes":
        return _choose(token, invitation)
    if request.form.get("answer") == "yes":
        return _say_yes(token, invitation)
    form = make_no_form(invitation.asked.purpose, form_data())
    if request.form.get("answer") != "no":
        form.form_errors.append(_("没有收到您的选择，请再点一次。"))
        return _page(token, invitation, form), 422
    if not form.validate():
        return _page(token, invitation, form), 422
    try:
        return _after(token, answer_link(token, form.given(), now()))
    except Refused as refused:
        if refused.status != 422:
            raise
        form.refuse(refused, default="text")
        return _page(token, open_link(token, now()), form), 422


def _say_yes(token: str, invitation: Invitation) -> ResponseReturnValue:
    """A yes; of a team with the time at which it can serve. What can't be done is said on the page, where another time
    can be chosen."""
    window = None
    try:
        if "starts_at" in request.form and _asks_when(invitation):
            times = _time_form(invitation, form_data())
            if times is None:  # the page is older than the office's switch; a yes without a time would say nothing
                raise Refused("naming_off", 409)
            window = times.window
            if window is None:
                times.starts_at.errors = [_("请选一个时间。")]
                return _page(token, invitation, time_form=times), 422
        return _after(token, answer_link(token, Given(is_yes=True, window=window), now()))
    except Refused as refused:
        if refused.status == 410:
            raise
        return _page(token, open_link(token, now()), message=refusal_sentence(refused)), refused.status


def _asks_when(invitation: Invitation) -> bool:
    """Is a leader asked at what time the team can serve?"""
    return invitation.asked.purpose is Purpose.OFFER and not invitation.is_held and not invitation.is_final


def _time_form(invitation: Invitation, data: FormData | None = None) -> TimeForm | None:
    """When the team can serve; None where that is not the question, or the office has people named by hand."""
    if not _asks_when(invitation) or not get_settings().is_naming_open:
        return None
    form = TimeForm(formdata=data)
    form.offer(list_choices(invitation.order, invitation.asked.reader_id, now()))
    return form


def _choose(token: str, invitation: Invitation) -> ResponseReturnValue:
    """One of the times that were proposed; what is none of them is asked again."""
    wanted = request.form.get("starts_at", "")
    window = next((each for each in invitation.proposed if each.starts_at.isoformat() == wanted), None)
    if window is None:
        form = make_no_form(invitation.asked.purpose, None)
        form.form_errors.append(_("没有收到您的选择，请再点一次。"))
        return _page(token, invitation, form), 422
    return _after(token, answer_link(token, Given(is_yes=True, window=window), now()))


def _after(token: str, invitation: Invitation) -> ResponseReturnValue:
    """Back to the page, which says what was answered; to the rating, once the service is written up."""
    if invitation.asked.purpose is Purpose.TOOK_PLACE and invitation.order.status == Status.CLOSED:
        came = "yes" if invitation.said == "yes" else "no"
        return redirect(f"{link_to_rating(invitation)}?came={came}", 303)
    return redirect(url_for(".show", token=token), 303)


def _rate(token: str, invitation: Invitation) -> ResponseReturnValue:
    """Rate, once per closing. Sent again, it is what was said first."""
    back = redirect(url_for(".show", token=token), 303)
    if invitation.rating is not None:
        return back
    form = RateForm(formdata=form_data())
    if not form.validate():
        return _page(token, invitation, form), 422
    try:
        form.run(invitation.own.number, invitation.actor, now())
    except Refused as refused:
        if refused.code == "is_rated":  # two taps at once
            return back
        form.refuse(refused, default=form.refusal_field)
        return _page(token, open_link(token, now()), form), refused.status
    return back


@bp.get(f"{PREFIX}<token>/calendar.ics")
def calendar(token: str) -> Response:
    """The service for the reader's own calendar."""
    invitation = open_link(token, now())
    if invitation.asked.purpose not in (Purpose.COME, Purpose.CONFIRM_TIME):
        raise NotFound(token)
    response = Response(standing_calendar(invitation.order, now()), mimetype="text/calendar")
    response.headers["Content-Disposition"] = f"attachment; filename={invitation.order.number}.ics"
    return response


def _place(invitation: Invitation, view: OrderView) -> str:
    """Where it takes place: for somebody who has joined another's order, there."""
    order, row = invitation.order, view.row
    if invitation.own is not order:
        row = db.session.execute(select_rows().where(Order.id == order.id)).one()
    return f"{place_name(row)} {order.venue}"


def _page(
    token: str,
    invitation: Invitation,
    form: NoForm | RateForm | None = None,
    *,
    time_form: TimeForm | None = None,
    message: str = "",
) -> str:
    purpose = invitation.asked.purpose
    if form is None and purpose is Purpose.RATE:
        form = RateForm(formdata=None)
        came = request.args.get("came")
        form.took_place.data = came if came in ("yes", "no") else None
    view = get_order_view(invitation.actor, invitation.own.number, now())
    seat = invitation.seat
    return render_template(
        "answers/page.html",
        invitation=invitation,
        place=_place(invitation, view),
        joint_until=joint_until(seat) if seat is not None and not invitation.is_final else "",
        is_part=seat is not None and is_part(seat),
        **question_words(invitation, view),
        purpose=str(purpose),
        words=words_of(invitation),
        said=said_sentence(invitation),
        view=view,
        order=invitation.order,
        joint=joint_facts(invitation.seat) if invitation.seat else [],
        form=form or make_no_form(purpose, None),
        time_form=time_form or _time_form(invitation),
        message=message,
        standby=standby_question(invitation),
        progress=progress_lines(invitation.actor, invitation.order, hides_names=True)
        if purpose is Purpose.OFFER
        else None,
        asking_team=find_asking_team(invitation.ask) if invitation.ask is not None else None,
        has_failed=form is not None and bool(form.errors),
        form_token=form_token(token, secret_keys()[0]),
        act_url=url_for(".answer", token=token),
        calendar_url=url_for(".calendar", token=token),
    )
