"""The numbers behind the pictures, compared with counting by hand, on both databases."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median

import pytest
from sqlalchemy import event, select, update

from qtxvol.base import CITY_TIME
from qtxvol.directory.models import Division
from qtxvol.extensions import db
from qtxvol.orders.claim import claim_order, return_order
from qtxvol.orders.decline import cancel_order, reject_order
from qtxvol.orders.lifecycle import OPEN, Action, Status
from qtxvol.orders.models import Order, OrderEvent, Rating
from qtxvol.orders.rate import Verdict, rate_order
from qtxvol.progress.queries import get_people
from qtxvol.progress.standing import EXITS, STEPS, Waiting, count_exits, get_standing, list_towns, recent_start
from qtxvol.progress.weeks import WEEKS, get_weeks, median_of
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Volunteer
from tests.factories import (
    COMMUNITY,
    NOW,
    OTHER_COMMUNITY,
    City,
    accepted,
    claimed,
    closed,
    dispatched,
    make_city,
    make_volunteer,
    placed,
    window,
)


def town(code: str) -> str:
    return code[:9]


@pytest.fixture(scope="module")
def half_year(shared_ctx: None) -> None:
    """What `make_half_year` makes, for those who only read it."""
    make_half_year()


@pytest.fixture
def own_half_year(ctx: None) -> City:
    return make_half_year()


def make_half_year() -> City:
    """Orders of half a year in every state, at all hours of the day."""
    city = make_city()
    for turn, back in enumerate((200, 120, 30, 29, 4)):
        for hour in (15, 16):  # 16:00 UTC is midnight in the city
            then = NOW - timedelta(days=back, hours=2) + timedelta(hours=hour)
            order = closed(city, then, agreed=window(0.2 + turn % 3 + hour % 15 / 2, now=then))
            if (turn + hour) % 3:
                verdict = Verdict(1 + (turn + hour) % 5, True, 20, True, "")
                rate_order(order.number, city.resident, verdict=verdict, now=then + timedelta(days=4))
    for back in (12, 3, 0):
        then = NOW - timedelta(days=back)
        placed(city, then, division_code=OTHER_COMMUNITY)
        dispatched(city, then)
        claimed(city, then)
        accepted(city, then, agreed=window(2 * back + 1, now=then))
    order = dispatched(city, NOW - timedelta(days=9))
    return_order(order.number, city.department, reason="not_our_field", now=NOW - timedelta(days=8))
    order = placed(city, NOW - timedelta(days=5))
    reject_order(order.number, city.community, reason="out_of_scope", text="请拨 12345", now=NOW - timedelta(days=4))
    order = placed(city, NOW - timedelta(days=50))
    cancel_order(order.number, city.community, reason="no_longer_needed", now=NOW - timedelta(days=45))
    order = dispatched(city, NOW - timedelta(days=20))
    claim_order(order.number, city.department, now=NOW - timedelta(days=15))  # late
    return city


def orders() -> Sequence[Order]:
    return db.session.scalars(select(Order)).all()


def day_of(moment: datetime | None):
    assert moment is not None
    return moment.astimezone(CITY_TIME).date()


def is_late(order: Order) -> bool:
    return order.due_at is not None and order.due_at < (order.clock_stopped_at or NOW)


@pytest.mark.usefixtures("half_year")
def test_what_waits_is_what_counting_by_hand_finds():
    counts: Counter[tuple[str, str]] = Counter()
    late: Counter[tuple[str, str]] = Counter()
    for order in orders():
        if order.status in OPEN:
            key = town(order.division_code), order.status
            counts[key] += 1
            late[key] += is_late(order)
    standing = get_standing(NOW)
    assert standing.waiting == {key: Waiting(n, late[key]) for key, n in counts.items()}
    assert {status for _town, status in counts} == set(STEPS)
    assert any(late.values())


@pytest.mark.usefixtures("half_year")
def test_the_sums_of_towns_and_of_steps_are_the_same_whole():
    standing = get_standing(NOW)
    by_step = sum((standing.before(step) for step in STEPS), Waiting())
    by_town = sum((standing.in_town(key) for key in standing.towns()), Waiting())
    assert by_step == by_town == standing.total
    assert standing.total.count == sum(order.status in OPEN for order in orders())


def test_orders_of_a_town_out_of_use_stay_in_the_sum(own_half_year: City):
    before = get_standing(NOW).total
    with transaction():
        db.session.execute(
            update(Division).where(Division.code == town(OTHER_COMMUNITY) + "000").values(is_active=False)
        )
    standing = get_standing(NOW)
    assert standing.total == before
    assert set(standing.towns()) - {each.key for each in list_towns()} == {town(OTHER_COMMUNITY)}


@pytest.mark.usefixtures("half_year")
def test_ways_out_are_counted_where_they_were_taken():
    since = recent_start(NOW)
    expected = Counter(
        (Status(each.from_status), Action(each.action))
        for each in db.session.scalars(select(OrderEvent))
        if each.action in EXITS and each.happened_at >= since
    )
    assert count_exits(NOW) == expected
    assert expected == {(Status.DISPATCHED, Action.RETURN): 1, (Status.PLACED, Action.REJECT): 1}


@pytest.mark.usefixtures("half_year")
def test_every_week_is_what_counting_by_hand_finds():
    rows = orders()
    ratings = {(rating.asker_order_id, rating.closure): rating.stars for rating in db.session.scalars(select(Rating))}
    weeks = get_weeks(NOW, with_late_steps=True)
    assert len(weeks.spans) == WEEKS
    assert weeks.spans[-1].last == weeks.recent.last == day_of(NOW)
    assert (weeks.recent.last - weeks.recent.first).days == 29
    for span in (*weeks.spans, weeks.recent):
        closed_now = [order for order in rows if order.status == Status.CLOSED]
        done = [order for order in closed_now if span.first <= day_of(order.closed_at) <= span.last]
        stars = [ratings[key] for order in done if (key := (order.id, order.closures_count)) in ratings]
        lasted = [(day_of(order.closed_at) - day_of(order.placed_at)).days for order in done]
        late = [
            each
            for each in db.session.scalars(select(OrderEvent).where(OrderEvent.was_overdue))
            if each.from_status != each.to_status and span.first <= day_of(each.happened_at) <= span.last
        ]
        assert span.placed == sum(span.first <= day_of(order.placed_at) <= span.last for order in rows)
        assert (span.closed, span.rated, span.stars) == (len(done), len(stars), sum(stars))
        assert span.median_days == (median(lasted) if lasted else None)
        assert span.average == (pytest.approx(sum(stars) / len(stars)) if stars else None)
        assert span.late_steps == len(late)
    assert sum(span.closed for span in weeks.spans) > weeks.recent.closed > weeks.recent.rated > 0
    assert weeks.recent.late_steps


@pytest.mark.usefixtures("half_year")
def test_towns_add_up_to_what_was_closed_lately():
    weeks = get_weeks(NOW)
    assert sum(weeks.closed_by_town.values()) == weeks.recent.closed
    assert set(weeks.closed_by_town) == {town(COMMUNITY)}


def test_midnight_is_the_citys_not_greenwichs(own_half_year: City):
    before = get_weeks(NOW).spans[-1].placed, get_weeks(NOW).spans[-2].placed
    first = get_weeks(NOW).spans[-1].first
    midnight = datetime(first.year, first.month, first.day, tzinfo=CITY_TIME)
    placed(own_half_year, midnight)
    placed(own_half_year, midnight - timedelta(seconds=1))
    assert (get_weeks(NOW).spans[-1].placed, get_weeks(NOW).spans[-2].placed) == (before[0] + 1, before[1] + 1)


@pytest.mark.usefixtures("ctx")
def test_without_any_order_everything_is_zero_and_nothing_is_divided():
    make_city()
    weeks, standing = get_weeks(NOW, with_late_steps=True), get_standing(NOW)
    assert (standing.total, standing.towns(), count_exits(NOW)) == (Waiting(), [], {})
    for span in (*weeks.spans, weeks.recent):
        assert (span.placed, span.closed, span.late_steps) == (0, 0, 0)
        assert (span.average, span.median_days, span.unrated_percent) == (None, None, None)


@pytest.mark.usefixtures("ctx")
def test_people_are_counted_once_by_home_and_once_by_department():
    city = make_city()
    make_volunteer(None, division_code=COMMUNITY)
    make_volunteer(None)
    make_volunteer(None, status="applied", division_code=COMMUNITY)
    people = get_people()
    verified = len(db.session.scalars(select(Volunteer.id).where(Volunteer.status == "verified")).all())
    assert sum(people.by_town.values()) == sum(n for _name, n in people.by_department.values()) == verified
    assert people.by_town[town(COMMUNITY)] == 1
    assert people.by_department["health"][1] == len(city.crew) + len(city.other_crew)
    assert people.by_department[""][1] == 2


@pytest.mark.usefixtures("half_year")
def test_each_read_is_one_statement_however_much_there_is():
    seen: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    for read, most in (
        (lambda: get_standing(NOW), 1),
        (lambda: count_exits(NOW), 1),
        (lambda: get_weeks(NOW), 2),
        (lambda: get_weeks(NOW, with_late_steps=True), 3),
        (get_people, 1),
        (list_towns, 1),
    ):
        seen.clear()
        read()
        assert len([each for each in seen if not each.startswith(("BEGIN", "PRAGMA"))]) == most


@pytest.mark.parametrize("values", [[], [3], [1, 2], [1, 1, 9], [0, 0, 4, 7]])
def test_the_median_of_a_histogram_is_the_median(values: list[int]):
    assert median_of(Counter(values)) == (median(values) if values else None)
