"""One-tap answers: keeping what was said, and telling whoever has to act on it.

A link and the buttons on a desk end in the same place. What an answer leads to is left to the verbs: "nobody came" is
a no-show, a team's yes a hold, the yes of enough people an acceptance. A rating goes through `rate_order`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.notices.answer_token import read_token
from qtxvol.notices.invitations import (
    Invitation,
    answer_path,
    answer_paths,
    ask_seat,
    find_offer,
    find_reply,
    invite,
    open_link,
    reader_of,
)
from qtxvol.notices.queue import To, queue_notices
from qtxvol.notices.reminder_times import ASK_AFTER
from qtxvol.offers import replacing
from qtxvol.offers.crew_asks import answer_ask
from qtxvol.offers.holds import hold_order, let_go_order
from qtxvol.offers.joint import answer_joint, lock_seats
from qtxvol.offers.other_times import answer_times
from qtxvol.orders.call_backs import open_call_back
from qtxvol.orders.calls import CallCause
from qtxvol.orders.claim import look_again
from qtxvol.orders.lifecycle import Label, Party, Status
from qtxvol.orders.models import CrewAsk, Order, Reply, ReplyChange
from qtxvol.orders.replies import (
    COME_REASONS,
    DECLINE_REASONS,
    LONGEST_TEXT,
    MOST_WINDOWS,
    OTHER,
    SHORT_NOTICE,
    Purpose,
)
from qtxvol.orders.serve import report_no_show
from qtxvol.orders.transition import lock_order
from qtxvol.orders.windows import Window, find_fault
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction

__all__ = ["Given", "answer_at_desk", "answer_link", "answer_path", "answer_paths"]

#: What a no-show says that came with one tap and no words.
NO_SHOW_TEXT = "居民在通知的链接里回复：没有来。"


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody says.

    :ivar reason: a code of `COME_REASONS` or `DECLINE_REASONS`; asked for with a no of a volunteer or team.
    :ivar windows: times that would suit the resident instead.
    :ivar window: when a team that was asked can serve; its people are asked then. Of other times the one that a
        resident takes.
    """

    is_yes: bool
    reason: str = ""
    text: str = ""
    windows: Sequence[Window] = ()
    window: Window | None = None

    @property
    def answer(self) -> str:
        return "yes" if self.is_yes else "no"


def answer_link(token: str, given: Given, now: datetime) -> Invitation:
    """Keep what the holder of the link says. The same answer again changes nothing and is fine.

    :return: as it stands after the answer; a service that was reported missed is not accepted any more.
    :raise NotFound: see `open_link`.
    :raise Refused: see `open_link`; 422: `unknown` or `missing` reason, `missing` text, `bad_window` with `fault`; 409:
        see `hold_order` and `answer_ask`.
    """
    with transaction():
        asked = read_token(token)
        if asked is not None and asked.purpose is Purpose.JOINT:
            lock_seats(asked.about)  # all its orders in one order, before the reader's own
        return _give(open_link(token, now, is_locked=True), given, None, now)


def answer_at_desk(number: str, actor: Actor, given: Given, now: datetime) -> Invitation:
    """The same for a volunteer or leader who has signed in.

    :raise NotFound: no such order of this seat's.
    :raise Refused: as `answer_link`; `answer_moved` (410) when there is nothing to answer.
    """
    with transaction():
        order = lock_order(number, actor)
        asked = ask_seat(actor, order)
        if asked is None:
            raise Refused("answer_moved", 410)
        return _give(invite(asked, order, order, now), given, actor.account_id, now)


def _give(invitation: Invitation, given: Given, account_id: int | None, now: datetime) -> Invitation:
    asked, order = invitation.asked, invitation.order
    if asked.purpose in (Purpose.OTHER_TIME, Purpose.JOINT):
        return _answer_proposal(invitation, given, now)
    given = _checked(asked.purpose, given, now)
    if _is_same(invitation, given):
        return invitation
    if asked.purpose is Purpose.OFFER and invitation.said == "held" and not given.is_yes:
        let_go_order(order.number, invitation.actor, reason=given.reason, text=given.text, now=now)
        return invite(asked, order, invitation.own, now)
    if invitation.is_final:
        raise Refused("answer_moved", 410)
    if asked.purpose is Purpose.RATE:
        raise AssertionError("a rating goes through rate_order")
    if asked.purpose is Purpose.OFFER:
        _answer_offer(invitation, given, now)
        return invite(asked, order, invitation.own, now)
    if invitation.ask is not None:
        return _answer_join(invitation, invitation.ask, given, now)
    _keep(invitation, given, account_id, now)
    _tell(invitation, given, now)
    if asked.purpose is Purpose.TOOK_PLACE and not given.is_yes:
        return _nobody_came(invitation, given, now)
    if asked.purpose is Purpose.COME and asked.party is Party.VOLUNTEER:
        (replacing.trim if given.is_yes else replacing.replace_absent)(order, now)
    return invite(asked, order, invitation.own, now)


