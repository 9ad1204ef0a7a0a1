"""What is stuck: each number is the number of rows that it speaks of."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event, update

from qtxvol.extensions import db
from qtxvol.jobs.ledger import run_due
from qtxvol.jobs.models import JobRun
from qtxvol.jobs.schedule import JOBS, frequent, last_slot
from qtxvol.notices.models import Delivery, Notice
from qtxvol.orders.ask import ask_resident
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import Order, OrderClock
from qtxvol.storage import transaction
from qtxvol.watch.backup import note_backup
from qtxvol.watch.metrics import render_metrics
from qtxvol.watch.pulse import read_pulse
from qtxvol.watch.stuck import get_unit_standing, list_ownerless, list_owners
from tests.factories import LATER, NOW, accepted, claimed, dispatched, make_city, placed, window

pytestmark = pytest.mark.usefixtures("ctx")

LONG_AGO = NOW - timedelta(days=40)


def test_owners_are_those_who_owe_a_step_the_latest_first():
    city = make_city()
    placed(city, LONG_AGO)
    placed(city)
    dispatched(city)
    owners = list_owners(NOW)
    first = owners[0]
    assert (first.party, first.scope) == (Party.COMMUNITY, city.community.division_code)
    assert (first.orders, first.overdue, first.twice) == (2, 1, 1)
    assert first.oldest_due_at is not None
    assert LONG_AGO < first.oldest_due_at < NOW
    assert first.name
    assert [(each.party, each.orders, each.overdue) for each in owners[1:]] == [(Party.DEPARTMENT, 1, 0)]


def test_an_order_with_three_clocks_is_one_order_of_its_team():
    city = make_city()
    accepted(city, agreed=window(2))
    owners = [owner for owner in list_owners(NOW) if owner.party is Party.TEAM]
    assert [(owner.scope, owner.orders) for owner in owners] == [(str(city.team.team_id), 1)]


def test_an_open_question_stops_the_count_but_hides_no_delay():
    city = make_city()
    in_time, late = dispatched(city), dispatched(city, LONG_AGO)
    for number in (in_time.number, late.number):
        ask_resident(number, city.department, text="哪天方便？", now=NOW)
    department = next(owner for owner in list_owners(LATER) if owner.party is Party.DEPARTMENT)
    assert (department.orders, department.overdue) == (2, 1)


def test_departments_are_counted_by_step_and_what_nobody_has_apart():
    city = make_city()
    placed(city)
    dispatched(city, LONG_AGO)
    claimed(city)
    units = get_unit_standing(NOW)
    mine = units.in_town(city.department.department_id or "")
    assert (mine.count, mine.overdue) == (2, 1)
    assert units.in_town("").count == 1


def test_an_open_order_without_a_clock_is_found():
    city = make_city()
    order = placed(city)
    assert list_ownerless() == []
    with transaction():
        db.session.execute(
            update(OrderClock).where(OrderClock.order_id == order.order_id).values(ended_at=NOW, ending="void")
        )
    assert list_ownerless() == [order.number]
    assert "ownerless" in read_pulse(NOW).warnings


def test_the_backlog_tells_late_from_held_and_dead_from_handled():
    order = dispatched(make_city())
    with transaction():
        db.session.execute(update(Notice).values(planned_at=NOW))
        notice = db.session.query(Notice).first()
        for number, (state, next_at, handled) in enumerate(
            (
                ("waiting", NOW - timedelta(hours=2), None),
                ("failed", NOW + timedelta(hours=1), None),
                ("dead", NOW, None),
                ("dead", NOW, NOW),
                ("sent", NOW - timedelta(hours=3), None),
            )
        ):
            db.session.add(
                Delivery(
                    notice_id=notice.id, order_id=order.order_id, recipient=f"order:{order.order_id}", channel="sms",
                    lane="sms",
                    rank=number + 1, key=f"k{number}", told_at=NOW, state=state, next_at=next_at,
                    give_up_at=LATER, changed_at=NOW, handled_at=handled,
                )
            )  # fmt: skip
    pulse = read_pulse(NOW)
    (sms,) = pulse.backlog.channels
    assert (sms.code, sms.late, sms.held, sms.dead) == ("sms", 1, 1, 1)
    assert sms.oldest_at == NOW - timedelta(hours=2)
    assert pulse.backlog.unplanned == 0
    assert "dead" in pulse.warnings


def test_a_notice_that_no_worker_took_is_counted_once_it_is_due():
    dispatched(make_city())
    due = read_pulse(NOW).backlog
    assert due.unplanned > 0
    assert due.oldest_at is not None
    assert read_pulse(NOW - timedelta(days=1)).backlog.unplanned == 0
    assert "outbox" not in read_pulse(NOW + timedelta(minutes=10)).warnings
    assert "outbox" in read_pulse(NOW + timedelta(minutes=20)).warnings


def test_jobs_are_late_when_their_slot_is_over_and_nobody_ran_it():
    assert all(job.done_at is None for job in read_pulse(NOW).jobs)
    run_due(NOW)
    assert [job.name for job in read_pulse(NOW).jobs if job.is_late] == []
    tomorrow = NOW + timedelta(days=1)
    late = {job.name for job in read_pulse(tomorrow).jobs if job.is_late}
    assert late == {job.name for job in JOBS}


def test_a_job_of_all_day_is_late_after_three_slots():
    job = frequent("often", 5, lambda slot, now: "")
    assert last_slot(job, NOW + timedelta(minutes=4)) == NOW
    assert last_slot(job, NOW + timedelta(minutes=5)) == NOW + timedelta(minutes=5)
    run_due(NOW)
    often = [job for job in JOBS if job.every is not None]
    assert often
    for minutes, is_late in ((10, False), (21, True)):
        moment = NOW + max(job.every for job in often if job.every) * minutes / 5
        states = {state.name: state.is_late for state in read_pulse(moment).jobs}
        slowest = max(often, key=lambda job: job.every or timedelta())
        assert states[slowest.name] is is_late


def test_a_failed_run_is_told_until_the_job_comes_through():
    run_due(NOW)
    with transaction():
        db.session.add(JobRun(job="count_targets", slot="2026-11-25T00:10", started_at=NOW + timedelta(hours=15)))
    state = next(job for job in read_pulse(NOW).jobs if job.name == "count_targets")
    assert state.failed_at == NOW + timedelta(hours=15)
    assert state.done_at == NOW
    assert "jobs" in read_pulse(NOW).warnings


def test_backups_age_and_the_disk_is_read():
    assert "backup" in read_pulse(NOW).warnings
    note_backup(NOW)
    assert "backup" not in read_pulse(NOW + timedelta(days=1)).warnings
    assert "backup" in read_pulse(NOW + timedelta(days=3)).warnings
    disk = read_pulse(NOW).disk
    assert disk is not None
    assert 0 < disk.free <= disk.total


def _count_statements() -> int:
    statements: list[str] = []

    def listen(*args: object) -> None:
        statements.append(str(args[2]))

    event.listen(db.engine, "before_cursor_execute", listen)
    read_pulse(NOW)
    event.remove(db.engine, "before_cursor_execute", listen)
    return len(statements)


def test_reading_costs_the_same_for_sixty_orders_as_for_three():
    city = make_city()
    counts = []
    for more in (3, 57):
        for _ in range(more):
            dispatched(city)
        counts.append(_count_statements())
    assert counts[0] == counts[1]
    assert counts[0] <= 20


def test_metrics_say_what_the_page_says(app: Flask):
    city = make_city()
    placed(city, LONG_AGO)
    dispatched(city)
    run_due(NOW)
    note_backup(NOW)
    lines = render_metrics(read_pulse(NOW), NOW).decode().splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    town = (city.community.division_code or "")[:9]
    assert values[f'qtxvol_overdue_orders{{status="placed",town="{town}"}}'] == "1.0"
    assert values['qtxvol_owed_orders{how="all",party="department"}'] == "1.0"
    assert values["qtxvol_ownerless_orders"] == "0.0"
    assert float(values["qtxvol_backup_timestamp_seconds"]) == NOW.timestamp()
    assert values['qtxvol_job_late{job="count_targets"}'] == "0.0"
    assert db.session.query(Order).count() == 2
