"""Every figure of the progress pages, the evaluation papers and the lists behind them, each from one defined query.

A measure is a set of rows (orders, steps, lines of the ledger, people) with a number each. A figure is their sum, or
the number of distinct people in them; the list behind a figure is the same rows. So page, paper and list can't differ.

人 (distinct people) and 人次 (attendances) are different measures. Distinct people don't add up over towns, months or
units: whoever served in two towns stands in both and is one person in the city.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    Subquery,
    Text,
    case,
    cast,
    extract,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from qtxvol.base import CITY_TIME
from qtxvol.directory.models import MenuItem
from qtxvol.directory.queries import PROGRAMME_OF_AUDIENCE
from qtxvol.extensions import db
from qtxvol.hours.queries import counted_hours, standing_threads
from qtxvol.orders.lifecycle import Label, Status
from qtxvol.orders.models import Order, OrderEvent, Rating
from qtxvol.progress.city_day import city_day
from qtxvol.progress.standing import town_key
from qtxvol.progress.tally import ACTIVE_DAYS
from qtxvol.reports.professions import OTHER, PROFESSIONS
from qtxvol.volunteers.models import Team, Volunteer


class By(StrEnum):
    """What figures can be broken down by; "" (of a team: 0) where it isn't said.

    TOWN is `standing.Town.key`: where an order is served, where a person lives. UNIT is the department that an order
    was given to, or that a person's team belongs to. HOST is `Team.host_kind`, PROFESSION one of `professions`.
    """

    TOWN = "town"
    UNIT = "unit"
    PROGRAMME = "programme"
    HOST = "host"
    TEAM = "team"
    PROFESSION = "profession"
    YEAR = "year"
    MONTH = "month"


class Rows(StrEnum):
    """What stands behind a figure, one row each."""

    ORDERS = "orders"
    STEPS = "steps"
    #: Threads of the hours ledger: a first line and what corrects it.
    LINES = "lines"
    SERVICES = "services"
    PEOPLE = "people"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which rows: days on the city's calendar, both included, and one of each kind of group. None takes all."""

    first: date | None = None
    last: date | None = None
    town: str | None = None
    unit: str | None = None
    programme: str | None = None
    host: str | None = None
    team: int | None = None
    profession: str | None = None

    @classmethod
    def of_year(cls, year: int, **more: Any) -> "Scope":
        return cls(date(year, 1, 1), date(year, 12, 31), **more)

    def within(self, by: By, value: Any) -> "Scope":
        """The part of it that the cell `value` of a table by `by` shows. Months and years are those of `first`."""
        if by is By.MONTH and self.first:
            first = date(self.first.year, int(value), 1)
            return replace(self, first=first, last=(first + timedelta(days=31)).replace(day=1) - timedelta(days=1))
        if by is By.YEAR:
            first, last = date(int(value), 1, 1), date(int(value), 12, 31)
            return replace(self, first=max(first, self.first or first), last=min(last, self.last or last))
        return replace(self, **{by.value: value})


Facts = Callable[[Scope], Select[Any]]
#: The column of all rows that counts them.
ONE = "one"


@dataclass(frozen=True, slots=True)
class Measure:
    """A kind of figure.

    :ivar how: one sentence that says what is counted, printed beside the figure.
    :ivar facts: the rows. Measures of the same rows are counted together.
    :ivar value: the column of the rows that is added up; ONE for their number.
    :ivar is_distinct: distinct people in the rows; such figures don't add up.
    :ivar is_stock: what there is on the last day, whenever it began; `Scope.first` plays no part.
    """

    key: str
    label: Label
    unit: Label
    how: Label
    rows: Rows
    facts: Facts
    value: str = ONE
    is_distinct: bool = False
    is_stock: bool = False


# Rows


def moments_in(moment: Any, scope: Scope) -> list[ColumnElement[bool]]:
    """The moment lies on a day of the scope; compared as a moment, so that an index can serve."""
    found = []
    if scope.first:
        found.append(moment >= datetime.combine(scope.first, time(), CITY_TIME))
    if scope.last:
        found.append(moment < datetime.combine(scope.last + timedelta(days=1), time(), CITY_TIME))
    return found


def _days(day: Any, scope: Scope) -> list[ColumnElement[bool]]:
    return [*([day >= scope.first] if scope.first else []), *([day <= scope.last] if scope.last else [])]


_NOBODY = cast(null(), Integer)


def _order_columns() -> list[Any]:
    return [
        Order.id.label("order_id"),
        Order.division_code.label("division"),
        town_key(Order.division_code).label("town"),
        func.coalesce(Order.department_id, "").label("unit"),
        Order.team_id.label("team_id"),
        Order.menu_item_id.label("item"),
        Order.audience.label("audience"),
    ]


