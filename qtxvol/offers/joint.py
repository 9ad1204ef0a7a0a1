"""Joint sessions (并场): a person proposes orders for the same nearby as one session; each asker, the host's too, is
asked by link, on their page or by telephone, and joins by their own consent.

Joining merges an order into the host, as a clerk's merging does, and the community can undo it. Nobody is joined before
the host's asker has said yes; who says no, or nothing, goes on alone.

Locks are taken in one order everywhere: the session's orders by id, then the session.
"""

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, update
from sqlalchemy.exc import OperationalError

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.permissions import visible_orders
from qtxvol.directory.models import MenuItem
from qtxvol.extensions import db
from qtxvol.notices.queue import To, queue_notices
from qtxvol.offers.clock import slot_of
from qtxvol.offers.joint_finding import (
    JOINABLE,
    MOST_ORDERS,
    JointIdea,
    JointOrder,
    can_join,
    common_slots,
    count_joined,
    find_joint,
    is_near,
    read_orders,
    read_points,
)
from qtxvol.offers.joint_time import select_joined_times
from qtxvol.offers.models import JointInvite, JointSession
from qtxvol.orders.claim import look_again, void_offers
from qtxvol.orders.lifecycle import ENDED, OPEN, Action, Party, Status
from qtxvol.orders.models import Hold, Order, OrderEvent, WishedTime
from qtxvol.orders.serve import asked_teams
from qtxvol.orders.transition import Effect, Outcome, change_order
from qtxvol.orders.windows import Window
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction

__all__ = ["JointIdea", "JointOrder", "find_joint"]

_LOG = logging.getLogger(__name__)

#: Askers may answer for so long, and until so long before the session.
ANSWER_WITHIN = timedelta(days=2)
ANSWER_BEFORE = timedelta(hours=12)
LONGEST_WORDS = 200


@dataclass(frozen=True, slots=True)
class Seat:
    """One asker's place in a proposed session.

    :ivar order: the asker's own. :ivar host: the one that the others join; the same for the host's asker.
    """

    session: JointSession
    invite: JointInvite
    order: Order
    host: Order

    @property
    def is_host(self) -> bool:
        return self.invite.order_id == self.session.host_order_id

    @property
    def window(self) -> Window:
        return Window(self.session.starts_at, self.session.ends_at)

    @property
    def has_joined(self) -> bool:
        """It is part of the session now; not if it was split off again."""
        return self.invite.joined_at is not None and self.order.merged_into_id == self.host.id


# Proposing


def propose_joint(
    actor: Actor,
    *,
    host_number: str,
    numbers: Sequence[str],
    now: datetime,
    window: Window | None = None,
    text: str = "",
) -> int:
    """Ask every asker whether they would hold it together, in the host's place.

    :param numbers: of the other orders, at least one.
    :param window: a time in a half-day that suits all of them; of an accepted host the agreed time, whatever is given.
    :return: the id of the session. Proposed twice at once, the first one stands.
    :raise NotFound: an order that this desk does not know of.
    :raise Refused: `wrong_party` (403); `joint` (409) with `fault`, and `number` where one order is in the way.
    """
    if actor.party not in (Party.COMMUNITY, Party.DEPARTMENT):
        raise Refused("wrong_party", 403)
    wanted = list(dict.fromkeys([host_number, *numbers]))
    if not 2 <= len(wanted) <= MOST_ORDERS:
        raise _not_so("too_few" if len(wanted) < 2 else "too_many", most=MOST_ORDERS)
    with transaction():
        ids = _lock(db.session.scalars(select(Order.id).where(Order.number.in_(wanted), visible_orders(actor))).all())
        if len(ids) != len(wanted):
            raise NotFound(host_number)
        orders = _read_able(ids, wanted, now)
        host, others = orders[0], orders[1:]
        time = _check_together(host, others, window)
        until = min(now + ANSWER_WITHIN, time.starts_at - ANSWER_BEFORE)
        if until <= now:
            raise _not_so("too_soon")
        session = JointSession(
            host_order_id=host.row.id,
            starts_at=time.starts_at,
            ends_at=time.ends_at,
            text=text.strip()[:LONGEST_WORDS],
            proposed_at=now,
            proposed_by_account_id=actor.account_id,
            until=until,
        )
        db.session.add(session)
        db.session.flush()
        db.session.add_all(JointInvite(session_id=session.id, order_id=each.row.id, asked_at=now) for each in orders)
        db.session.flush()
        _tell_askers("joint_ask", session, [each.row.id for each in orders], now)
        return session.id


