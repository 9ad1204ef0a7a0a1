"""Place an order in three screens, find it again, follow it and act on it by its secret link."""

from collections.abc import Sequence

import segno
from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from wtforms import StringField

from qtxvol.accounts.attempts import (
    TRACK_ADDRESS,
    TRACK_ORDER,
    count_attempt,
    forget_attempts,
    seconds_to_wait,
)
from qtxvol.base import AnyRow
from qtxvol.notices.wishes import has_reminders, set_reminders
from qtxvol.offers.joint_time import find_joined_time
from qtxvol.orders.calls import CallCause
from qtxvol.orders.contact import ask_for_call
from qtxvol.orders.duplicates import count_neighbours
from qtxvol.orders.numbers import parse_number
from qtxvol.orders.queries import find_order_by_number
from qtxvol.refusals import Refused
from qtxvol.web.access import (
    client_address,
    link_actor,
    make_blueprint,
    open_to_all,
    secret_link,
    settings,
    signed_in_user,
)
from qtxvol.web.action_forms import ActionForm, Context
from qtxvol.web.desk import ID
from qtxvol.web.forms import BaseForm, Required, clean_text, form_data, now, strip
from qtxvol.web.i18n import _, _l
from qtxvol.web.joint import joint_on_page, say_joint
from qtxvol.web.order_form import FREE_TEXT, SCREENS, OrderForm, carried, make_summary, popular_first
from qtxvol.web.order_page import act_on_order, make_context, render_plain, send_picture, show_order
from qtxvol.web.resident.following import find_next_verb, list_next, verb_names
from qtxvol.web.resident.placing import link_of, place_for_resident, resident_seat
from qtxvol.web.science_days import SHOWN_ITEMS, Near, near_for_residents, term_note
from qtxvol.web.view_settings import change_look, current_look
from qtxvol.web.wording import refusal_sentence

bp = make_blueprint("resident", __name__, gate=open_to_all)


@bp.get("/order")
def order_form() -> ResponseReturnValue:
    """The first screen. `?audience=`, `?item=` and `?community=` come from the menu and from posters."""
    form = OrderForm(formdata=None)
    form.audience.data = request.args.get("audience", "")[:32]
    form.item.data = request.args.get("item", "")[:8]
    place = request.args.get("community", "")[:12]
    if not place and (actor := resident_seat()):
        place = actor.division_code or ""
    form.division_code.data = place
    hidden = [("division_code", place)] if place else []
    return _show(form, 1, hidden)


@bp.post("/order")
def place() -> ResponseReturnValue:
    """The next screen, the one before, or the order itself."""
    data = form_data()
    form = OrderForm(formdata=data)
    form.offer(None, now=now())
    screen = {"1": 1, "2": 2, "3": 3}.get(str(data.get("screen")), 1)
    if change_look(data):  # 长辈版 or language in the middle of it: the same screen, with all that was typed
        return _show(form, screen, carried(data, SCREENS[screen - 1]))
    match data.get("go"):
        case "menu":
            return _show(form, 1, carried(data, SCREENS[0]))
        case "back":
            screen = max(1, screen - 1)
            return _show(form, screen, carried(data, SCREENS[screen - 1]))
        case "send":
            return _send(form, asks_twice=True)
        case "send_anyway":
            return _send(form, asks_twice=False)
    if not form.validate_screen(SCREENS[screen - 1]):
        return _show(form, screen, carried(data, SCREENS[screen - 1])), 422
    screen = min(3, screen + 1)
    if screen == 3:
        _prefill_contact(form)
    return _show(form, screen, carried(data, SCREENS[screen - 1]))


def _send(form: OrderForm, *, asks_twice: bool) -> ResponseReturnValue:
    try:
        outcome = place_for_resident(form, resident_seat(), asks_twice=asks_twice)
    except Refused as refused:
        if refused.code == "own_double":
            return _ask_twice(form, refused.about["rows"]), 409
        if refused.code == "key_reused":
            return _already_placed(refused)
        if refused.code == "badly_filled":
            bad = int(refused.about["screen"])
            return _show(form, bad, carried(form_data(), SCREENS[bad - 1])), 422
        form.refuse(refused)
        return _show(form, 3, carried(form_data(), SCREENS[2])), refused.status
    return redirect(link_of(outcome.number) + "?new=1", 303)


