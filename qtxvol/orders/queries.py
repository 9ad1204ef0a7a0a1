"""Reads of the flow. Each list is a constant number of statements, whatever the number of rows; nothing here writes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true
from sqlalchemy.orm import aliased

from qtxvol.accounts.actor import Actor, division_prefix
from qtxvol.accounts.permissions import find_obstacle, may_search_by_phone, team_pool, visible_orders
from qtxvol.base import AnyRow
from qtxvol.directory.models import Department, Division, MenuItem
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import (
    FINAL,
    OPEN,
    RETURNS_BEFORE_RULING,
    Action,
    Party,
    Rule,
    Status,
    find_refusal,
    get_rule,
    list_rules_for,
)
from qtxvol.orders.models import (
    Attachment,
    CallBack,
    Crew,
    Offer,
    Order,
    OrderEvent,
    OrderNote,
    Rating,
    WishedTime,
)
from qtxvol.orders.numbers import parse_number
from qtxvol.orders.place import fold
from qtxvol.orders.transition import facts_of
from qtxvol.paging import Page, nearest
from qtxvol.refusals import NotFound
from qtxvol.volunteers.models import Team, Volunteer

PAGE_SIZE = 20

_Town = aliased(Division)


@dataclass(frozen=True, slots=True)
class Tab:
    """One view of a desk's list. `condition` is asked within the seat's scope."""

    key: str
    zh: str
    condition: Callable[[Actor, datetime], ColumnElement[bool]]
    #: Oldest deadline first; otherwise newest first.
    is_by_deadline: bool = True


def _in_status(*statuses: Status) -> Callable[[Actor, datetime], ColumnElement[bool]]:
    return lambda actor, now: Order.status.in_(statuses)


def is_overdue(now: datetime) -> ColumnElement[bool]:
    """The owner of the step is late. A question to the resident stops the clock; it does not undo a delay."""
    return and_(Order.status.in_(OPEN), Order.due_at < func.coalesce(Order.clock_stopped_at, now))


def _needs_ruling(actor: Actor, now: datetime) -> ColumnElement[bool]:
    unwanted = and_(Order.returns_count >= RETURNS_BEFORE_RULING, Order.is_ruled.is_(False))
    ready = or_(unwanted, is_overdue(now))
    return and_(Order.status.in_((Status.PLACED, Status.DISPATCHED)), ready)


def _to_call_back(actor: Actor, now: datetime) -> ColumnElement[bool]:
    return Order.id.in_(select(CallBack.order_id).where(CallBack.done_at.is_(None)))


def _in_pool(actor: Actor, now: datetime) -> ColumnElement[bool]:
    for_us = or_(Order.handed_team_id.is_(None), Order.handed_team_id == actor.team_id)
    asked = Order.id.in_(select(Offer.order_id).where(Offer.team_id == actor.team_id, Offer.is_standing()))
    return and_(Order.status == Status.CLAIMED, for_us, or_(asked, team_pool(actor)))


def _ours(*statuses: Status) -> Callable[[Actor, datetime], ColumnElement[bool]]:
    return lambda actor, now: and_(Order.team_id == actor.team_id, Order.status.in_(statuses))


def _held(*statuses: Status) -> Callable[[Actor, datetime], ColumnElement[bool]]:
    return lambda actor, now: and_(Order.department_id == actor.department_id, Order.status.in_(statuses))


def _all(actor: Actor, now: datetime) -> ColumnElement[bool]:
    return true()


_S = Status
_OPEN_TAB = Tab("open", "进行中", _in_status(*OPEN))
_CLOSED_TAB = Tab("closed", "已办结", _in_status(_S.CLOSED), is_by_deadline=False)
_ENDED_TAB = Tab("ended", "已终止", _in_status(*FINAL), is_by_deadline=False)
_ALL_TAB = Tab("all", "全部", _all, is_by_deadline=False)

#: The first tab of a desk is what waits for its party.
TABS: dict[Party, tuple[Tab, ...]] = {
    Party.RESIDENT: (_OPEN_TAB, _CLOSED_TAB, _ENDED_TAB, _ALL_TAB),
    Party.COMMUNITY: (
        Tab("waiting", "待派单", _in_status(_S.PLACED)),
        Tab("moving", "办理中", _in_status(_S.DISPATCHED, _S.CLAIMED, _S.ACCEPTED)),
        Tab("call_back", "待回访", _to_call_back),
        _CLOSED_TAB,
        _ENDED_TAB,
        _ALL_TAB,
    ),
    Party.DEPARTMENT: (
        Tab("waiting", "待领单", _held(_S.DISPATCHED)),
        Tab("claimed", "待队伍接单", _held(_S.CLAIMED)),
        Tab("accepted", "待服务", _held(_S.ACCEPTED)),
        Tab("closed", "已办结", _held(_S.CLOSED), is_by_deadline=False),
        _ALL_TAB,
    ),
    Party.TEAM: (
        Tab("waiting", "可接单", _in_pool),
        Tab("accepted", "我队待服务", _ours(_S.ACCEPTED)),
        Tab("closed", "我队已办结", _ours(_S.CLOSED), is_by_deadline=False),
        _ALL_TAB,
    ),
    Party.VOLUNTEER: (
        Tab("accepted", "待服务", _in_status(_S.ACCEPTED)),
        Tab("closed", "已服务", _in_status(_S.CLOSED), is_by_deadline=False),
        _ALL_TAB,
    ),
    Party.OFFICE: (
        Tab("waiting", "待裁定", _needs_ruling),
        Tab("overdue", "已超时", lambda actor, now: is_overdue(now)),
        _OPEN_TAB,
        _CLOSED_TAB,
        _ENDED_TAB,
        _ALL_TAB,
    ),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What the reader of a list asks for; unknown values are dropped by the caller."""

    tab: str = ""
    text: str = ""
    division_code: str = ""
    theme: str = ""
    only_overdue: bool = False
    page: int = 1


