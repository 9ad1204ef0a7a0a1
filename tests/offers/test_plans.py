"""Plans: asked for, solved by the worker, looked through and confirmed by a person; on both databases."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import OperationalError

from qtxvol.extensions import db
from qtxvol.notices.models import Notice
from qtxvol.offers import plan_solving, plans
from qtxvol.offers.models import MatchPlan, MatchRule, PlanLine
from qtxvol.offers.plan_queries import list_lines, list_plans, view_plan
from qtxvol.offers.plan_scope import count_waiting
from qtxvol.offers.plan_solving import BEAT_EVERY, DEAD_AFTER, MOST_TRIES, WAITS_AT_MOST, solve_next
from qtxvol.offers.plans import (
    ask_for_plan,
    cancel_plan,
    confirm_lines,
    get_plan,
    skip_lines,
)
from qtxvol.orders.ask import ask_resident
from qtxvol.orders.claim import claim_order, offer_order
from qtxvol.orders.decline import cancel_order
from qtxvol.orders.models import Offer, Order, OrderEvent, OrderHolder, WishedTime
from qtxvol.orders.serve import accept_order
from qtxvol.orders.windows import Window
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team
from tests.factories import DEPARTMENT, NOW, City, claimed, dispatched, make_city, window

SECOND = timedelta(seconds=1)


@pytest.fixture
def city(ctx: None) -> City:
    return make_city()


@pytest.fixture
def on_sqlite(ctx_sqlite: None) -> City:
    """Where the core decides, and the database makes no difference."""
    return make_city()


class Clock:
    """Moves on by a beat at every look, so that every progress is written."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        self.now += BEAT_EVERY
        return self.now


def solved(city: City, now: datetime = NOW) -> int:
    """The id of a plan of the department's orders."""
    plan_id = ask_for_plan(city.department, now)
    assert solve_next(now, "here", clock=lambda: now)
    assert plan_of(plan_id).status == "ready"
    return plan_id


def plan_of(plan_id: int) -> MatchPlan:
    db.session.rollback()
    return db.session.get_one(MatchPlan, plan_id)


def lines_of(plan_id: int, status: str | None = None) -> list[PlanLine]:
    db.session.rollback()
    wanted = select(PlanLine).where(PlanLine.plan_id == plan_id).order_by(PlanLine.id)
    return list(db.session.scalars(wanted if status is None else wanted.where(PlanLine.status == status)))


def ids(lines: list[PlanLine]) -> list[int]:
    return [line.id for line in lines]


def why(plan_id: int, city: City, now: datetime = NOW) -> str:
    """Why the only line of a plan isn't confirmed; empty when it is."""
    (line,) = lines_of(plan_id)
    ((decided),) = confirm_lines(plan_id, [line.id], city.department, now)
    return decided.why


def set_rule(city: City, name: str, value: float) -> None:
    with transaction():
        account = city.office.account_id
        db.session.add(MatchRule(name=name, value=value, set_by_account_id=account, set_at=NOW))


# asking and solving


def test_every_waiting_order_gets_a_team_a_time_and_people_or_a_reason(city: City) -> None:
    orders = [claimed(city) for _ in range(6)]
    plan_id = solved(city)
    plan, lines = plan_of(plan_id), lines_of(plan_id)
    assert {line.order_id for line in lines} == {order.order_id for order in orders}
    assert (plan.orders, plan.done) == (6, 6)
    assert 0 < plan.value <= plan.bound
    served, unserved = lines_of(plan_id, "proposed"), lines_of(plan_id, "unserved")
    assert len(served) == 4  # two teams, two services a week each
    assert {line.why for line in unserved} == {"no_room"}
    wished = {(row.starts_at, row.ends_at) for row in db.session.scalars(select(WishedTime))}
    for line in served:
        assert line.team_id in (city.team.team_id, city.other_team.team_id)
        assert any(start <= line.starts_at and line.ends_at <= end for start, end in wished if line.starts_at)
        assert len(line.people) >= line.crew_size == 1
        assert {"captain", "crew", "load"} <= {str(code) for code, _points, _facts in line.reasons}
    told = [(row.party, row.scope) for row in db.session.scalars(select(Notice).where(Notice.kind == "plan_ready"))]
    assert told == [("department", DEPARTMENT)]


