"""A desk's page "how to tell me": which optional kinds, one message a day or each at once, language, quiet hours, and
one's own addresses."""

from datetime import time

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, TimeField
from wtforms.widgets import CheckboxInput, ListWidget

from qtxvol.accounts.actor import Actor
from qtxvol.channels.specs import CHANNELS
from qtxvol.notices.own_points import (
    add_own,
    confirm_own,
    drop_own,
    list_channels,
    list_own,
    move_own,
    send_code,
)
from qtxvol.notices.readers import Wish
from qtxvol.notices.wishes import get_wish, list_needed, list_optional, save_wish, wisher_of
from qtxvol.refusals import NotFound, Refused
from qtxvol.web.access import current_actor
from qtxvol.web.action_form import ManyField
from qtxvol.web.desk_frame import ID, desk_of, render_desk
from qtxvol.web.display import say
from qtxvol.web.forms import BaseForm, Required, choice, choice_field, form_data, now, parse_clock, text_field
from qtxvol.web.i18n import _, _l
from qtxvol.web.wording import refusal_sentence


class ClockField(TimeField):
    """A time of day; `minute` counts from midnight."""

    minute = 0

    def process_formdata(self, valuelist: list[str]) -> None:
        clock = parse_clock(valuelist[0] if valuelist else "")
        self.data = clock
        if clock is None:
            raise ValueError(_("请填时间，例如 22:00。"))
        self.minute = clock.hour * 60 + clock.minute


class WishForm(BaseForm):
    wanted = ManyField(
        _l("可选的提醒"), choices=[], widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )
    is_digest = BooleanField(
        _l("每天早上 8 点合成一条发给我"), description=_l("应急通知不受影响，照样马上发。不勾就是有一条发一条。")
    )
    locale = choice_field(_l("用哪种语言通知我"), required=_l("请选一种语言。"))
    quiet_from = ClockField(_l("从几点起不打扰"), validators=[Required(_l("请填时间，例如 22:00。"))])
    quiet_until = ClockField(
        _l("到几点为止"),
        validators=[Required(_l("请填时间，例如 07:30。"))],
        description=_l("两个时间一样，就是随时可以通知。应急通知不受影响。"),
    )

    def offer(self, actor: Actor) -> None:
        self.wanted.choices = [choice(kind.code, say(kind.label)) for kind in list_optional(actor.party)]
        self.wanted.flags.required = True  # no tick is an answer, too: nothing here is left out
        self.locale.choices = [choice("zh", "中文"), choice("en", "English")]

    def fill(self, wish: Wish) -> None:
        self.wanted.data = [code for code, *_rest in self.wanted.choices if code not in wish.muted]
        self.is_digest.data, self.locale.data = wish.is_digest, wish.locale
        self.quiet_from.data = time(*divmod(wish.quiet_from, 60))
        self.quiet_until.data = time(*divmod(wish.quiet_until, 60))


class PointForm(BaseForm):
    channel = choice_field(_l("怎么通知"), required=_l("请选一种。"))
    address = text_field(_l("地址或手机号"), longest=500, required=_l("请填地址或手机号。"))

    def offer(self) -> None:
        self.channel.choices = [
            choice(spec.code, say(spec.label), note=f"{say(spec.address)}，{_('例如')} {spec.example}")
            for spec in list_channels()
        ]


class CodeForm(BaseForm):
    code = text_field(
        _l("收到的 6 位验证码"),
        longest=12,
        required=_l("请填收到的 6 位数字。"),
        render_kw={"inputmode": "numeric", "autocomplete": "one-time-code"},
    )


def add_notice_wishes(bp: Blueprint) -> None:
    """Give a desk its page of wishes."""
    base = "/notices/settings"
    bp.add_url_rule(base, "notice_wishes", show_wishes)
    bp.add_url_rule(base, "save_notice_wishes", save, methods=["POST"])
    bp.add_url_rule(f"{base}/addresses", "add_point", add, methods=["POST"])
    bp.add_url_rule(f"{base}/addresses/<{ID}:point_id>/code", "confirm_point", confirm, methods=["POST"])
    bp.add_url_rule(f"{base}/addresses/<{ID}:point_id>/again", "send_point_code", again, methods=["POST"])
    bp.add_url_rule(f"{base}/addresses/<{ID}:point_id>/<any(up,down):way>", "move_point", move, methods=["POST"])
    bp.add_url_rule(f"{base}/addresses/<{ID}:point_id>/remove", "drop_point", drop, methods=["POST"])


