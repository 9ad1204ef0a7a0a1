"""Teams: what the office writes down about them, who leads them, and which of them sleep.

Not here: who joins and leaves (`membership.py`).
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, NoReturn

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.exc import IntegrityError

from qtxvol.accounts.actor import Actor
from qtxvol.accounts.office import check_office
from qtxvol.directory.models import Department, Division
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Label, Status
from qtxvol.orders.models import Order
from qtxvol.paging import Page, select_page
from qtxvol.refusals import NotFound
from qtxvol.storage import transaction
from qtxvol.volunteers.events import tell
from qtxvol.volunteers.models import HOST_KINDS, Team, Volunteer
from qtxvol.volunteers.refuse import check_department, check_division, check_terms, clean, refuse
from qtxvol.volunteers.rules import get_rule_value

HOST_KIND_LABELS: Mapping[str, Label] = {
    "school": Label("学校", "School"),
    "hospital": Label("医院、卫生机构", "Hospital or health centre"),
    "community": Label("社区、村", "Community or village"),
    "enterprise": Label("企业", "Enterprise"),
    "society": Label("社会组织", "Social organisation"),
    "government": Label("机关、事业单位", "Public body"),
    "other": Label("其他", "Other"),
}
#: What levels are usually called, where a team has no word of its own.
LEVEL_LABELS: Mapping[int, Label] = {
    1: Label("总队", "Head corps"),
    2: Label("支队", "Corps"),
    3: Label("大队", "Brigade"),
    4: Label("分队", "Squad"),
}
_YEAR = timedelta(days=365)
_DAYS_IN_MONTH = 365 / 12
ROLE_LABELS: Mapping[str, Label] = {"leader": Label("队长", "Leader"), "deputy": Label("副队长", "Deputy")}


@dataclass(frozen=True, slots=True)
class TeamCard:
    """What the office writes down about a team.

    :ivar level: 1 to 4; `level_label` a word of its own for it.
    :ivar area: codes of the divisions that it serves; empty: the whole city.
    :ivar weekly_capacity: services a week; `parallel_events` at one and the same time; both 1 to 100.
    :ivar yearly_minimum: closed services that it owes in twelve months, 0 to 366; 0: none are asked for.
    :ivar leader_id: members of the team; None: there is none.
    """

    name: str
    department_id: str
    name_en: str = ""
    host: str = ""
    host_kind: str = "other"
    level: int = 3
    level_label: str = ""
    parent_id: int | None = None
    division_code: str | None = None
    area: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    weekly_capacity: int = 2
    parallel_events: int = 3
    yearly_minimum: int = 4
    is_active: bool = True
    leader_id: int | None = None
    deputy_id: int | None = None


def level_label(team: Team) -> Label:
    """What the team's level is called."""
    return Label(team.level_label, team.level_label) if team.level_label else LEVEL_LABELS[team.level]


# The verbs


def add_team(actor: Actor, card: TeamCard, now: datetime) -> int:
    """Add a team; its id. Its leader is chosen once it has members.

    :raise Refused: `wrong_party` (403); `invalid` (422) with `field` and `message`; nothing is written.
    """
    check_office(actor)
    with transaction():
        team = Team(created_at=now, **_check_team(card, None))
        db.session.add(team)
        _flush_team()
        _set_roles(actor, team, card, now)
        return team.id


def edit_team(actor: Actor, team_id: int, card: TeamCard, now: datetime) -> None:
    """Write a team's card anew. A team out of use stays readable, and finishes what it accepted.

    :raise NotFound: no such team.
    :raise Refused: as `add_team`.
    """
    check_office(actor)
    with transaction():
        team = db.session.get(Team, team_id, with_for_update=True)
        if team is None:
            raise NotFound(team_id)
        for name, value in _check_team(card, team).items():
            setattr(team, name, value)
        _flush_team()
        _set_roles(actor, team, card, now)