@dataclass(frozen=True, slots=True)
class OrderPage(Page[AnyRow]):
    """One page of a list. `counts` holds the number of orders behind every tab, unfiltered."""

    tab: Tab
    counts: dict[str, int]


def list_orders(actor: Actor, filters: Filters, now: datetime) -> OrderPage:
    """A page of what this seat may see: two statements for the rows, one for the counts on the tabs."""
    tabs = TABS[actor.party]
    tab = next((each for each in tabs if each.key == filters.tab), tabs[0])
    scope = visible_orders(actor)
    counts = count_tabs(actor, now)
    wanted = [scope, tab.condition(actor, now), *_conditions(actor, filters, now)]
    total = counts[tab.key] if len(wanted) == 2 else _count(wanted)
    number, pages = nearest(filters.page, total, PAGE_SIZE)
    statement = _rows().where(*wanted).order_by(*_ordering(tab)).limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)
    return OrderPage(db.session.execute(statement).all(), total, number, pages, tab, counts)


def count_tabs(actor: Actor, now: datetime) -> dict[str, int]:
    """How many orders stand behind each tab of the desk, in one statement."""
    tabs = TABS[actor.party]
    columns = [func.count().filter(tab.condition(actor, now)).label(tab.key) for tab in tabs]
    row = db.session.execute(select(*columns).select_from(Order).where(visible_orders(actor))).one()
    return dict(zip([tab.key for tab in tabs], row, strict=True))


def _count(conditions: Sequence[ColumnElement[bool]]) -> int:
    return db.session.scalar(select(func.count()).select_from(Order).where(*conditions)) or 0


def _conditions(actor: Actor, filters: Filters, now: datetime) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.division_code:
        prefix = division_prefix(filters.division_code)
        conditions.append(Order.division_code.between(prefix.ljust(12, "0"), prefix.ljust(12, "9")))
    if filters.theme:
        conditions.append(Order.theme == filters.theme)
    if filters.only_overdue:
        conditions.append(is_overdue(now))
    if filters.text:
        conditions.append(_matches(actor, filters.text))
    return conditions


