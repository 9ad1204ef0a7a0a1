"""Registering: how a person becomes a volunteer, by themself, by their team, by the office or off a list.

One person is one row, found by the keyed digest of the document's number. Not here: states (`states.py`), merging rows
that turned out to be one person (`doubles.py`), and reading files (`roster`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NoReturn

from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.office import check_office
from qtxvol.accounts.phones import parse_phone
from qtxvol.base import CITY_TIME
from qtxvol.extensions import db
from qtxvol.notices.queue import To, queue_notices
from qtxvol.orders.lifecycle import Party
from qtxvol.privacy.vault import current_vault
from qtxvol.privacy.words import refuse_numbers
from qtxvol.refusals import Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.availability import sort_slots
from qtxvol.volunteers.consent import CONSENTS
from qtxvol.volunteers.events import tell
from qtxvol.volunteers.identity import KIND_LABELS, Document, check_age, parse_document
from qtxvol.volunteers.licences import LicenceCard, list_licences, set_licences
from qtxvol.volunteers.models import SANZHANG_ROLES, Team, TeamRequest, Volunteer
from qtxvol.volunteers.refuse import (
    check_division,
    check_terms,
    clean,
    lock_volunteer,
    refuse,
)
from qtxvol.volunteers.rules import get_rule_value

#: Who may register whom.
_MAY: Mapping[str, frozenset[Party]] = {
    "self": frozenset({Party.RESIDENT, Party.VOLUNTEER}),
    "team": frozenset({Party.TEAM}),
    "office": frozenset({Party.OFFICE}),
    "import": frozenset({Party.OFFICE, Party.SYSTEM}),
}
#: Somebody without an account who registers themself.
ONESELF = Actor(Party.RESIDENT, "本人")

_MOST_TRIES = 6
_FARTHEST_KM = 200
_MOST_A_WEEK = 21

_ID_COLUMNS = ("id_kind", "id_number", "id_number_digest")

#: Columns that a correction names in its event: never what stands in them.
TOLD_COLUMNS = (
    "name", "phone", "birth_on", "division_code", "employer", "job_title", "skills", "sanzhang_role",
    "is_technology_envoy",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class VolunteerCard:
    """What is written down about a person.

    :ivar phone: as written; kept as plain digits, sealed. Empty in an edit: it stays.
    :ivar id_kind: a key of `identity.KIND_LABELS`, with `id_number` as written. Both empty: no document yet; in an
        edit: the document stays.
    :ivar birth_on: needed where the document does not say it.
    :ivar availability: slots of `availability.SLOTS`; `topics` theme codes, `audiences` audience codes.
    :ivar consent_version: the wording that the person agreed to; empty when they were not asked.
    :ivar has_guardian_consent: a guardian has agreed, named with a phone number.
    """

    name: str
    phone: str = ""
    id_kind: str = ""
    id_number: str = ""
    birth_on: date | None = None
    team_id: int | None = None
    preferred_team_id: int | None = None
    division_code: str | None = None
    employer: str = ""
    job_title: str = ""
    skills: tuple[str, ...] = ()
    licences: tuple[LicenceCard, ...] = ()
    topics: tuple[str, ...] = ()
    audiences: tuple[str, ...] = ()
    availability: tuple[str, ...] = ()
    max_distance_km: int | None = None
    weekly_load: int | None = None
    sanzhang_role: str | None = None
    institution: str = ""
    is_technology_envoy: bool = False
    consent_version: str = ""
    guardian_name: str = ""
    guardian_phone: str = ""
    has_guardian_consent: bool = False


@dataclass(frozen=True, slots=True)
class Registered:
    """How a registration ended.

    :ivar outcome: `new`; `returned`, who had left or been refused before goes on with their old row; `known`, nothing
        was changed. A page that anybody can open must not tell these apart.
    """

    volunteer_id: int
    number: str
    outcome: str


def register_volunteer(card: VolunteerCard, *, actor: Actor, registered_by: str, now: datetime) -> Registered:
    """Write a person down as `applied`; who is there already stays one row. Inside another transaction it joins it.

    By oneself and by a team: with document and mobile; by the office: the document may follow; off a list: a document
    or a mobile. A known person is `known` for oneself and for a list, and a refusal for a team and the office.

    :param registered_by: self, team (into the actor's own team), office or import.
    :raise Refused: `wrong_party` (403); `invalid` (422) with `field` and `message`; nothing is written.
    """
    if actor.party not in _MAY[registered_by]:
        raise Refused("wrong_party", 403)
    with transaction():
        values, document = _check_card(card, None, registered_by, now)
        if registered_by == "team":
            values["team_id"] = actor.team_id
        elif registered_by == "self":
            values["team_id"] = None
        for _ in range(_MOST_TRIES):
            if known := _find_known(card.name.strip(), document, values["phone"]):
                return _meet_again(known, values, card, actor, registered_by, now)
            person = Volunteer(
                number=_next_number(), status="applied", registered_by=registered_by, created_at=now, **values
            )
            try:
                with db.session.begin_nested():
                    db.session.add(person)
            except IntegrityError:  # on PostgreSQL another one was faster: the same person, or the same number
                continue
            set_licences(person.id, card.licences)
            tell(person.id, "register", actor, now, was=registered_by, became="applied")
            _ask_preferred(person, values, now)
            return Registered(person.id, person.number, "new")
    zh, en = "刚有许多人同时登记，请再提交一次。", "Many registered at once: send it again."
    raise Refused("invalid", 409, message=zh, message_en=en)


def edit_volunteer(actor: Actor, volunteer_id: int, card: VolunteerCard, now: datetime) -> None:
    """Write a person's card anew; number and status stay. Without a number on the card the document stays, too.

    :raise NotFound: no such volunteer.
    :raise Refused: `wrong_party` (403); `invalid` (422) with `field` and `message`; nothing is written.
    """
    check_office(actor)
    with transaction():
        person = lock_volunteer(volunteer_id)
        if person.merged_into_id is not None:
            refuse("", "这一条已经合并，请改保留的那一条。", "This row was merged: change the one that goes on.", 409)
        values, document = _check_card(card, person, "office", now)
        twin = _find_known(card.name.strip(), document, values["phone"], but=person.id)
        if twin:
            _refuse_known(twin, has_document=document is not None)
        was_team = person.team_id
        if values["team_id"] != was_team:
            person.team_role = None
            names = _team_names(was_team, values["team_id"])
            tell(person.id, "team", actor, now, was=names[0], became=names[1])
        if document and document.number != person.id_number:
            tell(person.id, "identify", actor, now, became=document.kind)
        changed = [name for name in TOLD_COLUMNS if getattr(person, name) != values[name]]
        if changed:
            tell(person.id, "edit", actor, now, became=",".join(changed))
        if not card.consent_version:  # what was agreed to before stays so
            values = {name: value for name, value in values.items() if not name.startswith("consent")}
        for name, value in values.items():
            setattr(person, name, value)
        try:
            db.session.flush()
        except IntegrityError:
            refuse(
                "id_number",
                "这个证件号码刚刚登记过，或者记在已合并过来的那一条上，不用再填。",
                "Registered a moment ago, or kept with a row that was merged into this one: no need to write it again.",
            )
        set_licences(person.id, card.licences)


def has_document(person: Volunteer) -> bool:
    """Has one of the person's rows a document? A merged row keeps its own."""
    if person.id_number_digest:
        return True
    merged = exists().where(Volunteer.merged_into_id == person.id, Volunteer.id_number_digest.is_not(None))
    return bool(db.session.scalar(select(merged)))


def find_age_obstacle(person: Volunteer, now: datetime) -> str | None:
    """Why a person can't be counted today: `birth_date` unknown, `too_young`, `guardian`; None when they can."""
    birth_on = person.birth_on or db.session.scalar(
        select(Volunteer.birth_on)
        .where(Volunteer.merged_into_id == person.id, Volunteer.birth_on.is_not(None))
        .limit(1)
    )
    if birth_on is None:
        return "birth_date"
    return check_age(
        birth_on,
        city_day(now),
        are_minors_allowed=bool(get_rule_value("minors_allowed")),
        has_guardian=person.guardian_consented_at is not None,
    )


def city_day(now: datetime) -> date:
    """The day in the city."""
    return now.astimezone(CITY_TIME).date()


def _find_known(name: str, document: Document | None, phone: str | None, but: int | None = None) -> Volunteer | None:
    """The row that this person is written down in: by document; without one, by name and phone. Locked.

    A merged row stands for the one it was merged into.
    """
    statement = select(Volunteer).with_for_update().execution_options(populate_existing=True)
    if document:
        statement = statement.where(Volunteer.id_number_digest.in_(current_vault().digests("id", document.number)))
    elif phone:
        statement = statement.where(
            Volunteer.name == name, Volunteer.phone_digest.in_(current_vault().digests("phone", phone))
        )
    else:
        return None
    if but is not None:  # the own row, and those merged into it
        statement = statement.where(Volunteer.person_id() != but, Volunteer.id != but)
    found = db.session.scalars(statement.order_by(Volunteer.id).limit(1)).first()
    if found is None or found.merged_into_id is None:
        return found
    return lock_volunteer(found.merged_into_id)


def _meet_again(
    known: Volunteer, values: dict[str, Any], card: VolunteerCard, actor: Actor, registered_by: str, now: datetime
) -> Registered:
    """Who is there already. Only somebody who had left, or been refused, comes back, and never off a list."""
    comes_back = known.status in ("left", "refused") and registered_by != "import" and known.name == values["name"]
    if not comes_back:
        if registered_by in ("team", "office"):
            _refuse_known(known, has_document="id_number" in values)
        return Registered(known.id, known.number, "known")
    was = known.status
    kept = _ID_COLUMNS if has_document(known) else ()
    for name, value in values.items():
        if name not in kept:
            setattr(known, name, value)
    known.status, known.team_role, known.registered_by = "applied", None, registered_by
    set_licences(known.id, card.licences)
    tell(known.id, "return", actor, now, was=was, became="applied")
    _ask_preferred(known, values, now)
    return Registered(known.id, known.number, "returned")


def _refuse_known(twin: Volunteer, *, has_document: bool) -> NoReturn:
    number = twin.number
    if has_document:
        refuse(
            "id_number",
            f"这个证件号码已登记过，志愿者编号 {number}。一个人只登记一次；换队请走换队申请，改资料请改那一条。",
            f"This document is registered already, as {number}. One person is one row: change that one, or ask for a "
            "transfer.",
        )
    refuse(
        "phone",
        f"已有同名同电话的志愿者 {number}。一个人只登记一次，换队请改那一条。",
        f"{number} has this name and phone already. One person is one row: change that one.",
    )


def _ask_preferred(person: Volunteer, values: Mapping[str, Any], now: datetime) -> None:
    """Who names a team without being in it asks to join it."""
    wanted = values["preferred_team_id"]
    if wanted is None or wanted == person.team_id:
        return
    is_asked = exists().where(TeamRequest.volunteer_id == person.id, TeamRequest.status == "open")
    if not db.session.scalar(select(is_asked)):
        db.session.add(TeamRequest(volunteer_id=person.id, team_id=wanted, text="", asked_at=now))
        queue_notices("team_request", [To(Party.TEAM, str(wanted))], now=now, about={"volunteer_id": person.id})


def _next_number() -> str:
    last = db.session.scalar(
        select(Volunteer.number)
        .where(Volunteer.number.between("V0000000", "V9999999"))
        .order_by(Volunteer.number.desc())
        .limit(1)
    )
    return f"V{int(last[1:]) + 1 if last and last[1:].isdecimal() else 1:07d}"


def _team_names(*ids: int | None) -> list[str]:
    rows = db.session.execute(select(Team.id, Team.name).where(Team.id.in_([i for i in ids if i is not None])))
    names = {team_id: name for team_id, name in rows}
    return [names.get(i, "") if i is not None else "" for i in ids]


# Checks


def _check_card(
    card: VolunteerCard, old: Volunteer | None, registered_by: str, now: datetime
) -> tuple[dict[str, Any], Document | None]:
    """The columns to write, once they hold together. What `old` names already may be out of use."""
    is_strict = registered_by in ("self", "team")
    name = _clean_words("name", card.name, 32)
    if not name:
        refuse("name", "请填写姓名。", "A name is needed.")
    phone = _check_phone("phone", card.phone) or (old.phone if old else None)
    if is_strict and not phone:
        refuse("phone", "请填手机号，服务队要能联系到您。", "A mobile number is needed, for the team to reach you.")
    today = city_day(now)
    document = _check_document(card, today)
    if is_strict and document is None:
        refuse("id_number", "请填证件号码。", "The document's number is needed.")
    if registered_by == "import" and document is None and phone is None:
        refuse("id_number", "证件号码和手机号至少要有一项。", "A document's number or a mobile number is needed.")
    guardian = _check_guardian(card, now)
    birth_on = _check_birth(card, document, old, is_needed=is_strict, has_guardian=bool(guardian), now=now)
    if registered_by == "self" and card.consent_version not in CONSENTS:
        refuse("consent", "请先阅读并勾选同意。", "Read it and tick that you agree.")
    values = {
        "name": name,
        "phone": phone,
        "phone_digest": current_vault().digest("phone", phone) if phone else None,
        "birth_on": birth_on,
        "employer": _clean_words("employer", card.employer, 64),
        "job_title": _clean_words("job_title", card.job_title, 32),
        "institution": _clean_words("institution", card.institution, 64),
        "consent_version": card.consent_version,
        "consented_at": now if card.consent_version else None,
        **_check_choices(card, old),
        **guardian,
    }
    if document:
        values |= {
            "id_kind": document.kind,
            "id_number": document.number,
            "id_number_digest": current_vault().digest("id", document.number),
        }
    return values, document


def _clean_words(field: str, text: str, longest: int) -> str:
    """What stands readable in the database: no number of a person may be in it."""
    refuse_numbers(field, text)
    return clean(field, text, longest)


def _check_phone(field: str, text: str) -> str | None:
    if not text.strip():
        return None
    phone = parse_phone(text)
    if phone is None:
        refuse(
            field,
            "电话号码不对。请填 11 位手机号，或带区号的座机号。",
            "Not a telephone number: eleven digits of a mobile, or a landline with its area code.",
        )
    return phone


def _check_document(card: VolunteerCard, today: date) -> Document | None:
    if not card.id_number.strip():
        return None
    if card.id_kind not in KIND_LABELS:
        refuse("id_kind", "请选择证件类型。", "Which kind of document is it?")
    read = parse_document(card.id_kind, card.id_number, today)
    if isinstance(read, Document):
        return read
    zh, en = _FAULTS[read.code]
    refuse("id_number", zh, en)


_FAULTS = {
    "empty": ("请填证件号码。", "The document's number is needed."),
    "shape": (
        "证件号码的位数或字符不对，请照证件核对，也看看证件类型选得对不对。",
        "Not the shape of such a number: compare it with the document, and look at the kind that was chosen.",
    ),
    "digit": (
        "证件号码的校验位不对，多半是抄错了一位，请照证件核对。",
        "The check digit does not fit: one digit is probably mistyped.",
    ),
    "date": ("证件号码里的出生日期不存在，请照证件核对。", "The birth date inside the number does not exist."),
}


def _check_guardian(card: VolunteerCard, now: datetime) -> dict[str, Any]:
    """The guardian's columns; empty when nobody agreed."""
    if not card.has_guardian_consent:
        return {}
    name, phone = clean("guardian_name", card.guardian_name, 32), _check_phone("guardian_phone", card.guardian_phone)
    if not name:
        refuse("guardian_name", "请填监护人姓名。", "The guardian's name is needed.")
    if not phone:
        refuse("guardian_phone", "请填监护人电话。", "The guardian's telephone number is needed.")
    return {"guardian_name": name, "guardian_phone": phone, "guardian_consented_at": now}


def _check_birth(
    card: VolunteerCard,
    document: Document | None,
    old: Volunteer | None,
    *,
    is_needed: bool,
    has_guardian: bool,
    now: datetime,
) -> date | None:
    """The birth date, of an age that may serve."""
    said = document.birth_on if document else None
    if said and card.birth_on and said != card.birth_on and not (old and card.birth_on == old.birth_on):
        refuse("birth_on", "出生日期和证件号码里的不一样，请核对。", "The birth date is not the one in the number.")
    birth_on = said or card.birth_on or (old.birth_on if old else None)
    field = "birth_on" if said is None else "id_number"
    if birth_on is None:
        if is_needed or (document is not None and old is None):
            refuse("birth_on", "这种证件看不出年龄，请填出生日期。", "This document does not tell the age: when born?")
        return None
    obstacle = check_age(
        birth_on,
        city_day(now),
        are_minors_allowed=bool(get_rule_value("minors_allowed")),
        has_guardian=has_guardian or bool(old and old.guardian_consented_at),
    )
    if obstacle:
        zh, en = AGE_WORDS[obstacle]
        refuse("has_guardian_consent" if obstacle == "guardian" else field, zh, en)
    return birth_on


AGE_WORDS = {
    "birth_date": ("请核对出生日期。", "That is no birth date of a living person."),
    "too_young": ("年满 18 周岁才能登记为科技志愿者。", "Science volunteers are at least 18 years old."),
    "guardian": (
        "16、17 岁要监护人同意：请勾选，并填监护人姓名和电话。",
        "At 16 and 17 a guardian has to agree: tick it, with the guardian's name and phone.",
    ),
}


def _check_choices(card: VolunteerCard, old: Volunteer | None) -> dict[str, Any]:
    """Everything that is chosen from a list."""
    check_division(card.division_code, old.division_code if old else None)
    check_terms("skill", "skills", card.skills, old.skills if old else ())
    check_terms("theme", "topics", card.topics, old.topics if old else ())
    check_terms("audience", "audiences", card.audiences, old.audiences if old else ())
    _check_licences(card, old)
    for field in ("team_id", "preferred_team_id"):
        _check_team(field, getattr(card, field), getattr(old, field) if old else None)
    if card.sanzhang_role is not None and card.sanzhang_role not in SANZHANG_ROLES:
        refuse("sanzhang_role", "请从列表里选。", "Choose from the list.")
    if card.sanzhang_role and not card.institution.strip():
        refuse("institution", "请填所在的医院、学校或农技站。", "Which hospital, school or station?")
    for field, most in (("max_distance_km", _FARTHEST_KM), ("weekly_load", _MOST_A_WEEK)):
        value = getattr(card, field)
        if value is not None and not 1 <= value <= most:
            refuse(field, f"请填 1 到 {most}。", f"From 1 to {most}.")
    return {
        "team_id": card.team_id,
        "preferred_team_id": card.preferred_team_id,
        "division_code": card.division_code,
        "skills": list(card.skills),
        "topics": list(card.topics),
        "audiences": list(card.audiences),
        "availability": sort_slots(card.availability),
        "max_distance_km": card.max_distance_km,
        "weekly_load": card.weekly_load,
        "sanzhang_role": card.sanzhang_role,
        "is_technology_envoy": card.is_technology_envoy,
    }


def _check_licences(card: VolunteerCard, old: Volunteer | None) -> None:
    held = [licence.skill for licence in card.licences]
    if not set(held) <= set(card.skills):
        refuse("licences", "持证的技能也要在“会什么”里选上。", "A licensed skill must be among the skills too.")
    if len(set(held)) != len(held):
        refuse("licences", "一项技能只登记一本证书。", "One licence for each skill.")
    for licence in card.licences:
        clean("licences", licence.title, 64)
        clean("licences", licence.number, 64)


def _check_team(field: str, team_id: int | None, kept: int | None) -> None:
    if team_id not in (None, kept) and not db.session.scalar(
        select(exists().where(Team.id == team_id, Team.is_active))
    ):
        refuse(field, "请从列表里选一支在用的服务队。", "Choose a team in use from the list.")


def licence_cards(volunteer_id: int) -> tuple[LicenceCard, ...]:
    """What somebody holds, as a card carries it."""
    return tuple(
        LicenceCard(each.skill, each.title, each.number or "", each.expires_on)
        for each in list_licences([volunteer_id])[volunteer_id]
    )
