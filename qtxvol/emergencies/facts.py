"""Facts that were checked: publishing one, correcting it, taking it back. Nothing that was told is overwritten."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from qtxvol.accounts.actor import Actor
from qtxvol.emergencies.events import lock_open
from qtxvol.emergencies.models import Emergency, EmergencyFact
from qtxvol.emergencies.trail import note
from qtxvol.extensions import db
from qtxvol.privacy.words import refuse_numbers
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction


@dataclass(frozen=True, slots=True)
class Statement:
    """What is true, who says so, and who checked it when."""

    text: str
    source: str
    checked_by: str
    checked_at: datetime


def add_fact(emergency_id: int, said: Statement, actor: Actor, *, now: datetime) -> bool:
    """Publish a statement.

    :return: False when the very same one holds already: a double tap.
    :raise NotFound: no such emergency.
    :raise Refused: `wrong_party` (403); `emergency_closed` (409); `missing`, `invalid` or
        `checked_in_future` with `field` (422).
    """
    with transaction():
        emergency = lock_open(emergency_id, actor)
        _check(said, now)
        if any(_says(fact, said) for fact in _holding(emergency_id)):
            return False
        _write(emergency, said, actor, now, replaces=None)
        note(emergency, "add_fact", actor, now, about={"text": said.text, "source": said.source})
        return True


def correct_fact(emergency_id: int, fact_id: int, said: Statement, actor: Actor, *, now: datetime) -> bool:
    """Say it better: the new statement stands in the place of the old one, which stays readable.

    :return: False when nothing differs.
    :raise NotFound: no such fact.
    :raise Refused: as `add_fact`; `fact_over` (409): it was corrected or withdrawn meanwhile.
    """
    with transaction():
        emergency = lock_open(emergency_id, actor)
        _check(said, now)
        fact = _get(emergency_id, fact_id)
        if (later := _later(fact.id)) is not None and _says(later, said):
            return False  # the same correction, sent twice
        if fact.withdrawn_at is not None or later is not None:
            raise Refused("fact_over", 409)
        if _says(fact, said):
            return False
        _write(emergency, said, actor, now, replaces=fact.id)
        note(emergency, "correct_fact", actor, now, about={"was": fact.text, "text": said.text, "source": said.source})
        return True


def withdraw_fact(emergency_id: int, fact_id: int, actor: Actor, *, why: str, now: datetime) -> bool:
    """It holds no more: shown as withdrawn with the reason, and gone from the banner.

    :return: False when it was withdrawn before.
    :raise NotFound: no such fact.
    :raise Refused: `wrong_party` (403); `emergency_closed`, `fact_over` (409); `missing` or `invalid` with `field`
        (422).
    """
    with transaction():
        emergency = lock_open(emergency_id, actor)
        fact = _get(emergency_id, fact_id)
        if fact.withdrawn_at is not None:
            return False
        if _later(fact.id) is not None:
            raise Refused("fact_over", 409)
        if not why:
            raise Refused("missing", 422, field="why")
        refuse_numbers("why", why)
        fact.withdrawn_at, fact.withdrawn_why = now, why
        note(emergency, "withdraw_fact", actor, now, about={"text": fact.text}, reason=why)
        return True


def _get(emergency_id: int, fact_id: int) -> EmergencyFact:
    fact = db.session.get(EmergencyFact, fact_id, with_for_update=True)
    if fact is None or fact.emergency_id != emergency_id:
        raise NotFound(fact_id)
    return fact


def _later(fact_id: int) -> EmergencyFact | None:
    return db.session.scalars(select(EmergencyFact).where(EmergencyFact.replaces_id == fact_id)).one_or_none()


def _holding(emergency_id: int) -> list[EmergencyFact]:
    facts = db.session.scalars(select(EmergencyFact).where(EmergencyFact.emergency_id == emergency_id)).all()
    replaced = {fact.replaces_id for fact in facts}
    return [fact for fact in facts if fact.withdrawn_at is None and fact.id not in replaced]


def _says(fact: EmergencyFact, said: Statement) -> bool:
    return (fact.text, fact.source, fact.checked_by, fact.checked_at) == (
        said.text,
        said.source,
        said.checked_by,
        said.checked_at,
    )


def _check(said: Statement, now: datetime) -> None:
    for name in ("text", "source", "checked_by"):
        if not getattr(said, name):
            raise Refused("missing", 422, field=name)
        refuse_numbers(name, getattr(said, name))
    if said.checked_at > now:
        raise Refused("checked_in_future", 422, field="checked_at")


def _write(emergency: Emergency, said: Statement, actor: Actor, now: datetime, *, replaces: int | None) -> None:
    db.session.add(
        EmergencyFact(
            emergency_id=emergency.id,
            text=said.text,
            source=said.source,
            checked_by=said.checked_by,
            checked_at=said.checked_at,
            replaces_id=replaces,
            written_at=now,
            written_by_account_id=actor.account_id,
        )
    )
    db.session.flush()
