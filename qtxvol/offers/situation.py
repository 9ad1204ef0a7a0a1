"""What the database knows, as the pure core's city and ledger.

Read for one order or for many in a constant number of statements, columns only, and no more people than can matter
for these orders unless the whole city is asked for. Nothing here decides anything: that is `qtxvol/matching/`.
"""

import json
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, cast, false, func, or_, select
from sqlalchemy.orm import aliased

from qtxvol.accounts.actor import division_prefix
from qtxvol.accounts.models import Seat
from qtxvol.base import CITY_TIME, AnyRow
from qtxvol.directory.models import Division, MenuItem
from qtxvol.directory.queries import TOWN, Wanted, list_answering
from qtxvol.emergencies.models import EmergencyExpert
from qtxvol.extensions import db
from qtxvol.matching.city import City
from qtxvol.matching.ledger import Ledger
from qtxvol.matching.needs import Need, Urgency
from qtxvol.matching.profiles import LEAD_LEVEL, Department, Place, Point, Remit, Team, Volunteer
from qtxvol.matching.settings import MatchSettings
from qtxvol.matching.situation import Situation
from qtxvol.notices.models import NoticeWish
from qtxvol.offers.clock import fit_slots, minute_of, moment_of, slot_of, slots_of
from qtxvol.offers.joint_time import select_joined_times
from qtxvol.offers.learn import load_beliefs
from qtxvol.offers.models import JointSession
from qtxvol.offers.rules import URGENCIES, get_settings
from qtxvol.orders.lifecycle import Party, Status
from qtxvol.orders.models import Crew, CrewAsk, Hold, Offer, Order, WishedTime
from qtxvol.orders.windows import Window
from qtxvol.volunteers import models as people
from qtxvol.volunteers.availability import SLOTS
from qtxvol.volunteers.models import Licence

__all__ = ["Matching", "load_matching", "minute_of", "moment_of", "slot_of", "topic_of"]

#: How long a wish in free text takes, in minutes.
USUAL_MINUTES = 60
#: Services a week, and kilometres from home, of somebody who has not said.
USUAL_LOAD, USUAL_REACH_KM = 2, 10.0
#: What lies further back has faded to a fiftieth.
MEMORY = timedelta(days=28)
#: The kind of notice with which people are asked by name; who unsubscribed from it is left alone.
ASKED_WITH = "join_ask"
_ANY_TIME = 2 ** len(SLOTS) - 1
_BIT = {slot: 1 << bit for bit, slot in enumerate(SLOTS)}
_URGENCY = {name: Urgency(number) for number, name in enumerate(URGENCIES)}
#: A degree in kilometres, north and (here) east; the whole city is fifty kilometres wide.
_KM_NORTH, _KM_EAST = 110.57, 111.32 * math.cos(math.radians(38.0))


@dataclass(frozen=True, slots=True)
class Matching:
    """Everything that the core needs for some orders.

    :ivar needs: by order id. :ivar windows: when the service would take place, by order id and slot.
    :ivar names: of the teams in use, by id.
    """

    situation: Situation
    now: float
    needs: Mapping[int, Need]
    windows: Mapping[tuple[int, int], Window]
    names: Mapping[int, str]


def topic_of(order: Order) -> str:
    """What the service is about, as matching names it: the menu item, or the theme of a wish in free text."""
    return order.menu_item_id or f"wish:{order.theme or ''}"


