"""What an asker reads of a joint session that is proposed: when, where, and with how many."""

from sqlalchemy import func, or_, select

from qtxvol.extensions import db
from qtxvol.offers.joint import Seat, find_joined_seat, is_joined_at_once
from qtxvol.offers.models import JointInvite
from qtxvol.orders.lifecycle import Status
from qtxvol.orders.models import Order
from qtxvol.orders.queries import select_rows
from qtxvol.web.display import day_time, place_name, time_span
from qtxvol.web.i18n import _, ngettext


def joint_facts(seat: Seat) -> list[tuple[str, str]]:
    """As (term, value) pairs; two statements. Nobody is named. Of those who are asked, or of those who have joined."""
    is_asked = seat.session.status == "open" and not seat.has_joined
    counted = JointInvite.answer.is_distinct_from("no")
    if not is_asked:
        counted = or_(Order.id == seat.host.id, Order.merged_into_id == seat.host.id)
    host = db.session.execute(select_rows().where(Order.id == seat.host.id)).one()
    orders, people = db.session.execute(
        select(func.count(), func.coalesce(func.sum(Order.headcount), 0))
        .select_from(JointInvite)
        .join(Order, Order.id == JointInvite.order_id)
        .where(JointInvite.session_id == seat.session.id, counted)
    ).one()
    others = max(0, orders - 1)
    with_whom = ngettext(
        "和 %(num)d 家邻居，一共约 %(people)s 人", "和 %(num)d 家邻居，一共约 %(people)s 人", others, people=people
    )
    return [
        (_("时间"), _when(seat)),
        (_("在哪里"), f"{place_name(host)} {host.venue}"),
        (_("大约多少人"), with_whom),
        (_("社区的话"), seat.session.text),
        (_("请在什么时候前答复"), day_time(seat.session.until) if is_asked else ""),
    ]


def _when(seat: Seat) -> str:
    """As a team has agreed to it; before, as the askers have."""
    host = seat.host
    if host.status in (Status.ACCEPTED, Status.CLOSED) and host.agreed_start and host.agreed_end:
        return time_span(host.agreed_start, host.agreed_end)
    return time_span(seat.session.starts_at, seat.session.ends_at)


def is_part(seat: Seat) -> bool:
    """It is held together: as a guest, or as the host whom others have joined."""
    return seat.has_joined or (seat.is_host and find_joined_seat(seat.host) is not None)


def joint_until(seat: Seat) -> str:
    """How long the answer can be changed."""
    if not is_joined_at_once(seat):
        return _("并到一起以前都可以改。")
    if seat.is_host:
        return _("已有邻居说愿意：您点“愿意一起办”，他们马上并过来，之后要改请打社区电话。")
    return _("点“愿意一起办”就马上并过去，之后要改请打社区电话。")


def joint_said(seat: Seat) -> str:
    """Where the asker's answer stands; empty while there is none."""
    if seat.has_joined:
        return _("已经并到一起办。要单独办，请打社区电话。")
    if seat.session.status == "called_off" or (seat.session.status == "over" and not seat.is_host):
        return _("这次一起办没有成，您的单照常单独办理。")
    if seat.session.status == "over" and seat.invite.answer == "yes":
        return _("您已回复：愿意一起办。已经有邻居并过来，办的时候会通知您。")
    match seat.invite.answer:
        case "yes":
            return _("您已回复：愿意一起办。等大家答复以后，会再告诉您。")
        case "no":
            return _("您已回复：单独办。您的单照常办理。")
    return ""
