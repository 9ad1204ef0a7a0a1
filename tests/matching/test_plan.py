from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtxvol.matching.candidates import week_room
from qtxvol.matching.crew import Crew
from qtxvol.matching.needs import Need, Urgency
from qtxvol.matching.plan import make_plan
from qtxvol.matching.proposal import Plan, PlanLine, find_stale
from qtxvol.matching.situation import Situation
from qtxvol.matching.slots import week_of
from qtxvol.matching.words import OBSTACLES, REASONS, STALE, UNSERVED
from tests.matching.cities import NOW, SETTINGS, make_needs, make_situation, with_settings, without_team

SEEDS = st.integers(0, 10_000)


def assert_keeps_the_caps(situation: Situation, needs: list[Need], plan: Plan) -> None:
    by_id = {need.id: need for need in needs}
    slots = Counter((line.team, line.slot) for line in plan.lines)
    ordinary = [line for line in plan.lines if by_id[line.need].urgency is Urgency.ORDINARY]
    weeks = Counter((line.team, week_of(line.slot)) for line in ordinary)
    people: Counter[tuple[int, int]] = Counter()
    for line in plan.lines:
        people.update((person, line.slot) for person in line.crew.first_choice(by_id[line.need]))
    assert all(count == 1 for count in people.values()), "somebody is twice in one slot"
    for (team, _slot), count in slots.items():
        assert count <= situation.city.teams[team].slot_limit + 1
    for (team, _week), count in weeks.items():
        assert count <= situation.city.teams[team].week_limit


@given(seed=SEEDS, count=st.integers(0, 25))
@settings(max_examples=60, deadline=None)
def test_a_plan_serves_each_order_once_or_says_why_not(seed: int, count: int):
    situation, needs = make_situation(seed), make_needs(seed, count, 6)
    plan = make_plan(situation, needs, NOW)
    assert sorted([line.need for line in plan.lines] + list(plan.unserved)) == [need.id for need in needs]
    assert all(UNSERVED[why] for why in plan.unserved.values())
    assert_keeps_the_caps(situation, needs, plan)
    assert 0 <= plan.value <= plan.bound
    by_id = {need.id: need for need in needs}
    for line in plan.lines:
        assert line.slot in by_id[line.need].slots
        assert find_stale(situation, by_id[line.need], line, NOW) is None


@given(seed=SEEDS, count=st.integers(10, 40))
@settings(max_examples=40, deadline=None)
def test_no_line_goes_beyond_the_week_that_its_urgency_may_fill(seed: int, count: int):
    situation, needs = make_situation(seed), make_needs(seed, count, 6)
    by_id = {need.id: need for need in needs}
    held: Counter[tuple[int, int]] = Counter()
    for line in make_plan(situation, needs, NOW).lines:  # the more urgent first, as they are planned
        team, week = situation.city.teams[line.team], (line.team, week_of(line.slot))
        before = situation.ledger.held_in_week(*week) + held[week]
        assert before < week_room(situation, by_id[line.need].urgency, team)
        told = next(reason.facts for reason in line.reasons if reason.code == "load")
        assert (told["held"], told["limit"]) == (before, team.week_limit), "and the reason tells that very week"
        held[week] += 1


@given(seed=SEEDS)
@settings(max_examples=30, deadline=None)
def test_the_same_orders_in_any_order_get_the_same_plan_and_nothing_is_promised(seed: int):
    situation, needs = make_situation(seed), make_needs(seed, 15, 6)
    before = situation.ledger.copy()
    assert make_plan(situation, needs, NOW) == make_plan(situation, needs[::-1], NOW)
    assert situation.ledger == before


