"""How fairly orders are served, and what it costs those who are asked: counted from orders, events, offers, asks and
hours, never estimated. Exercises count nowhere.

Orders belong to the period in which they were placed; services to that in which they took place; asks to that in which
they were made. Shares of nothing are None. Reads only, in the same number of statements however large the city is; the
arithmetic is in `shares.py`, the words in `reports/fairness_paper.py`.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from qtxvol.accounts.models import Seat
from qtxvol.base import CITY_TIME
from qtxvol.directory.models import Department, Division
from qtxvol.directory.queries import TOWN
from qtxvol.extensions import db
from qtxvol.hours.queries import counted_hours
from qtxvol.notices.models import NoticeWish
from qtxvol.offers.rules import get_settings
from qtxvol.offers.shares import Spread, gini, part_of, percentile, spread_of
from qtxvol.orders import clocks
from qtxvol.orders.lifecycle import OPEN, Action, Label, Party, Status
from qtxvol.orders.models import CrewAsk, Offer, Order, OrderClock, OrderEvent, OrderNote, WishedTime
from qtxvol.progress.city_day import city_day
from qtxvol.progress.standing import town_key
from qtxvol.volunteers.models import Team, Volunteer

#: A town with fewer orders than this is shown, and is never called the worst: one order more or less would decide it.
LEAST_ORDERS = 10
#: The trend goes back so many months from the last day of the period.
TREND_MONTHS = 12
#: The longest period: three years, leap day included.
MOST_DAYS = 3 * 366
#: What a volunteer mutes so as not to be asked any more.
MUTED_KIND = "join_ask"
#: Steps that stand between a wish and a team that will come.
_STEPS = ("dispatch", "claim", "accept")
#: By these an order is sent to a department.
_DISPATCHES = (Action.DISPATCH, Action.RULE)
#: Answers of a team that mean yes.
_YES = frozenset({"held", "accepted", "standby"})
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)
_WEEK = timedelta(days=7)


class Fate(StrEnum):
    """What became of an order, as far as one can say now."""

    #: Closed.
    SERVED = "served"
    #: A team will come.
    AGREED = "agreed"
    #: Nobody yet, and a wished time is still ahead.
    WAITING = "waiting"
    #: Ended as unmet, or all wished times have passed and nobody has taken it.
    MISSED = "missed"
    #: The resident took it back or couldn't be reached, or it was refused or merged: no verdict on who serves.
    ASIDE = "aside"


@dataclass(frozen=True, slots=True)
class OrderLine:
    """One order with everything that the figures ask of it.

    :ivar town: `standing.Town.key`.
    :ivar accepted_at: of its first acceptance; `claimed_at` of the claim before that.
    :ivar has_late_step: one of the steps up to the acceptance was overdue; whether that counts: `is_late`.
    :ivar offers: times that a team was asked by name; `asks` times that a person was.
    """

    number: str
    placed_at: datetime
    town: str
    urgency: str
    fate: Fate
    claimed_at: datetime | None
    accepted_at: datetime | None
    has_late_step: bool
    waves: int
    offers: int
    asks: int

    @property
    def day(self) -> date:
        return self.placed_at.astimezone(CITY_TIME).date()

    @property
    def is_filled(self) -> bool:
        return self.fate in (Fate.SERVED, Fate.AGREED)

    @property
    def is_judged(self) -> bool:
        """It says something about how orders are served."""
        return self.is_filled or self.fate is Fate.MISSED

    @property
    def messages(self) -> int:
        """Every asking of a team or a person, those in vain included."""
        return self.offers + self.asks

    @property
    def is_late(self) -> bool:
        """Late, and not left aside: lists, towns and files say so of the same orders as the figure."""
        return self.has_late_step and self.fate is not Fate.ASIDE

    @property
    def wait(self) -> timedelta | None:
        """From placing to the first acceptance."""
        return self.accepted_at - self.placed_at if self.accepted_at else None

    @property
    def search(self) -> timedelta | None:
        """From the claim to the first acceptance."""
        return self.accepted_at - self.claimed_at if self.accepted_at and self.claimed_at else None


#: Which orders count in what, by the name of their list. Nothing else decides it: figures, the lists that they open,
#: towns, months and files all ask here. A share has two lists, the orders that it is about and those that made it.
COUNTED: Mapping[str, Callable[[OrderLine], bool]] = {
    "all": lambda line: True,
    "judged": lambda line: line.is_judged,
    "filled": lambda line: line.is_filled,
    "missed": lambda line: line.fate is Fate.MISSED,
    "waiting": lambda line: line.fate is Fate.WAITING,
    "aside": lambda line: line.fate is Fate.ASIDE,
    "valid": lambda line: line.fate is not Fate.ASIDE,
    "late": lambda line: line.is_late,
    "urgent": lambda line: line.urgency == "urgent" and line.is_judged,
    "urgent_filled": lambda line: line.urgency == "urgent" and line.is_filled,
    "emergency": lambda line: line.urgency == "emergency" and line.is_judged,
    "emergency_filled": lambda line: line.urgency == "emergency" and line.is_filled,
    # first acceptances, whatever became of the order later
    "taken": lambda line: line.wait is not None,
    "searched": lambda line: line.search is not None,
    "emergency_taken": lambda line: line.urgency == "emergency" and line.wait is not None,
    "asked": lambda line: line.messages > 0,
    "in_waves": lambda line: line.waves > 0,
}


def list_counted(lines: Iterable[OrderLine], which: str) -> list[OrderLine]:
    """Those of the orders that count in `which`, a key of `COUNTED`, in their order."""
    belongs = COUNTED[which]
    return [line for line in lines if belongs(line)]


@dataclass(frozen=True, slots=True)
class Answers:
    """What people who were asked have said. Silence is a no once somebody else was asked in their place; who was
    asked in vain because the order went elsewhere has given no answer that counts."""

    yes: int = 0
    no: int = 0
    silent: int = 0
    open: int = 0

    @property
    def asked(self) -> int:
        return self.yes + self.no + self.silent + self.open

    @property
    def rate(self) -> float | None:
        return part_of(self.yes, self.yes + self.no + self.silent)

    def __add__(self, other: "Answers") -> "Answers":
        return Answers(self.yes + other.yes, self.no + other.no, self.silent + other.silent, self.open + other.open)


@dataclass(frozen=True, slots=True)
class Override:
    """A person chose another than the suggested first. :ivar chosen: a department's or team's name."""

    kind: str
    number: str
    chosen: Label
    why: str
    who: str
    at: datetime


@dataclass(frozen=True, slots=True)
class TownLine:
    """A town's orders. :ivar is_small: too few to compare."""

    key: str
    name: Label
    orders: int
    filled: int
    missed: int
    waiting: int
    late: int
    median_hours: float | None

    @property
    def share(self) -> float | None:
        return part_of(self.filled, self.filled + self.missed)

    @property
    def is_small(self) -> bool:
        return self.filled + self.missed < LEAST_ORDERS


