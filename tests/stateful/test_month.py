"""A month of the city on a clock that runs fast: people forget, change their minds, don't answer and don't come;
channels fail; the worker is away for days. At the end nothing is without owner and clock, each step of the ladder was
taken once, and every notice has a state."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

import pytest
from sqlalchemy import func, select

from qtxvol.channels.message import Message, Receipt, State
from qtxvol.directory.queries import suggest_departments
from qtxvol.extensions import db
from qtxvol.jobs.ledger import run_due
from qtxvol.notices.deliver import Crew, deliver_due
from qtxvol.notices.models import STATES, Delivery, Notice
from qtxvol.notices.plan import plan_due
from qtxvol.notices.queries import is_shown
from qtxvol.orders.ask import answer_question, ask_resident
from qtxvol.orders.check import check_orders
from qtxvol.orders.claim import claim_order, offer_order, return_order
from qtxvol.orders.contact import log_call
from qtxvol.orders.decline import cancel_order
from qtxvol.orders.dispatch import dispatch_order, rule_order
from qtxvol.orders.lifecycle import OPEN, Action, Party, Status
from qtxvol.orders.models import ClockAlarm, Order, OrderClock, OrderEvent
from qtxvol.orders.rate import Verdict, rate_order
from qtxvol.orders.serve import accept_order, close_order, report_no_show, withdraw_order
from qtxvol.orders.windows import Window
from qtxvol.refusals import Refused
from qtxvol.watch.stuck import list_ownerless
from tests.factories import DEPARTMENT, ITEM, NOW, City, make_actor, make_city, new_key, placed

DAYS = 30
#: The clock goes on by so much at a time; nobody works at night, but the worker does.
STEP = timedelta(hours=3)


@dataclass
class Gates:
    """Channels that are there, and fail as they like."""

    rng: Random
    seen: Counter[str] = field(default_factory=Counter)

    def list_ready(self) -> frozenset[str]:
        return frozenset({"sms", "mail"})

    def send(self, channel: str, message: Message) -> Receipt:
        chance = self.rng.random()
        if chance < 0.25:
            return Receipt(State.RETRY, "busy")
        if chance < 0.3:
            return Receipt(State.REFUSED, "no such number")
        if chance < 0.33:
            return Receipt(State.UNKNOWN, "no answer")
        self.seen[message.key] += 1
        return Receipt(State.SENT)

    def note_receipt(self, channel: str, receipt: Receipt, now: datetime) -> None:
        pass


@dataclass
class Month:
    """The parties of a small city, each of whom does its next step only sometimes."""

    city: City
    rng: Random
    done: Counter[str] = field(default_factory=Counter)

    def morning(self, now: datetime) -> None:
        for _ in range(self.rng.choice((0, 1, 1, 2))):
            urgency = self.rng.choices(("normal", "urgent", "emergency"), (8, 2, 1))[0]
            placed(self.city, now, urgency=urgency, contact_phone=f"199{self.rng.randrange(10**8):08d}")

    def work(self, now: datetime) -> None:
        """Everybody looks at what is open and does something about a part of it."""
        rows = db.session.execute(
            select(
                Order.id, Order.number, Order.status, Order.department_id, Order.agreed_start, Order.agreed_end,
                Order.clock_stopped_at, Order.closed_at,
            ).order_by(Order.id)
        ).all()  # fmt: skip
        db.session.rollback()
        for row in rows:
            if self.rng.random() > 0.25:
                continue  # forgot it again
            try:
                self._act(row, now)
            except Refused as refused:  # what people meet; never a form that was filled in wrongly
                if refused.status != 409:
                    raise
                self.done["refused"] += 1

    def _act(self, row: object, now: datetime) -> None:
        city, number, chance = self.city, row.number, self.rng.random()
        if row.clock_stopped_at is not None:
            if chance < 0.5:
                self._note("answer", answer_question(number, city.community, text="周三下午可以。", now=now))
            return
        match row.status:
            case Status.PLACED if chance < 0.06:
                self._note("cancel", cancel_order(number, city.community, reason="no_longer_needed", now=now))
            case Status.PLACED:
                self._note("dispatch", dispatch_order(number, city.community, department_id=DEPARTMENT, now=now))
            case Status.DISPATCHED if row.department_id != DEPARTMENT:
                if chance < 0.3:  # another department forgets it, until the office rules
                    rule_order(number, city.office, department_id=DEPARTMENT, text="由卫健局承办", now=now)
            case Status.DISPATCHED if row.id % 4 == 0:
                pass  # it lies under a pile of paper
            case Status.DISPATCHED if chance < 0.15:
                return_order(number, city.department, reason="not_our_field", now=now)
            case Status.DISPATCHED if chance < 0.3:
                self._note("ask", ask_resident(number, city.department, text="多少人？", now=now))
            case Status.DISPATCHED:
                self._note("claim", claim_order(number, city.department, now=now))
            case Status.CLAIMED if chance < 0.3:
                offer_order(number, city.department, team_ids=[city.team.team_id or 0], now=now)
            case Status.CLAIMED:
                start = now + timedelta(hours=self.rng.randrange(6, 100))
                agreed = Window(start, start + timedelta(hours=1))
                crew = self.rng.sample(city.crew, 1)
                self._note("accept", accept_order(number, city.team, agreed=agreed, volunteer_ids=crew, now=now))
            case Status.ACCEPTED if row.agreed_start > now:
                if chance < 0.5:
                    log_call(number, city.team, contact="first", outcome="reached", key=new_key(), now=now)
                elif chance < 0.6:
                    withdraw_order(number, city.team, reason="work", now=now)
            case Status.ACCEPTED if row.agreed_end < now:
                if chance < 0.2:
                    report_no_show(number, city.community, text="没有人来。", now=now)
                elif chance < 0.7:
                    self._close(number, row, now)
            case Status.CLOSED if chance < 0.1 and row.closed_at + timedelta(days=6) > now:
                verdict = Verdict(self.rng.randrange(1, 6), did_take_place=True)
                self._note("rate", rate_order(number, city.community, verdict=verdict, now=now))

    def _close(self, number: str, row: object, now: datetime) -> None:
        from qtxvol.orders.models import Crew as Named

        crew = db.session.scalars(
            select(Named.volunteer_id).join(Order, Order.id == Named.order_id).where(Order.number == number)
        ).all()
        actual = Window(row.agreed_start, row.agreed_end)
        close_order(
            number, self.city.team, actual=actual, attendance=20, report="讲完了。",
            minutes=dict.fromkeys(crew, 60), now=now,
        )  # fmt: skip
        self.done["close"] += 1

    def _note(self, what: str, _outcome: object) -> None:
        self.done[what] += 1


def live(month: Month, gates: Gates) -> datetime:
    """Thirty days; on three of them no worker runs."""
    crew, now = Crew(gates), NOW
    end = NOW + timedelta(days=DAYS)
    while now < end:
        hour = (now.hour + 8) % 24
        if hour in range(8, 12):
            month.morning(now)
        if hour in range(8, 20):
            month.work(now)
        if not timedelta(days=11) < now - NOW < timedelta(days=14):
            let_the_worker_run(now, crew)
        now += STEP
    return now


def let_the_worker_run(now: datetime, crew: Crew) -> None:
    run_due(now)
    plan_due(now, crew.outside.list_ready())
    deliver_due(now, crew)


@pytest.mark.usefixtures("ctx")
@pytest.mark.slow
def test_a_month_in_which_people_forget_leaves_nothing_stuck_and_nobody_untold():
    rng, city = Random(20261124), make_city()
    for each in suggest_departments(ITEM, "elderly"):  # somebody is there to whom an unclaimed order can go
        if each.department_id != DEPARTMENT:
            make_actor(Party.DEPARTMENT, each.name, department_id=each.department_id)
    month, gates = Month(city, rng), Gates(Random(7))
    end = live(month, gates)

    # enough has happened for the rest to mean something
    actions = Counter(db.session.scalars(select(OrderEvent.action)))
    assert {Action.REROUTE, Action.LAPSE, Action.RULE, Action.ASK, Action.NO_SHOW, Action.CLOSE, Action.RATE} <= set(
        actions
    ), actions
    assert db.session.scalar(select(func.count(Order.id))) > 25

    assert_nothing_is_stuck(end)
    assert_each_step_was_taken_once()
    assert_every_notice_has_a_state(end, Crew(gates))
    assert [str(finding) for finding in check_orders()] == []


def assert_nothing_is_stuck(now: datetime) -> None:
    assert list_ownerless() == []
    running = select(OrderClock).join(Order, Order.id == OrderClock.order_id)
    running = running.where(OrderClock.ended_at.is_(None), Order.status.in_(OPEN))
    clocks = db.session.scalars(running).all()
    assert clocks
    assert all(clock.party for clock in clocks)
    assert all(clock.started_at <= clock.soon_at <= clock.due_at <= clock.twice_at for clock in clocks)
    # what was long over did not go unheard: its clock has rung
    rung = set(db.session.scalars(select(ClockAlarm.clock_id)))
    late = [clock for clock in clocks if clock.stopped_at is None and clock.due_at < now - timedelta(days=1)]
    assert [clock.id for clock in late if clock.id not in rung] == []


def assert_each_step_was_taken_once() -> None:
    """The key of an alarm lets no second one in; what it caused must be single too."""
    told = db.session.execute(
        select(Notice.kind, Notice.key, func.count())
        .where(Notice.kind.in_(("due_soon", "overdue", "overdue_lead", "overdue_twice", "returned_twice")))
        .group_by(Notice.kind, Notice.key)
    ).all()
    assert told
    assert all(key for _kind, key, _count in told)
    assert [row for row in told if row[2] != 1] == []
    moved = Counter(
        db.session.scalars(select(ClockAlarm.clock_id).where(ClockAlarm.kind == "moved")),
    )
    automatic = (Action.REROUTE, Action.LAPSE)
    steps = db.session.scalar(select(func.count(OrderEvent.id)).where(OrderEvent.action.in_(automatic)))
    assert sum(moved.values()) == steps
    assert set(moved.values()) <= {1}


def assert_every_notice_has_a_state(now: datetime, crew: Crew) -> None:
    """Given a week more for retries, all that was due is planned, and each delivery has ended in one way."""
    for day in range(1, 8):
        let_the_worker_run(now + timedelta(days=day), crew)
    later = now + timedelta(days=7)
    unplanned = select(func.count(Notice.id)).where(is_shown(later), Notice.planned_at.is_(None))
    assert db.session.scalar(unplanned) == 0
    states = Counter(db.session.scalars(select(Delivery.state)))
    assert set(states) <= set(STATES)
    assert {"sent", "dead", "unknown"} <= set(states), states
    overdue = select(func.count(Delivery.id)).where(
        Delivery.state.in_(("waiting", "sending", "failed")), Delivery.next_at < later - timedelta(days=1)
    )
    assert db.session.scalar(overdue) == 0
    gates = crew.outside
    assert isinstance(gates, Gates)
    assert [key for key, times in gates.seen.items() if times > 1] == []  # nothing twice by our doing
