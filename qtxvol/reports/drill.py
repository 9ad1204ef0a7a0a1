"""The rows behind a figure: from a number on a page to the orders, ledger lines or people that make it.

People stand here by their volunteer number, never by name, so that a list can be handed to an inspector.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from io import StringIO
from typing import Any

from sqlalchemy import Select, Subquery, func, select

from qtxvol.accounts.models import Account
from qtxvol.directory.models import Department, Division, MenuItem
from qtxvol.extensions import db
from qtxvol.hours.models import HoursEntry
from qtxvol.hours.rules import SOURCE_LABELS
from qtxvol.orders.lifecycle import Label
from qtxvol.orders.models import Order
from qtxvol.paging import Page, select_page
from qtxvol.reports.measures import MEASURES, Measure, Rows, Scope, count, rows_of
from qtxvol.reports.sheets import Cell, Column, Kind, Paper, Row, Say, Sheet, head_of, text_of
from qtxvol.volunteers.models import Team, Volunteer, VolunteerEvent

#: A file is for looking at, not for moving the database: beyond this it says that it was cut off.
MOST_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Drill:
    """A figure with a page of its rows. `figure` is what the page above showed; the rows add up to it."""

    measure: Measure
    scope: Scope
    figure: int
    page: Page[Any]


def open_figure(measure: Measure, scope: Scope, page: int) -> Drill:
    """Three statements: the figure as everywhere, how many rows, one page of them."""
    return Drill(measure, scope, count(measure, scope), select_page(_select(measure, scope), page))


def _select(measure: Measure, scope: Scope) -> Select[Any]:
    """The rows with their names: ref, day, number, item, place, unit, team, person, value.

    For distinct people one row each, `value` being how often they served.
    """
    rows = rows_of(measure.facts, scope)
    value = rows.c[measure.value].label("value")
    if measure.is_distinct:
        people = (
            select(rows.c.person, func.max(rows.c.day).label("day"), func.sum(value).label("value"))
            .group_by(rows.c.person)
            .subquery()
        )
        return (
            select(
                people.c.day,
                Volunteer.number.label("person"),
                Team.name.label("team"),
                Team.name_en.label("team_en"),
                people.c.value,
            )
            .join(Volunteer, Volunteer.id == people.c.person)
            .outerjoin(Team, Team.id == Volunteer.team_id)
            .order_by(Volunteer.number)
        )
    statement = (
        select(
            rows.c.ref,
            rows.c.day,
            func.coalesce(Order.number, "").label("number"),
            MenuItem.name.label("item"),
            MenuItem.name_en.label("item_en"),
            Division.display_name.label("place"),
            Division.name_en.label("place_en"),
            Department.name.label("unit"),
            Department.name_en.label("unit_en"),
            Team.name.label("team"),
            Team.name_en.label("team_en"),
            Volunteer.number.label("person"),
            value,
        )
        .outerjoin(Order, Order.id == rows.c.order_id)
        .outerjoin(MenuItem, MenuItem.id == rows.c.item)
        .outerjoin(Division, Division.code == rows.c.division)
        .outerjoin(Department, Department.id == rows.c.unit)
        .outerjoin(Team, Team.id == rows.c.team_id)
        .outerjoin(Volunteer, Volunteer.id == rows.c.person)
        .order_by(rows.c.day.desc(), rows.c.ref.desc())
    )
    return _with_vouchers(statement, measure, rows)


def _with_vouchers(statement: Select[Any], measure: Measure, rows: Subquery) -> Select[Any]:
    """With who vouches for a row: columns `source`, `vouched` and `second` of hours, `vouched` of people."""
    if measure.rows in (Rows.LINES, Rows.SERVICES):
        return (
            statement.add_columns(
                HoursEntry.source.label("source"),
                HoursEntry.vouched_name.label("vouched"),
                Account.display_name.label("second"),
            )
            .join(HoursEntry, HoursEntry.id == rows.c.ref)
            .outerjoin(Account, Account.id == HoursEntry.confirmed_by_account_id)
        )
    if measure.rows is Rows.PEOPLE:
        latest = (
            select(VolunteerEvent.actor_name)
            .where(VolunteerEvent.volunteer_id == rows.c.person, VolunteerEvent.action == "verify")
            .order_by(VolunteerEvent.id.desc())
            .limit(1)
            .scalar_subquery()
        )
        return statement.add_columns(latest.label("vouched"))
    return statement


_DAY = Column(Label("日期", "Day"), Kind.DAY)
ORDER = Column(Label("单号", "Order"))
_ITEM = Column(Label("项目", "Item"))
_PLACE = Column(Label("地点", "Place"))
_HOME = Column(Label("住处", "Home"))
_UNIT = Column(Label("部门", "Unit"))
_TEAM = Column(Label("服务队", "Team"))
_PERSON = Column(Label("志愿者编号", "Volunteer number"))
_LINE = Column(Label("台账行号", "Ledger line"), Kind.NUMBER, is_sum=False)
_SOURCE = Column(Label("怎么记的", "Written down by"))
_VOUCHED = Column(Label("谁负责", "Vouched for by"))
_SECOND = Column(Label("第二人", "Second person"))
_VERIFIED = Column(Label("谁核验的", "Verified by"))
_WISH = Label("自由填写的需求", "A wish in free text")


def columns_of(measure: Measure) -> list[Column]:
    """Of the list behind a figure; the last is what is added up."""
    kind = Kind.MINUTES if measure.key == "minutes" else Kind.NUMBER
    value = Column(measure.label, kind, measure.unit)
    if measure.is_distinct:
        return [_PERSON, _TEAM, Column(Label("最近一次服务", "Latest service"), Kind.DAY),
                Column(Label("服务次数", "Services"), Kind.NUMBER, is_sum=False)]  # fmt: skip
    match measure.rows:
        case Rows.PEOPLE:
            return [_PERSON, _HOME, _UNIT, _TEAM, _DAY, _VERIFIED, value]
        case Rows.SERVICES:
            return [_DAY, _PERSON, ORDER, _ITEM, _PLACE, _TEAM, _SOURCE, _VOUCHED, _SECOND, value]
        case Rows.LINES:
            return [_LINE, _DAY, _PERSON, ORDER, _TEAM, _SOURCE, _VOUCHED, _SECOND, value]
    return [_DAY, ORDER, _ITEM, _PLACE, _UNIT, _TEAM, value]


def cells_of(measure: Measure, row: Any) -> list[Label | Cell]:
    """A row of the list, in the order of `columns_of`."""
    value = Cell(int(row.value))
    person, team = Cell(row.person or ""), Label(row.team or "", row.team_en or row.team or "")
    if measure.is_distinct:
        return [person, team, Cell(row.day), value]
    day, order = Cell(row.day), Cell(row.number)
    item = Label(row.item, row.item_en or row.item) if row.item else (_WISH if row.number else Label("", ""))
    place = Label(row.place or "", row.place_en or row.place or "")
    unit = Label(row.unit or "", row.unit_en or row.unit or "")
    match measure.rows:
        case Rows.PEOPLE:
            return [person, place, unit, team, day, Cell(row.vouched or ""), value]
        case Rows.SERVICES:
            return [day, person, order, item, place, team, *_vouchers(row), value]
        case Rows.LINES:
            return [Cell(row.ref), day, person, order, team, *_vouchers(row), value]
    return [day, order, item, place, unit, team, value]


def _vouchers(row: Any) -> list[Label | Cell]:
    return [SOURCE_LABELS.get(row.source, Label("", "")), Cell(row.vouched), Cell(row.second or "")]


def drill_paper(measure: Measure, scope: Scope, subject: Label, now: datetime) -> Paper:
    """The whole list as a paper for `xlsx`, with the figure as its last line: two statements."""
    figure = count(measure, scope)
    columns = columns_of(measure)
    rows = [Row(cells_of(measure, row)) for row in db.session.execute(_select(measure, scope).limit(MOST_ROWS))]
    blanks: list[Label | Cell] = [Cell(None) for _ in columns[2:]]
    total = Row([Label("合计", "Total"), *blanks, Cell(figure)])
    notes = [measure.how, Label(f"共 {len(rows)} 行。", f"{len(rows)} rows.")]
    if measure.is_distinct:
        notes.append(Label("合计是人数，不是服务次数之和。", "The total is people, not the sum of services."))
    sheet = Sheet(measure.label, columns, rows, total)
    return Paper(f"rows-{measure.key}", measure.label, subject, now, [sheet], notes=notes)


def write_csv(paper: Paper, say: Say) -> bytes:
    """The first table, in UTF-8 with the mark that makes Excel read it so. A text that Excel would run is led by '."""
    sheet = paper.sheets[0]
    file = StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow([head_of(column, say) for column in sheet.columns])
    for row in (*sheet.rows, *([sheet.total] if sheet.total else [])):
        writer.writerow(list(_plain(sheet.columns, row, say)))
    return b"\xef\xbb\xbf" + file.getvalue().encode("utf-8")


def _plain(columns: Sequence[Column], row: Row, say: Say) -> Iterator[Any]:
    for column, cell in zip(columns, row.cells, strict=True):
        value = text_of(cell, say)
        if isinstance(value, int | float) and column.kind is Kind.MINUTES:
            yield round(value / 60, 4)
        elif isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t")):
            yield "'" + value
        elif isinstance(value, date):
            yield value.isoformat()
        else:
            yield "" if value is None else value


def find_measure(key: str) -> Measure | None:
    """The measure of that key."""
    return MEASURES.get(key)