def _already_placed(refused: Refused) -> ResponseReturnValue:
    """The form was sent before with other content: say so, and don't guess which one is meant."""
    return render_template("resident/already_placed.html", number=refused.about["number"]), 409


def _ask_twice(form: OrderForm, rows: Sequence[AnyRow]) -> str:
    """The same was placed from here before: the same wish, or another? Everything typed travels along."""
    return render_template(
        "resident/own_double.html",
        form=form,
        hidden=[*carried(form_data(), ()), ("key", form.place_key)],
        rows=[(row, link_of(row.number) + "?same=1") for row in rows],
        lost_photos=bool(form.photos.pictures),
    )


def _show(form: OrderForm, screen: int, hidden: list[tuple[str, str]]) -> str:
    form.offer(None, now=now(), few=current_look().is_elder)
    titles = [_("想要什么"), _("什么时间、在哪里"), _("怎么联系您")]
    return render_template(
        f"resident/order_{screen}.html",
        form=form,
        screen=screen,
        titles=titles,
        hidden=hidden,
        summary=make_summary(form) if screen == 3 else [],
        neighbours=_count_neighbours(form) if screen == 3 else 0,
        few_times=_few_times(form) if screen == 3 else 0,
        near=_near(screen),
        term=term_note(form.audience.data, form.requester_kind.data) if screen == 2 else "",
        popular=popular_first(form) if screen == 1 and current_look().is_elder else (),
        # a clerk's computer is shared: what a clerk types here for somebody stays in the page
        keeps_draft=not current_user.is_authenticated or resident_seat() is not None,
    )


def _count_neighbours(form: OrderForm) -> int:
    """Orders for the same item, near and on one of the days: whoever is about to order may join them."""
    item = None if form.item.data == FREE_TEXT else form.item.data
    return count_neighbours(item, form.division_code.data or "", form.chosen_days())


def _few_times(form: OrderForm) -> int:
    """How many times were given, once they are checked, where more would help; 0 where they are enough."""
    return len(form.wished_times) if form.gave_few_times else 0


def _near(screen: int) -> Near | None:
    """On the first screen as it is opened, where a link away from it loses nothing typed."""
    if screen != 1 or request.method != "GET":
        return None
    return near_for_residents(0 if current_look().is_elder else SHOWN_ITEMS)


def _prefill_contact(form: OrderForm) -> None:
    if resident_seat() and not form.contact_name.data:
        form.contact_name.data = signed_in_user().display_name


class TrackForm(BaseForm):
    """Number and the last four digits of the phone."""

    number = StringField(
        _l("单号"),
        filters=[strip],
        validators=[clean_text, Required(_l("请填单号，以 QTX 开头，后面 8 位数字。"))],
        render_kw={"autocomplete": "off", "inputmode": "text"},
        description=_l("以 QTX 开头，例如 QTX 4821 9037"),
    )
    tail = StringField(
        _l("电话后四位"),
        filters=[strip],
        validators=[clean_text, Required(_l("请填点单时所留电话的后四位。"))],
        render_kw={"inputmode": "numeric", "autocomplete": "off", "maxlength": "4"},
    )


@bp.get("/track")
def track() -> ResponseReturnValue:
    """Ask for number and phone tail."""
    form = TrackForm(formdata=None)
    form.number.data = request.args.get("number", "")[:20]
    return render_template("resident/track.html", form=form)


@bp.post("/track")
def find() -> ResponseReturnValue:
    """To the order's page, when both fit. Wrong guesses slow down the order and the address."""
    form = TrackForm(formdata=form_data())
    if not form.validate():
        return render_template("resident/track.html", form=form), 422
    number = parse_number(form.number.data)
    if number is None:
        form.number.errors = [_("单号不对，请核对：QTX 加 8 位数字。")]
        return render_template("resident/track.html", form=form), 422
    keys = ((f"track:order:{number}", TRACK_ORDER), (f"track:address:{client_address()}", TRACK_ADDRESS))
    wait = max(seconds_to_wait(key, limit, now()) for key, limit in keys)
    if wait:
        form.refuse(Refused("wait", 429, seconds=wait))
        return render_template("resident/track.html", form=form), 429
    found = find_order_by_number(number)
    if found is None or found.contact_phone_tail != form.tail.data:
        for key, limit in keys:
            count_attempt(key, limit, now())
        form.form_errors.append(_("没有找到。请核对单号和电话后四位；也可以请社区工作人员帮您查。"))
        return render_template("resident/track.html", form=form), 404
    forget_attempts(keys[0][0])
    return redirect(secret_link(found.number, found.link_nonce, external=False), 303)


