"""Somebody who is named for an accepted service can't come: the next one on the list is asked at once, and comes
instead with their yes. Inside the caller's transaction, with the order locked.

The list is that of the hold by which the order was accepted; where people were named by hand, one is made. Whoever
stands by on it has not been told anything yet.
"""

import logging
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from qtxvol.accounts.actor import system_actor
from qtxvol.extensions import db
from qtxvol.matching.settings import MatchSettings
from qtxvol.notices.queue import To, queue_notices
from qtxvol.offers.ask_list import (
    SHORTEST_WAIT,
    Turn,
    ask_people,
    can_ask,
    count_as_come,
    end_asks,
    lengthen,
    list_asks,
    list_people,
    lock_people,
    persons_of,
    silent_from,
    team_actor,
    times_of,
    where_is,
    write_list,
)
from qtxvol.offers.asking import Wanted, Where
from qtxvol.offers.rules import get_settings
from qtxvol.orders.crew import change_crew
from qtxvol.orders.lifecycle import Party, Status
from qtxvol.orders.models import Crew, CrewAsk, Hold, Order, OrderEvent, Reply
from qtxvol.orders.replies import SHORT_NOTICE, Purpose
from qtxvol.orders.transition import lock_order
from qtxvol.orders.windows import Window
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Volunteer

_LOG = logging.getLogger(__name__)

#: Who looks after silence.
REPLACING = system_actor("补人")
#: Later than so long before the service nobody waits for the service's asking alone: the leader looks for somebody too.
LAST_CALL = timedelta(minutes=30)
_MINUTE = timedelta(minutes=1)


def replace_absent(order: Order, now: datetime) -> None:
    """Ask as many people as named ones have said that they can't come, and tell the leader when nobody is left, or too
    little time to wait for an answer. Nothing happens while the office has people named by hand, or once the service
    has begun."""
    start, end, settings = order.agreed_start, order.agreed_end, get_settings()
    if order.status != Status.ACCEPTED or start is None or end is None or start <= now or not settings.is_naming_open:
        return
    crew, absent = _crew_of(order), _absent_of(order)
    if not absent:
        return
    hold = find_list(order)
    waiting = _waiting(hold)
    missing = len(absent) - len(waiting)
    if missing <= 0:
        return
    staying = [person for person in crew if person not in absent]
    asked = 0
    if can_ask(order, start, now, settings):
        hold = hold or _make_list(order, Window(start, end), crew, missing, now)
        asked = _ask_next(order, hold, staying, waiting, missing, now, settings) if hold is not None else 0
    if asked + len(waiting) < len(absent) or not can_ask(order, start - LAST_CALL, now, settings):
        _tell_short(order, absent, now)


def _ask_next(
    order: Order,
    hold: Hold,
    staying: Collection[int],
    waiting: Sequence[CrewAsk],
    missing: int,
    now: datetime,
    settings: MatchSettings,
) -> int:
    """How many were asked: leads first when nobody who stays could lead."""
    turn = Turn(order, hold, now)
    crew, asks = set(_crew_of(order)), list_asks(hold.id)
    lock_people(hold, [ask.volunteer_id for ask in asks])
    lacks_lead = not turn.is_led_by(staying) and not any(ask.may_lead for ask in waiting)
    chosen = _choose(turn, asks, crew, missing, lacks_lead=lacks_lead)
    if len(chosen) < missing:
        lacks_lead = lacks_lead and not any(ask.may_lead for ask in chosen)
        more = lengthen(order, hold, asks, Wanted(int(lacks_lead), missing - len(chosen)), turn)
        chosen += _choose(turn, more, crew, missing - len(chosen), lacks_lead=lacks_lead)
    ask_people(order, hold, chosen, now, settings)
    db.session.flush()
    return len(chosen)


