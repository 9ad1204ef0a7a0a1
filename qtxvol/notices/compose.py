"""From deliveries to messages: address, words, one message for what goes out together. A constant number of statements
for a batch. The one place that opens addresses, at the moment of sending."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Text, case, func, or_, select, type_coerce
from sqlalchemy.orm import aliased

from qtxvol.accounts.models import Account
from qtxvol.channels.message import Message
from qtxvol.extensions import db
from qtxvol.notices.ics import calendar_for
from qtxvol.notices.models import ContactPoint, Delivery, Notice
from qtxvol.notices.points import is_mobile
from qtxvol.notices.readers import Readers, Recipient
from qtxvol.notices.wording import Worded, word_notices
from qtxvol.orders.lifecycle import Status
from qtxvol.orders.models import Order
from qtxvol.privacy.vault import LostKey, current_vault
from qtxvol.volunteers.models import Volunteer

#: So many stand in a message of the day one by one; a short message names fewer.
MOST_LINES = {"sms": 3}
MOST_LINES_ELSEWHERE = 30
#: Channels that can carry a file.
_WITH_CALENDAR = frozenset({"mail", "webhook"})
#: Kinds that tell of a time that is still to come.
AHEAD = ("remind_day", "remind_hours", "confirm_time")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message, and the delivery that stands for it (`id`); `is_bundle` when it tells of several notices.

    :ivar left_out: deliveries of the bundle of which it says nothing, with a code of `deliver.WHY`.
    """

    id: int
    channel: str
    lane: str
    recipient: Recipient
    message: Message
    is_emergency: bool = False
    is_bundle: bool = False
    left_out: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unsendable:
    """A delivery that can't be sent, with a code of `deliver.WHY`. :ivar is_void: nobody needs to be told instead."""

    id: int
    why: str
    is_void: bool
    recipient: Recipient | None = None


def load_outgoing(ids: Sequence[int], ready: frozenset[str], now: datetime) -> list[Outgoing | Unsendable]:
    """The messages of these deliveries, in the order of `ids`."""
    bundles = _load_bundles(ids)
    rows = [row for bundle in bundles.values() for row in bundle]
    notices = {
        each.id: each
        for each in db.session.scalars(select(Notice).where(Notice.id.in_({row.notice_id for row in rows})))
    }
    readers = Readers.load(list(notices.values()), ready)
    recipients = {(each.id, found.name): found for each in notices.values() for found in readers.of(each)}
    addresses = _load_addresses([bundle[0] for bundle in bundles.values()])
    words, agreed = _word(rows, notices), _load_agreed(notices.values())
    return [
        _compose(bundles[each], notices, recipients, addresses[each], words, agreed, ready, now)
        for each in ids
        if each in bundles
    ]


def _load_bundles(ids: Sequence[int]) -> dict[int, list[Delivery]]:
    """The delivery that stands for a message comes first in its list."""
    rows = db.session.scalars(
        select(Delivery)
        .where(or_(Delivery.id.in_(ids), Delivery.bundle_id.in_(ids)), Delivery.state.in_(("waiting", "failed")))
        .order_by(Delivery.id)
    )
    bundles: dict[int, list[Delivery]] = defaultdict(list)
    for row in rows:
        bundles[row.bundle_id or row.id].append(row)
    for leader, bundle in bundles.items():
        bundle.sort(key=lambda row: (row.id != leader, row.told_at, row.id))
    return bundles


def _compose(
    bundle: Sequence[Delivery],
    notices: Mapping[int, Notice],
    recipients: Mapping[tuple[int, str], Recipient],
    address: str | None,
    words: Mapping[int, Worded],
    agreed: Mapping[int, datetime | None],
    ready: frozenset[str],
    now: datetime,
) -> Outgoing | Unsendable:
    row = bundle[0]
    told = [notices[each.notice_id] for each in bundle]
    recipient = next((found for each in told if (found := recipients.get((each.id, row.recipient))) is not None), None)
    why = {each.id: _find_obstacle(each, agreed, now) for each in told}
    said = [words[each.id] for each in bundle if not why[each.notice_id]]
    if not said:
        return Unsendable(row.id, why[row.notice_id], is_void=True)
    if row.channel not in ready:
        return Unsendable(row.id, "channel_off", is_void=False, recipient=recipient)
    if not address or recipient is None:
        is_gone = recipient is None or (row.channel == "sms" and row.point_id is None)
        return Unsendable(row.id, "erased" if is_gone else "no_address", is_void=is_gone, recipient=recipient)
    if row.channel == "sms" and not is_mobile(address):
        return Unsendable(row.id, "no_address", is_void=False, recipient=recipient)
    worded = _join(said, row.channel, row.locale)
    message = Message(
        key=row.key,
        address=address,
        subject=worded.subject,
        text=worded.text,
        link=worded.link,
        calendar=_calendar_of(told) if row.channel in _WITH_CALENDAR else None,
        unsubscribe=worded.unsubscribe,
    )
    left_out = {each.id: why[each.notice_id] for each in bundle if why[each.notice_id]}
    is_bundle = row.bundle_id is not None
    return Outgoing(row.id, row.channel, row.lane, recipient, message, row.is_emergency, is_bundle, left_out)