def _matches(actor: Actor, text: str) -> ColumnElement[bool]:
    """By number, by the phone's last four digits, or by words (all of them, anywhere)."""
    if number := parse_number(text):
        return Order.number == number
    words = and_(*(Order.search_text.contains(word, autoescape=True) for word in fold(text).split()))
    if text.isascii() and text.isdecimal() and len(text) == 4 and may_search_by_phone(actor):
        return or_(Order.contact_phone_tail == text, words)
    return words


def _ordering(tab: Tab) -> tuple[ColumnElement[Any], ...]:
    if tab.is_by_deadline:
        return (
            Order.clock_stopped_at.is_not(None).asc(),
            Order.due_at.is_(None).asc(),
            Order.due_at.asc(),
            Order.id.asc(),
        )
    return (Order.status_since.desc(), Order.id.desc())


def _rows() -> Select[*tuple[Any, ...]]:
    """What a line of a list shows; no contact data."""
    return (
        select(
            Order.id,
            Order.number,
            Order.status,
            Order.status_since,
            Order.due_at,
            Order.clock_stopped_at,
            Order.version,
            Order.audience,
            Order.wish,
            Order.theme,
            Order.menu_item_id,
            Order.headcount,
            Order.urgency,
            Order.venue,
            Order.placed_at,
            Order.agreed_start,
            Order.agreed_end,
            Order.closed_at,
            Order.closures_count,
            Order.returns_count,
            Order.is_ruled,
            Order.is_on_behalf,
            Order.handed_team_id,
            MenuItem.name.label("item_name"),
            MenuItem.name_en.label("item_name_en"),
            MenuItem.department_id.label("suggested_department_id"),
            Division.display_name.label("division_name"),
            Division.name_en.label("division_name_en"),
            Division.level.label("division_level"),
            _Town.display_name.label("town_name"),
            _Town.name_en.label("town_name_en"),
            Department.name.label("department_name"),
            Department.name_en.label("department_name_en"),
            Team.name.label("team_name"),
            Team.name_en.label("team_name_en"),
            Rating.stars,
        )
        .select_from(Order)
        .join(Division, Division.code == Order.division_code)
        .outerjoin(_Town, _Town.code == Division.parent_code)
        .outerjoin(MenuItem, MenuItem.id == Order.menu_item_id)
        .outerjoin(Department, Department.id == Order.department_id)
        .outerjoin(Team, Team.id == Order.team_id)
        .outerjoin(Rating, and_(Rating.asker_order_id == Order.id, Rating.closure == Order.closures_count))
    )


@dataclass(frozen=True, slots=True)
class Possible:
    """An action that the party has from this status; `obstacle` says why it can't be done just now."""

    rule: Rule
    obstacle: str | None


@dataclass(frozen=True, slots=True)
class OrderView:
    """Everything that an order's page shows, for any party; the page picks. No contact data beyond `order`."""

    order: Order
    row: AnyRow
    events: Sequence[AnyRow]
    windows: Sequence[WishedTime]
    crew: Sequence[AnyRow]
    offers: Sequence[AnyRow]
    pictures: Sequence[Attachment]
    ratings: Sequence[Rating]
    call_backs: Sequence[CallBack]
    joined: Sequence[AnyRow]
    merged_into: Order | None
    #: The team that serves this order, or the one that it was merged into.
    team: Team | None
    #: What the office or community wrote when the order that this one was merged into ended.
    ending: str
    possible: Sequence[Possible]


