"""What the counting reads: only records that grow, as they were known at a moment. Three statements for people, two
for orders, however many days are counted from them.

What was never written down can't be counted: a row from before `volunteer_events` stands from the day it was
verified, and one that had left by then does not count at all.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, or_, select

from qtxvol.base import CITY_TIME
from qtxvol.directory.models import MenuItem
from qtxvol.extensions import db
from qtxvol.hours.models import HoursEntry
from qtxvol.hours.queries import standing_threads
from qtxvol.orders.lifecycle import Action
from qtxvol.orders.models import Order, OrderEvent
from qtxvol.progress.models import School
from qtxvol.progress.tally import Closure, Service, Standing
from qtxvol.volunteers.models import Merge, Volunteer, VolunteerEvent

#: Events of a volunteer after which `became` is a status.
STATUS_ACTIONS = ("register", "return", "verify", "pause", "resume", "leave", "refuse")
_STATUSES = frozenset({"applied", "verified", "paused", "left", "refused"})

#: Rows read, lowest and highest id, by ledger.
Inputs = dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True)
class People:
    """Everything that the count of volunteers rests on."""

    standings: Sequence[Standing]
    services: Sequence[Service]
    inputs: Inputs


@dataclass(frozen=True, slots=True)
class Closures:
    """Everything that the counts of orders rest on.

    :ivar schools: by key, since when each is known. :ivar names: how each is written.
    """

    closures: Sequence[Closure]
    schools: Mapping[str, date]
    names: Mapping[str, str]
    inputs: Inputs


def city_date(moment: datetime) -> date:
    """The day in the city."""
    return moment.astimezone(CITY_TIME).date()


# People


def read_people(known_at: datetime) -> People:
    """Who stood how since when, and who served, as known at a moment.

    Two rows that are known to be one person count as one on all days, also on those before they were merged.
    """
    merges = db.session.execute(
        select(Merge.merged_id, Merge.survivor_id, Merge.merged_at)
        .where(Merge.merged_at <= known_at, or_(Merge.undone_at.is_(None), Merge.undone_at > known_at))
        .order_by(Merge.id)
    ).all()
    survivors = {row.merged_id: row.survivor_id for row in merges}
    merged_on = {row.merged_id: city_date(row.merged_at) for row in merges}
    inputs: Inputs = {}
    standings = [
        Standing(_person(row, survivors), status, since, _earlier(until, merged_on.get(row)))
        for row, timeline in _read_timelines(known_at, inputs).items()
        for (since, status), until in zip(timeline, [*(s for s, _ in timeline), None][1:], strict=True)
    ]
    services = [
        Service(_person(row, survivors), served_on, since) for row, served_on, since in _read_services(known_at, inputs)
    ]
    return People(standings, services, inputs)


def _person(row: int, survivors: Mapping[int, int]) -> int:
    seen = set()
    while row in survivors and row not in seen:
        seen.add(row)
        row = survivors[row]
    return row


def _earlier(until: date | None, merged_on: date | None) -> date | None:
    """A merged row's own status ends with the merge: from then on the other row speaks for the person."""
    return min((day for day in (until, merged_on) if day is not None), default=None)


def _read_timelines(known_at: datetime, inputs: Inputs) -> dict[int, list[tuple[date, str]]]:
    """By row: since which day it had which status."""
    events: dict[int, list[Any]] = defaultdict(list)
    for event in db.session.execute(
        select(
            VolunteerEvent.id,
            VolunteerEvent.volunteer_id,
            VolunteerEvent.was,
            VolunteerEvent.became,
            VolunteerEvent.at,
        )
        .where(VolunteerEvent.action.in_(STATUS_ACTIONS), VolunteerEvent.became.in_(_STATUSES))
        .order_by(VolunteerEvent.at, VolunteerEvent.id)
    ):
        events[event.volunteer_id].append(event)
    inputs["volunteer_events"] = _range([e.id for own in events.values() for e in own if e.at <= known_at])
    found = {}
    volunteers = db.session.execute(
        select(Volunteer.id, Volunteer.status, Volunteer.verified_at, Volunteer.created_at).where(
            Volunteer.created_at <= known_at
        )
    ).all()
    inputs["volunteers"] = _range([row.id for row in volunteers])
    for row in volunteers:
        first = next(iter(events[row.id]), None)
        timeline: list[tuple[datetime, str]] = []
        if first is None:  # nobody wrote down what happened to the row before there were events
            timeline = _unrecorded(row.status, row.verified_at, row.created_at, None)
        elif first.was in _STATUSES:
            timeline = _unrecorded(first.was, row.verified_at, row.created_at, first.at)
        timeline += [(event.at, event.became) for event in events[row.id]]
        found[row.id] = [(city_date(at), status) for at, status in timeline if at <= known_at]
    return found


