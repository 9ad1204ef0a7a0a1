"""The office's own part of targets: opening the next period, carrying targets over, closing the old one."""

import re
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Party
from qtxvol.progress.models import Period
from qtxvol.progress.periods import PeriodCard, close_period, next_names, next_span, open_period
from qtxvol.progress.targets import TargetView, list_periods, list_targets, today_of
from qtxvol.refusals import NotFound, Refused
from qtxvol.reports.target_lines import plain, wanted_of
from qtxvol.web.access import current_actor
from qtxvol.web.desk_frame import EXTRA_NAV, render_desk
from qtxvol.web.forms import BaseForm, form_data, now, text_field
from qtxvol.web.i18n import _, _l
from qtxvol.web.office.views import bp
from qtxvol.web.target_pages import add_targets
from qtxvol.web.wording import refusal_sentence

add_targets(bp)
EXTRA_NAV[Party.OFFICE].append(("office.targets", _l("目标与填报")))


class PeriodForm(BaseForm):
    name = text_field(_l("规划期名称"), longest=32, required=_l("请填写规划期名称。"))
    name_en = text_field(_l("英文名称"), longest=64)


@bp.get("/targets/periods/<period_id>/next")
def period_form(period_id: str) -> ResponseReturnValue:
    """Which targets go on, and with which values."""
    before = _find(period_id)
    name, name_en = next_names(before)
    return _show(before, PeriodForm(formdata=None, data={"name": name, "name_en": name_en}))


@bp.post("/targets/periods/<period_id>/next")
def submit_period(period_id: str) -> ResponseReturnValue:
    """Open the period after this one, or carry more targets over into it."""
    before, form = _find(period_id), PeriodForm(formdata=form_data())
    if not form.validate():
        return _show(before, form), 422
    targets = {target.id: target for target in list_targets(period_id, today_of(now()))}
    chosen = [each for each in request.form.getlist("carry") if each in targets]
    carry = {each: _number(request.form.get(f"value-{each}", ""), targets[each]) for each in chosen}
    try:
        opened = open_period(
            current_actor(), period_id, PeriodCard(form.name.data, form.name_en.data or "", carry), now()
        )
    except Refused as refused:
        form.refuse(refused)
        return _show(before, form, {str(refused.about.get("field")): refusal_sentence(refused)}), refused.status
    flash(_("“%(name)s”已开启，延续 %(count)s 项指标。", name=form.name.data, count=len(opened.carried)), "done")
    return redirect(url_for(".targets", period=opened.period_id), 303)


@bp.post("/targets/periods/<period_id>/close")
def submit_close(period_id: str) -> ResponseReturnValue:
    """Nothing more is counted or reported for the period."""
    try:
        is_new = close_period(current_actor(), period_id, now())
        flash(_("已结账：不再统计和填报，历史数据照常可查。") if is_new else _("先前已经结账了。"), "done")
    except Refused as refused:
        flash(refusal_sentence(refused), "bad")
    return redirect(url_for(".targets", period=period_id), 303)


def _find(period_id: str) -> Period:
    period = db.session.get(Period, period_id)
    if period is None:
        raise NotFound(period_id)
    return period


def _number(text: str, target: TargetView) -> float | None:
    """What was typed, NaN for what is no number: the service says so at its field."""
    if target.value is None:
        return None
    text = text.strip().replace(",", "")
    return float(text) if re.fullmatch(r"\d{1,9}(\.\d{1,4})?", text, re.ASCII) else float("nan")


def _show(before: Period, form: PeriodForm, errors: dict[str, str] | None = None) -> str:
    today = today_of(now())
    after = next((each for each in list_periods(today) if each.predecessor_id == before.id), None)
    there = {target.code for target in list_targets(after.id, today)} if after else set()
    is_sent, typed = request.method == "POST", request.form
    lines: list[dict[str, Any]] = [
        {
            "target": target,
            "is_there": target.code in there,
            "is_chosen": target.id in typed.getlist("carry") if is_sent else after is None,
            "value": typed.get(f"value-{target.id}", "") if is_sent else plain(target.value or 0).replace(",", ""),
            "error": (errors or {}).get(f"value-{target.id}", ""),
        }
        for target in list_targets(before.id, today)
    ]
    if after and not is_sent:
        form.name.data, form.name_en.data = after.name.zh, after.name.en
    return render_desk(
        "targets/next_period.html",
        nav_current="office.targets",
        before=before,
        after=after,
        span=next_span(before),
        form=form,
        lines=lines,
        wanted_of=wanted_of,
    )