@dataclass(frozen=True, slots=True)
class TeamLine:
    """A team's services. :ivar load: over what it said it can carry in the period, 1 when that is reached.

    :ivar asks: times that it was asked by name.
    """

    team_id: int
    name: Label
    services: int
    load: float
    asks: int
    answers: Answers


@dataclass(frozen=True, slots=True)
class MonthLine:
    """A month of the trend; `first` is its first day within reach."""

    first: date
    orders: int
    share: float | None
    median_hours: float | None
    messages: float | None
    gini_volunteers: float | None
    gini_teams: float | None


@dataclass(frozen=True, slots=True)
class Asks:
    """How often people (or teams) are asked about ordinary and urgent orders.

    :ivar weeks: how many were asked how often, for each of them and each week in which they were asked at all.
    :ivar asked: how many were asked at all; `capped` reached the cap within seven days.
    """

    weeks: Spread
    asked: int
    capped: int
    cap: int


@dataclass(frozen=True, slots=True)
class Fairness:
    """All figures of a period. Both days are included.

    :ivar last: today while the period runs, since what has not come yet carries nothing.
    :ivar orders: those placed in the period, oldest first; `towns` the worst first, small ones last.
    :ivar volunteers: services over verified volunteers, zeros included; `teams` active ones, the busiest first.
    :ivar unsubscribed: verified volunteers who want no asks, now; `paused` teams that want none, now.
    """

    first: date
    last: date
    orders: Sequence[OrderLine]
    towns: Sequence[TownLine]
    months: Sequence[MonthLine]
    volunteers: Spread
    teams: Sequence[TeamLine]
    gini_teams: float | None
    captains: Answers
    members: Answers
    lent: Answers
    volunteer_asks: Asks
    team_asks: Asks
    overrides: Sequence[Override]
    dispatched_by_suggestion: int
    asked_by_hand: int
    unsubscribed: int
    paused: int

    def counted(self, which: str) -> list[OrderLine]:
        """The orders behind a figure, oldest first: `which` is a key of `COUNTED`."""
        return list_counted(self.orders, which)

    def share(self, part: str, whole: str) -> float | None:
        """How many of the orders `whole` are among those `part`; both are keys of `COUNTED`."""
        return part_of(len(self.counted(part)), len(self.counted(whole)))

    @property
    def compared_towns(self) -> list[TownLine]:
        """Towns with enough orders to compare."""
        return [town for town in self.towns if not town.is_small]

    def share_of(self, urgency: str = "") -> float | None:
        """The share served, of all orders or of those of this urgency: `urgent` or `emergency`."""
        return self.share(f"{urgency}_filled", urgency) if urgency else self.share("filled", "judged")

    @property
    def late_share(self) -> float | None:
        return self.share("late", "valid")

    @property
    def messages(self) -> int:
        """Every asking of a team or a person about the orders of the period, those in vain included."""
        return sum(order.messages for order in self.counted("asked"))

    @property
    def messages_per_filled(self) -> float | None:
        return part_of(self.messages, len(self.counted("filled")))

    def hours(self, share: float, of: Callable[[OrderLine], timedelta | None] = lambda line: line.wait) -> float | None:
        """Of the orders `taken`; with the search instead of the wait, of those `searched`."""
        return _hours(self.orders, share, of)

    def emergency_minutes(self, share: float) -> float | None:
        lines = self.counted("emergency_taken")
        return percentile([line.wait / _MINUTE for line in lines if line.wait is not None], share)

    @property
    def waves(self) -> float | None:
        """Mean, of orders for which teams were asked by name."""
        asked = self.counted("in_waves")
        return part_of(sum(order.waves for order in asked), len(asked))

    @property
    def worst_town(self) -> TownLine | None:
        """The town with the lowest share, of those with enough orders to compare."""
        return min(self.compared_towns, key=lambda town: (town.share or 0.0, town.key), default=None)

    def overridden(self, kind: str) -> int:
        """Orders in which a person chose another than the suggested first: `department` or `team`."""
        return len({each.number for each in self.overrides if each.kind == kind})


