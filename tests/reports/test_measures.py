"""Figures are what counting by hand finds, add up wherever they can, and open into the rows that make them."""

from collections import Counter
from datetime import date, timedelta

from sqlalchemy import event, func, select

from qtxvol.base import CITY_TIME
from qtxvol.directory.models import MenuItem
from qtxvol.extensions import db
from qtxvol.hours.models import HoursEntry
from qtxvol.orders.lifecycle import Label
from qtxvol.orders.models import Order, OrderEvent, Rating
from qtxvol.reports.drill import cells_of, columns_of, drill_paper, open_figure
from qtxvol.reports.measures import (
    ACTIVE,
    ATTENDANCE,
    CLOSED,
    JOINED,
    LATE,
    MEASURES,
    MINUTES,
    PLACED,
    RATED,
    REGISTERED,
    SERVED,
    SERVICES,
    STARS,
    UNCOUNTED,
    UNMET,
    UNREACHABLE,
    By,
    Rows,
    Scope,
    count,
    tally,
)
from qtxvol.reports.queries import read_census
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Volunteer
from tests.factories import NOW, make_volunteer
from tests.reports.world import World

TODAY = NOW.astimezone(CITY_TIME).date()
YEAR = Scope.of_year(TODAY.year)
ALL = Scope(last=TODAY)


def day_of(moment) -> date:
    return moment.astimezone(CITY_TIME).date()


def by_hand() -> dict[str, int]:
    """The year's figures from the rows themselves, without any of the queries under test."""
    orders = {each.id: each for each in db.session.scalars(select(Order))}
    this_year = [each for each in orders.values() if day_of(each.placed_at).year == TODAY.year]
    closed = [each for each in orders.values() if each.status == "closed" and day_of(each.closed_at).year == TODAY.year]
    ratings = {(each.asker_order_id, each.closure): each.stars for each in db.session.scalars(select(Rating))}
    stars = [ratings[key] for each in closed if (key := (each.id, each.closures_count)) in ratings]
    late = [
        each
        for each in db.session.scalars(select(OrderEvent).where(OrderEvent.was_overdue))
        if each.from_status != each.to_status and day_of(each.happened_at).year == TODAY.year
    ]
    disputed = {(each.order_id, each.closure) for each in db.session.scalars(select(Rating)) if not each.did_take_place}
    threads: Counter[tuple[int, int, int]] = Counter()
    for line in db.session.scalars(select(HoursEntry)):
        threads[line.volunteer_id, line.order_id, line.closure] += line.minutes
    standing = {key: minutes for key, minutes in threads.items() if minutes}
    counts = {key: minutes for key, minutes in standing.items() if (key[1], key[2]) not in disputed}
    people = db.session.scalars(select(Volunteer).where(Volunteer.status == "verified")).all()
    served = {person for person, _order, _closure in counts}
    return {
        PLACED.key: len(this_year),
        CLOSED.key: len(closed),
        UNMET.key: sum(each.status == "unmet" for each in orders.values()),
        UNREACHABLE.key: sum(each.status == "unreachable" for each in orders.values()),
        LATE.key: len(late),
        ATTENDANCE.key: sum(each.attendance for each in closed),
        RATED.key: len(stars),
        STARS.key: sum(stars),
        SERVICES.key: len(counts),
        SERVED.key: len({person for person, _order, _closure in counts}),
        MINUTES.key: sum(counts.values()),
        UNCOUNTED.key: sum(standing.values()) - sum(counts.values()),
        JOINED.key: sum(day_of(each.verified_at).year == TODAY.year for each in people),
        REGISTERED.key: len(people),
        ACTIVE.key: len(served & {each.id for each in people}),
        "applied": 1,
    }


def test_every_figure_is_what_counting_by_hand_finds(world: World):
    expected = by_hand()
    scope = Scope(date(TODAY.year, 1, 1), TODAY)
    assert {key: values.get((), 0) for key, values in tally(list(MEASURES.values()), (), scope).items()} == expected
    assert all(expected.values()), f"the city has none of something: {expected}"


def test_lines_add_up_to_the_city_and_distinct_people_at_least_to_it(world: World):
    measures = list(MEASURES.values())
    whole = tally(measures, (), YEAR)
    for by in By:
        parts = tally(measures, (by,), YEAR)
        for measure in measures:
            total, lines = whole[measure.key].get((), 0), sum(parts[measure.key].values())
            if by in (By.YEAR, By.MONTH) and measure.is_stock:
                assert lines == total, (measure.key, by)
            elif measure.is_distinct:
                assert lines >= total, (measure.key, by)
            else:
                assert lines == total, (measure.key, by)


