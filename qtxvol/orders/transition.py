"""The only writer of an order's status. Every step is one transaction: a conditional UPDATE that names the old
status and version, one `OrderEvent` in the hash chain, the notices; or nothing at all.

Why so strict: docs/adr/0002-one-writer.md.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select, update

from qtxvol.accounts.actor import Actor, system_actor
from qtxvol.accounts.permissions import find_obstacle, visible_orders
from qtxvol.extensions import db
from qtxvol.notices.queue import To, queue_notices
from qtxvol.notices.reminders import follow_step
from qtxvol.offers.models import CounterOffer
from qtxvol.orders import clocks
from qtxvol.orders.chain import GENESIS, event_hash, fingerprint
from qtxvol.orders.lifecycle import OPEN, Action, OrderFacts, Party, Rule, Status, find_refusal, find_undo, get_rule
from qtxvol.orders.models import Crew, Order, OrderClock, OrderEvent, OrderHolder, OrderNote, Question
from qtxvol.orders.tried import sum_up_tries
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction

#: Who asks teams wave after wave (`offers/waves.py`).
WAVES = system_actor("逐批询问")


@dataclass(slots=True)
class Effect:
    """What a verb adds to the step.

    :ivar values: columns of the order to set along with the status; they win over what the new status would bring.
    :ivar noted: what the event keeps besides what was asked for, for the step that may take it back.
    :ivar told_teams: teams to tell besides the order's own.
    :ivar then: called with the new event; adds the rows that point to it.
    :ivar told_as: for some parties another kind of notice than the step's own, with its `about`.
    :ivar goes_on: clocks that were ended and go on where they stood, because the step takes back what ended them
        (`undo.goes_on_from`); otherwise the new status begins with clocks of its own.
    """

    values: dict[str, Any] = field(default_factory=dict)
    noted: dict[str, Any] = field(default_factory=dict)
    told_teams: tuple[int, ...] = ()
    told_as: Mapping[Party, tuple[str, Mapping[str, object]]] = field(default_factory=dict)
    then: Callable[[OrderEvent], None] | None = None
    goes_on: Sequence[OrderClock] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a step ended. `is_repeat`: it had already been done by the same request; nothing was written."""

    order_id: int
    number: str
    status: Status
    version: int
    is_repeat: bool = False


#: Looks at the locked order, checks what only the verb knows, and says what else changes.
Prepare = Callable[[Order], Effect]


def change_order(
    number: str,
    action: Action,
    actor: Actor,
    payload: Mapping[str, Any],
    *,
    now: datetime,
    prepare: Prepare | None = None,
    version: int | None = None,
    key: str | None = None,
) -> Outcome:
    """Take one step of the lifecycle, whole or not at all.

    :param payload: JSON-like; `text` is kept in a note and only its hash in the event.
    :param version: of the page the actor was looking at; None when there is none (a job, a phone call).
    :param key: idempotency key; the same actor with the same key is answered with the first outcome.
    :raise NotFound: no such order, or none that the actor may know of (404).
    :raise Refused: `wrong_party` (403); `wrong_status`, `moved_on`, `stale` with `winner`, or a guard's code (409);
        `undone_since` (409): this very request was answered before, and what it did was taken back;
        `missing` with `field` (422); and what `prepare` raises.
    """
    rule = get_rule(action)
    asked = fingerprint({"action": action, **payload})
    with transaction():
        order = lock_order(number, actor)
        last, repeated = _last_and_repeated(order, actor, asked, key)
        if repeated is not None:
            _check_not_undone(repeated, last)
            return Outcome(order.id, order.number, Status(order.status), order.version, is_repeat=True)
        joined = db.session.get(Order, order.merged_into_id) if order.merged_into_id else None
        has_tried = action is Action.END_UNREACHABLE and sum_up_tries(order).are_enough
        facts = facts_of(
            order, actor, now, last_action=last_deed_of(order.id, last), joined=joined, has_tried_enough=has_tried
        )
        refusal = find_refusal(rule, actor.party, facts)
        if refusal == "wrong_party":
            raise Refused(refusal, 403)
        refusal = refusal or find_obstacle(actor, order, action)
        if refusal is None and version is not None and version != order.version:
            refusal = "stale"
        if refusal is not None:
            raise Refused(refusal, 409, winner=last.actor_name, stands_at=order.status)
        _check_carried(rule, payload)
        effect = prepare(order) if prepare else Effect()
        return _write_step(order, rule, actor, payload, effect, last, now=now, key=key, asked=asked)


