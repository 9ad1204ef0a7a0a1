"""Reads of the ledger of hours. What counts is decided here and nowhere else (docs/adr/0010-hours.md)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import aliased

from qtxvol.base import CITY_TIME, AnyRow, utcnow
from qtxvol.directory.models import MenuItem
from qtxvol.extensions import db
from qtxvol.hours.models import HoursEntry, HoursObjection, HoursRequest, Presence
from qtxvol.hours.rules import Confirmation
from qtxvol.orders.models import Order, Rating
from qtxvol.volunteers.models import Volunteer


@dataclass(frozen=True, slots=True)
class Served:
    """What the ledger says of one person: what counts, and what stands but does not count (yet).

    :ivar minutes: and `services`, that count.
    :ivar waiting_minutes: late entries on public notice or under objection, and disputed services.
    """

    minutes: int
    services: int
    waiting_minutes: int = 0


@dataclass(frozen=True, slots=True)
class HoursLine:
    """A line of the ledger as a page shows it.

    :ivar entry: the row itself.
    :ivar confirmation: of the service, who besides the team says that it took place.
    :ivar state: "" for a line that counts or is history; `on_notice`, `objected`, `disputed` while it does not count;
        `taken_back` when nothing of its thread stands.
    :ivar notice_ends_on: of a late entry.
    :ivar objections: against a late entry.
    """

    entry: HoursEntry
    number: str
    row: Any
    confirmation: str
    state: str
    notice_ends_on: date | None
    request: HoursRequest | None = None
    objections: Sequence[HoursObjection] = field(default=())


def standing_threads(as_of: datetime | None = None, *only: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """Everything that stands, one row for each volunteer's thread in an order, whether it counts or not.

    Columns: person_id, volunteer_id, order_id, team_id, closure, root_id, served_on, minutes (> 0), source
    (`check_in`, `leader`, `late`), confirmation (`rules.Confirmation`), is_on_notice, is_objected, counts.
    :param as_of: the ledger, ratings and decisions as they were at that moment; None: all that is written, by
        today's calendar.
    :param only: conditions on `HoursEntry`, so that a page about one person need not add up the whole ledger.
    """
    sums = select(
        func.coalesce(HoursEntry.root_id, HoursEntry.id).label("root_id"), func.sum(HoursEntry.minutes).label("minutes")
    )
    sums = sums.where(*only)
    if as_of is not None:
        sums = sums.where(HoursEntry.created_at <= as_of)
    threads = (
        sums.group_by(func.coalesce(HoursEntry.root_id, HoursEntry.id))
        .having(func.sum(HoursEntry.minutes) > 0)
        .subquery("threads")
    )
    root = aliased(HoursEntry, name="root")
    confirmation = _confirmation(root.order_id, root.closure, as_of)
    is_late = root.source == "late"
    is_on_notice = and_(is_late, HoursRequest.notice_ends_on >= _day_of(as_of))
    is_objected = and_(is_late, _has_open_objection(root.request_id, as_of))
    return (
        select(
            Volunteer.person_id().label("person_id"),
            root.volunteer_id.label("volunteer_id"),
            root.order_id.label("order_id"),
            Order.team_id.label("team_id"),
            root.closure.label("closure"),
            root.id.label("root_id"),
            root.served_on.label("served_on"),
            threads.c.minutes,
            root.source.label("source"),
            confirmation.label("confirmation"),
            is_on_notice.label("is_on_notice"),
            is_objected.label("is_objected"),
            and_(
                confirmation != Confirmation.DISPUTED, ~is_on_notice, ~is_objected
            ).label("counts"),
        )
        .select_from(threads)
        .join(root, root.id == threads.c.root_id)
        .join(Volunteer, Volunteer.id == root.volunteer_id)
        .join(Order, Order.id == root.order_id)
        .outerjoin(HoursRequest, HoursRequest.id == root.request_id)
    )  # fmt: skip


def counted_hours(as_of: datetime | None = None, *only: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """The hours that count, for recognition, targets and reports: rows of `standing_threads` whose `counts` is true.

    Columns: person_id, volunteer_id, order_id, team_id, closure, root_id, served_on, minutes, source, confirmation.
    At most one row for each person and order. Use `.subquery()`; filter by `served_on` for a period. Unconfirmed hours
    count and say so; disputed ones do not, nor late entries before the end of their notice or under an objection.
    """
    every = standing_threads(as_of, *only).subquery("standing")
    names = (
        "person_id", "volunteer_id", "order_id", "team_id", "closure", "root_id", "served_on", "minutes", "source",
        "confirmation",
    )  # fmt: skip
    return select(*(every.c[name] for name in names)).where(every.c.counts)


def of_person(volunteer_id: int) -> ColumnElement[bool]:
    """The condition on `HoursEntry` that says: of the person behind this row, on whichever row it stands."""
    person = select(Volunteer.person_id()).where(Volunteer.id == volunteer_id).scalar_subquery()
    return HoursEntry.volunteer_id.in_(Volunteer.rows_of(person))


def get_served(volunteer_id: int) -> Served:
    """Minutes and services of the person behind this row, added up over all rows merged into it."""
    return standing_minutes([volunteer_id])[volunteer_id]


def standing_minutes(volunteer_ids: Iterable[int], as_of: datetime | None = None) -> dict[int, Served]:
    """What stands for the person behind each of these rows; one statement."""
    wanted = set(volunteer_ids)
    asked = aliased(Volunteer)
    person = func.coalesce(asked.merged_into_id, asked.id)
    people = select(Volunteer.person_id()).where(Volunteer.id.in_(wanted))
    theirs = HoursEntry.volunteer_id.in_(select(Volunteer.id).where(Volunteer.person_id().in_(people)))
    every = standing_threads(as_of, theirs).subquery("standing")
    rows = db.session.execute(
        select(
            asked.id,
            func.coalesce(func.sum(case((every.c.counts, every.c.minutes), else_=0)), 0),
            func.count(func.distinct(case((every.c.counts, every.c.order_id)))),
            func.coalesce(func.sum(case((every.c.counts, 0), else_=every.c.minutes)), 0),
        )
        .outerjoin(every, every.c.person_id == person)
        .where(asked.id.in_(wanted))
        .group_by(asked.id)
    )
    found = {row[0]: Served(int(row[1]), int(row[2]), int(row[3])) for row in rows}
    return {each: found.get(each, Served(0, 0)) for each in wanted}


def served_by_order(volunteer_id: int) -> Mapping[int, int]:
    """Minutes that count, by order, of the person behind this row."""
    counted = counted_hours(None, of_person(volunteer_id)).subquery("counted")
    rows = db.session.execute(select(counted.c.order_id, func.sum(counted.c.minutes)).group_by(counted.c.order_id))
    return {order: int(minutes) for order, minutes in rows}


def list_hours(volunteer_id: int, limit: int = 500) -> list[HoursLine]:
    """The ledger lines of one person over all their rows, newest first; a constant number of statements."""
    return _lines(of_person(volunteer_id), limit)


def list_hours_of_order(order_id: int) -> list[HoursLine]:
    """The ledger lines of one order, newest first."""
    return _lines(HoursEntry.order_id == order_id, 500)


def confirmation_of(order: Order) -> str:
    """Who besides the team says that the latest closing took place."""
    value = db.session.scalar(select(_confirmation(Order.id, Order.closures_count, None)).where(Order.id == order.id))
    return str(value)


def list_disputed_orders() -> Sequence[AnyRow]:
    """Closed orders whose service is disputed and not settled: number, item, team, minutes that wait; 100 at most."""
    standing = standing_threads().subquery("standing")
    minutes = func.sum(standing.c.minutes).label("minutes")
    settled = exists().where(
        Presence.order_id == Order.id, Presence.closure == Order.closures_count, Presence.party == "office"
    )
    return db.session.execute(
        select(
            Order.number,
            Order.wish,
            Order.actual_start,
            Order.actual_end,
            MenuItem.name.label("item_name"),
            MenuItem.name_en.label("item_name_en"),
            minutes,
        )
        .join(standing, standing.c.order_id == Order.id)
        .outerjoin(MenuItem, MenuItem.id == Order.menu_item_id)
        .where(standing.c.confirmation == str(Confirmation.DISPUTED), ~settled)
        .group_by(Order.id, MenuItem.name, MenuItem.name_en)
        .order_by(Order.closed_at)
        .limit(100)
    ).all()


def _lines(condition: ColumnElement[bool], limit: int) -> list[HoursLine]:
    standing = standing_threads(None, condition).subquery("standing")
    thread = func.coalesce(HoursEntry.root_id, HoursEntry.id)
    root = aliased(HoursEntry)
    rows = db.session.execute(
        select(
            HoursEntry,
            Order.number,
            Order.wish,
            Volunteer.name.label("person"),
            Volunteer.number.label("person_number"),
            MenuItem.name.label("item_name"),
            MenuItem.name_en.label("item_name_en"),
            standing.c.minutes.label("standing"),
            standing.c.is_on_notice,
            standing.c.is_objected,
            _confirmation(HoursEntry.order_id, HoursEntry.closure, None).label("confirmation"),
            root.request_id.label("late_request_id"),
        )
        .join(Order, Order.id == HoursEntry.order_id)
        .join(Volunteer, Volunteer.id == HoursEntry.volunteer_id)
        .join(root, root.id == thread)
        .outerjoin(MenuItem, MenuItem.id == Order.menu_item_id)
        .outerjoin(standing, standing.c.root_id == thread)
        .where(condition)
        .order_by(HoursEntry.id.desc())
        .limit(limit)
    ).all()
    ids = {each for row in rows for each in (row.HoursEntry.request_id, row.late_request_id) if each}
    requests = {each.id: each for each in db.session.scalars(select(HoursRequest).where(HoursRequest.id.in_(ids)))}
    objections: dict[int, list[HoursObjection]] = {}
    for each in db.session.scalars(
        select(HoursObjection).where(HoursObjection.request_id.in_(ids)).order_by(HoursObjection.id)
    ):
        objections.setdefault(each.request_id, []).append(each)
    return [
        HoursLine(
            row.HoursEntry,
            row.number,
            row,
            row.confirmation,
            _state_of(row),
            requests[row.late_request_id].notice_ends_on if row.late_request_id in requests else None,
            requests.get(row.HoursEntry.request_id or 0),
            objections.get(row.late_request_id or 0, ()),
        )
        for row in rows
    ]


def _state_of(row: Any) -> str:
    if row.standing is None:
        return "taken_back"
    if row.is_objected:
        return "objected"
    if row.is_on_notice:
        return "on_notice"
    return "disputed" if row.confirmation == Confirmation.DISPUTED else ""


def _confirmation(
    order_id: ColumnElement[int] | Any, closure: ColumnElement[int] | Any, as_of: datetime | None
) -> ColumnElement[str]:
    """Who confirms the closing: what the office has settled wins; else one "did not take place" disputes it."""

    def rated(took_place: bool, *more: ColumnElement[bool]) -> ColumnElement[bool]:
        conditions = [
            Rating.order_id == order_id, Rating.closure == closure, Rating.did_take_place.is_(took_place), *more
        ]  # fmt: skip
        if as_of is not None:
            conditions.append(Rating.rated_at <= as_of)
        return exists().where(*conditions).correlate_except(Rating)

    def said(party: str, took_place: bool) -> ColumnElement[bool]:
        conditions = [
            Presence.order_id == order_id, Presence.closure == closure, Presence.party == party,
            Presence.did_take_place.is_(took_place),
        ]  # fmt: skip
        if as_of is not None:
            conditions.append(Presence.said_at <= as_of)
        return exists().where(*conditions).correlate_except(Presence)

    return case(
        (said("office", True), str(Confirmation.OFFICE)),
        (or_(said("office", False), rated(False), said("community", False)), str(Confirmation.DISPUTED)),
        (rated(True, Rating.is_call_back.is_(False)), str(Confirmation.RESIDENT)),
        (or_(rated(True), said("community", True)), str(Confirmation.COMMUNITY)),
        else_=str(Confirmation.UNCONFIRMED),
    )


def _has_open_objection(request_id: Any, as_of: datetime | None) -> ColumnElement[bool]:
    if as_of is None:
        is_open: ColumnElement[bool] = HoursObjection.status == "open"
    else:
        is_open = and_(
            HoursObjection.made_at <= as_of, or_(HoursObjection.decided_at.is_(None), HoursObjection.decided_at > as_of)
        )
    return exists().where(HoursObjection.request_id == request_id, is_open).correlate_except(HoursObjection)


def _day_of(as_of: datetime | None) -> date:
    return (as_of or utcnow()).astimezone(CITY_TIME).date()
