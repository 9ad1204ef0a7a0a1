"""Random people do random things to several orders at random times; after each step the house must stand.

`QTXVOL_LONG_WALK=1` walks further, for a night's run.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from qtxvol.accounts.actor import Actor, system_actor
from qtxvol.accounts.permissions import visible_orders
from qtxvol.extensions import db
from qtxvol.hours.models import HoursEntry
from qtxvol.notices.models import Notice
from qtxvol.orders.ask import answer_question, ask_resident
from qtxvol.orders.automatic import lapse_order, reinstate_order, reroute_order, turn_back_order
from qtxvol.orders.check import check_orders
from qtxvol.orders.claim import claim_order, offer_order, release_order, return_order
from qtxvol.orders.decline import cancel_order, give_up_order, merge_order, reject_order
from qtxvol.orders.dispatch import dispatch_order, rule_order
from qtxvol.orders.ladder import climb
from qtxvol.orders.models import Crew, Order, OrderEvent
from qtxvol.orders.place import place_order
from qtxvol.orders.rate import Verdict, rate_order
from qtxvol.orders.serve import (
    accept_order,
    close_order,
    reopen_order,
    report_no_show,
    reschedule_order,
    withdraw_order,
)
from qtxvol.orders.transition import Outcome
from qtxvol.orders.undo import recall_order, restore_order, split_order, unclaim_order
from qtxvol.orders.windows import Window
from qtxvol.refusals import NotFound, Refused
from tests.factories import COMMUNITY, NOW, OTHER_COMMUNITY, make_wish, window
from tests.orders.answers import snapshot
from tests.stateful.conftest import World

VERBS: Mapping[str, Callable[..., Outcome]] = {
    "ask": ask_resident,
    "answer": answer_question,
    "dispatch": dispatch_order,
    "reject": reject_order,
    "merge": merge_order,
    "return": return_order,
    "rule": rule_order,
    "claim": claim_order,
    "release": release_order,
    "offer": offer_order,
    "accept": accept_order,
    "withdraw": withdraw_order,
    "reschedule": reschedule_order,
    "no_show": report_no_show,
    "close": close_order,
    "reopen": reopen_order,
    "cancel": cancel_order,
    "give_up": give_up_order,
    "rate": rate_order,
    "recall": recall_order,
    "unclaim": unclaim_order,
    "restore": restore_order,
    "split": split_order,
    "turn_back": turn_back_order,
    "reinstate": reinstate_order,
}
#: What nobody asks for: the ladder does it by itself.
OF_THE_SYSTEM: Mapping[str, Callable[..., Outcome]] = {"reroute": reroute_order, "lapse": lapse_order}

#: What somebody would think of doing, by status; the ways forward more often, or nothing would ever be closed.
LIKELY = {
    "placed": "dispatch dispatch dispatch ask answer reject merge rule cancel give_up",
    "dispatched": "claim claim claim claim return return recall ask answer rule cancel give_up turn_back turn_back",
    "claimed": "accept accept accept accept offer release unclaim ask answer cancel give_up reinstate reinstate",
    "accepted": "close close close close withdraw reschedule no_show ask answer cancel give_up",
    "closed": "rate rate reopen",
    "merged": "rate rate split split cancel",
    "rejected": "restore reopen",
    "cancelled": "dispatch",
    "unmet": "accept",
}
OPEN = ("placed", "dispatched", "claimed", "accepted")
BY = {
    "ask": "community department team",
    "answer": "resident community",
    "dispatch": "community",
    "reject": "community",
    "merge": "community",
    "return": "department",
    "rule": "office",
    "claim": "department",
    "release": "department",
    "offer": "department system",
    "accept": "team",
    "withdraw": "team",
    "reschedule": "team",
    "no_show": "resident community",
    "close": "team",
    "reopen": "community office",
    "cancel": "resident community",
    "give_up": "office",
    "rate": "resident community",
    "recall": "community",
    "unclaim": "department",
    "restore": "community",
    "split": "community",
    "turn_back": "community office",
    "reinstate": "department office",
}
REASONS = {
    "reject": "commercial",
    "return": "no_capacity",
    "release": "no_team",
    "withdraw": "work",
    "cancel": "weather",
}
THEMES = {"S05": "health", "S07": "mental", None: None}

small = st.integers(0, 11)


@dataclass
class Known:
    """What an order's events tell about it, put together without looking at the product's own rules."""

    row: Any
    departments: list[str]
    teams: set[int]
    crew: set[int]
    has_hours: set[int]
    minutes: dict[int, int]

    @classmethod
    def of(cls, row: Any, events: list[OrderEvent], teams: Mapping[str, int]) -> "Known":
        known = cls(row, [], set(), set(), set(), {})
        for event in events:
            said = event.payload
            if event.action in ("dispatch", "rule", "reroute", "turn_back"):
                known.departments.append(said["department_id"])
            elif event.action == "offer":
                known.teams |= set(said["team_ids"])
            elif event.action == "accept":
                known.teams.add(teams[event.actor_key])
                known.crew = set(said["volunteer_ids"])
            elif event.action == "close":
                known.minutes = {int(person): served for person, served in said["minutes"].items() if served}
                known.has_hours |= set(known.minutes)
            elif event.action == "reinstate":
                known.crew = set(said["volunteer_ids"])
            if event.action in ("withdraw", "no_show", "reopen", "lapse"):
                known.crew, known.minutes = set(), {}
        return known

    def is_visible_to(self, actor: Actor) -> bool:
        """The sentences of DESIGN.md §2 once more, in plain Python."""
        row = self.row
        match actor.party:
            case "office" | "system":
                return True
            case "resident":
                return row.id == actor.order_id if actor.order_id else row.placed_by_account_id == actor.account_id
            case "community":
                return row.division_code.startswith(actor.division_code.removesuffix("000"))
            case "department":
                return actor.department_id in self.departments
            case "team":
                in_pool = ("claimed", "accepted", "cancelled", "unmet")
                is_open = row.status in in_pool and row.department_id == actor.department_id
                theme = THEMES[row.menu_item_id]
                return actor.team_id in self.teams or (is_open and (theme is None or theme in actor.themes))
            case "volunteer":
                return actor.volunteer_id in self.crew | self.has_hours
        raise AssertionError(actor)


class Flow(RuleBasedStateMachine):
    """Several orders, everybody who may touch them, and a clock."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.stack = ExitStack()
        app = self.stack.enter_context(world.start())
        self.stack.enter_context(app.app_context())
        self.now: datetime = NOW
        self.numbers: list[str] = []
        self.rows_before: dict[str, Any] = {}
        self.read: dict[str, Known] | None = None
        self.last: tuple[Callable[..., Outcome], tuple[Any, ...], dict[str, Any]] | None = None
        self.serial = 0
        city = world.city
        self.staff = [
            city.community,
            city.other_community,
            city.town,
            city.department,
            city.other_department,
            city.team,
            world.school_team,
            city.office,
            city.resident,
            world.neighbour,
            *(replace(city.volunteer, volunteer_id=person) for person in (city.crew[0], world.school_crew[0])),
            system_actor("offers"),
        ]
        self.crews = {city.team.team_id: city.crew, world.school_team.team_id: world.school_crew}
        self.teams = {actor.key: actor.team_id for actor in (city.team, world.school_team)}

    def teardown(self) -> None:
        self.stack.close()

    # What happens

    @initialize(steps=st.integers(0, 5))
    def two_orders(self, steps: int) -> None:
        for who in range(2):
            self.place(who, COMMUNITY, "S05", True)
        for _ in range(steps):
            self.whoever_owes_the_next_step_takes_it(0)

    @precondition(lambda self: len(self.open_orders()) < 3)
    @rule(
        who=small,
        division=st.sampled_from([COMMUNITY, OTHER_COMMUNITY]),
        item=st.sampled_from(["S05", "S07", None]),
        is_resident=st.booleans(),
    )
    def place(self, who: int, division: str, item: str | None, is_resident: bool) -> None:
        residents = [self.world.city.resident, self.world.neighbour, Actor(self.world.city.resident.party, "居民")]
        actor = residents[who % 3] if is_resident else self.staff[who % len(self.staff)]
        wish = make_wish(self.now, division_code=division, menu_item_id=item, wish="" if item else "随便讲讲")
        self.serial += 1
        outcome = self.attempt(place_order, wish, actor, key=f"form{self.serial}")
        if isinstance(outcome, Outcome):
            self.numbers.append(outcome.number)

    @rule(hours=st.sampled_from([0.5, 3, 3, 25, 50, 24 * 16]))
    def wait(self, hours: float) -> None:
        self.now += timedelta(hours=hours)

    @precondition(lambda self: self.open_orders())
    @rule(order=small)
    def whoever_owes_the_next_step_takes_it(self, order: int) -> None:
        """The straight way from placed to closed, or most walks would never get there."""
        row = self.open_orders()[order % len(self.open_orders())]
        city, world = self.world.city, self.world
        is_health = row.department_id == "health"
        team, crew = (city.team, city.crew) if is_health else (world.school_team, world.school_crew)
        if row.handed_team_id not in (None, team.team_id):
            return
        match row.status:
            case "placed":
                self.attempt(dispatch_order, row.number, city.town, department_id="health")
                if row.division_code == OTHER_COMMUNITY:
                    self.attempt(dispatch_order, row.number, city.other_community, department_id="education")
            case "dispatched":
                self.attempt(claim_order, row.number, city.department if is_health else city.other_department)
            case "claimed":
                agreed = window(1 / 24, now=self.now)
                self.attempt(accept_order, row.number, team, agreed=agreed, volunteer_ids=crew[:1])
            case "accepted":
                self.now = max(self.now, row.agreed_end)
                owner = city.team if row.team_id == city.team.team_id else world.school_team
                self.attempt(close_order, row.number, owner, **self.write_up(row, 50))

    @precondition(lambda self: self.numbers)
    @rule(order=small, choice=st.integers(0, 99), who=small, data=st.data())
    def somebody_does_what_comes_next(self, order: int, choice: int, who: int, data: st.DataObject) -> None:
        rows = self.open_orders() or self.rows()
        row = rows[order % len(rows)] if choice % 4 else self.row(order)
        likely = LIKELY[row.status].split()
        action = likely[choice % len(likely)]
        able = [actor for actor in self.everybody(row) if actor.party in BY[action].split()]
        knowing = [actor for actor in able if self.known()[row.number].is_visible_to(actor)]
        actors = knowing if knowing and who else able
        self.act(action, row, actors[who % len(actors)], data)

    @rule(order=small, action=st.sampled_from(sorted(VERBS)), who=small, data=st.data())
    def somebody_does_anything(self, order: int, action: str, who: int, data: st.DataObject) -> None:
        row = self.row(order)
        everybody = self.everybody(row)
        self.act(action, row, everybody[who % len(everybody)], data)

    @rule()
    def the_ladder_is_climbed(self) -> None:
        climb(self.now)
        self.read, self.last = None, None
        assert (again := climb(self.now)).rerouted + again.lapsed == 0 or again.told
        self.read = None

    @precondition(lambda self: self.open_orders())
    @rule(order=small)
    def the_system_does_what_nobody_did(self, order: int) -> None:
        """Sooner than any clock would have it."""
        row = self.open_orders()[order % len(self.open_orders())]
        if row.status == "dispatched":
            other = "education" if row.department_id == "health" else "health"
            self.attempt(reroute_order, row.number, department_id=other)
        elif row.status == "accepted":
            self.attempt(lapse_order, row.number, reason="no_call")

    @precondition(lambda self: self.last is not None)
    @rule(with_key=st.booleans())
    def the_same_request_comes_again(self, with_key: bool) -> None:
        verb, arguments, options = self.last
        before = snapshot()
        given = dict(options) if with_key or verb is place_order else {**options, "key": None}
        assert verb(*arguments, **given, now=self.now).is_repeat
        assert snapshot() == before

    def act(self, action: str, row: Any, actor: Actor, data: st.DataObject) -> None:
        self.serial += 1
        options = self.arguments(action, row, actor, data)
        is_visible = self.known()[row.number].is_visible_to(actor)
        outcome = self.attempt(VERBS[action], row.number, actor, key=f"key{self.serial}", **options)
        assert (outcome is NotFound) == (not is_visible), (action, actor)

    def attempt(self, verb: Callable[..., Outcome], *arguments: Any, **options: Any) -> Any:
        """Do it. Refused or not found, nothing may have changed."""
        before = snapshot()
        try:
            outcome = verb(*arguments, **options, now=self.now)
        except (Refused, NotFound) as answer:
            assert snapshot() == before
            return type(answer)
        if outcome.is_repeat:  # the same step by the same desk, and nothing has happened since
            assert snapshot() == before
            last = self.last_event(outcome.order_id)
            party = arguments[1].party if len(arguments) > 1 else "system"
            assert ({**VERBS, **OF_THE_SYSTEM}[last.action], last.party) == (verb, party)
            return outcome
        self.read = None
        self.last = (verb, arguments, options) if verb not in OF_THE_SYSTEM.values() else None
        return outcome

    def arguments(self, action: str, row: Any, actor: Actor, data: st.DataObject) -> dict[str, Any]:
        """Mostly sensible."""
        draw = data.draw
        crew = self.crews.get(actor.team_id, self.world.city.crew)
        match action:
            case "ask" | "answer" | "no_show" | "reopen" | "give_up":
                return {"text": draw(st.sampled_from(["好的。", "好的。", "好的。", ""]))}
            case "dispatch" | "rule":
                department = draw(st.sampled_from(["health", "health", "education", "navy"]))
                return {"department_id": department, "text": "请承办。"}
            case "reject" | "return" | "release" | "withdraw" | "cancel":
                return {"reason": draw(st.sampled_from([REASONS[action]] * 4 + ["other", "none"])), "text": "x"}
            case "merge":
                return {"into_number": draw(st.sampled_from([*self.numbers, "QTX00000000"]))}
            case "claim":
                return {}
            case "recall" | "unclaim" | "restore" | "split" | "turn_back" | "reinstate":
                return {"text": draw(st.sampled_from(["", "点错了。"]))}
            case "offer":
                ids = draw(st.lists(st.sampled_from([*self.crews]), min_size=1, max_size=2))
                return {"team_ids": ids, "is_handed": draw(st.booleans())}
            case "accept":
                people = draw(st.lists(st.sampled_from(crew), min_size=1, max_size=2))
                return {"agreed": self.draw_window(draw), "volunteer_ids": people}
            case "reschedule":
                return {"agreed": self.draw_window(draw)}
            case "close":
                return self.write_up(row, draw(st.sampled_from([60, 45, 0, 61])))
            case "rate":
                return {"verdict": Verdict(draw(st.integers(1, 5)), draw(st.booleans()))}
        raise AssertionError(action)

    def write_up(self, row: Any, minutes: int) -> dict[str, Any]:
        """Of a service of one hour."""
        ends = min(row.agreed_end or self.now, self.now)
        named = db.session.scalars(select(Crew.volunteer_id).where(Crew.order_id == row.id)).all()
        return {
            "actual": Window(ends - timedelta(hours=1), ends),
            "attendance": 20,
            "report": "讲完了。",
            "minutes": dict.fromkeys(named, minutes),
        }

    def draw_window(self, draw: Callable[..., Any]) -> Window:
        return window(
            draw(st.sampled_from([1, 2, 2, 3, 26, -1])) / 24, hours=draw(st.sampled_from([1, 2])), now=self.now
        )

    # What is so

    def row(self, order: int) -> Any:
        return self.known()[self.numbers[order % len(self.numbers)]].row

    def open_orders(self) -> list[Any]:
        return [row for row in self.rows() if row.status in OPEN]

    def rows(self) -> list[Any]:
        return [each.row for each in self.known().values()]

    def everybody(self, row: Any) -> list[Actor]:
        link = Actor(self.world.city.resident.party, "居民", order_id=row.id)
        return [*self.staff, link]

    def known(self) -> dict[str, Known]:
        """By number; read once per step."""
        if self.read is None:
            self.read = self.read_all()
        return self.read

    def read_all(self) -> dict[str, Known]:
        db.session.rollback()
        rows = db.session.execute(select(*Order.__table__.columns).order_by(Order.id)).all()
        events: dict[int, list[OrderEvent]] = {}
        for event in db.session.scalars(select(OrderEvent).order_by(OrderEvent.order_id, OrderEvent.sequence)):
            events.setdefault(event.order_id, []).append(event)
        return {row.number: Known.of(row, events[row.id], self.teams) for row in rows}

    def last_event(self, order_id: int) -> OrderEvent:
        db.session.rollback()
        statement = select(OrderEvent).where(OrderEvent.order_id == order_id).order_by(OrderEvent.sequence.desc())
        return db.session.scalars(statement.limit(1)).one()

    @invariant()
    def one_holder_at_a_time(self) -> None:
        for row in self.rows():
            held = (row.department_id is not None, row.team_id is not None, row.agreed_start is not None)
            expected = {
                "placed": (False, False, False),
                "rejected": (False, False, False),
                "merged": (False, False, False),
                "dispatched": (True, False, False),
                "claimed": (True, False, False),
                "accepted": (True, True, True),
                "closed": (True, True, True),
            }.get(row.status, held)
            assert held == expected, row
            assert row.handed_team_id is None or row.status in ("claimed", "cancelled", "unmet")
            assert (row.merged_into_id is not None) == (row.status == "merged")

    @invariant()
    def the_record_holds(self) -> None:
        db.session.rollback()
        assert list(check_orders()) == []

    @invariant()
    def versions_rise_and_nothing_changes_without(self) -> None:
        """But for the one column that follows when an order is merged into one that is merged in turn."""
        now = {row.number: {**row._mapping, "merged_into_id": None} for row in self.rows()}
        for number, before in self.rows_before.items():
            assert now[number] == before or now[number]["version"] > before["version"]
        self.rows_before = now

    @invariant()
    def nobody_sees_what_is_not_theirs(self) -> None:
        known = self.known()
        links = [Actor(self.world.city.resident.party, "居民", order_id=each.row.id) for each in known.values()]
        for actor in [*self.staff, *links]:
            seen = set(db.session.scalars(select(Order.number).where(visible_orders(actor))))
            assert seen == {number for number, each in known.items() if each.is_visible_to(actor)}, actor

    @invariant()
    def every_open_order_has_a_clock(self) -> None:
        for row in self.rows():
            if row.status in OPEN:
                assert row.due_at is not None
            else:
                assert (row.due_at, row.clock_stopped_at) == (None, None)

    @invariant()
    def nobody_is_in_two_places(self) -> None:
        busy: dict[int, list[Window]] = {}
        for each in self.known().values():
            if each.row.status == "accepted":
                agreed = Window(each.row.agreed_start, each.row.agreed_end)
                for person in each.crew:
                    assert not any(agreed.overlaps(other) for other in busy.get(person, []))
                    busy.setdefault(person, []).append(agreed)

    @invariant()
    def hours_are_those_of_the_services_that_stand(self) -> None:
        expected: dict[int, int] = {}
        for each in self.known().values():
            for person, served in each.minutes.items():
                expected[person] = expected.get(person, 0) + served
        sums = db.session.execute(
            select(HoursEntry.volunteer_id, func.sum(HoursEntry.minutes)).group_by(HoursEntry.volunteer_id)
        )
        assert {person: served for person, served in sums if served} == expected
        assert all(served > 0 for served in expected.values())

    @invariant()
    def nobody_is_told_what_they_did(self) -> None:
        """Others of the same kind may be: teams that were asked, residents and communities whose order was joined."""
        own = db.session.execute(
            select(Notice.party, Notice.scope, Notice.order_id, OrderEvent)
            .join(OrderEvent, OrderEvent.id == Notice.event_id)
            .where(Notice.party == OrderEvent.party)
        )
        for party, scope, order_id, event in own:
            match party:
                case "team":
                    assert scope != str(self.teams[event.actor_key])
                case "resident":
                    assert order_id != event.order_id
                case "community":
                    assert order_id != event.order_id or scope not in event.actor_key
                case _:
                    raise AssertionError(party)

    @invariant()
    def nobody_is_merged_two_steps_away(self) -> None:
        rows = {row.id: row for row in self.rows()}
        for row in rows.values():
            if row.merged_into_id:
                assert rows[row.merged_into_id].status != "merged"


LONG = bool(os.environ.get("QTXVOL_LONG_WALK"))
#: examples and steps, by database
WALKS = {"sqlite": (300, 80) if LONG else (10, 40), "postgres": (100, 60) if LONG else (4, 30)}


@pytest.mark.slow
def test_the_house_stands_whatever_people_do(world: World):
    examples, steps = WALKS[world.database]
    run_state_machine_as_test(
        lambda: Flow(world),
        settings=settings(
            max_examples=examples,
            # making a failing walk shorter takes longer than the whole suite: only in the long run
            phases=[Phase.generate, *([Phase.shrink] if LONG else [])],
            stateful_step_count=steps,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
