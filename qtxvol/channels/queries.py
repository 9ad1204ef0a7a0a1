"""Reads of the channels."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from qtxvol.base import AnyRow
from qtxvol.channels.configure import get_spec
from qtxvol.channels.models import Channel, ChannelEvent
from qtxvol.channels.sending import read_settings
from qtxvol.channels.specs import CHANNELS, Spec, SpecType
from qtxvol.extensions import db
from qtxvol.notices.models import ContactPoint


@dataclass(frozen=True, slots=True)
class Standing:
    """A channel as the office sees it, without its settings.

    :ivar addresses: of bodies. :ivar version: 0 where it was never set up.
    """

    spec: Spec
    is_on: bool = False
    version: int = 0
    addresses: int = 0
    sent_at: datetime | None = None
    failed_at: datetime | None = None
    failure: str = ""

    @property
    def is_failing(self) -> bool:
        """The last that is known of it is a failure."""
        return self.failed_at is not None and (self.sent_at is None or self.failed_at > self.sent_at)


def list_channels() -> list[Standing]:
    """All of them, in the order of `CHANNELS`; two statements."""
    columns = (Channel.code, Channel.is_on, Channel.version, Channel.sent_at, Channel.failed_at, Channel.failure)
    rows = {row.code: row for row in db.session.execute(select(*columns))}
    of_bodies = select(ContactPoint.channel, func.count()).where(ContactPoint.party != "")
    counts = {row[0]: row[1] for row in db.session.execute(of_bodies.group_by(ContactPoint.channel))}
    return [_standing(spec, rows.get(code), counts.get(code, 0)) for code, spec in CHANNELS.items()]


def get_channel(code: str) -> Standing:
    """:raise NotFound: no such channel."""
    get_spec(code)
    return next(each for each in list_channels() if each.spec.code == code)


def read_shown(code: str) -> tuple[dict[str, str], frozenset[str]]:
    """The settings as a form shows them, without secrets, and the names of the secrets that are there."""
    spec = get_spec(code)
    stored = read_settings(code) or spec.defaults
    secrets = {field.name for field in spec.fields if field.type is SpecType.SECRET}
    shown = {name: value for name, value in stored.items() if name not in secrets}
    return shown, frozenset(name for name in secrets if stored.get(name))


def list_events(code: str, limit: int = 20) -> Sequence[AnyRow]:
    """Who changed what about a channel, newest first."""
    statement = select(ChannelEvent).where(ChannelEvent.channel == code)
    return db.session.execute(statement.order_by(ChannelEvent.id.desc()).limit(limit)).all()


def _standing(spec: Spec, row: AnyRow | None, addresses: int) -> Standing:
    if row is None:
        return Standing(spec, addresses=addresses)
    return Standing(spec, row.is_on, row.version, addresses, row.sent_at, row.failed_at, row.failure)
