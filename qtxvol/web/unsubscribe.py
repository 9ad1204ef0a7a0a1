"""The page behind "to get no more of these": GET shows and changes nothing, whoever fetches it; POST stops the kind,
or goes on with it. The link is the right to do so; nobody has to sign in.

Mail programs post `List-Unsubscribe=One-Click` by themselves (RFC 8058); people post the page's form, whose token only
that page can have made.
"""

from flask import Response, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.extensions import csrf
from qtxvol.notices.answer_token import form_token, is_form_token
from qtxvol.notices.kinds import KINDS
from qtxvol.notices.links import Unsubscribing, read_unsubscribe_token
from qtxvol.notices.wishes import Wisher, get_wish, unsubscribe
from qtxvol.refusals import NotFound, Refused
from qtxvol.settings import Settings
from qtxvol.web.access import make_blueprint, open_to_all
from qtxvol.web.forms import now

bp = make_blueprint("unsubscribe", __name__, gate=open_to_all)
csrf.exempt(bp)  # its form has a token of its own, which needs no cookie


@bp.after_request
def _keep_private(response: Response) -> Response:
    """The address is the key: it is kept nowhere and handed to nobody."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@bp.errorhandler(NotFound)
@bp.errorhandler(Refused)
def _gone(error: Exception) -> ResponseReturnValue:
    """A link that was not made by us, or of something that is no more."""
    return render_template("public/unsubscribe_gone.html"), 404


@bp.get("/u/<token>")
def show(token: str) -> ResponseReturnValue:
    """What would be stopped, or that it is stopped."""
    asked = _read(token)
    is_muted = asked.kind in get_wish(Wisher(asked.owner, asked.owner_id)).muted
    return render_template(
        "public/unsubscribe.html",
        kind=KINDS[asked.kind],
        is_muted=is_muted,
        token=token,
        form_token=form_token(token, _settings().secret_key),
    )


@bp.post("/u/<token>")
def act(token: str) -> ResponseReturnValue:
    """Stop it, or with `go=back` go on with it. Twice is once."""
    is_one_click = request.form.get("List-Unsubscribe") == "One-Click"
    if not is_one_click and not is_form_token(request.form.get("csrf_token", ""), token, _keys()):
        abort(400)
    unsubscribe(_read(token), is_one_click or request.form.get("go") != "back", now())
    # RFC 8058: a mail program follows no redirect
    return show(token) if is_one_click else redirect(url_for(".show", token=token), 303)


def _read(token: str) -> Unsubscribing:
    asked = read_unsubscribe_token(token, _keys())
    if asked is None or asked.kind not in KINDS or not KINDS[asked.kind].is_optional:
        raise NotFound(token)
    return asked


def _keys() -> tuple[str, ...]:
    return (_settings().secret_key, *_settings().secret_key_fallbacks)


def _settings() -> Settings:
    settings: Settings = current_app.extensions["qtxvol_settings"]
    return settings