def _unrecorded(
    status: str, verified_at: datetime | None, created_at: datetime, until: datetime | None
) -> list[tuple[datetime, str]]:
    """The beginning that nobody wrote down as events; nothing for somebody who had left by then.

    :param until: the first event; a `verified_at` after it is of another time.
    """
    if status not in ("applied", "verified", "merged"):
        return []
    begun = [(created_at, "applied")]
    moment = verified_at if verified_at is not None and (until is None or verified_at <= until) else created_at
    return [*begun, (moment, "verified")] if status == "verified" or verified_at is not None else begun


def _read_services(known_at: datetime, inputs: Inputs) -> Sequence[tuple[int, date, date]]:
    """Row, day of the service, and since when it counts: one for each thread of the ledger that counts.

    What counts is what counts for stars, certificates and papers: not a disputed service, nor a late entry before the
    end of its notice or under an objection. Hours of a close count from the day they were written; a late entry and a
    correction say how it was all along.
    """
    threads = standing_threads(known_at).subquery("threads")
    counted = db.session.execute(
        select(threads.c.volunteer_id, threads.c.served_on, threads.c.source, HoursEntry.created_at)
        .join(HoursEntry, HoursEntry.id == threads.c.root_id)
        .where(threads.c.counts)
        .order_by(threads.c.root_id)
    ).all()
    low, high, rows = db.session.execute(
        select(func.min(HoursEntry.id), func.max(HoursEntry.id), func.count()).where(HoursEntry.created_at <= known_at)
    ).one()
    inputs["hours_entries"] = {"rows": rows, "first": low or 0, "last": high or 0}
    return [
        (
            each.volunteer_id,
            each.served_on,
            each.served_on if each.source == "late" else max(each.served_on, city_date(each.created_at)),
        )
        for each in counted
    ]


# Orders


def read_closures(known_at: datetime) -> Closures:
    """Orders whose last word is a close, as known at a moment, and the schools that are known."""
    last = (
        select(OrderEvent.order_id, func.max(OrderEvent.sequence).label("sequence"))
        .where(OrderEvent.action.in_((Action.CLOSE, Action.REOPEN)), OrderEvent.happened_at <= known_at)
        .group_by(OrderEvent.order_id)
        .subquery()
    )
    rows = db.session.execute(
        select(
            OrderEvent.id,
            OrderEvent.order_id,
            OrderEvent.payload,
            OrderEvent.happened_at,
            Order.requester_kind,
            Order.organisation,
            Order.audience,
            Order.theme,
            Order.menu_item_id,
            MenuItem.format,
        )
        .join(last, (last.c.order_id == OrderEvent.order_id) & (last.c.sequence == OrderEvent.sequence))
        .join(Order, Order.id == OrderEvent.order_id)
        .outerjoin(MenuItem, MenuItem.id == Order.menu_item_id)
        .where(OrderEvent.action == Action.CLOSE, Order.counts())
        .order_by(OrderEvent.order_id)
    ).all()
    named = _SchoolNames(db.session.execute(select(School.id, School.name, School.aliases, School.is_active)).all())
    closures = [
        Closure(
            row.order_id,
            city_date(row.happened_at),
            city_date(datetime.fromisoformat(str(row.payload["actual_start"]))),
            int(row.payload.get("attendance") or 0),
            named.fold(row.organisation) if row.requester_kind == "school" else "",
            row.audience,
            row.theme or "",
            row.format or "",
            row.menu_item_id or "",
        )
        for row in rows
    ]
    schools = _known_schools(named, known_at)
    return Closures(closures, schools, named.names, {"order_events": _range([row.id for row in rows])})


class _SchoolNames:
    """One key for every school, however an order writes its name."""

    def __init__(self, schools: Sequence[Any]) -> None:
        self.listed = {f"#{each.id}" for each in schools if each.is_active}
        #: As the office writes it, or as the first order did.
        self.names = {f"#{each.id}": each.name for each in schools}
        self._keys = {
            fold_name(name): f"#{each.id}" if each.is_active else ""
            for each in schools
            for name in (each.name, *each.aliases)
        }

    def fold(self, organisation: str) -> str:
        """Empty for a name that is none, and for a school that the office has taken off the list."""
        name = fold_name(organisation)
        key: str = self._keys.get(name, name)
        if key:
            self.names.setdefault(key, organisation.strip())
        return key


def fold_name(name: str) -> str:
    """A name without spaces, in one width and case."""
    return "".join(unicodedata.normalize("NFKC", name).casefold().split())


def _known_schools(named: _SchoolNames, known_at: datetime) -> dict[str, date]:
    """Those that the office has listed, from the beginning, and those that have ordered, since they first did."""
    known = dict.fromkeys(named.listed, date.min)
    rows = db.session.execute(
        select(Order.organisation, func.min(Order.placed_at).label("first"))
        .where(Order.requester_kind == "school", Order.organisation != "", Order.placed_at <= known_at, Order.counts())
        .group_by(Order.organisation)
    )
    for row in rows:
        if school := named.fold(row.organisation):
            day = city_date(row.first)
            known[school] = min(known.get(school, day), day)
    return known


def _range(ids: Sequence[int]) -> dict[str, int]:
    return {"rows": len(ids), "first": min(ids, default=0), "last": max(ids, default=0)}
