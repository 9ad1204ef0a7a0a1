"""One form per action of the lifecycle, for pages and API alike: what it asks, and the verb that it calls.

`FORMS` is the only list that ties an action to a form. A page shows the forms whose actions the lifecycle
table allows; it knows nothing else.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ClassVar

from wtforms import BooleanField, RadioField
from wtforms.validators import ValidationError

from qtxvol.accounts.actor import Actor
from qtxvol.directory.queries import list_departments
from qtxvol.offers.other_times import answer_times, find_open_counter, windows_of_counter
from qtxvol.orders import ask, automatic, claim, contact, decline, undo
from qtxvol.orders.lifecycle import Action
from qtxvol.orders.numbers import parse_number, spoken
from qtxvol.orders.queries import list_merge_targets
from qtxvol.orders.transition import Outcome
from qtxvol.orders.windows import Window
from qtxvol.web.action_form import ActionForm, Context, ManyField, ReasonForm
from qtxvol.web.crew_form import CrewForm
from qtxvol.web.department_forms import DispatchForm, RuleForm, department_choices
from qtxvol.web.display import item_name, pick, place_name, time_span
from qtxvol.web.forms import FormData, choice, choice_field, long_text_field, text_field
from qtxvol.web.hold_forms import HoldForm, LetGoForm
from qtxvol.web.i18n import _, _l
from qtxvol.web.offer_form import OfferForm
from qtxvol.web.service_forms import (
    AcceptForm,
    CloseForm,
    NoShowForm,
    RateForm,
    ReopenForm,
    RescheduleForm,
    WithdrawForm,
    close_form_for,
)

#: The choice of a resident whom none of the proposed times suits.
NO_TIME = "none"

__all__ = [
    "FORMS",
    "ActionForm",
    "CloseForm",
    "Context",
    "ManyField",
    "close_form_for",
    "department_choices",
    "make_form",
]


class RejectForm(ReasonForm):
    action = Action.REJECT
    text = long_text_field(
        _l("给居民的说明"),
        required=_l("请写一句给居民的说明，例如可以找谁办。"),
        description=_l("居民会看到这段话。不属于科普服务的，请告诉居民拨打 12345。"),
    )

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return decline.reject_order(number, actor, reason=self.reason.data, text=self.text.data, now=now, **self.step())


class CancelForm(ReasonForm):
    action = Action.CANCEL
    text = long_text_field(_l("补充说明"))

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return decline.cancel_order(
            number, actor, reason=self.reason.data, text=self.text.data or "", now=now, **self.step()
        )


class ReturnForm(ReasonForm):
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
    is_auto_asked = BooleanField(
        _l("由系统逐批询问服务队"),
        default=True,
        description=_l("先问最合适的，没人答应再问下一批；随时可以改为自己挑队。"),
    )

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return claim.claim_order(number, actor, is_auto_asked=self.is_auto_asked.data, now=now, **self.step())


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


class AnswerTimesForm(ActionForm):
    """The same where the question was which of some times would do."""

    action = Action.ANSWER
    chosen = RadioField(_l("哪个时间行"), choices=[], validate_choice=False)
    text = long_text_field(_l("想说的话"), description=_l("都不行的，可以写写什么时候方便。"), render_kw={"rows": 2})

    _times: dict[str, Window] = {}
    _event_id: int | None = None

    def offer(self, context: Context) -> None:
        counter = find_open_counter(context.view.order.id)
        if counter is not None:
            self._event_id = counter.asked_event_id
            ahead = [each for each in windows_of_counter(counter) if each.starts_at > context.now]
            self._times = {each.starts_at.isoformat(): each for each in ahead}
        self.chosen.flags.required = True
        self.chosen.choices = [
            *(choice(value, time_span(each.starts_at, each.ends_at)) for value, each in self._times.items()),
            choice(NO_TIME, _("都不行")),
        ]

    def validate_chosen(self, field: Any) -> None:
        if field.data != NO_TIME and field.data not in self._times:
            raise ValidationError(_("请选一个时间，或者选“都不行”。"))

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return answer_times(
            number,
            actor,
            chosen=self._times.get(self.chosen.data),
            text=self.text.data or "",
            event_id=self._event_id,
            now=now,
            **self.step(),
        )


class UndoForm(ActionForm):
    """One tap; why may be said and need not be."""

    text = long_text_field(_l("说明原因"), render_kw={"rows": 2})
    verb: ClassVar[Callable[..., Outcome]]

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return type(self).verb(number, actor, text=self.text.data or "", now=now, **self.step())


class RecallForm(UndoForm):
    action = Action.RECALL
    verb = staticmethod(undo.recall_order)


class UnclaimForm(UndoForm):
    action = Action.UNCLAIM
    verb = staticmethod(undo.unclaim_order)


class RestoreForm(UndoForm):
    action = Action.RESTORE
    text = long_text_field(_l("说明原因"), description=_l("居民会看到这段话。"), render_kw={"rows": 2})
    verb = staticmethod(undo.restore_order)


class SplitForm(UndoForm):
    action = Action.SPLIT
    text = long_text_field(_l("说明原因"), description=_l("居民会看到这段话。"), render_kw={"rows": 2})
    verb = staticmethod(undo.split_order)


class EndUnreachableForm(ActionForm):
    action = Action.END_UNREACHABLE
    text = long_text_field(_l("给居民的话"), description=_l("居民以后打开这张单会看到，例如怎样再联系社区。"))

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return contact.end_unreachable(number, actor, text=self.text.data or "", now=now, **self.step())


class ResumeForm(UndoForm):
    action = Action.RESUME
    text = long_text_field(_l("说明原因"), description=_l("居民会看到这段话。"), render_kw={"rows": 2})
    verb = staticmethod(contact.resume_order)


class TurnBackForm(UndoForm):
    action = Action.TURN_BACK
    text = long_text_field(
        _l("说明原因"), description=_l("两个部门都会看到。撤销以后系统不再自动转派这张单。"), render_kw={"rows": 2}
    )
    verb = staticmethod(automatic.turn_back_order)


class ReinstateForm(UndoForm):
    action = Action.REINSTATE
    text = long_text_field(_l("说明原因"), description=_l("服务队会看到。人员和时间都不变。"), render_kw={"rows": 2})
    verb = staticmethod(automatic.reinstate_order)


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
        HoldForm,
        LetGoForm,
        RescheduleForm,
        CrewForm,
        WithdrawForm,
        NoShowForm,
        CloseForm,
        ReopenForm,
        AskForm,
        AnswerForm,
        RateForm,
        RecallForm,
        UnclaimForm,
        RestoreForm,
        SplitForm,
        TurnBackForm,
        ReinstateForm,
        EndUnreachableForm,
        ResumeForm,
    )
}


def _asks_for_times(context: Context) -> bool:
    """The open question is which of some other times would do."""
    return context.view.facts.has_open_question and find_open_counter(context.view.order.id) is not None


def make_form(action: Action, context: Context, data: FormData | None) -> ActionForm:
    """The form of an action, with its choices; filled from `data` when something was sent."""
    kind = close_form_for(context.view.crew) if action is Action.CLOSE else FORMS[action]
    if action is Action.ANSWER and _asks_for_times(context):
        kind = AnswerTimesForm
    form = kind(formdata=data)
    form.name_fields_apart()
    form.offer(context)
    if data is None:
        form.version.data = str(context.view.order.version)
    return form
