"""The first-run guide of a desk, put away by whoever has read it."""

from datetime import datetime

from sqlalchemy import update

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.models import Seat
from qtxvol.extensions import db
from qtxvol.storage import transaction


def put_guide_away(actor: Actor, now: datetime) -> None:
    """The actor's desk no longer opens with the guide. Done twice, the first time stands.

    :param actor: somebody with an account; their seat at `actor.party` is changed and no other.
    """
    with transaction():
        db.session.execute(
            update(Seat)
            .where(Seat.account_id == actor.account_id, Seat.party == actor.party, Seat.guide_seen_at.is_(None))
            .values(guide_seen_at=now)
        )
