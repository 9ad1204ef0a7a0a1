"""Professional licences: what somebody may do for others only on paper, and until when."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from qtxvol.extensions import db
from qtxvol.volunteers.models import Licence, Team, Volunteer


@dataclass(frozen=True, slots=True)
class LicenceCard:
    """A licence as it is written down.

    :ivar skill: the skill's code.
    :ivar expires_on: the last day; None for good.
    """

    skill: str
    title: str = ""
    number: str = ""
    expires_on: date | None = None


def list_licences(volunteer_ids: Collection[int]) -> Mapping[int, Sequence[Licence]]:
    """Everybody's licences by volunteer; one statement. Who has none is there with an empty list."""
    found: dict[int, list[Licence]] = defaultdict(list)
    if volunteer_ids:
        for licence in db.session.scalars(
            select(Licence).where(Licence.volunteer_id.in_(volunteer_ids)).order_by(Licence.skill)
        ):
            found[licence.volunteer_id].append(licence)
    return found


def set_licences(volunteer_id: int, cards: Iterable[LicenceCard]) -> None:
    """Write somebody's licences anew, inside the caller's `transaction()`: at most one for each skill."""
    wanted = {card.skill: card for card in cards}
    for licence in list_licences([volunteer_id])[volunteer_id]:
        card = wanted.pop(licence.skill, None)
        if card is None:
            db.session.delete(licence)
        else:
            licence.title, licence.expires_on = card.title, card.expires_on
            licence.number = card.number or licence.number  # no page shows it, so an empty one means: as before
    db.session.add_all(
        Licence(
            volunteer_id=volunteer_id,
            skill=card.skill,
            title=card.title,
            number=card.number or None,
            expires_on=card.expires_on,
        )
        for card in wanted.values()
    )


def list_expiring(day: date, *, within_days: int = 60) -> Sequence[Any]:
    """Rows of (Volunteer, Licence, team's name): verified people whose licence ends soon or has ended, those first."""
    return db.session.execute(
        select(Volunteer, Licence, Team.name.label("team"))
        .join(Licence, Licence.volunteer_id == Volunteer.id)
        .outerjoin(Team, Team.id == Volunteer.team_id)
        .where(Volunteer.status == "verified", Licence.expires_on <= day + timedelta(days=within_days))
        .order_by(Licence.expires_on, Volunteer.id)
        .limit(500)
    ).all()
