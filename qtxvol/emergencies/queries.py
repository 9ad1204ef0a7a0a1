"""Reads of emergencies: what is open, what covers an order, everything about one."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import aliased

from qtxvol.accounts.actor import division_prefix
from qtxvol.accounts.models import Account
from qtxvol.base import AnyRow
from qtxvol.directory.models import Department, Division, MenuItem, Term
from qtxvol.directory.queries import Suggestion
from qtxvol.emergencies.models import (
    Emergency,
    EmergencyArea,
    EmergencyExpert,
    EmergencyFact,
    EmergencyReview,
    EmergencyTopic,
)
from qtxvol.emergencies.rules import Cover
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import OPEN, Label
from qtxvol.orders.models import Order
from qtxvol.refusals import NotFound
from qtxvol.volunteers.models import Team, Volunteer

#: What the terms of `emergency` are to the table of terms.
TERM_KIND = "emergency"
#: So many facts stand in the banner itself; the page has all.
FACTS_IN_BANNER = 2


@dataclass(frozen=True, slots=True)
class Expert:
    """A volunteer or a team on the list. `name` is for the office and the departments alone."""

    id: int
    role: str
    name: str
    number: str
    volunteer_id: int | None
    #: The team itself, or the volunteer's.
    team_id: int | None
    team_name: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class EmergencyView:
    """One emergency with its parts.

    :ivar areas: and `topics`, in words. :ivar facts: that hold, newest check first.
    :ivar withdrawn: facts that were told and do not hold any more, newest first: corrected ones and withdrawn ones.
    """

    emergency: Emergency
    kind: Label
    cover: Cover
    areas: Sequence[Label]
    topics: Sequence[Label]
    facts: Sequence[EmergencyFact]
    withdrawn: Sequence[EmergencyFact] = ()
    experts: Sequence[Expert] = ()
    review: EmergencyReview | None = None
    follows: Emergency | None = None
    followed_by: Emergency | None = None
    opened_by: str = ""
    closed_by: str = ""

    @property
    def is_open(self) -> bool:
        return self.emergency.closed_at is None


@dataclass(frozen=True, slots=True)
class Banner:
    """What a page says while an emergency is open."""

    id: int
    title: str
    kind: Label
    is_drill: bool
    hotline: str
    facts: Sequence[EmergencyFact] = field(default=())


def is_open() -> ColumnElement[bool]:
    """Not closed yet."""
    return Emergency.closed_at.is_(None)


def list_open(now: datetime) -> Sequence[Emergency]:
    """Open emergencies, exercises after the real ones, oldest first; one statement."""
    return db.session.scalars(
        select(Emergency)
        .where(is_open(), Emergency.opened_at <= now)
        .order_by(Emergency.is_drill, Emergency.starts_at, Emergency.id)
    ).all()


def list_banners(now: datetime) -> list[Banner]:
    """What the pages say now: one statement while nothing is open, else two."""
    rows = db.session.execute(
        select(Emergency.id, Emergency.title, Emergency.is_drill, Emergency.hotline, Term.name, Term.name_en)
        .outerjoin(Term, and_(Term.kind == TERM_KIND, Term.code == Emergency.kind))
        .where(is_open(), Emergency.opened_at <= now)
        .order_by(Emergency.is_drill, Emergency.starts_at, Emergency.id)
    ).all()
    if not rows:
        return []
    facts = _facts_of([row.id for row in rows], holding=True)
    return [
        Banner(
            row.id, row.title, Label(row.name or "", row.name_en or row.name or ""), row.is_drill, row.hotline,
            facts[row.id][:FACTS_IN_BANNER],
        )
        for row in rows
    ]  # fmt: skip


def covers_of(ids: Iterable[int]) -> dict[int, Cover]:
    """Areas and topics of each; two statements."""
    wanted = list(ids)
    areas: dict[int, set[str]] = defaultdict(set)
    topics: dict[tuple[int, str], set[str]] = defaultdict(set)
    for emergency_id, code in db.session.execute(
        select(EmergencyArea.emergency_id, EmergencyArea.division_code).where(EmergencyArea.emergency_id.in_(wanted))
    ):
        areas[emergency_id].add(code)
    for emergency_id, kind, code in db.session.execute(
        select(EmergencyTopic.emergency_id, EmergencyTopic.kind, EmergencyTopic.code).where(
            EmergencyTopic.emergency_id.in_(wanted)
        )
    ):
        topics[emergency_id, kind].add(code)
    return {
        each: Cover(frozenset(areas[each]), frozenset(topics[each, "theme"]), frozenset(topics[each, "item"]))
        for each in wanted
    }


def find_cover(division_code: str, item: str | None, theme: str | None, now: datetime) -> Emergency | None:
    """The open emergency that an order of this place and topic belongs to, the oldest of several.

    Never an exercise: what a resident really needs must not vanish from the figures because somebody exercises.
    """
    if item is None and theme is None:
        return None
    found = [each for each in list_open(now) if not each.is_drill]
    covers = covers_of([each.id for each in found]) if found else {}
    return next(
        (each for each in found if covers[each.id].has_place(division_code) and covers[each.id].has_topic(item, theme)),
        None,
    )


def is_covered(cover: Cover) -> ColumnElement[bool]:
    """The condition on `Order`: its place and topic are the emergency's."""
    places = or_(*(_below(area) for area in sorted(cover.areas)))
    topics = or_(Order.menu_item_id.in_(sorted(cover.items)), Order.theme.in_(sorted(cover.themes)))
    return and_(places, topics)