def load_matching(
    orders: Sequence[Order], now: datetime, *, is_whole_city: bool = False, also_teams: Collection[int] = ()
) -> Matching:
    """City, ledger and beliefs for these orders: 14 statements at most, whatever the numbers.

    :param orders: only their own columns are read.
    :param is_whole_city: everybody, for a plan; otherwise only teams and people who can matter for these orders.
    :param also_teams: ids of teams that are looked at whoever they belong to.
    """
    settings = get_settings()
    asked = _read_orders(orders, now, settings)
    points = _read_points()
    teams = db.session.execute(_TEAMS).all()
    chosen = {row.id for row in teams if is_whole_city or asked.wants(row) or row.id in also_teams}
    lending = {row.id for row in teams if row.is_lending and settings.is_lending_open} - chosen
    whom = or_(people.Volunteer.team_id.in_(chosen), _live_near(lending, asked, points, settings))
    volunteers = _read_people(whom, asked)
    if settings.is_pool_open and not is_whole_city and not asked.can_be_led(volunteers, teams):
        chosen = {row.id for row in teams}
        whom = people.Volunteer.team_id.in_(chosen)
        volunteers = _read_people(whom, asked)
    homes = {row.id: row.division_code for row in teams}
    city = City(
        places=[Place(int(code), code[:9], points.get(code[:9])) for code in sorted(asked.places)],
        departments=[Department(code, 0.0) for code in sorted(asked.departments)],
        remits={},
        teams=[_team_of(row, asked, points) for row in teams],
        volunteers=[_volunteer_of(person, asked, points, homes) for person in volunteers],
        settings=settings,
    )
    situation = Situation(city, settings)
    _read_promises(situation.ledger, chosen, whom, now)
    _read_asks(situation.ledger, chosen, whom, now)
    situation.ledger.muted_teams.update(
        row.id for row in teams if row.asks_paused_until and row.asks_paused_until > now
    )
    situation.ledger.muted_volunteers.update(_list_muted() & city.volunteers.keys())
    load_beliefs(situation, None if is_whole_city else asked.needs.values())
    return Matching(situation, minute_of(now), asked.needs, asked.windows, {row.id: row.name for row in teams})


# what the orders ask for


@dataclass(frozen=True, slots=True)
class _Topic:
    """:ivar skills: any one of them is enough to lead it; none: everybody can. :ivar until: licences last till then."""

    theme: str | None
    skills: frozenset[str] = frozenset()
    is_licensed: bool = False
    until: date = date.min


@dataclass(slots=True)
class _Asked:
    """The orders in the core's words.

    :ivar places: codes of the divisions where the services take place.
    :ivar departments: that answer for one of them. :ivar has_anybody: an emergency, for which every team counts.
    """

    needs: dict[int, Need] = field(default_factory=dict)
    windows: dict[tuple[int, int], Window] = field(default_factory=dict)
    topics: dict[str, _Topic] = field(default_factory=dict)
    places: set[str] = field(default_factory=set)
    departments: set[str] = field(default_factory=set)
    has_anybody: bool = False

    def wants(self, team: AnyRow) -> bool:
        return self.has_anybody or team.department_id in self.departments

    def can_be_led(self, volunteers: Iterable["_Person"], teams: Iterable[AnyRow]) -> bool:
        """Whether each order has an able team among its own departments; where not, the core asks all the others."""
        if self.has_anybody:
            return True
        department = {row.id: row.department_id for row in teams}
        led = {
            (department[person.team_id], topic)
            for person in volunteers
            for topic in self.topics
            if self.level(person, topic) >= LEAD_LEVEL
        }
        return all(
            need.remit is not None
            and (need.remit.is_alone or any((code, need.topic) in led for code in need.remit.departments))
            for need in self.needs.values()
        )

    def level(self, person: "_Person", name: str) -> int:
        """1 helps, 2 could do it alone, 3 likes the theme besides."""
        topic = self.topics[name]
        held = topic.skills & person.skills
        if topic.is_licensed:
            held = frozenset(skill for skill in held if person.licences.get(skill, date.min) >= topic.until)
        if topic.skills and not held:
            return 1
        return 3 if topic.theme is not None and topic.theme in person.topics else 2


