"""Counting as of the end of many days at once, from records that only grow; pure.

A day's number depends on nothing but the records handed in, so counting it again, tomorrow or on another machine,
gives the same. Days are the city's; "at the end of a day" takes in everything that happened on it.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from qtxvol.progress.checksums import checksum
from qtxvol.progress.semesters import TermSpan, term_of

#: Active means: at least one service in so many days up to the count.
ACTIVE_DAYS = 365


@dataclass(frozen=True, slots=True)
class Number:
    """What was counted for one target at the end of one day. Fields as in `models.TargetSnapshot`."""

    value: float
    numerator: int | None
    denominator: int | None
    checksum: str
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def figures(self) -> tuple[float, int | None, int | None]:
        """What a restatement is about."""
        return self.value, self.numerator, self.denominator


@dataclass(frozen=True, slots=True)
class Standing:
    """A person's status from the end of the day `since` until the end of the day before `until`; None: to this day.

    One person may have several at a time, one for each of their rows.
    """

    person: int
    status: str
    since: date
    until: date | None


@dataclass(frozen=True, slots=True)
class Service:
    """A person served on a day, and the ledger has held that since the end of `known_since`."""

    person: int
    served_on: date
    known_since: date


@dataclass(frozen=True, slots=True)
class Closure:
    """An order that was closed and not taken up again.

    :ivar school: the school that asked; "" for everybody else. :ivar attendance: in people reached (人次).
    """

    order: int
    closed_on: date
    served_on: date
    attendance: int
    school: str
    audience: str
    theme: str
    format: str
    item: str

    def matches(self, counts: Mapping[str, Collection[str]]) -> bool:
        """It is one of the orders that a target counts (`models.Target.counts`)."""
        own = {"audiences": self.audience, "themes": self.theme, "formats": self.format, "items": self.item}
        return all(own.get(name) in wanted for name, wanted in counts.items())


class _Sweep:
    """Who lies within their spans on a day; asked for rising days."""

    def __init__(self, spans: Iterable[tuple[int, date, date | None]]) -> None:
        spans = [span for span in spans if span[2] is None or span[2] > span[1]]
        self._starts = sorted(((start, who) for who, start, _ in spans), reverse=True)
        self._ends = sorted(((end, who) for who, _, end in spans if end is not None), reverse=True)
        self._open: Counter[int] = Counter()

    def at(self, day: date) -> set[int]:
        while self._starts and self._starts[-1][0] <= day:
            self._open[self._starts.pop()[1]] += 1
        while self._ends and self._ends[-1][0] <= day:
            who = self._ends.pop()[1]
            self._open[who] -= 1
            if not self._open[who]:
                del self._open[who]
        return set(self._open)


def tally_volunteers(
    standings: Sequence[Standing], services: Iterable[Service], days: Iterable[date]
) -> dict[date, Number]:
    """Distinct people at the end of each day: registered (verified), of these active, and applied beside them.

    Cost: a sort of the records, then for each day as much as there are people.
    """
    verified = _Sweep((s.person, s.since, s.until) for s in standings if s.status == "verified")
    applied = _Sweep((s.person, s.since, s.until) for s in standings if s.status == "applied")
    served = _Sweep(
        (s.person, max(s.served_on, s.known_since), s.served_on + timedelta(days=ACTIVE_DAYS)) for s in services
    )
    found = {}
    for day in sorted(set(days)):
        registered, waiting = verified.at(day), applied.at(day)
        active, waiting = registered & served.at(day), waiting - registered
        lines = [f"registered {p}" for p in registered] + [f"active {p}" for p in active]
        found[day] = Number(
            len(registered),
            len(active),
            len(registered),
            checksum(lines + [f"applied {p}" for p in waiting]),
            {"applied": len(waiting)},
        )
    return found


def people_at(standings: Iterable[Standing], services: Iterable[Service], day: date) -> tuple[set[int], set[int]]:
    """Who is registered and who of them is active at the end of `day`."""
    registered = {s.person for s in standings if s.status == "verified" and _covers(s, day)}
    served = {
        s.person for s in services if max(s.served_on, s.known_since) <= day < s.served_on + timedelta(days=ACTIVE_DAYS)
    }
    return registered, registered & served


def _covers(standing: Standing, day: date) -> bool:
    return standing.since <= day and (standing.until is None or day < standing.until)


def tally_schools(
    closures: Sequence[Closure],
    schools: Mapping[str, date],
    terms: Sequence[TermSpan],
    wanted: float,
    days: Iterable[date],
) -> dict[date, Number]:
    """Services for schools in the term of each day, and how many of the known schools have had `wanted` of them.

    A service belongs to the term that it took place in, and counts from the end of the day that it was closed on.
    :param schools: known schools and the day since when. :return: nothing for days before the first term.
    """
    by_term: dict[str, list[Closure]] = defaultdict(list)
    for closure in closures:
        term = term_of(closure.served_on, terms)
        if closure.school and term is not None:
            by_term[term.id].append(closure)
    found = {}
    for day in set(days):
        term = term_of(day, terms)
        if term is None:
            continue
        counted = [each for each in by_term[term.id] if each.closed_on <= day]
        known = {school for school, since in schools.items() if since <= day}
        had = Counter(each.school for each in counted)
        reached = sum(had[school] >= wanted for school in known)
        lines = [f"{each.school} {each.order}" for each in counted] + [f"known {school}" for school in known]
        found[day] = Number(len(counted), reached, len(known), checksum(lines), {"semester": term.id})
    return found


def tally_attendance(closures: Sequence[Closure], first: date, last: date, days: Iterable[date]) -> dict[date, Number]:
    """People reached (人次) by orders closed from `first` to the end of each day, at most to `last`."""
    rows = sorted((c for c in closures if first <= c.closed_on <= last), key=lambda c: (c.closed_on, c.order))
    found, seen, people, lines = {}, 0, 0, list[str]()
    for day in sorted(set(days)):
        while seen < len(rows) and rows[seen].closed_on <= day:
            people += rows[seen].attendance
            lines.append(f"{rows[seen].order} {rows[seen].attendance}")
            seen += 1
        found[day] = Number(people, None, None, checksum(lines), {"orders": seen})
    return found
