"""Random clerks, leaders, lists and volunteers do random things to a handful of people; after each step the number
of volunteers is the number of different people who were verified and are so still.

The count is made twice: once by the service, as the board does, and once by a plain model that knows who is who.
`QTXVOL_LONG_WALK=1` walks further, for a night's run.
"""

import os
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

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

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Party
from qtxvol.progress.queries import get_people
from qtxvol.refusals import Refused
from qtxvol.volunteers.doubles import find_doubles, merge_volunteers, undo_merge
from qtxvol.volunteers.models import Merge, Volunteer, VolunteerEvent
from qtxvol.volunteers.register import ONESELF, VolunteerCard, edit_volunteer, register_volunteer
from qtxvol.volunteers.states import (
    leave_by_oneself,
    leave_volunteer,
    pause_oneself,
    pause_volunteer,
    refuse_volunteer,
    resume_oneself,
    verify_volunteer,
)
from tests.factories import NOW
from tests.stateful.conftest import World
from tests.volunteers.cards import card, id_number

LONG = bool(os.environ.get("QTXVOL_LONG_WALK"))
#: Each of these people may be written down with or without a document, again and again.
PEOPLE: tuple[VolunteerCard, ...] = tuple(
    card(name=f"走访员{i}", phone=f"1990002000{i}", id_number=id_number(date(1970 + i, 3, 4))) for i in range(4)
)


@dataclass
class Row:
    """What the model knows of a row: whose it is by its document or its name and phone, where it stands."""

    person: int
    has_document: bool
    status: str = "applied"
    merged_into: int | None = None
    paused_by: str = ""


@dataclass
class Joined:
    """A merge of the model, to be taken apart again."""

    survivor: int
    merged: int
    before: str
    followers: list[int] = field(default_factory=list)
    is_undone: bool = False


