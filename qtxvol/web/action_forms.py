"""One form per action of the lifecycle, for pages and API alike: what it asks, and the verb that it calls.

`FORMS` is the only list that ties an action to a form. A page shows the forms whose actions the lifecycle
table allows; it knows nothing else.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from wtforms import BooleanField, RadioField, SelectChoice, SelectMultipleField
from wtforms.validators import ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.phones import has_phone_inside
from qtxvol.directory.queries import MenuEntry, Suggestion, list_departments, list_reasons, term_names
from qtxvol.orders import ask, claim, decline, dispatch, rate, serve
from qtxvol.orders.lifecycle import Action, Label
from qtxvol.orders.numbers import parse_number, spoken
from qtxvol.orders.queries import OrderView, list_merge_targets
from qtxvol.orders.transition import Outcome
from qtxvol.orders.windows import Window
from qtxvol.volunteers.queries import CrewChoice, list_crew_choices, list_team_choices
from qtxvol.web.display import day_time, input_time, item_name, pick, place_name, say, time_span
from qtxvol.web.forms import (
    FormData,
    Required,
    StepForm,
    choice,
    choice_field,
    local_time_field,
    long_text_field,
    number_field,
    photos_field,
    text_field,
)
from qtxvol.web.i18n import _, _l, ngettext


@dataclass(frozen=True, slots=True)
class Context:
    """What a form may need to offer choices: who acts, on what."""

    actor: Actor
    view: OrderView
    item: MenuEntry | None
    suggestions: tuple[Suggestion, ...]
    now: datetime


class ActionForm(StepForm):
    """A form for one action. Subclasses say what it asks (`offer`) and what it does (`run`)."""

    action: ClassVar[Action]
    #: Where a refusal without a field of its own is shown; empty: above the form.
    refusal_field: ClassVar[str] = ""

    def offer(self, context: Context) -> None:
        """Fill choices and first values, before the form is shown or checked."""

    #: Shown once a text seems to hold a phone number: others will read it.
    phone_in_text_ok = BooleanField(_l("我知道别人会看到这个号码，仍然这样提交"))

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        """Call the verb with what was filled in."""
        raise AssertionError(f"{type(self).__name__} has no verb")

    def validate(self, extra_validators: Any = None) -> bool:
        is_good = bool(super().validate(extra_validators))
        for name in ("text", "report"):
            if name in self and has_phone_inside(self[name].data or "") and not self.phone_in_text_ok.data:
                self[name].errors = [
                    *self[name].errors,
                    _("这里好像写了手机号码，别人会看到。请删掉；确实要写，请勾选下面的确认。"),
                ]
                is_good = False
        return is_good

    def step(self) -> dict[str, Any]:
        """Version and key, for the verb."""
        return {"version": self.seen_version, "key": self.request_key}

    def name_fields_apart(self) -> None:
        """Several forms stand on one page: ids must differ, names must not."""
        for field in self:
            field.id = f"{self.action}-{field.name}"
            field.label.field_id = field.id


class DispatchForm(ActionForm):
    action = Action.DISPATCH
    department_id = choice_field(_l("派给哪个部门"), required=_l("请从列表里选一个部门。"))
    text = long_text_field(_l("给部门的话"))

    def offer(self, context: Context) -> None:
        self.department_id.choices = department_choices(context.suggestions)

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return dispatch.dispatch_order(
            number, actor, department_id=self.department_id.data, text=self.text.data or "", now=now, **self.step()
        )


class RuleForm(ActionForm):
    action = Action.RULE
    department_id = choice_field(_l("裁定由哪个部门承办"), required=_l("请从列表里选一个部门。"))
    text = long_text_field(_l("裁定理由"), required=_l("请写明裁定理由，部门和社区都会看到。"))

    def offer(self, context: Context) -> None:
        self.department_id.choices = department_choices(context.suggestions)

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return dispatch.rule_order(
            number, actor, department_id=self.department_id.data, text=self.text.data, now=now, **self.step()
        )


class _ReasonForm(ActionForm):
    """Asks for a coded reason."""

    reason = choice_field(_l("原因"), required=_l("请选一个原因。"))

    def offer(self, context: Context) -> None:
        self.reason.choices = [
            choice("", _("请选择")),
            *(choice(each.code, pick(each.name, each.name_en)) for each in list_reasons(self.action)),
        ]


class RejectForm(_ReasonForm):
    action = Action.REJECT
    text = long_text_field(
        _l("给居民的说明"),
        required=_l("请写一句给居民的说明，例如可以找谁办。"),
        description=_l("居民会看到这段话。不属于科普服务的，请告诉居民拨打 12345。"),
    )

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return decline.reject_order(number, actor, reason=self.reason.data, text=self.text.data, now=now, **self.step())


class CancelForm(_ReasonForm):
    action = Action.CANCEL
    text = long_text_field(_l("补充说明"))

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return decline.cancel_order(
            number, actor, reason=self.reason.data, text=self.text.data or "", now=now, **self.step()
        )


class WithdrawForm(_ReasonForm):
    action = Action.WITHDRAW
    text = long_text_field(_l("补充说明"))

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return serve.withdraw_order(
            number, actor, reason=self.reason.data, text=self.text.data or "", now=now, **self.step()
        )


class ReturnForm(_ReasonForm):
    action = Action.RETURN
    suggested_department_id = choice_field(_l("建议改派给"))
    text = long_text_field(_l("补充说明"))

    def offer(self, context: Context) -> None:
        super().offer(context)
        self.suggested_department_id.choices = [
            choice("", _("没有建议")),
            *(choice(each.id, pick(each.name, each.name_en)) for each in list_departments()),
        ]

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        verb = claim.return_order if self.action is Action.RETURN else claim.release_order
        return verb(
            number,
            actor,
            reason=self.reason.data,
            text=self.text.data or "",
            suggested_department_id=self.suggested_department_id.data or "",
            now=now,
            **self.step(),
        )


class ReleaseForm(ReturnForm):
    action = Action.RELEASE


class MergeForm(ActionForm):
    action = Action.MERGE
    candidate = choice_field(_l("可能重复的单"))
    into_number = text_field(_l("或者填单号"), longest=20)

    def offer(self, context: Context) -> None:
        rows = list_merge_targets(context.actor, context.view.order)
        self.candidate.choices = [
            choice("", _("请选择")),
            *(choice(row.number, f"{spoken(row.number)} {place_name(row)} {item_name(row)}") for row in rows),
        ]

    def validate_into_number(self, field: Any) -> None:
        if not field.data and not self.candidate.data:
            raise ValidationError(_("请选一张单，或者填它的单号。"))

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        typed = self.into_number.data
        into = (parse_number(typed) or typed[:20]) if typed else self.candidate.data
        return decline.merge_order(number, actor, into_number=into, now=now, **self.step())


class GiveUpForm(ActionForm):
    action = Action.GIVE_UP
    text = long_text_field(
        _l("给居民的说明"), required=_l("请写明为什么没能满足，居民会看到。"), description=_l("居民会看到这段话。")
    )

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return decline.give_up_order(number, actor, text=self.text.data, now=now, **self.step())


class ClaimForm(ActionForm):
    action = Action.CLAIM

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return claim.claim_order(number, actor, now=now, **self.step())


class ManyField(SelectMultipleField):
    """Checkboxes; says what to do when something else was sent."""

    def pre_validate(self, form: Any) -> None:
        known = {str(option.value) for option in self.choices or ()}
        if any(str(value) not in known for value in self.data or ()):
            raise ValidationError(_("请从列表里选。"))


def _many(label: Any, required: Any) -> ManyField:
    return ManyField(
        label,
        choices=[],
        coerce=_whole,
        validators=[Required(required)],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )


def _whole(value: Any) -> int:
    text = str(value)
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise ValueError(_("请从列表里选。"))
    return int(text)


class OfferForm(ActionForm):
    action = Action.OFFER
    team_ids = _many(_l("请哪些服务队来接"), _l("请至少选一支服务队。"))
    is_handed = BooleanField(_l("指定承接：只让这一支队接单"))
    text = long_text_field(_l("给服务队的话"))

    def offer(self, context: Context) -> None:
        choices = list_team_choices(context.view.order, context.item, context.actor.department_id or "", context.now)
        self.team_ids.choices = [
            choice(each.team_id, each.name, _("；").join(map(_reason_in_words, each.reasons))) for each in choices
        ]

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return claim.offer_order(
            number,
            actor,
            team_ids=self.team_ids.data,
            is_handed=self.is_handed.data,
            text=self.text.data or "",
            now=now,
            **self.step(),
        )


def _reason_in_words(reason: tuple[str, int]) -> str:
    code, count = reason
    return {
        "own": lambda: _("本部门的队"),
        "theme": lambda: _("擅长这个主题"),
        "near": lambda: _("就在本镇"),
        "skilled": lambda: ngettext("%(num)d 人具备所需技能", "%(num)d 人具备所需技能", count),
        "load": lambda: ngettext("未来 7 天已有 %(num)d 场", "未来 7 天已有 %(num)d 场", count),
        "asked": lambda: _("已经推过给它"),
    }[code]()


class _TimeForm(ActionForm):
    """Agrees on one time: one of the resident's windows, or another that was agreed on the phone."""

    wished = RadioField(_l("服务时间"), choices=[], validate_choice=False)
    agreed_start = local_time_field(_l("开始"))
    agreed_end = local_time_field(_l("结束"))

    _windows: tuple[Window, ...] = ()

    def offer(self, context: Context) -> None:
        length = timedelta(minutes=context.item.duration_minutes if context.item else 60)
        ahead = [w for w in context.view.windows if w.starts_at > context.now]
        self.wished.flags.required = True
        self._windows = tuple(Window(w.starts_at, min(w.ends_at, w.starts_at + length)) for w in ahead)
        self.wished.choices = [
            *(
                choice(str(i), time_span(each.starts_at, each.ends_at), self._wish_in_words(wish))
                for i, (each, wish) in enumerate(zip(self._windows, ahead, strict=True), 1)
            ),
            choice("other", _("另外约定的时间（请先和居民电话商定，填在下面）")),
        ]

    @staticmethod
    def _wish_in_words(wish: Any) -> str:
        return _("居民方便：%(span)s", span=time_span(wish.starts_at, wish.ends_at))

    def validate(self, extra_validators: Any = None) -> bool:
        """The time is asked for last: it needs both ends, and nothing at all was chosen when all are empty."""
        is_good = super().validate(extra_validators)
        if self.window is None and not (self.agreed_start.errors or self.agreed_end.errors):
            self.agreed_start.errors = [_("请选一个居民方便的时间，或者填另外约定的开始和结束时间。")]
        return bool(is_good) and self.window is not None

    @property
    def window(self) -> Window | None:
        if self.agreed_start.moment and self.agreed_end.moment and self.wished.data in (None, "", "other"):
            return Window(self.agreed_start.moment, self.agreed_end.moment)
        index = self.wished.data or ""
        if index.isascii() and index.isdecimal() and 1 <= int(index[:3]) <= len(self._windows):
            return self._windows[int(index[:3]) - 1]
        return None

    def agreed(self) -> Window:
        if self.window is None:
            raise AssertionError("used before it was validated")
        return self.window


