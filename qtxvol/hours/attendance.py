"""Check-in and check-out at a service. The proof is a code that only the leader's page shows, on site; no place is
asked for or kept."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.base import AnyRow
from qtxvol.directory.models import MenuItem
from qtxvol.extensions import db
from qtxvol.hours.codes import is_code
from qtxvol.hours.models import Attendance
from qtxvol.hours.rules import CHECK_IN_BEFORE, CHECK_OUT_AFTER, clip, minutes_of
from qtxvol.orders.lifecycle import Party, Status
from qtxvol.orders.models import Crew, Order
from qtxvol.orders.transition import lock_order
from qtxvol.orders.windows import Window
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Volunteer


@dataclass(frozen=True, slots=True)
class ProposedStay:
    """What a close may write down for one person.

    :ivar span: check-in to check-out within the service where there are both, else as much of it as is known.
    :ivar most: whole minutes of it; fewer may be written, never more.
    :ivar source: `check_in` when both were done by code, else `leader`.
    """

    volunteer_id: int
    minutes: int
    span: Window
    source: str
    in_at: datetime | None = None
    out_at: datetime | None = None

    @property
    def most(self) -> int:
        return minutes_of(self.span.starts_at, self.span.ends_at)

    @property
    def was_there(self) -> bool:
        return self.in_at is not None


@dataclass(frozen=True, slots=True)
class OpenService:
    """A service that a volunteer can check in to or out of just now."""

    order_id: int
    number: str
    row: AnyRow
    next_step: Literal["in", "out", "done"]
    in_at: datetime | None
    out_at: datetime | None


def check_in(actor: Actor, number: str, code: str, keys: Iterable[str], now: datetime) -> str:
    """The volunteer is there. Done twice, the first time stands.

    :param keys: secrets of the installation, the newest first.
    :return: `in`, or `done` when they had checked in before.
    :raise NotFound: not an order that they are named for.
    :raise Refused: `wrong_code` (422); `check_in_early`, `check_in_late`, `in_elsewhere` with `number` (409).
    """
    with transaction():
        order, volunteer_id = _lock_own(actor, number)
        _check_code(order, code, keys, now)
        present = _find_present(order, volunteer_id)
        if present is not None:
            return "done"
        _check_open(order, now)
        _check_nowhere_else(order, actor.volunteer_id or 0)
        db.session.add(
            Attendance(
                order_id=order.id,
                volunteer_id=volunteer_id,
                in_at=now,
                in_how="code",
                in_by_account_id=actor.account_id,
            )
        )
        return "in"


def check_out(actor: Actor, number: str, code: str, keys: Iterable[str], now: datetime) -> str:
    """The volunteer leaves. Done twice, the first time stands.

    :return: `out`, or `done` when they had checked out before.
    :raise NotFound: not an order that they are named for.
    :raise Refused: `wrong_code`, `not_checked_in` (422).
    """
    with transaction():
        order, volunteer_id = _lock_own(actor, number)
        _check_code(order, code, keys, now)
        present = _find_present(order, volunteer_id)
        if present is None:
            raise Refused("not_checked_in", 422, field="code")
        if present.out_at is not None:
            return "done"
        present.out_at, present.out_how, present.out_by_account_id = now, "code", actor.account_id
        return "out"


def list_open_services(actor: Actor, now: datetime) -> list[OpenService]:
    """Accepted services that the volunteer is named for and whose doors are open now, the nearest first; two
    statements."""
    orders = db.session.execute(
        select(
            Order,
            Order.wish,
            MenuItem.name.label("item_name"),
            MenuItem.name_en.label("item_name_en"),
        )
        .join(Crew, Crew.order_id == Order.id)
        .outerjoin(MenuItem, MenuItem.id == Order.menu_item_id)
        .where(
            Crew.volunteer_id.in_(Volunteer.rows_of(actor.volunteer_id or 0)),
            Order.status == Status.ACCEPTED,
            Order.agreed_start <= now + CHECK_IN_BEFORE,
            Order.agreed_end >= now - CHECK_OUT_AFTER,
        )
        .order_by(Order.agreed_start)
    ).all()
    rows = db.session.scalars(
        select(Attendance)
        .where(
            Attendance.volunteer_id.in_(Volunteer.rows_of(actor.volunteer_id or 0)),
            Attendance.order_id.in_([row.Order.id for row in orders]),
        )
        .order_by(Attendance.id)
    ).all()
    return [_open_service(row, rows) for row in orders]


def attendances_of(order: Order) -> dict[int, Attendance]:
    """Who has checked in to the service that is agreed on now, by volunteer."""
    return list_attendances([order])[order.id]


def list_attendances(orders: Sequence[Order]) -> dict[int, dict[int, Attendance]]:
    """The same for several orders, by order; one statement. What belongs to an earlier agreement is left out."""
    starts = {order.id: order.agreed_start for order in orders}
    found: dict[int, dict[int, Attendance]] = {order.id: {} for order in orders}
    rows = db.session.scalars(select(Attendance).where(Attendance.order_id.in_(starts)).order_by(Attendance.id))
    for row in rows:
        start = starts[row.order_id]
        if start is not None and row.in_at >= start - CHECK_IN_BEFORE:
            found[row.order_id][row.volunteer_id] = row
    return found


def list_stays(
    order: Order, minutes: Mapping[int, int], actual: Window | None, signed: Mapping[int, Window]
) -> dict[int, ProposedStay]:
    """What may be written down for each of `minutes`, by volunteer.

    :param actual: when the service really was; None: as agreed.
    :param signed: by the leader's word, for who has no check-in of their own.
    """
    return propose_stays(order, minutes, actual, signed, attendances_of(order))


def propose_stays(
    order: Order,
    minutes: Mapping[int, int],
    actual: Window | None,
    signed: Mapping[int, Window],
    present: Mapping[int, Attendance],
) -> dict[int, ProposedStay]:
    """The same where the attendances have been read already."""
    if actual is None:
        start, end = order.agreed_start, order.agreed_end
        if start is None or end is None:
            raise ValueError(f"nothing is agreed for {order.number}")
        actual = Window(start, end)
    return {
        person: _propose(person, served, actual, present.get(person), signed.get(person))
        for person, served in minutes.items()
    }


def sign_attendances(order: Order, signed: Mapping[int, Window], actor: Actor) -> None:
    """Keep the times that the leader signed, for those who have none by code. Inside the caller's transaction."""
    present = attendances_of(order)
    for person, span in sorted(signed.items()):
        row = present.get(person)
        if row is None:
            row = Attendance(
                order_id=order.id,
                volunteer_id=person,
                in_at=span.starts_at,
                in_how="leader",
                in_by_account_id=actor.account_id,
            )
            db.session.add(row)
        if row.out_at is None:
            row.out_at, row.out_how = max(span.ends_at, row.in_at), "leader"
            row.out_by_account_id = actor.account_id


