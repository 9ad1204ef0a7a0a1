"""Insurances that cover a volunteer, and trainings that they took part in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Label, Party
from qtxvol.privacy.words import refuse_numbers
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.events import actor_name
from qtxvol.volunteers.models import Volunteer, VolunteerRecord
from qtxvol.volunteers.refuse import clean, lock_volunteer, refuse

RECORD_LABELS: Mapping[str, Label] = {
    "insurance": Label("保险", "Insurance"),
    "training": Label("培训", "Training"),
}
_MOST_HOURS = 500


@dataclass(frozen=True, slots=True)
class RecordCard:
    """An insurance, or a training.

    :ivar until_on: the last day; None for a single day, or without end.
    :ivar hours: of a training, 0 to 500.
    """

    kind: str
    title: str
    from_on: date
    until_on: date | None = None
    hours: int = 0


def add_record(actor: Actor, volunteer_id: int, card: RecordCard, now: datetime) -> int:
    """Write one down; its id. For the office, and for the person's own team.

    :raise NotFound: no such person, or of another team.
    :raise Refused: `wrong_party` (403); `invalid` (422) with `field`.
    """
    with transaction():
        _check_reach(actor, lock_volunteer(volunteer_id))
        if card.kind not in RECORD_LABELS:
            refuse("kind", "请选择类别。", "Insurance or training?")
        refuse_numbers("title", card.title)
        title = clean("title", card.title, 64)
        if not title:
            refuse("title", "请填写名称。", "A name is needed.")
        if card.until_on and card.until_on < card.from_on:
            refuse("until_on", "结束日期不能早于开始日期。", "It can't end before it begins.")
        if not 0 <= card.hours <= _MOST_HOURS:
            refuse("hours", f"请填 0 到 {_MOST_HOURS}。", f"From 0 to {_MOST_HOURS}.")
        record = VolunteerRecord(
            volunteer_id=volunteer_id,
            kind=card.kind,
            title=title,
            from_on=card.from_on,
            until_on=card.until_on,
            hours=card.hours if card.kind == "training" else 0,
            entered_by=actor_name(actor),
            created_at=now,
        )
        db.session.add(record)
        db.session.flush()
        return record.id


def remove_record(actor: Actor, volunteer_id: int, record_id: int) -> None:
    """Take one away that was written down by mistake.

    :raise NotFound: the person has no such record.
    :raise Refused: `wrong_party` (403).
    """
    with transaction():
        _check_reach(actor, lock_volunteer(volunteer_id))
        record = db.session.get(VolunteerRecord, record_id)
        if record is None or record.volunteer_id != volunteer_id:
            raise NotFound(record_id)
        db.session.delete(record)


def list_records(volunteer_id: int) -> Sequence[VolunteerRecord]:
    """Of all rows of a person, newest first."""
    return db.session.scalars(
        select(VolunteerRecord)
        .where(VolunteerRecord.volunteer_id.in_(Volunteer.rows_of(volunteer_id)))
        .order_by(VolunteerRecord.from_on.desc(), VolunteerRecord.id.desc())
    ).all()


def _check_reach(actor: Actor, person: Volunteer) -> None:
    if actor.party is Party.TEAM and actor.team_id is not None:
        if person.team_id != actor.team_id:
            raise NotFound(person.id)
    elif actor.party is not Party.OFFICE:
        raise Refused("wrong_party", 403)
