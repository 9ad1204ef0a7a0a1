"""A leader's standing consent that the team's people may be asked to help other teams nearby. Off until the leader says
yes; each person still says yes or no for themself, every time."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Account
from qtxvol.base import AnyRow
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Party
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import LendingConsent, Team

#: So many are shown; the last ones say what anybody asks.
MOST_SHOWN = 10


def set_lending(actor: Actor, *, is_on: bool, now: datetime) -> bool:
    """Say yes, or take it back, for the actor's team. Whoever was asked already answers as before.

    :return: False when it stood so already.
    :raise Refused: `wrong_party` (403): not a team's leader.
    :raise NotFound: no such team.
    """
    if actor.party is not Party.TEAM or actor.team_id is None or actor.account_id is None:
        raise Refused("wrong_party", 403)
    with transaction():
        team = db.session.get(Team, actor.team_id, with_for_update=True)
        if team is None:
            raise NotFound(actor.team_id)
        if team.is_lending == is_on:
            return False
        team.is_lending = is_on
        db.session.add(LendingConsent(team_id=team.id, is_on=is_on, set_by_account_id=actor.account_id, set_at=now))
        return True


def list_lending(team_id: int) -> Sequence[AnyRow]:
    """Rows of (LendingConsent, account's name), newest first."""
    return db.session.execute(
        select(LendingConsent, Account.display_name)
        .join(Account, Account.id == LendingConsent.set_by_account_id)
        .where(LendingConsent.team_id == team_id)
        .order_by(LendingConsent.id.desc())
        .limit(MOST_SHOWN)
    ).all()
