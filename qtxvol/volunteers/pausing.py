"""A leader's pause: no ordinary questions up to a day. Emergencies still come; earlier questions may be answered."""

from datetime import date, datetime, time, timedelta

from qtxvol.accounts.actor import Actor
from qtxvol.base import CITY_TIME, AnyRow
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Party
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team

#: A longer pause is begun anew, by a person who has thought of it.
LONGEST = timedelta(days=90)


def pause_asks(actor: Actor, until: date | None, now: datetime) -> bool:
    """Ask the actor's team for no ordinary order up to the end of that day; None takes the pause back.

    :return: False when it stood so already.
    :raise Refused: `wrong_party` (403): not a team's leader; `pause_day` with `most` (422): a day that is over, or
        more than 90 days ahead.
    """
    if actor.party is not Party.TEAM or actor.team_id is None:
        raise Refused("wrong_party", 403)
    today = now.astimezone(CITY_TIME).date()
    if until is not None and not today <= until <= today + LONGEST:
        raise Refused("pause_day", 422, field="until", most=LONGEST.days)
    ends_at = datetime.combine(until + timedelta(days=1), time(), CITY_TIME) if until else None
    with transaction():
        team = db.session.get(Team, actor.team_id, with_for_update=True)
        if team is None:
            raise NotFound(actor.team_id)
        if find_pause(team, now) == until:
            return False
        team.asks_paused_until = ends_at
        return True


def find_pause(team: Team | AnyRow, now: datetime) -> date | None:
    """The last day of the pause that runs now, of a team or a row with its `asks_paused_until`."""
    ends_at: datetime | None = team.asks_paused_until
    if ends_at is None or ends_at <= now:
        return None
    return (ends_at - timedelta(minutes=1)).astimezone(CITY_TIME).date()
