"""Figures that this service cannot count: the lead unit reports them, a second person confirms, and only then do they
count. Nothing is ever changed: what was wrong is corrected by a new report that names the old one."""

import math
from dataclasses import dataclass
from datetime import date, datetime
from typing import NoReturn

from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Party
from qtxvol.privacy.words import refuse_numbers
from qtxvol.progress.models import Period, ReportDecision, ReportFile, Target, TargetReport, TargetUnit
from qtxvol.progress.papers import Paper
from qtxvol.progress.records import city_date
from qtxvol.progress.targets import REPORTED
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction

LONGEST_SOURCE = 200
LONGEST_TEXT = 500
LONGEST_REASON = 200
#: Units of which there is no half one.
_BROKEN_UNITS = ("%", "小时")


@dataclass(frozen=True, slots=True)
class ReportCard:
    """What a unit reports.

    :ivar value: in the target's unit; of a target without a number 1 (done) or 0 (goes on), with `text` to say how.
    :ivar source: the document, register or survey that the figure is from.
    :ivar corrects_id: the report that this one replaces.
    """

    value: float
    as_of_on: date
    source: str
    text: str = ""
    paper: Paper | None = None
    corrects_id: int | None = None


def report_value(target_id: str, actor: Actor, card: ReportCard, now: datetime) -> int:
    """Write a figure down; it counts once somebody else has confirmed it. The same figure sent twice is one report.

    :return: the report's id.
    :raise NotFound: no such target, or the report to correct is none of its own.
    :raise Refused: `wrong_party` (403) neither the office nor a lead unit; `counted_here`, `period_closed` (409);
        `invalid` (422) with `field`.
    """
    with transaction():
        target = _get_target(target_id)
        check_may_report(target, actor)
        _check_card(target, card, city_date(now))
        if (same := _find_same(target_id, actor, card)) is not None:
            return same
        paper = card.paper
        report = TargetReport(
            target_id=target_id,
            department_id=actor.department_id if actor.party is Party.DEPARTMENT else None,
            value=card.value,
            as_of_on=card.as_of_on,
            source=card.source.strip(),
            text=card.text.strip(),
            file_name=paper.name if paper else "",
            file_type=paper.media_type if paper else "",
            file_bytes=len(paper.content) if paper else 0,
            file_sha256=paper.sha256 if paper else "",
            corrects_id=card.corrects_id,
            entered_by_account_id=actor.account_id,
            entered_party=str(actor.party),
            entered_name=actor.name[:64],
            entered_at=now,
        )
        db.session.add(report)
        db.session.flush()
        if paper:
            db.session.add(ReportFile(report_id=report.id, content=paper.content))
        return report.id


def decide_report(report_id: int, actor: Actor, *, is_confirmed: bool, now: datetime, reason: str = "") -> bool:
    """The second person's word: the figure counts from now on, or never.

    :return: False when the same was said before.
    :raise NotFound: no such report.
    :raise Refused: `wrong_party` (403); `own_report` (403) by whoever entered it; `decided` (409) otherwise before;
        `invalid` (422) with `field` when a refusal gives no reason.
    """
    with transaction():
        report = db.session.get(TargetReport, report_id, with_for_update=True)
        if report is None:
            raise NotFound(report_id)
        check_may_report(_get_target(report.target_id), actor)
        before = db.session.scalar(select(ReportDecision).where(ReportDecision.report_id == report_id))
        if before is not None:
            if before.is_confirmed == is_confirmed:
                return False
            raise Refused(
                "decided",
                409,
                message="这条上报已经有人复核过了。",
                message_en="Somebody has decided on this report before.",
            )
        if actor.account_id is None or report.entered_by_account_id == actor.account_id:
            raise Refused(
                "own_report",
                403,
                message="填报人不能自己复核，请本单位或纲要办的另一位同志复核。",
                message_en="Whoever entered a figure can't confirm it: somebody else of the unit or the office does.",
            )
        if not is_confirmed and not reason.strip():
            _refuse("reason", "请写明为什么不予采用。", "Say why it is not accepted.")
        refuse_numbers("reason", reason)
        if len(reason) > LONGEST_REASON:
            _refuse("reason", f"最多 {LONGEST_REASON} 个字。", f"At most {LONGEST_REASON} characters.")
        db.session.add(
            ReportDecision(
                report_id=report_id,
                is_confirmed=is_confirmed,
                reason=reason.strip(),
                account_id=actor.account_id,
                party=str(actor.party),
                name=actor.name[:64],
                decided_at=now,
            )
        )
    return True