def _checked(purpose: Purpose, given: Given, now: datetime) -> Given:
    """The answer with what belongs to it and nothing else."""
    text = given.text.strip()[:LONGEST_TEXT]
    if given.is_yes:
        return Given(is_yes=True, window=given.window)
    if purpose is Purpose.CONFIRM_TIME:
        windows = list(given.windows)[:MOST_WINDOWS]
        if windows and (fault := find_fault(windows, now)):
            raise Refused("bad_window", 422, field=f"day_{fault[0] + 1}", fault=fault[1])
        if not windows and not text:
            raise Refused("missing", 422, field="windows")
        return Given(is_yes=False, text=text, windows=windows)
    if purpose is Purpose.TOOK_PLACE:
        return Given(is_yes=False, text=text)
    reasons: Mapping[str, Label] = DECLINE_REASONS if purpose is Purpose.OFFER else COME_REASONS
    if not given.reason:
        raise Refused("missing", 422, field="reason")
    if given.reason not in reasons:
        raise Refused("unknown", 422, field="reason")
    if given.reason == OTHER and not text:
        raise Refused("missing", 422, field="text")
    return Given(is_yes=False, reason=given.reason, text=text)


def _is_same(invitation: Invitation, given: Given) -> bool:
    if invitation.asked.purpose is Purpose.OFFER and given.is_yes:
        if invitation.is_held:
            return invitation.said == "standby"
        return invitation.said == "held" or (given.window is None and invitation.said == "")
    said = (invitation.said, invitation.reason, invitation.text, list(invitation.windows))
    return said == (given.answer, given.reason, given.text, list(given.windows))


def _keep(invitation: Invitation, given: Given, account_id: int | None, now: datetime) -> None:
    asked, order = invitation.asked, invitation.order
    _actor, scope = reader_of(asked, order)
    reply = find_reply(order, asked, scope)
    if reply is None:
        reply = Reply(
            order_id=order.id,
            purpose=asked.purpose,
            party=asked.party,
            scope=scope,
            volunteer_id=int(scope) if asked.party is Party.VOLUNTEER else None,
            agreed_start=order.agreed_start,
            asked_at=_asked_at(invitation, now),
        )
        db.session.add(reply)
    reply.answer, reply.answered_at = given.answer, now
    reply.reason, reply.text = given.reason, given.text
    reply.windows = [[window.starts_at.isoformat(), window.ends_at.isoformat()] for window in given.windows]
    db.session.flush()
    db.session.add(ReplyChange(reply_id=reply.id, answer=given.answer, answered_at=now, account_id=account_id))
    db.session.flush()


def _asked_at(invitation: Invitation, now: datetime) -> datetime:
    """Whether they came is asked some time after the service; whoever answers earlier was not asked."""
    end = invitation.order.agreed_end
    return min(now, end + ASK_AFTER) if end is not None else now


def _tell(invitation: Invitation, given: Given, now: datetime) -> None:
    """A no is told at once to whoever has to act on it, and to the department when there is little time; a yes only
    when it takes back a no. That somebody comes as agreed is no news."""
    asked, order = invitation.asked, invitation.order
    if asked.purpose is Purpose.TOOK_PLACE or (given.is_yes and invitation.said != "no"):
        return
    readers = [] if asked.party is Party.TEAM else [To(Party.TEAM, str(order.team_id), order.id)]
    if asked.party is Party.TEAM or _is_short(order, now):
        readers.append(To(Party.DEPARTMENT, order.department_id or "", order.id))
    kind = {Purpose.COME: "cannot_come", Purpose.CONFIRM_TIME: "time_refused"}[asked.purpose]
    about: dict[str, object] = _who(invitation)
    if not given.is_yes and asked.purpose is Purpose.COME:
        about["reason"] = given.reason
    if not given.is_yes and asked.purpose is Purpose.CONFIRM_TIME and order.agreed_start and order.agreed_end:
        about = {"start": order.agreed_start.isoformat(), "end": order.agreed_end.isoformat()}
    queue_notices(
        "answer_changed" if given.is_yes else kind,
        readers,
        now=now,
        order_id=order.id,
        about=about,
        is_emergency=order.is_emergency,
    )


