"""What goes on paper, the same for every desk: QR codes, and the history of one order.

Papers stand in a layout of their own (`templates/paper.html`): on the screen the sheet with a button that prints
it, in print the sheet alone.
"""

import segno
from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup, escape

from qtxvol.accounts.actor import Actor
from qtxvol.orders.numbers import parse_number
from qtxvol.refusals import NotFound
from qtxvol.web.access import current_actor, current_seat, settings
from qtxvol.web.display import party_label
from qtxvol.web.forms import now
from qtxvol.web.order_page import make_context, show_order


def external(path: str) -> str:
    """The whole address of a path, as it is printed and scanned."""
    return (settings().public_url or request.host_url.rstrip("/")) + path


def qr_svg(link: str, label: str, *, error: str = "q") -> Markup:
    """A QR code to stand in a page, as large as its place; black on white with its quiet zone, whatever the theme.

    :param label: what a screen reader says.
    :param error: how much of it may be lost: "m" 15 %, "q" 25 %, "h" 30 %.
    """
    svg = segno.make(link, error=error, micro=False).svg_inline(
        scale=1, border=4, dark="#000", light="#fff", omitsize=True, svgclass="qr", lineclass=None
    )
    return Markup(svg.replace("<svg ", f'<svg role="img" aria-label="{escape(label)}" ', 1))  # noqa: S704


def qr_file(link: str, *, error: str = "q") -> str:
    """The same as a file of its own."""
    svg = segno.make(link, error=error, micro=False).svg_inline(scale=8, border=4, dark="#000", light="#fff")
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)


def order_sheet(number: str) -> ResponseReturnValue:
    """The history of one order, for the files: what its page shows this seat, in every detail of the record."""
    plain = parse_number(number)
    if plain is None:
        raise NotFound(number)
    context = make_context(current_actor(), plain)
    return show_order(
        context,
        "papers/order.html",
        render_template,
        back_url=url_for(".order", number=plain),
        printed_by=_printed_by(context.actor),
        check_code=_check_code(context.view.events[-1][0].row_hash),
        printed_at=now(),
    )


def _printed_by(actor: Actor) -> str:
    """The seat, and the person where the seat is not named after them."""
    seat = current_seat().place or party_label(actor.party)
    return seat if actor.name in seat else f"{seat} {actor.name}"


def _check_code(row_hash: str) -> str:
    """The beginning of the last event's hash, in groups: a sheet that says another one is not the record."""
    return " ".join(row_hash[i : i + 4].upper() for i in range(0, 16, 4))
