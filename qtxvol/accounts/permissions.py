"""The one helper that decides what a seat may see and do. Lists, objects, buttons and the API all ask here.

`visible_orders` is the scope: outside of it an order does not exist for the asker (404).
`find_obstacle` is about acting on one order inside the scope (403, 409).
`contact_access` is about one phone number.
"""

from enum import StrEnum

from sqlalchemy import ColumnElement, String, and_, cast, exists, false, or_, select, true

from qtxvol.accounts.actor import Actor, division_prefix
from qtxvol.hours.models import HoursEntry
from qtxvol.orders.lifecycle import Action, Party, Status
from qtxvol.orders.models import Crew, CrewAsk, Hold, Order, OrderHolder
from qtxvol.volunteers.models import Volunteer

#: Statuses in which teams of the claiming department see an order that is not theirs: open to them, or ended while
#: they looked at it, so that they read what happened instead of "not found".
POOL = (Status.CLAIMED, Status.ACCEPTED, Status.CANCELLED, Status.UNMET, Status.UNREACHABLE)
#: What a team does with an order that no team has accepted yet.
_BEFORE_ACCEPTING = (Action.ACCEPT, Action.ASK, Action.HOLD, Action.LET_GO)


def visible_orders(actor: Actor) -> ColumnElement[bool]:
    """The condition on `Order` that says: this seat may know of it. Closed by default."""
    match actor.party:
        case Party.RESIDENT if actor.order_id is not None:
            return Order.id == actor.order_id
        case Party.RESIDENT if actor.account_id is not None:
            # not what the same person ordered for others from a desk: there the asker is somebody else
            return and_(Order.placed_by_account_id == actor.account_id, Order.is_on_behalf.is_(False))
        case Party.COMMUNITY if actor.division_code:
            prefix = division_prefix(actor.division_code)
            return Order.division_code.between(prefix.ljust(12, "0"), prefix.ljust(12, "9"))
        case Party.DEPARTMENT if actor.department_id:
            return or_(Order.department_id == actor.department_id, _has_held("department", actor.department_id))
        case Party.TEAM if actor.team_id is not None:
            return or_(_has_held("team", str(actor.team_id)), team_pool(actor))
        case Party.VOLUNTEER if actor.volunteer_id is not None:
            rows = Volunteer.rows_of(actor.volunteer_id)
            named = is_named(actor.volunteer_id)
            served = exists().where(HoursEntry.order_id == Order.id, HoursEntry.volunteer_id.in_(rows))
            return or_(named, served, is_asked(actor.volunteer_id))
        case Party.OFFICE | Party.SYSTEM:
            return true()
    return false()


def is_named(volunteer_id: int) -> ColumnElement[bool]:
    """Orders that this person is to serve, or was."""
    return exists().where(Crew.order_id == Order.id, Crew.volunteer_id.in_(Volunteer.rows_of(volunteer_id)))


def is_asked(volunteer_id: int) -> ColumnElement[bool]:
    """Orders for which this person is asked by name just now; when the question ends, so does the sight."""
    return exists().where(
        CrewAsk.order_id == Order.id,
        CrewAsk.volunteer_id.in_(Volunteer.rows_of(volunteer_id)),
        CrewAsk.asked_at.is_not(None),
        Hold.id == CrewAsk.hold_id,
        CrewAsk.is_open(),
    )


def team_pool(actor: Actor) -> ColumnElement[bool]:
    """Orders that the team's department has claimed and whose theme the team serves; free wishes go to all teams."""
    return and_(
        Order.department_id == actor.department_id,
        Order.status.in_(POOL),
        or_(Order.theme.is_(None), Order.theme.in_(actor.themes)),
    )


def _has_held(kind: str, code: str) -> ColumnElement[bool]:
    held = select(OrderHolder.order_id).where(OrderHolder.kind == kind, OrderHolder.code == cast(code, String))
    return Order.id.in_(held)


def find_obstacle(actor: Actor, order: Order, action: Action) -> str | None:
    """Why this seat can't act on an order that it sees, although its party could; None when it can.

    :return: `moved_on`: it was here once, another holds it now.
    """
    match actor.party:
        case Party.DEPARTMENT if action is Action.PUSH and order.department_id is None:
            return None  # nobody holds it yet
        case Party.DEPARTMENT:
            return None if order.department_id == actor.department_id else "moved_on"
        case Party.TEAM if action in _BEFORE_ACCEPTING and order.status == Status.CLAIMED:
            return None
        case Party.TEAM:
            return None if order.team_id == actor.team_id else "moved_on"
    return None


def rates_itself(actor: Actor, *, is_push: bool) -> bool:
    """Who asked for a pushed order is the department that sent it: its service is judged by those who were served."""
    return is_push and actor.party is Party.RESIDENT


class ContactAccess(StrEnum):
    """How much of the resident's contact a page may show."""

    FULL = "full"
    MASKED = "masked"
    NONE = "none"


def contact_access(actor: Actor, order: Order) -> ContactAccess:
    """The full phone goes to the community that handles the order, and to the accepted team's leader between
    accept and close; the resident sees a masked one as a reminder; nobody else sees any."""
    match actor.party:
        case Party.COMMUNITY:
            return ContactAccess.FULL
        case Party.TEAM if order.team_id == actor.team_id and order.status == Status.ACCEPTED:
            return ContactAccess.FULL
        case Party.RESIDENT:
            return ContactAccess.MASKED
    return ContactAccess.NONE


def may_see_names(actor: Actor, order: Order) -> bool:
    """Volunteers' full names are for their own team, the department that holds the order, and the office."""
    match actor.party:
        case Party.TEAM:
            return order.team_id == actor.team_id
        case Party.DEPARTMENT:
            return order.department_id == actor.department_id
    return actor.party is Party.OFFICE


def may_see_notes(actor: Actor, order: Order) -> bool:
    """What offices wrote to each other is for them, and for the team that serves; not for teams that look on."""
    match actor.party:
        case Party.TEAM:
            return order.team_id == actor.team_id
        case Party.COMMUNITY | Party.DEPARTMENT | Party.OFFICE:
            return True
    return False


def may_search_by_phone(actor: Actor) -> bool:
    """Only who may see the full phone of everything in the list may look for its last digits."""
    return actor.party is Party.COMMUNITY