def test_two_breakdowns_at_once_are_the_same_rows(world: World):
    both = tally([CLOSED, MINUTES], (By.PROGRAMME, By.UNIT), YEAR)
    for measure in (CLOSED, MINUTES):
        single = tally([measure], (By.UNIT,), YEAR)[measure.key]
        units: Counter[str] = Counter()
        for (_programme, unit), figure in both[measure.key].items():
            units[unit] += figure
        assert units == {unit: figure for (unit,), figure in single.items()}


def test_a_free_wish_belongs_to_the_programme_of_its_audience(world: World):
    found = tally([PLACED], (By.PROGRAMME,), YEAR)[PLACED.key]
    items = dict(db.session.execute(select(MenuItem.id, MenuItem.programme_id)).all())
    expected = Counter(items.get(each.menu_item_id) or "A2" for each in db.session.scalars(select(Order)))
    assert {programme: figure for (programme,), figure in found.items()} == expected


def test_the_rows_behind_every_cell_add_up_to_the_cell(world: World):
    for measure in (ATTENDANCE, LATE, SERVED, MINUTES, REGISTERED):  # one of each kind of rows
        scopes = [YEAR]
        for by in (By.TOWN, By.PROFESSION, By.MONTH):
            if not (by is By.MONTH and measure.is_stock):
                scopes += [YEAR.within(by, value) for (value,) in tally([measure], (by,), YEAR)[measure.key]]
        for scope in scopes:
            drill = open_figure(measure, scope, 1)
            assert drill.page.pages == 1, "too many rows for this test"
            shown = drill.page.total if measure.is_distinct else sum(int(row.value) for row in drill.page.rows)
            assert shown == drill.figure == count(measure, scope), (measure.key, scope)
            for row in drill.page.rows:
                assert len(cells_of(measure, row)) == len(columns_of(measure))


def test_the_whole_ledger_is_what_counts_and_what_does_not(world: World):
    scope = Scope()
    ledger = db.session.scalar(select(func.sum(HoursEntry.minutes)))
    assert count(MINUTES, scope) + count(UNCOUNTED, scope) == ledger


def test_whoever_was_merged_is_one_person_with_all_their_services(own_world: World):
    _liaison, _leader, crew = own_world.units["health"]
    before, people = count(SERVICES, YEAR), count(SERVED, YEAR)
    assert before
    registered = count(REGISTERED, ALL)
    spare = make_volunteer(None)
    with transaction():
        row = db.session.get_one(Volunteer, crew[0])
        row.status, row.merged_into_id, row.team_role = "merged", spare, None
    assert count(SERVICES, YEAR) == before
    assert count(SERVED, YEAR) == people
    assert count(REGISTERED, ALL) == registered


def test_a_year_holds_its_first_and_last_day_on_the_citys_calendar(world: World):
    last = Scope(TODAY - timedelta(days=40), TODAY - timedelta(days=20))
    expected = sum(last.first <= day_of(each.placed_at) <= last.last for each in db.session.scalars(select(Order)))
    assert count(PLACED, last) == expected


def test_everybody_stands_once_in_every_table_of_people(world: World):
    census = read_census(NOW)
    total = count(REGISTERED, ALL), count(ACTIVE, ALL)
    for place in range(4):
        groups = census.by(place).values()
        assert (sum(each.registered for each in groups), sum(each.active for each in groups)) == total
    assert census.by(3)["farming"].registered == 3
    assert census.by(3)["medical"].registered == total[0] - 3


def test_figures_cost_one_statement_however_many_measures_and_rows(world: World):
    seen: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    tally(list(MEASURES.values()), (By.TOWN, By.UNIT), YEAR)
    read_census(NOW)
    assert len([each for each in seen if not each.startswith(("BEGIN", "PRAGMA"))]) == 2


def test_a_list_for_the_file_ends_with_the_figure(world: World):
    for measure in MEASURES.values():
        sheet = drill_paper(measure, YEAR, Label("全部", "All"), NOW).sheets[0]
        assert sheet.total is not None
        figure = sheet.total.cells[-1].value
        rows = len(sheet.rows) if measure.is_distinct else sum(row.cells[-1].value for row in sheet.rows)
        assert rows == figure == count(measure, YEAR)


def test_a_list_names_no_volunteer(world: World):
    names = set(db.session.scalars(select(Volunteer.name)))
    for measure in (SERVICES, SERVED, MINUTES, REGISTERED):
        assert measure.rows in Rows
        for row in drill_paper(measure, YEAR, Label("", ""), NOW).sheets[0].rows:
            texts = {getattr(cell, "value", None) for cell in row.cells}
            assert not texts & names
