"""What the office does to teams and volunteers by hand: add, edit, verify, pause, let go, and look them up.

Not here: registering oneself and importing lists. Who may call these is the caller's gate and `_check_office`.
"""

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, NoReturn

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.exc import IntegrityError

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.phones import parse_phone
from qtxvol.directory.models import Department, Division, Term
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Label, Party
from qtxvol.paging import Page, select_page
from qtxvol.refusals import NotFound, Refused
from qtxvol.storage import transaction
from qtxvol.volunteers.models import Team, Volunteer

STATUS_LABELS: Mapping[str, Label] = {
    "applied": Label("待核验", "Applied"),
    "verified": Label("已核验", "Verified"),
    "paused": Label("暂停", "Paused"),
    "left": Label("已退出", "Left"),
    "refused": Label("未通过", "Refused"),
}

#: Where each change of status may start.
CHANGES: Mapping[str, frozenset[str]] = {
    "verified": frozenset({"applied", "paused", "left", "refused"}),
    "paused": frozenset({"verified"}),
    "left": frozenset({"applied", "verified", "paused"}),
}


@dataclass(frozen=True, slots=True)
class TeamCard:
    """What the office writes down about a team.

    :ivar weekly_capacity: services a week, 1 to 100.
    """

    name: str
    department_id: str
    name_en: str = ""
    host: str = ""
    division_code: str | None = None
    themes: tuple[str, ...] = ()
    weekly_capacity: int = 2
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class VolunteerCard:
    """What the office writes down about a person.

    :ivar phone: as written; kept as plain digits.
    :ivar licensed_skills: those of `skills` that are held under a professional licence.
    """

    name: str
    phone: str = ""
    team_id: int | None = None
    division_code: str | None = None
    skills: tuple[str, ...] = ()
    licensed_skills: tuple[str, ...] = ()
    licence_expires_on: date | None = None


# Teams


def add_team(actor: Actor, card: TeamCard, now: datetime) -> int:
    """Add a team; its id.

    :raise Refused: `wrong_party` (403); `invalid` (422) with `field` and `message`; nothing is written.
    """
    _check_office(actor)
    with transaction():
        team = Team(created_at=now, **_check_team(card, None))
        db.session.add(team)
        _flush_team()
        return team.id


def edit_team(actor: Actor, team_id: int, card: TeamCard) -> None:
    """Write a team's card anew. A team out of use stays readable, and finishes what it accepted.

    :raise NotFound: no such team.
    :raise Refused: as `add_team`.
    """
    _check_office(actor)
    with transaction():
        team = db.session.get(Team, team_id, with_for_update=True)
        if team is None:
            raise NotFound(team_id)
        for name, value in _check_team(card, team).items():
            setattr(team, name, value)
        _flush_team()


def _check_team(card: TeamCard, old: Team | None) -> dict[str, Any]:
    """The columns to write, once they hold together. What `old` names already may be out of use."""
    name = _text("name", card.name, 64)
    if not name:
        _refuse("name", "请填写服务队名称。", "The team needs a name.")
    taken = select(exists().where(Team.name == name, Team.id != (old.id if old else -1)))
    if db.session.scalar(taken):
        _refuse_taken()
    if not 1 <= card.weekly_capacity <= 100:
        _refuse("weekly_capacity", "每周可服务次数应是 1 到 100。", "Services a week: 1 to 100.")
    if not card.themes:
        _refuse("themes", "请至少选一个主题。", "Choose at least one theme.")
    _check_department(card.department_id, old.department_id if old else None)
    _check_division(card.division_code, old.division_code if old else None)
    _check_terms("theme", "themes", card.themes, old.themes if old else ())
    return {
        **asdict(card),
        "name": name,
        "name_en": _text("name_en", card.name_en, 120),
        "host": _text("host", card.host, 64),
        "themes": list(card.themes),
    }


def _flush_team() -> None:
    try:
        db.session.flush()
    except IntegrityError:  # on PostgreSQL another one may have taken the name since the look before
        _refuse_taken()


# Volunteers


def add_volunteer(actor: Actor, card: VolunteerCard, now: datetime) -> int:
    """Add a person whose papers are still to be checked (`applied`); the number is the next free one.

    :return: the volunteer's id.
    :raise Refused: `wrong_party` (403); `invalid` (422) with `field` and `message`; nothing is written.
    """
    _check_office(actor)
    with transaction():
        values = _check_volunteer(card, None)
        person = Volunteer(number=_next_number(), status="applied", created_at=now, **values)
        db.session.add(person)
        try:
            db.session.flush()
        except IntegrityError:  # on PostgreSQL another one may have taken the number since
            zh, en = (
                "刚有别人也登记了一名志愿者，请再提交一次。",
                "Somebody else added a volunteer just now: send it again.",
            )
            raise Refused("invalid", 409, message=zh, message_en=en) from None
        return person.id


