"""Who is asking, and which door they may use. Closed by default: a blueprint without a gate is shut (403)."""

from collections.abc import Callable
from typing import cast

from flask import Blueprint, Flask, abort, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.seats import SeatView, SignedIn
from qtxvol.base import utcnow
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.links import is_link_token, link_token
from qtxvol.orders.queries import find_order_by_number
from qtxvol.refusals import NotFound
from qtxvol.settings import Settings

#: Answers None to let the request pass, or the response that it gets instead.
Gate = Callable[[], ResponseReturnValue | None]

_GATES: dict[str, Gate] = {}


def make_blueprint(name: str, import_name: str, *, gate: Gate, url_prefix: str | None = None) -> Blueprint:
    """A blueprint with its gate: the only way to open a door."""
    _GATES[name] = gate
    return Blueprint(name, import_name, url_prefix=url_prefix)


def find_gate(blueprint: str | None) -> Gate | None:
    """The gate of a blueprint; None means that its routes are shut."""
    return _GATES.get(blueprint or "")


def open_to_all() -> None:
    """Anybody, signed in or not."""


def seated(party: Party) -> Gate:
    """Accounts that have a seat at this party's desk; the seat is the request's actor."""

    def gate() -> ResponseReturnValue | None:
        if not current_user.is_authenticated:
            return ask_to_sign_in()
        seat = signed_in_user().find_seat(party)
        if seat is None:
            abort(403)
        if signed_in_user().must_change_password:
            return redirect(url_for("auth.account_page"), 303)
        g.seat = seat
        return None

    return gate


def ask_to_sign_in() -> ResponseReturnValue:
    """To the sign-in page; what was typed into a form before the session ended comes along."""
    if request.method in ("GET", "HEAD"):
        return redirect(url_for("auth.login", next=request.full_path.rstrip("?")), 303)
    from qtxvol.web.auth.views import offer_to_resume  # here: auth imports this module

    return offer_to_resume(401)


def signed_in_user() -> SignedIn:
    return cast(SignedIn, current_user._get_current_object())


def current_seat() -> SeatView:
    """The seat that the gate has found."""
    return cast(SeatView, g.seat)


def current_actor() -> Actor:
    return current_seat().actor


def settings() -> Settings:
    return cast(Settings, current_app.extensions["qtxvol_settings"])


def client_address() -> str:
    return request.remote_addr or "unknown"


def secret_link(number: str, nonce: str, *, external: bool = True) -> str:
    """The resident's link to one order."""
    path = url_for("resident.follow", number=number, token=link_token(settings().secret_key, number, nonce))
    if not external:
        return path
    return (settings().public_url or request.host_url.rstrip("/")) + path


def link_actor(number: str, token: str) -> Actor:
    """The resident behind a secret link.

    :raise NotFound: no such order or not its link; the two look the same.
    """
    found = find_order_by_number(number)
    keys = (settings().secret_key, *settings().secret_key_fallbacks)
    if found is None or not is_link_token(token, keys, found.number, found.link_nonce):
        raise NotFound(number)
    return Actor(Party.RESIDENT, "居民", order_id=found.id)


def init_app(app: Flask) -> None:
    @app.before_request
    def _pass_the_gate() -> ResponseReturnValue | None:
        g.now = utcnow()
        if "\0" in request.path or any("\0" in value for value in request.args.values()):
            abort(400)  # no database takes it, and no person types it
        if request.endpoint in (None, "static"):
            return None
        gate = find_gate(request.blueprint)
        if gate is None:
            abort(403)
        return gate()