def insert_order(
    order: Order,
    actor: Actor,
    payload: Mapping[str, Any],
    *,
    now: datetime,
    then: Callable[[OrderEvent], None],
    noted: Mapping[str, Any] | None = None,
) -> Outcome:
    """Write a new order with its first event and notices. Inside the caller's `transaction()`.

    :param noted: what the event keeps besides what was asked for.

    Its idempotency key stands in `orders.place_key` alone, since it salts what the event says of the person.

    :raise Refused: `wrong_party` (403), `missing` (422).
    """
    rule = get_rule(Action.PLACE)
    if actor.party not in rule.by:
        raise Refused("wrong_party", 403)
    _check_carried(rule, payload)
    order.status, order.version, order.status_since = Status.PLACED, 1, now
    begun = clocks.plan_clocks(order, Status.PLACED, now)
    order.due_at = clocks.main_due(begun)
    db.session.add(order)
    db.session.flush()
    asked = fingerprint({"action": Action.PLACE, **payload})
    kept = {**payload, **(noted or {})}
    event = _append_event(order, rule, actor, kept, None, None, now=now, key=None, asked=asked, was_overdue=False)
    clocks.write_clocks(begun, event)
    then(event)
    if not order.is_push:  # the push that follows tells of it
        _queue_notices(order, rule, actor, event, (), (), now, told_as={})
    return Outcome(order.id, order.number, Status.PLACED, 1)


def lock_order(number: str, actor: Actor) -> Order:
    """The order, locked until the transaction ends.

    Others may go on pointing to it (FOR NO KEY UPDATE): the ladder and the worker write rows about many orders in one
    transaction, and would otherwise wait for a person who in turn waits for them.

    :raise NotFound: no such order within the actor's scope.
    """
    statement = select(Order).where(Order.number == number, visible_orders(actor))
    statement = statement.with_for_update(of=Order, key_share=True)
    order = db.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()
    if order is None:
        raise NotFound(number)
    return order


def facts_of(
    order: Order,
    actor: Actor,
    now: datetime,
    *,
    is_rated: bool = False,
    last_action: Action | None = None,
    joined: Order | None = None,
    has_tried_enough: bool = False,
) -> OrderFacts:
    """The order as the guards see it.

    :param last_action: what was done last (`last_deed_of`).
    :param joined: the order that this one was merged into. Once it was closed, its askers are counted and may have
        rated it, and go on together even when it is reopened.
    """
    return OrderFacts(
        status=Status(order.status),
        now=now,
        due_at=order.due_at,
        is_ruled=order.is_ruled,
        returns_count=order.returns_count,
        agreed_start=order.agreed_start,
        agreed_end=order.agreed_end,
        closed_at=order.closed_at,
        clock_stopped_at=order.clock_stopped_at,
        is_rated=is_rated,
        handed_team_id=order.handed_team_id,
        asking_team_id=actor.team_id,
        status_since=order.status_since,
        last_action=last_action,
        can_leave_joined=joined is not None and joined.status in OPEN and joined.closures_count == 0,
        has_tried_enough=has_tried_enough,
        is_push=order.is_push,
        held_team_id=order.held_team_id,
    )


def note_clock(order: Order, now: datetime) -> dict[str, Any]:
    """What a step keeps of the main clock that it ends, for whoever reads the record."""
    return {"due_was": order.due_at.isoformat() if order.due_at else None}


