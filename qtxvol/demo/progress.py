"""What the counting would have written in the past year and a half, and what the lead units reported at the end of the
plan. The figures are invented; they go through the real services."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import select

from qtxvol.base import CITY_TIME
from qtxvol.demo.parties import City
from qtxvol.extensions import db
from qtxvol.progress.count import count_days
from qtxvol.progress.models import Period, Target, TargetUnit
from qtxvol.progress.periods import PeriodCard, next_names, open_period
from qtxvol.progress.reported import ReportCard, decide_report, report_value

MONTHS = 18
#: So many days are counted one by one; further back one a week is enough for a curve.
DAILY = 60
_WEEK = timedelta(days=7)

#: Figures at the end of the plan. T12 waits for its second person; T06 and T16 are missing; T15 was corrected.
_FIGURES = {
    "T01": 11.8, "T04": 91, "T05": 46, "T07": 2615, "T08": 1720, "T09": 2140, "T10": 93, "T11": 5230, "T12": 286,
    "T13": 10350, "T14": 3, "T15": 98, "T17": 1, "T18": 1, "T19": 2, "T20": 1, "T21": 3, "T22": 5,
}  # fmt: skip
_WORDS = {
    "Q01": (1.0, "文章传播量全年居吴忠市各县（市）第二位。"),
    "Q04": (0.0, "已成立创建工作专班，正在对照指标补短板。"),
    "Q05": (1.0, "各镇各部门自查已交齐，总结评估报告已印发。"),
}
_WAITING = "T12"
_CORRECTED, _RIGHT = "T15", 88.0
#: What goes on in the period after, with the new values.
_NEXT = {
    "T02": 1.0,
    "T03": 4.0,
    "T07": 3000.0,
    "T09": 2500.0,
    "T11": 6000.0,
    "T13": 12000.0,
    "T23": 2000.0,
    "Q03": None,
}
_SOURCE, _CHECKED = "2025年度统计台账（演示数据）", "现场核查后更正（演示数据）"


def make_progress(city: City, now: datetime) -> int:
    """Open the next period; write snapshots, restatements and reports. Inside the caller's `transaction()`.

    The last weeks are counted one after the other with what was known then, so that what came to light later is
    restated as it would have been.
    :return: number of days that were counted.
    """
    last = now.astimezone(CITY_TIME).date() - timedelta(days=1)
    period = db.session.scalars(select(Period)).one()
    name, name_en = next_names(period)
    opened_at = _past_midnight(period.ends_on + timedelta(days=20)) + timedelta(hours=9)
    if opened_at < now:
        open_period(city.office, period.id, PeriodCard(name, name_en, _NEXT), opened_at)
    days = list(_days(last))
    done = date.min
    for back in range(DAILY // 7 * 7, -1, -7):
        until = last - timedelta(days=back)
        count_days([day for day in days if done < day <= until], _past_midnight(until))
        done = until
    _make_reports(city, now)
    return len(days)


def _days(last: date) -> Iterator[date]:
    for back in range(MONTHS * 365 // 12, DAILY, -7):
        yield last - timedelta(days=back)
    for back in range(DAILY, -1, -1):
        yield last - timedelta(days=back)


def _past_midnight(day: date) -> datetime:
    """When the job counts a day."""
    return datetime.combine(day + timedelta(days=1), time(0, 10), CITY_TIME).astimezone(UTC)


def _make_reports(city: City, now: datetime) -> None:
    """By the first lead unit of each target in the weeks after the plan, confirmed by the office two days later."""
    leads: dict[str, str] = {}
    for row in db.session.scalars(select(TargetUnit).where(TargetUnit.part == "lead").order_by(TargetUnit.position)):
        leads.setdefault(row.target_id, row.department_id)
    for number, target in enumerate(db.session.scalars(select(Target).order_by(Target.position, Target.id)).all()):
        value, words = _WORDS.get(target.id, (_FIGURES.get(target.id), ""))
        at = _past_midnight(target.ends_on + timedelta(days=10 + number)) + timedelta(hours=10)
        if value is None or at > now:
            continue
        liaison = city.liaisons[leads[target.id]]
        report = report_value(target.id, liaison, ReportCard(value, target.ends_on, _SOURCE, words), at)
        if target.id == _WAITING:
            continue
        decide_report(report, city.office, is_confirmed=True, now=at + timedelta(days=2))
        if target.id == _CORRECTED:
            card = ReportCard(_RIGHT, target.ends_on, _CHECKED, corrects_id=report)
            right = report_value(target.id, liaison, card, at + timedelta(days=20))
            decide_report(right, city.office, is_confirmed=True, now=at + timedelta(days=22))
