"""Half a year of orders, seven days at a time: how many came, went and were late, how long it took, how it was rated.

The last seven days end with today, so that no week looks bad only because it is not over.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from qtxvol.base import CITY_TIME
from qtxvol.extensions import db
from qtxvol.orders.lifecycle import Status
from qtxvol.orders.models import Order, OrderEvent, Rating
from qtxvol.progress.city_day import city_day
from qtxvol.progress.standing import RECENT_DAYS, moved_since, recent_start, town_key

WEEKS = 26
_DAYS = 7


@dataclass(slots=True)
class Span:
    """What happened from `first` to `last`, both included.

    :ivar late_steps: steps that were taken after their deadline; None when that was not asked for.
    :ivar lasted: days from placed to closed → number of orders.
    :ivar stars: sum over the `rated` of the `closed` orders; who did not rate is in neither.
    """

    first: date
    last: date
    placed: int = 0
    closed: int = 0
    late_steps: int | None = None
    rated: int = 0
    stars: int = 0
    lasted: Counter[int] = field(default_factory=Counter)

    @property
    def average(self) -> float | None:
        """Stars of those who rated, 1 to 5; None when nobody has."""
        return self.stars / self.rated if self.rated else None

    @property
    def unrated(self) -> int:
        """Closed, and nobody has said how it was."""
        return self.closed - self.rated

    @property
    def unrated_percent(self) -> float | None:
        """Of the closed orders; None when none was closed."""
        return 100 * self.unrated / self.closed if self.closed else None

    @property
    def median_days(self) -> float | None:
        """Half of the closed orders took so many days or fewer; None when none was closed."""
        return median_of(self.lasted)


@dataclass(frozen=True, slots=True)
class Weeks:
    """26 spans of seven days, oldest first, and the last 30 days as one. Days are the city's.

    :ivar closed_by_town: orders closed in the last 30 days by `standing.Town.key`.
    """

    spans: Sequence[Span]
    recent: Span
    closed_by_town: Mapping[str, int]


def median_of(histogram: Mapping[int, int]) -> float | None:
    """The middle of whole numbers that are given as number → how often; None when there is none."""
    total = sum(histogram.values())
    if not total:
        return None
    low = high = None
    seen = 0
    for value in sorted(histogram):
        seen += histogram[value]
        if low is None and 2 * seen >= total:
            low = value
        if 2 * seen > total:
            high = value
            break
    return ((low or 0) + (high or 0)) / 2


def get_weeks(now: datetime, *, with_late_steps: bool = False) -> Weeks:
    """The last 26 weeks, in two statements, three with the late steps.

    Placed counts every order, however it ended. Closed counts orders that are closed now: one that was reopened
    doesn't count until it is closed again. Its rating is that of its own asker, since the latest closing.
    """
    today = now.astimezone(CITY_TIME).date()
    spans = [
        Span(today - timedelta(days=back + _DAYS - 1), today - timedelta(days=back))
        for back in range((WEEKS - 1) * _DAYS, -1, -_DAYS)
    ]
    recent = Span(today - timedelta(days=RECENT_DAYS - 1), today)
    for day, n in _placed(now):
        for span in _spans_of(day, spans, recent):
            span.placed += n
    by_town: Counter[str] = Counter()
    for town, placed_on, day, n, rated, stars in _closed(now):
        if day >= recent.first:
            by_town[town] += n
        for span in _spans_of(day, spans, recent):
            span.closed += n
            span.rated += rated
            span.stars += stars
            span.lasted[(day - placed_on).days] += n
    if with_late_steps:
        for span in (*spans, recent):
            span.late_steps = 0
        for day, n in _late_steps(now):
            for span in _spans_of(day, spans, recent):
                span.late_steps = (span.late_steps or 0) + n
    return Weeks(spans, recent, by_town)


def _spans_of(day: date, spans: Sequence[Span], recent: Span) -> list[Span]:
    """The week of a day, and the last 30 days if it is one of them."""
    index = (day - spans[0].first).days // _DAYS
    found = [spans[index]] if 0 <= index < len(spans) else []
    return [*found, recent] if recent.first <= day <= recent.last else found


def _placed(now: datetime) -> Sequence[tuple[date, int]]:
    day = city_day(Order.placed_at)
    rows = db.session.execute(
        select(day, func.count())
        .where(Order.placed_at >= recent_start(now, WEEKS * _DAYS), Order.counts())
        .group_by(day)
    )
    return [(on, n) for on, n in rows]


def _closed(now: datetime) -> Sequence[tuple[str, date, date, int, int, int]]:
    """Town, placed on, closed on, how many, how many of them rated, sum of their stars."""
    town, placed_on, closed_on = town_key(Order.division_code), city_day(Order.placed_at), city_day(Order.closed_at)
    rows = db.session.execute(
        select(
            town, placed_on, closed_on, func.count(), func.count(Rating.id), func.coalesce(func.sum(Rating.stars), 0)
        )
        .select_from(Order)
        .outerjoin(Rating, (Rating.asker_order_id == Order.id) & (Rating.closure == Order.closures_count))
        .where(Order.status == Status.CLOSED, Order.closed_at >= recent_start(now, WEEKS * _DAYS), Order.counts())
        .group_by(town, placed_on, closed_on)
    )
    return [(key, start, end, n, rated, int(stars)) for key, start, end, n, rated, stars in rows]


def _late_steps(now: datetime) -> Sequence[tuple[date, int]]:
    since = recent_start(now, WEEKS * _DAYS)
    day = city_day(OrderEvent.happened_at)
    rows = db.session.execute(
        select(day, func.count())
        .where(
            moved_since(since),
            OrderEvent.happened_at >= since,
            OrderEvent.was_overdue,
            OrderEvent.from_status != OrderEvent.to_status,
        )
        .group_by(day)
    )
    return [(on, n) for on, n in rows]
