"""Plans that a person asks for, and what the person makes of them: confirmed, skipped, or given up.

Solving is the worker's (`plan_solving`); reading for pages is in `plan_queries`. A plan promises nothing: each line is
looked at again when it is confirmed, and then the team is asked by name, as if the department had done so by hand.
"""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from qtxvol.accounts.actor import Actor, system_actor
from qtxvol.accounts.models import Seat
from qtxvol.directory.models import Department
from qtxvol.extensions import db
from qtxvol.matching.crew import Crew
from qtxvol.matching.needs import Need, Urgency
from qtxvol.matching.proposal import PlanLine as Proposed
from qtxvol.matching.proposal import find_stale
from qtxvol.matching.score import rank
from qtxvol.offers.learn import clue_to_json
from qtxvol.offers.models import MatchPlan, PlanLine
from qtxvol.offers.pace import is_quiet
from qtxvol.offers.plan_scope import (
    count_waiting,
    is_in_scope,
    list_refusing,
    note_confirmed,
    note_promise,
    scope_of,
)
from qtxvol.offers.plan_solving import DEAD_AFTER, WAITS_AT_MOST
from qtxvol.offers.situation import Matching, load_matching, slot_of
from qtxvol.orders.claim import Proposal, offer_order
from qtxvol.orders.lifecycle import Party, Status
from qtxvol.orders.models import Offer, Order
from qtxvol.orders.transition import lock_order
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction

_LOG = logging.getLogger(__name__)

#: Lines that are confirmed in one go; a plan of thousands takes several.
MOST_LINES = 100
#: What else a line's refusal may be called: it stays as it is and can be confirmed later.
LATER = frozenset({"quiet_hours", "not_tried"})
#: Codes of a refused offer, in the words of a plan.
_GONE: Mapping[str, str] = {
    "wrong_status": "order_gone",
    "moved_on": "order_gone",
    "is_held": "is_held",
    "question_open": "question_open",
    "unknown": "team_gone",
}


@dataclass(frozen=True, slots=True)
class Decided:
    """What became of one line.

    :ivar why: empty when it is done, now or before; else a code of `matching.words.STALE`, of
        `web.match_words.OBSTACLES`, or of `LATER`.
    """

    line_id: int
    number: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line as plain values: every transaction forgets what was loaded before.

    :ivar people: those that the plan counts on, leads first.
    """

    id: int
    order_id: int
    number: str
    status: str
    why: str
    team_id: int
    slot: int
    people: tuple[int, ...]
    is_emergency: bool
    is_waiting: bool
    is_held: bool
    has_open_question: bool


def ask_for_plan(actor: Actor, now: datetime) -> int:
    """Ask for a plan of the actor's waiting orders: a department's own, or for the office the whole city's.

    :return: the plan's id; of the one that is being solved already, when there is one.
    :raise Refused: `wrong_party` (403); `nothing_to_plan` (409).
    """
    department_id, account_id = scope_of(actor), _account_of(actor)
    with transaction():
        _queue_up(department_id)
        for plan in _list_unfinished(department_id):
            if plan.asked_at > now - WAITS_AT_MOST:
                return plan.id
            plan.status, plan.fault, plan.ended_at = "failed", "nobody_solved", now
        orders, _others = count_waiting(department_id, now)
        if not orders:
            raise Refused("nothing_to_plan", 409)
        plan = MatchPlan(department_id=department_id, asked_at=now, asked_by_account_id=account_id, orders=orders)
        db.session.add(plan)
        db.session.flush()
        return plan.id


def cancel_plan(plan_id: int, actor: Actor, now: datetime) -> bool:
    """Give up a plan that is not ready yet; False when it had ended already.

    While a worker solves it, the worker hears of it within a second or two.

    :raise NotFound: no such plan of the actor's.
    """
    get_plan(plan_id, actor)
    with transaction():
        plan = db.session.get_one(MatchPlan, plan_id, with_for_update=True, populate_existing=True)
        is_dead = plan.beat_at is None or plan.beat_at <= now - DEAD_AFTER
        if plan.status == "waiting" or (plan.status == "solving" and is_dead):
            plan.status, plan.ended_at = "cancelled", now
        elif plan.status == "solving":
            plan.is_cancel_wanted = True
        else:
            return False
        return True


def get_plan(plan_id: int, actor: Actor) -> MatchPlan:
    """A plan of the actor's department, or any for the office.

    :raise NotFound: no such plan, or another department's.
    :raise Refused: `wrong_party` (403).
    """
    department_id = scope_of(actor)
    plan = db.session.get(MatchPlan, plan_id)
    if plan is None or (department_id is not None and plan.department_id != department_id):
        raise NotFound(str(plan_id))
    return plan


def confirm_lines(
    plan_id: int, line_ids: Collection[int], actor: Actor, now: datetime, *, is_handed: bool = False
) -> list[Decided]:
    """Ask the team of each line by name, with the proposed time. Each line is a step of its own: one that no longer
    holds is refused with its reason, and the others go through. A line that was confirmed before is left as it is.

    :param is_handed: others may not accept the order until the department asks on.
    :return: one for each line that belongs to the plan, in the order of the plan.
    :raise NotFound: no such plan of the actor's.
    :raise Refused: `too_many_at_once` (422), `plan_not_ready` (409), before anything is done.
    """
    lines = _read_lines(plan_id, line_ids, actor)
    open_lines = {line.id: line for line in lines if line.status in ("proposed", "skipped")}
    decided = {line.id: Decided(line.id, line.number, line.why) for line in lines if line.id not in open_lines}
    batch = _Batch.load(open_lines.values(), now)
    for line in open_lines.values():
        why = _confirm(line, batch, actor, now, is_handed=is_handed)
        if why == "":
            batch.note(line)
        decided[line.id] = Decided(line.id, line.number, why)
    return [decided[line.id] for line in lines]


def skip_lines(plan_id: int, line_ids: Collection[int], actor: Actor, now: datetime) -> int:
    """Set lines aside; they can still be confirmed. How many were set aside now.

    :raise NotFound: no such plan of the actor's. :raise Refused: as `confirm_lines`.
    """
    lines, account_id = _read_lines(plan_id, line_ids, actor), _account_of(actor)
    with transaction():
        skipped = update(PlanLine).where(PlanLine.id.in_([line.id for line in lines]), PlanLine.status == "proposed")
        values = {"status": "skipped", "decided_at": now, "decided_by_account_id": account_id}
        return db.session.connection().execute(skipped.values(**values)).rowcount


# Asking


def _account_of(actor: Actor) -> int:
    if actor.account_id is None:
        raise Refused("wrong_party", 403)
    return actor.account_id


def _queue_up(department_id: str | None) -> None:
    """Two people who ask at once ask one after the other. The office's oldest seat stands for the office."""
    if department_id is None:
        first = select(Seat.id).where(Seat.party == Party.OFFICE).order_by(Seat.id).limit(1)
        db.session.execute(first.with_for_update(key_share=True))
    else:
        own = select(Department.id).where(Department.id == department_id)
        db.session.execute(own.with_for_update(key_share=True))


