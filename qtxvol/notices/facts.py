"""What the wordings of a batch of notices need from the database: a constant number of statements, however many
notices. No contact data, no venue: a notice names the community, never an address."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, select
from sqlalchemy.orm import aliased

from qtxvol.base import AnyRow
from qtxvol.directory.models import Department, Division, MenuItem, Reason
from qtxvol.extensions import db
from qtxvol.notices.models import Notice
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import Order, OrderEvent, Rating
from qtxvol.volunteers.models import Team, Volunteer

#: Of a division's code.
DIVISION_DIGITS = 12

#: The order that a merged one is served with.
_Served = aliased(Order)
_ServedTeam = aliased(Team)


@dataclass(frozen=True, slots=True)
class NoticeFacts:
    """Everything that the wordings of one batch look at, by id."""

    orders: dict[int, AnyRow]
    events: dict[int, AnyRow]
    divisions: dict[str, AnyRow]
    departments: dict[str, AnyRow]
    teams: dict[int, AnyRow]
    people: dict[int, str]
    reasons: dict[tuple[str, str], AnyRow]


def load_facts_of(notices: Sequence[Notice]) -> NoticeFacts:
    """Seven statements at most; none for what no notice asks for."""
    events = _find(
        select(OrderEvent.id, OrderEvent.action, OrderEvent.payload),
        OrderEvent.id,
        {notice.event_id for notice in notices if notice.event_id is not None},
    )
    payloads = [event.payload for event in events.values()]
    abouts = [notice.about for notice in notices]
    owners = {*_words(abouts, "owner"), *_words(abouts, "owner_scope"), *_words(abouts, "scope")} - set(Party)
    reasons = select(Reason.action, Reason.code, Reason.name, Reason.name_en, Reason.hint, Reason.hint_en)
    codes = _words(payloads, "reason")
    return NoticeFacts(
        orders=_find(_select_orders(), Order.id, {each.order_id for each in notices if each.order_id is not None}),
        events=events,
        divisions=_find(
            select(Division.code, Division.display_name.label("name"), Division.name_en),
            Division.code,
            {each for each in owners if each.isdecimal() and len(each) == DIVISION_DIGITS},
        ),
        departments=_find(
            select(Department.id, Department.name, Department.name_en),
            Department.id,
            {*_words(payloads, "department_id"), *_words(abouts, "department_id"), *_words(abouts, "department")}
            | {each for each in owners if each.isascii() and not each.isdecimal()},
        ),
        teams=_find(
            select(Team.id, Team.name, Team.name_en),
            Team.id,
            {*_numbers(abouts, "team"), *_numbers(abouts, "team_id")}
            | {number for each in owners if (number := as_id(each))},
        ),
        people={
            row.id: row.name
            for row in _find(
                select(Volunteer.id, Volunteer.name), Volunteer.id, _numbers(abouts, "volunteer_id")
            ).values()
        },
        reasons={
            (row.action, row.code): row
            for row in (db.session.execute(reasons.where(Reason.code.in_(codes))) if codes else ())
        },
    )


def _select_orders() -> Any:
    return (
        select(
            Order.id,
            Order.number,
            Order.link_nonce,
            Order.wish,
            Order.headcount,
            Order.due_at,
            Order.attendance,
            Order.is_drill,
            _Served.agreed_start,
            _Served.agreed_end,
            Rating.stars,
            MenuItem.name.label("item_name"),
            MenuItem.name_en.label("item_name_en"),
            Division.display_name.label("place_name"),
            Division.name_en.label("place_name_en"),
            Department.name.label("department_name"),
            Department.name_en.label("department_name_en"),
            _ServedTeam.name.label("team_name"),
            _ServedTeam.name_en.label("team_name_en"),
        )
        .join(_Served, _Served.id == func.coalesce(Order.merged_into_id, Order.id))
        .join(Division, Division.code == Order.division_code)
        .outerjoin(MenuItem, MenuItem.id == Order.menu_item_id)
        .outerjoin(Department, Department.id == _Served.department_id)
        .outerjoin(_ServedTeam, _ServedTeam.id == _Served.team_id)
        .outerjoin(Rating, and_(Rating.asker_order_id == Order.id, Rating.closure == _Served.closures_count))
    )


def _find(statement: Any, column: Any, ids: Collection[Any]) -> dict[Any, AnyRow]:
    """By their first column."""
    return {row[0]: row for row in db.session.execute(statement.where(column.in_(ids)))} if ids else {}


def _words(payloads: Iterable[dict[str, Any]], name: str) -> set[str]:
    return {value for each in payloads if isinstance(value := each.get(name), str) and value}


def _numbers(payloads: Iterable[dict[str, Any]], name: str) -> set[int]:
    return {number for each in payloads if (number := as_id(each.get(name)))}


def as_id(value: Any) -> int:
    """An id that came through JSON as a number or as text; 0 when it is none."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) < 10 else 0