def _read_able(ids: Sequence[int], wanted: Sequence[str], now: datetime) -> list[JointOrder]:
    """The orders in the order in which they were named, each of which may be part of a session."""
    found = {each.row.number: each for each in read_orders([Order.id.in_(ids), can_join(now)], now)}
    for number in wanted:
        if number not in found:
            raise _not_so("not_now", number=number)
    return [found[number] for number in wanted]


def _check_together(host: JointOrder, others: Sequence[JointOrder], window: Window | None) -> Window:
    """The session's time, where these orders can be held together."""
    points = read_points()
    for each in others:
        if (each.row.menu_item_id, each.row.audience) != (host.row.menu_item_id, host.row.audience):
            raise _not_so("other_item", number=each.row.number)
        if each.is_settled:
            raise _not_so("settled", number=each.row.number)
        if not is_near(host.place, each.place, points):
            raise _not_so("too_far", number=each.row.number)
    people = host.headcount + sum(each.headcount for each in others)
    if people > host.most:
        raise _not_so("too_many_people", count=people, most=host.most)
    common = common_slots([host, *others])
    if host.is_settled:
        window = next(iter(host.slots.values()))
    elif window is None and common:
        window = host.slots[min(common)]
    if window is None or slot_of(window.starts_at) not in common:
        raise _not_so("no_common_time")
    return window


def _not_so(fault: str, **about: object) -> Refused:
    return Refused("joint", 409, field="numbers", fault=fault, **about)


# Answering


def answer_joint(number: str, actor: Actor, *, session_id: int, is_yes: bool, now: datetime) -> Seat:
    """What an asker says, by themselves or to the community on the telephone. Said twice it is said once; until the
    orders are joined it may be changed.

    :return: as it stands afterwards.
    :raise NotFound: not asked, or not this actor's to answer for.
    :raise Refused: `joint_over`, `answer_expired` with `said`, `answer_moved` (410); `joint_joined` (409): it is part
        of the session already; `joint_others_in` (409): neighbours have joined this asker's order already; and as
        `join_order`, in which case nothing is kept.
    """
    if actor.party not in (Party.RESIDENT, Party.COMMUNITY):
        raise Refused("wrong_party", 403)
    with transaction():
        seat = get_seat(session_id, number, actor, is_locked=True)
        if seat.invite.answer == _as_answer(is_yes) and (seat.has_joined or seat.is_host or not is_yes):
            return seat
        if seat.has_joined:
            raise Refused("joint_joined", 409)
        check_askable(seat, now)
        if seat.invite.answer == _as_answer(is_yes):
            return seat
        if seat.is_host and not is_yes and _list_joined(seat.session):
            raise Refused("joint_others_in", 409)
        seat.invite.answer, seat.invite.answered_at = _as_answer(is_yes), now
        db.session.flush()
        _tell_desks(seat, actor, is_yes=is_yes, now=now)
        if seat.is_host and not is_yes:
            _call_off(seat.session, now)
        elif is_yes:
            _join_waiting(seat, actor, now)
        _settle(seat.session, now)
        return get_seat(session_id, number, actor, is_locked=True)


def get_seat(session_id: int, number: str, actor: Actor, *, is_locked: bool = False) -> Seat:
    """An asker's place in a session.

    :param is_locked: with all the session's orders, inside `transaction()`.
    :raise NotFound: there is none, or it is not this actor's.
    """
    mine = select(Order.id).where(Order.number == number, visible_orders(actor))
    order_id = db.session.scalar(mine)
    seat = find_seat(session_id, order_id, is_locked=is_locked) if order_id is not None else None
    if seat is None:
        raise NotFound(number)
    return seat


