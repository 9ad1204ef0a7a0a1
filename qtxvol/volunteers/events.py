"""What happened to a volunteer, in lines that nobody can change: writing one, and reading them."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Label
from qtxvol.volunteers.models import VolunteerEvent

ACTIONS: Mapping[str, Label] = {
    "register": Label("登记", "Registered"),
    "return": Label("重新登记", "Registered again"),
    "identify": Label("补录证件", "Document added"),
    "edit": Label("更正资料", "Card corrected"),
    "verify": Label("核验通过", "Verified"),
    "pause": Label("暂停", "Paused"),
    "resume": Label("恢复", "Resumed"),
    "leave": Label("退出", "Left"),
    "refuse": Label("核验不通过", "Refused"),
    "merge": Label("合并", "Merged"),
    "undo_merge": Label("撤销合并", "Merge undone"),
    "team": Label("换队", "Changed team"),
    "role": Label("队内职务", "Role in the team"),
}
LONGEST_REASON = 200


def tell(
    volunteer_id: int,
    action: str,
    actor: Actor,
    now: datetime,
    *,
    was: str = "",
    became: str = "",
    reason: str = "",
) -> None:
    """Add a line, inside the caller's `transaction()`.

    :param reason: at most 200 characters, no personal data: it can't be erased.
    """
    db.session.add(
        VolunteerEvent(
            volunteer_id=volunteer_id,
            action=action,
            was=was[:64],
            became=became[:64],
            reason=reason[:LONGEST_REASON],
            actor_key=actor.key,
            party=str(actor.party),
            actor_name=actor_name(actor),
            at=now,
        )
    )


def actor_name(actor: Actor) -> str:
    """The body that acted: never a person's name, which could not be erased from here."""
    return "本人" if str(actor.party) in ("volunteer", "resident") else actor.name[:64]


def list_events(volunteer_id: int) -> Sequence[VolunteerEvent]:
    """Everything about one row, newest first."""
    return db.session.scalars(
        select(VolunteerEvent).where(VolunteerEvent.volunteer_id == volunteer_id).order_by(VolunteerEvent.id.desc())
    ).all()
