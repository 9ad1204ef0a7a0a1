"""Reads of the flow. Each list is a constant number of statements, whatever the number of rows; nothing here writes."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select, true
from sqlalchemy.orm import aliased, undefer

from qtxvol.accounts.actor import Actor, division_prefix
from qtxvol.accounts.permissions import (
    find_obstacle,
    is_named,
    may_search_by_phone,
    rates_itself,
    team_pool,
    visible_orders,
)
from qtxvol.base import CITY_TIME, AnyRow
from qtxvol.directory.models import Department, Division, MenuItem
from qtxvol.extensions import db
from qtxvol.orders.calls import Tries
from qtxvol.orders.clocks import MAIN_STEPS, is_running, is_soon, list_clocks
from qtxvol.orders.lifecycle import (
    ENDED,
    OPEN,
    RETURNS_BEFORE_RULING,
    Action,
    OrderFacts,
    Party,
    Rule,
    Status,
    find_refusal,
    list_rules_of,
)
from qtxvol.orders.models import (
    Attachment,
    CallBack,
    ContactAttempt,
    Crew,
    Offer,
    Order,
    OrderClock,
    OrderEvent,
    OrderNote,
    Rating,
    WishedTime,
)
from qtxvol.orders.numbers import parse_number
from qtxvol.orders.place import fold
from qtxvol.orders.transition import facts_of, last_deed_of
from qtxvol.orders.tried import sum_up_tries
from qtxvol.paging import Page, nearest
from qtxvol.refusals import NotFound
from qtxvol.volunteers.models import Team, Volunteer

PAGE_SIZE = 30

#: What the reader of a list may ask of the deadline: late, due soon by its own clock, on this day or
#: before the end of this week (Monday to Sunday) on the city's clock.
DUES = ("late", "soon", "today", "week")
#: How a list can be sorted instead of in the tab's own order.
SORTS = ("due", "placed", "place")

_Town = aliased(Division)
#: The clock of whoever owes the next step; one runs for every open order.
_Main = aliased(OrderClock)
#: The team has not called the resident yet.
_owes_call = (
    exists().where(OrderClock.order_id == Order.id, OrderClock.step == "first_call", is_running()).correlate(Order)
)


@dataclass(frozen=True, slots=True)
class Tab:
    """One view of a desk's list. `condition` is asked within the seat's scope."""

    key: str
    zh: str
    condition: Callable[[Actor, datetime], ColumnElement[bool]]
    #: Oldest deadline first; otherwise newest first.
    is_by_deadline: bool = True
    #: Orders of more than one status stand behind it.
    is_mixed: bool = False


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
    is_free = or_(Order.held_team_id.is_(None), Order.held_team_id == actor.team_id)  # whoever was asked may stand by
    return and_(Order.status == Status.CLAIMED, for_us, or_(asked, and_(team_pool(actor), is_free)))


def _ours(*statuses: Status) -> Callable[[Actor, datetime], ColumnElement[bool]]:
    return lambda actor, now: and_(Order.team_id == actor.team_id, Order.status.in_(statuses))


def _held(*statuses: Status) -> Callable[[Actor, datetime], ColumnElement[bool]]:
    return lambda actor, now: and_(Order.department_id == actor.department_id, Order.status.in_(statuses))


def _to_serve(actor: Actor, now: datetime) -> ColumnElement[bool]:
    """Not what a volunteer is only asked for."""
    return and_(Order.status == Status.ACCEPTED, is_named(actor.volunteer_id or 0))


def _all(actor: Actor, now: datetime) -> ColumnElement[bool]:
    return true()


_S = Status
_OPEN_TAB = Tab("open", "进行中", _in_status(*OPEN), is_mixed=True)
_CLOSED_TAB = Tab("closed", "已办结", _in_status(_S.CLOSED), is_by_deadline=False)
_ENDED_TAB = Tab("ended", "已终止", _in_status(*ENDED), is_by_deadline=False, is_mixed=True)
_ALL_TAB = Tab("all", "全部", _all, is_by_deadline=False, is_mixed=True)

#: The first tab of a desk is what waits for its party.
TABS: dict[Party, tuple[Tab, ...]] = {
    Party.RESIDENT: (_OPEN_TAB, _CLOSED_TAB, _ENDED_TAB, _ALL_TAB),
    Party.COMMUNITY: (
        Tab("waiting", "待派单", _in_status(_S.PLACED)),
        Tab("moving", "办理中", _in_status(_S.DISPATCHED, _S.CLAIMED, _S.ACCEPTED), is_mixed=True),
        Tab("call_back", "待回访", _to_call_back, is_mixed=True),
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
        Tab("accepted", "待服务", _to_serve),
        Tab("closed", "已服务", _in_status(_S.CLOSED), is_by_deadline=False),
        _ALL_TAB,
    ),
    Party.OFFICE: (
        Tab("waiting", "待裁定", _needs_ruling, is_mixed=True),
        Tab("overdue", "已超时", lambda actor, now: is_overdue(now), is_mixed=True),
        _OPEN_TAB,
        _CLOSED_TAB,
        _ENDED_TAB,
        _ALL_TAB,
    ),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What the reader of a list asks for; unknown values are dropped by the caller.

    :ivar tab: key of a tab of the desk; an unknown one is the first.
    :ivar status: one status of the tab's; empty means all of them.
    :ivar due: one of `DUES`.
    :ivar sort: one of `SORTS`; empty means the tab's own order.
    """

    tab: str = ""
    text: str = ""
    division_code: str = ""
    department_id: str = ""
    theme: str = ""
    urgency: str = ""
    due: str = ""
    status: str = ""
    only_on_behalf: bool = False
    sort: str = ""
    page: int = 1