def _read_orders(orders: Sequence[Order], now: datetime, settings: MatchSettings) -> _Asked:
    """Three statements at most. Where neighbours have joined an order, the time that they agreed to is its only one."""
    asked, items = _Asked(), {}
    windows: dict[int, list[Window]] = defaultdict(list)
    sessions: dict[int, tuple[int, Window]] = {}
    joint = select_joined_times().where(JointSession.starts_at > now).subquery()
    for row in db.session.execute(
        select(
            Order.id, WishedTime.starts_at, WishedTime.ends_at, MenuItem.id.label("item"), MenuItem.duration_minutes,
            MenuItem.needed_skills, MenuItem.is_licence_required, MenuItem.min_volunteers, MenuItem.department_id,
            MenuItem.alternative_department_ids, MenuItem.programme_id, joint.c.id.label("session_id"),
            joint.c.starts_at.label("joint_start"), joint.c.ends_at.label("joint_end"),
        )
        .outerjoin(joint, joint.c.host_order_id == Order.id)
        .outerjoin(WishedTime, WishedTime.order_id == Order.id)
        .outerjoin(MenuItem, MenuItem.id == Order.menu_item_id)
        .where(Order.id.in_([order.id for order in orders]))
    ):  # fmt: skip
        items[row.id] = row
        if row.starts_at is not None:
            windows[row.id].append(Window(row.starts_at, row.ends_at))
        if row.session_id is not None and row.session_id >= sessions.get(row.id, (0, None))[0]:
            sessions[row.id] = row.session_id, Window(row.joint_start, row.joint_end)
    windows.update((order_id, [window]) for order_id, (_session_id, window) in sessions.items())
    wanted = {order.id: _wanted(order, items[order.id]) for order in orders if order.id in items}
    answering = list_answering(set(wanted.values()))
    experts = _read_experts({order.emergency_id for order in orders if order.emergency_id is not None})
    for order in orders:
        if order.id in items:
            named = [each.department_id for each in answering[wanted[order.id]]]
            _add(asked, order, items[order.id], windows[order.id], _remit(order, named), experts, now, settings)
    return asked


def _wanted(order: Order, item: AnyRow) -> Wanted:
    alternatives = tuple(item.alternative_department_ids or ())
    return Wanted(order.audience, item.department_id, alternatives, item.programme_id)


def _remit(order: Order, named: Sequence[str]) -> Remit | None:
    """The department that holds the order leads; before, the first that the menu or the plan names.

    A wish in words of which nobody has said what it is about is for the teams of whoever has claimed it: the service
    can't know who else could tell them about it.
    """
    if order.department_id and not order.menu_item_id and not order.theme:
        return Remit(order.department_id, is_alone=True)
    lead = order.department_id or next(iter(named), None)
    return Remit(lead, tuple(code for code in named if code != lead)) if lead else None


def _add(
    asked: _Asked,
    order: Order,
    item: AnyRow,
    windows: Sequence[Window],
    remit: Remit | None,
    experts: Mapping[int, frozenset[int]],
    now: datetime,
    settings: MatchSettings,
) -> None:
    urgency, topic = _URGENCY.get(order.urgency, Urgency.ORDINARY), topic_of(order)
    slots = fit_slots(windows, item.duration_minutes or USUAL_MINUTES, now, settings.notice[urgency])
    asked.windows.update({(order.id, slot): window for slot, window in slots})
    last = slots[-1][1].ends_at if slots else now
    until = last.astimezone(CITY_TIME).date()
    known = asked.topics.get(topic)
    skills, is_licensed = frozenset(item.needed_skills or ()), bool(item.is_licence_required)
    asked.topics[topic] = _Topic(order.theme, skills, is_licensed, max(until, known.until) if known else until)
    asked.places.add(order.division_code)
    if remit:
        asked.departments.update(remit.departments if settings.is_pool_open else (remit.lead,))
    own_experts = experts.get(order.emergency_id or 0, frozenset())
    asked.has_anybody |= bool(own_experts) or (urgency is Urgency.EMERGENCY and settings.is_pool_open)
    asked.needs[order.id] = Need(
        id=order.id,
        topic=topic,
        audience=order.audience,
        place=int(order.division_code),
        created_at=minute_of(order.placed_at),
        slots=tuple(slot for slot, _window in slots),
        starts=tuple(int(minute_of(window.starts_at)) for _slot, window in slots),
        leads=1,
        helpers=max(0, (item.min_volunteers or 1) - 1),
        urgency=urgency,
        experts=own_experts,
        remit=remit,
        is_for_anybody=not skills,
    )


