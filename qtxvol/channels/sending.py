"""Send one message through one channel. Called by the worker, between transactions: it may take ten seconds."""

import json
import logging
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import or_, select, update

from qtxvol.base import utcnow
from qtxvol.channels import dingtalk, feishu, mail, more, sms, webhook, wecom
from qtxvol.channels.addresses import mask_numbers
from qtxvol.channels.message import Fault, Message, Receipt, State, Way
from qtxvol.channels.models import Channel
from qtxvol.channels.robots import split_address
from qtxvol.channels.specs import CHANNELS, SpecType
from qtxvol.extensions import db
from qtxvol.privacy.vault import LostKey

__all__ = ["Message", "Receipt", "State", "list_ready", "note_receipt", "send"]

_LOG = logging.getLogger(__name__)

SENDERS: Mapping[str, Callable[[Message, Way], Receipt]] = {
    "mail": mail.send,
    "sms": sms.send,
    "wecom": wecom.send,
    "dingtalk": dingtalk.send,
    "feishu": feishu.send,
    "webhook": webhook.send,
    "apprise": more.send,
}

_LONGEST_DETAIL = 200
#: `sent_at` and `failed_at` are to the minute.
_GRAIN = timedelta(minutes=1)


def send(
    channel: str, message: Message, *, seconds: float = 10.0, settings: Mapping[str, str] | None = None
) -> Receipt:
    """Send, and say what became of it. Never raises, never logs an address or a text.

    :param channel: one of `CHANNELS`; whether it is on is the caller's to know (`list_ready`).
    :param seconds: for all of it, the answer included.
    :param settings: to try out before they are saved; None reads the stored ones.
    """
    try:
        setup = dict(settings) if settings is not None else read_settings(channel)
        if setup is None:
            raise Fault(State.RETRY, "not_configured")
        way = Way(setup, utcnow(), frozenset(current_app.extensions["qtxvol_settings"].outgoing_hosts), seconds)
        return _clean(SENDERS[channel](message, way), message, setup)
    except Fault as fault:
        return _clean(fault.receipt, message, {})
    except Exception as error:
        # a mistake of ours, and nobody knows how far it came; the error's own words may hold the address
        _LOG.error("channel %s: %s at %s", channel, type(error).__name__, _place_of(error))
        return Receipt(State.UNKNOWN, "broken")


def list_ready() -> frozenset[str]:
    """Channels that are on; what they need is there, or they could not have been switched on. One statement."""
    return frozenset(db.session.scalars(select(Channel.code).where(Channel.is_on)))


def read_settings(channel: str) -> dict[str, str] | None:
    """The stored settings over the defaults; None where the channel was never set up or its key is lost.

    On a connection of its own: the caller's session stays as it is, and no snapshot stays open while the network is
    waited for.
    """
    with db.engine.connect() as connection:
        try:
            stored = connection.execute(select(Channel.settings).where(Channel.code == channel)).scalar()
        except LostKey:
            return None
    if stored is None:
        return None
    return {**CHANNELS[channel].defaults, **json.loads(stored or "{}")}


def note_receipt(channel: str, receipt: Receipt, now: datetime) -> None:
    """Keep when the channel last worked and last did not. Inside the caller's `transaction()`; at most one row a minute
    changes, so a busy channel is not held up by its own row."""
    is_sent = receipt.state == State.SENT
    field = Channel.sent_at if is_sent else Channel.failed_at
    failed: dict[str, Any] = {"failed_at": now, "failure": receipt.detail[:_LONGEST_DETAIL]}
    values: dict[str, Any] = {"sent_at": now} if is_sent else failed
    statement = update(Channel).where(Channel.code == channel, or_(field.is_(None), field < now - _GRAIN))
    db.session.connection().execute(statement.values(values))


def _clean(receipt: Receipt, message: Message, setup: Mapping[str, str]) -> Receipt:
    """What the other side said, without anything of ours that it may have repeated."""
    detail = " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", receipt.detail).split())
    secrets = [field.name for spec in CHANNELS.values() for field in spec.fields if field.type is SpecType.SECRET]
    url, own = split_address(message.address)
    for private in (message.address, url, own, message.text, *(setup.get(name, "") for name in secrets)):
        if len(private) > 3:
            detail = detail.replace(private, "…")
    return Receipt(receipt.state, mask_numbers(detail)[:_LONGEST_DETAIL], receipt.reference[:64], receipt.retry_after)


def _place_of(error: BaseException) -> str:
    """Where in our code it happened."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return f"{place.tb_frame.f_code.co_name}:{place.tb_lineno}" if place else "?"