def _orders(moment: Any, *conditions: ColumnElement[bool], **values: Any) -> Facts:
    """Orders by the day of `moment`, with `values` to add up."""

    def facts(scope: Scope) -> Select[Any]:
        return select(
            Order.id.label("ref"),
            *_order_columns(),
            _NOBODY.label("person"),
            city_day(moment).label("day"),
            literal(1).label(ONE),
            *(value.label(name) for name, value in values.items()),
        ).where(Order.counts(), *conditions, *moments_in(moment, scope))

    return facts


def _ratings(scope: Scope) -> Select[Any]:
    """Closed orders whose own asker has rated the latest closing."""
    is_own = (Rating.asker_order_id == Order.id) & (Rating.closure == Order.closures_count)
    return _orders(Order.closed_at, _CLOSED, stars=Rating.stars)(scope).join(Rating, is_own)


def _late_steps(scope: Scope) -> Select[Any]:
    return (
        select(
            OrderEvent.id.label("ref"),
            *_order_columns(),
            _NOBODY.label("person"),
            city_day(OrderEvent.happened_at).label("day"),
            literal(1).label(ONE),
        )
        .join(Order, Order.id == OrderEvent.order_id)
        .where(
            Order.counts(),
            OrderEvent.was_overdue,
            OrderEvent.from_status != OrderEvent.to_status,
            *moments_in(OrderEvent.happened_at, scope),
        )
    )


def _hours(*, counts: bool = True) -> Facts:
    """What the hours ledger says, by the day of the service: one row for each person and order that counts, or that
    stands and doesn't count (yet). `ref` is the first line of the thread."""

    def facts(scope: Scope) -> Select[Any]:
        served = (counted_hours() if counts else standing_threads()).subquery()
        return (
            select(
                served.c.root_id.label("ref"),
                *_order_columns(),
                served.c.person_id.label("person"),
                served.c.served_on.label("day"),
                literal(1).label(ONE),
                served.c.minutes.label("minutes"),
            )
            .join(Order, Order.id == served.c.order_id)
            .where(*([] if counts else [~served.c.counts]), *_days(served.c.served_on, scope))
        )

    return facts


def _people(status: str, moment: Any, *, is_stock: bool = True, is_active: bool = False) -> Facts:
    """People in a status now, by their home and by the department behind their team.

    :param is_stock: whoever was there by the last day of the scope; else who came within it.
    :param is_active: with a service in the 365 days up to the last day; the rule of the daily count.
    """

    def facts(scope: Scope) -> Select[Any]:
        conditions = moments_in(moment, replace(scope, first=None) if is_stock else scope)
        if is_active:
            served = counted_hours().subquery()
            since = scope.last - timedelta(days=ACTIVE_DAYS - 1) if scope.last else None
            within = _days(served.c.served_on, Scope(since, scope.last))
            conditions.append(Volunteer.id.in_(select(served.c.person_id).where(*within)))
        return (
            select(
                Volunteer.id.label("ref"),
                _NOBODY.label("order_id"),
                Volunteer.division_code.label("division"),
                town_key(func.coalesce(Volunteer.division_code, "")).label("town"),
                func.coalesce(Team.department_id, "").label("unit"),
                Volunteer.team_id.label("team_id"),
                cast(null(), MenuItem.id.type).label("item"),
                literal("").label("audience"),
                Volunteer.id.label("person"),
                city_day(moment).label("day"),
                literal(1).label(ONE),
            )
            .outerjoin(Team, Team.id == Volunteer.team_id)
            .where(Volunteer.status == status, *conditions)
        )

    return facts


_VERIFIED_AT = func.coalesce(Volunteer.verified_at, Volunteer.created_at)
_CLOSED = Order.status == Status.CLOSED
_CLOSED_ORDERS = _orders(Order.closed_at, _CLOSED, attendance=func.coalesce(Order.attendance, 0))
_services = _hours()
_ORDERS = Label("单", "orders")
_PEOPLE = Label("人", "people")
_TIMES = Label("人次", "person-times")
_HOURS = Label("小时", "hours")