def _list_unfinished(department_id: str | None) -> Sequence[MatchPlan]:
    unfinished = MatchPlan.status.in_(("waiting", "solving")), MatchPlan.is_cancel_wanted.is_(False)
    return db.session.scalars(
        select(MatchPlan).where(is_in_scope(department_id), *unfinished).order_by(MatchPlan.id.desc())
    ).all()


# Confirming


def _read_lines(plan_id: int, line_ids: Collection[int], actor: Actor) -> list[_Line]:
    plan, wanted = get_plan(plan_id, actor), set(line_ids)
    if len(wanted) > MOST_LINES:
        raise Refused("too_many_at_once", 422, most=MOST_LINES)
    if plan.status != "ready":
        raise Refused("plan_not_ready", 409)
    rows = db.session.execute(
        select(
            PlanLine, Order.number, Order.status, Order.department_id, Order.held_team_id, Order.urgency,
            Order.clock_stopped_at,
        )
        .join(Order, Order.id == PlanLine.order_id)
        .where(PlanLine.plan_id == plan_id, PlanLine.id.in_(wanted))
        .order_by(PlanLine.id)
    )  # fmt: skip
    lines = []
    for row, number, status, department_id, held_team_id, urgency, stopped_at in rows:
        if row.team_id is None or row.starts_at is None:
            continue  # nobody was found for it
        is_here = actor.department_id in (None, department_id)
        lines.append(
            _Line(
                id=row.id,
                order_id=row.order_id,
                number=number,
                status=row.status,
                why=row.why,
                team_id=row.team_id,
                slot=slot_of(row.starts_at),
                people=tuple(row.people[: row.crew_size]),
                is_emergency=urgency == "emergency",
                is_waiting=status == Status.CLAIMED and is_here,
                is_held=held_team_id is not None,
                has_open_question=stopped_at is not None,
            )
        )
    return lines