@dataclass(frozen=True, slots=True)
class OrderPage(Page[AnyRow]):
    """One page of a list."""

    tab: Tab


@dataclass(frozen=True, slots=True)
class DeskCounts:
    """What stands behind the lines of a desk's menu.

    :ivar tabs: key of the tab → number of orders, unfiltered.
    :ivar views: in the order of the filters that were asked about.
    :ivar total: what the reader's own list holds; `fresh` of them came to stand there after the asked moment.
    """

    tabs: dict[str, int]
    views: tuple[int, ...] = ()
    total: int = 0
    fresh: int = 0


def list_orders(actor: Actor, filters: Filters, now: datetime, *, total: int | None = None) -> OrderPage:
    """A page of what this seat may see, in two statements; in one when the caller has counted the `total` already."""
    tab = find_tab(actor.party, filters.tab)
    wanted = [visible_orders(actor), _is_in(actor, filters, now)]
    if total is None:
        total = db.session.scalar(select(func.count()).select_from(Order).where(*wanted)) or 0
    number, pages = nearest(filters.page, total, PAGE_SIZE)
    ordering = _ordering(tab, filters.sort)
    statement = select_rows().where(*wanted).order_by(*ordering).limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE)
    return OrderPage(db.session.execute(statement).all(), total, number, pages, tab)


def find_tab(party: Party, key: str) -> Tab:
    """The tab of that key, or the desk's first."""
    tabs = TABS[party]
    return next((each for each in tabs if each.key == key), tabs[0])


def count_tabs(actor: Actor, now: datetime) -> dict[str, int]:
    """How many orders stand behind each tab of the desk, in one statement."""
    return count_desk(actor, now).tabs


