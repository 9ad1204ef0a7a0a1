"""送单: a department sends services to communities while an emergency is open."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from wtforms import RadioField, SelectChoice
from wtforms.validators import ValidationError

from qtxvol.accounts.actor import Actor
from qtxvol.directory.queries import list_terms, list_towns_with_communities
from qtxvol.emergencies.models import Emergency
from qtxvol.emergencies.push import MOST_PLACES, Push, list_pushable, push_services
from qtxvol.emergencies.queries import covers_of
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.transition import Outcome
from qtxvol.refusals import Refused
from qtxvol.web.access import current_actor
from qtxvol.web.department.views import bp
from qtxvol.web.desk import EXTRA_NAV, render_desk
from qtxvol.web.display import pick
from qtxvol.web.forms import Required, choice, form_data, now, text_field, tick_field
from qtxvol.web.i18n import _, _l, ngettext
from qtxvol.web.office.emergency_forms import BoxGroup, CodesField
from qtxvol.web.order_form import CONSENT_VERSION, OrderForm

EXTRA_NAV[Party.DEPARTMENT] += [("department.push_form", _l("应急送单"))]


class PushForm(OrderForm):
    """One service for many communities. `groups` are the places under their towns."""

    division_code: Any = None
    wish: Any = None
    phone_in_text_ok: Any = None
    requester_kind: Any = None
    organisation: Any = None
    urgency: Any = None
    photos: Any = None
    website: Any = None
    second_name: Any = None
    second_phone: Any = None
    is_joint_ok: Any = None

    item = RadioField(_l("送什么"), choices=[], validators=[Required(_l("请选送什么服务。"))], validate_choice=False)
    places = CodesField(_l("送到哪些社区和村"), choices=[])
    venue = text_field(_l("地点"), longest=120, required=_l("请写地点，例如：由社区安排。"), default=_l("由社区安排"))
    contact_name = text_field(_l("本单位联系人"), longest=32, required=_l("请填本单位联系人，例如：李老师。"))
    consent = tick_field(
        _l("填的是本单位值班联系人，同意提供给社区和接单的服务队"),
        required=_l("请确认填的是本单位的联系人，再勾选。"),
    )

    groups: Sequence[BoxGroup] = ()
    events: Sequence[Emergency] = ()

    @property
    def names(self) -> list[str]:
        """Everything that is checked; the rest of an order form is not there."""
        return [field.name for field in self if field.name not in ("csrf_token", "key")]

    def prepare(self, actor: Actor, moment: datetime) -> None:
        """Choices: the department's items of each open emergency, and the places that these are about."""
        self.now = moment
        pushable = list_pushable(actor, moment)
        self.events = [emergency for emergency, _items in pushable]
        self.audience.choices = [choice(term.code, pick(term.name, term.name_en)) for term in list_terms("audience")]
        self.item.choices = [
            choice(f"{emergency.id}:{item.id}", pick(item.name, item.name_en), group=_title(emergency))
            for emergency, items in pushable
            for item in items
        ]
        covers = covers_of([each.id for each in self.events]) if self.events else {}
        choices: list[SelectChoice] = []
        groups = []
        for group in list_towns_with_communities():
            within = [
                place
                for place in (group.town, *group.communities)
                if any(cover.has_place(place.code) for cover in covers.values())
            ]
            if within:
                boxes = range(len(choices), len(choices) + len(within))
                choices += [choice(place.code, pick(place.name, place.name_en)) for place in within]
                groups.append((pick(group.town.name, group.town.name_en), boxes))
        self.places.choices = choices
        chosen = set(self.places.data or ())
        self.groups = [
            BoxGroup(name, boxes, sum(str(choices[i].value) in chosen for i in boxes)) for name, boxes in groups
        ]
        self.windows.label.text = _("什么时间送")
        for field in (self.windows, self.places):
            field.flags.required = True  # the label's mark only
        self._offer_days(6, ("morning", "afternoon", "evening"))

    def validate_places(self, field: Any) -> None:
        if not field.data:
            raise ValidationError(_("请至少选一个社区或村。"))
        over = len(set(field.data)) - MOST_PLACES
        if over > 0:
            raise ValidationError(_("一次最多送 %(most)s 个社区和村，请分几次送。", most=MOST_PLACES))

    def push(self, actor: Actor, key: str) -> list[Outcome]:
        """Send it. :raise Refused: as `push_services`."""
        emergency_id, _colon, item = str(self.item.data).partition(":")
        push = Push(
            menu_item_id=item,
            audience=self.audience.data,
            places=tuple(self.places.data or ()),
            headcount=self.headcount.data or 0,
            windows=self.wished_times,
            venue=self.venue.data or "",
            contact_name=self.contact_name.data or "",
            contact_phone=self.contact_phone.digits,
            consent_version=CONSENT_VERSION if self.consent.data else "",
        )
        return push_services(int(emergency_id), push, actor, key=key, now=self.now)


def _title(emergency: Emergency) -> str:
    return _("【演练】%(title)s", title=emergency.title) if emergency.is_drill else emergency.title


@bp.get("/push")
def push_form() -> ResponseReturnValue:
    """The form, or the sentence that nothing is open for this department."""
    form = PushForm(formdata=None)
    form.prepare(current_actor(), now())
    return _show(form)


@bp.post("/push")
def push() -> ResponseReturnValue:
    """Send the services; the same form sent twice is one push."""
    form = PushForm(formdata=form_data())
    form.prepare(current_actor(), now())
    key = form.key.data or ""
    if not form.validate_screen(form.names) or not 16 <= len(key) <= 64:
        return _show(form), 422
    try:
        outcomes = form.push(current_actor(), key)
    except Refused as refused:
        form.refuse(refused, default="item")
        return _show(form), refused.status
    if all(each.is_repeat for each in outcomes):
        flash(_("这张表先前已经送过了，没有重复送。"), "note")
    else:
        sent = len(outcomes)
        flash(
            ngettext("已送单 %(num)d 张，社区已收到通知。", "已送单 %(num)d 张，社区已收到通知。", sent)
            + _("请推给合适的服务队，或等本部门的队来接。"),
            "done",
        )
    return redirect(url_for(".inbox", tab="claimed"), 303)


def _show(form: PushForm) -> str:
    return render_desk("department/push.html", form=form)
