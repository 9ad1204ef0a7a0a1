"""Asking teams by name: a short list with reasons and a time for each, more behind a fold, any other by its name."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from wtforms import BooleanField

from qtxvol.accounts.actor import Actor
from qtxvol.base import AnyRow
from qtxvol.offers.caps import list_asked_enough
from qtxvol.offers.suggest import TeamSuggestion, rank_teams
from qtxvol.orders import claim
from qtxvol.orders.claim import LONGEST_WHY
from qtxvol.orders.lifecycle import Action
from qtxvol.orders.transition import Outcome
from qtxvol.volunteers.queries import list_active_teams
from qtxvol.web.action_form import ActionForm, Context, many_field
from qtxvol.web.display import pick
from qtxvol.web.forms import choice, choice_field, long_text_field, text_field
from qtxvol.web.i18n import _, _l
from qtxvol.web.match_words import named_with_pause, team_lead, team_note

#: So many teams stand open, and so many more in the fold: a short list is read, a long one is not.
SHOWN, MOST = 5, 20


def _named(team: AnyRow, asked_enough: Collection[int], now: datetime) -> str:
    name = named_with_pause(team, now)
    return _("%(team)s（本周已问到上限）", team=name) if team.id in asked_enough else name


class OfferForm(ActionForm):
    action = Action.OFFER
    template = "orders/_offer_fields.html"
    team_ids = many_field(_l("请哪些服务队来接"))
    other_team_id = choice_field(_l("另请一支队"))
    override_why = text_field(_l("没选推荐的，是因为"), longest=LONGEST_WHY)
    is_handed = BooleanField(_l("指定承接：只让这一支队接单"))
    text = long_text_field(_l("给服务队的话"))
    #: How many of the choices stand open, and where it is said why a team is not among them.
    shown = SHOWN
    number = ""
    _suggested: Mapping[int, TeamSuggestion] = {}

    def offer(self, context: Context) -> None:
        self.number = context.view.order.number
        ranking = rank_teams(context.view.order, context.now, matching=context.matching)[:MOST]
        self._suggested = {each.team_id: each for each in ranking}
        asked_enough = set() if context.view.order.is_emergency else list_asked_enough(context.now)
        others = [
            choice(each.id, _named(each, asked_enough, context.now), group=pick(each.department, each.department_en))
            for each in list_active_teams()
            if each.id not in self._suggested
        ]
        # whoever has left the list since the page was shown may still be asked: a person has chosen
        listed = [choice(each.team_id, each.name, team_note(each), lead=team_lead(each)) for each in ranking]
        self.team_ids.choices = [*listed, *others]
        self.other_team_id.choices = [choice("", _("不另请")), *others]

    @property
    def listed(self) -> int:
        """How many of the choices are on the list."""
        return len(self._suggested)

    @property
    def chosen(self) -> list[int]:
        other = self.other_team_id.data
        return [*(self.team_ids.data or ()), *([int(other)] if other else [])]

    def validate(self, extra_validators: Any = None) -> bool:
        is_good = super().validate(extra_validators)
        if self.team_ids.errors or self.other_team_id.errors or self.chosen:
            return is_good
        self.team_ids.errors = [_("请至少选一支服务队。")]
        return False

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        chosen = self.chosen
        best = set(list(self._suggested)[: len(chosen)])
        return claim.offer_order(
            number,
            actor,
            team_ids=chosen,
            is_handed=self.is_handed.data,
            text=self.text.data or "",
            proposals={each: self._suggested[each].as_proposal() for each in chosen if each in self._suggested},
            override_why="" if set(chosen) == best else self.override_why.data or "",
            now=now,
            **self.step(),
        )
