"""Setting one's own data right: at once where one can, otherwise by asking the office."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account
from qtxvol.accounts.office import check_office
from qtxvol.accounts.permissions import visible_orders
from qtxvol.accounts.phones import parse_phone
from qtxvol.base import AnyRow
from qtxvol.extensions import db
from qtxvol.orders.call_backs import open_call_back
from qtxvol.orders.calls import CallCause
from qtxvol.orders.lifecycle import OPEN, Party, Status
from qtxvol.orders.models import Order
from qtxvol.privacy.models import Correction
from qtxvol.privacy.numbers import has_number
from qtxvol.privacy.vault import current_vault
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction

LONGEST_NAME = 32
LONGEST_REQUEST = 300


def correct_contact(
    number: str,
    actor: Actor,
    *,
    name: str = "",
    phone: str = "",
    second_name: str = "",
    second_phone: str = "",
    drops_second: bool = False,
    now: datetime,
) -> list[str]:
    """Set name or phone of an order right while somebody may still call; whoever handles it calls the new number from
    now on. Of an order that ended as unreachable it is the way to be called again: a task for the community.

    :param name: empty leaves it as it is; so does an empty `phone`, and the same of the second contact.
    :param drops_second: nobody else is to be called any more.
    :return: the fields that were changed.
    :raise NotFound: no such order within the actor's scope.
    :raise Refused: `wrong_party` (403); `invalid` (409) once it is over; `invalid`, `missing` or `same_phone` (422)
        with `field`.
    """
    if actor.party is not Party.RESIDENT:
        raise Refused("wrong_party", 403)
    name, digits = _check_name("name", name), _check_phone("phone", phone)
    second_name, second_digits = _check_name("second_name", second_name), _check_phone("second_phone", second_phone)
    with transaction():
        order = db.session.scalars(
            select(Order).where(Order.number == number, visible_orders(actor)).with_for_update()
        ).one_or_none()
        if order is None:
            raise NotFound(number)
        if not may_correct(order):
            raise Refused(
                "invalid",
                409,
                message="这张单已经结束，不用再联系，资料不能再改；可以删除。",
                message_en="This order is over: its data can't be changed any more, but it can be erased.",
            )
        _check_differ(order, digits, "" if drops_second else second_digits, drops_second=drops_second)
        changed = []
        if name:
            order.contact_name = name
            changed.append("name")
        if digits:
            order.contact_phone, order.contact_phone_tail = digits, digits[-4:]
            order.contact_phone_digest = current_vault().digest("phone", digits)
            changed.append("phone")
        changed += _correct_second(order, second_name, second_digits, drops_second)
        if changed:
            db.session.add(Correction(order_id=order.id, text=" ".join(changed), asked_at=now, done_at=now))
            if order.status == Status.UNREACHABLE:
                open_call_back(order, CallCause.ASKED_AGAIN, now)
        return changed


def may_correct(order: Order) -> bool:
    """Somebody may still call: it is open, or it ended because nobody was reached and can be taken up again."""
    return order.contact_erased_at is None and (order.status in OPEN or order.status == Status.UNREACHABLE)


def _check_differ(order: Order, first: str, second: str, *, drops_second: bool) -> None:
    """Whoever is not reached at one number is called at another.

    :param first: and `second`, the new numbers; empty leaves one as it is.
    :raise Refused: `same_phone` (422) with `field`.
    """
    if not first and not second:
        return
    was = db.session.execute(select(Order.contact_phone, Order.second_phone).where(Order.id == order.id)).one()
    kept = "" if drops_second else was.second_phone
    if (first or was.contact_phone) == (second or kept):
        raise Refused("same_phone", 422, field="second_phone" if second else "phone")


def _correct_second(order: Order, name: str, digits: str, drops: bool) -> list[str]:
    """The second contact: set, or taken away. A name alone needs a number that is there already.

    :raise Refused: `missing` (422) with `field`.
    """
    if drops:
        had = bool(order.second_phone_tail)
        order.second_name = order.second_phone = order.second_phone_tail = ""
        return ["second_phone"] if had else []
    if name and not digits and not order.second_phone_tail:
        raise Refused("missing", 422, field="second_phone")
    if name:
        order.second_name = name
    if digits:
        order.second_phone, order.second_phone_tail = digits, digits[-4:]
    return ["second_name"] * bool(name) + ["second_phone"] * bool(digits)


def _check_phone(field: str, text: str) -> str:
    """Its digits; empty stays empty."""
    digits = parse_phone(text) if text.strip() else ""
    if digits is None:
        raise Refused(
            "invalid",
            422,
            field=field,
            message="电话号码不对。请填 11 位手机号，或带区号的座机号，例如 0953 3051234。",
            message_en="Not a telephone number: eleven digits of a mobile, or a landline with its area code.",
        )
    return digits


def _check_name(field: str, text: str) -> str:
    name = text.strip()
    if len(name) > LONGEST_NAME or has_number(name):
        raise Refused(
            "invalid",
            422,
            field=field,
            message=f"称呼最多 {LONGEST_NAME} 个字，里面不要写号码。",
            message_en=f"At most {LONGEST_NAME} characters, and no numbers in it.",
        )
    return name


def ask_for_correction(account_id: int, text: str, now: datetime) -> None:
    """Ask the office to set something right that its owner can't.

    :raise Refused: `invalid` (422) with `field`: nothing written, or too much.
    """
    text = text.strip()
    if not 0 < len(text) <= LONGEST_REQUEST:
        raise Refused(
            "invalid",
            422,
            field="text",
            message=f"请写明哪一项不对、应该是什么，最多 {LONGEST_REQUEST} 个字。",
            message_en=f"Say what is wrong and what it should be, in at most {LONGEST_REQUEST} characters.",
        )
    with transaction():
        db.session.add(Correction(account_id=account_id, text=text, asked_at=now))


def finish_correction(correction_id: int, actor: Actor, now: datetime) -> None:
    """The office has set it right, or answered.

    :raise NotFound: no such request. :raise Refused: `wrong_party` (403).
    """
    check_office(actor)
    with transaction():
        found = db.session.get(Correction, correction_id, with_for_update=True)
        if found is None:
            raise NotFound(correction_id)
        if found.done_at is None:
            found.done_at, found.done_by_account_id = now, actor.account_id


def list_open_corrections() -> Sequence[AnyRow]:
    """What people have asked the office to set right, oldest first, with who asks."""
    return db.session.execute(
        select(Correction, Account.username, Account.display_name)
        .join(Account, Account.id == Correction.account_id)
        .where(Correction.done_at.is_(None))
        .order_by(Correction.id)
    ).all()
