"""Targets at a desk: how they stand, what was reported, reporting, and the second person's word. The office's desk and
the departments' have the same pages; `add_targets` puts them there."""

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import FileStorage
from wtforms import Field, FileField, HiddenField, RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from qtxvol.orders.lifecycle import Party
from qtxvol.progress.papers import LARGEST_BYTES, Paper, read_paper
from qtxvol.progress.reported import (
    LONGEST_REASON,
    LONGEST_SOURCE,
    LONGEST_TEXT,
    ReportCard,
    decide_report,
    get_paper,
    report_value,
)
from qtxvol.progress.targets import (
    PeriodView,
    TargetView,
    count_lights,
    find_period,
    get_report,
    get_target,
    list_periods,
    list_reports,
    list_restatements,
    list_same,
    list_snapshots,
    list_targets,
    list_waiting,
    today_of,
)
from qtxvol.refusals import NotFound, Refused
from qtxvol.reports.target_lines import CAUSES, LIGHTS, leads_of, plain, reached_of, source_of, wanted_of
from qtxvol.web.access import current_actor
from qtxvol.web.desk_frame import ID, desk_of, render_desk
from qtxvol.web.forms import BaseForm, Required, form_data, long_text_field, now, parse_day, text_field
from qtxvol.web.i18n import _, _l
from qtxvol.web.public.progress import LIGHT_TONES
from qtxvol.web.wording import refusal_sentence

#: Days of the curve that a target's page lists.
_DAYS_SHOWN = 31
#: So long before its end the office may open the next period.
_SOON = timedelta(days=366)


