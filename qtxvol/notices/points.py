"""Addresses by which people and bodies are reached. Who may add one is for the page that asks; what an address has
to look like is for its channel. Full addresses are read here alone, when something is sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, select

from qtxvol.accounts.phones import mask_phone, parse_phone
from qtxvol.extensions import db
from qtxvol.notices.models import CHANNELS, ContactPoint
from qtxvol.privacy.vault import current_vault
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction

#: No chain is longer.
MOST_POINTS = 8


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose address it is: exactly one of an account, a volunteer and a body (`party` with `scope`)."""

    account_id: int | None = None
    volunteer_id: int | None = None
    party: str = ""
    scope: str = ""

    def owns(self) -> ColumnElement[bool]:
        """The addresses of this owner."""
        if self.account_id is not None:
            return ContactPoint.account_id == self.account_id
        if self.volunteer_id is not None:
            return ContactPoint.volunteer_id == self.volunteer_id
        return (ContactPoint.party == self.party) & (ContactPoint.scope == self.scope)


def list_points(owner: Owner) -> Sequence[ContactPoint]:
    """The owner's addresses in the order in which they are tried, without the addresses themselves."""
    return db.session.scalars(
        select(ContactPoint).where(owner.owns()).order_by(ContactPoint.rank, ContactPoint.id)
    ).all()


def add_point(
    owner: Owner, channel: str, address: str, *, now: datetime, by_account_id: int | None = None, is_active: bool = True
) -> int:
    """Add an address at the end of the owner's chain. The same one again is a quiet success.

    :raise Refused: `invalid` (422) with `field`.
    """
    address = _checked(channel, address)
    digests = current_vault().digests("address", address)
    with transaction():
        points = list_points(owner)
        known = next((each for each in points if each.channel == channel and each.address_digest in digests), None)
        if known is not None:
            known.is_active = known.is_active or is_active
            return known.id
        if len(points) >= MOST_POINTS:
            raise Refused(
                "invalid",
                422,
                field="address",
                message=f"最多 {MOST_POINTS} 个接收方式。请先删掉一个不用的。",
                message_en=f"At most {MOST_POINTS} addresses. Remove one that is not used first.",
            )
        point = ContactPoint(
            account_id=owner.account_id,
            volunteer_id=owner.volunteer_id,
            party=owner.party,
            scope=owner.scope,
            channel=channel,
            address=address,
            address_digest=digests[0],
            masked=mask_address(channel, address),
            rank=len(points) + 1,
            is_active=is_active,
            added_at=now,
            added_by_account_id=by_account_id,
        )
        db.session.add(point)
        db.session.flush()
        _renumber([*points, point])
        return point.id


def order_points(owner: Owner, ids: Sequence[int]) -> None:
    """Try the addresses in this order; those that are not named come after."""
    with transaction():
        place = {point_id: i for i, point_id in enumerate(ids)}
        _renumber(sorted(list_points(owner), key=lambda each: place.get(each.id, len(place) + each.rank)))


def drop_point(owner: Owner, point_id: int) -> None:
    """Forget an address. What waits to be sent to it goes to the next in the chain.

    :raise NotFound: none of this owner's.
    """
    with transaction():
        points = list_points(owner)
        gone = next((each for each in points if each.id == point_id), None)
        if gone is None:
            raise NotFound(point_id)
        db.session.delete(gone)
        _renumber([each for each in points if each is not gone])


def is_mobile(number: str) -> bool:
    """Can a message be sent to it? To a landline none can."""
    return number.startswith("1") and len(number) == 11


def mask_address(channel: str, address: str) -> str:
    """Enough to recognise one's own: `z***@example.org`, `*******1234`, `qyapi.weixin.qq.com …3f9a`."""
    if channel == "sms":
        return mask_phone(address)
    if channel == "mail":
        name, _at, host = address.partition("@")
        return f"{name[:1]}***@{host}"[:64]
    plain = address.partition("#")[0]  # behind it stands a robot's signing secret
    return f"{(urlsplit(plain).hostname or '')[:50]} …{plain[-4:]}"


def _checked(channel: str, address: str) -> str:
    """The address as it is kept: what no channel could reach is refused; the channel itself knows more."""
    address = address.strip()
    if channel not in CHANNELS:
        raise Refused("invalid", 422, field="channel", message="没有这种接收方式。", message_en="No such channel.")
    if channel == "sms":
        number = parse_phone(address) or ""
        if not is_mobile(number):
            _refuse("请填 11 位手机号。", "Please type a mobile number of 11 digits.")
        return number
    if not address or len(address) > 500 or not address.isprintable() or " " in address:
        _refuse("地址不能空着，也不能有空格，最长 500 字。", "An address without spaces, of at most 500 letters.")
    if channel == "mail" and (address.count("@") != 1 or "." not in address.partition("@")[2] or address[0] == "@"):
        _refuse("邮箱要像 name@example.org 这样。", "A mail address looks like name@example.org.")
    return address


def _refuse(zh: str, en: str) -> None:
    raise Refused("invalid", 422, field="address", message=zh, message_en=en)


def _renumber(points: Sequence[ContactPoint]) -> None:
    for i, point in enumerate(points, 1):
        point.rank = i