def show_wishes() -> ResponseReturnValue:
    """One's own wishes and addresses."""
    return _page()


def save() -> ResponseReturnValue:
    """Which kinds, how and when."""
    actor = current_actor()
    form = WishForm(formdata=form_data())
    form.offer(actor)
    if not form.validate():
        return _page(form=form), 422
    try:
        save_wish(
            actor,
            wanted=form.wanted.data or (),
            is_digest=form.is_digest.data,
            locale=form.locale.data,
            quiet_from=form.quiet_from.minute,
            quiet_until=form.quiet_until.minute,
            now=now(),
        )
    except Refused as refused:
        form.refuse(refused)
        return _page(form=form), refused.status
    flash(_("已保存。以后就照这样通知您。"), "done")
    return _back()


def add() -> ResponseReturnValue:
    """Another address; its code goes out at once."""
    form = PointForm(formdata=form_data())
    form.offer()
    if not form.validate():
        return _page(point_form=form), 422
    try:
        point_id = add_own(current_actor(), form.channel.data, form.address.data, now())
    except Refused as refused:
        form.refuse(refused, default="address")
        return _page(point_form=form), refused.status
    return _send(point_id)


def again(point_id: int) -> ResponseReturnValue:
    """The code once more."""
    return _send(point_id)


def confirm(point_id: int) -> ResponseReturnValue:
    """The code that came to the address."""
    form = CodeForm(formdata=form_data(), prefix=f"p{point_id}-")
    try:
        if not form.validate():
            return _page(code_form=form, code_for=point_id), 422
        confirm_own(current_actor(), point_id, form.code.data, now())
    except Refused as refused:
        form.refuse(refused, default="code")
        return _page(code_form=form, code_for=point_id), refused.status
    flash(_("已验证，以后会用它通知您。"), "done")
    return _back()


def move(point_id: int, way: str) -> ResponseReturnValue:
    """Try this address earlier or later."""
    move_own(current_actor(), point_id, -1 if way == "up" else 1)
    return _back()


def drop(point_id: int) -> ResponseReturnValue:
    """Use this address no more. Gone already: nothing is left to do."""
    try:
        drop_own(current_actor(), point_id)
    except NotFound:
        return _back()
    flash(_("已删除，不再用它通知您。"), "done")
    return _back()


def _send(point_id: int) -> ResponseReturnValue:
    try:
        is_sent = send_code(current_actor(), point_id, now())
    except Refused as refused:
        flash(refusal_sentence(refused), "warn")
        return _back()
    if is_sent:
        flash(_("验证码已发出，请看一下收到没有，填在下面。"), "done")
    else:
        flash(_("验证码没有发出去，请核对地址，过一会儿点“重新发送”。"), "warn")
    return _back()


def _back() -> ResponseReturnValue:
    return redirect(url_for(f"{desk_of(current_actor().party)}.notice_wishes"), 303)


def _page(
    form: WishForm | None = None,
    point_form: PointForm | None = None,
    code_form: CodeForm | None = None,
    code_for: int = 0,
) -> str:
    actor = current_actor()
    if form is None:
        form = WishForm(formdata=None)
        form.offer(actor)
        form.fill(get_wish(wisher_of(actor)))
    if point_form is None:
        point_form = PointForm(formdata=None)
        point_form.offer()
    points = list_own(actor)
    waiting = {point.id: CodeForm(formdata=None, prefix=f"p{point.id}-") for point in points if not point.verified_at}
    if code_form is not None:
        waiting[code_for] = code_form
    failed = next((each for each in (form, point_form, code_form) if each is not None and each.errors), None)
    return render_desk(
        "desk/notice_wishes.html",
        nav_current=f"{desk_of(actor.party)}.notices",
        form=form,
        point_form=point_form,
        code_forms=waiting,
        failed=failed,
        points=points,
        channels=CHANNELS,
        needed=list_needed(actor.party),
    )
