"""The time of a joint session that askers have agreed to. Below the verbs: a team that accepts the host keeps to it."""

from sqlalchemy import exists, select

from qtxvol.extensions import db
from qtxvol.offers.models import JointInvite, JointSession
from qtxvol.orders.models import Order
from qtxvol.orders.windows import Window
from qtxvol.refusals import Refused


def find_joined_time(order_id: int) -> Window | None:
    """When the session takes place in which others have joined this order; None when nobody has."""
    joined = exists().where(
        JointInvite.session_id == JointSession.id,
        JointInvite.joined_at.is_not(None),
        JointInvite.order_id == Order.id,
        Order.merged_into_id == JointSession.host_order_id,
    )
    session = db.session.scalars(
        select(JointSession)
        .where(JointSession.host_order_id == order_id, joined)
        .order_by(JointSession.id.desc())
        .limit(1)
    ).one_or_none()
    return Window(session.starts_at, session.ends_at) if session is not None else None


def check_joint_time(order: Order, agreed: Window) -> None:
    """Neighbours have agreed to one time: whoever accepts takes that. Later it can be moved like any other.

    :raise Refused: `joint_time` (409) with `start` and `end`.
    """
    window = find_joined_time(order.id)
    if window is not None and not window.overlaps(agreed):
        raise Refused("joint_time", 409, field="agreed_start", start=window.starts_at, end=window.ends_at)
