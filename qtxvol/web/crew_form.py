"""The form for naming other people for an accepted service."""

from collections.abc import Mapping
from datetime import datetime

from wtforms import SelectChoice

from qtxvol.accounts.actor import Actor
from qtxvol.directory.queries import term_names
from qtxvol.orders.crew import change_crew, list_crew_replies
from qtxvol.orders.lifecycle import Action, Label
from qtxvol.orders.models import Reply
from qtxvol.orders.transition import Outcome
from qtxvol.orders.windows import Window
from qtxvol.volunteers.queries import CrewChoice, list_crew_choices
from qtxvol.web.action_form import ActionForm, Context, many_field
from qtxvol.web.answers.words import reply_badge, reply_note
from qtxvol.web.forms import choice, long_text_field
from qtxvol.web.i18n import _, _l
from qtxvol.web.service_forms import crew_doubts, crew_note


class CrewForm(ActionForm):
    """Everybody who is to come, those of now ticked, each with what they have said."""

    action = Action.CREW
    template = "orders/_crew_fields.html"
    counted = "volunteer_ids"
    refusal_field = "volunteer_ids"
    #: Heading of those who come now, would do and have the time.
    ready_group = ""
    volunteer_ids = many_field(_l("谁去服务"), _l("请至少选一名志愿者。"))
    text = long_text_field(_l("备注"), render_kw={"rows": 2})

    def offer(self, context: Context) -> None:
        order, crew = context.view.order, [person.id for person in context.view.crew]
        if order.agreed_start is None or order.agreed_end is None:
            return
        agreed = Window(order.agreed_start, order.agreed_end)
        replies = list_crew_replies([order])[order.id]
        skills, needed = term_names("skill"), set(context.item.needed_skills) if context.item else set()
        self.ready_group = _("合适的人")
        ready: list[SelectChoice] = []
        others: list[SelectChoice] = []
        for person in list_crew_choices(context.actor.team_id or 0, context.item, context.now):
            is_named = person.volunteer_id in crew
            busy = tuple(each for each in person.busy if not (is_named and each == agreed))
            is_ready = person.is_qualified and not any(each.overlaps(agreed) for each in busy)
            there = CrewChoice(
                person.volunteer_id, person.name, person.skills, person.is_licensed, person.is_qualified, busy
            )
            note = _note(there, is_named, replies, skills, needed, is_ready)
            group = self.ready_group if is_named or is_ready else _("其他队员")
            (ready if is_named or is_ready else others).append(
                choice(person.volunteer_id, person.name, note, group=group)
            )
        known = {each.value for each in (*ready, *others)}
        for lent in context.view.crew:  # of another team; they have said yes themselves
            if lent.id not in known:
                said = reply_badge(replies.get(lent.id))[0]
                note = _("邻队来帮忙；%(said)s", said=said)
                ready.append(choice(lent.id, lent.name, note, group=self.ready_group))
        ready.sort(key=lambda each: each.value not in crew)
        self.volunteer_ids.choices = [*ready, *others]
        if not self.is_submitted():
            self.volunteer_ids.data = crew

    def run(self, number: str, actor: Actor, now: datetime) -> Outcome:
        return change_crew(
            number, actor, volunteer_ids=self.volunteer_ids.data, text=self.text.data or "", now=now, **self.step()
        )


def _note(
    person: CrewChoice,
    is_named: bool,
    replies: Mapping[int, Reply],
    skills: dict[str, Label],
    needed: set[str],
    is_ready: bool,
) -> str:
    """For one who is named, their answer first."""
    parts = crew_note(person, skills, needed) if is_ready else crew_doubts(person, needed)
    if is_named:
        reply = replies.get(person.volunteer_id)
        why = reply_note(reply)
        said = reply_badge(reply)[0]
        parts = [_("%(said)s（%(why)s）", said=said, why=why) if why else said, *parts]
    return _("；").join(parts)
