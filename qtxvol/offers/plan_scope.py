"""Whose orders a plan is about, and which of them wait for a team right now."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, true

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.matching.situation import Situation
from qtxvol.offers.models import CounterOffer, MatchPlan, PlanLine
from qtxvol.offers.rules import URGENCIES, get_settings
from qtxvol.offers.situation import slot_of
from qtxvol.offers.waves import TIMELY_REASONS
from qtxvol.orders.lifecycle import Party, Status
from qtxvol.orders.models import Offer, Order, OrderHolder
from qtxvol.refusals import Refused

#: A team that stayed silent is not proposed again within this time.
SILENT_FOR = timedelta(days=1)


def scope_of(actor: Actor) -> str | None:
    """The department whose orders are planned; None for the whole city.

    :raise Refused: `wrong_party` (403).
    """
    if actor.party is Party.OFFICE:
        return None
    if actor.party is not Party.DEPARTMENT or not actor.department_id:
        raise Refused("wrong_party", 403)
    return actor.department_id


def is_in_scope(department_id: str | None) -> ColumnElement[bool]:
    """The condition on plans of one department, or of the whole city."""
    if department_id is None:
        return MatchPlan.department_id.is_(None)
    return MatchPlan.department_id == department_id


def count_waiting(department_id: str | None, now: datetime) -> tuple[int, int]:
    """How many orders a plan would be about, and how many more are left out: a team or the resident is to answer."""
    of_scope = [Order.status == Status.CLAIMED, _is_of(department_id)]
    waits = func.count().filter(_waits_for_a_team(now))
    waiting, everything = db.session.execute(select(waits, func.count()).select_from(Order).where(*of_scope)).one()
    return waiting, everything - waiting


def list_waiting(department_id: str | None, now: datetime) -> Sequence[Order]:
    """Orders that a plan is about, the oldest first."""
    wanted = (Order.status == Status.CLAIMED, _is_of(department_id), _waits_for_a_team(now))
    return db.session.scalars(select(Order).where(*wanted).order_by(Order.placed_at, Order.id)).all()


def list_refusing(order_ids: Collection[int], now: datetime) -> Mapping[int, Mapping[int, str]]:
    """By order the teams that are not asked for it again, and why: they said no (`declined`), have not answered yet
    (`asked`) or were silent of late (`asked_silent`), or had it before (`had_it`).

    A no about times that the resident has changed since counts no more. Three statements.
    """
    fresh: dict[int, datetime] = {
        order: at
        for order, at in db.session.execute(
            select(CounterOffer.order_id, func.max(CounterOffer.answered_at))
            .where(CounterOffer.order_id.in_(order_ids), CounterOffer.answer == "yes")
            .group_by(CounterOffer.order_id)
        )
        if at is not None
    }
    latest: dict[tuple[int, int], tuple[str | None, str, datetime, datetime | None]] = {}
    asked = select(
        Offer.order_id, Offer.team_id, Offer.answer, Offer.reason, Offer.asked_at, Offer.silent_at, Offer.voided_at
    )
    for row in db.session.execute(asked.where(Offer.order_id.in_(order_ids)).order_by(Offer.wave)):
        is_void = row.voided_at is not None and row.answer != "declined"  # by now somebody else asks
        answer = "void" if is_void else row.answer
        latest[row.order_id, row.team_id] = (answer, row.reason, row.asked_at, row.silent_at)
    refusing: dict[int, dict[int, str]] = {order: {} for order in order_ids}
    for (order, team), (answer, reason, asked_at, silent_at) in latest.items():
        is_outdated = order in fresh and asked_at <= fresh[order]
        match answer:
            case "standby" | "void":
                continue
            case "declined" if is_outdated and reason in TIMELY_REASONS:
                continue
            case None if is_outdated or (silent_at is not None and silent_at <= now - SILENT_FOR):
                continue
            case None:
                refusing[order][team] = "asked" if silent_at is None else "asked_silent"
            case _:
                refusing[order][team] = "declined" if answer == "declined" else "had_it"
    held = select(OrderHolder.order_id, OrderHolder.code).where(
        OrderHolder.order_id.in_(order_ids), OrderHolder.kind == "team"
    )
    for order, code in db.session.execute(held):
        if (order, int(code)) not in latest:
            refusing[order][int(code)] = "had_it"
    return refusing


def note_confirmed(situation: Situation, without_orders: Collection[int]) -> None:
    """Count lines of plans that a person has confirmed and the team has not answered yet as promised, so that nobody
    plans with the same hours twice. One statement; the situation's ledger is changed."""
    asked = exists().where(
        Offer.order_id == PlanLine.order_id,
        Offer.team_id == PlanLine.team_id,
        Offer.asked_by == "plan",
        Offer.is_owed(),
        Offer.silent_at.is_(None),
    )
    rows = db.session.execute(
        select(PlanLine.order_id, PlanLine.team_id, PlanLine.starts_at, PlanLine.people, PlanLine.crew_size)
        .join(Order, Order.id == PlanLine.order_id)
        .where(PlanLine.status == "confirmed", Order.status == Status.CLAIMED, Order.held_team_id.is_(None), asked)
        .order_by(PlanLine.id)
    ).all()
    # an order that was confirmed in two plans is one service, the one that was confirmed last
    newest = {row.order_id: row for row in rows if row.order_id not in without_orders}
    for row in newest.values():
        note_promise(situation, row.team_id, slot_of(row.starts_at), row.people[: row.crew_size])


def note_promise(situation: Situation, team: int, slot: int, people: Sequence[int]) -> None:
    """Note one service in the ledger; who is booked then already is passed over."""
    situation.ledger.hold(team, slot)
    for person in people:
        if not situation.ledger.is_booked(person, slot):
            situation.ledger.book(person, slot)


def _is_of(department_id: str | None) -> ColumnElement[bool]:
    return true() if department_id is None else Order.department_id == department_id


def _waits_for_a_team(now: datetime) -> ColumnElement[bool]:
    """Nobody has said yes, the resident owes no answer, and no team was asked a moment ago."""
    waits = get_settings().wave_wait
    asked_now = or_(
        *(
            and_(Order.urgency == urgency, Offer.asked_at > now - timedelta(minutes=wait))
            for urgency, wait in zip(URGENCIES, waits, strict=True)
        ),
        Order.handed_team_id == Offer.team_id,
    )
    asked = exists().where(Offer.order_id == Order.id, Offer.is_owed(), Offer.silent_at.is_(None), asked_now)
    return and_(Order.held_team_id.is_(None), Order.clock_stopped_at.is_(None), ~asked)
