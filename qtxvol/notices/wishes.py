"""What somebody wishes to be told, how, and in which language. Must-know kinds and emergencies can't be muted.

A clerk or leader wishes for their account, a volunteer for themself, a resident without an account for one order.
Where to (addresses) is in `own_points.py`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import IntegrityError

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account, Seat
from qtxvol.extensions import db
from qtxvol.notices.kinds import KINDS, NoticeKind
from qtxvol.notices.links import Unsubscribing
from qtxvol.notices.models import NoticeWish
from qtxvol.notices.readers import Wish
from qtxvol.notices.variables import LOCALES
from qtxvol.orders.lifecycle import Party
from qtxvol.orders.models import Order
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Volunteer

MINUTES_OF_DAY = 24 * 60


@dataclass(frozen=True, slots=True)
class Wisher:
    """Whose wish it is. :ivar kind: `account`, `volunteer` or `order`."""

    kind: str
    id: int

    def owns(self) -> ColumnElement[bool]:
        """The wish of this one."""
        return getattr(NoticeWish, f"{self.kind}_id") == self.id  # type: ignore[no-any-return]


def wisher_of(actor: Actor) -> Wisher:
    """Whose wishes the actor may change: their own.

    :raise Refused: `wrong_party` (403): the system has none.
    """
    if actor.party is Party.VOLUNTEER and actor.volunteer_id is not None:
        return Wisher("volunteer", actor.volunteer_id)
    if actor.account_id is not None:
        return Wisher("account", actor.account_id)
    if actor.order_id is not None:
        return Wisher("order", actor.order_id)
    raise Refused("wrong_party", 403)


def list_optional(party: Party) -> list[NoticeKind]:
    """The kinds that a reader of this party may unsubscribe from."""
    return [kind for kind in KINDS.values() if kind.is_optional and party in kind.readers]


def list_needed(party: Party) -> list[NoticeKind]:
    """The kinds that a reader of this party gets whatever they wish, steps of orders apart."""
    return [kind for kind in KINDS.values() if not kind.is_optional and not kind.is_step and party in kind.readers]


def get_wish(wisher: Wisher) -> Wish:
    """What was wished; where nothing was, what their account wishes (as `Readers` does), else the usual."""
    row = db.session.scalar(select(NoticeWish).where(wisher.owns()))
    if row is None and (account := _account_of(wisher)) is not None:
        row = db.session.scalar(select(NoticeWish).where(NoticeWish.account_id == account))
    if row is None:
        return Wish()
    return Wish(frozenset(row.muted), row.is_digest, row.locale, row.quiet_from, row.quiet_until)


def _account_of(wisher: Wisher) -> int | None:
    """The account whose wishes hold for an order or a volunteer as long as these have none of their own."""
    match wisher.kind:
        case "order":
            mine = Order.id == wisher.id, Order.is_on_behalf.is_(False)
            return db.session.scalar(select(Order.placed_by_account_id).where(*mine))
        case "volunteer":
            seats = Seat.party == Party.VOLUNTEER, Seat.volunteer_id == wisher.id
            return db.session.scalar(select(Seat.account_id).where(*seats).order_by(Seat.id).limit(1))
    return None


def save_wish(
    actor: Actor,
    *,
    wanted: Iterable[str],
    is_digest: bool,
    locale: str,
    quiet_from: int,
    quiet_until: int,
    now: datetime,
) -> None:
    """Write the actor's own wishes.

    :param wanted: of the kinds that this party may mute, those to go on; kinds of other desks stay as they were.
    :param quiet_from: minute of the city's day, like `quiet_until`; the same twice means no quiet hours.
    :raise Refused: `wrong_party` (403); `invalid` (422) with `field`.
    """
    if locale not in LOCALES:
        _refuse("locale", "请从列表里选一种语言。", "Choose a language from the list.")
    for field, minute in (("quiet_from", quiet_from), ("quiet_until", quiet_until)):
        if not 0 <= minute < MINUTES_OF_DAY:
            _refuse(field, "请填 00:00 到 23:59 之间的时间。", "A time from 00:00 to 23:59.")
    choices = {kind.code for kind in list_optional(actor.party)}
    muted = choices - set(wanted)

    def change(row: NoticeWish) -> None:
        row.muted = sorted(muted | (set(row.muted) - choices))
        row.is_digest, row.locale = is_digest, locale
        row.quiet_from, row.quiet_until = quiet_from, quiet_until

    _write(wisher_of(actor), change, now)


def set_muted(wisher: Wisher, kinds: Iterable[str], is_muted: bool, now: datetime) -> None:
    """Stop some kinds, or go on with them. Done so already: nothing happens.

    :raise NotFound: no such account, volunteer or order.
    :raise Refused: `must_know` (422): one of the kinds is not optional.
    """
    codes = set(kinds)
    if any(code not in KINDS or not KINDS[code].is_optional for code in codes):
        raise Refused("must_know", 422)
    _check_there(wisher)

    def change(row: NoticeWish) -> None:
        row.muted = sorted(set(row.muted) | codes if is_muted else set(row.muted) - codes)

    _write(wisher, change, now)


def set_reminders(actor: Actor, is_on: bool, now: datetime) -> None:
    """The resident of one order switches everything optional about it on or off."""
    set_muted(wisher_of(actor), [kind.code for kind in list_optional(Party.RESIDENT)], not is_on, now)


def has_reminders(order_id: int) -> bool:
    """Is anything optional about the order still sent to its resident?"""
    muted = get_wish(Wisher("order", order_id)).muted
    return any(kind.code not in muted for kind in list_optional(Party.RESIDENT))


def unsubscribe(asked: Unsubscribing, is_muted: bool, now: datetime) -> None:
    """What the holder of a genuine link wishes. Raises as `set_muted`."""
    set_muted(Wisher(asked.owner, asked.owner_id), [asked.kind], is_muted, now)


def _check_there(wisher: Wisher) -> None:
    models: dict[str, Any] = {"account": Account, "volunteer": Volunteer, "order": Order}
    model = models[wisher.kind]
    if db.session.scalar(select(model.id).where(model.id == wisher.id)) is None:
        raise NotFound(wisher)


def _write(wisher: Wisher, change: Any, now: datetime) -> None:
    try:
        _change(wisher, change, now)
    except IntegrityError:  # PostgreSQL: another first wish was faster by a hair; now there is a row to lock
        _change(wisher, change, now)


def _change(wisher: Wisher, change: Any, now: datetime) -> None:
    with transaction():
        row = db.session.scalar(select(NoticeWish).where(wisher.owns()).with_for_update())
        if row is None:
            usual = get_wish(wisher)  # a first wish of one's own changes nothing else
            row = NoticeWish(
                **{f"{wisher.kind}_id": wisher.id},
                muted=sorted(usual.muted),
                is_digest=usual.is_digest,
                locale=usual.locale,
                quiet_from=usual.quiet_from,
                quiet_until=usual.quiet_until,
            )
            db.session.add(row)
        change(row)
        row.changed_at = now


def _refuse(field: str, zh: str, en: str) -> None:
    raise Refused("invalid", 422, field=field, message=zh, message_en=en)