def _choose(
    turn: Turn, asks: Iterable[CrewAsk], crew: Collection[int], most: int, *, lacks_lead: bool
) -> list[CrewAsk]:
    """Who of the reserve can be asked now; whoever can't is passed over for good."""
    reserve = [ask for ask in asks if where_is(ask) is Where.RESERVE and ask.volunteer_id not in crew]
    if lacks_lead:
        leads = [ask for ask in reserve if ask.may_lead]
        reserve = leads + [ask for ask in reserve if not ask.may_lead] if most > 1 else leads
    chosen: list[CrewAsk] = []
    for ask in reserve:
        if len(chosen) == most:
            break
        if turn.may_ask(ask):
            chosen.append(ask)
        else:
            ask.ending = "void"
    return chosen


def come_instead(order: Order, hold: Hold, ask: CrewAsk, now: datetime) -> None:
    """With their yes the crew changes, and the leader is told.

    :raise Refused: `join_over` (410): nobody is missing any more, or the crew would not be able to serve.
    """
    crew, absent = _crew_of(order), _absent_of(order)
    who = persons_of([ask.volunteer_id])[ask.volunteer_id]
    ask.ending = "named"
    db.session.flush()
    for gone in absent:
        people = [*(person for person in crew if person != gone), who]
        try:
            change_crew(order.number, team_actor(hold.team_id), volunteer_ids=people, now=now)
        except Refused as refusal:
            _LOG.info("%s: %s can't come instead of %s: %s", order.number, who, gone, refusal)
            continue
        count_as_come(order, [who], now)
        queue_notices(
            "crew_replaced",
            [To(Party.TEAM, str(hold.team_id), order.id)],
            now=now,
            order_id=order.id,
            about={**times_of(hold), "volunteer_id": who},
            is_emergency=order.is_emergency,
        )
        return
    raise Refused("join_over", 410)


def is_anybody_missing(order: Order) -> bool:
    """Has somebody who is named said that they can't come?"""
    return bool(_absent_of(order))


def trim(order: Order, now: datetime) -> None:
    """The leader has named others, or somebody comes after all: as many as are asked too many need not come."""
    hold = find_list(order)
    if hold is None:
        return
    waiting = _waiting(hold)
    surplus = len(waiting) - len(_absent_of(order))
    if surplus > 0:
        end_asks(order, hold, waiting[-surplus:], "not_needed", now)


def end(order: Order, now: datetime) -> None:
    """The service is at another time, or isn't this team's any more: the list means nothing now."""
    open_asks = select(CrewAsk).where(CrewAsk.order_id == order.id, CrewAsk.ending == "").order_by(CrewAsk.position)
    asks = db.session.scalars(open_asks.execution_options(populate_existing=True)).all()
    for hold_id in sorted({ask.hold_id for ask in asks}):
        hold = db.session.get_one(Hold, hold_id)
        end_asks(order, hold, [ask for ask in asks if ask.hold_id == hold_id], "void", now)


def advance(now: datetime, settings: MatchSettings) -> int:
    """Take silence for a no; each order in its own transaction.

    :return: how many orders were moved on.
    """
    first = func.min(CrewAsk.asked_at)
    rows = db.session.execute(
        select(Order, first.label("first"))
        .join(CrewAsk, CrewAsk.order_id == Order.id)
        .join(Hold, Hold.id == CrewAsk.hold_id)
        .where(
            Order.status == Status.ACCEPTED,
            Order.agreed_start > now,
            Hold.ending == "accepted",
            CrewAsk.asked_at <= now - SHORTEST_WAIT * _MINUTE,
            CrewAsk.answer.is_(None),
            CrewAsk.ending == "",
        )
        .group_by(Order.id)
    ).all()
    due = [
        order.number for order, asked_at in rows if asked_at is not None and _is_silent(order, asked_at, now, settings)
    ]
    return sum(_try(number, now, settings) for number in due)


def _try(number: str, now: datetime, settings: MatchSettings) -> bool:
    try:
        return _advance(number, now, settings)
    except (Refused, NotFound) as refusal:
        _LOG.info("nobody could be asked to come to %s instead: %s", number, refusal)
    except OperationalError:  # the database is gone or busy: everything is tried again
        raise
    except Exception:  # one order keeps no other from its people
        _LOG.exception("nobody could be asked to come to %s instead", number)
    return False