def _propose(person: int, served: int, actual: Window, row: Attendance | None, signed: Window | None) -> ProposedStay:
    start, end, source = actual.starts_at, actual.ends_at, "leader"
    if row is not None:
        start, end = row.in_at, row.out_at or (signed.ends_at if signed else end)
        source = "check_in" if (row.in_how, row.out_how) == ("code", "code") else "leader"
    elif signed is not None:
        start, end = signed.starts_at, signed.ends_at
    span = Window(*clip(start, end, actual.starts_at, actual.ends_at))
    return ProposedStay(person, served, span, source, row.in_at if row else None, row.out_at if row else None)


def _open_service(row: AnyRow, attendances: Sequence[Attendance]) -> OpenService:
    order = row.Order
    own = [
        each for each in attendances
        if each.order_id == order.id and each.in_at >= order.agreed_start - CHECK_IN_BEFORE
    ]  # fmt: skip
    last = own[-1] if own else None
    step: Literal["in", "out", "done"] = "in" if last is None else "out" if last.out_at is None else "done"
    return OpenService(order.id, order.number, row, step, last.in_at if last else None, last.out_at if last else None)


def _lock_own(actor: Actor, number: str) -> tuple[Order, int]:
    """The accepted order, locked, if the actor is named for it, and the row of theirs that is: it may have been merged
    into another since."""
    if actor.party is not Party.VOLUNTEER:
        raise Refused("wrong_party", 403)
    order = lock_order(number, actor)
    rows = Volunteer.rows_of(actor.volunteer_id or 0)
    named = db.session.scalar(
        select(Crew.volunteer_id)
        .where(Crew.order_id == order.id, Crew.volunteer_id.in_(rows))
        .order_by(Crew.volunteer_id)
        .limit(1)
    )
    if order.status != Status.ACCEPTED or named is None:
        raise NotFound(number)
    return order, named


def _check_code(order: Order, code: str, keys: Iterable[str], now: datetime) -> None:
    if not is_code(code, keys, order.number, order.link_nonce, now):
        raise Refused("wrong_code", 422, field="code")


def _check_open(order: Order, now: datetime) -> None:
    if order.agreed_start is None or order.agreed_end is None or now < order.agreed_start - CHECK_IN_BEFORE:
        raise Refused("check_in_early", 409, field="code")
    if now > order.agreed_end:
        raise Refused("check_in_late", 409, field="code")


def _find_present(order: Order, volunteer_id: int | None) -> Attendance | None:
    return attendances_of(order).get(volunteer_id or 0)


def _check_nowhere_else(order: Order, volunteer_id: int) -> None:
    """Nobody is checked in at two services: the other one is left first."""
    db.session.execute(select(Volunteer.id).where(Volunteer.id == volunteer_id).with_for_update())
    own = Volunteer.rows_of(volunteer_id)
    rows = db.session.execute(
        select(Order.number, Order.agreed_start, Attendance.in_at)
        .join(Attendance, Attendance.order_id == Order.id)
        .join(Crew, (Crew.order_id == Order.id) & (Crew.volunteer_id == Attendance.volunteer_id))
        .where(
            Attendance.volunteer_id.in_(own),
            Attendance.out_at.is_(None),
            Order.id != order.id,
            Order.status == Status.ACCEPTED,
        )
    )
    for number, agreed_start, in_at in rows:
        if agreed_start is not None and in_at >= agreed_start - CHECK_IN_BEFORE:
            raise Refused("in_elsewhere", 409, field="code", number=number)