def get_paper(report_id: int, actor: Actor) -> Paper:
    """The paper behind a report, for the office and the units that lead the target.

    :raise NotFound: no such report, no paper, or one that is none of the actor's business.
    """
    row = db.session.execute(
        select(TargetReport, ReportFile.content)
        .join(ReportFile, ReportFile.report_id == TargetReport.id)
        .where(TargetReport.id == report_id)
    ).one_or_none()
    if row is None or not _leads(row.TargetReport.target_id, actor):
        raise NotFound(report_id)
    report = row.TargetReport
    return Paper(report.file_name, report.file_type, row.content)


def check_may_report(target: Target, actor: Actor) -> None:
    """:raise Refused: `wrong_party` (403), neither the office nor a unit that leads the target."""
    if not _leads(target.id, actor):
        raise Refused("wrong_party", 403)


def _leads(target_id: str, actor: Actor) -> bool:
    if actor.party is Party.OFFICE:
        return True
    if actor.party is not Party.DEPARTMENT or actor.department_id is None:
        return False
    unit = db.session.get(TargetUnit, (target_id, actor.department_id))
    return unit is not None and unit.is_active and unit.part == "lead"


def _get_target(target_id: str) -> Target:
    target = db.session.get(Target, target_id)
    if target is None:
        raise NotFound(target_id)
    return target


def _check_card(target: Target, card: ReportCard, today: date) -> None:
    if target.measured_by not in REPORTED:
        raise Refused(
            "counted_here",
            409,
            message="这项指标由本系统统计，不需要上报。",
            message_en="This service counts that target itself; nothing is to be reported.",
        )
    period = db.session.get_one(Period, target.period_id)
    if period.closed_at is not None or not target.is_active:
        raise Refused(
            "period_closed",
            409,
            message=f"“{period.name}”已经结账，不能再上报。",
            message_en="The period is closed; nothing can be reported any more.",
        )
    check_value(target, card.value)
    if not target.starts_on <= card.as_of_on <= min(today, target.ends_on):
        _refuse(
            "as_of_on",
            f"截止日期应在 {target.starts_on} 到 {min(today, target.ends_on)} 之间。",
            f"The day lies between {target.starts_on} and {min(today, target.ends_on)}.",
        )
    if not card.source.strip():
        _refuse("source", "请写明数据出处，例如文件名、台账、调查。", "Say where the figure is from.")
    if len(card.source) > LONGEST_SOURCE:
        _refuse("source", f"最多 {LONGEST_SOURCE} 个字。", f"At most {LONGEST_SOURCE} characters.")
    if len(card.text) > LONGEST_TEXT:
        _refuse("text", f"最多 {LONGEST_TEXT} 个字。", f"At most {LONGEST_TEXT} characters.")
    if target.value is None and not card.text.strip():
        _refuse("text", "定性指标请写明做了什么。", "A target without a number needs words: what was done.")
    refuse_numbers("source", card.source)
    refuse_numbers("text", card.text)
    _check_corrected(target, card)


def check_value(target: Target, value: float) -> None:
    """:raise Refused: `invalid` (422), field `value`: not a figure in the target's unit."""
    if target.value is None:
        if value not in (0, 1):
            _refuse("value", "请选“完成”或“进行中”。", "Choose: done, or going on.")
        return
    if not math.isfinite(value) or not 0 <= value <= 1e9:
        _refuse("value", "请填 0 或更大的数。", "A number from 0 upwards.")
    if target.unit == "%" and value > 100:
        _refuse("value", "百分比不能超过 100。", "A percentage is at most 100.")
    if target.unit not in _BROKEN_UNITS and not float(value).is_integer():
        _refuse("value", f"“{target.unit}”只能填整数。", "A whole number.")


def _check_corrected(target: Target, card: ReportCard) -> None:
    if card.corrects_id is None:
        return
    corrected = db.session.get(TargetReport, card.corrects_id)
    if corrected is None or corrected.target_id != target.id:
        raise NotFound(card.corrects_id)


def _find_same(target_id: str, actor: Actor, card: ReportCard) -> int | None:
    """The report that a double click has just written."""
    return db.session.scalar(
        select(TargetReport.id)
        .outerjoin(ReportDecision, ReportDecision.report_id == TargetReport.id)
        .where(
            TargetReport.target_id == target_id,
            TargetReport.entered_by_account_id == actor.account_id,
            TargetReport.as_of_on == card.as_of_on,
            TargetReport.value == card.value,
            TargetReport.source == card.source.strip(),
            TargetReport.text == card.text.strip(),
            TargetReport.file_sha256 == (card.paper.sha256 if card.paper else ""),
            ReportDecision.id.is_(None),
        )
        .limit(1)
    )


def _refuse(field: str, zh: str, en: str) -> NoReturn:
    raise Refused("invalid", 422, field=field, message=zh, message_en=en)
