"""What every form of an action has: the page it stands on, its verb, a reason, choices of many.

The forms themselves stand in `action_forms.py` and `service_forms.py`.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, ClassVar

from wtforms import BooleanField, SelectMultipleField
from wtforms.validators import ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.phones import has_phone_inside
from qtxvol.directory.queries import MenuEntry, list_reasons
from qtxvol.offers.situation import Matching, load_matching
from qtxvol.offers.suggest import DepartmentSuggestion
from qtxvol.orders.lifecycle import Action
from qtxvol.orders.queries import OrderView
from qtxvol.orders.transition import Outcome
from qtxvol.web.display import pick
from qtxvol.web.forms import (
    Required,
    StepForm,
    choice,
    choice_field,
)
from qtxvol.web.i18n import _, _l


@dataclass(frozen=True)
class Context:
    """What a form may need to offer choices: who acts, on what."""

    actor: Actor
    view: OrderView
    item: MenuEntry | None
    suggestions: tuple[DepartmentSuggestion, ...]
    now: datetime

    @cached_property
    def matching(self) -> Matching:
        """Who could serve the order: what is said of asking and the form that offers it read the same, once."""
        return load_matching([self.view.order], self.now)


class ActionForm(StepForm):
    """A form for one action. Subclasses say what it asks (`offer`) and what it does (`run`)."""

    action: ClassVar[Action]
    #: Where a refusal without a field of its own is shown; empty: above the form.
    refusal_field: ClassVar[str] = ""
    #: Draws the fields.
    template: ClassVar[str] = "orders/_fields.html"
    has_files: ClassVar[bool] = False
    #: The field of which a page says how many are chosen.
    counted: ClassVar[str] = ""

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


class ReasonForm(ActionForm):
    """Asks for a coded reason."""

    reason = choice_field(_l("原因"), required=_l("请选一个原因。"))

    def offer(self, context: Context) -> None:
        self.reason.choices = [
            choice("", _("请选择")),
            *(choice(each.code, pick(each.name, each.name_en)) for each in list_reasons(self.action)),
        ]


class ManyField(SelectMultipleField):
    """Checkboxes; says what to do when something else was sent."""

    def pre_validate(self, form: Any) -> None:
        known = {str(option.value) for option in self.choices or ()}
        if any(str(value) not in known for value in self.data or ()):
            raise ValidationError(_("请从列表里选。"))


def many_field(label: Any, required: Any = None) -> ManyField:
    """Checkboxes whose values are ids. `required` is the sentence for when none is ticked; without it that is fine."""
    return ManyField(
        label,
        choices=[],
        coerce=_whole,
        validators=[Required(required)] if required else [],
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )


def _whole(value: Any) -> int:
    text = str(value)
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise ValueError(_("请从列表里选。"))
    return int(text)
