"""What pages, jobs and commands read of the city's facts: small frozen records, one SQL statement each.

Both names come back, Chinese and English; the page chooses. Not here: changing facts (`edit.py`,
`loader.py`).
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, and_, func, inspect, or_, select
from sqlalchemy.orm import aliased

from qtxvol.directory.kinds import KINDS, REFERENCES, Field, Key, Values, get_kind, split_key
from qtxvol.directory.loader import PARTS
from qtxvol.directory.models import (
    ALL_CATEGORIES,
    Department,
    Division,
    MenuItem,
    Programme,
    Reason,
    Route,
    Term,
    TimeLimit,
)
from qtxvol.extensions import db
from qtxvol.orders.deadlines import Limit, Unit
from qtxvol.orders.lifecycle import Action, Label
from qtxvol.refusals import NotFound

COUNTY, TOWN, COMMUNITY = 3, 4, 5

#: A wish in free text goes to those who, by the plan, serve its audience.
PROGRAMME_OF_AUDIENCE = {
    "youth": "A1",
    "farmers": "A2",
    "workers": "A3",
    "elderly": "A4",
    "officials": "A5",
    "residents": "P4",
    "parents": "A1",
}


# Divisions


@dataclass(frozen=True, slots=True)
class Place:
    """A town, farm, community or village.

    :ivar name: as people say it (小坝村, not 小坝村委会).
    """

    code: str
    name: str
    name_en: str
    kind: str


@dataclass(frozen=True, slots=True)
class TownGroup:
    """A town or farm, which can be ordered for itself, and what lies in it, in the order of the codes."""

    town: Place
    communities: tuple[Place, ...]


def list_towns_with_communities() -> list[TownGroup]:
    """Everything in use that an order can name, for a <select> with groups.

    A community whose town is out of use is left out with it.
    """
    rows = db.session.execute(
        select(
            Division.code,
            Division.display_name,
            Division.name_en,
            Division.kind,
            Division.level,
            Division.parent_code,
        )
        .where(Division.level.in_((TOWN, COMMUNITY)), Division.is_active)
        .order_by(Division.level, Division.code)
    )
    towns: dict[str, tuple[Place, list[Place]]] = {}
    for code, name, name_en, kind, level, parent_code in rows:
        place = Place(code, name, name_en, kind)
        if level == TOWN:
            towns[code] = (place, [])
        elif parent_code in towns:
            towns[parent_code][1].append(place)
    return [TownGroup(town, tuple(communities)) for town, communities in towns.values()]


def list_counties() -> list[Place]:
    """Cities and counties in use: the whole of what the service is for."""
    rows = db.session.execute(
        select(Division.code, Division.display_name, Division.name_en, Division.kind)
        .where(Division.level == COUNTY, Division.is_active)
        .order_by(Division.code)
    )
    return [Place(*row) for row in rows]


def get_division_names(locale: str = "zh") -> dict[str, str]:
    """Code → "小坝镇 · 小坝村"; a town or anything above it by its own name. Those out of use too.

    :param locale: "en" takes English names where there are any.
    """
    above = aliased(Division)
    rows = db.session.execute(
        select(
            Division.code, Division.level, Division.display_name, Division.name_en,
            above.display_name, above.name_en,
        )
        .outerjoin(above, above.code == Division.parent_code)
        .order_by(Division.code)
    )  # fmt: skip

    def word(zh: str | None, en: str | None) -> str:
        return (en if locale.startswith("en") and en else zh) or ""

    return {
        code: f"{word(town, town_en)} · {word(name, name_en)}" if level == COMMUNITY else word(name, name_en)
        for code, level, name, name_en, town, town_en in rows
    }


# The menu


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """Something that can be ordered, with the names that a page shows beside it.

    :ivar is_active: False for one that is out of use; old orders still show it, new ones can't name it.
    """

    id: str
    name: str
    name_en: str
    audiences: tuple[str, ...]
    theme: str
    theme_name: str
    theme_name_en: str
    format: str
    format_name: str
    format_name_en: str
    needed_skills: tuple[str, ...]
    duration_minutes: int
    headcount_min: int
    headcount_max: int
    min_volunteers: int
    is_licence_required: bool
    has_minors_present: bool
    needs_outside_expert: bool
    is_emergency_topic: bool
    programme_id: str | None
    department_id: str
    department_name: str
    department_name_en: str
    alternative_department_ids: tuple[str, ...]
    quote: str
    is_active: bool


def list_menu(audience: str | None = None, theme: str | None = None, text: str | None = None) -> list[MenuEntry]:
    """Items in use, in the order of the menu.

    :param text: words, each of which must occur in an item's name or theme, Chinese or English.
    """
    statement = _select_menu().where(MenuItem.is_active).order_by(MenuItem.position, MenuItem.id)
    if theme:
        statement = statement.where(MenuItem.theme == theme)
    # audiences are JSON, which the two databases search in different words; a menu is short enough for Python
    entries = [_menu_entry(row) for row in db.session.execute(statement)]
    words = (text or "").casefold().split()
    return [entry for entry in entries if (not audience or audience in entry.audiences) and _has_words(entry, words)]


def get_menu_item(item_id: str, *, orderable_only: bool = False) -> MenuEntry:
    """One item, in use or not, because old orders point at it.

    :param orderable_only: for placing an order: one out of use is not found.
    :raise NotFound: no such item.
    """
    row = db.session.execute(_select_menu().where(MenuItem.id == item_id)).one_or_none()
    if row is None or (orderable_only and not row.is_active):
        raise NotFound(f"menu item {item_id}")
    return _menu_entry(row)


def _select_menu() -> Select[Any]:
    theme, form = aliased(Term), aliased(Term)
    return (
        select(
            *(
                getattr(MenuItem, name)
                for name in (
                    "id", "name", "name_en", "audiences", "theme", "format", "needed_skills",
                    "duration_minutes", "headcount_min", "headcount_max", "min_volunteers",
                    "is_licence_required", "has_minors_present", "needs_outside_expert",
                    "is_emergency_topic", "programme_id", "department_id", "alternative_department_ids",
                    "quote", "is_active",
                )
            ),
            func.coalesce(theme.name, MenuItem.theme).label("theme_name"),
            func.coalesce(theme.name_en, "").label("theme_name_en"),
            func.coalesce(form.name, MenuItem.format).label("format_name"),
            func.coalesce(form.name_en, "").label("format_name_en"),
            Department.name.label("department_name"),
            Department.name_en.label("department_name_en"),
        )
        .select_from(MenuItem)
        .join(Department, Department.id == MenuItem.department_id)
        .outerjoin(theme, and_(theme.kind == "theme", theme.code == MenuItem.theme))
        .outerjoin(form, and_(form.kind == "format", form.code == MenuItem.format))
    )  # fmt: skip


def _menu_entry(row: Row[Any]) -> MenuEntry:
    values = dict(row._mapping)
    for name in ("audiences", "needed_skills", "alternative_department_ids"):
        values[name] = tuple(values[name])
    return MenuEntry(**values)


def _has_words(entry: MenuEntry, words: Sequence[str]) -> bool:
    names = f"{entry.name} {entry.name_en} {entry.theme_name} {entry.theme_name_en}".casefold()
    return all(word in names for word in words)


# Words, reasons, departments, clocks


@dataclass(frozen=True, slots=True)
class TermEntry:
    """A word of the menu in use."""

    code: str
    name: str
    name_en: str


def list_terms(kind: str) -> list[TermEntry]:
    """Words in use of a kind ("audience", "theme", "skill", "format"), in the office's order."""
    rows = db.session.execute(
        select(Term.code, Term.name, Term.name_en)
        .where(Term.kind == kind, Term.is_active)
        .order_by(Term.position, Term.code)
    )
    return [TermEntry(*row) for row in rows]