def test_the_same_orders_get_the_same_plan(city: City) -> None:
    for _ in range(5):
        claimed(city)
    first, second = solved(city), solved(city)

    def said(plan_id: int) -> list[tuple[object, ...]]:
        lines = lines_of(plan_id)
        return sorted((line.order_id, line.team_id, line.starts_at, str(line.people), line.why) for line in lines)

    assert said(first) == said(second)


def test_a_department_plans_its_own_orders_and_the_office_all(city: City) -> None:
    order = claimed(city)
    with pytest.raises(Refused, match="nothing_to_plan"):
        ask_for_plan(city.other_department, NOW)
    with pytest.raises(Refused, match="wrong_party"):
        ask_for_plan(city.community, NOW)
    plan_id = ask_for_plan(city.office, NOW)
    assert solve_next(NOW, "here", clock=lambda: NOW)
    (line,) = lines_of(plan_id)
    assert line.order_id == order.order_id
    assert db.session.scalars(select(Notice.party).where(Notice.kind == "plan_ready")).all() == ["office"]
    for actor in (city.department, city.other_department):
        with pytest.raises(NotFound):
            get_plan(plan_id, actor)


def test_asking_twice_is_one_plan_and_after_it_is_ready_a_new_one(city: City) -> None:
    claimed(city)
    first = ask_for_plan(city.department, NOW)
    assert ask_for_plan(city.department, NOW) == first
    assert solve_next(NOW, "here", clock=lambda: NOW)
    assert not solve_next(NOW, "here", clock=lambda: NOW)
    assert ask_for_plan(city.department, NOW) != first
    assert ask_for_plan(city.office, NOW) != first


def test_what_waits_for_an_answer_or_is_not_claimed_is_left_out(city: City) -> None:
    dispatched(city)
    asked, handed, waiting = claimed(city), claimed(city), claimed(city)
    offer_order(asked.number, city.department, team_ids=[city.team.team_id], now=NOW)
    offer_order(handed.number, city.department, team_ids=[city.team.team_id], is_handed=True, now=NOW)
    assert count_waiting(DEPARTMENT, NOW) == (1, 2)
    (line,) = lines_of(solved(city))
    assert line.order_id == waiting.order_id
    later = NOW + timedelta(hours=5)
    assert count_waiting(DEPARTMENT, later) == (2, 1)  # the one that was handed waits for its team
    found = {line.order_id: line.team_id for line in lines_of(solved(city, later))}
    assert found[asked.order_id] == city.other_team.team_id  # who was asked is not asked again