def edit_volunteer(actor: Actor, volunteer_id: int, card: VolunteerCard) -> None:
    """Write a person's card anew; number and status stay.

    :raise NotFound: no such volunteer.
    :raise Refused: as `add_volunteer`.
    """
    _check_office(actor)
    with transaction():
        person = _lock(volunteer_id)
        for name, value in _check_volunteer(card, person).items():
            setattr(person, name, value)


def verify_volunteer(actor: Actor, volunteer_id: int, now: datetime) -> bool:
    """The papers were checked: from now on the person counts and can be named for a service.

    :return: False when it already was so.
    :raise NotFound: no such volunteer.
    :raise Refused: `wrong_party` (403); `invalid` (409) not from this status.
    """
    return _change_status(actor, volunteer_id, "verified", now)


def pause_volunteer(actor: Actor, volunteer_id: int, now: datetime) -> bool:
    """Not to be named for a while. Returns and raises as `verify_volunteer`."""
    return _change_status(actor, volunteer_id, "paused", now)


def leave_volunteer(actor: Actor, volunteer_id: int, now: datetime) -> bool:
    """The person left; the hours stay in the ledger. Returns and raises as `verify_volunteer`."""
    return _change_status(actor, volunteer_id, "left", now)


def _next_number() -> str:
    last = db.session.scalar(select(func.max(Volunteer.number)).where(Volunteer.number.like("V_______")))
    return f"V{int(last[1:]) + 1 if last and last[1:].isdecimal() else 1:07d}"


def _change_status(actor: Actor, volunteer_id: int, to: str, now: datetime) -> bool:
    _check_office(actor)
    with transaction():
        person = _lock(volunteer_id)
        if person.status == to:
            return False
        if person.status not in CHANGES[to]:
            old, new = STATUS_LABELS[person.status], STATUS_LABELS[to]
            raise Refused(
                "invalid",
                409,
                message=f"这名志愿者现在是“{old.zh}”，不能改为“{new.zh}”。",
                message_en=f"This volunteer is “{old.en}” and can't become “{new.en}”.",
            )
        person.status = to
        if to == "verified":
            person.verified_at = now
        return True


def _lock(volunteer_id: int) -> Volunteer:
    person = db.session.get(Volunteer, volunteer_id, with_for_update=True)
    if person is None:
        raise NotFound(volunteer_id)
    return person


def _check_volunteer(card: VolunteerCard, old: Volunteer | None) -> dict[str, Any]:
    """The columns to write, once they hold together. What `old` names already may be out of use."""
    name = _text("name", card.name, 32)
    if not name:
        _refuse("name", "请填写姓名。", "A name is needed.")
    phone = parse_phone(card.phone) if card.phone.strip() else None
    if card.phone.strip() and phone is None:
        _refuse(
            "phone",
            "电话号码不对。请填 11 位手机号，或带区号的座机号。",
            "Not a telephone number: eleven digits of a mobile, or a landline with its area code.",
        )
    if phone and (twin := _find_twin(name, phone, old)):
        _refuse(
            "phone",
            f"已有同名同电话的志愿者 {twin}。一个人只登记一次，换队请改那一条。",
            f"{twin} has this name and phone already. One person is one row: change that one.",
        )
    if not set(card.licensed_skills) <= set(card.skills):
        _refuse(
            "licensed_skills",
            "持证的技能也要在“会什么”里选上。",
            "A licensed skill must be among the skills too.",
        )
    if card.licence_expires_on and not card.licensed_skills:
        _refuse("licensed_skills", "填了证书有效期，请选持证的技能。", "Which skill is the licence for?")
    _check_division(card.division_code, old.division_code if old else None)
    _check_terms("skill", "skills", card.skills, old.skills if old else ())
    kept_team = old.team_id if old else None
    if card.team_id not in (None, kept_team) and not db.session.scalar(
        select(exists().where(Team.id == card.team_id, Team.is_active))
    ):
        _refuse("team_id", "请从列表里选一支在用的服务队。", "Choose a team in use from the list.")
    return {
        **asdict(card),
        "name": name,
        "phone": phone,
        "skills": list(card.skills),
        "licensed_skills": list(card.licensed_skills),
    }


def _find_twin(name: str, phone: str, old: Volunteer | None) -> str | None:
    """The number of another volunteer with the same name and phone: the board counts people, each once."""
    others = select(Volunteer.number).where(Volunteer.name == name, Volunteer.phone == phone)
    return db.session.scalar(others.where(Volunteer.id != old.id) if old else others)


