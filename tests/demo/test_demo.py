"""The demo city: small, on SQLite; the size that people get is the same code with more orders."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from flask import Flask
from sqlalchemy import func, select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account, Seat
from qtxvol.accounts.passwords import is_password
from qtxvol.base import Base
from qtxvol.demo.city import DemoReport, find_unserved_items, make_demo_city
from qtxvol.demo.matching import MATCHING_ORDERS
from qtxvol.extensions import db
from qtxvol.notices.models import Notice
from qtxvol.offers.crew_asks import list_open_asks
from qtxvol.offers.models import CounterOffer, JointInvite, MatchBelief, MatchPlan
from qtxvol.orders.check import check_orders
from qtxvol.orders.lifecycle import OPEN, Party, Status
from qtxvol.orders.models import CrewAsk, Hold, Offer, Order, OrderEvent, Rating
from qtxvol.orders.queries import TABS, count_tabs
from qtxvol.progress.count import find_drift
from qtxvol.progress.models import TargetReport, TargetSnapshot
from qtxvol.progress.queries import get_board
from qtxvol.progress.targets import list_waiting
from qtxvol.volunteers.models import Team, Volunteer
from tests.databases import migrate, running_app, settings_for, sqlite_url

#: Ten past three in the afternoon, in the city.
NOW = datetime(2026, 11, 24, 7, 10, tzinfo=UTC)
PASSWORD = "a-demo-password"
ORDERS = 60

#: The app, what it was told that was made, and the number of rows by table.
Demo = tuple[Flask, DemoReport, dict[str, int]]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One city for all tests that only look."""
    folder = tmp_path_factory.mktemp("demo")
    url = sqlite_url(folder / "demo.sqlite3")
    migrate(url, folder)
    with running_app(settings_for(url, folder), is_durable=True) as app:
        with app.app_context():
            made = make_demo_city(NOW, PASSWORD, orders=ORDERS), count_rows()
        yield app, *made


@pytest.fixture
def report(demo: Demo) -> Iterator[DemoReport]:
    """What was made, within an app context of the city."""
    app, report, _ = demo
    with app.app_context():
        yield report


def actor_of(username: str) -> Actor:
    """The seat of a demo account, as `accounts.seats` would give it."""
    account, seat = db.session.execute(
        select(Account, Seat).join(Seat, Seat.account_id == Account.id).where(Account.username == username)
    ).one()
    team = db.session.get(Team, seat.team_id) if seat.team_id else None
    return Actor(
        Party(seat.party),
        account.display_name,
        account_id=account.id,
        division_code=seat.division_code,
        department_id=team.department_id if team else seat.department_id,
        team_id=seat.team_id,
        themes=tuple(team.themes) if team else (),
        volunteer_id=seat.volunteer_id,
    )


def count_rows() -> dict[str, int]:
    # which orders are drawn for a call-back depends on their numbers, and these are not to be guessed
    drawn = ("call_backs", "presences", "spot_checks")
    tables = [table for table in Base.metadata.sorted_tables if table.name not in drawn]
    counts = {table.name: db.session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}
    counts["notices"] -= db.session.scalar(select(func.count()).where(Notice.kind == "call_back")) or 0
    return counts


def test_every_status_is_there(report):
    assert report.orders.keys() == set(Status)
    assert all(report.orders.values())
    assert sum(report.orders.values()) == ORDERS + MATCHING_ORDERS


def test_the_record_holds_together(report):
    assert list(check_orders()) == []


@pytest.mark.parametrize("username", ["resident", "community", "department", "team", "volunteer", "office"])
def test_demo_account_finds_several_orders_in_every_tab(report, username):
    actor = actor_of(username)
    counts = count_tabs(actor, NOW)
    assert counts.keys() == {tab.key for tab in TABS[actor.party]}
    assert min(counts.values()) >= 2, counts


def test_team_has_services_to_close_and_services_ahead(report):
    team = actor_of("team")
    mine = (Order.team_id == team.team_id, Order.status == Status.ACCEPTED)
    assert db.session.scalar(select(func.count()).where(*mine, Order.agreed_end < NOW)) >= 2
    assert db.session.scalar(select(func.count()).where(*mine, Order.agreed_start > NOW)) >= 2


def test_no_order_of_an_emergency_that_is_over_still_waits(report):
    assert db.session.scalar(select(func.count()).where(Order.emergency_id.is_not(None), Order.status.in_(OPEN))) == 0


def test_everybody_can_sign_in_with_the_one_password(report):
    hashes = set(db.session.scalars(select(Account.password_hash)))
    assert len(hashes) == 1
    assert is_password(PASSWORD, hashes.pop())
    assert [each.username for each in report.sign_ins] == [
        "resident", "community", "department", "team", "volunteer", "office",
    ]  # fmt: skip