def count_desk(
    actor: Actor,
    now: datetime,
    *,
    views: Sequence[Filters] = (),
    current: Filters | None = None,
    since: datetime | None = None,
) -> DeskCounts:
    """All numbers of a desk's menu, in one statement however many there are.

    :param views: filters to count too.
    :param current: the list that the reader looks at; `since`: when it was made.
    """
    tabs = TABS[actor.party]
    conditions = [tab.condition(actor, now) for tab in tabs]
    conditions += [_is_in(actor, view, now) for view in views]
    if current is not None:
        conditions.append(_is_in(actor, current, now))
        if since is not None:
            conditions.append(and_(_is_in(actor, current, now), Order.status_since > since))
    columns = [func.count().filter(condition).label(f"n{i}") for i, condition in enumerate(conditions)]
    row = list(db.session.execute(select(*columns).select_from(Order).where(visible_orders(actor))).one())
    rest = row[len(tabs) + len(views) :]
    return DeskCounts(
        tabs={tab.key: count for tab, count in zip(tabs, row, strict=False)},
        views=tuple(row[len(tabs) : len(tabs) + len(views)]),
        total=rest[0] if rest else 0,
        fresh=rest[1] if len(rest) > 1 else 0,
    )


def list_numbered(actor: Actor, numbers: Sequence[str]) -> list[AnyRow]:
    """The orders of these numbers within the seat's scope, oldest deadline first, in one statement.

    :return: rows of a list with the `Order` itself, its `last_action`, and `last_actor_name`, who took it.
    """
    statement = (
        select_rows()
        .add_columns(
            Order,
            OrderEvent.action.label("last_action"),
            OrderEvent.actor_name.label("last_actor_name"),
        )
        .join(OrderEvent, and_(OrderEvent.order_id == Order.id, OrderEvent.sequence == Order.version))
        .where(Order.number.in_(numbers), visible_orders(actor))
        .order_by(*_BY_DEADLINE)
    )
    return list(db.session.execute(statement).all())


def _is_in(actor: Actor, filters: Filters, now: datetime) -> ColumnElement[bool]:
    """The condition of the whole list: its tab and everything that it was narrowed to."""
    return and_(find_tab(actor.party, filters.tab).condition(actor, now), *_conditions(actor, filters, now))


def _conditions(actor: Actor, filters: Filters, now: datetime) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.division_code:
        prefix = division_prefix(filters.division_code)
        conditions.append(Order.division_code.between(prefix.ljust(12, "0"), prefix.ljust(12, "9")))
    if filters.department_id:
        conditions.append(Order.department_id == filters.department_id)
    if filters.theme:
        conditions.append(Order.theme == filters.theme)
    if filters.urgency:
        conditions.append(Order.urgency == filters.urgency)
    if filters.status:
        conditions.append(Order.status == filters.status)
    if filters.only_on_behalf:
        conditions.append(Order.is_on_behalf.is_(True))
    if filters.due:
        conditions.append(_is_due(filters.due, now))
    if filters.text:
        conditions.append(_matches(actor, filters.text))
    return conditions


def _is_due(due: str, now: datetime) -> ColumnElement[bool]:
    if due == "late":
        return is_overdue(now)
    today = now.astimezone(CITY_TIME).replace(hour=0, minute=0, second=0, microsecond=0)
    if due == "soon":
        return Order.id.in_(select(OrderClock.order_id).where(is_soon(now), OrderClock.step.in_(MAIN_STEPS)))
    starts, ends = {
        "today": (today, today + timedelta(days=1)),
        "week": (today, today + timedelta(days=7 - today.weekday())),
    }[due]
    is_running = and_(Order.status.in_(OPEN), Order.clock_stopped_at.is_(None))
    return and_(is_running, Order.due_at >= starts, Order.due_at < ends)


def _matches(actor: Actor, text: str) -> ColumnElement[bool]:
    """By number, by the phone's last four digits, or by words (all of them, anywhere)."""
    if number := parse_number(text):
        return Order.number == number
    words = and_(*(Order.search_text.contains(word, autoescape=True) for word in fold(text).split()))
    if text.isascii() and text.isdecimal() and len(text) == 4 and may_search_by_phone(actor):
        return or_(Order.contact_phone_tail == text, words)
    return words


#: An emergency jumps every queue.
_EMERGENCY_FIRST = case((Order.urgency == "emergency", 0), else_=1).asc()
#: Emergencies, then whose clock runs, then the oldest deadline.
_BY_DEADLINE: tuple[ColumnElement[Any], ...] = (
    _EMERGENCY_FIRST,
    Order.clock_stopped_at.is_not(None).asc(),
    Order.due_at.is_(None).asc(),
    Order.due_at.asc(),
    Order.id.asc(),
)


