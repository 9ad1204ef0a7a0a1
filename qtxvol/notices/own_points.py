"""The addresses at which somebody wishes to be reached: their own, shown to be theirs by a code that is sent there.

Until the code was typed nothing else goes to an address. The code is worked out from the address, the quarter of an
hour and the service's key, so that nothing of it is stored. Addresses of bodies: `channels/contacts.py`.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.attempts import Limit, count_attempt, key_of, seconds_to_wait
from qtxvol.channels.configure import check_address
from qtxvol.channels.message import Message, State
from qtxvol.channels.sending import list_ready, read_settings, send
from qtxvol.channels.specs import CHANNELS, Spec
from qtxvol.extensions import db
from qtxvol.notices.models import ContactPoint
from qtxvol.notices.points import Owner, add_point, drop_point, list_points, order_points
from qtxvol.notices.wishes import wisher_of
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction

#: A code is good for so long at least, and for twice that at most.
CODE_LASTS = timedelta(minutes=15)
#: Messages with a code cost money and may annoy a stranger.
CODES_TO_ADDRESS = Limit(3, timedelta(hours=1), timedelta(hours=1))
CODES_BY_OWNER = Limit(10, timedelta(hours=1), timedelta(hours=1))
GUESSES = Limit(5, timedelta(minutes=30), timedelta(hours=1))
#: Over all of one's addresses: whoever removes one and adds it again gets no fresh guesses.
GUESSES_BY_OWNER = Limit(15, timedelta(hours=1), timedelta(hours=1))
#: Somebody waits in front of the page for it.
_SECONDS = 5.0


def owner_of(actor: Actor) -> Owner:
    """Whose addresses the actor may change: their own.

    :raise Refused: `wrong_party` (403): a resident with a secret link has the order's telephone and no other.
    """
    wisher = wisher_of(actor)
    if wisher.kind == "order":
        raise Refused("wrong_party", 403)
    return Owner(volunteer_id=wisher.id) if wisher.kind == "volunteer" else Owner(account_id=wisher.id)


def list_own(actor: Actor) -> Sequence[ContactPoint]:
    """In the order in which they are tried, without the addresses themselves."""
    return list_points(owner_of(actor))


def list_channels() -> list[Spec]:
    """The channels that are on and of which a person may have an address."""
    ready = list_ready()
    return [spec for code, spec in CHANNELS.items() if code in ready and not spec.is_office_only]


def add_own(actor: Actor, channel: str, text: str, now: datetime) -> int:
    """Add an address; nothing is sent there before `confirm_own`. The same one again is a quiet success.

    :return: its id; `send_code` comes next.
    :raise Refused: `invalid` (422) with `field`.
    """
    if channel not in {spec.code for spec in list_channels()}:
        raise Refused(
            "invalid",
            422,
            field="channel",
            message="这个渠道没有启用，请从列表里选。",
            message_en="This channel is not on. Choose from the list.",
        )
    address = check_address(channel, text, read_settings(channel))
    return add_point(owner_of(actor), channel, address, now=now, by_account_id=actor.account_id, is_active=False)


def send_code(actor: Actor, point_id: int, now: datetime) -> bool:
    """Send the code to the address. Takes up to five seconds, and never inside a transaction.

    :return: False when the channel would not take it.
    :raise NotFound: none of the actor's addresses.
    :raise Refused: `wait` (429); `is_confirmed` (409).
    """
    point, address = _get(actor, point_id)
    if point.verified_at is not None:
        raise Refused("is_confirmed", 409)
    keys = (
        (key_of("code-to", f"{point.channel}:{address}"), CODES_TO_ADDRESS),
        (f"code-by:{wisher_of(actor).kind}:{wisher_of(actor).id}", CODES_BY_OWNER),
    )
    _check_wait(keys, now)
    for key, limit in keys:
        count_attempt(key, limit, now)
    code = _code(point_id, address, _slot(now))
    message = Message(
        key=f"code-{point_id}-{int(now.timestamp())}",  # sent again it is another message: the first may be lost
        address=address,
        subject="青铜峡科普点单：验证码",
        text=f"您的验证码是 {code}，15 分钟内有效。不是您本人操作的，不用理会。",
    )
    return send(point.channel, message, seconds=_SECONDS).state in (State.SENT, State.UNKNOWN)


def confirm_own(actor: Actor, point_id: int, typed: str, now: datetime) -> None:
    """The code came back: from now on the address is used. Confirmed before: nothing happens.

    :raise NotFound: none of the actor's addresses.
    :raise Refused: `wait` (429) after several wrong codes; `invalid` (422) at `code`.
    """
    point, address = _get(actor, point_id)
    if point.verified_at is not None:
        return
    wisher = wisher_of(actor)
    keys = (
        (f"code-guess:{point_id}", GUESSES),
        (f"code-guess-by:{wisher.kind}:{wisher.id}", GUESSES_BY_OWNER),
    )
    _check_wait(keys, now)
    digits = "".join(unicodedata.normalize("NFKC", typed).split())
    good = [_code(point_id, address, _slot(now) - back) for back in (0, 1)]
    if not any(hmac.compare_digest(digits.encode(), each.encode()) for each in good):
        for key, limit in keys:
            count_attempt(key, limit, now)
        raise Refused(
            "invalid",
            422,
            field="code",
            message="验证码不对或已过期，请核对最新的一条；没收到可以重新发送。",
            message_en="This code is wrong or too old. Check the newest message, or send it again.",
        )
    with transaction():
        row = db.session.scalar(
            select(ContactPoint).where(ContactPoint.id == point_id, owner_of(actor).owns()).with_for_update()
        )
        if row is None:
            raise NotFound(point_id)
        row.is_active, row.verified_at = True, now


def move_own(actor: Actor, point_id: int, step: int) -> None:
    """One place up (-1) or down (1) in the chain; at its end nothing happens.

    :raise NotFound: none of the actor's addresses.
    """
    owner = owner_of(actor)
    with transaction():
        ids = [point.id for point in list_points(owner)]
        if point_id not in ids:
            raise NotFound(point_id)
        place = ids.index(point_id)
        other = place + step
        if 0 <= other < len(ids):
            ids[place], ids[other] = ids[other], ids[place]
            order_points(owner, ids)


def drop_own(actor: Actor, point_id: int) -> None:
    """Forget an address of one's own.

    :raise NotFound: none of the actor's addresses.
    """
    drop_point(owner_of(actor), point_id)


def _get(actor: Actor, point_id: int) -> tuple[ContactPoint, str]:
    row = db.session.execute(
        select(ContactPoint, ContactPoint.address).where(ContactPoint.id == point_id, owner_of(actor).owns())
    ).one_or_none()
    if row is None:
        raise NotFound(point_id)
    return row[0], row[1]


def _check_wait(keys: Sequence[tuple[str, Limit]], now: datetime) -> None:
    if wait := max(seconds_to_wait(key, limit, now) for key, limit in keys):
        raise Refused("wait", 429, seconds=wait)


def _slot(now: datetime) -> int:
    return int(now.timestamp() // CODE_LASTS.total_seconds())


def _code(point_id: int, address: str, slot: int) -> str:
    key: str = current_app.extensions["qtxvol_settings"].secret_key
    digest = hmac.digest(key.encode(), f"code:{point_id}:{address}:{slot}".encode(), hashlib.sha256)
    return f"{int.from_bytes(digest[:8]) % 10**6:06d}"
