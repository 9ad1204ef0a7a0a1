"""Named and not there: what is recorded, how the person objects, when a mark ends. Hours are never touched."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.office import check_office
from qtxvol.accounts.permissions import visible_orders
from qtxvol.base import CITY_TIME, AnyRow
from qtxvol.directory.models import MenuItem
from qtxvol.extensions import db
from qtxvol.hours.models import NoShow
from qtxvol.hours.numbers import get_number
from qtxvol.hours.rules import EXCUSES, NO_SHOW_REASONS
from qtxvol.hours.tell import tell_absent, tell_objection
from qtxvol.orders.call_backs import open_call_back
from qtxvol.orders.calls import CallCause
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import Order, OrderEvent
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team, Volunteer

LONGEST_TEXT = 500


def record_absences(order: Order, reasons: Mapping[int, str], actor: Actor, event: OrderEvent, now: datetime) -> None:
    """The close says that these named people were not there, and why. Inside the caller's transaction.

    :raise Refused: `unknown` with `field` (422): no such reason.
    """
    for person, reason in sorted(reasons.items()):
        _record(order.id, order.team_id, person, reason, actor, event, now)


def record_team_no_show(
    order_id: int, team_id: int | None, people: Iterable[int], actor: Actor, event: OrderEvent, now: datetime
) -> None:
    """Nobody came, says the resident or the community: one record each. Inside the caller's transaction."""
    for person in sorted(people):
        _record(order_id, team_id, person, "no_word", actor, event, now)


def explain_no_show(no_show_id: int, actor: Actor, *, reason: str, now: datetime) -> None:
    """The leader, or the community of the order, says why. An excuse takes the mark away; who said so stays readable.

    :raise NotFound: no such record within the actor's reach.
    :raise Refused: `unknown` reason (422); `is_decided` (409) once the office has decided.
    """
    with transaction():
        row = db.session.scalars(
            select(NoShow).where(NoShow.id == no_show_id, _reach(actor)).with_for_update()
        ).one_or_none()
        if row is None:
            raise NotFound(no_show_id)
        if row.status in ("upheld", "lifted"):
            raise Refused("is_decided", 409)
        _check_reason(reason)
        row.reason = reason
        row.recorded_party, row.recorded_name = actor.party, actor.name
        if row.status != "objected":
            row.status = "excused" if reason in EXCUSES else "stands"


def object_to_no_show(no_show_id: int, actor: Actor, *, text: str, now: datetime) -> None:
    """The person says that the mark is not right. It counts no more until the office has decided.

    :raise NotFound: not one of their own.
    :raise Refused: `missing` (422); `is_decided` (409): only one objection to each.
    """
    with transaction():
        row = db.session.scalars(
            select(NoShow)
            .join(Volunteer, Volunteer.id == NoShow.volunteer_id)
            .where(NoShow.id == no_show_id, Volunteer.person_id() == _person_of(actor))
            .with_for_update(of=NoShow)
        ).one_or_none()
        if row is None or actor.party is not Party.VOLUNTEER:
            raise NotFound(no_show_id)
        if not text.strip():
            raise Refused("missing", 422, field="text")
        if row.status in ("upheld", "lifted"):
            raise Refused("is_decided", 409)
        if row.status == "objected":
            return
        row.status, row.objection, row.objected_at = "objected", text.strip()[:LONGEST_TEXT], now
        tell_objection(f"absence:{row.id}", row.order_id, now)
        order = db.session.get_one(Order, row.order_id, with_for_update=True)
        open_call_back(order, CallCause.NO_SHOW_DISPUTED, now)  # the resident knows who came


def decide_no_show(no_show_id: int, actor: Actor, *, is_lifted: bool, text: str, now: datetime) -> None:
    """The office decides on an objection, with a sentence that the person reads.

    :raise NotFound: no such record.
    :raise Refused: `wrong_party` (403); `missing` (422); `is_decided` (409).
    """
    check_office(actor)
    if not text.strip():
        raise Refused("missing", 422, field="text")
    with transaction():
        row = db.session.get(NoShow, no_show_id, with_for_update=True)
        if row is None:
            raise NotFound(no_show_id)
        if row.status in ("upheld", "lifted"):
            raise Refused("is_decided", 409)
        row.status = "lifted" if is_lifted else "upheld"
        row.decision, row.decided_at, row.decided_by_account_id = text.strip()[:LONGEST_TEXT], now, actor.account_id


