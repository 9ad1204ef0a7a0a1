"""The team's calendar: a day with what its leader needs and does on the way, a week, and the day on paper."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from flask import make_response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from qtxvol.accounts.permissions import ContactAccess, contact_access, find_obstacle
from qtxvol.directory.queries import term_names
from qtxvol.hours.attendance import list_attendances
from qtxvol.hours.models import Attendance
from qtxvol.orders.calendar import Service, day_window, days_window, list_services, list_wishes
from qtxvol.orders.crew import list_crew_replies
from qtxvol.orders.lifecycle import Action, Label, find_refusal, get_rule
from qtxvol.orders.models import Reply
from qtxvol.orders.transition import facts_of
from qtxvol.privacy.reveal import list_day_phones, reveal_day
from qtxvol.refusals import Refused
from qtxvol.web.access import current_actor, current_seat
from qtxvol.web.action_forms import CloseForm, close_form_for
from qtxvol.web.answers.words import reply_badge
from qtxvol.web.calendar import asked_day, day_name, make_week, monday_of, span_on, today
from qtxvol.web.desk_frame import render_desk
from qtxvol.web.display import say
from qtxvol.web.forms import now
from qtxvol.web.i18n import _, ngettext
from qtxvol.web.reveals import never_kept
from qtxvol.web.team.views import bp
from qtxvol.web.wording import refusal_sentence


@dataclass(frozen=True, slots=True)
class Stop:
    """A service of the day as the leader reads it.

    :ivar marks: what to think of before setting out.
    :ivar has_contact: whether this seat may read name and phone of who asked.
    :ivar phone: the full number, once the leader has taken it along; the page shows the last digits until then.
    :ivar form: 办结, also before the service begins: the page may be without a line by then.
    :ivar why_not: why it can't be sent just now.
    :ivar replies: what the crew has answered, by volunteer.
    """

    service: Service
    when: str
    audience: str
    marks: list[str]
    has_contact: bool
    phone: str
    form: CloseForm | None
    why_not: str
    replies: Mapping[int, Reply]


@bp.get("/day")
def day() -> ResponseReturnValue:
    """A day's services in their order."""
    on = asked_day("on")
    services = list_services(current_actor(), day_window(on))
    since = day_window(today()).starts_at
    phones = list_day_phones(current_actor(), [each.order for each in services], since=since)
    stops = _stops(services, on, phones)
    return render_desk(
        "team/day.html",
        on=on,
        today=today(),
        day_name=day_name,
        stops=stops,
        step=timedelta(1),
        reply_badge=reply_badge,
    )


@bp.post("/day/numbers")
def take_numbers() -> ResponseReturnValue:
    """Take the residents' numbers of a day along, kept on the phone for where there is no line; each is written down.

    The day page shows them until midnight, so that the copy that the phone keeps has them too.
    """
    on = asked_day("on")
    services = list_services(current_actor(), day_window(on))
    reveal_day(current_actor(), [each.order.id for each in services], reason="day", now=now())
    return redirect(url_for(".day", on=on), 303)


@bp.get("/day/sheet")
def day_sheet() -> ResponseReturnValue:
    """The day on paper, with room for signatures."""
    return _show_sheet(asked_day("on"), {})


@bp.post("/day/sheet")
def day_sheet_with_numbers() -> ResponseReturnValue:
    """The same with the residents' full numbers; each is written down."""
    on = asked_day("on")
    ids = [each.order.id for each in list_services(current_actor(), day_window(on))]
    phones = reveal_day(current_actor(), ids, reason="day_sheet", now=now())
    return never_kept(make_response(_show_sheet(on, phones)))


def _show_sheet(on: date, phones: Mapping[int, str]) -> str:
    return render_template(
        "team/day_sheet.html",
        on=on,
        title=day_name(on),
        reply_badge=reply_badge,
        stops=_stops(list_services(current_actor(), day_window(on)), on, phones),
        team=current_seat().place,
        printed_at=now(),
    )


@bp.get("/week")
def week() -> ResponseReturnValue:
    """Monday to Sunday, with the times at which open orders could be served."""
    actor, monday = current_actor(), monday_of(asked_day("of"))
    sunday = monday + timedelta(days=6)
    window = days_window(monday, sunday)
    return render_desk(
        "team/week.html",
        nav_current="team.day",
        days=make_week(monday, list_services(actor, window), list_wishes(actor, window, now())),
        monday=monday,
        sunday=sunday,
        today=today(),
        day_name=day_name,
        step=timedelta(7),
        order_url=lambda number: url_for(".order", number=number),
        day_url=lambda day: url_for(".day", on=day),
    )


def _stops(services: list[Service], on: date, phones: Mapping[int, str]) -> list[Stop]:
    audiences, skills = term_names("audience"), term_names("skill")
    present = list_attendances([each.order for each in services])
    replies = list_crew_replies([each.order for each in services])
    return [
        _make_stop(
            each, on, audiences, skills, present[each.order.id], phones.get(each.order.id, ""), replies[each.order.id]
        )
        for each in services
    ]


def _make_stop(
    service: Service,
    on: date,
    audiences: dict[str, Label],
    skills: dict[str, Label],
    present: Mapping[int, Attendance],
    phone: str,
    replies: Mapping[int, Reply],
) -> Stop:
    actor, order = current_actor(), service.order
    refusal = find_refusal(get_rule(Action.CLOSE), actor.party, facts_of(order, actor, now()))
    may_close = refusal in (None, "not_started") and find_obstacle(actor, order, Action.CLOSE) is None
    return Stop(
        service,
        span_on(service.window, on),
        say(audiences[order.audience]) if order.audience in audiences else order.audience,
        _marks(service, skills),
        contact_access(actor, order) is ContactAccess.FULL and bool(order.contact_phone_tail),
        phone,
        _close_form(service, present) if may_close else None,
        refusal_sentence(Refused(refusal)) if may_close and refusal else "",
        replies,
    )


def _marks(service: Service, skills: dict[str, Label]) -> list[str]:
    """What the menu says about the item."""
    row = service.row
    if row.item_name is None:
        return []
    wanted = _("、").join(say(skills[code]) for code in row.needed_skills if code in skills)
    return [
        *([_("会用到：%(skills)s", skills=wanted)] if wanted else []),
        *([_("持证的人要到场，请带证书")] if row.is_licence_required else []),
        *([_("现场有未成年人，请和老师或家长一起")] if row.has_minors_present else []),
        *([_("要请外来专家，请提前联系承办部门")] if row.needs_outside_expert else []),
        *(
            [ngettext("至少 %(num)d 名志愿者", "至少 %(num)d 名志愿者", row.min_volunteers)]
            if row.min_volunteers > 1
            else []
        ),
    ]


def _close_form(service: Service, present: Mapping[int, Attendance]) -> CloseForm:
    """As on the order's page, without asking the database once per order; ids differ, names don't."""
    order = service.order
    form = close_form_for(service.crew)(formdata=None)
    form.plan(order, present)
    form.version.data = str(order.version)
    for field in form:
        field.id = f"{order.number}-{field.name}"
        field.label.field_id = field.id
    return form
