"""A service as a calendar file (RFC 5545): what a mail brings along, and what the link's page offers.

One service keeps one UID, and every later version of it has a higher SEQUENCE, the order's version; so a calendar
that took the first moves it, or strikes it out, when it reads the next.
"""

from datetime import datetime

from icalendar import Alarm, Calendar, Event, vCalAddress, vText
from sqlalchemy import select
from sqlalchemy.orm import aliased

from qtxvol.base import CITY_TIME
from qtxvol.directory.models import Division, MenuItem
from qtxvol.extensions import db
from qtxvol.notices.models import Notice
from qtxvol.notices.reminder_times import HOURS
from qtxvol.orders.lifecycle import Action, Party, Status
from qtxvol.orders.models import Crew, Order, OrderEvent
from qtxvol.orders.windows import Window

#: Kinds that come with the service as it stands.
_STANDING = frozenset({Action.ACCEPT, Action.RESCHEDULE, Action.REINSTATE, Action.CREW})
_STANDING_KINDS = frozenset({*map(str, _STANDING), "remind_day", "remind_hours", "confirm_time"})
#: Kinds that strike it out, when there was one.
_STRIKING = frozenset({Action.WITHDRAW, Action.LAPSE, Action.CANCEL, Action.GIVE_UP, Action.END_UNREACHABLE})
#: A calendar wants an organiser with an address; nobody answers there.
_ORGANISER = "mailto:no-reply@qtxvol.invalid"

#: `divisions.level` of communities and villages.
COMMUNITY_LEVEL = 5

_Town = aliased(Division)


def calendar_for(notice: Notice) -> bytes | None:
    """The file that goes with a notice; None for one that is not about an agreed time.

    Whoever reads it late gets the service as it stands by then: what has ended meanwhile comes with the notice of
    that.
    """
    if notice.order_id is None or notice.kind not in _STANDING_KINDS | _STRIKING:
        return None
    order = _served(notice.order_id)
    if order is None:
        return None
    if notice.kind in _STRIKING:
        return _struck(order, notice)
    if order.status != Status.ACCEPTED or (notice.party == Party.TEAM and notice.scope != str(order.team_id)):
        return None  # teams that were asked too are told who has it; it is not theirs to go to
    if notice.party == Party.VOLUNTEER and not _is_named(order.id, notice.scope):
        window = _agreed(order)
        return write_calendar(order, window, sequence=order.version, stamp=notice.queued_at, is_struck=True)
    return write_calendar(order, _agreed(order), sequence=order.version, stamp=notice.queued_at)


def write_calendar(order: Order, window: Window, *, sequence: int, stamp: datetime, is_struck: bool = False) -> bytes:
    """The file: one event, in the city's time. It names the place, and nobody.

    :param sequence: higher than that of any earlier version of the same service.
    :param stamp: when this version was made.
    :param is_struck: it does not take place, or the reader need not come.
    """
    what, where = _describe(order)
    event = Event()
    event.add("uid", f"qtxvol-{order.number}")
    event.add("sequence", sequence)
    event.add("dtstamp", stamp)
    event.add("dtstart", window.starts_at.astimezone(CITY_TIME))
    event.add("dtend", window.ends_at.astimezone(CITY_TIME))
    event.add("summary", what)
    event.add("location", where)
    event.add("description", f"单号 {order.number}")
    event.add("status", "CANCELLED" if is_struck else "CONFIRMED")
    organiser = vCalAddress(_ORGANISER)
    organiser.params["CN"] = vText("青铜峡科普点单")
    event.add("organizer", organiser)
    if not is_struck:
        event.add_component(_alarm(what))
    calendar = Calendar()
    calendar.add("prodid", "-//qtxvol//qtxvol//ZH")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if is_struck else "PUBLISH")
    calendar.add_component(event)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def standing_calendar(order: Order, now: datetime) -> bytes:
    """The file of an accepted service, for whoever opens the page of a link."""
    return write_calendar(order, _agreed(order), sequence=order.version, stamp=now)


def _alarm(what: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", what)
    alarm.add("trigger", -HOURS)
    return alarm


def _struck(order: Order, notice: Notice) -> bytes | None:
    """The time that had been agreed before the step that the notice tells of."""
    step = db.session.get(OrderEvent, notice.event_id) if notice.event_id is not None else None
    if step is None or step.from_status != Status.ACCEPTED:
        return None
    agreed = db.session.scalars(
        select(OrderEvent.payload)
        .where(
            OrderEvent.order_id == order.id,
            OrderEvent.sequence < step.sequence,
            OrderEvent.action.in_((Action.ACCEPT, Action.RESCHEDULE)),
        )
        .order_by(OrderEvent.sequence.desc())
        .limit(1)
    ).one_or_none()
    if agreed is None:
        return None
    times = [datetime.fromisoformat(str(agreed[name])) for name in ("agreed_start", "agreed_end")]
    return write_calendar(order, Window(*times), sequence=step.sequence, stamp=notice.queued_at, is_struck=True)


def _served(order_id: int) -> Order | None:
    order = db.session.get(Order, order_id)
    return db.session.get(Order, order.merged_into_id) if order and order.merged_into_id else order


def _agreed(order: Order) -> Window:
    if order.agreed_start is None or order.agreed_end is None:
        raise AssertionError("an accepted order has its time")
    return Window(order.agreed_start, order.agreed_end)


def _is_named(order_id: int, scope: str) -> bool:
    named = select(Crew.order_id).where(Crew.order_id == order_id, Crew.volunteer_id == int(scope or 0))
    return db.session.scalar(named) is not None


def _describe(order: Order) -> tuple[str, str]:
    """What it is, and where."""
    row = db.session.execute(
        select(MenuItem.name, Division.display_name, Division.level, _Town.display_name.label("town"))
        .select_from(Order)
        .join(Division, Division.code == Order.division_code)
        .outerjoin(_Town, _Town.code == Division.parent_code)
        .outerjoin(MenuItem, MenuItem.id == Order.menu_item_id)
        .where(Order.id == order.id)
    ).one()
    town = row.town if row.level == COMMUNITY_LEVEL and row.town else ""
    where = " ".join(part for part in (f"{town}{row.display_name}", order.venue) if part)
    return f"科普服务：{row.name or '居民点单'}", where
