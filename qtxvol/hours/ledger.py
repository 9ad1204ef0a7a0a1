"""The only writer of `hours_entries`. All inside the caller's `transaction()`; nothing is ever changed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased

from qtxvol.accounts.actor import Actor
from qtxvol.base import CITY_TIME
from qtxvol.extensions import db
from qtxvol.hours.models import HoursEntry, HoursRequest
from qtxvol.orders.models import Order, OrderEvent
from qtxvol.orders.windows import Window
from qtxvol.refusals import NotFound, Refused
from qtxvol.volunteers.models import Volunteer


@dataclass(frozen=True, slots=True)
class Stay:
    """Minutes of one volunteer in one service, and where they lie.

    :ivar source: `check_in`, `leader` or `late`.
    """

    volunteer_id: int
    minutes: int
    span: Window
    source: str


@dataclass(frozen=True, slots=True)
class Thread:
    """What stands of one volunteer in one order: the first line, the last, and their sum."""

    root: HoursEntry
    head: HoursEntry
    minutes: int


def lock_people(volunteer_ids: Iterable[int]) -> dict[int, int]:
    """Lock these rows and those that they are merged into, in one order, until the transaction ends: whoever writes
    hours of the same person waits here.

    :return: the person behind each row (`Volunteer.person_id()`).
    """
    wanted = set(volunteer_ids)
    joined = select(Volunteer.merged_into_id).where(Volunteer.id.in_(wanted), Volunteer.merged_into_id.is_not(None))
    wanted |= {row for row in db.session.scalars(joined) if row is not None}
    rows = db.session.scalars(
        select(Volunteer).where(Volunteer.id.in_(wanted)).order_by(Volunteer.id).with_for_update(of=Volunteer)
        .execution_options(populate_existing=True)
    )  # fmt: skip
    people = {row.id: row.merged_into_id or row.id for row in rows}
    if missed := {person for person in people.values() if person not in people}:  # merged while we waited
        people |= lock_people(missed)
    return people


def check_not_elsewhere(spans: Mapping[int, Window], order_id: int) -> None:
    """Nobody's hours are written twice for the same time, whichever of their rows they stand on. Locks the people.

    :param spans: by volunteer, where the minutes shall lie.
    :param order_id: its own lines do not stand in the way; two rows of one person in it do.
    :raise Refused: `person_elsewhere` with `names` (409).
    """
    if not spans:
        return
    people = lock_people(spans)
    taken = [
        (row.person_id, Window(row.started_at, row.ended_at))
        for row in db.session.execute(
            standing_spans([people[volunteer] for volunteer in spans]).where(HoursEntry.order_id != order_id)
        )
    ]
    elsewhere = {
        volunteer
        for volunteer, span in spans.items()
        if any(person == people[volunteer] and span.overlaps(other) for person, other in taken)
    }
    seen: set[int] = set()
    for volunteer in sorted(spans):
        if people[volunteer] in seen:
            elsewhere.add(volunteer)
        seen.add(people[volunteer])
    if elsewhere:
        names = db.session.scalars(
            select(Volunteer.name).where(Volunteer.id.in_(elsewhere)).order_by(Volunteer.id)
        ).all()
        raise Refused("person_elsewhere", 409, field="minutes", names="、".join(dict.fromkeys(names)))


def write_stays(order: Order, stays: Iterable[Stay], actor: Actor, event: OrderEvent, now: datetime) -> None:
    """The lines of a close: one for everybody who served at all."""
    db.session.add_all(
        _root(order, stay, actor, now, event_id=event.id)
        for stay in sorted(stays, key=lambda each: each.volunteer_id)
        if stay.minutes
    )


def write_late(order: Order, stay: Stay, request: HoursRequest, actor: Actor, now: datetime) -> HoursEntry:
    """The line of a late entry, when its second person has confirmed it."""
    entry = _root(order, stay, actor, now, request_id=request.id)
    entry.vouched_party, entry.vouched_name = request.proposed_party, request.proposed_name
    entry.vouched_by_account_id, entry.confirmed_by_account_id = request.proposed_by_account_id, actor.account_id
    db.session.add(entry)
    db.session.flush()
    return entry


def write_correction(thread: Thread, request: HoursRequest, actor: Actor, now: datetime) -> HoursEntry:
    """The line that makes the thread's sum what was asked for."""
    is_second = request.proposed_by_account_id != actor.account_id
    entry = _next(thread, request.minutes - thread.minutes, "correction", now)
    entry.request_id = request.id
    entry.vouched_party, entry.vouched_name = request.proposed_party, request.proposed_name
    entry.vouched_by_account_id = request.proposed_by_account_id
    entry.confirmed_by_account_id = actor.account_id if is_second else None
    db.session.add(entry)
    db.session.flush()
    return entry


