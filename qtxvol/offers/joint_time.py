"""The time of a joint session that askers have agreed to: from then on the host's only one. Below the verbs: matching
looks for people at that time alone, and a team that accepts keeps to it."""

from datetime import datetime

from sqlalchemy import Select, exists, select

from qtxvol.extensions import db
from qtxvol.offers.models import JointInvite, JointSession
from qtxvol.orders.models import Order
from qtxvol.orders.windows import Window
from qtxvol.refusals import Refused


def select_joined_times() -> Select[int, int, datetime, datetime]:
    """Sessions that somebody has joined and not left again: `id`, `host_order_id`, `starts_at`, `ends_at`. Of several
    of one host the one with the highest `id` counts."""
    joined = exists().where(
        JointInvite.session_id == JointSession.id,
        JointInvite.joined_at.is_not(None),
        JointInvite.order_id == Order.id,
        Order.merged_into_id == JointSession.host_order_id,
    )
    return select(JointSession.id, JointSession.host_order_id, JointSession.starts_at, JointSession.ends_at).where(
        joined
    )


def find_joined_time(order_id: int, now: datetime) -> Window | None:
    """When the session takes place in which others have joined this order; None when nobody has, or it is past."""
    sessions = select_joined_times().where(JointSession.host_order_id == order_id, JointSession.starts_at > now)
    row = db.session.execute(sessions.order_by(JointSession.id.desc()).limit(1)).one_or_none()
    return Window(row.starts_at, row.ends_at) if row is not None else None


def check_joint_time(order: Order, agreed: Window, now: datetime) -> None:
    """Neighbours have agreed to one time: whoever accepts takes that. Later it can be moved like any other; so it can
    once it is past and nobody came.

    :raise Refused: `joint_time` (409) with `start` and `end`.
    """
    window = find_joined_time(order.id, now)
    if window is not None and not window.overlaps(agreed):
        raise Refused("joint_time", 409, field="agreed_start", start=window.starts_at, end=window.ends_at)