@bp.get("/t/<number>/<token>")
def follow(number: str, token: str) -> ResponseReturnValue:
    """The resident's page of one order."""
    return _page(make_context(link_actor(number, token), number), None, "")


@bp.post("/t/<number>/<token>/<action>")
def act(number: str, token: str, action: str) -> ResponseReturnValue:
    """A resident's step: answer, cancel, report a no-show, rate."""
    after = url_for("resident.follow", number=number, token=token)
    return act_on_order(link_actor(number, token), number, action, page=_page, after=lambda: after)


@bp.post("/t/<number>/<token>/call-me")
def call_me(number: str, token: str) -> ResponseReturnValue:
    """The resident of an order that ended as unreachable asks to be called again."""
    try:
        ask_for_call(number, link_actor(number, token), now())
        flash(_("社区已经收到，会再打电话给您。"), "done")
    except Refused as refused:
        if refused.status != 409:
            raise
        flash(refusal_sentence(refused), "note")
    return redirect(url_for(".follow", number=number, token=token), 303)


@bp.post("/t/<number>/<token>/joint")
def answer_joint(number: str, token: str) -> ResponseReturnValue:
    """Together with neighbours, or alone."""
    back = url_for(".follow", number=number, token=token, _anchor="joint")
    return say_joint(link_actor(number, token), number, back)


@bp.post("/t/<number>/<token>/reminders")
def switch_reminders(number: str, token: str) -> ResponseReturnValue:
    """Optional reminders by text message: on or off."""
    is_on = form_data().get("reminders") == "on"
    set_reminders(link_actor(number, token), is_on, now())
    flash(_("可选的短信提醒已打开。") if is_on else _("可选的短信提醒已关闭。时间变动仍会通知您。"), "done")
    return redirect(url_for(".follow", number=number, token=token), 303)


@bp.get(f"/t/<number>/<token>/photos/<{ID}:picture_id>")
def picture(number: str, token: str, picture_id: int) -> Response:
    """A photo of the resident's own order."""
    return send_picture(link_actor(number, token), number, picture_id)


@bp.get("/t/<number>/<token>/qr.svg")
def qr_code(number: str, token: str) -> Response:
    """The secret link as a QR code, to be photographed off a screen or printed."""
    link_actor(number, token)
    code = segno.make(_external(request.path.removesuffix("/qr.svg")), error="m")
    svg = code.svg_inline(scale=6, border=3, dark="#000", light="#fff")
    response = Response(svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1), mimetype="image/svg+xml")
    response.headers["Cache-Control"] = "private, max-age=3600"
    return response


def _page(context: Context, failed: ActionForm | None, message: str) -> str:
    order = context.view.order
    link = secret_link(order.number, order.link_nonce, external=False)
    return show_order(
        context,
        "resident/follow.html",
        render_plain,
        failed=failed,
        message=message,
        link=secret_link(order.number, order.link_nonce),
        path=link,
        is_new=request.args.get("new") == "1",
        waits_for_call=any(
            task.done_at is None and task.cause == CallCause.ASKED_AGAIN for task in context.view.call_backs
        ),
        is_same=request.args.get("same") == "1",
        verbs=verb_names(),
        next_verb=find_next_verb(context.view),
        next_facts=list_next(context.view),
        has_reminders=has_reminders(order.id),
        joint_act_url=f"{link}/joint",
        joined_time=find_joined_time(order.id, now()) if context.view.joined else None,
        **joint_on_page(context.actor, order),
        act_url=lambda action: f"{link}/{action}",
        picture_url=lambda picture_id: f"{link}/photos/{picture_id}",
    )


def _external(path: str) -> str:
    return (settings().public_url or request.host_url.rstrip("/")) + path