def _read_experts(emergencies: Collection[int]) -> dict[int, frozenset[int]]:
    """Teams that are on the list of each emergency, or have somebody verified on it; one statement, or none."""
    found: dict[int, set[int]] = defaultdict(set)
    if emergencies:
        for emergency, team, home in db.session.execute(
            select(EmergencyExpert.emergency_id, EmergencyExpert.team_id, people.Volunteer.team_id)
            .outerjoin(
                people.Volunteer,
                and_(people.Volunteer.id == EmergencyExpert.volunteer_id, people.Volunteer.status == "verified"),
            )
            .where(EmergencyExpert.emergency_id.in_(emergencies), EmergencyExpert.dropped_at.is_(None))
        ):
            found[emergency].update(each for each in (team, home) if each is not None)
    return {emergency: frozenset(teams) for emergency, teams in found.items()}


# where


def _read_points() -> dict[str, Point]:
    """Places of the towns on a flat map, by the first nine digits: a community lies where its town lies."""
    rows = db.session.execute(
        select(Division.code, Division.lon_gcj02, Division.lat_gcj02).where(
            Division.level == TOWN, Division.lon_gcj02.is_not(None), Division.lat_gcj02.is_not(None)
        )
    )
    return {code[:9]: Point(lon * _KM_EAST, lat * _KM_NORTH) for code, lon, lat in rows if lon and lat}


def _point_of(division_code: str | None, points: Mapping[str, Point]) -> Point | None:
    return points.get(division_code[:9]) if division_code else None


def _live_near(
    lending: Collection[int], asked: _Asked, points: Mapping[str, Point], settings: MatchSettings
) -> ColumnElement[bool]:
    """The condition that somebody of a lending team lives near enough to one of the places to lend a hand."""
    places = [points[code[:9]] for code in asked.places if code[:9] in points]
    near = [
        prefix
        for prefix, home in points.items()
        if any(settings.detour * math.hypot(home.x - at.x, home.y - at.y) <= settings.lending_km for at in places)
    ]
    if not (lending and near):
        return false()
    home = func.coalesce(people.Volunteer.division_code, people.Team.division_code)
    return and_(people.Volunteer.team_id.in_(lending), func.substr(home, 1, 9).in_(near))


# teams and people


_TEAMS = (
    select(
        people.Team.id, people.Team.name, people.Team.department_id, people.Team.division_code, people.Team.area,
        people.Team.themes, people.Team.weekly_capacity, people.Team.parallel_events, people.Team.is_lending,
        people.Team.asks_paused_until,
    )
    .where(people.Team.is_active)
    .order_by(people.Team.id)
)  # fmt: skip


def _team_of(row: AnyRow, asked: _Asked, points: Mapping[str, Point]) -> Team:
    themes = frozenset(row.themes)
    areas = tuple(division_prefix(code) for code in row.area)
    places = frozenset(int(code) for code in asked.places if code.startswith(areas)) if areas else None
    return Team(
        id=row.id,
        department=row.department_id,
        topics=frozenset(name for name, topic in asked.topics.items() if topic.theme in themes),
        slot_limit=row.parallel_events,
        week_limit=row.weekly_capacity,
        point=_point_of(row.division_code, points),
        places=places,
        is_lending=row.is_lending,
    )


@dataclass(frozen=True, slots=True)
class _Person:
    """A verified member as the database knows them. :ivar licences: the last day by skill, where it was asked for."""

    id: int
    team_id: int
    division_code: str | None
    skills: frozenset[str]
    topics: frozenset[str]
    availability: frozenset[str]
    max_distance_km: int | None
    weekly_load: int | None
    licences: dict[str, date] = field(default_factory=dict)


