"""Every answer that is not a page: what happened, in a sentence, and what to do next."""

import logging
from secrets import token_hex

from flask import Flask, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, TooManyRequests

from qtxvol.extensions import db
from qtxvol.privacy.vault import LostKey
from qtxvol.refusals import NotFound, Refused
from qtxvol.web.auth.views import offer_to_resume
from qtxvol.web.i18n import _
from qtxvol.web.wording import refusal_sentence

_LOG = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    app.register_error_handler(NotFound, lambda error: show_error(404))
    app.register_error_handler(Refused, show_refused)
    app.register_error_handler(LostKey, show_lost_key)
    app.register_error_handler(CSRFError, lambda error: offer_to_resume(400))
    app.register_error_handler(HTTPException, show_http_error)
    app.register_error_handler(Exception, show_crash)


def show_error(status: int, sentence: str = "", reference: str = "") -> ResponseReturnValue:
    """The page for `status`: what happened, what was kept, what to do next.

    :param sentence: says better what happened than the status does.
    :param reference: a short number that stands in the log too, to be read out on the telephone.
    """
    # whoever is signed in is not looked up when the fault is ours: the database may be what is broken
    more = {"current_user": None} if status >= 500 else {}
    is_write = request.method not in ("GET", "HEAD", "OPTIONS")
    page = render_template(
        "errors/page.html", status=status, sentence=sentence, reference=reference, is_write=is_write, **more
    )
    return page, status


def show_refused(refused: Refused) -> ResponseReturnValue:
    """A refusal that no view turned into a page of its own."""
    response = make_response(show_error(refused.status, refusal_sentence(refused)))
    if refused.code == "wait":
        response.headers["Retry-After"] = str(refused.about.get("seconds", 1))
    return response


def show_lost_key(error: LostKey) -> ResponseReturnValue:
    """A number that was asked for can't be opened. Lists go on: names and texts are shown there as missing."""
    reference = token_hex(3)
    _LOG.error("fault %s: %s", reference, error)
    db.session.rollback()
    sentence = _("这一项是加密保存的，现在缺少当时的密钥，打不开。资料没有丢，请把编号告诉系统管理员。")
    return show_error(503, sentence, reference)


def show_http_error(error: HTTPException) -> ResponseReturnValue:
    """404, 405, 413 and the like, with the headers that belong to them."""
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()
    if error.code >= 500:
        return _show_fault(error, error.code)
    sentence = ""
    if isinstance(error, TooManyRequests) and isinstance(error.retry_after, int):
        sentence = refusal_sentence(Refused("wait", 429, seconds=error.retry_after))
    response: Response = make_response(show_error(error.code, sentence))
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def show_crash(error: Exception) -> ResponseReturnValue:
    """Our own fault: logged whole, shown as a sentence without details."""
    answer = _show_fault(error, 500)
    db.session.rollback()
    return answer


def _show_fault(error: Exception, status: int) -> ResponseReturnValue:
    reference = token_hex(3)
    _LOG.error("fault %s: %s %s", reference, request.method, request.path, exc_info=error)
    return show_error(status, reference=reference)