PLACED = Measure(
    "placed",
    Label("点单", "Placed"),
    _ORDERS,
    Label("这段时间点的单，不管后来怎样结束。", "Orders placed in these days, however they ended."),
    Rows.ORDERS,
    _orders(Order.placed_at),
)
CLOSED = Measure(
    "closed",
    Label("办结", "Closed"),
    _ORDERS,
    Label(
        "这段时间办结、现在仍是办结状态的单；重办的要再次办结才算。",
        "Orders closed in these days and closed now; one that was reopened counts once it is closed again.",
    ),
    Rows.ORDERS,
    _CLOSED_ORDERS,
)
ATTENDANCE = Measure(
    "attendance",
    Label("群众到场", "Residents reached"),
    _TIMES,
    Label(
        "办结的单里登记的到场人次：同一个人来两次算两人次。",
        "Attendance written down at closing, in person-times: whoever comes twice counts twice.",
    ),
    Rows.ORDERS,
    _CLOSED_ORDERS,
    "attendance",
)
UNMET = Measure(
    "unmet",
    Label("未能满足", "Not met"),
    _ORDERS,
    Label("纲要办确认未能满足的单。", "Orders that the office declared not met."),
    Rows.ORDERS,
    _orders(Order.status_since, Order.status == Status.UNMET),
)
UNREACHABLE = Measure(
    "unreachable",
    Label("联系不上", "Unreachable"),
    _ORDERS,
    Label(
        "多次打电话联系不上居民、由社区先行结束的单；居民回电后重新受理的不算在内。",
        "Orders that ended because their resident could not be reached; those taken up again are not among them.",
    ),
    Rows.ORDERS,
    _orders(Order.status_since, Order.status == Status.UNREACHABLE),
)
RATED = Measure(
    "rated",
    Label("已评价", "Rated"),
    _ORDERS,
    Label(
        "办结的单里，点单人评了的；没评的不算几星。",
        "Closed orders that their asker has rated; those without a rating count as no stars.",
    ),
    Rows.ORDERS,
    _ratings,
)
STARS = Measure(
    "stars",
    Label("评价星数", "Stars"),
    Label("星", "stars"),
    Label(
        "评价的星数相加；除以已评价的单数就是平均评分。",
        "Sum of all stars; divided by the rated orders it is the average rating.",
    ),
    Rows.ORDERS,
    _ratings,
    "stars",
)
LATE = Measure(
    "late",
    Label("迟办步骤", "Late steps"),
    Label("步", "steps"),
    Label(
        "办理时已经超过时限的步骤，记在步骤发生的那天；后来补办的也算。",
        "Steps taken after their deadline, on the day they were taken; done later is late all the same.",
    ),
    Rows.STEPS,
    _late_steps,
)
SERVICES = Measure(
    "services",
    Label("志愿服务", "Volunteer services"),
    _TIMES,
    Label(
        "时长台账里计入的服务：一名志愿者在一张单里算一人次；被冲销、有争议、还在公示的不算。",
        "Services that count in the hours ledger, one for a volunteer in an order; not those taken back, disputed or "
        "still on public notice.",
    ),
    Rows.SERVICES,
    _services,
)
SERVED = Measure(
    "served",
    Label("参加服务的志愿者", "Volunteers who served"),
    _PEOPLE,
    Label(
        "上面这些服务里不同的人：一个人不管几次只算一人，所以各镇街、各月相加会多于全市。",
        "Distinct people in these services: one however often, so towns or months add up to more than the city.",
    ),
    Rows.SERVICES,
    _services,
    is_distinct=True,
)
MINUTES = Measure(
    "minutes",
    Label("服务时长", "Hours of service"),
    _HOURS,
    Label(
        "上面这些服务的时长相加，更正过的按更正后算；台账按分钟记。",
        "Time of these services as it stands after corrections; the ledger counts minutes.",
    ),
    Rows.LINES,
    _services,
    "minutes",
)
UNCOUNTED = Measure(
    "uncounted",
    Label("暂不计入的时长", "Hours that don't count yet"),
    _HOURS,
    Label(
        "台账里有、但有争议或补录还在公示的时长；与服务时长相加就是台账全部。",
        "Hours in the ledger that are disputed or late entries on public notice; with the hours of service they are "
        "the whole ledger.",
    ),
    Rows.LINES,
    _hours(counts=False),
    "minutes",
)
JOINED = Measure(
    "joined",
    Label("新核验志愿者", "Newly verified volunteers"),
    _PEOPLE,
    Label(
        "这段时间核验、现在仍在册的志愿者。",
        "Volunteers verified in these days who are on the books now.",
    ),
    Rows.PEOPLE,
    _people("verified", _VERIFIED_AT, is_stock=False),
)
REGISTERED = Measure(
    "registered",
    Label("注册志愿者", "Registered volunteers"),
    _PEOPLE,
    Label(
        "最后一天以前核验、现在仍在册的不同的人，按住处和所在队计。",
        "Distinct people verified by the last day who are on the books now, by home and by team.",
    ),
    Rows.PEOPLE,
    _people("verified", _VERIFIED_AT),
    is_stock=True,
)
ACTIVE = Measure(
    "active",
    Label("活跃志愿者", "Active volunteers"),
    _PEOPLE,
    Label(
        "注册志愿者里，到最后一天为止的 365 天内有计入的服务的人，与每天公布的活跃人数同一算法。",
        "Registered volunteers with a service that counts in the 365 days up to the last day: the rule of the number "
        "that is published daily.",
    ),
    Rows.PEOPLE,
    _people("verified", _VERIFIED_AT, is_active=True),
    is_stock=True,
)
APPLIED = Measure(
    "applied",
    Label("等待核验", "Waiting to be verified"),
    _PEOPLE,
    Label("已报名、还没核验的人，不计入目标。", "People who have applied and don't count towards the target yet."),
    Rows.PEOPLE,
    _people("applied", Volunteer.created_at),
    is_stock=True,
)