def measure(first: date, last: date, now: datetime, *, department_id: str | None = None) -> Fairness:
    """All figures of the days from `first` to `last`, as they stand at `now`; while they run, of those until today.

    :param department_id: its orders, and the people and teams of its teams; None: the whole city.
    """
    settings = get_settings()
    today = now.astimezone(CITY_TIME).date()
    if first <= today:
        last = min(last, today)
    since = min(first, _months_back(last, TREND_MONTHS - 1))
    reach = _Reach(since, last, now, department_id)
    by_order, offer_days = _read_offers(reach)
    asks, ask_days = _read_asks(reach)
    steps = _read_steps(reach, _read_departments())
    lines = _read_orders(reach, steps, by_order, asks)
    mine = [line for line in lines if first <= line.day]
    numbers = {line.number for line in mine}
    teams, team_days = _read_teams(reach)
    people, person_days = _read_services(reach)
    overrides = sorted([*steps.overrides, *_read_team_overrides(reach)], key=lambda each: each.at, reverse=True)
    team_lines = _team_lines(teams, team_days, offer_days, by_order, {line.number for line in mine}, first, last)
    return Fairness(
        first=first,
        last=last,
        orders=mine,
        towns=_town_lines(mine, _read_towns()),
        months=_month_lines(lines, since, last, person_days, people, team_days, teams),
        volunteers=_services_of(person_days, people, first, last),
        teams=team_lines,
        gini_teams=gini([line.load for line in team_lines]),
        captains=_sum(by_order, numbers, lambda each: each.answers),
        members=_sum(asks, numbers, lambda each: each.answers),
        lent=_sum(asks, numbers, lambda each: each.lent),
        volunteer_asks=_asks_of(ask_days, first, settings.volunteer_asks_a_week),
        team_asks=_asks_of(offer_days, first, settings.team_asks_a_week),
        overrides=[each for each in overrides if each.number in numbers],
        dispatched_by_suggestion=len(steps.suggested & numbers),
        asked_by_hand=sum(each.is_by_hand for number, each in by_order.items() if number in numbers),
        unsubscribed=_count_unsubscribed(reach),
        paused=sum(team.is_paused for team in teams),
    )


