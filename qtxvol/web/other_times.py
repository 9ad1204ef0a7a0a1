"""Asking a resident for another time: a page that department and team desks share."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from wtforms import SelectMultipleField
from wtforms.validators import ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.phones import has_phone_inside
from qtxvol.offers.joint_time import find_joined_time
from qtxvol.offers.other_times import (
    MOST_OTHER_TIMES,
    MOST_UNANSWERED,
    TICKED_AT_FIRST,
    SuggestedTime,
    is_unanswered_enough,
    propose_times,
    suggest_times,
)
from qtxvol.orders.lifecycle import Party, Status
from qtxvol.orders.models import Order
from qtxvol.orders.numbers import parse_number
from qtxvol.orders.replies import LONGEST_TEXT
from qtxvol.orders.windows import Window
from qtxvol.refusals import NotFound, Refused
from qtxvol.web.access import current_actor
from qtxvol.web.action_form import Context
from qtxvol.web.desk_frame import desk_of, render_desk
from qtxvol.web.display import time_span
from qtxvol.web.forms import StepForm, choice, form_data, local_time_field, long_text_field, now
from qtxvol.web.i18n import _, _l, ngettext
from qtxvol.web.order_page import make_context
from qtxvol.web.wording import refusal_sentence

#: Desks whose people look for a time.
PROPOSERS = (Party.DEPARTMENT, Party.TEAM)


class OtherTimesForm(StepForm):
    """Some suggested times to tick, one that is typed, and words."""

    times = SelectMultipleField(
        _l("问居民哪些时间"),
        choices=[],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
        validate_choice=False,
        description=_l("最多四个。居民点一下就能选，不用打字。"),
    )
    own_start = local_time_field(_l("开始"))
    own_end = local_time_field(_l("结束"))
    text = long_text_field(
        _l("给居民的话"),
        longest=LONGEST_TEXT,
        description=_l("不写也行，系统会说明原来的时间没有排开。"),
        render_kw={"rows": 2},
    )

    def offer(self, suggested: Sequence[SuggestedTime], *, is_team: bool) -> None:
        """What was found, and whatever else was ticked on a page of some minutes ago."""
        notes = {each.window: _note(each, is_team=is_team) for each in suggested}
        windows = sorted({*notes, *self.ticked()})
        self.times.choices = [
            choice(_value(window), time_span(window.starts_at, window.ends_at), notes.get(window, ""))
            for window in windows
        ]
        self.times.flags.required = True
        if not self.is_submitted():
            best = sorted(suggested, key=lambda each: (-each.teams, each.window))[:TICKED_AT_FIRST]
            self.times.data = [_value(each.window) for each in best]

    def validate_times(self, field: Any) -> None:
        if any(_parse(text) is None for text in field.data or ()):
            raise ValidationError(_("请从列表里选时间。"))

    def validate_text(self, field: Any) -> None:
        if has_phone_inside(field.data or ""):
            raise ValidationError(_("这里好像写了手机号码，别人会看到。请删掉号码再提交。"))

    def validate(self, extra_validators: Any = None) -> bool:
        is_good = bool(super().validate(extra_validators))
        if bool(self.own_start.moment) != bool(self.own_end.moment) and not (
            self.own_start.errors or self.own_end.errors
        ):
            self.own_end.errors = [_("请把开始和结束时间都填上。")]
            is_good = False
        if is_good and not self.windows():
            self.times.errors = [_("请至少选一个时间，或者自己填一个。")]
            is_good = False
        return is_good

    def ticked(self) -> list[Window]:
        return [window for text in dict.fromkeys(self.times.data or ()) if (window := _parse(text))]

    def windows(self) -> list[Window]:
        own = []
        if self.own_start.moment and self.own_end.moment:
            own.append(Window(self.own_start.moment, self.own_end.moment))
        return list(dict.fromkeys([*self.ticked(), *own]))


def _note(each: SuggestedTime, *, is_team: bool) -> str:
    if is_team:
        return _("本队有人")
    return ngettext("%(num)d 支队有人", "%(num)d 支队有人", each.teams)


def _value(window: Window) -> str:
    return f"{window.starts_at.isoformat()}/{window.ends_at.isoformat()}"


def _parse(text: str) -> Window | None:
    """The time in the value of a box; None for anything else."""
    start, _slash, end = text.partition("/")
    try:
        window = Window(datetime.fromisoformat(start), datetime.fromisoformat(end))
    except ValueError:
        return None
    return window if window.starts_at.tzinfo and window.ends_at.tzinfo else None


def add_other_times(bp: Blueprint) -> None:
    """Give a desk the page of one order."""
    bp.add_url_rule("/orders/<number>/other-times", "other_times", show)
    bp.add_url_rule("/orders/<number>/other-times", "ask_other_times", ask, methods=["POST"])


def other_times_on_page(actor: Actor, order: Order) -> dict[str, str]:
    """For the order's page: where this desk can ask for another time, or why it can't any more; both empty where there
    is nothing to ask."""
    joint = find_joined_time(order.id, now()) if actor.party in PROPOSERS else None
    why = why_not_now(actor, order, joint) if actor.party in PROPOSERS else "wrong_party"
    return {
        "other_times_url": "" if why else url_for(f"{desk_of(actor.party)}.other_times", number=order.number),
        "other_times_note": _obstacle(actor, order, why) if why == "unanswered_enough" else "",
    }


def _obstacle(actor: Actor, order: Order, code: str, joint: Window | None = None) -> str:
    about: dict[str, Any] = {"most": MOST_UNANSWERED, "is_team": actor.party is Party.TEAM}
    if joint is not None:
        about |= {"start": joint.starts_at, "end": joint.ends_at}
    return refusal_sentence(Refused(code, 409, stands_at=order.status, **about))


def why_not_now(actor: Actor, order: Order, joint: Window | None = None) -> str:
    """A refusal's code, or empty: the same that `propose_times` would say, before anything is typed.

    :param joint: the time that neighbours have agreed to.
    """
    if order.status != Status.CLAIMED:
        return "wrong_status"
    if order.clock_stopped_at is not None:
        return "question_open"
    if order.held_team_id is not None:
        return "is_held"
    if actor.party is Party.DEPARTMENT and order.department_id != actor.department_id:
        return "moved_on"
    if actor.party is Party.TEAM and order.handed_team_id not in (None, actor.team_id):
        return "handed_elsewhere"
    if joint is not None:
        return "joint_time"
    return "unanswered_enough" if is_unanswered_enough(order.id, actor) else ""


def show(number: str) -> ResponseReturnValue:
    """Times in which somebody could come; the best are ticked."""
    return _page(make_context(current_actor(), _number(number)), OtherTimesForm(formdata=None))


def ask(number: str) -> ResponseReturnValue:
    """Put the question. Sent twice, it is asked once."""
    actor, plain = current_actor(), _number(number)
    form = OtherTimesForm(formdata=form_data())
    context = make_context(actor, plain)
    if not form.validate():
        return _page(context, form), 422
    try:
        propose_times(
            plain, actor,
            windows=form.windows(), text=form.text.data or "", now=now(),
            version=form.seen_version, key=form.request_key,
        )  # fmt: skip
    except Refused as refused:
        if refused.status == 403:
            raise
        form.refuse(refused)
        fresh = make_context(actor, plain)
        form.version.data = str(fresh.view.order.version)
        return _page(fresh, form), refused.status
    flash(_("已经问居民了，等答复期间暂停计时。选好以后会通知您。"), "done")
    return redirect(url_for(f"{desk_of(actor.party)}.order", number=plain), 303)


def _page(context: Context, form: OtherTimesForm) -> str:
    order, actor = context.view.order, context.actor
    joint = find_joined_time(order.id, now())
    obstacle = why_not_now(actor, order, joint)
    suggested = [] if obstacle else suggest_times(order, actor, now())
    form.offer(suggested, is_team=actor.party is Party.TEAM)
    if form.version.data is None:
        form.version.data = str(order.version)
    return render_desk(
        "desk/other_times.html",
        form=form,
        order=order,
        row=context.view.row,
        wished=context.view.windows,
        obstacle=_obstacle(actor, order, obstacle, joint) if obstacle else "",
        most=MOST_OTHER_TIMES,
    )


def _number(text: str) -> str:
    number = parse_number(text)
    if number is None:
        raise NotFound(text)
    return number