def _read_people(whom: ColumnElement[bool], asked: _Asked) -> list[_Person]:
    """Verified members of teams in use; one statement. Licences come along where a topic asks for one."""
    skills = {skill for topic in asked.topics.values() if topic.is_licensed for skill in topic.skills}
    person = people.Volunteer
    statement: Select[*tuple[Any, ...]] = (
        select(
            person.id, person.team_id, person.division_code, _as_text(person.skills).label("skills"),
            _as_text(person.topics).label("topics"), _as_text(person.availability).label("availability"),
            person.max_distance_km, person.weekly_load,
        )
        .join(people.Team, people.Team.id == person.team_id)
        .where(person.status == "verified", people.Team.is_active, whom)
        .order_by(person.id)
    )  # fmt: skip
    if skills:
        mine = and_(Licence.volunteer_id == person.id, Licence.skill.in_(skills))
        statement = statement.add_columns(Licence.skill, Licence.expires_on).outerjoin(Licence, mine)
    found: dict[int, _Person] = {}
    for row in db.session.execute(statement):
        if row.id not in found:
            found[row.id] = _Person(
                row.id,
                row.team_id,
                row.division_code,
                _words_in(row.skills),
                _words_in(row.topics),
                _words_in(row.availability),
                row.max_distance_km,
                row.weekly_load,
            )
        if skills and row.skill is not None:
            found[row.id].licences[row.skill] = row.expires_on or date.max
    return list(found.values())


def _volunteer_of(
    person: _Person, asked: _Asked, points: Mapping[str, Point], homes: Mapping[int, str | None]
) -> Volunteer:
    """Who has not said when they have time has it at any; who has not said where they live lives where the team is."""
    mask = _mask_of(person.availability)
    return Volunteer(
        id=person.id,
        team=person.team_id,
        availability=mask or _ANY_TIME,
        week_limit=USUAL_LOAD if person.weekly_load is None else person.weekly_load,
        skills={topic: asked.level(person, topic) for topic in asked.topics},
        reach_km=USUAL_REACH_KM if person.max_distance_km is None else float(person.max_distance_km),
        point=_point_of(person.division_code or homes.get(person.team_id), points),
    )


def _as_text(column: Any) -> ColumnElement[str]:
    """A list of words as it is stored: thousands of people share a few lists, each of which is read once."""
    return cast(column, String)


@lru_cache(maxsize=8192)
def _words_in(text: str | None) -> frozenset[str]:
    return frozenset(json.loads(text) or ()) if text else frozenset()


@lru_cache(maxsize=8192)
def _mask_of(availability: frozenset[str]) -> int:
    return sum(_BIT[slot] for slot in availability if slot in _BIT)


def _list_muted() -> set[int]:
    """Volunteers who unsubscribed from being asked, for themselves or for the account with which they sign in; their
    own wish comes before the account's. One statement."""
    own = aliased(NoticeWish)
    rows = db.session.execute(
        select(func.coalesce(NoticeWish.volunteer_id, Seat.volunteer_id), NoticeWish.muted)
        .outerjoin(Seat, and_(Seat.account_id == NoticeWish.account_id, Seat.party == Party.VOLUNTEER))
        .where(
            cast(NoticeWish.muted, String).contains(ASKED_WITH),
            or_(
                NoticeWish.volunteer_id.is_not(None),
                Seat.volunteer_id.not_in(select(own.volunteer_id).where(own.volunteer_id.is_not(None))),
            ),
        )
    )
    return {volunteer for volunteer, muted in rows if volunteer is not None and ASKED_WITH in muted}


# what was promised and asked