def take_back(order_id: int, actor: Actor, event: OrderEvent, now: datetime) -> None:
    """A reopened order: what stands is taken back, by lines that name the ones before them."""
    for thread in list_threads(order_id):
        if thread.minutes:
            entry = _next(thread, -thread.minutes, "reopen", now)
            entry.event_id = event.id
            _vouch(entry, actor)
            db.session.add(entry)


def list_threads(order_id: int, volunteer_id: int | None = None) -> Sequence[Thread]:
    """The threads of an order, oldest first; also those whose sum is nothing."""
    entries = select(HoursEntry).where(HoursEntry.order_id == order_id).order_by(HoursEntry.id)
    if volunteer_id is not None:
        entries = entries.where(HoursEntry.volunteer_id == volunteer_id)
    threads: dict[int, list[HoursEntry]] = {}
    for entry in db.session.scalars(entries):
        threads.setdefault(entry.root_id or entry.id, []).append(entry)
    return [Thread(lines[0], lines[-1], sum(each.minutes for each in lines)) for lines in threads.values()]


def get_thread(entry_id: int) -> Thread:
    """The thread that a line belongs to.

    :raise NotFound: no such line.
    """
    entry = db.session.get(HoursEntry, entry_id)
    if entry is None:
        raise NotFound(entry_id)
    root_id = entry.root_id or entry.id
    return next(each for each in list_threads(entry.order_id, entry.volunteer_id) if each.root.id == root_id)


def list_standing_of_person(order_id: int, person_id: int) -> Sequence[Thread]:
    """Threads with minutes in an order, whichever of the person's rows they were written to."""
    rows = set(db.session.scalars(Volunteer.rows_of(person_id)))
    return [each for each in list_threads(order_id) if each.minutes and each.root.volunteer_id in rows]


def list_overlaps(volunteer_ids: Iterable[int]) -> list[tuple[str, str]]:
    """Pairs of order numbers in which these rows' standing hours overlap, as if they were one person.

    For the merge of two rows: if any come back, one of them cannot be true, and the office corrects it first.
    """
    spans = (
        standing_spans()
        .where(HoursEntry.volunteer_id.in_(set(volunteer_ids)))
        .order_by(HoursEntry.started_at, HoursEntry.id)
    )
    found: list[tuple[str, str]] = []
    before: list[tuple[str, Window]] = []
    for row in db.session.execute(spans):
        span = Window(row.started_at, row.ended_at)
        found += [(number, row.number) for number, other in before if span.overlaps(other)]
        before.append((row.number, span))
    return found


def standing_spans(person_ids: Sequence[int] | None = None) -> Select[*tuple[Any, ...]]:
    """First lines of threads with minutes: person_id, order_id, number, started_at, ended_at."""
    line = aliased(HoursEntry)
    stands = (
        select(func.sum(line.minutes))
        .where((line.id == HoursEntry.id) | (line.root_id == HoursEntry.id))
        .correlate(HoursEntry)
        .scalar_subquery()
    )
    spans: Select[*tuple[Any, ...]] = (
        select(
            Volunteer.person_id().label("person_id"),
            HoursEntry.order_id,
            Order.number,
            HoursEntry.started_at,
            HoursEntry.ended_at,
        )
        .join(Volunteer, Volunteer.id == HoursEntry.volunteer_id)
        .join(Order, Order.id == HoursEntry.order_id)
        .where(HoursEntry.root_id.is_(None), stands > 0)
    )
    if person_ids is None:
        return spans
    return spans.where(Volunteer.id.in_(person_ids) | Volunteer.merged_into_id.in_(person_ids))


def _root(
    order: Order,
    stay: Stay,
    actor: Actor,
    now: datetime,
    *,
    event_id: int | None = None,
    request_id: int | None = None,
) -> HoursEntry:
    entry = HoursEntry(
        volunteer_id=stay.volunteer_id,
        order_id=order.id,
        closure=order.closures_count,
        event_id=event_id,
        request_id=request_id,
        source=stay.source,
        minutes=stay.minutes,
        served_on=stay.span.starts_at.astimezone(CITY_TIME).date(),
        started_at=stay.span.starts_at,
        ended_at=stay.span.ends_at,
        created_at=now,
    )
    _vouch(entry, actor)
    return entry


def _next(thread: Thread, minutes: int, source: str, now: datetime) -> HoursEntry:
    root = thread.root
    return HoursEntry(
        volunteer_id=root.volunteer_id,
        order_id=root.order_id,
        closure=root.closure,
        source=source,
        minutes=minutes,
        served_on=root.served_on,
        started_at=root.started_at,
        ended_at=root.ended_at,
        corrects_id=thread.head.id,
        root_id=root.id,
        created_at=now,
    )


def _vouch(entry: HoursEntry, actor: Actor) -> None:
    entry.vouched_party, entry.vouched_name = actor.party, actor.name
    entry.vouched_by_account_id = actor.account_id