def _ordering(tab: Tab, sort: str) -> tuple[ColumnElement[Any], ...]:
    match sort or ("due" if tab.is_by_deadline else "latest"):
        case "due":
            return _BY_DEADLINE
        case "placed":
            return (Order.placed_at.desc(), Order.id.desc())
        case "place":
            return (_EMERGENCY_FIRST, Order.division_code.asc(), *_BY_DEADLINE)
    return (Order.status_since.desc(), Order.id.desc())


def select_rows() -> Select[*tuple[Any, ...]]:
    """What a line of a list shows; no contact data."""
    return (
        select(
            Order.id,
            Order.number,
            Order.status,
            Order.status_since,
            Order.due_at,
            Order.clock_stopped_at,
            _Main.soon_at,
            _Main.unit,
            _owes_call.label("owes_call"),
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
            Order.is_drill,
            Order.is_push,
            Order.handed_team_id,
            Order.department_id,
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
        .outerjoin(_Main, and_(_Main.order_id == Order.id, _Main.ended_at.is_(None), _Main.step.in_(MAIN_STEPS)))
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
    #: Everything that ran or runs for the order that serves this asker, oldest first.
    clocks: Sequence[OrderClock]
    #: Tries to reach the resident, newest first, and what those since they were last heard of come to.
    calls: Sequence[ContactAttempt]
    tries: Tries
    joined: Sequence[AnyRow]
    merged_into: Order | None
    #: The team that serves this order, or the one that it was merged into.
    team: Team | None
    #: What the office or community wrote when the order that this one was merged into ended.
    ending: str
    #: The order as the guards see it.
    facts: OrderFacts
    possible: Sequence[Possible]
    #: What the party can't do just now although there is such an action for it, each with the reason.
    refused: Sequence[Possible]


def may_see(actor: Actor, number: str) -> bool:
    """Is it an order of this seat's?"""
    return db.session.scalar(select(Order.id).where(Order.number == number, visible_orders(actor))) is not None


def get_order_view(actor: Actor, number: str, now: datetime) -> OrderView:
    """One order within the seat's scope, in a constant number of statements.

    :raise NotFound: no such order, or not the actor's to know of.
    """
    names = undefer(Order.contact_name), undefer(Order.second_name)
    found = select(Order).where(Order.number == number, visible_orders(actor)).options(*names)
    order = db.session.scalars(found).one_or_none()
    if order is None:
        raise NotFound(number)
    target = db.session.get(Order, order.merged_into_id) if order.merged_into_id else None
    served = target or order
    ratings = db.session.scalars(select(Rating).where(Rating.order_id == served.id).order_by(Rating.id)).all()
    is_rated = any(r.asker_order_id == order.id and r.closure == served.closures_count for r in ratings)
    events = db.session.execute(
        select(OrderEvent, OrderNote.text)
        .outerjoin(OrderNote, OrderNote.event_id == OrderEvent.id)
        .where(OrderEvent.order_id == order.id)
        .order_by(OrderEvent.sequence)
    ).all()
    last = last_deed_of(order.id, events[-1].OrderEvent)
    calls = db.session.scalars(
        select(ContactAttempt).where(ContactAttempt.order_id == order.id).order_by(ContactAttempt.id.desc())
    ).all()
    tries = sum_up_tries(order, calls)
    facts = facts_of(
        order,
        actor,
        now,
        is_rated=is_rated,
        last_action=last,
        joined=target,
        has_tried_enough=tries.are_enough,
    )
    rated = facts if target is None else facts_of(target, actor, now, is_rated=is_rated)
    answers = _ask_every_rule(actor, order, facts, rated, done={row.OrderEvent.action for row in events})
    return OrderView(
        order=order,
        row=db.session.execute(select_rows().where(Order.id == order.id)).one(),
        events=events,
        windows=db.session.scalars(
            select(WishedTime).where(WishedTime.order_id == order.id).order_by(WishedTime.position)
        ).all(),
        crew=db.session.execute(
            select(Volunteer.id, Volunteer.name, Volunteer.skills, Volunteer.team_id)
            .join(Crew, Crew.volunteer_id == Volunteer.id)
            .where(Crew.order_id == served.id)
            .order_by(Volunteer.id)
        ).all(),
        offers=db.session.execute(
            select(
                Offer.team_id,
                Offer.wave,
                Offer.asked_at,
                Offer.asked_by,
                Offer.proposed_start,
                Offer.proposed_end,
                Offer.answer,
                Offer.answered_at,
                Offer.voided_at,
                Offer.silent_at,
                Offer.reason,
                Offer.text,
                Team.name,
            )
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
        clocks=list_clocks(served.id),
        calls=calls,
        tries=tries,
        joined=db.session.execute(
            select(Order.number, Order.headcount, Order.placed_at)
            .where(Order.merged_into_id == order.id)
            .order_by(Order.id)
        ).all(),
        merged_into=target,
        team=db.session.get(Team, served.team_id) if served.team_id else None,
        ending=_find_ending(target) if target is not None and target.status in ENDED else "",
        facts=facts,
        possible=[each for each in answers if _is_button(each)],
        refused=[each for each in answers if each.obstacle is not None],
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


def list_possible(actor: Actor, order: Order, now: datetime) -> list[Possible]:
    """What fits where the order is, undoing aside; a guard may still object. Asks the database nothing."""
    facts = facts_of(order, actor, now)
    return [each for each in _ask_every_rule(actor, order, facts, facts) if _is_button(each)]


def _ask_every_rule(
    actor: Actor, order: Order, facts: OrderFacts, rated: OrderFacts, *, done: Collection[str] = ()
) -> list[Possible]:
    """What the party may ever do to an order, each with the reason why not now, from the lifecycle table: the same
    checks that the step itself will meet.

    :param rated: facts of the order that was served; another one when this one was merged into it.
    :param done: what has been done to the order. An undo counts only where there was something to undo.
    """
    return [
        Possible(rule, _find_reason(rule, actor, order, rated if rule.action is Action.RATE else facts))
        for rule in list_rules_of(actor.party)
        if rule.undoes is None or rule.undoes in done or (rule.action is Action.SPLIT and Action.JOIN in done)
    ]


def _find_reason(rule: Rule, actor: Actor, order: Order, facts: OrderFacts) -> str | None:
    """Who no longer holds the order reads that first: what else stands in the way is the holder's business."""
    refusal = find_refusal(rule, actor.party, facts)
    if refusal == "wrong_status":
        return refusal
    if rule.action is Action.RATE and rates_itself(actor, is_push=order.is_push):
        return "own_push"
    return find_obstacle(actor, order, rule.action) or refusal


def _is_button(answer: Possible) -> bool:
    """It fits where the order is; a guard may still object."""
    return answer.obstacle not in ("wrong_status", "moved_on")


def find_order_by_number(number: str) -> AnyRow | None:
    """What `/track` needs to check a link or a phone tail; says nothing about the order itself."""
    return db.session.execute(
        select(Order.id, Order.number, Order.link_nonce, Order.contact_phone_tail).where(Order.number == number)
    ).one_or_none()


def list_merge_targets(actor: Actor, order: Order) -> Sequence[AnyRow]:
    """Open orders in the clerk's scope that this one could join: the same item or theme, nearest first; ten at most."""
    same = Order.menu_item_id == order.menu_item_id if order.menu_item_id else Order.menu_item_id.is_(None)
    return db.session.execute(
        select_rows()
        .where(visible_orders(actor), Order.status.in_(OPEN), Order.id != order.id, same)
        .where(Order.is_drill.is_(order.is_drill))
        .order_by((Order.division_code == order.division_code).desc(), Order.placed_at.desc())
        .limit(10)
    ).all()
