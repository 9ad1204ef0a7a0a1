"""Whatever people do, in whatever order: the ledger's sum equals a replay, and nobody is in two places at once.

The model below keeps what must stand, by hand; `check_hours` replays from events and requests. Both must agree with
the ledger after every step.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import func, select

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.hours.check import check_hours
from qtxvol.hours.models import HoursEntry, HoursRequest
from qtxvol.hours.objections import decide_objection, make_objection
from qtxvol.hours.presence import settle_dispute
from qtxvol.hours.queries import standing_minutes
from qtxvol.hours.requests import decide_request, propose_correction, propose_late
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.rate import Verdict, rate_order
from qtxvol.orders.serve import accept_order, close_order, reopen_order
from qtxvol.orders.windows import Window
from qtxvol.refusals import Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.doubles import merge_volunteers, undo_merge
from qtxvol.volunteers.models import Team, Volunteer
from tests.factories import NOW, City, claimed, make_actor, make_team

HALF_HOUR, LATER = timedelta(minutes=30), NOW + timedelta(days=5)
#: Services of an hour that begin half an hour apart, so that neighbours overlap.
SLOTS = [
    Window(NOW + timedelta(days=1) + i * HALF_HOUR, NOW + timedelta(days=1) + (i + 2) * HALF_HOUR) for i in range(5)
]
PEOPLE = 4

indices = st.integers(0, 30)
minutes = st.sampled_from([0, 1, 20, 59, 60])


class Ledger(RuleBasedStateMachine):
    def __init__(self, city: City) -> None:
        super().__init__()
        team, crew = make_team("health", themes=("health",), people=PEOPLE)
        with transaction():
            db.session.get_one(Team, team.team_id).parallel_events = 100
        self.city = replace(city, team=team, crew=crew)
        self.colleague = make_actor(Party.OFFICE, "纲要办")
        self.claimed: list[Any] = []
        self.accepted: list[tuple[Any, Window, list[int]]] = []
        self.closed: dict[str, tuple[Any, Window]] = {}
        self.waiting: list[int] = []
        self.late: list[int] = []
        self.open: list[int] = []
        self.merges: list[int] = []
        #: What must stand: minutes by order's number and volunteer's row; and where each row's minutes lie.
        self.model: dict[tuple[str, int], int] = {}
        self.rows: set[int] = set(crew)

    def try_to(self, act: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """What came of it; None when it was refused, which leaves everything as it was."""
        try:
            return act(*args, **more)
        except Refused:
            return None

    @rule(slot=st.sampled_from(SLOTS), people=st.sets(st.integers(0, PEOPLE - 1), min_size=1, max_size=2))
    def accept(self, slot: Window, people: set[int]) -> None:
        order = self.claimed.pop() if self.claimed else claimed(self.city)
        crew = sorted(self.city.crew[i] for i in people)
        if self.try_to(accept_order, order.number, self.city.team, agreed=slot, volunteer_ids=crew, now=NOW):
            self.accepted.append((order, slot, crew))
        else:
            self.claimed.append(order)

    @precondition(lambda self: self.accepted)
    @rule(index=indices, served=minutes)
    def close(self, index: int, served: int) -> None:
        order, slot, crew = self.accepted[index % len(self.accepted)]
        given = dict.fromkeys(crew, served)
        done = self.try_to(
            close_order, order.number, self.city.team,
            actual=slot, attendance=5, report="讲完了。", minutes=given, now=LATER,
        )  # fmt: skip
        if done:
            self.accepted.remove((order, slot, crew))
            self.closed[order.number] = (order, slot)
            self.model |= {(order.number, person): served for person in crew if served}

    def pick_closed(self, index: int) -> tuple[Any, Window]:
        return list(self.closed.values())[index % len(self.closed)]

    @precondition(lambda self: self.closed)
    @rule(index=indices)
    def reopen(self, index: int) -> None:
        order, _ = self.pick_closed(index)
        if self.try_to(reopen_order, order.number, self.city.office, text="重办。", now=LATER):
            del self.closed[order.number]
            self.claimed.append(order)
            self.model = {key: value for key, value in self.model.items() if key[0] != order.number}

    @precondition(lambda self: self.closed)
    @rule(index=indices, who=st.integers(0, PEOPLE - 1), served=minutes)
    def ask_late(self, index: int, who: int, served: int) -> None:
        order, _ = self.pick_closed(index)
        asked = self.try_to(
            propose_late, order.number, self.city.team,
            volunteer_id=self.city.crew[who], minutes=served, reason="forgotten", text="漏记了。", now=LATER,
        )  # fmt: skip
        if asked:
            self.waiting.append(asked)

    @precondition(lambda self: self.model)
    @rule(index=indices, served=minutes)
    def correct(self, index: int, served: int) -> None:
        number, person = list(self.model)[index % len(self.model)]
        db.session.rollback()
        entry = db.session.scalars(
            select(HoursEntry.id)
            .where(HoursEntry.volunteer_id == person, HoursEntry.root_id.is_(None))
            .where(HoursEntry.order_id == self.closed[number][0].order_id)
            .order_by(HoursEntry.id.desc())
        ).first()
        is_done = self.try_to(
            propose_correction,
            entry,
            self.city.office,
            minutes=served,
            reason="wrong_minutes",
            text="核对过。",
            now=LATER,
        )
        if is_done:
            self.stand(number, person, served)
        elif is_done is False:
            self.waiting.append(db.session.scalar(select(func.max(HoursRequest.id))))

    @precondition(lambda self: self.waiting)
    @rule(index=indices, is_confirmed=st.booleans())
    def decide(self, index: int, is_confirmed: bool) -> None:
        request = self.waiting[index % len(self.waiting)]
        assert self.try_to(decide_request, request, self.city.team, is_confirmed=True, text="", now=LATER) is None
        done = self.try_to(
            decide_request, request, self.colleague, is_confirmed=is_confirmed, text="看过了。", now=LATER
        )
        if done is None:
            return
        self.waiting.remove(request)
        if is_confirmed:
            db.session.rollback()
            row = db.session.get_one(HoursRequest, request)
            number = next(number for number, (order, _) in self.closed.items() if order.order_id == row.order_id)
            self.stand(number, row.volunteer_id, row.minutes)
            if row.kind == "late":
                self.late.append(request)

    @precondition(lambda self: self.late)
    @rule(index=indices)
    def object(self, index: int) -> None:
        request = self.late[index % len(self.late)]
        if objection := self.try_to(make_objection, request, text="没有来。", contact="", now=LATER):
            self.open.append(objection)

    @precondition(lambda self: self.open)
    @rule(index=indices, is_upheld=st.booleans())
    def decide_on(self, index: int, is_upheld: bool) -> None:
        objection = self.open.pop(index % len(self.open))
        before = self.in_the_ledger()
        decide_objection(objection, self.city.office, is_upheld=is_upheld, minutes=0, text="查过了。", now=LATER)
        gone = before.keys() - self.in_the_ledger().keys()
        assert len(gone) <= is_upheld
        for key in gone:
            del self.model[key]

    @precondition(lambda self: self.closed)
    @rule(index=indices, did_take_place=st.booleans())
    def dispute_and_settle(self, index: int, did_take_place: bool) -> None:
        order, _ = self.pick_closed(index)
        resident = Actor(Party.RESIDENT, "居民", order_id=order.order_id)
        if self.try_to(rate_order, order.number, resident, verdict=Verdict(1, False), now=LATER) is None:
            return
        try:
            settle_dispute(order.number, self.city.office, did_take_place=did_take_place, text="查过了。", now=LATER)
        except Refused:  # it was settled before: the rating was a repeat
            return
        if not did_take_place:
            self.model = {key: value for key, value in self.model.items() if key[0] != order.number}

    @rule(one=st.integers(0, PEOPLE - 1), other=st.integers(0, PEOPLE - 1))
    def merge(self, one: int, other: int) -> None:
        if one != other:
            pair = self.city.crew[one], self.city.crew[other]
            if merge := self.try_to(merge_volunteers, self.city.office, *pair, LATER, "同一个人"):
                self.merges.append(merge)

    @precondition(lambda self: self.merges)
    @rule()
    def undo(self) -> None:
        if self.try_to(undo_merge, self.city.office, self.merges[-1], LATER) is not None:
            self.merges.pop()

    def stand(self, number: str, person: int, served: int) -> None:
        self.model.pop((number, person), None)
        if served:
            self.model[number, person] = served

    def in_the_ledger(self) -> dict[tuple[str, int], int]:
        db.session.rollback()
        numbers = {order.order_id: number for number, (order, _) in self.closed.items()}
        sums = db.session.execute(
            select(HoursEntry.order_id, HoursEntry.volunteer_id, func.sum(HoursEntry.minutes))
            .where(HoursEntry.volunteer_id.in_(self.rows))
            .group_by(HoursEntry.order_id, HoursEntry.volunteer_id)
        )
        return {(numbers.get(order, "?"), person): int(served) for order, person, served in sums if served}

    @invariant()
    def the_sum_is_what_was_decided(self) -> None:
        assert self.in_the_ledger() == self.model

    @invariant()
    def the_sum_is_that_of_a_replay(self) -> None:
        db.session.rollback()
        assert list(check_hours()) == []

    @invariant()
    def nobody_is_in_two_places(self) -> None:
        db.session.rollback()
        person_of = {
            row: person
            for row, person in db.session.execute(
                select(Volunteer.id, Volunteer.person_id()).where(Volunteer.id.in_(self.rows))
            )
        }
        taken: dict[int, list[Window]] = {}
        for number, row in self.model:
            slot = self.closed[number][1]
            assert not any(slot.overlaps(other) for other in taken.setdefault(person_of[row], []))
            taken[person_of[row]].append(slot)

    @invariant()
    def a_persons_hours_add_up_over_their_rows(self) -> None:
        db.session.rollback()
        people = {row: person for row, person in db.session.execute(select(Volunteer.id, Volunteer.person_id()))}
        for row, served in standing_minutes(self.rows).items():
            stands = sum(each for (_, other), each in self.model.items() if people[other] == people[row])
            assert served.minutes + served.waiting_minutes == stands


LONG = bool(os.environ.get("QTXVOL_LONG_WALK"))
#: examples and steps, by database
WALKS = {"sqlite": (200, 60) if LONG else (10, 30), "postgresql": (60, 50) if LONG else (3, 25)}


@pytest.mark.slow
def test_the_ledger_holds_whatever_people_do(shared_city: City):
    examples, steps = WALKS[db.engine.dialect.name]
    run_state_machine_as_test(
        lambda: Ledger(shared_city),
        settings=settings(
            max_examples=examples,
            phases=[Phase.generate, *([Phase.shrink] if LONG else [])],
            stateful_step_count=steps,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