class AcceptForm(_TimeForm):
    action = Action.ACCEPT
    volunteer_ids = _many(_l("谁去服务"), _l("请至少选一名志愿者。"))
    text = long_text_field(_l("备注"))

    def offer(self, context: Context) -> None:
        super().offer(context)
        skills = term_names("skill")
        people = list_crew_choices(context.actor.team_id or 0, context.item, context.now)
        self.volunteer_ids.choices = [
            choice(person.volunteer_id, person.name, _("；").join(_crew_note(person, skills))) for person in people
        ]

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return serve.accept_order(
            number,
            actor,
            agreed=self.agreed(),
            volunteer_ids=self.volunteer_ids.data,
            text=self.text.data or "",
            now=now,
            **self.step(),
        )


def _crew_note(person: CrewChoice, skills: dict[str, Label]) -> list[str]:
    """What a leader wants to know before naming somebody."""
    return [
        *(say(skills[skill]) for skill in person.skills if skill in skills),
        *([_("持证")] if person.is_licensed else []),
        *(_("已有 %(when)s", when=day_time(start)) for start in person.busy),
    ]


class RescheduleForm(_TimeForm):
    action = Action.RESCHEDULE
    text = long_text_field(_l("给居民的话"))

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return serve.reschedule_order(
            number, actor, agreed=self.agreed(), text=self.text.data or "", now=now, **self.step()
        )