class ReportForm(BaseForm):
    """A figure with its day and source."""

    value = text_field(
        _l("数值"), longest=16, required=_l("请填写数值。"), render_kw={"inputmode": "decimal", "autocomplete": "off"}
    )
    as_of_on = text_field(_l("截至哪天"), longest=10, required=_l("请填写截至哪天。"), render_kw={"type": "date"})
    source = text_field(
        _l("数据出处"),
        longest=LONGEST_SOURCE,
        required=_l("请写明数据出处，例如文件名、台账、调查。"),
        description=_l("例如文件名和文号、台账名称、哪次调查。"),
    )
    text = long_text_field(_l("说明"), longest=LONGEST_TEXT)
    file = FileField(
        _l("证明材料"),
        description=_l("PDF、照片、xlsx 或 docx，不超过 5 MB。只有纲要办和牵头单位能看。"),
        render_kw={
            "accept": ".pdf,.jpg,.jpeg,.png,.webp,.xlsx,.docx",
            "data-max-mb": str(LARGEST_BYTES // 1024 // 1024),
            "data-too-big": _l("文件太大了，请不超过 5 MB。"),
        },
    )
    corrects_id = HiddenField()

    paper: Paper | None = None

    def validate_as_of_on(self, field: Field) -> None:
        if parse_day(field.data or "") is None:
            raise ValidationError(_("请填日期，例如 2026-12-31。"))

    def validate_value(self, field: Field) -> None:
        try:
            float(field.data or "")
        except ValueError:
            raise ValidationError(_("请填数字，例如 1200 或 11.5。")) from None

    def validate_file(self, field: Field) -> None:
        upload = field.data
        if not isinstance(upload, FileStorage) or not upload.filename:
            return
        try:
            self.paper = read_paper(upload.filename, upload.stream.read(LARGEST_BYTES + 1))
        except Refused as refused:
            raise ValidationError(refusal_sentence(refused)) from None

    def card(self) -> ReportCard:
        corrects = self.corrects_id.data or ""
        day = parse_day(self.as_of_on.data)
        if day is None or not ((corrects.isascii() and corrects.isdecimal() and len(corrects) < 10) or not corrects):
            raise NotFound(corrects)
        return ReportCard(
            float(self.value.data),
            day,
            self.source.data,
            self.text.data or "",
            self.paper,
            int(corrects) if corrects else None,
        )


class WordsForm(ReportForm):
    """For a target without a number."""

    value = RadioField(
        _l("完成了吗"),
        choices=[SelectChoice("1", _l("已完成")), SelectChoice("0", _l("进行中"))],
        validators=[Required(_l("请选“已完成”或“进行中”。"))],
        validate_choice=True,
    )
    text = long_text_field(_l("做了什么"), longest=LONGEST_TEXT, required=_l("请写明做了什么。"))


class DecisionForm(BaseForm):
    reason = text_field(_l("不采用的原因"), longest=LONGEST_REASON, description=_l("采用时不用填。"))


def add_targets(bp: Blueprint) -> None:
    """The pages of targets at this blueprint's desk."""
    bp.add_url_rule("/targets", "targets", _list_page)
    bp.add_url_rule("/targets/<target_id>", "target", _target_page)
    bp.add_url_rule("/targets/<target_id>", "report_target", _report, methods=["POST"])
    bp.add_url_rule(f"/targets/reports/<{ID}:report_id>", "decide_report", _decide, methods=["POST"])
    bp.add_url_rule(f"/targets/reports/<{ID}:report_id>/file", "report_file", _file)


def _list_page() -> ResponseReturnValue:
    """Targets of a period with their lights; what is overdue and what waits for a second person first."""
    today, actor = today_of(now()), current_actor()
    periods = list_periods(today)
    period = find_period(periods, today, request.args.get("period", ""))
    targets = list_targets(period.id, today) if period else []
    waiting = list_waiting(today, lead_id=actor.department_id)
    if actor.party is Party.DEPARTMENT:
        targets = [target for target in targets if _part_in(target)]
    return render_desk(
        "targets/list.html",
        nav_current=f"{desk_of(actor.party)}.targets",
        period=period,
        periods=periods,
        led=[target for target in targets if _may_report(target)],
        others=[target for target in targets if not _may_report(target)],
        overdue=[target for target in targets if target.is_overdue and _may_report(target) and not target.waiting],
        waiting=[(report, report.entered_by_account_id != actor.account_id) for report in waiting],
        lights=count_lights(targets),
        is_office=actor.party is Party.OFFICE,
        has_next=bool(period and any(each.predecessor_id == period.id for each in periods)),
        is_ending=bool(period and period.ends_on - today < _SOON),
        **_words(),
    )


def _target_page(target_id: str) -> ResponseReturnValue:
    """One target: what it asks, its figure, every report, every restatement, the counted days."""
    target = get_target(target_id, today_of(now()))
    corrected = request.args.get("corrects", type=int)
    data: dict[str, Any] = {"as_of_on": min(today_of(now()), target.ends_on).isoformat()}
    if corrected and 0 < corrected < 2**31:
        old = get_report(corrected)
        data = {"as_of_on": old.as_of_on.isoformat(), "corrects_id": old.id, "value": plain(old.value).replace(",", "")}
    return _show(target, _form_of(target)(formdata=None, data=data))


def _report(target_id: str) -> ResponseReturnValue:
    """Write a figure down for a second person to confirm."""
    target = get_target(target_id, today_of(now()))
    form = _form_of(target)(formdata=form_data())
    if not form.validate():
        return _show(target, form), 422
    try:
        report_value(target_id, current_actor(), form.card(), now())
    except Refused as refused:
        form.refuse(refused, default="value")
        return _show(target, form), refused.status
    flash(_("已填报。请本单位或纲要办的另一位同志复核，复核后才算数。"), "done")
    return redirect(url_for(".target", target_id=target_id), 303)


def _decide(report_id: int) -> ResponseReturnValue:
    """The second person: the figure counts, or it does not."""
    report = get_report(report_id)
    form, is_confirmed = DecisionForm(formdata=form_data()), request.form.get("word") == "confirm"
    if not form.validate():
        return _show_again(report.target_id, form), 422
    try:
        decide_report(report_id, current_actor(), is_confirmed=is_confirmed, now=now(), reason=form.reason.data or "")
    except Refused as refused:
        form.refuse(refused, default="reason")
        return _show_again(report.target_id, form), refused.status
    flash(_("已采用，从现在起算数。") if is_confirmed else _("已退回，这个数不采用。"), "done")
    return redirect(url_for(".target", target_id=report.target_id), 303)


def _file(report_id: int) -> ResponseReturnValue:
    """The paper behind a report, to be saved, never shown inside a page of ours."""
    paper = get_paper(report_id, current_actor())
    response = Response(paper.content, mimetype=paper.media_type)
    response.headers.set("Content-Disposition", "attachment", filename=paper.name)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _show_again(target_id: str, decision: DecisionForm) -> str:
    target = get_target(target_id, today_of(now()))
    data = {"as_of_on": min(today_of(now()), target.ends_on).isoformat()}
    return _show(target, _form_of(target)(formdata=None, data=data), decision)


def _show(target: TargetView, form: ReportForm, decision: DecisionForm | None = None) -> str:
    actor, reports = current_actor(), list_reports(target.id)
    corrected = next((each for each in reports if str(each.id) == str(form.corrects_id.data or "")), None)
    periods = list_periods(today_of(now()))
    period = next(each for each in periods if each.id == target.period_id)
    return render_desk(
        "targets/target.html",
        nav_current=f"{desk_of(actor.party)}.targets",
        target=target,
        period=period,
        same=list_same(target),
        form=form if _can_be_reported(target, period) else None,
        decision=decision or DecisionForm(formdata=None),
        corrected=corrected,
        reports=reports,
        account_id=actor.account_id,
        may_decide=_may_report(target),
        days=list_snapshots(target.id)[-_DAYS_SHOWN:][::-1] if target.measure else [],
        restated=list_restatements(target.id) if target.measure else [],
        is_office=actor.party is Party.OFFICE,
        **_words(),
    )


def _form_of(target: TargetView) -> type[ReportForm]:
    return WordsForm if target.value is None else ReportForm


def _part_in(target: TargetView) -> bool:
    actor = current_actor()
    return actor.party is Party.OFFICE or any(unit.id == actor.department_id for unit in target.units)


def _may_report(target: TargetView) -> bool:
    actor = current_actor()
    return actor.party is Party.OFFICE or any(unit.id == actor.department_id for unit in target.leads)


def _can_be_reported(target: TargetView, period: PeriodView) -> bool:
    return target.is_reported and _may_report(target) and not period.is_closed


def _words() -> dict[str, Any]:
    return {
        "light_labels": LIGHTS,
        "light_tones": LIGHT_TONES,
        "causes": CAUSES,
        "wanted_of": wanted_of,
        "reached_of": reached_of,
        "source_of": source_of,
        "leads_of": leads_of,
        "plain": plain,
    }