def get_order_view(actor: Actor, number: str, now: datetime) -> OrderView:
    """One order within the seat's scope, in a constant number of statements.

    :raise NotFound: no such order, or not the actor's to know of.
    """
    order = db.session.scalars(select(Order).where(Order.number == number, visible_orders(actor))).one_or_none()
    if order is None:
        raise NotFound(number)
    target = db.session.get(Order, order.merged_into_id) if order.merged_into_id else None
    served = target or order
    ratings = db.session.scalars(select(Rating).where(Rating.order_id == served.id).order_by(Rating.id)).all()
    is_rated = any(r.asker_order_id == order.id and r.closure == served.closures_count for r in ratings)
    return OrderView(
        order=order,
        row=db.session.execute(_rows().where(Order.id == order.id)).one(),
        events=db.session.execute(
            select(OrderEvent, OrderNote.text)
            .outerjoin(OrderNote, OrderNote.event_id == OrderEvent.id)
            .where(OrderEvent.order_id == order.id)
            .order_by(OrderEvent.sequence)
        ).all(),
        windows=db.session.scalars(
            select(WishedTime).where(WishedTime.order_id == order.id).order_by(WishedTime.position)
        ).all(),
        crew=db.session.execute(
            select(Volunteer.id, Volunteer.name, Volunteer.skills)
            .join(Crew, Crew.volunteer_id == Volunteer.id)
            .where(Crew.order_id == served.id)
            .order_by(Volunteer.id)
        ).all(),
        offers=db.session.execute(
            select(Offer.wave, Offer.asked_at, Offer.answer, Offer.answered_at, Team.name)
            .join(Team, Team.id == Offer.team_id)
            .where(Offer.order_id == order.id)
            .order_by(Offer.wave, Team.name)
        ).all(),
        pictures=db.session.scalars(
            select(Attachment).where(Attachment.order_id == order.id).order_by(Attachment.id)
        ).all(),
        ratings=ratings,
        call_backs=db.session.scalars(
            select(CallBack).where(CallBack.order_id == order.id).order_by(CallBack.id)
        ).all(),
        joined=db.session.execute(
            select(Order.number, Order.headcount, Order.placed_at)
            .where(Order.merged_into_id == order.id)
            .order_by(Order.id)
        ).all(),
        merged_into=target,
        team=db.session.get(Team, served.team_id) if served.team_id else None,
        ending=_find_ending(target) if target is not None and target.status in FINAL else "",
        possible=list_possible(actor, order, now, is_rated=is_rated, target=target),
    )


def _find_ending(order: Order) -> str:
    """The note of the order's last event."""
    return (
        db.session.scalar(
            select(OrderNote.text)
            .join(OrderEvent, OrderEvent.id == OrderNote.event_id)
            .where(OrderEvent.order_id == order.id, OrderEvent.sequence == order.version)
        )
        or ""
    )


def list_possible(
    actor: Actor, order: Order, now: datetime, *, is_rated: bool = False, target: Order | None = None
) -> list[Possible]:
    """The buttons of an order's page, from the lifecycle table: the same checks that the step itself will meet."""
    facts = facts_of(order, actor, now, is_rated=is_rated)
    rules = list_rules_for(actor.party, facts.status)
    possible = [
        Possible(rule, find_refusal(rule, actor.party, facts) or find_obstacle(actor, order, rule.action))
        for rule in rules
    ]
    if target is not None:  # merged: the asker goes on to rate what the order was merged into
        rate = get_rule(Action.RATE)
        refusal = find_refusal(rule=rate, party=actor.party, facts=facts_of(target, actor, now, is_rated=is_rated))
        if refusal not in ("wrong_party", "wrong_status"):
            possible.append(Possible(rate, refusal))
    return [each for each in possible if each.obstacle != "moved_on"]


def find_order_by_number(number: str) -> AnyRow | None:
    """What `/track` needs to check a link or a phone tail; says nothing about the order itself."""
    return db.session.execute(
        select(Order.id, Order.number, Order.link_nonce, Order.contact_phone_tail).where(Order.number == number)
    ).one_or_none()


def list_merge_targets(actor: Actor, order: Order) -> Sequence[AnyRow]:
    """Open orders in the clerk's scope that this one could join: the same item or theme, nearest first; ten at most."""
    same = Order.menu_item_id == order.menu_item_id if order.menu_item_id else Order.menu_item_id.is_(None)
    return db.session.execute(
        _rows()
        .where(visible_orders(actor), Order.status.in_(OPEN), Order.id != order.id, same)
        .order_by((Order.division_code == order.division_code).desc(), Order.placed_at.desc())
        .limit(10)
    ).all()
