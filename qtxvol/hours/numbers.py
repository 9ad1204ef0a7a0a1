"""The numbers that the office sets for this room: the newest of a name counts, the older ones stay readable."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account
from qtxvol.base import AnyRow
from qtxvol.extensions import db
from qtxvol.hours.models import HoursRule
from qtxvol.hours.rules import NUMBERS
from qtxvol.orders.lifecycle import Party
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction


def get_number(name: str) -> int:
    """The number in force."""
    newest = select(HoursRule.value).where(HoursRule.name == name).order_by(HoursRule.id.desc()).limit(1)
    value = db.session.scalar(newest)
    return NUMBERS[name].default if value is None else value


def get_numbers() -> dict[str, int]:
    """All of them; one statement."""
    newest = select(func.max(HoursRule.id)).group_by(HoursRule.name)
    rows = db.session.execute(select(HoursRule.name, HoursRule.value).where(HoursRule.id.in_(newest)))
    return {**{name: each.default for name, each in NUMBERS.items()}, **{name: value for name, value in rows}}


def set_number(actor: Actor, name: str, value: int, now: datetime) -> bool:
    """Set a number from now on; False when it stood so already.

    :raise NotFound: no such number.
    :raise Refused: `wrong_party` (403); `out_of_range` with `field`, `low`, `high` (422).
    """
    if actor.party is not Party.OFFICE or actor.account_id is None:
        raise Refused("wrong_party", 403)
    if name not in NUMBERS:
        raise NotFound(name)
    limits = NUMBERS[name]
    if not limits.low <= value <= limits.high:
        raise Refused("out_of_range", 422, field=name, low=limits.low, high=limits.high)
    with transaction():
        if get_number(name) == value:
            return False
        db.session.add(HoursRule(name=name, value=value, set_by_account_id=actor.account_id, set_at=now))
        return True


def list_changes() -> Sequence[AnyRow]:
    """Who set what when, newest first; 50 at most."""
    return db.session.execute(
        select(HoursRule.name, HoursRule.value, HoursRule.set_at, Account.display_name.label("who"))
        .join(Account, Account.id == HoursRule.set_by_account_id)
        .order_by(HoursRule.id.desc())
        .limit(50)
    ).all()