def term_names(kind: str) -> dict[str, Label]:
    """Code → both names, in the office's order; those out of use too, because old orders show them."""
    rows = db.session.execute(
        select(Term.code, Term.name, Term.name_en).where(Term.kind == kind).order_by(Term.position, Term.code)
    )
    return {code: Label(name, name_en or name) for code, name, name_en in rows}


@dataclass(frozen=True, slots=True)
class ReasonEntry:
    """A coded reason; `hint` is what the resident reads beside it."""

    code: str
    name: str
    name_en: str
    hint: str
    hint_en: str


def list_reasons(action: Action | str) -> list[ReasonEntry]:
    """Reasons in use that an action may carry, in the office's order; empty for one without coded reasons."""
    rows = db.session.execute(
        select(Reason.code, Reason.name, Reason.name_en, Reason.hint, Reason.hint_en)
        .where(Reason.action == str(action), Reason.is_active)
        .order_by(Reason.position, Reason.code)
    )
    return [ReasonEntry(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class DepartmentEntry:
    """A unit that orders can be dispatched to."""

    id: str
    name: str
    name_en: str
    kind: str
    is_active: bool
    aliases: list[str]

    @property
    def short_name(self) -> str:
        """What people say: `卫健局`. For buttons."""
        return min((alias for alias in self.aliases if alias), key=len, default=self.name)


def list_departments(active_only: bool = True) -> list[DepartmentEntry]:
    """Departments in the office's order."""
    statement = select(
        Department.id,
        Department.name,
        Department.name_en,
        Department.kind,
        Department.is_active,
        Department.aliases,
    ).order_by(Department.position, Department.id)
    if active_only:
        statement = statement.where(Department.is_active)
    return [DepartmentEntry(*row) for row in db.session.execute(statement)]


def time_limits() -> dict[tuple[str, str, str], Limit]:
    """(step, urgency, category) → limit, of those in use."""
    rows = db.session.scalars(select(TimeLimit).where(TimeLimit.is_active))
    return {(row.step, row.urgency, row.category): Limit(row.amount, Unit(row.unit)) for row in rows}


def limits_for(urgency: str, theme: str | None = None) -> dict[str, Limit]:
    """Step → limit for an order, in one statement; a step without a limit in use is missing.

    The most specific row wins, and the urgency says more than the theme: an emergency is never lengthened by what
    its theme usually takes. Without a row of its urgency, that of a normal order counts.
    """
    categories = (ALL_CATEGORIES, theme or ALL_CATEGORIES)
    rows = db.session.execute(
        select(TimeLimit.step, TimeLimit.urgency, TimeLimit.category, TimeLimit.amount, TimeLimit.unit).where(
            TimeLimit.is_active, TimeLimit.urgency.in_((urgency, "normal")), TimeLimit.category.in_(categories)
        )
    ).all()
    rows = sorted(rows, key=lambda row: (row.urgency == urgency, row.category != ALL_CATEGORIES))
    return {row.step: Limit(row.amount, Unit(row.unit)) for row in rows}


# Who should get an order


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A department to dispatch to, and why.

    :ivar part: "menu", "alternative", "lead", "responsible", "cooperating" or "member"; "expert" in an emergency.
    """

    department_id: str
    name: str
    name_en: str
    part: str
    why_zh: str
    why_en: str


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A department as the query behind `suggest_departments` sees it."""

    id: str
    name: str
    name_en: str
    part: str | None
    route_position: int | None
    item_department_id: str | None
    item_alternatives: list[str] | None
    programme: str | None
    programme_en: str | None
    is_for_all_members: bool | None

    def rank(self) -> tuple[int, int, str] | None:
        """Where it stands, lowest first, with its part; None when nothing speaks for it."""
        if self.id == self.item_department_id:
            return (0, 0, "menu")
        alternatives = self.item_alternatives or []
        if self.id in alternatives:
            return (1, alternatives.index(self.id), "alternative")
        if self.part is not None:
            return (2 + PARTS.index(self.part), self.route_position or 0, self.part)
        return (5, 0, "member") if self.is_for_all_members else None


def suggest_departments(menu_item_id: str | None, audience: str | None) -> list[Suggestion]:
    """Departments that the menu or the plan names for an order, the most fitting first, each once.

    The item's department, its alternatives, then those who lead, answer for and cooperate in the item's
    programme, each in the order of the plan; where the plan says "all members", all others follow. A wish in
    free text (or an item without programme) takes the programme of its audience, an unknown audience that of
    the residents. Only departments in use.
    :raise NotFound: no such menu item.
    """
    fallback = PROGRAMME_OF_AUDIENCE.get(audience or "residents", PROGRAMME_OF_AUDIENCE["residents"])
    rows = db.session.execute(
        select(
            MenuItem.id,
            Department.id,
            Department.name,
            Department.name_en,
            Route.part,
            Route.position,
            MenuItem.department_id,
            MenuItem.alternative_department_ids,
            Programme.name,
            Programme.name_en,
            Programme.is_for_all_members,
        )
        .select_from(Department)
        .outerjoin(MenuItem, MenuItem.id == (menu_item_id or ""))
        .outerjoin(
            Programme,
            and_(Programme.id == func.coalesce(MenuItem.programme_id, fallback), Programme.is_active),
        )
        .outerjoin(
            Route,
            and_(Route.programme_id == Programme.id, Route.department_id == Department.id, Route.is_active),
        )
        .where(Department.is_active)
        .order_by(Department.position, Department.id)
    ).all()
    if menu_item_id and all(row[0] is None for row in rows):
        raise NotFound(f"menu item {menu_item_id}")
    return list(_rank_candidates([_Candidate(*row[1:]) for row in rows]))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a menu item says who answers for it; of a wish in free text only the audience is known."""

    audience: str
    department_id: str | None = None
    alternative_department_ids: tuple[str, ...] = ()
    programme_id: str | None = None

    @property
    def programme(self) -> str:
        """Of the item, else of its audience."""
        usual = PROGRAMME_OF_AUDIENCE["residents"]
        return self.programme_id or PROGRAMME_OF_AUDIENCE.get(self.audience, usual)


def list_answering(wanted: Collection[Wanted]) -> dict[Wanted, tuple[Suggestion, ...]]:
    """Departments that the menu or the plan names for each, as `suggest_departments` does, without those that only
    are members. One statement, however many are asked about."""
    rows = db.session.execute(
        select(
            Department.id,
            Department.name,
            Department.name_en,
            Programme.id.label("programme_id"),
            Programme.name.label("programme"),
            Programme.name_en.label("programme_en"),
            Route.part,
            Route.position,
        )
        .select_from(Department)
        .outerjoin(Route, and_(Route.department_id == Department.id, Route.is_active))
        .outerjoin(Programme, and_(Programme.id == Route.programme_id, Programme.is_active))
        .where(Department.is_active)
        .order_by(Department.position, Department.id)
    ).all()
    departments = {row.id: row for row in rows}
    routes = {(row.id, row.programme_id): row for row in rows if row.programme_id is not None}

    def candidates(each: Wanted) -> Iterator[_Candidate]:
        for department in departments.values():
            route = routes.get((department.id, each.programme))
            yield _Candidate(
                department.id,
                department.name,
                department.name_en,
                route.part if route else None,
                route.position if route else None,
                each.department_id,
                list(each.alternative_department_ids),
                route.programme if route else None,
                route.programme_en if route else None,
                False,
            )

    return {each: tuple(_rank_candidates(list(candidates(each)))) for each in wanted}


def _rank_candidates(candidates: Sequence[_Candidate]) -> Iterator[Suggestion]:
    ranked = [(rank, candidate) for candidate in candidates if (rank := candidate.rank()) is not None]
    for (_, _, part), candidate in sorted(ranked, key=lambda pair: pair[0][:2]):
        why = _why(part, Label(candidate.programme or "", candidate.programme_en or ""))
        yield Suggestion(candidate.id, candidate.name, candidate.name_en, part, why.zh, why.en)


def _why(part: str, programme: Label) -> Label:
    match part:
        case "menu":
            return Label("菜单指定的承办单位", "The menu names it")
        case "alternative":
            return Label("菜单列出的备选单位", "The menu names it as an alternative")
        case "lead":
            return Label(f"{programme.zh}的牵头单位", f"Leads: {programme.en}")
        case "responsible":
            return Label(f"{programme.zh}的责任单位", f"Responsible in: {programme.en}")
        case "cooperating":
            return Label(f"{programme.zh}的配合单位", f"Cooperates in: {programme.en}")
        case _:
            return Label("各成员单位", "The plan names all members")


# Facts as the office edits them


@dataclass(frozen=True, slots=True)
class FactCount:
    """How many rows a kind has in use and out of use."""

    active: int
    inactive: int


def count_facts() -> dict[str, FactCount]:
    """Rows by name of the kind, in one statement."""
    counts = {
        name: [
            select(func.count()).select_from(kind.model).where(inspect(kind.model).columns["is_active"].is_(is_active))
            for is_active in (True, False)
        ]
        for name, kind in KINDS.items()
    }
    row = db.session.execute(select(*(each.scalar_subquery() for pair in counts.values() for each in pair))).one()
    return {name: FactCount(row[2 * i], row[2 * i + 1]) for i, name in enumerate(counts)}


def list_facts(kind: str) -> list[Values]:
    """Every row of a kind, in use or not: values by field name plus `edited_at`, in the office's order.

    :raise NotFound: no such kind.
    """
    rows = db.session.execute(_select_fact(kind))
    facts = [dict(row) for row in rows.mappings()]
    keys = [spec.name for spec in get_kind(kind).keys]
    group = keys[:-1]  # a reason's action, a term's kind: first by that
    return sorted(
        facts,
        key=lambda fact: ([fact[k] for k in group], fact.get("position", 0), [fact[k] for k in keys]),
    )


def get_fact(kind: str, key: Key) -> Values:
    """One row of a kind, ready for a form.

    :raise NotFound: no such kind or fact.
    """
    what = get_kind(kind)
    columns = {column.name: column for column in inspect(what.model).primary_key}
    names = (spec.name for spec in what.keys)
    wanted = [columns[name] == part for name, part in zip(names, split_key(what, key), strict=True)]
    row = db.session.execute(_select_fact(kind).where(*wanted)).mappings().one_or_none()
    if row is None:
        raise NotFound(f"{kind} {key}")
    return dict(row)


def _select_fact(kind: str) -> Select[Any]:
    what = get_kind(kind)
    names = [*(spec.name for spec in (*what.keys, *what.fields)), "edited_at"]
    return select(*(getattr(what.model, name) for name in names))


def list_choices(spec: Field, keep: Collection[str] = ()) -> list[tuple[str, Label]]:
    """What a form offers for a field: its own choices, and the rows in use that it may name.

    :param keep: codes that the fact names already; they are offered too when they are out of use.
    """
    if not spec.refers_to:
        return list(spec.choices)
    to = REFERENCES[spec.refers_to]
    rows = db.session.execute(
        select(to.code, to.name, to.name_en)
        .where(or_(to.is_active, to.code.in_(keep)), *to.where)
        .order_by(to.order, to.code)
    )
    return [*spec.choices, *((code, Label(name, name_en or name)) for code, name, name_en in rows)]


def choice_names(spec: Field) -> dict[str, Label]:
    """Code → both names of whatever a field may hold; those out of use too, because old rows show them."""
    if not spec.refers_to:
        return dict(spec.choices)
    to = REFERENCES[spec.refers_to]
    rows = db.session.execute(select(to.code, to.name, to.name_en).where(*to.where).order_by(to.order, to.code))
    return {**dict(spec.choices), **{code: Label(name, name_en or name) for code, name, name_en in rows}}
