"""The office opens the next period and carries targets over, and closes a period that is over."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NoReturn

from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.office import check_office
from qtxvol.extensions import db
from qtxvol.progress.models import Period, Target, TargetUnit
from qtxvol.progress.records import city_date
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction

#: Years of a plan.
YEARS = 5
_NUMBERS = ("十", "一", "二", "三", "四", "五", "六", "七", "八", "九")


@dataclass(frozen=True, slots=True)
class PeriodCard:
    """The next period and what goes on in it.

    :ivar carry: id of a target of the period before → its new value; None for one without a number.
    """

    name: str
    name_en: str = ""
    carry: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Opened:
    """The next period, and which targets went over now; those that had gone over before stay as they are."""

    period_id: str
    carried: tuple[str, ...]


def next_span(before: Period) -> tuple[date, date]:
    """First and last day of the period after this one."""
    starts_on = before.ends_on + timedelta(days=1)
    return starts_on, starts_on.replace(year=starts_on.year + YEARS) - timedelta(days=1)


def next_names(before: Period) -> tuple[str, str]:
    """十四五 → 十五五, with the English one; empty when the name is of another kind."""
    found = re.fullmatch("十([一二三四五六七八九])五", before.name)
    if found is None or found[1] == "九":
        return "", ""
    number = _NUMBERS.index(found[1]) + 1
    return f"十{_NUMBERS[number]}五", f"{10 + number}th Five-Year Plan"


def open_period(actor: Actor, before_id: str, card: PeriodCard, now: datetime) -> Opened:
    """Open the period after `before_id`, or carry more targets over into it. The period before stays as it is.

    A target goes over with its wording, units and way of measuring, under a number of its own and the same code, so
    that its history goes on. Opening twice changes nothing.
    :raise NotFound: no such period, or a target that is not of it.
    :raise Refused: `wrong_party` (403); `invalid` (422) with `field` (`name`, or `value-<target id>`).
    """
    check_office(actor)
    with transaction():
        before = _lock(before_id)
        after = db.session.scalar(select(Period).where(Period.predecessor_id == before_id).with_for_update())
        if after is None:
            after = _add_period(before, card, now)
        olds = {
            target.id: target
            for target in db.session.scalars(select(Target).where(Target.period_id == before_id, Target.is_active))
        }
        if missing := set(card.carry) - set(olds):
            raise NotFound(sorted(missing))
        there = set(db.session.scalars(select(Target.code).where(Target.period_id == after.id)))
        moving = [olds[each] for each in olds if each in card.carry and olds[each].code not in there]
        for old in moving:
            db.session.add(_carried(old, after, card.carry[old.id], now))
        db.session.flush()
        _carry_units({old.id: _new_id(old, after) for old in moving}, now)
        return Opened(after.id, tuple(_new_id(old, after) for old in moving))


def close_period(actor: Actor, period_id: str, now: datetime) -> bool:
    """Nothing is counted or reported for the period any more; it stays readable for ever.

    :return: False when it was closed before.
    :raise NotFound: no such period.
    :raise Refused: `wrong_party` (403); `period_runs`, `no_next_period` (409).
    """
    check_office(actor)
    with transaction():
        period = _lock(period_id)
        if period.closed_at is not None:
            return False
        if period.ends_on >= city_date(now):
            raise Refused(
                "period_runs",
                409,
                message=f"“{period.name}”到 {period.ends_on} 才结束。",
                message_en=f"The period runs until {period.ends_on}.",
            )
        if db.session.scalar(select(Period.id).where(Period.predecessor_id == period_id)) is None:
            raise Refused(
                "no_next_period",
                409,
                message="请先开启下一个规划期，否则志愿者人数会停止统计。",
                message_en="Open the next period first, or the volunteers would no longer be counted.",
            )
        period.closed_at = now
    return True


def _lock(period_id: str) -> Period:
    period = db.session.scalar(select(Period).where(Period.id == period_id).with_for_update())
    if period is None:
        raise NotFound(period_id)
    return period


def _add_period(before: Period, card: PeriodCard, now: datetime) -> Period:
    name = card.name.strip()
    if not name or len(name) > 32:
        _refuse("name", "请填写规划期名称，最多 32 个字。", "The period needs a name of at most 32 characters.")
    starts_on, ends_on = next_span(before)
    period = Period(
        id=f"{starts_on.year}-{ends_on.year}",
        name=name,
        name_en=card.name_en.strip()[:64],
        starts_on=starts_on,
        ends_on=ends_on,
        predecessor_id=before.id,
        opened_at=now,
        edited_at=now,
    )
    db.session.add(period)
    db.session.flush()
    return period


def _carried(old: Target, after: Period, value: float | None, now: datetime) -> Target:
    _check_value(old, value)
    kept = (
        "code", "name", "name_en", "unit", "unit_en", "comparator", "kind", "measured_by", "measure", "counts",
        "report_months", "programme_id", "position",
    )  # fmt: skip
    return Target(
        id=_new_id(old, after),
        period_id=after.id,
        value=value,
        starts_on=after.starts_on,
        ends_on=after.ends_on,
        section="",  # the words of the old plan are not those of the new one
        quote="",
        note="",
        edited_at=now,
        **{name: getattr(old, name) for name in kept},
    )


def _check_value(old: Target, value: float | None) -> None:
    field_name = f"value-{old.id}"
    if old.value is None:
        if value is not None:
            _refuse(field_name, "定性指标不填目标值。", "A target without a number has no value.")
        return
    if value is None or not math.isfinite(value) or not 0 < value <= 1e9:
        _refuse(field_name, f"请填写{old.name}的新目标值。", f"The new value of: {old.name_en}.")
    if old.unit == "%" and value > 100:
        _refuse(field_name, "百分比不能超过 100。", "A percentage is at most 100.")


def _carry_units(ids: Mapping[str, str], now: datetime) -> None:
    rows = db.session.scalars(select(TargetUnit).where(TargetUnit.target_id.in_(list(ids)), TargetUnit.is_active)).all()
    db.session.add_all(
        TargetUnit(
            target_id=ids[row.target_id],
            department_id=row.department_id,
            part=row.part,
            position=row.position,
            edited_at=now,
        )
        for row in rows
    )


def _new_id(old: Target, after: Period) -> str:
    """T23 → T23-2026."""
    return f"{old.code[:11]}-{after.starts_on.year}"


def _refuse(name: str, zh: str, en: str) -> NoReturn:
    raise Refused("invalid", 422, field=name, message=zh, message_en=en)