def find_seat(session_id: int, order_id: int, *, is_locked: bool = False) -> Seat | None:
    """The same by the order's id; None when it is not asked in this session."""
    if is_locked:
        lock_seats(session_id)
    found = select(JointSession).where(JointSession.id == session_id)
    if is_locked:
        found = found.with_for_update(key_share=True)
    fresh = {"populate_existing": is_locked}
    session = db.session.scalars(found.execution_options(**fresh)).one_or_none()
    invite = db.session.get(JointInvite, (session_id, order_id), populate_existing=is_locked)
    if session is None or invite is None:
        return None
    wanted = select(Order).where(Order.id.in_((order_id, session.host_order_id)))
    orders = {order.id: order for order in db.session.scalars(wanted.execution_options(**fresh))}
    return Seat(session, invite, orders[order_id], orders[session.host_order_id])


def find_open_seat(order_id: int, now: datetime) -> Seat | None:
    """What an asker is being asked just now, or has said and may change; None when nothing."""
    session_id = db.session.scalar(
        select(JointInvite.session_id)
        .join(JointSession, JointSession.id == JointInvite.session_id)
        .where(JointInvite.order_id == order_id, JointSession.status == "open", JointSession.until > now)
    )
    seat = find_seat(session_id, order_id) if session_id is not None else None
    return seat if seat is not None and _is_askable(seat) else None


def find_joined_seat(order: Order) -> Seat | None:
    """The session that an order is part of by its asker's consent, as a guest or as the host whom others have joined;
    None when it goes alone."""
    host_id = order.merged_into_id or order.id
    mine = select(JointInvite.session_id).where(JointInvite.order_id == order.id)
    if host_id != order.id:
        mine = mine.where(JointInvite.joined_at.is_not(None))
    session_id = db.session.scalar(
        select_joined_times()
        .with_only_columns(func.max(JointSession.id))
        .where(JointSession.host_order_id == host_id, JointSession.id.in_(mine))
    )
    return find_seat(session_id, order.id) if session_id is not None else None


def is_joined_at_once(seat: Seat) -> bool:
    """Whether a yes of this asker merges orders there and then, because somebody else has said yes already."""
    if seat.has_joined:
        return False
    if not seat.is_host:
        return db.session.get_one(JointInvite, (seat.session.id, seat.host.id)).answer == "yes"
    waiting = select(JointInvite.order_id).where(
        JointInvite.session_id == seat.session.id,
        JointInvite.answer == "yes",
        JointInvite.joined_at.is_(None),
        JointInvite.order_id != seat.host.id,
    )
    return db.session.scalar(waiting.limit(1)) is not None


def list_asked_sessions(order_ids: Collection[int]) -> dict[int, int]:
    """By order, the latest session that it was asked about: what a link in a notice leads to."""
    rows = db.session.execute(
        select(JointInvite.order_id, func.max(JointInvite.session_id))
        .where(JointInvite.order_id.in_(order_ids))
        .group_by(JointInvite.order_id)
    )
    return {order_id: session_id for order_id, session_id in rows}


def check_askable(seat: Seat, now: datetime) -> None:
    """:raise Refused: as `answer_joint`."""
    if seat.order.status in ENDED and not seat.has_joined:
        raise Refused("answer_ended", 410, stands_at=seat.order.status)
    if seat.session.status == "called_off" or seat.host.status in ENDED:
        raise Refused("joint_over", 410)
    if seat.session.status != "open" or seat.session.until <= now:
        raise Refused("answer_expired", 410, said=seat.invite.answer or "")
    if not _is_askable(seat):
        raise Refused("answer_moved", 410)


def _is_askable(seat: Seat) -> bool:
    if seat.is_host:
        return seat.order.status in OPEN
    return seat.order.status in JOINABLE and seat.order.held_team_id is None


