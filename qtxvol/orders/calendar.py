"""What a team or a volunteer has to do on which day, on the city's calendar. Reads only."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import aliased, undefer

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.permissions import visible_orders
from qtxvol.base import CITY_TIME, AnyRow
from qtxvol.directory.models import Division, MenuItem
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Party, Status
from qtxvol.orders.models import Crew, Order, OrderNote, Question, WishedTime
from qtxvol.orders.queries import TABS
from qtxvol.orders.windows import Window
from qtxvol.volunteers.models import Volunteer

#: A week of wishes that nobody could read any more.
MOST_WISHES = 60

_Town = aliased(Division)


@dataclass(frozen=True, slots=True)
class Service:
    """One service with all that is needed on the way to it.

    :ivar row: names of item and places, marks of the menu item, and `question`: the words of an open question.
    :ivar crew: rows of (id, name), in the order of the team's list.
    :ivar window: when it is; once closed, when it really was.
    """

    order: Order
    row: AnyRow
    window: Window
    crew: Sequence[AnyRow] = field(default_factory=list)

    def is_on(self, day: date) -> bool:
        return self.window.overlaps(day_window(day))


def day_window(day: date) -> Window:
    """From midnight to midnight in the city."""
    start = datetime.combine(day, time(), tzinfo=CITY_TIME)
    return Window(start, start + timedelta(days=1))


def days_window(first: date, last: date) -> Window:
    """From the midnight before `first` to the one after `last`."""
    return Window(day_window(first).starts_at, day_window(last).ends_at)


def list_services(actor: Actor, window: Window) -> list[Service]:
    """The actor's services that touch `window`, by their beginning: one statement, and one for all crews.

    A team's are those that it accepted or closed; a volunteer's those that they are named for.
    """
    start = func.coalesce(Order.actual_start, Order.agreed_start)
    end = func.coalesce(Order.actual_end, Order.agreed_end)
    rows = db.session.execute(
        _services()
        .where(
            visible_orders(actor),
            _is_own(actor),
            Order.status.in_((Status.ACCEPTED, Status.CLOSED)),
            start < window.ends_at,
            end > window.starts_at,
        )
        .order_by(start, Order.id)
        .options(undefer(Order.contact_name))
    ).all()
    crews: dict[int, list[AnyRow]] = defaultdict(list)
    for person in db.session.execute(
        select(Crew.order_id, Volunteer.id, Volunteer.name)
        .join(Volunteer, Volunteer.id == Crew.volunteer_id)
        .where(Crew.order_id.in_([row.Order.id for row in rows]))
        .order_by(Volunteer.id)
    ):
        crews[person.order_id].append(person)
    return [Service(row.Order, row, _window_of(row.Order), crews[row.Order.id]) for row in rows]


def list_wishes(actor: Actor, window: Window, now: datetime) -> Sequence[AnyRow]:
    """Times ahead at which residents of orders that the team may take would be free, soonest first; one statement."""
    claimable = TABS[Party.TEAM][0].condition(actor, now)
    return db.session.execute(
        _names(select(WishedTime.starts_at, WishedTime.ends_at, Order.number, Order.wish))
        .join(WishedTime, WishedTime.order_id == Order.id)
        .where(
            visible_orders(actor),
            claimable,
            WishedTime.starts_at > now,
            WishedTime.starts_at < window.ends_at,
            WishedTime.ends_at > window.starts_at,
        )
        .order_by(WishedTime.starts_at, Order.id)
        .limit(MOST_WISHES)
    ).all()


def _is_own(actor: Actor) -> ColumnElement[bool]:
    if actor.party is Party.VOLUNTEER and actor.volunteer_id is not None:
        mine = Volunteer.rows_of(actor.volunteer_id)
        return exists().where(Crew.order_id == Order.id, Crew.volunteer_id.in_(mine))
    return Order.team_id == actor.team_id


def _window_of(order: Order) -> Window:
    start, end = order.actual_start or order.agreed_start, order.actual_end or order.agreed_end
    if start is None or end is None:
        raise AssertionError("an accepted order has its time")
    return Window(start, end)


def _services() -> Any:
    return (
        _names(
            select(
                Order,
                MenuItem.min_volunteers,
                MenuItem.is_licence_required,
                MenuItem.has_minors_present,
                MenuItem.needs_outside_expert,
                MenuItem.needed_skills,
                OrderNote.text.label("question"),
            )
        )
        .outerjoin(Question, and_(Question.order_id == Order.id, Question.ended_at.is_(None)))
        .outerjoin(OrderNote, OrderNote.event_id == Question.asked_event_id)
    )


def _names(statement: Any) -> Any:
    """With the names that `item_name` and `place_name` of a page ask for."""
    return (
        statement.add_columns(
            Order.wish,
            MenuItem.name.label("item_name"),
            MenuItem.name_en.label("item_name_en"),
            Division.display_name.label("division_name"),
            Division.name_en.label("division_name_en"),
            Division.level.label("division_level"),
            _Town.display_name.label("town_name"),
            _Town.name_en.label("town_name_en"),
        )
        .select_from(Order)
        .join(Division, Division.code == Order.division_code)
        .outerjoin(_Town, _Town.code == Division.parent_code)
        .outerjoin(MenuItem, MenuItem.id == Order.menu_item_id)
    )