# Reads


def counts_as_mark(day: date) -> ColumnElement[bool]:
    """The condition on `NoShow` that says: a mark that counts on this day."""
    return NoShow.status.in_(("stands", "upheld")) & (NoShow.expires_on >= day)


def count_marks(volunteer_ids: Iterable[int], day: date) -> dict[int, int]:
    """Marks that count, by volunteer; those without any are left out. One statement."""
    person = Volunteer.person_id()
    rows = db.session.execute(
        select(person, func.count())
        .select_from(NoShow)
        .join(Volunteer, Volunteer.id == NoShow.volunteer_id)
        .where(person.in_(set(volunteer_ids)), counts_as_mark(day))
        .group_by(person)
    )
    return {volunteer: marks for volunteer, marks in rows}


def list_own_no_shows(actor: Actor) -> Sequence[AnyRow]:
    """All records about oneself, newest first."""
    return db.session.execute(
        _rows().where(Volunteer.person_id() == _person_of(actor)).order_by(NoShow.id.desc()).limit(100)
    ).all()


def list_no_shows(actor: Actor, *, status: str = "") -> Sequence[AnyRow]:
    """Records within a desk's reach, newest first; 200 at most."""
    rows = _rows().where(_reach(actor)).order_by(NoShow.id.desc()).limit(200)
    return db.session.execute(rows.where(NoShow.status == status) if status else rows).all()


def _rows() -> Select[*tuple[Any, ...]]:
    rows: Select[*tuple[Any, ...]] = (
        select(
            NoShow,
            Volunteer.name.label("person"),
            Volunteer.number.label("person_number"),
            Team.name.label("team"),
            Order.number,
            Order.wish,
            MenuItem.name.label("item_name"),
            MenuItem.name_en.label("item_name_en"),
        )
        .join(Volunteer, Volunteer.id == NoShow.volunteer_id)
        .join(Order, Order.id == NoShow.order_id)
        .join(Team, Team.id == NoShow.team_id)
        .outerjoin(MenuItem, MenuItem.id == Order.menu_item_id)
    )
    return rows


def _reach(actor: Actor) -> ColumnElement[bool]:
    """Whose records a desk sees: its team's, those of orders in its division, all."""
    match actor.party:
        case Party.TEAM:
            return NoShow.team_id == actor.team_id
        case Party.COMMUNITY:
            return NoShow.order_id.in_(select(Order.id).where(visible_orders(actor)))
        case Party.OFFICE:
            return NoShow.id.is_not(None)
    raise Refused("wrong_party", 403)


def _person_of(actor: Actor) -> ScalarSelect[int]:
    """The person behind the actor's row."""
    return select(Volunteer.person_id()).where(Volunteer.id == actor.volunteer_id).scalar_subquery()


def _record(
    order_id: int, team_id: int | None, person: int, reason: str, actor: Actor, event: OrderEvent, now: datetime
) -> None:
    _check_reason(reason)
    if team_id is None:
        raise ValueError(f"no team was named for order {order_id}")
    today = now.astimezone(CITY_TIME).date()
    row = NoShow(
        order_id=order_id,
        volunteer_id=person,
        event_id=event.id,
        team_id=team_id,
        reason=reason,
        status="excused" if reason in EXCUSES else "stands",
        recorded_party=actor.party,
        recorded_name=actor.name,
        recorded_at=now,
        expires_on=today + timedelta(days=get_number("no_show_days")),
    )
    db.session.add(row)
    db.session.flush()
    tell_absent(row, now)


def _check_reason(reason: str) -> None:
    if reason not in NO_SHOW_REASONS:
        raise Refused("unknown", 422, field="reason")