# Reading


@dataclass(frozen=True, slots=True)
class _Reach:
    """Which records are read: days, both included, and whose."""

    since: date
    last: date
    now: datetime
    department_id: str | None

    def within(self, moment: Any) -> list[ColumnElement[bool]]:
        start = datetime.combine(self.since, time(), CITY_TIME)
        end = datetime.combine(self.last + timedelta(days=1), time(), CITY_TIME)
        return [moment >= start, moment < end]

    def orders(self) -> list[ColumnElement[bool]]:
        mine = [Order.department_id == self.department_id] if self.department_id else []
        return [Order.counts(), *self.within(Order.placed_at), *mine]

    def teams(self) -> list[ColumnElement[bool]]:
        return [Team.department_id == self.department_id] if self.department_id else []


@dataclass(slots=True)
class _Asked:
    """What was asked about one order."""

    answers: Answers = field(default_factory=Answers)
    lent: Answers = field(default_factory=Answers)
    is_by_hand: bool = False
    by_team: dict[int, Answers] = field(default_factory=dict)


#: Who was asked on which day how often, about ordinary and urgent orders.
_Days = list[tuple[int, date, int]]


def _read_offers(reach: _Reach) -> tuple[dict[str, _Asked], _Days]:
    """Offers of the orders in reach by order, and by team and day: two statements."""
    is_silent = Offer.silent_at.is_not(None)
    rows = db.session.execute(
        select(Order.number, Offer.team_id, Offer.answer, is_silent, Offer.asked_by, func.count())
        .join(Order, Order.id == Offer.order_id)
        .where(*reach.orders())
        .group_by(Order.number, Offer.team_id, Offer.answer, is_silent, Offer.asked_by)
    )
    found: dict[str, _Asked] = defaultdict(_Asked)
    for number, team_id, answer, silent, asked_by, n in rows:
        said = _said(answer in _YES, answer == "declined", answer is None and bool(silent), n)
        asked = found[number]
        asked.answers += said
        asked.by_team[team_id] = asked.by_team.get(team_id, Answers()) + said
        asked.is_by_hand |= asked_by == "department"
    return dict(found), _read_days(Offer, Offer.team_id, reach)


def _read_asks(reach: _Reach) -> tuple[dict[str, _Asked], _Days]:
    """The same of people who were asked by name."""
    rows = db.session.execute(
        select(Order.number, CrewAsk.is_lent, CrewAsk.answer, CrewAsk.ending, func.count())
        .join(Order, Order.id == CrewAsk.order_id)
        .where(CrewAsk.asked_at.is_not(None), *reach.orders())
        .group_by(Order.number, CrewAsk.is_lent, CrewAsk.answer, CrewAsk.ending)
    )
    found: dict[str, _Asked] = defaultdict(_Asked)
    for number, is_lent, answer, ending, n in rows:
        said = _said(answer == "yes", answer == "no", answer is None and ending == "silent", n)
        found[number].answers += said
        if is_lent:
            found[number].lent += said
    return dict(found), _read_days(CrewAsk, CrewAsk.volunteer_id, reach)


def _said(is_yes: bool, is_no: bool, is_silent: bool, n: int) -> Answers:
    return Answers(n * is_yes, n * is_no, n * is_silent, n * (not (is_yes or is_no or is_silent)))


def _read_days(table: type[Offer] | type[CrewAsk], who: Any, reach: _Reach) -> _Days:
    """By the day of the asking, emergencies left out: the cap doesn't hold for them."""
    day = city_day(table.asked_at)
    mine = [Order.department_id == reach.department_id] if reach.department_id else []
    rows = db.session.execute(
        select(who, day, func.count())
        .join(Order, Order.id == table.order_id)
        .where(Order.counts(), Order.urgency != "emergency", *reach.within(table.asked_at), *mine)
        .group_by(who, day)
    )
    return [(who_id, on, n) for who_id, on, n in rows]


