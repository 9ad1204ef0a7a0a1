"""What a no asks for. A yes asks nothing."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from wtforms import RadioField, SelectChoice
from wtforms.validators import ValidationError

from qtxvol.accounts.phones import has_phone_inside
from qtxvol.base import CITY_TIME
from qtxvol.notices.answers import Given
from qtxvol.offers.holds import Choice
from qtxvol.orders.replies import COME_REASONS, DECLINE_REASONS, LONGEST_TEXT, MOST_WINDOWS, Purpose
from qtxvol.orders.windows import Window
from qtxvol.web.display import say
from qtxvol.web.forms import (
    BaseForm,
    FormData,
    choice,
    choice_field,
    city_moment,
    long_text_field,
    now,
    parse_clock,
    text_field,
)
from qtxvol.web.hold_forms import time_choices, unfit_times
from qtxvol.web.i18n import _, _l
from qtxvol.web.order_form import SLOT_LABELS, SLOTS

#: A resident may name a day so far ahead.
DAYS_AHEAD = 21


class NoForm(BaseForm):
    """Why not, in one's own words."""

    text = long_text_field(_l("想说的话"), longest=LONGEST_TEXT, render_kw={"rows": 2})

    def validate_text(self, field: Any) -> None:
        if has_phone_inside(field.data or ""):
            raise ValidationError(_("这里好像写了手机号码，别人会看到。请删掉号码再提交。"))

    def given(self) -> Given:
        return Given(is_yes=False, text=self.text.data or "")


class ReasonForm(NoForm):
    """The same with a coded reason."""

    reason = RadioField(_l("为什么"), choices=[], validate_choice=False)
    text = long_text_field(
        _l("补充说明"), longest=LONGEST_TEXT, description=_l("选“其他原因”时请写一句。"), render_kw={"rows": 2}
    )

    def offer(self, purpose: Purpose) -> None:
        reasons = DECLINE_REASONS if purpose is Purpose.OFFER else COME_REASONS
        self.reason.choices = [choice(code, say(label)) for code, label in reasons.items()]
        self.reason.flags.required = True

    def given(self) -> Given:
        return Given(is_yes=False, reason=self.reason.data or "", text=self.text.data or "")


class TimeForm(BaseForm):
    """When a team can serve: one of the resident's times, each with how many of the team have time."""

    starts_at = RadioField(_l("哪个时间能去"), choices=[], validate_choice=False)

    #: The other times of the resident: when, and why not.
    unfit: Sequence[tuple[str, str]] = ()
    _times: Mapping[str, Window] = {}

    def offer(self, times: Sequence[Choice]) -> None:
        self._times = {each.window.starts_at.isoformat(): each.window for each in times}
        self.starts_at.choices, self.unfit = time_choices(times), unfit_times(times)
        self.starts_at.flags.required = True
        if not self.is_submitted() and self.starts_at.choices:
            self.starts_at.data = self.starts_at.choices[0].value

    @property
    def window(self) -> Window | None:
        """What was chosen."""
        return self._times.get(self.starts_at.data or "")


class OtherTimeForm(NoForm):
    """Which other times would suit the resident."""

    text = long_text_field(
        _l("想说的话"),
        longest=LONGEST_TEXT,
        description=_l("例如：那天村里有事，下周哪天都行。"),
        render_kw={"rows": 2},
    )

    def offer(self) -> None:
        today = now().astimezone(CITY_TIME).date()
        last = today + timedelta(days=DAYS_AHEAD)
        for day, _slot in self.rows():
            day.render_kw = {"type": "date", "min": today.isoformat(), "max": last.isoformat()}

    def rows(self) -> list[tuple[Any, Any]]:
        """Day and half-day, in the order in which they are asked."""
        return [(self[f"day_{i}"], self[f"slot_{i}"]) for i in range(1, MOST_WINDOWS + 1)]

    def validate(self, extra_validators: Any = None) -> bool:
        is_good = bool(super().validate(extra_validators))
        for day, slot in self.rows():
            if bool(day.data) != bool(slot.data) or (day.data and _day(day.data) is None):
                day.errors = [_("日期和时段请一起选。")]
                is_good = False
        return is_good

    def given(self) -> Given:
        found = []
        for day, slot in self.rows():
            on = _day(day.data or "")
            if on is not None and slot.data in SLOTS:
                opens, closes = (parse_clock(each) for each in SLOTS[slot.data])
                if opens is not None and closes is not None:
                    found.append(Window(city_moment(on, opens), city_moment(on, closes)))
        return Given(is_yes=False, text=self.text.data or "", windows=tuple(found))


for _i in range(1, MOST_WINDOWS + 1):
    setattr(OtherTimeForm, f"day_{_i}", text_field(_l("日期 %(number)s", number=_i), longest=10))
    _options = [SelectChoice("", _l("请选时段")), *(SelectChoice(key, text) for key, text in SLOT_LABELS.items())]
    setattr(OtherTimeForm, f"slot_{_i}", choice_field(_l("时段 %(number)s", number=_i), choices=_options))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def make_no_form(purpose: Purpose, data: FormData | None) -> NoForm:
    """What this question's no asks for."""
    form: NoForm
    match purpose:
        case Purpose.COME | Purpose.OFFER | Purpose.JOIN:
            form = ReasonForm(formdata=data)
            form.offer(purpose)
        case Purpose.CONFIRM_TIME | Purpose.OTHER_TIME:
            form = OtherTimeForm(formdata=data)
            form.offer()
        case _:
            form = NoForm(formdata=data)
    return form