def _check_team(card: TeamCard, old: Team | None) -> dict[str, Any]:
    """The columns to write, once they hold together. What `old` names already may be out of use."""
    name = clean("name", card.name, 64)
    if not name:
        refuse("name", "请填写服务队名称。", "The team needs a name.")
    taken = select(exists().where(Team.name == name, Team.id != (old.id if old else -1)))
    if db.session.scalar(taken):
        _refuse_taken()
    _check_numbers(card)
    if card.host_kind not in HOST_KINDS:
        refuse("host_kind", "请从列表里选。", "Choose from the list.")
    if not card.themes:
        refuse("themes", "请至少选一个主题。", "Choose at least one theme.")
    check_department(card.department_id, old.department_id if old else None)
    check_division(card.division_code, old.division_code if old else None)
    _check_area(card.area, old.area if old else ())
    check_terms("theme", "themes", card.themes, old.themes if old else ())
    _check_parent(card.parent_id, old)
    values = {
        **asdict(card),
        "name": name,
        "name_en": clean("name_en", card.name_en, 120),
        "host": clean("host", card.host, 64),
        "level_label": clean("level_label", card.level_label, 16),
        "area": list(card.area),
        "themes": list(card.themes),
    }
    del values["leader_id"], values["deputy_id"]
    return values


def _check_numbers(card: TeamCard) -> None:
    for field, value, low, high in (
        ("level", card.level, 1, 4),
        ("weekly_capacity", card.weekly_capacity, 1, 100),
        ("parallel_events", card.parallel_events, 1, 100),
        ("yearly_minimum", card.yearly_minimum, 0, 366),
    ):
        if not low <= value <= high:
            refuse(field, f"请填 {low} 到 {high}。", f"From {low} to {high}.")


def _check_area(codes: Collection[str], kept: Collection[str]) -> None:
    new = set(codes) - set(kept)
    known = db.session.scalars(select(Division.code).where(Division.code.in_(new), Division.is_active))
    if new.difference(known):
        refuse("area", "请从列表里选在用的区划。", "Choose divisions in use from the list.")


def _check_parent(parent_id: int | None, old: Team | None) -> None:
    """The team above is there, and does not stand below this one."""
    if parent_id is None or (old and parent_id == old.parent_id):
        return
    above = {team_id: up for team_id, up in db.session.execute(select(Team.id, Team.parent_id).with_for_update())}
    if parent_id not in above:
        refuse("parent_id", "请从列表里选上级队。", "Choose the team above from the list.")
    step: int | None = parent_id
    while step is not None:
        if old and step == old.id:
            refuse("parent_id", "上级队不能是本队或本队的下级队。", "The team above can't stand below this one.")
        step = above.get(step)


def _set_roles(actor: Actor, team: Team, card: TeamCard, now: datetime) -> None:
    """Name leader and deputy; whoever was it before no longer is."""
    wanted = {"leader": card.leader_id, "deputy": card.deputy_id}
    if card.leader_id is not None and card.leader_id == card.deputy_id:
        refuse("deputy_id", "队长和副队长不能是同一个人。", "Leader and deputy are two people.")
    ids = [person_id for person_id in wanted.values() if person_id is not None]
    people = {
        person.id: person
        for person in db.session.scalars(
            select(Volunteer)
            .where(Volunteer.team_id == team.id, or_(Volunteer.team_role.is_not(None), Volunteer.id.in_(ids)))
            .order_by(Volunteer.id)
            .with_for_update()
        )
    }
    for role, person_id in wanted.items():
        if person_id is not None and (
            person_id not in people or people[person_id].status not in ("verified", "paused")
        ):
            refuse(f"{role}_id", "请从已核验的队员里选。", "Choose one of the team's verified members.")
    roles = {person_id: role for role, person_id in wanted.items() if person_id is not None}
    changed = [person for person in people.values() if person.team_role != roles.get(person.id)]
    for person in changed:
        tell(
            person.id,
            "role",
            actor,
            now,
            was=person.team_role or "",
            became=roles.get(person.id, ""),
            reason=team.name,
        )
        person.team_role = None
    db.session.flush()  # first free, then taken: leader and deputy may change places
    for person in changed:
        person.team_role = roles.get(person.id)


def _flush_team() -> None:
    try:
        db.session.flush()
    except IntegrityError:  # on PostgreSQL another one may have taken the name since the look before
        _refuse_taken()


def _refuse_taken() -> NoReturn:
    refuse("name", "已有同名的服务队，请换一个名称。", "There is a team of this name already.")


# The reads