def _advance(number: str, now: datetime, settings: MatchSettings) -> bool:
    with transaction():
        order = lock_order(number, REPLACING)
        silent = [
            ask
            for ask in _waiting(find_list(order))
            if ask.asked_at is not None and _is_silent(order, ask.asked_at, now, settings)
        ]
        for ask in silent:
            ask.ending = "silent"
        db.session.flush()
        if silent:
            replace_absent(order, now)
        return bool(silent)


def _is_silent(order: Order, asked_at: datetime, now: datetime, settings: MatchSettings) -> bool:
    start = order.agreed_start
    return start is not None and silent_from(asked_at, order, settings, start - LAST_CALL) <= now


def _crew_of(order: Order) -> list[int]:
    """Who is named, by the rows that they go on with."""
    named = select(Volunteer.person_id()).join(Crew, Crew.volunteer_id == Volunteer.id)
    return sorted(set(db.session.scalars(named.where(Crew.order_id == order.id))))


def _absent_of(order: Order) -> list[int]:
    """Named people who have said that they can't come at the agreed time, the first to say so first."""
    said_no = (
        select(Volunteer.person_id())
        .select_from(Reply)
        .join(Crew, (Crew.order_id == Reply.order_id) & (Crew.volunteer_id == Reply.volunteer_id))
        .join(Volunteer, Volunteer.id == Reply.volunteer_id)
        .where(
            Reply.order_id == order.id,
            Reply.purpose == Purpose.COME,
            Reply.party == Party.VOLUNTEER,
            Reply.agreed_start == order.agreed_start,
            Reply.answer == "no",
        )
        .order_by(Reply.answered_at, Reply.id)
    )
    return list(dict.fromkeys(db.session.scalars(said_no)))


def find_list(order: Order) -> Hold | None:
    """The list that counts for the team and time that are agreed now."""
    return db.session.scalars(
        select(Hold)
        .where(
            Hold.order_id == order.id,
            Hold.team_id == order.team_id,
            Hold.ending == "accepted",
            Hold.starts_at == order.agreed_start,
        )
        .order_by(Hold.id.desc())
        .limit(1)
    ).one_or_none()


def _waiting(hold: Hold | None) -> list[CrewAsk]:
    return [ask for ask in list_asks(hold.id) if where_is(ask) is Where.WAITING] if hold is not None else []


def _make_list(order: Order, agreed: Window, crew: Collection[int], missing: int, now: datetime) -> Hold | None:
    """People were named by hand: a list of those who could stand in. It stands as that of a hold that is over."""
    team_id = order.team_id or 0
    listed = list_people(order, team_id, agreed, now, without=crew, wanted=Wanted(0, missing))
    if listed is None:
        return None
    last = select(func.max(OrderEvent.id)).where(OrderEvent.order_id == order.id)
    hold = Hold(
        order_id=order.id,
        team_id=team_id,
        event_id=db.session.scalar(last),
        starts_at=agreed.starts_at,
        ends_at=agreed.ends_at,
        leads=1,
        people=max(1, len(crew)),
        held_at=now,
        until=agreed.starts_at,
        ended_at=now,
        ending="accepted",
    )
    db.session.add(hold)
    db.session.flush()
    write_list(order, hold, listed)
    return hold


def _tell_short(order: Order, absent: Collection[int], now: datetime) -> None:
    """The leader, once for these people; at short notice the department too."""
    start, end = order.agreed_start, order.agreed_end
    if start is None or end is None:
        return
    readers = [To(Party.TEAM, str(order.team_id), order.id)]
    if order.urgency == "emergency" or start - now < SHORT_NOTICE:
        readers.append(To(Party.DEPARTMENT, order.department_id or "", order.id))
    queue_notices(
        "crew_short",
        readers,
        now=now,
        order_id=order.id,
        about={"start": start.isoformat(), "end": end.isoformat()},
        key=f"crew_short:{order.id}:{start:%Y%m%d%H%M}:{max(absent)}:{len(absent)}",
        is_emergency=order.is_emergency,
    )
