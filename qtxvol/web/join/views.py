"""The page on which anybody registers as a volunteer.

Its answer is the same for somebody new, for somebody who is registered already and for somebody who comes back: who is
on the list is nobody's to find out by typing numbers. So no volunteer number is shown here; the office or the team
tells it once the document was looked at. An account to sign in with is made by the office then, too: an account that
anybody could open for an unchecked name would be worth nothing.
"""

from flask import make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from qtxvol.accounts.attempts import JOIN_ADDRESS, JOIN_DOCUMENT, count_attempt, key_of, seconds_to_wait
from qtxvol.refusals import Refused
from qtxvol.volunteers.consent import CONSENT_VERSION, consent_text
from qtxvol.volunteers.register import ONESELF, register_volunteer
from qtxvol.volunteers.rules import get_rule_value
from qtxvol.web.access import client_address, make_blueprint, open_to_all
from qtxvol.web.forms import form_data, now
from qtxvol.web.person_form import JoinForm

bp = make_blueprint("join", __name__, gate=open_to_all)


@bp.get("/join")
def form() -> ResponseReturnValue:
    """The page to fill in."""
    return _show(JoinForm(formdata=None, data={"id_kind": "resident_id"}))


@bp.post("/join")
def submit() -> ResponseReturnValue:
    """Register, at a fair pace, and by persons only."""
    filled = JoinForm(formdata=form_data())
    filled.offer()
    if not filled.validate():
        return _show(filled), 422
    try:
        _register(filled)
    except Refused as refused:
        filled.refuse(refused)
        response = make_response(_show(filled), refused.status)
        if refused.code == "wait":
            response.headers["Retry-After"] = str(refused.about["seconds"])
        return response
    return redirect(url_for(".done"), 303)


@bp.get("/join/done")
def done() -> ResponseReturnValue:
    """What happens next, the same for everybody."""
    return render_template("join/done.html")


def _register(filled: JoinForm) -> None:
    if filled.website.data:  # a robot filled in what no person sees
        raise Refused("not_a_person", 422)
    counted = (
        (f"join:address:{client_address()}", JOIN_ADDRESS),
        (key_of("join:document", filled.id_number.data), JOIN_DOCUMENT),
    )
    if wait := max(seconds_to_wait(key, limit, now()) for key, limit in counted):
        raise Refused("wait", 429, seconds=wait)
    register_volunteer(filled.agreed_card(), actor=ONESELF, registered_by="self", now=now())
    for key, limit in counted:
        count_attempt(key, limit, now())


def _show(filled: JoinForm) -> str:
    filled.offer()
    return render_template(
        "join/form.html",
        form=filled,
        consent=consent_text(),
        consent_version=CONSENT_VERSION,
        are_minors_allowed=bool(get_rule_value("minors_allowed")),
    )
