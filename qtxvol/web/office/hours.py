"""The office's part in the hours: second person, objections, disputes, no-shows, corrections, rules, points."""

from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.hours import numbers, points
from qtxvol.hours.no_shows import decide_no_show, list_no_shows
from qtxvol.hours.objections import count_on_notice, decide_objection, list_open_objections
from qtxvol.hours.presence import list_disputed_orders, settle_dispute
from qtxvol.hours.requests import LONGEST_TEXT, decide_request, list_recent, list_waiting, propose_correction
from qtxvol.hours.rules import CORRECTION_REASONS, DECIDED_REASONS, NUMBERS
from qtxvol.hours.spot_checks import list_denied
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.numbers import parse_number, spoken
from qtxvol.refusals import NotFound, Refused
from qtxvol.web.access import current_actor
from qtxvol.web.desk_frame import EXTRA_NAV, ID, render_desk
from qtxvol.web.display import say
from qtxvol.web.forms import (
    BaseForm,
    choice,
    choice_field,
    form_data,
    long_text_field,
    now,
    number_field,
    text_field,
)
from qtxvol.web.hours_words import reason_choices
from qtxvol.web.i18n import _, _l
from qtxvol.web.late_entries import LateForm, add_late_entries, get_order, show
from qtxvol.web.office.views import bp, search_text
from qtxvol.web.wording import refusal_sentence

add_late_entries(bp)
EXTRA_NAV[Party.OFFICE].append(("office.hours", _l("时长核对")))


class DecisionForm(BaseForm):
    """Yes or no with a sentence; `minutes` only where an objection is upheld."""

    decision = choice_field(_l("怎么办"), required=_l("请选一项。"), choices=[choice("yes", ""), choice("no", "")])
    text = long_text_field(_l("说明"), longest=LONGEST_TEXT)
    minutes = number_field(_l("改为多少分钟"), low=0, high=720)

    @property
    def is_yes(self) -> bool:
        return bool(self.decision.data == "yes")


class CorrectionForm(BaseForm):
    minutes = number_field(_l("改为多少分钟"), low=0, high=720, required=_l("请填分钟数，没有服务就填 0。"))
    reason = choice_field(_l("为什么更正"), required=_l("请选一个原因。"))
    text = long_text_field(_l("说明"), longest=LONGEST_TEXT, required=_l("请写清依据。"))

    def offer(self) -> None:
        self.reason.choices = reason_choices(CORRECTION_REASONS, without=DECIDED_REASONS)


class SpendForm(BaseForm):
    number = text_field(_l("志愿者编号"), longest=16, required=_l("请填志愿者编号。"))
    points = number_field(_l("用掉多少分"), low=1, high=100000, required=_l("请填分数。"))
    reason = text_field(_l("用在哪里"), longest=120, required=_l("请写明用在哪里。"))


@bp.get("/hours")
def hours() -> ResponseReturnValue:
    """What waits for the office, in the order in which people wait."""
    return _show_hours()


@bp.post(f"/hours/requests/<{ID}:request_id>")
def decide_hours(request_id: int) -> ResponseReturnValue:
    """The second person's yes or no to a late entry or to more minutes."""
    return _decide(
        f"request-{request_id}",
        lambda form: decide_request(
            request_id, current_actor(), is_confirmed=form.is_yes, text=form.text.data or "", now=now()
        ),
    )


@bp.post(f"/hours/objections/<{ID}:objection_id>")
def decide_hours_objection(objection_id: int) -> ResponseReturnValue:
    """An objection from the public list is upheld or not."""
    return _decide(
        f"objection-{objection_id}",
        lambda form: decide_objection(
            objection_id,
            current_actor(),
            is_upheld=form.is_yes,
            minutes=form.minutes.data or 0,
            text=form.text.data or "",
            now=now(),
        ),
    )


@bp.post("/hours/disputes/<number>")
def settle_hours(number: str) -> ResponseReturnValue:
    """A disputed service took place, or it did not."""
    plain = parse_number(number)
    if plain is None:
        raise NotFound(number)
    return _decide(
        f"dispute-{plain}",
        lambda form: settle_dispute(
            plain, current_actor(), did_take_place=form.is_yes, text=form.text.data or "", now=now()
        ),
    )


@bp.post(f"/hours/no-shows/<{ID}:no_show_id>")
def decide_hours_no_show(no_show_id: int) -> ResponseReturnValue:
    """The person's objection to a mark: lift it or let it stand."""
    return _decide(
        f"no-show-{no_show_id}",
        lambda form: decide_no_show(
            no_show_id, current_actor(), is_lifted=form.is_yes, text=form.text.data or "", now=now()
        ),
    )


