"""A signed-in resident's own orders."""

from flask import url_for
from flask.typing import ResponseReturnValue

from qtxvol.orders.lifecycle import Party
from qtxvol.orders.numbers import parse_number
from qtxvol.refusals import NotFound
from qtxvol.web.access import current_actor
from qtxvol.web.desk import make_desk
from qtxvol.web.joint import say_joint

bp = make_desk(Party.RESIDENT, __name__)


@bp.post("/orders/<number>/joint")
def answer_joint(number: str) -> ResponseReturnValue:
    """Together with neighbours, or alone."""
    plain = parse_number(number)
    if plain is None:
        raise NotFound(number)
    return say_joint(current_actor(), plain, url_for(".order", number=plain, _anchor="joint"))
