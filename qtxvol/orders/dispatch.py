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
    suggested_department_id: str = "",
    override_why: str = "",
    version: int | None = None,
    key: str | None = None,
) -> Outcome:
    """Give a placed order to a department.

    :param text: a word for the department, optional.
    :param suggested_department_id: which one the service suggested first; another is an override, and is kept as one.
    :param override_why: a code of why, optional; no words, for it stays for ever.
    :raise Refused: `unknown` department (422); else as `change_order`.
    """
    payload = {"department_id": department_id, "text": text}

    def prepare(order: Order) -> Effect:
        _check_department(department_id)
        noted = note_clock(order, now) | _note_choice(department_id, suggested_department_id, override_why)
        return Effect({"department_id": department_id, "is_ruled": False}, noted=noted)

    return change_order(number, Action.DISPATCH, actor, payload, now=now, prepare=prepare, version=version, key=key)


def rule_order(
    number: str,
    actor: Actor,
    *,
    department_id: str,
    text: str,
    now: datetime,
    suggested_department_id: str = "",
    override_why: str = "",
    version: int | None = None,
    key: str | None = None,
) -> Outcome:
    """Decide which department serves an order that nobody wants. The department can't return it.

    :param text: why. For the others see `dispatch_order`.
    :raise Refused: `needs_no_ruling` (409): fewer than two returns and nothing overdue; `unknown` department (422).
    """
    payload = {"department_id": department_id, "text": text}

    def prepare(order: Order) -> Effect:
        _check_department(department_id)
        noted = _note_choice(department_id, suggested_department_id, override_why)
        return Effect({"department_id": department_id, "is_ruled": True}, noted=noted)

    return change_order(number, Action.RULE, actor, payload, now=now, prepare=prepare, version=version, key=key)


def _note_choice(department_id: str, suggested_department_id: str, override_why: str) -> dict[str, object]:
    """What was suggested and whether it was followed; nothing where nothing was suggested."""
    if not suggested_department_id:
        return {}
    is_override = department_id != suggested_department_id
    why = {"override_why": override_why} if is_override and override_why else {}
    return {"suggested_department_id": suggested_department_id, "is_override": is_override, **why}


def _check_department(department_id: str) -> None:
    department = db.session.get(Department, department_id)
    if department is None or not department.is_active:
        raise Refused("unknown", 422, field="department_id")