def _as_answer(is_yes: bool) -> str:
    return "yes" if is_yes else "no"


# Joining


def join_order(
    number: str,
    actor: Actor,
    *,
    session_id: int,
    now: datetime,
    version: int | None = None,
    key: str | None = None,
) -> Outcome:
    """Make the order part of the session: merged into the host's, with whoever had joined it.

    :param actor: the order's resident, whose consent it is.
    :raise NotFound: it is not asked in this session.
    :raise Refused: `joint_over`, `answer_expired`, `answer_moved` (410); `joint_waits` (409): the host's asker has not
        agreed; `joint_moved` (409): the host is served at another time; `joint_full` with `most` (409); `is_held`.
    """
    with transaction():
        seat = get_seat(session_id, number, actor, is_locked=True)

        def prepare(order: Order) -> Effect:
            check_askable(seat, now)
            _check_host(seat, now)
            moved = list(
                db.session.scalars(select(Order.id).where(Order.merged_into_id == order.id).order_by(Order.id))
            )

            def then(event: OrderEvent) -> None:
                db.session.execute(update(Order).where(Order.id.in_(moved)).values(merged_into_id=seat.host.id))
                void_offers(order.id, now)
                seat.invite.joined_at = now
                _agree_on_time(seat, now)
                db.session.flush()

            values = {
                "merged_into_id": seat.host.id,
                "department_id": None,
                "handed_team_id": None,
                "is_auto_asked": False,
                "is_ruled": False,
            }
            return Effect(values, {"moved_order_ids": moved}, told_teams=asked_teams(order.id), then=then)

        payload = {"into_number": seat.host.number, "session_id": session_id}
        return change_order(number, Action.JOIN, actor, payload, now=now, prepare=prepare, version=version, key=key)


def _check_host(seat: Seat, now: datetime) -> None:
    host = seat.host
    said = db.session.get_one(JointInvite, (seat.session.id, host.id)).answer
    if seat.is_host or said != "yes":
        raise Refused("joint_waits", 409)
    if host.closures_count or (host.agreed_start is not None and host.agreed_start <= now):
        raise Refused("joint_over", 410)
    time = _time_of(host)
    if time is not None and not time.overlaps(seat.window):
        raise Refused("joint_moved", 409)
    most = db.session.scalar(select(MenuItem.headcount_max).where(MenuItem.id == host.menu_item_id)) or 0
    people = {
        order_id: headcount + joined
        for order_id, headcount, joined in db.session.execute(
            select(Order.id, Order.headcount, count_joined()).where(Order.id.in_((host.id, seat.order.id)))
        )
    }
    if sum(people.values()) > most:
        raise Refused("joint_full", 409, most=most)


def _time_of(host: Order) -> Window | None:
    """When the host is served, as far as a team has said so."""
    if host.status == Status.ACCEPTED and host.agreed_start and host.agreed_end:
        return Window(host.agreed_start, host.agreed_end)
    if host.held_team_id is not None:
        hold = db.session.scalars(select(Hold).where(Hold.order_id == host.id, Hold.ended_at.is_(None))).one_or_none()
        return Window(hold.starts_at, hold.ends_at) if hold is not None else None
    return None


def _agree_on_time(seat: Seat, now: datetime) -> None:
    """The session's time is one of the host's, so that whoever accepts it finds it there, and is looked for."""
    if seat.host.status == Status.ACCEPTED:
        return
    rows = db.session.scalars(select(WishedTime).where(WishedTime.order_id == seat.host.id)).all()
    if all((row.starts_at, row.ends_at) != (seat.window.starts_at, seat.window.ends_at) for row in rows):
        last = max((row.position for row in rows), default=0)
        db.session.add(
            WishedTime(
                order_id=seat.host.id,
                position=last + 1,
                starts_at=seat.window.starts_at,
                ends_at=seat.window.ends_at,
            )
        )
        look_again(seat.host, now)