def _read_promises(ledger: Ledger, teams: Collection[int], whom: ColumnElement[bool], now: datetime) -> None:
    """Services agreed and held, of the last weeks and ahead, with the people who come; three statements.

    An exercise keeps people busy like any service; that it took place weighs on nobody.
    """
    counting = (
        Order.status.in_((Status.ACCEPTED, Status.CLOSED)),
        Order.agreed_start >= now - MEMORY,
        Order.team_id.is_not(None),
    )
    of_people = (
        select(Crew.order_id, Crew.volunteer_id)
        .join(Order, Order.id == Crew.order_id)
        .join(people.Volunteer, people.Volunteer.id == Crew.volunteer_id)
        .join(people.Team, people.Team.id == people.Volunteer.team_id)
        .where(*counting, whom)
    )
    crews: dict[int, list[int]] = defaultdict(list)
    for order_id, person in db.session.execute(of_people):
        crews[order_id].append(person)
    services = select(
        Order.id, Order.team_id, Order.status, Order.agreed_start, Order.agreed_end, Order.status_since, Order.is_drill
    ).where(*counting, or_(Order.team_id.in_(teams), Order.id.in_(of_people.with_only_columns(Crew.order_id))))
    for row in sorted(db.session.execute(services), key=lambda row: (_done_at(row), row.id)):
        ledger.hold(row.team_id, slot_of(row.agreed_start))
        slots = slots_of(Window(row.agreed_start, row.agreed_end))
        for person in crews[row.id]:
            _book(ledger, person, slots)
        if not row.is_drill:
            ledger.note_agreed(row.team_id, crews[row.id], minute_of(_done_at(row)))
    holds = select(Hold.team_id, Hold.starts_at).where(Hold.team_id.in_(teams), Hold.ended_at.is_(None))
    for team, starts_at in db.session.execute(holds):
        ledger.hold(team, slot_of(starts_at))


def _done_at(row: AnyRow) -> datetime:
    """When the service weighs most: when it was agreed on, and later when it took place."""
    return row.status_since if row.status == Status.ACCEPTED else row.agreed_start  # type: ignore[no-any-return]


def _book(ledger: Ledger, person: int, slots: Iterable[int]) -> None:
    for slot in slots:
        if not ledger.is_booked(person, slot):  # two services in one morning fill it once
            ledger.book(person, slot)


def _read_asks(ledger: Ledger, teams: Collection[int], whom: ColumnElement[bool], now: datetime) -> None:
    """Who was asked in the last weeks, who still owes an answer, who has said yes; two statements."""
    since = now - MEMORY
    offers = (
        select(Offer.team_id, Offer.asked_at, Order.urgency)
        .join(Order, Order.id == Offer.order_id)
        .where(Offer.asked_at >= since, Offer.team_id.in_(teams), Order.counts())
        .order_by(Offer.asked_at)
    )
    for team, asked_at, urgency in db.session.execute(offers):
        ledger.note_team_asked(team, minute_of(asked_at), is_emergency=urgency == "emergency")
    asks = (
        select(
            CrewAsk.volunteer_id, CrewAsk.asked_at, CrewAsk.starts_at, CrewAsk.ends_at, CrewAsk.answer,
            CrewAsk.ending, Order.urgency, Order.is_drill,
        )
        .join(Order, Order.id == CrewAsk.order_id)
        .join(people.Volunteer, people.Volunteer.id == CrewAsk.volunteer_id)
        .join(people.Team, people.Team.id == people.Volunteer.team_id)
        .where(CrewAsk.asked_at >= since, whom)
        .order_by(CrewAsk.asked_at)
    )  # fmt: skip
    for ask in db.session.execute(asks):
        slot = slot_of(ask.starts_at)
        if not ask.is_drill:
            moment = minute_of(ask.asked_at)
            ledger.note_volunteer_asked(ask.volunteer_id, slot, moment, is_emergency=ask.urgency == "emergency")
            if ask.answer is not None or ask.ending:
                ledger.note_volunteer_answered(ask.volunteer_id, slot)
        if ask.answer == "yes" and not ask.ending:
            _book(ledger, ask.volunteer_id, slots_of(Window(ask.starts_at, ask.ends_at)))
