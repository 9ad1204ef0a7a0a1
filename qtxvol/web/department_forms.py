"""Choosing a department: the suggested ones as cards with their reasons, all others in a list below."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from wtforms import HiddenField, SelectChoice

from qtxvol.accounts.actor import Actor
from qtxvol.directory.queries import list_departments
from qtxvol.offers.suggest import OVERRIDE_WHY, DepartmentSuggestion
from qtxvol.orders import dispatch
from qtxvol.orders.lifecycle import Action
from qtxvol.orders.transition import Outcome
from qtxvol.web.action_form import ActionForm, Context
from qtxvol.web.display import pick, say
from qtxvol.web.forms import choice, choice_field, long_text_field
from qtxvol.web.i18n import _, _l
from qtxvol.web.match_words import department_note

#: So many suggested departments stand open as cards; the others are in the list.
SHOWN = 3


class DepartmentForm(ActionForm):
    """Sends an order to a department. `other_department_id` counts before what is chosen among the cards."""

    template = "orders/_department_fields.html"
    #: What the page suggested first when its reader saw it.
    suggested = HiddenField()
    department_id = choice_field(_l("派给哪个部门"))
    other_department_id = choice_field(_l("别的部门"))
    override_why = choice_field(_l("没选第一个，是因为"))
    #: How many of the choices are cards.
    cards = 0

    def offer(self, context: Context) -> None:
        suggestions: Sequence[DepartmentSuggestion] = context.suggestions
        self.department_id.choices = department_choices(suggestions)
        self.cards = min(len(suggestions), SHOWN)
        rest = [_as_option(each) for each in self.department_id.choices[self.cards :]]
        self.other_department_id.choices = [choice("", _("不另选")), *rest] if self.cards else rest
        self.override_why.choices = [
            choice("", _("不说明")),
            *(choice(code, say(why)) for code, why in OVERRIDE_WHY.items()),
        ]
        first = suggestions[0].department_id if suggestions else ""
        known = {each.department_id for each in suggestions}
        if self.suggested.data not in known:
            self.suggested.data = first
        if self.department_id.raw_data is None:  # nothing was sent
            self.department_id.data = first
        cards = {str(each.value) for each in self.department_id.choices[: self.cards]}
        if not self.other_department_id.data and self.department_id.data not in cards:
            self.other_department_id.data = self.department_id.data  # it was a card when the page was opened

    @property
    def chosen(self) -> str:
        return str(self.other_department_id.data or self.department_id.data or "")

    def validate(self, extra_validators: Any = None) -> bool:
        is_good = super().validate(extra_validators)
        if self.chosen or self.department_id.errors or self.other_department_id.errors:
            return is_good
        self.department_id.errors = [_("请从列表里选一个部门。")]
        return False

    def about(self) -> dict[str, Any]:
        """What the step keeps about the choice."""
        return {
            "department_id": self.chosen,
            "suggested_department_id": self.suggested.data or "",
            "override_why": self.override_why.data or "",
        }


class DispatchForm(DepartmentForm):
    action = Action.DISPATCH
    text = long_text_field(_l("给部门的话"))

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return dispatch.dispatch_order(number, actor, text=self.text.data or "", now=now, **self.about(), **self.step())


class RuleForm(DepartmentForm):
    action = Action.RULE
    department_id = choice_field(_l("裁定由哪个部门承办"))
    text = long_text_field(_l("裁定理由"), required=_l("请写明裁定理由，部门和社区都会看到。"))

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return dispatch.rule_order(number, actor, text=self.text.data, now=now, **self.about(), **self.step())


def _as_option(one: SelectChoice) -> SelectChoice:
    """A line of a list has no second line: what speaks for it follows its name."""
    note = one.render_kw.get("data-note") if one.render_kw else ""
    label = _("%(name)s（%(why)s）", name=one.label, why=note) if note else one.label
    return choice(one.value, label, group=one.optgroup)


def department_choices(suggestions: Sequence[DepartmentSuggestion]) -> list[SelectChoice]:
    """Departments for a choice: the suggested ones with their reasons first, then the others."""
    known = {each.department_id for each in suggestions}
    others = [each for each in list_departments() if each.id not in known]
    return [
        *(
            choice(
                each.department_id,
                pick(each.named.name, each.named.name_en),
                department_note(each),
                group=_("菜单和规划写明的部门"),
            )
            for each in suggestions
        ),
        *(choice(each.id, pick(each.name, each.name_en), group=_("其他部门")) for each in others),
    ]