@dataclass(slots=True)
class _Steps:
    """When orders were claimed and accepted for the first time, and who dispatched against the suggestion."""

    claimed: dict[str, datetime] = field(default_factory=dict)
    accepted: dict[str, datetime] = field(default_factory=dict)
    suggested: set[str] = field(default_factory=set)
    overrides: list[Override] = field(default_factory=list)


def _read_steps(reach: _Reach, departments: Mapping[str, Label]) -> _Steps:
    """One statement; a dispatch comes with the words that were written with it."""
    rows = db.session.execute(
        select(
            Order.number, OrderEvent.action, OrderEvent.happened_at, OrderEvent.payload, OrderEvent.actor_name,
            OrderNote.text,
        )
        .join(Order, Order.id == OrderEvent.order_id)
        .outerjoin(OrderNote, and_(OrderNote.event_id == OrderEvent.id, OrderEvent.action.in_(_DISPATCHES)))
        .where(OrderEvent.action.in_((*_DISPATCHES, Action.CLAIM, Action.ACCEPT)), *reach.orders())
        .order_by(OrderEvent.order_id, OrderEvent.sequence)
    )  # fmt: skip
    found = _Steps()
    for number, action, at, payload, actor, text in rows:
        if action == Action.ACCEPT:
            found.accepted.setdefault(number, at)
        elif action == Action.CLAIM and number not in found.accepted:
            found.claimed[number] = at
        elif action in _DISPATCHES and (suggested := payload.get("suggested_department_id")):
            found.suggested.add(number)
            if suggested != (chosen := str(payload["department_id"])):
                why = str(payload.get("override_why") or text or "")
                name = departments.get(chosen, Label(chosen, chosen))
                found.overrides.append(Override("department", number, name, why, actor, at))
    return found


def _read_orders(
    reach: _Reach, steps: _Steps, offers: Mapping[str, _Asked], asks: Mapping[str, _Asked]
) -> list[OrderLine]:
    last_wish = select(func.max(WishedTime.ends_at)).where(WishedTime.order_id == Order.id).scalar_subquery()
    has_late_step = exists().where(
        OrderClock.order_id == Order.id,
        OrderClock.step.in_(_STEPS),
        or_(clocks.is_overdue(reach.now), clocks.was_late(), clocks.was_missed()),
    )
    rows = db.session.execute(
        select(
            Order.number, Order.placed_at, town_key(Order.division_code), Order.urgency, Order.status,
            Order.waves_count, last_wish, has_late_step,
        )
        .where(*reach.orders())
        .order_by(Order.placed_at, Order.id)
    )  # fmt: skip
    nothing = _Asked()
    return [
        OrderLine(
            number=number,
            placed_at=placed_at,
            town=town,
            urgency=urgency,
            fate=_fate_of(Status(status), wished_until, reach.now),
            claimed_at=steps.claimed.get(number),
            accepted_at=steps.accepted.get(number),
            has_late_step=late,
            waves=waves,
            offers=offers.get(number, nothing).answers.asked,
            asks=asks.get(number, nothing).answers.asked,
        )
        for number, placed_at, town, urgency, status, waves, wished_until, late in rows
    ]


def _fate_of(status: Status, wished_until: datetime | None, now: datetime) -> Fate:
    match status:
        case Status.CLOSED:
            return Fate.SERVED
        case Status.ACCEPTED:
            return Fate.AGREED
        case Status.UNMET:
            return Fate.MISSED
    if status not in OPEN:
        return Fate.ASIDE
    return Fate.MISSED if wished_until is None or wished_until <= now else Fate.WAITING


@dataclass(frozen=True, slots=True)
class _Team:
    id: int
    name: Label
    capacity: int
    is_paused: bool


