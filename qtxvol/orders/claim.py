"""What a department does: claim, return, release, offer."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update

from qtxvol.accounts.actor import Actor
from qtxvol.directory.models import Department
from qtxvol.extensions import db
from qtxvol.notices.queue import To, queue_notices
from qtxvol.orders.clocks import name_owner
from qtxvol.orders.lifecycle import RETURNS_BEFORE_RULING, Action, Party
from qtxvol.orders.models import Offer, Order, OrderEvent
from qtxvol.orders.reasons import check_reason
from qtxvol.orders.transition import Effect, Outcome, change_order, hold, note_clock
from qtxvol.refusals import Refused
from qtxvol.volunteers.models import Team

#: More names in one wave is broadcasting, which wears volunteers out.
MOST_TEAMS = 14


def claim_order(
    number: str, actor: Actor, *, now: datetime, version: int | None = None, key: str | None = None
) -> Outcome:
    """Take responsibility for a dispatched order."""

    def prepare(order: Order) -> Effect:
        return Effect(noted=note_clock(order, now))

    return change_order(number, Action.CLAIM, actor, {}, now=now, prepare=prepare, version=version, key=key)


def return_order(
    number: str,
    actor: Actor,
    *,
    reason: str,
    now: datetime,
    text: str = "",
    suggested_department_id: str = "",
    version: int | None = None,
    key: str | None = None,
) -> Outcome:
    """Send a dispatched order back to the community with a reason, and better with a suggestion.

    :raise Refused: `is_ruled` (409); `unknown` reason or department (422).
    """
    return _give_back(
        Action.RETURN, number, actor, reason, text, suggested_department_id, now=now, version=version, key=key
    )


def release_order(
    number: str,
    actor: Actor,
    *,
    reason: str,
    now: datetime,
    text: str = "",
    suggested_department_id: str = "",
    version: int | None = None,
    key: str | None = None,
) -> Outcome:
    """Give a claimed order back: the community dispatches anew."""
    return _give_back(
        Action.RELEASE,
        number,
        actor,
        reason,
        text,
        suggested_department_id,
        now=now,
        version=version,
        key=key,
    )


def _give_back(
    action: Action,
    number: str,
    actor: Actor,
    reason: str,
    text: str,
    suggested_department_id: str,
    *,
    now: datetime,
    version: int | None,
    key: str | None,
) -> Outcome:
    def prepare(order: Order) -> Effect:
        check_reason(action, reason, text)
        if suggested_department_id and db.session.get(Department, suggested_department_id) is None:
            raise Refused("unknown", 422, field="suggested_department_id")

        def then(event: OrderEvent) -> None:  # whoever was asked was asked by this department
            db.session.execute(
                update(Offer)
                .where(Offer.order_id == order.id, Offer.is_standing())
                .values(answered_at=now, answer="released")
            )
            _tell_office(order, now)

        values = {
            "department_id": None,
            "handed_team_id": None,
            "is_ruled": False,
            "returns_count": order.returns_count + 1,
        }
        return Effect(values, then=then)

    payload = {"reason": reason, "text": text, "suggested_department_id": suggested_department_id}
    return change_order(number, action, actor, payload, now=now, prepare=prepare, version=version, key=key)


def _tell_office(order: Order, now: datetime) -> None:
    """From the second return on the office may rule; it is told once in the order's life."""
    if order.returns_count >= RETURNS_BEFORE_RULING:
        is_emergency, key = order.is_emergency, f"returned_twice:{order.id}"
        queue_notices(
            "returned_twice", [To(Party.OFFICE)], now=now, order_id=order.id, key=key, is_emergency=is_emergency
        )


def offer_order(
    number: str,
    actor: Actor,
    *,
    team_ids: Sequence[int],
    now: datetime,
    is_handed: bool = False,
    text: str = "",
    version: int | None = None,
    key: str | None = None,
) -> Outcome:
    """Ask teams by name to take a claimed order; the first that accepts has it.

    :param is_handed: one team only: others see the order but can't accept it until the next offer.
    :raise Refused: `unknown` team, `too_many_teams`, `hand_to_one` (422).
    """
    wanted = sorted(set(team_ids))

    def prepare(order: Order) -> Effect:
        if len(wanted) > MOST_TEAMS:
            raise Refused("too_many_teams", 422, field="team_ids", most=MOST_TEAMS)
        if is_handed and len(wanted) != 1:
            raise Refused("hand_to_one", 422, field="team_ids")
        known = set(db.session.scalars(select(Team.id).where(Team.id.in_(wanted), Team.is_active)))
        if known != set(wanted):
            raise Refused("unknown", 422, field="team_ids")
        wave = order.waves_count + 1

        def then(event: OrderEvent) -> None:
            db.session.add_all(Offer(order_id=order.id, team_id=team, wave=wave, asked_at=now) for team in wanted)
            hold(order.id, "team", map(str, wanted), now)
            name_owner(order.id, "accept", str(wanted[0]) if is_handed else "")

        values = {"waves_count": wave, "handed_team_id": wanted[0] if is_handed else None}
        return Effect(values, told_teams=tuple(wanted), then=then)

    payload = {"team_ids": wanted, "is_handed": is_handed, "text": text}
    return change_order(number, Action.OFFER, actor, payload, now=now, prepare=prepare, version=version, key=key)