# Checks that both share


def _refuse(field: str, zh: str, en: str) -> NoReturn:
    raise Refused("invalid", 422, field=field, message=zh, message_en=en)


def _refuse_taken() -> NoReturn:
    _refuse("name", "已有同名的服务队，请换一个名称。", "There is a team of this name already.")


def _check_office(actor: Actor) -> None:
    if actor.party is not Party.OFFICE:
        raise Refused("wrong_party", 403)


def _text(field: str, value: str, longest: int) -> str:
    text = value.strip()
    if len(text) > longest:
        _refuse(field, f"最多 {longest} 个字。", f"At most {longest} characters.")
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in text):
        _refuse(field, "这里有无法显示的字符，请删掉后再提交。", "There are characters that can't be shown.")
    return text


def _check_department(department_id: str, kept: str | None) -> None:
    if department_id != kept and not db.session.scalar(
        select(exists().where(Department.id == department_id, Department.is_active))
    ):
        _refuse("department_id", "请从列表里选一个在用的部门。", "Choose a department in use from the list.")


def _check_division(code: str | None, kept: str | None) -> None:
    if code not in (None, kept) and not db.session.scalar(
        select(exists().where(Division.code == code, Division.is_active))
    ):
        _refuse("division_code", "请从列表里选一个在用的区划。", "Choose a division in use from the list.")


def _check_terms(kind: str, field: str, codes: Collection[str], kept: Collection[str]) -> None:
    new = set(codes) - set(kept)
    known = db.session.scalars(select(Term.code).where(Term.kind == kind, Term.code.in_(new), Term.is_active))
    if new.difference(known):
        _refuse(field, "请从列表里选。", "Choose from the list.")


# The reads


def find_teams(text: str = "", page: int = 1, status: str = "") -> Page[Any]:
    """Rows of (Team, department's names, verified people), those in use first: two statements.

    :param text: must occur in the name, the host or the department's name.
    :param status: "active" or "inactive"; anything else gives both.
    """
    people = (
        select(func.count())
        .where(Volunteer.team_id == Team.id, Volunteer.status == "verified")
        .correlate(Team)
        .scalar_subquery()
    )
    statement = (
        select(
            Team, Department.name.label("department"), Department.name_en.label("department_en"), people.label("people")
        )
        .join(Department, Department.id == Team.department_id)
        .order_by(Team.is_active.desc(), Department.position, Team.id)
    )
    if text:
        statement = statement.where(_has_text(text, Team.name, Team.name_en, Team.host, Department.name))
    if status in ("active", "inactive"):
        statement = statement.where(Team.is_active.is_(status == "active"))
    return select_page(statement, page)


def get_team(team_id: int) -> Team:
    """:raise NotFound: no such team."""
    team = db.session.get(Team, team_id)
    if team is None:
        raise NotFound(team_id)
    return team


def list_team_names(keep: int | None = None) -> dict[int, str]:
    """Teams in use, and the one that is named already: id → name."""
    rows = db.session.execute(
        select(Team.id, Team.name).where(or_(Team.is_active, Team.id == keep)).order_by(Team.name)
    )
    return {team_id: name for team_id, name in rows}


def list_volunteers(text: str = "", status: str = "", page: int = 1, team_id: int | None = None) -> Page[Any]:
    """Rows of (Volunteer, team's name), those to be checked first: two statements.

    :param text: must occur in the name, the number or the team's name.
    """
    statement = (
        select(Volunteer, Team.name.label("team"))
        .outerjoin(Team, Team.id == Volunteer.team_id)
        .order_by((Volunteer.status == "applied").desc(), (Volunteer.status == "verified").desc(), Volunteer.id.desc())
    )
    if text:
        statement = statement.where(_has_text(text, Volunteer.name, Volunteer.number, Team.name))
    if status:
        statement = statement.where(Volunteer.status == status)
    if team_id is not None:
        statement = statement.where(Volunteer.team_id == team_id)
    return select_page(statement, page)


def count_by_status() -> dict[str, int]:
    """Volunteers by status; one statement."""
    rows = db.session.execute(select(Volunteer.status, func.count()).group_by(Volunteer.status))
    return {status: count for status, count in rows}


def get_volunteer(volunteer_id: int) -> Volunteer:
    """:raise NotFound: no such volunteer."""
    person = db.session.get(Volunteer, volunteer_id)
    if person is None:
        raise NotFound(volunteer_id)
    return person


def _has_text(text: str, *columns: Any) -> ColumnElement[bool]:
    return or_(*(column.icontains(text, autoescape=True) for column in columns))