def _read_teams(reach: _Reach) -> tuple[list[_Team], _Days]:
    """Teams in use, and their closed services by day: two statements."""
    rows = db.session.execute(
        select(Team.id, Team.name, Team.name_en, Team.weekly_capacity, Team.asks_paused_until)
        .where(Team.is_active, *reach.teams())
        .order_by(Team.id)
    )
    teams = [
        _Team(key, Label(name, name_en or name), capacity, until is not None and until > reach.now)
        for key, name, name_en, capacity, until in rows
    ]
    day = city_day(Order.actual_start)
    served = db.session.execute(
        select(Order.team_id, day, func.count())
        .where(
            Order.status == Status.CLOSED,
            Order.counts(),
            Order.team_id.is_not(None),
            *reach.within(Order.actual_start),
        )
        .group_by(Order.team_id, day)
    )
    return teams, [(team_id, on, n) for team_id, on, n in served if team_id is not None]


def _read_services(reach: _Reach) -> tuple[frozenset[int], _Days]:
    """Verified people, and the services that the ledger says they gave, by day: two statements."""
    verified = select(Volunteer.id).where(Volunteer.status == "verified")
    if reach.department_id:
        verified = verified.join(Team, Team.id == Volunteer.team_id).where(*reach.teams())
    people = frozenset(db.session.scalars(verified))
    served = counted_hours().subquery()
    rows = db.session.execute(
        select(served.c.person_id, served.c.served_on, func.count())
        .join(Order, Order.id == served.c.order_id)
        .where(Order.counts(), served.c.served_on.between(reach.since, reach.last))
        .group_by(served.c.person_id, served.c.served_on)
    )
    return people, [(person, on, n) for person, on, n in rows if person in people]


def _read_team_overrides(reach: _Reach) -> list[Override]:
    """Waves that a person sent without the suggested first, or said why it is another: one line for each team."""
    rows = db.session.execute(
        select(
            Order.number, Team.name, Team.name_en, Offer.wave, Offer.suggested_place, Offer.override_why, Offer.asked_at
        )
        .join(Order, Order.id == Offer.order_id)
        .join(Team, Team.id == Offer.team_id)
        .where(Offer.asked_by == "department", *reach.orders())
        .order_by(Offer.id)
    ).all()
    places: dict[tuple[str, int], list[int]] = defaultdict(list)
    for row in rows:
        if row.suggested_place is not None:
            places[row.number, row.wave].append(row.suggested_place)
    return [
        Override("team", row.number, Label(row.name, row.name_en or row.name), row.override_why, "", row.asked_at)
        for row in rows
        if row.override_why or min(places[row.number, row.wave], default=1) > 1
    ]


def _read_departments() -> dict[str, Label]:
    rows = db.session.execute(select(Department.id, Department.name, Department.name_en))
    return {key: Label(name, name_en or name) for key, name, name_en in rows}


def _read_towns() -> dict[str, Label]:
    rows = db.session.execute(
        select(town_key(Division.code), Division.display_name, Division.name_en).where(Division.level == TOWN)
    )
    return {key: Label(name, name_en or name) for key, name, name_en in rows}


def _count_unsubscribed(reach: _Reach) -> int:
    """Verified volunteers who muted the asks, by their own wish or, without one, by that of their account."""
    owner = func.coalesce(NoticeWish.volunteer_id, Seat.volunteer_id)
    wanted = select(owner, NoticeWish.volunteer_id.is_not(None), NoticeWish.muted)
    wanted = wanted.outerjoin(Seat, and_(Seat.account_id == NoticeWish.account_id, Seat.party == Party.VOLUNTEER))
    wanted = wanted.join(Volunteer, Volunteer.id == owner).where(Volunteer.status == "verified")
    if reach.department_id:
        wanted = wanted.join(Team, Team.id == Volunteer.team_id).where(*reach.teams())
    muted: dict[int, tuple[bool, bool]] = {}
    for volunteer_id, is_own, kinds in db.session.execute(wanted):
        if is_own or volunteer_id not in muted:
            muted[volunteer_id] = is_own, MUTED_KIND in kinds
    return sum(is_muted for _is_own, is_muted in muted.values())


# Adding up


def _sum(asked: Mapping[str, _Asked], numbers: Iterable[str], what: Callable[[_Asked], Answers]) -> Answers:
    return sum((what(asked[number]) for number in numbers if number in asked), Answers())


def _services_of(days: _Days, people: frozenset[int], first: date, last: date) -> Spread:
    served: Counter[int] = Counter()
    for person, on, n in days:
        if first <= on <= last:
            served[person] += n
    return spread_of(list(served.values()), len(people) - len(served))


