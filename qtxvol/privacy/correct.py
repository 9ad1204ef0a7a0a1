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
from qtxvol.orders.lifecycle import OPEN, Party
from qtxvol.orders.models import Order
from qtxvol.privacy.models import Correction
from qtxvol.privacy.numbers import has_number
from qtxvol.privacy.vault import current_vault
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction

LONGEST_NAME = 32
LONGEST_REQUEST = 300


def correct_contact(number: str, actor: Actor, *, name: str = "", phone: str = "", now: datetime) -> list[str]:
    """Set name or phone of an order right while it is open; whoever handles it calls the new number from now on.

    :param name: empty leaves it as it is; so does an empty `phone`.
    :return: the fields that were changed.
    :raise NotFound: no such order within the actor's scope.
    :raise Refused: `wrong_party` (403); `invalid` (409) once it is over, (422) with `field`.
    """
    if actor.party is not Party.RESIDENT:
        raise Refused("wrong_party", 403)
    name, digits = name.strip(), parse_phone(phone) if phone.strip() else ""
    if digits is None:
        raise Refused(
            "invalid",
            422,
            field="phone",
            message="电话号码不对。请填 11 位手机号，或带区号的座机号，例如 0953 3051234。",
            message_en="Not a telephone number: eleven digits of a mobile, or a landline with its area code.",
        )
    if len(name) > LONGEST_NAME or has_number(name):
        raise Refused(
            "invalid",
            422,
            field="name",
            message=f"称呼最多 {LONGEST_NAME} 个字，里面不要写号码。",
            message_en=f"At most {LONGEST_NAME} characters, and no numbers in it.",
        )
    with transaction():
        order = db.session.scalars(
            select(Order).where(Order.number == number, visible_orders(actor)).with_for_update()
        ).one_or_none()
        if order is None:
            raise NotFound(number)
        if order.status not in OPEN:
            raise Refused(
                "invalid",
                409,
                message="这张单已经结束，不用再联系，资料不能再改；可以删除。",
                message_en="This order is over: its data can't be changed any more, but it can be erased.",
            )
        changed = []
        if name:
            order.contact_name = name
            changed.append("name")
        if digits:
            order.contact_phone, order.contact_phone_tail = digits, digits[-4:]
            order.contact_phone_digest = current_vault().digest("phone", digits)
            changed.append("phone")
        if changed:
            db.session.add(Correction(order_id=order.id, text=" ".join(changed), asked_at=now, done_at=now))
        return changed


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
