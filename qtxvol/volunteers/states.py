"""A volunteer's states: applied → verified → paused, left or refused. Who moved somebody, and why, is kept for good."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.office import check_office
from qtxvol.extensions import db
from qtxvol.notices.queue import To, queue_notices
from qtxvol.orders.lifecycle import Label, Party
from qtxvol.refusals import Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.events import tell
from qtxvol.volunteers.models import Volunteer, VolunteerEvent
from qtxvol.volunteers.refuse import check_reason, clean_reason, lock_volunteer, refuse
from qtxvol.volunteers.register import AGE_WORDS, find_age_obstacle, has_document

STATUS_LABELS: Mapping[str, Label] = {
    "applied": Label("待核验", "Applied"),
    "verified": Label("已核验", "Verified"),
    "paused": Label("暂停", "Paused"),
    "left": Label("已退出", "Left"),
    "refused": Label("未通过", "Refused"),
    "merged": Label("已合并", "Merged"),
}

#: Where each change of status may start. `applied` is reached by registering, `merged` by merging.
CHANGES: Mapping[str, frozenset[str]] = {
    "verified": frozenset({"applied", "paused", "left", "refused"}),
    "paused": frozenset({"verified"}),
    "left": frozenset({"applied", "verified", "paused"}),
    "refused": frozenset({"applied"}),
}
#: The word of each in a volunteer's events.
_EVENTS = {"verified": "verify", "paused": "pause", "left": "leave", "refused": "refuse"}


def verify_volunteer(actor: Actor, volunteer_id: int, now: datetime, reason: str = "") -> bool:
    """The office has seen the document: from now on the person counts and can be named for a service.

    Nobody counts without one: who somebody is rests on it, and so does counting everybody once.

    :return: False when it already was so.
    :raise NotFound: no such volunteer.
    :raise Refused: `wrong_party` (403); `invalid` (409) not from this status; `invalid` (422) at `id_number` or
        `birth_on`: no document, or not of an age to serve.
    """
    return _change_by_office(actor, volunteer_id, "verified", now, clean_reason(reason))


def pause_volunteer(actor: Actor, volunteer_id: int, now: datetime, reason: str) -> bool:
    """Not to be named for a while, and not counted. Returns and raises as `verify_volunteer`; a reason is needed."""
    return _change_by_office(actor, volunteer_id, "paused", now, check_reason(reason))


def leave_volunteer(actor: Actor, volunteer_id: int, now: datetime, reason: str) -> bool:
    """The person left; the hours stay in the ledger. Returns and raises as `pause_volunteer`."""
    return _change_by_office(actor, volunteer_id, "left", now, check_reason(reason))


def refuse_volunteer(actor: Actor, volunteer_id: int, now: datetime, reason: str) -> bool:
    """The papers do not hold. The person may register again. Returns and raises as `pause_volunteer`."""
    return _change_by_office(actor, volunteer_id, "refused", now, check_reason(reason))


def pause_oneself(actor: Actor, now: datetime, reason: str = "") -> bool:
    """A volunteer takes a rest, as long as they like."""
    return _change_own(actor, "paused", now, clean_reason(reason))


def leave_by_oneself(actor: Actor, now: datetime, reason: str = "") -> bool:
    """A volunteer leaves; registering again brings the same row back."""
    return _change_own(actor, "left", now, clean_reason(reason))


def resume_oneself(actor: Actor, now: datetime) -> bool:
    """Back from a rest that one took oneself; a pause by the office ends at the office.

    :return: False when there was no pause.
    :raise Refused: `wrong_party` (403); `invalid` (409) when the office has paused it.
    """
    volunteer_id = _own_id(actor)
    with transaction():
        person = lock_volunteer(volunteer_id)
        if person.status != "paused":
            return False
        if not is_paused_by_oneself(volunteer_id):
            refuse("", "这次暂停是纲要办办理的，请联系纲要办恢复。", "The office has paused you: ask there.", 409)
        _move(person, "verified", actor, now, "", event="resume")
        return True


def is_paused_by_oneself(volunteer_id: int) -> bool:
    """Did the person ask for the last pause?"""
    party = db.session.scalar(
        select(VolunteerEvent.party)
        .where(VolunteerEvent.volunteer_id == volunteer_id, VolunteerEvent.action == "pause")
        .order_by(VolunteerEvent.id.desc())
        .limit(1)
    )
    return party == Party.VOLUNTEER


def count_by_status() -> dict[str, int]:
    """Volunteers by status; one statement."""
    rows = db.session.execute(select(Volunteer.status, func.count()).group_by(Volunteer.status))
    return {status: count for status, count in rows}


def _change_by_office(actor: Actor, volunteer_id: int, to: str, now: datetime, reason: str) -> bool:
    check_office(actor)
    with transaction():
        person = lock_volunteer(volunteer_id)
        if person.status == to:
            return False
        _check_change(person, to)
        if to == "verified":
            _check_papers(person, now)
        _move(person, to, actor, now, reason)
        return True


def _change_own(actor: Actor, to: str, now: datetime, reason: str) -> bool:
    volunteer_id = _own_id(actor)
    with transaction():
        person = lock_volunteer(volunteer_id)
        if person.status == to:
            return False
        _check_change(person, to)
        _move(person, to, actor, now, reason)
        return True


def _own_id(actor: Actor) -> int:
    if actor.party is not Party.VOLUNTEER or actor.volunteer_id is None:
        raise Refused("wrong_party", 403)
    return actor.volunteer_id


def _check_change(person: Volunteer, to: str) -> None:
    if person.status not in CHANGES[to]:
        old, new = STATUS_LABELS[person.status], STATUS_LABELS[to]
        refuse(
            "",
            f"这名志愿者现在是“{old.zh}”，不能改为“{new.zh}”。",
            f"This volunteer is “{old.en}” and can't become “{new.en}”.",
            409,
        )


def _check_papers(person: Volunteer, now: datetime) -> None:
    if not has_document(person):
        refuse(
            "id_number",
            "还没有证件：先看原件、录入证件号码，再核验。没有证件的人不计入总数。",
            "There is no document yet: look at it, write its number down, then verify. Nobody counts without one.",
        )
    if obstacle := find_age_obstacle(person, now):
        zh, en = (
            ("请先录入出生日期。", "Write down the birth date first.")
            if obstacle == "birth_date"
            else AGE_WORDS[obstacle]
        )
        refuse("birth_on", zh, en)


def _move(person: Volunteer, to: str, actor: Actor, now: datetime, reason: str, event: str = "") -> None:
    values: dict[str, Any] = {"status": to}
    if to == "verified":
        values["verified_at"] = now
        if not event:  # back from a rest of one's own: that is no news to oneself
            _tell_verified(person, now)
    if to in ("left", "refused"):
        values["team_role"] = None
    tell(person.id, event or _EVENTS[to], actor, now, was=person.status, became=to, reason=reason)
    for name, value in values.items():
        setattr(person, name, value)


def _tell_verified(person: Volunteer, now: datetime) -> None:
    me = To(Party.VOLUNTEER, str(person.id))
    queue_notices("volunteer_verified", [me], now=now, about={"volunteer_number": person.number})