def _members_of_team() -> Any:
    return (
        select(func.count())
        .where(Volunteer.team_id == Team.id, Volunteer.status == "verified")
        .correlate(Team)
        .scalar_subquery()
    )


def _closed_since(since: datetime | None = None) -> Any:
    closed = select(func.count()).where(Order.team_id == Team.id, Order.status == Status.CLOSED, Order.counts())
    if since is not None:
        closed = closed.where(Order.closed_at >= since)
    return closed.correlate(Team).scalar_subquery()


def _is_quiet(now: datetime) -> ColumnElement[bool]:
    """Without a closed service for the months that the office set; a younger team is not measured by them."""
    since = now - timedelta(days=round(get_rule_value("dormant_months") * _DAYS_IN_MONTH))
    return and_(Team.created_at < since, _closed_since(since) == 0)


def _is_below(now: datetime) -> ColumnElement[bool]:
    """Fewer closed services in twelve months than its yearly minimum; a younger team is not measured by it."""
    return and_(Team.created_at < now - _YEAR, _closed_since(now - _YEAR) < Team.yearly_minimum)


def is_dormant(now: datetime) -> ColumnElement[bool]:
    """A team in use that is heard of too seldom: quiet for months, or below its yearly minimum."""
    return and_(Team.is_active, or_(_is_quiet(now), _is_below(now)))


def find_teams(now: datetime, text: str = "", page: int = 1, status: str = "") -> Page[Any]:
    """Rows of (Team, department's names, verified people, leader's name, services closed in twelve months, when the
    last was closed, `is_quiet`, `is_below`), those in use first: two statements, and one for the office's number.

    :param text: must occur in the name, the host or the department's name.
    :param status: "active", "inactive" or "dormant"; anything else gives all.
    """
    last = (
        select(func.max(Order.closed_at))
        .where(Order.team_id == Team.id, Order.status == Status.CLOSED, Order.counts())
        .correlate(Team)
        .scalar_subquery()
    )
    leader = (
        select(Volunteer.name)
        .where(Volunteer.team_id == Team.id, Volunteer.team_role == "leader")
        .correlate(Team)
        .scalar_subquery()
    )
    statement = (
        select(
            Team,
            Department.name.label("department"),
            Department.name_en.label("department_en"),
            _members_of_team().label("people"),
            leader.label("leader"),
            _closed_since(now - _YEAR).label("closed_in_year"),
            last.label("last_closed_at"),
            and_(Team.is_active, _is_quiet(now)).label("is_quiet"),
            and_(Team.is_active, _is_below(now)).label("is_below"),
        )
        .join(Department, Department.id == Team.department_id)
        .order_by(Team.is_active.desc(), Department.position, Team.level, Team.id)
    )
    if text:
        statement = statement.where(has_text(text, Team.name, Team.name_en, Team.host, Department.name))
    if status in ("active", "inactive"):
        statement = statement.where(Team.is_active.is_(status == "active"))
    elif status == "dormant":
        statement = statement.where(is_dormant(now))
    return select_page(statement, page)


def count_dormant(now: datetime) -> int:
    """How many teams sleep."""
    return db.session.scalar(select(func.count()).select_from(Team).where(is_dormant(now))) or 0


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


def list_teams_below(team_id: int) -> list[Team]:
    """The teams that stand directly below."""
    return list(db.session.scalars(select(Team).where(Team.parent_id == team_id).order_by(Team.level, Team.id)))


def list_leader_choices(team_id: int) -> list[tuple[int, str]]:
    """Members who can lead: id and name."""
    rows = db.session.execute(
        select(Volunteer.id, Volunteer.name)
        .where(Volunteer.team_id == team_id, Volunteer.status.in_(("verified", "paused")))
        .order_by(Volunteer.name, Volunteer.id)
    )
    return [(person_id, name) for person_id, name in rows]


def get_roles(team_id: int) -> dict[str, int]:
    """Who leads: role → volunteer's id."""
    rows = db.session.execute(
        select(Volunteer.team_role, Volunteer.id).where(Volunteer.team_id == team_id, Volunteer.team_role.is_not(None))
    )
    return {str(role): person_id for role, person_id in rows}


def has_text(text: str, *columns: Any) -> ColumnElement[bool]:
    """The text occurs in one of the columns."""
    return or_(*(column.icontains(text, autoescape=True) for column in columns))