def hold(order_id: int, kind: str, codes: Iterable[str], now: datetime) -> None:
    """Remember that these departments or teams have had to do with the order. Known ones are left alone."""
    wanted = set(codes)
    known = select(OrderHolder.code).where(
        OrderHolder.order_id == order_id, OrderHolder.kind == kind, OrderHolder.code.in_(wanted)
    )
    wanted -= set(db.session.scalars(known))
    db.session.add_all(OrderHolder(order_id=order_id, kind=kind, code=code, first_at=now) for code in sorted(wanted))


def _last_and_repeated(order: Order, actor: Actor, asked: str, key: str | None) -> tuple[OrderEvent, OrderEvent | None]:
    """The order's last event, and the event that this very request has already led to, if it has.

    A request is known again by the actor's key, or because the same actor asks for the same thing and nothing
    has happened since.
    """
    wanted = OrderEvent.sequence == order.version
    if key is not None:
        wanted = or_(wanted, and_(OrderEvent.actor_key == actor.key, OrderEvent.idempotency_key == key))
    events = db.session.scalars(
        select(OrderEvent).where(OrderEvent.order_id == order.id, wanted).order_by(OrderEvent.sequence)
    ).all()
    last = events[-1]
    for event in events:
        if key is not None and event.actor_key == actor.key and event.idempotency_key == key:
            if event.fingerprint != asked:
                raise Refused("key_reused", 422, field="idempotency_key")
            return last, event
    is_same = last.actor_key == actor.key and last.fingerprint == asked
    return last, last if is_same else None


def last_deed_of(order_id: int, last: OrderEvent) -> Action:
    """What was done to the order last, past the teams that the service asked wave by wave: nobody has acted by that, so
    a claim, or an order that was taken back, can still be given back as long as no team has said yes. A plan's line
    that somebody confirmed is their deed, and the offer after a resident's yes is theirs."""
    if not _is_own_asking(last):
        return Action(last.action)
    somebodys = or_(
        OrderEvent.action != Action.OFFER,
        OrderEvent.actor_account_id.is_not(None),
        OrderEvent.actor_name != WAVES.name,
    )
    found = select(OrderEvent.action).where(OrderEvent.order_id == order_id, somebodys)
    return Action(db.session.scalars(found.order_by(OrderEvent.sequence.desc()).limit(1)).one())


def _is_own_asking(event: OrderEvent) -> bool:
    return event.action == Action.OFFER and event.actor_account_id is None and event.actor_name == WAVES.name


def _check_not_undone(event: OrderEvent, last: OrderEvent) -> None:
    """A form that is sent again after its step was taken back must not be called done: the order would be forgotten."""
    undo = find_undo(Action(event.action))
    if undo is None or event is last:
        return
    undone = select(OrderEvent.id).where(
        OrderEvent.order_id == event.order_id, OrderEvent.sequence > event.sequence, OrderEvent.action == undo.action
    )
    if db.session.scalar(undone.limit(1)) is not None:
        raise Refused("undone_since", 409)


def _check_carried(rule: Rule, payload: Mapping[str, Any]) -> None:
    for name in rule.carries:
        if payload.get(name) in (None, "", [], {}):
            raise Refused("missing", 422, field=name)