def _join_waiting(seat: Seat, actor: Actor, now: datetime) -> None:
    """Whoever has said yes joins, once the host's asker has too. What one of them can't do keeps no other from it; the
    one whose answer this is reads why not."""
    if not seat.is_host:
        host_said = db.session.get_one(JointInvite, (seat.session.id, seat.host.id)).answer
        if host_said == "yes":
            join_order(seat.order.number, _asker(seat.order.id, actor), session_id=seat.session.id, now=now)
        return
    waiting = db.session.execute(
        select(Order.id, Order.number)
        .join(JointInvite, JointInvite.order_id == Order.id)
        .where(
            JointInvite.session_id == seat.session.id,
            JointInvite.answer == "yes",
            JointInvite.joined_at.is_(None),
            JointInvite.order_id != seat.host.id,
        )
        .order_by(JointInvite.answered_at, Order.id)
    ).all()
    for order_id, number in waiting:
        try:
            join_order(number, _asker(order_id), session_id=seat.session.id, now=now)
        except Refused:
            _tell_askers("joint_off", seat.session, [order_id], now)


def _asker(order_id: int, actor: Actor | None = None) -> Actor:
    """The asker, whose consent it is. A clerk who was told it on the telephone stands there by their account."""
    if actor is not None and actor.party is Party.COMMUNITY:
        return Actor(Party.RESIDENT, f"居民（{actor.name}代答）"[:64], account_id=actor.account_id, order_id=order_id)
    return Actor(Party.RESIDENT, "居民", order_id=order_id)


# Ending


def call_off_joint(session_id: int, actor: Actor, now: datetime) -> None:
    """A desk stops asking. Who has joined stays; the others are told that they go on alone. Twice is once.

    :raise NotFound: no such session of this desk's.
    """
    with transaction():
        host_number = db.session.scalar(
            select(Order.number)
            .join(JointSession, JointSession.host_order_id == Order.id)
            .where(JointSession.id == session_id)
        )
        if actor.party not in (Party.COMMUNITY, Party.DEPARTMENT) or host_number is None:
            raise NotFound(session_id)
        seat = get_seat(session_id, host_number, actor, is_locked=True)
        if seat.session.status == "open":
            _call_off(seat.session, now)


def close_joint(now: datetime) -> int:
    """Sessions whose askers had time enough: who said yes and could not join is told so. Each in a transaction of its
    own, in which it is looked at again.

    :return: how many were closed.
    """
    due = db.session.scalars(
        select(JointSession.id)
        .where(JointSession.status == "open", JointSession.until <= now)
        .order_by(JointSession.id)
    ).all()
    return sum(_try_close(session_id, now) for session_id in due)


def _try_close(session_id: int, now: datetime) -> bool:
    try:
        with transaction():
            session = _lock_session(session_id)
            if session.status != "open" or session.until > now:  # somebody was faster
                return False
            _call_off(session, now, only_willing=True)
            return True
    except OperationalError:  # the database is gone or busy: everything is tried again
        raise
    except Exception:  # one session keeps no other open
        _LOG.exception("joint session %d could not be closed", session_id)
        return False


def follow_step(order: Order, event: OrderEvent, now: datetime) -> None:
    """What a step of an order means for a session that its askers are being asked about. Inside the step's transaction,
    which has locked the order."""
    is_time = event.action in (Action.ACCEPT, Action.RESCHEDULE)
    if event.action == Action.JOIN or (event.from_status == event.to_status and not is_time):
        return
    session = db.session.scalars(
        select(JointSession)
        .join(JointInvite, JointInvite.session_id == JointSession.id)
        .where(JointInvite.order_id == order.id, JointSession.status == "open")
        .order_by(JointSession.id.desc())
        .limit(1)
        .with_for_update(of=JointSession, key_share=True)
    ).one_or_none()
    if session is None:
        return
    if order.id == session.host_order_id:
        time, planned = _time_of(order), Window(session.starts_at, session.ends_at)
        if order.status not in OPEN or (time is not None and not time.overlaps(planned)):
            _call_off(session, now)
        elif time is not None:
            session.starts_at, session.ends_at = time.starts_at, time.ends_at
    _settle(session, now)