@dataclass(slots=True)
class _Batch:
    """What is known when some lines are confirmed together.

    :ivar asked: teams that owe an answer, by order. :ivar refusing: those that are not asked again and why, by order.
    """

    matching: Matching
    asked: Mapping[int, frozenset[int]]
    refusing: Mapping[int, Mapping[int, str]]

    @classmethod
    def load(cls, lines: Collection[_Line], now: datetime) -> "_Batch":
        """A constant number of statements, however many lines."""
        ids = {line.order_id for line in lines}
        orders = db.session.scalars(select(Order).where(Order.id.in_(ids)).order_by(Order.id)).all()
        matching = load_matching(orders, now, also_teams={line.team_id for line in lines})
        note_confirmed(matching.situation, ids)
        waiting: dict[int, set[int]] = {order: set() for order in ids}
        owed = select(Offer.order_id, Offer.team_id).where(
            Offer.order_id.in_(ids), Offer.is_owed(), Offer.silent_at.is_(None)
        )
        for order, team in db.session.execute(owed):
            waiting[order].add(team)
        asked = {order: frozenset(teams) for order, teams in waiting.items()}
        return cls(matching, asked, list_refusing(ids, now))

    def find_stale(self, line: _Line) -> str | None:
        """Why the line doesn't hold any more."""
        if not line.is_waiting or line.order_id not in self.matching.needs:
            return "order_gone"
        if line.is_held:
            return "is_held"
        if line.has_open_question:
            return "question_open"
        if line.team_id in self.asked[line.order_id]:
            return "asked_already"
        if line.team_id in self.refusing[line.order_id]:
            return self.refusing[line.order_id][line.team_id]
        need = self.need_of(line)
        crew = Crew(line.people[: need.leads], line.people[need.leads :], (), 0.0)
        proposed = Proposed(line.order_id, line.team_id, line.slot, crew, 0.0, ())
        return find_stale(self.matching.situation, need, proposed, self.matching.now)

    def propose(self, line: _Line) -> Proposal:
        """What is known of the team at the moment of asking; the time as it fits now."""
        situation, need, now = self.matching.situation, self.need_of(line), self.matching.now
        ranking = rank(situation, need, now, without=self.refusing[line.order_id])
        places = {each.team: (place, each) for place, each in enumerate(ranking, 1)}
        place, suggestion = places.get(line.team_id, (None, None))
        team = situation.city.teams[line.team_id]
        return Proposal(
            place=place,
            chance=suggestion.chance if suggestion else None,
            clue=clue_to_json(situation.captain_clue(need, team, now)),
            window=self.matching.windows[line.order_id, line.slot],
        )

    def need_of(self, line: _Line) -> Need:
        return self.matching.needs[line.order_id]

    def note(self, line: _Line) -> None:
        """The line is confirmed: the next ones plan with what it leaves."""
        need = self.need_of(line)
        situation = self.matching.situation
        is_emergency = need.urgency is Urgency.EMERGENCY
        situation.ledger.note_team_asked(line.team_id, self.matching.now, is_emergency=is_emergency)
        note_promise(situation, line.team_id, line.slot, line.people)


def _confirm(line: _Line, batch: _Batch, actor: Actor, now: datetime, *, is_handed: bool) -> str:
    """Ask the team of one line; empty, or why not."""
    if not line.is_emergency and is_quiet(now, batch.matching.situation.settings):
        return "quiet_hours"
    try:
        stale = batch.find_stale(line)
        if stale is None:
            return _ask(line, batch.propose(line), actor, now, is_handed=is_handed)
        return _decide(line, actor, now, status="refused", why=stale)
    except OperationalError:  # a lock that was not to be had in time: the others are tried all the same
        _LOG.exception("line %d of a plan could not be confirmed", line.id)
        db.session.rollback()
        return "not_tried"


def _ask(line: _Line, proposal: Proposal, actor: Actor, now: datetime, *, is_handed: bool) -> str:
    """The line is confirmed and the team asked, together or not at all."""
    teams, asker = [line.team_id], _asker(actor)
    try:
        with transaction():
            why = _decide(line, actor, now, status="confirmed")
            if why is not _DONE_NOW:
                return why  # somebody was faster
            if lock_order(line.number, asker).clock_stopped_at is not None:
                raise Refused("question_open", 409)
            offer_order(
                line.number,
                asker,
                team_ids=teams,
                now=now,
                is_handed=is_handed,
                asked_by="plan",
                proposals={line.team_id: proposal},
                key=f"plan-line:{line.id}",
            )
            return ""
    except NotFound:
        why = "order_gone"
    except Refused as refused:
        if refused.code not in _GONE:
            raise
        why = _GONE[refused.code]
    return _decide(line, actor, now, status="refused", why=why)


#: The line was decided by this very call.
_DONE_NOW = "done"


def _decide(line: _Line, actor: Actor, now: datetime, *, status: str, why: str = "") -> str:
    """Write what becomes of an open line.

    :return: `why`, or `_DONE_NOW` where there is none; when somebody else has decided, what they came to.
    """
    values = {"status": status, "why": why, "decided_at": now, "decided_by_account_id": _account_of(actor)}
    with transaction():
        is_open = PlanLine.status.in_(("proposed", "skipped"))
        changed = update(PlanLine).where(PlanLine.id == line.id, is_open).values(**values)
        if db.session.connection().execute(changed).rowcount == 1:
            return why or _DONE_NOW
        return db.session.scalar(select(PlanLine.why).where(PlanLine.id == line.id)) or ""


def _asker(actor: Actor) -> Actor:
    """Offering is the department's step; for the office the service takes it, and the record names who confirmed."""
    if actor.party is Party.DEPARTMENT:
        return actor
    return replace(system_actor(f"{actor.name}确认的排班"[:40]), account_id=actor.account_id)
