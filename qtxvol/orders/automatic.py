"""What the service does by itself when nobody acts, and how a person takes it back.

Every step here is an event by the system with its reason, like any other step. When it is due is decided by the ladder
(`ladder.py`); what may be undone, and until when, by the table of the lifecycle.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import cast

from sqlalchemy import select

from qtxvol.accounts.actor import Actor, system_actor
from qtxvol.directory.models import Department
from qtxvol.extensions import db
from qtxvol.notices.queue import To, queue_notices
from qtxvol.orders.lifecycle import Action, Party
from qtxvol.orders.models import Crew, Order, OrderEvent
from qtxvol.orders.serve import asked_teams, back_to_pool, check_free, check_parallel, crew_ids, lent_by_consent
from qtxvol.orders.transition import Effect, Outcome, change_order, note_clock
from qtxvol.orders.undo import goes_on_from, last_event
from qtxvol.orders.windows import Window
from qtxvol.refusals import Refused
from qtxvol.volunteers.models import Team, Volunteer

#: Who takes the steps that nobody took.
LADDER = system_actor("催办")

#: Reasons of the system's own steps; `web/wording.py` has their words.
NOT_CLAIMED, NO_CALL, NO_SHOW = "not_claimed", "no_call", "no_show"


def reroute_order(number: str, *, department_id: str, now: datetime) -> Outcome:
    """Offer an order that its department has not claimed to another one. The former one goes on knowing of it, and is
    told; it is no return of that department's.

    :raise Refused: `is_ruled` (409): a ruling of the office is not moved on; `unknown` department (422); else as
        `change_order`.
    """
    payload = {"department_id": department_id, "reason": NOT_CLAIMED}

    def prepare(order: Order) -> Effect:
        department = db.session.get(Department, department_id)
        if department is None or not department.is_active or department_id == order.department_id:
            raise Refused("unknown", 422, field="department_id")
        noted = {"from_department_id": order.department_id, **note_clock(order, now)}
        return Effect({"department_id": department_id}, noted, then=_tell_department(order, Action.REROUTE, now))

    return change_order(number, Action.REROUTE, LADDER, payload, now=now, prepare=prepare)


def turn_back_order(
    number: str, actor: Actor, *, now: datetime, text: str = "", version: int | None = None, key: str | None = None
) -> Outcome:
    """Take a rerouting back: the order waits for its former department again, whose clock goes on where it stood. The
    system does not move it on a second time.

    :raise Refused: `reroute_used` (409): somebody has acted since; `department_gone` (409): the former department is
        out of use.
    """

    def prepare(order: Order) -> Effect:
        former = str(last_event(order, Action.REROUTE).payload["from_department_id"])
        department = db.session.get(Department, former)
        if department is None or not department.is_active:
            raise Refused("department_gone", 409)
        return Effect(
            {"department_id": former},
            {"department_id": former},
            then=_tell_department(order, Action.TURN_BACK, now),
            goes_on=goes_on_from(order, Action.REROUTE),
        )

    return change_order(
        number, Action.TURN_BACK, actor, {"text": text}, now=now, prepare=prepare, version=version, key=key
    )


def lapse_order(number: str, *, reason: str, now: datetime, also_told: Sequence[int] = ()) -> Outcome:
    """Take an accepted order back from its team, because nobody called the resident (`no_call`) or nothing at all was
    heard of the service (`no_show`). Whoever was asked before hears at once that it is free again.

    It judges nobody: no hours are taken, and no no-show is recorded for the team or its people. That takes somebody
    who says so (`report_no_show`), and may be objected to; here all that is known is that nothing was written down.

    :param also_told: teams that hear of it besides.
    """

    def prepare(order: Order) -> Effect:
        effect = back_to_pool(order)
        effect.told_teams = (*effect.told_teams, *also_told)
        effect.noted = {
            "team_id": order.team_id,
            "volunteer_ids": crew_ids(order.id),
            "agreed_start": _iso(order.agreed_start),
            "agreed_end": _iso(order.agreed_end),
            **note_clock(order, now),
        }
        return effect

    return change_order(number, Action.LAPSE, LADDER, {"reason": reason}, now=now, prepare=prepare)


def reinstate_order(
    number: str, actor: Actor, *, now: datetime, text: str = "", version: int | None = None, key: str | None = None
) -> Outcome:
    """Give an order that the system took back to the same team again, with the same people at the same time.

    Where nobody had called, the agreed time must still lie ahead. Where nothing was heard of the service, it has gone
    by: the team was there and forgot, and can write it up now. The system does not take it back a second time.

    :raise Refused: `lapse_used` (409): somebody has acted since; `time_passed`, `former_team_inactive`,
        `team_full`, `crew_gone`, `person_busy` with `names` (409).
    """

    def prepare(order: Order) -> Effect:
        lapse = last_event(order, Action.LAPSE).payload
        team_id, people = cast(int, lapse["team_id"]), cast(list[int], lapse["volunteer_ids"])
        agreed = Window(*(datetime.fromisoformat(str(lapse[name])) for name in ("agreed_start", "agreed_end")))
        if lapse["reason"] == NO_CALL and agreed.starts_at <= now:
            raise Refused("time_passed", 409)
        _check_team(team_id)
        check_parallel(order, team_id, agreed)
        _check_crew(order, team_id, people, agreed)

        def then(event: OrderEvent) -> None:
            db.session.add_all(Crew(order_id=order.id, volunteer_id=person) for person in people)

        values = {"team_id": team_id, "agreed_start": agreed.starts_at, "agreed_end": agreed.ends_at}
        noted = {name: lapse[name] for name in ("team_id", "volunteer_ids", "agreed_start", "agreed_end")}
        return Effect(
            {**values, "handed_team_id": None},
            noted,
            told_teams=asked_teams(order.id),
            then=then,
            goes_on=goes_on_from(order, Action.LAPSE),
        )

    return change_order(
        number, Action.REINSTATE, actor, {"text": text}, now=now, prepare=prepare, version=version, key=key
    )


def _tell_department(order: Order, action: Action, now: datetime) -> Callable[[OrderEvent], None]:
    """Also the department that the order leaves is told."""
    leaving, is_emergency = order.department_id, order.is_emergency

    def then(event: OrderEvent) -> None:
        readers = [To(Party.DEPARTMENT, leaving or "", order.id)]
        queue_notices(str(action), readers, now=now, event_id=event.id, is_emergency=is_emergency)

    return then


def _check_team(team_id: int) -> None:
    team = db.session.get(Team, team_id)
    if team is None or not team.is_active:
        raise Refused("former_team_inactive", 409)


def _check_crew(order: Order, team_id: int, people: list[int], agreed: Window) -> None:
    """All of them are still of the team, or had agreed to help it, and are free; they stay locked."""
    crew = db.session.scalars(
        select(Volunteer).where(Volunteer.id.in_(people)).order_by(Volunteer.id).with_for_update(key_share=True)
    ).all()
    lent = lent_by_consent(order.id, team_id, agreed)
    mine = [each for each in crew if each.status == "verified" and (each.team_id == team_id or each.id in lent)]
    if len(mine) != len(people):
        raise Refused("crew_gone", 409)
    check_free(order, mine, agreed)


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None
