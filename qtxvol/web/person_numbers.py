"""A volunteer's numbers at the desks that may ask for them: masked, or in full with a reason."""

from flask import Blueprint, make_response, url_for
from flask.typing import ResponseReturnValue

from qtxvol.orders.lifecycle import Party
from qtxvol.privacy.reveal import (
    Revealed,
    get_numbered_volunteer,
    list_reveals_of_volunteer,
    may_reveal_volunteer,
    reveal_volunteer,
)
from qtxvol.refusals import Refused
from qtxvol.web.access import current_actor
from qtxvol.web.desk_frame import render_desk
from qtxvol.web.forms import form_data, now
from qtxvol.web.reveals import RevealForm, field_label, look_lines, never_kept

#: Where the page leads back to: endpoint, and the line of the menu that is marked.
_BACK = {Party.TEAM: ("team.members", "team.members"), Party.OFFICE: ("office.volunteer", "office.teams")}


def add_numbers(bp: Blueprint, rule: str) -> None:
    """The page at `rule`, which names `volunteer_id`."""
    bp.add_url_rule(rule, "numbers", numbers)
    bp.add_url_rule(f"{rule}/<field>", "reveal_number", reveal_number, methods=["POST"])


def numbers(volunteer_id: int) -> ResponseReturnValue:
    """What there is, masked, each with its button; and who looked before."""
    return _show(volunteer_id)


def reveal_number(volunteer_id: int, field: str) -> ResponseReturnValue:
    """One number in full, this once; the look is written down."""
    form = RevealForm.of_volunteer(form_data())
    try:
        found = reveal_volunteer(
            volunteer_id,
            field,
            current_actor(),
            reason=form.reason.data or "",
            note=form.note.data or "",
            now=now(),
        )
    except Refused as refused:
        if refused.status == 403:
            raise
        form.refuse(refused)
        return _show(volunteer_id, field, form), refused.status
    return never_kept(make_response(_show(volunteer_id, field, revealed=found)))


def _show(volunteer_id: int, field: str = "", form: RevealForm | None = None, revealed: Revealed | None = None) -> str:
    actor = current_actor()
    person = get_numbered_volunteer(volunteer_id, actor)
    endpoint, nav = _BACK[actor.party]
    back = url_for(endpoint, volunteer_id=volunteer_id) if actor.party is Party.OFFICE else url_for(endpoint)
    return render_desk(
        "privacy/numbers.html",
        nav_current=nav,
        person=person,
        fields=[each for each in may_reveal_volunteer(actor, person) if getattr(person, each)],
        masked={"phone": person.masked_phone, "id_number": person.masked_id},
        field=field,
        form=form or RevealForm.of_volunteer(),
        failed=form,
        revealed=revealed,
        looks=look_lines(list_reveals_of_volunteer(person.merged_into_id or person.id)),
        field_label=field_label,
        back_url=back,
        reveal_url=lambda name: url_for(".reveal_number", volunteer_id=volunteer_id, field=name),
    )