def _who(invitation: Invitation) -> dict[str, object]:
    """Who said it, as a wording wants it: a volunteer by the id, so that the name goes where it is erased."""
    actor = invitation.actor
    return {"volunteer_id": actor.volunteer_id} if actor.party is Party.VOLUNTEER else {"name": actor.name}


def _is_short(order: Order, now: datetime) -> bool:
    start = order.agreed_start
    return order.urgency == "emergency" or (start is not None and start - now < SHORT_NOTICE)


def _answer_offer(invitation: Invitation, given: Given, now: datetime) -> None:
    """The department hears that a team can't, the other teams don't. Taken back, the team may accept again. A yes with
    a time has the team's people asked; while another team finds its own, or serves, the team stands by or doesn't,
    which is no news to anybody once the order is accepted."""
    offer = find_offer(invitation.asked)
    if offer is None:
        raise NotFound(invitation.asked.order_id)
    order = invitation.order
    if given.is_yes and invitation.is_held:
        offer.answer, offer.answered_at, offer.reason, offer.text = "standby", now, "", ""
        db.session.flush()
        return
    if given.is_yes and given.window is not None:
        offer.answer = offer.answered_at = None  # a no that is taken back keeps nobody from saying yes
        offer.reason = offer.text = ""
        db.session.flush()
        hold_order(order.number, invitation.actor, agreed=given.window, now=now)
        return
    offer.answer, offer.answered_at = ("declined", now) if not given.is_yes else (None, None)
    offer.reason, offer.text = given.reason, given.text
    if not given.is_yes:
        look_again(order, now)
    db.session.flush()
    if order.status == Status.ACCEPTED:
        return
    queue_notices(
        "answer_changed" if given.is_yes else "offer_declined",
        [To(Party.DEPARTMENT, order.department_id or "", order.id)],
        now=now,
        order_id=order.id,
        about=_who(invitation) | ({"reason": given.reason} if given.reason else {}),
        is_emergency=order.is_emergency,
    )


def _answer_join(invitation: Invitation, ask: CrewAsk, given: Given, now: datetime) -> Invitation:
    order = invitation.order
    answer_ask(order, ask, is_yes=given.is_yes, reason=given.reason, text=given.text, now=now)
    try:
        return invite(invitation.asked, order, invitation.own, now)
    except Refused:  # there is nothing to change any more: the order was let go of by this very answer
        return replace(
            invitation, said=given.answer, reason=given.reason, text=given.text, answered_at=now, is_final=True
        )


def _answer_proposal(invitation: Invitation, given: Given, now: datetime) -> Invitation:
    """Other times, or a joint session: kept where it was proposed."""
    asked, own = invitation.asked, invitation.own
    if asked.purpose is Purpose.JOINT:
        seat = answer_joint(own.number, invitation.actor, session_id=asked.about, is_yes=given.is_yes, now=now)
        is_final = seat.has_joined or seat.session.status != "open"
        return replace(invitation, said=given.answer, answered_at=seat.invite.answered_at, seat=seat, is_final=is_final)
    chosen = [given.window] if given.is_yes else []
    is_same = (invitation.said, list(invitation.windows)) == (given.answer, chosen)
    if is_same and (invitation.is_final or not (given.text or given.windows)):
        return invitation
    if invitation.is_final:
        raise Refused("answer_moved", 410)
    if given.is_yes and given.window is None:
        raise Refused("missing", 422, field="window")
    answer_times(
        own.number, invitation.actor,
        chosen=given.window if given.is_yes else None, text=given.text, windows=given.windows, event_id=asked.about,
        now=now,
    )  # fmt: skip
    return invite(asked, own, own, now)


def _nobody_came(invitation: Invitation, given: Given, now: datetime) -> Invitation:
    """The resident's own order that is not closed: a no-show. One of several who were merged, or after the closing:
    the community calls, and a person decides."""
    order, own = invitation.order, invitation.own
    if order.status == Status.ACCEPTED and own is order:
        report_no_show(order.number, invitation.actor, text=given.text or NO_SHOW_TEXT, now=now)
    elif order.status == Status.ACCEPTED and not order.is_drill:
        open_call_back(own, CallCause.DID_NOT_TAKE_PLACE, now)
    is_over = order.status not in (Status.ACCEPTED, Status.CLOSED)
    return replace(invitation, said="no", text=given.text, answered_at=now, is_final=is_over)