@given(seed=SEEDS, team=st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_adding_a_team_never_lowers_what_a_plan_can_be_worth(seed: int, team: int):
    # the bound is the optimum over teams and slots; crews, found afterwards by rule of thumb, can't promise that.
    # other_department_points: where no department of the rule has a team, others may help, and a new team ends that
    situation = with_settings(make_situation(seed), other_department_points=0.0)
    needs = [need for need in make_needs(seed, 12, 6, urgency=Urgency.ORDINARY)]
    smaller = without_team(situation, team)
    remits = situation.city.remits
    needs = [
        need
        for need in needs
        if any(
            other.department in remits[need.topic, need.audience].departments
            for other in smaller.city.teams_able_to_lead(need.topic)
        )
    ]
    assert make_plan(smaller, needs, NOW).bound <= make_plan(situation, needs, NOW).bound


@given(seed=SEEDS)
@settings(max_examples=15, deadline=None)
def test_a_plan_by_districts_keeps_the_same_caps_and_is_worth_almost_as_much(seed: int):
    situation, needs = make_situation(seed, teams=12), make_needs(seed, 60, 12, urgency=Urgency.ORDINARY)
    whole = make_plan(situation, needs, NOW)
    pieces = with_settings(situation, plan_whole=10, plan_piece=10, plan_teams=99)
    plan = make_plan(pieces, needs, NOW)
    assert_keeps_the_caps(situation, needs, plan)
    assert plan.bound <= whole.bound
    assert plan.value >= 0.85 * whole.value


def test_more_sweeps_never_lower_the_worth():
    for seed in range(5):
        situation, needs = make_situation(seed, teams=12), make_needs(seed, 60, 12, urgency=Urgency.ORDINARY)
        bounds = [
            make_plan(with_settings(situation, plan_whole=8, plan_piece=8, plan_sweeps=sweeps), needs, NOW).bound
            for sweeps in (1, 2, 4)
        ]
        assert bounds == sorted(bounds)


@pytest.mark.parametrize(
    "change",
    [
        {"worth": (0.0, 0.0, 0.0), "km_points": 0.0, "load_points": 0.0, "asks_points": 0.0},
        {"is_lending_open": False, "is_pool_open": False},
        {"plan_rounds": 1},
    ],
)
def test_odd_weights_break_nothing(change):
    for seed in range(10):
        situation, needs = with_settings(make_situation(seed), **change), make_needs(seed, 15, 6)
        assert_keeps_the_caps(situation, needs, make_plan(situation, needs, NOW))


def test_no_team_nobody_awake_no_time_are_sentences():
    needs = [need for need in make_needs(3, 20, 6, urgency=Urgency.ORDINARY) if need.slots]
    timeless = [replace(need, slots=()) for need in needs]
    assert set(make_plan(make_situation(3, teams=0), needs, NOW).unserved.values()) == {"no_team"}
    assert set(make_plan(make_situation(3), timeless, NOW).unserved.values()) == {"no_time"}
    assert set(make_plan(make_situation(3), needs, NOW + 100_000).unserved.values()) == {"no_time"}
    muted = make_situation(3)
    muted.ledger.muted_teams |= set(muted.city.teams)
    assert set(make_plan(muted, needs, NOW).unserved.values()) == {"all_quiet"}
    unwilling = make_situation(3)
    unwilling.ledger.muted_volunteers |= set(unwilling.city.volunteers)
    assert make_plan(unwilling, needs, NOW).lines == ()
    assert make_plan(make_situation(3), [], NOW) == Plan((), {}, 0, 0)


def test_every_sentence_about_the_unserved_occurs_and_nobody_is_asked_again_after_a_no():
    said: set[str] = set()
    for seed in range(12):
        situation, needs = make_situation(seed, teams=4, people=4), make_needs(seed, 40, 4)
        everybody = set(situation.city.teams)
        no = {need.id: everybody if need.id % 5 == 0 else {need.id % 4} for need in needs}
        if seed % 3 == 0:
            situation.ledger.muted_teams |= everybody
        plan = make_plan(situation, needs, NOW, without=no)
        said |= set(plan.unserved.values())
        assert all(line.team not in no[line.need] for line in plan.lines)
    assert said == set(UNSERVED)


def test_a_line_goes_stale_when_team_slot_or_people_are_gone():
    situation, needs = make_situation(5), make_needs(5, 20, 6, urgency=Urgency.ORDINARY)
    line = make_plan(situation, needs, NOW).lines[0]
    need = needs[line.need]
    assert find_stale(without_team(situation, line.team), need, line, NOW) == "team_gone"
    assert find_stale(situation, need, line, NOW + 100_000) == "too_late"
    situation.ledger.book(line.crew.leads[0], line.slot)
    assert find_stale(situation, need, line, NOW) in {"crew_gone", "no_lead"}
    assert not set(STALE) & set(OBSTACLES)


def test_a_line_goes_stale_when_its_time_or_the_teams_patience_is_gone():
    situation, needs = make_situation(5), make_needs(5, 20, 6, urgency=Urgency.ORDINARY)
    line = make_plan(situation, needs, NOW).lines[0]
    need = needs[line.need]
    other_times = replace(need, slots=tuple(slot for slot in need.slots if slot != line.slot))
    assert find_stale(situation, other_times, line, NOW) == "time_gone"
    for _ in range(situation.settings.team_asks_a_week):
        situation.ledger.note_team_asked(line.team, NOW)
    assert find_stale(situation, need, line, NOW) == "asked_enough"
    situation.ledger.muted_teams.add(line.team)
    assert find_stale(situation, need, line, NOW) == "muted"


def test_a_crew_of_somebody_who_left_is_stale():
    situation, needs = make_situation(5), make_needs(5, 20, 6, urgency=Urgency.ORDINARY)
    line = make_plan(situation, needs, NOW).lines[0]
    gone = PlanLine(line.need, line.team, line.slot, Crew((9999,), (), (), 1.0), line.chance, line.reasons)
    assert find_stale(situation, needs[line.need], gone, NOW) == "crew_gone"


def test_lines_carry_reasons():
    situation, needs = make_situation(5), make_needs(5, 20, 6)
    plan = make_plan(situation, needs, NOW)
    assert plan.lines
    assert all({reason.code for reason in line.reasons} <= set(REASONS) for line in plan.lines)


def test_progress_is_told_and_can_give_the_plan_up():
    situation, needs = make_situation(5), make_needs(5, 20, 6)
    told: list[tuple[int, int]] = []
    make_plan(situation, needs, NOW, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (20, 20)
    assert told == sorted(told)
    assert len(told) >= 2 * len(needs)

    def give_up(_done: int, _total: int) -> None:
        raise InterruptedError

    before = situation.ledger.copy()
    with pytest.raises(InterruptedError):
        make_plan(situation, needs, NOW, progress=give_up)
    assert situation.ledger == before


def test_a_large_part_tells_of_every_order_and_every_piece_and_stops_in_its_midst():
    situation = make_situation(7, teams=12, settings=replace(SETTINGS, plan_whole=20, plan_piece=20))
    needs = make_needs(7, 100, 12, urgency=Urgency.ORDINARY)
    told: list[int] = []
    whole = make_plan(situation, needs, NOW, progress=lambda done, _total: told.append(done))
    assert len(told) >= 2 * len(needs) + 5
    before, calls = situation.ledger.copy(), []

    def give_up(done: int, _total: int) -> None:
        calls.append(done)
        if len(calls) == len(needs) + 30:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        make_plan(situation, needs, NOW, progress=give_up)
    assert len(needs) / 2 < calls[-1] < len(needs)
    assert situation.ledger == before
    assert make_plan(situation, needs, NOW) == whole


def test_at_four_hundred_orders_a_plan_is_worth_97_percent_of_what_the_flow_allows():
    # without crews the flow is the exact optimum (test_flow.py), so its worth is the bound of any plan
    for seed in (1, 2):
        situation, needs = (
            make_situation(seed, teams=30, people=12),
            make_needs(seed, 400, 30, urgency=Urgency.ORDINARY),
        )
        plan = make_plan(situation, needs, NOW)
        assert len(needs) <= situation.settings.plan_whole
        assert plan.value >= 0.97 * plan.bound
        assert len(plan.lines) > 100