@bp.post(f"/orders/<number>/hours/<{ID}:entry_id>")
def correct(number: str, entry_id: int) -> ResponseReturnValue:
    """Make a line's minutes others. Fewer at once, more with a second person."""
    order = get_order(number)
    form = CorrectionForm(formdata=form_data())
    form.offer()
    late = LateForm(formdata=None)
    late.offer(order)
    try:
        if not form.validate():
            return show(order, late, correction=form, entry_id=entry_id), 422
        is_done = propose_correction(
            entry_id,
            current_actor(),
            minutes=form.minutes.data or 0,
            reason=form.reason.data,
            text=form.text.data,
            now=now(),
        )
    except Refused as refused:
        form.refuse(refused, default="minutes")
        return show(order, late, correction=form, entry_id=entry_id), refused.status
    flash(_("已更正，原来的记录保留。") if is_done else _("已提交，等另一位同事确认后生效。"), "done")
    return redirect(url_for(".order_hours", number=order.number), 303)


@bp.get("/hours/rules")
def hours_rules() -> ResponseReturnValue:
    """The numbers of this room, and who set them when."""
    return _show_rules({})


@bp.post("/hours/rules")
def set_hours_rules() -> ResponseReturnValue:
    """Set them from now on."""
    errors: dict[str, str] = {}
    for name, limits in NUMBERS.items():
        typed = form_data().get(name, "0" if limits.is_switch else "").strip()
        try:
            value = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 6 else -1
            numbers.set_number(current_actor(), name, value, now())
        except Refused as refused:
            if refused.status == 403:
                raise
            errors[name] = refusal_sentence(refused)
    if errors:
        return _show_rules(errors), 422
    flash(_("规则已保存。"), "done")
    return redirect(url_for(".hours_rules"), 303)


@bp.get("/hours/points")
def hours_points() -> ResponseReturnValue:
    """Balances, and a form for what was spent."""
    return _show_points(SpendForm(formdata=None))


@bp.post("/hours/points")
def spend_hours_points() -> ResponseReturnValue:
    """Write down what was spent."""
    form = SpendForm(formdata=form_data())
    if not form.validate():
        return _show_points(form), 422
    try:
        person = points.find_person(form.number.data)
        if person is None:
            form.number.errors = [_("没有这个编号的志愿者。")]
            return _show_points(form), 422
        spent, reason = form.points.data or 0, form.reason.data
        left = points.spend_points(current_actor(), person, points=spent, reason=reason, now=now())
    except Refused as refused:
        form.refuse(refused, default="points")
        return _show_points(form), refused.status
    flash(_("已记下，还剩 %(left)s 分。", left=left), "done")
    return redirect(url_for(".hours_points"), 303)


def _decide(place: str, act: Any) -> ResponseReturnValue:
    """Carry out a decision; what can't be done is said at its own form, with what was typed."""
    form = DecisionForm(formdata=form_data())
    try:
        if not form.validate():
            return _show_hours(place, form), 422
        act(form)
    except Refused as refused:
        if refused.code == "wrong_party":
            raise
        form.refuse(refused, default="text")
        return _show_hours(place, form), refused.status
    flash(_("已办理，记录在案。"), "done")
    return redirect(url_for(".hours"), 303)


def _show_hours(bad_place: str = "", bad_form: DecisionForm | None = None) -> str:
    return render_desk(
        "office/hours.html",
        nav_current="office.hours",
        waiting=list_waiting(),
        objections=list_open_objections(),
        disputes=list_disputed_orders(),
        no_shows=list_no_shows(current_actor(), status="objected"),
        denied=list_denied(),
        recent=list_recent(),
        on_notice=count_on_notice(now()),
        me=current_actor().account_id,
        bad_place=bad_place,
        bad_form=bad_form,
        spoken=spoken,
    )


def _show_rules(errors: dict[str, str]) -> str:
    sent = form_data() if request.method == "POST" else {}
    return render_desk(
        "office/hours_rules.html",
        nav_current="office.hours",
        rules=[(name, limits, sent.get(name, value)) for name, limits, value in _numbers()],
        changes=[(row, say(NUMBERS[row.name].label)) for row in numbers.list_changes() if row.name in NUMBERS],
        errors=errors,
    )


def _numbers() -> list[tuple[str, Any, int]]:
    in_force = numbers.get_numbers()
    return [(name, limits, in_force[name]) for name, limits in NUMBERS.items()]


def _show_points(form: SpendForm) -> str:
    return render_desk(
        "office/points.html",
        nav_current="office.hours",
        form=form,
        rows=points.list_balances(search_text()),
        text=search_text(),
        is_on=bool(numbers.get_number("points_enabled")),
    )
