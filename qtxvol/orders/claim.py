"""What a department does: claim, return, release, offer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from sqlalchemy import select, update

from qtxvol.accounts.actor import Actor
from qtxvol.directory.models import Department
from qtxvol.extensions import db
from qtxvol.notices.queue import To, queue_notices
from qtxvol.offers.caps import list_unwilling
from qtxvol.orders.clocks import name_owner
from qtxvol.orders.lifecycle import RETURNS_BEFORE_RULING, Action, Party, Status
from qtxvol.orders.models import Offer, Order, OrderEvent
from qtxvol.orders.reasons import check_reason
from qtxvol.orders.serve import asked_teams
from qtxvol.orders.transition import Effect, Outcome, change_order, hold, note_clock
from qtxvol.orders.windows import Window
from qtxvol.refusals import Refused
from qtxvol.volunteers.models import Team

#: More names in one wave is broadcasting, which wears volunteers out.
MOST_TEAMS = 14
#: Why somebody else than the first suggested was asked is a sentence, not a report.
LONGEST_WHY = 200


@dataclass(frozen=True, slots=True)
class Proposal:
    """What was known of a team when it was asked: kept with the question, so that the service can be judged by it and
    learn from the answer.

    :ivar place: where the team stood in the suggestion, 1 for the first; None: it wasn't there.
    :ivar chance: of a yes with a whole crew. :ivar clue: what that was read from (`offers.learn.clue_to_json`).
    :ivar window: the time that is proposed with the question.
    """

    place: int | None = None
    chance: float | None = None
    clue: Mapping[str, object] | None = None
    window: Window | None = None


def claim_order(
    number: str,
    actor: Actor,
    *,
    now: datetime,
    is_auto_asked: bool = False,
    version: int | None = None,
    key: str | None = None,
) -> Outcome:
    """Take responsibility for a dispatched order.

    :param is_auto_asked: the service asks teams by itself, wave after wave, beginning now (`offers/waves.py`).
    """

    def prepare(order: Order) -> Effect:
        values = {"is_auto_asked": is_auto_asked, "next_wave_at": now if is_auto_asked else None}
        return Effect(values, note_clock(order, now))

    payload = {"is_auto_asked": True} if is_auto_asked else {}
    return change_order(number, Action.CLAIM, actor, payload, now=now, prepare=prepare, version=version, key=key)


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

        def then(event: OrderEvent) -> None:
            void_offers(order.id, now)
            _tell_office(order, now)

        asked = asked_teams(order.id) if action is Action.RELEASE else ()

        values = {
            "department_id": None,
            "handed_team_id": None,
            "is_auto_asked": False,
            "is_ruled": False,
            "returns_count": order.returns_count + 1,
        }
        return Effect(values, told_teams=asked, then=then)

    payload = {"reason": reason, "text": text, "suggested_department_id": suggested_department_id}
    return change_order(number, action, actor, payload, now=now, prepare=prepare, version=version, key=key)


def void_offers(order_id: int, now: datetime) -> None:
    """Whoever was asked was asked by a department that doesn't hold the order any more. What they have said stays."""
    asked = update(Offer).where(Offer.order_id == order_id, Offer.voided_at.is_(None))
    db.session.execute(asked.values(voided_at=now))


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
    asked_by: str = "department",
    proposals: Mapping[int, Proposal] = MappingProxyType({}),
    override_why: str = "",
    version: int | None = None,
    key: str | None = None,
) -> Outcome:
    """Ask teams by name to take a claimed order; the first that accepts has it.

    :param is_handed: one team only: others see the order but can't accept it until the next offer.
    :param asked_by: `department`, `system` (wave by wave) or `plan`.
    :param proposals: by team id, what the suggestion knew of it; a team without one stood in no suggestion.
    :param override_why: why a person asked others than the suggested first; kept with the offers, not in the event.
        Whoever asks a team that the service would leave alone just now, and says nothing, has that noted with it.
    :raise Refused: `unknown` team, `too_many_teams`, `hand_to_one` (422).
    """
    wanted, why = sorted(set(team_ids)), override_why.strip()[:LONGEST_WHY]

    def prepare(order: Order) -> Effect:
        if len(wanted) > MOST_TEAMS:
            raise Refused("too_many_teams", 422, field="team_ids", most=MOST_TEAMS)
        if is_handed and len(wanted) != 1:
            raise Refused("hand_to_one", 422, field="team_ids")
        known = set(db.session.scalars(select(Team.id).where(Team.id.in_(wanted), Team.is_active)))
        if known != set(wanted):
            raise Refused("unknown", 422, field="team_ids")
        wave = order.waves_count + 1
        passed = list_unwilling(order, wanted, now) if asked_by == "department" else {}

        def then(event: OrderEvent) -> None:
            whys = {team: why or passed.get(team, "") for team in wanted}
            db.session.add_all(
                _offer(order.id, team, wave, now, asked_by, proposals.get(team, Proposal()), whys[team])
                for team in wanted
            )
            hold(order.id, "team", map(str, wanted), now)
            name_owner(order.id, "accept", str(wanted[0]) if is_handed else "")

        values: dict[str, object] = {"waves_count": wave, "handed_team_id": wanted[0] if is_handed else None}
        if order.is_auto_asked:
            values["next_wave_at"] = _next_look(order, now)
        return Effect(values, told_teams=tuple(wanted), then=then)

    payload: dict[str, object] = {"team_ids": wanted, "is_handed": is_handed, "text": text}
    if asked_by != "department":
        payload["asked_by"] = asked_by
    if asked_by == "system":  # asks the same teams again after a day, though nothing has happened since: no repetition
        payload["asked_at"] = now.astimezone(UTC).isoformat()
    return change_order(number, Action.OFFER, actor, payload, now=now, prepare=prepare, version=version, key=key)


def look_again(order: Order, now: datetime) -> None:
    """The service looks at this order at once, if it asks by itself. Inside the caller's `transaction()`."""
    if order.is_auto_asked and order.status == Status.CLAIMED:
        order.next_wave_at = now


def _next_look(order: Order, now: datetime) -> datetime:
    """Whoever asks, the service gives the teams its time to answer before it asks others."""
    from qtxvol.offers.waves import next_look  # asks through `offer_order`, so neither can come first

    return next_look(order, now)


def _offer(
    order_id: int, team_id: int, wave: int, now: datetime, asked_by: str, proposal: Proposal, override_why: str
) -> Offer:
    window = proposal.window
    return Offer(
        order_id=order_id,
        team_id=team_id,
        wave=wave,
        asked_at=now,
        asked_by=asked_by,
        proposed_start=window.starts_at if window else None,
        proposed_end=window.ends_at if window else None,
        suggested_place=proposal.place,
        chance=proposal.chance,
        clue=dict(proposal.clue) if proposal.clue is not None else None,
        override_why=override_why,
    )
