"""Orders that look like one placed twice: merge them, or say that they are two."""

from uuid import uuid4

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.orders.decline import merge_order
from qtxvol.orders.duplicates import keep_apart, list_doubles
from qtxvol.orders.lifecycle import Action, Party
from qtxvol.orders.numbers import parse_number, spoken
from qtxvol.orders.transition import Outcome
from qtxvol.refusals import NotFound, Refused
from qtxvol.web.access import current_actor
from qtxvol.web.community.views import bp
from qtxvol.web.desk import show_in_desk
from qtxvol.web.desk_frame import EXTRA_NAV, render_desk
from qtxvol.web.forms import now
from qtxvol.web.i18n import _, _l
from qtxvol.web.order_page import make_context
from qtxvol.web.wording import CONFIRMATIONS, refusal_sentence

EXTRA_NAV[Party.COMMUNITY].append(("community.doubles", _l("可能重复的单")))


@bp.get("/doubles")
def doubles() -> ResponseReturnValue:
    """Pairs that nobody has judged, the likeliest first."""
    return _show()


@bp.post("/doubles/merge")
def merge_double() -> ResponseReturnValue:
    """`keep` goes on, the other of `one` and `two` joins it; its asker is told, stays informed and may rate."""
    pair, keep = {_number("one"), _number("two")}, parse_number(request.form.get("keep", "")[:40])
    if keep is None or len(pair) != 2 or keep not in pair:
        flash(_("请选留下哪一张。"), "warn")
        return _show(), 422
    (gone,) = pair - {keep}
    try:
        outcome = merge_order(gone, current_actor(), into_number=keep, version=_version(gone), now=now())
    except Refused as refused:
        return _refuse(refused)
    _offer_undo(outcome, keep)
    return redirect(url_for(".order", number=keep) if request.form.get("back") else url_for(".doubles"), 303)


@bp.post("/doubles/apart")
def keep_doubles_apart() -> ResponseReturnValue:
    """They are two orders: nobody is asked again."""
    keep_apart(_number("one"), _number("two"), current_actor(), now())
    flash(_("已记下：不是重复，不再提示。"), "done")
    back = parse_number(request.form.get("back", ""))
    return redirect(url_for(".order", number=back) if back else url_for(".doubles"), 303)


def _offer_undo(outcome: Outcome, keep: str) -> None:
    """Say what was done, and let it be taken back right there."""
    offer = {
        "text": _("已并到 %(number)s 一起办，居民会收到通知。", number=spoken(keep)),
        "url": url_for(".act", number=outcome.number, action=Action.SPLIT),
        "label": str(CONFIRMATIONS[Action.SPLIT]),
        "number": spoken(outcome.number),
        "version": outcome.version,
        "key": uuid4().hex,
        "back": "",
    }
    flash(offer, "undo")  # type: ignore[arg-type]  # kept as JSON, drawn by orders/_undo_flash.html


def _refuse(refused: Refused) -> ResponseReturnValue:
    """The sentence, on the page that the button was pressed on."""
    if refused.status == 403:
        raise refused
    back = parse_number(request.form.get("back", ""))
    if back:
        return show_in_desk(make_context(current_actor(), back), message=refusal_sentence(refused)), refused.status
    return _show(refusal_sentence(refused)), refused.status


def _number(field: str) -> str:
    """The number in a field of the form.

    :raise NotFound: none stands there.
    """
    text = request.form.get(field, "")[:40]
    number = parse_number(text)
    if number is None:
        raise NotFound(text)
    return number


def _version(number: str) -> int | None:
    """Of the page that the clerk was looking at."""
    version = request.form.get(f"version_{number}", 0, type=int)
    return version if 0 < version < 10**9 else None


def _show(message: str = "") -> str:
    page = list_doubles(current_actor(), request.args.get("page", 1, type=int))
    return render_desk(
        "community/doubles.html",
        nav_current="community.doubles",
        page=page,
        message=message,
        url_for_page=lambda number: url_for(".doubles", page=number),
    )