def test_progress_is_written_in_steps_and_shown(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        claimed(city)
    plan_id = ask_for_plan(city.department, NOW)
    seen: list[tuple[int, int]] = []
    make_plan = plan_solving.make_plan

    def watched(situation, needs, now, progress, **more):  # type: ignore[no-untyped-def]
        def look(done: int, total: int) -> None:
            progress(done, total)
            view = view_plan(plan_of(plan_id), NOW)
            assert view.is_running
            seen.append((view.plan.done, view.percent))

        return make_plan(situation, needs, now, look, **more)

    monkeypatch.setattr(plan_solving, "make_plan", watched)
    assert solve_next(NOW, "here", clock=Clock())
    assert seen == sorted(seen)
    assert (2, 50) in seen
    assert plan_of(plan_id).status == "ready"


def interrupted(monkeypatch: pytest.MonkeyPatch, act) -> None:  # type: ignore[no-untyped-def]
    """`act` is called in the midst of the next solving."""
    make_plan = plan_solving.make_plan

    def planning(situation, needs, now, progress, **more):  # type: ignore[no-untyped-def]
        act()
        return make_plan(situation, needs, now, progress, **more)

    monkeypatch.setattr(plan_solving, "make_plan", planning)


def test_cancelling_ends_a_plan_that_waits_and_one_that_is_being_solved(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed(city)
    waiting = ask_for_plan(city.department, NOW)
    assert cancel_plan(waiting, city.department, NOW)
    assert plan_of(waiting).status == "cancelled"
    assert not cancel_plan(waiting, city.department, NOW)
    solving = ask_for_plan(city.department, NOW)
    interrupted(monkeypatch, lambda: cancel_plan(solving, city.department, NOW))
    assert solve_next(NOW, "here", clock=Clock())
    assert plan_of(solving).status == "cancelled"
    assert lines_of(solving) == []
    assert db.session.scalars(select(Notice).where(Notice.kind == "plan_ready")).all() == []
    with pytest.raises(NotFound):
        cancel_plan(solving, city.other_department, NOW)


def test_a_cancel_that_comes_at_the_very_end_still_counts(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    claimed(city)
    plan_id = ask_for_plan(city.department, NOW)
    interrupted(monkeypatch, lambda: cancel_plan(plan_id, city.department, NOW))
    assert solve_next(NOW, "here", clock=lambda: NOW)  # no beat is written any more
    assert plan_of(plan_id).status == "cancelled"
    assert lines_of(plan_id) == []


def taken(plan_id: int, worker: str, now: datetime) -> None:
    """As a worker leaves it that is killed while solving."""
    assert plan_solving._take(now, worker) == plan_id


def test_a_plan_whose_worker_died_is_taken_up_again_but_not_before(city: City) -> None:
    claimed(city)
    plan_id = ask_for_plan(city.department, NOW)
    taken(plan_id, "dead", NOW)
    assert not solve_next(NOW + DEAD_AFTER - SECOND, "heir")
    assert solve_next(NOW + DEAD_AFTER, "heir", clock=lambda: NOW + DEAD_AFTER)
    plan = plan_of(plan_id)
    assert (plan.status, plan.worker, plan.tries) == ("ready", "heir", 2)
    assert len(lines_of(plan_id)) == 1


def test_a_worker_that_was_thought_dead_writes_nothing(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    claimed(city)
    plan_id = ask_for_plan(city.department, NOW)
    interrupted(monkeypatch, lambda: taken(plan_id, "heir", NOW + DEAD_AFTER))
    assert solve_next(NOW, "slow", clock=lambda: NOW)
    plan = plan_of(plan_id)
    assert (plan.status, plan.worker) == ("solving", "heir")
    assert lines_of(plan_id) == []


def test_a_plan_that_takes_workers_down_is_given_up_with_a_sentence(city: City) -> None:
    claimed(city)
    plan_id, now = ask_for_plan(city.department, NOW), NOW
    for _ in range(MOST_TRIES):
        taken(plan_id, "dead", now)
        now += DEAD_AFTER
    assert not solve_next(now, "heir")
    plan = plan_of(plan_id)
    assert (plan.status, plan.fault) == ("failed", "gave_up")


def test_a_failure_is_written_down_and_the_next_plan_solved(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    claimed(city)
    plan_id = ask_for_plan(city.department, NOW)

    def break_down() -> None:
        raise RuntimeError("a fault in the core")

    with monkeypatch.context() as patch:
        interrupted(patch, break_down)
        assert solve_next(NOW, "here", clock=lambda: NOW)
    assert (plan_of(plan_id).status, plan_of(plan_id).fault) == ("failed", "broken")
    solved(city)


def test_a_database_that_is_gone_for_a_while_leaves_the_plan_to_be_taken_up_again(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed(city)
    plan_id = ask_for_plan(city.department, NOW)

    def lose() -> None:
        raise OperationalError("", {}, Exception())

    with monkeypatch.context() as patch:
        interrupted(patch, lose)
        assert solve_next(NOW, "here", clock=lambda: NOW)
    assert plan_of(plan_id).status == "solving"
    assert solve_next(NOW + DEAD_AFTER, "here", clock=lambda: NOW + DEAD_AFTER)
    assert plan_of(plan_id).status == "ready"


def test_a_worker_that_ends_in_good_order_gives_the_plan_back(city: City) -> None:
    claimed(city)
    plan_id = ask_for_plan(city.department, NOW)
    assert solve_next(NOW, "leaving", clock=lambda: NOW, is_stopping=lambda: True)
    assert (plan_of(plan_id).status, plan_of(plan_id).tries) == ("waiting", 0)
    assert solve_next(NOW, "heir", clock=lambda: NOW)
    assert plan_of(plan_id).status == "ready"


def test_a_plan_that_nobody_has_solved_for_half_a_day_is_not_solved_any_more(city: City) -> None:
    claimed(city)
    plan_id = ask_for_plan(city.department, NOW)
    assert not solve_next(NOW + WAITS_AT_MOST, "late")
    assert (plan_of(plan_id).status, plan_of(plan_id).fault) == ("failed", "nobody_solved")
    other = ask_for_plan(city.office, NOW)
    assert ask_for_plan(city.office, NOW + WAITS_AT_MOST) != other
    assert plan_of(other).fault == "nobody_solved"


# odd cities


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda city: set_teams(is_active=False), "no_team"),
        (lambda city: set_teams(asks_paused_until=NOW + timedelta(days=9)), "all_quiet"),
        (lambda city: set_teams(weekly_capacity=0), "no_hands"),
        (lambda city: set_windows_past(), "no_time"),
    ],
    ids=["no team", "everybody muted", "full weeks", "no time ahead"],
)
def test_a_plan_in_which_nothing_can_be_done_says_why(on_sqlite: City, spoil, reason: str) -> None:  # type: ignore[no-untyped-def]
    city = on_sqlite
    claimed(city)
    spoil(city)
    assert [line.why for line in lines_of(solved(city))] == [reason]


def set_teams(**values: object) -> None:
    with transaction():
        db.session.execute(update(Team).values(**values))


def set_windows_past() -> None:
    with transaction():
        past = {"starts_at": NOW - timedelta(days=2), "ends_at": NOW - timedelta(days=1)}
        db.session.execute(update(WishedTime).where(WishedTime.position == 0).values(**past))
        db.session.execute(delete(WishedTime).where(WishedTime.position > 0))


def test_with_weights_of_nought_a_plan_is_made_all_the_same(city: City) -> None:
    claimed(city)
    for name in ("km_points", "load_points", "asks_points", "other_department_points"):
        set_rule(city, name, 0)
    assert len(lines_of(solved(city), "proposed")) == 1


def test_orders_that_are_gone_when_it_is_solved_leave_an_empty_plan(city: City) -> None:
    order = claimed(city)
    plan_id = ask_for_plan(city.department, NOW)
    cancel_order(order.number, city.resident, reason="weather", now=NOW)
    assert solve_next(NOW, "here", clock=lambda: NOW)
    assert (plan_of(plan_id).status, plan_of(plan_id).orders) == ("ready", 0)


# confirming


def test_confirming_asks_the_team_by_name_with_the_time(city: City) -> None:
    order = claimed(city)
    plan_id = solved(city)
    (line,) = lines_of(plan_id)
    assert why(plan_id, city) == ""
    (line,) = lines_of(plan_id)
    assert (line.status, line.decided_by_account_id) == ("confirmed", city.department.account_id)
    (offer,) = db.session.scalars(select(Offer).where(Offer.order_id == order.order_id))
    assert (offer.team_id, offer.asked_by) == (line.team_id, "plan")
    assert (offer.proposed_start, offer.proposed_end) == (line.starts_at, line.ends_at)
    assert offer.suggested_place == 1
    assert offer.chance is not None
    assert offer.clue
    assert db.session.get_one(Order, order.order_id).handed_team_id is None


def test_a_line_can_be_handed_to_its_team_alone(city: City) -> None:
    order = claimed(city)
    plan_id = solved(city)
    (line,) = lines_of(plan_id)
    confirm_lines(plan_id, [line.id], city.department, NOW, is_handed=True)
    db.session.rollback()
    assert db.session.get_one(Order, order.order_id).handed_team_id == line.team_id


def test_the_office_confirms_for_the_departments_and_the_record_names_who(city: City) -> None:
    order = claimed(city)
    plan_id = ask_for_plan(city.office, NOW)
    assert solve_next(NOW, "here", clock=lambda: NOW)
    (line,) = lines_of(plan_id)
    assert [each.why for each in confirm_lines(plan_id, [line.id], city.office, NOW)] == [""]
    newest = select(OrderEvent).where(OrderEvent.order_id == order.order_id).order_by(OrderEvent.id.desc())
    event = db.session.scalars(newest).first()
    assert event is not None
    assert (event.action, event.actor_account_id) == ("offer", city.office.account_id)
    assert "纲要办" in event.actor_name


def test_tapped_twice_or_by_two_people_each_team_is_asked_once(city: City) -> None:
    for _ in range(3):
        claimed(city)
    plan_id = solved(city)
    all_lines = ids(lines_of(plan_id))
    for actor in (city.department, city.department, city.office):
        assert {each.why for each in confirm_lines(plan_id, all_lines, actor, NOW)} == {""}
    assert len(db.session.scalars(select(Offer)).all()) == 3
    assert skip_lines(plan_id, all_lines, city.department, NOW) == 0


def test_who_is_second_finds_the_line_decided(city: City) -> None:
    claimed(city)
    plan_id = solved(city)
    (line,) = lines_of(plan_id)
    (stale_read,) = plans._read_lines(plan_id, [line.id], city.department)
    batch = plans._Batch.load([stale_read], NOW)
    assert why(plan_id, city) == ""
    assert plans._confirm(stale_read, batch, city.office, NOW, is_handed=False) == ""
    assert len(db.session.scalars(select(Offer)).all()) == 1


def decline(city: City, line: PlanLine, order: Order) -> None:
    team = line.team_id
    with transaction():
        offer = Offer(order_id=order.id, team_id=team, wave=9, asked_at=NOW, answered_at=NOW, answer="declined")
        db.session.add(offer)


def stay_silent(city: City, line: PlanLine, order: Order) -> None:
    with transaction():
        offer = Offer(order_id=order.id, team_id=line.team_id, wave=9, asked_at=NOW, silent_at=NOW)
        db.session.add(offer)


def give_back(city: City, line: PlanLine, order: Order) -> None:
    """It had the order unasked, and gave it up."""
    with transaction():
        db.session.add(OrderHolder(order_id=order.id, kind="team", code=str(line.team_id), first_at=NOW))


def ask(city: City, line: PlanLine, order: Order) -> None:
    assert line.team_id is not None
    offer_order(order.number, city.department, team_ids=[line.team_id], now=NOW)


def accept(city: City, line: PlanLine, order: Order) -> None:
    accept_order(order.number, city.team, agreed=window(3), volunteer_ids=city.crew[:1], now=NOW)


def take_people(city: City, line: PlanLine, order: Order) -> None:
    """Its people promise the hour to another order."""
    other = claimed(city)
    by_team = {city.team.team_id: city.team, city.other_team.team_id: city.other_team}
    assert line.team_id is not None
    assert line.starts_at is not None
    assert line.ends_at is not None
    agreed = Window(line.starts_at, line.ends_at)
    accept_order(other.number, by_team[line.team_id], agreed=agreed, volunteer_ids=line.people[:1], now=NOW)


def change_times(city: City, line: PlanLine, order: Order) -> None:
    with transaction():
        later = {"starts_at": window(20).starts_at, "ends_at": window(20).ends_at}
        db.session.execute(
            update(WishedTime).where(WishedTime.order_id == order.id, WishedTime.position == 0).values(**later)
        )
        db.session.execute(delete(WishedTime).where(WishedTime.order_id == order.id, WishedTime.position > 0))


def fill_week(city: City, line: PlanLine, order: Order) -> None:
    with transaction():
        db.session.execute(update(Team).where(Team.id == line.team_id).values(weekly_capacity=0))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (decline, "declined"),
        (stay_silent, "asked_silent"),
        (give_back, "had_it"),
        (ask, "asked_already"),
        (accept, "order_gone"),
        (take_people, "crew_gone"),
        (change_times, "time_gone"),
        (fill_week, "week_full"),
        (lambda city, line, order: cancel_order(order.number, city.resident, reason="weather", now=NOW), "order_gone"),
        (lambda city, line, order: set_teams(is_active=False), "team_gone"),
        (lambda city, line, order: set_teams(asks_paused_until=NOW + timedelta(days=9)), "muted"),
        (lambda city, line, order: set_rule(city, "team_asks_a_week", 0), "asked_enough"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_stale_line_is_refused_with_its_reason_and_asks_nobody(on_sqlite: City, change, reason: str) -> None:  # type: ignore[no-untyped-def]
    city = on_sqlite
    order = claimed(city)
    plan_id = solved(city)
    (line,) = lines_of(plan_id)
    change(city, line, db.session.get_one(Order, order.order_id))
    before = len(db.session.scalars(select(Offer).where(Offer.asked_by == "plan")).all())
    assert why(plan_id, city) == reason
    assert why(plan_id, city) == reason  # and stays so
    (line,) = lines_of(plan_id)
    assert (line.status, line.why) == ("refused", reason)
    assert len(db.session.scalars(select(Offer).where(Offer.asked_by == "plan")).all()) == before


def test_a_line_whose_time_has_passed_is_refused(city: City) -> None:
    claimed(city)
    assert why(solved(city), city, NOW + timedelta(days=5)) in ("too_late", "time_gone")


def test_the_others_go_through_when_one_line_is_stale(city: City) -> None:
    orders = [claimed(city) for _ in range(3)]
    plan_id = solved(city)
    cancel_order(orders[1].number, city.resident, reason="weather", now=NOW)
    decided = confirm_lines(plan_id, ids(lines_of(plan_id)), city.department, NOW)
    assert {each.number: each.why for each in decided} == {
        order.number: "order_gone" if order is orders[1] else "" for order in orders
    }


def test_an_order_that_another_department_holds_by_now_has_moved_on(city: City) -> None:
    order = claimed(city)
    plan_id = solved(city)
    with transaction():
        db.session.execute(update(Order).where(Order.id == order.order_id).values(department_id="education"))
    assert why(plan_id, city) == "order_gone"


def test_lines_that_were_confirmed_count_as_promised_in_the_next_plan(city: City) -> None:
    for _ in range(4):
        claimed(city)
    first = solved(city)
    assert {each.why for each in confirm_lines(first, ids(lines_of(first)), city.department, NOW)} == {""}
    claimed(city)
    (line,) = lines_of(solved(city))
    assert line.why == "no_hands"  # both weeks are full with what the teams were asked for


def test_at_night_nobody_is_asked_and_the_line_stays(city: City) -> None:
    claimed(city)
    plan_id = solved(city)
    night = NOW + timedelta(hours=13)
    assert why(plan_id, city, night) == "quiet_hours"
    assert [line.status for line in lines_of(plan_id)] == ["proposed"]
    assert why(plan_id, city, NOW + timedelta(hours=22)) == ""


def test_a_busy_database_leaves_the_line_as_it_is(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    claimed(city)
    plan_id = solved(city)

    def busy(*_args: object, **_more: object) -> None:
        raise OperationalError("", {}, Exception())

    with monkeypatch.context() as patch:
        patch.setattr(plans, "offer_order", busy)
        assert why(plan_id, city) == "not_tried"
    assert why(plan_id, city) == ""


def test_a_line_is_set_aside_and_can_be_confirmed_after_all(city: City) -> None:
    claimed(city)
    plan_id = solved(city)
    (line,) = lines_of(plan_id)
    assert skip_lines(plan_id, [line.id], city.department, NOW) == 1
    assert [line.status for line in lines_of(plan_id)] == ["skipped"]
    assert why(plan_id, city) == ""


def test_only_ones_own_plan_that_is_ready_can_be_confirmed_and_not_too_much_of_it(city: City) -> None:
    claimed(city)
    plan_id = ask_for_plan(city.department, NOW)
    with pytest.raises(Refused, match="plan_not_ready"):
        confirm_lines(plan_id, [1], city.department, NOW)
    assert solve_next(NOW, "here", clock=lambda: NOW)
    with pytest.raises(NotFound):
        confirm_lines(plan_id, ids(lines_of(plan_id)), city.other_department, NOW)
    with pytest.raises(Refused, match="too_many_at_once"):
        confirm_lines(plan_id, range(1, plans.MOST_LINES + 2), city.department, NOW)
    assert confirm_lines(plan_id, [99_999], city.department, NOW) == []


def test_an_order_nobody_can_serve_is_no_line_to_confirm(city: City) -> None:
    claimed(city)
    set_teams(is_active=False)
    plan_id = solved(city)
    assert confirm_lines(plan_id, ids(lines_of(plan_id)), city.department, NOW) == []


# reading


def test_plans_are_listed_newest_first_with_their_counts_and_old_ones_marked(city: City) -> None:
    for _ in range(5):
        claimed(city)
    first = solved(city)
    second = ask_for_plan(city.department, NOW + timedelta(days=1))
    views = list_plans(city.department, NOW + timedelta(days=1))
    assert [view.plan.id for view in views] == [second, first]
    assert [view.is_old for view in views] == [False, True]
    assert views[1].counts == {"proposed": 4, "unserved": 1}
    assert list_plans(city.other_department, NOW) == []
    page = list_lines(first, "proposed", 1)
    assert page.total == 4
    assert {row.planned_name for row in page.rows} == {"市医院测试队", "卫校测试队"}


def test_a_claim_that_lets_the_service_ask_is_planned_too_once_its_wave_is_over(city: City) -> None:
    order = dispatched(city)
    claim_order(order.number, city.department, now=NOW, is_auto_asked=True)
    (line,) = lines_of(solved(city))
    assert line.order_id == order.order_id


def test_an_order_with_an_open_question_is_not_confirmed(on_sqlite: City) -> None:
    order = claimed(on_sqlite)
    plan_id = solved(on_sqlite)
    ask_resident(order.number, on_sqlite.department, text="有电梯吗？", now=NOW)
    assert why(plan_id, on_sqlite) == "question_open"
    assert db.session.scalar(select(Offer.id)) is None
