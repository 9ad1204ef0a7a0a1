"""How notices arrived, in words: the short list on an order's page."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from qtxvol.accounts.actor import Actor
from qtxvol.notices.arrivals import Arrival, list_arrivals
from qtxvol.notices.kinds import KINDS
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import Order
from qtxvol.web.channel_words import channel_name
from qtxvol.web.display import party_label, say, short_time
from qtxvol.web.i18n import _, _l

#: Why a delivery is dead, void or unknown (`deliver.WHY`).
WHY_WORDS: Mapping[str, Any] = {
    "refused": _l("对方拒收"),
    "gave_up": _l("试了一整天都没发出去"),
    "no_address": _l("没有能收的地址或手机号"),
    "channel_off": _l("渠道已停用"),
    "withdrawn": _l("事情变了，不用发了"),
    "erased": _l("联系方式已删除"),
    "late": _l("已经过时，不用发了"),
    "no_answer": _l("发出去了，对方没有回音"),
    "stopped": _l("正在发的时候程序停了"),
}

TONES: Mapping[str, str] = {
    "sent": "good",
    "waiting": "wait",
    "sending": "busy",
    "failed": "wait",
    "unknown": "wait",
    "dead": "bad",
    "": "ended",
}


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """What one reader was told last through one channel.

    :ivar about: what the notice was about. :ivar is_alarm: somebody should phone.
    """

    reader: str
    about: str
    text: str
    tone: str
    when: str
    is_alarm: bool = False


def delivery_lines(actor: Actor, order: Order, now: datetime) -> list[DeliveryLine]:
    """For whoever works on the order everybody who was told; for its resident and for a volunteer what they were told
    themselves."""
    if actor.party is Party.VOLUNTEER:
        mine = {str(actor.volunteer_id)}
        arrivals = [each for each in list_arrivals(order.id, now, party=Party.VOLUNTEER) if each.scope in mine]
    elif actor.party is Party.RESIDENT:
        arrivals = list_arrivals(order.id, now, party=Party.RESIDENT)
    else:
        arrivals = list_arrivals(order.id, now)
    return [_line_of(each, actor, now) for each in arrivals]


def _line_of(arrival: Arrival, actor: Actor, now: datetime) -> DeliveryLine:
    is_own = actor.party in (Party.RESIDENT, Party.VOLUNTEER)
    is_alarm = arrival.is_open and arrival.party == Party.RESIDENT and not is_own
    return DeliveryLine(
        reader=_("您") if is_own else party_label(arrival.party),
        about=say(KINDS[arrival.kind].label) if arrival.kind in KINDS else arrival.kind,
        text=_sentence(arrival, now, is_alarm=is_alarm),
        tone="ended" if arrival.state == "dead" and not arrival.is_open else TONES[arrival.state],
        when=short_time(arrival.at),
        is_alarm=is_alarm,
    )


def _sentence(arrival: Arrival, now: datetime, *, is_alarm: bool) -> str:
    channel = channel_name(arrival.channel)
    match arrival.state:
        case "sent":
            return _("%(channel)s已发", channel=channel)
        case "unknown":
            return _("%(channel)s可能已送达", channel=channel)
        case "dead" if is_alarm:
            return _("%(channel)s未送达，请电话联系", channel=channel)
        case "dead" if not arrival.is_open:
            return _("%(channel)s未送达，已另行通知", channel=channel)
        case "dead":
            return _("%(channel)s未送达", channel=channel)
        case "failed":
            return _("%(channel)s没发出去，还会再试", channel=channel)
        case "sending":
            return _("%(channel)s正在发", channel=channel)
        case "waiting" if arrival.next_at is not None and arrival.next_at > now:
            return _("%(channel)s等到%(when)s发", channel=channel, when=short_time(arrival.next_at))
        case "waiting":
            return _("%(channel)s排队中", channel=channel)
    return _("只有站内消息")
