"""Ordering for somebody on the phone or at the counter: a page that community and department desks share."""

from collections.abc import Sequence

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.orders.duplicates import Double, list_desk_doubles
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.numbers import spoken
from qtxvol.orders.place import find_placed_number
from qtxvol.refusals import Refused
from qtxvol.web.access import current_actor
from qtxvol.web.desk import desk_of, render_desk
from qtxvol.web.forms import form_data, now
from qtxvol.web.i18n import _
from qtxvol.web.order_form import OnBehalfForm


def add_on_behalf(bp: Blueprint) -> None:
    """Give a desk the page `/order`."""
    bp.add_url_rule("/order", "order_form", order_form)
    bp.add_url_rule("/order", "place", place, methods=["POST"])


def order_form() -> ResponseReturnValue:
    """An empty form; `?audience=` chooses whose menu is shown."""
    form = OnBehalfForm(formdata=request.args or None)
    return _show(form)


def place() -> ResponseReturnValue:
    """Place the order for the resident; `go=menu` only shows the menu of another audience."""
    form = OnBehalfForm(formdata=form_data())
    form.offer(current_actor(), now=now())
    if request.form.get("go") == "menu":
        return _show(form)
    if form.find_bad_screen() is not None:
        return _show(form), 422
    doubles = _find_doubles(form)
    if doubles and request.form.get("go") != "send_anyway":
        return _show(form, doubles), 409
    try:
        outcome = form.place(current_actor())
    except Refused as refused:
        form.refuse(refused, default="division_code")
        return _show(form), refused.status
    flash(_("已代点单，单号 %(number)s，请告诉居民。", number=spoken(outcome.number)), "done")
    desk = desk_of(current_actor().party)
    if current_actor().party is Party.COMMUNITY:
        return redirect(url_for(f"{desk}.order", number=outcome.number), 303)
    return redirect(url_for(f"{desk}.inbox"), 303)


def _find_doubles(form: OnBehalfForm) -> list[Double]:
    """Orders of this desk that look like the one that is about to be placed; none for a form that was sent before."""
    if find_placed_number(form.place_key) is not None:
        return []
    return list_desk_doubles(form.wanted(), current_actor())


def _show(form: OnBehalfForm, doubles: Sequence[Double] = ()) -> str:
    actor = current_actor()
    if not form.is_submitted() and not form.division_code.data:
        form.division_code.data = actor.division_code
    form.offer(actor, now=now())
    desk = desk_of(actor.party)
    return render_desk(
        "desk/order_form.html",
        form=form,
        doubles=doubles,
        order_url=lambda number: url_for(f"{desk}.order", number=number),
    )
