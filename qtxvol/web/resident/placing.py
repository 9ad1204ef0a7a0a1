"""Placing an order as a resident, from any page that it was filled in on: at a fair pace, and by persons only."""

from dataclasses import replace

from flask import session
from flask_login import current_user

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.attempts import PLACE_ADDRESS, PLACE_PHONE, Limit, count_attempt, key_of, seconds_to_wait
from qtxvol.orders.duplicates import list_own_doubles
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.place import find_placed_number
from qtxvol.orders.queries import find_order_by_number
from qtxvol.orders.transition import Outcome
from qtxvol.privacy.vault import current_vault
from qtxvol.refusals import NotFound, Refused
from qtxvol.web.access import client_address, secret_link, signed_in_user
from qtxvol.web.forms import now
from qtxvol.web.order_form import OrderForm


def place_for_resident(form: OrderForm, actor: Actor | None, *, asks_twice: bool = False) -> Outcome:
    """Place what was filled in on all screens.

    :param actor: the resident's seat; None for somebody without an account.
    :param asks_twice: nothing is placed yet when the same has been placed from here before.
    :raise Refused: `own_double` with `rows` of those orders (409); `wait` with `seconds` (429); `not_a_person` (422);
        `badly_filled` with `screen`, the first with something wrong, and sentences at the form's fields (422); and as
        `place_order`.
    """
    by_address = (f"place:address:{client_address()}", PLACE_ADDRESS)
    _check_pace(by_address)  # before any photo is decoded
    if form.website.data:  # a robot filled in what no person sees
        raise Refused("not_a_person", 422)
    bad = form.find_bad_screen()
    if bad is not None:
        if form.photos.data:
            count_attempt(*by_address, now())
        raise Refused("badly_filled", 422, screen=bad)
    by_phone = (key_of("place:phone", form.contact_phone.digits), PLACE_PHONE)
    _check_pace(by_phone)
    if asks_twice and find_placed_number(form.place_key) is None:
        wish = replace(form.wanted(), browser_mark=_browser_mark())
        rows = list_own_doubles(wish, actor.account_id if actor else None)
        if rows:
            raise Refused("own_double", 409, rows=rows)
    outcome = form.place(actor or Actor(Party.RESIDENT, "居民"), _browser_mark())
    if not outcome.is_repeat:
        count_attempt(*by_address, now())
        count_attempt(*by_phone, now())
    return outcome


def _browser_mark() -> str:
    """What tells this browser's session from others, made from what it has anyway; empty without a session."""
    token = session.get("csrf_token", "")
    return current_vault().digest("browser", token)[:24] if token else ""


def resident_seat() -> Actor | None:
    """The resident who is signed in, if one is."""
    seat = signed_in_user().find_seat(Party.RESIDENT) if current_user.is_authenticated else None
    return seat.actor if seat else None


def link_of(number: str) -> str:
    """The secret link to an order, without host.

    :raise NotFound: no such order.
    """
    found = find_order_by_number(number)
    if found is None:
        raise NotFound(number)
    return secret_link(found.number, found.link_nonce, external=False)


def _check_pace(counted: tuple[str, Limit]) -> None:
    """:raise Refused: `wait` (429)."""
    if wait := seconds_to_wait(*counted, now()):
        raise Refused("wait", 429, seconds=wait)