def _below(area: str) -> ColumnElement[bool]:
    prefix = division_prefix(area)
    return Order.division_code.between(prefix.ljust(12, "0"), prefix.ljust(12, "9"))


def to_raise(cover: Cover) -> ColumnElement[bool]:
    """The condition on `Order`: open, covered, and not part of an emergency or an exercise yet."""
    return and_(Order.status.in_(OPEN), Order.emergency_id.is_(None), Order.counts(), is_covered(cover))


def count_to_raise(view: EmergencyView) -> int:
    """Open orders from before that the emergency covers; none for an exercise."""
    if view.emergency.is_drill or not view.is_open:
        return 0
    return db.session.scalar(select(func.count()).select_from(Order).where(to_raise(view.cover))) or 0


def list_emergencies() -> Sequence[AnyRow]:
    """All of them, open ones first, then the newest; with kind, areas counted and how many orders belong to each."""
    orders = (
        select(Order.emergency_id, func.count().label("orders"))
        .where(Order.emergency_id.is_not(None))
        .group_by(Order.emergency_id)
        .subquery()
    )
    return db.session.execute(
        select(
            Emergency,
            Term.name.label("kind_name"),
            Term.name_en.label("kind_name_en"),
            func.coalesce(orders.c.orders, 0).label("orders"),
            EmergencyReview.made_at.label("reviewed_at"),
            EmergencyReview.lessons_at,
        )
        .outerjoin(Term, and_(Term.kind == TERM_KIND, Term.code == Emergency.kind))
        .outerjoin(orders, orders.c.emergency_id == Emergency.id)
        .outerjoin(EmergencyReview, EmergencyReview.emergency_id == Emergency.id)
        .order_by(Emergency.closed_at.is_not(None), Emergency.opened_at.desc(), Emergency.id.desc())
    ).all()


def get_emergency(emergency_id: int) -> EmergencyView:
    """Everything about one; a constant number of statements.

    :raise NotFound: there is none.
    """
    emergency = db.session.get(Emergency, emergency_id)
    if emergency is None:
        raise NotFound(emergency_id)
    cover = covers_of([emergency_id])[emergency_id]
    facts = _facts_of([emergency_id])[emergency_id]
    replaced = {each.replaces_id for each in facts}
    holding = [each for each in facts if each.withdrawn_at is None and each.id not in replaced]
    names: Any = aliased(Account)
    closer: Any = aliased(Account)
    who = db.session.execute(
        select(names.display_name, closer.display_name)
        .select_from(Emergency)
        .join(names, names.id == Emergency.opened_by_account_id)
        .outerjoin(closer, closer.id == Emergency.closed_by_account_id)
        .where(Emergency.id == emergency_id)
    ).one()
    return EmergencyView(
        emergency,
        _kind_label(emergency.kind),
        cover,
        _area_labels(cover.areas),
        _topic_labels(cover),
        holding,
        [each for each in facts if each not in holding],
        list_experts(emergency_id),
        db.session.get(EmergencyReview, emergency_id),
        db.session.get(Emergency, emergency.follows_id) if emergency.follows_id else None,
        db.session.scalars(select(Emergency).where(Emergency.follows_id == emergency_id).limit(1)).first(),
        who[0] or "",
        who[1] or "",
    )


def _facts_of(ids: Sequence[int], *, holding: bool = False) -> dict[int, list[EmergencyFact]]:
    """Facts of each emergency, newest check first.

    :param holding: without those that were withdrawn or corrected.
    """
    later = aliased(EmergencyFact)
    statement = (
        select(EmergencyFact)
        .where(EmergencyFact.emergency_id.in_(ids))
        .order_by(EmergencyFact.checked_at.desc(), EmergencyFact.id.desc())
    )
    if holding:
        statement = statement.where(
            EmergencyFact.withdrawn_at.is_(None),
            ~select(later.id).where(later.replaces_id == EmergencyFact.id).exists(),
        )
    found: dict[int, list[EmergencyFact]] = defaultdict(list)
    for fact in db.session.scalars(statement):
        found[fact.emergency_id].append(fact)
    return found


def _kind_label(kind: str) -> Label:
    row = db.session.get(Term, (TERM_KIND, kind))
    return Label(row.name, row.name_en or row.name) if row else Label(kind, kind)


def _area_labels(areas: Iterable[str]) -> list[Label]:
    rows = db.session.execute(
        select(Division.display_name, Division.name_en).where(Division.code.in_(list(areas))).order_by(Division.code)
    )
    return [Label(zh, en or zh) for zh, en in rows]


