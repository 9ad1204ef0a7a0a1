"""Send an order to a department: by the community (dispatch), or bindingly by the office (rule)."""

from datetime import datetime

from qtxvol.accounts.actor import Actor
from qtxvol.directory.models import Department
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Action
from qtxvol.orders.models import Order
from qtxvol.orders.transition import Effect, Outcome, change_order, note_clock
from qtxvol.refusals import Refused


def dispatch_order(
    number: str,
    actor: Actor,
    *,
    department_id: str,
    now: datetime,
    text: str = "",
    version: int | None = None,
    key: str | None = None,
) -> Outcome:
    """Give a placed order to a department.

    :param text: a word for the department, optional.
    :raise Refused: `unknown` department (422); else as `change_order`.
    """
    payload = {"department_id": department_id, "text": text}

    def prepare(order: Order) -> Effect:
        _check_department(department_id)
        return Effect({"department_id": department_id, "is_ruled": False}, noted=note_clock(order, now))

    return change_order(number, Action.DISPATCH, actor, payload, now=now, prepare=prepare, version=version, key=key)


def rule_order(
    number: str,
    actor: Actor,
    *,
    department_id: str,
    text: str,
    now: datetime,
    version: int | None = None,
    key: str | None = None,
) -> Outcome:
    """Decide which department serves an order that nobody wants. The department can't return it.

    :param text: why.
    :raise Refused: `needs_no_ruling` (409): fewer than two returns and nothing overdue; `unknown` department (422).
    """
    payload = {"department_id": department_id, "text": text}

    def prepare(order: Order) -> Effect:
        _check_department(department_id)
        return Effect({"department_id": department_id, "is_ruled": True})

    return change_order(number, Action.RULE, actor, payload, now=now, prepare=prepare, version=version, key=key)


def _check_department(department_id: str) -> None:
    department = db.session.get(Department, department_id)
    if department is None or not department.is_active:
        raise Refused("unknown", 422, field="department_id")
