"""What an asker reads of a joint session that is proposed: when, where, and with how many."""

from sqlalchemy import func, select

from qtxvol.extensions import db
from qtxvol.offers.joint import Seat
from qtxvol.offers.models import JointInvite
from qtxvol.orders.models import Order
from qtxvol.orders.queries import select_rows
from qtxvol.web.display import day_time, place_name, time_span
from qtxvol.web.i18n import _, ngettext


def joint_facts(seat: Seat) -> list[tuple[str, str]]:
    """As (term, value) pairs; two statements. Nobody is named."""
    host = db.session.execute(select_rows().where(Order.id == seat.host.id)).one()
    orders, people = db.session.execute(
        select(func.count(), func.coalesce(func.sum(Order.headcount), 0))
        .select_from(JointInvite)
        .join(Order, Order.id == JointInvite.order_id)
        .where(JointInvite.session_id == seat.session.id, JointInvite.answer.is_distinct_from("no"))
    ).one()
    return [
        (_("时间"), time_span(seat.session.starts_at, seat.session.ends_at)),
        (_("在哪里"), f"{place_name(host)} {host.venue}"),
        (
            _("大约多少人"),
            ngettext("%(num)d 张单，约 %(people)s 人", "%(num)d 张单，约 %(people)s 人", orders, people=people),
        ),
        (_("社区的话"), seat.session.text),
        (_("请在什么时候前答复"), day_time(seat.session.until)),
    ]


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