def _team_lines(
    teams: Sequence[_Team],
    days: _Days,
    offer_days: _Days,
    by_order: Mapping[str, _Asked],
    numbers: set[str],
    first: date,
    last: date,
) -> list[TeamLine]:
    served: Counter[int] = Counter()
    for team_id, on, n in days:
        if first <= on <= last:
            served[team_id] += n
    said: dict[int, Answers] = defaultdict(Answers)
    for number, asked in by_order.items():
        if number in numbers:
            for team_id, answers in asked.by_team.items():
                said[team_id] += answers
    lines = [
        TeamLine(team.id, team.name, served[team.id], _load(served[team.id], team.capacity, first, last),
                 said[team.id].asked, said[team.id])
        for team in teams
    ]  # fmt: skip
    return sorted(lines, key=lambda line: (-line.load, -line.services, line.team_id))


def _load(services: int, capacity: int, first: date, last: date) -> float:
    """Services over what a team of this weekly capacity said it can carry in these days."""
    weeks = ((last - first).days + 1) / 7
    return services / (max(1, capacity) * weeks)


def _hours(
    lines: Iterable[OrderLine], share: float, of: Callable[[OrderLine], timedelta | None] = lambda line: line.wait
) -> float | None:
    return percentile([span / _HOUR for line in lines if (span := of(line)) is not None], share)


def _town_lines(lines: Sequence[OrderLine], names: Mapping[str, Label]) -> list[TownLine]:
    by_town: dict[str, list[OrderLine]] = defaultdict(list)
    for line in lines:
        by_town[line.town].append(line)
    towns = [
        TownLine(
            key=key,
            name=names.get(key, Label(key, key)),
            orders=len(mine),
            filled=len(list_counted(mine, "filled")),
            missed=len(list_counted(mine, "missed")),
            waiting=len(list_counted(mine, "waiting")),
            late=len(list_counted(mine, "late")),
            median_hours=_hours(mine, 0.5),
        )
        for key, mine in by_town.items()
    ]
    return sorted(towns, key=lambda town: (town.is_small, town.share if town.share is not None else 1.0, town.key))


def _asks_of(days: _Days, first: date, cap: int) -> Asks:
    by_who: dict[int, Counter[date]] = defaultdict(Counter)
    for who, on, n in days:
        if on >= first:
            by_who[who][on] += n
    weeks: list[int] = []
    for asked in by_who.values():
        in_week: Counter[date] = Counter()
        for on, n in asked.items():
            in_week[on - timedelta(days=on.weekday())] += n
        weeks.extend(in_week.values())
    capped = sum(
        any(sum(n for day, n in asked.items() if on - _WEEK < day <= on) >= cap for on in asked)
        for asked in by_who.values()
    )
    return Asks(spread_of(weeks), len(by_who), capped, cap)


def _month_lines(
    lines: Sequence[OrderLine],
    since: date,
    last: date,
    person_days: _Days,
    people: frozenset[int],
    team_days: _Days,
    teams: Sequence[_Team],
) -> list[MonthLine]:
    by_month: dict[date, list[OrderLine]] = defaultdict(list)
    for line in lines:
        by_month[line.day.replace(day=1)].append(line)
    found = []
    month = max(since.replace(day=1), _months_back(last, TREND_MONTHS - 1))
    while month <= last:
        end = min(_months_back(month, -1) - timedelta(days=1), last)
        mine = by_month[month]
        filled = len(list_counted(mine, "filled"))
        served = Counter[int]()
        for team_id, on, n in team_days:
            if month <= on <= end:
                served[team_id] += n
        found.append(
            MonthLine(
                first=month,
                orders=len(mine),
                share=part_of(filled, len(list_counted(mine, "judged"))),
                median_hours=_hours(mine, 0.5),
                messages=part_of(sum(line.messages for line in mine), filled),
                gini_volunteers=_services_of(person_days, people, month, end).gini,
                gini_teams=gini([_load(served[team.id], team.capacity, month, end) for team in teams]),
            )
        )
        month = _months_back(month, -1)
    return found


def _months_back(day: date, months: int) -> date:
    """The first day of the month so many months before that of `day`; a negative number goes on instead."""
    index = day.year * 12 + day.month - 1 - months
    return date(index // 12, index % 12 + 1, 1)