def _calendar_of(told: Sequence[Notice]) -> str | None:
    """The service as a file for the reader's calendar; not where one message tells of several things."""
    found = calendar_for(told[0]) if len(told) == 1 else None
    return found.decode() if found is not None else None


def _load_agreed(notices: Iterable[Notice]) -> dict[int, datetime | None]:
    """When what is reminded of is to be, by order; None: it is not to be any more."""
    orders = {each.order_id for each in notices if each.kind in AHEAD}
    if not orders:
        return {}
    target = aliased(Order)
    rows = db.session.execute(
        select(
            Order.id,
            func.coalesce(target.status, Order.status).label("status"),
            case((target.id.is_not(None), target.agreed_start), else_=Order.agreed_start).label("start"),
        )
        .outerjoin(target, target.id == Order.merged_into_id)
        .where(Order.id.in_(orders))
    )
    return {row.id: row.start if row.status == Status.ACCEPTED else None for row in rows}


def _find_obstacle(notice: Notice, agreed: Mapping[int, datetime | None], now: datetime) -> str:
    """Why this is not to be told any more, a code of `deliver.WHY`; empty when it is. A reminder of what has moved or
    begun meanwhile helps nobody."""
    if notice.withdrawn_at is not None:
        return "withdrawn"
    start = notice.about.get("start")
    if notice.kind not in AHEAD or not isinstance(start, str):
        return ""
    begins = datetime.fromisoformat(start)
    if agreed.get(notice.order_id or 0) != begins:
        return "withdrawn"
    return "late" if begins < now else ""


def _word(rows: Collection[Delivery], notices: Mapping[int, Notice]) -> dict[int, Worded]:
    """The words of each delivery. They are the same for all recipients of a notice but for the link that switches its
    kind off, so where several accounts of a body get it, each has a round of its own."""
    rounds: dict[tuple[int, str, str], list[Delivery]] = defaultdict(list)
    seen: dict[tuple[int, str, str], int] = defaultdict(int)
    for row in rows:
        times = seen[row.notice_id, row.channel, row.locale]
        seen[row.notice_id, row.channel, row.locale] += 1
        rounds[times, row.channel, row.locale].append(row)
    words: dict[int, Worded] = {}
    for (_times, channel, locale), wanted in sorted(rounds.items()):
        found = word_notices(
            [notices[row.notice_id] for row in wanted],
            channel=channel,
            locale=locale,
            recipients={row.notice_id: row.recipient for row in wanted},
        )
        words |= {row.id: found[row.notice_id] for row in wanted}
    return words


def _join(words: Sequence[Worded], channel: str, locale: str) -> Worded:
    """One message for several notices: what each is about, and whole where there is room."""
    if len(words) == 1:
        return words[0]
    most = MOST_LINES.get(channel, MOST_LINES_ELSEWHERE)
    lines = [f"{i}. {each.subject if channel == 'sms' else each.text}" for i, each in enumerate(words[:most], 1)]
    subject = f"您有 {len(words)} 条消息" if locale == "zh" else f"{len(words)} messages for you"
    if len(words) > most:
        rest = len(words) - most
        lines.append(
            f"还有 {rest} 条，请登录查看。" if locale == "zh" else f"{rest} more: please sign in to read them."
        )
    head = f"{subject}{'：' if locale == 'zh' else ':'}"
    return Worded(subject, "\n".join((head, *lines)))


# Addresses


def _load_addresses(rows: Sequence[Delivery]) -> dict[int, str | None]:
    """By delivery: the address as it is now. None: there is none (any more), or its key is lost."""
    points = _open_all(
        select(ContactPoint.id, type_coerce(ContactPoint.address, Text)).where(
            ContactPoint.id.in_({row.point_id for row in rows if row.point_id}), ContactPoint.is_active
        )
    )
    phones = {
        kind: _open_all(select(model.id, type_coerce(column, Text)).where(model.id.in_(ids), condition))
        for kind, model, column, condition in (
            ("order", Order, Order.contact_phone, Order.contact_erased_at.is_(None)),
            ("account", Account, Account.phone, Account.is_active),
            ("volunteer", Volunteer, Volunteer.phone, Volunteer.phone.is_not(None)),
        )
        if (ids := [_id_of(row) for row in rows if row.recipient.startswith(f"{kind}:") and row.point_id is None])
    }
    found: dict[int, str | None] = {}
    for row in rows:
        if row.point_id is not None:
            found[row.id] = points.get(row.point_id)
        else:
            kind = row.recipient.partition(":")[0]
            found[row.id] = phones.get(kind, {}).get(_id_of(row)) if row.channel == "sms" else None
    return found


def _id_of(row: Delivery) -> int:
    return int(row.recipient.partition(":")[2])


def _open_all(statement: Any) -> dict[int, str]:
    """Each by itself: one lost key must not keep the others."""
    vault, opened = current_vault(), {}
    for row_id, sealed in db.session.execute(statement):
        try:
            opened[row_id] = vault.open(sealed) if sealed else ""
        except LostKey:
            continue
    return opened