class NoShowForm(ActionForm):
    action = Action.NO_SHOW
    text = long_text_field(_l("说说情况"), required=_l("请写明情况，例如等了多久、有没有人联系。"))

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return serve.report_no_show(number, actor, text=self.text.data, now=now, **self.step())


class ReopenForm(ActionForm):
    action = Action.REOPEN
    text = long_text_field(
        _l("为什么重办"),
        required=_l("请写明居民反映的情况。"),
        description=_l("重办后，这次服务登记的时长会冲销，等重新服务后再登记。"),
    )

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return serve.reopen_order(number, actor, text=self.text.data, now=now, **self.step())


class AskForm(ActionForm):
    action = Action.ASK
    text = long_text_field(
        _l("要问居民什么"), required=_l("请写下要问的问题。"), description=_l("等答复期间，时限暂停计算。")
    )

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return ask.ask_resident(number, actor, text=self.text.data, now=now, **self.step())


class AnswerForm(ActionForm):
    action = Action.ANSWER
    text = long_text_field(_l("答复"), required=_l("请写下答复。"))

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return ask.answer_question(number, actor, text=self.text.data, now=now, **self.step())


class CloseForm(ActionForm):
    """Minutes per person are added by `close_form_for`, a field for each of the crew."""

    action = Action.CLOSE
    actual_start = local_time_field(_l("实际开始"), required=_l("请填实际开始时间。"))
    actual_end = local_time_field(_l("实际结束"), required=_l("请填实际结束时间。"))
    attendance = number_field(_l("到场人次"), low=0, high=5000, required=_l("请填到场人数，没有人来就填 0。"))
    report = long_text_field(_l("服务情况"), longest=1000, required=_l("请简单写几句：讲了什么、反响怎样。"))
    photos = photos_field(_l("现场照片"))

    crew_fields: ClassVar[dict[int, str]] = {}

    def offer(self, context: Context) -> None:
        order = context.view.order
        if not self.is_submitted() and order.agreed_start and order.agreed_end:
            planned = int((order.agreed_end - order.agreed_start).total_seconds() // 60)
            self.actual_start.data, self.actual_end.data = input_time(order.agreed_start), input_time(order.agreed_end)
            for name in self.crew_fields.values():
                self._fields[name].data = planned

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        if self.actual_start.moment is None or self.actual_end.moment is None:
            raise AssertionError("used before it was validated")
        return serve.close_order(
            number,
            actor,
            actual=Window(self.actual_start.moment, self.actual_end.moment),
            attendance=self.attendance.data or 0,
            report=self.report.data,
            minutes={person: self._fields[name].data for person, name in self.crew_fields.items()},
            pictures=self.photos.pictures,
            now=now,
            **self.step(),
        )


def close_form_for(view: OrderView) -> type[CloseForm]:
    """A close form with a field of minutes for everybody who was named."""
    fields = {
        f"minutes_{person.id}": number_field(
            _l("%(name)s 服务了多少分钟", name=person.name),
            low=0,
            high=720,
            required=_l("请填分钟数，没来就填 0。"),
        )
        for person in view.crew
    }
    crew = {person.id: f"minutes_{person.id}" for person in view.crew}
    return type("CloseFormForCrew", (CloseForm,), {**fields, "crew_fields": crew})


class RateForm(ActionForm):
    action = Action.RATE
    took_place = RadioField(
        _l("服务来了吗"),
        choices=[SelectChoice("yes", _l("来了")), SelectChoice("no", _l("没有来"))],
        validate_choice=False,
    )
    stars = RadioField(
        _l("做得怎么样"),
        choices=[
            SelectChoice("5", _l("5 星 很满意")),
            SelectChoice("4", _l("4 星 满意")),
            SelectChoice("3", _l("3 星 一般")),
            SelectChoice("2", _l("2 星 不太满意")),
            SelectChoice("1", _l("1 星 不满意")),
        ],
        validators=[Required(_l("请选几颗星。"))],
        validate_choice=False,
    )
    came_count = number_field(_l("大约来了多少人听"), low=0, high=5000)
    again = RadioField(
        _l("还愿意再点吗"),
        choices=[SelectChoice("yes", _l("愿意")), SelectChoice("no", _l("不愿意"))],
        validate_choice=False,
    )
    text = long_text_field(_l("想说的话"))

    def validate_took_place(self, field: Any) -> None:
        if field.data not in ("yes", "no"):
            raise ValidationError(_("请选“来了”或“没有来”。"))

    def validate_stars(self, field: Any) -> None:
        if field.data not in ("1", "2", "3", "4", "5"):
            raise ValidationError(_("请选几颗星。"))

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        verdict = rate.Verdict(
            stars=int(self.stars.data),
            did_take_place=self.took_place.data == "yes",
            came_count=self.came_count.data,
            would_order_again={"yes": True, "no": False}.get(self.again.data or ""),
            text=self.text.data or "",
        )
        return rate.rate_order(number, actor, verdict=verdict, now=now, **self.step())


FORMS: dict[Action, type[ActionForm]] = {
    form.action: form
    for form in (
        DispatchForm,
        RuleForm,
        RejectForm,
        MergeForm,
        CancelForm,
        GiveUpForm,
        ClaimForm,
        ReturnForm,
        ReleaseForm,
        OfferForm,
        AcceptForm,
        RescheduleForm,
        WithdrawForm,
        NoShowForm,
        CloseForm,
        ReopenForm,
        AskForm,
        AnswerForm,
        RateForm,
    )
}


def make_form(action: Action, context: Context, data: FormData | None) -> ActionForm:
    """The form of an action, with its choices; filled from `data` when something was sent."""
    kind = close_form_for(context.view) if action is Action.CLOSE else FORMS[action]
    form = kind(formdata=data)
    form.name_fields_apart()
    form.offer(context)
    if data is None:
        form.version.data = str(context.view.order.version)
    return form


def department_choices(suggestions: tuple[Suggestion, ...]) -> list[SelectChoice]:
    """Departments for a select: the suggested ones with the reason first, then the others."""
    known = {each.department_id for each in suggestions}
    others = [each for each in list_departments() if each.id not in known]
    return [
        *(
            choice(
                each.department_id,
                _("%(name)s（%(why)s）", name=pick(each.name, each.name_en), why=pick(each.why_zh, each.why_en)),
                group=_("规划指定的部门"),
            )
            for each in suggestions
        ),
        *(choice(each.id, pick(each.name, each.name_en), group=_("其他部门")) for each in others),
    ]
