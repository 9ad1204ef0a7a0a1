"""A volunteer's hours: check-in on site, the ledger's lines about oneself, no-shows and points."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.accounts.attempts import CHECK_IN_ACCOUNT, count_attempt, forget_attempts, seconds_to_wait
from qtxvol.base import CITY_TIME
from qtxvol.hours.attendance import OpenService, check_in, check_out, list_open_services
from qtxvol.hours.no_shows import LONGEST_TEXT, count_marks, list_own_no_shows, object_to_no_show
from qtxvol.hours.numbers import get_numbers
from qtxvol.hours.points import get_balance, list_points
from qtxvol.hours.queries import get_served, list_hours
from qtxvol.orders.numbers import parse_number, spoken
from qtxvol.refusals import Refused
from qtxvol.web.access import current_actor, settings
from qtxvol.web.desk_frame import ID, render_desk
from qtxvol.web.display import day_time
from qtxvol.web.forms import BaseForm, choice, choice_field, form_data, long_text_field, now, text_field
from qtxvol.web.i18n import _, _l
from qtxvol.web.volunteer.views import bp


class CheckInForm(BaseForm):
    number = choice_field(_l("哪一场服务"), required=_l("请选一场服务。"))
    code = text_field(
        _l("现场的 6 位签到码"),
        longest=20,
        required=_l("请填现场显示的 6 位数字。"),
        description=_l("队长的手机或电脑上显示，每分钟换一次；也可以直接扫它旁边的二维码。"),
        render_kw={"inputmode": "numeric", "autocomplete": "one-time-code"},
    )
    step = choice_field(_l("签到还是签退"), required=_l("请选签到或签退。"))

    def offer(self, services: list[OpenService]) -> None:
        self.number.choices = [choice(each.number, spoken(each.number)) for each in services]
        self.step.choices = [choice("in", _("签到")), choice("out", _("签退"))]


class ObjectionForm(BaseForm):
    text = long_text_field(_l("为什么不该记"), longest=LONGEST_TEXT, required=_l("请写明情况。"))


@bp.get("/check-in")
def check_in_page() -> ResponseReturnValue:
    """Services whose doors are open, each with its next step. From a QR code number and digits are filled in."""
    form = CheckInForm(formdata=None)
    form.code.data = request.args.get("code", "")[:10]
    form.number.data = parse_number(request.args.get("number", "")) or ""
    return _show_check_in(form)


@bp.post("/check-in")
def do_check_in() -> ResponseReturnValue:
    """Check in or out. Guessing is slowed down."""
    actor, key = current_actor(), f"check-in:{current_actor().account_id}"
    form = CheckInForm(formdata=form_data())
    form.offer(list_open_services(actor, now()))
    if not form.validate():
        return _show_check_in(form), 422
    if wait := seconds_to_wait(key, CHECK_IN_ACCOUNT, now()):
        form.refuse(Refused("wait", 429, seconds=wait), default="code")
        return _show_check_in(form), 429
    keys = (settings().secret_key, *settings().secret_key_fallbacks)
    verb = check_in if form.step.data == "in" else check_out
    try:
        done = verb(actor, form.number.data, form.code.data, keys, now())
    except Refused as refused:
        if refused.code == "wrong_code":
            count_attempt(key, CHECK_IN_ACCOUNT, now())
        form.refuse(refused, default="code")
        return _show_check_in(form), refused.status
    forget_attempts(key)
    flash(_done_sentence(done), "done")
    return redirect(url_for(".check_in_page"), 303)


@bp.get("/hours")
def hours() -> ResponseReturnValue:
    """Every line of the ledger about oneself."""
    return _show_hours()


@bp.post(f"/no-shows/<{ID}:no_show_id>")
def object_no_show(no_show_id: int) -> ResponseReturnValue:
    """Say that a mark is not right."""
    form = ObjectionForm(formdata=form_data())
    if not form.validate():
        return _show_hours(bad_id=no_show_id, error=form.text.errors[0]), 422
    object_to_no_show(no_show_id, current_actor(), text=form.text.data, now=now())
    flash(_("异议已提交，裁定之前这一次不计入次数。"), "done")
    return redirect(url_for(".hours", _anchor="no-shows"), 303)


def _show_check_in(form: CheckInForm) -> str:
    services = list_open_services(current_actor(), now())
    form.offer(services)
    return render_desk("volunteer/check_in.html", form=form, services=services)


def _show_hours(bad_id: int = 0, error: str = "") -> str:
    me = current_actor().volunteer_id or 0
    numbers = get_numbers()
    today = now().astimezone(CITY_TIME).date()
    return render_desk(
        "volunteer/hours.html",
        nav_current="volunteer.hours",
        served=get_served(me),
        lines=list_hours(me),
        no_shows=list_own_no_shows(current_actor()),
        marks=sum(count_marks([me], today).values()),
        numbers_in_force=numbers,
        balance=get_balance(me) if numbers["points_enabled"] else None,
        points=list_points(me) if numbers["points_enabled"] else [],
        url_of_order=lambda number: url_for(".order", number=number),
        bad_id=bad_id,
        error=error,
    )


def _done_sentence(done: str) -> str:
    when = day_time(now())
    match done:
        case "in":
            return _("签到成功，%(when)s。结束后请记得签退。", when=when)
        case "out":
            return _("签退成功，%(when)s。队长办结后时长会登记。", when=when)
    return _("先前已经办过了，以第一次的时间为准。")