def _write_step(
    order: Order,
    rule: Rule,
    actor: Actor,
    payload: Mapping[str, Any],
    effect: Effect,
    last: OrderEvent,
    *,
    now: datetime,
    key: str | None,
    asked: str,
) -> Outcome:
    was, to = Status(order.status), rule.to or Status(order.status)
    leaving_team, leaving_department = order.team_id, order.department_id
    paused = order.clock_stopped_at is not None
    # an open question hides no delay that was there before it was asked
    was_overdue = order.due_at is not None and order.due_at < (order.clock_stopped_at or now)
    values: dict[str, Any] = {"status": to, "version": order.version + 1}
    begun: Sequence[OrderClock] = ()
    if not rule.stays:
        begun = effect.goes_on or clocks.plan_clocks(order, to, now, effect.values)
        values["status_since"] = now
        values["due_at"] = clocks.main_due(begun)
        values["clock_stopped_at"] = None
        values["held_team_id"] = None
        # whoever falls free is looked at at once
        values["next_wave_at"] = now if to is Status.CLAIMED and order.is_auto_asked else None
    values |= effect.values
    changed = db.session.connection().execute(
        update(Order).where(Order.id == order.id, Order.status == was, Order.version == order.version).values(**values)
    )
    if changed.rowcount != 1:  # can't happen under the lock; if it ever does, nothing is written
        raise Refused("stale", 409, winner=last.actor_name, stands_at=order.status)
    db.session.refresh(order)
    if paused and not rule.stays:
        _end_questions(order.id, now)
    event = _append_event(
        order,
        rule,
        actor,
        {**payload, **effect.noted},
        was,
        last,
        now=now,
        key=key,
        asked=asked,
        was_overdue=was_overdue,
    )
    if not rule.stays:
        _change_clocks(order, rule, was, event, effect, begun, now)
    if values.get("department_id"):
        hold(order.id, "department", [values["department_id"]], now)
    if values.get("team_id"):
        hold(order.id, "team", [str(values["team_id"])], now)
    crew = _crew_of(order.id, rule)
    if effect.then:
        effect.then(event)
    after = _crew_of(order.id, rule)
    crew = crew ^ after if rule.action is Action.CREW else crew | after  # who stays was told before
    teams = {*effect.told_teams, *filter(None, (order.team_id or leaving_team,))}
    department = order.department_id or leaving_department
    _queue_notices(order, rule, actor, event, teams, crew, now, told_as=effect.told_as, department=department)
    db.session.flush()
    follow_step(order, event, now)
    _follow_hold(order, event, now)
    _follow_joint(order, event, now)
    return Outcome(order.id, order.number, to, order.version)


def _follow_joint(order: Order, event: OrderEvent, now: datetime) -> None:
    """Askers who are asked whether they would hold it together hear when that has come to nothing."""
    from qtxvol.offers.joint import follow_step as follow_joint  # likewise

    follow_joint(order, event, now)


def _follow_hold(order: Order, event: OrderEvent, now: datetime) -> None:
    """Whoever is asked by name hears when the order goes elsewhere."""
    from qtxvol.offers.holds import follow_step as follow_hold  # it takes steps itself, so neither can come first

    follow_hold(order, event, now)


def _change_clocks(
    order: Order,
    rule: Rule,
    was: Status,
    event: OrderEvent,
    effect: Effect,
    begun: Sequence[OrderClock],
    now: datetime,
) -> None:
    """End what ran, and begin or go on with what runs from here on. Residents whose order was merged into this one
    have a rating of their own to give."""
    clocks.end_clocks(order.id, rule.action, event, now, with_joined=was is Status.CLOSED)
    if effect.goes_on:
        clocks.reopen_clocks(effect.goes_on)
        return
    closed = order.status == Status.CLOSED
    joined = db.session.scalars(select(Order.id).where(Order.merged_into_id == order.id)).all() if closed else ()
    clocks.write_clocks(begun, event, also_for=joined)


def _append_event(
    order: Order,
    rule: Rule,
    actor: Actor,
    payload: Mapping[str, Any],
    was: Status | None,
    last: OrderEvent | None,
    *,
    now: datetime,
    key: str | None,
    asked: str,
    was_overdue: bool,
) -> OrderEvent:
    kept = {name: value for name, value in payload.items() if name != "text" and value not in (None, "", [], {})}
    text = str(payload.get("text") or "")
    if text:
        kept["text_sha256"] = hashlib.sha256(text.encode()).hexdigest()
    event = OrderEvent(
        order_id=order.id,
        sequence=order.version,
        action=rule.action,
        party=actor.party,
        actor_key=actor.key,
        actor_name=actor.name,
        actor_account_id=actor.account_id,
        from_status=was,
        to_status=order.status,
        payload=kept,
        fingerprint=asked,
        idempotency_key=key,
        was_overdue=was_overdue,
        happened_at=now,
        previous_hash=last.row_hash if last else GENESIS,
    )
    event.row_hash = hash_of(event, order.number)
    db.session.add(event)
    db.session.flush()
    if text:
        db.session.add(OrderNote(event_id=event.id, order_id=order.id, text=text))
    return event


