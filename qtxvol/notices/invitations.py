"""Whom a link of a one-tap answer asks what, and whether it still counts: making links, opening them, and finding what
somebody at a desk is asked. Reads only; `answers.py` keeps what is said.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import and_, func, or_, select

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.notices.answer_token import Asked, is_token, make_token, minutes_of, read_token
from qtxvol.notices.queue import To
from qtxvol.offers.crew_asks import find_ask
from qtxvol.offers.joint import Seat, check_askable, find_seat, list_asked_sessions
from qtxvol.offers.models import CounterOffer
from qtxvol.offers.other_times import chosen_of, list_asked_times, may_change, windows_of_counter
from qtxvol.orders.lifecycle import ENDED, Party, Status
from qtxvol.orders.models import Crew, CrewAsk, Hold, Offer, Order, Rating, Reply
from qtxvol.orders.replies import Purpose, answers_until
from qtxvol.orders.windows import Window
from qtxvol.refusals import NotFound, Refused
from qtxvol.settings import Settings
from qtxvol.volunteers.models import Team, Volunteer

#: Where the pages of the links are (qtxvol/web/answers/).
PREFIX = "/a/"

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Invitation:
    """A question that can be answered now, by its reader.

    :ivar order: the one that is served; `own` the resident's, which may have been merged into it.
    :ivar actor: the reader.
    :ivar until: the answer may be given and changed before this.
    :ivar said: `yes`, `no`, or empty while nothing was said; `reason`, `text` and `windows` with it. Of a team that was
        asked for an order `held` or `standby` instead of `yes`.
    :ivar is_held: another team is finding its people for the order, or serves it: what may be said is `standby`.
    :ivar ask: of somebody who is asked by name to serve.
    :ivar proposed: other times that a resident may choose from.
    :ivar seat: a resident's in a joint session that is proposed.
    :ivar rating: the resident's own of this closing.
    :ivar is_final: it was answered, and what followed from it is not taken back here.
    """

    asked: Asked
    order: Order
    own: Order
    actor: Actor
    until: datetime
    said: str = ""
    reason: str = ""
    text: str = ""
    windows: Sequence[Window] = ()
    answered_at: datetime | None = None
    rating: Rating | None = None
    is_final: bool = False
    is_held: bool = False
    ask: CrewAsk | None = None
    proposed: Sequence[Window] = ()
    seat: Seat | None = None


def answer_path(purpose: str, *, order_id: int, reader: To, now: datetime) -> str:
    """The path of one link; empty when there is nothing to ask of this reader now."""
    return answer_paths([(purpose, order_id, reader)], now)[purpose, order_id, reader]


def answer_paths(wanted: Iterable[tuple[str, int, To]], now: datetime) -> dict[tuple[str, int, To], str]:
    """The paths of many links in six statements.

    :param wanted: purpose, order (a resident's own, though it may have been merged into another), reader. `come` asks a
        resident whether the time suits, and a team that was asked by name whether it can take the order.
    """
    wanted = list(wanted)
    ids = {reader.order_id or order_id for _purpose, order_id, reader in wanted}
    orders = {order.id: order for order in db.session.scalars(select(Order).where(Order.id.in_(ids)))}
    targets = {order.merged_into_id for order in orders.values() if order.merged_into_id} - orders.keys()
    if targets:
        orders |= {order.id: order for order in db.session.scalars(select(Order).where(Order.id.in_(targets)))}
    read = [(orders.get(reader.order_id or order_id), reader) for _purpose, order_id, reader in wanted]
    has_offers = any(order is not None and _has_offers(order, reader) for order, reader in read)
    waves = latest_waves(orders) if has_offers else {}
    purposes = {purpose for purpose, _order_id, _reader in wanted}
    joins = latest_joins(orders) if Purpose.JOIN in purposes else {}
    proposed = {
        Purpose.OTHER_TIME: list_asked_times(ids) if Purpose.OTHER_TIME in purposes else {},
        Purpose.JOINT: list_asked_sessions(ids) if Purpose.JOINT in purposes else {},
    }
    paths = {}
    for purpose, order_id, reader in wanted:
        own = orders.get(reader.order_id or order_id)
        if own is not None and purpose in proposed:
            about = proposed[Purpose(purpose)].get(own.id)
            asked = Asked(Purpose(purpose), Party.RESIDENT, own.id, own.id, about) if about else None
        else:
            asked = ask_of(purpose, own, orders, reader, waves, joins) if own is not None else None
        paths[purpose, order_id, reader] = _path(asked, own) if asked is not None and own is not None else ""
    return paths


def ask_of(
    purpose: str,
    own: Order,
    orders: Mapping[int, Order],
    reader: To,
    waves: Mapping[tuple[int, int], int],
    joins: Mapping[tuple[int, int], int],
) -> Asked | None:
    order = orders[own.merged_into_id] if own.merged_into_id and reader.party is Party.RESIDENT else own
    start, is_ahead = order.agreed_start, order.status == Status.ACCEPTED
    if reader.party is Party.RESIDENT:
        if own.is_push and purpose in (Purpose.RATE, Purpose.TOOK_PLACE):
            return None  # the department that sent it
        if purpose == Purpose.RATE or (purpose == Purpose.TOOK_PLACE and order.status == Status.CLOSED):
            is_closed = order.status == Status.CLOSED
            return Asked(Purpose.RATE, Party.RESIDENT, order.id, own.id, order.closures_count) if is_closed else None
        what = Purpose.TOOK_PLACE if purpose == Purpose.TOOK_PLACE else Purpose.CONFIRM_TIME
        return Asked(what, Party.RESIDENT, order.id, own.id, minutes_of(start)) if is_ahead and start else None
    if reader.party not in (Party.TEAM, Party.VOLUNTEER) or not reader.scope.isdecimal():
        return None
    who = int(reader.scope)
    if reader.party is Party.VOLUNTEER and (order.id, who) in joins:
        return Asked(Purpose.JOIN, Party.VOLUNTEER, order.id, who, joins[order.id, who])
    if _has_offers(order, reader) and (wave := waves.get((order.id, who))):
        return Asked(Purpose.OFFER, Party.TEAM, order.id, who, wave)
    return Asked(Purpose.COME, reader.party, order.id, who, minutes_of(start)) if is_ahead and start else None


def _has_offers(order: Order, reader: To) -> bool:
    """Whether this team may still answer that it can take the order, or stand by while another has it."""
    if reader.party is not Party.TEAM:
        return False
    return order.status == Status.CLAIMED or (order.status == Status.ACCEPTED and str(order.team_id) != reader.scope)


def latest_waves(orders: Iterable[int]) -> dict[tuple[int, int], int]:
    rows = db.session.execute(
        select(Offer.order_id, Offer.team_id, func.max(Offer.wave).label("wave"))
        .where(Offer.order_id.in_(list(orders)), Offer.voided_at.is_(None))
        .group_by(Offer.order_id, Offer.team_id)
    )
    return {(row.order_id, row.team_id): row.wave for row in rows}


def latest_joins(orders: Iterable[int], *, is_open: bool = False) -> dict[tuple[int, int], int]:
    """In which hold each volunteer was asked last, by order and volunteer; one statement.

    :param is_open: only where they may still answer. Otherwise the link says why there is nothing to answer.
    """
    statement = (
        select(CrewAsk.order_id, CrewAsk.volunteer_id, Volunteer.person_id().label("person"), CrewAsk.hold_id)
        .join(Hold, Hold.id == CrewAsk.hold_id)
        .join(Volunteer, Volunteer.id == CrewAsk.volunteer_id)
        .where(CrewAsk.order_id.in_(list(orders)), CrewAsk.asked_at.is_not(None))
        .order_by(CrewAsk.hold_id)
    )
    found: dict[tuple[int, int], int] = {}
    for row in db.session.execute(statement.where(CrewAsk.is_open()) if is_open else statement):
        found[row.order_id, row.volunteer_id] = found[row.order_id, row.person] = row.hold_id
    return found


def _path(asked: Asked, own: Order) -> str:
    return PREFIX + make_token(asked, secret_keys()[0], own.link_nonce)


def link_to_rating(invitation: Invitation) -> str:
    """From "did they come?" to "how was it?", for the same reader."""
    order, own = invitation.order, invitation.own
    return _path(Asked(Purpose.RATE, Party.RESIDENT, order.id, own.id, order.closures_count), own)


def secret_keys() -> tuple[str, ...]:
    """The key that links are made with, and those that they were made with before."""
    settings: Settings = current_app.extensions["qtxvol_settings"]
    return (settings.secret_key, *settings.secret_key_fallbacks)


def open_link(token: str, now: datetime, *, is_locked: bool = False) -> Invitation:
    """What the link asks, for its page or its answer.

    :raise NotFound: forged, cut off, or the order's link was renewed; they look the same.
    :raise Refused: 410: `answer_early`, `answer_expired` with `said`, `answer_moved`, `answer_ended`, `not_named`,
        `join_over` with `said`, `own_push`.
    """
    asked = read_token(token)
    if asked is None:
        raise NotFound(token)
    own_id = asked.reader_id if asked.party is Party.RESIDENT else asked.order_id
    own = _get(own_id, is_locked=is_locked and own_id == asked.order_id)
    order = own if own_id == asked.order_id else _get(asked.order_id, is_locked=is_locked)
    if order is None or own is None or not is_token(token, secret_keys(), own.link_nonce):
        raise NotFound(token)
    return invite(asked, order, own, now)


def find_question(actor: Actor, order: Order, now: datetime) -> Invitation | None:
    """What this volunteer or leader could answer at their desk just now; None when there is nothing to."""
    asked = ask_seat(actor, order)
    try:
        return invite(asked, order, order, now) if asked is not None else None
    except (NotFound, Refused):
        return None


def ask_seat(actor: Actor, order: Order) -> Asked | None:
    if actor.party is Party.VOLUNTEER and actor.volunteer_id is not None:
        reader = To(Party.VOLUNTEER, str(actor.volunteer_id), order.id)
    elif actor.party is Party.TEAM and actor.team_id is not None:
        reader = To(Party.TEAM, str(actor.team_id), order.id)
    else:
        return None
    waves = latest_waves([order.id]) if _has_offers(order, reader) else {}
    is_asked = actor.party is Party.VOLUNTEER and order.status in (Status.CLAIMED, Status.ACCEPTED)
    joins = latest_joins([order.id], is_open=True) if is_asked else {}
    return ask_of(Purpose.COME, order, {order.id: order}, reader, waves, joins)


def _get(order_id: int, *, is_locked: bool) -> Order | None:
    if not is_locked:
        return db.session.get(Order, order_id)
    statement = select(Order).where(Order.id == order_id).with_for_update(of=Order, key_share=True)
    return db.session.scalars(statement.execution_options(populate_existing=True)).one_or_none()


def invite(asked: Asked, order: Order, own: Order, now: datetime) -> Invitation:
    if asked.purpose is Purpose.JOINT:
        return _invite_joint(asked, own, now)
    if own is not order and own.merged_into_id != order.id:
        raise Refused("answer_moved", 410)
    if order.status in ENDED:
        raise Refused("answer_ended", 410, stands_at=order.status)
    if own.is_push and asked.purpose in (Purpose.RATE, Purpose.TOOK_PLACE):
        raise Refused("own_push", 410)
    match asked.purpose:
        case Purpose.OFFER:
            return _invite_offer(asked, order, now)
        case Purpose.JOIN:
            return _invite_join(asked, order, now)
        case Purpose.OTHER_TIME:
            return _invite_other_time(asked, order, now)
        case Purpose.RATE:
            return _invite_rating(asked, order, own, now)
        case Purpose.TOOK_PLACE:
            return _invite_after(asked, order, own, now)
    return _invite_ahead(asked, order, own, now)


def _invite_ahead(asked: Asked, order: Order, own: Order, now: datetime) -> Invitation:
    """Will you come, does the time suit: until the service begins."""
    start = order.agreed_start
    is_same = start is not None and minutes_of(start) == asked.about
    if order.status != Status.ACCEPTED and not (order.status == Status.CLOSED and is_same):
        raise Refused("answer_moved", 410)
    if start is None or not is_same or (asked.party is Party.TEAM and order.team_id != asked.reader_id):
        raise Refused("answer_moved", 410)
    actor, scope = reader_of(asked, order)
    reply = find_reply(order, asked, scope)
    until = answers_until(asked.purpose, start)
    if until <= now or order.status == Status.CLOSED:
        raise Refused("answer_expired", 410, said=(reply.answer or "") if reply else "")
    return _with_reply(Invitation(asked, order, own, actor, until), reply)


def _invite_after(asked: Asked, order: Order, own: Order, now: datetime) -> Invitation:
    """Did they come: from the agreed start on, for 15 days after the end; closed or not."""
    actor, scope = reader_of(asked, order)
    reply = find_reply(order, asked, scope)
    start, end = order.agreed_start, order.agreed_end
    is_same = start is not None and minutes_of(start) == asked.about
    if order.status not in (Status.ACCEPTED, Status.CLOSED) or not is_same or start is None or end is None:
        if reply is not None and reply.answer == "no":  # the no-show that this very answer has led to
            return replace(_with_reply(Invitation(asked, order, own, actor, now), reply), is_final=True)
        raise Refused("answer_moved", 410)
    if now < start:
        raise Refused("answer_early", 410)
    until = answers_until(asked.purpose, end)
    if until <= now:
        raise Refused("answer_expired", 410, said=(reply.answer or "") if reply else "")
    return _with_reply(Invitation(asked, order, own, actor, until), reply)


def _invite_rating(asked: Asked, order: Order, own: Order, now: datetime) -> Invitation:
    """How was it: for 15 days after this closing."""
    if order.status != Status.CLOSED or order.closures_count != asked.about or order.closed_at is None:
        raise Refused("answer_moved", 410)
    rating = db.session.scalars(
        select(Rating).where(Rating.asker_order_id == own.id, Rating.closure == asked.about)
    ).one_or_none()
    until = answers_until(asked.purpose, order.closed_at)
    if until <= now:
        raise Refused("answer_expired", 410, said="rated" if rating else "")
    actor, _scope = reader_of(asked, order)
    said = "rated" if rating else ""
    return Invitation(
        asked, order, own, actor, until, said=said, rating=rating, answered_at=rating.rated_at if rating else None
    )


def _invite_offer(asked: Asked, order: Order, now: datetime) -> Invitation:
    """Can your team take it: while the department stands by its asking. Once another team has it, until the service
    begins, whether this one stands by."""
    offer, start = find_offer(asked), order.agreed_start
    is_taken = order.status == Status.ACCEPTED and order.team_id != asked.reader_id
    if not (order.status == Status.CLAIMED or is_taken) or offer is None or offer.voided_at is not None:
        raise Refused("answer_moved", 410)
    if offer.answer not in _OFFER_SAID:
        raise Refused("answer_moved", 410)
    until = answers_until(asked.purpose, offer.asked_at)
    if is_taken and start is not None:
        until = min(until, start)
    said = _OFFER_SAID[offer.answer]
    if until <= now:
        raise Refused("answer_expired", 410, said=said)
    actor, _scope = reader_of(asked, order)
    return Invitation(
        asked, order, order, actor, until,
        said=said, reason=offer.reason, text=offer.text, answered_at=offer.answered_at, is_final=said == "held",
        is_held=is_taken or order.held_team_id not in (None, asked.reader_id),
    )  # fmt: skip


#: What an answer to an offer is called where it may still be changed.
_OFFER_SAID: Mapping[str | None, str] = {None: "", "declined": "no", "standby": "standby", "held": "held"}


def _invite_join(asked: Asked, order: Order, now: datetime) -> Invitation:
    """Can you serve at that time: while it is open who comes. Whoever is named by now is asked whether they come."""
    person = db.session.get(Volunteer, asked.reader_id)
    ask = find_ask(asked.about, person.merged_into_id or person.id) if person is not None else None
    if person is None or ask is None or ask.order_id != order.id:
        raise Refused("answer_moved", 410)
    start = order.agreed_start
    if ask.ending == "named" and order.status == Status.ACCEPTED and start is not None:
        come = Asked(Purpose.COME, Party.VOLUNTEER, order.id, ask.volunteer_id, minutes_of(start))
        return _invite_ahead(come, order, order, now)
    hold = db.session.get_one(Hold, ask.hold_id)
    said = ask.answer or ""
    if ask.ending and not (ask.ending == "silent" and hold.ended_at is None):
        raise Refused("join_over", 410, said=said)
    until = answers_until(asked.purpose, ask.starts_at)
    if until <= now:
        raise Refused("answer_expired", 410, said=said)
    actor = Actor(Party.VOLUNTEER, person.name, volunteer_id=person.merged_into_id or person.id)
    return Invitation(
        asked, order, order, actor, until,
        said=said, reason=ask.reason, text=ask.text, answered_at=ask.answered_at, ask=ask,
    )  # fmt: skip


def _invite_other_time(asked: Asked, order: Order, now: datetime) -> Invitation:
    """Would another time do: while the question is open and one of the times is ahead. It may be changed until
    somebody acts on it."""
    counter = db.session.get(CounterOffer, asked.about)
    if counter is None or counter.order_id != order.id:
        raise Refused("answer_moved", 410)
    if counter.answer == "void":
        is_late = counter.answered_at is not None and counter.answered_at >= counter.until
        raise Refused("answer_expired" if is_late else "answer_moved", 410, said="")
    proposed, chosen = windows_of_counter(counter), chosen_of(counter)
    actor, _scope = reader_of(asked, order)
    until = counter.until
    ahead = [window for window in proposed if window.starts_at > now]
    if counter.answer is not None:
        is_final = not may_change(order, counter, now)
        return Invitation(
            asked, order, order, actor, until, said=counter.answer, windows=[chosen] if chosen else [],
            answered_at=counter.answered_at, proposed=proposed if is_final else ahead, is_final=is_final,
        )  # fmt: skip
    if not ahead:
        raise Refused("answer_expired", 410, said="")
    return Invitation(asked, order, order, actor, until, proposed=ahead)


def _invite_joint(asked: Asked, own: Order, now: datetime) -> Invitation:
    """Would you do it together: while others are asked too. Once joined, it is a clerk's to take apart."""
    seat = find_seat(asked.about, own.id)
    if seat is None:
        raise NotFound(asked.about)
    actor, _scope = reader_of(asked, own)
    is_over = seat.session.status != "open"
    if own.status in ENDED and not seat.has_joined:
        raise Refused("answer_ended", 410, stands_at=own.status)
    if not seat.has_joined and not (is_over and seat.invite.answer):
        check_askable(seat, now)
    return Invitation(
        asked, own, own, actor, seat.session.until,
        said=seat.invite.answer or "", answered_at=seat.invite.answered_at, seat=seat,
        is_final=seat.has_joined or is_over,
    )  # fmt: skip


def find_offer(asked: Asked) -> Offer | None:
    """What the team was asked: by a link of an earlier time too the newest question, as long as the earlier one counts
    itself."""
    offers = db.session.scalars(
        select(Offer)
        .where(
            Offer.order_id == asked.order_id,
            Offer.team_id == asked.reader_id,
            or_(Offer.wave == asked.about, and_(Offer.wave > asked.about, Offer.voided_at.is_(None))),
        )
        .order_by(Offer.wave)
    ).all()
    if not offers or offers[0].wave != asked.about or offers[0].voided_at is not None:
        return offers[0] if offers and offers[0].wave == asked.about else None
    return offers[-1]


def reader_of(asked: Asked, order: Order) -> tuple[Actor, str]:
    """The reader as an actor, and as in `replies.scope`.

    :raise Refused: `not_named` (410): the leader has named somebody else.
    """
    match asked.party:
        case Party.RESIDENT:
            return Actor(Party.RESIDENT, "居民", order_id=asked.reader_id), str(asked.reader_id)
        case Party.TEAM:
            team = db.session.get(Team, asked.reader_id)
            if team is None:
                raise NotFound(asked.reader_id)
            actor = Actor(
                Party.TEAM, team.name, team_id=team.id, department_id=team.department_id, themes=tuple(team.themes)
            )
            return actor, str(team.id)
    person = db.session.get(Volunteer, asked.reader_id)
    if person is None:
        raise NotFound(asked.reader_id)
    whole = person.merged_into_id or person.id
    named = db.session.scalar(
        select(Crew.volunteer_id)
        .where(Crew.order_id == order.id, Crew.volunteer_id.in_(Volunteer.rows_of(whole)))
        .order_by((Crew.volunteer_id == whole).desc())
        .limit(1)
    )
    if named is None:
        raise Refused("not_named", 410)
    return Actor(Party.VOLUNTEER, person.name, volunteer_id=whole), str(named)


def find_reply(order: Order, asked: Asked, scope: str) -> Reply | None:
    return db.session.scalars(
        select(Reply).where(
            Reply.order_id == order.id,
            Reply.purpose == asked.purpose,
            Reply.party == asked.party,
            Reply.scope == scope,
            Reply.agreed_start >= asked.agreed_start,
            Reply.agreed_start < asked.agreed_start + _MINUTE,
        )
    ).one_or_none()


def _with_reply(invitation: Invitation, reply: Reply | None) -> Invitation:
    if reply is None or reply.answer is None:
        return invitation
    return replace(
        invitation,
        said=reply.answer,
        reason=reply.reason,
        text=reply.text,
        windows=windows_of(reply),
        answered_at=reply.answered_at,
    )


def windows_of(reply: Reply) -> list[Window]:
    """The other times that the resident named."""
    return [Window(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in reply.windows]