def test_every_menu_item_has_a_team_that_can_serve_it(report):
    assert find_unserved_items(NOW) == []


def test_a_menu_item_without_its_experts_is_named(report):
    for person in db.session.scalars(select(Volunteer)):
        person.skills = [skill for skill in person.skills if skill != "viticulture"]
    with db.session.no_autoflush:
        assert find_unserved_items(NOW) == ["S29 葡萄栽培管理"]
    db.session.rollback()


def test_telephone_numbers_are_invented(report):
    for column in (Volunteer.phone, Account.phone, Order.contact_phone):
        phones = db.session.scalars(select(column).where(column.is_not(None))).all()
        assert phones
        assert all(phone.startswith("1990000") and len(phone) == 11 for phone in phones)


def test_the_curve_ends_at_the_count_of_yesterday(report):
    board = get_board(NOW)
    assert board.counts is not None
    assert board.counts.day == date(2026, 11, 23)
    midnight = datetime(2026, 11, 23, 16, tzinfo=UTC)
    verified = db.session.scalar(
        select(func.count()).where(Volunteer.status == "verified", Volunteer.verified_at < midnight)
    )
    assert board.counts.registered == verified
    assert 0 < board.counts.active < board.counts.registered
    curve = [count.registered for count in board.days]
    assert report.counts == len(curve) > 100
    assert curve[0] < curve[-1]


def test_every_snapshot_can_be_counted_again(report):
    assert list(find_drift()) == []
    assert db.session.scalar(select(func.count()).where(TargetSnapshot.checksum == "")) == 0


def test_lead_units_have_reported_and_one_figure_waits(report):
    assert db.session.scalar(select(func.count(TargetReport.id))) > 15
    assert [each.target_id for each in list_waiting(NOW.date())] == ["T12"]


def test_the_account_volunteer_is_asked_to_serve(report):
    (ask, *_more) = list_open_asks(actor_of("volunteer").volunteer_id or 0, NOW)
    assert (ask.ask.answer, ask.ask.ending, ask.ask.starts_at > NOW) == (None, "", True)
    crew = db.session.scalars(select(CrewAsk).where(CrewAsk.hold_id == ask.ask.hold_id)).all()
    assert {"yes", "no"} <= {each.answer for each in crew}, "others have answered"


def test_nothing_happens_ahead_of_time(report):
    assert db.session.scalar(select(func.max(OrderEvent.happened_at))) <= NOW
    assert db.session.scalar(select(func.max(Rating.rated_at))) <= NOW


def test_waiting_for_the_disk_is_on_again(report):
    assert db.session.connection().exec_driver_sql("PRAGMA synchronous").scalar() == 2


def test_the_same_seed_makes_the_same_numbers_of_rows(demo, ctx_sqlite):
    _, _, rows = demo
    make_demo_city(NOW, PASSWORD, orders=ORDERS)
    assert count_rows() == rows


@pytest.mark.parametrize("moment", ["2026-06-01T23:50", "2028-02-29T04:00"])
def test_any_time_of_day_will_do(app_sqlite, moment):
    """At night the last services ended the evening before; the tabs are full all the same."""
    now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    with app_sqlite.app_context():
        make_demo_city(now, PASSWORD, orders=ORDERS, seed=7)
        assert all(min(count_tabs(actor_of(name), now).values()) >= 2 for name in ("resident", "team", "volunteer"))
        assert list_open_asks(actor_of("volunteer").volunteer_id or 0, now)


def test_a_database_in_use_is_refused(report):
    with pytest.raises(ValueError, match="in use already"):
        make_demo_city(NOW, PASSWORD, orders=ORDERS)


def test_too_few_orders_are_refused(ctx_sqlite):
    with pytest.raises(ValueError, match="too few"):
        make_demo_city(NOW, PASSWORD, orders=10)


@pytest.mark.postgres
def test_postgresql_takes_the_same_stories(demo, postgres_database, tmp_path):
    _, report, rows = demo
    with running_app(settings_for(postgres_database, tmp_path)) as app, app.app_context():
        assert make_demo_city(NOW, PASSWORD, orders=ORDERS) == report
        assert count_rows() == rows


def test_somebody_is_being_asked_just_now(report):
    """A wave, a team that finds its people, other times, a joint session and a plan, for whoever looks in."""
    for table, wanted in (
        (Hold, Hold.ending == ""),
        (CrewAsk, CrewAsk.answer == "yes"),
        (Offer, Offer.answer == "declined"),
        (Offer, Offer.asked_by == "system"),
        (CounterOffer, CounterOffer.answer.is_(None)),
        (JointInvite, JointInvite.answer == "yes"),
        (MatchPlan, MatchPlan.status == "ready"),
        (MatchBelief, MatchBelief.model == "captains"),
    ):
        assert db.session.scalar(select(func.count()).select_from(table).where(wanted)), table.__tablename__