def hash_of(event: OrderEvent, number: str) -> str:
    """What the event's `row_hash` must be; `qtxvol check` computes it anew."""
    return event_hash(
        event.previous_hash,
        happened_at=event.happened_at,
        number=number,
        sequence=event.sequence,
        action=str(event.action),
        party=str(event.party),
        actor_key=event.actor_key,
        actor_name=event.actor_name,
        from_status=str(event.from_status) if event.from_status else None,
        to_status=str(event.to_status),
        payload=event.payload,
        fingerprint=event.fingerprint,
        idempotency_key=event.idempotency_key,
        was_overdue=event.was_overdue,
    )


def _crew_of(order_id: int, rule: Rule) -> set[int]:
    """Who is named for the order, when the rule tells volunteers."""
    if Party.VOLUNTEER not in rule.tells:
        return set()
    return set(db.session.scalars(select(Crew.volunteer_id).where(Crew.order_id == order_id)))


def _seat_of(actor: Actor, order: Order) -> To | None:
    """The reader that the actor is: nobody is told what they have just done."""
    match actor.party:
        case Party.COMMUNITY:
            return To(actor.party, actor.division_code or "", order.id)
        case Party.DEPARTMENT:
            return To(actor.party, actor.department_id or "", order.id)
        case Party.TEAM:
            return To(actor.party, str(actor.team_id), order.id)
        case Party.RESIDENT | Party.OFFICE:
            return To(actor.party, "", order.id)
    return None


def _end_questions(order_id: int, now: datetime) -> None:
    """The order moved on: a question that is still open needs no answer any more."""
    db.session.execute(
        update(Question).where(Question.order_id == order_id, Question.ended_at.is_(None)).values(ended_at=now)
    )
    unanswered = update(CounterOffer).where(CounterOffer.order_id == order_id, CounterOffer.answer.is_(None))
    db.session.execute(unanswered.values(answered_at=now, answer="void"))


def _queue_notices(
    order: Order,
    rule: Rule,
    actor: Actor,
    event: OrderEvent,
    teams: Iterable[int],
    crew: Iterable[int],
    now: datetime,
    *,
    told_as: Mapping[Party, tuple[str, Mapping[str, object]]],
    department: str | None = None,
) -> None:
    """One row for each body to tell, never for the one that acted. Askers whose order was merged into this one
    hear what its resident hears."""
    readers: list[To] = []
    askers = [(order.id, order.division_code)]
    if rule.tells & {Party.RESIDENT, Party.COMMUNITY}:
        joined = select(Order.id, Order.division_code).where(Order.merged_into_id == order.id)
        askers += [(row.id, row.division_code) for row in db.session.execute(joined)]
    for party in sorted(rule.tells):
        match party:
            case Party.COMMUNITY:
                readers.extend(To(party, division, order_id) for order_id, division in askers)
            case Party.DEPARTMENT if department:
                readers.append(To(party, department, order.id))
            case Party.TEAM:
                readers.extend(To(party, str(team), order.id) for team in sorted(teams))
            case Party.VOLUNTEER:
                readers.extend(To(party, str(person), order.id) for person in sorted(crew))
            case Party.OFFICE:
                readers.append(To(party, "", order.id))
            case Party.RESIDENT:
                readers.extend(To(party, "", order_id) for order_id, _division in askers)
    own = _seat_of(actor, order)
    readers = [reader for reader in readers if reader != own]
    as_usual = [reader for reader in readers if reader.party not in told_as]
    queue_notices(str(rule.action), as_usual, now=now, event_id=event.id, is_emergency=order.is_emergency)
    for party, (kind, about) in told_as.items():
        others = [reader for reader in readers if reader.party is party]
        queue_notices(
            kind, others, now=now, order_id=order.id, event_id=event.id, about=about, is_emergency=order.is_emergency
        )
