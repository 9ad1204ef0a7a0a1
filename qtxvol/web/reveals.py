"""The button that shows a full number, and the lines that say who pressed it."""

from collections.abc import Iterable, Mapping

from flask import Response

from qtxvol.orders.lifecycle import Label
from qtxvol.privacy.models import Reveal
from qtxvol.privacy.reasons import FIELD_LABELS, ORDER_REASONS, REASON_LABELS, VOLUNTEER_REASONS
from qtxvol.privacy.reveal import LONGEST_NOTE
from qtxvol.web.display import party_label, say, short_time
from qtxvol.web.forms import BaseForm, FormData, choice, choice_field, text_field
from qtxvol.web.i18n import _, _l


class RevealForm(BaseForm):
    """Why; one tap takes the first reason."""

    reason = choice_field(_l("为什么要看"))
    note = text_field(_l("补充说明"), longest=LONGEST_NOTE, description=_l("本人会看到这句话，不要写号码。"))

    @classmethod
    def of_order(cls, data: FormData | None = None) -> "RevealForm":
        return cls._of(ORDER_REASONS, data)

    @classmethod
    def of_volunteer(cls, data: FormData | None = None) -> "RevealForm":
        return cls._of(VOLUNTEER_REASONS, data)

    @classmethod
    def _of(cls, reasons: Mapping[str, Label], data: FormData | None) -> "RevealForm":
        form = cls(formdata=data)
        form.reason.choices = [choice(code, say(label)) for code, label in reasons.items()]
        if data is None:
            form.reason.data = next(iter(reasons))
        for field in form:  # the page has other forms with a reason
            field.id = f"reveal-{field.name}"
            field.label.field_id = field.id
            field.flags.required = field.name == "reason"
        return form


def look_lines(reveals: Iterable[Reveal]) -> list[tuple[str, str, str]]:
    """(when, who, why) of each look, for the person concerned and for the office: bodies, no names of clerks."""
    return [(short_time(each.revealed_at), _who(each), _why(each)) for each in reveals]


def _who(reveal: Reveal) -> str:
    label = party_label(reveal.party)
    return label if reveal.actor_name in ("", label) else f"{label} {reveal.actor_name}"


def _why(reveal: Reveal) -> str:
    why = say(REASON_LABELS[reveal.reason]) if reveal.reason in REASON_LABELS else reveal.reason
    field = say(FIELD_LABELS[reveal.field]) if reveal.field != "phone" and reveal.field in FIELD_LABELS else ""
    return _("，").join(filter(None, (field, why, reveal.note)))


def never_kept(response: Response) -> Response:
    """Neither the browser nor anything on the way may keep a page with a full number."""
    response.headers["Cache-Control"] = "no-store"
    return response


def field_label(field: str) -> str:
    """What a number is called on the button that shows it."""
    return say(FIELD_LABELS[field])