class Registry(RuleBasedStateMachine):
    """Everything that can happen to who is a volunteer."""

    world: World

    @initialize()
    def open(self) -> None:
        self.stack = ExitStack()
        app = self.stack.enter_context(self.world.start())
        self.stack.enter_context(app.app_context())
        self.office = self.world.city.office
        self.rows: dict[int, Row] = {}
        self.merges: dict[int, Joined] = {}
        self.others = db.session.scalar(select(func.count()).where(Volunteer.status == "verified")) or 0
        self.now = NOW

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            db.session.rollback()
            self.stack.close()

    # The model

    def going_on(self, row_id: int) -> int:
        return self.rows[row_id].merged_into or row_id

    def known_by_document(self, person: int) -> int | None:
        return next((i for i, row in self.rows.items() if row.person == person and row.has_document), None)

    def known_by_phone(self, person: int) -> int | None:
        """The oldest row of that name and phone: all cards of a person carry both."""
        return next((i for i, row in sorted(self.rows.items()) if row.person == person), None)

    def knows_document(self, row_id: int) -> bool:
        return any(row.has_document for i, row in self.rows.items() if self.going_on(i) == row_id)

    # What people do

    @rule(person=st.integers(0, 3), by=st.sampled_from(["self", "team", "office", "import"]), listed=st.booleans())
    def register(self, person: int, by: str, listed: bool) -> None:
        """With a document; off a list, or by the office, also without."""
        bare = listed and by in ("import", "office")
        wanted = replace(PEOPLE[person], id_number="", id_kind="") if bare else PEOPLE[person]
        found = self.known_by_phone(person) if bare else self.known_by_document(person)
        row = self.rows[self.going_on(found)] if found else None
        comes_back = bool(row and row.status in ("left", "refused") and by != "import" and row.person == person)
        actor = {"self": ONESELF, "team": self.world.city.team}.get(by, self.office)
        try:
            done = register_volunteer(wanted, actor=actor, registered_by=by, now=self.now)
        except Refused as refused:
            field = refused.about["field"]
            assert field == ("phone" if bare else "id_number")
            assert by in ("team", "office")
            assert row
            assert not comes_back
            return
        if found is None or row is None:
            assert done.outcome == "new"
            self.rows[done.volunteer_id] = Row(person, has_document=not bare)
            return
        assert done.volunteer_id == self.going_on(found)
        assert done.outcome == ("returned" if comes_back else "known")
        if comes_back:
            row.status = "applied"

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def show_the_document(self, data: st.DataObject) -> None:
        """The office writes down the document of somebody who came off a list."""
        row_id = data.draw(st.sampled_from(sorted(self.rows)))
        row = self.rows[row_id]
        owner = self.known_by_document(row.person)
        try:
            edit_volunteer(self.office, row_id, PEOPLE[row.person], self.now)
        except Refused:
            assert row.status == "merged" or owner not in (None, row_id)
            return
        assert row.status != "merged"
        assert owner in (None, row_id)
        row.has_document = True

    @precondition(lambda self: self.rows)
    @rule(data=st.data(), step=st.sampled_from(["verify", "pause", "leave", "refuse"]))
    def move(self, data: st.DataObject, step: str) -> None:
        row_id = data.draw(st.sampled_from(sorted(self.rows)))
        row = self.rows[row_id]
        verb, to, starts = {
            "verify": (verify_volunteer, "verified", {"applied", "paused", "left", "refused"}),
            "pause": (pause_volunteer, "paused", {"verified"}),
            "leave": (leave_volunteer, "left", {"applied", "verified", "paused"}),
            "refuse": (refuse_volunteer, "refused", {"applied"}),
        }[step]
        may = row.status in starts and (step != "verify" or self.knows_document(row_id))
        try:
            changed = verb(self.office, row_id, self.now, "因为")
        except Refused:
            assert not may
            return
        assert changed == may or row.status == to
        if changed:
            row.status, row.paused_by = to, "office"

    @precondition(lambda self: self.rows)
    @rule(data=st.data(), step=st.sampled_from(["pause", "resume", "leave"]))
    def move_oneself(self, data: st.DataObject, step: str) -> None:
        """Whoever signs in acts on the row that goes on."""
        row_id = self.going_on(data.draw(st.sampled_from(sorted(self.rows))))
        row = self.rows[row_id]
        me = Actor(Party.VOLUNTEER, "志愿者", account_id=1, volunteer_id=row_id)
        verb, to, may = {
            "pause": (pause_oneself, "paused", row.status == "verified"),
            "resume": (resume_oneself, "verified", row.status == "paused" and row.paused_by == "self"),
            "leave": (leave_by_oneself, "left", row.status in ("applied", "verified", "paused")),
        }[step]
        try:
            changed = verb(me, self.now)
        except Refused:
            assert not may
            return
        assert changed == may
        if changed:
            row.status, row.paused_by = to, "self"

    @precondition(lambda self: len(self.rows) > 1)
    @rule(data=st.data())
    def merge(self, data: st.DataObject) -> None:
        """Any two rows: a clerk may err, that is what undo is for."""
        survivor_id, merged_id = data.draw(st.permutations(sorted(self.rows)))[:2]
        survivor, merged = self.rows[survivor_id], self.rows[merged_id]
        may = "merged" not in (survivor.status, merged.status) and (
            merged.status != "verified" or survivor.status == "verified"
        )
        try:
            merge_id = merge_volunteers(self.office, survivor_id, merged_id, self.now, "同一人")
        except Refused:
            assert not may
            return
        assert may
        followers = [i for i, row in self.rows.items() if row.merged_into == merged_id]
        self.merges[merge_id] = Joined(survivor_id, merged_id, merged.status, followers)
        for i in (merged_id, *followers):
            self.rows[i].merged_into = survivor_id
        merged.status = "merged"

    @precondition(lambda self: self.merges)
    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        merge_id = data.draw(st.sampled_from(sorted(self.merges)))
        joined = self.merges[merge_id]
        may = self.rows[joined.merged].merged_into == joined.survivor
        try:
            undone = undo_merge(self.office, merge_id, self.now)
        except Refused:
            assert not may
            assert not joined.is_undone
            return
        assert undone == (not joined.is_undone)
        if undone:
            assert may
            joined.is_undone = True
            self.rows[joined.merged].status, self.rows[joined.merged].merged_into = joined.before, None
            for i in joined.followers:
                if self.rows[i].merged_into == joined.survivor:
                    self.rows[i].merged_into = joined.merged

    @rule(hours=st.integers(1, 500))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    # What must hold

    @invariant()
    def the_count_is_the_number_of_different_verified_people(self) -> None:
        if not hasattr(self, "rows"):
            return
        db.session.rollback()
        people = {self.going_on(i) for i in self.rows}
        brute = sum(self.rows[i].status == "verified" for i in people)
        counted = db.session.scalar(
            select(func.count(func.distinct(Volunteer.person_id()))).where(Volunteer.status == "verified")
        )
        assert counted == self.others + brute
        assert db.session.scalar(select(func.count()).where(Volunteer.status == "verified")) == self.others + brute
        assert sum(people for _label, people in get_people().by_department.values()) == self.others + brute

    @invariant()
    def every_row_is_where_the_model_says(self) -> None:
        if not hasattr(self, "rows"):
            return
        stored = {row.id: row for row in db.session.scalars(select(Volunteer).where(Volunteer.id.in_(self.rows)))}
        for row_id, row in self.rows.items():
            kept = stored[row_id]
            assert (kept.status, kept.merged_into_id) == (row.status, row.merged_into)
            assert (kept.id_number_digest is not None) == row.has_document
            if kept.merged_into_id:  # flat: never to a row that is merged itself
                assert stored[kept.merged_into_id].merged_into_id is None

    @invariant()
    def one_document_is_one_row_and_doubles_are_never_merged_rows(self) -> None:
        if not hasattr(self, "rows"):
            return
        for person in range(len(PEOPLE)):
            assert sum(row.has_document for row in self.rows.values() if row.person == person) <= 1
        for pair in find_doubles().rows:
            assert "merged" not in (pair.suggested.status, pair.other.status)

    @invariant()
    def the_events_lead_to_the_status(self) -> None:
        """The last event that names a state names the one that the row is in."""
        if not hasattr(self, "rows"):
            return
        states = ("register", "return", "verify", "pause", "resume", "leave", "refuse")
        for row_id, row in self.rows.items():
            if row.status == "merged":
                assert db.session.scalar(
                    select(func.count()).where(Merge.merged_id == row_id, Merge.undone_at.is_(None))
                )
                continue
            last = db.session.scalar(
                select(VolunteerEvent.became)
                .where(VolunteerEvent.volunteer_id == row_id, VolunteerEvent.action.in_(states))
                .order_by(VolunteerEvent.id.desc())
                .limit(1)
            )
            assert last == row.status


@pytest.mark.slow
def test_however_people_come_and_go_each_verified_person_counts_once(world: World) -> None:
    machine = type("Walk", (Registry,), {"world": world})
    many = 200 if LONG else (15 if world.database == "sqlite" else 4)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=many,
            stateful_step_count=60 if LONG else 25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.explicit, Phase.generate) if not LONG else tuple(Phase),
        ),
    )