MEASURES: Mapping[str, Measure] = {
    each.key: each
    for each in (
        REGISTERED, ACTIVE, APPLIED, JOINED, PLACED, CLOSED, UNMET, UNREACHABLE, LATE, ATTENDANCE, RATED, STARS,
        SERVICES, SERVED, MINUTES, UNCOUNTED,
    )
}  # fmt: skip


# Figures

Key = tuple[Any, ...]


def rows_of(facts: Facts, scope: Scope, by: Sequence[By] = ()) -> Subquery:
    """The rows behind figures, one way for all measures.

    Columns: ref (the row's id in its own table), order_id, person, day, division, item, team_id, the values, and one
    for each of `by` but the year and the month.
    """
    rows = facts(scope).subquery()
    asked = {each for each in By if getattr(scope, each.value, None) is not None}
    groups = {each: _group(rows, each) for each in asked | set(by)}
    own = [group.label(each.value) for each, group in groups.items() if each.value not in rows.c and each in by]
    statement = select(*rows.c, *own).where(
        *(group == getattr(scope, each.value) for each, group in groups.items() if each in asked)
    )
    if By.PROGRAMME in groups:
        statement = statement.outerjoin(MenuItem, MenuItem.id == rows.c.item)
    if By.HOST in groups:
        statement = statement.outerjoin(Team, Team.id == rows.c.team_id)
    if By.PROFESSION in groups:
        statement = statement.outerjoin(Volunteer, Volunteer.id == rows.c.person)
    return statement.subquery()


def _group(rows: Subquery, by: By) -> ColumnElement[Any]:
    match by:
        case By.TEAM:
            return func.coalesce(rows.c.team_id, 0)
        case By.PROGRAMME:
            return _programme(rows)
        case By.HOST:
            return func.coalesce(Team.host_kind, "")
        case By.PROFESSION:
            return _profession()
        case By.YEAR | By.MONTH:
            return extract(by.value, rows.c.day)
    return rows.c[by.value]


def _programme(facts: Subquery) -> ColumnElement[Any]:
    """The menu item's; of a wish in free text the one that serves its audience, as when it was dispatched."""
    return func.coalesce(MenuItem.programme_id, case(PROGRAMME_OF_AUDIENCE, value=facts.c.audience, else_=literal("")))


def _profession() -> ColumnElement[Any]:
    """The first group of which the person has a skill. The list of codes is searched as text: both databases can."""
    skills = cast(Volunteer.skills, Text)
    whens = [
        (or_(*(skills.contains(f'"{skill}"', autoescape=True) for skill in each.skills)), literal(code))
        for code, each in PROFESSIONS.items()
    ]
    return case((Volunteer.id.is_(None), literal("")), *whens, else_=literal(OTHER))


def tally(measures: Sequence[Measure], by: Sequence[By], scope: Scope) -> dict[str, dict[Key, int]]:
    """Figures of several measures, broken down, in one statement.

    :param by: without any, the one figure stands under the empty tuple.
    :return: measure key → values of `by` in their order → figure. What is zero is missing.
    """
    sources: dict[Facts, list[Measure]] = {}
    for measure in measures:
        sources.setdefault(measure.facts, []).append(measure)
    width = max(map(len, sources.values()))
    parts = []
    for place, (facts, own) in enumerate(sources.items()):
        rows = rows_of(facts, scope, by)
        groups = [extract(each.value, rows.c.day) if each in (By.YEAR, By.MONTH) else rows.c[each.value] for each in by]
        figures = [_figure(rows, measure) for measure in own]
        padding = [literal(0)] * (width - len(own))
        parts.append(select(literal(place), *groups, *figures, *padding).group_by(*groups))
    found: dict[str, dict[Key, int]] = {measure.key: {} for measure in measures}
    of_source = list(sources.values())
    for place, *values in db.session.execute(union_all(*parts)):
        group = tuple(int(v) if each in (By.YEAR, By.MONTH) else v for v, each in zip(values, by, strict=False))
        for measure, figure in zip(of_source[place], values[len(by) :], strict=False):
            if figure:
                found[measure.key][group] = int(figure)
    return found


def _figure(rows: Subquery, measure: Measure) -> ColumnElement[Any]:
    if measure.is_distinct:
        return func.count(rows.c.person.distinct())
    return func.coalesce(func.sum(rows.c[measure.value]), 0)


def count(measure: Measure, scope: Scope) -> int:
    """One figure."""
    return tally([measure], (), scope)[measure.key].get((), 0)
