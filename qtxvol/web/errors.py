"""Every answer that is not a page: what happened, in a sentence, and what to do next."""

import logging

from flask import Flask, Response, make_response, render_template
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from qtxvol.extensions import db
from qtxvol.refusals import NotFound, Refused
from qtxvol.web.auth.views import offer_to_resume
from qtxvol.web.wording import refusal_sentence

_LOG = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    app.register_error_handler(NotFound, lambda error: show_error(404))
    app.register_error_handler(Refused, show_refused)
    app.register_error_handler(CSRFError, lambda error: offer_to_resume(400))
    app.register_error_handler(HTTPException, show_http_error)
    app.register_error_handler(Exception, show_crash)


def show_error(status: int, sentence: str = "") -> ResponseReturnValue:
    """The page for `status`."""
    return render_template("errors/page.html", status=status, sentence=sentence), status


def show_refused(refused: Refused) -> ResponseReturnValue:
    """A refusal that no view turned into a page of its own."""
    response = make_response(show_error(refused.status, refusal_sentence(refused)))
    if refused.code == "wait":
        response.headers["Retry-After"] = str(refused.about.get("seconds", 1))
    return response


def show_http_error(error: HTTPException) -> ResponseReturnValue:
    """404, 405, 413 and the like, with the headers that belong to them."""
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()
    response: Response = make_response(show_error(error.code))
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def show_crash(error: Exception) -> ResponseReturnValue:
    """Our own fault: logged whole, shown as a sentence without details."""
    _LOG.exception("unexpected error")
    db.session.rollback()
    return show_error(500)
