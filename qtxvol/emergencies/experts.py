"""The list of experts: naming a volunteer or a team, taking them off. Their teams are offered first."""

from datetime import datetime

from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.emergencies.events import lock_open
from qtxvol.emergencies.models import EmergencyExpert
from qtxvol.emergencies.tell import tell_expert
from qtxvol.emergencies.trail import note
from qtxvol.extensions import db
from qtxvol.privacy.words import refuse_numbers
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team, Volunteer


def name_expert(emergency_id: int, who: str, actor: Actor, *, role: str, now: datetime) -> bool:
    """Put a verified volunteer or an active team on the list.

    :param who: `team:12`, `person:34`, or a volunteer's number.
    :return: False when they are on it in this role.
    :raise NotFound: no such emergency.
    :raise Refused: `wrong_party` (403); `emergency_closed` (409); `missing`, `unknown` or `invalid` with `field` (422).
    """
    with transaction():
        emergency = lock_open(emergency_id, actor)
        if not role:
            raise Refused("missing", 422, field="role")
        refuse_numbers("role", role)
        volunteer, team = _find(who)
        listed = db.session.scalars(
            select(EmergencyExpert).where(
                EmergencyExpert.emergency_id == emergency_id,
                EmergencyExpert.dropped_at.is_(None),
                EmergencyExpert.volunteer_id == volunteer.id
                if volunteer
                else EmergencyExpert.team_id == (team.id if team else None),
            )
        ).first()
        about = {"who": volunteer.number if volunteer else team.name if team else "", "role": role}
        if listed is not None:
            if listed.role == role:
                return False
            listed.role = role
            note(emergency, "name_expert", actor, now, about=about)
            return True
        db.session.add(
            EmergencyExpert(
                emergency_id=emergency_id,
                volunteer_id=volunteer.id if volunteer else None,
                team_id=team.id if team else None,
                role=role,
                named_at=now,
            )
        )
        db.session.flush()
        note(emergency, "name_expert", actor, now, about=about)
        tell_expert(emergency, volunteer.id if volunteer else None, team.id if team else None, now)
        return True


def drop_expert(emergency_id: int, expert_id: int, actor: Actor, *, now: datetime) -> bool:
    """Take somebody off the list.

    :return: False when they were off it already.
    :raise NotFound: not on this list.
    :raise Refused: `wrong_party` (403); `emergency_closed` (409).
    """
    with transaction():
        emergency = lock_open(emergency_id, actor)
        row = db.session.get(EmergencyExpert, expert_id)
        if row is None or row.emergency_id != emergency_id:
            raise NotFound(expert_id)
        if row.dropped_at is not None:
            return False
        row.dropped_at = now
        person = db.session.get(Volunteer, row.volunteer_id) if row.volunteer_id else None
        team = db.session.get(Team, row.team_id) if row.team_id else None
        note(
            emergency,
            "drop_expert",
            actor,
            now,
            about={"who": person.number if person else team.name if team else "", "role": row.role},
        )
        return True


def _find(who: str) -> tuple[Volunteer | None, Team | None]:
    """A verified person or an active team. :raise Refused: `missing` or `unknown` with `field` (422)."""
    if not who:
        raise Refused("missing", 422, field="who")
    kind, _colon, code = who.partition(":")
    is_id = code.isascii() and code.isdecimal() and len(code) < 10
    if kind == "team" and is_id:
        team = db.session.get(Team, int(code))
        if team is not None and team.is_active:
            return None, team
    else:
        wanted = Volunteer.id == int(code) if kind == "person" and is_id else Volunteer.number == who.upper()
        person = db.session.scalars(select(Volunteer).where(wanted)).one_or_none()
        if person is not None and person.status == "verified":
            return person, None
    raise Refused("unknown", 422, field="who")
