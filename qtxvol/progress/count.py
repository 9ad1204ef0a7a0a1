"""Count every measured target at the end of a day, keep it as a snapshot, and say so when an earlier day comes out
otherwise than it was written down (docs/adr/0012-counting.md).

A day's number is a function of the records (`records`) and nothing else, so a day that was missed is counted later
as it would have been then, and a count that was killed in the middle is simply made again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import aliased

from qtxvol.extensions import db
from qtxvol.hours.models import HoursEntry, HoursObjection, HoursRequest, Presence
from qtxvol.orders.lifecycle import Action
from qtxvol.orders.models import OrderEvent, Rating
from qtxvol.progress.checksums import checksum
from qtxvol.progress.models import Period, Restatement, Semester, Target, TargetSnapshot
from qtxvol.progress.records import Inputs, city_date, read_closures, read_people
from qtxvol.progress.semesters import TermSpan
from qtxvol.progress.tally import ACTIVE_DAYS, Number, tally_attendance, tally_schools, tally_volunteers
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Merge

__all__ = ["ACTIVE_DAYS", "CountReport", "count_days", "count_targets", "find_drift", "is_latest", "list_terms"]


@dataclass(frozen=True, slots=True)
class CountReport:
    """What a count did.

    :ivar numbers: target id → value at the end of `day`. :ivar restated: days of earlier snapshots that came out
        otherwise. :ivar checksum: of all the day's numbers; the same whenever the day is counted from the same records.
    """

    day: date
    numbers: Mapping[str, float]
    added: int
    restated: int
    inputs: Inputs
    checksum: str

    def __str__(self) -> str:
        numbers = ", ".join(f"{target} {value:g}" for target, value in self.numbers.items())
        return f"{self.day}: {numbers or 'nothing to count'}; {self.added} new, {self.restated} restated"


@dataclass(frozen=True, slots=True)
class _Row:
    """The latest snapshot of a target and day.

    :ivar is_kept: from before there was a checksum: it can't be counted again and stays as it is.
    """

    revision: int
    figures: tuple[float, int | None, int | None]
    counted_at: datetime
    is_kept: bool


def count_targets(day: date, now: datetime) -> CountReport:
    """Write the snapshots of `day` that are missing, and restate earlier ones that new records have changed.

    All or nothing, and one at a time however many workers there are. A second count of a day writes nothing.
    :raise ValueError: the day is not over.
    Cost: seven statements and one pass over the records, however many days.
    """
    return count_days([day], now)


def count_days(days: Sequence[date], now: datetime) -> CountReport:
    """As `count_targets`, several days at once; the report is of the last one."""
    last = max(days)
    if last >= city_date(now):
        raise ValueError(f"{last} is not over yet")
    with transaction():
        db.session.execute(select(Period.id).order_by(Period.id).with_for_update())  # one counts, the others wait
        targets = _list_counted(last)
        known = _read_latest([target for target, _ in targets], last)
        wanted = {
            target.id: {*known[target.id], *(day for day in days if _is_counted(target, until, day))}
            - {day for day, row in known[target.id].items() if row.is_kept}
            for target, until in targets
        }
        numbers, inputs = _count([target for target, _ in targets if wanted[target.id]], wanted, now)
        added: list[TargetSnapshot] = []
        restated: list[Restatement] = []
        for target, _until in targets:
            changed = []
            for on, number in sorted(numbers.get(target.id, {}).items()):
                before = known[target.id].get(on)
                if before is None or before.figures != number.figures:
                    added.append(_snapshot(target, on, before, number, inputs, now))
                    if before is not None:
                        changed.append((on, before, number))
            restated += _restate(target, changed, now)
        db.session.add_all([*added, *restated])
        db.session.flush()
        of_day = {target: found[last] for target, found in numbers.items() if last in found}
        lines = [f"{target} {number.figures} {number.checksum}" for target, number in of_day.items()]
        values = {target: number.value for target, number in of_day.items()}
        return CountReport(last, values, len(added) - len(restated), len(restated), inputs, checksum(lines))


def _list_counted(day: date) -> list[tuple[Target, date | None]]:
    """Targets that this service counts and that had begun by a day, with the day from which on they are not counted
    any more: the period is closed or over. Volunteers are counted on until the next period takes over, so that the
    curve has no gap."""
    after = aliased(Target)
    follows = (
        select(func.min(after.starts_on))
        .where(after.code == Target.code, after.starts_on > Target.starts_on, after.is_active)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(Target, Period.closed_at, follows)
        .join(Period, Period.id == Target.period_id)
        .where(Target.measure != "", Target.is_active, Target.starts_on <= day)
        .order_by(Target.position, Target.id)
    )
    return [(target, _counted_until(target, closed_at, next_on)) for target, closed_at, next_on in rows]


def _counted_until(target: Target, closed_at: datetime | None, next_on: date | None) -> date | None:
    over = next_on if target.measure == "volunteers" else target.ends_on + timedelta(days=1)
    return min((day for day in (over, city_date(closed_at) if closed_at else None) if day), default=None)


def _is_counted(target: Target, until: date | None, day: date) -> bool:
    return target.starts_on <= day and (until is None or day < until)


def find_drift() -> Iterator[str]:
    """Days whose latest snapshot is not what a count gives from what was known at the last count, as sentences.

    There are none unless somebody has changed a row behind the service's back, or has edited schools or terms since:
    the next count restates those.
    """
    targets = db.session.scalars(
        select(Target).where(Target.measure != "", Target.is_active).order_by(Target.position, Target.id)
    ).all()
    known_at = db.session.scalar(select(func.max(TargetSnapshot.counted_at)))
    if known_at is None:
        return
    known = _read_latest(targets, date.max)
    known = {target: {day: row for day, row in days.items() if not row.is_kept} for target, days in known.items()}
    numbers, _inputs = _count(targets, {target: set(days) for target, days in known.items()}, known_at)
    for target in targets:
        for day, row in sorted(known[target.id].items()):
            number = numbers[target.id].get(day)
            if number is None or number.figures != row.figures:
                found = number.figures if number else None
                yield f"{target.id} of {day}: the snapshot says {row.figures}, a recount {found}"


def list_terms() -> list[TermSpan]:
    """The school terms in use."""
    rows = db.session.execute(
        select(Semester.id, Semester.starts_on, Semester.ends_on).where(Semester.is_active).order_by(Semester.starts_on)
    )
    return [TermSpan(*row) for row in rows]


def is_latest() -> ColumnElement[bool]:
    """The condition on `TargetSnapshot` that there is no later revision of its day."""
    later = TargetSnapshot.__table__.alias("later")
    return ~(
        select(later.c.id)
        .where(
            later.c.target_id == TargetSnapshot.target_id,
            later.c.day == TargetSnapshot.day,
            later.c.revision > TargetSnapshot.revision,
        )
        .exists()
    )


def _read_latest(targets: Iterable[Target], last: date) -> dict[str, dict[date, _Row]]:
    """The latest snapshot of each target and day."""
    found: dict[str, dict[date, _Row]] = {target.id: {} for target in targets}
    rows = db.session.execute(
        select(
            TargetSnapshot.target_id,
            TargetSnapshot.day,
            TargetSnapshot.revision,
            TargetSnapshot.value,
            TargetSnapshot.numerator,
            TargetSnapshot.denominator,
            TargetSnapshot.counted_at,
            TargetSnapshot.checksum,
        ).where(
            TargetSnapshot.target_id.in_(list(found)),
            TargetSnapshot.day <= last,
            is_latest(),
        )
    )
    for row in rows:
        figures = (row.value, row.numerator, row.denominator)
        found[row.target_id][row.day] = _Row(row.revision, figures, row.counted_at, not row.checksum)
    return found


def _count(
    targets: Sequence[Target], days: Mapping[str, Iterable[date]], known_at: datetime
) -> tuple[dict[str, dict[date, Number]], Inputs]:
    """The numbers of all targets for their days, from what was known at a moment."""
    inputs: Inputs = {}
    kinds = {target.measure for target in targets}
    people = read_people(known_at) if "volunteers" in kinds else None
    orders = read_closures(known_at) if kinds - {"volunteers"} else None
    for source in (people, orders):
        inputs |= source.inputs if source else {}
    terms = list_terms() if "per_school" in kinds else []
    found: dict[str, dict[date, Number]] = {}
    for target in targets:
        if target.measure == "volunteers" and people:
            found[target.id] = tally_volunteers(people.standings, people.services, days[target.id])
        elif orders:
            closures = [each for each in orders.closures if each.matches(target.counts)]
            if target.measure == "per_school":
                wanted = target.value or 0
                found[target.id] = tally_schools(closures, orders.schools, terms, wanted, days[target.id])
            else:
                found[target.id] = tally_attendance(closures, target.starts_on, target.ends_on, days[target.id])
    return found, inputs


def _snapshot(
    target: Target, day: date, before: _Row | None, number: Number, inputs: Inputs, now: datetime
) -> TargetSnapshot:
    ledgers = (
        ("volunteers", "volunteer_events", "hours_entries") if target.measure == "volunteers" else ("order_events",)
    )
    return TargetSnapshot(
        target_id=target.id,
        day=day,
        revision=before.revision + 1 if before else 1,
        value=number.value,
        numerator=number.numerator,
        denominator=number.denominator,
        details=dict(number.details),
        inputs={name: inputs[name] for name in ledgers},
        checksum=number.checksum,
        counted_at=now,
    )


def _restate(target: Target, changed: Sequence[tuple[date, _Row, Number]], now: datetime) -> list[Restatement]:
    if not changed:
        return []
    cause = _find_cause(target, min(before.counted_at for _day, before, _number in changed))
    return [
        Restatement(
            target_id=target.id,
            day=day,
            revision=before.revision + 1,
            **_pairs("before", before.figures),
            **_pairs("after", number.figures),
            cause=cause,
            restated_at=now,
        )
        for day, before, number in changed
    ]


def _pairs(when: str, figures: tuple[float, int | None, int | None]) -> dict[str, Any]:
    names = ("value", "numerator", "denominator")
    return {f"{name}_{when}": figure for name, figure in zip(names, figures, strict=True)}


def _find_cause(target: Target, since: datetime) -> str:
    """What kind of record has come in since the number was written, by `goals.CAUSES`."""
    signs: list[tuple[str, Any]] = (
        [
            ("merge", select(Merge.id).where(or_(Merge.merged_at > since, Merge.undone_at > since))),
            *(("hours", rows) for rows in _hours_signs(since)),
        ]
        if target.measure == "volunteers"
        else [
            (
                "orders",
                select(OrderEvent.id).where(OrderEvent.happened_at > since, OrderEvent.action == Action.REOPEN),
            )
        ]
    )
    found = dict.fromkeys(cause for cause, rows in signs if db.session.scalar(select(rows.exists())))
    fallback = "status" if target.measure == "volunteers" else "facts"
    return ",".join(found) or fallback


def _hours_signs(since: datetime) -> list[Any]:
    """Whatever makes hours count that did not, or no more: lines that say how it was all along, notices that have run
    out, objections, and words on whether a service took place."""
    corrected = or_(HoursEntry.root_id.is_not(None), HoursEntry.source == "late")
    return [
        select(HoursEntry.id).where(and_(HoursEntry.created_at > since, corrected)),
        select(HoursRequest.id).where(HoursRequest.notice_ends_on >= city_date(since)),
        select(HoursObjection.id).where(or_(HoursObjection.made_at > since, HoursObjection.decided_at > since)),
        select(Rating.id).where(Rating.rated_at > since, Rating.did_take_place.is_(False)),
        select(Presence.id).where(Presence.said_at > since),
    ]