def _topic_labels(cover: Cover) -> list[Label]:
    themes = db.session.execute(
        select(Term.name, Term.name_en)
        .where(Term.kind == "theme", Term.code.in_(sorted(cover.themes)))
        .order_by(Term.position)
    )
    items = db.session.execute(
        select(MenuItem.name, MenuItem.name_en)
        .where(MenuItem.id.in_(sorted(cover.items)))
        .order_by(MenuItem.position, MenuItem.id)
    )
    return [Label(zh, en or zh) for rows in (themes, items) for zh, en in rows]


def list_experts(emergency_id: int) -> list[Expert]:
    """Who is on the list, in the order in which they were named."""
    own, home = aliased(Team), aliased(Team)
    statement = (
        select(EmergencyExpert, Volunteer, own, home)
        .outerjoin(Volunteer, Volunteer.id == EmergencyExpert.volunteer_id)
        .outerjoin(own, own.id == EmergencyExpert.team_id)
        .outerjoin(home, home.id == Volunteer.team_id)
        .where(EmergencyExpert.emergency_id == emergency_id, EmergencyExpert.dropped_at.is_(None))
        .order_by(EmergencyExpert.id)
    )
    found = []
    for row, person, team, home_team in db.session.execute(statement):
        at = team or home_team
        found.append(
            Expert(
                row.id,
                row.role,
                person.name if person else team.name,
                person.number if person else "",
                row.volunteer_id,
                at.id if at else None,
                at.name if at else "",
                (person.status == "verified" if person else team.is_active),
            )
        )
    return found


def expert_teams(emergency_id: int | None) -> list[int]:
    """Active teams that are on the list, or have somebody on it; no emergency has none. One statement."""
    if emergency_id is None:
        return []
    rows = db.session.scalars(
        select(Team.id)
        .where(
            Team.is_active,
            or_(
                Team.id.in_(_listed(emergency_id, EmergencyExpert.team_id)),
                Team.id.in_(
                    select(Volunteer.team_id).where(
                        Volunteer.id.in_(_listed(emergency_id, EmergencyExpert.volunteer_id)),
                        Volunteer.status == "verified",
                        Volunteer.team_id.is_not(None),
                    )
                ),
            ),
        )
        .order_by(Team.id)
    )
    return list(rows)


def experts_first(suggestions: Sequence[Suggestion], order: Order) -> tuple[Suggestion, ...]:
    """Departments for an order: where its emergency's experts are comes before what the menu and the plan say."""
    teams = expert_teams(order.emergency_id)
    if not teams:
        return tuple(suggestions)
    named = [
        Suggestion(row.id, row.name, row.name_en, "expert", "应急专家所在部门", "Experts of the emergency are there")
        for row in db.session.execute(
            select(Department.id, Department.name, Department.name_en)
            .where(Department.is_active, Department.id.in_(select(Team.department_id).where(Team.id.in_(teams))))
            .order_by(Department.position, Department.id)
        )
    ]
    known = {each.department_id for each in named}
    return (*named, *(each for each in suggestions if each.department_id not in known))


def _listed(emergency_id: int, column: Any) -> Any:
    return select(column).where(
        EmergencyExpert.emergency_id == emergency_id, EmergencyExpert.dropped_at.is_(None), column.is_not(None)
    )


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who could be named: a verified volunteer with a fitting skill, or an active team with the theme."""

    key: str
    name: str
    note: str
    skills: Sequence[str] = ()


def list_candidates(view: EmergencyView, *, most: int = 200) -> list[Candidate]:
    """Who fits the topics and is not on the list: teams by theme, people by the skills that the items ask for."""
    listed_people = {each.volunteer_id for each in view.experts}
    listed_teams = {each.team_id for each in view.experts if each.volunteer_id is None}
    items = db.session.execute(
        select(MenuItem.theme, MenuItem.needed_skills).where(
            or_(MenuItem.id.in_(sorted(view.cover.items)), MenuItem.theme.in_(sorted(view.cover.themes)))
        )
    ).all()
    themes = {item.theme for item in items} | view.cover.themes
    skills = {skill for item in items for skill in item.needed_skills}
    teams = db.session.scalars(select(Team).where(Team.is_active).order_by(Team.name)).all()
    people = db.session.execute(
        select(Volunteer.id, Volunteer.name, Volunteer.number, Volunteer.skills, Team.name.label("team"))
        .outerjoin(Team, Team.id == Volunteer.team_id)
        .where(Volunteer.status == "verified")
        .order_by(Volunteer.number)
    )
    fitting = [
        Candidate(
            f"person:{row.id}", row.name, f"{row.number} {row.team or ''}".strip(), sorted(skills & set(row.skills))
        )
        for row in people
        if skills & set(row.skills) and row.id not in listed_people
    ]
    return [
        *(
            Candidate(f"team:{team.id}", team.name, "")
            for team in teams
            if themes & set(team.themes) and team.id not in listed_teams
        ),
        *fitting[:most],
    ]
