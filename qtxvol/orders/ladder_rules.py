"""What the service may do by itself when nobody acts: the office's switches. The newest of a name counts, the older
ones stay readable. How long it waits first is no rule of its own: that is what the time limits say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account
from qtxvol.accounts.office import check_office
from qtxvol.base import AnyRow
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Label
from qtxvol.orders.models import LadderRule
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction


@dataclass(frozen=True, slots=True)
class Switch:
    """Something that the service does by itself unless the office says no.

    :ivar otherwise: what happens instead when it is off.
    """

    label: Label
    note: Label
    otherwise: Label


SWITCHES: Mapping[str, Switch] = {
    "reroute": Switch(
        Label("领单超时一倍，自动转派给下一个部门", "Twice overdue unclaimed: reroute to the next department"),
        Label(
            "应急单超时就转派。只转给菜单和规划写明的部门，每个部门一次；社区或纲要办可以撤销转派。",
            "Emergencies as soon as they are overdue. Only departments that the menu and the plan name, each once; the "
            "community or the office can undo it.",
        ),
        Label("关掉后只催办，由纲要办裁定。", "When off: reminders only, and the office rules."),
    ),
    "lapse": Switch(
        Label(
            "接单后没有打电话、没有到场登记，自动收回另找队", "No call or no sign of the service: take the order back"
        ),
        Label(
            "先问服务队，仍没有消息才收回；有人签到的不收回。不扣时长，不记未到场；部门或纲要办可以恢复接单。",
            "The team is asked first; never when anybody checked in. It costs no hours and leaves no mark; the "
            "department or the office can undo it.",
        ),
        Label("关掉后只催办，由部门和纲要办处理。", "When off: reminders only; department and office act."),
    ),
}


def get_switches() -> dict[str, bool]:
    """All of them, on unless they were turned off; one statement."""
    newest = select(func.max(LadderRule.id)).group_by(LadderRule.name)
    rows = db.session.execute(select(LadderRule.name, LadderRule.is_on).where(LadderRule.id.in_(newest)))
    return {**dict.fromkeys(SWITCHES, True), **{name: is_on for name, is_on in rows if name in SWITCHES}}


def set_switch(actor: Actor, name: str, is_on: bool, now: datetime) -> bool:
    """Turn a switch from now on; False when it stood so already.

    :raise NotFound: no such switch.
    :raise Refused: `wrong_party` (403).
    """
    check_office(actor)
    if actor.account_id is None:
        raise Refused("wrong_party", 403)
    if name not in SWITCHES:
        raise NotFound(name)
    with transaction():
        if get_switches()[name] == is_on:
            return False
        db.session.add(LadderRule(name=name, is_on=is_on, set_by_account_id=actor.account_id, set_at=now))
        return True


def list_changes() -> Sequence[AnyRow]:
    """Who turned what when, newest first; 50 at most."""
    return db.session.execute(
        select(LadderRule.name, LadderRule.is_on, LadderRule.set_at, Account.display_name.label("who"))
        .join(Account, Account.id == LadderRule.set_by_account_id)
        .order_by(LadderRule.id.desc())
        .limit(50)
    ).all()
