"""Forms of a team that says yes and has its people asked: when it can serve, and why it lets an order go."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from wtforms import RadioField

from qtxvol.accounts.actor import Actor
from qtxvol.offers.holds import Choice, hold_order, let_go_order, list_choices
from qtxvol.orders.lifecycle import Action
from qtxvol.orders.replies import DECLINE_REASONS, LONGEST_TEXT
from qtxvol.orders.transition import Outcome
from qtxvol.orders.windows import Window
from qtxvol.web.action_form import ActionForm, Context
from qtxvol.web.display import say, time_span
from qtxvol.web.forms import choice, choice_field, long_text_field
from qtxvol.web.i18n import _, _l, ngettext
from qtxvol.web.match_words import own_obstacle
from qtxvol.web.service_forms import TimeForm


class HoldForm(TimeForm):
    """One of the resident's times, each with how many of the team's people have time; or another that was agreed on
    the phone."""

    action = Action.HOLD
    template = "orders/_hold_fields.html"
    refusal_field = "wished"
    wished = RadioField(_l("哪个时间能去"), choices=[], validate_choice=False)

    #: Times of the resident at which no crew can be found: when, and why.
    unfit: Sequence[tuple[str, str]] = ()
    _times: dict[str, Window] = {}

    def offer(self, context: Context) -> None:
        times = list_choices(context.view.order, context.actor.team_id or 0, context.now)
        self.joint_time = self._joint_time(context)
        self._times = {each.window.starts_at.isoformat(): each.window for each in times}
        self.wished.choices = [
            *time_choices(times),
            *self._other_time(),
        ]
        self.wished.flags.required = True
        self.unfit = unfit_times(times)
        if self.wished.choices and not self.is_submitted():
            self.wished.data = self.wished.choices[0].value

    @property
    def window(self) -> Window | None:
        return self._times.get(self.wished.data or "") or super().window

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return hold_order(number, actor, agreed=self.agreed(), now=now, **self.step())


class LetGoForm(ActionForm):
    """Why; the department reads it, the people who were asked don't."""

    action = Action.LET_GO
    template = "orders/_let_go_fields.html"
    reason = choice_field(_l("为什么不成了"), required=_l("请选一个原因。"))
    text = long_text_field(
        _l("补充说明"), longest=LONGEST_TEXT, description=_l("选“其他原因”时请写一句。"), render_kw={"rows": 2}
    )

    def offer(self, context: Context) -> None:
        self.reason.choices = [
            choice("", _("请选择")),
            *(choice(code, say(label)) for code, label in DECLINE_REASONS.items()),
        ]

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return let_go_order(number, actor, reason=self.reason.data, text=self.text.data or "", now=now, **self.step())


def time_choices(times: Sequence[Choice]) -> list[Any]:
    """The times at which a crew may be found, as cards; the value is the start."""
    return [
        choice(each.window.starts_at.isoformat(), time_span(each.window.starts_at, each.window.ends_at), _note(each))
        for each in times
        if not each.obstacle
    ]


def _note(each: Choice) -> str:
    free = ngettext("队里 %(num)d 人有空", "队里 %(num)d 人有空", each.free)
    return _("部门建议的时间；%(free)s", free=free) if each.is_proposed else free


def unfit_times(times: Sequence[Choice]) -> list[tuple[str, str]]:
    """The others, with why."""
    return [
        (time_span(each.window.starts_at, each.window.ends_at), own_obstacle(each.obstacle))
        for each in times
        if each.obstacle
    ]