def _call_off(session: JointSession, now: datetime, *, only_willing: bool = False) -> None:
    """Nobody joins any more. Those who have not said no and have not joined are told that they go on alone.

    :param only_willing: not those who never answered: they were told that saying nothing is a no.
    """
    joined = _list_joined(session)
    session.status = "over" if joined else "called_off"
    db.session.flush()
    asked = db.session.execute(
        select(JointInvite.order_id, JointInvite.answer)
        .join(Order, Order.id == JointInvite.order_id)
        .where(JointInvite.session_id == session.id, Order.status.in_(OPEN))
    )
    told = [
        order_id
        for order_id, answer in asked
        if order_id not in joined
        and (answer == "yes" or (answer is None and not only_willing))
        and not (order_id == session.host_order_id and joined)
    ]
    _tell_askers("joint_off", session, told, now)


def _settle(session: JointSession, now: datetime) -> None:
    """Once nobody is left to answer, the asking is over; the host's asker is told when nobody came along."""
    if session.status != "open":
        return
    rows = db.session.execute(
        select(JointInvite.order_id, JointInvite.answer, JointInvite.joined_at, Order.status)
        .join(Order, Order.id == JointInvite.order_id)
        .where(JointInvite.session_id == session.id)
    ).all()
    host = next(row for row in rows if row.order_id == session.host_order_id)
    others = [row for row in rows if row is not host]
    if any(
        row.joined_at is None
        and row.status in JOINABLE
        and (row.answer is None or (row.answer == "yes" and host.answer is None))
        for row in others
    ):
        return
    if any(row.joined_at for row in others):
        session.status = "over"
        db.session.flush()
    else:
        _call_off(session, now)


def _list_joined(session: JointSession) -> set[int]:
    """Orders that are part of the session just now."""
    return set(
        db.session.scalars(
            select(JointInvite.order_id)
            .join(Order, Order.id == JointInvite.order_id)
            .where(
                JointInvite.session_id == session.id,
                JointInvite.joined_at.is_not(None),
                Order.merged_into_id == session.host_order_id,
            )
        )
    )


def _lock_session(session_id: int) -> JointSession:
    lock_seats(session_id)
    found = select(JointSession).where(JointSession.id == session_id).with_for_update(key_share=True)
    return db.session.scalars(found.execution_options(populate_existing=True)).one()


def lock_seats(session_id: int) -> None:
    """Lock all orders of a session, before the session itself."""
    _lock(db.session.scalars(select(JointInvite.order_id).where(JointInvite.session_id == session_id)).all())


def _lock(order_ids: Sequence[int]) -> list[int]:
    """Lock these orders and whatever has joined them, by id as every merging does."""
    family = or_(Order.id.in_(order_ids), Order.merged_into_id.in_(order_ids))
    db.session.execute(select(Order.id).where(family).order_by(Order.id).with_for_update(key_share=True))
    return sorted(order_ids)


# Telling


def _tell_askers(kind: str, session: JointSession, order_ids: Sequence[int], now: datetime) -> None:
    about = {"start": session.starts_at.isoformat(), "end": session.ends_at.isoformat()}
    readers = [To(Party.RESIDENT, "", order_id) for order_id in order_ids]
    queue_notices(kind, readers, now=now, about=about, key=f"{kind}:{session.id}")


def _tell_desks(seat: Seat, actor: Actor, *, is_yes: bool, now: datetime) -> None:
    """The asker's community, and the departments that hold the two orders."""
    order, host = seat.order, seat.host
    readers = {
        To(Party.DEPARTMENT, each.department_id, each.id) for each in (order, host) if each.department_id is not None
    }
    if actor.party is not Party.COMMUNITY:
        readers.add(To(Party.COMMUNITY, order.division_code, order.id))
    queue_notices("joint_answered", readers, now=now, about={"result": _as_answer(is_yes)})
