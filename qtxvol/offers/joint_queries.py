"""What a desk sees of joint sessions that were proposed."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.permissions import visible_orders
from qtxvol.base import AnyRow
from qtxvol.extensions import db
from qtxvol.offers.models import JointInvite, JointSession
from qtxvol.orders.models import Order
from qtxvol.orders.queries import select_rows

#: What has ended is shown for so long, so that its end is seen.
SHOWN_AFTER = timedelta(days=7)
MOST_LISTED = 50


@dataclass(frozen=True, slots=True)
class Asker:
    """One order in a proposed session: as a row of a list, and what its asker has said.

    :ivar row: None where this desk may not know of it.
    """

    invite: JointInvite
    row: AnyRow | None
    is_host: bool


@dataclass(frozen=True, slots=True)
class Proposed:
    """A session with its askers, the host's first."""

    session: JointSession
    askers: Sequence[Asker]

    @property
    def answered(self) -> int:
        return sum(each.invite.answer is not None for each in self.askers)

    @property
    def joined(self) -> int:
        return sum(each.invite.joined_at is not None for each in self.askers)


def list_proposed(actor: Actor, now: datetime) -> list[Proposed]:
    """Sessions that this desk has an order in: the open ones and what has ended lately, newest first; four
    statements."""
    mine = select(JointInvite.session_id).join(Order, Order.id == JointInvite.order_id).where(visible_orders(actor))
    lately = and_(JointSession.status != "open", JointSession.until > now - SHOWN_AFTER)
    sessions = db.session.scalars(
        select(JointSession)
        .where(JointSession.id.in_(mine), or_(JointSession.status == "open", lately))
        .order_by((JointSession.status == "open").desc(), JointSession.id.desc())
        .limit(MOST_LISTED)
    ).all()
    if not sessions:
        return []
    ids = [session.id for session in sessions]
    invites: defaultdict[int, list[JointInvite]] = defaultdict(list)
    for invite in db.session.scalars(select(JointInvite).where(JointInvite.session_id.in_(ids))):
        invites[invite.session_id].append(invite)
    order_ids = {invite.order_id for group in invites.values() for invite in group}
    rows = {
        row.id: row for row in db.session.execute(select_rows().where(Order.id.in_(order_ids), visible_orders(actor)))
    }
    return [
        Proposed(
            session,
            [
                Asker(invite, rows.get(invite.order_id), invite.order_id == session.host_order_id)
                for invite in sorted(
                    invites[session.id], key=lambda each: (each.order_id != session.host_order_id, each.order_id)
                )
            ],
        )
        for session in sessions
    ]
